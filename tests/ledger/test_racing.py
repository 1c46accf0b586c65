"""Several processes at one ledger: whatever they do to each other, a slot is claimed once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from bot.errors import LedgerConflict, LedgerUnavailable
from bot.ledger import open_ledger, rules
from bot.ledger.base import Ledger, Trouble
from bot.ledger.postgres import PostgresLedger
from bot.ledger.sql_store import STEPS
from bot.ledger.sqlite import SqliteLedger
from tests.ledger.puppet import BEGIN, puppets
from tests.ledger.stores import HOUR, a_row, armed

ROUNDS = 40


def test_of_many_processes_that_claim_a_number_exactly_one_wins(url: str) -> None:
    winners = []
    with puppets(url, 3) as racers:
        racers[0].ask("migrate")
        for number in range(1, ROUNDS + 1):
            for name, racer in enumerate(racers):
                racer.tell("arm", number, f"{name}-{number}")
            answers = [racer.hear() for racer in racers]
            won = [answer for answer in answers if not answer.startswith("LedgerConflict")]
            assert len(won) == 1, answers
            winners += won
        assert racers[1].ask("rows") == winners


@pytest.mark.parametrize(("number", "hours"), [(2, 2), (3, 1)], ids=["number", "slot"])
def test_the_database_itself_refuses_what_is_taken(
    url: str,
    opener: Callable[[Ledger], Ledger],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    hours: int,
) -> None:
    """Whatever was read before: of two who read at once, both believe to be the next."""
    monkeypatch.setattr(rules, "follow", lambda *_: None)
    ledger = opener(open_ledger(url))
    ledger.migrate()
    newest = armed(ledger)
    with pytest.raises(LedgerConflict):
        ledger.arm(a_row(number, newest.slot - HOUR + hours * HOUR), "another")


def test_of_many_processes_that_rearm_a_row_exactly_one_wins(
    url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    ledger = opener(open_ledger(url))
    ledger.migrate()
    row = ledger.arm(a_row(1, BEGIN + HOUR, live=100_000 * HOUR), "first")
    with puppets(url, 3) as racers:
        for attempt in range(2, ROUNDS // 2):
            row = ledger.move(row, "retry", "again")
            for name, racer in enumerate(racers):
                racer.tell("rearm", 1, f"{name}-{attempt}")
            answers = [racer.hear() for racer in racers]
            won = [answer for answer in answers if not answer.startswith("LedgerConflict")]
            assert len(won) == 1, answers
            (row,) = ledger.open_rows("x")
            assert (row.token, row.attempts) == (won[0], attempt)


def test_of_many_processes_that_halt_an_account_one_raises_the_alarm(
    url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    ledger = opener(open_ledger(url))
    ledger.migrate()
    with puppets(url, 3) as racers:
        for attempt in range(ROUNDS // 2):
            for name, racer in enumerate(racers):
                racer.tell("halt", f"{name}-{attempt}")
            answers = {racer.hear() for racer in racers}
            assert len(answers) == 1, "all see the same halt, and so one of them its own"
            lifted = ledger.unhalt("x")
            assert lifted is not None
            assert answers == {lifted.token}


def test_of_many_threads_that_claim_a_number_exactly_one_wins(
    url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    ledger = opener(open_ledger(url))
    ledger.migrate()
    start = threading.Barrier(4)
    won: list[tuple[int, str]] = []

    def race(name: str) -> None:
        mine = open_ledger(url)
        for number in range(1, ROUNDS + 1):
            start.wait()
            try:
                row = mine.arm(a_row(number, BEGIN + number * HOUR), f"{name}-{number}")
                won.append((number, row.token))
            except LedgerConflict:
                pass
            start.wait()
        mine.close()

    threads = [threading.Thread(target=race, args=(str(name),)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [(row.number, row.token) for row in ledger.rows()]
    assert len(won) == ROUNDS


def test_history_is_of_one_moment(
    url: str, opener: Callable[[Ledger], Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the number of rows from before another's claim, and the texts from after it."""
    ledger: Any = opener(open_ledger(url))
    other = opener(open_ledger(url))
    ledger.migrate()
    first = ledger.arm(a_row(1, BEGIN, "A"), "one")
    newest = ledger._newest

    def meanwhile(account: str) -> object:
        found: object = newest(account)
        other.arm(a_row(2, BEGIN + HOUR, "A"), "two")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "_newest", meanwhile)
        history = ledger.history("x")
    assert (history.rows, history.newest) == (1, first.slot)
    assert [use.number for use in history.uses] == [1]
    assert [use.number for use in ledger.history("x").uses] == [2]


