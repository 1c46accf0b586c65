"""What a post says: the fullest words that fit, between their marks, and never a character less."""

from __future__ import annotations

import unicodedata
from itertools import product

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.composing import Composed, Composer, Unit, dressed, tidy
from bot.content.words import MARKS, marked
from bot.domain import Kind, Limits, Passage, Template
from tests.generated import asset, campaign, limits, passage, statement, template

BODY = "{{ quote.by }}: {{ quote }} {{ hashtag }}"
BOTH = "{{ quote.by }}: {{ quote }}\n{{ fact.by }}: {{ fact }}\n{{ hashtag }}"


def said(
    text: str = "All the words there are",
    *,
    short: tuple[str, ...] = (),
    by: tuple[str, ...] = ("Jane Roe, President", "Jane Roe"),
    kind: Kind = "quote",
    name: str = "said",
) -> Passage:
    return passage(name, kind, text=text, short=short)._replace(by=by)


def compose(
    units: list[Unit], limit: Limits, *, body: str = BODY, composer: Composer | None = None
) -> Composed:
    kinds: tuple[Kind, ...] = tuple(unit.lead.kind for unit in units)
    composer = composer or Composer(campaign([unit.lead for unit in units], []))
    return composer.compose(template("t", *kinds, body=body), units, limit)


# -- what gives way ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (80, "Jane Roe, President: “All the words there are” #Test"),
        (51, "Jane Roe, President: “All the words …” #Test"),
        (41, "Jane Roe, President: “All …” #Test"),
        (33, "Jane Roe: “All the words …” #Test"),
        (32, "Jane Roe: “All …” #Test"),
    ],
)
def test_words_give_way_first_and_then_the_attribution(room: int, text: str) -> None:
    unit = Unit(said(short=("All the words …", "All …")))
    composed = compose([unit], limits(room))
    assert (composed.text, composed.length, composed.fits) == (text, len(text), True)


def test_a_text_as_long_as_the_limit_fits() -> None:
    unit = Unit(said(short=("All …",)))
    full = "Jane Roe, President: “All the words there are” #Test"
    assert compose([unit], limits(len(full))).text == full
    assert compose([unit], limits(len(full) - 1)).words == ("All …",)


def test_a_longer_attribution_wins_over_longer_words() -> None:
    """Who said it is whole before how much of it is."""
    unit = Unit(said("x" * 60, short=("x",), by=("The long name", "It")))
    composed = compose([unit], limits(75))
    assert (composed.words, composed.by) == (("x",), ("The long name",))


def test_where_nothing_fits_the_shortest_is_given_whole_and_does_not_fit() -> None:
    unit = Unit(said(short=("All …",)))
    composed = compose([unit], limits(10))
    assert composed.text == "Jane Roe: “All …” #Test"
    assert (composed.fits, composed.length) == (False, len(composed.text))


def test_the_room_is_measured_by_the_network() -> None:
    """Twelve letters that count double leave less room than their number says."""
    unit = Unit(said("ж" * 12, short=("жж …",)))
    full = "Jane Roe: “жжжжжжжжжжжж” #Test"
    bytewise = limits(len(full.encode()) - 1)._replace(measure=lambda text: len(text.encode()))
    assert compose([unit], bytewise).words == ("жж …",)
    assert compose([unit], limits(len(full.encode()) - 1)).words == ("ж" * 12,)


LETTERS = st.text(st.sampled_from("abc é–’“”{}%#@&<'\"\\ ж字🙂…"), min_size=1, max_size=30).map(
    lambda text: unicodedata.normalize("NFC", " ".join(text.split()) or "a")
)


def falling(most: int) -> st.SearchStrategy[tuple[str, ...]]:
    """Different texts, the longest first, as the content has them."""
    texts = st.lists(LETTERS, min_size=1, max_size=most, unique_by=len)
    return texts.map(lambda each: tuple(sorted(each, key=len, reverse=True)))


def unit_of(kind: Kind, forms: tuple[str, ...], by: tuple[str, ...]) -> Unit:
    return Unit(said(forms[0], short=forms[1:], by=by, kind=kind, name=kind))


@given(forms=falling(5), by=falling(4), room=st.integers(1, 90))
def test_exactly_the_longest_that_fits(
    forms: tuple[str, ...], by: tuple[str, ...], room: int
) -> None:
    composed = compose([unit_of("quote", forms, by)], limits(room))
    every = [(f"{who}: “{words}” #Test", words, who) for who in by for words in forms]
    fitting = [each for each in every if len(each[0]) <= room]
    text, words, who = fitting[0] if fitting else min(every, key=lambda each: len(each[0]))
    assert (composed.text, composed.words, composed.by) == (text, (words,), (who,))
    assert (composed.fits, composed.length) == (bool(fitting), len(text))


