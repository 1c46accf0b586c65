"""The ledger in memory, for dry runs and tests: what it is told is gone when it is closed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.domain import History, Use
from bot.ledger import rules
from bot.ledger.base import OPEN, NewRow, Row, Trust, text_key
from bot.ledger.memory_notes import MemoryNotes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bot.domain import Receipt, State


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryLedger(MemoryNotes):
    """The ledger in memory. It goes on from what `histories` says went before, if anything did.

    A dry run gets the live ledger's `history` there: it continues its numbers, and changes nothing.
    """

    where = "memory"

    def __init__(
        self,
        clock: Callable[[], datetime] = _utc_now,
        histories: Mapping[str, History] | Callable[[str], History] | None = None,
    ) -> None:
        super().__init__(clock)
        self._histories = histories or {}
        self._before: dict[str, History] = {}
        self._rows: dict[str, list[Row]] = {}
        self._trust: dict[str, Trust] = {}

    def migrate(self) -> list[str]:
        return []

    def try_writing(self) -> None:
        pass

    def _earlier(self, account: str) -> History:
        """What went before the rows that are held here; asked for once."""
        if account not in self._before:
            known = self._histories
            found = known(account) if callable(known) else known.get(account)
            self._before[account] = found or History(account)
        return self._before[account]

    def _newest(self, account: str) -> tuple[int, datetime | None]:
        held = self._rows.get(account)
        earlier = self._earlier(account)
        return (held[-1].number, held[-1].slot) if held else (earlier.rows, earlier.newest)

    def history(self, account: str) -> History:
        rows, newest = self._newest(account)
        latest = {use.text_key: use for use in self._earlier(account).uses}
        for row in self._rows.get(account, ()):
            if row.text is not None:
                latest[text_key(row.text)] = _use(row, row.text)
        uses = tuple(sorted(latest.values(), key=lambda use: use.number))
        return History(account, rows, newest, uses, self._born(account))

    def _born(self, account: str) -> datetime | None:
        held = self._rows.get(account)
        earlier = self._earlier(account)
        return earlier.born if earlier.rows or not held else held[0].claimed_at

    def begin(self, account: str, network: str, since: datetime | None = None) -> Row:
        """Where rows went before, none is inserted: the newest of them stands for the birth."""
        earlier = self._earlier(account)
        if earlier.rows:
            return rules.birth(account, network, earlier.newest or self.now())
        held = self._rows.setdefault(account, [])
        if not held:
            held.append(rules.birth(account, network, self.now(), since))
        return held[0]

    def arm(self, new: NewRow, token: str) -> Row:
        row = rules.fresh(new, self.now(), token=token)
        self._follow([row])
        self._guard(row)
        self._append([row])
        return row

    def rearm(self, row: Row, token: str) -> Row:
        held = self._held(row)
        if held.state != "retry" or (held.state, held.token) != (row.state, row.token):
            raise rules.conflict(row)
        self._guard(held)
        return self._put(
            held._replace(
                state="sending",
                reason="",
                attempts=held.attempts + 1,
                token=token,
                armed_at=self.now(),
                next_at=None,
            )
        )

    def _guard(self, row: Row) -> None:
        halt, trust = self._halts.get(row.account), self._trust.get(row.account, Trust())
        rules.guard(row, self.now(), self._paused, halt, trust)

    def miss(self, new: Sequence[NewRow], reason: str) -> None:
        rows = [rules.fresh(item, self.now(), reason=reason) for item in new]
        self._follow(rows)
        self._append(rows)

    def _follow(self, rows: Sequence[Row]) -> None:
        for account in {row.account for row in rows}:
            mine = [row for row in rows if row.account == account]
            rules.follow(mine, *self._newest(account))

    def _append(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._rows.setdefault(row.account, []).append(row)

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
        held = self._held(row)
        if held.state == "posted" or (held.state, held.token) != (row.state, row.token):
            raise rules.conflict(row)
        self._act(who, "resolve", row.account, row.slot, reason)
        return self._put(
            held._replace(
                state=state,
                reason=rules.plain(reason),
                token=held.token if token is None else token,
                next_at=None if next_at is None else rules.utc(next_at),
                expires_at=held.expires_at if expires_at is None else rules.utc(expires_at),
                finished_at=rules.finished(state, self.now()),
            )
        )

    def receive(self, row: Row, receipt: Receipt, reason: str = "", *, who: str = "") -> Row:
        held = self._held(row)
        if held.state == "posted":
            return held
        if self.knows(row.account, [receipt.remote_id]):
            raise rules.conflict(row)
        self._act(who, "resolve", row.account, row.slot, reason)
        return self._put(
            held._replace(
                state="posted",
                reason=rules.plain(reason),
                remote_id=receipt.remote_id,
                url=receipt.url,
                next_at=None,
                finished_at=self.now(),
            )
        )

    def recover(self, new: NewRow, receipt: Receipt, reason: str) -> Row:
        row = rules.recovered(new, self.now(), receipt, reason)
        self._follow([row])
        if self.knows(row.account, [receipt.remote_id]):
            raise rules.conflict(row)
        self._append([row])
        return row

    def _held(self, row: Row) -> Row:
        held = self.row(row.account, row.slot)
        if held is None or (held.number, held.text) != (row.number, row.text):
            raise rules.conflict(row)
        return held

    def _put(self, row: Row) -> Row:
        held = self._rows[row.account]
        held[row.number - held[0].number] = row
        return row

    def row(self, account: str, slot: datetime) -> Row | None:
        return next((row for row in self._rows.get(account, ()) if row.slot == slot), None)

    def open_rows(self, account: str) -> list[Row]:
        return [row for row in self._rows.get(account, ()) if row.state in OPEN]

    def few(
        self, account: str | None = None, states: Sequence[State] = (), newest: int | None = None
    ) -> list[Row]:
        return list(self.rows(account, states, newest))

    def rows(
        self, account: str | None = None, states: Sequence[State] = (), newest: int | None = None
    ) -> Iterator[Row]:
        found = sorted(
            (
                row
                for held in self._rows.values()
                for row in held
                if account in (None, row.account) and (not states or row.state in states)
            ),
            key=lambda row: (row.slot, row.account),
        )
        yield from found[max(0, len(found) - newest) :] if newest is not None else found

    def counts(self) -> dict[tuple[str, State], int]:
        return Counter((row.account, row.state) for row in self.rows())

    def knows(self, account: str, remote_ids: Sequence[str]) -> set[str]:
        held = {row.remote_id for row in self.rows(account)}
        return {each for each in remote_ids if each in held}

    def lineage(self) -> str:
        return ""

    def trust(self, account: str) -> Trust:
        held = self._rows.get(account)
        signs = rules.signs_of_life(held[-1]) if held else []
        signs += rules.beats_of(account, self.beats())
        return self._trust.get(account, Trust())._replace(life=max(signs, default=None))

    def suspect(self, account: str, since: datetime, *, noticed: datetime | None = None) -> None:
        known = self._trust.get(account, Trust())
        self._trust[account] = rules.suspecting(known, since, noticed)

    def clear(self, account: str, lineage: str, was: Trust) -> bool:
        if not rules.unchanged(self._trust.get(account, Trust()), was):
            return False
        self._trust[account] = Trust(lineage)
        return True

    def prove_alone(self) -> bool:
        return True

    def close(self) -> None:
        pass


def _use(row: Row, text: str) -> Use:
    return Use(
        number=row.number,
        at=row.slot,
        text_key=text_key(text),
        template=row.template or "",
        draws=row.draws or (),
        picture=row.media[0].path if row.media else None,
    )
