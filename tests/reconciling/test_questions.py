"""What is found on the account, and is no slot's post: asked about, or a person's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.content.tags import has_tag
from bot.planning import Planner
from bot.publishing import resolve
from bot.reconciling import FOUND
from tests.generated import START, campaign, limits
from tests.reconciling.world import HOUR, Restored, edited, quarantined
from tests.world import MINUTE, SECOND, SLOT, World


def test_a_post_of_the_campaigns_that_is_no_slots_is_asked_about_once() -> None:
    world = Restored()
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.at(SLOT + 5 * MINUTE)
    worker = edited(world)
    world.run_for(40 * MINUTE, worker)
    (told,) = world.told("halted")
    assert "sim:/r1" in told["why"]
    assert len(world.seen) == 1, "the slot that may have had it is not sent"
    assert (world.row().state, world.row().reason) == ("missed", "halted")
    world.ledger.unhalt("x0")
    world.ledger.suspect("x0", START)
    world.run_for(3 * HOUR, edited(world))
    assert len(world.told("halted")) == 1
    assert len(world.seen) == 4


def test_a_slot_for_which_nothing_can_be_drawn_any_more_may_have_had_it() -> None:
    world = Restored()
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.campaign = campaign([], [], schedule=world.account.schedule)
    world.at(SLOT + 40 * MINUTE)
    worker = world.new_worker()
    world.step(worker)
    assert world.row().reason == "nothing to draw"
    world.run_for(quarantined(world), worker)
    assert len(world.told("halted")) == 1


@pytest.mark.parametrize("minutes", [-4, 1, 38], ids=["skewed", "in time", "late"])
def test_a_slot_that_was_missed_may_have_had_it(minutes: int) -> None:
    """By a clock that is behind, or where its request landed late."""
    world = Restored()
    world.ledger.pause()
    world.by_hand("Other words #Test", SLOT + minutes * MINUTE)
    world.run_for(timedelta(hours=1, minutes=40))
    world.ledger.resume()
    assert world.row().state == "missed"
    world.ledger.suspect("x0", START)
    world.run_for(HOUR, world.new_worker())
    (told,) = world.told("halted")
    assert "by-hand-0" in told["why"]


def test_what_was_posted_on_the_day_of_the_birth_is_no_question() -> None:
    world = Restored()
    world.by_hand("We begin today! #Test")
    world.ledger.suspect("x0", START - HOUR)
    world.run_for(HOUR + MINUTE, world.new_worker())
    assert world.finds() == 1
    assert world.told("halted") == []
    assert world.row().state == "posted"


def test_a_slot_that_is_given_anothers_post_may_have_had_the_one_that_is_left() -> None:
    """The slot's words were edited before the next one's were drawn, and that one got these."""
    world = Restored()
    backup = world.backup()
    world.at(SLOT)
    world.by_hand("Other words #Test")
    planner = Planner(world.campaign, {"x": limits()})
    first = next(planner.plan(world.account, world.ledger.history("x0"), START))
    assert first.post is not None
    world.by_hand(first.post.text, SLOT + HOUR)
    world.restore(backup)
    world.at(SLOT + timedelta(minutes=90))
    world.run_for(HOUR, world.new_worker())
    (told,) = world.told("halted")
    assert "by-hand-0" in told["why"]
    assert world.rows()[0].state == "posted"


def test_what_is_left_is_asked_about_though_giving_back_breaks_off() -> None:
    world = Restored()
    backup = world.backup()
    world.run_for(timedelta(hours=2, minutes=10))
    world.by_hand("Other words #Test", SLOT + MINUTE)
    world.now += 30 * MINUTE
    world.restore(backup)
    recover = world.ledger.recover

    def killed_at_the_second(*args: Any) -> Any:
        if world.rows():
            raise KeyboardInterrupt
        return recover(*args)

    world.ledger.recover = killed_at_the_second  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        world.step(world.new_worker())
    world.ledger.recover = recover  # type: ignore[method-assign]
    world.run_for(HOUR, world.new_worker())
    (told,) = world.told("halted")
    assert "by-hand-2" in told["why"]
    assert world.posted() == world.seen[:2]


def test_of_two_posts_that_are_alike_a_slot_gets_the_older() -> None:
    """Somebody typed it again."""
    world = Restored()
    backup = world.backup()
    world.at(SLOT).step()
    receipt = world.row().remote_id
    world.by_hand(world.row().text or "", SLOT + 40 * MINUTE)
    world.restore(backup)
    world.at(SLOT + 50 * MINUTE)
    world.run_for(20 * MINUTE, world.new_worker())
    assert world.rows()[0].remote_id == receipt


def of_an_older_slots_words() -> World:
    """A ledger was lost and begun anew, drew the same words again, and was lost for the older."""
    world = Restored()
    world.ledger.pause()
    world.at(SLOT)
    world.run_for(40 * MINUTE)
    world.ledger.resume()
    assert (world.row().state, world.row().reason) == ("missed", "paused")
    world.by_hand(world.row().text or "", SLOT + HOUR)
    world.ledger.suspect("x0", START)
    world.at(SLOT + timedelta(minutes=62))
    return world


def test_a_post_of_an_older_slots_words_may_be_that_of_the_slot_in_whose_time_it_went_out() -> None:
    world = of_an_older_slots_words()
    world.run_for(HOUR, world.new_worker())
    (told,) = world.told("halted")
    assert "by-hand-0" in told["why"]
    assert [row.state for row in world.rows()] == ["posted", "missed"]
    assert len(world.seen) == 1


def test_that_is_asked_about_though_giving_back_breaks_off() -> None:
    world = of_an_older_slots_words()
    receive = world.ledger.receive

    def killed(*args: Any) -> Any:
        receive(*args)
        raise KeyboardInterrupt

    world.ledger.receive = killed  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        world.run_for(HOUR, world.new_worker())
    world.ledger.receive = receive  # type: ignore[method-assign]
    world.run_for(HOUR, world.new_worker())
    assert len(world.told("halted")) == 1
    assert len(world.seen) == 1


def test_a_slot_that_was_given_anothers_post_before_may_have_had_what_is_found_now() -> None:
    """As above, but giving back broke off in between, and went on with other content."""
    world = Restored()
    world.at(SLOT)
    planner = Planner(world.campaign, {"x": limits()})
    first = next(planner.plan(world.account, world.ledger.history("x0"), START))
    assert first.post is not None
    world.by_hand(first.post.text, SLOT + 2 * MINUTE)
    world.ledger.suspect("x0", START)
    world.at(SLOT + timedelta(minutes=90))
    world.run_for(HOUR, world.new_worker())
    assert (world.rows()[0].reason, world.told("halted")) == (FOUND, [])
    world.by_hand("Other words #Test", SLOT + MINUTE)
    world.ledger.suspect("x0", START)
    world.run_for(HOUR, world.new_worker())
    (told,) = world.told("halted")
    assert "by-hand-" in told["why"]


def test_a_row_does_not_take_a_post_that_is_older_than_its_claim() -> None:
    """The same words, lost with an old ledger, and drawn again by the new one."""
    world = Restored()
    world.network.script = ["vanish"]
    world.at(SLOT).step()
    world.ledger.move(world.row(), "held", "a person is asked")
    world.by_hand(world.row().text or "", SLOT - 10 * MINUTE)
    world.ledger.suspect("x0", START)
    world.at(SLOT + HOUR)
    world.run_for(MINUTE, world.new_worker())
    assert world.finds() == 1
    assert [row.state for row in world.rows()] == ["held", "posted"]


def test_a_post_that_the_ledger_knows_is_no_question_whenever_it_went_out() -> None:
    """Sent again by a person, in the time of another slot, which was missed."""
    world = Restored(readable=False)
    world.network.script = ["vanish"]
    world.at(SLOT).step()
    world.run_for(2 * MINUTE)
    assert world.row().state == "held"
    world.at(SLOT + HOUR + MINUTE)
    grace = timedelta(hours=2)
    resolve(world.ledger, world.row(), grace=grace, posted=None, retry=True)
    world.network.upload_script = ["ok"] + ["not_sent"] * 99
    world.run_for(40 * MINUTE)
    assert [row.state for row in world.rows()] == ["posted", "missed"]
    world.network.readable = True
    world.network.upload_script = []
    world.ledger.suspect("x0", START)
    world.run_for(HOUR, world.new_worker())
    assert world.finds() == 1
    assert world.told("halted") == []
    assert len(world.seen) == 2


def test_what_was_posted_before_the_history_began_is_no_slots() -> None:
    world = Restored()
    planner = Planner(world.campaign, {"x": limits()})
    first = next(planner.plan(world.account, world.ledger.history("x0"), START))
    assert first.post is not None
    world.by_hand(first.post.text, START - HOUR)
    world.ledger.suspect("x0", START - 2 * HOUR)
    world.run_for(2 * HOUR, world.new_worker())
    assert world.finds() == 1
    assert world.row().reason == ""
    assert len(world.seen) == 2


def test_many_are_named_by_the_first_few() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.now += HOUR
    for number in range(8):
        world.by_hand(f"Words {number} #TEST", SLOT + number * SECOND)
    world.run_for(10 * MINUTE, world.new_worker())
    (told,) = world.told("halted")
    assert "and 3 more" in told["why"]
    assert len(world.ledger.was_asked("x0")) == 8


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("No hashtag", 2), ("#Testing is another hashtag", 2), ("In no slot's time #Test", 50)],
)
def test_a_persons_own_posts_are_left_alone(text: str, minutes: int) -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.by_hand(text, SLOT + minutes * MINUTE)
    world.now = SLOT + timedelta(minutes=51)
    world.run_for(HOUR, world.new_worker())
    assert world.finds() == 1
    assert world.told("halted") == []
    assert [row.state for row in world.rows()] == ["missed", "posted"]


def test_an_old_row_does_not_take_a_newer_post() -> None:
    """The same words, when they may come again: they are the newer slot's."""
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.now = SLOT + 31 * MINUTE
    world.step()
    old = world.row()
    assert old.state == "missed"
    world.at(SLOT + timedelta(days=40))
    world.by_hand(old.text or "")
    world.ledger.suspect("x0", world.now - HOUR)
    world.run_for(MINUTE, world.new_worker())
    assert world.rows()[0].state == "missed"


def test_a_hashtag_is_one_in_any_case_and_form() -> None:
    assert has_tag("We say #STANDwithbelarus!", "#StandWithBelarus")
    assert has_tag("#Solidarite\u0301", "#Solidarité")
    assert not has_tag("#StandWithBelarusians", "#StandWithBelarus")
    assert not has_tag("Stand with Belarus", "#StandWithBelarus")
