"""Hashtags and mentions are those that X's own library finds.

What it finds is recorded in twitter_text/recorded.json; record.mjs beside it says how.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from bot.content.tags import (
    MOST_CHARACTERS,
    belongs,
    has_tag,
    hashtags,
    is_hashtag,
    mention_in,
    tagged,
)
from bot.networks.weighted import find_urls

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "twitter_text/recorded.json").read_text(encoding="utf-8")
)


def characters(ranges: str) -> set[str]:
    found: set[str] = set()
    for span in ranges.split():
        first, _, last = span.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return found


def test_every_character_is_of_the_kind_that_x_takes_it_for() -> None:
    """But for those that this Python does not know, and those of private use: no text has any."""
    letters, others = characters(RECORDED["letter"]), characters(RECORDED["other"])
    edges = {chr(ord(each) + step) for each in letters for step in (-1, 1)}
    for character in {*map(chr, range(0x20000)), *(edges - letters), "\U00020000"}:
        if unicodedata.category(character) not in ("Cn", "Co", "Cs"):
            is_letter = is_hashtag(f"#{character}")
            assert is_letter == (character in letters), ascii(character)
            assert belongs(character) == (is_letter or character in others), ascii(character)


@pytest.mark.parametrize("case", RECORDED["texts"], ids=lambda case: ascii(case[0]))
def test_a_text_has_the_hashtags_and_mentions_that_x_finds(case: list[Any]) -> None:
    text, tags, addresses, mentions = case
    spans = [tuple(span) for span in addresses]
    assert [list(tag) for tag in hashtags(text, spans)] == tags
    assert mention_in(text, spans) == next(iter(mentions), None)
    assert find_urls(text) == spans


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("@name", 0),
        ("to @name", 3),
        ("(＠name)", 1),
        ("é@name", 1),
        ("RT@someone", 2),
        ("rt: @someone", 4),
        ("https://@someone", 8),
        ("part@someone", None),
        ("by name@example.org", None),
        ("https://video.example/@name", None),
        ("see https://a.example/@b or @c", 28),
        ("a & b", None),
        ("three @ four", None),
    ],
)
def test_mentions(text: str, at: int | None) -> None:
    assert mention_in(text) == at


@pytest.mark.parametrize(
    "tag",
    [
        "#StandWithBelarus",
        "#किसान_आंदोलन",
        "#เสรีภาพ",
        "#தமிழ்",
        "#বাংলাদেশ",
        "#il·lusió",
        "#زن‌زندگی",
        "#حُرّيّة",
        "#Solidarité",
        "＃自由",
        "#8março",
    ],
)
def test_hashtags_in_every_script(tag: str) -> None:
    assert is_hashtag(tag)
    assert tagged(f"A ({tag}).", tag) == [(3, 3 + len(tag))]
    assert has_tag(f"to\n{tag.upper()}", tag)


@pytest.mark.parametrize(
    "text", ["", "#", "tag", "#20", "#_", "#a b", "#a-b", " #a", "##a", "#a#b"]
)
def test_what_is_no_hashtag(text: str) -> None:
    assert not is_hashtag(text)


@pytest.mark.parametrize("after", ["#b", "\ufe0f", "\u0301", "\u200d", "・", "·", "://", "b", "7"])
def test_what_kills_a_hashtag_that_it_follows(after: str) -> None:
    assert tagged(f"#a{after}", "#a") == []


@pytest.mark.parametrize("before", ["·", "b", "é", "&", "_", "・", "\u0301"])
def test_what_kills_a_hashtag_that_it_precedes(before: str) -> None:
    assert hashtags(f"{before}#a") == []


def test_no_hashtag_is_long() -> None:
    assert is_hashtag("#" + "a" * (MOST_CHARACTERS - 1))
    assert not is_hashtag("#" + "a" * MOST_CHARACTERS)


def test_a_long_text_takes_no_longer_than_it_is() -> None:
    """With a pattern that tries every way to take it apart this would not end."""
    assert hashtags("#" + "1" * 100_000) == []
    assert hashtags("#1" * 100_000) == []
    assert len(hashtags("#a " * 100_000)) == 100_000
    assert mention_in("@" * 100_000) is None
