"""What answers come to: TOML that reads back as they were, and texts that are kept to the byte."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import drafting
from bot.content.reading import is_name
from bot.drafting import Draft, Source, appended, as_published, bare, slug, table
from bot.errors import UsageError
from tests.content.builder import SOURCES, write_campaign
from tests.generated import limits

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)
fields = st.dictionaries(
    st.sampled_from(["text", "by", "to", "short", "sensitive"]),
    st.one_of(texts, st.lists(texts, min_size=1, max_size=3), st.just(True)),
    min_size=1,
)


@given(fields)
def test_a_table_reads_back_as_what_was_answered(said: dict[str, str | bool | list[str]]) -> None:
    assert tomllib.loads(table("quotes.one", said)) == {"quotes": {"one": said}}


def test_a_table_leaves_out_what_is_empty() -> None:
    assert table("a", {"text": "x", "to": "", "short": [], "sensitive": False}) == (
        '[a]\ntext = "x"\n'
    )


@given(
    st.sampled_from(["", "a = 1", "a = 1\n", "a = 1\n\n", "a = 1\n\n\n# end", "# x\r\na = 1\r\n"]),
    fields,
)
def test_what_is_appended_leaves_the_rest(
    before: str, said: dict[str, str | bool | list[str]]
) -> None:
    after = appended(before, table("b", said))
    assert after.startswith(before)
    assert tomllib.loads(after) == {**tomllib.loads(before), "b": said}
    assert "\n\n[b]" in after.replace("\r\n", "\n") or not before
    if "\r\n" in before:
        assert "\n" not in after.replace("\r\n", "")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("“Stand with us”", "Stand with us"),
        ('"Stand with us"', "Stand with us"),
        ("«\N{NO-BREAK SPACE}Restez\N{NO-BREAK SPACE}»", "Restez"),
        ("„Bleibt“", "Bleibt"),
        ("  Stand\n  with us ", "Stand with us"),
        ("“Stand” and “stay”", "“Stand” and “stay”"),
        ("“Stand", "“Stand"),
        ("”", "”"),
        ("", ""),
    ],
)
def test_marks_around_words_are_left_off(said: str, words: str) -> None:
    assert bare(said) == words


DOCKERS = {"dockers.txt": Source(SOURCES["dockers.txt"])}


def test_words_come_as_they_were_published() -> None:
    words = "We stand with the crews - all of them"
    assert as_published(words, "quote", DOCKERS) == ("We stand with the crews — all of them", None)
    assert as_published("Whatever", "quote", {}) == ("Whatever", None)


def test_what_is_not_there_is_told_with_the_nearest() -> None:
    words, fault = as_published("The right to strike is human", "position", DOCKERS)
    assert words == "The right to strike is human"
    assert fault is not None
    assert fault.what == "dockers.txt doesn't have this word for word"


@given(texts, st.sets(st.sampled_from(["quote", "abc", "abc-def", "quote-2"])))
def test_a_suggested_name_is_free_and_can_be_one(said: str, taken: set[str]) -> None:
    name = slug(said, taken, "quote")
    assert is_name(name)
    assert name not in taken


def test_names_are_made_of_the_first_words() -> None:
    assert slug("The right to strike", (), "quote") == "the-right-strike"
    assert slug("Право на забастовку", ("quote",), "quote") == "quote-2"
    assert slug("Überall Solidarität üben", (), "quote") == "uberall-solidaritat-uben"


def test_a_draft_makes_posts_of_what_is_sound(tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **{"messages/templates/broken.txt": "draws: quote\n"})
    draft = Draft(root, {"x": limits()})
    assert {made.template for made in draft.made(passage="dockers/stand")} == {"quote", "frame"}
    path = "messages/templates/two.txt"
    body = drafting.template(["quote"], ["square"], drafting.plain_body(["quote"]))
    (made,) = draft.having(path, body).made(template="two")
    assert "We stand with the crews" in made.composed.text
    assert draft.having(path, "draws: quote").problems(path)
    assert not (root / path).exists()


def test_a_draft_is_written_only_over_what_it_was_read_from(tmp_path: Path) -> None:
    root = write_campaign(tmp_path)
    draft = Draft(root, {"x": limits()})
    path = "messages/statements/dockers.toml"
    text = draft.text(path)
    assert text is not None
    changed = draft.having(path, text + "# more\n")
    (root / path).write_text("# other\n", encoding="utf-8")
    with pytest.raises(UsageError, match="edited in the meantime"):
        changed.write()
    (root / path).write_bytes(text.encode())
    changed.write()
    assert (root / path).read_bytes().decode() == text + "# more\n"
    new = draft.having("messages/new/one.txt", "x")
    new.write()
    with pytest.raises(UsageError):
        new.write()
