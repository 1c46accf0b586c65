"""One world: time, the ledger, what befalls the whole, and a person who settles held posts.

Everything that takes time goes through one clock and one seeded source of chance, so that a seed
replays alone. What is simulated is only what lies outside of publishing: its code runs as it is.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import count
from typing import Any

from greenlet import getcurrent

from bot import halting
from bot.alerts import key_of
from bot.domain import Account, History, Receipt, Schedule, slot_id
from bot.errors import LedgerConflict
from bot.ledger.base import ALIVE, OPEN, Beat, Row
from bot.ledger.memory import MemoryLedger
from bot.planning import Planned, Planner
from bot.publishing import LOOK, Publisher, resolve
from bot.schedule import GRACE
from tests.generated import START, campaign, limits, passage, template
from tests.simulation.alerting import ADDRESSES, Sent
from tests.simulation.faults import (
    BACKWARD,
    FAR_OFF,
    FORWARD,
    HARSHNESS,
    HOUR,
    KINDS,
    LOST,
    MINUTE,
    MOST_LOST,
    NETWORK_SKEW,
    SECOND,
    Chances,
)
from tests.simulation.network import Landed
from tests.simulation.process import Process

EVERY = (4, 10, 20, 60, 180)
"""Minutes between two slots: from rows that overlap to rows that each have their own time."""

BACKWARD_AT_MOST = 2 * timedelta(seconds=BACKWARD)
"""By so much a pause may look shorter than it was."""

WORKERS = 4
"""At most so many are alive at once."""


@dataclass
class World:
    """One run: so many slots, some workers, one network, and what chance makes of it.

    `beyond` is one of BEYOND, or nothing; `make` makes each worker's publisher.
    """

    seed: int
    chances: Chances = field(default_factory=Chances)
    beyond: str = ""
    make: Callable[..., Publisher] = Publisher
    trace: bool = False

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.random = self.chance.random
        self.kind = self.chance.choice(KINDS)
        self.rates = self.chances.times(self.chance.choice(HARSHNESS))
        if self.beyond == "late":
            self.rates["late"] = 0.3
        self.calm = False
        self.now = 0.0
        self.skew = 0.0
        self.far_off = 0.0
        self.network_skew = 0.0
        self.away_until = 0.0
        self.provable = self.random() < 0.5
        self.edited = self.random() < 0.5
        self.faults: Counter[tuple[str, str]] = Counter()
        self.acts: Counter[str] = Counter()
        self.landed: list[Landed] = []
        self.in_flight: Counter[str] = Counter()
        self.processes: list[Process] = []
        self.held: set[str] = set()
        self.sent: Counter[Sent] = Counter()
        self.known_lost: set[str] = set()
        self.forgot: set[str] = set()
        self.forgot_at = -1.0
        self.unnoted: set[str] = set()
        self._noted_before: datetime | None = None
        self._noted = True
        self.asked: set[str] = set()
        self.halts: set[str] = set()
        self.alerts: Counter[str] = Counter()
        self.credit = True
        self.revoked_until = 0.0
        self.capped_until = 0.0
        self.closed = False
        self.wrong: list[str] = []
        self._events: list[tuple[float, int, Callable[[], Any]]] = []
        self._count = count()
        self._hub = getcurrent()
        minutes = self.chance.choice(EVERY)
        self.step = minutes * MINUTE
        self.slots = self.chance.randint(6, 20)
        self.end = self.slots * self.step
        self.account = Account("x0", "x", self._schedule(minutes))
        self.contents = [RememberingPlanner(number) for number in range(EDITIONS)]
        self.rescheduled = self._reschedule(minutes)
        begin = START - 3 * self.step * timedelta(seconds=1)
        times = (begin + n * self.step * timedelta(seconds=1) for n in range(self.slots + 4))
        self.slot_at = {slot_id(self.account.name, at): at for at in times}
        self._pasts = count(1)
        self.ledger = self._new_ledger()

    def _schedule(self, minutes: int) -> Schedule:
        """Up to the run's end. A fifth of the campaigns began before their ledgers."""
        early = START - 3 * timedelta(minutes=minutes)
        return Schedule(
            every=(minutes, "m"),
            starts=early if self.random() < 0.2 else None,
            ends=START + timedelta(seconds=self.end),
        )

    def _reschedule(self, minutes: int) -> bool:
        """In some of the worlds whose content is edited, the edit leaves every second slot out."""
        schedule = self.account.schedule
        if not self.edited or schedule.starts is not None or self.random() >= 0.4:
            return False
        sparse = schedule._replace(every=(2 * minutes, "m"))
        for planner in self.contents[1:]:
            planner.account = self.account._replace(schedule=sparse)
        return True

    def _new_ledger(self) -> WorldLedger:
        return WorldLedger(self, self._past())

    def _past(self) -> str:
        """A database server tells its past. A file, which lets a process prove that it is alone,
        doesn't."""
        return "" if self.provable else f"past {next(self._pasts)}"

    # -- time ---------------------------------------------------------------------------------

    def clock(self) -> datetime:
        """The ledger's clock."""
        return START + timedelta(seconds=self.now + self.skew + self.far_off)

    def after(self, seconds: float, act: Callable[[], Any]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._count), act))

    def sleep(self, seconds: float) -> None:
        """Lets the others run. Only from within a process."""
        self.after(seconds, getcurrent().switch)
        self._hub.switch()

    def switch(self) -> None:
        """Lets the others run until somebody wakes the process."""
        self._hub.switch()

    def _stir(self) -> None:
        for process in self.processes:
            process.stir()

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            at, _, act = heapq.heappop(self._events)
            self.now = max(self.now, at)
            act()
        self.now = max(self.now, until)

    def note(self, who: str, what: str) -> None:
        """A line of the trace."""
        if self.trace:
            print(f"{timedelta(seconds=round(self.now, 3))!s:>15}  {who:8} {what}")

    def fault(self, name: str, where: str) -> bool:
        """Whether this goes wrong, this time."""
        if self.random() < self.rates[name]:
            self.befell(name, where)
            return True
        return False

    def befell(self, name: str, where: str) -> None:
        self.faults[name, where] += 1
        self.note("FAULT", f"{name} ({where})")

    # -- a run --------------------------------------------------------------------------------

    def play(self) -> World:
        """Faults for as long as there are slots; then calm, until everything is settled."""
        self.note("world", f"{self.kind.name}, every {self.step / MINUTE:.0f} min, {self.slots}")
        self.start()
        for _ in range(self.chance.randint(0, WORKERS - 1)):
            self.after(self.chance.uniform(0, self.end), self.start)
        self._upsets()
        self.run(self.end)
        self._calm_down()
        for process in self.processes:
            process.bury()
        return self

    def _calm_down(self) -> None:
        """Nothing goes wrong any more. Half of the worlds go on with fresh processes alone."""
        self.note("world", "is calm from now on")
        self.calm = True
        self.rates = dict.fromkeys(self.rates, 0.0)
        self.ledger.resume()
        self._set_right()
        self.revoked_until = self.capped_until = 0.0
        if self.random() < 0.5:
            for process in self.processes:
                process.kill()
        until = self.end
        for _ in range(100):
            if not self.living():
                self.start()
            until += 10 * MINUTE
            self.run(until)
            self.operate()
            if self._settled():
                break

    def _settled(self) -> bool:
        """Whether the last slot is over, and whoever was to find that out has looked since.

        Where the network did not say what time it is, that is asked again until it does.
        """
        over = START + timedelta(seconds=self.end) + GRACE + LOOK
        living = self.living()
        return (
            bool(living)
            and self.ledger.history(self.account.name).rows > 0
            and all(process.idle and self._looked_after(over, process) for process in living)
            and not any(self.in_flight.values())
            and not any(row.state in OPEN or row.state == "held" for row in self.ledger.rows())
            and self.ledger.trust(self.account.name).noticed is None
            and not self.ledger.owes()
        )

    def _looked_after(self, at: datetime, process: Process) -> bool:
        """Whether its last look that went well began after this, by the ledger's clock."""
        since = process.well_since
        return since is not None and START + timedelta(seconds=since + self.skew) > at

    def living(self) -> list[Process]:
        return [process for process in self.processes if process.alive]

    def alone(self) -> bool:
        """What a process can prove: on one host with SQLite that no other is left, else nothing."""
        return self.provable and len(self.living()) == 1

    def start(self) -> None:
        """A new process, perhaps with edited content."""
        if len(self.living()) < WORKERS and not self.closed:
            edited = self.edited and self.random() < 0.8
            edition = self.chance.randrange(EDITIONS) if edited else 0
            process = Process(self, f"P{len(self.processes)}", self.contents[edition])
            self.note(process.name, f"starts with edition {edition}")
            self.processes.append(process)
            self.after(0, process.begin)

    # -- what befalls the whole ---------------------------------------------------------------

    def _upsets(self) -> None:
        chance = self.chance
        for _ in range(chance.randint(0, 2)):
            self._sometime(self._pause)
        for _ in range(chance.randint(0, 2)):
            self._sometime(self._deploy)
        if self.random() < 0.2:
            self._sometime(self._type_by_hand)
        for _ in range(2):
            if self.random() < self.rates["outage"]:
                self._sometime(self._outage)
        for furthest in (FORWARD, -BACKWARD):
            if self.random() < self.rates["clock_jump"]:
                self._sometime(partial(self._jump, chance.uniform(0, furthest)))
        if self.random() < self.rates["clock_far"]:
            self._sometime(self._go_far)
        if self.random() < self.rates["ledger_lost"]:
            self._sometime(self._lose)
        if not self.provable and self.random() < self.rates["failed_over"]:
            self._sometime(partial(self._back_up, self._fail_over))
        if self.kind.readable:
            if self.random() < self.rates["restored"]:
                self._sometime(partial(self._back_up, self._restore))
            if self.random() < self.rates["rows_gone"]:
                self._sometime(partial(self._back_up, self._lose_rows))
        if self.random() < self.rates["network_skew"]:
            self.befell("network_skew", "whole")
            self.network_skew = chance.uniform(-NETWORK_SKEW, NETWORK_SKEW)
        if self.beyond == "clock":
            self._sometime(partial(self._jump, chance.choice((-9 * MINUTE, 9 * MINUTE))))
        if self.beyond == "rollback":
            for number in range(1, self.slots):
                before = number * self.step - chance.uniform(0, 20 * SECOND)
                self.after(before, partial(self._back_up, self._roll_back))
        at = chance.uniform(0.3, 2) * HOUR
        while at < self.end:
            self.after(at, self.operate)
            at += chance.uniform(0.3, 2) * HOUR

    def _sometime(self, act: Callable[[], Any]) -> None:
        self.after(self.chance.uniform(0, self.end), act)

    def _pause(self) -> None:
        self.acts["pauses"] += 1
        self.note("person", "pauses")
        self.ledger.pause("drill")
        self._stir()
        self.after(self.chance.uniform(0, 2 * self.step), self._resume)

    def _resume(self) -> None:
        self.note("person", "resumes")
        self.ledger.resume()
        self._stir()

    def _deploy(self) -> None:
        """As hosts do it: the new process starts as the old ones are asked to stop."""
        self.acts["deploys"] += 1
        self.note("person", "deploys")
        for process in self.living():
            process.stop()
            self.after(30 * SECOND, process.kill)
        self.start()

    def _type_by_hand(self) -> None:
        self.acts["posts typed by hand"] += 1
        self.landed.append(Landed(f"r{len(self.landed)}", "", "Typed by hand", self.now))

    def _outage(self) -> None:
        """The database is away for everybody, for a while. Counted once, however many notice."""
        self.befell("outage", "whole")
        self.away_until = self.now + self.chance.uniform(5 * SECOND, 20 * MINUTE)

    def _jump(self, seconds: float) -> None:
        self.befell("clock_jump", "whole")
        self.skew += seconds
        self._stir()

    def _go_far(self) -> None:
        """The ledger's clock is far off, until a person sets it right."""
        self.befell("clock_far", "whole")
        self.ledger.keep_beats()
        self.far_off = self.chance.choice((-1, 1)) * self.chance.uniform(
            *self.chance.choice(FAR_OFF)
        )
        self._stir()
        self.after(self.chance.uniform(10 * SECOND, 2 * HOUR), self._set_right)

    def _set_right(self) -> None:
        if self.far_off:
            self.note("person", "sets the clock right")
            self.far_off = 0.0
            self._stir()

    def _lose(self) -> None:
        """The database is gone; an empty one takes its place."""
        self.befell("ledger_lost", "whole")
        self.known_lost |= self.forgot | {row.id for row in self.ledger.rows()}
        self.ledger = self._new_ledger()
        self._stir()

    def _back_up(self, later: Callable[[WorldLedger], None]) -> None:
        """What the ledger holds now, if anything: later it will be that again."""
        name = self.account.name
        if self.ledger.history(name).rows and self.ledger.trust(name).lineage is not None:
            later(self.ledger.copy())

    def _fail_over(self, kept: WorldLedger) -> None:
        """A database server's standby is promoted that has got no more than that."""
        kept.past = self._past()

        def promote() -> None:
            if any(process.stopped_in_sending() for process in self.processes):
                self._unless_calm(MINUTE, promote)
                return
            self._forget(kept, "failed_over")

        self._unless_calm(self._lost(), promote)

    def _restore(self, kept: WorldLedger) -> None:
        """The workers are stopped, a backup takes the ledger's place, and they are started again.

        Only when nothing that they sent can land any more, and after the pause by which it is told.
        """

        def stop() -> None:
            self.note("person", "stops all workers, to restore a backup")
            self.closed = True
            for process in self.processes:
                process.bury()
            put_back()

        def put_back() -> None:
            life = kept.trust(self.account.name).life
            too_soon = life is not None and self.clock() - life <= ALIVE + BACKWARD_AT_MOST
            if self.calm or (not too_soon and not any(self.in_flight.values())):
                if not self.calm:
                    self._forget(kept, "restored")
                self.closed = False
                self.start()
            else:
                self.after(MINUTE, put_back)

        self._unless_calm(self._lost(), stop)

    def _lose_rows(self, kept: WorldLedger) -> None:
        """Rows go under the hands of workers who, all of them, know that they were there."""
        taken_at = self.now
        rows, _ = kept._newest(self.account.name)

        def go() -> None:
            living = self.living()
            life = kept.trust(self.account.name).life
            if self.now > taken_at + MOST_LOST:
                return
            if (
                not living
                or any(process.rows <= rows or process.stopped_in_sending() for process in living)
                or (life is not None and self.clock() - life <= ALIVE + BACKWARD_AT_MOST)
            ):
                self._unless_calm(MINUTE, go)
                return
            self._forget(kept, "rows_gone")

        self._unless_calm(self._lost(), go)

    def _roll_back(self, kept: WorldLedger) -> None:
        """A backup takes the ledger's place and the workers are started anew, all in a minute."""

        def put_back() -> None:
            for process in self.processes:
                process.bury()
            self._forget(kept, "rolled_back")
            self.start()

        self._unless_calm(self.chance.uniform(10 * SECOND, MINUTE), put_back)

    def _lost(self) -> float:
        return self.chance.uniform(*self.chance.choice(LOST))

    def _unless_calm(self, seconds: float, act: Callable[[], Any]) -> None:
        self.after(seconds, lambda: None if self.calm else act())

    def _forget(self, kept: WorldLedger, fault: str) -> None:
        """The ledger is again what it was."""
        self.befell(fault, "whole")
        was = {row.id: row for row in kept.rows()}
        changed = (row for row in self.ledger.rows() if was.get(row.id) != row)
        self.forgot |= {row.id for row in changed if row.reason != "birth"}
        self.forgot_at = self.now
        if fault != "failed_over":
            self.rates["read_refused"] = 0.0
        self._noted, self._noted_before = False, kept.trust(self.account.name).noticed
        self.ledger = kept
        self._stir()

    def note_loss(self) -> None:
        """Somebody wrote down a suspicion: perhaps that something is certainly lost."""
        noticed = self.ledger.trust(self.account.name).noticed
        self._noted = self._noted or noticed not in (None, self._noted_before)

    def under_way(self) -> set[str]:
        """Requests that can still land, and whose rows are forgotten."""
        return {key for key in self.forgot if self.in_flight[key]}

    def read_account(self, under_way: set[str]) -> None:
        """The account has been read while these were under way. Where whoever knew of a loss was
        killed before it was noted, that was too early; nobody can know, and so it is not judged."""
        if not self._noted:
            lost = under_way - self.unnoted
            self.acts["requests whose loss nobody lived to note"] += len(lost)
            self.unnoted |= lost

    # -- a person -----------------------------------------------------------------------------

    def operate(self) -> None:
        """Settles what is held, by the truth; sends again only what can't come any more.

        And lifts a halt, having looked.
        """
        self._lift()
        for row in list(self.ledger.rows(states=("held",))):
            self.held.add(row.id)
            seen = next((each for each in self.landed if each.key == row.id), None)
            if seen is not None and self._is_anothers(seen):
                self._settle(row, posted=None, retry=False)
            elif seen is not None:
                self._settle(row, posted=Receipt(seen.remote_id, "by hand"), retry=False)
            elif not self.in_flight[row.id]:
                self._settle(row, posted=None, retry=self.random() < 0.5)

    def _is_anothers(self, seen: Landed) -> bool:
        """Whether the ledger, having forgotten this post, was given it back for another slot."""
        known = self.ledger.knows(self.account.name, [seen.remote_id])
        return seen.key in self.forgot and seen.remote_id in known

    def _lift(self) -> None:
        """Buys credit, or compares what was posted with the ledger: not while such a slot lives."""
        halt = self.ledger.halted(self.account.name)
        if halt is None:
            return
        now = self.clock()
        if any(now <= self.slot_at[key] + GRACE for key in self.forgot):
            return
        self.credit = True
        self.ask()
        self.note("person", "lifts the halt")
        halting.resume(self.ledger, self.account.name)
        self._stir()

    def ask(self) -> None:
        """A person looks at what the ledger has forgotten, or was told to."""
        self.asked |= {each.remote_id for each in self._forgotten()}

    def _forgotten(self) -> list[Landed]:
        """What followers saw, and the ledger has forgotten."""
        ids = [each.remote_id for each in self.landed]
        known = self.ledger.knows(self.account.name, ids)
        return [
            each for each in self.landed if each.key in self.forgot and each.remote_id not in known
        ]

    def _settle(self, row: Row, *, posted: Receipt | None, retry: bool) -> None:
        said = "posted" if posted else "again" if retry else "drop it"
        self.note("person", f"{row.id}: {said}")
        try:
            resolve(self.ledger, row, grace=GRACE, posted=posted, retry=retry)
        except LedgerConflict:
            self.wrong.append(f"{row.id}: another row has its post")
        self._stir()


class WorldLedger(MemoryLedger):
    """The ledger in memory. It keeps a history until there is another row: rows never change it.

    `beaten` is when each worker last said that it is alive. One that waits says so all the time,
    though most of the looks with which it would are left out. `told` are the alerts that are
    recorded as delivered.
    """

    def __init__(self, world: World, past: str) -> None:
        super().__init__(world.clock)
        self._world = world
        self.past = past
        self._kept: dict[str, tuple[int, History]] = {}
        self.beaten: dict[str, datetime] = {}
        self.told: set[Sent] = set()

    def copy(self) -> WorldLedger:
        """What it holds now, for later."""
        other = WorldLedger(self._world, self.past)
        other._rows = {account: list(rows) for account, rows in self._rows.items()}
        other._plans = dict(self._plans)
        other._paused = self._paused
        other._halts, other._trust = dict(self._halts), dict(self._trust)
        other._asked = {account: set(asked) for account, asked in self._asked.items()}
        other._kept = dict(self._kept)
        other.beaten = self._beats_by_now()
        other._troubles, other._due = dict(self._troubles), deepcopy(self._due)
        other.told = set(self.told)
        return other

    def beats(self) -> list[Beat]:
        notes = {process.name: process.note for process in self._world.processes}
        return [Beat(name, at, notes[name]) for name, at in self._beats_by_now().items()]

    def owes(self) -> bool:
        """Whether an alert is still to be delivered."""
        for address in ADDRESSES:
            self._make_due(key_of(address), self.now())
        return any(not due.done for due in self._due.values())

    def keep_beats(self) -> None:
        """Writes down who beat up to now: from now on nobody does for a while."""
        self.beaten = self._beats_by_now()

    def _beats_by_now(self) -> dict[str, datetime]:
        if self._world.far_off:
            return dict(self.beaten)
        waiting = {process.name for process in self._world.living() if process.beats()}
        return self.beaten | dict.fromkeys(waiting, self.now())

    def lineage(self) -> str:
        return self.past

    def history(self, account: str) -> History:
        number, _ = self._newest(account)
        kept = self._kept.get(account)
        if kept is None or kept[0] != number:
            kept = self._kept[account] = (number, super().history(account))
        return kept[1]

    def prove_alone(self) -> bool:
        return self._world.alone()


