"""The watch: one trouble is one row and one alert, delivered in the end, and over in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import watching
from bot.alerts import Alert, key_of, send
from bot.domain import Receipt, Slot, doubled
from bot.errors import LedgerUnavailable
from bot.ledger.base import Halt, NewRow, PlanNote, Trouble
from bot.ledger.memory import MemoryLedger
from bot.ledger.reasons import LATE
from bot.troubles import FAULT, KEYS
from bot.watching import BACKOFF, STEADY, Outlet, Watch
from tests.listener import Listener

FAR = 60.0
"""Seconds within which something is sure to happen, if it happens at all."""

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECRET = "hunter2-secret"
AWAY = LedgerUnavailable(where="there", why="it does not answer")


class Closed(MemoryLedger):
    """A ledger in memory that can be away, or full."""

    away = full = False

    def troubles(self, **which: Any) -> Any:
        self.check(self.away)
        return super().troubles(**which)

    def trouble_begun(self, *given: Any) -> bool:
        self.check(self.full)
        return super().trouble_begun(*given)

    def check(self, fails: bool) -> None:
        if fails:
            raise AWAY

    def close(self) -> None:
        """Another one may be opened: what it holds stays."""


class Place:
    """A ledger with a clock that tests move, and any number of processes' watches on it."""

    def __init__(self) -> None:
        self.now = NOON
        self.ledger = Closed(clock=lambda: self.now)
        self.ledger.begin("x", "x", NOON - 100 * HOUR)
        self.rows = 1
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.monotonic = time.monotonic
        self.send: Callable[[str, Alert], str | None] = send

    def watch(self, *addresses: str, heartbeat: str | None = None, host: str = "h1") -> Watch:
        outlet = Outlet(
            "Harbour",
            host,
            addresses,
            heartbeat,
            lambda text: text.replace(SECRET, "***"),
            self.send,
        )
        return Watch(
            ["x"],
            lambda: self.ledger,
            lambda name, **fields: self.told.append((name, fields)),
            outlet,
            monotonic=self.monotonic,
        )

    def _next(self) -> NewRow:
        self.rows += 1
        at = NOON - 100 * HOUR + self.rows * HOUR
        self.now = max(self.now, at)
        return NewRow(self.rows, Slot(at, "x", at, self.now + HOUR), "x")

    def missed(self, reason: str = LATE) -> None:
        self.ledger.miss([self._next()], reason)

    def posted(self) -> None:
        row = self.ledger.arm(self._next(), f"t{self.rows}")
        self.ledger.receive(row, Receipt(str(self.rows), "https://x.com/1"))

    def held(self) -> None:
        self.ledger.move(self.ledger.arm(self._next(), f"t{self.rows}"), "held", "too old")

    def names(self) -> list[str]:
        return [name for name, _ in self.told]


@pytest.fixture
def place() -> Place:
    return Place()


class Clock:
    """The time that tells how long something lasts."""

    def __init__(self) -> None:
        self.seconds = 1000.0


@pytest.fixture
def clock(place: Place) -> Clock:
    made = Clock()
    place.monotonic = lambda: made.seconds
    return made


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as made:
        yield made


def stages(listener: Listener) -> list[tuple[str, str]]:
    return [(alert["event"], alert["stage"]) for alert in listener.alerts()]


# -- one trouble, one alert -------------------------------------------------------------------


def test_a_lost_slot_is_one_alert_and_one_all_clear(place: Place, listener: Listener) -> None:
    watch = place.watch(listener.url)
    watch.look()
    assert listener.alerts() == []
    place.missed(f"{LATE}: no answer with {SECRET}")
    for _ in range(3):
        watch.look()
        place.missed()
    (alert,) = listener.alerts()
    assert alert == {
        "id": "x/lost/2026-11-27T10:00:00+00:00",
        "stage": "begun",
        "event": "lost",
        "message": "x/2026-11-27T10:00:00+00:00 was not posted: no answer with ***. Look at the "
        "log of the worker, or of the cron job.",
        "campaign": "Harbour",
        "account": "x",
        "host": "h1",
        "since": "2026-11-27T10:00:00+00:00",
        "slot": "2026-11-27T10:00:00+00:00",
        "why": "x/2026-11-27T10:00:00+00:00 was not posted: no answer with ***",
        "fix": "Look at the log of the worker, or of the cron job.",
    }
    place.posted()
    for _ in range(3):
        watch.look()
    (over,) = listener.alerts()
    assert (over["id"], over["stage"]) == (alert["id"], "over")
    assert over["message"].startswith("Over: x/2026-11-27T10:00:00+00:00 was not posted")
    assert over["fix"] == "", "nothing is to be done any more"
    assert place.names() == ["trouble", "trouble_over"]
    place.missed()
    watch.look()
    (again,) = listener.alerts()
    assert again["id"] != alert["id"], "another slot, another trouble"


