"""What the files of the contract share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import Receipt, State
from bot.errors import LedgerGuard
from bot.ledger.base import Halt, Ledger, Row
from tests.ledger.stores import armed

DAY = timedelta(days=1)
RECEIPT = Receipt("1790", "https://x.com/i/status/1790")
BEYOND: tuple[State, ...] = ("retry", "unknown", "held", "failed", "missed")
"""The states that `move` leads to."""


def moved(ledger: Ledger, state: State, account: str = "x") -> Row:
    """A row of the account, newly armed and brought into a state."""
    row = armed(ledger, account)
    if state == "sending":
        return row
    if state == "posted":
        return ledger.receive(row, Receipt(f"{account}-{row.number}", "url"))
    return ledger.move(row, state, "for a test")


def everything(ledger: Ledger) -> list[Row]:
    return list(ledger.rows())


def a_halt(ledger: Ledger, why: str = "402", **more: Any) -> Halt:
    return Halt(ledger.now(), why, **{"fix": "Buy credit.", "person": True, "token": why, **more})


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(LedgerGuard) as error:
        call()
    return error.value.reason
