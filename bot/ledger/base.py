"""The durable log of every slot: what a row is, and what every store of them does alike.

One row a slot, numbered within its account from 1 without gaps. To claim a slot is to insert the
next number: where another worker was faster the number is taken, and `LedgerConflict` says so. The
constraints decide, never a lock: unique (account, number), (account, slot), (account, remote_id).

Every time is the database's own (SQLite: the host's). Every method is one transaction, durable when
it returns. Any of them may raise `LedgerUnavailable`, after which it is not known whether it
happened.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from bot.domain import EMPTY, Attachment, History, Post, Receipt, Slot, State, slot_id
from bot.domain import text_key as text_key

OPEN: frozenset[State] = frozenset({"sending", "retry", "unknown"})
"""States that the program itself still has to settle."""

FINAL: frozenset[State] = frozenset({"posted", "failed", "missed"})
"""States that nothing but a receipt changes any more."""


class Row(NamedTuple):
    """One slot of one account, as the ledger has it.

    `claimed_at` is when the row was inserted, `armed_at` when it last entered `sending`, `next_at`
    the earliest time at which something is to be done about it, `finished_at` when it reached a
    final state. `attempts` counts the armings; `token` is the newest one's. `text`, `template`,
    `draws` and `media` are None for a slot that was never composed.
    """

    account: str
    number: int
    network: str
    slot: datetime
    expires_at: datetime
    state: State
    reason: str
    attempts: int
    token: str
    text: str | None
    language: str
    template: str | None
    draws: tuple[str, ...] | None
    media: tuple[Attachment, ...] | None
    remote_id: str | None
    url: str | None
    claimed_at: datetime
    armed_at: datetime | None
    next_at: datetime | None
    finished_at: datetime | None

    @property
    def id(self) -> str:
        return slot_id(self.account, self.slot)

    @property
    def post(self) -> Post:
        """What was frozen when the slot was claimed. Only for rows that were composed."""
        assert self.text is not None
        return Post(text=self.text, media=self.media or (), language=self.language)

    def to_json(self) -> dict[str, Any]:
        """The shape that `bot log --json` promises."""
        return {
            "id": self.id,
            "account": self.account,
            "network": self.network,
            "slot": self.slot.isoformat(),
            "state": self.state,
            "reason": self.reason,
            "attempts": self.attempts,
            "text": self.text,
            "template": self.template,
            "draws": None if self.draws is None else list(self.draws),
            "media": None if self.media is None else [item.to_json() for item in self.media],
            "remote_id": self.remote_id,
            "url": self.url,
            "claimed_at": self.claimed_at.isoformat(),
            "finished_at": None if self.finished_at is None else self.finished_at.isoformat(),
        }


class NewRow(NamedTuple):
    """A row to be inserted: the next number of its account, and what is frozen with it.

    `number` is the rows seen + 1. `post` is None for a slot that was never composed.
    """

    number: int
    slot: Slot
    network: str
    post: Post | None = None
    template: str | None = None
    draws: tuple[str, ...] | None = None


ALIVE = timedelta(seconds=90)
"""A worker that was not heard of for longer than this is silent."""


class Beat(NamedTuple):
    """That a worker was alive: its name (host and process), when, and what it said of itself."""

    worker: str
    at: datetime
    note: Mapping[str, Any] = EMPTY

    @property
    def account(self) -> str:
        """Whose lane it is; empty, where it doesn't say."""
        return str(self.note.get("account", ""))

    def alive(self, now: datetime) -> bool:
        """Whether it is a sign of life. A time to come is a clock's that was wrong."""
        return abs(now - self.at) <= ALIVE


