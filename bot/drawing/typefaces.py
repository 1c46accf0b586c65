"""The type of the pictures and of the frame: Manrope, and what a campaign adds for its own script.

A campaign adds typefaces by putting them into media/typefaces/. A character that no typeface has is
refused: it would be printed as an empty box.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BotError, in_words

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FAMILY = "font_manrope"
"""The package (on PyPI, font-manrope) that brings the type: Latin and Cyrillic, under the OFL."""

FOLDER = "media/typefaces"

ENDINGS = (".otf", ".ttf")

MOST_BYTES = 40_000_000
"""A larger typeface is refused unread: one with all Chinese characters has 20 MB."""

_SCRIPTS = {"CJK": "Chinese", "HANGUL": "Korean", "HIRAGANA": "Japanese", "KATAKANA": "Japanese"}
_NO_SCRIPT = ("", "COMBINING", "FULLWIDTH", "MATHEMATICAL", "MODIFIER")
_NOTO = {"Chinese": "SC or TC", "Japanese": "JP", "Korean": "KR"}


def find_fonts() -> Path:
    """The folder of the type. Raises BotError where the tools for drawing are not installed."""
    specs = [find_spec(FAMILY), find_spec("typst")]
    if any(spec is None or spec.origin is None for spec in specs):
        raise BotError(
            what="What draws the pictures (typst, font-manrope) is not installed.",
            fix="Install it, in the checkout: .venv/bin/pip install '.[pictures]'",
        )
    assert specs[0] is not None
    assert specs[0].origin is not None
    return Path(specs[0].origin).parent / "files"


def manrope(weight: str) -> Path:
    return find_fonts() / f"Manrope-{weight}.ttf"


def added(root: Path) -> list[Path]:
    """The campaign's own typefaces, by name. Raises BotError for one that can't be read."""
    folder = root / FOLDER
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in ENDINGS)
    for path in found:
        try:
            if path.stat().st_size > MOST_BYTES:
                raise OSError("it is too large")
            opened(path, 40)
        except OSError as error:
            raise no_typeface(path, in_words(error)) from error
    return found


def no_typeface(path: Path, why: str) -> BotError:
    return BotError(
        what=f"{FOLDER}/{path.name} can't be read as a typeface: {why}.",
        fix="Put another .ttf or .otf file there, or take it out.",
    )


def opened(path: Path, size: float) -> FreeTypeFont:
    """A typeface in a size, each character for itself. Raises OSError."""
    from PIL import ImageFont

    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def check_characters(text: str, typefaces: Sequence[Path], of: str, where: str) -> None:
    """Raises BotError for a character that no typeface has. `of` and `where` are for people."""
    for character in sorted(set(text)):
        if typeface_of(character, typefaces) is None:
            script = script_of(character)
            named = f"`{character}` ({script})" if script else f"`{character}`"
            noto = f", like Noto Sans {_NOTO.get(script, script)}" if script else ""
            raise BotError(
                what=f"The type of {of} has no {named}, which is in: {where}",
                fix=f"Put a typeface that has it{noto}, as .ttf or .otf into {FOLDER}/; "
                "or choose another form of the words.",
            )


def typeface_of(character: str, typefaces: Iterable[Path]) -> Path | None:
    """The first typeface with this character; the first of all for what is not printed."""
    is_seen = not (character.isspace() or unicodedata.category(character) in ("Cc", "Cf"))
    return next((path for path in typefaces if not is_seen or _has(path, character)), None)


def script_of(character: str) -> str:
    """The script of a letter, in English: “Arabic”. Empty for what is no letter."""
    if unicodedata.category(character)[0] not in "LM":
        return ""
    first = unicodedata.name(character, "").partition(" ")[0]
    return "" if first in _NO_SCRIPT else _SCRIPTS.get(first, first.partition("-")[0].capitalize())


def runs(text: str, typefaces: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """The text in parts of one typeface each. `check_characters` has been asked before."""
    before: tuple[str, Path] | None = None
    for character in text:
        path = typeface_of(character, typefaces) or typefaces[0]
        if before is not None and (path == before[1] or unicodedata.combining(character)):
            before = before[0] + character, before[1]
            continue
        if before is not None:
            yield before
        before = character, path
    if before is not None:
        yield before


@lru_cache(maxsize=10_000)
def _has(path: Path, character: str) -> bool:
    font = _sample(path)
    return bytes(font.getmask(character)) != bytes(font.getmask(chr(sys.maxunicode)))


@lru_cache(maxsize=32)
def _sample(path: Path) -> FreeTypeFont:
    return opened(path, 40)
