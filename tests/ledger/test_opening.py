"""`open_ledger`: an address to a store, its driver imported only then."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain import History
from bot.errors import SettingsError
from bot.ledger import open_ledger, read_histories
from bot.ledger.base import Ledger
from tests.ledger.puppet import ROOT
from tests.ledger.stores import armed

Opener = Callable[[Ledger], Ledger]


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("sqlite:///bot.sqlite3", "bot.sqlite3"),
        ("sqlite:///data/bot.db", "data/bot.db"),
        ("sqlite:////var/lib/bot.sqlite3", "/var/lib/bot.sqlite3"),
        ("memory://", "memory"),
        ("postgres://me:secret@host:5433/name", "postgresql://me@host:5433/name"),
        ("postgresql://me:secret@host/name", "postgresql://me@host/name"),
        ("postgresql://host", "postgresql://host/"),
        ("postgresql:///name?host=/run/pg&user=me&password=secret", "postgresql://me@/run/pg/name"),
        ("postgresql://me:p%40ss@a,b:5433/name", "postgresql://me@a,b:,5433/name"),
    ],
)
def test_where_a_ledger_is(url: str, where: str, opener: Opener, tmp_path: Path) -> None:
    assert opener(open_ledger(url, readonly=True)).where == where


def test_a_relative_path_is_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opener: Opener
) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = opener(open_ledger("sqlite:///bot.sqlite3"))
    ledger.migrate()
    monkeypatch.chdir("/")
    row = armed(ledger)
    absolute = opener(open_ledger(f"sqlite:///{tmp_path}/bot.sqlite3", readonly=True))
    assert absolute.open_rows("x") == [row]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hunter2",
        "/var/lib/hunter2.sqlite3",
        "mysql://me:hunter2@host/name",
        "postgresql+psycopg://me:hunter2@host/name",
        "postgresql:me:hunter2@host/name",
        "postgresql://me:hunter2%ZZ@host/name",
        "postgresql://me:hunter2@host/name?nonsense=hunter2",
        "postgres://me:hunter2@[::1/name",
        "sqlite://hunter2.sqlite3",
        "sqlite:///",
        "sqlite:////",
        "sqlite:///:memory:",
        "sqlite:///hunter2/",
        "sqlite:///hunter2?mode=ro",
        "memory://hunter2",
        "memory",
    ],
)
def test_an_address_that_cannot_be_read(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_ledger(url)
    said = str(refused.value)
    assert said.startswith("DATABASE_URL: ")
    assert "hunter2" not in said
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))
    assert 2 <= len(said.splitlines()) <= 3
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("option", ["pgbouncer=true", "sslmode=require&pgbouncer=true&schema=x"])
def test_an_option_that_postgresql_does_not_have_is_named(option: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_ledger(f"postgresql://me:hunter2@host/name?{option}")
    first, second = str(refused.value).splitlines()
    assert first == "DATABASE_URL: PostgreSQL's addresses have no option 'pgbouncer'."
    assert "Take it out" in second


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hun?ter2=x@host/name?pgbouncer=true",
        "postgresql://me:hunter2@[host/name?secret=x",
        "postgresql://me@host/name?secret@=1",
    ],
)
def test_what_may_be_part_of_a_password_is_not_called_an_option(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_ledger(url)
    assert "ter2" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bot.ledger.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"pip install '\.\[postgres\]'"):
        open_ledger("postgresql://host/name")


def test_reading_histories_of_a_ledger_that_is_not_there_yet(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bot.sqlite3"
    assert read_histories(url, ["x", "y"]) == {"x": History("x"), "y": History("y")}
    assert list(tmp_path.iterdir()) == []


def test_reading_histories(tmp_path: Path, opener: Opener) -> None:
    url = f"sqlite:///{tmp_path}/bot.sqlite3"
    ledger = opener(open_ledger(url))
    ledger.migrate()
    armed(ledger)
    history = ledger.history("x")
    assert read_histories(url, iter(["x", "y"])) == {"x": history, "y": History("y")}


@pytest.mark.parametrize(
    ("url", "imported"),
    [
        (None, set()),
        ("memory://", set()),
        ("sqlite:///bot.sqlite3", {"sqlite3"}),
        ("postgresql://host/name", {"psycopg"}),
    ],
)
def test_only_the_driver_that_is_needed_is_imported(
    url: str | None, imported: set[str], tmp_path: Path
) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import bot.ledger\n"
        "if sys.argv[2]: bot.ledger.open_ledger(sys.argv[2])\n"
        "print(*{'sqlite3', 'psycopg'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", script, str(ROOT), url or ""]
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(  # coverage would import sqlite3 for itself
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == imported
