"""Slots: by hand, by properties, and through every clock change of every time zone to 2037."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Account, Schedule, Slot
from bot.schedule import GRACE, begins, instants, localise, slots, smallest_gap, validate

steady = settings(deadline=None, derandomize=True)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
BRUSSELS = "Europe/Brussels"
HOURLY = tuple(time(hour) for hour in range(24))
HALF_HOURLY = tuple(time(hour, minute) for hour in range(24) for minute in (0, 30))
CLOCKS = ("00:00", "00:30", "01:00", "02:00", "02:30", "03:00", "12:00", "23:45")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> datetime:
    """A local time without an offset."""
    return datetime.fromisoformat(text)


def account(name: str = "x", /, **schedule: Any) -> Account:
    schedule.setdefault("timezone", BRUSSELS)
    return Account(name, "x", Schedule(**schedule))


def found(start: str, end: str, **schedule: Any) -> list[str]:
    """The slots' nominal instants in a span, as short UTC texts."""
    ends = slots(account(**schedule), 1, utc(start), utc(end))
    return [f"{slot.at.astimezone(UTC):%Y-%m-%d %H:%M}" for slot in ends]


def said(**schedule: Any) -> list[str]:
    schedule.setdefault("timezone", BRUSSELS)
    return [what for what, _ in validate(Schedule(**schedule))]


# -- the rules, by hand ---------------------------------------------------------------------------


def test_times_are_wall_time_in_the_zone() -> None:
    assert found("2026-07-01", "2026-07-02", times=("12:00", "09:30")) == [
        "2026-07-01 07:30",
        "2026-07-01 10:00",
    ]
    assert found("2026-12-01", "2026-12-02", times=("12:00",)) == ["2026-12-01 11:00"]


def test_the_start_is_exclusive_and_the_end_inclusive() -> None:
    noons: dict[str, Any] = {"timezone": "UTC", "times": ("12:00",)}
    assert found("2026-07-01T12:00", "2026-07-02T12:00", **noons) == ["2026-07-02 12:00"]
    assert found("2026-07-01T11:59:59", "2026-07-02T11:59:59", **noons) == ["2026-07-01 12:00"]


def test_a_start_in_another_zone_is_the_same_instant() -> None:
    start = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
    first = next(slots(account(times=("12:00",)), 1, start))
    assert first.at == utc("2026-07-01T10:00")
    assert first.at.tzinfo is UTC


def test_a_start_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        next(slots(account(times=("12:00",)), 1, wall("2026-01-01")))


def test_a_time_that_does_not_exist_moves_to_the_first_that_does_and_merges() -> None:
    spring = found("2026-03-29T00:00", "2026-03-29T12:00", times=("02:00", "02:30", "03:00"))
    assert spring == ["2026-03-29 01:00"]  # 03:00 in Brussels, once
    assert found("2026-03-29", "2026-03-29T12:00", times=("02:45",)) == ["2026-03-29 01:00"]


def test_a_time_that_comes_twice_counts_once_the_first() -> None:
    autumn = found("2026-10-24T12:00", "2026-10-25T12:00", times=("02:00", "02:30", "03:00"))
    assert autumn == ["2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 02:00"]


@pytest.mark.parametrize(
    ("zone", "local", "instant"),
    [
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),  # half an hour is gone
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),  # half an hour twice
        ("Antarctica/Troll", "2026-03-29T01:30", "2026-03-29T01:00"),  # two hours are gone
        ("Antarctica/Troll", "2026-10-25T02:30", "2026-10-25T00:30"),  # two hours twice
        ("America/Nuuk", "2023-03-25T22:30", "2023-03-26T01:00"),  # a change of the standard time
        ("America/Nuuk", "2024-03-30T23:30", "2024-03-31T01:00"),  # a gap that ends at midnight
        ("America/Nuuk", "2024-10-26T23:30", "2024-10-27T00:30"),  # twice, before midnight
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-23T22:00"),  # a day without a midnight
        (
            "Africa/Casablanca",
            "2026-02-15T02:30",
            "2026-02-15T01:30",
        ),  # summer time ends for a month
        ("Africa/Casablanca", "2026-03-22T02:30", "2026-03-22T02:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),  # a day that there was not
        ("UTC", "2026-03-29T02:30", "2026-03-29T02:30"),
    ],
)
def test_localise(zone: str, local: str, instant: str) -> None:
    assert localise(wall(local), ZoneInfo(zone)) == utc(instant)


