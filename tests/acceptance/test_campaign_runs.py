"""The shipped campaign, as its user runs it: the Procfile's worker, real databases, a fake X.

What arrives is compared with what `bot preview` showed, byte for byte, pictures and alt texts too.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_x import FakeX
from tests.site import a_site, bot, environment, live, start


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.sqlite3"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def x() -> Iterator[FakeX]:
    with FakeX() as server:
        yield server


def honcho(site: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", "worker"],
        cwd=site,
        env={**env, "PATH": f"{Path(sys.executable).parent}:{env.get('PATH', '')}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def test_the_procfiles_worker_posts_what_the_preview_showed(
    tmp_path: Path, x: FakeX, database_url: str
) -> None:
    site = a_site(tmp_path, every="4s")
    env = live(x, database_url)
    worker = honcho(site, env)
    try:
        x.wait_for(1, timeout=60)
        shown = json.loads(bot(site, "preview", "--json", "--count", "3", env=env).stdout)
        posts = x.wait_for(6, timeout=60)
        status = json.loads(bot(site, "status", "--json", env=env).stdout)
    finally:
        worker.terminate()
        said, _ = worker.communicate(timeout=60)
    assert '"event": "stopped"' in said  # honcho's own exit code tells of the signal it got
    log = {row["id"]: row for row in json.loads(bot(site, "log", "--json", env=env).stdout)}
    by_id = {post.id: post for post in posts}
    for planned in shown:
        row = log[planned["id"]]
        assert row["state"] == "posted", said
        assert_same(planned, row, by_id[row["remote_id"]])
    assert_story(status, list(log.values()), posts)


def assert_same(planned: dict[str, Any], row: dict[str, Any], post: Any) -> None:
    """What was shown, what the ledger keeps and what X has are one and the same."""
    assert planned["text"] == row["text"] == post.text
    assert planned["media"] == row["media"]
    for attached, stored in zip(planned["media"], post.media, strict=True):
        assert (attached["alt"], attached["sha256"]) == (stored.alt, stored.sha256)
        assert (attached["mime"], attached["bytes"]) == (stored.mime, stored.bytes)
    assert (planned["template"], planned["draws"]) == (row["template"], row["draws"])


def assert_story(status: dict[str, Any], log: list[dict[str, Any]], posts: list[Any]) -> None:
    """`bot log` and `bot status` tell what happened."""
    assert log[0]["reason"] == "birth"
    assert [row["slot"] for row in log] == sorted(row["slot"] for row in log)
    assert {row["remote_id"] for row in log if row["state"] == "posted"} >= {p.id for p in posts}
    assert len({row["text"] for row in log[1:]}) == len(log) - 1
    assert status["mode"] == "live"
    assert [worker["alive"] for worker in status["workers"]] == [True]
    (account,) = status["accounts"]
    assert account["last"]["url"].startswith("https://x.com/")
    assert account["next"]["text"]
    assert status["needs_a_person"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_in_good_order(
    tmp_path: Path, x: FakeX, number: signal.Signals
) -> None:
    site = a_site(tmp_path, every="2s")
    env = live(x, f"sqlite:///{tmp_path}/bot.sqlite3")
    worker = start(site, "run", env=env)
    try:
        x.wait_for(1, timeout=60)
    finally:
        worker.send_signal(number)
        _, said = worker.communicate(timeout=60)
    assert worker.returncode == 0, said
    assert json.loads(said.splitlines()[-1])["event"] == "stopped"
    log = json.loads(bot(site, "log", "--json", env=env).stdout)
    assert {row["state"] for row in log} <= {"posted", "missed"}
    assert len([row for row in log if row["state"] == "posted"]) == len(x.posts)
    status = bot(site, "status", "--json", env=env, code=None)  # 1 once the next slot has passed
    workers = json.loads(status.stdout)["workers"]
    assert workers == [], "a worker that ended in good order is not missed"


def test_a_dry_run_needs_nothing_sends_nothing_and_uses_up_nothing(tmp_path: Path) -> None:
    site = a_site(tmp_path, every="1h")
    before = bot(site, "preview", "--json", "--count", "1", "--from", "2026-12-01").stdout
    done = bot(site, "post", "--now")
    (line,) = [
        json.loads(line) for line in done.stderr.splitlines() if '"event": "dry_run"' in line
    ]
    assert line["body"]["text"]
    assert line["body"]["media"]["media_ids"] == [item["sha256"] for item in line["media"]]
    assert all(item["alt"] for item in line["media"])
    assert not list(site.glob("*.sqlite3*"))
    assert bot(site, "preview", "--json", "--count", "1", "--from", "2026-12-01").stdout == before


def test_a_dry_run_shows_what_a_live_run_then_posts(tmp_path: Path, x: FakeX) -> None:
    site = a_site(tmp_path, every="1h")
    env = live(x, f"sqlite:///{tmp_path}/bot.sqlite3")
    bot(site, "post", env=env)  # the history begins
    dry = bot(site, "post", "--now", "--dry-run", env=env).stderr
    (shown,) = [json.loads(line) for line in dry.splitlines() if '"event": "dry_run"' in line]
    bot(site, "post", "--now", env=env)
    (post,) = x.posts
    assert post.text == shown["body"]["text"]
    assert [item.sha256 for item in post.media] == shown["body"]["media"]["media_ids"]
    assert [item.alt for item in post.media] == [item["alt"] for item in shown["media"]]


def test_the_previews_are_identical_wherever_they_run(tmp_path: Path) -> None:
    arguments = ("preview", "--json", "--days", "60", "--from", "2026-12-01")
    one = bot(a_site(tmp_path / "one"), *arguments).stdout
    other = bot(
        a_site(tmp_path / "other"),
        *arguments,
        env=environment(PYTHONHASHSEED="7", TZ="Pacific/Kiritimati", LC_ALL="C"),
    ).stdout
    assert one == other
    posts = json.loads(one)
    assert len({post["text"] for post in posts}) == len(posts) == 60


def test_sixty_days_hold_what_is_promised(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    shown = bot(site, "preview", "--json", "--days", "60", "--from", "2026-12-01").stdout
    last: dict[str, int] = {}
    for day, post in enumerate(json.loads(shown)):
        assert post["length"] <= post["limit"] == 280
        assert post["text"].count("#StandWithBelarus") == 1
        assert "August 2020" in post["text"]
        assert post["media"], "every post has a picture"
        for name in post["draws"]:
            assert day - last.get(name, -99) >= 14
            last[name] = day


def test_without_a_terminal_nothing_is_coloured(tmp_path: Path) -> None:
    shown = bot(a_site(tmp_path), "preview", "--count", "2").stdout
    assert "\x1b[" not in shown
    assert "#StandWithBelarus" in shown
