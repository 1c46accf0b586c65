"""Pure: the slots of an account in a time span, and what is wrong with a schedule.

How a slot comes about:

    the schedule's rule     times, cron, every Nd: on which local days, and when on such a day
                            every Ns, Nm, Nh: every so much elapsed time, whatever the clocks do
    its nominal instant     wall time to UTC: a time that does not exist moves forward to the first
                            that does, one that comes twice is the first; slots that meet merge
    `due`                   the instant plus jitter, which is a hash: the same on every machine
    `expires`               after the grace, or half the way to the next slot if that is sooner

Everything is computed from where it is asked for, never from the beginning, and lazily: a schedule
without an end gives slots without an end.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bot.domain import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo

    from bot.domain import Account, Schedule

    Rule = Callable[[date], bool]

GRACE = timedelta(minutes=30)
"""How late a slot may still be sent, where the next one is not nearer than twice that."""

BARREN = timedelta(days=50 * 366)
"""After so long without a slot a schedule is taken to have no more of them."""

LONGEST_STEP = timedelta(days=366)
"""`every` may not be longer than this."""

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""The units of `every` in seconds. Days go by the calendar, the others by elapsed time."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = datetime(9900, 1, 1, tzinfo=UTC)
YEARS = range(1970, 9000)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_CRON_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""What some programs write for a cron line."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LEAP_YEARS = timedelta(days=5 * 366)
_HOST_ZONES = frozenset({"localtime", "posixrules", "Factory"})
"""Zone files that say something else on each machine, or nothing."""


def slots(
    account: Account, seed: int, start: datetime, end: datetime | None = None
) -> Iterator[Slot]:
    """The account's slots whose nominal instant is after `start` and, if given, not after `end`.

    Ascending, lazy, endless where the schedule is. Both times must know their offset (ValueError).
    The schedule must be one that `validate` finds nothing wrong with.
    """
    upcoming = instants(account.schedule, start)
    at = next(upcoming, None)
    while at is not None and (end is None or at <= end):
        following = next(upcoming, None)
        yield _slot(account, seed, at, following)
        at = following


def _slot(account: Account, seed: int, at: datetime, following: datetime | None) -> Slot:
    half = None if following is None else (following - at) / 2
    due, jitter = at, account.schedule.jitter
    if jitter:
        most = jitter if half is None else min(jitter, half // _SECOND)
        due += _jitter(seed, account.name, at, most)
    return Slot(at, account.name, due, due + (GRACE if half is None else min(GRACE, half)))


def _jitter(seed: int, account: str, at: datetime, most: int) -> timedelta:
    """Whole seconds from 0 to `most`: evenly spread, and always the same for the same slot."""
    name = f"{seed}/{account}/{at.isoformat()}".encode()
    number = int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
    return timedelta(seconds=number % (most + 1))


def instants(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The nominal UTC instants of the slots after a time: ascending, lazy, maybe endless."""
    if after.tzinfo is None:
        raise ValueError("a time without an offset says no instant")
    zone = _zone(schedule.timezone)
    span = _span(schedule, zone, after.astimezone(UTC))
    found = _elapsed if _is_elapsed(schedule) else _at_walls
    previous = span.lower
    for at in found(schedule, zone, span):
        if at > span.upper:
            return
        if at > previous:
            previous = at
            yield at


def begins(schedule: Schedule) -> datetime | None:
    """The instant of `starts`, if the schedule has one."""
    if schedule.starts is None:
        return None
    return _instant(schedule.starts, _zone(schedule.timezone))


def localise(wall: datetime, zone: tzinfo) -> datetime:
    """The UTC instant of a local wall time (without an offset) in a time zone.

    One that comes twice is the first of the two. One that does not exist is moved forward to the
    first instant after the gap.
    """
    clock = wall.time().replace(fold=0)
    return _localise(wall.date(), clock, clock.replace(fold=1), zone)


def _localise(day: date, clock: time, twin: time, zone: tzinfo) -> datetime:
    """`localise` for the inner loop. `twin` is the same clock time with fold=1.

    Of a wall time that a clock change takes away or gives twice, fold=0 has the offset before the
    change and fold=1 the one after (PEP 495). It is taken away if the one after is the larger.
    """
    offset = datetime.combine(day, clock, zone).utcoffset()
    later = datetime.combine(day, twin, zone).utcoffset()
    assert offset is not None
    assert later is not None
    bare = datetime.combine(day, clock, UTC)
    return bare - offset if later <= offset else _end_of_gap(bare - later, bare - offset, zone)


