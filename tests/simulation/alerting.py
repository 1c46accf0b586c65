"""The watch of a worker process: production code that judges, keeps troubles and sends alerts.

It runs beside the publisher, in a greenlet of its own that dies with the process, and on a
connection of its own. After each look, what stands in the ledger is held against the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from greenlet import greenlet

from bot.alerts import Alert, key_of
from bot.errors import LedgerUnavailable
from bot.ledger.base import OPEN, Delivery
from bot.ledger.reasons import DROPPED, PAUSED, RESCHEDULED
from bot.troubles import CLOCK, HALTED, HELD, LOST
from bot.watching import Outlet, Watch
from tests.simulation.faults import MINUTE, QUIET, SECOND, SLOW, STOPS, Killed

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

ADDRESSES = ("https://one.invalid/", "https://two.invalid/")
"""Where the world's alerts go. Each has to get each of them."""

WRITES = frozenset({"trouble_begun", "trouble_over", "lease", "delivered", "undelivered"})

AT_MOST = 1 / 12
"""How often anything can go wrong at all between two things that a watch does."""

PURPOSE = frozenset({"birth", PAUSED, DROPPED})
"""Why a slot without a post is nobody's trouble."""


class Sent(NamedTuple):
    """One alert's one stage, to one address."""

    id: str
    stage: str
    address: str

    def as_sent(self) -> Sent:
        """Of `reminder:DATE`, an alert has the `reminder`."""
        return self._replace(stage=self.stage.partition(":")[0])


