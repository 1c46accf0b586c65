"""Comparing words with their text: what counts as the same, and as a whole word."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.words import (
    Text,
    left_out_negation,
    normalise,
    pieces,
    short_fault,
)

SPOKEN = "We do not agree. Ask again, and we’ll answer: no. They agree with us – at last!"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("‘a’ ‚b‛ `c´ d′ ‹e›", "'a' 'b' 'c' d' 'e'"),
        ("“a” „b‟ «c» d″", '"a" "b" "c" d"'),
        ("a‐b a‑b a‒b a–b a—b a―b a−b", "a-b a-b a-b a-b a-b a-b a-b"),
        (" a\u00a0b\u202fc\u2009d\te\r\nf\n\n g ", "a b c d e f g"),
        ("Ünïcode ﬁ… Case 1½", "Ünïcode ﬁ… Case 1½"),
        ("a\u200bb\u00adc", "a\u200bb\u00adc"),
    ],
)
def test_normalise(text: str, plain: str) -> None:
    assert normalise(text) == plain


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text())
def test_the_plain_text_is_as_long_as_the_one_with_its_own_marks(text: str) -> None:
    both = Text(text)
    assert len(both.plain) == len(both.spaced)
    assert both.plain == normalise(text)


@pytest.mark.parametrize(
    ("text", "words", "is_there"),
    [
        ("the workers’ rights", "workers", True),
        ("the workers’ rights", "worker", False),
        ("they don’t know", "don", False),
        ("they don’t know", "t know", False),
        ("a multi-lateral bank", "lateral bank", False),
        ("a multi-lateral bank", "a multi", False),
        ("the regime—corrupt as it is", "the regime", True),
        ("the regime—corrupt as it is", "corrupt", True),
        ("for 26.5 years", "26", False),
        ("for 26.5 years", "5 years", False),
        ("in 1999.", "1999", True),
        ("said ‘enough’", "enough", True),
        ("“Enough”, she said", "Enough", True),
        ("a cafe\u0301 there", "cafe", False),
        ("snake_case", "snake", False),
        ("Enough", "enough", False),
        ("workers and worker", "worker", True),
        ("anything", "", False),
    ],
)
def test_whole_words(text: str, words: str, is_there: bool) -> None:
    assert any(Text(text).find(words)) == is_there


def test_every_place_is_found_from_where_one_asks() -> None:
    assert [tuple(span) for span in Text("no, no no").find("no")] == [(0, 2), (4, 6), (7, 9)]
    assert [tuple(span) for span in Text("no, no no").find("no", 5)] == [(7, 9)]


def test_pieces() -> None:
    assert pieces("… a – b … c …") == ["a - b", "c"]


@pytest.mark.parametrize(
    "short",
    [
        "We do not agree.",
        "We do not agree",
        "They agree with us – at last!",
        "They agree with us - at last",
        "Ask again, and we'll answer: no.",
        "… and we’ll answer: no.",
        "We do … agree.",
        "We … They agree with us …",
        "… agree with us …",
        "… agree … again … at last!",
        "We do not agree. Ask again, and we’ll answer: no.",
        "Ask again … They agree with us – at last",
    ],
)
def test_short_forms_that_are_right(short: str) -> None:
    assert short_fault(SPOKEN, short) is None


@pytest.mark.parametrize(
    ("short", "rule"),
    [
        ("We agree.", "short-ellipsis"),
        ("agree.", "short-ellipsis"),
        ("We do not", "short-ellipsis"),
        ("Ask again", "short-ellipsis"),
        ("They agree with us", "short-ellipsis"),
        ("We do not agree… Ask", "short-ellipsis"),
        ("… … agree.", "short-ellipsis"),
        ("…", "short-ellipsis"),
        ("We do not agree. They agree with us – at last!", "short-ellipsis"),
        ("They agree … Ask again …", "short-order"),
        ("agree not …", "short-order"),
        ("We do … do not agree.", "short-order"),
        ("we do not agree.", "short-own-words"),
        ("We do not disagree.", "short-own-words"),
        ("We do not agree!", "short-own-words"),
        ("Ask again and …", "short-own-words"),
        ("… we will answer …", "short-own-words"),
    ],
)
def test_short_forms_that_are_wrong(short: str, rule: str) -> None:
    fault = short_fault(SPOKEN, short)
    assert fault is not None
    assert fault.rule == rule


def test_a_later_place_is_found_where_only_that_one_ends_a_sentence() -> None:
    assert short_fault("We march on and on. We march.", "We march.") is None
    assert short_fault("They say we march on. We march on.", "We march on.") is None


@pytest.mark.parametrize(
    ("short", "is_right"),
    [
        ("They spoke etc. …", True),
        ("They spoke etc.", False),
        ("and left.", False),
        ("… and left.", True),
        ("and left. “So?” They asked (twice.) It is so.", False),
        ("They asked (twice.)", True),
        ("They asked (twice", True),
        ("“So?” They asked …", True),
        ("… “So", True),
        ("It is so", True),
        ("It is", False),
    ],
)
def test_where_a_sentence_starts_and_ends(short: str, is_right: bool) -> None:
    text = "They spoke etc. and left. “So?” They asked (twice.) It is so."
    assert (short_fault(text, short) is None) == is_right


WORDS = st.lists(
    st.sampled_from(["a", "B", "don’t", "c-d", "26.5", "“e”"]), min_size=1, max_size=12
)


@given(WORDS, st.data())
def test_whatever_is_left_out_with_its_mark_is_right(words: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    parts: list[str] = []
    for word, keep in zip(words, kept, strict=True):
        if keep or not parts or parts[-1] != "…":
            parts.append(word if keep else "…")
    if any(kept):
        assert short_fault(" ".join(words), " ".join(parts)) is None


@given(WORDS, st.data())
def test_a_word_of_its_own_is_never_right(words: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(words)))
    fault = short_fault(" ".join(words), " ".join([*words[:at], "other", *words[at:]]))
    assert fault is not None
    assert fault.rule == "short-own-words"
    assert "`other`" in fault.what


@pytest.mark.parametrize(
    ("short", "negation"),
    [
        ("We do … agree.", "not"),
        ("We … agree. Ask again, and we’ll answer: no.", "not"),
        ("… Ask again …", "no"),
        ("Ask again, and we’ll …", "no"),
        ("They agree with us – at last!", None),
        ("… agree. Ask again, and we’ll answer: no.", "not"),
        ("We do not … with us …", "no"),
        ("They … at last!", None),
    ],
)
def test_a_negation_that_an_ellipsis_stands_for(short: str, negation: str | None) -> None:
    assert short_fault(SPOKEN, short) is None
    assert left_out_negation(SPOKEN, short, "en") == negation
    assert left_out_negation(SPOKEN, short, "en-GB") == negation
    assert left_out_negation(SPOKEN, short, "la") is None, "a language that is not listed"


NEGATIONS = (
    "not, no, never, nor, neither, without, cannot, denied, denies, denial, deny, refuse, refused,"
    " refusing, hardly, don’t, isn't, unless, rejected, barely, fail to, yet to"
)


@pytest.mark.parametrize("word", re.split(r",\s*", NEGATIONS))
def test_negations(word: str) -> None:
    assert left_out_negation(f"It is {word} so.", "It is … so.", "en") == normalise(word)


@pytest.mark.parametrize("word", ["note", "north", "denim", "known", "fuse", "hard"])
def test_words_that_are_no_negations(word: str) -> None:
    assert left_out_negation(f"It is {word} so.", "It is … so.", "en") is None


LEFT_OUT = {
    "be": ("Мы не адступім", "Мы … адступім", "не"),
    "de": ("Wir weichen nicht zurück", "Wir weichen … zurück", "nicht"),
    "es": ("Aquí no cede nadie", "Aquí … cede nadie", "no"),
    "fr": ("Nous n'irons jamais seuls", "Nous … seuls", "n'"),
    "it": ("Qui non si passa", "Qui … si passa", "non"),
    "nl": ("Wij gaan niet weg", "Wij gaan … weg", "niet"),
    "pl": ("Stąd nigdy odejdziemy", "Stąd … odejdziemy", "nigdy"),
    "pt": ("Aqui não há medo", "Aqui … há medo", "não"),
    "ru": ("Мы никогда уйдём", "Мы … уйдём", "никогда"),
    "uk": ("Ми не підемо", "Ми … підемо", "не"),
}


@pytest.mark.parametrize("language", LEFT_OUT)
def test_negations_in_other_languages(language: str) -> None:
    text, short, negation = LEFT_OUT[language]
    assert left_out_negation(text, short, language) == negation
    assert left_out_negation(text, text, language) is None


def test_every_language_with_marks_of_its_own_has_its_negations_known() -> None:
    from bot.content.words import MARKS

    assert LEFT_OUT.keys() | {"en"} == MARKS.keys()
