"""What is wrong with a schedule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.domain import Schedule
from bot.schedule import slots, smallest_gap, validate
from tests.schedule.spans import DAY, HOUR, MINUTE, account, said, utc, wall


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
        ({"cron": "@daily"}, "bad cron: '@daily': there is no such short form here"),
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


@pytest.mark.parametrize("zone", ["MSK", "UTC+2", "GMT+1", "CEST", "+02:00", "Europe/Bern", "EST6"])
def test_no_time_zone_is_guessed_that_means_another(zone: str) -> None:
    ((what, fix),) = validate(Schedule(**NOON, timezone=zone))
    assert what == f"unknown time zone: {zone!r}"
    assert "mean" not in fix
    assert 'for example timezone = "Europe/Brussels"' in fix


@pytest.mark.parametrize(
    ("line", "instead"),
    [("@daily", "0 0 * * *"), ("@Hourly", "0 * * * *"), ("@weekly", "0 0 * * sun"),
     ("@reboot", "0 9 * * *")],
)  # fmt: skip
def test_a_short_form_of_cron_is_told_what_to_write(line: str, instead: str) -> None:
    ((what, fix),) = validate(Schedule(cron=line))
    assert what == f"bad cron: {line!r}: there is no such short form here"
    assert fix == f'Write cron = "{instead}".'
    assert validate(Schedule(cron=instead)) == []


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
