"""The worker's threads: when they wake, what they survive, and how they end.

Whatever a test waits for comes by a queue or an event. The worker runs in the main thread, as it
must for its signals; what happens to it meanwhile is a `scenario` in another.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot import worker as module
from bot.errors import LedgerConflict, LedgerNewer, LedgerUnavailable
from bot.worker import BUSY, STEADY, Lane, Worker
from tests.kept import signals_kept

FAR = 60.0
"""Seconds within which something is sure to happen, if it happens at all."""

HOUR = timedelta(hours=1)

AWAY = LedgerUnavailable(where="there", why="it does not answer")


@dataclass
class FakeLedger:
    """Answers with `troubles` first: each is raised once, by `migrate` or whatever comes next."""

    troubles: list[Exception] = field(default_factory=list)
    calls: SimpleQueue[tuple[str, Any]] = field(default_factory=SimpleQueue)
    unbeat_fails: bool = False
    where = "there"

    def migrate(self) -> list[str]:
        return self._called("migrate")

    def now(self) -> datetime:
        return datetime.now(UTC)

    def beat(self, worker: str, note: Any) -> None:
        self._called("beat", (worker, note))

    def try_writing(self) -> None:
        self._called("try_writing")

    def unbeat(self, worker: str) -> None:
        self.calls.put(("unbeat", worker))
        if self.unbeat_fails:
            raise AWAY

    def close(self) -> None:
        self.calls.put(("close", None))

    def _called(self, name: str, what: Any = None) -> list[str]:
        if self.troubles:
            raise self.troubles.pop(0)
        self.calls.put((name, what))
        return []

    def called(self) -> list[tuple[str, Any]]:
        return drained(self.calls)


@dataclass
class FakePublisher:
    """Each step is told to `stepped` and does what `step_does` says: by default, rests an hour."""

    stepped: SimpleQueue[int] = field(default_factory=SimpleQueue)
    step_does: Callable[[int], timedelta] = lambda _: HOUR
    late: list[Exception] = field(default_factory=list)
    stopping: Callable[[], bool] = lambda: False
    steps: int = 0
    clock: Any = field(default_factory=lambda: SimpleNamespace(why=lambda: ""))

    def step(self) -> datetime:
        self.steps += 1
        self.stepped.put(self.steps)
        return datetime.now(UTC) + self.step_does(self.steps)

    def record_late(self) -> None:
        if self.late:
            raise self.late.pop(0)

    def wait_for(self, number: int) -> None:
        """Until it has made so many steps."""
        while self.stepped.get(timeout=FAR) < number:
            pass


@dataclass
class FakeNetwork:
    aborted: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def abort(self) -> None:
        self.aborted.set()

    def close(self) -> None:
        self.closed.set()


@dataclass
class Account:
    """A lane's surroundings, and the lane."""

    name: str = "x"
    ledger: FakeLedger = field(default_factory=FakeLedger)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    network: FakeNetwork = field(default_factory=FakeNetwork)
    opening: list[Exception] = field(default_factory=list)
    making: list[Exception] = field(default_factory=list)

    def open_ledger(self) -> Any:
        if self.opening:
            raise self.opening.pop(0)
        return self.ledger

    def make_publisher(self, ledger: Any, stopping: Callable[[], bool]) -> Any:
        if self.making:
            raise self.making.pop(0)
        assert ledger is self.ledger
        self.publisher.stopping = stopping
        return self.publisher

    def lane(self, worker: Worker) -> Lane:
        return Lane(
            worker, self.name, self.open_ledger, self.make_publisher, cast("Any", self.network)
        )


@dataclass
class Watcher:
    """Stands for the watch, and keeps what it is told."""

    heard: list[str] = field(default_factory=list)
    lanes_well: Callable[[], bool] = lambda: True
    busy: Callable[[], set[str]] = set

    def start(self) -> None:
        self.heard.append("start")

    def wake(self) -> None:
        self.heard.append("wake")

    def well(self, account: str) -> None:
        self.heard.append(f"well {account}")

    def clear(self, account: str, kind: str) -> None:
        self.heard.append(f"no {kind} {account}")

    def ledger_away(self, account: str, error: LedgerUnavailable) -> None:
        self.heard.append(f"ledger_away {account}")

    def witness(self, account: str, kind: str, what: str, fix: str) -> None:
        self.heard.append(f"{kind} {account}: {what}")

    def stop(self, seconds: float, *, last_look: bool = False) -> None:
        self.heard.append(f"stop {last_look=}")