@pytest.mark.parametrize("call", ["now", "troubles", "beats", "few", "plan_note", "paused"])
def test_a_process_that_is_stopped_while_it_looks_judges_by_what_is_the_case_after_it(
    place: Place, alerts: list[Alert], call: str
) -> None:
    """The next slot's time passed meanwhile, and another process posted it."""
    place.posted()
    following = NOON - 100 * HOUR + (place.rows + 1) * HOUR
    place.ledger.note_plan("x", PlanNote("", "", NOON, following, NOON + MINUTE))
    place.ledger.beat("h2:1/x", {"account": "x"})
    answer = getattr(place.ledger, call)

    def stopped(*args: Any, **options: Any) -> Any:
        setattr(place.ledger, call, answer)
        answered = answer(*args, **options)
        place.posted()
        place.now += 2 * HOUR
        place.ledger.beat("h2:1/x", {"account": "x"})
        return answered

    watch = place.watch(ADDRESS)
    setattr(place.ledger, call, stopped)
    watch.look()
    assert alerts == []


def test_processes_that_start_again_and_again_do_not_repeat_it(
    place: Place, listener: Listener
) -> None:
    place.missed()
    for number in range(5):
        place.watch(listener.url, host=f"h{number}").look()
    assert stages(listener) == [("lost", "begun")]
    place.posted()
    for number in range(5):
        place.watch(listener.url, host=f"h{number}").look()
    assert stages(listener) == [("lost", "over")]


def test_what_began_while_nobody_was_there_is_told_by_the_next_process(
    place: Place, listener: Listener
) -> None:
    place.missed()
    place.watch().look()  # no address was set
    place.watch(listener.url).look()
    assert stages(listener) == [("lost", "begun")]


def test_several_held_posts_are_one_alert_until_the_last_is_settled(
    place: Place, listener: Listener
) -> None:
    watch = place.watch(listener.url)
    place.held()
    watch.look()
    place.held()
    watch.look()
    assert stages(listener) == [("held", "begun")]
    first, second = place.ledger.rows(states=("held",))
    place.ledger.move(first, "failed", "a person dropped it")
    watch.look()
    assert listener.alerts() == []
    place.ledger.move(second, "failed", "a person dropped it")
    watch.look()
    assert stages(listener) == [("held", "over")]


def test_each_address_gets_it(place: Place, listener: Listener) -> None:
    with Listener() as other:
        place.missed()
        watch = place.watch(listener.url, other.url)
        watch.look()
        assert stages(listener) == stages(other) == [("lost", "begun")]


def test_the_ledger_keeps_no_address(place: Place, listener: Listener) -> None:
    place.missed()
    place.watch(listener.url).look()
    assert place.ledger.lease(key_of(listener.url), "me", 60) is None, "it was delivered"
    assert place.ledger.lease(listener.url, "me", 60) is not None


# -- an address that does not take it ---------------------------------------------------------


def test_a_halt_whose_alert_is_refused_then_fails_then_works_is_told_once(
    place: Place,
) -> None:
    place.ledger.halt("x", Halt(NOON, "X: 402", "Buy credit.", person=True, token="t"))
    with Listener(403, 500, 200) as listener:
        watch = place.watch(listener.url)
        for seconds in (0, 10, 30, 59, 30, 0, 3600):
            place.now += timedelta(seconds=seconds)
            watch.look()
        alerts = listener.alerts()
        assert [alert["event"] for alert in alerts] == ["halted"] * 3, "two were not taken"
        assert len({alert["id"] for alert in alerts}) == 1
        assert place.names() == ["trouble", "alert", "alert"]
        assert [fields["why"][:3] for name, fields in place.told[1:]] == ["403", "500"]
        place.ledger.unhalt("x")
        place.posted()
        watch.look()
        assert stages(listener) == [("halted", "over")]


