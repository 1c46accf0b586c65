"""Pure: the hashtags and mentions that X sees in a text.

X's own library, twitter-text 3.1.0, is the reference. A hashtag has letters, marks and digits that
Unicode had in 2014, and a few characters more, so that `#il·lusió` is whole. Whatever may be part
of a hashtag makes another one of it where it touches it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from bisect import bisect
from collections.abc import Sequence

from bot.content.words import Span

MOST_CHARACTERS = 100
"""No campaign's hashtag is longer: it has to leave room in a post."""

SELECTORS = "\ufe0e\ufe0f"
"""They choose how an emoji looks; a hashtag may stand right after one."""

_SIGN = re.compile("[#＃]")
_NOT_AFTER = ("#", "＃", "://")
_NO_TAG_BEGINS = "\ufe0f\u20e3"
_SPECIAL = (
    "_\u00b7\u05be\u05f3\u05f4\u0f0b\u0f0c\u200c\u200d\u3003\u301c\u309b\u309c\u30a0\u30fb\ua67e～"
)

_NEWER = (
    "558 560 588-58c 5c8-5c9 5ef 7fd 860-89f 8b3-8e3 9fc-9fe af9-aff b53-b55 c04 c3c c5a-c5d"
    " c80 cdc-cdd cf3-d00 d04 d3b-d3c d54-d56 d5f d81 e86 e89 e8c e8e-e93 e98 ea0 ea8-ea9 eac"
    " eba ece 13f5 13fd 170d 1715-171f 180f 1878 1abf-1af0 1b4c 1c89-1c8a 1cf7 1cfa 1df6-1dfb"
    " 208f 209d-209f 2c2f 2c5f 312e-312f 31bb-31bf 4db6-4dbf 9fcd-9fff a69e a78f a7af a7b4-a7c3"
    " a7c7-a7ca a7cc-a7db a7dd-a7f6 a82c a8c5 a8fd-a8ff ab60-ab63 ab66-ab6d fe2e-fe2f"
    " 1032d-1032f 104b0-104fb 10570-105f3 10780-107bf 108e0-108f5 10940-10959 10a34-10a35"
    " 10c80-10ff6 11070-11075 110c2 11144-11147 111c9-111cf 111dc 1123e-112a8 11300 1133b 11350"
    " 11380-11461 115d8-115dd 116b8 116d0-1183a 11900-11abf 11b0a-11fb0 12399-12ff0 1342f-16139"
    " 16a70-16ac9 16d40-16ed3 16f45-16f4f 16f7f-16f87 16fe0-1affe 1b002-1b2fb 1ccf0-1d128"
    " 1d250-1d281 1d6a6 1da00-1e7fe 1e900-1e959 1fbf0-1fbf9 2a6d7-2a6df 2b735-2b73f 2b81e-2ee5d"
    " 30000-3fc3f"
)
"""Where letters, marks and digits are that Unicode 18 has and X's library does not know."""

_MENTION = re.compile(
    r"(?:^|[^a-zA-Z0-9_!#$%&*@＠]|(?:^|[^a-zA-Z0-9_+~.-])[rR][tT]:?)"
    r"(?P<mention>[@＠])[a-zA-Z0-9_]{1,20}(?:/[a-zA-Z][a-zA-Z0-9_-]{0,24})?"
)
_NO_MENTION_BEFORE = re.compile(
    "[@＠\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268"
    "\u026f\u0272\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff]|://"
)
_ADDRESS = re.compile(r"https?://[^\s\"'<>@/]+\.[^\s\"'<>]+")


def hashtags(text: str, addresses: Sequence[tuple[int, int]] = ()) -> list[Span]:
    """Every hashtag that is alive: what of the text X makes a link to others with the same one.

    `addresses` are where X sees addresses; what stands within one is no hashtag.
    """
    found: list[Span] = []
    free = 0  # where the character before the next sign may be, as X reads a text
    for sign in _SIGN.finditer(text):
        at, end = sign.start(), sign.end()
        while end < len(text) and belongs(text[end]):
            end += 1
        own = text[at + 1 : end]
        begins = at == 0 or (at > free and _may_stand_before(text[at - 1]))
        if not begins or own.startswith(tuple(_NO_TAG_BEGINS)) or not any(map(_is_letter, own)):
            continue
        free = end
        if not text.startswith(_NOT_AFTER, end):
            found.append(Span(at, end))
    return [tag for tag in found if not any(start < tag.start < end for start, end in addresses)]


def is_hashtag(text: str) -> bool:
    """Whether this is one hashtag, and nothing else."""
    return len(text) <= MOST_CHARACTERS and hashtags(text) == [Span(0, len(text))]


def tagged(text: str, hashtag: str, addresses: Sequence[tuple[int, int]] = ()) -> list[Span]:
    """Where this hashtag stands alive, in whatever case. Both are in NFC."""
    same = hashtag[1:].casefold()
    return [
        tag for tag in hashtags(text, addresses) if text[tag.start + 1 : tag.end].casefold() == same
    ]


def has_tag(text: str, hashtag: str) -> bool:
    """Whether the text carries the hashtag alive, in whatever case or Unicode form."""
    said, tag = (unicodedata.normalize("NFC", each) for each in (text, hashtag))
    return bool(tagged(said, tag))


def belongs(character: str) -> bool:
    """Whether the character may be part of a hashtag, so that it makes one with what it touches."""
    if character.isascii():
        return character.isalnum() or character == "_"
    return _is_letter(character) or _is_other(character)


def _may_stand_before(character: str) -> bool:
    return character in SELECTORS or not (character == "&" or belongs(character))


@functools.lru_cache(maxsize=4096)
def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" and not _is_newer(character)


@functools.lru_cache(maxsize=1024)
def _is_other(character: str) -> bool:
    is_digit = unicodedata.category(character) == "Nd" and not _is_newer(character)
    return is_digit or character in _SPECIAL


def _is_newer(character: str) -> bool:
    ranges = _newer_ranges()
    at = bisect(ranges, (ord(character), 0x110000)) - 1
    return at >= 0 and ord(character) <= ranges[at][1]


@functools.cache
def _newer_ranges() -> Sequence[tuple[int, int]]:
    each = (span.partition("-") for span in _NEWER.split())
    return [(int(first, 16), int(last or first, 16)) for first, _, last in each]


def mention_in(text: str, addresses: Sequence[tuple[int, int]] | None = None) -> int | None:
    """Where the first mention (@name) begins that X sees, or None.

    What stands within an address of the web is none. `addresses` are where X sees them; without
    that, every `https://` with a domain behind it counts as one.
    """
    if "@" not in text and "＠" not in text:
        return None
    if addresses is None:
        addresses = [match.span() for match in _ADDRESS.finditer(text)]
    for match in _MENTION.finditer(text):
        at = match.start("mention")
        is_inside = any(start < at < end for start, end in addresses)
        if not is_inside and not _NO_MENTION_BEFORE.match(text, match.end()):
            return at
    return None