@given(
    quote=st.tuples(falling(3), falling(3)),
    fact=st.tuples(falling(3), falling(3)),
    room=st.integers(20, 170),
)
def test_two_kinds_share_the_room_so_that_the_most_is_said(
    quote: tuple[tuple[str, ...], tuple[str, ...]],
    fact: tuple[tuple[str, ...], tuple[str, ...]],
    room: int,
) -> None:
    units = [unit_of("quote", *quote), unit_of("fact", *fact)]
    composed = compose(units, limits(room), body=BOTH)
    best = (-1, -1)
    for a, b, c, d in product(quote[1], fact[1], quote[0], fact[0]):
        if len(f"{a}: “{c}”\n{b}: “{d}”\n#Test") <= room:
            best = max(best, (len(a) + len(b), len(c) + len(d)))
    if best == (-1, -1):
        assert not composed.fits
    else:
        assert composed.fits
        assert best == (sum(map(len, composed.by)), sum(map(len, composed.words)))
        a, b = composed.by
        c, d = composed.words
        assert composed.text == f"{a}: “{c}”\n{b}: “{d}”\n#Test"


# -- the words --------------------------------------------------------------------------------


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]))
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(bool)
)
def test_any_words_come_out_as_they_are_between_the_marks(text: str) -> None:
    """Whatever they look like: braces, tags, markup or quotation marks of their own."""
    composed = compose([Unit(said(text))], limits(10_000))
    assert composed.text == f"Jane Roe, President: “{text}” #Test"


@pytest.mark.parametrize(
    "words", ["{{ hashtag }}", "{% if x %}", "{# no #}", "<b>&amp;</b>", "a “b” c", r"\n", "50 %"]
)
def test_words_are_never_taken_for_a_template(words: str) -> None:
    assert f"“{words}”" in compose([Unit(said(words))], limits()).text


def test_an_attribution_is_never_taken_for_a_template() -> None:
    composed = compose([Unit(said(by=("{{ hashtag }}",)))], limits())
    assert composed.text.startswith("{{ hashtag }}: “")


def test_what_a_template_may_say_of_a_passage() -> None:
    body = "{{ demand }}|{{ demand.by }}|{{ demand.when }}|{{ demand.publisher }}|{{ demand.to }}"
    unit = Unit(said(kind="demand", by=("Jane",)))
    assert compose([unit], limits(), body=body).text == (
        "“All the words there are”|Jane|August 2020|Publisher s0|somebody"
    )


def test_a_condition_sees_the_attribution_that_is_used() -> None:
    name = "{% if quote.by == 'Jane Roe' %}\nJane\n{% else %}\n{{ quote.by }}\n{% endif %}\n"
    body = name + "{{ quote }}"
    wide = compose([Unit(said("Words"))], limits(), body=body)
    assert wide.text == "Jane Roe, President\n“Words”"
    narrow = compose([Unit(said("Words"))], limits(len(wide.text) - 1), body=body)
    assert narrow.text == "Jane\n“Words”"


def test_a_link_is_printed() -> None:
    content = campaign([said()], [], links={"frame": "https://example.org/f"})
    composed = compose(
        [Unit(said())], limits(), body="{{ links.frame }}", composer=Composer(content)
    )
    assert composed.text == "https://example.org/f"


@pytest.mark.parametrize(
    "body", ["{{ nothing }}", "{{ quote.to }}", "{{ links.unset }}", "{{ fact }}"]
)
def test_a_name_that_is_not_there_is_an_error_and_no_blank(body: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        compose([Unit(said())], limits(), body=body)


# -- quotation marks --------------------------------------------------------------------------

IN_MARKS = {
    "en": "“words”",
    "be": "«words»",
    "de": "„words“",
    "es": "«words»",
    "fr": "«\N{NO-BREAK SPACE}words\N{NO-BREAK SPACE}»",
    "it": "«words»",
    "nl": "“words”",
    "pl": "„words”",
    "pt": "«words»",
    "ru": "«words»",
    "uk": "«words»",
}


@pytest.mark.parametrize(("language", "expected"), IN_MARKS.items())
def test_marks_by_language(language: str, expected: str) -> None:
    assert IN_MARKS.keys() == MARKS.keys()
    assert marked("words", language) == expected
    foreign = said("words")._replace(statement=statement()._replace(language=language))
    assert expected in compose([Unit(foreign)], limits()).text


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("pt-BR", "«words»"),
        ("fr-CA", "«\u00a0words\u00a0»"),
        ("tlh", "“words”"),
        ("en-GB", "“words”"),
    ],
)
def test_marks_of_a_country_are_its_languages(language: str, expected: str) -> None:
    assert marked("words", language) == expected


