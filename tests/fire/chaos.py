"""Real workers on a real database against the fake X, and a driver that does them every harm.

What is done, and when, comes from one seed; how the processes take it does not. After so many posts
there is calm: a healthy worker settles what is left, and the verdict is passed.
"""

from __future__ import annotations

import heapq
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from tests.fire.stage import PostgresServer, SqliteDisk, Stage, Worker
from tests.fire.verdict import Evidence, judge, table
from tests.fire.worker import DEADLINE, QUARANTINE, REQUEST_SECONDS, SETTLED_AFTER

CHAOS = {"fr": 1, "de": 1, "be": 1, "ru": 1, "es": 1, "it": 6, "pl": 30}
"""Accounts, and the seconds between their slots; at 30 a post may well get a second attempt."""

KILLS = {"fr": 1, "de": 1, "be": 1}

WORKERS = 2
"""So many are kept running; at times there are more."""

DEPLOY_SECONDS = 30
"""A host kills what has not ended so long after SIGTERM."""

_LATEST = (DEADLINE + QUARANTINE).total_seconds() - 2 * REQUEST_SECONDS - 2
"""A post that lands late does so within this, since later is promised to nobody."""

_TOO_LONG = REQUEST_SECONDS + 1

FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("drop_before_read", {}),
    ("drop_after_read", {}),
    ("drop_after_store", {}),
    ("hang", {"seconds": _TOO_LONG}),
    ("hang_after_store", {"seconds": _TOO_LONG}),
    ("delay", {"seconds": 0.5}),
    ("delay", {"seconds": _TOO_LONG}),
    ("late_store", {"seconds": _LATEST, "status": 503}),
    ("late_store", {"seconds": _LATEST, "status": 0}),
    ("status", {"code": 500, "store": False}),
    ("status", {"code": 500, "store": True}),
    ("status", {"code": 503, "store": False, "match": "POST /2/media/*"}),
    ("status", {"code": 503, "store": False, "match": "GET *"}),
    ("drop_after_read", {"match": "GET *"}),
    ("rate_limited", {"seconds": 1}),
    ("rate_limited", {"reset": False}),
    ("garbage_201", {}),
    ("empty_201", {}),
    ("html_503", {}),
    ("list_body", {}),
    ("stale_timeline", {"posts": 1}),
)
"""What goes wrong between request and response."""


_WHY_AWAY = re.compile(r"^The ledger at [^ ]+ [a-z' ]+: (.{,60})")


class Chaos:
    """One run."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self.stage = stage
        self.chance = chance
        self.done: Counter[str] = Counter()
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._down = False
        self.struck: dict[str, int] = {}

    # -- time ---------------------------------------------------------------------------------

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        self._count += 1
        heapq.heappush(self._later, (time.monotonic() + seconds, self._count, act))

    def pass_time(self, seconds: float) -> None:
        """Lets the workers work, and does what was put off until now."""
        end = time.monotonic() + seconds
        while True:
            while self._later and self._later[0][0] <= time.monotonic():
                heapq.heappop(self._later)[2]()
            self._keep_running()
            if time.monotonic() >= end:
                return
            time.sleep(0.05)

    def _keep_running(self) -> None:
        while len(self.stage.running()) < WORKERS:
            self.stage.start()

    def make_up(self) -> None:
        """Does all that was put off: what was stopped goes on, what was taken away comes back."""
        while self._later:
            heapq.heappop(self._later)[2]()

    # -- harm ---------------------------------------------------------------------------------

    def harms(self) -> Mapping[Callable[[], object], int]:
        """What there is to be done on this stage, and how often, in proportion."""
        harms: dict[Callable[[], object], int] = {
            self.kill: 4,
            self.stop: 1,
            self.overlap: 2,
            self.break_network: 12,
        }
        if isinstance(self.stage.database, PostgresServer):
            harms |= {self.crash_database: 1, self.cut_connections: 2}
        else:
            harms[self.lock_ledger] = 1
            if self.stage.database.mounted:
                harms[self.fill_disk] = 1
        return harms

    def harm(self) -> None:
        harms = self.harms()
        self.chance.choices([*harms], [*harms.values()])[0]()

    def _one(self) -> Worker:
        return self.chance.choice(self.stage.running())

    def kill(self) -> None:
        self.done["worker killed"] += 1
        self._one().end()

    def stop(self) -> None:
        """Longer than any deadline; others take over meanwhile."""
        worker = self._one()
        if worker.stopped:
            return
        self.done["worker stopped past every deadline"] += 1
        worker.send(signal.SIGSTOP)
        self.stage.start()
        self.after(SETTLED_AFTER + self.chance.uniform(0, 6), lambda: worker.send(signal.SIGCONT))

    def overlap(self) -> None:
        """A deploy: the new one starts as the old one is told to end."""
        worker = self._one()
        if worker.stopped:
            return
        self.done["deploy"] += 1
        self.stage.start()
        worker.send(signal.SIGTERM)
        self.after(DEPLOY_SECONDS, worker.end)

    def break_network(self) -> None:
        kind, options = self.chance.choice(FAULTS)
        self.done["network fault"] += 1
        self.stage.x.fault(kind, times=self.chance.randint(1, 2), **options)

    def crash_database(self) -> None:
        database = self.stage.database
        assert isinstance(database, PostgresServer)
        if self._down:
            return
        self.done["database stopped at once, and started"] += 1
        self._down = True
        database.crash()

        def start() -> None:
            database.start()
            self._down = False

        self.after(self.chance.uniform(0.2, 4), start)

    def cut_connections(self) -> None:
        database = self.stage.database
        assert isinstance(database, PostgresServer)
        if not self._down:
            self.done["database connections cut"] += database.cut()

    def fill_disk(self) -> None:
        database = self.stage.database
        assert isinstance(database, SqliteDisk)
        self.done["disk full"] += 1
        database.fill()
        self.after(self.chance.uniform(1, 5), database.free)

    def lock_ledger(self) -> None:
        """Who has it open still writes; those who come to it now, after a kill, can't."""
        database = self.stage.database
        assert isinstance(database, SqliteDisk)
        self.done["ledger made read-only"] += 1
        database.lock()
        self.kill()
        self.after(self.chance.uniform(2, 6), database.unlock)

    # -- the end ------------------------------------------------------------------------------

    def calm(self) -> None:
        """No more harm; every worker is let go, and a healthy one settles what they left."""
        self.make_up()
        self.struck = self.stage.x.calm()
        for worker in self.stage.running():
            worker.send(signal.SIGTERM)
        for worker in self.stage.running():
            worker.process.wait(timeout=40)
        last = self.stage.start()
        time.sleep(SETTLED_AFTER)
        self.stage.wait_until_settled(90)
        last.send(signal.SIGTERM)
        last.process.wait(timeout=40)

    def evidence(self) -> Evidence:
        code, shown = self.stage.status()
        rows = self.stage.rows()
        if any(row.state == "held" for row in rows):
            assert code == 1, "`bot status` must say that something needs a person"
        alerts = self.stage.alerts()
        alerted = {str(alert["account"]) for alert in alerts if alert["event"] == "held"}
        return Evidence(rows, self.stage.x.seen(), self.stage.steps(), alerted, shown)

    def told(self) -> Counter[str]:
        """What the workers said of their trouble: whether the harm was felt."""
        told: Counter[str] = Counter()
        for event in chain.from_iterable(worker.events() for worker in self.stage.workers):
            name = str(event.get("event"))
            if name == "ledger_away":
                found = _WHY_AWAY.search(str(event.get("why")))
                told[f"ledger away: {found[1] if found else '?'}"] += 1
            elif name in ("held", "failed", "missed", "overtaken", "retry", "unknown", "media"):
                told[name] += 1
        return told

    def broken_workers(self) -> list[str]:
        """Those that ended by themselves, or showed what no one should see."""
        wrong = []
        for worker in self.stage.workers:
            code, said = worker.process.returncode, worker.said()
            too_young = code == -signal.SIGTERM and not said  # told to end before it could hear
            if code not in (0, -signal.SIGKILL) and not too_young:
                wrong.append(f"a worker ended with {code}: {said[-600:]}")
            if "Traceback" in said:
                wrong.append(f"a traceback: {said[said.index('Traceback') :][:1500]}")
        return wrong


