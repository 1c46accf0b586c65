"""Each row and each rule of the state table, on a network that never deduplicates by itself.

The oracle is the network's own memory: what a follower would see.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Any

import pytest

from bot.domain import History, Receipt, Schedule
from bot.errors import LedgerUnavailable, NotSent
from bot.ledger.base import Row
from bot.ledger.memory import MemoryLedger
from bot.networks.base import FOREVER, Request
from bot.planning import Planner
from bot.publishing import (
    BACKOFF,
    DEADLINE,
    PREPARE,
    READ_APART,
    SEND_WINDOW,
    TOO_OLD,
    resolve,
)
from bot.reconciling import CLOCK_SKEW
from tests.generated import START, campaign, limits, passage, template
from tests.simulated import Landed
from tests.world import MINUTE, SECOND, SLOT, World, live

# -- from nothing to a row --------------------------------------------------------------------


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
    assert [row.reason for row in late.rows()] == ["late"] * 4
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
    assert (world.row().state, world.row().reason) == ("missed", "media")
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


def test_a_sign_off_taken_back_stops_what_was_not_armed_and_nothing_else() -> None:
    world = live(script=["not_sent"])
    world.step()
    assert world.row().state == "retry"
    world.approved = lambda _: False
    world.run_for(5 * MINUTE)
    assert world.row().state == "posted", "the row is frozen, its sign-off too"
    world.at(SLOT + timedelta(hours=1)).run_for(45 * MINUTE)
    assert (world.rows()[-1].state, world.rows()[-1].reason) == ("missed", "unapproved")


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
    with pytest.raises(NotSent, match="media"):
        world.worker.post_next()
    assert world.rows() == []


# -- from `sending` ---------------------------------------------------------------------------


def test_not_sent_is_tried_again_with_a_new_token_and_the_same_bytes() -> None:
    world = live(script=["not_sent"])
    world.step()
    first = world.row()
    assert (first.state, first.next_at) == ("retry", SLOT + BACKOFF[0])
    world.at(SLOT + BACKOFF[0]).step()
    second = world.row()
    assert (second.state, second.attempts, second.text) == ("posted", 2, first.text)
    assert second.token != first.token
    assert world.network.calls == ["upload", "send", "upload", "send"]


def test_retries_back_off_and_honour_what_the_network_says() -> None:
    world = live(script=["not_sent"] * 9)
    waits = []
    for _ in range(6):
        world.step()
        row = world.row()
        if row.state != "retry" or row.next_at is None:
            break
        waits.append((row.next_at - world.now).total_seconds())
        world.at(row.next_at)
    assert waits == [30, 60, 120, 240, 480, 480]
    world = live(script=["not_sent"], retry_at=SLOT + timedelta(minutes=11))
    world.step()
    assert world.row().next_at == SLOT + timedelta(minutes=11)


def test_a_retry_that_expires_is_missed() -> None:
    world = live(script=["not_sent"] * 99)
    world.run_for(timedelta(minutes=31))
    assert world.row().state == "missed"
    assert world.row().reason.startswith("late: ")
    assert world.seen == []


def test_a_retry_never_draws_anew() -> None:
    world = live(script=["not_sent"])
    world.step()
    frozen = world.row().text
    world.campaign = campaign([passage("other", text="Other words")], [template("t9")])
    edited = world.new_worker()
    world.at(SLOT + BACKOFF[0]).step(edited)
    assert world.seen == [frozen]


def test_refused_for_good_is_failed_and_alarms() -> None:
    world = live(script=["refused"])
    world.run_for(timedelta(minutes=40))
    assert (world.row().state, world.seen) == ("failed", [])
    assert len(world.told("failed")) == 1


@pytest.mark.parametrize("word", ["lost", "vanish"])
def test_anything_else_is_unknown(word: str) -> None:
    world = live(script=[word])
    world.step()
    assert world.row().state == "unknown"


def test_a_fault_of_our_own_after_the_claim_is_unknown_too() -> None:
    world = live()

    def boom() -> None:
        raise ZeroDivisionError

    world.network.before_send = boom
    world.step()
    assert world.row().state == "unknown"


def test_a_dead_workers_row_is_unknown_after_deadline_and_quarantine_and_not_before() -> None:
    world = dead_while_sending(live(), landed=False)
    over = SLOT + DEADLINE + world.network.quarantine
    survivor = world.new_worker()
    assert world.at(over - SECOND).step(survivor) == over
    assert world.row().state == "sending"
    world.at(over).step(survivor)
    assert world.row().state in {"unknown", "held"}
    assert world.seen == []


def dead_while_sending(world: World, *, landed: bool) -> World:
    """The worker claims, perhaps sends, and dies before it can record anything."""

    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    if landed:
        world.network.script = ["post"]
        receive = world.ledger.receive
        world.ledger.receive = lambda *a, **k: die()  # type: ignore[method-assign,assignment]
        with pytest.raises(Died):
            world.step()
        world.ledger.receive = receive  # type: ignore[method-assign]
    else:
        world.network.before_send = die
        with pytest.raises(Died):
            world.step()
        world.network.before_send = lambda: None
    assert world.row().state == "sending"
    return world


# -- the last look before the write -----------------------------------------------------------


def test_no_row_of_mine_no_request() -> None:
    world = live()

    def taken_over() -> None:
        row = world.row()
        world.ledger.move(row, "unknown", "somebody else")

    world.network.before_send = taken_over
    world.step()
    assert world.seen == []
    assert world.row().state == "unknown"


def test_a_token_tells_two_armings_apart() -> None:
    world = live()

    def rearmed_by_another() -> None:
        row = world.ledger.move(world.row(), "retry", "somebody else")
        world.ledger.rearm(row, "another token")

    world.network.before_send = rearmed_by_another
    world.step()
    assert world.seen == []


def test_nothing_is_written_outside_the_send_window() -> None:
    world = live()
    world.network.before_send = lambda: world.at(SLOT + SEND_WINDOW + SECOND)
    world.step()
    assert (world.row().state, world.seen) == ("retry", [])


def test_a_pause_that_comes_in_between_stops_the_write() -> None:
    world = live()
    world.network.before_send = lambda: world.ledger.pause()
    world.step()
    assert (world.row().state, world.seen) == ("retry", [])


# -- from `unknown` ---------------------------------------------------------------------------


def test_found_when_read_back_is_posted() -> None:
    world = live(script=["lost"])
    world.run_for(timedelta(minutes=2))
    assert (world.row().state, world.row().reason) == ("posted", "reconciled by reading back")
    assert len(world.seen) == 1


def test_absent_twice_after_the_quarantine_is_sent_again_by_who_armed_it() -> None:
    world = live(script=["vanish"])
    over = SLOT + DEADLINE + world.network.quarantine
    world.run_for(over - SLOT - SECOND)
    assert (world.row().state, world.seen) == ("unknown", [])
    world.run_for(SECOND + READ_APART - SECOND)
    assert world.row().state == "unknown", "one reading is not enough"
    world.run_for(2 * READ_APART)
    assert (world.row().state, world.row().attempts) == ("posted", 2)
    assert len(world.seen) == 1


def test_a_request_that_lands_late_is_not_sent_twice() -> None:
    world = live(script=["late:200"])
    world.run_for(timedelta(minutes=25))
    assert len(world.seen) == 1
    assert world.row().state == "posted"


def test_absent_is_not_enough_where_the_sender_may_live() -> None:
    world = live(script=["vanish"])
    world.step()
    survivor = world.new_worker()
    world.at(SLOT + DEADLINE + world.network.quarantine + MINUTE)
    world.run_for(timedelta(minutes=5), survivor)
    assert (world.row().state, world.seen) == ("held", [])
    assert len(world.told("held")) == 1


def test_who_is_provably_alone_may_send_again() -> None:
    for world in (live(script=["vanish"]), live()):
        if world.network.script:
            world.step()
        else:
            dead_while_sending(world, landed=False)
        world.ledger.prove_alone = lambda: True  # type: ignore[method-assign]
        survivor = world.new_worker()
        world.at(SLOT + MINUTE).step(survivor)  # from now on it can't land later than ...
        over = world.now + DEADLINE + world.network.quarantine
        world.run_for(over - world.now + READ_APART - SECOND, survivor)
        assert (world.row().state, world.seen) == ("unknown", [])
        world.run_for(READ_APART, survivor)
        assert world.row().state == "posted"
        assert len(world.seen) == 1


def test_the_quarantine_of_a_dead_sender_begins_when_it_is_known_to_be_dead() -> None:
    """It may have been stopped for long before it wrote: the arming does not say when it did."""
    world = live(script=["late:840"])  # it wrote at 7 min, and that lands at 14
    world.step()
    survivor = world.new_worker()
    world.at(SLOT + 8 * MINUTE)
    world.ledger.prove_alone = lambda: True  # type: ignore[method-assign]
    world.run_for(timedelta(minutes=15), survivor)
    assert (world.row().reason, len(world.seen)) == ("reconciled by reading back", 1)


def test_the_quarantine_of_a_stopped_sender_begins_when_it_was_woken() -> None:
    """Stopped after its last look, it writes when it wakes; the deadline is long over by then."""
    world = live(script=["late:290"])
    world.network.after_look = lambda: world.at(SLOT + 20 * MINUTE)
    world.step()
    world.network.after_look = lambda: None
    world.run_for(timedelta(minutes=8))
    assert (world.row().reason, len(world.seen)) == ("reconciled by reading back", 1)


def test_a_resend_that_lands_late_is_waited_for() -> None:
    """Its key may be too old for another try by then, and the arming is an hour ago."""
    hour = timedelta(hours=1)
    world = live(script=["vanish", "late:350"], keyed=hour)
    world.step()
    world.at(SLOT + hour - 2 * DEADLINE - world.network.quarantine - SECOND).step()
    world.run_for(timedelta(minutes=20))
    first = world.rows()[0]
    assert (first.reason, world.seen.count(first.text or "")) == ("reconciled by reading back", 1)


def test_a_network_whose_clock_is_behind_is_read_rightly() -> None:
    world = live(script=["lost"])
    world.step()
    world.network.landed[0].at -= CLOCK_SKEW
    world.run_for(timedelta(minutes=20))
    assert (world.row().reason, len(world.seen)) == ("reconciled by reading back", 1)


def test_somebody_elses_post_is_neither_this_one_nor_nothing() -> None:
    world = live(script=["vanish"])
    world.step()
    world.network.landed.append(Landed("by-hand", "Typed by hand", "", SLOT + MINUTE))
    world.run_for(timedelta(minutes=20))
    assert world.row().state == "unknown"
    world.run_for(TOO_OLD)
    assert world.rows()[0].state == "held"
    assert world.rows()[0].text not in world.seen


def test_posts_that_the_ledger_knows_are_not_mistaken_for_this_one() -> None:
    world = live()
    world.step()
    world.network.script = ["vanish"]
    world.at(SLOT + timedelta(hours=1)).step()
    second = world.rows()[1]
    world.network.landed[0].text = second.text or ""  # an edited content could say it again
    world.network.landed[0].at = world.now
    world.run_for(timedelta(minutes=20))
    assert len(world.seen) == 2, "the first post is known, so the second was absent"


def test_reading_that_fails_is_tried_again_and_too_old_is_held() -> None:
    world = live(script=["lost"], find_script=["not_sent"] * 3)
    world.run_for(timedelta(minutes=10))
    assert world.row().state == "posted"
    world = live(script=["lost"], find_script=["not_sent"] * 999)
    world.run_for(TOO_OLD + timedelta(minutes=3))
    assert world.rows()[0].state == "held"
    assert len(world.told("held")) == 1


def test_reading_that_is_refused_is_held() -> None:
    world = live(script=["lost"], find_script=["refused"])
    world.run_for(timedelta(minutes=2))
    assert world.row().state == "held"


def test_a_network_that_can_not_be_read_is_held() -> None:
    world = live(script=["lost"], readable=False)
    world.run_for(timedelta(minutes=2))
    assert (world.row().state, len(world.seen)) == ("held", 1)


def test_a_key_answers_the_doubt() -> None:
    world = live(script=["lost"], keyed=FOREVER, readable=False)
    world.run_for(timedelta(minutes=2))
    assert (world.row().state, len(world.seen)) == ("posted", 1)
    assert {landed.key for landed in world.network.landed} == {world.row().id}


def test_a_doubt_is_not_forgotten_after_a_resends_429() -> None:
    world = live(script=["vanish", "not_sent", "refused", "vanish"], keyed=FOREVER)
    for _ in range(4):
        world.step()
        assert world.row().state == "unknown"
        world.at(world.now + timedelta(minutes=9))
    world.step()
    assert world.rows()[0].state == "posted"
    assert len(world.seen) == 1


def test_a_key_for_ever_answers_a_doubt_of_an_hour_ago() -> None:
    world = live(script=["lost"], keyed=FOREVER, readable=False)
    world.step()
    world.at(SLOT + timedelta(minutes=80)).step()
    assert world.rows()[0].reason == "reconciled by key"


def test_a_key_that_is_no_longer_valid_is_not_relied_on() -> None:
    world = live(script=["lost"], keyed=timedelta(minutes=1))
    world.step()
    world.at(SLOT + timedelta(minutes=2)).step()
    assert world.row().reason == "reconciled by reading back"
    assert world.network.calls.count("send") == 1


def test_a_key_is_not_relied_on_that_could_expire_before_the_request_lands() -> None:
    hour = timedelta(hours=1)
    for early, word in ((SECOND, "key"), (timedelta(), "reading back")):
        world = live(script=["lost"], keyed=hour)
        world.step()
        world.at(SLOT + hour - 2 * DEADLINE - world.network.quarantine - early).step()
        assert world.row().reason == f"reconciled by {word}"
        assert len(world.seen) == 1


def test_a_resend_that_is_held_up_for_longer_than_the_key_is_not_written() -> None:
    world = live(script=["lost"], keyed=timedelta(hours=1))
    world.step()
    world.at(SLOT + 2 * MINUTE)
    world.network.before_send = lambda: world.at(SLOT + timedelta(minutes=62))
    world.step()
    assert world.rows()[0].state == "unknown"
    world.network.before_send = lambda: None
    world.step()
    assert world.rows()[0].reason == "reconciled by reading back"
    assert world.seen.count(world.rows()[0].text or "") == 1


def test_a_resend_whose_upload_outlasts_the_key_is_not_begun() -> None:
    world = live(script=["lost"], keyed=timedelta(hours=1))
    world.step()
    world.at(SLOT + 2 * MINUTE)
    upload = world.network.upload

    def slow_upload(request: Request) -> tuple[str, ...]:
        world.at(SLOT + timedelta(minutes=62))
        return upload(request)

    world.network.upload = slow_upload  # type: ignore[method-assign]
    world.step()
    world.step()
    assert world.rows()[0].reason == "reconciled by reading back"
    assert world.rows()[0].token == "token-0", "no resend was ever recorded"


def test_a_pause_stops_a_resend_at_the_last_look_too() -> None:
    world = live(script=["vanish"], keyed=FOREVER)
    world.step()
    world.at(SLOT + 2 * MINUTE)
    world.network.before_send = lambda: world.ledger.pause()
    world.step()
    assert (world.row().state, world.seen) == ("unknown", [])


# -- a ledger that goes away ------------------------------------------------------------------


def away(*_: Any, **__: Any) -> Any:
    raise LedgerUnavailable(where="here", why="gone")


def test_a_claim_whose_commit_is_in_doubt_is_never_sent_as_such() -> None:
    world = live()
    arm = world.ledger.arm

    def arm_and_break_off(*args: Any) -> Row:
        arm(*args)
        return away()  # type: ignore[no-any-return]

    world.ledger.arm = arm_and_break_off  # type: ignore[method-assign,assignment]
    with pytest.raises(LedgerUnavailable):
        world.step()
    assert (world.seen, world.row().state) == ([], "sending")
    world.ledger.arm = arm  # type: ignore[method-assign]
    world.run_for(MINUTE)
    assert (world.row().state, world.row().attempts) == ("posted", 2)
    assert len(world.seen) == 1


@pytest.mark.parametrize("entrance", ["step", "post_next"])
def test_a_ledger_that_is_replaced_as_its_first_row_is_written_is_tried_again(
    entrance: str,
) -> None:
    world = World()
    world.ledger = MemoryLedger(clock=lambda: world.now)
    begin, replaced = world.ledger.begin, MemoryLedger(clock=lambda: world.now)
    world.ledger.begin = replaced.begin  # type: ignore[method-assign]
    worker = world.new_worker()
    with pytest.raises(LedgerUnavailable, match="gone again"):
        getattr(worker, entrance)()
    assert (world.rows(), world.seen) == ([], [])
    world.ledger.begin = begin  # type: ignore[method-assign]
    worker.step()
    world.at(SLOT).step(worker)
    assert world.row().state == "posted"
    assert len(world.seen) == 1


def test_a_receipt_is_kept_until_the_ledger_is_back() -> None:
    world = live()
    receive = world.ledger.receive
    world.ledger.receive = away  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(LedgerUnavailable):
            world.step()
    assert len(world.seen) == 1
    world.ledger.receive = receive  # type: ignore[method-assign]
    world.run_for(timedelta(minutes=10))
    assert world.row().state == "posted"
    assert len(world.seen) == 1


def test_a_ledger_away_before_the_write_means_not_sent() -> None:
    world = live()
    row = world.ledger.row
    world.network.before_send = lambda: setattr(world.ledger, "row", away)
    with pytest.raises(LedgerUnavailable):
        world.step()
    world.ledger.row = row  # type: ignore[method-assign]
    world.network.before_send = lambda: None
    world.step()
    assert (world.row().state, world.seen) == ("retry", [])


def test_a_receipt_counts_whatever_became_of_the_row() -> None:
    world = live(script=["vanish"])
    world.step()
    row = world.row()
    world.ledger.move(row, "held", "by another worker")
    posted = world.ledger.receive(row, Receipt("late", "sim:/late"))
    assert posted.state == "posted"


def test_a_receipt_that_comes_again_changes_nothing() -> None:
    """The commit was in doubt: it is recorded once more."""
    world = live()
    receive = world.ledger.receive

    def receive_and_break_off(*args: Any) -> Row:
        receive(*args)
        return away()  # type: ignore[no-any-return]

    world.ledger.receive = receive_and_break_off  # type: ignore[method-assign,assignment]
    with pytest.raises(LedgerUnavailable):
        world.step()
    posted = world.row()
    world.ledger.receive = receive  # type: ignore[method-assign]
    world.at(SLOT + MINUTE).step()
    assert (posted.state, world.row(), len(world.seen)) == ("posted", posted, 1)


def test_the_hosts_clock_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Host(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            pytest.fail("the host's clock was asked")

    monkeypatch.setattr("bot.publishing.datetime", Host)
    for keyed in (None, FOREVER):
        world = World(script=["not_sent", "vanish"], upload_script=["not_sent"], keyed=keyed)
        world.run_for(timedelta(hours=3, minutes=10))
        assert {row.state for row in world.rows()} == {"posted"}


# -- a person ---------------------------------------------------------------------------------


def held() -> World:
    world = live(script=["vanish"], readable=False)
    world.run_for(timedelta(minutes=2))
    assert world.row().state == "held"
    return world


def test_a_person_says_posted() -> None:
    world = held()
    receipt = Receipt("99", "https://x.com/i/web/status/99")
    settled = resolve(world.ledger, world.row(), grace=30 * MINUTE, posted=receipt, retry=False)
    assert (settled.state, settled.url) == ("posted", receipt.url)
    world.run_for(timedelta(minutes=40))
    assert world.seen == []


def test_a_person_says_again_hours_later() -> None:
    world = held()
    world.ledger.pause()
    world.at(SLOT + timedelta(hours=5))
    world.ledger.resume()
    resolve(world.ledger, world.row(), grace=30 * MINUTE, posted=None, retry=True)
    text = world.row().text
    world.step()
    assert world.rows()[0].state == "posted"
    assert world.seen[0] == text


def test_a_person_drops_it() -> None:
    world = held()
    resolve(world.ledger, world.row(), grace=30 * MINUTE, posted=None, retry=False)
    world.run_for(timedelta(minutes=40))
    assert (world.row().state, world.seen) == ("failed", [])
