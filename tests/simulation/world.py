"""A simulated world for the production publishing code: clock, ledger, network, and many faults.

Everything that takes time goes through one clock and one seeded source of chance, so that a seed
replays alone. Each worker process is a greenlet; at every call to the ledger or the network it can
be delayed, stopped for longer than any deadline, or killed, and others run meanwhile. What is
simulated is only what lies outside the program: publishing and planning run as they are.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from greenlet import getcurrent, greenlet

from bot.domain import Post, Receipt, Schedule
from bot.errors import InDoubt, LedgerUnavailable, NotSent, Refused
from bot.ledger.base import Row
from bot.ledger.memory import MemoryLedger
from bot.networks.base import FOREVER, Found, Request
from bot.planning import Planner
from bot.publishing import DEADLINE, LOOK, READ_APART, READINGS, Publisher
from tests.generated import START, campaign, limits, passage, template

SECOND, MINUTE = 1.0, 60.0


class Killed(BaseException):
    """What `kill -9` looks like from inside: nothing of the process runs any more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of network: what it promises, and whether it refuses the same text twice."""

    name: str
    keyed: timedelta | None
    readable: bool
    refuses_doubles: bool = False
    quarantine: timedelta = timedelta(minutes=5)


KINDS = (
    Kind("keyed for ever", FOREVER, True),
    Kind("keyed for an hour", timedelta(hours=1), True),
    Kind("refuses doubles, readable", None, True, True, timedelta(minutes=15)),
    Kind("readable only", None, True),
    Kind("blind", None, False),
)


@dataclass(frozen=True, slots=True)
class Chances:
    """How often things go wrong, a chance for each opportunity."""

    kill: float = 0.004
    stop: float = 0.004
    ledger_away: float = 0.01
    commit_in_doubt: float = 0.01
    not_connected: float = 0.06
    throttled: float = 0.05
    refused: float = 0.01
    server_error: float = 0.06
    answer_lost: float = 0.08
    late: float = 0.08
    upload_fails: float = 0.05
    read_fails: float = 0.1
    fault_of_ours: float = 0.002


CALM = Chances(*[0.0] * 13)


@dataclass(slots=True)
class Landed:
    """A post that followers can see."""

    remote_id: str
    key: str
    text: str
    at: float


@dataclass
class World:
    """One run: so many slots, some workers, one network, and what chance makes of it."""

    seed: int
    chances: Chances = field(default_factory=Chances)
    slots: int = 12
    make: Callable[..., Publisher] = Publisher

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.kind = self.chance.choice(KINDS)
        self.now = 0.0
        self.skew = 0.0
        self.faults: Counter[str] = Counter()
        self.landed: list[Landed] = []
        self.in_flight: Counter[str] = Counter()
        self.processes: list[Process] = []
        self._events: list[tuple[float, int, Callable[[], Any]]] = []
        self._count = 0
        self._hub = getcurrent()
        minutes = self.chance.choice((20, 40, 60, 180))
        self.step = minutes * MINUTE
        self.schedule = Schedule(timezone="UTC", every=(minutes, "m"))
        self.contents = [self._content(number) for number in range(2)]
        self.ledger = MemoryLedger(clock=self.clock)
        self.known_lost: set[str] = set()

    def _content(self, edition: int) -> Planner:
        """The campaign before or after an edit that changes every text."""
        passages = [passage(f"p{n}", text=f"Words {n}, edition {edition}") for n in range(8)]
        templates = [template(f"t{n}") for n in range(4)]
        self.campaign = campaign(passages, templates, schedule=self.schedule)
        return Planner(self.campaign, {"x": limits()})

    # -- time ---------------------------------------------------------------------------------

    def clock(self) -> datetime:
        """The database's clock."""
        return START + timedelta(seconds=self.now + self.skew)

    def after(self, seconds: float, act: Callable[[], Any]) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + seconds, self._count, act))

    def sleep(self, seconds: float) -> None:
        """Lets the others run. Only from within a process."""
        self.after(seconds, getcurrent().switch)
        self._hub.switch()

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            at, _, act = heapq.heappop(self._events)
            self.now = max(self.now, at)
            act()
        self.now = max(self.now, until)

    def fault(self, name: str) -> bool:
        """Whether this goes wrong, this time."""
        if self.chance.random() < getattr(self.chances, name):
            self.faults[name] += 1
            return True
        return False

    # -- a run --------------------------------------------------------------------------------

    def play(self) -> World:
        """Faults for as long as there are slots; then calm, one healthy worker, and an operator."""
        end = self.slots * self.step
        self.start()
        for _ in range(self.chance.randint(0, 3)):
            self.after(self.chance.uniform(0, end), self.start)
        self._upsets(end)
        self._operate(end)
        self.run(end)
        self.calm(end)
        return self

    def calm(self, end: float) -> None:
        self.chances = CALM
        for process in self.processes:
            process.kill()
        self.start()
        for _ in range(14):
            end += 20 * MINUTE
            self.run(end)
            self.operate()
        self.run(end + 7 * MINUTE)  # whatever was just being sent is recorded by then
        for process in self.processes:
            process.kill()

    def start(self) -> None:
        """A new process, perhaps with edited content. At most four are alive."""
        if sum(process.alive for process in self.processes) < 4:
            process = Process(self, self.chance.choice(self.contents))
            self.processes.append(process)
            self.after(0, process.begin)

    def _upsets(self, end: float) -> None:
        """What befalls the whole: pauses, a clock that jumps, a ledger that is lost."""
        if not self.chances.kill:
            return
        for _ in range(self.chance.randint(0, 2)):
            at = self.chance.uniform(0, end)
            self.after(at, lambda: self.ledger.pause("drill"))
            self.after(at + self.chance.uniform(0, self.step), lambda: self.ledger.resume())
        if self.chance.random() < 0.2:
            self.after(self.chance.uniform(0, end), self._jump)
        if self.chance.random() < 0.1:
            self.after(self.chance.uniform(0, end), self._lose)

    def _jump(self) -> None:
        self.faults["clock_jump"] += 1
        self.skew += self.chance.choice((-90.0, -5.0, 5.0, 90.0))

    def _lose(self) -> None:
        """The database is gone; an empty one takes its place."""
        self.faults["ledger_lost"] += 1
        self.known_lost |= {row.id for row in self.ledger.rows()}
        self.ledger = MemoryLedger(clock=self.clock)

    def _operate(self, end: float) -> None:
        at = 0.0
        while at < end:
            at += self.chance.uniform(0.5, 3) * 3600
            self.after(at, self.operate)

    def operate(self) -> None:
        """A person settles what is held, by the truth; sends again only if nobody else can."""
        for row in list(self.ledger.rows(states=("held",))):
            seen = next((each for each in self.landed if each.key == row.id), None)
            if seen is not None:
                self.ledger.receive(row, Receipt(seen.remote_id, "by hand"))
            elif not self.in_flight[row.id]:
                alone = sum(process.alive for process in self.processes) <= 1
                if alone and self.chance.random() < 0.5:
                    grace = timedelta(minutes=10)
                    now = self.ledger.now()
                    self.ledger.move(row, "retry", "again", next_at=now, expires_at=now + grace)
                else:
                    self.ledger.move(row, "failed", "dropped")

    # -- the verdict --------------------------------------------------------------------------

    def duplicates(self) -> list[str]:
        """Slots that followers saw more than once."""
        return [
            key for key, times in Counter(each.key for each in self.landed).items() if times > 1
        ]

    def losses(self) -> list[str]:
        """Slots that nobody was told about, and rows that say what isn't so."""
        rows = {row.id: row for row in self.ledger.rows() if row.reason != "birth"}
        seen = {each.key: each for each in self.landed}
        wrong = [
            f"{key}: seen, but {rows[key].state}"
            for key in seen.keys() & rows.keys()
            if rows[key].state != "posted"
        ]
        wrong += [
            f"{key}: seen, but not in the ledger"
            for key in seen.keys() - rows.keys() - self.known_lost
        ]
        for key, row in rows.items():
            if row.state in ("sending", "retry", "unknown") and not self._fresh(row):
                wrong.append(f"{key}: still {row.state}")
            if row.state == "posted" and key not in seen:
                wrong.append(f"{key}: posted, but nobody saw it")
        return wrong + self._gaps()

    def _fresh(self, row: Row) -> bool:
        """Whether a row was armed so lately that its doubt can't be settled yet."""
        needs = DEADLINE + self.kind.quarantine + (READINGS + 1) * READ_APART
        return row.armed_at is not None and self.clock() - row.armed_at < needs

    def _gaps(self) -> list[str]:
        """Slots between the first and the last row that have no row."""
        rows = [row for row in self.ledger.rows() if row.reason != "birth"]
        step = timedelta(seconds=self.step)
        return [
            f"nothing between {one.id} and {other.id}"
            for one, other in pairwise(rows)
            if other.slot - one.slot != step
        ]

    def held(self) -> int:
        return sum(1 for row in self.ledger.rows() if row.reason in ("by hand", "dropped", "again"))


