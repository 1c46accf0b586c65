"""`kill -9` at every point: what the cases are, how one is played, and the verdict on it.

A case is a database, a class of network, a way for the first request to end, and a point in the
life of the account's first post. A process is killed there; what it had written to the network
meets each fate that it could. Then a second process takes over, at once or later, settles what it
finds and posts the account's next slot. Every process is forked from a warm one, and every case
begins with a ledger that has its tables and nothing else.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle, pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bot.domain import slot_id
from bot.ledger.base import OPEN
from bot.ledger.reasons import TOO_OLD
from bot.ledger.sql_store import moment
from bot.publishing import Publisher
from bot.reconciling import DEADLINE
from bot.troubles import HALTED, HELD, LOST
from tests.fire.lives import (
    ACCOUNT_WIDE,
    AFTER_A_DEATH,
    AFTER_A_GAP,
    AFTER_A_LOSS,
    AFTER_A_SENDERS_DEATH,
    BEGIN,
    FOR_EVER,
    LATE,
    RECEIPT,
    RESPONSES,
    THROTTLED,
    Life,
    Memory,
    live,
    open_ledger,
    warm_up,
)
from tests.postgres import Postgres
from tests.simulation.faults import KINDS, Kind

DATABASES = ("sqlite", "postgres")

TAKEOVERS = (timedelta(0), timedelta(minutes=20), timedelta(hours=2))
"""How long after the death the second process begins; the cases take turns with these."""

FATES = ("processed", "processed late", "lost")
"""What becomes of a request whose sender dies when it is written and not processed yet."""

HOUR = timedelta(hours=1)

PROCESSES = 2
"""So many live in a case, one after the other."""

HEARD = {"held": {HELD}, "failed": {LOST}, "missed": {LOST, HALTED}}
"""Which troubles somebody has to hear of, where the post ended so."""

READINGS = frozenset(
    f"{name}: before"
    for name in (
        *("beats", "few", "halted", "halts", "history", "lineage", "now", "open_rows", "paused"),
        *("plan_note", "troubles", "trust", "was_asked"),
    )
)
WRITTEN = "send: written"

FIRST_ANSWERS = (RECEIPT, AFTER_A_GAP, AFTER_A_DEATH, AFTER_A_SENDERS_DEATH, AFTER_A_LOSS)
"""Of the answers to the first request that is written those that stand for all of them."""

POINTS = frozenset(
    {f"{name}: before" for name in ("halted", "history", "knows", "lineage", "now", "paused")}
    | {f"{name}: before" for name in ("prove_alone", "row", "rows")}
    | {
        f"{name}: {when}"
        for name in (
            *("arm", "begin", "clear", "halt", "miss", "move"),
            *("rearm", "receive", "recover", "suspect", "unhalt"),
            *("delivered", "lease", "trouble_begun", "trouble_over"),
        )
        for when in ("before", "before the commit", "after the commit")
    }
    | {f"{name}: {when}" for name in ("find", "upload", "alert") for when in ("before", "after")}
    | {f"send: {when}" for when in ("connected", "about to write", "processed", "answered")}
    | {WRITTEN}
)
"""Every point there is, but for readings that always come after another. One at which nobody died
fails the whole."""

_COLUMNS = (
    "account",
    "number",
    "slot",
    "state",
    "reason",
    "remote_id",
    "claimed_at",
    "finished_at",
)

Make = Callable[..., Publisher]


class Group(NamedTuple):
    """The cases of one database, one class of network and one response."""

    database: str
    kind: Kind
    response: str

    def __str__(self) -> str:
        return f"{self.database}, {self.kind.name}, {self.response}"

    @property
    def gap(self) -> timedelta:
        """How long the first process sleeps between the account's birth and its first post."""
        return HOUR if self.response == AFTER_A_GAP else timedelta(0)

    @property
    def slot(self) -> datetime:
        """The last slot of the first process: with that it has been through all there is."""
        later = HOUR if self.response == ACCOUNT_WIDE else timedelta(0)
        return BEGIN + timedelta(minutes=1) + self.gap + later


