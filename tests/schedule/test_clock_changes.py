"""Every clock change of every time zone, 2020 to 2037, gives each slot once."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Schedule
from bot.schedule import instants, localise
from tests.schedule.spans import (
    BRUSSELS,
    CLOCKS,
    DAY,
    HALF_HOURLY,
    HOUR,
    HOURLY,
    expected,
    steady,
    utc,
)

#
# The oracle knows nothing of offsets, gaps and folds: it walks the instants of the days around a
# change, a quarter of an hour at a time, and for a wall time takes the first at which the local
# clock has come to it: the first of two, and for a time that does not exist the end of the gap.
QUARTER = timedelta(minutes=15)


class Change(NamedTuple):
    """A change of a zone's clocks: the instant, and the offsets before and after it."""

    at: datetime
    before: timedelta
    after: timedelta


def offset(zone: ZoneInfo, at: datetime) -> timedelta:
    value = at.astimezone(zone).utcoffset()
    assert value is not None
    return value


def changes(zone: ZoneInfo) -> Iterator[Change]:
    """Every change of the offset from 2020 to 2037; looks once a week, then closes in."""
    at, before = utc("2020-01-01"), offset(zone, utc("2020-01-01"))
    end = utc("2038-01-01")
    while at < end:
        later = at + 7 * DAY
        after = offset(zone, later)
        if after != before:
            yield Change(closed_in(zone, at, later), before, after)
        at, before = later, after


def closed_in(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
    return high


@cache
def zones() -> dict[str, tuple[Change, ...]]:
    """One zone for each distinct list of changes, by name; `UTC` stands for all that have none."""
    seen: dict[tuple[Change, ...], str] = {}
    for name in sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}):
        seen.setdefault(tuple(changes(ZoneInfo(name))), name)
    return {name: found for found, name in seen.items() if found}


def walk(zone: ZoneInfo, change: Change) -> list[tuple[datetime, datetime]]:
    """(instant, local wall time) from two days before a change to two days after, by quarters.

    The instant of the change is among them, since a few are not on a quarter (Casey: 16:01 UTC).
    """
    start = change.at.replace(minute=0) - 2 * DAY - HOUR
    ticks = {start + n * QUARTER for n in range(4 * 24 * 4 + 8)} | {change.at}
    return [(at, at.astimezone(zone).replace(tzinfo=None)) for at in sorted(ticks)]


def walls_of(days: list[date], clocks: tuple[time, ...]) -> list[datetime]:
    return [datetime.combine(day, clock) for day in days for clock in clocks]


RULES: dict[str, tuple[dict[str, Any], tuple[time, ...]]] = {
    "times": ({"times": CLOCKS}, tuple(time.fromisoformat(text) for text in CLOCKS)),
    "cron hourly": ({"cron": "0 * * * *"}, HOURLY),
    "cron half-hourly": ({"cron": "*/30 * * * *"}, HALF_HOURLY),
    "every 1d": ({"every": (1, "d")}, (time(0),)),
}


def test_there_is_something_to_go_through() -> None:
    every = [change for found_here in zones().values() for change in found_here]
    assert len(zones()) > 40
    assert len(every) > 1000
    assert min(change.at for change in every).year == 2020
    assert max(change.at for change in every).year == 2037
    for name in (BRUSSELS, "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca"):
        assert tuple(changes(ZoneInfo(name))) in zones().values()
    for known in zones().values():  # so looking once a week misses none
        assert all(later.at - earlier.at > 7 * DAY for earlier, later in pairwise(known))
    assert all((change.after - change.before) % QUARTER == timedelta() for change in every)


def test_every_clock_change_of_every_zone_gives_each_slot_once() -> None:
    for name, known in zones().items():
        zone = ZoneInfo(name)
        for change in known:
            walked = walk(zone, change)
            day = change.at.astimezone(zone).date()
            for rule, (given_rule, clocks) in RULES.items():
                walls = walls_of([day - DAY, day, day + DAY], clocks)
                right = expected(walked, walls)
                schedule = Schedule(timezone=name, **given_rule)
                got = list(instants_between(schedule, right[0], right[-1]))
                assert got == sorted(set(right)), (rule, name, change)
                assert all(one < other for one, other in pairwise(got)), (rule, name, change)
                assert len(walls) - len(got) == moved_onto_another(right), (rule, name, change)


def instants_between(schedule: Schedule, first: datetime, last: datetime) -> Iterator[datetime]:
    for at in instants(schedule, first - timedelta(seconds=1)):
        if at > last:
            return
        yield at


def moved_onto_another(right: list[datetime]) -> int:
    """How many of the wall times a gap moved to where another one is."""
    return sum(one == other for one, other in pairwise(right))


def test_every_six_hours_goes_through_every_clock_change_unmoved() -> None:
    for name, known in zones().items():
        schedule = Schedule(timezone=name, every=(6, "h"))
        for change in known:
            got = list(instants_between(schedule, change.at - DAY, change.at + DAY))
            assert len(got) in (8, 9)
            assert all(at.timestamp() % 21600 == 0 for at in got)


@settings(steady, max_examples=300)
@given(st.data())
def test_any_minute_of_any_changing_day(data: st.DataObject) -> None:
    """The same by the minute, for times that the fixed rules above leave out."""
    name = data.draw(st.sampled_from(sorted(zones())))
    change = data.draw(st.sampled_from(zones()[name]))
    zone = ZoneInfo(name)
    day = change.at.astimezone(zone).date() + data.draw(st.sampled_from([-1, 0, 1])) * DAY
    nominal = datetime.combine(day, data.draw(st.times()).replace(second=0, microsecond=0))
    at = localise(nominal, zone)
    local = at.astimezone(zone).replace(tzinfo=None)
    if local == nominal:
        assert nominal.replace(tzinfo=zone, fold=0).utcoffset() == offset(
            zone, at
        )  # fold=0: the first
    else:
        assert (at, nominal < local) == (change.at, True)
        assert (at - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None) < nominal
