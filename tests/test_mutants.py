"""The breakages of the protocol are still to be made. `python -m tests.mutants` makes them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.mutants import __main__ as mutants
from tests.mutants.breakages import MUTANTS, PUBLISHING, Mutant

ROOT = Path(__file__).resolve().parents[1]
NAMES = [mutant.name for mutant in MUTANTS]


def test_each_is_another_one() -> None:
    assert len(MUTANTS) >= 20
    assert len(set(NAMES)) == len(NAMES)
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=NAMES)
def test_what_it_breaks_is_there_once_and_can_be_broken(mutant: Mutant) -> None:
    text = (ROOT / "bot" / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    ast.parse(text.replace(mutant.old, mutant.new))


def test_each_is_listed_with_the_test_that_kills_it() -> None:
    pages = (ROOT / "docs").glob("exactly-once*.md")
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    for mutant in MUTANTS:
        test = mutant.killed_by.partition("::")[2]
        assert any(mutant.name in line and f"`{test}`" in line for line in lines), mutant.name


def test_what_is_no_kill_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    test = "tests/publishing/test_claiming.py::test_two_workers_post_a_slot_once"
    same = Mutant("changes nothing", PUBLISHING, "READINGS = 2\n", "READINGS = 1 + 1\n", test)
    past = "        history, newest, born = self._past()\n"
    no_kills = {
        "SURVIVED": same,
        "what it breaks is there 0 times": same._replace(old="no such line"),
        "its test did not run: ": same._replace(new="READINGS = 1 + '1'\n"),
        "is itself broken: ": same._replace(old=past, new=""),
    }
    monkeypatch.setattr(mutants, "MUTANTS", list(no_kills.values()))
    monkeypatch.setattr(sys, "argv", ["mutants"])
    assert mutants.main() == 1
    *lines, _, closing = capsys.readouterr().out.splitlines()
    for line, (said, _) in zip(lines, no_kills.items(), strict=True):
        assert line.startswith("FAILED")
        assert said in line
    assert closing.startswith("0 passed, 4 failed (")
