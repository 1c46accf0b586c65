"""`bot doctor`: what stands in the way, all of it, and without leaving a trace."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.cli import shared
from bot.ledger.sqlite import SqliteLedger
from tests.cli.conftest import CAMPAIGN, Cli, Done
from tests.cli.terminal import on_terminal, plain
from tests.content.builder import SOURCES
from tests.fake_x import FakeX
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
    done = cli("doctor", env=live)
    said = found(done)
    assert list(said) == [
        *("mode", "ledger", "clock", "disk", "content and media", "time zone", "account x"),
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
    assert found(done)["account x"][0] == "problem"


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
    assert (verdict, why) == ("problem", "99 MB free Make room: 100 MB should be free.")


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
    verdict, why = found(cli("doctor", env=live))["paused"]
    assert verdict == "warning"
    assert ": Waiting `bot resume` lifts it." in why


def test_content_with_errors_and_with_warnings(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    lock = sound / "messages/sources.lock"
    kept = lock.read_bytes()
    lock.unlink()
    verdict, why = found(cli("doctor", env=live, code=1))["content and media"]
    assert verdict == "problem"
    assert why == (
        "1 error, the first: messages/sources.lock: No passage was ever compared with its source "
        "Run `bot check` to see all of them."
    )
    lock.write_bytes(kept)
    (sound / "messages/templates/old.md").write_text("x")
    said = found(cli("doctor", env=live))
    assert said["content and media"] == ("warning", "1 warning Run `bot check` to see them.")


def test_content_that_can_not_be_loaded_has_no_accounts_to_look_at(
    cli: Cli, live: dict[str, str], x: FakeX, sound: Path
) -> None:
    (sound / CAMPAIGN).write_text("=")
    said = found(cli("doctor", env=live, code=1))
    assert list(said) == ["mode", "ledger", "clock", "disk", "content and media"]
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
