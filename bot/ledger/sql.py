"""The ledger in SQL: what SQLite and PostgreSQL do alike, which is nearly all of it.

Values are text and whole numbers only, so that both databases hold and compare them alike: times
are UTC in a fixed width ("2026-12-01T11:00:00.000000Z"), lists are JSON. Between two transactions
nothing is kept but the connection, and that the schema was found to be current.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Self

from bot.domain import Attachment, History, Receipt, State, Use
from bot.errors import LedgerNewer, LedgerUnavailable
from bot.ledger import rules
from bot.ledger.base import Beat, Halt, NewRow, Row, Trust, text_key

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

_NOTE = "INSERT INTO notes (key, value, at) VALUES (:key, :value, :at) ON CONFLICT (key) DO "
_NOTE_ONCE = _NOTE + "NOTHING"
_NOTE_AGAIN = _NOTE + "UPDATE SET value = excluded.value, at = excluded.at"

_INSERT = """
    INSERT INTO ledger (
        account, number, network, slot, expires_at, state, reason, attempts, token,
        text, language, template, draws, media, remote_id, url,
        claimed_at, armed_at, next_at, finished_at
    ) VALUES (
        :account, :number, :network, :slot, :expires_at, :state, :reason, :attempts, :token,
        :text, :language, :template, :draws, :media, :remote_id, :url,
        :claimed_at, :armed_at, :next_at, :finished_at
    )
"""

_REARM = """
    UPDATE ledger
    SET state = 'sending', reason = '', attempts = attempts + 1, token = :new_token,
        armed_at = :now, next_at = NULL
    WHERE account = :account AND number = :number AND slot = :slot
        AND state = :state AND token = :token AND state = 'retry'
"""

_MOVE = """
    UPDATE ledger
    SET state = :new_state, reason = :reason, token = coalesce(:new_token, token),
        next_at = :next_at, expires_at = coalesce(:expires_at, expires_at),
        finished_at = :finished_at
    WHERE account = :account AND number = :number AND slot = :slot
        AND state = :state AND token = :token AND state <> 'posted'
"""

_RECEIVE = """
    UPDATE ledger
    SET state = 'posted', reason = :reason, remote_id = :remote_id, url = :url,
        next_at = NULL, finished_at = :now
    WHERE account = :account AND number = :number AND slot = :slot AND state <> 'posted'
"""

_LAST = "SELECT * FROM ledger WHERE account = :account ORDER BY number DESC LIMIT 1"

_HINDRANCES = "SELECT * FROM notes WHERE key IN ('pause', :halt, :trust)"

_HALTS = "SELECT * FROM notes WHERE key >= 'halt:' AND key < 'halt;' ORDER BY key"

_SLOT = "SELECT * FROM ledger WHERE slot = :slot AND account = :account"

_FIRST = "SELECT * FROM ledger WHERE account = :account AND number = 1"

_NEWEST = "SELECT number, slot FROM ledger WHERE account = :account ORDER BY number DESC LIMIT 1"

_OPEN = """
    SELECT * FROM ledger
    WHERE account = :account AND state IN ('sending', 'retry', 'unknown') ORDER BY number
"""

_USE = """
    INSERT INTO uses (account, text_key, number) VALUES (:account, :text_key, :number)
    ON CONFLICT (account, text_key) DO UPDATE SET number = excluded.number
"""

_USES = """
    SELECT ledger.number, slot, text_key, template, draws, media FROM uses CROSS JOIN ledger
    WHERE uses.account = :account
        AND ledger.account = uses.account AND ledger.number = uses.number
    ORDER BY ledger.number
"""

_FORGET = "DELETE FROM notes WHERE key >= 'beat:' AND key < 'beat;' AND at < :since"

_BEATS = """
    SELECT * FROM notes WHERE key >= 'beat:' AND key < 'beat;' AND at >= :since
    ORDER BY at DESC, key
