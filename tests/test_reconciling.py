"""A ledger that has forgotten posts: it is noticed, and the account is read before it is sent to.

What the ledger forgets is played by an older copy of it taking its place. The oracle is, as ever,
what followers saw.
"""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain import COOLDOWN, Schedule
from bot.errors import LedgerUnavailable, NotSent
from bot.halting import resume
from bot.ledger.base import ALIVE, Halt
from bot.networks.base import FOREVER
from bot.planning import Planner
from bot.publishing import BACKOFF, DEADLINE, PREPARE, UNREAD, Publisher, resolve
from bot.reconciling import CLOCK_SKEW, FORGOTTEN, FOUND, has_tag
from tests.generated import START, campaign, limits, passage, template
from tests.simulated import Landed
from tests.test_publishing import MINUTE, SECOND, SLOT, World, live

HOUR = timedelta(hours=1)


class Restored(World):
    """A world whose ledger can be put back to what it was, under the workers' hands or not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.past = ""
        self.ledger.lineage = lambda: self.past  # type: ignore[method-assign]

    def backup(self) -> dict[str, Any]:
        kept = ("_rows", "_trust", "_halts", "_asked", "_beats")
        return {name: copy.deepcopy(getattr(self.ledger, name)) for name in kept}

    def restore(self, backup: dict[str, Any]) -> None:
        vars(self.ledger).update(copy.deepcopy(backup))

    def beat(self) -> None:
        self.ledger.beat("host:1/x0", {"account": "x0"})

    def posted(self) -> list[str]:
        return [row.text or "" for row in self.rows() if row.state == "posted"]

    def finds(self) -> int:
        return self.network.calls.count("find")

    def by_hand(self, text: str, at: datetime | None = None) -> None:
        number = f"by-hand-{len(self.network.landed)}"
        self.network.landed.append(Landed(number, text, "", at or self.now))


def quarantined(world: World) -> timedelta:
    return DEADLINE + world.network.quarantine


# -- a backup takes the ledger's place, and a process starts ----------------------------------


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


# -- when it is looked at, and what that costs ------------------------------------------------


def test_a_restart_without_a_pause_reads_nothing() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    world.beat()
    world.now += ALIVE - SECOND
    world.run_for(HOUR, world.new_worker())
    assert len(world.seen) == 1
    assert world.finds() == 0


def test_after_a_pause_its_time_is_read_once_and_only_when_something_is_to_be_sent() -> None:
    world = Restored()
    world.run_for(timedelta(hours=2, minutes=10))
    world.beat()
    slept = world.now
    world.now += 20 * MINUTE
    sinces: list[datetime] = []
    times: list[datetime] = []
    find = world.network.find

    def finding(since: datetime) -> Any:
        sinces.append(since)
        times.append(world.now)
        found = find(since)
        assert found == [], "so it costs nothing"
        return found

    world.network.find = finding  # type: ignore[method-assign]
    worker = world.new_worker()
    world.run_for(20 * MINUTE, worker)
    assert sinces == [], "nothing is to be sent yet"
    world.run_for(3 * HOUR, worker)
    assert sinces == [slept - CLOCK_SKEW]
    assert times == [START + 3 * HOUR - PREPARE], "it does not cost the slot its first seconds"
    assert world.posted() == world.seen


def test_of_a_pause_of_months_no_more_is_read_than_the_cooldown() -> None:
    """What is older may come again anyway, and reading it would cost."""
    world = Restored()
    world.run_for(timedelta(hours=1, minutes=10))
    world.now += 2 * COOLDOWN
    sinces: list[datetime] = []
    world.network.find = lambda since: sinces.append(since) or []  # type: ignore
    begun = world.now
    world.run_for(MINUTE, world.new_worker())
    assert sinces == [begun - COOLDOWN]


def test_another_accounts_worker_is_no_sign_of_life() -> None:
    world = Restored()
    world.run_for(timedelta(hours=1, minutes=30))
    world.ledger.beat("host:1/y", {"account": "y"})
    world.run_for(HOUR, world.new_worker())
    assert world.finds() == 1


def test_a_restart_does_not_forget_the_suspicion() -> None:
    world = Restored()
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.at(SLOT + 2 * MINUTE)
    world.network.find_script = ["not_sent"] * 99
    world.run_for(MINUTE, world.new_worker())
    world.beat()
    world.network.find_script = []
    world.run_for(MINUTE, world.new_worker())
    assert len(world.seen) == 1
    assert world.row().reason == FOUND


def test_a_new_ledger_reads_nothing() -> None:
    world = Restored()
    world.by_hand("We begin today! #Test")
    world.run_for(timedelta(hours=3))
    assert world.finds() == 0
    assert len(world.posted()) == 2


# -- under the hands of a worker --------------------------------------------------------------


def test_rows_that_are_gone_are_noticed_and_what_was_under_way_may_land_first() -> None:
    world = Restored()
    backup = world.backup()
    world.network.script = ["late:300"]
    world.at(SLOT).step()
    world.restore(backup)
    world.run_for(quarantined(world) - SECOND)
    assert world.rows() == [], "nothing is sent meanwhile"
    assert world.finds() == 0
    world.run_for(2 * MINUTE)
    assert len(world.seen) == 1
    assert (world.row().state, world.row().reason) == ("posted", FOUND)
    assert len(world.told("suspected")) == 1


def test_slots_pass_as_missed_meanwhile_and_are_put_right_later() -> None:
    world = Restored(every=(4, "m"), quarantine=timedelta(minutes=15))
    world.run_for(timedelta(minutes=9))
    backup = world.backup()
    world.run_for(timedelta(minutes=8))
    assert len(world.seen) == 4
    world.restore(backup)
    world.run_for(timedelta(minutes=10))
    assert len(world.seen) == 4
    assert [row.state for row in world.rows()][:2] == ["posted", "posted"]
    assert {row.state for row in world.rows()[2:]} == {"missed"}
    world.run_for(timedelta(minutes=10))
    assert world.posted() == world.seen
    assert len(world.seen) > 4


def test_a_receipt_whose_row_is_gone_is_noticed() -> None:
    """Another row has taken the number by then, so the count tells nothing."""
    world = Restored()
    backup = world.backup()
    receive = world.ledger.receive

    def fail_over(*args: Any) -> Any:
        world.ledger.receive = receive  # type: ignore[method-assign]
        world.restore(backup)
        return receive(*args)

    world.ledger.receive = fail_over  # type: ignore[method-assign,assignment]
    world.at(SLOT).step()
    assert len(world.told("suspected")) == 1
    world.run_for(quarantined(world) + 2 * MINUTE)
    assert len(world.seen) == 1
    assert (world.row().state, world.row().reason) == ("posted", FOUND)


def test_a_database_that_goes_on_from_another_past_is_noticed() -> None:
    world = Restored()
    world.past = "1"
    worker = world.new_worker()
    world.run_for(timedelta(hours=1, minutes=5), worker)
    backup = world.backup()
    assert world.ledger.trust("x0").lineage == "1"
    world.run_for(HOUR, worker)
    world.restore(backup)
    world.past = "2"
    sinces: list[datetime] = []
    find = world.network.find
    world.network.find = lambda since: sinces.append(since) or find(since)  # type: ignore
    fresh = world.new_worker()
    noticed = world.now
    world.run_for(HOUR, fresh)
    assert sinces == [noticed - FORGOTTEN]
    assert world.posted() == world.seen
    assert world.ledger.trust("x0").lineage == "2"
    world.beat()
    world.run_for(HOUR, world.new_worker())
    assert len(sinces) == 1


def test_another_past_is_noticed_though_the_backup_is_older_than_the_note_of_it() -> None:
    """By who has not seen the rows that are lost, too."""
    world = Restored()
    backup = world.backup()
    world.past = "1"
    worker = world.new_worker()
    world.step(worker)
    world.at(SLOT).step()
    world.restore(backup)
    world.past = "2"
    world.step(worker)
    assert len(world.told("suspected")) == 1
    world.run_for(20 * MINUTE, worker)
    assert len(world.seen) == 1


def test_a_loss_that_another_worker_has_mended_is_not_read_for_again() -> None:
    world = Restored()
    world.past = "1"
    one, other = world.new_worker(), world.new_worker()
    world.step(one)
    world.step(other)
    world.past = "2"
    world.run_for(timedelta(minutes=70), one)
    assert world.finds() == 1
    world.run_for(HOUR, other)
    assert world.finds() == 1
    assert len(world.told("suspected")) == 1


def test_a_database_that_changes_between_the_arming_and_the_write_stops_it() -> None:
    world = Restored()
    world.at(SLOT)
    world.past = "1"
    worker = world.new_worker()
    world.network.before_send = lambda: setattr(world, "past", "2")
    world.step(worker)
    assert world.seen == []
    world.network.before_send = lambda: None
    world.run_for(quarantined(world) + 10 * MINUTE, worker)
    assert world.posted() == world.seen
    assert len(world.seen) == 1


def test_a_database_whose_past_can_not_be_asked_goes_by_the_signs_of_life() -> None:
    world = Restored()
    world.past = "1"
    world.run_for(timedelta(hours=1, minutes=5), world.new_worker())
    world.past = ""
    world.beat()
    world.run_for(HOUR, world.new_worker())
    assert world.told("suspected") == []
    assert len(world.seen) == 2


def test_more_that_is_noticed_while_reading_is_read_too() -> None:
    world = Restored()
    backup = world.backup()
    world.run_for(timedelta(hours=1, minutes=40))
    world.restore(backup)
    find = world.network.find

    def noticing(since: datetime) -> Any:
        world.network.find = find  # type: ignore[method-assign]
        world.ledger.suspect("x0", since - HOUR, noticed=world.now)
        return find(since)

    world.network.find = noticing  # type: ignore[method-assign]
    world.run_for(HOUR, world.new_worker())
    assert world.finds() == 2
    assert world.ledger.trust("x0").suspected is None
    assert world.posted() == world.seen


def test_a_loss_that_is_certain_is_mended_though_nothing_is_left_to_send() -> None:
    end = SLOT + 2 * HOUR
    world = Restored(schedule=Schedule(timezone="UTC", every=(1, "h"), ends=end))
    world.run_for(timedelta(minutes=50))
    backup = world.backup()
    world.run_for(timedelta(hours=1, minutes=50))
    assert len(world.seen) == 2
    world.restore(backup)
    world.run_for(MINUTE)
    assert {row.state for row in world.rows()} == {"missed"}, "there is no slot after these"
    world.run_for(quarantined(world) + MINUTE)
    assert world.posted() == world.seen


def test_a_loss_that_is_certain_is_mended_by_a_fresh_worker_too() -> None:
    """Though it saw nothing of it, and has nothing to send."""
    world = Restored(schedule=Schedule(timezone="UTC", every=(1, "h"), ends=SLOT + 30 * MINUTE))
    backup = world.backup()
    world.run_for(timedelta(hours=1, minutes=40))
    world.restore(backup)
    world.run_for(MINUTE)
    assert [row.state for row in world.rows()] == ["missed"]
    world.beat()
    world.run_for(quarantined(world) + MINUTE, world.new_worker())
    assert world.posted() == world.seen
    assert len(world.seen) == 1


def test_a_pause_that_comes_with_a_loss_makes_no_mere_pause_of_it() -> None:
    """The backup is old, and whoever noticed it was killed before it wrote anything else."""
    world = Restored(schedule=Schedule(timezone="UTC", every=(1, "h"), ends=SLOT + 30 * MINUTE))
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.now += timedelta(days=2)
    world.ledger.suspect("x0", world.now - FORGOTTEN, noticed=world.now)
    world.run_for(quarantined(world) + 2 * MINUTE, world.new_worker())
    assert world.posted() == world.seen
    assert len(world.seen) == 1


def test_a_loss_that_two_workers_see_is_told_once() -> None:
    world = Restored()
    backup = world.backup()
    other = world.new_worker()
    world.at(SLOT).step()
    world.step(other)
    world.restore(backup)
    world.step()
    world.step(other)
    assert len(world.told("suspected")) == 1


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_fresh_worker_looks_at_the_past_before_it_settles_a_doubt(by_hand: bool) -> None:
    """Else its last look would find the database another one than it had seen: none."""
    world = Restored(keyed=FOREVER)
    world.network.script = ["lost"]
    world.at(SLOT).step()
    world.now += 2 * MINUTE
    worker = world.new_worker()
    if by_hand:
        worker.post_next()
    else:
        world.step(worker)
    assert (world.rows()[0].state, world.rows()[0].reason) == ("posted", "reconciled by key")


def test_what_another_worker_suspects_is_read_for_before_a_retry() -> None:
    world = Restored()
    world.network.script = ["not_sent"]
    world.at(SLOT).step()
    world.ledger.suspect("x0", START)
    world.run_for(5 * MINUTE)
    assert world.finds() == 1
    assert world.row().state == "posted"


def test_who_takes_over_what_is_certain_mends_it_though_nothing_is_left_to_send() -> None:
    end = SLOT + HOUR - MINUTE
    schedule = Schedule(timezone="UTC", every=(1, "h"), ends=end)
    world = Restored(schedule=schedule, quarantine=timedelta(minutes=40))
    backup = world.backup()
    other = world.new_worker()
    world.step(other)
    world.at(SLOT).step()
    world.restore(backup)
    world.ledger.suspect("x0", START, noticed=world.now)
    world.run_for(MINUTE, other)
    assert world.rows() == []
    world.run_for(2 * HOUR, other)
    assert world.posted() == world.seen
    assert len(world.seen) == 1


def test_what_one_worker_suspects_holds_for_those_that_saw_nothing() -> None:
    """It never had more rows than the backup and what the first wrote into it."""
    world = Restored()
    other = world.new_worker()
    world.step(other)
    backup = world.backup()
    world.at(SLOT).step()
    world.restore(backup)
    world.network.find_script = ["not_sent"] * 3
    world.step()
    world.now += MINUTE
    world.run_for(20 * MINUTE, other)
    assert len(world.seen) == 1
    assert (world.row().state, world.row().reason) == ("posted", FOUND)


def test_rows_that_are_gone_are_noticed_before_a_retry_is_sent_again() -> None:
    world = Restored()
    world.network.script = ["not_sent"]
    world.at(SLOT).step()
    backup = world.backup()
    world.at(SLOT + MINUTE)
    world.worker.post_next()
    assert len(world.seen) == 2
    world.restore(backup)
    world.run_for(5 * MINUTE)
    assert len(world.seen) == 2
    world.run_for(30 * MINUTE)
    assert world.posted() == world.seen


def test_rows_that_go_while_the_account_is_read_are_noticed() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    backup = world.backup()
    world.at(SLOT).step()
    world.now += 40 * MINUTE
    worker = edited(world)
    find = world.network.find

    def lose(since: datetime) -> Any:
        world.network.find = find  # type: ignore[method-assign]
        found = find(since)
        knows = world.ledger.knows

        def lose_then(*args: Any) -> set[str]:
            world.ledger.knows = knows  # type: ignore[method-assign]
            known = knows(*args)
            world.restore(backup)
            return known

        world.ledger.knows = lose_then  # type: ignore[method-assign,assignment]
        return found

    world.network.find = lose  # type: ignore[method-assign]
    world.run_for(HOUR, worker)
    assert len(world.told("suspected")) == 1


def test_rows_that_go_when_the_account_has_been_read_stop_what_is_asked_for_by_hand() -> None:
    world = Restored()
    world.run_for(timedelta(minutes=50))
    backup = world.backup()
    world.at(SLOT).step()
    world.now += 10 * MINUTE
    clear = world.ledger.clear

    def lose(*args: Any) -> bool:
        world.ledger.clear = clear  # type: ignore[method-assign]
        cleared = clear(*args)
        world.restore(backup)
        return cleared

    worker = world.new_worker()
    world.ledger.clear = lose  # type: ignore[method-assign,assignment]
    with pytest.raises(NotSent, match="not read back yet"):
        worker.post_next()
    assert len(world.seen) == 1
    world.run_for(HOUR, worker)
    assert world.posted() == world.seen


def test_rows_that_go_while_the_account_is_read_are_missed_though_others_are_given_back() -> None:
    """As many rows are given back as went, and yet one is missing."""
    world = Restored()
    world.run_for(timedelta(minutes=50))
    backup = world.backup()
    world.at(SLOT).step()
    planner = Planner(world.campaign, {"x": limits()})
    following = next(planner.plan(world.account, world.ledger.history("x0"), SLOT))
    assert following.post is not None
    world.by_hand(following.post.text, SLOT + HOUR)
    world.at(SLOT + timedelta(minutes=62))
    knows = world.ledger.knows

    def lose(*args: Any) -> set[str]:
        world.ledger.knows = knows  # type: ignore[method-assign]
        known = knows(*args)
        world.restore(backup)
        return known

    worker = world.new_worker()
    world.ledger.knows = lose  # type: ignore[method-assign,assignment]
    world.run_for(40 * MINUTE, worker)
    assert [row.state for row in world.rows()][:2] == ["posted", "posted"]
    assert world.posted()[:2] == world.seen[:2]


# -- what is found, and is nobody's -----------------------------------------------------------


def edited(world: World) -> Publisher:
    """A worker with other words: what was lost can't be planned again."""
    passages = [passage(f"q{n}", text=f"Other words {n}") for n in range(6)]
    world.campaign = campaign(passages, [template("t9")], schedule=world.account.schedule)
    return world.new_worker()


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
    assert (world.row().state, world.row().reason) == ("missed", "paused")
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


# -- what can not be read ---------------------------------------------------------------------


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


# -- what one doubt may cost ------------------------------------------------------------------


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
