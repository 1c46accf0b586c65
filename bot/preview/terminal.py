"""The coming posts on a terminal: a card each, with colour where the terminal has it.

Every character of a post is shown as it will go out; only the margin and the line breaks that the
terminal's width needs are ours (a line that was broken goes on behind a `↪`). Where the output is
piped there is no width: no line is broken, and nothing is drawn.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click

from bot.planning import Planned

_NAMES = {"x": "X", "mastodon": "Mastodon", "bluesky": "Bluesky"}

_INDENT = " " * 14
"""Before the notes under a post, from their second line on."""


def card(
    planned: Planned, zone: ZoneInfo, width: int | None, *, explain: bool, sign_off: str = ""
) -> Iterator[str]:
    """One post, as lines for a terminal so many columns wide, or for a pipe."""
    yield heading(planned, zone, gauge=width is not None)
    if planned.post is None:
        yield click.style("  Nothing is left to draw: the slot will be missed.", fg="red")
        return
    for line in planned.post.text.split("\n"):
        for number, part in enumerate(_broken(line, width)):
            margin = "  │ " if number == 0 else "  ↪ "
            yield click.style(margin, fg="red") + part
    for label, text in _notes(planned, sign_off, explain=explain):
        yield from (click.style(line, dim=True) for line in _note(label, text, width))


def heading(planned: Planned, zone: ZoneInfo, *, gauge: bool) -> str:
    """When and where, how much of the room is used (with a gauge, if wanted), and what it costs."""
    local = planned.slot.at.astimezone(zone)
    when = f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
    where = f"{planned.slot.account} on {_NAMES.get(planned.network, planned.network)}"
    used = f"{planned.length}/{planned.limit}"
    if gauge:
        used = f"{click.style(_gauge(planned.length, planned.limit), fg='red')} {used}"
    cost = f"  ${planned.cost:.3f}" if planned.cost else ""
    return f"{click.style(when, bold=True)}  {where}  {used}{click.style(cost, dim=True)}"


def _gauge(length: int, limit: int) -> str:
    filled = min(10, round(10 * length / limit))
    return "█" * filled + "░" * (10 - filled)


def _notes(planned: Planned, sign_off: str, *, explain: bool) -> Iterator[tuple[str, str]]:
    """What else there is to know of a post: a label and a text each."""
    assert planned.post is not None
    for item in planned.post.media:
        yield "picture", f"{item.path} ({item.mime}, {_size(item.bytes)})"
        yield "alt text", item.alt
    yield "template", str(planned.template)
    yield "draws", ", ".join(planned.draws or ())
    if sign_off:
        yield "sign-off", sign_off
    if explain and planned.why is not None:
        for number, line in enumerate(planned.why.lines()):
            yield "" if number else "why", line


def _note(label: str, text: str, width: int | None) -> list[str]:
    first = f"    {label:<10}"
    if width is None:
        return [first + text]
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=first,
        subsequent_indent=_INDENT,
        break_on_hyphens=False,
    )


def _broken(line: str, width: int | None) -> list[str]:
    """A line of a post, broken between words. A space at a break hangs at the end of its line."""
    if width is None or not line:
        return [line]
    parts = textwrap.wrap(
        line,
        max(width - 5, 20),
        break_on_hyphens=False,
        expand_tabs=False,
        replace_whitespace=False,
        drop_whitespace=False,
    )
    for number in range(1, len(parts)):
        words = parts[number].lstrip(" ")
        parts[number - 1] += parts[number][: len(parts[number]) - len(words)]
        parts[number] = words
    return [part for part in parts if part]


def shortened(text: str, most: int) -> str:
    """The beginning of a text in one line of at most so many characters, whole words only."""
    return textwrap.shorten(text, most, placeholder=" …")


def wrapped(text: str, margin: int = 8) -> list[str]:
    """A text as lines for the terminal, indented; words, ids and addresses stay whole."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    indent = " " * margin
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{count / 1000:.0f} kB"