def drained(queue: SimpleQueue[Any]) -> list[Any]:
    found = []
    while not queue.empty():
        found.append(queue.get())
    return found


class Run:
    """One run of a worker from start to end, and what it told."""

    def __init__(self, *accounts: Account, watch: Watcher | None = None) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.events: SimpleQueue[str] = SimpleQueue()
        self.worker = Worker(self._tell, {"mode": "test"}, cast("Any", watch))
        self.lanes = [account.lane(self.worker) for account in accounts]

    def _tell(self, name: str, **fields: Any) -> None:
        self.told.append((name, fields))
        self.events.put(name)

    def wait_for(self, event: str) -> None:
        """Until this is told."""
        while self.events.get(timeout=FAR) != event:
            pass

    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def fields(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.told if name == event]

    def until(self, scenario: Callable[[], None], number: signal.Signals = signal.SIGTERM) -> int:
        """Runs until the scenario is over and the worker was sent the signal. Its exit code."""
        main = threading.main_thread().ident
        assert main is not None
        wrong: list[BaseException] = []

        def drive() -> None:
            try:
                scenario()
            except BaseException as error:  # noqa: BLE001 - raised in the main thread
                wrong.append(error)
            finally:
                signal.pthread_kill(main, number)

        driver = threading.Thread(target=drive)
        driver.start()
        code = self.worker.run(self.lanes)
        driver.join()
        if wrong:
            raise wrong[0]
        return code


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    with signals_kept():
        yield


class DeadClock:
    """An alarm clock whose thread has died: it takes alarms, and never rings."""

    def __init__(self) -> None:
        self.jobs = 0

    def start(self) -> None:
        pass

    def shutdown(self, wait: bool) -> None:
        pass

    def add_job(self, *_: Any, **__: Any) -> None:
        self.jobs += 1


# -- waking -----------------------------------------------------------------------------------


def test_it_wakes_at_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself it would look again in an hour."""
    monkeypatch.setattr(module, "LOOK", HOUR)
    account = Account()
    account.publisher.step_does = lambda number: timedelta(milliseconds=20) if number < 4 else HOUR
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(4)) == 0


def test_it_looks_by_itself_even_if_the_alarm_clock_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = DeadClock()
    monkeypatch.setattr(module, "_alarm_clock", lambda: clock)
    monkeypatch.setattr(module, "LOOK", timedelta(milliseconds=20))
    account = Account()
    account.publisher.step_does = lambda _: timedelta(milliseconds=10)
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(5)) == 0
    assert clock.jobs >= 4


def test_it_does_at_once_what_is_due_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = DeadClock()
    monkeypatch.setattr(module, "_alarm_clock", lambda: clock)
    monkeypatch.setattr(module, "LOOK", HOUR)
    account = Account()
    account.publisher.step_does = lambda number: timedelta() if number < 50 else 2 * HOUR
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(50)) == 0
    assert clock.jobs == 0, "what comes in an hour needs no alarm"


def test_alarms_that_came_meanwhile_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", HOUR)
    account, other = Account(), Account("y")
    run = Run(account, other)
    lane = run.lanes[0]
    left: list[bool] = []

    def does(number: int) -> timedelta:
        if number == 2:
            for _ in range(10):
                lane.wake()
        if number == 3:
            left.append(lane._alarm.empty())
        return 2 * HOUR

    def scenario() -> None:
        account.publisher.wait_for(1)
        other.publisher.wait_for(1)
        lane.wake()
        account.publisher.wait_for(3)

    account.publisher.step_does = does
    assert run.until(scenario) == 0
    assert left == [True]
    assert other.publisher.steps == 1, "an alarm is one lane's"


def test_a_lane_has_one_alarm_at_most() -> None:
    run = Run(Account(), Account("y"))
    run.worker._scheduler.start(paused=True)
    try:
        for seconds in (30, 20, 10):
            run.worker.set_alarm(run.lanes[0], seconds)
        run.worker.set_alarm(run.lanes[1], 5)
        jobs = run.worker._scheduler.get_jobs()
    finally:
        run.worker._scheduler.shutdown()
    assert [job.id for job in jobs] == ["y", "x"]
    assert all(job.misfire_grace_time is None for job in jobs)


# -- a ledger that goes away ------------------------------------------------------------------


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that lanes sleep after each step; none of them really does."""
    asked: list[float] = []

    def sleep(lane: Lane, seconds: float) -> None:
        asked.append(seconds)
        if seconds > 60:
            lane._stop_asked.wait(FAR)

    monkeypatch.setattr(Lane, "_sleep", sleep)
    return asked