class Process:
    """A worker process: production code, with memory of its own that dies with it."""

    def __init__(self, world: World, planner: Planner) -> None:
        self.world = world
        self.alive = True
        ledger, network = FaultyLedger(self), SimulatedNetwork(self)
        self.publisher = world.make(
            world.campaign.accounts["x0"],
            planner,
            ledger,
            network,
            lambda name, **fields: None,
            new_token=lambda: f"{world.chance.getrandbits(64):x}",
            spread=world.chance.random,
        )
        self._greenlet = greenlet(self._run)

    def begin(self) -> None:
        self._greenlet.switch()

    def _run(self) -> None:
        try:
            self._loop()
        except Killed:
            self.alive = False
            if self.world.chances.kill:  # the host starts another
                self.world.after(self.world.chance.uniform(1, 600), self.world.start)

    def _loop(self) -> None:
        while True:
            try:
                look = self.publisher.step()
                seconds = (look - self.world.clock()).total_seconds()
            except LedgerUnavailable:
                seconds = self.world.chance.uniform(1, 30)
            if seconds > 0:
                self.sleep(min(seconds, LOOK.total_seconds()))

    def sleep(self, seconds: float) -> None:
        self.world.sleep(seconds)
        if not self.alive:
            raise Killed

    def point(self) -> None:
        """Between any two things that the process does, it may be stopped, killed, or just slow."""
        world = self.world
        if world.fault("kill"):
            raise Killed
        if world.fault("stop"):
            self.sleep(world.chance.uniform(1, 45 * MINUTE))
        elif world.chance.random() < 0.2:
            self.sleep(world.chance.uniform(0.001, 0.2))

    def kill(self) -> None:
        self.alive = False


