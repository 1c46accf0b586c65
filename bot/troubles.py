"""Who must hear of what: one rule, asked by status, the alerts, the heartbeat and doctor alike.

All is well for an account while its newest passed slot

    was posted
    is still being settled            sending, retry or unknown, within their times
    was passed over on purpose        paused by a person, dropped by one, before birth

A slot that is `rescheduled` never was one: what counts is the one before it.

Otherwise it is in trouble, and so is what needs a person or stands in the way of the next post:

    lost      the newest passed slot was not posted: missed, refused, or nobody was there to post it
    halted    the account's own circuit breaker stands, or nothing went out since it was lifted
    held      a post is in doubt, or was left open by a removed account: only a person can say
    silent    a worker is gone without goodbye, and no other took its place
    clock     this host's clock is far from the network's own time
    keys      an account's credentials are missing
    fault     a fault of the program stops an account
    paused    a person's own act; told, reminded of, but the heartbeat goes on
    content   something is left out for its errors; said by status, no alarm until it costs a slot

Whether a slot was lost is known without any process: whoever posts notes the account's next slot
and its expiry in the ledger, so a slot whose expiry passed without a row is lost; and so it is at
once, where an error leaves the account out and no worker lives that has it still. `gather` reads,
`judge` is pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.domain import EMPTY, Problem, slot_id
from bot.ledger.base import ALIVE, OPEN, Beat, Halt, Ledger, Pause, PlanNote, Row, Trouble
from bot.losses import cause, ended_well, nobody_there, overdue_at, undone, unsettled

LOST, HALTED, HELD, SILENT, PAUSED = "lost", "halted", "held", "silent", "paused"
CLOCK, KEYS, FAULT, CONTENT = "clock", "keys", "fault", "content"

EVERYBODY = "all accounts"
"""Whose trouble it is, for people, where it is no account's own."""

WITNESSED = frozenset({CLOCK, KEYS, FAULT})
"""Kinds that only the process itself can know; others read them in the ledger."""

UNTOLD = frozenset({CONTENT})
"""Kinds that `bot status` shows, and no alert is sent about."""

LOOKS_ON = frozenset({PAUSED, CONTENT})
"""Kinds that leave the heartbeat going."""

_END = datetime.max.replace(tzinfo=UTC)
_FIRST_LOOK = 8
"""So many rows of an account are read first; where none of them ended well, eight times as many."""

ITS_OWN = timedelta(minutes=1)
"""So long after a slot expired a worker that lives may take to record it, and why."""

_QUICK = timedelta(seconds=10)
"""What was read over a longer time is not the state of any moment: the process was stopped in it,
or the database was slow. It is read again, up to `_READINGS` times."""

_READINGS = 3


class Standing(NamedTuple):
    """One account: its newest rows, newest first, back to the newest that ended well; its halt.

    `idle`: an error in campaign.toml leaves it out, so that nobody with this content posts there.
    """

    account: str
    newest: Sequence[Row] = ()
    halt: Halt | None = None
    note: PlanNote | None = None
    idle: bool = False


class Facts(NamedTuple):
    """Everything that the rule goes by.

    `held` are the held rows of all accounts, `orphans` the open ones of those that the campaign
    hasn't, `told` the troubles that stand in the ledger, and `witnessed` what this process itself
    knows and no row tells. `gone` are the accounts that the campaign has no more, by name: what
    their workers left behind ends with them. `at` is when it was begun to be read: whatever is not
    there by then is not there.
    """

    at: datetime
    accounts: Sequence[Standing] = ()
    halts: Mapping[str, Halt] = EMPTY
    held: Sequence[Row] = ()
    orphans: Sequence[Row] = ()
    beats: Sequence[Beat] = ()
    paused: Pause | None = None
    left_out: Sequence[Problem] = ()
    told: Sequence[Trouble] = ()
    witnessed: Sequence[Trouble] = ()
    gone: frozenset[str] = frozenset()


class Found(NamedTuple):
    """A trouble, what it is about (an id for people), and the word that `status` has for it."""

    trouble: Trouble
    subject: str
    state: str


def gather(
    ledger: Ledger,
    accounts: Collection[str],
    idle: Collection[str] = (),
    *,
    left_out: Sequence[Problem] = (),
    witnessed: Sequence[Trouble] = (),
) -> Facts:
    """What the ledger says of these accounts, idle ones too, and of all that needs a person."""
    for _ in range(_READINGS):
        facts = _read(ledger, accounts, idle)._replace(left_out=left_out, witnessed=witnessed)
        if ledger.now() - facts.at <= _QUICK:
            break
    return facts