def test_the_wait_doubles_up_to_an_hour() -> None:
    first, longest = BACKOFF
    waits = [doubled(*BACKOFF, attempts) for attempts in range(1, 12)]
    assert waits[:3] == [first, 2 * first, 4 * first]
    assert waits[-1] == doubled(*BACKOFF, 10**9) == longest


def test_all_is_told_in_order_where_it_was_over_before_it_could_be_told(place: Place) -> None:
    with Listener(500, 200) as listener:
        place.missed()
        watch = place.watch(listener.url)
        watch.look()
        place.posted()
        watch.look()
        place.now += MINUTE
        watch.look()
        assert stages(listener) == [("lost", "begun"), ("lost", "begun"), ("lost", "over")]


def test_a_clock_that_was_a_year_ahead_puts_off_no_alert(place: Place) -> None:
    with Listener(500, 200) as listener:
        place.missed()
        place.now += 365 * 24 * HOUR
        place.watch(listener.url).look()
        place.now -= 365 * 24 * HOUR
        place.watch(listener.url).look()
        assert stages(listener)[1:] == [("lost", "begun")]


def test_an_address_that_is_slow_holds_up_no_look_for_long(place: Place, clock: Clock) -> None:
    """Twelve are due at once, and each takes twenty seconds."""
    sent: list[str] = []

    def slow(_: str, alert: Alert) -> None:
        clock.seconds += 20
        sent.append(alert["id"])

    place.send = slow
    for day in range(12):
        at = NOON - day * HOUR
        place.ledger.trouble_begun(Trouble(f"y{day}", KEYS, at, at, "away"), [key_of("https://a")])
    watch = place.watch("https://a")
    watch.look()
    assert len(sent) == 3, "a minute, and then it looks again"
    watch.look()
    assert len(set(sent)) == 6


# -- a pause ----------------------------------------------------------------------------------


def test_a_pause_is_remembered_once_a_day(place: Place, listener: Listener) -> None:
    place.ledger.pause("Waiting for the board", who="Ada")
    watch = place.watch(listener.url)
    for _ in range(72):
        watch.look()
        place.now += HOUR
    alerts = listener.alerts()
    assert [alert["stage"] for alert in alerts] == ["begun", "reminder", "reminder"]
    assert all("paused by Ada: Waiting for the board" in alert["message"] for alert in alerts)
    assert alerts[1]["message"].startswith("Still: ")
    place.ledger.resume()
    watch.look()
    assert stages(listener) == [("paused", "over")]


# -- the heartbeat ----------------------------------------------------------------------------


def beats(listener: Listener) -> int:
    count = 0
    while not listener.got.empty():
        assert listener.got.get()[0] == "GET"
        count += 1
    return count


def test_the_heartbeat_is_fetched_once_a_minute_while_all_is_well(
    place: Place, listener: Listener, clock: Clock
) -> None:
    watch = place.watch(heartbeat=listener.url)
    for _ in range(10):  # ten times half a minute
        watch.look()
        clock.seconds += 30
    assert beats(listener) == 5


def test_no_heartbeat_while_a_slot_is_lost(place: Place, listener: Listener, clock: Clock) -> None:
    watch = place.watch(heartbeat=listener.url)

    def beat() -> int:
        clock.seconds += 60
        watch.look()
        return beats(listener)

    assert beat() == 1
    place.missed()
    assert beat() == beat() == 0
    place.posted()
    assert beat() == 1
    place.ledger.pause()
    assert beat() == 1, "a pause is a person's own act"
    watch.lanes_well = lambda: False
    assert beat() == 0
    watch.lanes_well = lambda: True
    watch.witness("x", FAULT, "KeyError", "Report it.")
    assert beat() == 0


def test_a_heartbeat_that_fails_is_said(place: Place) -> None:
    with Listener(500) as listener:
        place.watch(heartbeat=listener.url).look()
    assert place.told == [("heartbeat", {"why": "500 Internal Server Error"})]


# -- what a process sees ----------------------------------------------------------------------


