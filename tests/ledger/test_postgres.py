"""What PostgreSQL has to stand beyond the contract: its server goes away, others are in the way."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from bot.errors import LedgerError, LedgerGuard, LedgerUnavailable
from bot.ledger.base import Halt, Ledger, Row, Trust
from bot.ledger.postgres import PostgresLedger
from bot.ledger.sql_notes import halt_text
from bot.ledger.sql_store import NOTE_ONCE
from tests.ledger.puppet import BEGIN
from tests.ledger.stores import HOUR, a_row, armed
from tests.postgres import PASSWORD, Postgres

Opener = Callable[[Ledger], Ledger]


@pytest.fixture
def ledger(postgres_url: str) -> Iterator[PostgresLedger]:
    """A migrated ledger."""
    opened = PostgresLedger(postgres_url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def admin(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Another session, for looking and for trouble."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def one(admin: psycopg.Connection[Any], sql: str) -> Any:
    row = admin.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0]


def end_session(admin: psycopg.Connection[Any], ledger: PostgresLedger) -> None:
    """What a restart, a failover or an idle time-out does to a connection."""
    admin.execute("SELECT pg_terminate_backend(%s, 10000)", [ledger._db.info.backend_pid])


# Settings


INSIDE = (
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "synchronous_commit",
    "transaction_isolation",
    "transaction_read_only",
)


def test_a_transaction_brings_its_own_settings(
    ledger: PostgresLedger, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the server, the database or a pooler would have it do."""
    for setting, value in (
        ("synchronous_commit", "off"),
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"),
        ("statement_timeout", "0"),
    ):
        admin.execute(f"ALTER ROLE postgres SET {setting} = '{value}'".encode())
    seen: dict[str, Any] = {}

    def look(row: Row) -> None:
        seen.update({name: ledger._db.execute(f"SHOW {name}").fetchone()[0] for name in INSIDE})

    monkeypatch.setattr(ledger, "_guard", look)
    ledger.close()
    try:
        armed(ledger)
    finally:
        with psycopg.connect(ledger._url, options="-c default_transaction_read_only=off") as reset:
            reset.execute("ALTER ROLE postgres RESET ALL")
    assert seen == {
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "10s",
        "synchronous_commit": "on",
        "transaction_isolation": "read committed",
        "transaction_read_only": "off",
    }