TROUBLES = ["opening", "migrating", "making", "stepping"]


def troubled(where: str, *errors: Exception) -> Account:
    """An account that meets these errors there, one after the other, and then none."""
    account, left = Account(), list(errors)
    if where == "opening":
        account.opening = left
    elif where == "migrating":
        account.ledger.troubles = left
    elif where == "making":
        account.making = left
    else:
        account.publisher.step_does = lambda _: raised(left) if left else HOUR
    return account


def stumbling(times: int) -> Account:
    return troubled("stepping", *map(KeyError, range(times)))


@pytest.mark.parametrize("where", TROUBLES)
def test_a_ledger_that_is_away_is_told_of_once_and_waited_for(
    where: str, naps: list[float]
) -> None:
    account = troubled(where, *[AWAY] * 7)
    run = Run(account)
    assert run.until(lambda: run.wait_for("ledger_back")) == 0
    assert run.names() == ["ledger_away", "ledger_back", "stopping", "stopped"]
    assert run.fields("ledger_away") == [{"account": "x", "why": str(AWAY)}]
    assert run.fields("ledger_back") == [{"account": "x", "where": "there"}]
    assert naps[:7] == [1, 2, 4, 8, 16, 30, 30]


def raised(errors: list[Any]) -> timedelta:
    raise errors.pop()


def test_a_ledger_that_goes_away_again_is_told_of_again(naps: list[float]) -> None:
    account = Account()
    script: list[timedelta | Exception] = [timedelta(), AWAY, timedelta(), AWAY, AWAY, HOUR]

    def does(_: int) -> timedelta:
        now = script.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    account.publisher.step_does = does
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(6)) == 0
    back_and_forth = ["ledger_away", "ledger_back"] * 2
    assert run.names() == [*back_and_forth, "stopping", "stopped"]
    assert [nap for nap in naps if 0 < round(nap, 3) < 60] == [1, 1, 2]


def test_the_publisher_is_kept_while_its_ledger_is_away(naps: list[float]) -> None:
    """It remembers what it armed, and what it could not record."""
    account = Account()
    account.publisher.step_does = lambda number: raised([AWAY]) if number == 1 else HOUR
    made: list[Any] = []
    make = account.make_publisher
    account.make_publisher = lambda *given: made.append(make(*given)) or made[-1]  # type: ignore[method-assign,func-returns-value]
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(2)) == 0
    assert len(made) == 1


def test_the_ledger_is_opened_once(naps: list[float]) -> None:
    account, opened = Account(opening=[AWAY]), []
    once = account.open_ledger

    def open_ledger() -> Any:
        ledger = once()
        opened.append(ledger)
        return ledger

    account.open_ledger = open_ledger  # type: ignore[method-assign]
    account.publisher.step_does = lambda number: timedelta() if number < 4 else HOUR
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(4)) == 0
    assert len(opened) == 1


def test_a_beat_that_fails_is_a_ledger_that_is_away(naps: list[float]) -> None:
    account = Account()
    account.ledger.troubles = []
    account.publisher.step_does = lambda number: broken(number)

    def broken(number: int) -> timedelta:
        if number == 1:
            account.ledger.troubles.append(AWAY)
            return timedelta()
        return HOUR

    run = Run(account)
    assert run.until(lambda: run.wait_for("ledger_back")) == 0
    assert run.names()[:2] == ["ledger_away", "ledger_back"]


