"""From `unknown` on: keys, readings, and what is held."""

from __future__ import annotations

from datetime import timedelta

from bot.ledger.reasons import TOO_OLD
from bot.networks.base import FOREVER, Request
from bot.publishing import READ_APART
from bot.reconciling import CLOCK_SKEW, DEADLINE
from tests.simulated import Landed
from tests.world import MINUTE, SECOND, SLOT, dead_while_sending, live


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