def test_cron_is_wall_time_too() -> None:
    workdays: dict[str, Any] = {"cron": "0 9,18 * * mon-fri"}
    assert found("2026-07-03", "2026-07-06T12:00", **workdays) == [
        "2026-07-03 07:00",
        "2026-07-03 16:00",
        "2026-07-06 07:00",
    ]
    assert found("2026-03-29", "2026-03-29T02:00", cron="30 * * * *") == [
        "2026-03-29 00:30",
        "2026-03-29 01:00",  # 02:30 does not exist
        "2026-03-29 01:30",
    ]


def test_every_of_hours_counts_from_the_epoch_whatever_the_clocks_do() -> None:
    got = found("2026-03-28T20:00", "2026-03-29T08:00", every=(5, "h"))
    assert got == ["2026-03-29 01:00", "2026-03-29 06:00"]
    assert all(utc(text).timestamp() % (5 * 3600) == 0 for text in got)


@pytest.mark.parametrize(
    ("starts", "first"),
    [
        (date(2026, 7, 1), "2026-06-30 22:00"),
        (wall("2026-07-01T12:20"), "2026-07-01 10:20"),
        (datetime(2026, 7, 1, 12, 20, tzinfo=UTC), "2026-07-01 12:20"),
    ],
)
def test_every_counts_from_starts(starts: date, first: str) -> None:
    got = found("2026-06-01", "2026-07-01T19:00", every=(7, "h"), starts=starts)
    assert got[0] == first
    assert len(got) == len(range(0, int((utc("2026-07-01T19:00") - utc(first)) / HOUR) + 1, 7))


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        (None, ["2026-03-27 23:00", "2026-03-29 22:00", "2026-03-31 22:00"]),  # local midnights
        (date(2026, 3, 29), ["2026-03-28 23:00", "2026-03-30 22:00"]),
        (
            wall("2026-03-27T18:30"),
            ["2026-03-27 17:30", "2026-03-29 16:30", "2026-03-31 16:30"],
        ),
        (
            datetime(2026, 3, 27, 17, 30, tzinfo=UTC),
            ["2026-03-27 17:30", "2026-03-29 16:30", "2026-03-31 16:30"],
        ),
    ],
)
def test_every_of_days_is_wall_time(starts: date | None, expected: list[str]) -> None:
    assert found("2026-03-27", "2026-04-01", every=(2, "d"), starts=starts) == expected


def test_every_of_days_from_a_time_in_the_second_of_two_hours_is_the_first_from_then_on() -> None:
    starts = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 in Brussels, for the second time
    got = found("2026-10-24", "2026-10-27", every=(1, "d"), starts=starts)
    assert got == ["2026-10-26 01:30"]
    later = list(islice(slots(account(every=(364, "d"), starts=starts), 1, starts), 1))
    assert later[0].at == utc("2027-10-24T00:30")


def test_every_of_days_counts_from_1970_without_starts() -> None:
    day = date.fromisoformat(
        found("2026-03-27", "2026-04-30", every=(7, "d"), timezone="UTC")[0][:10]
    )
    assert (day - date(1970, 1, 1)).days % 7 == 0


def test_days_and_skip_go_by_the_local_date() -> None:
    auckland: dict[str, Any] = {
        "timezone": "Pacific/Auckland",
        "times": ("08:00",),
    }  # still yesterday in UTC
    assert found("2026-07-05T12:00", "2026-07-12T12:00", days=(0,), **auckland) == [
        "2026-07-05 20:00"
    ]
    skipped = found("2026-07-05T12:00", "2026-07-07T12:00", skip=(date(2026, 7, 6),), **auckland)
    assert skipped == ["2026-07-06 20:00"]


