"""`python -m tests.simulation`: many worlds, or one seed alone.

python -m tests.simulation --faults 500000
python -m tests.simulation --seed 4711 --runs 1 --trace
python -m tests.simulation --beyond late --runs 20000

Exits with 1 if followers saw anything twice, or if anything was lost in silence. With --beyond,
where that is to be expected, it only says how often.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.faults import BEYOND
from tests.simulation.figures import Figures, play

CHUNK = 25
"""Worlds that a process plays in one go."""

SAY_EVERY = 60.0
"""Seconds between two lines of progress in a log."""


def main() -> int:
    options = _options()
    began = time.monotonic()
    figures, stopped = Figures(), False
    print(_heading(options), flush=True)
    try:
        _watch(options, figures, began)
    except KeyboardInterrupt:
        stopped = True
    _progress("")
    print("\nStopped before its end." if stopped else "")
    for line in figures.table():
        print(line)
    took = time.monotonic() - began
    last = options.seed + figures.runs - 1
    print(f"seeds    {options.seed} to {last}, {len(figures.bad)} bad {_few(figures.bad)}".rstrip())
    print(f"took     {took:.0f} s, {figures.faults.total() / took:,.0f} faults a second")
    print(f"\n{figures.closing()}")
    return 1 if stopped or (figures.bad and not options.beyond) else 0


def _watch(options: argparse.Namespace, figures: Figures, began: float) -> None:
    """Adds up the worlds as they are played, and says how it goes."""
    said_at = began
    for some in _play(options):
        figures.merge(some)
        _progress("")
        for seed, what in some.bad.items():
            if not options.beyond:
                print(f"BAD seed {seed}, {what}", flush=True)
        now = time.monotonic()
        line = f"{now - began:7.0f} s  {figures.closing()}"
        if sys.stdout.isatty():
            _progress(line)
        elif now - said_at >= SAY_EVERY:
            said_at = now
            print(line, flush=True)
        if options.faults is not None and figures.faults.total() >= options.faults:
            return


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=0, help="the first world's seed")
    parser.add_argument("--runs", type=int, help="so many worlds, at most")
    parser.add_argument("--faults", type=int, help="stop after so many; without --runs, 100,000")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--beyond", choices=BEYOND, default="", help="break what is not promised")
    parser.add_argument("--trace", action="store_true", help="tell what happens, line by line")
    options = parser.parse_args()
    if options.faults is None and options.runs is None:
        options.faults = 100_000
    return options


def _heading(options: argparse.Namespace) -> str:
    beyond = f", beyond the promises: {options.beyond}" if options.beyond else ""
    python = ".".join(map(str, sys.version_info[:3]))
    return f"commit {_commit()}, Python {python}, {options.workers} processes{beyond}"


def _commit() -> str:
    """Which code this is, where that is known."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said.stdout.strip()


def _play(options: argparse.Namespace) -> Iterator[Figures]:
    """The figures of so many worlds after another, by seed, whoever is done first."""
    end = sys.maxsize if options.runs is None else options.seed + options.runs
    begins = range(options.seed, end, CHUNK)
    chunks = (range(begin, min(begin + CHUNK, end)) for begin in begins)
    if options.trace or options.workers < 2 or (options.runs or CHUNK + 1) <= CHUNK:
        for seeds in chunks:
            yield play(seeds, options.beyond, options.trace)
        return
    to_the_parent = (signal.SIGINT, signal.SIG_IGN)  # it ends the others when it is told to stop
    with ProcessPoolExecutor(
        options.workers, get_context("spawn"), signal.signal, to_the_parent
    ) as pool:
        ahead: deque[Future[Figures]] = deque(
            pool.submit(play, seeds, options.beyond)
            for seeds in islice(chunks, 3 * options.workers)
        )
        try:
            while ahead:
                yield ahead.popleft().result()
                for seeds in islice(chunks, 1):
                    ahead.append(pool.submit(play, seeds, options.beyond))
        finally:
            pool.shutdown(cancel_futures=True)


def _progress(line: str) -> None:
    """One line that is written over, on a terminal."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="", flush=True)


def _few(bad: dict[int, str]) -> str:
    seeds = [str(seed) for seed in list(bad)[:10]]
    return f"({', '.join(seeds)}{', …' if len(bad) > 10 else ''})" if seeds else ""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