"""

_TIMES = ("slot", "expires_at", "claimed_at", "armed_at", "next_at", "finished_at")
_TRUST_TIMES = ("suspected", "noticed")
_HALT_TIMES = ("since", "until", "tried")
_DAY = timedelta(days=1)


class SqlLedger(ABC):
    """The ledger in a database. What the two databases do each in its own way is abstract."""

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
                raise self._unavailable(self._why(error)) from error
            raise

    def _rollback(self) -> None:
        try:
            if self._db is not None:
                self._db.execute("ROLLBACK")
        except self._driver.Error:
            self._drop()

    def _unavailable(self, why: str) -> LedgerUnavailable:
        return LedgerUnavailable(where=self.where, why=" ".join(why.split()))

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
        return list(_named(self._execute(sql, params)))

    def _do(self, sql: str, **params: Any) -> int:
        """Runs a statement; how many rows it changed."""
        return int(self._execute(sql, params).rowcount)

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
            self._note(_NOTE_AGAIN, "schema", str(len(self.steps)), self._now())
            return done

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

    # The log

    def now(self) -> datetime:
        with self._transaction("read"):
            return self._now()

    def history(self, account: str) -> History:
        with self._read() as there:
            if not there:
                return History(account)
            rows, newest = self._newest(account)
            if not rows:
                return History(account)
            born = moment(self._all(_FIRST, account=account)[0]["claimed_at"])
            uses = tuple(_use(found) for found in self._all(_USES, account=account))
            return History(account, rows, newest, uses, born)

    def _newest(self, account: str) -> tuple[int, datetime | None]:
        for found in self._all(_NEWEST, account=account):
            return found["number"], moment(found["slot"])
        return 0, None

    def begin(self, account: str, network: str, since: datetime | None = None) -> Row:
        with self._write() as now:
            values = _values(rules.birth(account, network, now, since))
            self._do(f"{_INSERT} ON CONFLICT DO NOTHING", **values)
            return _row(self._all(_FIRST, account=account)[0])

    def arm(self, new: NewRow, token: str) -> Row:
        with self._write("arm") as now:
            row = rules.fresh(new, now, token=token)
            self._append([row])
            self._guard(row)
            return row

    def rearm(self, row: Row, token: str) -> Row:
        with self._write("arm") as now:
            self._update(_REARM, row, new_token=token, now=_text(now))
            armed = self._again(row)
            self._guard(armed)
            return armed

    def _guard(self, row: Row) -> None:
        """Comes last: between it and the commit nothing waits for another transaction."""
        keys = {"halt": f"halt:{row.account}", "trust": f"trust:{row.account}"}
        found = {each["key"]: each for each in self._all(_HINDRANCES, **keys)}
        halt, trust = found.get(keys["halt"]), found.get(keys["trust"])
        rules.guard(
            row,
            self._now(),
            "pause" in found,
            _halt(halt) if halt else None,
            _trust(trust) if trust else Trust(),
        )

    def miss(self, new: Sequence[NewRow], reason: str) -> None:
        with self._write() as now:
            self._append([rules.fresh(item, now, reason=reason) for item in new])

    def _append(self, rows: Sequence[Row]) -> None:
        for account in {row.account for row in rows}:
            mine = [row for row in rows if row.account == account]
            rules.follow(mine, *self._newest(account))
        for row in rows:
            self._change(_INSERT, row, **_values(row))
            if row.text is not None:
                key = text_key(row.text)
                self._do(_USE, account=row.account, text_key=key, number=row.number)

    def move(
        self,
        row: Row,
        state: State,
        reason: str,
        *,
        token: str | None = None,
        next_at: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> Row:
        rules.movable(state)
        with self._write() as now:
            self._update(
                _MOVE,
                row,
                new_state=state,
                reason=rules.plain(reason),
                new_token=token,
                next_at=_text(next_at),
                expires_at=_text(expires_at),
                finished_at=_text(rules.finished(state, now)),
            )
            return self._again(row)

    def receive(self, row: Row, receipt: Receipt, reason: str = "") -> Row:
        with self._write() as now:
            self._change(
                _RECEIVE,
                row,
                **_key(row),
                reason=rules.plain(reason),
                remote_id=receipt.remote_id,
                url=receipt.url,
                now=_text(now),
            )
            return self._again(row)

    def recover(self, new: NewRow, receipt: Receipt, reason: str) -> Row:
        with self._write() as now:
            row = rules.recovered(new, now, receipt, reason)
            self._append([row])
            return row

    def _update(self, sql: str, row: Row, **params: Any) -> None:
        """Changes a row. Raises LedgerConflict if its state or token is another by now."""
        if not self._change(sql, row, **_key(row), state=row.state, token=row.token, **params):
            raise rules.conflict(row)

    def _change(self, sql: str, row: Row, **params: Any) -> int:
        """Runs a statement. Raises LedgerConflict if another row has what must be unique."""
        try:
            return self._do(sql, **params)
        except self._driver.IntegrityError as error:
            raise rules.conflict(row) from error

    def _again(self, row: Row) -> Row:
        """The row as it is now. Raises LedgerConflict if there is another in its place, or none."""
        for found in self._all(_SLOT, account=row.account, slot=_text(row.slot)):
            if (found["number"], found["text"]) == (row.number, row.text):
                return _row(found)
        raise rules.conflict(row)

    def row(self, account: str, slot: datetime) -> Row | None:
        found = self._select(_SLOT, account=account, slot=_text(slot))
        return _row(found[0]) if found else None

    def open_rows(self, account: str) -> list[Row]:
        return [_row(found) for found in self._select(_OPEN, account=account)]

    def rows(
        self, account: str | None = None, states: Sequence[State] = (), newest: int | None = None
    ) -> Iterator[Row]:
        """On a connection of its own, so that it sees one state of the ledger to its end."""
        sql, params = _narrowed(account, states, newest)
        with closing(self._twin()) as twin, twin._read() as there:
            if there:
                with closing(twin._stream(sql, params)) as cursor:
                    yield from map(_row, _named(cursor))

    def counts(self) -> dict[tuple[str, State], int]:
        found = self._select(
            "SELECT account, state, count(*) AS rows FROM ledger GROUP BY state, account"
        )
        return {(item["account"], item["state"]): item["rows"] for item in found}

    def knows(self, account: str, remote_ids: Sequence[str]) -> set[str]:
        marks, params = _marks(remote_ids)
        sql = f"SELECT remote_id FROM ledger WHERE account = :account AND remote_id IN ({marks})"  # noqa: S608
        found = self._select(sql, account=account, **params) if remote_ids else []
        return {item["remote_id"] for item in found}

    # The notes

    def _note(self, sql: str, key: str, value: str, at: datetime) -> None:
        self._do(sql, key=rules.plain(key), value=rules.plain(value), at=_text(at))

    def _unnote(self, key: str) -> None:
        with self._write():
            self._do("DELETE FROM notes WHERE key = :key", key=rules.plain(key))

    def pause(self, why: str = "") -> None:
        """When it returns, every arming that was not committed before it is refused."""
        with self._write("pause") as now:
            self._note(_NOTE_ONCE, "pause", why, now)

    def resume(self) -> None:
        self._unnote("pause")

    def paused(self) -> tuple[datetime, str] | None:
        for found in self._select("SELECT * FROM notes WHERE key = 'pause'"):
            return moment(found["at"]), found["value"]
        return None

    def halt(self, account: str, halt: Halt, asked: Sequence[str] = ()) -> Halt:
        """Like a pause: when it returns, no arming that it forbids is committed any more."""
        with self._write("pause") as now:
            standing = self._find(f"halt:{account}")
            stands = rules.halting(_halt(standing) if standing else None, halt, now)
            self._note(_NOTE_AGAIN, f"halt:{account}", _halt_text(stands), stands.since)
            if asked:
                all_asked = sorted({*asked, *self._asked(account)})
                self._note(_NOTE_AGAIN, f"asked:{account}", json.dumps(all_asked), now)
            return stands

    def _find(self, key: str) -> dict[str, Any] | None:
        found = self._all("SELECT * FROM notes WHERE key = :key", key=key)
        return found[0] if found else None

    def _asked(self, account: str) -> set[str]:
        found = self._find(f"asked:{account}")
        return set(json.loads(found["value"])) if found else set()

    def unhalt(self, account: str) -> Halt | None:
        with self._write():
            found = self._find(f"halt:{account}")
            self._do("DELETE FROM notes WHERE key = :key", key=f"halt:{account}")
            return _halt(found) if found else None

    def halted(self, account: str) -> Halt | None:
        with self._read() as there:
            found = self._find(f"halt:{account}") if there else None
        return _halt(found) if found else None

    def halts(self) -> dict[str, Halt]:
        return {item["key"].removeprefix("halt:"): _halt(item) for item in self._select(_HALTS)}

    def was_asked(self, account: str) -> set[str]:
        with self._read() as there:
            return self._asked(account) if there else set()

    def trust(self, account: str) -> Trust:
        with self._read() as there:
            if not there:
                return Trust()
            known = self._trusted(account)
            newest = self._all(_LAST, account=account)
            signs = rules.signs_of_life(_row(newest[0])) if newest else []
            beats = map(_beat, self._all(_BEATS, since=_text(self._now() - _DAY)))
            signs += rules.beats_of(account, beats)
            return known._replace(life=max(signs, default=None))

    def _trusted(self, account: str) -> Trust:
        found = self._find(f"trust:{account}")
        return _trust(found) if found else Trust()

    def suspect(self, account: str, since: datetime, *, noticed: datetime | None = None) -> None:
        with self._write("pause") as now:
            trust = rules.suspecting(self._trusted(account), since, noticed)
            self._entrust(account, trust, now)

    def clear(self, account: str, lineage: str, was: Trust) -> bool:
        with self._write("pause") as now:
            if not rules.unchanged(self._trusted(account), was):
                return False
            self._entrust(account, Trust(lineage), now)
            return True

    def _entrust(self, account: str, trust: Trust, now: datetime) -> None:
        times = {name: _text(getattr(trust, name)) for name in _TRUST_TIMES}
        said = {"lineage": trust.lineage, **times}
        self._note(_NOTE_AGAIN, f"trust:{account}", json.dumps(said), now)

    def beat(self, worker: str, note: Mapping[str, Any]) -> None:
        with self._write() as now:
            self._do(_FORGET, since=_text(now - _DAY))
            self._note(_NOTE_AGAIN, f"beat:{worker}", json.dumps(dict(note)), now)

    def unbeat(self, worker: str) -> None:
        self._unnote(f"beat:{worker}")

    def beats(self) -> list[Beat]:
        with self._read() as there:
            found = self._all(_BEATS, since=_text(self._now() - _DAY)) if there else []
        return [_beat(item) for item in found]


def _narrowed(
    account: str | None, states: Sequence[State], newest: int | None
) -> tuple[str, dict[str, Any]]:
    """The statement that `rows` runs. Within an account, order by number is order by slot."""
    marks, params = _marks(states)
    conditions = ["account = :account"] if account is not None else []
    conditions += [f"state IN ({marks})"] if states else []
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    order = ("slot", "account") if account is None else ("number",)
    sql = f"SELECT * FROM ledger {where}"  # noqa: S608 - made of constants
    if newest is not None:
        down = ", ".join(f"{name} DESC" for name in order)
        sql = f"SELECT * FROM ({sql} ORDER BY {down} LIMIT :newest) AS newest"  # noqa: S608
        params["newest"] = newest
    if account is not None:
        params["account"] = account
    return f"{sql} ORDER BY {', '.join(order)}", params


def _marks(values: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Named places for values, and the values by those names."""
    params: dict[str, Any] = {f"value{at}": value for at, value in enumerate(values)}
    return ", ".join(f":{name}" for name in params), params


