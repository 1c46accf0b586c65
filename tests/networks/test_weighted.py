"""X's weighted length, against X's own conformance cases and its configuration."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.networks import weighted
from bot.networks.weighted import find_urls, valid_characters, weighted_length
from tests.needs import missing

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"


def reference(name: str) -> str:
    path = REFERENCE / name
    if not path.exists():
        missing(f"{path} is missing: X's rules go unproven")
    return path.read_text(encoding="utf-8")


@cache
def conformance() -> dict[str, list[dict[str, Any]]]:
    cases: dict[str, list[dict[str, Any]]] = yaml.safe_load(reference("twitter-text-validate.yml"))[
        "tests"
    ]
    return cases


# --- Conformance -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "number"),
    [
        ("WeightedTweetsWithDiscountedEmojiCounterTest", 22),
        ("UnicodeDirectionalMarkerCounterTest", 2),
    ],
)
def test_weighted_tweets(group: str, number: int) -> None:
    cases = conformance()[group]
    assert len(cases) == number
    for case in cases:
        text, expected = case["text"], case["expected"]
        length = weighted_length(text)
        assert length == expected["weightedLength"], case["description"]
        assert length * 1000 // 280 == expected["permillage"], case["description"]
        assert (length <= 280 and valid_characters(text)) is expected["valid"], case["description"]


EMOJI_APART = {
    "Count a mix of single byte single word, and double word unicode characters": 7,
    "Count unicode emoji chars outside the basic multilingual plane with skin tone modifiers": 4,
}
"""The older configuration has no emoji sequences; these two cases are about that."""


def test_weighted_tweets_of_the_older_configuration() -> None:
    cases = conformance()["WeightedTweetsCounterTest"]
    assert len(cases) == 20
    for case in cases:
        expected = EMOJI_APART.get(case["description"], case["expected"]["weightedLength"])
        assert weighted_length(case["text"]) == expected, case["description"]


def test_tweets_of_140_characters() -> None:
    """Written when 140 characters were all; a heavy one is two of today's 280."""
    for case in conformance()["tweets"]:
        length = weighted_length(case["text"])
        if case["expected"]:
            assert 0 < length <= 280, case["description"]
        else:
            assert length == 0 or length > 140, case["description"]


NOT_IN_TEXTS = {
    "Valid url: port and userinfo",
    "Valid url: ipv4",
    "Valid url: ipv6",
    "Valid url: sub delims and question marks",
}
"""Valid as addresses, but X does not make links of them, or not of all of them."""


def test_urls() -> None:
    for case in conformance()["urls"]:
        text, description = case["text"], case["description"]
        found = find_urls(text) == [(0, len(text))]
        assert found is (case["expected"] and description not in NOT_IN_TEXTS), description


def test_urls_without_protocol() -> None:
    for case in conformance()["urls_without_protocol"]:
        assert case["expected"] is True
        assert find_urls(case["text"]) == [(0, len(case["text"]))], case["description"]


def test_the_configuration() -> None:
    configuration = json.loads(reference("twitter-text-v3.json"))
    assert configuration["maxWeightedTweetLength"] == 280
    assert configuration["transformedURLLength"] == weighted.URL_WEIGHT
    assert configuration["emojiParsingEnabled"] is True
    assert (configuration["scale"], configuration["defaultWeight"]) == (100, 200)
    light = {
        point
        for span in configuration["ranges"]
        for point in range(span["start"], span["end"] + 1)
        if span["weight"] == 100
    }
    for point in [*range(0xD800), *range(0xE000, 0x11000), 0x1F600, 0x20000, 0x10FFFF]:
        if unicodedata.is_normalized("NFC", chr(point)):
            assert weighted_length(chr(point)) == (1 if point in light else 2), hex(point)


