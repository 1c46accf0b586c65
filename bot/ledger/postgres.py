"""The ledger in PostgreSQL, for workers on several hosts. Its clock is the server's.

Works through PgBouncer in transaction mode: nothing is kept in the session. Every transaction sets
what it needs for itself (SET LOCAL), statements are not prepared, and the only locks are those of
rows, tables and the transaction.
"""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.domain import EMPTY
from bot.errors import FULL, NOT_ALLOWED, SettingsError
from bot.ledger.sql import SqlLedger
from bot.ledger.sql_store import Kind, moment

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import datetime

PATIENCE_SECONDS = 10.0
"""How long connecting, or a single statement, may take; half as long again where a server hangs."""

_CONNECTION: Mapping[str, Any] = {
    "application_name": "bot",
    "autocommit": True,
    "client_encoding": "UTF8",
    "keepalives": 1,
    "keepalives_count": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "prepare_threshold": None,
    "tcp_user_timeout": 15_000,
}

_LOCK = 8_041_962_730_155_391_427
"""What armings lock shared, and a pause or a migration exclusively: any number of our own."""

_HAS_NOTES = """
    SELECT 1 FROM pg_catalog.pg_tables
    WHERE tablename = 'notes' AND schemaname = ANY (current_schemas(false))
"""

_LINEAGE = """
    SELECT system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    FROM pg_control_system()
"""
"""The control file has the timeline too, but only from the first checkpoint after a promotion."""

_CAUSES = {"25006": NOT_ALLOWED, "42501": NOT_ALLOWED, "53100": FULL}
"""What is the matter, by PostgreSQL's error code: read-only, no right to it, its disk is full."""

_SHARED = f"SELECT pg_advisory_xact_lock_shared({_LOCK})"
_EXCLUSIVE = f"SELECT pg_advisory_xact_lock({_LOCK})"
_LOCKS: Mapping[Kind, str] = {"arm": _SHARED, "pause": _EXCLUSIVE, "migrate": _EXCLUSIVE}


