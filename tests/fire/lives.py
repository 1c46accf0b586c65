"""One process's life: the production publisher, a real ledger, and a point at which it is killed.

Time is simulated, so that a life of hours takes milliseconds and the n-th point is always the same
one. The network's memory is a file that only grows: it outlives whoever writes to it.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from mmap import mmap
from pathlib import Path
from typing import Any

from bot.alerts import Alert
from bot.domain import History, Post, Receipt
from bot.errors import InDoubt, NotSent, Refused
from bot.ledger.base import Ledger
from bot.ledger.postgres import PostgresLedger
from bot.ledger.sqlite import SqliteLedger
from bot.networks.base import REQUEST_SECONDS, Found, Request
from bot.planning import Planner
from bot.publishing import Publisher
from bot.watching import Outlet, Watch
from tests.generated import START, campaign, limits, passage, template
from tests.simulation.faults import Kind

CAMPAIGN = campaign(
    [passage(f"p{n}") for n in range(8)], [template(f"t{n}") for n in range(4)], every=(1, "h")
)
ACCOUNT = CAMPAIGN.accounts["x0"]
PLANNER = Planner(CAMPAIGN, {"x": limits()})

BEGIN = START + timedelta(minutes=59)
"""When the first life begins: a minute before the account's first slot."""

FOR_EVER = datetime.max.replace(tzinfo=UTC)

RECEIPT = "receipt"

AFTER_A_GAP = "receipt, a slot missed before"

AFTER_A_DEATH = "receipt, another died before"
AFTER_A_SENDERS_DEATH = "receipt, another died before, and its post is out"

AFTER_A_LOSS = "receipt, the ledger lost a post before"
ACCOUNT_WIDE = "401 for the account"

RESPONSES = (
    RECEIPT,
    AFTER_A_GAP,
    AFTER_A_DEATH,
    AFTER_A_SENDERS_DEATH,
    AFTER_A_LOSS,
    "429",
    "429 beyond the slot",
    ACCOUNT_WIDE,
    "4xx for the content",
    "5xx, stored",
    "5xx, not stored",
    "time-out, stored",
    "time-out, stored late",
    "time-out, not stored",
    "reset, stored",
    "unreadable 2xx",
    "duplicate 403",
)
"""How the first request of a case ends, whoever makes it. Every further one gets a receipt."""

THROTTLED = {"429": timedelta(minutes=5), "429 beyond the slot": timedelta(minutes=35)}
"""After these answers: how long the network wants to be left alone."""

STEPS = 500
"""More steps than any life needs."""

LATE = timedelta(seconds=REQUEST_SECONDS - 1)
"""So long before the end of its quarantine a late post lands at the latest."""


