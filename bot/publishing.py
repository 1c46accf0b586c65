"""The life of one slot: claim, send, record, settle. Nothing here ever guesses.

A slot's row in the ledger is in one of these states; an *arming* is one entry into `sending`, and
has a fresh random token:

    from      what happens                                                        to
    (none)    live, media ready: insert the next number, durable before the send  sending
    (none)    expired: late, paused, halted, unapproved, media, nothing to draw,  missed
              or rescheduled: its schedule was first noted later (`plan_notes`)
    (none)    the account has the post already, the ledger forgot it              posted
    sending   a receipt                                                           posted
    sending   provably not sent, or not processed; the account may be halted      retry
    sending   refused for good                                                    failed, alert
    sending   anything else; or its worker died: deadline, quarantine are over    unknown
    retry     its time has come, still live, not halted, media uploaded again     sending
    retry     expired, or its post was withdrawn meanwhile (`frozen`)             missed
    unknown   the network knows our key, the post is not withdrawn: same again    posted, unknown
    unknown   read back, exactly this post                                        posted
    unknown   absent twice, read by who armed it or by who is provably alone      retry
    unknown   can't be read, too old, or absent and the sender may still live     held, alert
    held      a person says so, by `bot resolve`                                  posted, retry or
                                                                                  failed
    open      its account was taken out of the campaign; then likewise            posted, failed
    any       a receipt for this row                                              posted

Every update but a receipt's matches the row's state and token. The clock is always the ledger's.

Three things stand in the way of all slots of an account: a halt (`halting`); the suspicion that the
ledger has forgotten posts, until the account has been read (`reconciling`); and a ledger's clock
that can't be believed (`clocks`).
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice, takewhile

from bot.clocks import Clock
from bot.domain import Account, History, Receipt, Slot, doubled
from bot.errors import (
    BotError,
    LedgerConflict,
    LedgerGuard,
    LedgerUnavailable,
    NetworkError,
    NotSent,
    Refused,
)
from bot.frozen import frozen, made
from bot.halting import Halts, Tell, first_line
from bot.ledger.base import Ledger, NewRow, Row
from bot.ledger.reasons import (
    DROPPED,
    HALTED,
    LATE,
    MEDIA,
    NOTHING,
    PAUSED,
    RESCHEDULED,
    TOO_OLD,
    UNAPPROVED,
    WITHDRAWN,
)
from bot.networks.base import FOREVER, Found, Network, Request
from bot.plan_notes import PlanNotes
from bot.planning import Planned, Planner
from bot.reconciling import CLOCK_SKEW, DEADLINE, Memory, new_row
from bot.schedule import begins

PREPARE = timedelta(seconds=90)
"""So long before a slot its media are uploaded and the network's library is imported."""

SEND_WINDOW = timedelta(seconds=10)
"""A request is written within this time of its arming, or not at all."""

READ_APART = timedelta(seconds=60)
"""Between two readings of the account's posts for one row, at least."""

READINGS = 2
"""So many readings must agree that a post is absent."""

BACKOFF = (timedelta(seconds=30), timedelta(minutes=8))
"""The first wait before another attempt, and the longest; it doubles in between."""

LOOK = timedelta(seconds=30)
"""How soon something that can change from outside (a pause, a sign-off) is looked at again."""

UNREAD = 5
"""Where an account could not be read so many times, it is halted, so that a person hears of it."""

BATCH = 500
"""Missed slots are written in transactions of at most so many."""

_NOT_NOW = {
    LATE: "its time passed before its media were ready",
    PAUSED: "paused; `bot resume` lifts it",
    HALTED: "the account is halted; `bot status` says why",
    UNAPPROVED: "it is not signed off; see `bot approve`",
    NOTHING: "nothing is left to draw",
}