def test_days_and_skip_go_by_the_nominal_date_where_the_clocks_move_a_slot_over_midnight() -> None:
    friday = date(2011, 12, 30)  # Samoa left it out
    apia: dict[str, Any] = {"timezone": "Pacific/Apia", "times": ("12:00",)}
    span = ("2011-12-29T23:00", "2011-12-30T11:00")
    assert found(*span, **apia) == ["2011-12-30 10:00"]  # its noon moved to Saturday 00:00
    assert found(*span, skip=(friday,), **apia) == []
    assert found(*span, days=(4,), **apia) == ["2011-12-30 10:00"]


def test_days_and_skip_narrow_every_and_keep_its_beat() -> None:
    got = found("2026-07-01", "2026-07-08", every=(7, "h"), days=(0,), timezone="UTC")
    assert {date.fromisoformat(text[:10]).weekday() for text in got} == {0}
    beat = found("2026-07-01", "2026-07-08", every=(7, "h"), timezone="UTC")
    assert got == [text for text in beat if text.startswith("2026-07-06")]
    assert found(
        "2026-07-01", "2026-07-08", every=(7, "h"), skip=(date(2026, 7, 6),), timezone="UTC"
    ) == [text for text in beat if text not in got]


@pytest.mark.parametrize(
    "rule", [{"times": ("00:00", "12:00")}, {"cron": "0 */12 * * *"}, {"every": (12, "h")}]
)
@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (date(2026, 7, 2), date(2026, 7, 2), ["2026-07-02 00:00", "2026-07-02 12:00"]),
        (wall("2026-07-02T12:00"), wall("2026-07-03"), ["2026-07-02 12:00", "2026-07-03 00:00"]),
        (
            datetime(2026, 7, 2, tzinfo=UTC),
            datetime(2026, 7, 2, 1, tzinfo=UTC),
            ["2026-07-02 00:00"],
        ),
    ],
)
def test_starts_and_ends_are_inclusive(
    rule: Any, starts: Any, ends: Any, expected: list[str]
) -> None:
    got = found("2026-07-01", "2026-07-05", timezone="UTC", starts=starts, ends=ends, **rule)
    assert got == expected


def test_starts_and_ends_as_dates_are_local_days() -> None:
    tokyo: dict[str, Any] = {
        "timezone": "Asia/Tokyo",
        "starts": date(2026, 7, 2),
        "ends": date(2026, 7, 2),
    }
    for rule in ({"times": ("00:00", "23:00")}, {"every": (23, "h")}):
        assert found("2026-06-01", "2026-08-01", **rule, **tokyo) == [
            "2026-07-01 15:00",
            "2026-07-02 14:00",
        ]


@pytest.mark.parametrize(
    ("starts", "instant"),
    [
        (date(2026, 7, 2), "2026-07-01T22:00"),
        (wall("2026-07-02T12:00"), "2026-07-02T10:00"),
        (wall("2026-03-29T02:30"), "2026-03-29T01:00"),
        (datetime(2026, 7, 2, tzinfo=UTC), "2026-07-02T00:00"),
    ],
)
def test_begins(starts: date, instant: str) -> None:
    assert begins(Schedule(timezone=BRUSSELS, starts=starts)) == utc(instant)
    assert begins(Schedule(timezone=BRUSSELS)) is None


def test_the_29th_of_february_is_found_over_the_years_without_one() -> None:
    assert found("2096-03-01", "2104-12-31", cron="0 0 29 2 *", timezone="UTC") == [
        "2104-02-29 00:00"
    ]


def test_a_schedule_that_dries_up_ends() -> None:
    dry = account(cron="0 0 30 1 *", skip=(), days=(0,), timezone="UTC")
    assert len(list(islice(slots(dry, 1, utc("2026-01-01")), 3))) == 3
    barren = account(
        times=("12:00",),
        skip=tuple(date(2026, 1, 1) + n * DAY for n in range(9)),
        ends=date(2026, 1, 9),
    )
    assert list(slots(barren, 1, utc("2026-01-01"))) == []
    never = account(every=(168, "h"), days=(0,), timezone="UTC")  # 1970 began on a Thursday
    assert list(slots(never, 1, utc("2026-01-01"))) == []