def test_a_ledger_that_can_be_read_and_not_written_is_not_back(naps: list[float]) -> None:
    """Between two slots all that a lane asks for may be to read."""
    account = Account()
    account.ledger.beat = lambda *_: None  # type: ignore[method-assign]
    account.publisher.step_does = lambda number: locked(number)

    def locked(number: int) -> timedelta:
        if number in (1, 4):
            raise AWAY
        if number < 7:
            account.ledger.troubles.append(AWAY)
        return HOUR if number == 7 else timedelta()

    run = Run(account)
    assert run.until(lambda: run.wait_for("ledger_back")) == 0
    assert run.names()[:3] == ["ledger_away", "ledger_back", "stopping"]
    assert account.publisher.steps == 7


def test_a_ledger_without_room_is_not_back_before_something_is_kept(naps: list[float]) -> None:
    """What is taken back again may find room where nothing else does."""
    account = Account()
    beats: list[int] = []

    def beat(*_: Any) -> None:
        beats.append(account.publisher.steps)
        if account.publisher.steps in (2, 3):
            raise AWAY

    account.ledger.beat = beat  # type: ignore[method-assign,assignment]
    account.publisher.step_does = lambda n: (
        raised([AWAY]) if n == 1 else timedelta(0 if n < 4 else 1)
    )
    run = Run(account)
    assert run.until(lambda: run.wait_for("ledger_back")) == 0
    assert run.names()[:2] == ["ledger_away", "ledger_back"]
    assert beats == [2, 3, 4]


# -- a lane that dies -------------------------------------------------------------------------


@pytest.mark.parametrize("where", TROUBLES)
def test_a_lane_that_dies_ends_the_process_and_says_so(where: str) -> None:
    account, other = troubled(where, LedgerNewer(found=9, known=1)), Account("y")
    run = Run(account, other)
    assert run.until(lambda: run.wait_for("stopped")) == 1
    assert run.names() == ["stopping", "died", "stopped"]
    assert run.fields("stopping") == [{"why": "lane x ended"}]
    (died,) = run.fields("died")
    assert died["account"] == "x"
    assert "LedgerNewer" in died["why"]
    assert isinstance(died["error"], LedgerNewer)
    for each in (account, other):
        assert each.network.closed.is_set()
    assert other.ledger.called()[-1] == ("close", None)
    assert (("close", None) in account.ledger.called()) == (where != "opening")


def test_whatever_kills_a_lane_is_told() -> None:
    account = Account()
    error = SystemExit(3)

    def does(_: int) -> timedelta:
        raise error

    account.publisher.step_does = does
    run = Run(account)
    assert run.until(lambda: run.wait_for("stopped")) == 1
    assert [each["error"] for each in run.fields("died")] == [error]


