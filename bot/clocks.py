"""Whether the ledger's clock can be believed, before anything is recorded by it.

A clock that is a year ahead would turn a year of slots into missed ones, for good. So the network
is asked what time it is before a process first records anything, and from then on each of its
answers counts. While the two clocks are far apart nothing is recorded and nothing is sent. Where
the network does not answer, only slots are recorded that came soon after what is known to have
been; the rest waits.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain import in_time
from bot.halting import Tell
from bot.ledger.base import Ledger
from bot.ledger.rules import beats_of
from bot.networks.base import Network

FAR = timedelta(minutes=10)
"""Clocks that differ by more are not both right."""

UNCONFIRMED = timedelta(hours=24)
"""So long after the newest row or beat a slot is recorded, though the network says no time."""

ASK_AGAIN = timedelta(seconds=30)
"""How soon a network that did not answer, or whose clock is far, is asked again."""

FIX = (
    "Set the host's clock (the database's, with PostgreSQL); "
    "where the network does not answer, `bot doctor` says why."
)

_NEVER = datetime.min.replace(tzinfo=UTC)


class Clock:
    """One account's. `off` is by how much the network's clock is ahead of the ledger's, where that
    is far; `until` the last instant whose slots are recorded, where the network says no time.

    `asks`: whether there is a network to ask. A dry run has none, and believes the ledger.
    """

    def __init__(
        self, account: str, ledger: Ledger, network: Network, tell: Tell, *, asks: bool = True
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._network = network
        self._tell = tell
        self._asks = asks
        self._again: datetime | None = None
        self.off: timedelta | None = None
        self.until: datetime | None = None

    @property
    def believed(self) -> bool:
        """Whether everything may be recorded and sent."""
        return self.off is None and self.until is None

    def look(self) -> bool:
        """Asks the network where that is needed, and takes in what it says. `believed` then."""
        if not self._asks:
            return True
        now = self._ledger.now()
        there = self._network.clock()
        if there is None or _apart(there, now) is not None:  # an old answer is no verdict
            self._ask(now)
        self.far(self._ledger.now())
        self._wait(now)
        return self.believed

    def far(self, here: datetime) -> bool:
        """Whether the clocks are far apart, by the newest answer. Nothing is asked."""
        there = self._network.clock() if self._asks else None
        if there is None:
            return self.off is not None
        off = _apart(there, here)
        if off is not None and self.off is None:
            self._tell("clock", account=self._account, ledger=here, network=there)
        elif off is None and self.off is not None:
            self._tell("clock_back", account=self._account)
        self.off = off
        return off is not None

    def records(self, slot: datetime) -> bool:
        """Whether this slot is recorded, if it has passed."""
        return self.off is None and (self.until is None or slot <= self.until)

    def why(self) -> str:
        """Why nothing, or not everything, is recorded; for people. Empty where all is."""
        if self.off is not None:
            ahead = "ahead of" if self.off < timedelta() else "behind"
            return f"the ledger's clock is {in_time(self.off)} {ahead} the network's"
        if self.until is not None:
            return "the network does not say what time it is, so the ledger's clock may be wrong"
        return ""

    def _ask(self, now: datetime) -> None:
        if self._again is None or not now < self._again <= now + ASK_AGAIN:
            self._again = now + ASK_AGAIN
            self._network.ask_clock()

    def _wait(self, now: datetime) -> None:
        until = None if self._network.clock() else self._known() + UNCONFIRMED
        if until is not None and now <= until:
            until = None
        if until is not None and self.until is None:
            known = until > _NEVER + UNCONFIRMED
            what = f"slots after {until:%Y-%m-%d %H:%M} UTC wait" if known else "every slot waits"
            self._tell("clock_unknown", account=self._account, what=what, until=until)
        elif until is None and self.until is not None and self.off is None:
            self._tell("clock_back", account=self._account)
        self.until = until

    def _known(self) -> datetime:
        """The newest time at which the ledger's clock was believed, as far as the ledger tells.

        What is recorded while it is not believed does not count: each start would move the bound.
        """
        note = self._ledger.plan_note(self._account)
        newest = self._ledger.history(self._account).newest
        row = note.noted if note is not None and note.noted is not None else newest
        beats = beats_of(self._account, self._ledger.beats())
        return max([at for at in (row, *beats) if at is not None], default=_NEVER)


def _apart(there: datetime, here: datetime) -> timedelta | None:
    """By how much the network's clock is ahead, where that is far."""
    return there - here if abs(there - here) > FAR else None
