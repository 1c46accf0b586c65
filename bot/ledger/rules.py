"""Pure: what every store does alike with a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.domain import Slot
from bot.errors import LedgerConflict, LedgerGuard
from bot.ledger.base import FINAL, Halt, NewRow, Row, Trust
from bot.ledger.reasons import BIRTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.domain import Receipt, State
    from bot.ledger.base import Beat, PlanNote, Trouble


def fresh(new: NewRow, now: datetime, *, reason: str = "", token: str = "") -> Row:
    """A new row: `sending` if it gets a token, else `missed`."""
    return Row(
        account=new.slot.account,
        number=new.number,
        network=new.network,
        slot=utc(new.slot.at),
        expires_at=utc(new.slot.expires),
        state="sending" if token else "missed",
        reason=plain(reason),
        attempts=1 if token else 0,
        token=token,
        text=new.post.text if new.post else None,
        language=new.post.language if new.post else "",
        template=new.template,
        draws=new.draws,
        media=new.post.media if new.post else None,
        remote_id=None,
        url=None,
        claimed_at=now,
        armed_at=now if token else None,
        next_at=None,
        finished_at=None if token else now,
    )


def birth(account: str, network: str, now: datetime, since: datetime | None = None) -> Row:
    """An account's first row."""
    at = now if since is None else min(utc(since), now)
    slot = Slot(at=at, account=account, due=at, expires=at)
    return fresh(NewRow(number=1, slot=slot, network=network), now, reason=BIRTH)


def follow(rows: Iterable[Row], number: int, slot: datetime | None) -> None:
    """Raises LedgerConflict unless the rows, all of one account, come right after this one.

    A gap, or a slot that is no newer, means that the caller's history isn't the ledger's.
    """
    for row in rows:
        if row.number != number + 1 or (slot is not None and row.slot <= slot):
            raise conflict(row)
        number, slot = row.number, row.slot


def recovered(new: NewRow, now: datetime, receipt: Receipt, reason: str) -> Row:
    """A new row that is `posted` from the start."""
    row = fresh(new, now, reason=reason)
    return row._replace(state="posted", remote_id=receipt.remote_id, url=receipt.url)


def guard(row: Row, now: datetime, paused: object, halt: Halt | None, trust: Trust) -> None:
    """Raises LedgerGuard if a row may not be armed now."""
    if now > row.expires_at:
        raise LedgerGuard(reason="late")
    if trust.suspected is not None:
        raise LedgerGuard(reason="suspected")
    if paused or (halt is not None and halt.stops(row.slot, now)):
        raise LedgerGuard(reason="paused")


def halting(standing: Halt | None, halt: Halt, now: datetime) -> Halt:
    """The halt that stands after this one.

    The slot with which it begins may be tried once more: it may have been a passing trouble.
    """
    if standing is not None and standing.token == halt.token:
        return standing
    if standing is None or (halt.person and not standing.person):
        return halt._replace(since=now, why=plain(halt.why), fix=plain(halt.fix), tried=None)
    tried = max(filter(None, (standing.tried, halt.tried)), default=None)
    return standing._replace(until=halt.until, tried=tried)


def suspecting(trust: Trust, since: datetime, noticed: datetime | None) -> Trust:
    """What is suspected after this suspicion."""
    earliest = since if trust.suspected is None else min(since, trust.suspected)
    return trust._replace(suspected=utc(earliest), noticed=noticed or trust.noticed)


def unchanged(trust: Trust, was: Trust) -> bool:
    """Whether nothing more is suspected than was."""
    return (trust.suspected, trust.noticed) == (was.suspected, was.noticed)


def signs_of_life(newest: Row) -> list[datetime]:
    """When a worker is known to have been there, by an account's newest row.

    Not when that was finished: a person may have settled it, just after restoring a backup.
    """
    return [at for at in (newest.claimed_at, newest.armed_at) if at is not None]


def beats_of(account: str, beats: Iterable[Beat]) -> list[datetime]:
    """When the account's workers were heard of. Another lane's beat says nothing of this one."""
    return [beat.at for beat in beats if beat.account == account]


def succeeded(worker: str, note: Mapping[str, Any], beats: Iterable[Beat]) -> list[str]:
    """The workers whose place this one takes: of its account, and last heard of before it began."""
    account, began = note.get("account"), note.get("began")
    if account is None or began is None:
        return []
    return [
        beat.worker
        for beat in beats
        if beat.worker != worker
        and beat.account == account
        and beat.at < datetime.fromisoformat(began)
    ]


def noting(standing: PlanNote | None, note: PlanNote, now: datetime) -> PlanNote:
    """The plan note that stands after this one."""
    if standing is None:
        return note._replace(noted=now)
    if standing.schedule == note.schedule:
        return note._replace(first=standing.first, before=standing.before, noted=now)
    return note._replace(first=now, before=standing.slot, noted=now)


def tellable(trouble: Trouble) -> Trouble:
    """A trouble as it is kept when it begins."""
    return trouble._replace(
        slot=utc(trouble.slot),
        since=utc(trouble.since),
        what=plain(trouble.what),
        fix=plain(trouble.fix),
        host=plain(trouble.host),
        over_at=None,
    )


REMINDED = frozenset({"paused"})
"""The kinds of trouble that are told again each day: a person's own act, easily forgotten."""

_DAY = timedelta(days=1)

LONGEST_WAIT = timedelta(hours=2)
"""An alert waits for an hour at most (`watching.BACKOFF`), and is leased for minutes. A time that
is further away was a wrong clock's, and nothing waits for it."""


def to_come(at: datetime, now: datetime) -> bool:
    """Whether a delivery has to wait for this time."""
    return now < at <= now + LONGEST_WAIT


def stages(trouble: Trouble, now: datetime) -> list[str]:
    """What is due to be told, by now, of a trouble that stands. A reminder that was missed is not
    made up for."""
    days = (now - trouble.since) // _DAY if trouble.kind in REMINDED else 0
    return ["begun", *([f"reminder:{trouble.since + days * _DAY:%Y-%m-%d}"] if days > 0 else [])]


def movable(state: State) -> None:
    """Raises ValueError for the states that `move` must not lead to: past a guard, or a receipt."""
    if state in ("sending", "posted"):
        raise ValueError(f"only arm and rearm lead to sending, only a receipt to posted: {state}")


def finished(state: State, now: datetime) -> datetime | None:
    """`finished_at` of a row that enters this state now."""
    return now if state in FINAL else None


def conflict(row: Row) -> LedgerConflict:
    return LedgerConflict(account=row.account, slot=row.slot.isoformat())


def utc(at: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a time without a zone: it could be any."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC)


def plain(text: str) -> str:
    """The text without what a database can't hold: NUL, and halves of surrogate pairs.

    For words about a post, which may quote whatever came over the wire; never for the post.
    """
    return text.replace("\0", "�").encode("utf-8", "replace").decode()