class Memory:
    """What a network knows: requests as they were written, and when each was processed.

    A line is a list: `written KEY TEXT TIME`, or `processed NUMBER TIME`. What followers see
    follows from that and from how the network deduplicates; a time may lie in the future. What
    alerts somebody got, and when a watch had looked, is kept in the same place (`alert ID STAGE`,
    `look TIME`).
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self._path = path
        self.kind = kind

    def _append(self, *line: Any) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(json.dumps(line).encode() + b"\n")

    def _lines(self, name: str) -> list[list[Any]]:
        if not self._path.exists():
            return []
        lines = map(json.loads, self._path.read_bytes().splitlines())
        return [line[1:] for line in lines if line[0] == name]

    def written(self) -> list[list[Any]]:
        return self._lines("written")

    def write(self, key: str, text: str, at: datetime) -> int:
        """A request has come in; its number."""
        self._append("written", key, text, at.isoformat())
        return len(self.written()) - 1

    def take(self, alert: Alert) -> None:
        self._append("alert", alert["id"], alert["stage"])

    def look(self, at: datetime) -> None:
        self._append("look", at.isoformat())

    def looks(self) -> list[datetime]:
        return [datetime.fromisoformat(at) for (at,) in self._lines("look")]

    def alerts(self) -> Counter[tuple[str, str]]:
        return Counter((trouble, stage) for trouble, stage in self._lines("alert"))

    def process(self, number: int, at: datetime) -> None:
        self._append("processed", number, at.isoformat())

    def posts(self, now: datetime = FOR_EVER) -> list[Landed]:
        """What followers have seen by now."""
        requests, seen = self.written(), list[Landed]()
        processed = [(datetime.fromisoformat(at), n) for n, at in self._lines("processed")]
        for at, number in sorted(processed):
            if at <= now:
                key, text, _ = requests[number]
                if self._twin(seen, key, text, at) is None:
                    seen.append(Landed(f"r{number}", key, text, at))
        return seen

    def _twin(self, seen: Sequence[Landed], key: str, text: str, at: datetime) -> Landed | None:
        """The post that keeps this one from being another."""
        keyed = self.kind.keyed
        for each in seen:
            if keyed is not None and each.key == key and at - each.at < keyed:
                return each
            if self.kind.refuses_doubles and each.text == text:
                return each
        return None

    def posted(self, number: int, now: datetime) -> Landed | None:
        """What the network has instead of the request: its own post, or the one of the same key."""
        key, _, _ = self.written()[number]
        for each in self.posts(now):
            same_key = self.kind.keyed is not None and each.key == key
            if each.remote_id == f"r{number}" or same_key:
                return each
        return None


@dataclass(frozen=True, slots=True)
class Landed:
    """A post that followers can see."""

    remote_id: str
    key: str
    text: str
    at: datetime

    def same(self, post: Post) -> bool:
        return post.text == self.text


@dataclass
class Life:
    """A process's clock, and the points it has reached.

    At the point that has `dies` for its number or its name it is killed. `stopped` is the clock as
    it was then, in memory that the parent shares.
    """

    now: datetime
    dies: int | str | None = None
    points: list[str] = field(default_factory=list)
    stopped: mmap = field(default_factory=lambda: mmap(-1, 64))

    def clock(self) -> datetime:
        return self.now

    def reach(self, name: str) -> None:
        self.points.append(name)
        if self.dies in (len(self.points), name):
            self.stopped.write(self.now.isoformat().encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def time_of_death(self) -> datetime:
        """For the parent."""
        return datetime.fromisoformat(self.stopped[:].rstrip(b"\0").decode())


class MortalNetwork:
    """A network of one kind, as a process sees it that may die at each step of a call."""

    def __init__(self, life: Life, memory: Memory, response: str) -> None:
        self._life = life
        self._memory = memory
        self._response = response
        self.limits = limits()
        kind = memory.kind
        self.keyed, self.readable, self.quarantine = kind.keyed, kind.readable, kind.quarantine

    def request(self, post: Post, key: str) -> Request:
        return Request("POST", "sim:/post", {"text": post.text, "key": key})

    def upload(self, request: Request) -> tuple[str, ...]:
        self._life.reach("upload: before")
        self._life.reach("upload: after")
        return ()

    def send(
        self, request: Request, media_ids: Sequence[str], before_write: Callable[[], None]
    ) -> Receipt:
        life = self._life
        life.reach("send: connected")
        before_write()
        life.reach("send: about to write")
        number = self._memory.write(request.body["key"], request.body["text"], life.now)
        life.reach("send: written")
        try:
            return self._answer(number)
        finally:
            life.reach("send: answered")

    def _answer(self, number: int) -> Receipt:
        life, memory = self._life, self._memory
        how = RECEIPT if number else self._response
        what, _, fate = how.partition(", ")
        if what in (RECEIPT, "unreadable 2xx") or fate == "stored":
            memory.process(number, life.now)
        elif fate == "stored late":
            memory.process(number, life.now + self.quarantine + LATE)
        life.reach("send: processed")
        if what == "time-out":
            life.now += timedelta(seconds=REQUEST_SECONDS)
        if what in THROTTLED:
            raise NotSent(network="sim", what=what, retry_at=life.now + THROTTLED[what])
        if what == ACCOUNT_WIDE:
            raise NotSent(network="sim", what=what, account_wide=True)
        if what == "4xx for the content":
            raise Refused(network="sim", what=what)
        there = memory.posted(number, life.now)
        if what != RECEIPT or there is None:
            raise InDoubt(network="sim", what=what)
        return Receipt(there.remote_id, f"sim:/{there.remote_id}")

    def find(self, since: datetime) -> list[Found]:
        self._life.reach("find: before")
        posts = [each for each in self._memory.posts(self._life.now) if each.at >= since]
        self._life.reach("find: after")
        return [
            Found(Receipt(each.remote_id, "sim:/"), each.at, each.text, each.same) for each in posts
        ]

    def whoami(self) -> str:
        return "@sim"

    def clock(self) -> datetime:
        return self._life.now

    def ask_clock(self) -> datetime:
        return self.clock()

    def abort(self) -> None:
        pass

    def close(self) -> None:
        pass


class MortalLedger:
    """A ledger whose process may die before every call, and before and after it commits a change.

    After a call that only reads nothing is different from before the next step.
    """

    def __init__(self, life: Life, ledger: Any) -> None:
        self._life = life
        self._ledger = ledger
        self._calling = ""
        self._changes = False
        begin, commit = ledger._begin, ledger._commit

        def note_kind(kind: str) -> None:
            self._changes = kind != "read"
            begin(kind)

        def commit_between_points() -> None:
            mortal = self._changes and bool(self._calling)
            if mortal:
                life.reach(f"{self._calling}: before the commit")
            commit()
            if mortal:
                life.reach(f"{self._calling}: after the commit")

        ledger._begin, ledger._commit = note_kind, commit_between_points

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._ledger, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._life.reach(f"{name}: before")
            self._calling = name
            try:
                return method(*args, **kwargs)
            finally:
                self._calling = ""

        return call


def warm_up() -> None:
    """Composes all there is to say, so that no life has to."""
    for _ in islice(PLANNER.plan(ACCOUNT, History(ACCOUNT.name), START), 50):
        pass


def open_ledger(url: str, life: Life) -> Ledger:
    """The ledger at an address, under the life's clock."""
    if url.startswith("sqlite:///"):
        return SqliteLedger(url.removeprefix("sqlite:///"), clock=life.clock)

    class Timed(PostgresLedger):
        """Its clock is moved from outside, as a constant."""

        def _now(self) -> datetime:
            return life.now

    return Timed(url)