class Publisher:
    """Publishes one account. Not to be shared between threads.

    `tell(event, **fields)` gets every event; `approved` says whether a post is signed off;
    `stopping` whether to begin nothing new. `content` is the hash of all that decides on posts.
    `asks_time`: whether the network is asked what time it is, which a dry run does not do.
    """

    def __init__(
        self,
        account: Account,
        planner: Planner,
        ledger: Ledger,
        network: Network,
        tell: Tell,
        *,
        approved: Callable[[Planned], bool] = lambda _: True,
        stopping: Callable[[], bool] = lambda: False,
        content: str = "",
        asks_time: bool = True,
        new_token: Callable[[], str] = lambda: secrets.token_hex(16),
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.account = account
        self._planner = planner
        self._ledger = ledger
        self._network = network
        self._tell = tell
        self._approved = approved
        self._stopping = stopping
        self._new_token = new_token
        self._spread = spread
        self.clock = Clock(account.name, ledger, network, tell, asks=asks_time)
        self._plans = PlanNotes(account, planner.seed, content, ledger)
        self._halts = Halts(account.name, ledger, tell, new_token)
        self._memory = Memory(
            account, planner, ledger, network, tell, self._halts, self._miss, self._record
        )
        self._unread: tuple[int, datetime, str] | None = None
        self._sent_by: dict[str, datetime] = {}
        self._never_sent: set[str] = set()
        self._absent: dict[str, list[datetime]] = {}
        self._unrecorded: list[Callable[[], None]] = []
        self._media: tuple[Request, tuple[str, ...]] | None = None
        self._media_trouble: tuple[str, int, datetime, str] | None = None

    # -- the two entrances --------------------------------------------------------------------

    def step(self) -> datetime:
        """Does what is due, and returns when to look next (now, if there may be more at once).

        Raises LedgerUnavailable; whatever was not recorded by then is recorded first next time.
        """
        self.record_late()
        if not self.clock.look():
            return self._wait()
        mended = self._mend() if self._memory.lost_some() else None
        look = min(self._settle_all(), self._claim())
        return look if mended is None else min(look, mended)

    def _wait(self) -> datetime:
        """While the ledger's clock is not believed, next to nothing is recorded."""
        if self.clock.off is None and self._ledger.history(self.account.name).rows:
            self._claim(upcoming=False)
        return self._ledger.now() + LOOK

    def post_next(self) -> Row:
        """Takes the next planned slot early and uses it up; how its row stands then.

        Raises NotSent, saying why, where nothing could be armed.
        """
        self.record_late()
        if not self.clock.look():
            raise NotSent(network=self.account.name, what=self.clock.why())
        self._memory.whole()
        self._settle_all()
        self._claim(upcoming=False)
        while (again := self._mend()) is not None:
            if again > self._ledger.now() or self.clock.off is not None:
                raise NotSent(network=self.account.name, what=self.clock.why() or self.unread)
        history, newest, _ = self._past()
        self._memory.saw(history.rows)
        planned = next(self._planner.plan(self.account, history, newest), None)
        if planned is None:
            raise NotSent(network=self.account.name, what="the schedule has no more slots")
        self._publish(history.rows + 1, planned)
        row = self._ledger.row(self.account.name, planned.slot.at)
        if row is None:
            excuse = self._excuse(planned, self._halts.stand())
            why = self.clock.why() or self.unread or _NOT_NOW.get(excuse, excuse)
            raise NotSent(network=planned.slot.id, what=why)
        return row

    @property
    def unread(self) -> str:
        """Why the account could not be read, where nothing is sent before it is."""
        return "" if self._unread is None else f"its posts are not read back yet: {self._unread[2]}"

    def _mend(self) -> datetime | None:
        """Reads the account, where the ledger may have forgotten posts. None: it remembers all.

        Else when to look again: now, if posts were given back to the ledger, or somebody else did.
        """
        if self._memory.whole():
            return None
        now = self._ledger.now()
        tries, again, _ = self._unread or (0, now, "")
        if now < again:
            return again
        before = self._memory.given_back
        try:
            wait_until = self._memory.mend()
        except LedgerConflict:
            return now
        except NetworkError as error:
            tries += 1
            again = self._backoff(now, tries, error)
            self._unread = (tries, again, first_line(error))
            self._tell("unread", account=self.account.name, why=str(error), again=again)
            self._record(*self._after_unread(error, tries, now))
            return again
        self._unread = None
        if wait_until is not None:
            why = f"what was under way may land until {wait_until:%H:%M:%S} UTC"
            self._unread = (0, wait_until, why)
            return wait_until
        return now if self._memory.given_back > before or not self._memory.whole() else None

    def _after_unread(
        self, error: BotError, tries: int, now: datetime
    ) -> Sequence[Callable[[], None]]:
        if tries != UNREAD:
            return self._halts.after(error, now)
        why = f"its posts can't be read: {first_line(error)}"
        fix = "It is tried again every few minutes. Or look yourself, and run `bot resume`."
        return [self._halts.beginning(why, fix, person=False, unread=True)]

    # -- new slots: from the plan to a row ----------------------------------------------------

    def _claim(self, *, upcoming: bool = True) -> datetime:
        """Records the slots that passed, publishes the one that is live, prepares the next."""
        history, newest, born = self._past()
        now = self._ledger.now()
        believed = self.clock.believed
        if believed:
            self._memory.saw(history.rows)
            dropped = self._plans.dropped(newest, now)
            if dropped is not None:
                return self._miss_dropped(dropped, history, newest)
            self._plans.keep(newest, born, now)
        passed: list[tuple[int, Planned]] = []
        plan = self._planner.plan(self.account, history, newest)
        for number, planned in enumerate(plan, history.rows + 1):
            over = planned.slot.expires <= now or planned.slot.at <= born
            if over and not self.clock.records(planned.slot.at):
                break
            if over:
                again = self._mend() if believed and not passed else None
                if again is not None and self._memory.whole():
                    return again
                passed.append((number, planned))
                if len(passed) < BATCH:
                    continue
            if not self._miss(passed):
                return now
            passed = []
            if over:
                continue
            if not upcoming or self._stopping():
                return planned.slot.due
            if planned.slot.due <= now:
                return self._publish(number, planned)
            return self._prepare(planned, now)
        self._miss(passed)
        return now + timedelta(days=1)

    def _miss_dropped(self, slot: Slot, history: History, newest: datetime) -> datetime:
        """Writes a slot as missed that passed before an edit took it out of the schedule; first,
        what the schedule of now has before it.
        """
        again = self._mend()
        if again is not None and self._memory.whole():
            return again
        now, number = self._ledger.now(), history.rows + 1
        if self.clock.far(now):
            return now
        plan = self._planner.plan(self.account, history, newest)
        older = islice(takewhile(lambda each: each.slot.at < slot.at, plan), BATCH)
        rows = [new_row(each, planned) for each, planned in enumerate(older, number)]
        with suppress(LedgerConflict):
            if rows:
                self._write_missed(rows, RESCHEDULED)
            else:
                row = NewRow(number, slot, self.account.network)
                self._write_missed([row], self._halts.stand() or LATE)
        return now

    def _past(self) -> tuple[History, datetime, datetime]:
        """What the ledger knows, its newest slot, and when it began; for that it gets a first row.

        Raises LedgerUnavailable where that is gone at once: the ledger is just being replaced.
        """
        history = self._ledger.history(self.account.name)
        if not history.rows:
            history = self._born()
        if history.newest is None or history.born is None:
            raise LedgerUnavailable(where=self._ledger.where, why="what was written is gone again")
        return history, history.newest, history.born

    def _born(self) -> History:
        """Writes the account's first row. Slots since the campaign's `starts` count from there."""
        since = begins(self.account.schedule)
        if since is not None:
            since -= timedelta(microseconds=1)
        birth = self._ledger.begin(self.account.name, self.account.network, since)
        self._tell("birth", account=self.account.name, at=birth.claimed_at)
        return self._ledger.history(self.account.name)

    def _miss(self, passed: Sequence[tuple[int, Planned]]) -> bool:
        """Writes the slots that passed as missed, each with its reason. False: read again."""
        if not passed:
            return True
        if self.clock.far(self._ledger.now()):
            return False
        self._plans.read()
        stopped = self._halts.stand()
        begin = 0
        while begin < len(passed):
            reason = self._excuse(passed[begin][1], stopped)
            end = begin + 1
            while end < len(passed) and self._excuse(passed[end][1], stopped) == reason:
                end += 1
            rows = [new_row(number, planned) for number, planned in passed[begin:end]]
            try:
                self._write_missed(rows, reason)
            except LedgerConflict:
                return False
            begin = end
        return True

    def _write_missed(self, rows: Sequence[NewRow], reason: str) -> None:
        """Raises LedgerConflict."""
        self._ledger.miss(rows, reason)
        self._tell(
            "missed",
            account=self.account.name,
            reason=reason,
            count=len(rows),
            id=rows[0].slot.id,
            last=rows[-1].slot.id,
        )

    def _excuse(self, planned: Planned, stopped: str) -> str:
        if self._plans.never_was(planned.slot):
            return RESCHEDULED
        if planned.post is None:
            return NOTHING
        if stopped:
            return stopped
        if not self._approved(planned):
            return UNAPPROVED
        trouble = self._media_trouble
        of_this = trouble is not None and trouble[0] == planned.slot.id
        if trouble is not None and of_this:
            return f"{MEDIA}: {trouble[3]}"
        return f"{LATE}: {self.unread}" if self.unread else LATE

    def _prepare(self, planned: Planned, now: datetime) -> datetime:
        """Uploads the media of the coming slot when it is near. Returns when to look next."""
        begin = planned.slot.due - PREPARE
        if now < begin:
            return begin
        stopped = self._halts.stop(planned.slot.at, now)
        if planned.post is not None and self._approved(planned) and not stopped:
            wait_until = self._mend() or self._ready(planned, now)
            if wait_until is not None:
                return min(wait_until, planned.slot.due)
        return planned.slot.due

    def _publish(self, number: int, planned: Planned) -> datetime:
        """Arms and sends a live slot. Returns when to look next."""
        now = self._ledger.now()
        look = max(now, min(now + LOOK, planned.slot.expires))
        if planned.post is None or not self._approved(planned):
            return look
        if self._halts.stop(planned.slot.at, now):
            return look
        wait_until = self._mend() or self._ready(planned, now)
        if wait_until is not None:
            return min(wait_until, look)
        assert self._media is not None
        request, media_ids = self._media
        token = self._new_token()
        try:
            row = self._arm(lambda: self._ledger.arm(new_row(number, planned), token), token)
        except LedgerGuard:
            self._memory.look_again()
            return look
        except LedgerConflict:
            return now
        self._send(row, request, media_ids)
        return now

    def _ready(self, planned: Planned, now: datetime) -> datetime | None:
        """Uploads the media of this post, if they are not. When to try again, where that fails."""
        assert planned.post is not None
        request = self._network.request(planned.post, planned.slot.id)
        if self._media is not None and self._media[0] == request:
            return None
        trouble = self._media_trouble
        if trouble is not None and trouble[0] == planned.slot.id and now < trouble[2]:
            return trouble[2]
        try:
            self._media = (request, self._network.upload(request))
        except NetworkError as error:
            tries = trouble[1] + 1 if trouble is not None and trouble[0] == planned.slot.id else 1
            again = self._backoff(now, tries, error)
            self._media_trouble = (planned.slot.id, tries, again, first_line(error))
            self._tell("media", id=planned.slot.id, why=str(error), again=again)
            self._record(*self._halts.after(error, planned.slot.at, planned.slot.expires))
            return again
        self._media_trouble = None
        return None

    # -- one arming: send and record ----------------------------------------------------------

    def _arm(self, arming: Callable[[], Row], token: str) -> Row:
        """Enters `sending`. If the ledger breaks off, the arming may stand: then it is not sent."""
        if self.clock.far(self._ledger.now()):
            raise LedgerGuard(reason="clock")
        try:
            row = arming()
        except LedgerUnavailable:
            self._never_sent.add(token)
            raise
        assert row.armed_at is not None
        self._sent_by[token] = row.armed_at
        self._memory.wrote(row.number)
        self._tell("claimed", id=row.id, attempt=row.attempts)
        return row

    def _send(self, row: Row, request: Request, media_ids: Sequence[str]) -> None:
        """Sends an armed row's request and records what came of it."""
        try:
            receipt = self._network.send(
                request, media_ids, lambda: self._still_mine(row, row.armed_at)
            )
        except (NotSent, LedgerUnavailable) as error:
            self._after_not_sent(row, error)
        except Refused as error:
            self._after_refused(row, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the post may be out
            self._after_doubt(row, error)
        else:
            self._after_receipt(row, receipt, "", self._halts.lifting(row))
        finally:
            self._media = None

    def _still_mine(self, row: Row, armed_at: datetime | None) -> None:
        """The last look before the first byte: still this arming, inside its window, not stopped.

        The row comes first: where the ledger's connection has to be made anew, it is made there.
        """
        current = self._ledger.row(row.account, row.slot)
        now = self._ledger.now()
        late = armed_at is not None and now - armed_at > SEND_WINDOW
        if current is None or (current.state, current.token) != (row.state, row.token):
            why = "the row was taken over"
        elif late:
            why = f"more than {SEND_WINDOW.seconds} s passed since the arming"
        elif not self._memory.same_past():
            why = "the database is not the one it was"
        elif self._halts.stop(row.slot, now):
            why = "paused"
        elif not self._approved(frozen(row)):
            why = "its sign-off was taken back"
        elif self.clock.far(now):
            why = self.clock.why()
        else:
            return
        raise NotSent(network=row.network, what=why)

    def _after_receipt(
        self, row: Row, receipt: Receipt, reason: str, *more: Callable[[], None]
    ) -> None:
        def record() -> None:
            try:
                posted = self._ledger.receive(row, receipt, reason)
            except LedgerConflict:
                self._memory.lost()
                raise
            self._tell("posted", id=row.id, url=posted.url, reason=reason, attempt=posted.attempts)

        self._tell("receipt", id=row.id, remote_id=receipt.remote_id)
        self._record(record, *more)

    def _after_not_sent(self, row: Row, error: BotError) -> None:
        def record() -> None:
            again = self._backoff(self._ledger.now(), row.attempts, error)
            self._ledger.move(row, "retry", first_line(error), next_at=again)
            self._tell("retry", id=row.id, why=str(error), again=again)

        self._record(*self._halts.after(error, row.slot, row.expires_at), record)

    def _after_refused(self, row: Row, error: BotError) -> None:
        def record() -> None:
            self._ledger.move(row, "failed", first_line(error))
            self._tell("failed", id=row.id, why=str(error))

        self._record(record)

    def _after_doubt(self, row: Row, error: Exception) -> None:
        why = error if isinstance(error, BotError) else f"{type(error).__name__}: {error}"

        def record() -> None:
            now = self._sent_by[row.token] = self._ledger.now()
            again = now + READ_APART
            self._ledger.move(row, "unknown", first_line(why), next_at=again)
            self._tell("unknown", id=row.id, why=str(why), again=again)

        self._record(record)

    def _record(self, *records: Callable[[], None]) -> None:
        self._unrecorded += records
        self.record_late()

    def record_late(self) -> None:
        """Records what could not be recorded when it happened. Raises LedgerUnavailable again."""
        while self._unrecorded:
            try:
                self._unrecorded[0]()
            except LedgerConflict as error:
                self._tell("overtaken", why=str(error))
            self._unrecorded.pop(0)

    # -- open rows: retry and reconcile -------------------------------------------------------

    def _settle_all(self) -> datetime:
        """Settles every open row whose time has come. Returns when to look next."""
        now = self._ledger.now()
        look = now + timedelta(days=1)
        rows = self._ledger.open_rows(self.account.name)
        if rows:
            self._memory.saw(self._ledger.history(self.account.name).rows)
        for row in rows:
            try:
                look = min(look, self._settle(row, now))
            except LedgerConflict:
                look = now
        return look

    def _settle(self, row: Row, now: datetime) -> datetime:
        if row.state == "sending":
            return self._settle_sending(row, now)
        if row.state == "retry" and now >= row.expires_at:
            return self._settle_expired(row)
        if row.next_at is not None and now < row.next_at <= now + TOO_OLD:
            return min(row.next_at, row.expires_at) if row.state == "retry" else row.next_at
        return self._settle_retry(row, now) if row.state == "retry" else self._doubt(row, now)

    def _settle_sending(self, row: Row, now: datetime) -> datetime:
        """Nobody of this process is sending now, so this row is another's, or was never sent."""
        assert row.armed_at is not None
        if row.token in self._never_sent:
            self._ledger.move(row, "retry", "the ledger went away before the send", next_at=now)
            return now
        self._known_end(row, now)
        over = row.armed_at + DEADLINE + self._network.quarantine
        if now < over:
            return over
        self._ledger.move(row, "unknown", "its worker died", next_at=now)
        self._tell("unknown", id=row.id, why="its worker died", again=now)
        return now

    def _settle_expired(self, row: Row) -> datetime:
        if stopped := self._halts.stand():
            return self._missed(row, stopped)
        signed = self._approved(frozen(row))
        return self._missed(row, f"{LATE}: {row.reason}" if signed else WITHDRAWN)

    def _missed(self, row: Row, reason: str) -> datetime:
        missed = self._ledger.move(row, "missed", reason)
        self._tell("missed", account=row.account, reason=reason, count=1, id=row.id, last=row.id)
        assert missed.finished_at is not None
        return missed.finished_at + timedelta(days=1)

    def _settle_retry(self, row: Row, now: datetime) -> datetime:
        """Another attempt: the frozen post, the same key, media uploaded again, a new token."""
        if self._stopping():
            return min(now + LOOK, row.expires_at)
        if not made(self._planner, self.account, row):
            return self._missed(row, WITHDRAWN)
        again = self._mend()
        if again is not None:
            return min(again, row.expires_at)
        if self._halts.stop(row.slot, now) or not self._approved(frozen(row)):
            return min(now + LOOK, row.expires_at)
        request = self._network.request(row.post, row.id)
        try:
            media_ids = self._network.upload(request)
        except NetworkError as error:
            again = self._backoff(now, row.attempts, error)
            self._ledger.move(row, "retry", first_line(error), next_at=again)
            self._tell("retry", id=row.id, why=str(error), again=again)
            self._record(*self._halts.after(error, row.slot, row.expires_at))
            return min(again, row.expires_at)
        token = self._new_token()
        try:
            armed = self._arm(lambda: self._ledger.rearm(row, token), token)
        except LedgerGuard:
            self._memory.look_again()
            return now + LOOK
        self._send(armed, request, media_ids)
        return now

    def _doubt(self, row: Row, now: datetime) -> datetime:
        """It may have been posted. Ask the network, by key or by reading; else ask a person."""
        assert row.armed_at is not None
        if now - row.armed_at >= TOO_OLD:
            return self._hold(row, now, "the doubt is too old to be settled by reading")
        stands = made(self._planner, self.account, row) and self._approved(frozen(row))
        if stands and self._key_holds(row, now):
            return self._resend(row, now)
        if not self._network.readable:
            return self._hold(row, now, "the account's posts can't be read back")
        return self._read_back(row, now)

    def _key_holds(self, row: Row, now: datetime) -> bool:
        """Whether the network will still know the key when a request of now lands, at the latest.

        The key is as old as the row. A request may be held up before it is written, until the
        network hangs up on it, and it may land late.
        """
        keyed = self._network.keyed
        if keyed is None or keyed == FOREVER:
            return keyed is not None
        return now + 2 * DEADLINE + self._network.quarantine < row.claimed_at + keyed

    def _resend(self, row: Row, now: datetime) -> datetime:
        """Same key, same bytes. Whatever is not a receipt leaves the doubt as it was."""
        if self._stopping() or self._halts.stop(row.slot, now):
            return now + LOOK
        again = self._backoff(now, row.attempts, None)
        request = self._network.request(row.post, row.id)
        try:
            media_ids = self._network.upload(request)
            armed_at = self._ledger.now()
            if not self._key_holds(row, armed_at):
                return now
            row = self._ledger.move(
                row, "unknown", row.reason, token=self._new_token(), next_at=again
            )
            receipt = self._network.send(
                request, media_ids, lambda: self._still_mine(row, armed_at)
            )
        except NetworkError as error:
            self._tell("unknown", id=row.id, why=str(error), again=again)
            self._record(*self._halts.after(error, row.slot, again))
            return again
        self._after_receipt(row, receipt, "reconciled by key", self._halts.lifting(row))
        return now

    def _read_back(self, row: Row, now: datetime) -> datetime:
        again = self._next_reading(row, now)
        try:
            found = self._network.find(row.claimed_at - CLOCK_SKEW)
        except Refused as error:
            return self._hold(row, now, f"reading back was refused: {first_line(error)}")
        except NetworkError as error:
            self._ledger.move(row, "unknown", row.reason, next_at=again)
            self._tell("unknown", id=row.id, why=str(error), again=again)
            self._record(*self._halts.after(error, row.slot))
            return again
        known = self._ledger.knows(row.account, [item.receipt.remote_id for item in found])
        foreign = [item for item in found if item.receipt.remote_id not in known]
        same = [item for item in foreign if item.same(row.post)]
        if same:
            oldest = min(same, key=lambda item: item.created_at)
            self._after_receipt(row, oldest.receipt, "reconciled by reading back")
            return now
        return self._not_found(row, now, foreign)

    def _not_found(self, row: Row, now: datetime, foreign: Sequence[Found]) -> datetime:
        """Absent counts when the request can't land any more, and from who knows it is over."""
        again = now + READ_APART
        over = self._over(row)
        sent_by = self._known_end(row, now)
        if sent_by is not None:
            over = max(over, sent_by + DEADLINE + self._network.quarantine)
        if now < over:
            again = max(again, over)
        elif foreign:
            again = self._next_reading(row, now)
            self._absent.pop(row.token, None)
        elif sent_by is None:
            return self._hold(row, now, "not found, but the worker that sent it may be alive")
        else:
            readings = self._absent.setdefault(row.token, [])
            readings.append(now)
            if len(readings) >= READINGS:
                self._ledger.move(row, "retry", "absent when read back twice", next_at=now)
                self._tell("retry", id=row.id, why="absent when read back twice", again=now)
                return now
        self._ledger.move(row, "unknown", row.reason, next_at=again)
        return again

    def _next_reading(self, row: Row, now: datetime) -> datetime:
        """As long from now as the doubt is old: every reading costs, and so there are few."""
        assert row.armed_at is not None
        return min(now + max(READ_APART, now - row.armed_at), row.armed_at + TOO_OLD)

    def _over(self, row: Row) -> datetime:
        """When the row's requests have landed or never will, if they were written in time."""
        assert row.armed_at is not None
        over = row.armed_at + DEADLINE + self._network.quarantine
        keyed = self._network.keyed
        return over if keyed is None or keyed == FOREVER else max(over, row.claimed_at + keyed)

    def _known_end(self, row: Row, now: datetime) -> datetime | None:
        """When this row's request was over for its sender; None where the sender may be alive.

        It was this process's, or its sender's, who is gone by now, since no other process is left.
        That can be later than the arming says: a stopped process writes when it is woken.
        """
        if row.token not in self._sent_by and self._ledger.prove_alone():
            self._sent_by[row.token] = now
        return self._sent_by.get(row.token)

    def _hold(self, row: Row, now: datetime, why: str) -> datetime:
        self._ledger.move(row, "held", why)
        self._tell("held", id=row.id, why=why)
        return now + timedelta(days=1)

    def _backoff(self, now: datetime, attempts: int, error: BotError | None) -> datetime:
        """When to try again: doubling, spread by up to a quarter, not before the network allows."""
        wait = doubled(*BACKOFF, attempts)
        again: datetime = now + wait * (0.75 + 0.25 * self._spread())
        if isinstance(error, NotSent) and error.retry_at is not None:
            again = max(again, error.retry_at)
        return again


def resolve(
    ledger: Ledger,
    row: Row,
    *,
    grace: timedelta,
    posted: Receipt | None,
    retry: bool,
    who: str = "",
) -> Row:
    """A person settles a post: it was posted, or is to be sent again, or is dropped. It is held; or
    open, of an account that the campaign has no more, and nobody else settles it.

    Sent again, it gets `grace` from now; its old expiry has long passed. `who` is for the audit
    trail. Raises LedgerConflict.
    """
    if posted is not None:
        return ledger.receive(row, posted, "a person found it posted", who=who)
    if retry:
        now = ledger.now()
        return ledger.move(
            row, "retry", "a person said: again", next_at=now, expires_at=now + grace, who=who
        )
    return ledger.move(row, "failed", DROPPED, who=who)
