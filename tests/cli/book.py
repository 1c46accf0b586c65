"""A site's ledger with a past, written by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bot.cli.shared import NETWORKS, limits_of
from bot.content import load
from bot.domain import Post, Receipt, Slot
from bot.ledger.base import NewRow, Row
from bot.ledger.sqlite import SqliteLedger
from bot.planning import Planner

HOUR = timedelta(hours=1)


class Book:
    """Each call adds the next slot of an account, as something that happened to it.

    `ago` is how long before now the history begins. Slots are an hour apart, and drawn as the
    campaign's planner would.
    """

    def __init__(self, site: Path, account: str = "x", ago: timedelta = 48 * HOUR) -> None:
        campaign = load(site, NETWORKS)
        now = datetime.now(UTC)
        self.born = now - ago
        self._path = f"{site}/bot.sqlite3"
        self._account = campaign.accounts[account]
        self._planner = Planner(campaign, limits_of(NETWORKS))
        self._now = self.born
        ledger = self.ledger()
        ledger.migrate()
        ledger.begin(account, "x")
        ledger.close()

    def ledger(self) -> SqliteLedger:
        """It, with its clock at the time of the newest entry."""
        return SqliteLedger(self._path, clock=lambda: self._now)

    def posted(self, number: str = "1001", text: str | None = None) -> Row:
        receipt = Receipt(number, f"https://x.com/i/web/status/{number}")
        return self._add(lambda ledger, row: ledger.receive(row, receipt), text)

    def held(self, reason: str = "the doubt is too old", text: str | None = None) -> Row:
        return self._add(lambda ledger, row: ledger.move(row, "held", reason), text)

    def failed(self, reason: str = "X: refused: 403", text: str | None = None) -> Row:
        return self._add(lambda ledger, row: ledger.move(row, "failed", reason), text)

    def unknown(self, reason: str = "X: it may have been posted") -> Row:
        return self._add(lambda ledger, row: ledger.move(row, "unknown", reason, next_at=self._now))

    def missed(self, reason: str = "late") -> None:
        ledger = self.ledger()
        ledger.miss([self._next(ledger, None)], reason)
        ledger.close()

    def _add(self, then: Callable[[SqliteLedger, Row], Row], text: str | None = None) -> Row:
        ledger = self.ledger()
        armed = ledger.arm(self._next(ledger, text), f"token-{self._now}")
        row = then(ledger, armed)
        ledger.close()
        return row

    def _next(self, ledger: SqliteLedger, text: str | None) -> NewRow:
        history = ledger.history(self._account.name)
        assert history.newest is not None
        plan = self._planner.plan(self._account, history, history.newest)
        (planned,) = islice(plan, 1)
        self._now = planned.slot.at
        assert planned.post is not None
        post = planned.post if text is None else Post(text, planned.post.media)
        slot = Slot(
            at=self._now, account=planned.slot.account, due=self._now, expires=self._now + HOUR
        )
        return NewRow(history.rows + 1, slot, "x", post, planned.template, planned.draws)
