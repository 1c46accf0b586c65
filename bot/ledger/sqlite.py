"""The ledger in an SQLite file, for the processes of one host. Its clock is the host's."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from bot.errors import FULL, NOT_ALLOWED, UNUSABLE, LedgerUnavailable, in_words
from bot.ledger import presence
from bot.ledger.sql import SqlLedger
from bot.ledger.sql_store import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUSY_SECONDS = 10.0
"""How long a transaction waits for another process's."""

_WHY = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked.",
    sqlite3.SQLITE_CANTOPEN: "the file can't be opened.",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup.",
    sqlite3.SQLITE_FULL: "the disk is full.",
    sqlite3.SQLITE_IOERR: "the disk failed, or is full.",
    sqlite3.SQLITE_NOTADB: "the file is not an SQLite database.",
    sqlite3.SQLITE_READONLY: "the file can't be written.",
}


_CAUSES = {
    sqlite3.SQLITE_AUTH: NOT_ALLOWED,
    sqlite3.SQLITE_CANTOPEN: UNUSABLE,
    sqlite3.SQLITE_CORRUPT: UNUSABLE,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: UNUSABLE,
    sqlite3.SQLITE_NOTADB: UNUSABLE,
    sqlite3.SQLITE_PERM: NOT_ALLOWED,
    sqlite3.SQLITE_READONLY: NOT_ALLOWED,
}
_OS_CAUSES = {
    errno.EACCES: NOT_ALLOWED,
    errno.EDQUOT: FULL,
    errno.ENOSPC: FULL,
    errno.EPERM: NOT_ALLOWED,
    errno.EROFS: NOT_ALLOWED,
}
_ELSE = {"fix": UNUSABLE["fix"]}


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SqliteLedger(SqlLedger):
    """The ledger in an SQLite file. Where its folder can't be used, its first use says so."""

    text = "text"

    def __init__(
        self,
        path: str,
        *,
        readonly: bool = False,
        clock: Callable[[], datetime] = _utc_now,
        busy: float = BUSY_SECONDS,
    ) -> None:
        super().__init__(path, sqlite3, readonly=readonly)
        self._path = Path(path).resolve()
        self._lock = f"{self._path}.lock"
        self._clock = clock
        self._busy = busy
        self._present = False
        self._file: tuple[int, ...] = ()
        if not readonly:
            with suppress(LedgerUnavailable):
                self._enter()

    def _enter(self) -> None:
        if not self._present:
            try:
                presence.enter(self._lock)
            except OSError as error:
                cause = _OS_CAUSES.get(error.errno or 0, UNUSABLE)
                raise self._unavailable(f"{self._lock}: {in_words(error)}.", cause) from error
            self._present = True

    def close(self) -> None:
        super().close()
        if self._present:
            presence.leave(self._lock)
            self._present = False

    def prove_alone(self) -> bool:
        return self._present and presence.alone(self._lock)

    def lineage(self) -> str:
        """A file says nothing of the copies that were made of it."""
        return ""

    def _twin(self) -> Self:
        return type(self)(
            str(self._path), readonly=self._readonly, clock=self._clock, busy=self._busy
        )

    def _now(self) -> datetime:
        return self._clock()

    def _has_notes(self) -> bool:
        return bool(self._all("SELECT 1 FROM sqlite_master WHERE name = 'notes'"))

    def _execute(self, sql: str, params: Mapping[str, Any]) -> Any:
        return self._db.execute(sql, params)

    _stream = _execute

    def _why(self, error: sqlite3.Error) -> str:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return f"{_WHY[primary].rstrip('.')} ({error})." if primary in _WHY else str(error)

    def _cause(self, error: sqlite3.Error) -> Mapping[str, str]:
        return _CAUSES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _ELSE)

    def _begin(self, kind: Kind) -> None:
        if self._db is None:
            self._db = self._connect_to_read() if self._readonly else self._connect()
        elif self._file != self._stat()[:2]:
            raise sqlite3.OperationalError("the file was moved or deleted while it was open.")
        self._db.execute("BEGIN" if kind == "read" else "BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._db.execute("COMMIT")
        if self._readonly:
            self._drop()
            if self._file and self._file != self._stat():
                raise sqlite3.OperationalError("it changed while it was read; read it again.")

    def _connect(self) -> sqlite3.Connection:
        """Creates the file for its owner alone; SQLite gives its other files the same mode.

        Not while others do: two who switch to WAL at once get "locked" at once. And closing the new
        file's descriptor would drop the locks of a connection that a thread has by then.
        """
        self._enter()
        with presence.setting_up(self._lock):
            try:
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            except FileExistsError:
                pass
            except OSError as error:
                cause = _OS_CAUSES.get(error.errno or 0, UNUSABLE)
                raise self._unavailable(f"{in_words(error)}.", cause) from error
            db = self._open("mode=rw")
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
            except BaseException:
                db.close()
                raise
        self._file = self._stat()[:2]
        return db

    def _connect_to_read(self) -> sqlite3.Connection:
        """Leaves no trace, where a plain connection would leave two empty files beside the ledger.

        Without a WAL nobody is connected, and the file is read as if it could never change;
        `_commit` looks whether it did.
        """
        self._file = ()
        if not self._path.exists():
            return sqlite3.connect(":memory:", isolation_level=None)
        if Path(f"{self._path}-wal").exists():
            return self._open("mode=ro")
        self._file = self._stat()
        return self._open("mode=ro&immutable=1")

    def _open(self, mode: str) -> sqlite3.Connection:
        address = f"file:{quote(str(self._path))}?{mode}"
        return sqlite3.connect(address, uri=True, timeout=self._busy, isolation_level=None)

    def _stat(self) -> tuple[int, ...]:
        """Which file this is, and whether it was written."""
        with suppress(OSError):
            found = self._path.stat()
            return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
        return ()
