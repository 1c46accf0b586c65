"""What the ledger in SQL keeps beside the rows: pauses, halts, workers, acts, plans, troubles."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.ledger import rules
from bot.ledger.base import Act, Beat, Deed, Delivery, Halt, Pause, PlanNote, Trouble
from bot.ledger.sql_store import (
    NOTE_AGAIN,
    NOTE_ONCE,
    SqlStore,
    from_json,
    moment,
    text_of,
    time_of,
    to_json,
)

_PAUSE = """
    SELECT notes.at, notes.value, acts.who FROM notes
    LEFT JOIN acts ON acts.at = notes.at AND acts.what = 'pause'
    WHERE notes.key = 'pause'
"""

_HALTS = "SELECT * FROM notes WHERE key >= 'halt:' AND key < 'halt;' ORDER BY key"

_BEATS = "SELECT * FROM notes WHERE key >= 'beat:' AND key < 'beat;' ORDER BY at DESC, key"

_ACT = """
    INSERT INTO acts (at, token, who, what, account, slot, why)
    VALUES (:at, :token, :who, :what, :account, :slot, :why)
"""

_ACTS = "SELECT * FROM acts ORDER BY at, token"

_NEWEST_ACTS = """
    SELECT * FROM (SELECT * FROM acts ORDER BY at DESC, token DESC LIMIT :newest) AS newest
    ORDER BY at, token
"""

_BEGUN = """
    INSERT INTO troubles (account, kind, slot, id, since, what, fix, host)
    VALUES (:account, :kind, :slot, :id, :since, :what, :fix, :host)
    ON CONFLICT (account, kind, slot) DO UPDATE
    SET since = excluded.since, what = excluded.what, fix = excluded.fix, host = excluded.host,
        over_at = NULL
    WHERE troubles.over_at IS NOT NULL
"""

_OVER = "UPDATE troubles SET over_at = :now WHERE id = :id AND over_at IS NULL"

_TROUBLES = "SELECT * FROM troubles ORDER BY since, id"

_OPEN_TROUBLES = "SELECT * FROM troubles WHERE over_at IS NULL ORDER BY since, id"

_TROUBLE = "SELECT * FROM troubles WHERE id = :id"

_DUE = """
    INSERT INTO deliveries (trouble, stage, address, attempts, next_at)
    VALUES (:trouble, :stage, :address, 0, :now) ON CONFLICT DO NOTHING
"""

_ALL_CLEAR = """
    INSERT INTO deliveries (trouble, stage, address, attempts, next_at)
    SELECT begun.trouble, 'over', begun.address, 0, troubles.over_at
    FROM deliveries AS begun JOIN troubles ON troubles.id = begun.trouble
    WHERE begun.stage = 'begun' AND begun.address = :address AND troubles.over_at IS NOT NULL
    ON CONFLICT DO NOTHING
"""

_DROP_REMINDERS = """
    DELETE FROM deliveries
    WHERE trouble = :id AND stage NOT IN ('begun', 'over') AND delivered_at IS NULL
"""

_FORGET_DELIVERIES = "DELETE FROM deliveries WHERE trouble = :id"

_FREE = """
    delivered_at IS NULL AND (next_at <= :now OR next_at > :far)
        AND (lease IS NULL OR lease_until <= :now OR lease_until > :far)
"""

_LEASE = f"""
    UPDATE deliveries
    SET lease = :holder, lease_until = :until, attempts = attempts + 1
    WHERE (trouble, stage, address) = (
        SELECT trouble, stage, address FROM deliveries
        WHERE address = :address AND {_FREE} AND NOT EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.trouble = deliveries.trouble AND earlier.address = deliveries.address
                AND earlier.stage = 'begun' AND deliveries.stage <> 'begun'
                AND earlier.delivered_at IS NULL
        )
        ORDER BY next_at, stage, trouble LIMIT 1
    ) AND {_FREE}
    RETURNING trouble, stage, attempts
"""  # noqa: S608 - made of constants
"""The condition stands twice: in PostgreSQL, who waited for a lease sees it at the end."""

_MINE = """
    WHERE trouble = :trouble AND stage = :stage AND address = :address
        AND lease = :holder AND delivered_at IS NULL
