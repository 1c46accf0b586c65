"""One account and its followers: the small world of the tests of publishing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self

import pytest

from bot.domain import Account, Schedule
from bot.ledger.base import Row
from bot.ledger.memory import MemoryLedger
from bot.planning import Planned, Planner
from bot.publishing import Publisher
from tests.generated import START, campaign, limits, passage, template
from tests.simulated import SimulatedNetwork

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class World:
    """One account on a simulated network, a clock that tests move, and any number of workers."""

    def __init__(
        self,
        *,
        every: tuple[int, str] = (1, "h"),
        schedule: Schedule | None = None,
        **network: Any,
    ) -> None:
        self.now = START
        passages = [passage(f"p{n}") for n in range(6)]
        templates = [template(f"t{n}") for n in range(3)]
        self.campaign = campaign(
            passages, templates, schedule=schedule or Schedule(timezone="UTC", every=every)
        )
        self.account: Account = self.campaign.accounts["x0"]
        self.ledger = MemoryLedger(clock=lambda: self.now)
        self.ledger.prove_alone = lambda: False  # type: ignore[method-assign]
        self.network = SimulatedNetwork(clock=lambda: self.now, **network)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.approved: Callable[[Planned], bool] = lambda _: True
        self.tokens = iter(f"token-{n}" for n in range(10_000))
        self.worker = self.new_worker()
        self.worker.step()  # birth
        self.network.calls.clear()

    def new_worker(self) -> Publisher:
        return Publisher(
            self.account,
            Planner(self.campaign, {"x": limits()}),
            self.ledger,
            self.network,
            lambda name, **fields: self.events.append((name, fields)),
            approved=lambda planned: self.approved(planned),
            new_token=lambda: next(self.tokens),
            spread=lambda: 1.0,
        )

    def at(self, when: datetime) -> Self:
        self.now = when
        return self

    def step(self, worker: Publisher | None = None) -> datetime:
        return (worker or self.worker).step()

    def run_for(self, span: timedelta, worker: Publisher | None = None) -> None:
        """Steps the worker whenever it asks for it, and at least every half minute."""
        end = self.now + span
        while self.now < end:
            look = self.step(worker)
            self.now = max(self.now + SECOND, min(look, self.now + timedelta(seconds=30)))

    def rows(self) -> list[Row]:
        return [row for row in self.ledger.rows() if row.reason != "birth"]

    def row(self) -> Row:
        (row,) = self.rows()
        return row

    def told(self, name: str) -> list[dict[str, Any]]:
        return [fields for told, fields in self.events if told == name]

    @property
    def seen(self) -> list[str]:
        self.network.settle()
        return [landed.text for landed in self.network.landed]


SLOT = START + timedelta(hours=1)


def live(**network: Any) -> World:
    """A world at its first slot."""
    return World(**network).at(SLOT)


def dead_while_sending(world: World, *, landed: bool) -> World:
    """The worker claims, perhaps sends, and dies before it can record anything."""

    class Died(BaseException):
        pass

    def die() -> None:
        raise Died

    if landed:
        world.network.script = ["post"]
        receive = world.ledger.receive
        world.ledger.receive = lambda *a, **k: die()  # type: ignore[method-assign,assignment]
        with pytest.raises(Died):
            world.step()
        world.ledger.receive = receive  # type: ignore[method-assign]
    else:
        world.network.before_send = die
        with pytest.raises(Died):
            world.step()
        world.network.before_send = lambda: None
    assert world.row().state == "sending"
    return world