def _watch(life: Life, memory: Memory, ledger: Ledger) -> Watch:
    """It sees to it that somebody hears, as in a worker; here after each step that had news."""

    def send(_: str, alert: Alert) -> None:
        life.reach("alert: before")
        memory.take(alert)
        life.reach("alert: after")

    outlet = Outlet(addresses=["https://alerts.invalid/"], send=send)
    return Watch([ACCOUNT.name], lambda: ledger, lambda *_, **__: None, outlet)


def live(
    url: str,
    memory: Memory,
    response: str,
    life: Life,
    until: datetime,
    make: Callable[..., Publisher] = Publisher,
    asleep: timedelta = timedelta(),
) -> Life:
    """Steps a publisher until this slot has a row and nothing is open, or until it is killed.

    Once there is a history, it first sleeps for so long.
    """
    ledger = open_ledger(url, life)
    mortal: Any = MortalLedger(life, ledger)
    news = ["begun"]
    publisher = make(
        ACCOUNT,
        PLANNER,
        mortal,
        MortalNetwork(life, memory, response),
        lambda event, **_: news.append(event),
        spread=lambda: 1.0,
    )
    watch = _watch(life, memory, mortal)
    for _ in range(STEPS):
        look = publisher.step()
        if news:
            news.clear()
            watch.look()
            memory.look(life.now)
        if asleep and ledger.history(ACCOUNT.name).rows:
            look, asleep = life.now + asleep, timedelta()
        life.now = max(life.now, look)
        if ledger.row(ACCOUNT.name, until) is not None and not ledger.open_rows(ACCOUNT.name):
            ledger.close()
            return life
    raise RuntimeError(f"not settled after {STEPS} steps")
