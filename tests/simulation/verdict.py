"""What followers saw, against what the ledger says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.domain import slot_id
from bot.ledger.base import Row
from tests.generated import START
from tests.simulation.world import World


def duplicates(world: World) -> list[str]:
    """Slots that followers saw more than once."""
    times = Counter(each.key for each in world.landed if each.key)
    return [f"{key}: seen {seen} times" for key, seen in times.items() if seen > 1]


def losses(world: World) -> list[str]:
    """Slots that nobody was told about, rows that say what isn't so, and whatever must not be.

    Of slots whose rows went down with a lost database, only what followers saw can be judged.
    """
    rows = {row.id: row for row in world.ledger.rows() if row.reason != "birth"}
    seen = {each.key: each for each in world.landed if each.key}
    wrong = list(world.wrong)
    wrong += [
        f"{key}: seen, but not in the ledger"
        for key in seen
        if key not in rows and key not in world.known_lost
    ]
    for key, row in rows.items():
        landed = seen.get(key)
        if row.state in ("sending", "retry", "unknown", "held"):
            wrong.append(f"{key}: still {row.state}")
        elif key in world.known_lost:
            continue
        elif row.state != "posted":
            if landed is not None:
                wrong.append(f"{key}: seen, but {row.state}")
            elif not row.reason and row.state == "missed":
                wrong.append(f"{key}: missed without a reason")
        elif landed is None:
            if not _seen_for_a_lost_row(world, row):
                wrong.append(f"{key}: posted, but nobody saw it")
        elif (landed.remote_id, landed.text) != (row.remote_id, row.text):
            wrong.append(f"{key}: posted as {row.remote_id}, but it is {landed.remote_id}")
    return wrong + _gaps(world, rows)


def _seen_for_a_lost_row(world: World, row: Row) -> bool:
    """Whether this very text was seen, for a slot that went down with a lost ledger.

    The new one drew the text again, and found it when it read back. It did go out, once.
    """
    return any(
        (each.remote_id, each.text) == (row.remote_id, row.text) and each.key in world.known_lost
        for each in world.landed
    )


def _gaps(world: World, rows: dict[str, Row]) -> list[str]:
    """Slots since the ledger's birth that have no row."""
    birth = next((row for row in world.ledger.rows() if row.reason == "birth"), None)
    if birth is None:
        return ["nothing was ever recorded"]
    times = (START + timedelta(seconds=n * world.step) for n in range(-3, world.slots + 1))
    ids = (slot_id(world.account.name, at) for at in times if at > birth.slot)
    return [f"{each}: no row" for each in ids if each not in rows]


def untold(world: World) -> int:
    """Failed and held posts that the ledger shows, but whose alert died with its worker."""
    failed = {row.id for row in world.ledger.rows(states=("failed",))} - world.by_hand
    return len((failed | world.held) - world.told)
