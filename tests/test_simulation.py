"""Publishing under fire: seeded worlds of workers that are killed, stopped and cut off.

The oracle is what followers saw. `python -m tests.simulation` plays as many worlds as one likes.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from bot.errors import NotSent
from bot.ledger.base import Row
from bot.publishing import Publisher
from tests.simulation.world import KINDS, Chances, World

WORLDS = range(60)


def test_nothing_is_seen_twice_and_nothing_is_lost_in_silence() -> None:
    faults: Counter[str] = Counter()
    kinds = set()
    for seed in WORLDS:
        world = World(seed).play()
        assert (seed, world.duplicates(), world.losses()) == (seed, [], [])
        faults += world.faults
        kinds.add(world.kind)
    assert kinds == set(KINDS)
    assert {"kill", "stop", "commit_in_doubt", "late", "answer_lost", "throttled"} <= faults.keys()


def test_a_seed_plays_the_same_world_again() -> None:
    one, other = World(7).play(), World(7).play()
    assert (one.landed, one.faults) == (other.landed, other.faults)
    assert one.landed != World(8).play().landed


class Hasty(Publisher):
    """Takes a time-out for a failure, as other bots do."""

    def _after_doubt(self, row: Row, error: Exception) -> None:
        self._after_not_sent(row, NotSent(network="sim", what=str(error)))


class Careless(Publisher):
    """Does not look at its row again before it writes."""

    def _still_mine(self, row: Row, armed_at: datetime | None) -> None:
        pass


class Gullible(Publisher):
    """Believes one reading, at once, whoever sent."""

    def _known_end(self, row: Row, now: datetime) -> datetime | None:
        return row.armed_at


@pytest.mark.parametrize("broken", [Hasty, Careless, Gullible])
def test_the_worlds_are_hard_enough_to_show_what_is_broken(broken: type[Publisher]) -> None:
    harsh = Chances(stop=0.02, answer_lost=0.3, late=0.3)
    for seed in range(200):
        world = World(seed, harsh, make=broken).play()
        if world.duplicates() or world.losses():
            return
    pytest.fail(f"{broken.__name__} went unnoticed")
