"""A ledger's clock that can't be believed: nothing is recorded by it, and that is said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain import Schedule
from bot.errors import NotSent
from bot.ledger.memory import MemoryLedger
from bot.publishing import LOOK, Publisher
from tests.world import MINUTE, SLOT, World, live

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


class TwoClocks(World):
    """A world whose network has a clock of its own, and answers when a test lets it."""

    def __init__(self, **options: Any) -> None:
        self.off = timedelta()
        self.answers = True
        self.asked = 0
        super().__init__(**options)
        self.watch()
        self.worker = self.new_worker()

    def watch(self) -> None:
        network: Any = self.network
        network.heard = False

        def ask() -> None:
            self.asked += 1
            network.heard = network.heard or self.answers

        network.ask_clock = ask
        network.clock = lambda: self.now - self.off if network.heard else None
        for name in ("upload", "send", "find"):
            setattr(network, name, self._heard_by(getattr(network, name)))

    def _heard_by(self, call: Any) -> Any:
        def calls(*args: Any) -> Any:
            network: Any = self.network
            network.heard = network.heard or self.answers
            return call(*args)

        return calls

    def restarted(self) -> Publisher:
        self.network.heard = False  # type: ignore[attr-defined]
        return self.new_worker()


@pytest.mark.parametrize("off", [YEAR, -YEAR, 11 * MINUTE, -11 * MINUTE])
def test_by_a_clock_that_is_far_off_nothing_is_recorded_or_sent(off: timedelta) -> None:
    world = TwoClocks()
    world.ledger = MemoryLedger(clock=lambda: world.now)
    world.off = off
    world.at(SLOT + off if off > timedelta() else SLOT)
    worker = world.restarted()
    assert world.step(worker) == world.now + LOOK
    assert world.rows() == []
    assert world.ledger.history("x0").rows == 0, "not even its birth"
    assert world.ledger.plan_note("x0") is None
    assert world.network.calls == []
    assert worker.clock.off == -off
    (told,) = world.told("clock")
    assert told["account"] == "x0"
    assert f"{'ahead of' if off > timedelta() else 'behind'} the network's" in worker.clock.why()
    with pytest.raises(NotSent, match="the ledger's clock is"):
        worker.post_next()


def test_a_year_ahead_for_six_seconds_and_then_right() -> None:
    world = TwoClocks()
    world.at(SLOT + YEAR).off = YEAR
    ahead = world.restarted()
    for _ in range(3):
        world.now += timedelta(seconds=2)
        world.step(ahead)
    assert world.rows() == []
    world.at(SLOT).off = timedelta()
    world.step(world.restarted())
    assert (world.row().state, len(world.seen)) == ("posted", 1)


def test_a_clock_that_is_set_right_is_believed_again() -> None:
    world = TwoClocks()
    world.at(SLOT).off = HOUR
    worker = world.restarted()
    world.step(worker)
    assert not worker.clock.believed
    world.off = timedelta()
    world.step(worker)
    assert world.row().state == "posted"
    assert worker.clock.off is None
    assert len(world.told("clock")) == len(world.told("clock_back")) == 1


def test_clocks_that_differ_by_less_are_both_believed() -> None:
    world = TwoClocks()
    world.at(SLOT).off = 9 * MINUTE
    world.step(world.restarted())
    assert world.row().state == "posted"


def test_the_network_is_asked_once_where_it_answers() -> None:
    world = TwoClocks()
    worker = world.restarted()
    world.asked = 0
    world.run_for(3 * HOUR, worker)
    assert world.asked == 1


def test_a_clock_that_turns_out_far_when_the_network_answers_arms_nothing() -> None:
    world = TwoClocks()
    world.at(SLOT).answers = False
    world.step(world.restarted())
    world.at(SLOT + HOUR)
    worker = world.restarted()
    assert worker.clock.look(), "unanswered, but soon after the newest row"
    world.network.ask_clock = lambda: None  # type: ignore[method-assign,assignment,return-value]
    world.off, world.answers = HOUR, True
    before = world.rows()
    world.step(worker)
    assert world.network.calls.count("upload") == 2
    assert world.rows() == before
    assert len(world.seen) == 1
    assert worker.clock.off == -HOUR


def test_a_clock_that_jumps_between_the_claim_and_the_request_sends_nothing() -> None:
    world = TwoClocks()
    world.at(SLOT)
    worker = world.restarted()
    world.network.before_send = lambda: setattr(world, "off", HOUR)
    world.step(worker)
    assert world.seen == []
    assert world.row().state == "retry"
    world.network.before_send = lambda: None
    world.run_for(5 * MINUTE, worker)
    assert world.row().state == "retry", "nothing is settled by it either"
    world.off = timedelta()
    world.run_for(MINUTE, worker)
    assert world.row().state == "posted"


def test_what_comes_back_is_recorded_whatever_the_clock_says() -> None:
    world = TwoClocks()
    world.at(SLOT)
    world.network.after_look = lambda: setattr(world, "off", HOUR)
    world.step(world.restarted())
    assert (world.row().state, len(world.seen)) == ("posted", 1)


def test_an_answer_that_has_grown_old_is_asked_for_again() -> None:
    """A host that slept may count no seconds meanwhile: what it heard before is no verdict."""
    world = TwoClocks()
    worker = world.restarted()
    world.step(worker)
    world.at(SLOT).off = HOUR
    ask = world.network.ask_clock

    def answered() -> None:
        world.off = timedelta()
        ask()

    world.network.ask_clock = answered  # type: ignore[method-assign,assignment]
    world.step(worker)
    assert world.row().state == "posted"
    assert world.told("clock") == []


# Where the network does not answer


def test_a_ledger_that_is_new_knows_of_no_time_up_to_which_to_record() -> None:
    world = TwoClocks()
    world.answers = False
    world.ledger = MemoryLedger(clock=lambda: world.now)
    world.step(world.restarted())
    (told,) = world.told("clock_unknown")
    assert told["what"] == "every slot waits"
    assert not list(world.ledger.rows())


def test_without_an_answer_only_what_came_soon_after_is_recorded() -> None:
    world = TwoClocks(every=(8, "h"))
    world.run_for(9 * HOUR)
    newest = world.rows()[-1].slot
    world.at(newest + 5 * DAY + MINUTE).answers = False
    worker = world.restarted()
    for _ in range(3):
        world.now += LOOK
        world.step(worker)
    assert world.rows()[-1].slot == newest + DAY
    assert {row.reason for row in world.rows()[1:]} == {"late"}
    assert worker.clock.until is not None
    assert not worker.clock.believed
    assert "does not say what time it is" in worker.clock.why()
    (told,) = world.told("clock_unknown")
    assert told["until"] == worker.clock.until
    assert told["what"] == f"slots after {worker.clock.until:%Y-%m-%d %H:%M} UTC wait"
    again = world.restarted()
    world.step(again)
    assert world.rows()[-1].slot == newest + DAY, "a restart does not move the bound"
    world.answers = True
    world.now += LOOK
    world.step(again)
    assert world.rows()[-1].slot == newest + 5 * DAY
    assert world.rows()[-1].state == "posted"


def test_a_clock_a_year_ahead_without_an_answer_loses_a_day_at_most() -> None:
    world = TwoClocks(every=(8, "h"))
    world.run_for(9 * HOUR)
    right = world.now
    world.at(right + YEAR).answers = False
    for _ in range(5):
        world.step(world.restarted())
    assert world.rows()[-1].slot - right <= DAY
    world.at(right + DAY + 7 * HOUR + MINUTE).answers = True
    world.step(world.restarted())
    assert world.rows()[-1].state == "posted"


def test_a_beat_says_as_much_as_a_row() -> None:
    world = TwoClocks(every=(1, "h"))
    world.run_for(2 * HOUR)
    world.at(SLOT + 3 * DAY)
    world.ledger.beat("host:1/x0", {"account": "x0"})
    world.at(SLOT + 3 * DAY + HOUR).answers = False
    world.step(world.restarted())
    assert world.rows()[-1].slot > SLOT + 2 * DAY


def test_without_an_answer_a_history_does_not_begin() -> None:
    world = TwoClocks()
    world.ledger = MemoryLedger(clock=lambda: world.now)
    world.answers = False
    worker = world.restarted()
    world.step(worker)
    assert world.ledger.history("x0").rows == 0
    assert worker.clock.why()
    world.answers = True
    world.now += LOOK
    world.step(worker)
    assert world.ledger.history("x0").rows == 1


def test_a_dry_run_asks_nobody_and_believes_its_clock() -> None:
    world = TwoClocks(schedule=Schedule(timezone="UTC", every=(1, "h")))
    world.at(SLOT).off = YEAR
    world.asked = 0
    dry = Publisher(
        world.account,
        world.worker._planner,
        world.ledger,
        world.network,
        lambda name, **fields: None,
        asks_time=False,
    )
    world.step(dry)
    assert world.asked == 0
    assert dry.clock.believed
    assert world.row().state == "posted"


def test_the_bound_is_by_what_was_believed() -> None:
    """Rows that are recorded under a doubt, and beats that are not, say nothing of the time."""
    world = live()
    worker = world.worker
    world.step()
    noted = world.ledger.plan_note("x0")
    assert noted is not None
    assert noted.noted is not None
    assert isinstance(worker.clock._known(), datetime)
    assert worker.clock._known() == noted.noted
