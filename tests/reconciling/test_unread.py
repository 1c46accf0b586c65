"""Where the account can't be read, and how often one doubt may read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import LedgerUnavailable, NotSent
from bot.halting import resume
from bot.ledger.base import Halt
from bot.networks.base import FOREVER
from bot.publishing import BACKOFF, UNREAD
from tests.generated import START
from tests.reconciling.world import HOUR, Restored, edited, quarantined
from tests.simulated import Landed
from tests.world import MINUTE, SLOT, live

# -- what can not be read --------------------------------------------------------------------------


def test_reading_that_fails_is_tried_again_and_slots_pass_as_missed() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.now += 40 * MINUTE
    world.network.find_script = ["not_sent"] * 99
    worker = world.new_worker()
    world.run_for(3 * HOUR, worker)
    assert world.seen == []
    assert [row.state for row in world.rows()] == ["missed"] * 3
    (told,) = world.told("halted")
    assert "can't be read" in told["why"], "after so many tries a person hears of it"
    assert len(world.told("unread")) >= UNREAD
    assert world.finds() < 3 * 60 / 7, "it backs off"
    world.network.find_script = []
    world.run_for(HOUR, worker)
    assert len(world.seen) == 1
    assert world.ledger.halted("x0") is None


def test_reading_that_meets_an_accounts_trouble_halts_at_once() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.now += 5 * MINUTE
    world.network.find_script = ["no_credit"]
    world.run_for(10 * MINUTE, world.new_worker())
    (told,) = world.told("halted")
    assert told["fix"] == "Buy credit."
    assert world.seen == []


def test_a_person_may_look_where_the_program_can_not() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.now += 40 * MINUTE
    world.network.find_script = ["not_sent"] * 99
    worker = world.new_worker()
    world.run_for(HOUR, worker)
    assert resume(world.ledger, "x0")
    assert not resume(world.ledger, "x0")
    world.run_for(HOUR, worker)
    assert len(world.seen) == 1
    assert len(world.told("halted")) == 1


def test_lifting_another_halt_says_nothing_of_what_was_not_read() -> None:
    world = Restored()
    world.ledger.suspect("x0", START)
    world.ledger.halt("x0", Halt(START, "402", person=True))
    resume(world.ledger, "x0")
    assert world.ledger.trust("x0").suspected == START


def test_what_can_not_be_read_yet_is_said_to_who_asks_by_hand() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.now += 40 * MINUTE
    world.network.find_script = ["not_sent"] * 2
    worker = world.new_worker()
    with pytest.raises(NotSent, match="not read back yet: sim: not sent: reading timed out"):
        worker.post_next()
    with pytest.raises(NotSent, match="not read back yet"):
        worker.post_next()
    world.now += BACKOFF[0]
    with pytest.raises(NotSent, match="not read back yet"):
        worker.post_next()
    world.now += 2 * BACKOFF[0]
    assert worker.post_next().state == "posted"
    assert worker.unread == ""


@pytest.mark.parametrize("how", ["refused", "blind"])
def test_a_mere_pause_is_no_reason_to_stop_where_nothing_can_be_read(how: str) -> None:
    world = Restored(readable=how != "blind")
    world.run_for(timedelta(minutes=50))
    world.now += 20 * MINUTE
    world.network.find_script = ["refused"] * 99
    worker = world.new_worker()
    world.run_for(HOUR, worker)
    assert len(world.told("unreadable")) == 1
    assert world.told("halted") == []
    assert len(world.seen) == 2


@pytest.mark.parametrize("how", ["refused", "blind"])
def test_a_loss_that_can_not_be_read_is_a_persons(how: str) -> None:
    world = Restored(readable=how != "blind")
    backup = world.backup()
    world.at(SLOT).step()
    world.network.find_script = ["refused"] * 99
    world.restore(backup)
    world.run_for(2 * HOUR)
    (told,) = world.told("halted")
    assert "the ledger lost posts" in told["why"]
    assert "Compare the account's posts since 2026-11-30" in told["fix"]
    assert len(world.seen) == 1
    world.ledger.unhalt("x0")
    world.run_for(HOUR)
    assert len(world.seen) == 2
    assert len(world.told("halted")) == 1


def test_a_loss_that_a_person_has_looked_at_is_not_asked_about_again() -> None:
    """Though whoever asked was killed before it was noted that all is settled."""
    world = Restored(readable=False)
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    clear = world.ledger.clear

    def killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    world.ledger.clear = killed  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        world.run_for(HOUR)
    world.ledger.clear = clear  # type: ignore[method-assign]
    resume(world.ledger, "x0")
    world.run_for(2 * HOUR, world.new_worker())
    assert len(world.told("halted")) == 1
    assert len(world.seen) > 1


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("how", ["unread", "asked"])
def test_the_one_alert_of_a_loss_is_not_lost_with_the_ledgers_answer(
    how: str, committed: bool
) -> None:
    world = Restored(readable=how != "unread")
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    halt = world.ledger.halt

    def break_off(*args: Any) -> Any:
        world.ledger.halt = halt  # type: ignore[method-assign]
        if committed:
            halt(*args)
        raise LedgerUnavailable(where="here", why="gone")

    world.ledger.halt = break_off  # type: ignore[method-assign,assignment]
    worker = edited(world)
    world.ledger.suspect("x0", START, noticed=START)
    with pytest.raises(LedgerUnavailable):
        world.run_for(40 * MINUTE, worker)
    assert world.told("halted") == []
    world.run_for(40 * MINUTE, worker)
    assert len(world.told("halted")) == 1


def test_keys_make_up_for_a_loss_that_can_not_be_read() -> None:
    world = Restored(readable=False, keyed=FOREVER)
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.run_for(quarantined(world) + 10 * MINUTE)
    assert world.told("halted") == []
    assert len(world.seen) == 1
    assert world.row().state == "posted", "the same key again"


# -- what one doubt may cost -----------------------------------------------------------------------


@pytest.mark.parametrize("hindrance", ["foreign", "failing"])
def test_one_doubt_is_read_a_few_times_only(hindrance: str) -> None:
    world = live(script=["vanish"], quarantine=timedelta(minutes=15))
    world.step()
    if hindrance == "foreign":
        world.network.landed.append(Landed("by-hand", "Typed by hand", "", SLOT + MINUTE))
    else:
        world.network.find_script = ["not_sent"] * 99
    world.ledger.pause()  # so that only this row is read for
    world.run_for(timedelta(minutes=100))
    assert world.rows()[0].state == "held"
    assert world.network.calls.count("find") <= 8
    assert world.rows()[0].finished_at is None
    assert world.now - SLOT >= timedelta(minutes=90)