# -- what stands together ---------------------------------------------------------------------


def test_a_partners_words_follow_in_the_same_marks() -> None:
    unit = Unit(said("They must talk"), said("and sign", name="sign"))
    assert (
        compose([unit], limits()).text == "Jane Roe, President: “They must talk … and sign” #Test"
    )
    assert [each.id for each in unit.passages] == ["s0/said", "s0/sign"]


@given(falling(4), falling(4))
def test_any_form_of_one_stands_with_any_of_the_other_longest_first(
    lead: tuple[str, ...], partner: tuple[str, ...]
) -> None:
    unit = Unit(said(lead[0], short=lead[1:]), said(partner[0], short=partner[1:], name="partner"))
    assert sorted(unit.forms) == sorted(f"{a} … {b}" for a in lead for b in partner)
    lengths = [len(form) for form in unit.forms]
    assert lengths == sorted(lengths, reverse=True)


def test_a_partner_gives_way_in_its_words_before_the_attribution_does() -> None:
    unit = Unit(said("They must talk now"), said("and sign it", short=("and sign …",), name="s"))
    full = "Jane Roe, President: “They must talk now … and sign it” #Test"
    composed = compose([unit], limits(len(full) - 1))
    assert composed.words == ("They must talk now … and sign …",)
    assert composed.by == ("Jane Roe, President",)


# -- what is remembered -----------------------------------------------------------------------


def test_what_is_remembered_is_kept_apart_by_network_and_by_limits() -> None:
    units = [Unit(said(short=("All …",)))]
    composer = Composer(campaign([units[0].lead], []))
    wide, narrow, elsewhere = limits(80), limits(41), limits(41, "mastodon")
    double = limits(80)._replace(measure=lambda text: 2 * len(text))
    for limit in (wide, narrow, elsewhere, double, wide, narrow, elsewhere, double):
        assert compose(units, limit, composer=composer) == compose(units, limit)


def test_what_is_remembered_is_kept_apart_by_template_and_by_words() -> None:
    one, other, limit = said("One"), said("Other", name="other"), limits()
    composer = Composer(campaign([one, other], []))
    for words in (one, other, one):
        for name, body in (("a", "{{ quote }} a"), ("b", "{{ quote }} b")):
            design: Template = template(name, "quote", body=body)
            composed = composer.compose(design, [Unit(words)], limit)
            assert composed.text == f"“{words.text}” {name}"


def test_the_same_thing_is_composed_only_once() -> None:
    asked: list[str] = []

    def measure(text: str) -> int:
        asked.append(text)
        return len(text)

    counting = limits()._replace(measure=measure)
    composer = Composer(campaign([said()], []))
    first = compose([Unit(said())], counting, composer=composer)
    assert compose([Unit(said())], counting, composer=composer) is first
    assert len(asked) == 1


# -- tidying up -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rough", "tidied"),
    [
        ("\n\n a \n", "a"),
        ("a \nb\t\nc", "a\nb\nc"),
        ("a\n\n\nb\n\n\n\n\nc", "a\n\nb\n\nc"),
        ("a\n \n\t\n \nb", "a\n\nb"),
        ("a\n\nb", "a\n\nb"),
        ("a  b", "a  b"),
        ("cafe\u0301 a\u030a", "café å"),
        ("«\u00a0a\u00a0»", "«\u00a0a\u00a0»"),
        ("", ""),
    ],
)
def test_tidy(rough: str, tidied: str) -> None:
    assert tidy(rough) == tidied


@given(st.text(st.sampled_from("ab \t\n\u0301é")))
def test_what_is_tidy_stays_as_it_is(text: str) -> None:
    tidied = tidy(text)
    assert tidy(tidied) == tidied
    assert unicodedata.is_normalized("NFC", tidied)
    assert "\n\n\n" not in tidied
    assert not any(line.endswith((" ", "\t")) for line in tidied.split("\n"))
    assert tidied.split() == unicodedata.normalize("NFC", text).split()


def test_a_condition_leaves_no_hole_behind() -> None:
    body = "{{ quote }}\n\n{% if quote.by == 'nobody' %}\nnever\n{% endif %}\n\n{{ hashtag }}"
    assert compose([Unit(said("Words"))], limits(), body=body).text == "“Words”\n\n#Test"


# -- the picture ------------------------------------------------------------------------------


def test_a_picture_goes_out_with_the_alt_text_of_the_language() -> None:
    picture = asset("a0")._replace(alt={"en": "A square", "fr": "Un carré"})
    (attached,) = dressed("Words", picture, "fr").media
    assert attached.alt == "Un carré"
    assert (attached.path, attached.mime) == (picture.path, picture.mime)
    assert (attached.bytes, attached.sha256) == (picture.bytes, picture.sha256)