def test_nothing_is_kept_in_the_session(
    ledger: PostgresLedger, admin: psycopg.Connection[Any]
) -> None:
    """A pooler gives every transaction another session."""
    before = dict(ledger._db.execute("SELECT name, setting FROM pg_settings").fetchall())
    for _ in range(10):
        armed(ledger)
        ledger.pause()
        ledger.resume()
        list(ledger.rows())
    assert dict(ledger._db.execute("SELECT name, setting FROM pg_settings").fetchall()) == before
    for table in ("pg_prepared_statements", "pg_cursors"):
        assert ledger._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0
    assert one(admin, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    assert "idle in transaction" not in one(
        admin, "SELECT string_agg(state, ',') FROM pg_stat_activity"
    )


def test_any_session_will_do(ledger: PostgresLedger, admin: psycopg.Connection[Any]) -> None:
    """The session is ended after every call, as a pooler may."""
    calls: list[Callable[[], object]] = [
        lambda: ledger.begin("x", "sim"),
        lambda: armed(ledger),
        lambda: ledger.pause("why"),
        ledger.resume,
        lambda: ledger.beat("worker", {}),
        lambda: ledger.history("x"),
        ledger.migrate,
    ]
    for call in calls:
        end_session(admin, ledger)
        call()
    assert ledger.history("x").rows == 2


def test_text_compares_by_code_point_in_every_column(
    ledger: PostgresLedger, admin: psycopg.Connection[Any]
) -> None:
    collations = admin.execute(
        "SELECT table_name, collation_name, count(*) FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'text' GROUP BY 1, 2 ORDER BY 1"
    ).fetchall()
    assert [(table, name) for table, name, _ in collations] == [
        ("acts", "C"),
        ("deliveries", "C"),
        ("ledger", "C"),
        ("notes", "C"),
        ("troubles", "C"),
        ("uses", "C"),
    ]


def test_reading_only(postgres_url: str, ledger: PostgresLedger, opener: Opener) -> None:
    row = armed(ledger)
    reader = PostgresLedger(postgres_url, readonly=True)
    opener(reader)
    assert reader.open_rows("x") == [row]
    assert not reader.prove_alone()
    with pytest.raises(LedgerUnavailable, match="reading only"):
        reader.resume()
    with pytest.raises(LedgerUnavailable, match="read-only transaction"), reader._read():
        reader._do("DELETE FROM notes")


# A pause and an arming


def wait_until_waiting(admin: psycopg.Connection[Any], thread: threading.Thread) -> None:
    """Returns when a session waits for another's lock (or the thread ended without waiting)."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
    while thread.is_alive() and one(admin, waiting) == 0:
        pass


class Outcome(threading.Thread):
    """A call in another thread, with a ledger of its own, and what came of it."""

    def __init__(self, url: str, call: Callable[[PostgresLedger], object]) -> None:
        super().__init__()
        self._url = url
        self._call = call
        self.outcome: object = None
        self.start()

    def run(self) -> None:
        ledger = PostgresLedger(self._url, patience=60)
        try:
            self.outcome = self._call(ledger)
        except LedgerError as error:
            self.outcome = error
        finally:
            ledger.close()


@pytest.mark.parametrize("rearm", [False, True])
def test_an_arming_that_meets_a_pause_waits_and_sees_it(
    postgres_url: str, ledger: PostgresLedger, admin: psycopg.Connection[Any], rearm: bool
) -> None:
    row = ledger.move(armed(ledger), "retry", "429")
    new = a_row(3, row.slot + HOUR)
    with ledger._write("pause"):
        arming = Outcome(
            postgres_url,
            lambda mine: mine.rearm(row, "fresh") if rearm else mine.arm(new, "token"),
        )
        wait_until_waiting(admin, arming)
        ledger._note(NOTE_ONCE, "pause", "meanwhile", BEGIN)
    arming.join()
    assert isinstance(arming.outcome, LedgerGuard)
    assert arming.outcome.reason == "paused"
    assert ledger.open_rows("x") == [row]


def test_an_arming_that_meets_a_halt_waits_and_sees_it(
    postgres_url: str, ledger: PostgresLedger, admin: psycopg.Connection[Any]
) -> None:
    row = armed(ledger)
    halt = halt_text(Halt(BEGIN, "402", person=True))
    with ledger._write("pause"):
        arming = Outcome(postgres_url, lambda mine: mine.arm(a_row(3, row.slot + HOUR), "token"))
        wait_until_waiting(admin, arming)
        ledger._note(NOTE_ONCE, "halt:x", halt, BEGIN)
    arming.join()
    assert isinstance(arming.outcome, LedgerGuard)
    assert ledger.history("x").rows == 2


def test_a_halt_waits_for_armings_under_way(
    postgres_url: str, ledger: PostgresLedger, admin: psycopg.Connection[Any]
) -> None:
    with ledger._write("arm"):
        halting = Outcome(postgres_url, lambda mine: mine.halt("x", Halt(BEGIN, "402")))
        wait_until_waiting(admin, halting)
        assert halting.is_alive()
    halting.join()
    assert isinstance(halting.outcome, Halt)


@pytest.mark.parametrize(
    "note",
    [
        lambda mine: mine.suspect("x", BEGIN),
        lambda mine: mine.clear("x", "past", Trust()),
    ],
    ids=["suspecting", "clearing"],
)
def test_what_is_noted_of_a_loss_waits_for_armings_under_way(
    postgres_url: str,
    ledger: PostgresLedger,
    admin: psycopg.Connection[Any],
    note: Callable[[PostgresLedger], object],
) -> None:
    """And so for each other: who clears must not write over what is suspected just then."""
    with ledger._write("arm"):
        noting = Outcome(postgres_url, note)
        wait_until_waiting(admin, noting)
        assert noting.is_alive()
        assert ledger._trusted("x") == Trust()
    noting.join()
    assert ledger.trust("x") in (Trust(None, BEGIN), Trust("past"))


def test_a_pause_waits_for_armings_under_way(
    postgres_url: str, ledger: PostgresLedger, admin: psycopg.Connection[Any]
) -> None:
    with ledger._write("arm"):
        pausing = Outcome(postgres_url, lambda mine: mine.pause("now"))
        wait_until_waiting(admin, pausing)
        assert pausing.is_alive()
    pausing.join()
    assert pausing.outcome is None
    with pytest.raises(LedgerGuard):
        ledger.arm(a_row(1, BEGIN), "token")


def test_armings_do_not_wait_for_each_other(
    postgres_url: str, ledger: PostgresLedger, opener: Opener
) -> None:
    other = opener(PostgresLedger(postgres_url))
    with ledger._write("arm"):
        assert other.arm(a_row(1, other.now(), account="y"), "token").state == "sending"


# A server that goes away


def test_a_connection_that_was_lost_while_idle_is_made_anew(
    ledger: PostgresLedger, admin: psycopg.Connection[Any]
) -> None:
    row = armed(ledger)
    end_session(admin, ledger)
    assert ledger.open_rows("x") == [row]
    end_session(admin, ledger)
    assert armed(ledger).number == 3


def test_a_connection_that_is_lost_within_a_transaction(
    ledger: PostgresLedger, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement is tried twice: it is not known what became of the first."""
    row = armed(ledger)
    new = a_row(3, row.slot + HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "_guard", lambda row: end_session(admin, ledger))
        with pytest.raises(LedgerUnavailable):
            ledger.arm(new, "lost")
    assert ledger.open_rows("x") == [row]
    assert ledger.arm(new, "token").token == "token"


def test_a_connection_that_is_lost_while_reading_rows(
    postgres_url: str, ledger: PostgresLedger, admin: psycopg.Connection[Any]
) -> None:
    ledger.miss([a_row(number, BEGIN + number * HOUR) for number in range(1, 1200)], "late")
    reading = ledger.rows()
    next(reading)
    admin.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE state = 'idle in transaction'"
    )
    with pytest.raises(LedgerUnavailable):
        list(reading)
    assert len(list(ledger.rows())) == 1199