def _read(ledger: Ledger, posting: Collection[str], idle: Collection[str]) -> Facts:
    at, accounts = ledger.now(), (*posting, *idle)
    told = ledger.troubles()  # first: what somebody told by then, the rows read after it show too
    halts, beats = ledger.halts(), ledger.beats()
    orphans = [row for row in ledger.few(states=sorted(OPEN)) if row.account not in accounts]
    named = {*(each.account for each in told), *(row.account for row in orphans)}
    return Facts(
        at,
        accounts=[
            Standing(
                name,
                _newest(ledger, name),
                halts.get(name),
                ledger.plan_note(name),
                name in idle,
            )
            for name in accounts
        ],
        halts=halts,
        held=ledger.few(states=("held",)),
        orphans=orphans,
        beats=beats,
        paused=ledger.paused(),
        told=told,
        gone=frozenset({*named, *(beat.account for beat in beats)} - {"", *accounts}),
    )


def _newest(ledger: Ledger, account: str) -> list[Row]:
    """The newest rows, newest first: as many as it takes to find one that ended well."""
    count = _FIRST_LOOK
    while True:
        rows = ledger.few(account, newest=count)[::-1]
        if len(rows) < count or any(ended_well(row) for row in rows):
            return rows
        count *= 8


def judge(facts: Facts) -> list[Found]:
    """The one rule. Of each account and kind the oldest comes first."""
    return [
        *_paused(facts),
        *_halted(facts),
        *(found for each in facts.accounts for found in _lost(each, facts)),
        *_held(facts.held),
        *_orphaned(facts),
        *_silent(facts),
        *_seen(facts),
        *_left_out(facts),
    ]


def _new(account: str, kind: str, at: datetime, what: str = "", fix: str = "") -> Trouble:
    return Trouble(account, kind, at, at, what, fix)


def all_well(found: Collection[Found]) -> bool:
    """Whether the heartbeat may be fetched."""
    return all(each.trouble.kind in LOOKS_ON for each in found)


def _paused(facts: Facts) -> Iterator[Found]:
    if facts.paused is not None:
        since, why, who = facts.paused
        what = f"Everything is paused{_by(who)}{why and ': '}{why}"
        fix = "Nothing is posted until `bot resume`."
        yield Found(_new("", PAUSED, since, what, fix), "pause", PAUSED)
    for account, halt in facts.halts.items():
        if halt.pauses:
            what, fix = f"{account} is {halt.why}", halt.outlook(account)
            yield Found(_new(account, PAUSED, halt.since, what, fix), account, PAUSED)


def _by(who: str) -> str:
    return f" by {who}" if who else ""


def _halted(facts: Facts) -> Iterator[Found]:
    for account, halt in facts.halts.items():
        if not halt.pauses:
            kind = LOST if halt.unread else HALTED
            fix = " ".join(part for part in (halt.fix, halt.outlook(account)) if part)
            begun = _told(facts, account, kind) or _new(account, kind, halt.since)
            yield Found(begun._replace(what=halt.why, fix=fix), account, HALTED)


def _lost(each: Standing, facts: Facts) -> Iterator[Found]:
    """Of an account that is paused or halted, that is said already."""
    if each.halt is not None:
        return
    now = facts.at
    begun = _told(facts, each.account, HALTED) or _told(facts, each.account, LOST)
    if any(seen.account == each.account for seen in _clocks(facts)):
        if begun is not None:  # no time tells that it is over, either
            yield Found(begun, slot_id(each.account, begun.slot), LOST)
        return
    lost = [row for row in undone(each.newest) if row.state not in OPEN or now > overdue_at(row)]
    alive = each.account in lived_for(facts.beats, now)
    idle = each.idle and not alive
    slot = _unseen(each, facts.paused, _END if idle else now - ITS_OWN if alive else now)
    if slot is None and not lost:
        return
    first = lost[-1].slot if lost else slot
    assert first is not None
    state = lost[0].state if lost and slot is None and lost[0].state == "failed" else LOST
    if slot is not None:
        what, fix = nobody_there(each.account, slot, idle=idle, alive=alive)
    else:
        what, fix = cause(lost, alive=alive)
    trouble = (begun or _new(each.account, LOST, first))._replace(what=what, fix=fix)
    yield Found(trouble, slot_id(each.account, first), state)


def _clocks(facts: Facts) -> Iterator[Trouble]:
    """While a host's clock is wrong, no time says that a slot was lost, or a worker silent."""
    return (seen for seen in (*facts.witnessed, *facts.told) if seen.kind == CLOCK)


