"""What the two SQL ledgers do alike beneath the log: schema, transactions, statements.

Values are text and whole numbers only, so that both databases hold and compare them alike: times
are UTC in a fixed width ("2026-12-01T11:00:00.000000Z"), lists are JSON. Between two transactions
nothing is kept but the connection, and that the schema was found to be current.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from bot.domain import EMPTY
from bot.errors import LedgerNewer, LedgerUnavailable
from bot.ledger import rules

Kind = Literal["read", "write", "arm", "pause", "migrate"]
"""What a transaction is for. Pauses and migrations keep armings out, and the other way round."""

Step = tuple[str, tuple[str, ...]]
"""What a migration does, in words and in statements; `{text}` is the database's type for text."""

STEPS: tuple[Step, ...] = (
    (
        "the log and its indexes",
        (
            """
            CREATE TABLE ledger (
                account     {text} NOT NULL,
                number      integer NOT NULL,
                network     {text} NOT NULL,
                slot        {text} NOT NULL,
                expires_at  {text} NOT NULL,
                state       {text} NOT NULL,
                reason      {text} NOT NULL,
                attempts    integer NOT NULL,
                token       {text} NOT NULL,
                text        {text},
                language    {text} NOT NULL,
                template    {text},
                draws       {text},
                media       {text},
                remote_id   {text},
                url         {text},
                claimed_at  {text} NOT NULL,
                armed_at    {text},
                next_at     {text},
                finished_at {text},
                PRIMARY KEY (account, number),
                UNIQUE (slot, account),
                UNIQUE (account, remote_id)
            )
            """,
            """
            CREATE INDEX ledger_open ON ledger (account, number)
                WHERE state IN ('sending', 'retry', 'unknown')
            """,
            "CREATE INDEX ledger_states ON ledger (state, account, number)",
            """
            CREATE TABLE uses (
                account  {text} NOT NULL,
                text_key {text} NOT NULL,
                number   integer NOT NULL,
                PRIMARY KEY (account, text_key)
            )
            """,
        ),
    ),
    (
        "the audit trail, and troubles with their deliveries",
        (
            """
            CREATE TABLE acts (
                at      {text} NOT NULL,
                token   {text} NOT NULL,
                who     {text} NOT NULL,
                what    {text} NOT NULL,
                account {text} NOT NULL,
                slot    {text},
                why     {text} NOT NULL,
                PRIMARY KEY (at, token)
            )
            """,
            """
            CREATE TABLE troubles (
                account {text} NOT NULL,
                kind    {text} NOT NULL,
                slot    {text} NOT NULL,
                id      {text} NOT NULL UNIQUE,
                since   {text} NOT NULL,
                what    {text} NOT NULL,
                fix     {text} NOT NULL,
                host    {text} NOT NULL,
                over_at {text},
                PRIMARY KEY (account, kind, slot)
            )
            """,
            """
            CREATE TABLE deliveries (
                trouble      {text} NOT NULL,
                stage        {text} NOT NULL,
                address      {text} NOT NULL,
                delivered_at {text},
                attempts     integer NOT NULL,
                next_at      {text} NOT NULL,
                lease        {text},
                lease_until  {text},
                PRIMARY KEY (trouble, stage, address)
            )
            """,
        ),
    ),
)
"""The schema; its version is the number of steps taken. Two versions of the program overlap at a
deploy, so a step only ever adds: tables, indexes, columns that may be null.

`uses` has an account's newest row with each text: `history` reads one row for each different text,
however many rows there are. (To hop through an index on the text got dearer with more rows.)"""

_NOTES = """
    CREATE TABLE IF NOT EXISTS notes (
        key {text} PRIMARY KEY, value {text} NOT NULL, at {text} NOT NULL
    )
"""

NOTE = "INSERT INTO notes (key, value, at) VALUES (:key, :value, :at) ON CONFLICT (key) DO "
NOTE_ONCE = NOTE + "NOTHING"
NOTE_AGAIN = NOTE + "UPDATE SET value = excluded.value, at = excluded.at"


TABLES = ("notes", "ledger", "uses", "acts", "troubles", "deliveries")
"""All that there are; whoever posts writes to each of them."""


class _TakenBack(Exception):
    """Ends a transaction that was only to see whether it can be."""


