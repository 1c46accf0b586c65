"""Pure: characters that look like others, or like nothing, and what they are called."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_LATIN = {
    "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x", "і": "i", "ј": "j",
    "ѕ": "s", "ԁ": "d", "һ": "h", "А": "A", "В": "B", "Е": "E", "К": "K", "М": "M", "Н": "H",
    "О": "O", "Р": "P", "С": "C", "Т": "T", "У": "Y", "Х": "X", "І": "I", "Ј": "J", "Ѕ": "S",
    "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M", "Ν": "N",
    "Ο": "O", "Ρ": "P", "Τ": "T", "Υ": "Y", "Χ": "X", "ο": "o", "ν": "v", "ı": "i",
}  # fmt: skip
"""Letters of Cyrillic and Greek that look like Latin ones."""

_TOKEN = re.compile(r"\S+")


def called(character: str) -> str:
    """A character's number and name: U+00AD (soft hyphen)."""
    name = unicodedata.name(character, "no name").lower()
    return f"U+{ord(character):04X} ({name})"


def is_invisible(character: str) -> bool:
    """Whether nothing is seen of it, not even a space."""
    return unicodedata.category(character) in ("Cf", "Cc", "Co", "Cn") or character == "\u034f"


def looks(text: str) -> str:
    """The text as it looks: two that look alike have the same, whatever they are made of."""
    return "".join(_looks(character) for character in text)


def _looks(character: str) -> str:
    if character.isascii():
        return character
    if is_invisible(character):
        return ""
    plain = unicodedata.normalize("NFKC", character)
    return _LATIN.get(plain, plain)


class Odd(NamedTuple):
    """Where two texts that look alike part: the word of each, and the character, if it has one."""

    here: str
    mine: str
    there: str
    theirs: str


def parted(words: str, text: str) -> Odd | None:
    """Where these words first part from those in the text that look the same.

    None where the text has none that look the same, or just these.
    """
    shape = looks(words)
    at: list[int] = []
    shapes = []
    for number, character in enumerate(text):
        look = _looks(character)
        shapes.append(look)
        at += [number] * len(look)
    found = "".join(shapes).find(shape) if shape else -1
    if found < 0:
        return None
    start = at[found]
    other = text[start : at[found + len(shape) - 1] + 1]
    if other == words:
        return None
    same = next(
        (n for n, (a, b) in enumerate(zip(words, other, strict=False)) if a != b),
        min(len(words), len(other)),
    )
    mine, theirs = words[same : same + 1], other[same : same + 1]
    return Odd(_word_at(words, same), mine, _word_at(text, start + same), theirs)


def _word_at(text: str, at: int) -> str:
    """The word around a position; that before it where there is a space."""
    return next((each.group() for each in _TOKEN.finditer(text) if each.end() >= at), "")


def told(odd: Odd) -> str:
    """What is odd, for people: the source is the text, and what is compared with it is mine."""
    if odd.theirs and is_invisible(odd.theirs):
        return (
            f"The source has {called(odd.theirs)}, which is invisible, in “{_seen(odd.there)}”; "
            "save it without."
        )
    if odd.mine and is_invisible(odd.mine):
        return f"“{_seen(odd.here)}” has {called(odd.mine)} in it, which is invisible: take it out."
    return (
        f"In “{_seen(odd.there)}” the source has {called(odd.theirs)} where this has "
        f"{called(odd.mine)}, which looks the same."
    )


def _seen(word: str) -> str:
    return "".join(character for character in word if not is_invisible(character))