def _unseen(each: Standing, paused: Pause | None, now: datetime) -> datetime | None:
    """The slot that expired without a row, by what was noted when somebody last looked.

    For an account that is idle it has expired before it comes: nobody is there to post it.
    """
    note = each.note
    if note is None or note.slot is None or note.expires is None or now <= note.expires:
        return None
    if each.newest and each.newest[0].slot >= note.slot:
        return None
    if paused is not None and paused.since <= note.expires:
        return None
    return note.slot


def _told(facts: Facts, account: str, kind: str) -> Trouble | None:
    """The trouble of that kind that stands already: as long as it lasts it stays the same one."""
    mine = (each for each in facts.told if (each.account, each.kind) == (account, kind))
    return next(mine, None)


def _held(rows: Iterable[Row]) -> Iterator[Found]:
    for row in rows:
        fix = (
            f"Look at the account, then: bot resolve {row.id} --posted URL (it is there), or "
            "--retry (it is not: send it again), or --drop (leave it)."
        )
        yield Found(_new(row.account, HELD, row.slot, row.reason, fix), row.id, HELD)


def _orphaned(facts: Facts) -> Iterator[Found]:
    """What is open of an account that the campaign hasn't, and that no worker lives for."""
    theirs = not_ours(facts)
    for row in facts.orphans:
        if row.account not in theirs and facts.at > overdue_at(row):
            what = f"{unsettled(row)}, and the campaign has no account `{row.account}` any more"
            fix = (
                f"Look at the account, then: bot resolve {row.id} --posted URL (it is there), or "
                "--drop (leave it). Or bring the account back."
            )
            yield Found(_new(row.account, HELD, row.slot, what, fix), row.id, row.state)


def _silent(facts: Facts) -> Iterator[Found]:
    """Workers that were not heard of, oldest first."""
    if any(seen.kind == CLOCK for seen in facts.witnessed):  # this process's own, right now
        for told in facts.told:
            if told.kind == SILENT:
                yield Found(told, told.account, SILENT)
        return
    alive = [beat for beat in facts.beats if beat.alive(facts.at)]
    for beat in sorted(facts.beats, key=lambda beat: beat.at):
        if beat in alive or any(_succeeds(other, beat) for other in alive):
            continue
        at, account = beat.at, beat.account
        if account in facts.gone or _posted_since(beat, facts.accounts):
            continue
        what = f"not heard of since {at.isoformat(timespec='seconds')}"
        fix = "It ended without saying so. Look at its log, and start it again."
        if any(seen.account == account for seen in _clocks(facts)):
            fix = "While the clock is wrong no worker says that it lives. Set it right, then see."
        trouble = _new(account, SILENT, at, f"{beat.worker}: {what}", fix)
        yield Found(trouble, beat.worker, SILENT)


def not_ours(facts: Facts) -> set[str]:
    """The accounts that this campaign hasn't, and that a worker with another content lives for."""
    return lived_for(facts.beats, facts.at) & facts.gone


def lived_for(beats: Iterable[Beat], now: datetime) -> set[str]:
    """The accounts that a worker lives for, as far as is heard of it."""
    return {beat.account for beat in beats if beat.alive(now)}


def _succeeds(other: Beat, beat: Beat) -> bool:
    """Whether another worker, that is alive, began after this one did, for the same account."""
    began, later = beat.note.get("began"), other.note.get("began")
    if not beat.account or beat.account != other.account or later is None:
        return False
    return began is None or datetime.fromisoformat(later) > datetime.fromisoformat(began)


def _posted_since(beat: Beat, accounts: Sequence[Standing]) -> bool:
    """Whether somebody posted there later than this worker can have: a cron job, without a beat."""
    newest = [each.newest[0] for each in accounts if each.account == beat.account and each.newest]
    return any(
        row.state == "posted" and row.armed_at is not None and row.armed_at > beat.at + ALIVE
        for row in newest
    )


def _seen(facts: Facts) -> Iterator[Found]:
    """What a process saw itself. Where it is gone, what stands in the ledger is the last word."""
    told = (each for each in facts.told if each.account not in facts.gone)
    known = {(each.account, each.kind): each for each in told if each.kind in WITNESSED}
    for seen in facts.witnessed:
        standing = known.get((seen.account, seen.kind), seen)
        known[seen.account, seen.kind] = standing._replace(what=seen.what, fix=seen.fix)
    for trouble in known.values():
        yield Found(trouble, trouble.account or EVERYBODY, trouble.kind)


def _left_out(facts: Facts) -> Iterator[Found]:
    problems = facts.left_out
    if problems:
        first = problems[0]
        many = "1 error leaves" if len(problems) == 1 else f"{len(problems)} errors leave"
        what = f"{many} something out of the posts, the first: {first.where}: {first.what}"
        trouble = _new("", CONTENT, facts.at, what, "`bot check` shows each of them.")
        yield Found(trouble, str(first.where), CONTENT)