def test_missing_keys_are_told_once_and_over_when_a_process_has_them(
    place: Place, listener: Listener
) -> None:
    for _ in range(3):
        watch = place.watch(listener.url)
        watch.witness("x", KEYS, "X_API_KEY is not set", "Copy it.")
        watch.look()
        place.now += HOUR
    (alert,) = listener.alerts()
    assert (alert["event"], alert["message"]) == ("keys", "X_API_KEY is not set. Copy it.")
    place.watch(listener.url).look()
    assert listener.alerts() == [], "who does not know leaves it as it is"
    watch = place.watch(listener.url)
    watch.clear("x", KEYS)
    watch.look()
    assert stages(listener) == [("keys", "over")]


def test_a_fault_of_the_program_is_over_when_the_lane_was_well_for_a_while(
    place: Place, listener: Listener, clock: Clock
) -> None:
    for _ in range(3):  # the host starts it again and again
        watch = place.watch(listener.url)
        watch.well("x")
        watch.look()
        watch.witness("x", FAULT, "KeyError('y')", "Report it.")
        watch.look()
    assert stages(listener) == [("fault", "begun")]
    watch = place.watch(listener.url)
    watch.well("x")
    clock.seconds += STEADY - 1
    watch.witness("x", FAULT, "KeyError('y')", "Report it.")
    watch.well("x")
    clock.seconds += STEADY - 1
    watch.well("x")
    watch.look()
    assert stages(listener) == [], "it counts from the newest fault"
    clock.seconds += 1
    watch.well("x")
    watch.look()
    assert stages(listener) == [("fault", "over")]


# -- the ledger itself ------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["away", "full"])
def test_trouble_of_the_ledger_is_told_once_without_a_row(
    place: Place, listener: Listener, clock: Clock, how: str
) -> None:
    watch = place.watch(listener.url, heartbeat=listener.url)
    setattr(place.ledger, how, True)
    place.missed()
    for _ in range(5):
        watch.ledger_away("x", AWAY)
        watch.look()
        clock.seconds += 60
    (alert,) = listener.alerts()
    assert (alert["event"], alert["stage"], alert["account"]) == ("ledger", "begun", "all accounts")
    assert "it does not answer" in alert["message"]
    assert "Check DATABASE_URL" in alert["message"]
    setattr(place.ledger, how, False)
    place.posted()
    watch.well("x")
    watch.look()
    assert all(method == "GET" for method, *_ in emptied(listener))
    clock.seconds += STEADY
    watch.look()
    (over,) = [item for item in emptied(listener) if item[0] == "POST"]
    assert b'"over"' in over[3]


def emptied(listener: Listener) -> list[Any]:
    found = []
    while not listener.got.empty():
        found.append(listener.got.get())
    return found


def test_what_could_not_be_told_of_the_ledger_is_tried_again(place: Place, clock: Clock) -> None:
    place.ledger.away = True
    with Listener(500, 200) as listener:
        watch = place.watch(listener.url)
        for _ in range(4):
            watch.look()
            clock.seconds += 30
        assert stages(listener) == [("ledger", "begun")] * 2


class Addresses:
    """What each address takes, in order; `deaf` take nothing."""

    def __init__(self, place: Place) -> None:
        self.deaf: set[str] = set()
        self.heard: list[tuple[str, str]] = []
        place.send = self._send

    def _send(self, address: str, alert: Alert) -> str | None:
        if address in self.deaf:
            return "no answer"
        self.heard.append((address, alert["stage"]))
        return None


def outage(place: Place, watch: Watch, clock: Clock, *, lasting: bool = False) -> None:
    """The ledger goes away, and comes back for good, unless it is to last."""
    place.ledger.away = True
    watch.look()
    clock.seconds += 60
    place.ledger.away = lasting
    watch.look()
    clock.seconds += STEADY
    watch.look()


def test_an_address_that_is_gone_keeps_no_news_of_the_ledger_from_another(
    place: Place, clock: Clock
) -> None:
    addresses = Addresses(place)
    addresses.deaf.add("gone")
    watch = place.watch("gone", "there")
    outage(place, watch, clock)
    outage(place, watch, clock)
    assert addresses.heard == [("there", "begun"), ("there", "over")] * 2