def test_many_processes_may_be_the_first(url: str) -> None:
    with puppets(url, 4) as racers:
        for racer in racers:
            racer.tell("migrate")
        done = [racer.hear() for racer in racers]
        assert sorted(map(len, done)) == [0, 0, 0, len(STEPS)], done
        for racer in racers:
            racer.tell("begin")
        assert len({racer.hear() for racer in racers}) == 1
        assert racers[0].ask("rows") == [""]


def test_a_process_that_is_killed_before_its_commit_has_done_nothing(
    url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    ledger = opener(open_ledger(url))
    ledger.migrate()
    for number in range(1, 4):
        with puppets(url, 1) as (victim,):
            assert victim.ask("freeze", number) == "inside"
            assert ledger.history("x").rows == number - 1
            victim.kill()
            assert ledger.arm(a_row(number, BEGIN + number * HOUR), "mine").token == "mine"
    assert [row.token for row in ledger.rows()] == ["mine"] * 3


def test_a_process_that_is_stopped_before_its_commit_holds_others_up_for_a_while_only(
    postgres_url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    """The server ends its transaction; with SQLite it holds them up until it goes on or dies."""
    ledger = opener(PostgresLedger(postgres_url, patience=60))
    ledger.migrate()
    with puppets(postgres_url, 1) as (victim,):
        victim.ask("hasty", 0.3)
        assert victim.ask("freeze", 1) == "inside"
        victim.stop()
        assert ledger.arm(a_row(1, BEGIN + HOUR), "mine").token == "mine"
        victim.resume()
    assert [row.token for row in ledger.rows()] == ["mine"]


def test_whoever_waits_too_long_for_another_says_so(
    url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    patient = opener(open_ledger(url))
    patient.migrate()
    hasty = opener(_hasty(url, 0.05))
    with puppets(url, 1) as (slow,):
        assert slow.ask("freeze", 1) == "inside"
        with pytest.raises(LedgerUnavailable) as refused:
            hasty.arm(a_row(1, BEGIN + HOUR), "too soon")
        assert hasty.history("x").rows == 0
    assert "locked" in str(refused.value) or "timeout" in str(refused.value)
    assert patient.arm(a_row(1, BEGIN + HOUR), "in time").token == "in time"


def _hasty(url: str, seconds: float) -> Ledger:
    if url.startswith("postgres"):
        return PostgresLedger(url, patience=seconds)
    return SqliteLedger(url.removeprefix("sqlite:///"), busy=seconds)


def test_many_processes_that_lease_get_one_delivery_between_them(
    url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    ledger = opener(open_ledger(url))
    ledger.migrate()
    with puppets(url, 4) as racers:
        for hour in range(3):
            trouble = Trouble("x", "lost", BEGIN + hour * HOUR, BEGIN, "what")
            ledger.trouble_begun(trouble, ["hash"])
            for racer in racers:
                racer.tell("lease", "hash", str(racer.process.pid))
            got = [racer.hear() for racer in racers]
            assert [each for each in got if each] == [trouble.id]


def test_a_lease_that_was_waited_for_is_nobody_elses(
    postgres_url: str, opener: Callable[[Ledger], Ledger]
) -> None:
    """Who chose a delivery, and then waits for another's lease of it to be committed, gets none."""
    ledger: Any = opener(open_ledger(postgres_url))
    other: Any = opener(open_ledger(postgres_url))
    ledger.migrate()
    ledger.trouble_begun(Trouble("x", "lost", BEGIN, BEGIN, "what"), ["hash"])
    got: list[Any] = []
    waiting = threading.Thread(target=lambda: got.append(other.lease("hash", "two", 60)))
    commit = ledger._commit

    def when_the_other_waits() -> None:
        waiting.start()
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            while waiting.is_alive() and admin.execute(blocked).fetchone() == (0,):
                pass
        commit()

    ledger._commit = when_the_other_waits
    delivery = ledger.lease("hash", "one", 60)
    waiting.join()
    assert delivery is not None
    assert got == [None]
