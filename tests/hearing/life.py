"""One account's life by a clock that tests move: the real publisher, the real X client, the watch.

A slot comes every hour. What was told arrives at a listener, whose address stands for both the
alerts' and the heartbeat's; it is emptied by asking.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import status, watching
from bot.cli.shared import NETWORKS, Bot, limits_of
from bot.clocks import FIX as CLOCK_FIX
from bot.errors import LedgerUnavailable
from bot.ledger.memory import MemoryLedger
from bot.networks.x import X, XCredentials
from bot.planning import Planner
from bot.publishing import Publisher
from bot.troubles import CLOCK
from bot.watching import Outlet, Watch
from tests.fake_x import FakeX
from tests.listener import Listener

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


class Life:
    """`process` begins a new one, which knows no more than the ledger."""

    def __init__(self, site: Path, x: FakeX, listener: Listener) -> None:
        self.site, self.x, self.listener = site, x, listener
        real = datetime.now(UTC)
        self.began = real.replace(minute=0, second=0, microsecond=0) + HOUR - SECOND
        self.now = self.began
        self.ledger = MemoryLedger(clock=lambda: self.now)
        self.ledger.close = lambda: None  # type: ignore[method-assign]
        self.at(self.began)
        self.process()

    def process(self, url: str | None = None) -> None:
        campaign = Bot(str(self.site)).campaign()
        self.campaign = campaign
        self.planner = Planner(campaign, limits_of(NETWORKS))
        mine = self.x.credentials
        credentials = XCredentials(
            mine.api_key, mine.api_secret, mine.access_token, mine.access_token_secret
        )
        self.network = X(
            credentials,
            str(self.site),
            url or self.x.url,
            clock=self.seconds,
            sleep=lambda _: None,
            request_seconds=0.2,
        )
        outlet = Outlet(campaign.name, "here", [self.listener.url], self.listener.url)
        self.watch = Watch(
            campaign.accounts,
            lambda: self.ledger,
            lambda *_, **__: None,
            outlet,
            monotonic=self.seconds,
        )
        self.publisher = Publisher(
            campaign.accounts["x"],
            self.planner,
            self.ledger,
            self.network,
            lambda *_, **__: None,
            content=campaign.digest,
            spread=lambda: 1.0,
        )

    def seconds(self) -> float:
        return (self.now - self.began).total_seconds()

    def at(self, when: datetime) -> None:
        self.now = when
        self.x.date_skew = (when - datetime.now(UTC)).total_seconds()

    def step(self) -> None:
        """What a lane does, and what the watch does after it."""
        while self.publisher.step() <= self.now:
            pass
        if doubt := self.publisher.clock.why():
            self.watch.witness("x", CLOCK, doubt, CLOCK_FIX)
        else:
            self.watch.clear("x", CLOCK)
        self.look()

    def look(self) -> None:
        self.watch._fetched_at = -watching.HEARTBEAT_EVERY
        self.watch.look()

    def step_without_ledger(self) -> None:
        """The same, where the ledger is away."""
        try:
            self.publisher.step()
        except LedgerUnavailable as error:
            self.watch.ledger_away("x", error)
        self.look()

    def hour(self) -> None:
        """From before a slot until after its end, with few steps: each may ask a broken network."""
        slot = self.now.replace(minute=0, second=0, microsecond=0) + HOUR
        for minutes in (0, 20, 31):
            self.at(slot + timedelta(minutes=minutes))
            self.step()

    def told(self) -> tuple[list[dict[str, Any]], int]:
        """The alerts since it was asked last, and how often the heartbeat was fetched."""
        import json

        alerts, beats = [], 0
        while not self.listener.got.empty():
            method, _, _, body = self.listener.got.get()
            if method == "GET":
                beats += 1
            else:
                alerts.append(json.loads(body))
        return alerts, beats

    def needs(self) -> list[dict[str, Any]]:
        """What `bot status` says needs a person; where there is any, it exits with 1."""
        found = status.gather(self.campaign, self.planner, self.ledger, dry_run=False)
        needs: list[dict[str, Any]] = found["needs_a_person"]
        return needs


@contextmanager
def life(site: Path) -> Iterator[Life]:
    with FakeX() as x, Listener() as listener:
        yield Life(site, x, listener)


def only_alert(alerts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(alerts) != 1:
        pytest.fail(f"{len(alerts)} alerts: {alerts}")
    return alerts[0]


def all_clear(one: Life, alert: dict[str, Any]) -> None:
    one.hour()
    assert one.needs() == []
    alerts, beats = one.told()
    over = only_alert(alerts)
    assert (over["id"], over["stage"]) == (alert["id"], "over")
    assert beats > 0