def test_the_ledger_is_not_said_to_be_back_where_it_is_away_again(
    place: Place, clock: Clock
) -> None:
    """The all-clear of the first time was on its way yet."""
    addresses = Addresses(place)
    watch = place.watch("a", "b")
    place.ledger.away = True
    watch.look()
    addresses.deaf.add("b")
    clock.seconds += 60
    place.ledger.away = False
    watch.look()
    clock.seconds += STEADY
    watch.look()
    addresses.deaf.clear()
    outage(place, watch, clock, lasting=True)
    assert addresses.heard[:2] == [("a", "begun"), ("b", "begun")]
    assert addresses.heard[2:] == [("a", "over"), ("a", "begun")]
    place.ledger.away = False
    watch.look()
    clock.seconds += STEADY
    watch.look()
    assert sorted(addresses.heard[4:]) == [("a", "over"), ("b", "over")]


# -- a lane that is at work for long ----------------------------------------------------------


def test_a_lane_that_is_at_work_for_long_is_not_silent(place: Place) -> None:
    """An upload may take four minutes, in which its lane does not beat."""
    watch = place.watch()
    place.ledger.beat("h1:1/x", {"account": "x"})
    place.now += 4 * MINUTE
    watch.busy = lambda: {"h1:1/x"}
    assert watch.look() == []
    watch.busy = lambda: {"h1:1/y"}
    assert [each.subject for each in watch.look()] == ["h1:1/x"]


# -- the thread of its own --------------------------------------------------------------------


def test_it_looks_when_it_is_woken_and_ends_when_it_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY", FAR)
    watch, looked = place.watch(), threading.Semaphore(0)
    look = watch.look

    def looking() -> Any:
        looked.release()
        return look()

    watch.look = looking  # type: ignore[method-assign]
    watch.start()
    for _ in range(3):
        watch.wake()
        assert looked.acquire(timeout=FAR)
    watch.stop(FAR)
    assert not watch._thread.is_alive()


def test_a_fault_of_the_watch_is_said_and_it_goes_on(place: Place) -> None:
    watch = place.watch()
    watch.look = lambda: 1 // 0  # type: ignore[method-assign,assignment,return-value]
    watch._safely()
    assert place.names() == ["unwatched"]


def test_at_the_end_it_looks_once_more_where_there_is_something_to_tell(
    place: Place, listener: Listener
) -> None:
    watch = place.watch(listener.url)
    watch.start()
    watch.witness("x", FAULT, "KeyError", "Report it.")
    watch.stop(FAR, last_look=True)
    assert stages(listener) == [("fault", "begun")]


# -- two processes that see different things ---------------------------------------------------


@pytest.mark.parametrize("kind", [KEYS, FAULT])
def test_what_one_process_lacks_and_another_has_is_told_once(
    place: Place, alerts: list[Alert], kind: str
) -> None:
    place.posted()
    one, other = place.watch(ADDRESS), place.watch(ADDRESS, host="h2")
    one.witness("x", kind, "x does not post", "Mend it.")
    other.clear("x", kind)
    for _ in range(5):
        one.look()
        other.look()
        place.now += MINUTE
    assert [each["stage"] for each in alerts] == ["begun", "over"]
    one.clear("x", kind)
    one.witness("x", kind, "x does not post", "Mend it.")
    one.look()
    assert [each["stage"] for each in alerts] == ["begun", "over", "begun"]


def test_a_worker_whose_campaign_has_not_the_account_ends_nothing_for_who_posts_there(
    place: Place, alerts: list[Alert]
) -> None:
    place.missed()
    one, other = place.watch(ADDRESS), place.watch(ADDRESS, host="h2")
    other._accounts = ["y"]
    for _ in range(5):
        place.ledger.beat("h1:1/x", {"account": "x"})
        one.look()
        other.look()
        place.now += MINUTE
    assert [each["stage"] for each in alerts] == ["begun"]
    place.ledger.unbeat("h1:1/x")
    other.look()
    assert [each["stage"] for each in alerts] == ["begun", "over"]


ADDRESS = "http://alerts.invalid/"


@pytest.fixture
def alerts(place: Place) -> list[Alert]:
    """What was sent, in order."""
    sent: list[Alert] = []

    def taken(_: str, alert: Alert) -> None:
        sent.append(alert)

    place.send = taken
    return sent