@pytest.mark.parametrize(
    "rule", [{"cron": "0 0 1 1 *"}, {"every": (8784, "h")}, {"every": (366, "d")}]
)
def test_a_schedule_that_goes_on_is_not_given_up(rule: dict[str, Any]) -> None:
    long = list(islice(slots(account(**rule, timezone="UTC"), 1, utc("2026-01-01")), 70))
    assert len(long) == 70
    assert long[-1].at > utc("2090-01-01")


def test_a_search_that_finds_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import bot.schedule

    asked: list[date] = []

    def never(day: date) -> bool:
        asked.append(day)
        return False

    monkeypatch.setattr(bot.schedule, "_filter", lambda _: never)
    for rule in ({"times": ("12:00",)}, {"every": (366, "d")}, {"every": (100, "h")}):
        asked.clear()
        assert list(slots(account(**rule), 1, utc("2026-01-01"))) == []
        assert max(asked) < date(2077, 1, 1)


def test_a_beat_that_never_meets_its_days_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import bot.schedule

    asked: list[date] = []

    def mondays(day: date) -> bool:
        asked.append(day)
        return day.weekday() == 0

    monkeypatch.setattr(bot.schedule, "_filter", lambda _: mondays)
    thursdays = account(every=(168, "h"), timezone="UTC")  # as 1970 began
    assert list(slots(thursdays, 1, utc("2026-01-01"))) == []
    assert max(asked) < date(2077, 1, 1)


# -- due and expires ------------------------------------------------------------------------------


def only(start: str, end: str, **schedule: Any) -> list[Slot]:
    schedule.setdefault("timezone", "UTC")
    return list(slots(account(**schedule), 1, utc(start), utc(end)))


def test_a_slot_is_due_at_once_and_expires_after_the_grace() -> None:
    (slot,) = only("2026-07-01", "2026-07-02", times=("12:00",))
    assert slot == Slot(utc("2026-07-01T12:00"), "x", slot.at, slot.at + timedelta(minutes=30))
    assert slot.id == "x/2026-07-01T12:00:00+00:00"


def test_a_slot_expires_half_the_way_to_the_next_if_that_is_sooner() -> None:
    assert [
        slot.expires - slot.at
        for slot in only("2026-07-01", "2026-07-01T12:40", times=("12:00", "12:40"))
    ] == [
        20 * MINUTE,
        30 * MINUTE,
    ]
    first, *_ = only("2026-07-01", "2026-07-01T00:00:05", every=(1, "s"))
    assert first.expires - first.at == timedelta(milliseconds=500)


def test_the_last_slot_has_the_plain_grace() -> None:
    slot = only("2026-07-01", "2026-08-01", times=("23:58", "23:59"), ends=date(2026, 7, 2))[-1]
    assert slot.at == utc("2026-07-02T23:59")
    assert slot.expires - slot.due == GRACE


def test_jitter_depends_on_seed_account_and_slot_and_on_nothing_else() -> None:
    def offsets(name: str = "x", seed: int = 1) -> list[int]:
        jittered = account(name, every=(1, "h"), jitter=600, timezone="UTC")
        span = slots(jittered, seed, utc("2026-07-01"), utc("2026-07-02"))
        return [int((slot.due - slot.at).total_seconds()) for slot in span]

    assert offsets() == offsets()
    assert offsets()[:6] == [396, 484, 67, 506, 185, 362]  # the same on every machine, for ever
    assert len({tuple(offsets()), tuple(offsets("y")), tuple(offsets(seed=2))}) == 3
    assert len(set(offsets())) > 12


