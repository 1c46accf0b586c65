"""Whatever is done in whatever order: the databases and the plain Python of memory agree."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.domain import Receipt
from bot.errors import LedgerError
from bot.ledger.base import Delivery, Halt, Ledger, NewRow, PlanNote, Row, Trouble, Trust
from bot.ledger.memory import MemoryLedger
from bot.ledger.postgres import PostgresLedger
from bot.ledger.sqlite import SqliteLedger
from tests.ledger.puppet import BEGIN
from tests.ledger.stores import HOUR, a_row, a_slot

ACCOUNTS = st.sampled_from(["x", "y"])
TOKENS = st.sampled_from(["a", "b"])
TIMES = st.one_of(st.none(), st.integers(-5, 5).map(lambda hours: BEGIN + hours * HOUR))
WHO = st.sampled_from(["", "", "anna"])
ADDRESSES = st.sampled_from("pq")
TROUBLES = st.builds(
    lambda account, kind, hour: Trouble(account, kind, BEGIN + hour * HOUR, BEGIN, "what"),
    st.sampled_from(["", "x"]),
    st.sampled_from(["lost", "paused"]),
    st.integers(0, 2),
)


class Agreement(RuleBasedStateMachine):
    """Does everything to memory and to a database.

    `open_` gives a handle on a new database; `tell` tells it what time it is.
    """

    def __init__(
        self,
        open_: Callable[[Callable[[], datetime]], Ledger],
        tell: Callable[[datetime], None] = lambda at: None,
    ) -> None:
        super().__init__()
        self.tell = tell
        self.at = BEGIN
        self.seen: list[Row] = []
        self.leased: list[Delivery] = []
        self.memory = MemoryLedger(lambda: self.at)
        self.database = open_(lambda: self.at)

    @initialize()
    def migrate(self) -> None:
        self.tell(self.at)
        self.database.migrate()

    def teardown(self) -> None:
        self.database.close()

    def both(self, call: Callable[[Ledger], Any]) -> None:
        outcomes = [_outcome(call, ledger) for ledger in (self.memory, self.database)]
        assert outcomes[0] == outcomes[1]
        if isinstance(outcomes[0], Row):
            self.seen.append(outcomes[0])
        if isinstance(outcomes[0], Delivery):
            self.leased.append(outcomes[0])

    def pick(self, data: st.DataObject) -> Row | None:
        """Some row as it was at some time, mostly a recent one."""
        back = data.draw(st.integers(0, max(0, len(self.seen) - 1)))
        return self.seen[-1 - back] if self.seen else None

    def new(self, account: str, step: int, hours: int, text: str | None, live: int) -> NewRow:
        history = self.memory.history(account)
        at = (history.newest or BEGIN) + hours * HOUR
        number = history.rows + step
        if text is None:
            return NewRow(number, a_slot(at, account), "sim")
        return a_row(number, at, text, account=account, live=live * HOUR)

    @rule(hours=st.integers(0, 30))
    def time_goes_on(self, hours: int) -> None:
        self.at += hours * HOUR + timedelta(microseconds=1)
        self.tell(self.at)

    @rule(account=ACCOUNTS)
    def begin(self, account: str) -> None:
        self.both(lambda ledger: ledger.begin(account, "sim"))

    @rule(
        account=ACCOUNTS,
        step=st.sampled_from([1, 1, 1, 1, 0, 2]),
        hours=st.sampled_from([1, 1, 1, 7, 0, -1]),
        text=st.sampled_from("ABC"),
        live=st.sampled_from([0, 50, 500]),
        token=TOKENS,
    )
    def arm(self, account: str, step: int, hours: int, text: str, live: int, token: str) -> None:
        new = self.new(account, step, hours, text, live)
        self.both(lambda ledger: ledger.arm(new, token))

    @rule(
        account=ACCOUNTS,
        texts=st.lists(st.sampled_from(["A", "D", None]), max_size=3),
        gap=st.booleans(),
    )
    def miss(self, account: str, texts: list[str | None], gap: bool) -> None:
        new = [
            self.new(account, at + gap * (at > 1), at, text, 1) for at, text in enumerate(texts, 1)
        ]
        self.both(lambda ledger: ledger.miss(new, "late"))

    @rule(data=st.data(), token=TOKENS)
    def rearm(self, data: st.DataObject, token: str) -> None:
        if row := self.pick(data):
            self.both(lambda ledger: ledger.rearm(row, token))

    @rule(
        data=st.data(),
        state=st.sampled_from(["retry", "retry", "unknown", "held", "failed", "missed"]),
        token=st.one_of(st.none(), TOKENS),
        next_at=TIMES,
        expires_at=TIMES,
        who=WHO,
    )
    def move(self, data: st.DataObject, state: Any, **changes: Any) -> None:
        if row := self.pick(data):
            self.both(lambda ledger: ledger.move(row, state, f"to {state}", **changes))

    @rule(data=st.data(), remote_id=st.sampled_from("12"), who=WHO)
    def receive(self, data: st.DataObject, remote_id: str, who: str) -> None:
        if row := self.pick(data):
            receipt = Receipt(remote_id, "url")
            self.both(lambda ledger: ledger.receive(row, receipt, "found", who=who))

    @rule(why=st.sampled_from(["", "why"]), who=WHO)
    def pause(self, why: str, who: str) -> None:
        self.both(lambda ledger: ledger.pause(why, who=who))

    @rule(who=WHO)
    def resume(self, who: str) -> None:
        self.both(lambda ledger: ledger.resume(who=who))

    @rule(
        account=ACCOUNTS,
        person=st.sampled_from([False, False, True]),
        until=TIMES,
        tried=TIMES,
        token=TOKENS,
        asked=st.sampled_from(["", "1", "12"]),
        who=WHO,
    )
    def halt(self, account: str, token: str, asked: str, who: str, **fields: Any) -> None:
        halt = Halt(self.at, "why", "fix", token=token, **fields)
        self.both(lambda ledger: ledger.halt(account, halt, asked, who=who))

    @rule(account=ACCOUNTS, who=WHO)
    def unhalt(self, account: str, who: str) -> None:
        self.both(lambda ledger: ledger.unhalt(account, who=who))

    @rule(
        account=ACCOUNTS,
        hours=st.sampled_from([1, 1, 0]),
        text=st.sampled_from("AB"),
        remote_id=st.sampled_from("123"),
    )
    def recover(self, account: str, hours: int, text: str, remote_id: str) -> None:
        new = self.new(account, 1, hours, text, 1)
        self.both(lambda ledger: ledger.recover(new, Receipt(remote_id, "url"), "forgotten"))

    @rule(account=ACCOUNTS, since=TIMES.filter(bool), noticed=TIMES)
    def suspect(self, account: str, since: Any, noticed: Any) -> None:
        self.both(lambda ledger: ledger.suspect(account, since, noticed=noticed))

    @rule(account=ACCOUNTS, was=st.one_of(st.none(), st.just(Trust())))
    def clear(self, account: str, was: Trust | None) -> None:
        self.both(lambda ledger: ledger.clear(account, "past", was or ledger.trust(account)))

    @rule(worker=st.sampled_from("ab"), account=ACCOUNTS, began=TIMES)
    def beat(self, worker: str, account: str, began: datetime | None) -> None:
        note = {"account": account, "began": began.isoformat()} if began else {"account": account}
        self.both(lambda ledger: ledger.beat(worker, note))

    @rule(worker=st.sampled_from("ab"))
    def unbeat(self, worker: str) -> None:
        self.both(lambda ledger: ledger.unbeat(worker))

    @rule(account=ACCOUNTS, schedule=st.sampled_from("12"), slot=TIMES)
    def note_plan(self, account: str, schedule: str, slot: datetime | None) -> None:
        note = PlanNote("content", schedule, BEGIN, slot, slot)
        self.both(lambda ledger: ledger.note_plan(account, note))

    @rule(trouble=TROUBLES, addresses=st.lists(ADDRESSES, max_size=2))
    def trouble_begun(self, trouble: Trouble, addresses: list[str]) -> None:
        self.both(lambda ledger: ledger.trouble_begun(trouble, addresses))

    @rule(trouble=TROUBLES)
    def trouble_over(self, trouble: Trouble) -> None:
        self.both(lambda ledger: ledger.trouble_over(trouble.id))

    @rule(
        address=ADDRESSES,
        holder=st.sampled_from("hi"),
        seconds=st.sampled_from([60, 60 * 60 * 24]),
    )
    def lease(self, address: str, holder: str, seconds: float) -> None:
        self.both(lambda ledger: ledger.lease(address, holder, seconds))

    @rule(data=st.data())
    def delivered(self, data: st.DataObject) -> None:
        if self.leased:
            delivery = data.draw(st.sampled_from(self.leased))
            self.both(lambda ledger: ledger.delivered(delivery))

    @rule(data=st.data(), next_at=TIMES.filter(bool))
    def undelivered(self, data: st.DataObject, next_at: Any) -> None:
        if self.leased:
            delivery = data.draw(st.sampled_from(self.leased))
            self.both(lambda ledger: ledger.undelivered(delivery, next_at))

    @rule(
        account=st.one_of(st.none(), ACCOUNTS),
        states=st.lists(st.sampled_from(["posted", "retry", "missed"]), max_size=2),
        newest=st.one_of(st.none(), st.integers(0, 5)),
    )
    def rows(self, account: str | None, states: Any, newest: int | None) -> None:
        self.both(lambda ledger: list(ledger.rows(account, states, newest)))

    @invariant()
    def they_agree(self) -> None:
        for read in (
            lambda ledger: list(ledger.rows()),
            lambda ledger: [ledger.history(account) for account in "xy"],
            lambda ledger: [ledger.open_rows(account) for account in "xy"],
            lambda ledger: ledger.knows("x", ["1", "2", "3"]),
            lambda ledger: ledger.counts(),
            lambda ledger: ledger.paused(),
            lambda ledger: ledger.halts(),
            lambda ledger: [ledger.was_asked(account) for account in "xy"],
            lambda ledger: [ledger.trust(account) for account in "xy"],
            lambda ledger: ledger.beats(),
            lambda ledger: sorted(ledger.acts()),
            lambda ledger: [ledger.plan_note(account) for account in "xy"],
            lambda ledger: ledger.troubles(),
            lambda ledger: ledger.troubles(open_only=False),
        ):
            self.both(read)

    @invariant()
    def numbers_have_no_gap_and_slots_rise(self) -> None:
        for account in "xy":
            rows = list(self.database.rows(account))
            assert [row.number for row in rows] == list(range(1, len(rows) + 1))
            assert all(one.slot < two.slot for one, two in pairwise(rows))


def _outcome(call: Callable[[Ledger], Any], ledger: Ledger) -> Any:
    try:
        return call(ledger)
    except LedgerError as error:
        return type(error), error.facts


def _run(machine: Any, examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_sqlite_agrees_with_memory() -> None:
    with tempfile.TemporaryDirectory() as folder:
        databases = iter(range(10_000))

        def open_(clock: Callable[[], datetime]) -> Ledger:
            return SqliteLedger(str(Path(folder) / f"{next(databases)}.sqlite3"), clock=clock)

        _run(lambda: Agreement(open_), examples=40)


def test_postgres_agrees_with_memory(postgres_url: str) -> None:
    """The server reads the time from a table."""
    clock_of = "(SELECT at FROM clock)"

    def open_(clock: Callable[[], datetime]) -> Ledger:
        admin.execute("DROP TABLE IF EXISTS ledger, notes, uses, acts, troubles, deliveries")
        return PostgresLedger(postgres_url, clock=clock_of)

    def tell(at: datetime) -> None:
        admin.execute("UPDATE clock SET at = %s", [at])

    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE clock AS SELECT clock_timestamp() AS at")
        _run(lambda: Agreement(open_, tell), examples=6)
