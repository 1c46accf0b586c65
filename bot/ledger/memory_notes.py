"""What the ledger in memory keeps beside the rows: `sql_notes` in plain Python."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.ledger import rules
from bot.ledger.base import Act, Beat, Deed, Delivery, Halt, Pause, PlanNote, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

_Key = tuple[str, str, str]
"""What a delivery is known by: trouble, stage, address."""


class _Due:
    """A delivery as it is kept."""

    def __init__(self, now: datetime) -> None:
        self.next_at = now
        self.attempts = 0
        self.holder = ""
        self.until = now
        self.done = False


class MemoryNotes:
    """Pauses, halts, workers, acts, plans, troubles and who is to be told of them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._paused: Pause | None = None
        self._halts: dict[str, Halt] = {}
        self._asked: dict[str, set[str]] = {}
        self._beats: dict[str, Beat] = {}
        self._acts: list[Act] = []
        self._plans: dict[str, PlanNote] = {}
        self._troubles: dict[str, Trouble] = {}
        self._due: dict[_Key, _Due] = {}

    def now(self) -> datetime:
        return self._clock()

    def _act(
        self, who: str, what: Deed, account: str = "", slot: datetime | None = None, why: str = ""
    ) -> None:
        if who:
            act = Act(self.now(), rules.plain(who), what, account, slot, rules.plain(why))
            self._acts.append(act)

    def acts(self, newest: int | None = None) -> Iterator[Act]:
        acts = sorted(self._acts, key=lambda act: act.at)
        return iter(acts if newest is None else acts[max(0, len(acts) - newest) :])

    def pause(self, why: str = "", *, who: str = "") -> None:
        if self._paused is None:
            self._paused = Pause(self.now(), rules.plain(why), rules.plain(who))
            self._act(who, "pause", why=why)

    def resume(self, why: str = "", *, who: str = "") -> None:
        if self._paused is not None:
            self._paused = None
            self._act(who, "resume", why=why)

    def paused(self) -> Pause | None:
        return self._paused

    def halt(self, account: str, halt: Halt, asked: Sequence[str] = (), *, who: str = "") -> Halt:
        standing = self._halts.get(account)
        stands = rules.halting(standing, halt, self.now())
        self._halts[account] = stands
        self._asked.setdefault(account, set()).update(asked)
        if stands != standing:
            self._act(who, "halt", account, why=halt.why)
        return stands

    def unhalt(self, account: str, why: str = "", *, who: str = "") -> Halt | None:
        halt = self._halts.pop(account, None)
        if halt is not None:
            self._act(who, "unhalt", account, why=why)
        return halt

    def halted(self, account: str) -> Halt | None:
        return self._halts.get(account)

    def halts(self) -> dict[str, Halt]:
        return dict(sorted(self._halts.items()))

    def was_asked(self, account: str) -> set[str]:
        return set(self._asked.get(account, ()))

    def beat(self, worker: str, note: Mapping[str, Any]) -> None:
        name = rules.plain(worker)
        for old in rules.succeeded(name, note, self._beats.values()):
            del self._beats[old]
        self._beats[name] = Beat(name, self.now(), dict(note))

    def unbeat(self, worker: str) -> None:
        self._beats.pop(rules.plain(worker), None)

    def beats(self) -> list[Beat]:
        by_name = sorted(self._beats.values(), key=lambda beat: beat.worker)
        return sorted(by_name, key=lambda beat: beat.at, reverse=True)

    def note_plan(self, account: str, note: PlanNote) -> PlanNote:
        stands = rules.noting(self._plans.get(account), note, self.now())
        self._plans[account] = stands
        return stands

    def plan_note(self, account: str) -> PlanNote | None:
        return self._plans.get(account)

    def trouble_begun(self, trouble: Trouble, addresses: Sequence[str] = ()) -> bool:
        standing = self._troubles.get(trouble.id)
        if standing is not None and standing.over_at is None:
            return False
        self._due = {key: due for key, due in self._due.items() if key[0] != trouble.id}
        self._troubles[trouble.id] = rules.tellable(trouble)
        for address in addresses:
            self._due[trouble.id, "begun", address] = _Due(self.now())
        return True

    def troubles(self, *, open_only: bool = True) -> list[Trouble]:
        found = [each for each in self._troubles.values() if not open_only or each.over_at is None]
        return sorted(found, key=lambda each: (each.since, each.id))

    def trouble_over(self, trouble_id: str) -> bool:
        trouble = self._troubles.get(trouble_id)
        if trouble is None or trouble.over_at is not None:
            return False
        self._troubles[trouble_id] = trouble._replace(over_at=self.now())
        for key in [key for key in self._due if key[0] == trouble_id]:
            if key[1] not in ("begun", "over") and not self._due[key].done:
                del self._due[key]
        return True

    def lease(self, address: str, holder: str, seconds: float) -> Delivery | None:
        now = self.now()
        self._make_due(address, now)
        due = min(self._leasable(address, now), default=None)
        if due is None:
            return None
        _, stage, trouble_id = due
        leased = self._due[trouble_id, stage, address]
        leased.attempts += 1
        leased.holder, leased.until = holder, now + timedelta(seconds=seconds)
        trouble = self._troubles[trouble_id]
        return Delivery(trouble, stage, address, leased.attempts, holder)

    def _make_due(self, address: str, now: datetime) -> None:
        for trouble in self._troubles.values():
            told = (trouble.id, "begun", address) in self._due
            if trouble.over_at is None:
                for stage in rules.stages(trouble, now):
                    self._due.setdefault((trouble.id, stage, address), _Due(now))
            elif told:
                self._due.setdefault((trouble.id, "over", address), _Due(trouble.over_at))

    def _leasable(self, address: str, now: datetime) -> Iterator[tuple[datetime, str, str]]:
        for (trouble, stage, to), due in self._due.items():
            begun = self._due.get((trouble, "begun", to))
            waits = stage != "begun" and begun is not None and not begun.done
            held = due.holder and rules.to_come(due.until, now)
            later = rules.to_come(due.next_at, now)
            if to == address and not (due.done or waits or held or later):
                yield due.next_at, stage, trouble

    def delivered(self, delivery: Delivery) -> bool:
        due = self._leased(delivery)
        if due is not None:
            due.done = True
        return due is not None

    def undelivered(self, delivery: Delivery, next_at: datetime) -> bool:
        due = self._leased(delivery)
        if due is not None:
            due.next_at, due.holder = rules.utc(next_at), ""
        return due is not None

    def _leased(self, delivery: Delivery) -> _Due | None:
        """The delivery as it is kept, if whoever had it leased has it still."""
        due = self._due.get((delivery.trouble.id, delivery.stage, delivery.address))
        if due is None or due.done or due.holder != delivery.holder:
            return None
        return due