def test_jitter_uses_its_whole_range_and_stays_in_it() -> None:
    jittered = only("2026-07-01", "2026-08-01", every=(1, "h"), jitter=3)
    assert {slot.due - slot.at for slot in jittered} == {timedelta(seconds=n) for n in range(4)}


def test_jitter_gives_way_where_the_clocks_bring_slots_together() -> None:
    pair: dict[str, Any] = {"timezone": BRUSSELS, "times": ("01:30", "03:00"), "jitter": 2640}
    assert validate(Schedule(**pair)) == []
    for seed in range(40):
        span = list(slots(account(**pair), seed, utc("2026-03-28T12:00"), utc("2026-03-29T12:00")))
        assert [slot.at for slot in span] == [utc("2026-03-29T00:30"), utc("2026-03-29T01:00")]
        assert span[0].due - span[0].at <= 15 * MINUTE
        assert span[0].expires <= span[1].at


# -- properties -----------------------------------------------------------------------------------

ZONES = (
    BRUSSELS,
    "UTC",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/Nuuk",
    "Asia/Kathmandu",
)

clock_texts = st.times().map(lambda clock: f"{clock:%H:%M}")
rules = st.one_of(
    st.fixed_dictionaries({"times": st.lists(clock_texts, min_size=1, max_size=5).map(tuple)}),
    st.fixed_dictionaries(
        {"cron": st.sampled_from(["0 * * * *", "*/20 8-10 * * *", "5 0 * * sun", "0 3 1,15 * *"])}
    ),
    st.fixed_dictionaries({"every": st.tuples(st.integers(1, 90), st.sampled_from("mhd"))}),
)
moments = st.datetimes(wall("2024-01-01"), wall("2026-12-31")).map(
    lambda at: at.replace(microsecond=0)
)
days_near = st.dates(date(2024, 1, 1), date(2026, 12, 31))
edges = st.none() | days_near | moments | moments.map(lambda at: at.replace(tzinfo=UTC))
schedules = st.builds(
    lambda rule, **rest: Schedule(**rule, **rest),
    rules,
    timezone=st.sampled_from(ZONES),
    days=st.just(()) | st.sets(st.integers(0, 6), min_size=1).map(tuple),
    skip=st.lists(days_near, max_size=3).map(tuple),
    starts=edges,
    ends=edges,
    jitter=st.integers(0, 7200),
)


@steady
@given(schedules, st.lists(moments, min_size=3, max_size=3).map(sorted), st.integers())
def test_a_window_is_the_sum_of_its_parts(
    schedule: Schedule, cuts: list[datetime], seed: int
) -> None:
    a, b, c = (cut.replace(tzinfo=UTC) for cut in cuts)
    c = min(c, a + 9 * DAY)
    b = min(b, c)
    owner = Account("x", "x", schedule)
    whole = list(slots(owner, seed, a, c))
    assert whole == list(slots(owner, seed, a, b)) + list(slots(owner, seed, b, c))
    assert whole == list(islice(slots(owner, seed, a), len(whole)))


@steady
@given(schedules, moments, st.integers())
def test_slots_never_meet(schedule: Schedule, start: datetime, seed: int) -> None:
    span = list(islice(slots(Account("x", "x", schedule), seed, start.replace(tzinfo=UTC)), 30))
    for slot, following in pairwise(span):
        half = (following.at - slot.at) / 2
        assert slot.at <= slot.due <= slot.at + min(half, timedelta(seconds=schedule.jitter))
        assert slot.expires - slot.due == min(GRACE, half)
        assert slot.due < slot.expires <= following.at <= following.due


@steady
@given(schedules, moments)
def test_every_slot_obeys_days_skip_starts_and_ends(schedule: Schedule, start: datetime) -> None:
    zone = ZoneInfo(schedule.timezone)
    for at in islice(instants(schedule, start.replace(tzinfo=UTC)), 30):
        local = at.astimezone(zone)
        assert at > start.replace(tzinfo=UTC)
        assert not schedule.days or local.weekday() in schedule.days
        assert local.date() not in schedule.skip
        for edge, sign in ((schedule.starts, 1), (schedule.ends, -1)):
            if isinstance(edge, datetime):
                instant = edge if edge.tzinfo else localise(edge, zone)
                assert sign * (at - instant) >= timedelta()
            elif edge is not None:
                assert sign * (local.date() - edge) >= timedelta()


