"""Sees to it that somebody hears: judges, keeps troubles in the ledger, delivers, and beats.

Everything here is beside the way of a post: a worker does it in a thread of its own, on a
connection of its own; `bot post` does it when it is done. One trouble is one row in the ledger, so
that workers that meet the same one, or one that starts again and again, tell it once. Each address
gets it at least once, under a stable id, by whoever holds the lease; what was not taken is tried
again, by the next process if need be. Only trouble of the ledger itself has no row.
"""

from __future__ import annotations

import math
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from bot.alerts import Alert, call, key_of, send
from bot.domain import doubled
from bot.errors import LedgerUnavailable, sentence, what_and_fix
from bot.ledger.base import Trouble
from bot.troubles import (
    EVERYBODY,
    FAULT,
    UNTOLD,
    WITNESSED,
    Found,
    all_well,
    gather,
    judge,
    not_ours,
)

if TYPE_CHECKING:
    from bot.domain import Problem
    from bot.halting import Tell
    from bot.ledger.base import Delivery, Ledger

HEARTBEAT_EVERY = 60.0
"""Seconds between two fetches of the heartbeat address, at least."""

LOOK_EVERY = 30.0
"""Seconds after which the watch looks by itself."""

LEASE_SECONDS = 120.0
"""For so long a delivery is one process's; no call takes as long."""

BACKOFF = (timedelta(seconds=30), timedelta(hours=1))
"""The wait after an address did not take an alert: the first, and the longest; it doubles."""

STEADY = 600.0
"""Seconds without a fault of the program, or of the ledger, after which it counts as over."""

IN_ALL = 60.0
"""Seconds after which a round of deliveries makes a pause for the next look."""


class Outlet(NamedTuple):
    """Where alerts go and the heartbeat is fetched, and what an alert says of who sends it.

    `send` and `call` return None where that went well, else why not; within a known time.
    """

    campaign: str = ""
    host: str = ""
    addresses: Sequence[str] = ()
    heartbeat: str | None = None
    redact: Callable[[str], str] = str
    send: Callable[[str, Alert], str | None] = send
    call: Callable[[str], str | None] = call

    def alert(self, trouble: Trouble, stage: str) -> dict[str, str]:
        """What an address gets, without secrets."""
        stage = stage.partition(":")[0]  # a reminder has its day behind it
        said = {"over": "Over: ", "reminder": "Still: "}.get(stage, "") + trouble.what
        fix = "" if stage == "over" else trouble.fix
        if stage != "over":
            said = f"{sentence(said)} {fix}".strip()
        alert = {
            "id": trouble.id,
            "stage": stage,
            "event": trouble.kind,
            "message": said,
            "campaign": self.campaign,
            "account": trouble.account or EVERYBODY,
            "host": trouble.host,
            "since": trouble.since.isoformat(timespec="seconds"),
            "slot": trouble.slot.isoformat(),
            "why": trouble.what,
            "fix": fix,
        }
        return {key: self.redact(value) for key, value in alert.items()}


def rehearsed(at: datetime) -> Trouble:
    """What `bot doctor --alert` sends."""
    what = "This is a test by `bot doctor --alert`; nothing is wrong"
    return Trouble("", "rehearsal", at, at, what, "Nothing is to be done.", socket.gethostname())


