"""The campaign's own pictures, set and written: `bot media build`.

    typesetting   pages to PNG and PDF
    animation     scenes to an animated GIF
    design.typ    how they look

What is to stand on each picture comes from `bot.pictures`. Only what changed is drawn: a picture
stays as it is while its words, its bytes, the design and the tools are what media/built.toml says.
The libraries for drawing are in the extra `pictures`; no other command needs them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bot.content.cards import FOLDER
from bot.domain import Campaign
from bot.drawing.animation import animate
from bot.drawing.typesetting import Press, tools
from bot.errors import BotError, ContentError
from bot.pictures import RECORD, Made, Record, Sheet, file_hash, read_record, sheets

WIDTHS = {"poster": 1448}
"""Pixels of a picture's width, where it is not 1080."""

NETWORKS = {"X": 5_000_000, "Mastodon": 8_000_000, "Bluesky": 1_000_000}
"""The most bytes that each network takes of a still picture. Bluesky shows a GIF as one."""

MOVING = {"X": 15_000_000, "Mastodon": 8_000_000}
"""And of a moving one."""


class Built(NamedTuple):
    """What a build did: the files that it wrote, left as they were, and took away."""

    drawn: list[str]
    kept: list[str]
    removed: list[str]


def build(
    campaign: Campaign, root: Path, tell: Callable[[int, int, str], None] = lambda *_: None
) -> Built:
    """Draws what media/ lacks or has of other words. Raises BotError for what can't be drawn.

    `tell` hears of each picture before it is drawn: how many are done, of how many, and which.
    """
    wanted, problems = sheets(campaign)
    if problems:
        raise ContentError(problems)
    before, used = read_record(root), tools()
    todo = [sheet for sheet in wanted if not _is_there(sheet, root, before, used)]
    files = {path: before.files[path] for s in wanted if s not in todo for path in s.files}
    drawn: list[str] = []
    if todo:
        with Press() as press:
            for number, sheet in enumerate(todo):
                tell(number, len(todo), sheet.files[0])
                for path, data in _draw(press, sheet):
                    _check_size(path, data)
                    _write(root / path, data)
                    files[path] = Made(sheet.source, hashlib.sha256(data).hexdigest())
                    drawn.append(path)
    removed = list(_remove_others(root, files))
    record = _record(used, files)
    if not _same(root / RECORD, record):
        _write(root / RECORD, record)
    return Built(drawn, [path for path in files if path not in drawn], removed)


def _is_there(sheet: Sheet, root: Path, before: Record, used: dict[str, str]) -> bool:
    return before.tools == used and all(
        before.files.get(path) == Made(sheet.source, file_hash(root / path)) for path in sheet.files
    )


def _draw(press: Press, sheet: Sheet) -> Iterator[tuple[str, bytes]]:
    """Each of the sheet's files, and its bytes."""
    pages = sheet.pages
    width = WIDTHS.get(pages[0]["picture"], 1080)
    path, *print_path = sheet.files
    pictures = [press.png(page, width) for page in pages]
    yield path, animate(pictures) if path.endswith(".gif") else pictures[0]
    for each in print_path:
        yield each, press.pdf(pages[0])


def _check_size(path: str, data: bytes) -> None:
    """Raises BotError for a picture that a network would refuse; none is quietly made less."""
    if path.endswith(".pdf"):
        return
    most = NETWORKS | MOVING if path.endswith(".gif") else NETWORKS
    for network, limit in most.items():
        if len(data) > limit:
            raise BotError(
                what=f"{path} would have {len(data):,} bytes; {network} takes {limit:,}.",
                fix="Put less on it: fewer scenes, fewer words.",
            )


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
