"""How planning and deciding behave when there is much of it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from benchmarks.measure import ROOT, Figure
from bot.domain import History, Slot, text_key
from bot.ledger import open_ledger
from bot.ledger.base import Ledger
from bot.networks.x import LIMITS
from bot.planning import Planner
from tests.generated import volume

YEAR = 8760
START = datetime(2026, 1, 1, tzinfo=UTC)


class _Words:
    """What a bare template is given: as many attributes as the real thing has."""

    by, when, publisher, to = "Somebody, Somewhere", "August 2020", "Somebody", "somebody else"

    def __str__(self) -> str:
        return "“Words that somebody said at some time, as long as a quotation is.”"


def plan(quick: bool) -> list[Figure]:
    """A year of hourly posts, against rendering as many by bare sandboxed Jinja2."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment()
    bodies = [
        path.read_text(encoding="utf-8").partition("\n---\n")[2]
        for path in sorted((ROOT / "messages/templates").glob("*.txt"))
    ]
    templates = [environment.from_string(body) for body in bodies]
    words = _Words()
    names = {"quote": words, "position": words, "demand": words, "fact": words, "links": {}}

    def bare() -> float:
        begin = time.perf_counter()
        for number in range(YEAR):
            templates[number % len(templates)].render(names, hashtag="#Hashtag")
        return time.perf_counter() - begin

    def ours() -> float:
        campaign = volume(quotes=40, demands=40, facts=40, templates=7)
        planner = Planner(campaign, {"x": LIMITS})
        begin = time.perf_counter()
        posts = list(islice(planner.plan(campaign.accounts["x0"], History("x0"), START), YEAR))
        took = time.perf_counter() - begin
        assert all(planned.post is not None for planned in posts)
        return took

    runs = 3 if quick else 7
    ours(), bare()
    pairs = [(ours(), bare()) for _ in range(runs)]
    a = statistics.median(pair[0] for pair in pairs)
    b = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(x / y for x, y in pairs)
    return [
        Figure(
            "8,760 posts planned, against bare Jinja2",
            f"{a * 1e3:.0f} ms",
            f"{b * 1e3:.0f} ms",
            ratio,
            4.0,
        )
    ]


def decision(quick: bool) -> list[Figure]:
    """The next decision on a ledger of many rows, against one of a thousand."""
    many = 100_000 if quick else 1_000_000
    campaign = volume(quotes=10, demands=10, facts=10, templates=4, every=(1, "m"))
    account = campaign.accounts["x0"]
    planner = Planner(campaign, {"x": LIMITS})
    deck = planner.deck(account)
    texts = [
        (template.name, tuple(p.id for unit in units for p in unit.passages), made.text)
        for template, units, made in deck.every()
    ]
    with tempfile.TemporaryDirectory() as folder:
        small = filled(Path(folder) / "small.sqlite3", 1000, texts)
        large = filled(Path(folder) / "large.sqlite3", many, texts)

        def decide(ledger: Ledger) -> float:
            begin = time.perf_counter()
            for _ in range(20):
                history = ledger.history("x0")
                ledger.open_rows("x0")
                assert history.newest is not None
                next(planner.plan(account, history, history.newest))
            return (time.perf_counter() - begin) / 20

        decide(large), decide(small)
        pairs = [(decide(large), decide(small)) for _ in range(5 if quick else 15)]
        small.close()
        large.close()
    a = statistics.median(pair[0] for pair in pairs)
    b = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(x / y for x, y in pairs)
    name = f"the next decision: {many:,} rows against 1,000"
    return [Figure(name, f"{a * 1e3:.2f} ms", f"{b * 1e3:.2f} ms", ratio, 1.2)]


def filled(path: Path, rows: int, texts: Sequence[tuple[str, tuple[str, ...], str]]) -> Ledger:
    """A ledger with so many posted rows; written past the interface, which would take an hour."""
    import sqlite3

    ledger = open_ledger(f"sqlite:///{path}")
    ledger.migrate()
    first = START - timedelta(minutes=rows)
    ledger.begin("x0", "x")
    connection = sqlite3.connect(path)
    names = [row[1] for row in connection.execute("PRAGMA table_info(ledger)")]
    template = dict(zip(names, connection.execute("SELECT * FROM ledger").fetchone(), strict=True))
    connection.execute("DELETE FROM ledger")

    def each(number: int) -> dict[str, object]:
        at = first + timedelta(minutes=number)
        design, draws, text = texts[number % len(texts)]
        slot = Slot(at, "x0", at, at + timedelta(minutes=1))
        stamp = slot.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            **template,
            "number": number + 1,
            "slot": stamp,
            "expires_at": stamp,
            "state": "posted",
            "reason": "",
            "text": text,
            "text_key": text_key(text),
            "template": design,
            "draws": '["' + '","'.join(draws) + '"]',
            "media": "[]",
            "remote_id": f"r{number}",
            "claimed_at": stamp,
        }

    marks = ", ".join(f":{name}" for name in names)
    connection.executemany(f"INSERT INTO ledger VALUES ({marks})", map(each, range(rows)))
    connection.commit()
    connection.close()
    return ledger
