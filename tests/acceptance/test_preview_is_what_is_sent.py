"""Sixty days of the shipped campaign, posted for real to the fake X, against what was shown before.

Everything is as a worker has it (planner, publisher, SQLite ledger, network, uploads) but the
clock, which goes from each thing to be done to the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.cli.shared import NETWORKS, make_planner
from bot.content import load
from bot.ledger.sqlite import SqliteLedger
from bot.networks.x import X, XCredentials
from bot.publishing import Publisher
from tests.acceptance.test_campaign_runs import assert_same
from tests.fake_x import FakeX
from tests.site import a_site, bot, environment

DAYS = 60
BEGIN = datetime(2026, 12, 1, tzinfo=ZoneInfo("Europe/Brussels"))


@pytest.fixture
def x() -> Iterator[FakeX]:
    with FakeX() as server:
        yield server


class World:
    """A worker's parts, and a clock that is moved by hand."""

    def __init__(self, site: Path, database: Path, x: FakeX) -> None:
        self.now = BEGIN
        campaign = load(site, NETWORKS)
        keys = x.environment()
        names = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
        credentials = XCredentials(*(keys[f"X_{name}"] for name in names))
        self.ledger = SqliteLedger(str(database), clock=lambda: self.now)
        self.ledger.migrate()
        self.network = X(credentials, str(site), keys["X_API_URL"], sleep=lambda _: None)
        self.worker = Publisher(
            campaign.accounts["x"],
            make_planner(campaign),
            self.ledger,
            self.network,
            lambda event, **fields: None,
            asks_time=False,  # the time is made up, and the fake X has none but this host's
        )

    def run(self, end: datetime) -> None:
        while self.now < end:
            look = self.worker.step()
            self.now = max(self.now + timedelta(seconds=1), look)


def test_what_is_shown_is_what_x_gets_byte_for_byte_for_sixty_days(
    tmp_path: Path, x: FakeX
) -> None:
    site, database = a_site(tmp_path), tmp_path / "bot.sqlite3"
    world = World(site, database, x)
    world.worker.step()  # the history begins
    env = environment(DATABASE_URL=f"sqlite:///{database}")
    options = ("--days", str(DAYS), "--from", BEGIN.isoformat())
    shown = json.loads(bot(site, "preview", "--json", *options, env=env).stdout)
    bot(site, "preview", "--html", str(tmp_path / "posts.html"), *options, env=env)
    world.run(BEGIN + timedelta(days=DAYS))
    world.ledger.close()
    rows = json.loads(bot(site, "log", "--json", env=env).stdout)
    log: dict[str, Any] = {row["id"]: row for row in rows if row["reason"] != "birth"}
    sent = {post.id: post for post in x.posts}
    assert len(shown) == len(log) == len(sent) == DAYS
    page = (tmp_path / "posts.html").read_text("utf-8")
    for planned in shown:
        row = log[planned["id"]]
        assert row["state"] == "posted"
        assert_same(planned, row, sent[row["remote_id"]])  # hashes are of the bytes that X got
    assert [planned["text"] for planned in shown] == [post.text for post in x.posts]
    assert page.count("<article") == DAYS
