"""The stores as fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.ledger.base import Ledger
from tests.ledger.stores import MemoryStore, PostgresStore, SqliteStore, Store
from tests.postgres import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]


def _make(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    if kind == "memory":
        return MemoryStore()
    if kind == "sqlite":
        return SqliteStore(tmp_path / "bot.sqlite3")
    return PostgresStore(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty place for a ledger, not migrated yet."""
    made = _make(request.param, tmp_path, request)
    yield made
    made.close()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """An empty ledger, migrated."""
    opened = store.open()
    opened.migrate()
    return opened


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that has no ledger yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bot.sqlite3'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def opener() -> Iterator[Callable[[Ledger], Ledger]]:
    """Closes at the end whatever ledger it was handed."""
    opened: list[Ledger] = []

    def keep(ledger: Ledger) -> Ledger:
        opened.append(ledger)
        return ledger

    yield keep
    for ledger in opened:
        ledger.close()
