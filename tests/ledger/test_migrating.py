"""Schema versions: older ones, later ones, and two versions of the program at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.domain import Receipt
from bot.errors import LedgerNewer, LedgerUnavailable
from bot.ledger.base import Ledger
from bot.ledger.postgres import PostgresLedger
from bot.ledger.sql_store import STEPS, Step
from bot.ledger.sqlite import SqliteLedger
from tests.ledger.stores import armed

LATER: tuple[Step, ...] = (
    *STEPS,
    ("a column", ("ALTER TABLE ledger ADD COLUMN mood {text}",)),
    ("a table", ("CREATE TABLE moods (mood {text} PRIMARY KEY)",)),
)

Open = Callable[..., Any]


@pytest.fixture
def open_at(url: str) -> Iterator[Open]:
    """Opens the ledger with the program's own steps, or with others."""
    opened: list[Ledger] = []

    def open_(steps: tuple[Step, ...] = STEPS, *, readonly: bool = False) -> Any:
        postgres = url.startswith("postgres")
        base: Any = PostgresLedger if postgres else SqliteLedger
        version = type("Version", (base,), {"steps": steps})
        ledger = version(url if postgres else url.removeprefix("sqlite:///"), readonly=readonly)
        opened.append(ledger)
        return ledger

    yield open_
    for ledger in opened:
        ledger.close()


def test_a_new_database_is_brought_up_to_date_step_by_step(open_at: Open) -> None:
    ledger = open_at(LATER)
    assert ledger.migrate() == [
        "schema 1: the log and its indexes",
        "schema 2: the audit trail, and troubles with their deliveries",
        "schema 3: a column",
        "schema 4: a table",
    ]
    assert ledger.migrate() == open_at(LATER).migrate() == []


def test_what_was_recorded_is_still_there_after_later_migrations(open_at: Open) -> None:
    first = open_at()
    first.migrate()
    row = armed(first)
    first.close()
    later = open_at(LATER)
    assert later.migrate() == ["schema 3: a column", "schema 4: a table"]
    assert later.open_rows("x") == [row]
    assert armed(later).number == 3


def test_an_older_worker_goes_on_while_a_newer_one_migrates(open_at: Open) -> None:
    older, newer = open_at(), open_at(LATER)
    older.migrate()
    row = armed(older)
    newer.migrate()
    assert older.receive(row, Receipt("1", "url")).state == "posted"
    assert armed(older).number == 3
    assert armed(newer).number == 4
    assert list(older.rows()) == list(newer.rows())
    assert older.history("x") == newer.history("x")


def test_an_older_program_does_not_take_a_schema_back(open_at: Open) -> None:
    open_at(LATER).migrate()
    older = open_at()
    with pytest.raises(LedgerNewer, match="version 4, newer than this program's 2"):
        older.migrate()
    assert open_at(LATER).migrate() == []
    assert armed(older).number == 2


def test_before_the_first_migration_nothing_is_written(open_at: Open) -> None:
    ledger = open_at()
    for write in (
        lambda: ledger.begin("x", "sim"),
        ledger.pause,
        lambda: ledger.beat("worker", {}),
    ):
        with pytest.raises(LedgerUnavailable, match="bot migrate"):
            write()
    assert ledger.paused() is None
    ledger.migrate()
    ledger.pause()
    assert ledger.paused() is not None


@pytest.mark.parametrize("readonly", [False, True])
def test_before_a_later_migration_nothing_is_read_or_written(open_at: Open, readonly: bool) -> None:
    open_at().migrate()
    newer = open_at(LATER, readonly=readonly)
    with pytest.raises(LedgerUnavailable, match="its schema is 2, not 4; run `bot migrate`"):
        newer.history("x")
    with pytest.raises(LedgerUnavailable):
        newer.begin("x", "sim")


def test_a_migration_that_fails_leaves_everything_as_it_was(open_at: Open) -> None:
    first = open_at()
    first.migrate()
    row = armed(first)
    broken = open_at((*LATER, ("nonsense", ("CREATE TABLE ledger (a {text})",))))
    with pytest.raises(LedgerUnavailable, match="already exists"):
        broken.migrate()
    assert first.open_rows("x") == [row]
    assert len(open_at(LATER).migrate()) == 2


def test_reading_a_database_that_is_somebody_elses(open_at: Open) -> None:
    ledger = open_at()
    with ledger._transaction("write"):
        ledger._define("CREATE TABLE other (a {text})")
    assert ledger.history("x").rows == 0
    assert open_at(readonly=True).counts() == {}
    assert ledger.migrate()
    assert armed(ledger).number == 2
