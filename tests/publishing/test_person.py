"""What a person settles."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import Receipt
from bot.publishing import (
    resolve,
)
from tests.world import MINUTE, SLOT, World, live


def held() -> World:
    world = live(script=["vanish"], readable=False)
    world.run_for(timedelta(minutes=2))
    assert world.row().state == "held"
    return world


def test_a_person_says_posted() -> None:
    world = held()
    receipt = Receipt("99", "https://x.com/i/web/status/99")
    settled = resolve(world.ledger, world.row(), grace=30 * MINUTE, posted=receipt, retry=False)
    assert (settled.state, settled.url) == ("posted", receipt.url)
    world.run_for(timedelta(minutes=40))
    assert world.seen == []


def test_a_person_says_again_hours_later() -> None:
    world = held()
    world.ledger.pause()
    world.at(SLOT + timedelta(hours=5))
    world.ledger.resume()
    resolve(world.ledger, world.row(), grace=30 * MINUTE, posted=None, retry=True)
    text = world.row().text
    world.step()
    assert world.rows()[0].state == "posted"
    assert world.seen[0] == text


def test_a_person_drops_it() -> None:
    world = held()
    resolve(world.ledger, world.row(), grace=30 * MINUTE, posted=None, retry=False)
    world.run_for(timedelta(minutes=40))
    assert (world.row().state, world.seen) == ("failed", [])
