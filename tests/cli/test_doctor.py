"""`bot doctor`: what stands in the way, all of it, and without leaving a trace."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from bot.cli import shared
from bot.ledger import open_ledger
from bot.ledger.sqlite import SqliteLedger
from tests.cli.book import Book
from tests.cli.conftest import CAMPAIGN, Cli, Done
from tests.cli.terminal import on_terminal, plain
from tests.content.builder import SOURCES
from tests.fake_x import FakeX
from tests.listener import Listener
from tests.site import environment


@pytest.fixture
def sound(site: Path, cli: Cli) -> Path:
    """The site with nothing wrong in its content: a post a month, and all of it verified."""
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    (site / CAMPAIGN).write_text(text.replace('every = "1h"', 'cron = "0 12 5 * *"'))
    for name, source in SOURCES.items():
        (site / name).write_text(source, encoding="utf-8")
    cli("verify", *SOURCES)
    return site


def found(done: Done) -> dict[str, tuple[str, str]]:
    """What was looked at: the verdict, and what was found."""
    lines = [line.split("\t") for line in done.out.splitlines()[1:] if "\t" in line]
    return {what: (verdict, said) for verdict, what, said in lines}


def test_nothing_is_in_the_way(cli: Cli, live: dict[str, str], x: FakeX, sound: Path) -> None:
    before = sorted(sound.rglob("*"))
    hooks = {"ALERT_URL": "https://hooks.example", "HEARTBEAT_URL": "https://hc.example"}
    done = cli("doctor", env={**live, **hooks})
    said = found(done)
    assert list(said) == [
        *("mode", "alerts", "heartbeat", "ledger", "clock", "disk", "content and media"),
        *("time zone", "account x", "time at x"),
    ]
    assert {verdict for verdict, _ in said.values()} == {"ok"}
    assert said["mode"][1] == "live"
    assert said["ledger"][1] == "bot.sqlite3, 0 rows"
    assert said["disk"][1].endswith(" MB free")
    assert said["time zone"][1] == "Europe/Brussels"
    assert said["account x"][1] == "posts as @x on x"
    assert "in the way" not in done.out
    assert [(each.method, each.status) for each in x.requests] == [("GET", 200)]
    assert sorted(sound.rglob("*")) == before


def test_without_credentials(cli: Cli, sound: Path) -> None:
    done = cli("doctor", code=1)
    said = found(done)
    assert said["mode"] == ("warning", "dry run: nothing will be posted")
    verdict, why = said["account x"]
    assert verdict == "problem"
    assert "X_API_KEY, X_API_SECRET, X_ACCESS_TOKEN, X_ACCESS_TOKEN_SECRET: not set" in why
    assert "developer.x.com" in why
    assert done.out.endswith("\n1 thing in the way of posting.\n")


def test_wrong_credentials(cli: Cli, live: dict[str, str], x: FakeX, sound: Path) -> None:
    wrong = {**live, "X_API_SECRET": "correct-horse-battery-staple"}
    done = cli("doctor", env=wrong, code=1)
    verdict, why = found(done)["account x"]
    assert verdict == "problem"
    assert "401" in why
    assert "correct-horse" not in done.out + done.err


def test_a_network_that_is_away(cli: Cli, live: dict[str, str], x: FakeX, sound: Path) -> None:
    done = cli("doctor", env={**live, "X_API_URL": "http://127.0.0.1:1"}, code=1)
    verdict, why = found(done)["account x"]
    assert verdict == "problem"
    assert "tried again" not in why, "the doctor tries nothing again"
    assert "Check the network, and X_API_URL where it is set." in why
    posting = cli("post", "--live", env={**live, "X_API_URL": "http://127.0.0.1:1"}, code=1)
    assert "where the network does not answer, `bot doctor` says why." in posting.err


def test_a_database_that_is_away(cli: Cli, live: dict[str, str], x: FakeX, sound: Path) -> None:
    """And all the rest is looked at even so."""
    away = {**live, "DATABASE_URL": "postgresql://bot:correct-horse@127.0.0.1:1/bot"}
    done = cli("doctor", env=away, code=1)
    said = found(done)
    assert said["ledger"][0] == "problem"
    assert "postgresql://bot@127.0.0.1:1/bot did not answer" in said["ledger"][1]
    assert "Check DATABASE_URL" in said["ledger"][1]
    assert said["account x"][0] == "ok"
    assert "correct-horse" not in done.out + done.err


def test_postgresql_has_no_disk_of_ours(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path, postgres_url: str
) -> None:
    said = found(cli("doctor", env={**live, "DATABASE_URL": postgres_url}))
    assert said["ledger"][0] == said["clock"][0] == "ok"
    assert "disk" not in said


def test_a_folder_for_the_ledger_that_is_not_there(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    nowhere = {**live, "DATABASE_URL": f"sqlite:///{sound}/nowhere/bot.sqlite3"}
    verdict, why = found(cli("doctor", env=nowhere, code=1))["disk"]
    assert verdict == "problem"
    assert f"there is no folder {sound}/nowhere" in why
    assert "DATABASE_URL" in why


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_ledger_that_can_not_be_written(
    cli: Cli,
    live: dict[str, str],
    x: FakeX,
    sound: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    cli("migrate")
    locked = sound if what == "folder" else sound / "bot.sqlite3"
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != locked and access(path, mode)
    )
    verdict, why = found(cli("doctor", env=live, code=1))["disk"]
    assert verdict == "problem"
    assert f"{locked} can't be written" in why
    assert "Let the user that the bot runs as write there." in why


def test_a_disk_that_is_full(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=99_999_999))
    verdict, why = found(cli("doctor", env=live, code=1))["disk"]
    assert (verdict, why) == ("problem", "99 MB free. Make room: 100 MB should be free.")


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(-3, "ok"), (3, "ok"), (-8, "problem"), (8, "problem")]
)
def test_clocks_that_differ(
    cli: Cli,
    live: dict[str, str],
    x: FakeX,
    sound: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    verdict: str,
) -> None:
    def ledger(_: Any, *, readonly: bool = False) -> SqliteLedger:
        there = timedelta(seconds=seconds)
        return SqliteLedger("bot.sqlite3", readonly=True, clock=lambda: datetime.now(UTC) + there)

    monkeypatch.setattr(shared.Bot, "ledger", ledger)
    done = cli("doctor", env=live, code=verdict == "problem")
    assert found(done)["clock"][0] == verdict
    assert ("NTP" in done.out) == (verdict == "problem")


def test_a_pause(cli: Cli, live: dict[str, str], x: FakeX, sound: Path) -> None:
    cli("pause", "--why", "Waiting")
    verdict, why = found(cli("doctor", env=live))["paused pause"]
    assert verdict == "warning"
    assert ": Waiting. Nothing is posted until `bot resume`." in why


def test_content_with_errors_and_with_warnings(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    lock = sound / "messages/sources.lock"
    kept = lock.read_bytes()
    lock.unlink()
    verdict, why = found(cli("doctor", env=live, code=1))["content and media"]
    assert verdict == "problem"
    assert why == (
        "1 error, the first: messages/sources.lock: No passage was ever compared with its source, "
        "so none goes out. "
        "Run `bot check` to see all of them."
    )
    lock.write_bytes(kept)
    (sound / "messages/templates/old.md").write_text("x")
    said = found(cli("doctor", env=live))
    assert said["content and media"] == ("warning", "1 warning. Run `bot check` to see them.")


def test_content_that_can_not_be_loaded_has_no_accounts_to_look_at(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    (sound / CAMPAIGN).write_text("=")
    said = found(cli("doctor", env=live, code=1))
    looked = ["mode", "alerts", "heartbeat", "ledger", "clock", "disk", "content and media"]
    assert list(said) == looked
    assert x.requests == []


def test_settings_that_can_not_be_read(cli: Cli, sound: Path) -> None:
    done = cli("doctor", env={"DRY_RUN": "maybe"}, code=1)
    assert list(found(done)) == ["settings"]
    assert "'maybe' is neither true nor false" in done.out


def test_a_setting_that_looks_like_a_slip(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    done = cli("doctor", env={**live, "DRYRUN": "false"})
    assert found(done)["settings"] == (
        "warning",
        "DRYRUN is no setting; did you mean DRY_RUN?",
    )


def test_a_disk_that_vanishes(cli: Cli, live: dict[str, str], x: FakeX, sound: Path) -> None:
    done = cli("doctor", env={**live, "DYNO": "worker.1"}, code=1)
    assert "SQLite on Heroku" in done.out
    assert "ALLOW_EPHEMERAL_LEDGER" in done.out
    cli("doctor", env={**live, "DYNO": "worker.1", "DRY_RUN": "true"})


def test_on_a_terminal_it_fits_and_nothing_is_cut(sound: Path) -> None:
    code, seen = on_terminal(sound, "doctor", env=environment(), columns=80)
    assert code == 1
    shown = plain(seen)
    assert all(len(line) <= 80 for line in shown.splitlines())
    words = " ".join(shown.split())
    assert "A dry run (DRY_RUN=true) needs none." in words
    assert "\x1b[31mproblem" in seen


# -- the database takes what is written -------------------------------------------------------


@pytest.mark.parametrize("migrated", [True, False])
def test_a_role_that_may_only_read_is_named(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path, postgres_url: str, migrated: bool
) -> None:
    import psycopg

    if migrated:
        cli("migrate", env={"DATABASE_URL": postgres_url})
    name = f"reader_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        row = db.execute("SELECT current_schema()").fetchone()
        assert row is not None
        db.execute(f"GRANT USAGE ON SCHEMA {row[0]} TO {name}")
        db.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {row[0]} TO {name}")
    parts = urlsplit(postgres_url)
    host = parts.netloc.rpartition("@")[2]
    url = urlunsplit(parts._replace(netloc=f"{name}:x@{host}"))
    try:
        verdict, said = found(cli("doctor", env={**live, "DATABASE_URL": url}, code=1))["ledger"]
        assert verdict == "problem"
        assert "permission denied" in said
        assert "a role, or a user, that may write" in said
        assert cli("status", env={**live, "DATABASE_URL": url}).code == 0, "for reading it will do"
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as db:
            db.execute(f"DROP OWNED BY {name}")
            db.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_what_it_tries_to_write_is_taken_back(
    cli: Cli,
    live: dict[str, str],
    x: FakeX,
    sound: Path,
    request: pytest.FixtureRequest,
    store: str,
) -> None:
    env = dict(live)
    if store == "postgres":
        env["DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
        assert "can be written" in found(cli("doctor", env=env))["ledger"][1]
        assert cli("migrate", env=env).out.startswith("schema 1: "), "no table was left behind"
    cli("migrate", env=env)
    cli("post", env=env)
    before = cli("log", "--json", env=env).out
    assert found(cli("doctor", env=env))["ledger"] == (
        "ok",
        found(cli("doctor", env=env))["ledger"][1],
    )
    assert cli("log", "--json", env=env).out == before
    url = env.get("DATABASE_URL", f"sqlite:///{sound}/bot.sqlite3")
    ledger = open_ledger(url)
    assert ledger.trust("tried").lineage is None
    ledger.close()


# -- what stands in the ledger ----------------------------------------------------------------


def test_it_says_what_the_one_rule_says(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    Book(site).missed("media: X: not sent: uploading: 503")
    cli("pause", "--why", "a meeting", "--by", "Ada")
    said = found(cli("doctor", env=live, code=1))
    (lost,) = [what for what in said if what.startswith("lost x/20")]
    assert said[lost][0] == "problem"
    assert "uploading: 503" in said[lost][1]
    assert said["paused pause"][0] == "warning"
    assert "paused by Ada: a meeting" in said["paused pause"][1]


def test_a_row_from_a_time_to_come_is_named_with_the_way_out(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    book = Book(site, ago=timedelta(days=-300))
    book.missed()
    verdict, said = found(cli("doctor", env=live, code=1))["future x"]
    assert verdict == "problem"
    assert "is to come" in said
    sql = said[said.index("DELETE FROM") :]
    with closing(sqlite3.connect(site / "bot.sqlite3")) as db, db:
        assert db.execute(sql).rowcount == 2
    assert "future x" not in found(cli("doctor", env=live, code=None))


def test_the_networks_own_time(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(cli("doctor", env=live))["time at x"][0] == "ok"
    hour_off = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr("bot.networks.x.X.clock", lambda _: hour_off)
    verdict, said = found(cli("doctor", env=live, code=1))["time at x"]
    assert verdict == "problem"
    assert "an hour from this host's. Let this host follow a time server" in said
    monkeypatch.setattr("bot.networks.x.X.clock", lambda _: None)
    monkeypatch.setattr("bot.networks.x.X.ask_clock", lambda _: None)
    assert found(cli("doctor", env=live))["time at x"] == (
        "warning",
        "it does not say what time it is",
    )


# -- whether anybody would hear of it ---------------------------------------------------------


def test_where_nobody_hears_of_trouble_it_says_so(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    said = found(cli("doctor", env=live))
    assert said["alerts"] == ("warning", "ALERT_URL is not set: nobody is told of trouble")
    assert said["heartbeat"][0] == "warning"
    said = found(cli("doctor", env={**live, "DRY_RUN": "true"}))
    assert "alerts" not in said, "a dry run tells nobody anyway"


def test_alerts_and_heartbeat_are_rehearsed(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    with Listener() as taken, Listener(503) as refused, Listener(302, location="/x") as beat:
        service = taken.url.replace("http://", "json://") + "?token=correct-horse"
        hooks = {"ALERT_URL": f"{service} {refused.url}", "HEARTBEAT_URL": beat.url}
        done = cli("doctor", "--alert", env={**live, **hooks}, code=1)
        said = found(done)
        assert said["alert to json://"] == ("ok", "was taken")
        host = refused.url.removesuffix("/hook")
        assert said[f"alert to {host}"][0] == "problem"
        assert "503" in said[f"alert to {host}"][1]
        assert said["heartbeat"][0] == "problem"
        assert "redirects are not followed" in said["heartbeat"][1]
        (alert,) = refused.alerts()
        assert beat.got.get(timeout=60)[0] == "GET"
    assert alert["event"] == "rehearsal"
    assert alert["campaign"] == "Stand with the Harbour"
    assert "This is a test by `bot doctor --alert`" in alert["message"]
    assert "correct-horse" not in done.out
    said = found(cli("doctor", "--alert", env=live))
    assert said["rehearsal"][0] == "warning"