class Halt(NamedTuple):
    """An account's own pause: it stands until a person lifts it, or until the account posts again.

    `person`: nothing but a person lifts it. Otherwise each slot is still tried, though not before
    `until`, and none up to `tried`, the newest slot whose try failed since the halt began.
    `token` is of whoever began it: of all who meet the same trouble, one raises the alarm.
    `unread`: it stands because the account can't be read; who lifts it has looked for the program.
    """

    since: datetime
    why: str
    fix: str = ""
    person: bool = False
    until: datetime | None = None
    tried: datetime | None = None
    token: str = ""
    unread: bool = False

    @property
    def pauses(self) -> bool:
        """Whether a person paused the account by this: whatever the program begins has a token."""
        return not self.token

    def stops(self, slot: datetime, now: datetime) -> bool:
        """Whether a slot may not be sent now."""
        return (
            self.person
            or (self.until is not None and now < self.until)
            or (self.tried is not None and slot <= self.tried)
        )

    def outlook(self, account: str) -> str:
        """What lifts it, for people."""
        if self.person:
            return f"Nothing is posted there until `bot resume --account {account}`."
        after = f" after {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        return f"Each slot{after} is tried once; the first post that goes out lifts it."

    def to_json(self) -> dict[str, Any]:
        """The shape that `bot status --json` promises."""
        return {
            "since": self.since.isoformat(),
            "why": self.why,
            "fix": self.fix,
            "person": self.person,
            "until": None if self.until is None else self.until.isoformat(),
        }


class Trust(NamedTuple):
    """What the ledger says of its own memory of one account.

    `lineage` is the database's when the account was last known to agree with it (None: never
    noted). `suspected` is since when posts may be missing, until the account has been read.
    `noticed` is when it was last seen that the database had lost something, which is more than that
    everybody slept. `life` is the newest sign of life: a row that was claimed or armed, or a
    beat of the account's worker.
    """

    lineage: str | None = None
    suspected: datetime | None = None
    noticed: datetime | None = None
    life: datetime | None = None


class Pause(NamedTuple):
    """The kill switch: since when it stands, why, and who pulled it (empty: not known)."""

    since: datetime
    why: str = ""
    who: str = ""


Deed = Literal["pause", "resume", "halt", "unhalt", "resolve"]
"""What a person can do to the ledger."""


class Act(NamedTuple):
    """What a person did, when and why: one entry of the audit trail. `slot` is a row's, if any."""

    at: datetime
    who: str
    what: Deed
    account: str = ""
    slot: datetime | None = None
    why: str = ""


class Trouble(NamedTuple):
    """Something that a person has to hear of: one row for each account, kind and first slot.

    `account` is empty where it is everybody's. `slot` is the first slot that it cost, or else when
    it began. `since`, `what` and `fix` are for people. `over_at` is the ledger's own.
    """

    account: str
    kind: str
    slot: datetime
    since: datetime
    what: str
    fix: str = ""
    host: str = ""
    over_at: datetime | None = None

    @property
    def id(self) -> str:
        """The same wherever, and however often, it is told."""
        return f"{self.account or '*'}/{self.kind}/{self.slot.astimezone(UTC).isoformat()}"


class Delivery(NamedTuple):
    """That a trouble is to be told to an address, and by whom now: `holder` has it leased.

    `stage` is `begun`, `over`, or `reminder:DATE`. `address` is a hash of the address. `attempts`
    counts the leases, this one too.
    """

    trouble: Trouble
    stage: str
    address: str
    attempts: int
    holder: str


class PlanNote(NamedTuple):
    """What an account's poster last planned by: hashes of content and schedule, and its next slot.

    `first` is since when this schedule counts, `before` the next slot of the one that it took the
    place of. `slot` and `expires` are None where the schedule is over. `noted` is the ledger's own.
    """

    content: str
    schedule: str
    first: datetime
    slot: datetime | None = None
    expires: datetime | None = None
    before: datetime | None = None
    noted: datetime | None = None


