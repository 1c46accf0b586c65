"""A ledger that goes away in the middle."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest

from bot.domain import Receipt
from bot.errors import LedgerUnavailable
from bot.ledger.base import Row
from bot.ledger.memory import MemoryLedger
from bot.networks.base import FOREVER
from tests.world import MINUTE, SLOT, World, live


def away(*_: Any, **__: Any) -> Any:
    raise LedgerUnavailable(where="here", why="gone")


def test_a_claim_whose_commit_is_in_doubt_is_never_sent_as_such() -> None:
    world = live()
    arm = world.ledger.arm

    def arm_and_break_off(*args: Any) -> Row:
        arm(*args)
        return away()  # type: ignore[no-any-return]

    world.ledger.arm = arm_and_break_off  # type: ignore[method-assign,assignment]
    with pytest.raises(LedgerUnavailable):
        world.step()
    assert (world.seen, world.row().state) == ([], "sending")
    world.ledger.arm = arm  # type: ignore[method-assign]
    world.run_for(MINUTE)
    assert (world.row().state, world.row().attempts) == ("posted", 2)
    assert len(world.seen) == 1


@pytest.mark.parametrize("entrance", ["step", "post_next"])
def test_a_ledger_that_is_replaced_as_its_first_row_is_written_is_tried_again(
    entrance: str,
) -> None:
    world = World()
    world.ledger = MemoryLedger(clock=lambda: world.now)
    begin, replaced = world.ledger.begin, MemoryLedger(clock=lambda: world.now)
    world.ledger.begin = replaced.begin  # type: ignore[method-assign]
    worker = world.new_worker()
    with pytest.raises(LedgerUnavailable, match="gone again"):
        getattr(worker, entrance)()
    assert (world.rows(), world.seen) == ([], [])
    world.ledger.begin = begin  # type: ignore[method-assign]
    worker.step()
    world.at(SLOT).step(worker)
    assert world.row().state == "posted"
    assert len(world.seen) == 1


def test_a_receipt_is_kept_until_the_ledger_is_back() -> None:
    world = live()
    receive = world.ledger.receive
    world.ledger.receive = away  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(LedgerUnavailable):
            world.step()
    assert len(world.seen) == 1
    world.ledger.receive = receive  # type: ignore[method-assign]
    world.run_for(timedelta(minutes=10))
    assert world.row().state == "posted"
    assert len(world.seen) == 1


def test_a_ledger_away_before_the_write_means_not_sent() -> None:
    world = live()
    row = world.ledger.row
    world.network.before_send = lambda: setattr(world.ledger, "row", away)
    with pytest.raises(LedgerUnavailable):
        world.step()
    world.ledger.row = row  # type: ignore[method-assign]
    world.network.before_send = lambda: None
    world.step()
    assert (world.row().state, world.seen) == ("retry", [])


def test_a_receipt_counts_whatever_became_of_the_row() -> None:
    world = live(script=["vanish"])
    world.step()
    row = world.row()
    world.ledger.move(row, "held", "by another worker")
    posted = world.ledger.receive(row, Receipt("late", "sim:/late"))
    assert posted.state == "posted"


def test_a_receipt_that_comes_again_changes_nothing() -> None:
    """The commit was in doubt: it is recorded once more."""
    world = live()
    receive = world.ledger.receive

    def receive_and_break_off(*args: Any) -> Row:
        receive(*args)
        return away()  # type: ignore[no-any-return]

    world.ledger.receive = receive_and_break_off  # type: ignore[method-assign,assignment]
    with pytest.raises(LedgerUnavailable):
        world.step()
    posted = world.row()
    world.ledger.receive = receive  # type: ignore[method-assign]
    world.at(SLOT + MINUTE).step()
    assert (posted.state, world.row(), len(world.seen)) == ("posted", posted, 1)


def test_the_hosts_clock_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Host(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            pytest.fail("the host's clock was asked")

    monkeypatch.setattr("bot.publishing.datetime", Host)
    for keyed in (None, FOREVER):
        world = World(script=["not_sent", "vanish"], upload_script=["not_sent"], keyed=keyed)
        world.run_for(timedelta(hours=3, minutes=10))
        assert {row.state for row in world.rows()} == {"posted"}