class Case(NamedTuple):
    """One death: at the so-manieth point, and what follows."""

    group: Group
    number: int
    point: str
    fate: str
    takeover: timedelta

    def __str__(self) -> str:
        fate = f", {self.fate}" if self.fate else ""
        return f"{self.group}, {self.number} ({self.point}{fate}), {self.takeover} later"


@dataclass
class Result:
    """What cases gave, together."""

    cases: int = 0
    failed: int = 0
    points: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def groups(
    databases: Sequence[str] = DATABASES,
    kinds: Sequence[Kind] = KINDS,
    responses: Sequence[str] = RESPONSES,
) -> list[Group]:
    every = product(responses, kinds, databases)
    return [
        Group(database, kind, response)
        for response, kind, database in every
        if response != AFTER_A_LOSS or kind.readable  # what can't be read can't be missed
    ]


# A place for a case: a database, and the network's memory -----------------------------------------


class Place:
    """Where cases are played, one after the other. Each process that plays has its own."""

    def __init__(self, folder: Path, postgres_url: str) -> None:
        self._folder = folder / str(os.getpid())
        self._folder.mkdir()
        self._postgres_url = postgres_url
        self._admin: psycopg.Connection[Any] | None = None
        self._template = self._folder / "template"
        self._migrate(f"sqlite:///{self._template}")

    def _migrate(self, url: str) -> None:
        def migrate() -> None:
            ledger = open_ledger(url, Life(BEGIN))
            ledger.migrate()
            ledger.close()

        _ended(_in_child(migrate))

    def fresh(self, database: str) -> str:
        """The address of a ledger with nothing in it."""
        return self._fresh_postgres() if database == "postgres" else self._fresh_sqlite()

    def _fresh_sqlite(self) -> str:
        path = self._folder / "ledger"
        for suffix in ("", "-wal", "-shm", ".lock"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def _fresh_postgres(self) -> str:
        name = f"points{os.getpid()}"
        url = self._postgres_url.rpartition("/")[0] + f"/{name}"
        if self._admin is None:
            with psycopg.connect(self._postgres_url, autocommit=True) as server:
                server.execute(f"CREATE DATABASE {name}".encode())
            self._migrate(url)
            self._admin = psycopg.connect(url, autocommit=True)
        self._admin.execute(
            "DELETE FROM ledger; DELETE FROM uses; DELETE FROM notes WHERE key <> 'schema'; "
            "DELETE FROM troubles; DELETE FROM deliveries"
        )
        return url

    def close(self) -> None:
        """Removes what it made; the server's part too."""
        shutil.rmtree(self._folder)
        if self._admin is not None:
            self._admin.close()
            with psycopg.connect(self._postgres_url, autocommit=True) as server:
                server.execute(f"DROP DATABASE points{os.getpid()} WITH (FORCE)".encode())

    def rows(self, database: str) -> list[dict[str, Any]]:
        """What the ledger holds, read without the program."""
        sql = f"SELECT {', '.join(_COLUMNS)} FROM ledger ORDER BY number"
        if database == "postgres":
            assert self._admin is not None
            found = self._admin.execute(sql.encode()).fetchall()
        else:
            with closing(sqlite3.connect(self._folder / "ledger")) as db:
                found = db.execute(sql).fetchall()
        rows = [dict(zip(_COLUMNS, values, strict=True)) for values in found]
        return [{**row, "id": slot_id(row["account"], moment(row["slot"]))} for row in rows]

    def forget(self, database: str) -> None:
        """Takes from the ledger all but the account's birth, as an old backup would."""
        statements = "DELETE FROM ledger WHERE number > 1", "DELETE FROM uses"
        if database == "postgres":
            assert self._admin is not None
            for statement in statements:
                self._admin.execute(statement.encode())
        else:
            with closing(sqlite3.connect(self._folder / "ledger")) as db, db:
                for statement in statements:
                    db.execute(statement)

    def memory(self, kind: Kind) -> Memory:
        """A network's, empty."""
        path = self._folder / "network"
        path.unlink(missing_ok=True)
        return Memory(path, kind)


class Died(NamedTuple):
    """How a forked process ended: the signal that killed it, else what it had to say."""

    signal: int
    said: Any


def _in_child(work: Callable[[], Any]) -> Died:
    """Does something in a process of its own, to its end or to its death."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            gc.disable()  # it would touch, and so copy, all of the parent's memory
            os.close(reader)
            said = json.dumps(work()).encode()
        except BaseException as error:  # noqa: BLE001 - the parent is to hear of it
            said = json.dumps({"error": f"{type(error).__name__}: {error}"}).encode()
        try:
            while said:
                said = said[os.write(writer, said) :]
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:  # noqa: PTH123 - a pipe
        heard = file.read()
    _, status = os.waitpid(child, 0)
    return Died(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, json.loads(heard or b"null"))


def _ended(died: Died) -> Any:
    """What it said. Raises RuntimeError if it was killed, or broke."""
    broke = isinstance(died.said, dict) and "error" in died.said
    if died.signal or broke:
        raise RuntimeError(died.said if broke else f"killed by signal {died.signal}")
    return died.said


# One case -----------------------------------------------------------------------------------------


def play(group: Group, place: Place, make: Make = Publisher, only: str = "") -> Result:
    """Every case of a group; with `only`, those at the points that have this in their name."""
    result = Result()
    for case in cases(group, place, make):
        if only not in case.point:
            continue
        result.cases += 1
        result.points[case.point] += 1
        try:
            end, wrong = _play(case, place, make)
        except RuntimeError as error:
            end, wrong = "broken", [str(error)]
        result.ends[end] += 1
        result.failed += bool(wrong)
        result.wrong += [f"{case}: {what}" for what in wrong]
    return result


def cases(group: Group, place: Place, make: Make = Publisher) -> Iterator[Case]:
    """A life that nobody ends shows the points there are; then each of them, with each fate.

    Between two readings nothing happens that outlives the process: one death will do for both. And
    who dies before the first answer dies the same death whatever the answer would have been.
    """
    url, memory, begin = _begin(group, place, make)
    points = _ended(_in_child(lambda: _first_life(url, memory, group, Life(begin), make)))
    turns = cycle(TAKEOVERS)
    unanswered = group.response not in FIRST_ANSWERS
    for number, (before, point) in enumerate(pairwise(["", *points]), 1):
        if point == WRITTEN:
            for fate, takeover in () if unanswered else product(FATES, TAKEOVERS):
                yield Case(group, number, point, fate, takeover)
            unanswered = False
        elif not {before, point} <= READINGS:
            yield Case(group, number, point, "", next(turns))


def _begin(group: Group, place: Place, make: Make) -> tuple[str, Memory, datetime]:
    """A fresh ledger and network, and when the first process begins. One may have died before."""
    url, memory = place.fresh(group.database), place.memory(group.kind)
    if group.response == AFTER_A_LOSS:
        _ended(_in_child(lambda: _first_life(url, memory, group, Life(BEGIN), make)))
        place.forget(group.database)
        return url, memory, group.slot + timedelta(minutes=20)
    if group.response not in (AFTER_A_DEATH, AFTER_A_SENDERS_DEATH):
        return url, memory, BEGIN
    life = Life(BEGIN, WRITTEN)
    died = _in_child(lambda: _first_life(url, memory, group, life, make))
    assert died.signal == signal.SIGKILL, died
    at = life.time_of_death()
    if group.response == AFTER_A_SENDERS_DEATH:
        memory.process(0, at)
    return url, memory, at + timedelta(minutes=20)


def _first_life(url: str, memory: Memory, group: Group, life: Life, make: Make) -> list[str]:
    """The points that the first process reaches, until its post is settled."""
    return live(url, memory, group.response, life, group.slot, make, group.gap).points


def _play(case: Case, place: Place, make: Make) -> tuple[str, list[str]]:
    """How the post ended, and what is wrong with that."""
    group = case.group
    url, memory, begin = _begin(group, place, make)
    life = Life(begin, case.number)
    died = _in_child(lambda: _first_life(url, memory, group, life, make))
    if died.signal != signal.SIGKILL:
        return "not hit", [f"the point was not hit: {died}"]
    at = life.time_of_death()
    if case.fate.startswith("processed"):
        late = group.kind.quarantine + LATE if case.fate == "processed late" else timedelta(0)
        memory.process(len(memory.written()) - 1, at + late)
    left, written = place.rows(group.database), len(memory.written())
    takeover = at + case.takeover
    following = takeover.replace(minute=0, second=0, microsecond=0) + HOUR

    def settle() -> None:
        live(url, memory, group.response, Life(takeover), following, make)

    _ended(_in_child(settle))
    end, wrong = judge(case, memory, place.rows(group.database))
    sent = {key for key, *_ in memory.written()[written:]}
    if _must_not_send(case, left) and left[-1]["id"] in sent:
        wrong.append("sent again, and nobody could know whether its sender was alive")
    return end, wrong


def _must_not_send(case: Case, left: list[dict[str, Any]]) -> bool:
    """Whether the first post was left in doubt by a process that may be alive."""
    in_doubt = bool(left) and left[-1]["state"] in ("sending", "unknown")
    return in_doubt and case.group.database == "postgres" and case.group.kind.keyed is None


# The verdict --------------------------------------------------------------------------------------


def judge(case: Case, memory: Memory, rows: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """How the first post ended, and all that is wrong, by what followers saw."""
    seen: dict[str, list[str]] = {}
    for post in memory.posts():
        seen.setdefault(post.key, []).append(post.remote_id)
    wrong = [f"{key} was seen {len(ids)} times" for key, ids in seen.items() if len(ids) > 1]
    wrong += [f"{key} was seen, and has no row" for key in seen.keys() - {r["id"] for r in rows}]
    birth, *later = rows
    if [row["number"] for row in rows] != [*range(1, len(rows) + 1)] or birth["reason"] != "birth":
        wrong.append("the rows are not numbered from a birth on")
    end = "not yet born"
    for at, row in enumerate(later, 1):
        was_touched = moment(row["slot"]) <= case.group.slot
        if moment(row["slot"]) != _hour(birth) + at * HOUR:
            wrong.append(f"a slot was skipped before {row['id']}")
        wrong += _judge_row(case, row, seen.get(row["id"], []), was_touched=was_touched)
        if moment(row["slot"]) == case.group.slot:
            end = str(row["state"])
            if row["state"] == "held" or _was_looked_at(row, later[at:], memory):
                wrong += _judge_alerts(row, memory)
    return end, wrong


def _was_looked_at(row: dict[str, Any], later: list[dict[str, Any]], memory: Memory) -> bool:
    """Whether a watch looked after the row's end, and before the next post made all well again."""
    since = moment(row["finished_at"])
    until = min(
        (moment(each["claimed_at"]) for each in later if each["state"] == "posted"),
        default=FOR_EVER,
    )
    return any(since <= at < until for at in memory.looks())


def _judge_alerts(row: dict[str, Any], memory: Memory) -> Iterator[str]:
    """Whether somebody heard of it; from each of the two processes once at most."""
    alerts = memory.alerts()
    begun = {trouble.split("/")[1] for trouble, stage in alerts if stage == "begun"}
    heard = HEARD.get(row["state"])
    if heard and not begun & heard:
        yield f"{row['id']} is {row['state']}, and nobody heard of it"
    for (trouble, stage), times in alerts.items():
        if times > PROCESSES:
            yield f"{trouble} {stage} was told {times} times"


def _hour(row: dict[str, Any]) -> datetime:
    return moment(row["slot"]).replace(minute=0, second=0, microsecond=0)


def _judge_row(
    case: Case, row: dict[str, Any], seen: list[str], *, was_touched: bool
) -> Iterator[str]:
    state, known = row["state"], f"{row['id']} is {row['state']} ({row['reason']})"
    if state in OPEN:
        yield f"{known}: still open"
    if state == "posted" and [row["remote_id"]] != seen:
        yield f"{known} as {row['remote_id']}, but followers saw {seen}"
    if state in ("missed", "failed") and seen:
        yield f"{known}, but followers saw {seen}"
    if state == "missed" and not row["reason"].startswith(("late", "paused", "halted")):
        yield f"{known}: missed, and neither late, paused nor halted"
    if state == "failed" and not case.group.response.startswith("4xx"):
        yield f"{known}: failed, and nothing was refused"
    if state == "held" and not _rightly_held(case, was_touched=was_touched, seen=bool(seen)):
        yield f"{known}: held, and could have been settled"


def _rightly_held(case: Case, *, was_touched: bool, seen: bool) -> bool:
    """Whether nobody but a person can know: nothing can be asked, or the sender may be alive."""
    database, kind, response = case.group
    if was_touched and case.takeover > TOO_OLD:
        return True
    resent = case.takeover + THROTTLED.get(response, timedelta(0))
    if kind.keyed is not None and resent + 2 * DEADLINE + kind.quarantine < kind.keyed:
        return False  # the key answers, unless the network put it off for longer than that is valid
    return not kind.readable or (was_touched and database == "postgres" and not seen)


# All of them --------------------------------------------------------------------------------------


_place: Place | None = None
"""Of a process that plays."""


def _settle_in(folder: Path, postgres_url: str) -> None:
    global _place
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends the pool
    warm_up()
    _place = Place(folder, postgres_url)


def _play_here(group: Group) -> Result:
    assert _place is not None
    return play(group, _place)


def play_all(chosen: Sequence[Group], processes: int) -> Iterator[Result]:
    """The groups' results as they come, from so many processes."""
    folder = Path(tempfile.mkdtemp(prefix="bot-points-", dir=_memory_disk()))
    server = Postgres()
    try:
        context = multiprocessing.get_context("fork")
        with context.Pool(processes, _settle_in, (folder, server.url())) as pool:
            yield from pool.imap_unordered(_play_here, chosen)
    finally:
        server.close()
        shutil.rmtree(folder)


def _memory_disk() -> str | None:
    """A disk in memory, where there is one: a killed process needs no more, and it is faster."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def run(chosen: Sequence[Group], processes: int) -> int:
    """Plays the groups and says what came of them. Of all groups every point must be hit."""
    began = time.monotonic()
    whole = Result()
    for done, result in enumerate(play_all(chosen, processes), 1):
        whole.cases += result.cases
        whole.failed += result.failed
        whole.points += result.points
        whole.ends += result.ends
        for line in result.wrong:
            print(line, flush=True)
        if sys.stdout.isatty():
            print(f"\r{done} of {len(chosen)} groups, {whole.cases} cases ", end="", flush=True)
    if sys.stdout.isatty():
        print()
    missing = POINTS - whole.points.keys() if len(chosen) == len(groups()) else set()
    for name, count in sorted(whole.points.items()):
        print(f"{count:6} deaths at {name}")
    for name in sorted(missing):
        print(f"nobody died at {name}")
    for name, count in whole.ends.most_common():
        print(f"{count:6} posts ended: {name}")
    failed = whole.failed + len(missing)
    print(f"{len(chosen)} groups on {processes} processes, {time.monotonic() - began:.0f} s")
    print(f"{whole.cases - whole.failed} passed, {failed} failed")
    return 1 if failed or not whole.cases else 0
