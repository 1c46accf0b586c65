"""What memory does beyond the contract: it goes on from what the live ledger has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import History, Use, text_key
from bot.errors import LedgerConflict
from bot.ledger.memory import MemoryLedger
from tests.ledger.puppet import BEGIN
from tests.ledger.stores import HOUR, a_row, armed

NOW = BEGIN + 10 * HOUR


def a_use(number: int, text: str) -> Use:
    return Use(number, BEGIN + number * HOUR, text_key(text), "plain", ("a/b",), None)


LIVE = History("x", rows=7, newest=BEGIN + 7 * HOUR, uses=(a_use(3, "A"), a_use(7, "B")))


@pytest.fixture
def dry() -> MemoryLedger:
    """As a dry run has it."""
    return MemoryLedger(lambda: NOW, {"x": LIVE})


def test_it_begins_with_the_live_history(dry: MemoryLedger) -> None:
    assert dry.history("x") == LIVE
    assert dry.history("y") == History("y")
    assert list(dry.rows()) == []


def test_it_inserts_no_birth_where_rows_went_before(dry: MemoryLedger) -> None:
    assert dry.begin("x", "sim").slot == LIVE.newest
    assert list(dry.rows()) == []
    assert dry.history("x") == LIVE
    assert dry.begin("y", "sim").slot == NOW
    assert dry.history("y").rows == 1


def test_its_numbers_and_slots_go_on(dry: MemoryLedger) -> None:
    for number, hour in ((1, 8), (7, 8), (9, 8), (8, 7), (8, 6)):
        with pytest.raises(LedgerConflict):
            dry.arm(a_row(number, BEGIN + hour * HOUR), "token")
    row = dry.arm(a_row(8, BEGIN + 8 * HOUR, "A"), "token")
    assert armed(dry).number == 9
    assert dry.row("x", row.slot) == row
    after = dry.move(row, "retry", "429")
    assert dry.row("x", row.slot) == after
    assert dry.rearm(after, "fresh").number == 8


def test_its_history_has_the_latest_use_of_both(dry: MemoryLedger) -> None:
    dry.arm(a_row(8, BEGIN + 8 * HOUR, "A"), "token")
    history = dry.history("x")
    assert (history.rows, history.newest) == (8, BEGIN + 8 * HOUR)
    assert [(use.number, use.text_key) for use in history.uses] == [
        (7, text_key("B")),
        (8, text_key("A")),
    ]
    assert LIVE.uses == (a_use(3, "A"), a_use(7, "B"))


def test_its_clock_is_the_hosts_unless_it_gets_another() -> None:
    before = datetime.now(UTC)
    assert before <= MemoryLedger().now() <= datetime.now(UTC)


def test_it_is_nobody_elses() -> None:
    assert MemoryLedger().prove_alone()


def test_it_asks_for_the_live_history_once() -> None:
    asked: list[str] = []

    def live(account: str) -> History:
        asked.append(account)
        return History(account, rows=len(asked), newest=NOW - timedelta(days=1))

    dry = MemoryLedger(lambda: NOW, live)
    assert dry.history("x") == dry.history("x")
    armed(dry)
    dry.history("y")
    assert asked == ["x", "y"]