class FaultyLedger:
    """The world's ledger as one process sees it: away at times, or gone before it could say so."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def __getattr__(self, name: str) -> Callable[..., Any]:
        process, world = self._process, self._process.world

        def call(*args: Any, **kwargs: Any) -> Any:
            process.point()
            if world.fault("ledger_away"):
                raise LedgerUnavailable(where="the world", why="away")
            result = getattr(world.ledger, name)(*args, **kwargs)
            process.point()
            if world.fault("commit_in_doubt"):
                raise LedgerUnavailable(where="the world", why="gone before it answered")
            return result

        return call

    def now(self) -> datetime:
        return self._process.world.clock()

    def prove_alone(self) -> bool:
        """As on one host with SQLite: a stopped process counts as alive."""
        return sum(process.alive for process in self._process.world.processes) == 1


class SimulatedNetwork:
    """The world's network as one process sees it. Deduplicates only by the keys it promises."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._world = process.world
        kind = process.world.kind
        self.limits = limits()
        self.keyed, self.readable, self.quarantine = kind.keyed, kind.readable, kind.quarantine

    def request(self, post: Post, key: str) -> Request:
        return Request("POST", "sim:/post", {"text": post.text, "key": key})

    def upload(self, request: Request) -> tuple[str, ...]:
        self._process.point()
        if self._world.fault("upload_fails"):
            raise NotSent(network="sim", what="the upload did not go through")
        return ()

    def send(
        self, request: Request, media_ids: Sequence[str], before_write: Callable[[], None]
    ) -> Receipt:
        process, world = self._process, self._world
        process.point()
        if world.fault("not_connected"):
            raise NotSent(network="sim", what="no connection")
        before_write()
        process.point()
        return self._answer(request.body["key"], request.body["text"])

    def _answer(self, key: str, text: str) -> Receipt:
        """The request is written. Whatever the process learns, it may land now or late."""
        process, world = self._process, self._world
        if world.fault("throttled"):
            raise NotSent(network="sim", what="429")
        if world.fault("refused"):
            raise Refused(network="sim", what="403")
        if world.fault("server_error") and world.chance.random() < 0.5:
            raise InDoubt(network="sim", what="500, and it is not there")
        if world.fault("late"):
            longest = self.quarantine.total_seconds()
            world.in_flight[key] += 1
            world.after(world.chance.uniform(1, longest), lambda: self._land(key, text, late=True))
            process.sleep(30)
            raise InDoubt(network="sim", what="timed out")
        landed = self._land(key, text)
        if world.fault("fault_of_ours"):
            raise ZeroDivisionError
        if landed is None:
            raise InDoubt(network="sim", what="403 duplicate")
        process.point()
        if world.fault("answer_lost"):
            raise InDoubt(network="sim", what="connection reset")
        return Receipt(landed.remote_id, "sim:/")

    def _land(self, key: str, text: str, *, late: bool = False) -> Landed | None:
        world, kind = self._world, self._world.kind
        if late:
            world.in_flight[key] -= 1
        for each in world.landed:
            valid = kind.keyed is not None and (
                kind.keyed == FOREVER or world.now - each.at < kind.keyed.total_seconds()
            )
            if each.key == key and valid:
                return each
            if kind.refuses_doubles and each.text == text:
                return None
        landed = Landed(f"r{len(world.landed) + 1}", key, text, world.now)
        world.landed.append(landed)
        return landed

    def find(self, since: datetime) -> Sequence[Found]:
        world = self._world
        self._process.point()
        if world.fault("read_fails"):
            raise NotSent(network="sim", what="reading timed out")
        begin = (since - START).total_seconds()
        return [
            Found(
                Receipt(each.remote_id, "sim:/"),
                START + timedelta(seconds=each.at),
                each.text,
                lambda post, text=each.text: text == post.text,  # type: ignore[misc]
            )
            for each in world.landed
            if each.at >= begin
        ]

    def whoami(self) -> str:
        return "@sim"

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass
