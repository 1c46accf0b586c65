"""The verdict on a chaos run sees what is wrong, and nothing where all is well. And its stage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bot.cli.shared import NETWORKS, limits_of
from bot.content import load
from bot.domain import History
from bot.ledger import rules
from bot.ledger.base import Row
from bot.planning import Planner
from tests.fire.stage import write_site
from tests.fire.verdict import Evidence, judge, table
from tests.fire.x import Seen
from tests.ledger.stores import a_row
from tests.site import ROOT

BORN = datetime(2026, 12, 1, 12, 0, 0, 400_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def row(number: int, **changes: Any) -> Row:
    at = BORN.replace(microsecond=0) + (number - 1) * SECOND
    return rules.fresh(a_row(number, at), at, token=f"t{number}")._replace(**changes)


def rows() -> list[Row]:
    """A birth; posted, held and not seen, missed, held and seen, posted."""
    return [
        rules.birth("x", "sim", BORN),
        row(2, state="posted", remote_id="r2"),
        row(3, state="held", reason="not found"),
        row(4, state="missed", reason="late"),
        row(5, state="held", reason="too old"),
        row(6, state="posted", remote_id="r6"),
    ]


def evidence(rows: list[Row], seen: list[int]) -> Evidence:
    held = {each.id for each in rows if each.state == "held"}
    return Evidence(
        rows,
        [Seen("x", f"r{number}", f"Text {number}") for number in seen],
        {"x": SECOND},
        alerted={"x"} if held else (),
        shown=held,
    )


def test_what_is_posted_missed_or_held_is_well() -> None:
    found = evidence(rows(), [2, 5, 6])
    assert judge(found) == []
    counted = dict(table(found))
    assert counted["slots"] == 5
    assert (counted["posted"], counted["held"], counted["missed"]) == (2, 2, 1)
    assert (counted["  late"], counted["  not found"]) == (1, 1)


@pytest.mark.parametrize(
    ("number", "changes", "what"),
    [
        (2, {"state": "sending"}, "seen, and sending"),
        (2, {"state": "missed", "reason": "late"}, "seen, and missed"),
        (2, {"remote_id": "r9"}, "seen as r2, and posted as r9"),
        (2, {"text": "Text 9"}, "seen, and has no row"),
        (3, {"state": "unknown"}, "still unknown"),
        (3, {"state": "posted", "remote_id": "r3"}, "posted as r3, and nobody saw it"),
        (4, {"reason": ""}, "missed, without a reason"),
        (6, {"slot": BORN.replace(microsecond=0) + 6 * SECOND}, "nothing between"),
    ],
)
def test_a_row_that_does_not_tell_the_truth(
    number: int, changes: dict[str, Any], what: str
) -> None:
    wrong = rows()
    wrong[number - 1] = wrong[number - 1]._replace(**changes)
    assert any(what in line for line in judge(evidence(wrong, [2, 5, 6])))


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda it: replace(it, seen=[*it.seen, Seen("x", "r7", "Text 2")]), "seen 2 times"),
        (lambda it: replace(it, shown=()), "held, and nobody is told"),
        (lambda it: replace(it, rows=it.rows[:3] + it.rows[4:]), "nothing between"),
        (lambda it: replace(it, rows=it.rows[1:]), "begin with its birth"),
        (lambda it: replace(it, rows=it.rows[:1] + it.rows[2:]), "nothing between"),
    ],
)
def test_what_is_missing_or_seen_twice(spoil: Callable[[Evidence], Evidence], what: str) -> None:
    assert any(what in line for line in judge(spoil(evidence(rows(), [2, 5, 6]))))


def test_an_alert_that_never_came_is_wrong() -> None:
    found = replace(evidence(rows(), [2, 5, 6]), alerted=())
    assert judge(found) == ["x: held, and nobody heard of it"]


def test_every_account_has_enough_to_say_and_its_own_words(tmp_path: Path) -> None:
    campaign = load(write_site(tmp_path, {"fr": 1, "pl": 30}, 100), NETWORKS)
    planner = Planner(campaign, limits_of(NETWORKS))
    texts = []
    for account in campaign.accounts.values():
        plan = islice(planner.plan(account, History(account.name), BORN), 100)
        texts += [planned.post.text for planned in plan if planned.post is not None]
    assert len(set(texts)) == 200
    assert [each.schedule.every for each in campaign.accounts.values()] == [(1, "s"), (30, "s")]


def test_the_durations_that_are_shortened_are_there() -> None:
    code = (
        "from tests.fire.worker import hasten; hasten(); import bot.publishing as p; print(p.LOOK)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0:00:02"