class _Connection(psycopg.Connection[Any]):
    """A connection on which nothing takes longer than `patience` seconds, where that is set.

    The server's own limits are no help while it hangs, or at a commit that waits for a standby.
    """

    patience: float | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        return super().wait(self._in_time(gen), *args, **kwargs)

    def _in_time(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """psycopg looks here ten times a second while it waits."""
        end = math.inf if self.patience is None else time.monotonic() + self.patience
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if time.monotonic() > end:
                    raise psycopg.OperationalError(f"no answer within {self.patience:g} s")
                wanted = gen.send(ready)
        except StopIteration as done:
            return done.value


class PostgresLedger(SqlLedger):
    """The ledger in PostgreSQL. Raises SettingsError for an address that can't be read.

    `clock` is an SQL expression.
    """

    text = 'text COLLATE "C"'

    def __init__(
        self,
        url: str,
        *,
        readonly: bool = False,
        clock: str = "clock_timestamp()",
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._parts = _parts(url)
        super().__init__(_where(self._parts), psycopg, readonly=readonly)
        self._url = url
        self._clock = clock
        self._patience = patience
        self._warnings: list[str] = []
        self._lineage = ""

    def lineage(self) -> str:
        """Of the connection that was used last: a server that was promoted has cut older ones."""
        if self._db is None:
            self.now()
        return self._lineage

    def prove_alone(self) -> bool:
        return False

    def _twin(self) -> Self:
        return type(self)(
            self._url, readonly=self._readonly, clock=self._clock, patience=self._patience
        )

    def _now(self) -> datetime:
        text = f"to_char({self._clock} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        return moment(self._db.execute(f"SELECT {text}").fetchone()[0])

    def _has_notes(self) -> bool:
        """Reads the catalogue: to_regclass may say what was true before a lock was waited for."""
        return bool(self._db.execute(_HAS_NOTES).fetchone())

    def _execute(self, sql: str, params: Mapping[str, Any]) -> Any:
        return self._db.execute(_placed(sql), params)

    def _stream(self, sql: str, params: Mapping[str, Any]) -> Any:
        cursor = self._db.cursor("rows")
        cursor.itersize = 500
        return cursor.execute(_placed(sql), params)

    def _why(self, error: psycopg.Error) -> str:
        why = re.sub(r"([^\s.?!:,])\s*\n\s*", r"\1. ", str(error).strip())
        for name in ("password", "sslpassword"):
            if secret := self._parts.get(name):
                why = why.replace(str(secret), "***")
        return why

    def _cause(self, error: psycopg.Error) -> Mapping[str, str]:
        return _CAUSES.get(error.sqlstate or "", EMPTY)

    def _begin(self, kind: Kind) -> None:
        """Where the connection turns out to be gone it is made anew: nothing was done on it yet."""
        if self._db is not None:
            try:
                return self._start(kind)
            except psycopg.OperationalError:
                if not self._db.closed:
                    raise
        wait = max(2, round(self._patience))
        self._db = _Connection.connect(self._url, connect_timeout=wait, **_CONNECTION)
        self._db.add_notice_handler(self._notice)
        self._db.patience = 1.5 * self._patience
        self._lineage = self._ask_lineage()
        return self._start(kind)

    def _ask_lineage(self) -> str:
        """Empty where this user may not ask, or the server is no PostgreSQL in every respect."""
        try:
            return str(self._db.execute(_LINEAGE).fetchone()[0])
        except psycopg.Error:
            if self._db.closed:
                raise
            return ""

    def _start(self, kind: Kind) -> None:
        """One round trip. A pause waits for armings under way; one that begins later sees it."""
        mode = "REPEATABLE READ READ ONLY" if kind == "read" else "READ COMMITTED READ WRITE"
        limit = 0 if kind == "migrate" else round(self._patience * 1000)
        idle = 0 if kind in ("read", "migrate") else limit
        statements = [
            f"BEGIN ISOLATION LEVEL {mode}",
            f"SET LOCAL statement_timeout = {limit}",
            f"SET LOCAL idle_in_transaction_session_timeout = {idle}",
            "SET LOCAL synchronous_commit = on",
        ]
        if kind in _LOCKS:
            statements.append(_LOCKS[kind])
        self._db.patience = 1.5 * self._patience if limit else None
        self._db.execute("; ".join(statements))

    def _commit(self) -> None:
        self._warnings.clear()
        done = self._db.execute("COMMIT").statusmessage
        if done != "COMMIT" or self._warnings:
            raise self._unavailable(" ".join(self._warnings) or f"{done} instead of COMMIT.")

    def _notice(self, notice: psycopg.errors.Diagnostic) -> None:
        """A commit that was made to give up waiting for its standby says so in a warning only."""
        if notice.severity_nonlocalized == "WARNING":
            self._warnings.append(notice.message_primary or "")


def _parts(url: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(url)
    except psycopg.Error:
        _refuse_option(url)
        raise SettingsError(
            name="DATABASE_URL",
            what="it can't be read as PostgreSQL's address.",
            fix="Write postgresql://USER:PASSWORD@HOST/NAME, with special characters as %XX.",
        ) from None


def _refuse_option(url: str) -> None:
    """Raises SettingsError for an option that PostgreSQL's address doesn't have, if that is all.

    Where the rest can't be read either, what looks like an option may be part of a password.
    """
    from urllib.parse import parse_qsl

    address, _, options = url.partition("?")
    with suppress(psycopg.Error):
        conninfo_to_dict(address)
        known = {item.keyword.decode() for item in psycopg.pq.Conninfo.get_defaults()}
        names = {name for name, _ in parse_qsl(options, keep_blank_values=True)}
        wrong = sorted(name for name in names - known if re.fullmatch(r"\w{1,40}", name))
        if wrong and "@" not in options:
            raise SettingsError(
                name="DATABASE_URL",
                what=f"PostgreSQL's addresses have no option {wrong[0]!r}.",
                fix="Take it out, up to the next &: it is meant for another program.",
            )


def _where(parts: Mapping[str, Any]) -> str:
    user = f"{parts['user']}@" if "user" in parts else ""
    port = f":{parts['port']}" if "port" in parts else ""
    return f"postgresql://{user}{parts.get('host', '')}{port}/{parts.get('dbname', '')}"


@cache
def _placed(sql: str) -> str:
    """The statement with psycopg's marks for its named values."""
    return re.sub(r":(\w+)", r"%(\1)s", sql)
