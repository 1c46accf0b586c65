"""What followers saw, against what the ledger says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.domain import slot_id
from bot.ledger.base import Row
from bot.ledger.reasons import RESCHEDULED
from bot.reconciling import DEADLINE
from bot.schedule import GRACE
from tests.generated import START
from tests.simulation.network import Landed
from tests.simulation.world import World


def duplicates(world: World) -> list[str]:
    """Slots that followers saw more than once.

    Not counted is what the ledger forgot where the content was edited: that can't be planned again;
    and what was under way when it forgot, if whoever knew was killed before that was noted.
    """
    forgotten = world.forgot if world.edited and not world.beyond else set()
    uncounted = forgotten | world.unnoted
    times = Counter(each.key for each in world.landed if each.key and each.key not in uncounted)
    return [f"{key}: seen {seen} times" for key, seen in times.items() if seen > 1]


def losses(world: World) -> list[str]:
    """Slots that nobody was told about, rows that say what isn't so, and whatever must not be.

    Of slots whose rows went down with a lost database, only what followers saw can be judged. What
    a ledger forgot must be in it again, at its slot or, where it was drawn again, at the slot that
    has these very words now; or a person was asked about it. Sent again with its key after an edit,
    it is the post that went out before, and the words are the edit's.
    """
    rows = {row.id: row for row in world.ledger.rows() if row.reason != "birth"}
    unjudged = world.known_lost | world.unnoted
    posted = {row.remote_id: row for row in rows.values() if row.state == "posted"}
    landed = {each.remote_id: each for each in world.landed}
    wrong = list(world.wrong)
    born = world.ledger.history(world.account.name).born or START
    for each in world.landed:
        row = posted.get(each.remote_id)
        forgotten = each.key in world.forgot
        if not each.key or each.key in unjudged:
            continue
        if row is None and not (forgotten and _was_asked(world, each)):
            state = rows[each.key].state if each.key in rows else "not in the ledger"
            wrong.append(f"{each.key}: seen, but {state}")
        elif row is not None and row.id != each.key and not forgotten:
            wrong.append(f"{row.id}: posted as {each.remote_id}, but that is {each.key}")
    for key, row in rows.items():
        if row.state in ("sending", "retry", "unknown", "held"):
            wrong.append(f"{key}: still {row.state}")
        elif row.state == "missed" and not row.reason:
            wrong.append(f"{key}: missed without a reason")
        elif (
            row.reason == RESCHEDULED
            and row.slot >= START  # what is older, a clock that was far off made a slot
            and not (world.rescheduled or row.slot <= born)
        ):
            wrong.append(f"{key}: rescheduled, but its schedule was always the same")
        elif row.state == "posted" and key not in unjudged:
            seen = landed.get(row.remote_id or "")
            edited = world.edited and key in world.forgot
            if seen is None or (seen.text != row.text and not edited):
                wrong.append(f"{key}: posted, but nobody saw it")
    return wrong + _gaps(world, rows) + _halts(world) + _unheard(world)


def _was_asked(world: World, seen: Landed) -> bool:
    """Whether a person was asked about it; or nobody could: edited since, at no slot's own time,
    perhaps because the schedule was edited too."""
    if seen.remote_id in world.asked:
        return True
    over = min(GRACE, timedelta(seconds=world.step / 2)) + DEADLINE + world.kind.quarantine
    late = START + timedelta(seconds=seen.at) > world.slot_at[seen.key] + over
    return world.edited and (late or world.rescheduled)


def _halts(world: World) -> list[str]:
    """Halts that were told more than once."""
    return [f"halt {token}: told {n} times" for token, n in world.alerts.items() if n > 1]


def _gaps(world: World, rows: dict[str, Row]) -> list[str]:
    """Slots since the ledger's birth that have no row."""
    birth = next((row for row in world.ledger.rows() if row.reason == "birth"), None)
    if birth is None:
        return ["nothing was ever recorded"]
    every = 2 if world.rescheduled else 1  # what only one of the schedules has may be passed by
    numbers = (n for n in range(-3, world.slots + 1) if n % every == 0)
    times = (START + timedelta(seconds=n * world.step) for n in numbers)
    ids = (slot_id(world.account.name, at) for at in times if at > birth.slot)
    return [f"{each}: no row" for each in ids if each not in rows]


def _unheard(world: World) -> list[str]:
    """Alerts that are still to be sent, or that are recorded as delivered and never were."""
    due, sent = world.ledger._due, set(world.sent)
    never = [each for each in world.ledger.told if each.as_sent() not in sent]
    owed = [f"{key}: nobody heard of it" for key in due if not due[key].done]
    return owed + [f"{each}: said to be delivered, and never was" for each in never]
