"""Whether the ledger remembers everything; where it may not, the account is read before it is sent.

A ledger forgets when a standby is promoted that had not got the last commits yet, or when a backup
takes its place. What speaks for that:

    the database goes on from another past             certain: the last 24 hours are read
    rows that were there are not there any more        certain: likewise
    a process starts, and long nobody wrote anything   mostly a mere pause: that time is read

The suspicion is kept in the ledger until the account has been read, so that no restart forgets it.
Since the plan is a pure function of history, planning again from a shortened history gives the
same posts for the slots that were lost. A post that is found, and known to no row, is therefore
given back to its slot if it is exactly that slot's. What carries the campaign's hashtag in a slot's
own time, and yet is no slot's post, is a question to a person. Anything else is a person's own.

Where something is certainly lost, a request whose row was lost with it may still be under way: the
account is read, and sent to, only when it can't land any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from bot.content.tags import has_tag
from bot.domain import COOLDOWN, Account, Post, State
from bot.errors import LedgerConflict, Refused
from bot.halting import Halts, Tell, first_line
from bot.ledger.base import ALIVE, Ledger, NewRow, Row, Trust
from bot.networks.base import FOREVER, Found, Network
from bot.planning import Planned, Planner

FORGOTTEN = timedelta(hours=24)
"""So far back the account is read where the ledger certainly lost something."""

CLOCK_SKEW = timedelta(minutes=5)
"""The network's clock and the ledger's may differ by this much."""

DEADLINE = timedelta(seconds=60)
"""An arming is over after this, whatever became of it (the request itself ends after 30 s)."""

MOST = 500
"""At most so many rows are held against what was found."""

SHOWN = 5
"""At most so many addresses are named in a question to a person."""

FOUND = "reconciled after the ledger forgot it"
"""The reason of a row that was given its post back."""

_WITHOUT: tuple[State, ...] = ("sending", "retry", "unknown", "held", "failed", "missed")

Span = tuple[datetime, datetime]

Miss = Callable[[Sequence[tuple[int, Planned]]], bool]

Record = Callable[[Callable[[], None]], None]


def new_row(number: int, planned: Planned) -> NewRow:
    """A planned slot as a row to be inserted."""
    return NewRow(
        number=number,
        slot=planned.slot,
        network=planned.network,
        post=planned.post,
        template=planned.template,
        draws=planned.draws,
    )


class Memory:
    """What the ledger remembers of one account, as one process sees it.

    `miss` records slots that passed; False if somebody else was faster. `record` does what is to be
    recorded, and does it again next time if the ledger breaks off.
    """

    def __init__(
        self,
        account: Account,
        planner: Planner,
        ledger: Ledger,
        network: Network,
        tell: Tell,
        halts: Halts,
        miss: Miss,
        record: Record,
    ) -> None:
        self._account = account
        self._planner = planner
        self._ledger = ledger
        self._network = network
        self._tell = tell
        self._halts = halts
        self._miss = miss
        self._record = record
        self._lineage: str | None = None
        self.given_back = 0
        self._rows = 0
        self._suspected = False
        self._certain = False
        self._misdated = False

    def same_past(self) -> bool:
        """Whether the database is the one that was looked at."""
        return self._ledger.lineage() == self._lineage

    def whole(self) -> bool:
        """Whether nothing speaks for a loss. Looks closely once, and where the database changed."""
        lineage = self._ledger.lineage()
        if lineage != self._lineage:
            self._compare(lineage)
        return not self._suspected

    def look_again(self) -> None:
        """Takes over what others suspect: nothing is armed before that is settled."""
        trust = self._ledger.trust(self._account.name)
        self._suspected = self._suspected or trust.suspected is not None
        self._certain = self._certain or trust.noticed is not None

    def lost_some(self) -> bool:
        """Whether that is mended at once, be there anything to send or not: something is certainly
        lost, or slots were recorded by a clock that was wrong, without reading first."""
        return not self.whole() and (self._certain or self._misdated)

    def saw(self, rows: int) -> None:
        """Takes in how many rows there are. There are never fewer than before."""
        if rows < self._rows:
            self.lost()
        self._rows = rows

    def wrote(self, number: int) -> None:
        """Takes in that the ledger has a row of this number."""
        self._rows = max(self._rows, number)

    def lost(self) -> None:
        """Something that this process knows was in the ledger is not there."""
        now = self._ledger.now()
        self._suspect(now - FORGOTTEN, now)

    def _compare(self, lineage: str) -> None:
        name, now = self._account.name, self._ledger.now()
        if self._lineage is None:  # first: what is forgotten after this is missed by its number
            self.saw(self._ledger.history(name).rows)
        trust = self._ledger.trust(name)
        since = None
        if self._lineage is None and trust.life is not None:
            since = _asleep_since(trust.life, now)
            self._misdated = trust.life > now + CLOCK_SKEW
        if trust.noticed is not None and trust.noticed > now + CLOCK_SKEW:
            self._suspect(now - FORGOTTEN, now)  # noted by a clock that was wrong
            trust = self._ledger.trust(name)
        before = trust.lineage or self._lineage
        if lineage and before and lineage != before:
            self._suspect(min(since or now, now - FORGOTTEN), now)
        elif since is not None and since < (trust.suspected or now):
            self._suspect(since)
        elif trust.suspected is not None:
            self._suspected, self._certain = True, trust.noticed is not None
        elif lineage and not trust.lineage:
            self._ledger.clear(name, lineage, trust)
        self._lineage = lineage

    def _suspect(self, since: datetime, noticed: datetime | None = None) -> None:
        known = self._ledger.trust(self._account.name).noticed is not None
        self._ledger.suspect(self._account.name, since, noticed=noticed)
        self._suspected, self._certain = True, known or noticed is not None
        if noticed is not None and not known:
            self._tell("suspected", account=self._account.name, since=since)

    # -- reading, and giving back -------------------------------------------------------------

    def mend(self) -> datetime | None:
        """Reads the account, and gives the ledger back what it lost. Else when it may be read.

        Raises NetworkError, and LedgerConflict if somebody else was faster.
        """
        name = self._account.name
        trust = self._ledger.trust(name)
        if trust.noticed is not None:
            over = trust.noticed + DEADLINE + self._network.quarantine
            if self._ledger.now() < over:
                return over
        if trust.suspected is not None:
            self._read(trust, trust.suspected)
        self._suspected = not self._ledger.clear(name, self._lineage or "", trust)
        return None

    def _read(self, trust: Trust, since: datetime) -> None:
        if not self._network.readable:
            return self._not_read(trust, "the account's posts can't be read back")
        try:
            found = self._network.find(since)
        except Refused as error:
            return self._not_read(trust, f"reading was refused: {first_line(error)}")
        known = self._ledger.knows(self._account.name, [each.receipt.remote_id for each in found])
        unknown = sorted(
            (each for each in found if each.receipt.remote_id not in known),
            key=lambda each: each.created_at,
        )
        if unknown:
            self._give_back(unknown, since)
        return None

    def _not_read(self, trust: Trust, why: str) -> None:
        """A restart alone is no reason to stop for ever; a loss is, unless keys make up for it."""
        if trust.noticed is None or self._network.keyed == FOREVER:
            self._tell("unreadable", account=self._account.name, why=why)
            return
        since = f"{trust.suspected:%Y-%m-%d %H:%M} UTC"
        fix = f"Compare the account's posts since {since} with `bot log`."
        why = f"the ledger lost posts, and {why}"
        self._record(self._halts.beginning(why, fix, person=True, unread=True))

    def _give_back(self, unknown: list[Found], since: datetime) -> None:
        """Each of these posts to the row or slot that it is of; what may be another's is asked
        about first.

        If it breaks off after that, what is not asked about is found again.
        """
        rows, slots = self._for_rows(unknown, since), self._for_slots(unknown)
        times = [((row.slot, row.expires_at), found) for row, found in rows]
        times += [((planned.slot.due, planned.slot.expires), found) for _, planned, found in slots]
        self._ask(self._doubtful(unknown, times, since))
        for row, found in rows:
            if found is not None:
                self._told(self._ledger.receive(row, found.receipt, FOUND))
        last = max((at for at, (_, _, found) in enumerate(slots) if found), default=-1)
        for lost, group in groupby(slots[: last + 1], key=lambda each: each[2] is not None):
            self._fill(lost, list(group))

    def _doubtful(
        self, left: Sequence[Found], times: Sequence[tuple[Span, Found | None]], since: datetime
    ) -> list[Found]:
        """Posts that went out in a slot's time and may be that slot's, whatever is said of them.

        Such as belong to no slot; and such as belong to one by their words, but went out in the
        time of another that has no post. A slot that was given its post may have been given
        another's, now or when this broke off before.
        """
        posted = self._rows_since(since, ("posted",))
        given = [(row.slot, row.expires_at) for row in posted if row.reason == FOUND]
        spans = [span for span, _ in times] + given
        empty = [span for span, found in times if found is None]
        misplaced = [found for span, found in times if found and not self._within(found, [span])]
        return [each for each in left if self._within(each, spans)] + [
            each for each in misplaced if self._within(each, empty)
        ]

    def _within(self, found: Found, spans: Sequence[Span]) -> bool:
        """Whether a request that was written in one of these times can have become this post."""
        over = DEADLINE + self._network.quarantine + CLOCK_SKEW
        at = found.created_at
        return any(begin - CLOCK_SKEW <= at <= end + over for begin, end in spans)

    def _for_rows(self, unknown: list[Found], since: datetime) -> list[tuple[Row, Found | None]]:
        """The rows that have no receipt, each with its post if that is among these."""
        return [
            (row, None if row.text is None else _take(unknown, row.post, _begin(row)))
            for row in self._rows_since(since, _WITHOUT)
        ]

    def _rows_since(self, since: datetime, states: Sequence[State]) -> list[Row]:
        """The rows in these states that could be of a post since then, but for the birth row."""
        rows = self._ledger.rows(self._account.name, states, newest=MOST)
        return [row for row in rows if row.number > 1 and row.expires_at >= since - FORGOTTEN]

    def _for_slots(self, unknown: list[Found]) -> list[tuple[int, Planned, Found | None]]:
        """The slots that have no row, each with its post if that is among these."""
        history = self._ledger.history(self._account.name)
        self.saw(history.rows)
        if history.newest is None or history.born is None:
            return []
        begin, now = history.born - CLOCK_SKEW, self._ledger.now()
        walk: list[tuple[int, Planned, Found | None]] = []
        plan = self._planner.plan(self._account, history, history.newest)
        for number, planned in enumerate(plan, history.rows + 1):
            found = None if planned.post is None else _take(unknown, planned.post, begin)
            if found is None and planned.slot.due > now:
                break
            walk.append((number, planned, found))
        return walk

    def _fill(self, lost: bool, group: Sequence[tuple[int, Planned, Found | None]]) -> None:
        if not lost and not self._miss([(number, planned) for number, planned, _ in group]):
            number, planned, _ = group[0]
            raise LedgerConflict(account=self._account.name, slot=planned.slot.id)
        for number, planned, found in group:
            if found is not None:
                new = new_row(number, planned)
                self._told(self._ledger.recover(new, found.receipt, FOUND))

    def _told(self, row: Row) -> None:
        self.given_back += 1
        self._tell("posted", id=row.id, url=row.url, reason=row.reason, attempt=row.attempts)

    def _ask(self, doubtful: Sequence[Found]) -> None:
        """Halts for what carries the campaign's hashtag; once for each post."""
        asked = self._ledger.was_asked(self._account.name)
        receipts = [
            each.receipt
            for each in doubtful
            if each.receipt.remote_id not in asked and has_tag(each.text, self._planner.hashtag)
        ]
        if not receipts:
            return
        shown = ", ".join(receipt.url for receipt in receipts[:SHOWN])
        more = f" and {len(receipts) - SHOWN} more" if len(receipts) > SHOWN else ""
        why = f"the ledger may have lost posts; it can't tell which slot is that of {shown}{more}"
        fix = "Look at them: is one of them a slot's that `bot log` does not have as posted?"
        ids = [receipt.remote_id for receipt in receipts]
        self._record(self._halts.beginning(why, fix, person=True, asked=ids))


def _asleep_since(life: datetime, now: datetime) -> datetime | None:
    """Since when nobody may have written anything, by the newest sign of life. None: just now.

    One from a time to come was written by a clock that was wrong, and says nothing.
    """
    if life > now + CLOCK_SKEW:
        return now - FORGOTTEN
    return max(life - CLOCK_SKEW, now - COOLDOWN) if now - life > ALIVE else None


def _begin(row: Row) -> datetime | None:
    """When its post went out at the earliest; a row that was never armed may be younger than it."""
    return row.claimed_at - CLOCK_SKEW if row.attempts else None


def _take(unknown: list[Found], post: Post, begin: datetime | None = None) -> Found | None:
    """The oldest of these that is exactly this post, taken out of them."""
    for found in unknown:
        if found.same(post) and (begin is None or found.created_at >= begin):
            unknown.remove(found)
            return found
    return None
