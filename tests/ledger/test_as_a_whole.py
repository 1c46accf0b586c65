"""What every store promises as a whole: words, two handles, its rows for machines, failed calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import get_args

import pytest

from bot.domain import State
from bot.errors import LedgerConflict
from bot.ledger.base import Ledger, Row
from tests.ledger.contract import BEYOND, RECEIPT, a_halt
from tests.ledger.stores import HOUR, PICTURE, Store, a_row, armed


def test_words_that_no_database_can_hold_do_not_lose_the_record(ledger: Ledger) -> None:
    nasty, clean = "a\0b\ud800c", "a\N{REPLACEMENT CHARACTER}b?c"
    row = ledger.move(armed(ledger), "unknown", nasty)
    assert row.reason == clean
    assert ledger.receive(row, RECEIPT, nasty).reason == clean
    ledger.miss([a_row(3, row.slot + HOUR)], nasty)
    assert next(ledger.rows(newest=1)).reason == clean
    ledger.beat(nasty, {"why": nasty})
    assert [beat.worker for beat in ledger.beats()] == [clean]
    ledger.unbeat(nasty)
    assert ledger.beats() == []
    ledger.pause(nasty)
    paused = ledger.paused()
    assert paused is not None
    assert paused[1] == clean
    assert ledger.halt("x", a_halt(ledger, nasty)).why == clean


def test_what_one_handle_does_the_other_sees(store: Store, ledger: Ledger) -> None:
    other = store.open()
    row = armed(ledger)
    assert other.open_rows("x") == [row]
    assert other.history("x") == ledger.history("x")
    moved_row = other.move(row, "unknown", "seen by the other")
    assert ledger.row("x", row.slot) == moved_row


def test_rows_have_the_shape_that_is_promised_to_machines(ledger: Ledger) -> None:
    ledger.receive(armed(ledger), RECEIPT)
    born, posted = (json.loads(json.dumps(row.to_json())) for row in ledger.rows())
    assert (born["text"], born["draws"], born["media"]) == (None, None, None)
    assert posted["draws"] == ["ituc/democracy", "ituc/outrage"]
    assert posted["media"] == [PICTURE.to_json()]
    assert posted["url"] == RECEIPT.url


def test_closing_twice_does_no_harm(ledger: Ledger) -> None:
    armed(ledger)
    ledger.close()
    ledger.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger, row: ledger.begin("y", "sim"),
        lambda ledger, row: ledger.move(row, "unknown", ""),
        lambda ledger, row: ledger.receive(row, RECEIPT),
        lambda ledger, row: ledger.pause(),
        lambda ledger, row: ledger.halt("x", a_halt(ledger)),
        lambda ledger, row: ledger.beat("worker", {}),
    ],
)
def test_a_failed_call_leaves_a_ledger_that_works(
    ledger: Ledger, change: Callable[[Ledger, Row], object]
) -> None:
    row = armed(ledger)
    with pytest.raises(LedgerConflict):
        ledger.arm(a_row(row.number, row.slot + HOUR), "token")
    change(ledger, row)
    assert ledger.row("x", row.slot) is not None


def test_every_state_is_tested() -> None:
    assert set(get_args(State)) == {"sending", "posted", *BEYOND}
