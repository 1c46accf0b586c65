"""Every store behind one face, so that one suite holds for all of them; and what to put in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bot.domain import Attachment, Post, Slot
from bot.ledger.base import Ledger, NewRow, Row
from bot.ledger.memory import MemoryLedger
from bot.ledger.postgres import PostgresLedger
from bot.ledger.sqlite import SqliteLedger

HOUR = timedelta(hours=1)
PICTURE = Attachment("media/square.png", "A square: “solidarity”.", "image/png", 1234, "ab" * 32)


class Store(Protocol):
    """Somewhere to keep a ledger, under a clock that can be put forward and back."""

    def open(self) -> Ledger:
        """A new handle on the same ledger."""

    def travel(self, by: timedelta) -> None:
        """Puts the clock on by so much, for every handle."""

    def close(self) -> None:
        """Closes every handle."""


class MemoryStore:
    """Memory has but one handle."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._ledger = MemoryLedger(lambda: datetime.now(UTC) + self._ahead)

    def open(self) -> Ledger:
        return self._ledger

    def travel(self, by: timedelta) -> None:
        self._ahead += by

    def close(self) -> None:
        self._ledger.close()


class SqliteStore:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._ahead = timedelta()
        self._opened: list[SqliteLedger] = []

    def open(self) -> Ledger:
        ledger = SqliteLedger(str(self._path), clock=lambda: datetime.now(UTC) + self._ahead)
        self._opened.append(ledger)
        return ledger

    def travel(self, by: timedelta) -> None:
        self._ahead += by

    def close(self) -> None:
        for ledger in self._opened:
            ledger.close()


class PostgresStore:
    """The clock of the server, and a table that says how far ahead it is taken to be."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: list[PostgresLedger] = []
        self._admin("CREATE TABLE travel AS SELECT interval '0' AS ahead")

    def _admin(self, sql: str, params: Sequence[Any] = ()) -> None:
        with psycopg.connect(self._url) as admin:
            admin.execute(sql.encode(), params)

    def open(self) -> Ledger:
        clock = "(SELECT clock_timestamp() + ahead FROM travel)"
        ledger = PostgresLedger(self._url, clock=clock)
        self._opened.append(ledger)
        return ledger

    def travel(self, by: timedelta) -> None:
        self._admin("UPDATE travel SET ahead = ahead + %s", [by])

    def close(self) -> None:
        for ledger in self._opened:
            ledger.close()


def a_slot(at: datetime, account: str = "x", live: timedelta = timedelta(days=999)) -> Slot:
    """A slot that expires so long after its time: by default not within any test."""
    return Slot(at=at, account=account, due=at, expires=at + live)


def a_row(
    number: int,
    at: datetime,
    text: str | None = None,
    *,
    account: str = "x",
    live: timedelta = timedelta(days=999),
    media: tuple[Attachment, ...] = (PICTURE,),
) -> NewRow:
    """A row to insert, with a text of its own unless it is given one."""
    return NewRow(
        number=number,
        slot=a_slot(at, account, live),
        network="sim",
        post=Post(f"Text {number}" if text is None else text, media, "en"),
        template="plain",
        draws=("ituc/democracy", "ituc/outrage"),
    )


def armed(ledger: Ledger, account: str = "x", text: str | None = None) -> Row:
    """The account's next row, an hour after its newest, armed with the token `token-NUMBER`."""
    ledger.begin(account, "sim")
    history = ledger.history(account)
    assert history.newest is not None
    number = history.rows + 1
    new = a_row(number, history.newest + HOUR, text, account=account)
    return ledger.arm(new, f"token-{number}")