class Ledger(Protocol):
    """The durable log. Not to be shared between threads: each opens its own."""

    where: str
    """Which store this is, for people: a path, or an address without its password."""

    def migrate(self) -> list[str]:
        """Brings the schema up to date; says what it did (nothing, if nothing). Only ever adds.

        Safe to run from several processes at once. Raises LedgerNewer for a schema from the future.
        """

    def try_writing(self) -> None:
        """Raises LedgerUnavailable where nothing can be written. It leaves nothing behind."""

    def now(self) -> datetime:
        """The database's clock, in UTC."""

    def history(self, account: str) -> History:
        """What the next draw needs; its cost does not grow with the number of rows.

        An account without rows, a missing database file, a database without our tables: an empty
        one.
        """

    def begin(self, account: str, network: str, since: datetime | None = None) -> Row:
        """The account's first row: `missed`, reason `birth`, claimed now, by the database's clock.

        No slot up to now is ever sent. The row's own slot is `since`, where that is earlier, else
        now: a campaign that started before its ledger did counts its slots from there, as missed.
        Inserts the row if the account has none yet, and returns the first row in any case.
        """

    def arm(self, new: NewRow, token: str) -> Row:
        """Inserts a `sending` row (attempts 1): the claim, durable before any byte of the post.

        Guarded inside the transaction: raises LedgerGuard, reason `late` if the slot has expired by
        the database's clock, `suspected` if posts may be missing, `paused` if paused, or if the
        account's halt stops this slot. Raises LedgerConflict if number or slot is taken.
        """

    def rearm(self, row: Row, token: str) -> Row:
        """`retry` to `sending`: a new token, attempts + 1. Guarded like `arm` (by `expires_at`).

        Raises LedgerConflict if the row's state or token is no longer the given one's.
        """

    def miss(self, new: Sequence[NewRow], reason: str) -> None:
        """Inserts `missed` rows, oldest first, all or none. Raises LedgerConflict."""

    def move(
        self,
        row: Row,
        state: State,
        reason: str,
        *,
        token: str | None = None,
        next_at: datetime | None = None,
        expires_at: datetime | None = None,
        who: str = "",
    ) -> Row:
        """Any other transition. Matches the given row's state and token, else LedgerConflict.

        `token` and `expires_at`, where given, replace the row's; `next_at` always does. Sets
        `finished_at` for a final state, and clears it for one that isn't. A `posted` row is never
        moved: LedgerConflict. Where a person settles it, `who` says who: that is an act `resolve`.
        """

    def receive(self, row: Row, receipt: Receipt, reason: str = "", *, who: str = "") -> Row:
        """Records a receipt: the row becomes `posted` whatever its state and token are by now.

        A row that is posted already stays as it is and is returned. Raises LedgerConflict if
        another row of the account has this remote id. `who` is as for `move`.
        """

    def recover(self, new: NewRow, receipt: Receipt, reason: str) -> Row:
        """Inserts a row that is `posted` already: the account has the post, the ledger lost it.

        The row and its receipt are one transaction. Raises LedgerConflict if number, slot or remote
        id is taken.
        """

    def row(self, account: str, slot: datetime) -> Row | None:
        """The row of a slot, by its nominal instant."""

    def open_rows(self, account: str) -> list[Row]:
        """The account's rows in the OPEN states, oldest first. Cheap: an index holds just those."""

    def rows(
        self, account: str | None = None, states: Sequence[State] = (), newest: int | None = None
    ) -> Iterator[Row]:
        """Rows by slot, then account; narrowed to an account, to states, to the newest N."""

    def few(
        self, account: str | None = None, states: Sequence[State] = (), newest: int | None = None
    ) -> list[Row]:
        """The same all at once, on the connection that there is: for what is looked at often."""

    def counts(self) -> dict[tuple[str, State], int]:
        """How many rows each account has in each state."""

    def knows(self, account: str, remote_ids: Sequence[str]) -> set[str]:
        """Which of these remote ids the account's rows hold."""

    def pause(self, why: str = "", *, who: str = "") -> None:
        """The kill switch: from now on nothing arms. Idempotent; the first call's time stays.

        Here as in what follows, `who` is the person that does it: it is an act in the audit trail
        then, written in the same transaction, where it changed something.
        """

    def resume(self, why: str = "", *, who: str = "") -> None:
        """Lifts the pause. Idempotent."""

    def paused(self) -> Pause | None:
        """Since when, why and by whom, if paused."""

    def halt(self, account: str, halt: Halt, asked: Sequence[str] = (), *, who: str = "") -> Halt:
        """Halts an account, and returns its halt as it stands then; `since` is the database's now.

        Where one stands already, it stays, and only takes over `until` and `tried`; but a halt that
        only a person can lift takes the place of one that could lift itself. A halt that begins has
        no `tried`: its first slot gets a second try. `asked` are the remote ids of posts that a
        person is asked about by this; `was_asked` has them from then on.
        """

    def unhalt(self, account: str, why: str = "", *, who: str = "") -> Halt | None:
        """Lifts an account's halt, and returns it. Idempotent."""

    def halted(self, account: str) -> Halt | None:
        """The account's halt, if one stands."""

    def halts(self) -> dict[str, Halt]:
        """Every account's halt that stands."""

    def was_asked(self, account: str) -> set[str]:
        """The remote ids of posts that a person was asked about."""

    def lineage(self) -> str:
        """Which past this database goes on from; empty where nothing tells.

        Another one than before means that the newest commits may be lost: a standby was promoted,
        or a backup restored. PostgreSQL: its system and timeline, as of the connection in use.
        """

    def trust(self, account: str) -> Trust:
        """What the ledger says of its own memory."""

    def suspect(self, account: str, since: datetime, *, noticed: datetime | None = None) -> None:
        """Notes that posts since then may be missing. An earlier `since` stays, and `noticed`."""

    def clear(self, account: str, lineage: str, was: Trust) -> bool:
        """Notes that the account and the ledger agree, and which past that holds for.

        Only where the suspicion still is what it was; else False: somebody noticed more meanwhile.
        """

    def beat(self, worker: str, note: Mapping[str, Any]) -> None:
        """Says that this worker is alive. Its note has its `account`, and since when it `began`.

        It takes the place of those of its account that were heard of last before it began: they are
        forgotten. `began` is an ISO time of the ledger's clock.
        """

    def unbeat(self, worker: str) -> None:
        """Says that this worker has ended in good order."""

    def beats(self) -> list[Beat]:
        """The workers that neither ended in good order nor have a successor, newest first."""

    def acts(self, newest: int | None = None) -> Iterator[Act]:
        """What people did, oldest first; narrowed to the newest N."""

    def note_plan(self, account: str, note: PlanNote) -> PlanNote:
        """Notes what the account is planned by, and returns it as it stands then.

        While the schedule stays, so do `first` and `before`. With a new one `first` is now, and
        `before` the next slot that was noted. Where nothing was noted yet they are as given.
        """

    def plan_note(self, account: str) -> PlanNote | None:
        """What the account is planned by, as far as anybody noted it."""

    def trouble_begun(self, trouble: Trouble, addresses: Sequence[str] = ()) -> bool:
        """Notes a trouble, to be told to these addresses. False if it stands already.

        One that was over begins again, and is told again.
        """

    def troubles(self, *, open_only: bool = True) -> list[Trouble]:
        """The troubles that stand, or all that ever were, oldest first."""

    def trouble_over(self, trouble_id: str) -> bool:
        """Notes that a trouble is over, to be told to whom its beginning is told. False if it was.

        Reminders that were not delivered are dropped.
        """

    def lease(self, address: str, holder: str, seconds: float) -> Delivery | None:
        """Takes the oldest delivery that is due for an address and that nobody holds, for so long.

        Nobody else gets it meanwhile, on whatever host. That a trouble is over is delivered only
        after its beginning. An address that is new gets what still stands; a pause that stands is
        due again each day.
        """

    def delivered(self, delivery: Delivery) -> bool:
        """The delivery is done, for ever. False if it is somebody else's by now."""

    def undelivered(self, delivery: Delivery, next_at: datetime) -> bool:
        """Gives a delivery back, to be tried again from then on. False if it is another's."""

    def prove_alone(self) -> bool:
        """True only if no other process that uses this ledger can be alive.

        SQLite: by a lock file next to the database, held shared by every process that posts for as
        long as it lives. PostgreSQL: always False; a paused process looks dead there.
        """

    def close(self) -> None:
        """Lets go of the database."""
