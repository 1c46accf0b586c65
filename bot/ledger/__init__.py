"""The durable log: one interface (`base`), and SQLite, PostgreSQL and memory behind it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bot.domain import History
from bot.errors import SettingsError
from bot.secrecy import AS_PERCENT, UNREADABLE, is_postgres_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.ledger.base import Ledger

_FIX = (
    "Write sqlite:///FILE, sqlite:////ABSOLUTE/FILE, postgresql://USER:PASSWORD@HOST/NAME"
    " or memory://."
)


def open_ledger(url: str, *, readonly: bool = False) -> Ledger:
    """The ledger at an address; its driver is imported only now.

    Nothing is asked of the database yet: it may be away, or not migrated. `readonly` creates and
    writes nothing. Raises SettingsError for an address that can't be read, without a word of what
    may be a password in it.
    """
    scheme, found, rest = url.partition("://")
    match scheme if found else "":
        case "sqlite":
            return _sqlite(rest, readonly)
        case "postgres" | "postgresql":
            return _postgres(url, readonly)
        case "memory" if not rest:
            from bot.ledger.memory import MemoryLedger

            return MemoryLedger()
    raise _unreadable("its address is none that this program knows.")


def read_histories(url: str, accounts: Iterable[str]) -> dict[str, History]:
    """What the ledger at an address says of these accounts. Writes nothing.

    An SQLite file that is not there yet is not opened: most previews are of a campaign that has not
    begun, and loading the driver would be a tenth of their time.
    """
    names = list(accounts)
    if url.startswith("sqlite:///") and not os.path.exists(url.removeprefix("sqlite:///")):  # noqa: PTH110
        return {name: History(name) for name in names}
    ledger = open_ledger(url, readonly=True)
    try:
        return {name: ledger.history(name) for name in names}
    finally:
        ledger.close()


def _sqlite(rest: str, readonly: bool) -> Ledger:
    from bot.ledger.sqlite import SqliteLedger

    if not rest.startswith("/"):
        raise _unreadable("sqlite: is followed by three slashes, and four for an absolute path.")
    path = rest.removeprefix("/")
    if path in ("", ":memory:") or path.endswith("/") or "?" in path:
        raise _unreadable("sqlite:/// is followed by the path of a file, and nothing else.")
    return SqliteLedger(path, readonly=readonly)


def _postgres(url: str, readonly: bool) -> Ledger:
    if not is_postgres_address(url):
        raise SettingsError(name="DATABASE_URL", what=UNREADABLE, fix=AS_PERCENT)
    try:
        from bot.ledger.postgres import PostgresLedger
    except ImportError as error:
        raise SettingsError(
            name="DATABASE_URL",
            what="PostgreSQL's driver is not installed.",
            fix="Run: pip install '.[postgres]'",
        ) from error
    return PostgresLedger(url, readonly=readonly)


def _unreadable(what: str) -> SettingsError:
    return SettingsError(name="DATABASE_URL", what=what, fix=_FIX)
