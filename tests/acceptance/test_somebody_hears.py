"""A real worker in trouble: who hears of it, and what `bot status` says, also where it is gone."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fake_x import FakeX
from tests.listener import Listener
from tests.site import a_site, bot, live, start

FAR = 60.0
"""Seconds within which something is sure to happen, if it happens at all."""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """Starts workers, and ends those that are left."""
    workers: list[subprocess.Popen[str]] = []

    def one(site: Path, env: dict[str, str]) -> subprocess.Popen[str]:
        workers.append(start(site, "run", env=env))
        return workers[-1]

    yield one
    for worker in workers:
        if worker.poll() is None:
            worker.terminate()
        worker.communicate(timeout=FAR)


def next_alert(listener: Listener) -> dict[str, Any]:
    while True:
        method, _, _, body = listener.got.get(timeout=FAR)
        if method == "POST":
            alert: dict[str, Any] = json.loads(body)
            return alert


def needs(site: Path, env: dict[str, str], code: int) -> list[dict[str, Any]]:
    done = bot(site, "status", "--json", env=env, code=code)
    found: list[dict[str, Any]] = json.loads(done.stdout)["needs_a_person"]
    return found


def test_x_is_down_and_comes_back(tmp_path: Path, begin: Start) -> None:
    site = a_site(tmp_path, every="3s")
    with FakeX() as x, Listener() as alerts, Listener() as beats:
        x.faults.add("status", match="*", code=503, times=None)
        hooks = {"ALERT_URL": alerts.url, "HEARTBEAT_URL": beats.url}
        env = live(x, f"sqlite:///{tmp_path}/bot.sqlite3") | hooks
        worker = begin(site, env)
        begun = next_alert(alerts)
        assert (begun["event"], begun["stage"], begun["account"]) == ("lost", "begun", "x")
        assert "503" in begun["message"]
        (need,) = needs(site, env, 1)
        assert "503" in need["reason"]
        x.faults.clear()
        x.wait_for(1, timeout=FAR)
        over = next_alert(alerts)
        assert (over["id"], over["stage"]) == (begun["id"], "over")
        worker.terminate()
        assert worker.wait(FAR) == 0
        assert all(method == "GET" for method, *_ in emptied(beats))


def emptied(listener: Listener) -> list[Any]:
    found = []
    while not listener.got.empty():
        found.append(listener.got.get())
    return found


def test_a_worker_that_was_killed_is_named_until_it_has_a_successor(
    tmp_path: Path, begin: Start
) -> None:
    site = a_site(tmp_path, every="1h")
    database = tmp_path / "bot.sqlite3"
    with FakeX() as x, Listener() as alerts:
        env = live(x, f"sqlite:///{database}") | {"ALERT_URL": alerts.url}
        worker = begin(site, env)
        beaten(database)
        worker.send_signal(signal.SIGKILL)
        worker.wait(FAR)
        ages = (timedelta(minutes=2), timedelta(hours=23), timedelta(hours=26), timedelta(days=10))
        for age in ages:
            heard_of(database, age)
            (need,) = [each for each in needs(site, env, 1) if each["state"] == "silent"]
            assert need["id"].endswith(f":{worker.pid}/x")
            assert "It ended without saying so." in need["fix"]
        heard_of(database, timedelta(seconds=5))
        successor = begin(site, env)
        beaten(database, beside=worker.pid)
        found = json.loads(bot(site, "status", "--json", env=env).stdout)
        assert [each["worker"] for each in found["workers"]] != []
        assert all(f":{successor.pid}/" in each["worker"] for each in found["workers"])
        successor.terminate()
        assert successor.wait(FAR) == 0
        assert needs(site, env, 0) == [], "who says goodbye is not missed"
        assert alerts.got.empty()


def beaten(database: Path, beside: int = 0) -> None:
    """Waits until a worker, another than this process, has said in the ledger that it lives."""
    end = datetime.now(UTC) + timedelta(seconds=FAR)
    while datetime.now(UTC) < end:
        if database.exists():
            with closing(sqlite3.connect(database)) as db:
                sql = "SELECT key FROM notes WHERE key LIKE 'beat:%'"
                try:
                    keys = [key for (key,) in db.execute(sql)]
                except sqlite3.OperationalError:  # its tables are just being made
                    keys = []
            if any(f":{beside}/" not in key for key in keys):
                return
    pytest.fail("no worker was heard of")


def heard_of(database: Path, ago: timedelta) -> None:
    """Lets every worker have been heard of so long ago, and not since."""
    at = (datetime.now(UTC) - ago).isoformat(timespec="microseconds").replace("+00:00", "Z")
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE notes SET at = ? WHERE key LIKE 'beat:%'", (at,))