cron_numbers = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (0, 7),
}


@st.composite
def cron_lines(draw: st.DrawFn) -> str:
    """Any cron line of numbers, ranges, lists and steps."""

    def field(low: int, high: int) -> str:
        number = st.integers(low, high)
        pair = st.tuples(number, number).map(lambda both: f"{min(both)}-{max(both)}")
        item = number.map(str) | pair | st.sampled_from(["*", "*/2", "*/5", f"{low}/3"])
        return ",".join(draw(st.lists(item, min_size=1, max_size=2)))

    return " ".join(field(*span) for span in cron_numbers.values())


@steady
@given(cron_lines(), st.datetimes(wall("2020-01-01"), wall("2037-12-31")))
def test_cron_gives_what_cronsim_gives_over_naive_time(line: str, start: datetime) -> None:
    from cronsim import CronSim, CronSimError

    try:
        theirs = list(islice(CronSim(line, start), 20))
    except CronSimError:
        assert validate(Schedule(timezone="UTC", cron=line))
        return
    after = start.replace(tzinfo=UTC)
    ours = list(islice(instants(Schedule(timezone="UTC", cron=line), after), len(theirs)))
    assert ours == [at.replace(tzinfo=UTC) for at in theirs]


@steady
@given(st.text("0123456789*/,-#LWmondec @", max_size=20) | cron_lines())
def test_any_cron_text_gives_slots_or_a_problem(text: str) -> None:
    schedule = Schedule(timezone=BRUSSELS, cron=text)
    if text and not validate(schedule):
        assert next(instants(schedule, utc("2026-01-01")))


def test_random_access_does_not_count_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    import bot.schedule

    asked = 0
    real = bot.schedule._localise

    def counted(*args: Any) -> datetime:
        nonlocal asked
        asked += 1
        return real(*args)

    monkeypatch.setattr(bot.schedule, "_localise", counted)
    for rule in (
        {"times": ("12:00",)},
        {"cron": "0 * * * *"},
        {"every": (3, "d")},
        {"every": (4, "s")},
    ):
        asked = 0
        late = account(**rule, starts=wall("1999-01-01T12:00"))
        assert next(slots(late, 1, utc("2035-06-01"))).at > utc("2035-06-01")
        assert asked < 60


# -- every clock change of every time zone, 2020 to 2037 ------------------------------------------
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


def expected(walked: list[tuple[datetime, datetime]], walls: list[datetime]) -> list[datetime]:
    """For each of the ascending wall times, the first instant at which the clock has come to it."""
    ticks, found_at = iter(walked), []
    at, local = next(ticks)
    for nominal in walls:
        while local < nominal:
            at, local = next(ticks)
        found_at.append(at)
    return found_at


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


# -- what is wrong with a schedule ----------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule",
    [
        {"times": ("00:00", "23:59")},
        {"cron": "0 9,18 * * mon-fri"},
        {"cron": "0 0 29 2 *"},
        {"cron": "0 0 L * *"},
        {"every": (3, "h")},
        {"every": (366, "d")},
        {"times": ("12:00",), "days": (0, 6), "jitter": 600, "skip": (date(2026, 12, 25),)},
        {"times": ("12:00",), "starts": date(2026, 1, 1), "ends": date(2026, 1, 1)},
        {"times": ("12:00",), "starts": wall("2026-01-01T12:00"), "ends": date(2026, 1, 1)},
        {"times": ("12:00",), "ends": date(2020, 1, 1)},
        {"cron": "0 0 1 1 *", "ends": date(2020, 6, 1)},
        {"times": ("12:00",), "jitter": 43199},
        {"times": ("12:00",), "days": (0,), "jitter": 86400},
        {"cron": "0 0 1 1 *", "jitter": 86400},
        {"cron": "0 0 29 2 *", "jitter": 86400},
        {
            "times": ("12:00",),
            "starts": date(2026, 1, 1),
            "ends": date(2026, 1, 1),
            "jitter": 999999,
        },
        {"every": (4, "s"), "jitter": 1},
    ],
)
def test_nothing_is_wrong_with_these(schedule: Any) -> None:
    assert said(**schedule) == []
    first = next(slots(account(**schedule), 1, utc("1971-01-01")))
    assert first.at > utc("1971-01-01")


