"""The durable log: one interface (`base`), and SQLite, PostgreSQL and memory behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import SettingsError

if TYPE_CHECKING:
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


def _sqlite(rest: str, readonly: bool) -> Ledger:
    from bot.ledger.sqlite import SqliteLedger

    if not rest.startswith("/"):
        raise _unreadable("sqlite: is followed by three slashes, and four for an absolute path.")
    path = rest.removeprefix("/")
    if path in ("", ":memory:") or path.endswith("/") or "?" in path:
        raise _unreadable("sqlite:/// is followed by the path of a file, and nothing else.")
    return SqliteLedger(path, readonly=readonly)


def _postgres(url: str, readonly: bool) -> Ledger:
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
