"""Pure: which rows are a loss, what became of each in words, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.domain import slot_id
from bot.ledger import reasons
from bot.ledger.base import OPEN, Row

SLACK = timedelta(minutes=15)
"""Cron jobs come every 15 minutes at most; so much later a row is settled that time settles."""

PURPOSE = frozenset({reasons.BIRTH, reasons.PAUSED})
"""Why a slot that was missed is nobody's trouble."""

_WORDS = {
    reasons.LATE: (
        "its time passed before it could be sent",
        "Look at the log of the worker, or of the cron job.",
    ),
    reasons.MEDIA: (
        "its pictures were not ready",
        "Look whether its pictures are there; `bot doctor` says whether the network is reached.",
    ),
    reasons.UNAPPROVED: (
        "it was not signed off",
        "`bot approve` shows what lacks a sign-off.",
    ),
    reasons.NOTHING: (
        "nothing is left to draw",
        "Add content, or mend what `bot check` names; `bot preview --explain` says more.",
    ),
    reasons.WITHDRAWN: (
        "the content no longer makes it, or its sign-off is gone",
        "`bot check` says whether the content is as you mean it; the next post ends this.",
    ),
    reasons.HALTED: (
        "the account was halted, and nothing went out since",
        "The next post that goes out ends this.",
    ),
}
"""Of each reason for a missed slot: what it means where nothing more is known, and what to do."""

_REFUSED = "It will not be sent again; mend the cause before the next slot."
_NOBODY = (
    "Start the worker, or look why the cron job does not run; "
    "`bot check` says whether the account is left out for an error."
)
_BUSY = (
    "Its log says what it was busy with: an upload that takes long, say. Stop it and start it "
    "again where it goes on."
)
_LEFT_OUT = "an error in campaign.toml leaves the account out"
_MEND = "`bot check` names it. Mend it, and start the worker anew."


def undone(newest: Sequence[Row]) -> Iterator[Row]:
    """The rows since the newest that ended well, newest first; a held one is told by itself."""
    for row in newest:
        if ended_well(row):
            return
        if row.state != "held" and row.reason != reasons.RESCHEDULED:
            yield row


def ended_well(row: Row) -> bool:
    """Whether it is nobody's trouble, and ends what was."""
    if row.state == "missed":
        return _reason(row) in PURPOSE
    return row.state == "posted" or (row.state == "failed" and row.reason == reasons.DROPPED)


def _reason(row: Row) -> str:
    """Of `late: the network did not answer`, the `late`."""
    return row.reason.partition(":")[0]


def overdue_at(row: Row) -> datetime:
    """Up to when a row may be open, by its own times. After that nobody settles it."""
    end = row.expires_at
    if row.state != "retry" and row.armed_at is not None:
        end = max(end, row.armed_at + reasons.TOO_OLD)
    return end + SLACK


def nobody_there(account: str, slot: datetime, *, idle: bool, alive: bool) -> tuple[str, str]:
    """Of a slot without a row: what became of it, and what to do."""
    name = slot_id(account, slot)
    if idle:
        return f"{name} is not posted: {_LEFT_OUT}", _MEND
    if alive:
        return f"{name} was not posted: its worker lives, and did not get to it", _BUSY
    return f"{name} was not posted: nobody was there to post it", _NOBODY


def cause(lost: Sequence[Row], *, alive: bool) -> tuple[str, str]:
    """What became of the newest of the lost rows, and what to do."""
    row = lost[0]
    if row.state in OPEN:
        return unsettled(row), _BUSY if alive else _NOBODY
    why, fix = row.reason, _REFUSED
    if row.state == "missed":
        head, _, tail = row.reason.partition(": ")
        why, fix = _WORDS.get(head, (row.reason, "Look at `bot log`."))
        why = tail or why
    before = f" ({len(lost)} slots since {_minute(lost[-1].slot)})" if len(lost) > 1 else ""
    return f"{row.id} was not posted: {why}{before}", fix


def unsettled(row: Row) -> str:
    """What there is to say of a row that is open for too long."""
    return f"{row.id} is not settled: {row.state} since {_minute(row.armed_at or row.slot)}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