NOON: dict[str, Any] = {"times": ("12:00",)}


@pytest.mark.parametrize(
    ("schedule", "what"),
    [
        (NOON | {"timezone": ""}, "no time zone"),
        (NOON | {"timezone": "Europe/Brusels"}, "unknown time zone: 'Europe/Brusels'"),
        (NOON | {"timezone": "Europe"}, "unknown time zone: 'Europe'"),
        (NOON | {"timezone": "../etc/passwd"}, "unknown time zone: '../etc/passwd'"),
        (NOON | {"timezone": "/etc/localtime"}, "unknown time zone: '/etc/localtime'"),
        (NOON | {"timezone": "localtime"}, "unknown time zone: 'localtime'"),
        (
            NOON | {"timezone": "right/Europe/Brussels"},
            "unknown time zone: 'right/Europe/Brussels'",
        ),
        (NOON | {"timezone": "a\0b"}, "unknown time zone: 'a\\x00b'"),
        ({}, "no times, cron or every"),
        (NOON | {"cron": "0 * * * *"}, "times and cron together"),
        (NOON | {"cron": "0 * * * *", "every": (1, "h")}, "times and cron and every together"),
        ({"times": ("25:00",)}, "bad time: '25:00'"),
        ({"times": ("24:00",)}, "bad time: '24:00'"),
        ({"times": ("12:60",)}, "bad time: '12:60'"),
        ({"times": ("9:00",)}, "bad time: '9:00'"),
        ({"times": ("12h30",)}, "bad time: '12h30'"),
        ({"times": ("+1:00",)}, "bad time: '+1:00'"),
        ({"times": ("12:00:00",)}, "bad time: '12:00:00'"),
        ({"times": ("١٢:٠٠",)}, "bad time: '١٢:٠٠'"),
        ({"cron": "0 9 * *"}, "bad cron: '0 9 * *': 4 fields"),
        ({"cron": "0 0 9 * * *"}, "bad cron: '0 0 9 * * *': 6 fields"),
        ({"cron": "@daily"}, "bad cron: '@daily': 1 fields"),
        ({"cron": "61 9 * * *"}, "bad cron: '61 9 * * *': bad minute"),
        ({"cron": "0 9 * * fri-mon"}, "bad cron: '0 9 * * fri-mon': bad day-of-week"),
        ({"cron": "0 9 32 * *"}, "bad cron: '0 9 32 * *': bad day-of-month"),
        ({"cron": "0 9 30 13 *"}, "bad cron: '0 9 30 13 *': bad month"),
        ({"every": (0, "h")}, "bad every: '0h'"),
        ({"every": (-3, "h")}, "bad every: '-3h'"),
        ({"every": (3, "w")}, "bad every: '3w'"),
        ({"every": (367, "d")}, "bad every: '367d'"),
        ({"every": (10**30, "s")}, f"bad every: '{10**30}s'"),
        (NOON | {"days": (0, 0)}, "days has 'mon' twice"),
        (NOON | {"days": (7,)}, "days has a day that there isn't"),
        (
            NOON | {"starts": date(2026, 1, 2), "ends": date(2026, 1, 1)},
            "ends (2026-01-01) is before starts (2026-01-02)",
        ),
        (
            NOON
            | {"starts": wall("2026-01-02T12:00"), "ends": datetime(2026, 1, 2, 10, tzinfo=UTC)},
            "ends (2026-01-02 10:00:00+00:00) is before starts (2026-01-02 12:00:00)",
        ),
        (NOON | {"starts": date(9999, 12, 31)}, "starts is in the year 9999"),
        (NOON | {"ends": date(1, 1, 1)}, "ends is in the year 1"),
        (NOON | {"jitter": -1}, "jitter is negative"),
        (NOON | {"jitter": 43200}, "jitter of 12:00:00 where slots are 1 day, 0:00:00 apart"),
        (
            {"times": ("12:00", "12:30"), "jitter": 900},
            "jitter of 0:15:00 where slots are 0:30:00 apart",
        ),
        (
            {"times": ("00:10", "23:50"), "jitter": 600},
            "jitter of 0:10:00 where slots are 0:20:00 apart",
        ),
        ({"every": (1, "h"), "jitter": 1800}, "jitter of 0:30:00 where slots are 1:00:00 apart"),
        (
            {"every": (2, "d"), "jitter": 86400},
            "jitter of 1 day, 0:00:00 where slots are 2 days, 0:00:00 apart",
        ),
        (
            {"cron": "*/10 * * * *", "jitter": 300},
            "jitter of 0:05:00 where slots are 0:10:00 apart",
        ),
        ({"cron": "0 0 30 2 *"}, "impossible schedule: it never has a slot"),
        ({"cron": "0 0 31 4,6 *"}, "impossible schedule: it never has a slot"),
        (
            {"cron": "0 0 1 * *", "starts": date(2026, 1, 2), "ends": date(2026, 1, 31)},
            "impossible schedule: it never has a slot",
        ),
        (
            NOON
            | {"starts": date(2026, 1, 1), "ends": date(2026, 1, 1), "skip": (date(2026, 1, 1),)},
            "impossible schedule: it never has a slot",
        ),
        (
            NOON | {"starts": date(2026, 1, 1), "ends": date(2026, 1, 1), "days": (0,)},
            "impossible schedule: it never has a slot",
        ),
        (
            NOON | {"starts": wall("2026-01-01T13:00"), "ends": date(2026, 1, 1)},
            "impossible schedule: it never has a slot",
        ),
        (
            {"every": (1, "s"), "days": (0,), "starts": date(2026, 1, 1), "ends": date(2026, 1, 4)},
            "impossible schedule: it never has a slot",
        ),
        (
            {"every": (168, "h"), "days": (0,), "timezone": "UTC"},
            "impossible schedule: it never has a slot",
        ),
        ({"every": (7, "d"), "days": (0,)}, "impossible schedule: it never has a slot"),
    ],
)
def test_what_is_wrong(schedule: Any, what: str) -> None:
    assert said(**schedule) == [what]