def _named(cursor: Any) -> Iterator[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, values, strict=True)) for values in cursor)


def _text(at: datetime | None) -> str | None:
    if at is None:
        return None
    return rules.utc(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _key(row: Row) -> dict[str, Any]:
    """What a row is known by. The slot too: after a restored backup the number may be another's."""
    return {"account": row.account, "number": row.number, "slot": _text(row.slot)}


def _values(row: Row) -> dict[str, Any]:
    values = row._asdict()
    values |= {name: _text(values[name]) for name in _TIMES}
    values["draws"] = None if row.draws is None else json.dumps(row.draws)
    if row.media is not None:
        values["media"] = json.dumps([item.to_json() for item in row.media])
    return values


def _row(found: Mapping[str, Any]) -> Row:
    values = {name: found[name] for name in Row._fields}
    values |= {name: moment(values[name]) for name in _TIMES if values[name] is not None}
    values["draws"] = _draws(found["draws"])
    values["media"] = _media(found["media"])
    return Row(**values)


def _draws(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def _media(text: str | None) -> tuple[Attachment, ...] | None:
    return None if text is None else tuple(Attachment(**item) for item in json.loads(text))


def _use(found: Mapping[str, Any]) -> Use:
    media = json.loads(found["media"] or "[]")
    return Use(
        number=found["number"],
        at=moment(found["slot"]),
        text_key=found["text_key"],
        template=found["template"] or "",
        draws=_draws(found["draws"]) or (),
        picture=media[0]["path"] if media else None,
    )


def _halt_text(halt: Halt) -> str:
    return json.dumps(halt._asdict() | {name: _text(getattr(halt, name)) for name in _HALT_TIMES})


def _halt(found: Mapping[str, Any]) -> Halt:
    values = json.loads(found["value"])
    times = {name: moment(values[name]) for name in _HALT_TIMES if values[name] is not None}
    return Halt(**(values | times))


def _trust(found: Mapping[str, Any]) -> Trust:
    said = json.loads(found["value"])
    times = {name: moment(said[name]) for name in _TRUST_TIMES if said[name] is not None}
    return Trust(said["lineage"], **times)


def _beat(found: Mapping[str, Any]) -> Beat:
    worker = found["key"].removeprefix("beat:")
    return Beat(worker, moment(found["at"]), json.loads(found["value"]))
