"""An account's own pause: what begins it, and what lifts it.

Some troubles are no fault of the post at hand: every post of the account would meet them, for hours
or days. An alert for each slot would bury the one that matters, so such a trouble *halts* the
account. The halt is kept in the ledger, which guards it as it does the pause; whoever began it
raises the one alarm. There are two sorts:

    a person must act where the bot can't see it       nothing is armed until `bot resume`
    (no credit, a suspended account)
    it heals by itself, or by mended settings          each slot is tried once, not before the time
    (credentials, rights, address, a daily cap)        that the network named; a receipt lifts it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.errors import BotError, NotSent
from bot.ledger.base import Halt, Ledger, Row
from bot.ledger.reasons import HALTED, PAUSED

LONGEST = timedelta(days=1)
"""No network's cap lasts longer. A later time is not believed."""

Tell = Callable[..., None]


class Halts:
    """One account's. `new_token` gives each halt its own, by which whoever began it is known."""

    def __init__(
        self, account: str, ledger: Ledger, tell: Tell, new_token: Callable[[], str]
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._tell = tell
        self._new_token = new_token

    def stop(self, slot: datetime, now: datetime) -> bool:
        """Whether a slot may not be sent now: paused, or halted."""
        if self._ledger.paused() is not None:
            return True
        halt = self._ledger.halted(self._account)
        return halt is not None and halt.stops(slot, now)

    def stand(self) -> str:
        """PAUSED or HALTED, where a pause or a halt stands, of whatever sort; else empty."""
        if self._ledger.paused() is not None:
            return PAUSED
        halt = self._ledger.halted(self._account)
        if halt is None:
            return ""
        return PAUSED if halt.pauses else HALTED

    def after(
        self, error: BotError, slot: datetime, expires: datetime | None = None
    ) -> list[Callable[[], None]]:
        """What is to be recorded of the account after a post, or anything else, met this error.

        `expires` is the slot's, where the error was the post's: a wait beyond it is a cap.
        """
        until = error.retry_at if isinstance(error, NotSent) else None
        if until is None or expires is None or until <= expires:
            until = None
        if until is None and not error.facts.get("account_wide"):
            return []
        why, fix = first_line(error), str(error.facts.get("fix", ""))
        person = bool(error.facts.get("person"))
        return [self.beginning(why, fix, person=person, until=until, tried=slot)]

    def beginning(
        self,
        why: str,
        fix: str,
        *,
        person: bool,
        until: datetime | None = None,
        tried: datetime | None = None,
        asked: Sequence[str] = (),
        unread: bool = False,
    ) -> Callable[[], None]:
        """Begins a halt when it is called, and tells of it; calling it again does no harm."""
        token = self._new_token()

        def begin() -> None:
            now = self._ledger.now()
            end = None if until is None else min(until, now + LONGEST)
            halt = Halt(now, why, fix, person, end, tried, token, unread)
            stands = self._ledger.halt(self._account, halt, asked)
            if stands.token == token:
                outlook = stands.outlook(self._account)
                self._tell("halted", account=self._account, why=why, fix=fix, outlook=outlook)

        return begin

    def lifting(self, row: Row) -> Callable[[], None]:
        """Lifts the halt after this row's receipt, if the post was armed while it stood.

        Never one that only a person can lift: nothing was armed under it, whatever clocks say.
        """

        def lift() -> None:
            halt = self._ledger.halted(self._account)
            if halt is None or halt.person or row.armed_at is None or row.armed_at < halt.since:
                return
            self._ledger.unhalt(self._account)
            self._tell("unhalted", account=self._account)

        return lift


def resume(ledger: Ledger, account: str, why: str = "", *, who: str = "") -> bool:
    """A person lifts an account's halt, and has looked at what the program could not read."""
    halt = ledger.unhalt(account, why, who=who)
    if halt is not None and halt.unread:
        ledger.clear(account, ledger.lineage(), ledger.trust(account))
    return halt is not None


def first_line(error: object) -> str:
    """What a row, or a halt, keeps of an error."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