def test_everything_wrong_is_said_at_once() -> None:
    wrong = said(timezone="Mars/Olympus", times=("24:00", "12:00", "x"), days=(1, 1, 9))
    assert len(wrong) == 5


def test_each_problem_says_what_to_do() -> None:
    assert (
        validate(Schedule(**NOON, timezone="europe/brusels"))[0][1]
        == "Did you mean 'Europe/Brussels'?"
    )
    assert (
        validate(Schedule(**NOON, timezone="New York"))[0][1] == "Did you mean 'America/New_York'?"
    )
    assert "Europe/Brussels" in validate(Schedule(**NOON, timezone="qqqq"))[0][1]
    assert '"HH:MM"' in validate(Schedule(times=("noon",)))[0][1]


def test_smallest_gap() -> None:
    assert smallest_gap(Schedule(times=("12:00", "15:00"))) == 3 * HOUR
    assert smallest_gap(Schedule(times=("01:00", "22:00"))) == 3 * HOUR
    assert smallest_gap(Schedule(times=("01:00", "22:00"), days=(0, 2))) == 21 * HOUR
    assert smallest_gap(Schedule(times=("12:00",), days=(0, 2))) == 2 * DAY
    assert (
        smallest_gap(Schedule(times=("12:00",), starts=date(2026, 1, 1), ends=date(2026, 1, 1)))
        is None
    )
    assert smallest_gap(Schedule(every=(90, "m"))) == 90 * MINUTE