# --- Without the reference ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Strike!", 7),
        ("Свабода", 7),
        ("“a” — b’s", 9),
        ("…", 2),
        ("€", 2),
        ("\u2032\u2037\u2038", 4),
        ("\u200d\u200e\u2010\u201f\u2020", 7),
        ("\u10ff\u1100", 3),
        ("e\u0301", 1),
        ("団結", 4),
        ("✊", 2),
        ("✊🏽", 2),
        ("✊️", 4),
        ("☺", 2),
        ("☺️", 2),
        ("©", 1),
        ("©️", 2),
        ("1", 1),
        ("1⃣", 2),
        ("1️⃣", 2),
        ("🇧🇾", 2),
        ("🇧🇾🇪🇺", 4),
        ("🇧🇧🇾", 4),
        ("🇽🇽", 4),
        ("👨‍👩‍👧‍👦", 2),
        ("👩‍👩‍👦‍👦", 2),
        ("👨‍👦", 2),
        ("👩🏽‍🏭", 2),
        ("👷🏿‍♀️", 2),
        ("👷‍♀️", 2),
        ("🕵️‍♀️", 2),
        ("🧞‍♂️", 2),
        ("👩‍❤️‍💋‍👨", 2),
        ("🏳️‍🌈", 2),
        ("🏴‍☠️", 2),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", 2),
        ("👩🏽 🏭", 5),
        ("a\u200db", 3),
        ("می\u200cخواهم", 8),
        ("a.b c. d", 8),
        ("e.g. the U.S. or No.5", 21),
        ("democracy.” It", 14),
        ("x.nosuchword", 12),
        ("x.org", 23),
        ("x.ORG", 23),
        ("x.org.", 24),
        ("x.org x.organs", 32),
        ("e\u0301 x.org e\u0301", 27),
        ("(x.org)", 25),
        ("“x.org”", 25),
        ("x.org/é", 23),
        ("x.org/a?b=c#d", 23),
        ("x.org?b=c", 27),
        ("x.org, y.net", 48),
        ("https://x.org/" + "a" * 500, 23),
        ("https://x.org/(a)", 23),
        ("https://x.org/a).", 25),
        ("mail a@x.org", 12),
        ("#x.org", 6),
        ("-x.org", 6),
        ("_x.org/", 7),
        ("https://-x.org", 14),
        ("https://a_b.x.org", 23),
        ("https://a_b.org", 15),
        ("ftp://x.org", 11),
        ("https://xn--d1abbgf6aiiy.xn--p1ai", 23),
        ("xn--p1ai.xn--p1ai/a", 23),
        ("https://xn--ж.org", 17),
        ("https://президент.рф", 23),
        ("https://президент.РФ/а", 23),
        ("президент.рф", 12),
        ("пишите на x.org", 33),
        ("писатьx.org", 29),
        ("https://t.co/abc/def", 27),
        ("https://t.co/" + "a" * 41, 54),
        ("https://" + "a" * 63 + ".org", 23),
        ("https://" + "a" * 64 + ".org", 76),
        ("https://" + "é" * 57 + ".org", 23),
        ("https://" + "é" * 58 + ".org", 70),
        ("https://x.org/" + "a" * 4074, 23),
        ("https://x.org/" + "a" * 4075, 4089),
    ],
)
def test_length(text: str, length: int) -> None:
    assert weighted_length(text) == length


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("", []),
        ("Nothing. At.all", []),
        ("See https://example.org/a, b", ["https://example.org/a"]),
        ("See example.org/a?b and www.example.com.", ["example.org/a?b", "www.example.com"]),
        ("日本語example.com/é", ["example.com/é"]),
        ("https://t.co/abc/def", ["https://t.co/abc"]),
        ("http://user:pw@example.com:8080/a", []),
        ("e\u0301 https://example.org", ["https://example.org"]),
    ],
)
def test_find_urls(text: str, urls: list[str]) -> None:
    assert [text[start:end] for start, end in find_urls(text)] == urls


@pytest.mark.parametrize("character", ["\ufffe", "\ufeff", "\uffff"])
def test_forbidden_characters(character: str) -> None:
    assert not valid_characters(f"a{character}b")


def test_directions_and_the_rest_are_allowed() -> None:
    assert valid_characters("\u202a\u2066“…”\ufffd\u200b\U0001fffe🇧🇾")


# --- Properties --------------------------------------------------------------------------------

WORDS = (
    "a . .. com .org .by https:// / ? - _ @ # ( ) “ ” … é e\u0301 Ж 団 ✊ 🏽 👨 👩 👧 \u200d \ufe0f"
    " \u20e3 1 🇧 🇾 ❤ ♀ x.org http://a.com/b"
)
PIECES = st.sampled_from([*WORDS.split(" "), " ", "\n"])
TEXTS = st.lists(PIECES, max_size=20).map("".join) | st.text(max_size=60)


@settings(deadline=None)
@given(TEXTS)
def test_between_nothing_and_twice_the_characters(text: str) -> None:
    bare = unicodedata.normalize("NFC", text)
    urls = find_urls(bare)
    assert 0 <= weighted_length(text) <= 2 * len(bare) + weighted.URL_WEIGHT * len(urls)
    assert (weighted_length(text) == 0) is (text == "")


@settings(deadline=None)
@given(TEXTS)
def test_the_form_of_letters_does_not_matter(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert weighted_length(text) == weighted_length(unicodedata.normalize("NFC", text))
    assert weighted_length(decomposed) == weighted_length(unicodedata.normalize("NFC", decomposed))


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_lines_add_up(one: str, other: str) -> None:
    """Nothing that X counts as one thing goes over the end of a line.

    The second line keeps the line break before it: of an address right at the beginning of a text X
    leaves out an accented first letter ("éx.org"), behind a line break it does not.
    """
    assert weighted_length(f"{one}\n{other}") == weighted_length(one) + weighted_length(
        f"\n{other}"
    )


@settings(deadline=None)
@given(TEXTS)
def test_urls_are_in_order_and_apart(text: str) -> None:
    edges = [edge for span in find_urls(text) for edge in span]
    assert edges == sorted(edges)
    assert all(start < end for start, end in find_urls(text))
    assert all("." in text[start:end] for start, end in find_urls(text))


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x10FF, exclude_characters=".")))
def test_letters_of_most_alphabets_weigh_one(text: str) -> None:
    bare = unicodedata.normalize("NFC", text)
    assert weighted_length(text) == len(bare) + sum(character > "\u10ff" for character in bare)


# --- Cost --------------------------------------------------------------------------------------


def test_the_list_of_domains_is_read_only_for_what_could_be_an_unusual_one() -> None:
    program = """
import sys
from bot.networks.weighted import weighted_length
for text in ("“Text.” And … more. It's 5.30. ✊🏽", "See https://ituc-csi.org.", "U.S. e.g. a"):
    weighted_length(text)
print("publicsuffixlist" in sys.modules)
weighted_length("See example.museum")
print("publicsuffixlist" in sys.modules)
"""
    shown = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert shown == ["False", "True"]
