"""The campaign's own pictures, set and written: `bot media build`.

    typefaces     Manrope, and what a campaign adds
    typesetting   pages to PNG and PDF
    animation     scenes to an animated GIF
    design.typ    how they look

What is to stand on each picture comes from `bot.content.pictures`. Only what changed is drawn: a
picture stays as it is while its words, its bytes, the design and the tools are what is recorded in
media/built.toml.
The libraries for drawing are in the extra `pictures`; no other command needs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bot.content.cards import FOLDER
from bot.content.pictures import RECORD, Made, Record, Sheet, file_hash, read_record, sheets
from bot.content.statements import FOLDER as STATEMENTS
from bot.domain import Campaign, Problem
from bot.drawing.animation import STEPS, animate
from bot.drawing.typesetting import Press, tools
from bot.errors import BotError, ContentError
from bot.media import SMALLER, SMALLER_SIDE

WIDTHS = {"poster": 1448}
"""Pixels of a picture's width, where it is not 1080."""


class Takes(NamedTuple):
    """The most that a network takes: bytes, still and moving; of a moving one the pixels of a
    frame, the frames, and the pixels of all of them together."""

    still: int
    moving: int
    area: int
    frames: int
    pixels: int


NETWORKS = {
    "X": Takes(5_000_000, 15_000_000, 1280 * 1080, 350, 300_000_000),
    "Mastodon": Takes(8_000_000, 8_000_000, 1280 * 720, 10_000, 10**10),
    "Bluesky": Takes(1_000_000, 1_000_000, 2000 * 2000, 10_000, 10**10),
}
"""Of Mastodon's servers, what the older ones take. Bluesky shows a GIF as a still picture."""


class Built(NamedTuple):
    """What a build did: the files that it wrote, left as they were, and took away."""

    drawn: list[str]
    kept: list[str]
    removed: list[str]


def build(
    campaign: Campaign, root: Path, tell: Callable[[int, int, str], None] = lambda *_: None
) -> Built:
    """Draws what media/ lacks or has of other words. Raises BotError for what can't be drawn.

    While words are left out nothing is taken away: it may be the picture of what was verified.
    `tell` hears of each picture before it is drawn: how many are done, of how many, and which.
    """
    wanted, problems = sheets(campaign)
    if problems:
        raise ContentError(problems)
    before, used = read_record(root), tools(root)
    todo = [sheet for sheet in wanted if not _is_there(sheet, root, before, used)]
    files = {path: before.files[path] for s in wanted if s not in todo for path in s.files}
    drawn: list[str] = []
    if todo:
        with Press(root) as press:
            for number, sheet in enumerate(todo):
                tell(number, len(todo), sheet.files[0])
                for path, data in list(_draw(press, sheet)):
                    _write(root / path, data)
                    files[path] = Made(sheet.source, hashlib.sha256(data).hexdigest())
                    drawn.append(path)
    if not_drawn(campaign):
        files = {**before.files, **files}
    removed = list(_remove_others(root, files))
    record = _record(used, files)
    if not _same(root / RECORD, record):
        _write(root / RECORD, record)
    kept = [path for sheet in wanted for path in sheet.files if path not in drawn]
    return Built(drawn, kept, removed)


def not_drawn(campaign: Campaign) -> list[Problem]:
    """What of the words is left out, so that no picture of it is drawn."""
    return [
        problem
        for problem in campaign.left_out
        if problem.rule.startswith("lock-")
        or (problem.where.file.startswith(STATEMENTS) and problem.rule != "card-missing")
    ]


def _is_there(sheet: Sheet, root: Path, before: Record, used: dict[str, str]) -> bool:
    return before.tools == used and all(
        before.files.get(path) == Made(sheet.source, file_hash(root / path)) for path in sheet.files
    )


def _draw(press: Press, sheet: Sheet) -> Iterator[tuple[str, bytes]]:
    """Each of the sheet's files, and its bytes. Raises BotError if a network could take none."""
    pages, made = sheet.pages, []
    for path in sheet.files:
        if path.endswith(".pdf"):
            yield path, press.pdf(pages[0])
            continue
        width = WIDTHS.get(pages[0]["picture"], 1080)
        if path.endswith(SMALLER):
            width = SMALLER_SIDE
        pictures = [press.png(page, width) for page in pages]
        data = animate(pictures) if path.endswith(".gif") else pictures[0]
        made.append((len(data), width * width, STEPS * len(pages) if len(pages) > 1 else 1))
        yield path, data
    for network, takes in NETWORKS.items():
        if not any(_fits(takes, *each) for each in made):
            raise BotError(
                what=f"{network} would not take {sheet.files[0]}: {made[-1][0]:,} bytes, "
                f"{made[-1][2]} frames.",
                fix="Put less on it: fewer scenes, fewer words.",
            )


def _fits(takes: Takes, size: int, area: int, frames: int) -> bool:
    if frames == 1:
        return size <= takes.still
    within = area <= takes.area and frames <= takes.frames and area * frames <= takes.pixels
    return size <= takes.moving and within


def _write(path: Path, data: bytes) -> None:
    """Whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def _remove_others(root: Path, files: dict[str, Made]) -> Iterator[str]:
    """Takes away cards with words that no longer are: the folder is the program's own."""
    for path in sorted((root / FOLDER).glob("*.png")):
        name = f"{FOLDER}/{path.name}"
        if name not in files:
            path.unlink()
            yield name


def _same(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _record(used: dict[str, str], files: dict[str, Made]) -> bytes:
    lines = [
        "# Written by `bot media build`; don't edit. Of each picture: a hash of all that stands on"
    ]
    lines += ["# it, and one of its bytes. `bot check` compares.", "", "[tools]"]
    lines += [f'{name} = "{value}"' for name, value in used.items()]
    lines += ["", "[files]"]
    lines += [
        f'"{path}" = ["{made.source}", "{made.sha256}"]' for path, made in sorted(files.items())
    ]
    return ("\n".join(lines) + "\n").encode()
