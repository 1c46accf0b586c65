"""From nothing to a row: what is claimed, and what is missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import islice

import pytest

from bot.domain import History, Schedule
from bot.errors import NotSent
from bot.ledger.memory import MemoryLedger
from bot.planning import Planner
from bot.publishing import (
    PREPARE,
)
from tests.generated import START, limits
from tests.world import MINUTE, SECOND, SLOT, World, live


def test_a_slot_is_claimed_before_it_is_sent_and_posted_with_its_receipt() -> None:
    world = live()
    states: list[tuple[str, int]] = []
    world.network.before_send = lambda: states.append((world.row().state, len(world.seen)))
    world.step()
    assert states == [("sending", 0)]
    row = world.row()
    assert (row.state, row.attempts, row.remote_id, row.slot) == ("posted", 1, "r1", SLOT)
    assert row.text == world.seen[0]
    assert row.finished_at == SLOT


def test_what_goes_out_is_what_the_plan_showed() -> None:
    world = live()
    planner = Planner(world.campaign, {"x": limits()})
    shown = next(planner.plan(world.account, world.ledger.history("x0"), START))
    world.step()
    assert shown.post is not None
    assert world.row().post == shown.post
    assert (world.row().template, world.row().draws) == (shown.template, shown.draws)


def test_the_first_row_is_the_birth_and_no_slot_before_it_is_sent() -> None:
    world = World()
    (birth,) = world.ledger.rows()
    assert (birth.state, birth.reason, birth.slot) == ("missed", "birth", START)
    late = World(every=(1, "d"))
    late.ledger = MemoryLedger(clock=lambda: late.now)
    late.at(START + timedelta(days=1, minutes=5))  # within the grace of a slot of before
    newcomer = late.new_worker()
    late.step(newcomer)
    assert late.seen == []
    assert [row.reason for row in late.ledger.rows()] == ["birth"]


def test_a_late_start_counts_the_slots_since_starts_and_goes_on_as_the_preview_showed() -> None:
    begin = START + timedelta(days=1)
    world = World(schedule=Schedule(timezone="UTC", every=(1, "d"), starts=begin))
    planner = Planner(world.campaign, {"x": limits()})
    shown = list(islice(planner.plan(world.account, History("x0"), begin - SECOND), 6))
    late = world.at(begin + timedelta(days=3, minutes=5))  # the fourth slot is live, and yet...
    late.ledger = MemoryLedger(clock=lambda: late.now)
    worker = late.new_worker()
    late.step(worker)
    assert [row.reason for row in late.rows()] == ["rescheduled"] * 4
    assert late.seen == []
    late.run_for(timedelta(days=2), worker)
    assert late.seen == [each.post.text for each in shown[4:] if each.post]


def test_media_are_uploaded_ahead_and_only_once() -> None:
    world = World().at(SLOT - PREPARE - SECOND)
    assert world.step() == SLOT - PREPARE
    assert world.network.calls == []
    world.at(SLOT - PREPARE).step()
    assert world.network.calls == ["upload"]
    world.at(SLOT).step()
    assert world.network.calls == ["upload", "send"]


def test_media_that_never_become_ready_miss_the_slot() -> None:
    world = live(upload_script=["not_sent"] * 99)
    world.run_for(timedelta(minutes=31))
    reason = "media: sim: not sent: the upload did not go through"
    assert (world.row().state, world.row().reason) == ("missed", reason)
    assert "send" not in world.network.calls
    assert len(world.told("media")) < 12, "it backs off"


def test_media_that_become_ready_late_still_go_out() -> None:
    world = live(upload_script=["not_sent", "refused"])
    world.run_for(timedelta(minutes=5))
    assert world.row().state == "posted"


@pytest.mark.parametrize(
    ("reason", "hinder"),
    [
        ("late", lambda world: None),
        ("paused", lambda world: world.ledger.pause()),
        ("unapproved", lambda world: setattr(world, "approved", lambda _: False)),
    ],
)
def test_slots_that_passed_are_missed_with_their_reason(
    reason: str, hinder: Callable[[World], None]
) -> None:
    world = World()
    hinder(world)
    world.at(START + timedelta(hours=3, minutes=31)).step()
    assert [(row.state, row.reason) for row in world.rows()] == [("missed", reason)] * 3
    assert [row.slot for row in world.rows()] == [SLOT + timedelta(hours=n) for n in range(3)]
    assert all(row.text and row.draws for row in world.rows()), "they used up their draw"
    assert world.seen == []


def test_what_is_signed_off_while_its_slot_lives_still_goes_out() -> None:
    world = live()
    world.approved = lambda _: False
    world.run_for(10 * MINUTE)
    assert world.rows() == []
    assert world.network.calls == [], "nothing of it is uploaded either"
    world.approved = lambda _: True
    world.run_for(2 * MINUTE)
    assert world.row().state == "posted"


def test_nothing_left_to_draw_is_missed_and_says_so() -> None:
    world = World()
    world.run_for(timedelta(hours=20))
    assert len(world.seen) == 18, "6 passages in 3 templates"
    assert {row.reason for row in world.rows()[18:]} == {"nothing to draw"}
    assert world.rows()[-1].text is None


def test_a_paused_worker_posts_when_it_is_resumed_in_time() -> None:
    world = live()
    world.ledger.pause("a meeting")
    world.run_for(timedelta(minutes=10))
    assert world.rows() == []
    world.ledger.resume()
    world.step()
    assert world.row().state == "posted"


def test_a_backlog_never_bursts() -> None:
    world = World(every=(10, "m")).at(START + timedelta(hours=3))
    world.run_for(timedelta(minutes=4))
    assert len(world.seen) == 1
    assert [row.state for row in world.rows()] == ["missed"] * 17 + ["posted"]


def test_a_clock_that_runs_backward_arms_nothing_again() -> None:
    world = live()
    world.step()
    world.at(START).step()
    world.at(SLOT).step()
    world.at(SLOT + MINUTE).step()
    assert len(world.seen) == 1


def test_two_workers_post_a_slot_once() -> None:
    world = live()
    other = world.new_worker()
    world.network.before_send = lambda: bool(other.step())
    world.step()
    world.step(other)
    assert len(world.seen) == 1
    assert world.row().state == "posted"


def test_taking_a_slot_early_uses_it_up() -> None:
    world = World()
    row = world.worker.post_next()
    assert (row.state, row.slot) == ("posted", SLOT)
    world.at(SLOT).step()
    assert len(world.seen) == 1


def test_why_nothing_could_be_taken_early_is_said() -> None:
    world = World()
    world.ledger.pause()
    with pytest.raises(NotSent, match="paused"):
        world.worker.post_next()
    world.ledger.resume()
    world.network.upload_script = ["refused"]
    with pytest.raises(NotSent, match="media: sim: refused: the picture was refused"):
        world.worker.post_next()
    assert world.rows() == []