# -- a fault of the program -------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyError("x"), LedgerConflict(account="x", slot="s")])
@pytest.mark.parametrize("where", TROUBLES)
def test_a_lane_begins_again_after_a_fault_and_the_others_go_on(
    where: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STUMBLED", (0, 0))
    account, other = troubled(where, error), Account("y")
    run = Run(account, other)
    assert run.until(lambda: account.publisher.wait_for(2 if where == "stepping" else 1)) == 0
    assert run.names() == ["stumbled", "stopping", "stopped"]
    (stumbled,) = run.fields("stumbled")
    assert (stumbled["account"], stumbled["error"]) == ("x", error)
    assert not other.network.aborted.is_set()
    names = [name for name, _ in account.ledger.called()]
    assert names.count("close") == (1 if where == "opening" else 2), "with a ledger of its own"
    assert names.count("migrate") == (2 if where in ("making", "stepping") else 1)


def test_it_rests_longer_each_time_and_raises_one_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    rested: list[float | None] = []
    account = stumbling(8)
    run = Run(account)
    monkeypatch.setattr(run.lanes[0]._stop_asked, "wait", rested.append)
    assert run.until(lambda: account.publisher.wait_for(9)) == 0
    assert run.names()[:8] == ["stumbled", *["stumbled_again"] * 7]
    assert rested == [5, 10, 20, 40, 80, 160, 300, 300]
    assert [each["rest"] for each in run.fields("stumbled_again")] == rested[1:]


def test_a_fault_after_a_while_is_the_first_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = stumbling(3)
    run = Run(account)
    now = 0.0

    def rest(seconds: float) -> None:
        nonlocal now
        now += seconds + (STEADY if account.publisher.steps == 1 else STEADY - 1)

    monkeypatch.setattr(run.lanes[0]._stop_asked, "wait", rest)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    assert run.until(lambda: account.publisher.wait_for(4)) == 0
    told = [(name, fields.get("rest")) for name, fields in run.told]
    assert told[:3] == [("stumbled", 5), ("stumbled", 5), ("stumbled_again", 10)]


def test_a_lane_that_rests_stops_at_once() -> None:
    account = stumbling(1)
    run = Run(account)
    assert run.until(lambda: run.wait_for("stumbled")) == 0
    assert run.names() == ["stumbled", "stopping", "stopped"]
    assert account.publisher.steps == 1


# -- stopping ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(number: signal.Signals) -> None:
    account, other = Account(), Account("y")

    def scenario() -> None:
        account.publisher.wait_for(1)
        other.publisher.wait_for(1)

    before = datetime.now(UTC)
    run = Run(account, other)
    assert run.until(scenario, number) == 0
    assert run.names() == ["stopping", "stopped"]
    assert run.fields("stopping") == [{"why": number.name}]
    assert run.fields("stopped") == [{"left": ""}]
    for each, lane in zip((account, other), run.lanes, strict=True):
        assert before.isoformat() <= lane.began <= datetime.now(UTC).isoformat()
        assert each.network.closed.is_set()
        assert not each.network.aborted.is_set()
        name = f"{run.worker.name}/{each.name}"
        assert each.ledger.called() == [
            ("migrate", None),
            ("beat", (name, {"mode": "test", "account": each.name, "began": lane.began})),
            ("unbeat", name),
            ("close", None),
        ]


def test_what_is_in_flight_is_finished() -> None:
    account = Account()
    in_flight, finished = threading.Event(), threading.Event()

    def does(_: int) -> timedelta:
        in_flight.set()
        assert account.publisher.stopping() is False
        while not account.publisher.stopping():  # until the stop has come
            threading.Event().wait(0.001)
        finished.set()
        return timedelta()

    account.publisher.step_does = does
    run = Run(account)
    assert run.until(lambda: cast("Any", in_flight.wait(FAR))) == 0
    assert finished.is_set()
    assert account.publisher.steps == 1, "nothing new was begun"
    assert not account.network.aborted.is_set()


def test_what_takes_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ABORT_AFTER", 0.05)
    monkeypatch.setattr(module, "GIVE_UP_AFTER", 3600.0)
    account, other = Account(), Account("y")

    def does(_: int) -> timedelta:
        assert account.network.aborted.wait(FAR)
        return timedelta()

    account.publisher.step_does = does
    run = Run(account, other)
    assert run.until(lambda: account.publisher.wait_for(1)) == 0
    assert account.network.aborted.is_set()
    assert not other.network.aborted.is_set(), "nothing of that lane was in flight"
    assert run.fields("stopped") == [{"left": ""}]


def test_what_never_ends_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ABORT_AFTER", 0.02)
    monkeypatch.setattr(module, "GIVE_UP_AFTER", 0.04)
    account, over = Account(), threading.Event()

    def does(_: int) -> timedelta:
        over.wait(FAR)
        return HOUR

    account.publisher.step_does = does
    run = Run(account)
    try:
        assert run.until(lambda: account.publisher.wait_for(1)) == 1
        assert run.fields("stopped") == [{"left": "x"}]
    finally:
        over.set()
        run.lanes[0].join()


def test_what_could_not_be_recorded_is_recorded_before_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_AWAY", (0.001, 0.001))
    account = Account()
    account.publisher.late = [AWAY, AWAY]
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(1)) == 0
    assert account.publisher.late == []


def test_a_ledger_that_is_away_at_the_end_is_no_failure() -> None:
    account = Account()
    account.ledger.unbeat_fails = True
    run = Run(account)
    assert run.until(lambda: account.publisher.wait_for(1)) == 0
    assert account.ledger.called()[-1] == ("close", None)


def test_a_ledger_that_never_came_is_no_failure(naps: list[float]) -> None:
    account = Account()
    account.open_ledger = lambda: raised([AWAY])  # type: ignore[method-assign]
    run = Run(account)
    assert run.until(lambda: run.wait_for("ledger_away")) == 0
    assert account.ledger.called() == []
    assert account.network.closed.is_set()


# -- signs of life ----------------------------------------------------------------------------