def test_a_server_that_is_restarted(postgres: Postgres, ledger: PostgresLedger) -> None:
    row = armed(ledger)
    postgres.kill()
    for _ in range(2):
        with pytest.raises(LedgerUnavailable) as away:
            ledger.history("x")
        assert PASSWORD not in str(away.value)
    postgres.start()
    assert ledger.open_rows("x") == [row]
    postgres.stop()
    postgres.start()
    assert armed(ledger).number == 3


@pytest.fixture
def standby(admin: psycopg.Connection[Any]) -> Iterator[Callable[[str], None]]:
    """Has every commit wait for a standby of this name."""

    def name(name: str) -> None:
        admin.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'".encode())
        admin.execute("SELECT pg_reload_conf()")
        while one(admin, "SHOW synchronous_standby_names") != name:
            pass

    admin.execute("SET synchronous_commit = local")
    yield name
    name("")


def test_a_commit_that_no_standby_confirms_is_in_doubt(
    postgres_url: str, ledger: PostgresLedger, standby: Callable[[str], None], opener: Opener
) -> None:
    """A standby that takes over would not have the row."""
    row = armed(ledger)
    hasty = PostgresLedger(postgres_url, patience=0.5)
    opener(hasty)
    standby("nobody")
    with pytest.raises(LedgerUnavailable, match="no answer within"):
        hasty.arm(a_row(3, row.slot + HOUR), "token")
    standby("")
    assert [each.token for each in hasty.open_rows("x")] == ["token-2", "token"]


def test_a_commit_that_gave_up_waiting_for_a_standby_is_in_doubt(
    postgres_url: str,
    ledger: PostgresLedger,
    admin: psycopg.Connection[Any],
    standby: Callable[[str], None],
) -> None:
    """The server only warns."""
    standby("nobody")
    pausing = Outcome(postgres_url, lambda mine: mine.pause())
    waiting = "SELECT max(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    while pausing.is_alive() and (pid := one(admin, waiting)) is None:
        pass
    admin.execute("SELECT pg_cancel_backend(%s)", [pid])
    pausing.join()
    assert isinstance(pausing.outcome, LedgerUnavailable)
    assert "synchronous replication" in str(pausing.outcome)
    assert ledger.paused() is not None


