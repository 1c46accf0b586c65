"""What every store promises: reading rows and history back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.domain import STATES, Receipt, Use, text_key
from bot.ledger.base import OPEN, Ledger, NewRow
from tests.ledger.contract import RECEIPT, everything, moved
from tests.ledger.stores import HOUR, PICTURE, a_row, a_slot, armed

# Reading


def test_a_row_is_found_by_its_instant_in_any_zone(ledger: Ledger) -> None:
    row = armed(ledger)
    assert ledger.row("x", row.slot.astimezone(timezone(timedelta(hours=5, minutes=30)))) == row
    assert ledger.row("x", row.slot + timedelta(microseconds=1)) is None
    assert ledger.row("y", row.slot) is None


def test_times_are_kept_to_the_microsecond_and_in_utc(ledger: Ledger) -> None:
    zone = timezone(timedelta(hours=-8))
    at = datetime(2031, 1, 2, 3, 4, 5, 678901, zone)
    ledger.arm(a_row(1, at), "token")
    (row,) = everything(ledger)
    assert row.slot == at
    assert row.slot.tzinfo == UTC
    assert row.id == "x/2031-01-02T11:04:05.678901+00:00"


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    naive = datetime(2031, 1, 1)  # noqa: DTZ001
    row = moved(ledger, "retry")
    with pytest.raises(ValueError, match="time zone"):
        ledger.arm(a_row(row.number + 1, naive), "token")
    with pytest.raises(ValueError, match="time zone"):
        ledger.move(row, "retry", "", next_at=naive)
    assert everything(ledger)[1:] == [row]


def test_open_rows_are_those_that_the_program_has_to_settle(ledger: Ledger) -> None:
    rows = [moved(ledger, state) for state in (*STATES, *reversed(STATES))]
    armed(ledger, "y")
    assert ledger.open_rows("x") == [row for row in rows if row.state in OPEN]
    assert len(ledger.open_rows("x")) == 2 * len(OPEN)


def test_rows_come_oldest_first_and_narrowed(ledger: Ledger) -> None:
    for state in STATES:
        for account in ("y", "x"):
            moved(ledger, state, account)
    rows = everything(ledger)
    assert len(rows) == 2 * (len(STATES) + 1)
    assert rows == sorted(rows, key=lambda row: (row.slot, row.account))
    only_y = [row for row in rows if row.account == "y"]
    open_y = [row for row in only_y if row.state in OPEN]
    assert list(ledger.rows("y")) == only_y
    assert list(ledger.rows("y", sorted(OPEN))) == open_y
    assert list(ledger.rows(states=("held",))) == [row for row in rows if row.state == "held"]
    assert list(ledger.rows("nobody")) == []
    for newest in (0, 1, 3, len(rows), len(rows) + 1):
        assert list(ledger.rows(newest=newest)) == rows[len(rows) - min(newest, len(rows)) :]
        assert list(ledger.rows("y", newest=newest)) == only_y[-newest:] if newest else True
    assert list(ledger.rows("y", sorted(OPEN), newest=2)) == open_y[-2:]


def test_a_few_rows_are_the_same_as_a_list(ledger: Ledger) -> None:
    for state in STATES:
        for account in ("y", "x"):
            moved(ledger, state, account)
    assert ledger.few() == everything(ledger)
    assert ledger.few("x", newest=3) == list(ledger.rows("x", newest=3))
    assert ledger.few(states=("held",)) == list(ledger.rows(states=("held",)))
    assert ledger.few("nobody") == []


def test_rows_of_the_same_slot_come_by_account(ledger: Ledger) -> None:
    at = ledger.now()
    accounts = ["b", "B", "a", "é", "Z", "z", "_"]
    for account in accounts:
        ledger.arm(a_row(1, at, account=account), "token")
    assert [row.account for row in ledger.rows()] == sorted(accounts)
    assert [row.account for row in ledger.rows(newest=2)] == sorted(accounts)[-2:]


def test_rows_show_one_state_of_the_ledger_whatever_happens_meanwhile(ledger: Ledger) -> None:
    row = [armed(ledger), armed(ledger)][-1]
    before = everything(ledger)
    reading = ledger.rows()
    seen = [next(reading)]
    ledger.move(row, "unknown", "meanwhile")
    armed(ledger)
    assert seen + list(reading) == before


def test_rows_can_be_left_in_the_middle(ledger: Ledger) -> None:
    armed(ledger)
    reading = ledger.rows()
    next(reading)
    del reading
    assert armed(ledger).number == 3


def test_counts_are_by_account_and_state(ledger: Ledger) -> None:
    for state in ("posted", "posted", "held", "missed"):
        moved(ledger, state)
    armed(ledger, "y")
    assert ledger.counts() == {
        ("x", "missed"): 2,
        ("x", "posted"): 2,
        ("x", "held"): 1,
        ("y", "missed"): 1,
        ("y", "sending"): 1,
    }


def test_remote_ids_are_known_by_account(ledger: Ledger) -> None:
    for remote_id in ("1", "2"):
        ledger.receive(armed(ledger), Receipt(remote_id, ""))
    ledger.receive(armed(ledger, "y"), Receipt("3", ""))
    armed(ledger)
    assert ledger.knows("x", ["2", "3", "4", "2", "1"]) == {"1", "2"}
    assert ledger.knows("x", ["4"]) == set()
    assert ledger.knows("x", []) == set()
    assert ledger.knows("x", [str(number) for number in range(1000)]) == {"1", "2"}


# History


def test_history_has_the_latest_use_of_each_text(ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    texts = ["A", "B", "A", "C", "B", "B", None, "D"]
    for number, text in enumerate(texts, 2):
        at = birth.slot + number * HOUR
        if text is None:
            ledger.miss([NewRow(number, a_slot(at), "sim")], "nothing to draw")
        else:
            ledger.arm(a_row(number, at, text), f"token-{number}")
    armed(ledger, "y", "A")
    history = ledger.history("x")
    assert (history.account, history.rows) == ("x", 9)
    assert history.newest == birth.slot + 9 * HOUR
    assert list(history.uses) == [
        Use(
            number=number,
            at=birth.slot + number * HOUR,
            text_key=text_key(text),
            template="plain",
            draws=("ituc/democracy", "ituc/outrage"),
            picture=PICTURE.path,
        )
        for number, text in ((4, "A"), (5, "C"), (7, "B"), (9, "D"))
    ]


def test_a_missed_text_is_used_up_too(ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    new = a_row(2, birth.slot + HOUR, "A", media=())
    ledger.miss([new], "late")
    (use,) = ledger.history("x").uses
    assert (use.number, use.picture) == (2, None)


def test_the_same_text_in_another_unicode_form_is_the_same_text(ledger: Ledger) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    armed(ledger, text=composed)
    latest = armed(ledger, text=decomposed)
    (use,) = ledger.history("x").uses
    assert use.number == latest.number
    assert latest.text == decomposed


def test_what_becomes_of_a_row_does_not_change_history(ledger: Ledger) -> None:
    row = armed(ledger)
    before = ledger.history("x")
    ledger.receive(ledger.move(row, "unknown", "timed out"), RECEIPT)
    assert ledger.history("x") == before
