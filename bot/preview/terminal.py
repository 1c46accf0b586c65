"""The coming posts on a terminal: a card each, with colour where the terminal has it.

Every character of a post is shown as it will go out; only the margin and the line breaks that the
terminal's width needs are ours (a line that was broken goes on behind a `↪`).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click

from bot.planning import Planned

_NAMES = {"x": "X", "mastodon": "Mastodon", "bluesky": "Bluesky"}


def card(planned: Planned, zone: ZoneInfo, width: int, *, explain: bool) -> Iterator[str]:
    """One post, as lines for the terminal."""
    yield heading(planned, zone)
    if planned.post is None:
        yield click.style("  Nothing is left to draw: the slot will be missed.", fg="red")
        return
    for line in planned.post.text.split("\n"):
        for number, part in enumerate(_wrap(line, width - 4)):
            margin = "  │ " if number == 0 else "  ↪ "
            yield click.style(margin, fg="red") + part
    yield from _notes(planned, width)
    if explain and planned.why is not None:
        for line in planned.why.lines():
            yield click.style(f"    {line}", dim=True)


def heading(planned: Planned, zone: ZoneInfo) -> str:
    """When and where, and how much of the room is used, with a gauge."""
    local = planned.slot.at.astimezone(zone)
    when = f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    where = f"{planned.slot.account} on {_NAMES.get(planned.network, planned.network)}"
    used = f"{planned.length}/{planned.limit}"
    cost = f"  ${planned.cost:.3f}" if planned.cost else ""
    gauge = _gauge(planned.length, planned.limit)
    title = click.style(when, bold=True) + "  " + where
    return f"{title}  {click.style(gauge, fg='red')} {used}{click.style(cost, dim=True)}"


def _gauge(length: int, limit: int) -> str:
    filled = min(10, round(10 * length / limit))
    return "█" * filled + "░" * (10 - filled)


def _notes(planned: Planned, width: int) -> Iterator[str]:
    assert planned.post is not None
    for item in planned.post.media:
        yield _dim(f"    picture   {item.path} ({item.mime}, {_size(item.bytes)})")
        for number, part in enumerate(_wrap(item.alt, width - 14)):
            yield _dim(f"    {'alt text' if number == 0 else '':<9} {part}")
    yield _dim(f"    template  {planned.template}   draws {', '.join(planned.draws or ())}")


def _dim(text: str) -> str:
    return click.style(text, dim=True)


def _wrap(line: str, width: int) -> list[str]:
    parts = textwrap.wrap(
        line,
        max(width, 20),
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=False,
    )
    return parts or [""]


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{count / 1000:.0f} kB"
