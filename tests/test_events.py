"""Every event has its sentence."""

from __future__ import annotations

import ast
import io
import json
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot import events, logs
from bot.events import DRY_SENTENCES, SENTENCES, Teller
from tests.kept import logging_kept
from tests.site import ROOT

# -- the tellers ------------------------------------------------------------------------------


def tellings() -> Iterator[tuple[str, str, set[str]]]:
    """Every place in the code that tells an event: where, which, and the fields it gives."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            callee, first = node.func, node.args[0]
            name = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")
            is_told = name in ("tell", "_tell") or (name == "event" and path.name == "events.py")
            if is_told and isinstance(first, ast.Constant) and isinstance(first.value, str):
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield where, first.value, {each.arg for each in node.keywords if each.arg}


def fields_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


TELLINGS = list(tellings())


@pytest.mark.parametrize(("where", "name", "given"), TELLINGS, ids=[each[0] for each in TELLINGS])
def test_what_is_told_has_a_sentence_and_every_field_of_it(
    where: str, name: str, given: set[str]
) -> None:
    assert name in SENTENCES
    assert fields_of(SENTENCES[name][1]) <= given
    assert fields_of(DRY_SENTENCES.get(name, "")) <= given


def test_every_sentence_is_told_somewhere() -> None:
    assert {name for _, name, _ in TELLINGS} == SENTENCES.keys()
    assert SENTENCES.keys() >= DRY_SENTENCES.keys()


# -- the log ----------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log so far, as the JSON it is."""
    stream = io.StringIO()
    with logging_kept():
        logs.configure("json", ["hunter2-secret"], stream)
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


Lines = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize("name", SENTENCES)
def test_an_event_is_a_line_of_its_level_with_its_sentence(name: str, lines: Lines) -> None:
    level, sentence = SENTENCES[name]
    fields = {field: f"<{field}>" for field in fields_of(sentence)}
    Teller()(name, **fields)
    (line,) = lines()
    assert (line["event"], line["message"]) == (name, sentence.format_map(fields))
    assert line["level"] == {events.INFO: "info", events.WARNING: "warning"}.get(level, "error")


def test_a_dry_run_never_says_that_it_posted(lines: Lines) -> None:
    tell = Teller(dry_run=True)
    tell("claimed", id="x/1", attempt=1)
    tell("receipt", id="x/1", remote_id="dry-run-1")
    tell("posted", id="x/1", url="", reason="", attempt=1)
    tell("missed", account="x", reason="late", count=1, id="x/0", last="x/0")
    *dry, missed = [line["message"] for line in lines()]
    assert len(dry) == 3
    assert all(message.startswith("Dry run: ") for message in dry)
    assert missed == "Missed 1 of x (late): x/0"


def test_an_event_that_nobody_worded_is_a_fault() -> None:
    with pytest.raises(KeyError):
        Teller()("nonesuch")