class Watcher:
    """One process's watch."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.world: World = process.world
        self.idle = False
        self.broken = False
        self._woken = False
        self._nap_number = 0
        outlet = Outlet(
            host=process.name,
            addresses=ADDRESSES,
            heartbeat="https://beat.invalid/",
            send=self._send,
            call=self._call,
        )
        account = self.world.account.name
        self.watch = Watch(
            [account], self._open, self._tell, outlet, monotonic=lambda: self.world.now
        )
        self._was: str | None = None
        self._greenlet = greenlet(self._run)

    def begin(self) -> None:
        if self.process.alive:
            self._greenlet.switch()

    def bury(self) -> None:
        """Ends what is still waiting in it."""
        if self._greenlet:
            self._greenlet.throw(Killed)

    def wake(self) -> None:
        """There may be something new."""
        self._woken = True
        if self.idle:
            self.world.after(0, partial(self._up, self._nap_number))

    def _run(self) -> None:
        try:
            while True:
                self._nap()
                self._look()
        except Killed:
            pass

    def _nap(self) -> None:
        """Until it is woken. Most of the looks that it would take by itself are left out."""
        if not self._woken:
            world = self.world
            seconds = 5 * MINUTE if world.ledger.owes() else max(20 * MINUTE, world.step)
            self._nap_number += 1
            self.idle = True
            world.after(seconds, partial(self._up, self._nap_number))
            world.switch()
            self.idle = False
        self._woken = False
        self._go_on()

    def _up(self, number: int) -> None:
        if self.idle and number == self._nap_number:
            self._greenlet.switch()

    def _go_on(self) -> None:
        """A process that is stopped, or dead, does nothing."""
        while self.process.alive and self.process.stopped_until > self.world.now:
            self.world.sleep(self.process.stopped_until - self.world.now)
        if not self.process.alive:
            raise Killed

    def _sleep(self, seconds: float) -> None:
        self.world.sleep(seconds)
        self._go_on()

    def point(self) -> None:
        """Between any two things that it does, the process may be killed, or this take long.

        Rarely, so that most of what goes wrong is about posts.
        """
        world = self.world
        if world.random() >= AT_MOST:
            return
        rates, dice = world.rates, world.random()
        if dice < rates["kill"]:
            world.befell("kill", "alerting")
            self.process.kill()
            self.process.come_again()
            raise Killed
        dice -= rates["kill"]
        if dice < rates["stop"]:
            world.befell("stop", "alerting")
            self._sleep(world.chance.uniform(*world.chance.choice(STOPS)))
        elif dice < rates["stop"] + SLOW:
            self._sleep(world.chance.uniform(0.001, 0.2))

    # -- one look ---------------------------------------------------------------------------------

    def _look(self) -> None:
        """What was the case before it, and is after it, is what stands in the ledger then."""
        world = self.world
        self.broken, ledger, began = False, world.ledger, world.now
        self._was = before = trouble_of(world)
        unsure = self._unsure()
        self.watch.look()
        after = trouble_of(world)
        slow = world.now - began > SECOND or ledger is not world.ledger
        if self.broken or unsure or self._unsure() or slow:
            return
        standing = {each.kind for each in ledger.troubles() if each.account}
        told = standing & {LOST, HALTED, HELD}
        if before and before == after and not told:
            world.wrong.append(f"{before}: looked at, and not told")
            world.note(self.process.name, world.wrong[-1])
        if before == "" and after == "" and told:
            world.wrong.append(f"{', '.join(told)}: told, though all is well")
            world.note(self.process.name, world.wrong[-1])

    def _unsure(self) -> bool:
        """Whether the clock may be wrong, by which it would be judged."""
        standing = self.world.ledger.troubles()
        return bool(self.world.far_off) or any(each.kind == CLOCK for each in standing)

    def _open(self) -> Any:
        return AlertLedger(self)

    def _tell(self, name: str, **fields: Any) -> None:
        if self.world.trace:
            self.world.note(self.process.name, f"watch tells {name}: {fields.get('what', '')}")

    # -- the addresses ----------------------------------------------------------------------------

    def _send(self, address: str, alert: Alert) -> str | None:
        world = self.world
        self.point()
        if world.fault("alert_lost", "alerting"):
            return "no answer"
        world.sent[Sent(alert["id"], alert["stage"], key_of(address))] += 1
        world.note(self.process.name, f"sends {alert['stage']} {alert['id']}")
        self.point()
        if world.fault("alert_answer_lost", "alerting"):
            return "its answer was lost"
        return None

    def _call(self, _: str) -> str | None:
        """The heartbeat, which says that all is well."""
        world = self.world
        world.acts["heartbeats"] += 1
        if self._was and self._was == trouble_of(world) and not self._unsure():
            world.wrong.append(f"{self._was}: and the heartbeat went on")
        self.point()
        return None


class AlertLedger:
    """The world's ledger as a watch sees it: away at times, or gone before it could say so."""

    where = "the world"

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def close(self) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = self._faulty(name)
        setattr(self, name, call)
        return call

    def _faulty(self, name: str) -> Callable[..., Any]:
        watcher, world, writes = self._watcher, self._watcher.world, name in WRITES

        def away(why: str) -> LedgerUnavailable:
            watcher.broken = True
            return LedgerUnavailable(where="the world", why=why)

        def goes_wrong(fault: str) -> bool:
            return world.random() < AT_MOST and world.fault(fault, "alerting")

        def call(*args: Any, **kwargs: Any) -> Any:
            faulty = not world.calm and (writes or world.random() < QUIET["idle"])
            if faulty:
                watcher.point()
                if goes_wrong("ledger_away"):
                    raise away("away")
            if world.now < world.away_until:
                raise away("an outage")
            result = getattr(world.ledger, name)(*args, **kwargs)
            self._saw(name, args, result)
            if faulty:
                watcher.point()
                if writes and goes_wrong("commit_in_doubt"):
                    raise away("gone before it answered")
            return result

        return call

    def _saw(self, name: str, args: tuple[Any, ...], result: Any) -> None:
        """What is recorded as delivered is not to be sent again."""
        world = self._watcher.world
        if name == "lease" and result is not None and _key(result) in world.ledger.told:
            world.wrong.append(f"{_key(result)}: handed out again")
        if name == "delivered" and result:
            world.ledger.told.add(_key(args[0]))
        if name == "trouble_begun" and result:
            again = {each for each in world.ledger.told if each.id == args[0].id}
            world.ledger.told -= again


def _key(delivery: Delivery) -> Sent:
    return Sent(delivery.trouble.id, delivery.stage, delivery.address)


def trouble_of(world: World) -> str | None:
    """What is the matter with the account, by its rows alone. Empty: nothing.

    None where they don't say: its newest slot is being settled, or nobody has looked since it
    passed, or all is paused.
    """
    ledger, name = world.ledger, world.account.name
    if ledger.few(name, states=("held",)):
        return HELD
    if ledger.halted(name) is not None:
        return HALTED
    rows = [row for row in ledger.few(name, newest=8) if row.reason != RESCHEDULED]
    note = ledger.plan_note(name)
    if not rows or rows[-1].state in OPEN or ledger.paused() is not None:
        return None
    row = rows[-1]
    if note is not None and note.slot is not None and row.slot < note.slot <= ledger.now():
        return None
    well = row.state == "posted" or row.reason.partition(":")[0] in PURPOSE
    return "" if well else f"{LOST} {row.id}"
