"""The clock: wakes each account's publisher at its slots, until told to stop. Nothing else.

Every account has a lane: a thread with a ledger connection of its own, so that one account's
trouble holds up no other. APScheduler is the alarm clock: one date job a lane, in memory, never
stored. A lane also looks by itself every half minute, since clocks jump and threads die. Idle,
that is all that happens.

A lane that meets a fault of the program begins again after a pause, as a new process would: with
nothing in mind but the ledger. The other lanes go on. Only a ledger that a newer version has
changed ends the worker.

SIGTERM, SIGINT and SIGHUP begin nothing new and let what is in flight finish: a Procfile host kills
the process after 30 s.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from bot.clocks import FIX as CLOCK_FIX
from bot.errors import LedgerError, LedgerNewer, LedgerUnavailable
from bot.halting import Tell
from bot.publishing import LOOK, Publisher
from bot.troubles import CLOCK, FAULT

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

    from bot.ledger.base import Ledger
    from bot.networks.base import Network
    from bot.watching import Watch

BEAT_EVERY = 15.0
"""Seconds between two beats in the ledger, at least; idle, a beat goes with every look."""

ABORT_AFTER = 20.0
"""Seconds after a stop signal at which a request in flight is cut off (and read back later)."""

GIVE_UP_AFTER = 26.0
"""Seconds after a stop signal at which the lanes are given up."""

LAST_LOOK = 1.5
"""Seconds that what sees to the alerts has after that to end, and again for a last word."""

_AWAY = (1.0, 30.0)
"""Seconds between two tries to reach a ledger that went away: the first, and the longest."""

_STUMBLED = (5, 300)
"""Seconds that a lane rests after a fault of the program: the first time, and the longest."""

BUSY = 300.0
"""Seconds that a lane may be at work on one step: no upload takes as long."""

STEADY = 600.0
"""Seconds after a rest, after which a fault counts as the first one again."""


_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)
"""What ends the worker in good order. Not every system has each of them."""


class Lane(threading.Thread):
    """One account's thread: steps its publisher, and sleeps until there is more to do."""

    def __init__(
        self,
        worker: Worker,
        name: str,
        open_ledger: Callable[[], Ledger],
        make_publisher: Callable[[Ledger, Callable[[], bool]], Publisher],
        network: Network,
    ) -> None:
        super().__init__(name=f"lane-{name}", daemon=True)
        self.account = name
        self.network = network
        self.well_at: float | None = None
        self.busy_since: float | None = None
        self.began = ""
        """Since when it beats, by the ledger's clock."""
        self.failure: BaseException | None = None
        self._worker = worker
        self._ledger: Ledger | None = None
        self._open_ledger = open_ledger
        self._make_publisher = make_publisher
        self._alarm: SimpleQueue[None] = SimpleQueue()
        self._stop_asked = threading.Event()

    def wake(self) -> None:
        """Makes the lane look now."""
        self._alarm.put(None)

    def stop(self) -> None:
        """Begins nothing new; the thread ends when what is in flight is done."""
        self._stop_asked.set()
        self.wake()

    def run(self) -> None:
        try:
            self._live_on()
        except BaseException as error:  # noqa: BLE001 - a lane that dies must be seen to die
            self.failure = error
        finally:
            self._worker.ended(self, self._ledger)
            self.network.close()
            self._let_go_of_the_ledger()

    def _live_on(self) -> None:
        """Until told to stop, life after life: what nobody foresaw ends one of them."""
        rest, stumbled_at = 0, time.monotonic()
        while not self._stop_asked.is_set():
            try:
                self._step_until_stopped()
            except LedgerNewer:
                raise
            except Exception as error:  # noqa: BLE001 - the other accounts are not to suffer from it
                now = time.monotonic()
                again = rest > 0 and now - stumbled_at < rest + STEADY
                rest = min(rest * 2, _STUMBLED[1]) if again else _STUMBLED[0]
                stumbled_at = now
                self._let_go_of_the_ledger()
                self._worker.stumbled(self, error, rest, again=again)
                self._stop_asked.wait(rest)

    def _let_go_of_the_ledger(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()

    def _step_until_stopped(self) -> None:
        publisher: Publisher | None = None
        away = 0.0
        while not self._stop_asked.is_set():
            try:
                ledger = self._ledger = self._ledger or self._open_ledger()
                if publisher is None:
                    ledger.migrate()
                    publisher = self._make_publisher(ledger, self._stop_asked.is_set)
                self.busy_since = time.monotonic()
                seconds = (publisher.step() - ledger.now()).total_seconds()
                self.busy_since = None
                doubt = publisher.clock.why()
                self.well_at = None if doubt else time.monotonic()
                self._worker.well(self, ledger, doubt=doubt)
                away = 0.0
            except LedgerUnavailable as error:
                self._worker.ledger_away(self, error)
                seconds = away = min(away * 2 or _AWAY[0], _AWAY[1])
            self._sleep(seconds)
        if publisher is not None:
            self._record_what_is_left(publisher)

    def _sleep(self, seconds: float) -> None:
        """Until the alarm, or half a minute. Alarms that came meanwhile count as one."""
        if seconds <= 0:
            return
        if seconds < LOOK.total_seconds():
            self._worker.set_alarm(self, seconds)
        with suppress(Empty):
            self._alarm.get(timeout=LOOK.total_seconds())
            while True:
                self._alarm.get_nowait()

    def _record_what_is_left(self, publisher: Publisher) -> None:
        """A receipt must not be lost to a ledger that is away; the process ends in time anyway."""
        while True:
            try:
                return publisher.record_late()
            except LedgerUnavailable:
                time.sleep(_AWAY[0])


class Worker:
    """Runs lanes until a signal. `note` is what it says of itself in the ledger.

    `watch` sees to it that somebody hears of trouble; a dry run has none.
    """

    def __init__(self, tell: Tell, note: Mapping[str, Any], watch: Watch | None = None) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._tell = tell
        self._note = note
        self._watch = watch
        self._beaten_at: dict[str, float] = {}
        self._away: set[str] = set()
        self._lanes: Sequence[Lane] = ()
        self._bell: _Bell
        self._why_stop: SimpleQueue[str] = SimpleQueue()
        self._scheduler = _alarm_clock()

    def run(self, lanes: Sequence[Lane]) -> int:
        """Blocks until SIGTERM, SIGINT or SIGHUP (then 0), or until a lane dies (then 1)."""
        self._lanes = lanes
        if self._watch is not None:
            self._watch.lanes_well = self._all_well
            self._watch.busy = self._busy
            self._watch.start()
        with _Bell() as self._bell:
            for number in _SIGNALS:
                # SimpleQueue.put is reentrant: an Event could deadlock in a signal handler.
                signal.signal(number, lambda got, _: self._why_stop.put(signal.Signals(got).name))
            self._scheduler.start()
            try:
                for lane in lanes:
                    lane.start()
                return self._stop(self._until_told())
            finally:
                self._scheduler.shutdown(wait=False)

    def _until_told(self) -> str:
        """Sleeps until there is a reason to stop, and returns it."""
        while True:
            self._bell.wait()
            with suppress(Empty):
                return self._why_stop.get_nowait()

    def set_alarm(self, lane: Lane, seconds: float) -> None:
        """Wakes the lane after so many seconds."""
        self._scheduler.add_job(
            lane.wake,
            "date",
            run_date=datetime.now(UTC) + timedelta(seconds=seconds),
            id=lane.account,
            replace_existing=True,
            misfire_grace_time=None,
        )

    def well(self, lane: Lane, ledger: Ledger, *, doubt: str = "") -> None:
        """Says in the ledger that the lane is alive, and has the watch look how things stand.

        Where there is a doubt about the ledger's clock, nothing is said by it: it would count for
        long after. A ledger that was away is back once it can be written, whatever it lets be read.
        """
        if doubt:
            self._doubted(lane, doubt)
            return
        now, was_away = time.monotonic(), lane.account in self._away
        if was_away:
            ledger.try_writing()
        due = now - self._beaten_at.get(lane.account, -LOOK.total_seconds()) >= BEAT_EVERY
        if due or was_away:
            self._beaten_at[lane.account] = now
            lane.began = lane.began or ledger.now().isoformat()
            note = {**self._note, "account": lane.account, "began": lane.began}
            ledger.beat(self._beat_name(lane), note)
        if was_away:
            self._away.remove(lane.account)
            self._tell("ledger_back", account=lane.account, where=ledger.where)
        if self._watch is not None:
            self._watch.clear(lane.account, CLOCK)
            self._watch.well(lane.account)
            self._watch.wake()

    def _doubted(self, lane: Lane, doubt: str) -> None:
        if self._watch is not None:
            self._watch.witness(lane.account, CLOCK, doubt, CLOCK_FIX)

    def ledger_away(self, lane: Lane, error: LedgerUnavailable) -> None:
        """Says once that the ledger can't be used; the lane goes on trying."""
        if lane.account not in self._away:
            self._away.add(lane.account)
            self._tell("ledger_away", account=lane.account, why=str(error))
        if self._watch is not None:
            self._watch.ledger_away(lane.account, error)

    def stumbled(self, lane: Lane, error: Exception, rest: int, *, again: bool) -> None:
        """Says that a lane met a fault of the program."""
        why = repr(error)
        self._fault(lane, why)
        if again:
            self._tell("stumbled_again", account=lane.account, why=why, rest=rest, error=error)
        else:
            self._tell("stumbled", account=lane.account, why=why, rest=rest, error=error)

    def _fault(self, lane: Lane, why: str) -> None:
        if self._watch is not None:
            what = f"A fault of the program stops {lane.account}: {why}"
            self._watch.witness(lane.account, FAULT, what, "Look at its log, and report it.")

    def ended(self, lane: Lane, ledger: Ledger | None) -> None:
        """A lane's last word, from its thread. Without a ledger it never got as far as to beat."""
        self._why_stop.put(f"lane {lane.account} ended")
        self._bell.ring()
        if ledger is not None:
            with suppress(LedgerError):
                ledger.unbeat(self._beat_name(lane))

    def _beat_name(self, lane: Lane) -> str:
        return f"{self.name}/{lane.account}"

    def _all_well(self) -> bool:
        limit = time.monotonic() - 3 * LOOK.total_seconds()
        return all(lane.well_at is not None and lane.well_at > limit for lane in self._lanes)

    def _busy(self) -> set[str]:
        """The names by which the lanes beat that are at work, but for one that hangs."""
        begun = time.monotonic() - BUSY
        return {
            self._beat_name(lane)
            for lane in self._lanes
            if lane.is_alive() and (since := lane.busy_since) is not None and since > begun
        }

    def _stop(self, why: str) -> int:
        self._tell("stopping", why=why)
        for lane in self._lanes:
            lane.stop()
        self._join(ABORT_AFTER)
        for lane in self._lanes:
            if lane.is_alive():
                lane.network.abort()
        self._join(GIVE_UP_AFTER - ABORT_AFTER)
        died = [lane for lane in self._lanes if lane.failure is not None]
        for lane in died:
            self._tell("died", account=lane.account, why=repr(lane.failure), error=lane.failure)
            self._fault(lane, repr(lane.failure))
        left = [lane.account for lane in self._lanes if lane.is_alive()]
        if self._watch is not None:
            self._watch.stop(LAST_LOOK, last_look=bool(died))
        self._tell("stopped", left=", ".join(left))
        return 1 if died or left else 0

    def _join(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for lane in self._lanes:
            lane.join(max(0.0, end - time.monotonic()))


class _Bell:
    """Wakes the main thread for a signal, and for a lane's end. No ring is ever lost.

    A queue could sleep through a signal that comes just before it is waited at: what Python has
    noted of that is looked at only when something else wakes the thread. A byte in a socket stays.
    """

    def __init__(self) -> None:
        self._heard, self._rung = socket.socketpair()
        self._rung.setblocking(False)
        self._before = -1

    def __enter__(self) -> Self:
        """From here on every signal that has a handler rings. Only in the main thread."""
        self._before = signal.set_wakeup_fd(self._rung.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._before)
        self._heard.close()
        self._rung.close()

    def ring(self) -> None:
        with suppress(OSError):  # rung out already, or more rings than it holds
            self._rung.send(b"!")

    def wait(self) -> None:
        self._heard.recv(64)


def _alarm_clock() -> BackgroundScheduler:
    """An APScheduler that only ever wakes a lane, in its own thread, from memory."""
    from apscheduler.executors.debug import DebugExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    return BackgroundScheduler(executors={"default": DebugExecutor()}, timezone=UTC)
