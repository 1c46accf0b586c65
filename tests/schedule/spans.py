"""Schedules, and the slots of a span of time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import settings

from bot.domain import Account, Schedule
from bot.schedule import slots, validate

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


def expected(walked: list[tuple[datetime, datetime]], walls: list[datetime]) -> list[datetime]:
    """For each of the ascending wall times, the first instant at which the clock has come to it."""
    ticks, found_at = iter(walked), []
    at, local = next(ticks)
    for nominal in walls:
        while local < nominal:
            at, local = next(ticks)
        found_at.append(at)
    return found_at
