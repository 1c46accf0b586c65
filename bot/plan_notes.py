"""What an account is planned by, noted in the ledger; and which slots its schedule never had.

A schedule counts from when it was first noted. A slot that expired before that is none that was
lost: it came by an edit, or from before the ledger began. But for one: the next slot of the
schedule before, as it was noted.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from bot.domain import NOWHERE, Account, Slot
from bot.ledger.base import Ledger, PlanNote
from bot.schedule import GRACE, slots


def schedule_hash(account: Account) -> str:
    """A hash of when the account posts, wherever in the file that stands."""
    said = repr(account.schedule._replace(where=NOWHERE))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def next_slot(account: Account, seed: int, after: datetime, now: datetime) -> Slot | None:
    """The account's first slot after this that has not expired by now."""
    jitter = timedelta(seconds=account.schedule.jitter)
    start = max(after, now - GRACE - jitter)
    return next((each for each in slots(account, seed, start) if each.expires > now), None)


class PlanNotes:
    """Keeps one account's note up to date. `content` is the hash of all that decides on posts."""

    note: PlanNote | None = None
    """As it stood when it was kept or read last."""

    def __init__(self, account: Account, seed: int, content: str, ledger: Ledger) -> None:
        self._account = account
        self._seed = seed
        self._content = content
        self._schedule = schedule_hash(account)
        self._ledger = ledger
        self._born: datetime | None = None

    def never_was(self, slot: Slot) -> bool:
        """Whether a slot that passed is none that was ever to be posted by this ledger."""
        if self._born is not None and slot.at <= self._born:
            return True
        note = self.note
        return note is not None and slot.expires <= note.first and slot.at != note.before

    def dropped(self, newest: datetime, now: datetime) -> Slot | None:
        """The slot that the schedule before had next, where that passed without a row, and this one
        doesn't have it. Only before the note is kept.
        """
        self.read()
        note = self.note
        if note is None or note.slot is None or note.expires is None:
            return None
        if note.schedule == self._schedule or now < note.expires or note.slot <= newest:
            return None
        same = next(slots(self._account, self._seed, note.slot - timedelta(microseconds=1)), None)
        if same is not None and same.at == note.slot:
            return None
        return Slot(note.slot, self._account.name, note.slot, note.expires)

    def read(self) -> None:
        """Takes in what is noted. Not once for all: the ledger may be another by now."""
        self.note = self._ledger.plan_note(self._account.name)

    def keep(self, newest: datetime, born: datetime, now: datetime) -> None:
        """Writes the note anew, where it is not what it should be."""
        self.read()
        self._born = born
        if self.note is None or not self._holds(self.note, newest, now):
            self._write(born, max(newest, born), now)

    def _holds(self, note: PlanNote, newest: datetime, now: datetime) -> bool:
        """Whether nothing can have changed: the slot that is noted is still to come."""
        return (
            (note.content, note.schedule) == (self._content, self._schedule)
            and note.slot is not None
            and note.expires is not None
            and newest < note.slot
            and now < note.expires
        )

    def _write(self, born: datetime, after: datetime, now: datetime) -> None:
        slot = next_slot(self._account, self._seed, after, now)
        at, expires = (None, None) if slot is None else (slot.at, slot.expires)
        note = PlanNote(self._content, self._schedule, born, at, expires)
        if self.note is None or _said(self.note) != _said(note):
            self.note = self._ledger.note_plan(self._account.name, note)


def _said(note: PlanNote) -> tuple[object, ...]:
    return note.content, note.schedule, note.slot, note.expires
