"""When the ledger may have forgotten posts, how that is noticed, and what it costs to look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain import COOLDOWN, Schedule
from bot.errors import NotSent
from bot.ledger.base import ALIVE
from bot.networks.base import FOREVER
from bot.planning import Planner
from bot.publishing import PREPARE
from bot.reconciling import CLOCK_SKEW, FORGOTTEN, FOUND, new_row
from tests.generated import START, limits
from tests.reconciling.world import HOUR, Restored, edited, quarantined
from tests.world import MINUTE, SECOND, SLOT

# -- when it is looked at, and what that costs -----------------------------------------------------


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


# -- under the hands of a worker -------------------------------------------------------------------


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


@pytest.mark.parametrize("call", ["history", "trust", "lineage"])
def test_rows_that_go_while_a_fresh_worker_is_stopped_in_its_first_look_are_noticed(
    call: str,
) -> None:
    """It has seen a sign of life, so that the time it was stopped for is no pause to it."""
    world = Restored()
    world.run_for(timedelta(minutes=50))
    backup = world.backup()
    world.at(SLOT).step()
    world.beat()
    worker = world.new_worker()
    answer = getattr(world.ledger, call)

    def stopped(*args: Any) -> Any:
        setattr(world.ledger, call, answer)
        answered = answer(*args)
        world.restore(backup)
        world.now += 40 * MINUTE
        return answered

    setattr(world.ledger, call, stopped)
    world.run_for(HOUR, worker)
    assert world.posted() == world.seen
    assert world.rows()[0].reason == FOUND


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


def test_a_sign_of_life_from_a_time_to_come_says_nothing() -> None:
    """Rows that a wrong clock recorded, without an answer to read the account by: it is read now,
    though nothing is to be sent."""
    world = Restored()
    world.at(SLOT).step()
    world.beat()
    backup = world.backup()
    world.at(SLOT + HOUR).step()
    assert len(world.posted()) == 2
    world.restore(backup)
    ahead = SLOT + 5 * HOUR
    history = world.ledger.history("x0")
    lost = next(Planner(world.campaign, {"x": limits()}).plan(world.account, history, SLOT))
    world.at(ahead)
    world.ledger.miss([new_row(history.rows + 1, lost)], "late")
    world.at(SLOT + HOUR + 10 * MINUTE)
    world.new_worker().step()
    assert len(world.posted()) == 2, "the row has its post back"


def test_a_loss_that_a_wrong_clock_noted_is_not_waited_out() -> None:
    world = Restored()
    world.at(SLOT).step()
    world.ledger.suspect("x0", world.now + 300 * 24 * HOUR, noticed=world.now + 300 * 24 * HOUR)
    world.at(SLOT + HOUR)
    world.run_for(20 * MINUTE, world.new_worker())
    assert world.ledger.trust("x0").suspected is None
    assert len(world.posted()) == 2