"""

_DELIVERED = "UPDATE deliveries SET delivered_at = :now" + _MINE  # noqa: S608

_UNDELIVERED = "UPDATE deliveries SET next_at = :at, lease = NULL, lease_until = NULL" + _MINE  # noqa: S608

_HALT_TIMES = ("since", "until", "tried")
_PLAN_TIMES = ("first", "slot", "expires", "before", "noted")


class SqlNotes(SqlStore):
    """Everything in the ledger that is not a row."""

    # What people did

    def _act(
        self,
        who: str,
        what: Deed,
        now: datetime,
        account: str = "",
        slot: datetime | None = None,
        why: str = "",
    ) -> None:
        """Within the transaction of what was done; nothing, where it was the program."""
        if who:
            self._do(
                _ACT,
                at=text_of(now),
                token=secrets.token_hex(8),
                who=rules.plain(who),
                what=what,
                account=account,
                slot=text_of(slot),
                why=rules.plain(why),
            )

    def acts(self, newest: int | None = None) -> Iterator[Act]:
        if newest is None:
            return map(_act, self._select(_ACTS))
        return map(_act, self._select(_NEWEST_ACTS, newest=newest))

    # The pause and the halts

    def pause(self, why: str = "", *, who: str = "") -> None:
        """When it returns, every arming that was not committed before it is refused."""
        with self._write("pause") as now:
            if self._note(NOTE_ONCE, "pause", why, now):
                self._act(who, "pause", now, why=why)

    def resume(self, why: str = "", *, who: str = "") -> None:
        with self._write() as now:
            if self._unnote("pause"):
                self._act(who, "resume", now, why=why)

    def paused(self) -> Pause | None:
        for found in self._select(_PAUSE):
            return Pause(moment(found["at"]), found["value"], found["who"] or "")
        return None

    def halt(self, account: str, halt: Halt, asked: Sequence[str] = (), *, who: str = "") -> Halt:
        """Like a pause: when it returns, no arming that it forbids is committed any more."""
        with self._write("pause") as now:
            found = self._find(f"halt:{account}")
            standing = halt_of(found) if found else None
            stands = rules.halting(standing, halt, now)
            self._note(NOTE_AGAIN, f"halt:{account}", halt_text(stands), stands.since)
            if asked:
                all_asked = sorted({*asked, *self._asked(account)})
                self._note(NOTE_AGAIN, f"asked:{account}", json.dumps(all_asked), now)
            if stands != standing:
                self._act(who, "halt", now, account, why=halt.why)
            return stands

    def _asked(self, account: str) -> set[str]:
        found = self._find(f"asked:{account}")
        return set(json.loads(found["value"])) if found else set()

    def unhalt(self, account: str, why: str = "", *, who: str = "") -> Halt | None:
        with self._write() as now:
            found = self._find(f"halt:{account}")
            if self._unnote(f"halt:{account}"):
                self._act(who, "unhalt", now, account, why=why)
            return halt_of(found) if found else None

    def halted(self, account: str) -> Halt | None:
        with self._read() as there:
            found = self._find(f"halt:{account}") if there else None
        return halt_of(found) if found else None

    def halts(self) -> dict[str, Halt]:
        return {item["key"].removeprefix("halt:"): halt_of(item) for item in self._select(_HALTS)}

    def was_asked(self, account: str) -> set[str]:
        with self._read() as there:
            return self._asked(account) if there else set()

    # The workers, and what they plan by

    def beat(self, worker: str, note: Mapping[str, Any]) -> None:
        with self._write() as now:
            for old in rules.succeeded(worker, note, self._all_beats()):
                self._unnote(f"beat:{old}")
            self._note(NOTE_AGAIN, f"beat:{worker}", json.dumps(dict(note)), now)

    def unbeat(self, worker: str) -> None:
        with self._write():
            self._unnote(f"beat:{worker}")

    def beats(self) -> list[Beat]:
        with self._read() as there:
            return self._all_beats() if there else []

    def _all_beats(self) -> list[Beat]:
        return [_beat(found) for found in self._all(_BEATS)]

    def note_plan(self, account: str, note: PlanNote) -> PlanNote:
        with self._write() as now:
            stands = rules.noting(self._plan(account), note, now)
            said = to_json(stands._asdict(), _PLAN_TIMES)
            self._note(NOTE_AGAIN, f"plan:{account}", said, now)
            return stands

    def plan_note(self, account: str) -> PlanNote | None:
        with self._read() as there:
            return self._plan(account) if there else None

    def _plan(self, account: str) -> PlanNote | None:
        found = self._find(f"plan:{account}")
        return PlanNote(**from_json(found["value"], _PLAN_TIMES)) if found else None

    # Troubles, and who is to be told

    def trouble_begun(self, trouble: Trouble, addresses: Sequence[str] = ()) -> bool:
        kept = rules.tellable(trouble)
        values = kept._asdict() | {"slot": text_of(kept.slot), "since": text_of(kept.since)}
        with self._write() as now:
            if not self._do(_BEGUN, id=kept.id, **values):
                return False
            self._do(_FORGET_DELIVERIES, id=kept.id)
            for address in addresses:
                self._due(kept, "begun", address, now)
            return True

    def troubles(self, *, open_only: bool = True) -> list[Trouble]:
        return [
            _trouble(found) for found in self._select(_OPEN_TROUBLES if open_only else _TROUBLES)
        ]

    def trouble_over(self, trouble_id: str) -> bool:
        with self._write() as now:
            self._do(_DROP_REMINDERS, id=trouble_id)
            return bool(self._do(_OVER, id=trouble_id, now=text_of(now)))

    def lease(self, address: str, holder: str, seconds: float) -> Delivery | None:
        with self._write() as now:
            self._make_due(address, now)
            until = text_of(now + timedelta(seconds=seconds))
            times = {"until": until, "now": text_of(now), "far": text_of(now + rules.LONGEST_WAIT)}
            mine = {"address": address, "holder": holder, **times}
            for found in self._all(_LEASE, **mine):
                trouble = _trouble(self._all(_TROUBLE, id=found["trouble"])[0])
                return Delivery(trouble, found["stage"], address, found["attempts"], holder)
            return None

    def _make_due(self, address: str, now: datetime) -> None:
        self._do(_ALL_CLEAR, address=address)
        for found in self._all(_OPEN_TROUBLES):
            trouble = _trouble(found)
            for stage in rules.stages(trouble, now):
                self._due(trouble, stage, address, now)

    def _due(self, trouble: Trouble, stage: str, address: str, now: datetime) -> None:
        self._do(_DUE, trouble=trouble.id, stage=stage, address=address, now=text_of(now))

    def delivered(self, delivery: Delivery) -> bool:
        with self._write() as now:
            return bool(self._do(_DELIVERED, now=text_of(now), **_held(delivery)))

    def undelivered(self, delivery: Delivery, next_at: datetime) -> bool:
        with self._write():
            return bool(self._do(_UNDELIVERED, at=text_of(next_at), **_held(delivery)))


def _held(delivery: Delivery) -> dict[str, Any]:
    return {
        "trouble": delivery.trouble.id,
        "stage": delivery.stage,
        "address": delivery.address,
        "holder": delivery.holder,
    }


def halt_text(halt: Halt) -> str:
    return to_json(halt._asdict(), _HALT_TIMES)


def halt_of(found: Mapping[str, Any]) -> Halt:
    return Halt(**from_json(found["value"], _HALT_TIMES))


def _beat(found: Mapping[str, Any]) -> Beat:
    worker = found["key"].removeprefix("beat:")
    return Beat(worker, moment(found["at"]), json.loads(found["value"]))


def _act(found: Mapping[str, Any]) -> Act:
    values = {name: found[name] for name in Act._fields}
    return Act(**(values | {"at": moment(found["at"]), "slot": time_of(found["slot"])}))


def _trouble(found: Mapping[str, Any]) -> Trouble:
    values = {name: found[name] for name in Trouble._fields}
    times = {name: time_of(found[name]) for name in ("slot", "since", "over_at")}
    return Trouble(**(values | times))
