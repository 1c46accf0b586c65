"""Other short forms in a statement's text, with everything else as its editor left it."""

from __future__ import annotations

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from bot.content.splicing import with_short_forms

TEXT = '''\
# top
publisher = "A" # p
[quotes.a]
by = "x"
text = "one two three four"  # why
short = [
  "one two three …", # the long one
  # a note
  "one two …",
  "one …"
]

[quotes.b]
text = "x"
short = ["a", "b"]
[quotes.c]
text = """x
y"""
by = "z"
'''

THREE = ["one two three …", "one two …", "one …"]


def changed(passage: str, forms: list[str]) -> tuple[list[str], list[str]]:
    """The lines that went, and those that came."""
    found = with_short_forms(TEXT, ("quotes", passage), forms)
    assert found is not None
    assert tomli.loads(found)["quotes"][passage].get("short", []) == forms
    before, after = TEXT.splitlines(), found.splitlines()
    return [x for x in before if x not in after], [x for x in after if x not in before]


def test_nothing_changes_where_nothing_was_changed() -> None:
    assert with_short_forms(TEXT, ("quotes", "a"), THREE) == TEXT
    assert with_short_forms(TEXT, ("quotes", "c"), []) == TEXT


def test_a_form_is_replaced_where_it_stands_and_keeps_its_comment() -> None:
    assert changed("a", ["one … four", *THREE[1:]]) == (
        ['  "one two three …", # the long one'],
        ['  "one … four", # the long one'],
    )


def test_a_form_that_goes_takes_its_line_along_and_no_other() -> None:
    assert changed("a", [THREE[0], THREE[2]]) == (['  "one two …",'], [])


def test_a_form_that_comes_gets_a_line_of_its_own() -> None:
    assert changed("a", [*THREE, "new"]) == (['  "one …"'], ['  "one …",', '  "new",'])
    assert changed("a", ["new", *THREE]) == ([], ['  "new",'])


def test_a_passage_without_short_forms_gets_them_behind_its_words() -> None:
    assert changed("c", ['q "x"']) == ([], ['  "q \\"x\\"",'])


@pytest.mark.parametrize("passage", ["a", "b", "c"])
@given(forms=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_whatever_the_forms_everything_else_stays(passage: str, forms: list[str]) -> None:
    found = with_short_forms(TEXT, ("quotes", passage), forms)
    assert found is not None
    wanted = tomli.loads(TEXT)
    wanted["quotes"][passage]["short"] = forms
    read = tomli.loads(found)
    read["quotes"][passage].setdefault("short", [])
    assert read == wanted
    for comment in ("# top", "# p", "# why", *(["# the long one"] if passage != "a" else [])):
        assert comment in found


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        (TEXT, ("quotes", "none")),
        (TEXT, ("facts", "a")),
        ("[quotes.a", ("quotes", "a")),
        ('[quotes.a]\ntext = "x"\nshort = "y"', ("quotes", "a")),
        ('quotes = "x"', ("quotes", "a")),
        ('[[quotes.a]]\ntext = "x"', ("quotes", "a")),
    ],
)
def test_what_can_not_be_spliced_has_no_result(text: str, passage: tuple[str, str]) -> None:
    assert with_short_forms(text, passage, ["z"]) is None


def test_an_empty_list_is_filled() -> None:
    text = '[quotes.a]\ntext = "x y"\nshort = [] # none yet\n'
    found = with_short_forms(text, ("quotes", "a"), ["x …"])
    assert found == text.replace("[] #", '[\n  "x …",\n] #')


def test_an_inline_table_is_spliced_too_or_left_alone() -> None:
    text = 'quotes = { a = { text = "x y", short = ["x …"] } }\n'
    found = with_short_forms(text, ("quotes", "a"), ["… y"])
    assert found == text.replace('"x …"', '"… y"')
