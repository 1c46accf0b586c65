"""A worker process: production code in a greenlet, with a memory of its own that dies with it.

At every call to the ledger or the network it can be slow, be stopped for longer than any deadline,
or be killed, and others run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from greenlet import greenlet

from bot.domain import History
from bot.errors import LedgerUnavailable
from bot.halting import first_line
from bot.ledger import rules
from bot.ledger.base import Halt, Row
from bot.publishing import LOOK, SEND_WINDOW
from bot.troubles import CLOCK
from tests.simulation.alerting import Watcher
from tests.simulation.faults import MINUTE, QUIET, SECOND, SLOW, STOPS, Killed
from tests.simulation.network import SimulatedNetwork

if TYPE_CHECKING:
    from tests.simulation.world import RememberingPlanner, World

HICCUP = 30 * SECOND
"""A process that was sending as the ledger forgot its row is stopped for no longer. Otherwise it
could write when the account has been read, and nobody can know of it."""

LOOKS = 0.2
"""How often a worker that waits for something looks by itself before that."""

EXPECTED = ZeroDivisionError
"""What a worker may end with: a network that breaks its word. The host starts another."""

SPINNING = 300
"""So many steps in a row without a pause are no progress but a loop."""


class Process:
    """A worker process of the world."""

    def __init__(self, world: World, name: str, planner: RememberingPlanner) -> None:
        self.world = world
        self.name = name
        self.says = planner.says
        self.alive = True
        self.idle = False
        self.busy = False
        self.token = ""
        self.unlooked: dict[str, str] = {}
        self.armed_at: datetime | None = None
        self.rows = 0
        self.under_way: set[str] = set()
        self.sends_since: float | None = None
        self.stopped_until = 0.0
        self.well_since: float | None = None
        self.untold: list[str] = []
        self.began = ""
        self._news = False
        self._stopping = False
        self._nap_number = 0
        skewed = world.fault("host_skew", "whole")
        self._skew = world.chance.uniform(1, 60) if skewed else 0.0
        self.publisher = world.make(
            planner.account or world.account,
            planner,
            FaultyLedger(self),
            SimulatedNetwork(self),
            self._tell,
            stopping=lambda: self._stopping,
            new_token=lambda: f"{world.chance.getrandbits(64):x}",
            spread=world.random,
        )
        self.watcher = Watcher(self)
        self._greenlet = greenlet(self._run)

    def _tell(self, name: str, **fields: Any) -> None:
        world = self.world
        if name == "held":
            world.held.add(fields["id"])
        if name == "unreadable":
            world.ask()
        if name == "halted":
            world.alerts[self.untold.pop() if self.untold else "of nothing"] += 1
        if world.trace:
            words = (f"{key}={first_line(value)}" for key, value in fields.items() if value)
            world.note(self.name, f"tells {name}: {' '.join(words)}")

    def begin(self) -> None:
        self.watcher.begin()
        if self.alive:
            self._greenlet.switch()

    def stop(self) -> None:
        """SIGTERM: what is in flight ends in good order; nothing new is begun."""
        self._stopping = True
        if self.idle:
            self.alive = False
            self.world.ledger.beaten.pop(self.name, None)

    def kill(self) -> None:
        self.beat()
        self.alive = False

    def beats(self) -> bool:
        """Whether it waits after a look that went well: it looks, and beats, all the time.

        If the ledger forgot something meanwhile, it has not looked since: that would be seen first.
        """
        looked = self.well_since is not None and self.well_since > self.world.forgot_at
        return self.idle and looked and self.publisher.clock.believed

    def beat(self) -> None:
        """Says in the ledger that it was alive up to now, if it was, and that can be said."""
        if self.beats() and self.world.now >= self.world.away_until and not self.world.far_off:
            beats = self.world.ledger.beats()
            for old in rules.succeeded(self.name, self.note, beats):
                self.world.ledger.beaten.pop(old, None)
            self.world.ledger.beaten[self.name] = self.world.clock()

    @property
    def note(self) -> dict[str, str]:
        """What it says of itself along with a beat."""
        return {"account": self.world.account.name, "began": self.began}

    def look_again(self) -> None:
        """Before a request is written: what has to be looked at, and why it may not be written."""
        self.unlooked = {
            "row": "nobody had looked at its row",
            "lineage": "nobody had looked which database it is",
            "paused": "nobody had looked for a pause",
            "halted": "nobody had looked for a halt",
        }

    def stopped_in_sending(self) -> bool:
        """Whether it may still write long after it looked."""
        return self.sends_since is not None and self.stopped_until > self.world.now + HICCUP

    def bury(self) -> None:
        """Ends what is still waiting in it. Nothing else would free its memory."""
        self.alive = False
        self.watcher.bury()
        if self._greenlet:
            self._greenlet.throw(Killed)

    def _run(self) -> None:
        try:
            self._loop()
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001 - whatever nothing caught ends a real worker too
            self.world.acts[f"workers that ended with {type(error).__name__}"] += 1
            self.world.note(self.name, f"ends with {error!r}")
            if not isinstance(error, EXPECTED):
                self.world.wrong.append(f"{self.name} ended with {error!r}")
            self.come_again()
        else:
            self.world.ledger.beaten.pop(self.name, None)
        self.alive = False
        self.world.note(self.name, "ends")

    def come_again(self) -> None:
        """The host starts another."""
        self.world.after(self.world.chance.uniform(1, 5 * MINUTE), self.world.start)

    def _loop(self) -> None:
        spinning = 0
        while not self._stopping:
            try:
                began = self.world.now
                look = self.publisher.step()
                seconds = (look - self.world.clock()).total_seconds()
                self.well_since = began
                self._should_have_told()
                self._have_it_watched()
            except LedgerUnavailable as error:
                self.well_since = None
                self.watcher.watch.ledger_away(self.world.account.name, error)
                self.watcher.wake()
                seconds = self.world.chance.uniform(1, 30)
            spinning = 0 if seconds > 0 else spinning + 1
            if spinning > SPINNING:
                self.world.wrong.append(f"{self.name} spins")
                raise Killed
            if seconds > 0:
                self._nap(seconds)
        self._record_what_is_left()

    def _have_it_watched(self) -> None:
        """As a worker does after each step. Most of the looks that find nothing are left out."""
        watch, account = self.watcher.watch, self.world.account.name
        doubt = self.publisher.clock.why()
        if doubt:
            watch.witness(account, CLOCK, doubt, "")
        else:
            self.began = self.began or self.world.clock().isoformat()
            watch.clear(account, CLOCK)
            watch.well(account)
        if doubt or self._news or self.world.random() < LOOKS / 8:
            self._news = False
            self.watcher.wake()

    def wrote(self) -> None:
        """There may be something to hear of."""
        self._news = True

    def _should_have_told(self) -> None:
        """Of a halt that it began and that still stands; else somebody saw to that meanwhile."""
        halt = self.world.ledger.halted(self.world.account.name)
        if halt is not None and halt.token in self.untold:
            self.world.wrong.append(f"{self.name} has not told of a halt")
        self.untold.clear()

    def _nap(self, seconds: float) -> None:
        """Until there is something to do; a worker also looks by itself every half minute.

        Most of those looks are left out, as long as nothing happens that one could find.
        """
        world = self.world
        longest = LOOK.total_seconds()
        if world.random() >= LOOKS:
            longest = max(5 * MINUTE, world.step / 3)
        if self._skew:
            seconds += world.chance.uniform(-self._skew, self._skew)
        self._nap_number += 1
        self.idle = True
        world.after(max(SECOND / 10, min(seconds, longest)), partial(self._wake, self._nap_number))
        world.switch()
        if self.alive:
            self.beat()
        self.idle = False
        if not self.alive:
            raise Killed

    def _wake(self, nap_number: int) -> None:
        if self.idle and nap_number == self._nap_number:
            self._greenlet.switch()

    def stir(self) -> None:
        """Something happened: it is found within half a minute, if it was not told to wait."""
        self._news = True
        if self.idle:
            seconds = self.world.chance.uniform(0, LOOK.total_seconds())
            self.world.after(seconds, partial(self._wake, self._nap_number))

    def _record_what_is_left(self) -> None:
        while True:
            try:
                return self.publisher.record_late()
            except LedgerUnavailable:
                self.sleep(SECOND)

    def sleep(self, seconds: float) -> None:
        self.world.sleep(seconds)
        if not self.alive:
            raise Killed

    def point(self, where: str) -> None:
        """Between any two things that the process does, it may be stopped, killed, or just slow."""
        world = self.world
        rates, dice = world.rates, world.random()
        if dice < rates["kill"]:
            world.befell("kill", where)
            self.come_again()
            raise Killed
        dice -= rates["kill"]
        if dice < rates["stop"]:
            world.befell("stop", where)
            seconds = world.chance.uniform(*world.chance.choice(STOPS))
            if self.sends_since is not None and self.sends_since <= world.forgot_at:
                seconds = min(seconds, HICCUP)
            self.stopped_until = world.now + seconds
            self.sleep(seconds)
        elif dice < rates["stop"] + SLOW:
            self.sleep(world.chance.uniform(0.001, 0.2))


WHERE = {
    "arm": "arming",
    "rearm": "arming",
    "row": "last look",
    "receive": "recording",
    "move": "recording",
    "miss": "recording",
    "begin": "recording",
    "halt": "recording",
    "unhalt": "recording",
    "note_plan": "recording",
    "suspect": "recording",
    "clear": "recording",
    "recover": "recording",
    "knows": "reading back",
    "prove_alone": "reading back",
}
"""Where in a post's life a worker is when it calls this. With any other call it looks for work:
`looking` where a row is open, else `idle`."""

WRITES = frozenset(
    "arm rearm move receive miss begin halt unhalt suspect clear recover note_plan".split()  # noqa: SIM905
)


class FaultyLedger:
    """The world's ledger as one process sees it: away at times, or gone before it could say so."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._seen: dict[str, Callable[[Any], None]] = {
            "open_rows": self._saw_open_rows,
            "row": self._saw_row,
            "arm": self._saw_arming,
            "rearm": self._saw_arming,
            "move": self._saw_move,
            "history": self._saw_history,
            "lineage": self._saw_lineage,
            "now": self._saw_now,
            "paused": self._saw_pause,
            "halted": self._saw_halt,
            "halt": self._saw_halting,
            "suspect": self._saw_suspicion,
            "clear": self._saw_clearing,
        }

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = self._faulty(name)
        setattr(self, name, call)
        return call

    def _faulty(self, name: str) -> Callable[..., Any]:
        process, world = self._process, self._process.world
        place, seen, writes = WHERE.get(name), self._seen.get(name), name in WRITES

        def call(*args: Any, **kwargs: Any) -> Any:
            where = place or ("looking" if process.busy else "idle")
            faulty = not world.calm and (place is not None or world.random() < QUIET[where])
            if faulty:
                process.point(where)
                if world.fault("ledger_away", where):
                    raise LedgerUnavailable(where="the world", why="away")
            if world.now < world.away_until:
                raise LedgerUnavailable(where="the world", why="an outage")
            result = getattr(world.ledger, name)(*args, **kwargs)
            if writes and name != "note_plan":
                process.wrote()
            if writes and world.trace:
                world.note(process.name, f"{name} {_brief(args, kwargs)}")
            if seen is not None:
                seen(result)
            if faulty:
                process.point(where)
                if writes and world.fault("commit_in_doubt", where):
                    raise LedgerUnavailable(where="the world", why="gone before it answered")
            if name == "arm":
                process.rows = max(process.rows, result.number)
            return result

        return call

    # What a process was shown just now is what its next act is judged by.

    def _saw_open_rows(self, rows: list[Row]) -> None:
        self._process.busy = bool(rows)

    def _saw_arming(self, row: Row) -> None:
        process, world = self._process, self._process.world
        process.busy = True
        process.token = row.token
        if row.expires_at < world.clock():
            world.wrong.append(f"{row.id}: armed after it had expired")
        if world.ledger.paused():
            world.wrong.append(f"{row.id}: armed during a pause")
        if world.ledger.trust(row.account).suspected is not None:
            world.wrong.append(f"{row.id}: armed before the account was read")
        halt = world.ledger.halted(row.account)
        if halt is not None and halt.stops(row.slot, world.clock()):
            world.wrong.append(f"{row.id}: armed during a halt")
        born = world.ledger.history(row.account).born
        if born is not None and row.slot <= born:
            world.wrong.append(f"{row.id}: armed, but from before the ledger's birth")

    def _saw_move(self, row: Row) -> None:
        self._process.token = row.token

    def _saw_row(self, row: Row | None) -> None:
        """The last look before a request is written: whether it may be."""
        process = self._process
        process.unlooked.pop("row", None)
        process.armed_at = None
        if row is None or row.state not in ("sending", "unknown") or row.token != process.token:
            process.unlooked["row"] = "its row was another's"
        elif row.state == "sending":
            process.armed_at = row.armed_at

    def _saw_now(self, now: datetime) -> None:
        process = self._process
        if process.armed_at is not None and now - process.armed_at > SEND_WINDOW:
            process.unlooked["row"] = "the send window was over"

    def _saw_lineage(self, past: str) -> None:
        self._process.unlooked.pop("lineage", None)

    def _saw_pause(self, pause: object) -> None:
        self._process.unlooked.pop("paused", None)
        if pause is not None:
            self._process.unlooked["paused"] = "it was paused"

    def _saw_halt(self, halt: Halt | None) -> None:
        process, world = self._process, self._process.world
        process.unlooked.pop("halted", None)
        if halt is not None and (halt.person or (halt.until and world.clock() < halt.until)):
            process.unlooked["halted"] = "it was halted"

    def _saw_history(self, history: History) -> None:
        self._process.rows = history.rows

    def _saw_suspicion(self, _: None) -> None:
        self._process.world.note_loss()

    def _saw_clearing(self, _: bool) -> None:
        self._process.world.read_account(self._process.under_way)

    def _saw_halting(self, halt: Halt) -> None:
        """Who begins a halt raises the one alarm. Said twice, for want of an answer, it is one."""
        process, world = self._process, self._process.world
        if halt.token not in world.halts:
            world.halts.add(halt.token)
            process.untold.append(halt.token)


def _brief(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """A write's arguments, for the trace."""
    return " ".join(
        [
            str(getattr(arg, "id", None) or getattr(getattr(arg, "slot", arg), "id", arg))[:90]
            for arg in args
        ]
        + [f"{key}={value}" for key, value in kwargs.items()]
    )
