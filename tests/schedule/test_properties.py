"""What holds of any schedule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Account, Schedule
from bot.schedule import GRACE, instants, localise, slots, validate
from tests.schedule.spans import BRUSSELS, DAY, account, steady, utc, wall

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
