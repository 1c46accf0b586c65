"""An edited schedule invents no losses; and what an account is planned by is noted."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain import Schedule
from bot.plan_notes import schedule_hash
from bot.planning import Planner
from bot.publishing import Publisher
from tests.generated import START, campaign, limits, passage
from tests.world import MINUTE, World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOON = START + 12 * HOUR
AT_NOON = Schedule(timezone="UTC", times=("12:00",))
HOURLY = Schedule(timezone="UTC", every=(1, "h"))


def noon_world() -> World:
    """A day of `times = ["12:00"]`: its post went out, and its worker is gone."""
    world = World(schedule=AT_NOON).at(NOON)
    world.step()
    world.now += MINUTE
    world.step()
    assert [row.state for row in world.rows()] == ["posted"]
    return world


def edited(world: World, schedule: Schedule, content: str = "edited") -> Publisher:
    """A worker that was started after the edit."""
    passages = [passage(f"p{n}") for n in range(20)]
    made = campaign(passages, list(world.campaign.templates.values()), schedule=schedule)
    return Publisher(
        made.accounts["x0"],
        Planner(made, {"x": limits()}),
        world.ledger,
        world.network,
        lambda name, **fields: world.events.append((name, fields)),
        content=content,
        new_token=lambda: next(world.tokens),
        spread=lambda: 1.0,
    )


def reasons(world: World) -> list[str]:
    return [row.reason for row in world.rows()[1:]]


def test_slots_that_never_were_are_rescheduled() -> None:
    world = noon_world().at(NOON + 23 * HOUR + 45 * MINUTE)
    worker = edited(world, HOURLY)
    world.step(worker)
    assert reasons(world) == ["rescheduled"] * 23
    world.at(NOON + DAY)
    world.step(worker)
    assert world.rows()[-1].state == "posted"


def test_the_next_slot_as_it_was_noted_is_lost_all_the_same() -> None:
    world = noon_world().at(NOON + 26 * HOUR + 45 * MINUTE)
    world.step(edited(world, HOURLY))
    assert reasons(world) == ["rescheduled"] * 23 + ["late"] + ["rescheduled"] * 2
    assert world.rows()[24].slot == NOON + DAY


def test_it_is_lost_though_the_edit_left_it_out() -> None:
    world = noon_world().at(NOON + DAY + HOUR)
    worker = edited(world, AT_NOON._replace(times=("15:00",)))
    world.run_for(MINUTE, worker)
    assert reasons(world) == ["rescheduled", "late"]
    assert world.rows()[-1].slot == NOON + DAY
    world.run_for(2 * HOUR, worker)
    assert [row.state for row in world.rows()] == ["posted", "missed", "missed", "posted"]


def test_what_the_schedule_of_now_has_before_it_never_was() -> None:
    world = noon_world().at(NOON + DAY + HOUR)
    later = Schedule(timezone="UTC", times=("09:00", "15:00"))
    world.run_for(MINUTE, edited(world, later))
    assert reasons(world) == ["rescheduled", "rescheduled", "late"]
    assert world.rows()[-1].slot == NOON + DAY


def test_what_an_edit_left_out_before_it_was_over_is_not_lost() -> None:
    world = noon_world().at(NOON + DAY - MINUTE)
    world.run_for(5 * HOUR, edited(world, AT_NOON._replace(times=("15:00",))))
    assert reasons(world) == ["rescheduled", ""]


def test_who_paused_meanwhile_lost_nothing_by_the_edit() -> None:
    world = noon_world()
    world.ledger.pause("a strike")
    world.at(NOON + DAY + HOUR)
    world.run_for(MINUTE, edited(world, AT_NOON._replace(times=("15:00",))))
    assert reasons(world) == ["rescheduled", "paused"]


def test_what_a_schedule_loses_later_is_lost() -> None:
    world = noon_world().at(NOON + 2 * HOUR + 45 * MINUTE)
    world.step(edited(world, HOURLY))
    assert reasons(world) == ["rescheduled"] * 2
    world.at(NOON + 6 * HOUR + 45 * MINUTE)
    world.step(edited(world, HOURLY))
    assert reasons(world) == ["rescheduled"] * 2 + ["late"] * 4


def test_a_worker_that_dies_after_the_note_leaves_the_reasons_as_they_were() -> None:
    world = noon_world().at(NOON + 26 * HOUR + 45 * MINUTE)

    class Died(BaseException):
        pass

    def die(*args: object) -> None:
        raise Died

    miss = world.ledger.miss
    world.ledger.miss = die  # type: ignore[method-assign,assignment]
    try:
        world.step(edited(world, HOURLY))
    except Died:
        world.ledger.miss = miss  # type: ignore[method-assign]
    world.step(edited(world, HOURLY))
    assert reasons(world) == ["rescheduled"] * 23 + ["late"] + ["rescheduled"] * 2


def test_edited_content_alone_changes_no_reason() -> None:
    world = noon_world().at(NOON + DAY + HOUR)
    world.step(edited(world, AT_NOON))
    assert reasons(world) == ["late"]


def test_a_ledger_from_before_the_notes_keeps_its_losses() -> None:
    world = noon_world().at(NOON + DAY + HOUR)
    world.ledger._plans.clear()
    world.step(edited(world, AT_NOON))
    assert reasons(world) == ["late"]


def test_the_next_slot_and_its_expiry_are_noted() -> None:
    world = noon_world()
    note = world.ledger.plan_note("x0")
    assert note is not None
    assert (note.slot, note.expires) == (NOON + DAY, NOON + DAY + 30 * MINUTE)
    assert note.schedule == schedule_hash(world.account)
    assert note.first == START
    world.now += HOUR
    world.step(edited(world, HOURLY, "other content"))
    note = world.ledger.plan_note("x0")
    assert note is not None
    assert (note.slot, note.content) == (NOON + HOUR, "other content")
    assert (note.first, note.before) == (world.now, NOON + DAY)


def test_what_is_noted_is_not_written_again() -> None:
    world = noon_world()
    first = world.ledger.plan_note("x0")
    world.now += 6 * HOUR
    world.step()
    world.step(world.new_worker())
    assert world.ledger.plan_note("x0") == first


def test_a_schedule_that_is_over_is_noted_so() -> None:
    world = noon_world()
    ends = AT_NOON._replace(ends=START.date())
    world.step(edited(world, ends))
    note = world.ledger.plan_note("x0")
    assert note is not None
    assert (note.slot, note.expires) == (None, None)


def test_where_a_schedule_stands_in_its_file_is_no_part_of_it() -> None:
    world = noon_world()
    moved = world.account._replace(schedule=AT_NOON._replace(where=world.campaign.where))
    assert schedule_hash(moved) == schedule_hash(world.account)
    assert schedule_hash(moved) != schedule_hash(moved._replace(schedule=HOURLY))


def test_a_slot_may_be_jittered() -> None:
    world = World(schedule=AT_NOON._replace(jitter=3000))
    note = world.ledger.plan_note("x0")
    assert note is not None
    assert note.slot == NOON
    assert note.expires is not None
    assert NOON + 30 * MINUTE < note.expires <= NOON + 30 * MINUTE + timedelta(seconds=3000)
    assert isinstance(note.noted, datetime)
    world.at(note.expires - MINUTE).step(world.new_worker())
    assert world.row().state == "posted"


def test_what_is_noted_in_another_ledger_does_not_count() -> None:
    """A ledger was lost, a young one took its place, and then the old one was put back."""
    world = noon_world()
    old = {name: getattr(world.ledger, name) for name in ("_rows", "_plans")}
    vars(world.ledger).update(_rows={}, _plans={})
    world.at(NOON + 2 * DAY + HOUR).step()
    vars(world.ledger).update(old)
    world.run_for(20 * MINUTE)
    assert [each.partition(":")[0] for each in reasons(world)] == ["late", "late"]
