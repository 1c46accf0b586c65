"""A part of `python -m tests.fire points`: real processes, really killed, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.errors import NotSent
from bot.ledger.base import Row
from bot.publishing import Publisher
from tests.fire.lives import AFTER_A_DEATH, AFTER_A_LOSS, AFTER_A_SENDERS_DEATH, RECEIPT, warm_up
from tests.fire.points import Group, Place, groups, play
from tests.simulation.faults import KINDS

KEYED, _, DOUBLES, READABLE, BLIND = KINDS


@pytest.fixture
def place(tmp_path: Path, postgres_url: str) -> Iterator[Place]:
    warm_up()
    made = Place(tmp_path, postgres_url)
    yield made
    made.close()


@pytest.mark.parametrize(
    "group",
    [
        Group("postgres", READABLE, AFTER_A_DEATH),
        Group("sqlite", READABLE, AFTER_A_SENDERS_DEATH),
        Group("sqlite", READABLE, AFTER_A_LOSS),
        Group("postgres", KEYED, "time-out, stored"),
        Group("sqlite", DOUBLES, "duplicate 403"),
        Group("sqlite", BLIND, RECEIPT),
    ],
    ids=str,
)
def test_whoever_dies_wherever_followers_see_it_once(group: Group, place: Place) -> None:
    result = play(group, place)
    assert result.wrong == []
    assert result.cases >= 15


def test_all_of_it_is_every_database_network_and_response() -> None:
    unreadable_losses = 2
    assert len(set(groups())) == 2 * 5 * 17 - unreadable_losses


class Hasty(Publisher):
    """Takes a dead worker's post for one that was not sent."""

    def _settle_sending(self, row: Row, now: datetime) -> datetime:
        self._ledger.move(row, "retry", "its worker died", next_at=now)
        return now


class Impatient(Publisher):
    """Does not wait until a request can't land any more."""

    def _settle_sending(self, row: Row, now: datetime) -> datetime:
        self._ledger.move(row, "unknown", "its worker died", next_at=now)
        return now

    def _not_found(self, row: Row, now: datetime, foreign: object) -> datetime:
        self._ledger.move(row, "retry", "absent", next_at=now)
        return now


class Gullible(Publisher):
    """Believes that what it can't read was never sent, whoever sent it."""

    def _known_end(self, row: Row, now: datetime) -> datetime | None:
        return row.armed_at


class Forgetful(Publisher):
    """Takes a time-out for a failure, as other bots do."""

    def _after_doubt(self, row: Row, error: Exception) -> None:
        self._after_not_sent(row, NotSent(network="sim", what=str(error)))


@pytest.mark.parametrize(
    ("broken", "database", "response", "what"),
    [
        (Hasty, "sqlite", RECEIPT, "was seen 2 times"),
        (Impatient, "sqlite", RECEIPT, "was seen 2 times"),
        (Gullible, "postgres", RECEIPT, "sent again"),
        (Forgetful, "sqlite", "reset, stored", "was seen 2 times"),
    ],
)
def test_a_publisher_that_is_broken_is_caught(
    broken: type[Publisher], database: str, response: str, what: str, place: Place
) -> None:
    result = play(Group(database, READABLE, response), place, broken, only="send:")
    assert result.failed
    assert any(what in line for line in result.wrong)
