"""What one passage that drops out does to the posts to come, and to their sign-offs."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from bot.approval import Approvals, approve
from bot.cli.shared import NETWORKS, make_planner
from bot.content import load
from bot.content.lock import name_of, read_lock, write_lock
from bot.domain import Campaign, History
from bot.planning import Planned
from tests.site import a_site

BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
COUNT = 60

MOST_CHANGED, MEAN_CHANGED = 50, 30
"""Of 60 slots: after the first round, in which the rest stay where they are, the second begins a
slot sooner."""

MOST_LOST, MEAN_LOST = 9, 4
"""Of 60 sign-offs: what was said of that passage, what takes its place, and what moves in at the
end of the 60."""


def plan(campaign: Campaign) -> list[Planned]:
    account = campaign.accounts["x"]
    coming = make_planner(campaign).plan(account, History("x"), BEGIN)
    return list(islice(coming, COUNT))


def test_one_passage_less_leaves_the_rest_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each passage of the shipped campaign in turn, after all 60 posts were signed off."""
    site = a_site(tmp_path)
    whole, (lock, _) = load(site, NETWORKS), read_lock(site)
    before = plan(whole)
    assert approve(site, before, "A. Reader", BEGIN) == COUNT
    approvals = Approvals.load(site)
    assert all(approvals.approved(planned) for planned in before)
    figures = {}
    for passage in whole.passages.values():
        entry = lock.statements[passage.statement.id]
        words = {name: each for name, each in entry.words.items() if name != name_of(passage)}
        entries = {**lock.statements, passage.statement.id: entry.__class__(
            entry.source, entry.sha256, words, entry.said, entry.text, entry.about
        )}  # fmt: skip
        write_lock(site, lock._replace(statements=entries))
        less = load(site, NETWORKS)
        assert passage.id in less.withheld
        after = plan(less)
        assert not any(passage.id in (planned.draws or ()) for planned in after)
        changed = sum(one.post != other.post for one, other in zip(before, after, strict=True))
        lost = sum(not approvals.approved(planned) for planned in after)
        figures[passage.id] = changed, lost
    drawn = [figures[name] for name in figures if any(name in (p.draws or ()) for p in before)]
    never = [figures[name] for name in figures if not any(name in (p.draws or ()) for p in before)]
    with capsys.disabled():
        print()
        for name, (changed, lost) in figures.items():
            print(f"without {name}: {changed} of {COUNT} posts change, {lost} sign-offs lost")
    assert set(never) == {(0, 0)}
    assert max(changed for changed, _ in drawn) <= MOST_CHANGED
    assert sum(changed for changed, _ in drawn) <= MEAN_CHANGED * len(figures)
    assert max(lost for _, lost in drawn) <= MOST_LOST
    assert sum(lost for _, lost in drawn) <= MEAN_LOST * len(figures)