def _end_of_gap(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The instant in (before, after] at which the zone takes up the offset it has at `after`."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


class _Span(NamedTuple):
    """Where to look: local dates `first` to `last`, instants after `lower`, not after `upper`."""

    first: date
    last: date
    lower: datetime
    upper: datetime


def _span(schedule: Schedule, zone: tzinfo, after: datetime) -> _Span:
    first, lower = after.astimezone(zone).date(), after
    last, upper = FAR.date(), FAR
    if schedule.starts is not None:
        first = max(first, _wall(schedule.starts, zone).date())
        lower = max(lower, _instant(schedule.starts, zone) - datetime.resolution)
    if schedule.ends is not None:
        last = min(last, _wall(schedule.ends, zone).date())
        if isinstance(schedule.ends, datetime):
            upper = min(upper, _instant(schedule.ends, zone))
    return _Span(first, last, lower, upper)


def _wall(when: date, zone: tzinfo) -> datetime:
    """The local wall time of a `starts` or `ends`; of a date, its midnight."""
    if not isinstance(when, datetime):
        return datetime.combine(when, time())
    return when if when.tzinfo is None else when.astimezone(zone).replace(tzinfo=None, fold=0)


def _instant(when: date, zone: tzinfo) -> datetime:
    if isinstance(when, datetime) and when.tzinfo is not None:
        return when.astimezone(UTC)
    return localise(_wall(when, zone), zone)


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _at_walls(schedule: Schedule, zone: tzinfo, span: _Span) -> Iterator[datetime]:
    on, clocks = _pattern(schedule, zone)
    twins = [(clock, clock.replace(fold=1)) for clock in clocks]
    for day in _days(span.first, span.last, on):
        for clock, twin in twins:
            yield _localise(day, clock, twin, zone)


def _elapsed(schedule: Schedule, zone: tzinfo, span: _Span) -> Iterator[datetime]:
    step, on = _step(schedule), _filter(schedule)
    anchor = EPOCH if schedule.starts is None else _instant(schedule.starts, zone)
    at = anchor + ((span.lower - anchor) // step + 1) * step
    give_up = at + BARREN
    while at <= min(span.upper, give_up):
        day = at.astimezone(zone).date()
        if day > span.last:
            return
        if on(day):
            yield at
            give_up = at + BARREN
            at += step
        else:
            allowed = next(_days(day + _DAY, span.last, on), None)
            if allowed is None:
                return
            at = _not_before(_instant(allowed, zone), at + step, step)


def _not_before(wanted: datetime, at: datetime, step: timedelta) -> datetime:
    """The first of at, at + step, at + 2 steps and so on that is not before the wanted time."""
    return at + max(0, -((at - wanted) // step)) * step


def _days(first: date, last: date, on: Rule) -> Iterator[date]:
    """The dates from first to last that a rule is true of; ends after a BARREN stretch."""
    day, give_up = first, first + BARREN
    while day <= min(last, give_up):
        if on(day):
            yield day
            give_up = day + BARREN
        day += _DAY


def _pattern(schedule: Schedule, zone: tzinfo) -> tuple[Rule, Sequence[time]]:
    """On which local days a wall-time schedule has slots, and at what times, ascending."""
    if schedule.cron:
        on, clocks = _cron(schedule.cron)
    elif schedule.every:
        on, clocks = _every_days(schedule, zone)
    else:
        on, clocks = _any_day, sorted({_clock(text) for text in schedule.times})
    return _both(on, _filter(schedule)), clocks


def _cron(expression: str) -> tuple[Rule, Sequence[time]]:
    """A cron line's days and times of day, by cronsim's reading of it (Debian's rules).

    cronsim's own iteration is not used: it has rules of its own for clock changes. Raises its
    CronSimError for a line that can't be read.
    """
    from cronsim import CronSim

    line = CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001 - wall time has no offset
    clocks = [time(hour, minute) for hour in sorted(line.hours) for minute in sorted(line.minutes)]
    return lambda day: day.month in line.months and line.match_day(day), clocks


def _every_days(schedule: Schedule, zone: tzinfo) -> tuple[Rule, Sequence[time]]:
    anchor = _wall(schedule.starts or EPOCH.date(), zone)
    count, first = _step(schedule).days, anchor.toordinal()
    return lambda day: (day.toordinal() - first) % count == 0, [anchor.time()]


def _filter(schedule: Schedule) -> Rule:
    """What `days` and `skip` leave."""
    days, skip = frozenset(schedule.days), frozenset(schedule.skip)
    on = (lambda day: day.weekday() in days) if days else _any_day
    return _both(on, lambda day: day not in skip) if skip else on


def _any_day(_: date) -> bool:
    return True


def _both(one: Rule, other: Rule) -> Rule:
    if one is _any_day or other is _any_day:
        return other if one is _any_day else one
    return lambda day: one(day) and other(day)


def _clock(text: str) -> time:
    """An "HH:MM" wall time. Raises ValueError for anything else."""
    digits = text[:2] + text[3:]
    if len(text) != 5 or text[2] != ":" or not (digits.isascii() and digits.isdigit()):
        raise ValueError(text)
    return time(int(text[:2]), int(text[3:]))


def _step(schedule: Schedule) -> timedelta:
    assert schedule.every is not None
    count, unit = schedule.every
    return timedelta(seconds=count * UNITS[unit])


def _is_elapsed(schedule: Schedule) -> bool:
    return schedule.every is not None and schedule.every[1] != "d"


def validate(schedule: Schedule) -> list[tuple[str, str]]:
    """Everything that is wrong with a schedule, as (what, fix). Empty: `slots` can be asked."""
    found = [
        *_zone_problems(schedule.timezone),
        *_rule_problems(schedule),
        *_day_problems(schedule),
    ]
    if not found:
        found += _span_problems(schedule)
    if not found:
        found += _jitter_problems(schedule)
    if not found and next(instants(schedule, _long_before(schedule)), None) is None:
        found.append(_IMPOSSIBLE)
    return found


_IMPOSSIBLE = (
    "impossible schedule: it never has a slot",
    "Look at cron, days, skip, starts and ends together: no date passes all of them.",
)


def _long_before(schedule: Schedule) -> datetime:
    """A time before the slots there are, or if they have no beginning, before enough of them."""
    if schedule.starts is not None:
        return datetime.combine(schedule.starts, time(), UTC) - 2 * _DAY
    if schedule.ends is not None:
        return datetime.combine(schedule.ends, time(), UTC) - BARREN
    return EPOCH


def _zone_problems(name: str) -> list[tuple[str, str]]:
    example = 'for example timezone = "Europe/Brussels"'
    if not name:
        return [("no time zone", f"Name the campaign's, {example}.")]
    try:
        if name in _HOST_ZONES or name.startswith(("posix/", "right/")):
            raise ValueError(name)
        _zone(name)
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for names, paths and folders
        return [(f"unknown time zone: {name!r}", _zone_meant(name))]
    return []


def _zone_meant(name: str) -> str:
    """What to write instead: the zone that is a slip of the keyboard away, if only one is."""
    from zoneinfo import available_timezones

    from rapidfuzz.distance import OSA

    is_offset = re.search(r"[+-]\d", name) is not None
    is_abbreviation = re.fullmatch(r"[A-Z]{2,5}", name) is not None
    wanted = name.strip().lower().replace(" ", "_")
    most = 1 if len(wanted) > 5 else 0
    near = [
        zone
        for zone in available_timezones() - _HOST_ZONES
        for known in {zone.lower(), zone.lower().rpartition("/")[2]}
        if "/" in zone and OSA.distance(wanted, known, score_cutoff=most) <= most
    ]
    if len(near) == 1 and not is_abbreviation and not is_offset:
        return f"Did you mean {near[0]!r}?"
    why = "An offset knows no summer time. " if is_offset else ""
    why = "An abbreviation is no time zone. " if is_abbreviation else why
    return f'{why}Use a name of the tz database, for example timezone = "Europe/Brussels".'


def _rule_problems(schedule: Schedule) -> list[tuple[str, str]]:
    given = [name for name in ("times", "cron", "every") if getattr(schedule, name)]
    if not given:
        return [("no times, cron or every", 'Set one of them, for example times = ["12:00"].')]
    if len(given) > 1:
        return [(f"{' and '.join(given)} together", "Keep one of times, cron and every.")]
    if schedule.every:
        return _every_problems(*schedule.every)
    return _cron_problems(schedule.cron) if schedule.cron else _times_problems(schedule.times)


def _times_problems(times: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for text in times:
        try:
            _clock(text)
        except ValueError:
            found.append((f"bad time: {text!r}", 'Write "HH:MM", from "00:00" to "23:59".'))
    return found


def _every_problems(count: int, unit: str) -> list[tuple[str, str]]:
    what = f"bad every: {f'{count}{unit}'!r}"
    if unit not in UNITS:
        return [(what, "The unit is one of s, m, h and d.")]
    if count <= 0:
        return [(what, 'The count is at least 1, for example every = "3h".')]
    if count * UNITS[unit] > LONGEST_STEP.total_seconds():
        return [(what, f"It may be {LONGEST_STEP.days} days at most.")]
    return []


def _cron_problems(expression: str) -> list[tuple[str, str]]:
    from cronsim import CronSimError

    fields = expression.split()
    what = f"bad cron: {expression!r}"
    if expression.startswith("@"):
        line = _CRON_NAMES.get(expression.lower(), "0 9 * * *")
        return [(f"{what}: there is no such short form here", f'Write cron = "{line}".')]
    if len(fields) != 5:
        fix = 'minute hour day-of-month month day-of-week, for example "0 9,18 * * mon-fri"'
        return [(f"{what}: {len(fields)} fields", f"It takes five: {fix}.")]
    try:
        _cron(expression)
    except CronSimError as error:
        if _reads(" ".join([*fields[:3], "*", fields[4]])) and _reads(f"* * * {fields[3]} *"):
            return [_IMPOSSIBLE]  # cronsim refuses a day that none of the months has
        return [(f"{what}: {str(error).lower()}", "Correct that field; `*` there means any.")]
    return []


def _reads(expression: str) -> bool:
    from cronsim import CronSimError

    try:
        _cron(expression)
    except CronSimError:
        return False
    return True


def _day_problems(schedule: Schedule) -> list[tuple[str, str]]:
    known = [day for day in schedule.days if day in range(7)]
    found = [
        (f"days has {WEEKDAYS[day]!r} twice", "Name it once.")
        for day in sorted(set(known))
        if known.count(day) > 1
    ]
    if len(known) < len(schedule.days):
        found.append(("days has a day that there isn't", f"Days are {', '.join(WEEKDAYS)}."))
    return found


def _span_problems(schedule: Schedule) -> list[tuple[str, str]]:
    found = [
        (
            f"{name} is in the year {when.year}",
            f"Take a year from {YEARS.start} to {YEARS.stop - 1}.",
        )
        for name, when in (("starts", schedule.starts), ("ends", schedule.ends))
        if when is not None and when.year not in YEARS
    ]
    if not found and _ends_first(schedule):
        what = f"ends ({schedule.ends}) is before starts ({schedule.starts})"
        found.append((what, "Exchange them, or leave `ends` out."))
    return found


def _ends_first(schedule: Schedule) -> bool:
    if schedule.starts is None or schedule.ends is None:
        return False
    zone = _zone(schedule.timezone)
    if isinstance(schedule.ends, datetime):
        return _instant(schedule.ends, zone) < _instant(schedule.starts, zone)
    return schedule.ends < _wall(schedule.starts, zone).date()


def _jitter_problems(schedule: Schedule) -> list[tuple[str, str]]:
    if schedule.jitter < 0:
        return [("jitter is negative", 'Write how much later a slot may be, for example "10m".')]
    gap = smallest_gap(schedule) if schedule.jitter else None
    if gap is None or 2 * timedelta(seconds=schedule.jitter) < gap:
        return []
    what = f"jitter of {timedelta(seconds=schedule.jitter)} where slots are {gap} apart"
    return [(what, "It must be less than half of that, or slots would meet.")]


def smallest_gap(schedule: Schedule) -> timedelta | None:
    """The least time between two slots on days without a clock change; None for under two slots."""
    if _is_elapsed(schedule):
        return _step(schedule)
    zone = _zone(schedule.timezone)
    on, clocks = _pattern(schedule, zone)
    walls = [datetime.combine(EPOCH, clock) for clock in clocks]
    within = [later - earlier for earlier, later in pairwise(walls)]
    span = _span(schedule, zone, max(EPOCH, _long_before(schedule)))
    days = _days(span.first, min(span.last, span.first + _LEAP_YEARS), on)
    apart = [later - earlier - (walls[-1] - walls[0]) for earlier, later in pairwise(days)]
    return min(within + apart, default=None)