def test_a_server_that_hangs(postgres: Postgres, postgres_url: str, opener: Opener) -> None:
    ledger = PostgresLedger(postgres_url, patience=0.5)
    opener(ledger)
    ledger.migrate()
    row = armed(ledger)
    backend = ledger._db.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    with pytest.raises(LedgerUnavailable, match="no answer within"):
        ledger.history("x")
    assert ledger.open_rows("x") == [row]
    os.kill(backend, signal.SIGCONT)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda url: url.replace(PASSWORD, "wrong-horse"), "password", id="password"),
        pytest.param(lambda url: url + "_none", "does not exist", id="database"),
        pytest.param(lambda url: url.replace("127.0.0.1", "127.0.0.1:1,[::1]"), "", id="hosts"),
        pytest.param(lambda url: url + "?sslmode=require", "SSL", id="ssl"),
        pytest.param(lambda url: url + "?port=zero", "port", id="port"),
    ],
)
def test_a_server_that_cannot_be_used(
    postgres_url: str, change: Callable[[str], str], why: str, opener: Opener
) -> None:
    """Found out at first use, so that a worker can start before its database does."""
    ledger = opener(PostgresLedger(change(postgres_url), patience=2))
    for call in (ledger.migrate, ledger.now, lambda: ledger.history("x")):
        with pytest.raises(LedgerUnavailable) as refused:
            call()
        said = str(refused.value)
        assert why in said
        assert "horse" not in said
        assert "horse" not in "".join(traceback.format_exception(refused.value))
        assert len(said.splitlines()) == 2


def test_what_a_server_says_in_several_lines_is_several_sentences(opener: Opener) -> None:
    ledger = opener(PostgresLedger("postgresql://bot:x@127.0.0.1:1/bot"))
    with pytest.raises(LedgerUnavailable, match=r"Connection refused\. Is the server running"):
        ledger.now()


def test_a_role_that_may_only_read_is_told_so(postgres_url: str, opener: Opener) -> None:
    opener(PostgresLedger(postgres_url)).migrate()
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        db.execute("GRANT USAGE ON SCHEMA public TO reader")
        db.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    try:
        reader = opener(
            PostgresLedger(postgres_url.replace(f"postgres:{PASSWORD}", "reader:reader"))
        )
        assert reader.counts() == {}
        for write in (reader.try_writing, lambda: reader.beat("h:1/x", {"account": "x"})):
            with pytest.raises(LedgerUnavailable) as refused:
                write()
            said = str(refused.value)
            assert "can't be written: permission denied for table" in said
            assert "Give the bot a role, or a user, that may write there." in said
            assert "disk" not in said
        reader.close()
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as db:
            db.execute("DROP OWNED BY reader")
            db.execute("DROP ROLE reader")


def test_a_password_in_the_servers_own_words_is_not_repeated(ledger: PostgresLedger) -> None:
    with pytest.raises(LedgerUnavailable) as refused, ledger._read():
        ledger._do(f'SELECT 1 FROM "{PASSWORD}"')
    assert '"***" does not exist' in str(refused.value)
    assert ledger.where.startswith("postgresql://postgres@127.0.0.1:")


# Cheap at any size


def tables_read_whole(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from tables_read_whole(part)


def test_the_next_decision_reads_no_table_from_end_to_end(
    ledger: PostgresLedger, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither with fresh statistics nor with none at all."""
    admin.execute("ALTER TABLE ledger SET (autovacuum_enabled = false)")
    new = [a_row(number, BEGIN + number * HOUR, f"{number % 20}") for number in range(1, 5001)]
    ledger.miss(new, "late")
    read_whole: list[str] = []
    planned = 0
    execute = ledger._execute

    def explain(sql: str, params: dict[str, Any]) -> Any:
        nonlocal planned
        if "ledger" in sql:
            planned += 1
            (found,) = execute(f"EXPLAIN (FORMAT JSON) {sql}", params).fetchone()[0]
            read_whole.extend(tables_read_whole(found["Plan"]))
        return execute(sql, params)

    monkeypatch.setattr(ledger, "_execute", explain)
    for prepare in ("SELECT 1", "ANALYZE"):
        admin.execute(prepare.encode())
        row = ledger.row("x", BEGIN + HOUR)
        assert row is not None
        ledger.history("x")
        ledger.open_rows("x")
        ledger.knows("x", ["1", "2"])
        with suppress(LedgerError):
            ledger.move(row, "unknown", "")
        with suppress(LedgerError):
            ledger.arm(a_row(5001, row.slot), "token")
    assert planned > 12
    assert "ledger" not in read_whole
