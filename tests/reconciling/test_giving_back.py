"""A backup takes the ledger's place: posts that it does not know are given back to their slots.

The oracle is, as ever, what followers saw.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.reconciling import FOUND
from tests.generated import START
from tests.reconciling.world import HOUR, Restored
from tests.world import MINUTE, SLOT


def test_posts_that_a_backup_does_not_know_are_given_back_to_their_slots() -> None:
    world = Restored()
    world.run_for(timedelta(hours=2, minutes=10))
    backup = world.backup()
    world.run_for(timedelta(hours=3))
    seen = list(world.seen)
    assert len(seen) == 5
    world.restore(backup)
    world.run_for(timedelta(minutes=45), world.new_worker())
    assert world.seen == seen, "nothing again"
    assert world.posted() == seen
    assert [row.reason for row in world.rows()] == ["", "", FOUND, FOUND, FOUND]
    assert [told["reason"] for told in world.told("posted")[-3:]] == [FOUND] * 3
    assert world.told("missed") == [], "the account is read before it is said that slots passed"
    assert world.told("halted") == []
    world.run_for(HOUR, world.new_worker())
    assert world.posted() == world.seen
    assert len(world.seen) == 6


def test_a_slot_that_still_lives_is_not_sent_again() -> None:
    world = Restored()
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.at(SLOT + 2 * MINUTE)
    world.run_for(timedelta(minutes=40), world.new_worker())
    assert len(world.seen) == 1
    assert (world.row().state, world.row().reason) == ("posted", FOUND)
    assert world.network.calls.count("upload") == 1, "nor are its pictures"


def test_a_slot_that_was_taken_early_is_not_sent_again_either() -> None:
    world = Restored()
    backup = world.backup()
    assert world.worker.post_next().slot == SLOT
    world.restore(backup)
    world.at(START + 10 * MINUTE)
    world.run_for(2 * HOUR, world.new_worker())
    assert world.posted() == world.seen
    assert len(world.seen) == 2


@pytest.mark.parametrize("minutes", [2, 40], ids=["lives", "is over"])
def test_taking_a_slot_early_reads_first_whether_the_lost_one(minutes: int) -> None:
    world = Restored()
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.at(SLOT + minutes * MINUTE)
    row = world.new_worker().post_next()
    assert row.slot == SLOT + HOUR
    assert world.posted() == world.seen
    assert len(world.seen) == 2


def test_slots_between_what_was_posted_are_missed() -> None:
    world = Restored()
    backup = world.backup()
    world.at(SLOT).step()
    world.ledger.pause()
    world.run_for(timedelta(hours=1, minutes=40))
    world.ledger.resume()
    world.run_for(HOUR)
    assert [row.state for row in world.rows()] == ["posted", "missed", "posted"]
    world.restore(backup)
    world.run_for(10 * MINUTE, world.new_worker())
    assert [row.state for row in world.rows()] == ["posted", "missed", "posted"]
    assert world.posted() == world.seen


@pytest.mark.parametrize("state", ["sending", "retry", "unknown", "held", "failed", "missed"])
def test_rows_that_have_lost_their_receipt_get_it_back(state: Any) -> None:
    world = Restored()
    world.at(SLOT)
    backups: list[dict[str, Any]] = []
    world.network.before_send = lambda: backups.append(world.backup())
    world.step()
    world.network.before_send = lambda: None
    world.restore(backups[0])
    if state != "sending":
        world.ledger.move(world.row(), state, "as of the backup", next_at=SLOT + 8 * HOUR)
    world.at(SLOT + HOUR - MINUTE)
    world.run_for(20 * MINUTE, world.new_worker())
    assert world.rows()[0].state == "posted"
    assert world.posted() == world.seen


def test_a_retry_that_went_out_is_not_sent_again() -> None:
    world = Restored()
    world.network.script = ["not_sent"]
    world.at(SLOT).step()
    backup = world.backup()
    assert world.row().state == "retry"
    world.run_for(MINUTE)
    assert world.row().state == "posted"
    world.restore(backup)
    world.at(SLOT + 4 * MINUTE)
    world.run_for(2 * MINUTE, world.new_worker())
    assert len(world.seen) == 1
    assert (world.row().state, world.row().reason) == ("posted", FOUND)


def test_somebody_else_may_be_faster_at_it() -> None:
    world = Restored()
    backup = world.backup()
    world.run_for(timedelta(hours=3, minutes=10))
    world.restore(backup)
    world.at(world.now + 20 * MINUTE)
    one, other = world.new_worker(), world.new_worker()
    recover = world.ledger.recover

    def overtaken(*args: Any) -> Any:
        world.ledger.recover = recover  # type: ignore[method-assign]
        other.step()
        return recover(*args)

    world.ledger.recover = overtaken  # type: ignore[method-assign,assignment]
    world.run_for(MINUTE, one)
    assert world.posted() == world.seen
    assert len(world.rows()) == 3
