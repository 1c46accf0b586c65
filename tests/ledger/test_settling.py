"""What every store promises: what becomes of a row."""

from __future__ import annotations

import pytest

from bot.domain import STATES, Receipt, State
from bot.errors import LedgerConflict
from bot.ledger.base import FINAL, Ledger, Row
from tests.ledger.contract import BEYOND, DAY, RECEIPT, everything, moved
from tests.ledger.stores import HOUR, Store, a_row, armed

# Moving


@pytest.mark.parametrize("state", BEYOND)
@pytest.mark.parametrize("begin", ["sending", *BEYOND])
def test_a_move_changes_what_it_says_and_no_more(
    ledger: Ledger, begin: State, state: State
) -> None:
    row = moved(ledger, begin)
    before = ledger.now()
    after = ledger.move(row, state, "a reason", next_at=before)
    assert (after.finished_at is not None) == (state in FINAL)
    if after.finished_at is not None:
        assert before <= after.finished_at <= ledger.now()
    expected = {**fields_of(row), "state": state, "reason": "a reason", "next_at": before}
    assert fields_of(after) == {**expected, "finished_at": after.finished_at}
    assert ledger.row("x", row.slot) == after


def fields_of(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row._fields}


def test_a_move_replaces_token_and_expiry_where_they_are_given(ledger: Ledger) -> None:
    row = ledger.move(armed(ledger), "unknown", "timed out", next_at=ledger.now())
    expires = ledger.now() + 3 * HOUR
    after = ledger.move(row, "unknown", "again", token="fresh", expires_at=expires)
    assert (after.token, after.expires_at, after.next_at) == ("fresh", expires, None)
    assert (after.armed_at, after.attempts) == (row.armed_at, row.attempts)
    with pytest.raises(LedgerConflict):
        ledger.move(row, "held", "by who has the old token")
    assert ledger.row("x", row.slot) == after


def test_a_move_needs_the_state_that_it_saw(ledger: Ledger) -> None:
    row = armed(ledger)
    after = ledger.move(row, "unknown", "timed out")
    with pytest.raises(LedgerConflict):
        ledger.move(row, "retry", "by who saw it sending")
    assert ledger.row("x", row.slot) == after


def test_a_move_needs_the_token_that_it_saw(ledger: Ledger) -> None:
    """A state alone would let a worker that was stuck move the arming of another."""
    stuck = armed(ledger)
    again = ledger.rearm(ledger.move(stuck, "retry", "429"), "another")
    with pytest.raises(LedgerConflict):
        ledger.move(stuck, "unknown", "by who armed it first")
    assert ledger.row("x", stuck.slot) == again


@pytest.mark.parametrize("state", BEYOND)
def test_a_posted_row_is_never_moved(ledger: Ledger, state: State) -> None:
    row = moved(ledger, "posted")
    with pytest.raises(LedgerConflict):
        ledger.move(row, state, "no")
    assert ledger.row("x", row.slot) == row


@pytest.mark.parametrize("state", ["sending", "posted"])
def test_a_move_gets_past_neither_guards_nor_receipts(ledger: Ledger, state: State) -> None:
    row = moved(ledger, "retry")
    with pytest.raises(ValueError, match=state):
        ledger.move(row, state, "no")
    assert ledger.row("x", row.slot) == row


def test_a_row_that_the_ledger_does_not_have_is_not_moved(ledger: Ledger) -> None:
    row = armed(ledger)
    elsewhere = ledger.begin("y", "sim")
    for stranger in (
        Row(**{**fields_of(row), "number": 7}),  # type: ignore[arg-type]
        Row(**{**fields_of(row), "account": "z"}),  # type: ignore[arg-type]
        Row(**{**fields_of(row), "slot": elsewhere.slot + DAY}),  # type: ignore[arg-type]
    ):
        with pytest.raises(LedgerConflict):
            ledger.move(stranger, "unknown", "no")
        with pytest.raises(LedgerConflict):
            ledger.receive(stranger, RECEIPT)
    assert everything(ledger)[1:] == [elsewhere, row]


# Receipts


@pytest.mark.parametrize("state", [state for state in STATES if state != "posted"])
def test_a_receipt_makes_it_posted_whatever_it_was(ledger: Ledger, state: State) -> None:
    sent = armed(ledger)
    row = sent
    if state != "sending":
        row = ledger.move(sent, state, "reason", token="another", next_at=sent.slot)
    before = ledger.now()
    after = ledger.receive(sent, RECEIPT, "read back")
    assert after.finished_at is not None
    assert before <= after.finished_at <= ledger.now()
    assert fields_of(after) == {
        **fields_of(row),
        "state": "posted",
        "reason": "read back",
        "remote_id": RECEIPT.remote_id,
        "url": RECEIPT.url,
        "next_at": None,
        "finished_at": after.finished_at,
    }
    assert ledger.row("x", row.slot) == after


@pytest.mark.parametrize("state", ["missed", "posted"])
def test_a_receipt_is_of_the_words_that_were_sent(ledger: Ledger, state: State) -> None:
    """The ledger forgot the row; another has its place, with other words."""
    birth = ledger.begin("x", "sim")
    new = a_row(2, birth.slot + HOUR, "What is planned now")
    if state == "missed":
        ledger.miss([new], "late")
    else:
        ledger.recover(new, Receipt("1791", "url"), "forgotten")
    (held,) = ledger.rows(states=[state], newest=1)
    sent = held._replace(text="What was sent", state="sending", token="its own")
    with pytest.raises(LedgerConflict):
        ledger.receive(sent, RECEIPT)
    assert ledger.row("x", held.slot) == held


def test_a_second_receipt_changes_nothing(store: Store, ledger: Ledger) -> None:
    row = armed(ledger)
    posted = ledger.receive(row, RECEIPT, "first")
    store.travel(HOUR)
    assert ledger.receive(row, RECEIPT, "second") == posted
    assert ledger.receive(posted, Receipt("other", "elsewhere")) == posted
    assert ledger.row("x", row.slot) == posted


def test_a_remote_id_belongs_to_one_row_of_an_account(ledger: Ledger) -> None:
    ledger.receive(armed(ledger), RECEIPT)
    second = armed(ledger)
    with pytest.raises(LedgerConflict):
        ledger.receive(second, RECEIPT)
    assert ledger.row("x", second.slot) == second
    assert ledger.receive(armed(ledger, "y"), RECEIPT).state == "posted"
