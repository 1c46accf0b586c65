"""What can go wrong in a world, how often, and where; and the classes of network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from bot.networks.base import FOREVER

SECOND, MINUTE, HOUR = 1.0, 60.0, 3600.0

SLOW = 0.15
"""How often a call takes long enough for others to come in between."""

STOPS = ((1, 30), (30, 10 * MINUTE), (10 * MINUTE, 50 * MINUTE), (HOUR, 2.5 * HOUR))
"""For how long a process is stopped, from a hiccup to longer than any deadline."""


class Killed(BaseException):
    """What `kill -9` looks like from inside: nothing of the process runs any more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of network: what it promises, and how it treats what comes twice.

    `refuses_doubles`: for so many seconds it refuses a text that it has. `hangs_up`: a connection
    on which nothing is written for so many seconds is closed, so that what comes then is lost.
    """

    name: str
    keyed: timedelta | None
    readable: bool
    refuses_doubles: float = 0.0
    hangs_up: float = float("inf")
    quarantine: timedelta = timedelta(minutes=5)


KINDS = (
    Kind("keyed for ever", FOREVER, readable=True),
    Kind("keyed for an hour", timedelta(hours=1), readable=True, hangs_up=MINUTE),
    Kind(
        "refuses doubles, readable",
        None,
        readable=True,
        refuses_doubles=6 * HOUR,
        quarantine=timedelta(minutes=15),
    ),
    Kind("readable only", None, readable=True),
    Kind("blind", None, readable=False),
)


@dataclass(frozen=True, slots=True)
class Chances:
    """How often things go wrong, a chance for each opportunity, in a world of middling harshness.

    Around an upload, an arming, a request, what is recorded of it and a reading, each opportunity
    is one. Of those of a worker that only looks whether there is anything to do, few are: QUIET.
    """

    # a worker, before and after whatever it asks of the ledger or the network
    kill: float = 0.015
    stop: float = 0.015
    host_skew: float = 0.05
    # the ledger, for each question
    ledger_away: float = 0.02
    commit_in_doubt: float = 0.05
    # the network, for each request
    not_connected: float = 0.05
    throttled: float = 0.06
    refused: float = 0.01
    double_by_mistake: float = 0.02
    server_error_before: float = 0.05
    vanished: float = 0.04
    late: float = 0.08
    server_error_after: float = 0.05
    unreadable_answer: float = 0.03
    answer_lost: float = 0.06
    fault_of_ours: float = 0.01
    upload_fails: float = 0.08
    upload_refused: float = 0.02
    read_fails: float = 0.12
    read_refused: float = 0.02
    says_no_time: float = 0.2
    # the network, for each request: what every request of the account meets from then on
    no_credit: float = 0.004
    revoked: float = 0.004
    capped: float = 0.006
    # an address that alerts go to, for each of them
    alert_lost: float = 0.03
    alert_answer_lost: float = 0.03
    # the whole, in the time of a run
    outage: float = 0.3
    clock_jump: float = 0.2
    clock_far: float = 0.15
    ledger_lost: float = 0.1
    failed_over: float = 0.15
    restored: float = 0.1
    rows_gone: float = 0.1
    network_skew: float = 0.3

    def times(self, harshness: float) -> dict[str, float]:
        return {name: min(0.5, chance * harshness) for name, chance in asdict(self).items()}


HARSHNESS = (0.3, 1.0, 1.0, 3.0)
"""Worlds differ: in the harshest hardly anything goes through, in the mildest most does."""

QUIET = {"idle": 1 / 50, "looking": 1 / 6}
"""The part of a worker's calls at which anything can go wrong at all, while it only looks whether
there is something to do: with no row open, and with one."""

BEYOND = ("late", "stale", "rollback", "clock")
"""What is not promised, each to be played by itself: requests that land later than the quarantine,
read-backs that miss the newest posts, a backup that takes the ledger's place within 90 seconds of
its last sign of life, and clocks that part by a little less than publishing calls far."""

MOST_LOST = 12 * HOUR
LOST = ((SECOND, MINUTE), (MINUTE, 20 * MINUTE), (20 * MINUTE, 6 * HOUR))
"""How much of its past a ledger forgets: from the last commits to what came since a backup. It lies
within the 24 hours that are read then, however late it is noticed."""

FORWARD, BACKWARD = 45.0, 90.0
"""So far the ledger's clock jumps at most, inside what is promised, where nobody can tell."""

FAR_OFF = ((HOUR / 4, HOUR), (HOUR, 24 * HOUR), (24 * HOUR, 9000 * HOUR))
"""So far it is off for a while, until a person sets it right: what the network's clock tells."""

NETWORK_SKEW = 120.0
"""So far the network's clock is off. With the ledger's it stays within publishing's CLOCK_SKEW."""
