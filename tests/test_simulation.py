"""Publishing under fire: seeded worlds of workers that are killed, stopped and cut off.

The oracle is what followers saw. `python -m tests.simulation` plays as many worlds as one likes.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any

import pytest

from bot import losses, troubles, watching
from bot.errors import NotSent
from bot.ledger.base import Delivery, Ledger, Row
from bot.ledger.memory import MemoryLedger
from bot.ledger.reasons import RESCHEDULED
from bot.publishing import Publisher
from bot.watching import Watch
from tests.simulation.__main__ import main
from tests.simulation.faults import BEYOND, KINDS, Chances
from tests.simulation.figures import Figures, play
from tests.simulation.verdict import duplicates
from tests.simulation.world import World

WORLDS = range(120)


def test_nothing_is_seen_twice_and_nothing_is_lost_in_silence() -> None:
    figures = play(WORLDS, beyond="")
    assert (figures.bad, figures.duplicates, figures.losses) == ({}, 0, 0)
    assert figures.kinds.keys() == {kind.name for kind in KINDS}
    assert figures.states.keys() == {"posted", "missed", "failed", RESCHEDULED}
    slots = figures.slots - figures.states[RESCHEDULED]
    assert figures.states["posted"] > slots / 2, "there was something to go wrong"
    assert 0 < figures.held_of.total() < figures.slots / 4
    befell = {name for name, _ in figures.faults}
    assert befell == {field.name for field in fields(Chances)}, "every chance was taken"
    where = Counter[str]()
    for (_, place), count in figures.faults.items():
        where[place] += count
    assert where["idle"] < figures.faults.total() / 10, "faults of which nothing can come"


def test_a_seed_plays_the_same_world_again() -> None:
    one, other = World(7).play(), World(7).play()
    assert (one.landed, one.faults, list(one.ledger.rows())) == (
        other.landed,
        other.faults,
        list(other.ledger.rows()),
    )
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
    """Believes one who reads, whoever sent."""

    def _known_end(self, row: Row, now: datetime) -> datetime | None:
        return row.armed_at


@pytest.mark.parametrize(
    ("broken", "chances"),
    [
        (Hasty, {"answer_lost": 0.1}),
        (Careless, {"stop": 0.05}),
        (Gullible, {"stop": 0.03, "late": 0.2}),
    ],
)
def test_the_worlds_are_hard_enough_to_show_what_is_broken(
    broken: type[Publisher], chances: dict[str, float]
) -> None:
    """Nothing else goes wrong in these: what is broken shows sooner, and the worlds are quick."""
    nothing = dict.fromkeys((each.name for each in fields(Chances)), 0.0)
    for seed in range(2000):
        world = World(seed, Chances(**(nothing | chances)), make=broken).play()
        if duplicates(world):
            return
    pytest.fail(f"{broken.__name__} went unnoticed")


def _undelivered(self: Watch, ledger: Ledger, delivery: Delivery, address: str) -> bool:
    """As a watch would that takes an alert for delivered whether it arrived or not."""
    ledger.delivered(delivery)
    return True


@pytest.mark.parametrize(
    ("broken", "name", "instead"),
    [
        (Watch, "_hand_over", _undelivered),
        (Watch, "_deliver", lambda _, ledger: None),
        (MemoryLedger, "delivered", lambda _, delivery: True),
        (MemoryLedger, "trouble_over", lambda _, trouble_id: True),
        (MemoryLedger, "trouble_begun", lambda _, trouble, addresses: True),
        (watching, "all_well", lambda _: True),
        (troubles, "_held", lambda _: ()),
        (losses, "ended_well", lambda _: True),
    ],
)
def test_the_worlds_show_what_nobody_hears_of(
    monkeypatch: pytest.MonkeyPatch, broken: Any, name: str, instead: Callable[..., Any]
) -> None:
    monkeypatch.setattr(broken, name, instead)
    assert any(play(range(seed, seed + 1), beyond="").bad for seed in range(60))


@pytest.mark.parametrize("beyond", BEYOND)
def test_what_is_not_promised_can_be_seen(beyond: str) -> None:
    figures = Figures()
    for begin in range(0, 1000, 20):
        figures.merge(play(range(begin, begin + 20), beyond))
        if figures.duplicates:
            return
    pytest.fail("nothing came twice")


def test_its_command_says_what_it_saw(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["simulation", "--seed", "7", "--runs", "2"])
    assert main() == 0
    said = capsys.readouterr().out
    assert "seeds    7 to 8, 0 bad" in said
    assert said.splitlines()[-1].endswith(": 0 duplicates, 0 silent losses")
    monkeypatch.setattr(sys, "argv", ["simulation", "--seed", "7", "--runs", "3", "--trace"])
    assert main() == 0
    traced = capsys.readouterr().out
    assert all(words in traced for words in ("tells birth: account=x0", "tells posted: id=x0/"))
    assert [line for line in traced.splitlines() if line.startswith("seeds")] == [
        "seeds    7 to 9, 0 bad"
    ]


def test_however_many_processes_play_them_the_worlds_are_the_same() -> None:
    command = ["-m", "tests.simulation", "--runs", "30", "--workers", "2"]
    ran = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    assert play(range(30), beyond="").closing() == ran.stdout.splitlines()[-1]


def test_a_bad_seed_is_named_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Publisher, "_still_mine", Careless._still_mine)
    monkeypatch.setattr(sys, "argv", ["simulation", "--workers", "1", "--faults", "100"])
    assert main() == 1
    assert "\nBAD seed " in capsys.readouterr().out
