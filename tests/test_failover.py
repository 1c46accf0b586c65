"""A real PostgreSQL whose asynchronous standby is promoted without the last commits.

What is posted is posted to a network that never deduplicates. Its memory is the oracle.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from bot.domain import Account, Schedule
from bot.errors import LedgerUnavailable
from bot.ledger.base import Row
from bot.ledger.postgres import PostgresLedger
from bot.planning import Planner
from bot.publishing import Publisher
from bot.reconciling import DEADLINE, FOUND
from tests.generated import campaign, limits, passage, template
from tests.postgres import PASSWORD, Postgres, postgres, postgres_url
from tests.simulated import SimulatedNetwork

__all__ = ["postgres", "postgres_url"]

MINUTE = timedelta(minutes=1)


class World:
    """One account, whose ledger is a database by the address of two servers."""

    def __init__(self, url: str) -> None:
        self.ahead = timedelta()
        self.url = url
        self.ledger = self.open()
        self.ledger.migrate()
        passages = [passage(f"p{n}") for n in range(6)]
        schedule = Schedule(timezone="UTC", every=(1, "h"))
        self.campaign = campaign(passages, [template(f"t{n}") for n in range(3)], schedule=schedule)
        self.account: Account = self.campaign.accounts["x0"]
        self.network = SimulatedNetwork(clock=lambda: self.ledger.now())
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.worker = self.new_worker()
        self.worker.step()  # birth

    def open(self) -> PostgresLedger:
        ledger = PostgresLedger(self.url)
        ledger._clock = self.clock
        return ledger

    @property
    def clock(self) -> str:
        return f"(clock_timestamp() + interval '{self.ahead.total_seconds()} s')"

    def at(self, when: datetime) -> None:
        """Puts the clock forward."""
        self.ahead += when - self.ledger.now()
        self.ledger._clock = self.clock

    def restart(self) -> None:
        self.ledger.close()
        self.ledger = self.open()
        self.worker = self.new_worker()

    def new_worker(self) -> Publisher:
        planner = Planner(self.campaign, {"x": limits()})
        return Publisher(self.account, planner, self.ledger, self.network, self.tell)

    def tell(self, name: str, **fields: Any) -> None:
        self.told.append((name, fields))

    def step(self) -> None:
        """As a worker does: whatever is due, and again where the ledger was away."""
        for _ in range(5):
            try:
                while self.worker.step() <= self.ledger.now():
                    pass
            except LedgerUnavailable:
                continue
            return
        raise AssertionError("the ledger stays away")

    def rows(self) -> list[Row]:
        return list(self.ledger.rows())[1:]

    def next_slot(self) -> datetime:
        history = self.ledger.history("x0")
        assert history.newest is not None
        planner = Planner(self.campaign, {"x": limits()})
        return next(planner.plan(self.account, history, history.newest)).slot.at


@pytest.fixture
def pair() -> Iterator[tuple[Postgres, Postgres]]:
    """A primary, and its asynchronous standby."""
    primary = Postgres()
    standby = Postgres(primary)
    yield primary, standby
    primary.close()
    standby.close()


@pytest.mark.parametrize("fresh", [False, True], ids=["a worker that stays up", "a fresh one"])
def test_commits_that_a_failover_lost_are_noticed_and_read_before_anything_is_sent(
    pair: tuple[Postgres, Postgres], fresh: bool, request: pytest.FixtureRequest
) -> None:
    primary, standby = pair
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    world = World(
        f"postgresql://postgres:{PASSWORD}@{hosts}/postgres?target_session_attrs=read-write"
    )
    request.addfinalizer(lambda: world.ledger.close())
    world.at(world.next_slot())
    world.step()
    standby.follow(primary)
    standby.stop()
    past = world.ledger.lineage()
    slot = world.next_slot()
    world.at(slot)
    world.step()
    assert [row.state for row in world.rows()] == ["posted", "posted"]
    primary.kill()
    standby.start()
    standby.promote()
    if fresh:
        world.restart()
    world.step()
    assert world.ledger.lineage() != past
    assert [row.state for row in world.rows()] == ["posted"], "it lost the second"
    assert [name for name, _ in world.told].count("suspected") == 1
    world.at(slot + 2 * MINUTE)
    world.step()
    assert len(world.network.landed) == 2, "its slot still lives, and is left alone"
    world.at(slot + DEADLINE + world.network.quarantine + 3 * MINUTE)
    world.step()
    assert len(world.network.landed) == 2
    assert [row.state for row in world.rows()] == ["posted", "posted"]
    assert (world.rows()[1].remote_id, world.rows()[1].reason) == ("r2", FOUND)
    assert world.ledger.trust("x0").lineage == world.ledger.lineage()
    world.at(world.next_slot())
    world.step()
    assert [row.remote_id for row in world.rows()] == ["r1", "r2", "r3"]


def test_a_dump_that_was_restored_elsewhere_goes_on_from_another_past(
    postgres_url: str, postgres: Postgres
) -> None:
    """Another system has another identifier, though its timeline is the first as well."""
    one = PostgresLedger(postgres_url)
    server = Postgres()
    other = PostgresLedger(server.url())
    system, timeline = one.lineage().split("/")
    assert system != other.lineage().split("/")[0]
    assert len(timeline) == 8
    one.close()
    other.close()
    server.close()


def test_a_user_who_may_not_ask_is_told_nothing(postgres_url: str) -> None:
    """Then only the signs of life count."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        admin.execute("DROP ROLE IF EXISTS plain")
        admin.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        ledger = PostgresLedger(postgres_url.replace(f"postgres:{PASSWORD}", "plain:plain"))
        try:
            assert ledger.lineage() == ""
            assert ledger.trust("x").lineage is None
        finally:
            ledger.close()
            admin.execute("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
            admin.execute("DROP ROLE plain")