class KillsOnly(Chaos):
    """Nothing but the death of workers, one after the other, while X is as slow as X often is."""

    def harms(self) -> Mapping[Callable[[], object], int]:
        return {self.kill_in_the_act: 1}

    def kill_in_the_act(self) -> None:
        """The coming posts are slow to be taken, or slow to be answered; one worker dies then."""
        kind, seconds = self.chance.choice((("delay", 0.4), ("trickle", 0.001)))
        self.stage.x.fault(kind, seconds=seconds, times=6)
        self.after(self.chance.uniform(0, 1.5), self.kill)


def run_chaos(database: str, posts: int, seed: int) -> int:
    """Harm every second or so, until so many posts are out."""
    texts = posts // 3 + 400
    chance = random.Random(seed)
    with Stage(database, CHAOS, texts) as stage:
        chaos = Chaos(stage, chance)
        return _run(chaos, seed, lambda: stage.x.count() < posts, lambda: chance.uniform(0.2, 1.6))


def run_kills(database: str, minutes: float, seed: int) -> int:
    """Two workers, one of them killed every few seconds."""
    chance = random.Random(seed)
    end = time.monotonic() + minutes * 60
    with Stage(database, KILLS, int(minutes * 60) + 200) as stage:
        chaos = KillsOnly(stage, chance)
        return _run(chaos, seed, lambda: time.monotonic() < end, lambda: chance.uniform(2, 5))


def _run(
    chaos: Chaos, seed: int, unfinished: Callable[[], bool], pause: Callable[[], float]
) -> int:
    began = said = time.monotonic()
    terminal = sys.stdout.isatty()
    print(f"seed {seed}, {chaos.stage.database.name}", flush=True)
    chaos.pass_time(2)
    while unfinished():
        chaos.pass_time(pause())
        chaos.harm()
        if time.monotonic() - said >= (0.5 if terminal else 30):
            said = time.monotonic()
            line = (
                f"{said - began:4.0f} s: {chaos.stage.x.count()} posts, {chaos.done.total()} harms"
            )
            print(f"\r{line} " if terminal else line, end="" if terminal else "\n", flush=True)
    if terminal:
        print()
    chaos.calm()
    evidence = chaos.evidence()
    wrong = judge(evidence) + chaos.broken_workers()
    for name, count in table(evidence):
        print(f"{count:7} {name}")
    for name, count in chaos.done.most_common():
        print(f"{count:7} harm: {name}")
    for name, count in sorted(chaos.struck.items()):
        print(f"{count:7} network: {name}")
    for name, count in chaos.told().most_common():
        print(f"{count:7} workers told: {name}")
    print(f"{len(chaos.stage.workers)} workers, {time.monotonic() - began:.0f} s, seed {seed}")
    for line in wrong:
        print(line)
    slots = sum(1 for row in evidence.rows if row.reason != "birth")
    print(f"{slots - min(len(wrong), slots)} passed, {len(wrong)} failed", flush=True)
    return 1 if wrong else 0
