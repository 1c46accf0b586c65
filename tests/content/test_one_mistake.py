"""One mistake, one message: what people do to a campaign by accident, and how often it is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.checking import check
from bot.cli.shared import NETWORKS, limits_of
from bot.content import load
from bot.drawing import not_drawn
from bot.planning import Planner
from tests.site import ROOT

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CAMPAIGN = "messages/campaign.toml"
ITUC = "messages/statements/ituc.toml"
MEDIA = "media/media.toml"
TEMPLATE = "messages/templates/quote-pass-it-on.txt"

Change = Callable[[Path], object]


def edit(path: str, old: str, new: str) -> Change:
    def change(root: Path) -> None:
        text = (root / path).read_text("utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new), "utf-8")

    return change


def emptied(path: str) -> Change:
    return lambda root: (root / path).write_text("", "utf-8")


def renamed(root: Path) -> None:
    (root / ITUC).rename(root / "messages/statements/ituc-2020.toml")


CASES: dict[str, tuple[Change, set[str]]] = {
    "no cards": (lambda root: shutil.rmtree(root / "media/cards"), {"card-missing"}),
    "no drawn picture": (
        lambda root: (root / "media/standwithbelarus.gif").unlink(),
        {"missing-file"},
    ),
    "no statement": (lambda root: (root / ITUC).unlink(), {"picture-draw", "unknown-passage"}),
    "empty statement": (emptied(ITUC), {"empty-file", "picture-draw"}),
    "renamed statement": (renamed, {"picture-draw", "unknown-passage", "lock-unverified"}),
    "unreadable statement": (
        edit(ITUC, "when = ", "<<<<<<< HEAD\nwhen = "),
        {"toml-syntax", "picture-draw"},
    ),
    "empty template": (emptied(TEMPLATE), {"empty-file"}),
    "another date": (edit(ITUC, 'when = "', 'when = "early '), {"lock-attribution"}),
    "another publisher": (edit(ITUC, 'publisher = "', 'publisher = "the '), {"lock-attribution"}),
    "renamed picture": (
        edit(MEDIA, "[assets.square", "[assets.squares"),
        {"template-unknown-asset"},
    ),
    "no picture verified": (
        edit("messages/sources.lock", '"media/cards/', '"media/kards/'),
        {"picture-unverified"},
    ),
    "account without content": (
        edit(
            CAMPAIGN, "[accounts.x]", '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n[accounts.x]'
        ),
        {"nothing-to-say"},
    ),
    "campaign in another language": (
        edit(CAMPAIGN, "[campaign]", '[campaign]\nlanguage = "fr"'),
        {"nothing-to-say"},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_mistake_is_told_once_and_everywhere_alike(
    tmp_path: Path, case: tuple[Change, set[str]]
) -> None:
    change, rules = case
    for folder in ("messages", "media"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    change(tmp_path)
    problems = check(tmp_path, limits_of(NETWORKS), NOW)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert {problem.rule for problem in errors} == rules
    assert len(errors) == len(rules), [str(problem) for problem in errors]
    assert len(problems) <= len(rules) + 1, [str(problem) for problem in problems]
    assert all(problem.fix for problem in problems)
    planner = Planner(load(tmp_path, NETWORKS), limits_of(NETWORKS))
    assert {(p.rule, p.where) for p in planner.left_out} == {(p.rule, p.where) for p in errors}


@pytest.mark.parametrize("change", [lambda root: (root / ITUC).unlink(), emptied(ITUC)])
def test_where_a_statement_is_gone_nobody_is_sent_to_another_name(
    tmp_path: Path, change: Change
) -> None:
    for folder in ("messages", "media"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    change(tmp_path)
    problems = check(tmp_path, limits_of(NETWORKS), NOW)
    told = [problem for problem in problems if problem.rule in {"picture-draw", "unknown-passage"}]
    assert told
    for problem in told:
        assert problem.fix.startswith("Restore or mend messages/statements/ituc.toml, or ")


def test_while_a_statement_is_gone_no_card_of_it_is_taken_away(tmp_path: Path) -> None:
    for folder in ("messages", "media"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / ITUC).unlink()
    assert not_drawn(load(tmp_path, NETWORKS)) != []


def test_a_drawn_picture_that_is_misnamed_is_not_to_be_drawn(tmp_path: Path) -> None:
    for folder in ("messages", "media"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    edit(MEDIA, '"standwithbelarus.gif"', '"media/standwithbelarus.gif"')(tmp_path)
    (problem,) = check(tmp_path, limits_of(NETWORKS), NOW)
    assert problem.fix.startswith("Leave out media/")
