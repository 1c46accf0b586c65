"""A world whose ledger can be put back to what it was."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

from bot.publishing import Publisher
from bot.reconciling import DEADLINE
from tests.generated import campaign, passage, template
from tests.simulated import Landed
from tests.world import World

HOUR = timedelta(hours=1)


class Restored(World):
    """A world whose ledger can be put back to what it was, under the workers' hands or not."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.past = ""
        self.ledger.lineage = lambda: self.past  # type: ignore[method-assign]

    def backup(self) -> dict[str, Any]:
        kept = ("_rows", "_trust", "_halts", "_asked", "_beats")
        return {name: copy.deepcopy(getattr(self.ledger, name)) for name in kept}

    def restore(self, backup: dict[str, Any]) -> None:
        vars(self.ledger).update(copy.deepcopy(backup))

    def beat(self) -> None:
        self.ledger.beat("host:1/x0", {"account": "x0"})

    def posted(self) -> list[str]:
        return [row.text or "" for row in self.rows() if row.state == "posted"]

    def finds(self) -> int:
        return self.network.calls.count("find")

    def by_hand(self, text: str, at: datetime | None = None) -> None:
        number = f"by-hand-{len(self.network.landed)}"
        self.network.landed.append(Landed(number, text, "", at or self.now))


def quarantined(world: World) -> timedelta:
    return DEADLINE + world.network.quarantine


def edited(world: World) -> Publisher:
    """A worker with other words: what was lost can't be planned again."""
    passages = [passage(f"q{n}", text=f"Other words {n}") for n in range(6)]
    world.campaign = campaign(passages, [template("t9")], schedule=world.account.schedule)
    return world.new_worker()