class Clock:
    """Stands for the module `time`."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def well(run: Run, lane: Lane, clock: Clock, ledger: FakeLedger) -> None:
    """What a lane does after a step that went well."""
    lane.well_at = clock.seconds
    run.worker.well(lane, cast("Any", ledger))


def test_all_is_well_while_every_lane_was_heard_of(clock: Clock) -> None:
    run = Run(Account(), Account("y"))
    run.worker._lanes = run.lanes
    ledger = FakeLedger()
    first, second = run.lanes
    well(run, first, clock, ledger)
    assert not run.worker._all_well(), "not before every lane was well once"
    well(run, second, clock, ledger)
    assert run.worker._all_well()
    for seconds in (60, 29):
        clock.seconds += seconds
        well(run, first, clock, ledger)
        assert run.worker._all_well()
    clock.seconds += 1
    assert not run.worker._all_well(), "90 seconds without a sign of the second lane are too long"
    well(run, second, clock, ledger)
    assert run.worker._all_well()


def test_who_is_at_work_is_known_to_the_watch(clock: Clock) -> None:
    watch, account = Watcher(), Account()
    seen: list[set[str]] = []

    def does(_: int) -> timedelta:
        seen.append(watch.busy())
        clock.seconds += BUSY - 1
        seen.append(watch.busy())
        clock.seconds += 1
        seen.append(watch.busy())
        return HOUR

    account.publisher.step_does = does
    run = Run(account, watch=watch)
    assert run.until(lambda: account.publisher.wait_for(1)) == 0
    name = f"{run.worker.name}/x"
    assert seen == [{name}, {name}, set()], "one that hangs is not at work"
    assert watch.busy() == set()


def test_the_watch_looks_after_each_step_and_hears_of_what_no_row_tells(naps: list[float]) -> None:
    watch = Watcher()
    account = troubled("stepping", AWAY, AWAY)
    run = Run(account, watch=watch)
    assert run.until(lambda: run.wait_for("ledger_back")) == 0
    assert watch.heard == [
        "start",
        "ledger_away x",
        "ledger_away x",
        "no clock x",
        "well x",
        "wake",
        "stop last_look=False",
    ]
    assert watch.lanes_well() == run.worker._all_well()


def test_the_watch_hears_of_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STUMBLED", (0, 0))
    watch, account = Watcher(), stumbling(1)
    run = Run(account, watch=watch)
    assert run.until(lambda: account.publisher.wait_for(2)) == 0
    assert watch.heard[1] == "fault x: A fault of the program stops x: KeyError(0)"


def test_the_watch_has_a_last_look_where_a_lane_died() -> None:
    watch = Watcher()
    run = Run(troubled("stepping", LedgerNewer(found=9, known=1)), watch=watch)
    assert run.until(lambda: run.wait_for("stopped")) == 1
    assert watch.heard[-2].startswith("fault x: A fault of the program stops x: LedgerNewer")
    assert watch.heard[-1] == "stop last_look=True"


def test_a_beat_goes_to_the_ledger_every_quarter_of_a_minute_at_most(clock: Clock) -> None:
    run = Run(Account(), Account("y"))
    run.worker._lanes = run.lanes
    ledger = FakeLedger()
    first, second = run.lanes
    beaten: list[float] = []
    for _ in range(60):
        well(run, first, clock, ledger)
        beaten += [clock.seconds for _ in ledger.called()]
        clock.seconds += 1
    assert beaten == [1000, 1015, 1030, 1045]
    well(run, second, clock, ledger)
    well(run, second, clock, ledger)
    assert len(ledger.called()) == 1, "each lane has its own"


def test_by_a_clock_that_is_not_believed_no_beat_is_written() -> None:
    watch, account = Watcher(), Account()
    doubts = ["the clock is wrong", ""]
    account.publisher.clock = SimpleNamespace(why=lambda: doubts.pop(0) if doubts else "")
    account.publisher.step_does = lambda n: timedelta() if n < 2 else HOUR
    run = Run(account, watch=watch)
    assert run.until(lambda: account.publisher.wait_for(2)) == 0
    assert watch.heard[:4] == ["start", "clock x: the clock is wrong", "no clock x", "well x"]
    assert [name for name, _ in account.ledger.called()].count("beat") == 1
