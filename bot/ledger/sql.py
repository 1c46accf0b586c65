"""The log in SQL: what SQLite and PostgreSQL do alike with rows, which is nearly all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from bot.domain import Attachment, History, Receipt, State, Use
from bot.ledger import rules
from bot.ledger.base import NewRow, Row, Trust, text_key
from bot.ledger.sql_notes import SqlNotes, halt_of
from bot.ledger.sql_store import NOTE_AGAIN, from_json, moment, named, text_of, to_json

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

_TIMES = ("slot", "expires_at", "claimed_at", "armed_at", "next_at", "finished_at")
_TRUST_TIMES = ("suspected", "noticed")


class SqlLedger(SqlNotes):
    """The ledger in a database: the log, and what `SqlNotes` keeps beside it."""

    # The log

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
            self._update(_REARM, row, new_token=token, now=text_of(now))
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
            halt_of(halt) if halt else None,
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
        who: str = "",
    ) -> Row:
        rules.movable(state)
        with self._write() as now:
            self._update(
                _MOVE,
                row,
                new_state=state,
                reason=rules.plain(reason),
                new_token=token,
                next_at=text_of(next_at),
                expires_at=text_of(expires_at),
                finished_at=text_of(rules.finished(state, now)),
            )
            self._act(who, "resolve", now, row.account, row.slot, reason)
            return self._again(row)

    def receive(self, row: Row, receipt: Receipt, reason: str = "", *, who: str = "") -> Row:
        with self._write() as now:
            changed = self._change(
                _RECEIVE,
                row,
                **_key(row),
                reason=rules.plain(reason),
                remote_id=receipt.remote_id,
                url=receipt.url,
                now=text_of(now),
            )
            if changed:
                self._act(who, "resolve", now, row.account, row.slot, reason)
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
        for found in self._all(_SLOT, account=row.account, slot=text_of(row.slot)):
            if (found["number"], found["text"]) == (row.number, row.text):
                return _row(found)
        raise rules.conflict(row)

    def row(self, account: str, slot: datetime) -> Row | None:
        found = self._select(_SLOT, account=account, slot=text_of(slot))
        return _row(found[0]) if found else None

    def open_rows(self, account: str) -> list[Row]:
        return [_row(found) for found in self._select(_OPEN, account=account)]

    def few(
        self, account: str | None = None, states: Sequence[State] = (), newest: int | None = None
    ) -> list[Row]:
        sql, params = _narrowed(account, states, newest)
        return [_row(found) for found in self._select(sql, **params)]

    def rows(
        self, account: str | None = None, states: Sequence[State] = (), newest: int | None = None
    ) -> Iterator[Row]:
        """On a connection of its own, so that it sees one state of the ledger to its end."""
        sql, params = _narrowed(account, states, newest)
        with closing(self._twin()) as twin, twin._read() as there:
            if there:
                with closing(twin._stream(sql, params)) as cursor:
                    yield from map(_row, named(cursor))

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

    # What the ledger knows of its own memory

    def trust(self, account: str) -> Trust:
        with self._read() as there:
            if not there:
                return Trust()
            known = self._trusted(account)
            newest = self._all(_LAST, account=account)
            signs = rules.signs_of_life(_row(newest[0])) if newest else []
            signs += rules.beats_of(account, self._all_beats())
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
        said = trust._asdict()
        del said["life"]
        self._note(NOTE_AGAIN, f"trust:{account}", to_json(said, _TRUST_TIMES), now)


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


def _key(row: Row) -> dict[str, Any]:
    """What a row is known by. The slot too: after a restored backup the number may be another's."""
    return {"account": row.account, "number": row.number, "slot": text_of(row.slot)}


def _values(row: Row) -> dict[str, Any]:
    values = row._asdict()
    values |= {name: text_of(values[name]) for name in _TIMES}
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


def _trust(found: Mapping[str, Any]) -> Trust:
    return Trust(**from_json(found["value"], _TRUST_TIMES))
