"""Everything that could go wrong with the content is told, once, with its place."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import checking
from bot.checking import check
from bot.cli.shared import NETWORKS, limits_of
from bot.content import load
from bot.planning import Planner
from tests.checking.builder import (
    APPROVED,
    CAMPAIGN,
    DEMAND,
    DOCKERS,
    FACT,
    MEDIA,
    MONTHLY,
    NOW,
    POSITION,
    QUOTE,
    WATCH,
    Files,
    checked,
    edited,
    sign_off,
    told,
    written,
)
from tests.checking.cases import CASES, LONG, Bad, padded_png
from tests.content.builder import FILES, png
from tests.site import ROOT


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_content(case: Bad, tmp_path: Path) -> None:
    problems = checked(tmp_path, case.files, case.after)
    found = [(problem.rule, str(problem.where)) for problem in problems]
    assert found == [(case.rule, case.where)], told(problems)
    (problem,) = problems
    for piece in case.what:
        assert piece in problem.what
    assert case.fix in problem.fix
    assert problem.severity == case.severity


def test_the_sound_campaign_is_sound(tmp_path: Path) -> None:
    assert checked(tmp_path) == []


@pytest.mark.parametrize("days", [0, 100, 1000])
def test_nothing_is_wrong_with_the_shipped_campaign_whenever_it_starts(days: int) -> None:
    assert check(ROOT, limits_of(NETWORKS), NOW + timedelta(days=days)) == []


def test_without_a_time_the_plan_begins_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = edited(CAMPAIGN, (MONTHLY, f"{MONTHLY}\nends = 2026-12-31"))
    root = written(tmp_path, files, {})
    assert check(root, limits_of(NETWORKS), NOW) == []

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Later:
            return cls(2027, 1, 1, tzinfo=tz)

    monkeypatch.setattr(checking, "datetime", Later)
    assert [problem.rule for problem in check(root, limits_of(NETWORKS))] == ["schedule-over"]


def test_the_coming_weeks_are_those_from_the_start_on(tmp_path: Path) -> None:
    daily = 'times = ["12:00"]\nstarts = 2028-02-28'
    problems = checked(tmp_path, edited(CAMPAIGN, (MONTHLY, daily)))
    (missed,) = [problem for problem in problems if problem.rule == "nothing-to-draw"]
    assert "Of the coming 60 slots of `x`, 46 would be missed, the first at 2028-03-" in missed.what


def test_a_post_a_year_is_not_a_schedule_that_is_over(tmp_path: Path) -> None:
    assert checked(tmp_path, edited(CAMPAIGN, (MONTHLY, 'cron = "0 12 9 8 *"'))) == []


def test_everything_is_told_at_once_each_once_and_in_order(tmp_path: Path) -> None:
    files: Files = {
        **edited(
            CAMPAIGN,
            (MONTHLY, f"{MONTHLY}\nends = 2026-12-04"),
        ),
        APPROVED: sign_off("0" * 64),
        **edited(QUOTE, ("— {{", f"{LONG}{{{{")),
        **edited(MEDIA, ("The harbour, empty.", "x" * 1001)),
    }
    problems = checked(tmp_path, files, edited(DOCKERS, ("is a human right", "is a right")))
    assert [(p.rule, str(p.where)) for p in problems] == [
        ("lock-edited", f"{DOCKERS}:12"),
        ("alt-long", f"{MEDIA}:5"),
        ("approval-stale", f"{APPROVED}:2"),
        ("schedule-over", f"{CAMPAIGN}:6"),
        ("post-too-long", f"{QUOTE}:4"),
    ]


def test_a_sign_off_for_a_slot_that_has_passed_needs_nobody(tmp_path: Path) -> None:
    past = sign_off("0" * 64).replace("2026-12-05", "2026-11-05")
    assert checked(tmp_path, {APPROVED: past}) == []


def test_a_template_that_is_too_long_is_told_once_by_how_much(tmp_path: Path) -> None:
    (problem,) = checked(
        tmp_path, edited(POSITION, ("{{ position }}\n", f"{{{{ position }}}}{LONG}\n"))
    )
    assert (problem.rule, problem.where.file) == ("post-too-long", POSITION)
    assert re.search(r"too long by \d+ to \d+ for 2 posts on x", problem.what)
    assert re.search(r"Take \d+ out of its own words.*`port-watch/watch`", problem.fix)


def test_a_passage_that_is_too_long_everywhere_is_told_once(tmp_path: Path) -> None:
    """Not once of each template that would print it."""
    other = {POSITION.replace("position", "another"): FILES[POSITION]}
    files = {**other, **edited(WATCH, ("the harbour, and", f"the {LONG}and"))}
    (problem,) = (p for p in checked(tmp_path, files) if p.severity == "error")
    assert (problem.rule, str(problem.where)) == ("post-too-long", f"{WATCH}:13")
    assert "`port-watch/watch` is too long by 66 for 2 posts on x" in problem.what
    assert problem.fix == "Give it a `short` form that is 66 shorter."


def test_pictures_are_looked_at_though_the_content_can_not_be_loaded(tmp_path: Path) -> None:
    files: Files = {
        **edited(QUOTE, ("{{ quote.by }}", "{{ quote.bye }}")),
        "media/banner.png": padded_png(5_000_001),
    }
    rules = {problem.rule for problem in checked(tmp_path, files)}
    assert rules == {"media-limit", "template-unknown-attribute"}


def test_a_language_that_no_account_has(tmp_path: Path) -> None:
    french = edited(WATCH, ('when = "June 2021"', 'when = "June 2021"\nlanguage = "fr"'))
    problems = checked(tmp_path, french)
    assert [(p.rule, str(p.where)) for p in problems] == [
        ("never-drawn", f"{WATCH}:5"),
        ("never-drawn", f"{WATCH}:14"),
        ("never-used", f"{FACT}:1"),
    ]
    assert "draws a position in `fr`" in problems[1].what


def test_an_account_in_each_language_has_its_own_posts(tmp_path: Path) -> None:
    french = 'network = "x"\nlanguage = "fr"'
    files: Files = {
        **edited(CAMPAIGN, ("[accounts.x]", f'[accounts.fr]\n{french}\n[accounts.x]')),
        **edited(DEMAND, ("language: en", "language: fr")),
        **edited(MEDIA, ('"The words: stand with the harbour."', '{en = "Words", fr = "Mots"}'),
                 ('"The harbour, empty."', '{en = "Empty", fr = "Vide"}')),
    }  # fmt: skip
    problems = checked(tmp_path, files)
    assert [(p.rule, str(p.where)) for p in problems] == [
        ("nothing-to-say", f"{CAMPAIGN}:12"),
        ("never-drawn", f"{DOCKERS}:15"),
        ("never-drawn", f"{DOCKERS}:20"),
        ("never-used", f"{DEMAND}:1"),
    ]
    assert problems[0].what.startswith("`fr` has nothing to say in `fr`")
    assert problems[0].severity == "error"


def test_a_passage_kept_back_on_purpose_is_not_called_unused(tmp_path: Path) -> None:
    """The tiny campaign has a superseded fact and a sensitive one."""
    sensitive = edited(WATCH, ("[positions.watch]", "[positions.watch]\nsensitive = true"))
    assert checked(tmp_path / "kept", sensitive) == []
    opted = edited(CAMPAIGN, ("[schedule]", "sensitive = true\n[schedule]"))
    found = [p.rule for p in checked(tmp_path / "in", {**sensitive, **opted, POSITION: None})]
    assert found == ["never-drawn", "never-drawn"]


def test_beside_an_error_check_tells_all_that_preview_and_status_count(tmp_path: Path) -> None:
    files = {
        **edited(POSITION, ("{{ position }}", "{{ positoin }}")),
        **edited(DEMAND, ("{{ demand }}", "{{ demand }}" + " And so it is." * 20)),
    }
    after = {"media/banner.png": png(420, 421), **edited(DOCKERS, ("They will not", "They won't"))}
    problems = checked(tmp_path, files, after)
    campaign = load(tmp_path, NETWORKS)
    counted = Planner(campaign, limits_of(NETWORKS)).left_out
    rules = {"lock-edited", "picture-edited", "template-unknown-name", "post-too-long"}
    assert {problem.rule for problem in counted} == rules, told([*counted])
    assert {each for each in problems if each.severity == "error"} == {*counted}, told(problems)
