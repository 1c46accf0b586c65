"""Which slots a schedule gives, by hand; when they are due, and when they expire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain import Schedule, Slot
from bot.schedule import GRACE, begins, localise, slots, validate
from tests.schedule.spans import BRUSSELS, DAY, HOUR, MINUTE, account, found, utc, wall

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