class SqlStore(ABC):
    """A database with our tables. What the two databases do each in its own way is abstract."""

    steps: ClassVar[tuple[Step, ...]] = STEPS
    text: ClassVar[str]
    """The type of a column for text that compares by code point."""

    def __init__(self, where: str, driver: Any, *, readonly: bool) -> None:
        self.where = where
        self._driver = driver
        self._readonly = readonly
        self._db: Any = None
        self._current = False

    @abstractmethod
    def _begin(self, kind: Kind) -> None:
        """Begins a transaction, after connecting if need be."""

    @abstractmethod
    def _commit(self) -> None:
        """Commits; what it did is durable when it returns."""

    @abstractmethod
    def _execute(self, sql: str, params: Mapping[str, Any]) -> Any:
        """Runs one statement with `:named` values; a DB-API cursor."""

    @abstractmethod
    def _stream(self, sql: str, params: Mapping[str, Any]) -> Any:
        """The same, but the rows come as they are asked for."""

    @abstractmethod
    def _now(self) -> datetime:
        """The database's clock, within a transaction."""

    @abstractmethod
    def _has_notes(self) -> bool:
        """Whether there is a table `notes`."""

    @abstractmethod
    def _why(self, error: Any) -> str:
        """What the driver's error means, for people."""

    @abstractmethod
    def _cause(self, error: Any) -> Mapping[str, str]:
        """The facts of a LedgerUnavailable that say what to do; none, where it is just away."""

    @abstractmethod
    def _twin(self) -> Self:
        """The same ledger, opened once more."""

    @abstractmethod
    def prove_alone(self) -> bool: ...

    @abstractmethod
    def lineage(self) -> str: ...

    def close(self) -> None:
        self._drop()

    def _drop(self) -> None:
        """Closes the connection; whatever is asked next makes a new one."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(self._driver.Error):
                db.close()

    # Transactions and statements

    @contextmanager
    def _transaction(self, kind: Kind) -> Iterator[None]:
        if self._readonly and kind != "read":
            raise self._unavailable("it was opened for reading only.")
        try:
            self._begin(kind)
            yield
            self._commit()
        except BaseException as error:
            self._rollback()
            if isinstance(error, self._driver.Error):
                raise self._unavailable(self._why(error), self._cause(error)) from error
            raise

    def _rollback(self) -> None:
        try:
            if self._db is not None:
                self._db.execute("ROLLBACK")
        except self._driver.Error:
            self._drop()

    def _unavailable(self, why: str, cause: Mapping[str, str] = EMPTY) -> LedgerUnavailable:
        return LedgerUnavailable(where=self.where, why=" ".join(why.split()), **cause)

    @contextmanager
    def _read(self) -> Iterator[bool]:
        """A transaction that sees one state of the ledger; gives whether our tables are there."""
        with self._transaction("read"):
            yield self._is_current()

    @contextmanager
    def _write(self, kind: Kind = "write") -> Iterator[datetime]:
        """A transaction that changes the ledger; gives the database's now."""
        with self._transaction(kind):
            if not self._is_current():
                raise self._unavailable("it has no tables yet; run `bot migrate`.")
            yield self._now()

    def _select(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """A transaction of one SELECT; nothing, where our tables aren't there."""
        with self._read() as there:
            return self._all(sql, **params) if there else []

    def _all(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        return list(named(self._execute(sql, params)))

    def _do(self, sql: str, **params: Any) -> int:
        """Runs a statement; how many rows it changed."""
        return int(self._execute(sql, params).rowcount)

    def now(self) -> datetime:
        with self._transaction("read"):
            return self._now()

    # The notes' table

    def _note(self, sql: str, key: str, value: str, at: datetime) -> int:
        return self._do(sql, key=rules.plain(key), value=rules.plain(value), at=text_of(at))

    def _find(self, key: str) -> dict[str, Any] | None:
        found = self._all("SELECT * FROM notes WHERE key = :key", key=key)
        return found[0] if found else None

    def _unnote(self, key: str) -> int:
        return self._do("DELETE FROM notes WHERE key = :key", key=rules.plain(key))

    # The schema

    def migrate(self) -> list[str]:
        with self._transaction("read"):
            if self._version() == len(self.steps):
                return []
        with self._transaction("migrate"):
            version = self._version()
            if version > len(self.steps):
                raise LedgerNewer(found=version, known=len(self.steps))
            self._define(_NOTES)
            done = [self._step(number) for number in range(version + 1, len(self.steps) + 1)]
            self._note(NOTE_AGAIN, "schema", str(len(self.steps)), self._now())
            return done

    def try_writing(self) -> None:
        """Where there are no tables yet, it tries to make them."""
        with suppress(_TakenBack), self._transaction("write"):
            if self._is_current():
                for table in TABLES:
                    self._do(f"INSERT INTO {table} SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608
                    self._do(f"DELETE FROM {table} WHERE 1 = 0")  # noqa: S608
                self._note(NOTE_AGAIN, "tried", "", self._now())
            else:
                self._define(_NOTES)
                self._step(1)
            raise _TakenBack

    def _step(self, number: int) -> str:
        what, statements = self.steps[number - 1]
        for statement in statements:
            self._define(statement)
        return f"schema {number}: {what}"

    def _define(self, statement: str) -> None:
        self._db.execute(statement.format(text=self.text))

    def _version(self) -> int:
        if not self._has_notes():
            return 0
        found = self._all("SELECT value FROM notes WHERE key = 'schema'")
        return int(found[0]["value"]) if found else 0

    def _is_current(self) -> bool:
        """Whether our tables are there. Raises LedgerUnavailable if a migration is missing."""
        if not self._current:
            version, known = self._version(), len(self.steps)
            if 0 < version < known:
                raise self._unavailable(f"its schema is {version}, not {known}; run `bot migrate`.")
            self._current = version > 0
        return self._current


def named(cursor: Any) -> Iterator[dict[str, Any]]:
    """A cursor's rows by the names of their columns."""
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, values, strict=True)) for values in cursor)


def text_of(at: datetime | None) -> str | None:
    if at is None:
        return None
    return rules.utc(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def time_of(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def to_json(values: Mapping[str, Any], times: tuple[str, ...]) -> str:
    """A value of the program as a note keeps it."""
    return json.dumps({**values, **{name: text_of(values[name]) for name in times}})


def from_json(text: str, times: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(text)
    return {**values, **{name: time_of(values[name]) for name in times}}
