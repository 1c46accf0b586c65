"""A worker that runs posts what is signed off while it runs, and never anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from bot.approval import Approvals
from tests.fake_x import FakeX
from tests.site import a_site, bot, edit, live, start


def test_a_worker_sees_a_sign_off_without_a_restart(tmp_path: Path) -> None:
    site = a_site(tmp_path, every="2s")
    edit(site / "messages/campaign.toml", r"(?m)^approval = false$", "approval = true")
    now = f"starts = {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    edit(site / "messages/campaign.toml", r"(?m)^# starts = .*$", now)
    with FakeX() as x:
        env = live(x, f"sqlite:///{tmp_path}/bot.sqlite3")
        worker = start(site, "run", env=env)
        try:
            missed: list[str] = []
            while "unapproved" not in missed:
                log = json.loads(bot(site, "log", "--json", env=env).stdout)
                missed = [row["reason"] for row in log]
            assert x.signed == [], "not even a picture is uploaded"
            bot(site, "approve", "--count", "30", "--yes", "--by", "Ada Example", env=env)
            x.wait_for(2, timeout=60)
        finally:
            worker.terminate()
            _, said = worker.communicate(timeout=60)
        assert worker.returncode == 0, said
        log = json.loads(bot(site, "log", "--json", env=env).stdout)
        signed = {each.slot for each in Approvals.load(site)}
        posted = [row for row in log if row["state"] == "posted"]
        assert {row["id"] for row in posted} <= signed
        assert [row["text"] for row in posted] == [post.text for post in x.posts]