# -- what there is to say -------------------------------------------------------------------------

EDITIONS = 3


@cache
def edition(number: int) -> Planner:
    """The campaign before and after an edit that changes every text, and cut down to too little."""
    passages, designs = ((6, 5), (6, 5), (2, 3))[number]
    texts = [passage(f"p{n}", text=f"Words {n}, edition {number}") for n in range(passages)]
    return Planner(campaign(texts, [template(f"t{n}") for n in range(designs)]), {"x": limits()})


class RememberingPlanner:
    """A planner that draws a coming slot once, not at each look: the plan is a pure function.

    Of campaign, account and history. It is asked again with the same ones until a row is added.
    """

    def __init__(self, number: int) -> None:
        self._planner = edition(number)
        self.hashtag = self._planner.hashtag
        self.seed = self._planner.seed
        self.account: Account | None = None
        self.makes = self._planner.makes
        self.says = f"edition {number}"
        self._asked: tuple[History, datetime] | None = None
        self._drawn: list[Planned] = []
        self._more: Iterator[Planned] = iter(())

    def plan(
        self, account: Account, history: History, after: datetime, until: datetime | None = None
    ) -> Iterator[Planned]:
        assert until is None, "publishing asks for what comes, without an end"
        if self._asked is None or self._asked[0] is not history or self._asked[1] != after:
            self._asked = (history, after)
            self._drawn, self._more = [], self._planner.plan(account, history, after)
        drawn, more = self._drawn, self._more
        for index in count():
            if index == len(drawn):
                following = next(more, None)
                if following is None:
                    return
                drawn.append(following)
            yield drawn[index]
