"""What became of every slot, and all that is wrong with it, by what followers saw. Pure.

No account says the same text twice within a run, so that account and text name a slot: the draw
never repeats a text within its cooldown, and there is enough to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, pairwise

from bot.ledger.base import OPEN, Row
from tests.fire.x import Seen


@dataclass(frozen=True)
class Evidence:
    """What is left after a run: rows, posts, and what a person was told of.

    `steps` is how far apart each account's slots are. `alerted` are the accounts for whose held
    posts an alert came, `shown` the posts that `bot status` shows.
    """

    rows: Sequence[Row]
    seen: Sequence[Seen]
    steps: Mapping[str, timedelta]
    alerted: Collection[str]
    shown: Collection[str]


def judge(evidence: Evidence) -> list[str]:
    """All that is wrong."""
    times = Counter((post.account, post.text) for post in evidence.seen)
    wrong = [f"{name}: seen {n} times: {text!r}" for (name, text), n in times.items() if n > 1]
    wrong += _unrecorded(evidence)
    ids = {post.remote_id for post in evidence.seen}
    for row in evidence.rows:
        wrong += _wrong_with(row, ids, evidence.shown)
    held = {row.account for row in evidence.rows if row.state == "held"}
    wrong += [f"{name}: held, and nobody heard of it" for name in held - set(evidence.alerted)]
    by_account = sorted(evidence.rows, key=lambda row: (row.account, row.number))
    for account, rows in groupby(by_account, key=lambda row: row.account):
        wrong += _gaps(list(rows), evidence.steps[account])
    return wrong


def _unrecorded(evidence: Evidence) -> Iterator[str]:
    """Posts that followers saw, and that the ledger neither has nor asks a person about."""
    rows = {(row.account, row.text): row for row in evidence.rows if row.text is not None}
    for post in evidence.seen:
        row = rows.get((post.account, post.text))
        if row is None:
            yield f"{post.account}: seen, and has no row: {post.text!r}"
        elif row.state == "posted" and row.remote_id != post.remote_id:
            yield f"{row.id}: seen as {post.remote_id}, and posted as {row.remote_id}"
        elif row.state not in ("posted", "held"):
            yield f"{row.id}: seen, and {row.state} ({row.reason})"


def _wrong_with(row: Row, seen: Collection[str], shown: Collection[str]) -> Iterator[str]:
    if row.state in OPEN:
        yield f"{row.id}: still {row.state} ({row.reason})"
    if row.state in ("missed", "failed", "held") and not row.reason:
        yield f"{row.id}: {row.state}, without a reason"
    if row.state == "posted" and row.remote_id not in seen:
        yield f"{row.id}: posted as {row.remote_id}, and nobody saw it"
    if row.state == "held" and row.id not in shown:
        yield f"{row.id}: held, and nobody is told"


def _gaps(rows: Sequence[Row], step: timedelta) -> Iterator[str]:
    """Slots without a row: every one since the account's first row has one."""
    birth, *later = rows
    if birth.reason != "birth" or not later:
        yield f"{birth.id}: an account's rows begin with its birth, and go on"
        return
    if later[0].slot - birth.slot > step:
        yield f"nothing between {birth.id} and {later[0].id}"
    for one, other in pairwise(later):
        if other.slot - one.slot != step:
            yield f"nothing between {one.id} and {other.id}"
    if [row.number for row in rows] != [*range(1, len(rows) + 1)]:
        yield f"{birth.account}: the numbers of its rows have gaps"


def table(evidence: Evidence) -> Iterator[tuple[str, int]]:
    """How many slots ended how: the missed and the held by their reasons."""
    rows = [row for row in evidence.rows if row.reason != "birth"]
    yield "slots", len(rows)
    yield "seen by followers", len(evidence.seen)
    for state, count in Counter(row.state for row in rows).most_common():
        yield state, count
        if state in ("missed", "held", "failed"):
            reasons = Counter(row.reason.split(": ")[0] for row in rows if row.state == state)
            yield from ((f"  {reason}", n) for reason, n in reasons.most_common())
    reconciled = Counter(row.reason for row in rows if row.state == "posted" and row.reason)
    yield from ((f"posted, {reason}", n) for reason, n in reconciled.items())