class Watch:
    """One process's. `accounts` are the campaign's, and `idle` those that an error leaves out; all
    of them are judged, whoever posts there.

    `lanes_well` says whether the process's own work goes on as it should; `busy` has the names by
    which those of its lanes beat that are at work, and live, however long their last beat is ago.
    """

    def __init__(
        self,
        accounts: Iterable[str],
        open_ledger: Callable[[], Ledger],
        tell: Tell,
        outlet: Outlet,
        left_out: Sequence[Problem] = (),
        monotonic: Callable[[], float] = time.monotonic,
        *,
        idle: Iterable[str] = (),
    ) -> None:
        self.lanes_well: Callable[[], bool] = lambda: True
        self.busy: Callable[[], Collection[str]] = tuple
        self._accounts, self._idle = list(accounts), list(idle)
        self._open_ledger = open_ledger
        self._ledger: Ledger | None = None
        self._tell = tell
        self._outlet = outlet
        self._left_out = left_out
        self._holder = f"{outlet.host}/{secrets.token_hex(8)}"
        self._fetched_at = -HEARTBEAT_EVERY
        self._witnessed: dict[tuple[str, str], Trouble] = {}
        self._cleared: set[tuple[str, str]] = set()
        self._begun: set[tuple[str, str]] = set()
        self._well_since: dict[str, float] = {}
        self._monotonic = monotonic
        self._outage = Outage(outlet, monotonic)
        self._mutex = threading.Lock()
        self._woken, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    # -- what the process sees, told from any thread ----------------------------------------------

    def wake(self) -> None:
        """Makes the watch look now."""
        self._woken.set()

    def witness(self, account: str, kind: str, what: str, fix: str) -> None:
        """There is a trouble that no row of the ledger tells."""
        at = datetime.now(UTC)
        with self._mutex:
            self._well_since.pop(account, None)
            self._cleared.discard((account, kind))
            self._witnessed[account, kind] = Trouble(account, kind, at, at, what, fix)
        self.wake()

    def clear(self, account: str, kind: str) -> None:
        """There is none of this kind, and this process knows it."""
        with self._mutex:
            self._witnessed.pop((account, kind), None)
            self._begun.discard((account, kind))
            self._cleared.add((account, kind))

    def well(self, account: str) -> None:
        """The account's lane goes on. A fault is over when it did so for a while."""
        now = self._monotonic()
        with self._mutex:
            since = self._well_since.setdefault(account, now)
        if now - since >= STEADY:
            self.clear(account, FAULT)
        self._outage.back(account)

    def ledger_away(self, account: str, error: LedgerUnavailable) -> None:
        """The ledger does not answer: told without a row, once until it is back for good."""
        self._outage.begun(account, error)
        self.wake()

    def once(self) -> None:
        """All of it once, for a process that ends now."""
        self._safely()
        self._let_go()

    # -- the thread of its own --------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float, *, last_look: bool = False) -> None:
        """Ends the thread, within this time; where there is something to tell yet, it looks once
        more.
        """
        self._ended.set()
        self.wake()
        self._thread.join(seconds)
        if last_look and not self._thread.is_alive():
            last = threading.Thread(target=self._safely, name="watch", daemon=True)
            last.start()
            last.join(seconds)

    def _run(self) -> None:
        self._woken.wait()  # before a lane was there it is not known whether the clock is right
        while not self._ended.is_set():
            self._woken.wait(LOOK_EVERY)
            self._woken.clear()
            if not self._ended.is_set():
                self._safely()
        self._let_go()

    def _safely(self) -> None:
        """A fault of the watch stops no post; the heartbeat stops while it lasts."""
        try:
            self.look()
        except Exception as error:  # noqa: BLE001 - whatever it is, the lanes are not to suffer
            self._tell("unwatched", why=repr(error), error=error)
            self._let_go()

    def _let_go(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()

    # -- one look ---------------------------------------------------------------------------------

    def look(self) -> list[Found]:
        """Judges, keeps, beats, delivers. Empty where the ledger is away."""
        found: list[Found] = []
        try:
            if self._ledger is None:
                self._ledger = self._open_ledger()
                self._ledger.migrate()
            found = self._judge(self._ledger)
            self._outage.back(_MINE)
            if all_well(found):
                self._beat()
            self._deliver(self._ledger)
        except LedgerUnavailable as error:
            self._let_go()
            self._outage.begun(_MINE, error)
        self._outage.deliver(self._tell)
        return found

    def _judge(self, ledger: Ledger) -> list[Found]:
        with self._mutex:
            witnessed, cleared = dict(self._witnessed), set(self._cleared)
        facts = gather(ledger, self._accounts, self._idle, left_out=self._left_out)
        busy = self.busy()
        beats = [
            each._replace(at=facts.at) if each.worker in busy else each for each in facts.beats
        ]
        disproved = {key for key in cleared if key[1] in WITNESSED}
        believed = [each for each in facts.told if (each.account, each.kind) not in disproved]
        mine = [each._replace(slot=facts.at, since=facts.at) for each in witnessed.values()]
        found = judge(facts._replace(told=believed, witnessed=mine, beats=beats))
        others = not_ours(facts)
        self._keep(ledger, [each for each in facts.told if each.account not in others], found)
        return found

    def _keep(self, ledger: Ledger, told: Sequence[Trouble], found: Sequence[Found]) -> None:
        """A row for each account and kind that is new, and an end to those that are over.

        What only this process sees begins once, though another for which all goes well may end it.
        """
        standing: dict[tuple[str, str], Trouble] = {}
        for each in found:
            if each.trouble.kind not in UNTOLD:
                standing.setdefault((each.trouble.account, each.trouble.kind), each.trouble)
        known = {(each.account, each.kind) for each in told}
        addresses = [key_of(each) for each in self._outlet.addresses]
        for key, trouble in standing.items():
            if key not in known and key not in self._begun:
                begun = trouble._replace(host=self._outlet.host)
                if ledger.trouble_begun(begun, addresses):
                    self._say(begun)
                if trouble.kind in WITNESSED:
                    with self._mutex:
                        self._begun.add(key)
        for trouble in told:
            if (trouble.account, trouble.kind) not in standing and ledger.trouble_over(trouble.id):
                about = trouble.account or EVERYBODY
                self._tell("trouble_over", account=about, kind=trouble.kind, what=trouble.what)

    def _say(self, begun: Trouble) -> None:
        about = begun.account or EVERYBODY
        self._tell("trouble", account=about, kind=begun.kind, what=begun.what, fix=begun.fix)

    def _beat(self) -> None:
        """Fetches the heartbeat address: only while all is well, here and in the ledger."""
        url, now = self._outlet.heartbeat, self._monotonic()
        if url is None or self._outage.stands or not self.lanes_well():
            return
        if now - self._fetched_at >= HEARTBEAT_EVERY:
            self._fetched_at = now
            why = self._outlet.call(url)
            if why is not None:
                self._tell("heartbeat", why=why)

    def _deliver(self, ledger: Ledger) -> None:
        """Whatever is due, to each address. One that takes nothing is let be until its time."""
        end = self._monotonic() + IN_ALL
        for address in self._outlet.addresses:
            while self._monotonic() < end:
                delivery = ledger.lease(key_of(address), self._holder, LEASE_SECONDS)
                if delivery is None or not self._hand_over(ledger, delivery, address):
                    break

    def _hand_over(self, ledger: Ledger, delivery: Delivery, address: str) -> bool:
        why = self._outlet.send(address, self._outlet.alert(delivery.trouble, delivery.stage))
        if why is None:
            ledger.delivered(delivery)
            return True
        ledger.undelivered(delivery, ledger.now() + doubled(*BACKOFF, delivery.attempts))
        self._tell("alert", why=why)
        return False


# -- trouble of the ledger itself -----------------------------------------------------------------

_MINE = ""
"""Stands for the watch's own connection among the accounts' names."""

_HEARD = math.inf
"""When a letter is due that was taken: never."""


class Letter(NamedTuple):
    """What one address is to hear of a trouble without a row. What it has heard is never due."""

    trouble: Trouble
    stage: str = "begun"
    attempts: int = 0
    due: float = 0.0


class Outage:
    """The ledger is away, or full. Nothing can be written there, so it is told from memory.

    Each address has a letter of its own: one that takes nothing keeps no news from the others.
    """

    def __init__(self, outlet: Outlet, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._outlet = outlet
        self._monotonic = monotonic
        self._missing: set[str] = set()
        self._back_at = 0.0
        self._letters: dict[str, Letter] = {}
        self._mutex = threading.Lock()

    @property
    def stands(self) -> bool:
        return bool(self._missing)

    def begun(self, account: str, error: LedgerUnavailable) -> None:
        """It is away, or still is: also for whom the all-clear was on its way to."""
        at = datetime.now(UTC)
        trouble = Trouble("", "ledger", at, at, *what_and_fix(error), self._outlet.host)
        with self._mutex:
            self._missing.add(account)
            for address in self._outlet.addresses:
                letter = self._letters.setdefault(address, Letter(trouble))
                if letter.stage == "over":
                    self._letters[address] = Letter(letter.trouble, due=_HEARD)

    def back(self, account: str) -> None:
        now = self._monotonic()
        with self._mutex:
            if account in self._missing:
                self._missing.remove(account)
                self._back_at = now

    def deliver(self, tell: Tell) -> None:
        """Sends what is due. It is over when the ledger has been there for a while."""
        now = self._monotonic()
        with self._mutex:
            if not self._missing and now - self._back_at >= STEADY:
                for address, letter in self._letters.items():
                    if letter.due == _HEARD:
                        self._letters[address] = Letter(letter.trouble, "over")
            due = [(to, each) for to, each in self._letters.items() if each.due <= now]
        for address, letter in due:
            why = self._outlet.send(address, self._outlet.alert(letter.trouble, letter.stage))
            if why is not None:
                tell("alert", why=why)
            with self._mutex:
                self._sent(address, letter, now, taken=why is None)

    def _sent(self, address: str, letter: Letter, now: float, *, taken: bool) -> None:
        """Whatever began while it was sent: what was taken is known there."""
        if taken and letter.stage == "over":
            del self._letters[address]
        elif taken:
            self._letters[address] = letter._replace(due=_HEARD)
        elif self._letters[address] is letter:
            tries = letter.attempts + 1
            due = now + doubled(*BACKOFF, tries).total_seconds()
            self._letters[address] = letter._replace(attempts=tries, due=due)
