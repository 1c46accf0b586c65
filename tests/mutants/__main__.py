"""`python -m tests.mutants`: each breakage of the protocol must be caught by its directed test.

Requires all of those tests to pass in a copy of the tree, then breaks it in one place at a time and
requires that place's test to fail: by what it asserts, not by an error of the breakage's own. Exits
with 1 if a mutant survives, or if what it breaks is no longer there exactly once.

With --simulate N it also plays N worlds of the simulation under each, and says how many went wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tests.mutants.breakages import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]

HANGS_AFTER = 120.0
"""Seconds after which a test hangs. That is no verdict."""

NO_VERDICT = re.compile(
    r"^E +(Name|Type|Attribute|Import|Syntax|UnboundLocal)Error\b", re.MULTILINE
)
"""What a breakage that is itself broken ends with."""


class Outcome(NamedTuple):
    """What became of a mutant: `trouble` says why it does not count as killed."""

    mutant: Mutant
    seconds: float
    trouble: str
    simulated: str = ""


def main() -> int:
    options = _options()
    began = time.monotonic()
    chosen = [mutant for mutant in MUTANTS if options.only in mutant.name]
    trees: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.workers) as pool:
        for number in range(options.workers):
            trees.put(_copy_to(Path(folder) / str(number)))
        tree = trees.get()
        clean = _pytest(tree, sorted({mutant.killed_by for mutant in chosen}))
        trees.put(tree)
        if clean.returncode:
            print(f"Without any breakage:\n{clean.stdout}{clean.stderr}")
            return 1
        width = max(len(mutant.name) for mutant in chosen)
        failed = 0
        for outcome in pool.map(lambda mutant: _try(mutant, trees, options.simulate), chosen):
            failed += bool(outcome.trouble)
            print(_line(outcome, width), flush=True)
    took = time.monotonic() - began
    print(f"\n{len(chosen) - failed} passed, {failed} failed ({took:.0f} s)")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", default="", metavar="WORDS", help="those with this in their name")
    parser.add_argument("--simulate", type=int, default=0, metavar="N", help="play N worlds too")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="at a time")
    return parser.parse_args()


def _copy_to(tree: Path) -> Path:
    """What the tests need of the checkout; what is only read is linked."""
    tree.mkdir()
    for name in ("bot", "tests"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tree / name, ignore=unwanted)
    for name in ("pyproject.toml", "messages", "media"):
        (tree / name).symlink_to(ROOT / name)
    return tree


def _try(mutant: Mutant, trees: SimpleQueue[Path], worlds: int) -> Outcome:
    """Breaks a tree, runs the test, mends the tree."""
    began = time.monotonic()
    tree = trees.get()
    try:
        with _broken(tree / "bot" / mutant.file, mutant) as trouble:
            trouble = trouble or _trouble(_pytest(tree, [mutant.killed_by]))
            seconds = time.monotonic() - began
            simulated = _simulate(tree, worlds) if worlds and not trouble else ""
    except subprocess.TimeoutExpired:
        return Outcome(mutant, time.monotonic() - began, "its test hangs")
    finally:
        trees.put(tree)
    return Outcome(mutant, seconds, trouble, simulated)


@contextmanager
def _broken(path: Path, mutant: Mutant) -> Iterator[str]:
    """The file with its replacement; gives what is wrong with that."""
    text = path.read_text(encoding="utf-8")
    times = text.count(mutant.old)
    if times != 1:
        yield f"what it breaks is there {times} times"
        return
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        yield ""
    finally:
        path.write_text(text, encoding="utf-8")


def _pytest(tree: Path, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    options = ("-p", "no:cacheprovider", "-o", "addopts=", "-q", "-x")
    return _run(tree, "pytest", *options, *tests, timeout=HANGS_AFTER)


def _run(
    tree: Path, *command: str, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Without bytecode: a file that is broken and mended within a second would look the same."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tree,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def _trouble(ran: subprocess.CompletedProcess[str]) -> str:
    """Why this is not a test that failed; empty if it is."""
    if ran.returncode == 0:
        return "SURVIVED"
    if ran.returncode != 1 or not re.search(r"^1 failed", ran.stdout, re.MULTILINE):
        return f"its test did not run: {' '.join((ran.stdout + ran.stderr).split())[-300:]}"
    if broken := NO_VERDICT.search(ran.stdout):
        return f"is itself broken: {broken[0]}"
    return ""


def _simulate(tree: Path, worlds: int) -> str:
    ran = _run(tree, "tests.simulation", "--workers", "1", "--runs", str(worlds))
    bad = re.search(r"^seeds .*, (\d+) bad", ran.stdout, re.MULTILINE)
    closing = re.search(r"(\d+) duplicates, \d+ silent losses\Z", ran.stdout.rstrip())
    if not bad or not closing:
        return "?"
    return f"{bad[1]} of {worlds}" + (f", {closing[1]} twice" if closing[1] != "0" else "")


def _line(outcome: Outcome, width: int) -> str:
    name, test = outcome.mutant.name.ljust(width), outcome.mutant.killed_by
    verdict = outcome.trouble or f"killed by {test}"
    state = "FAILED" if outcome.trouble else "ok"
    worlds = f"  {outcome.simulated:20}" if outcome.simulated else ""
    return f"{state:6} {outcome.seconds:4.1f} s  {name}{worlds}  {verdict}"


if __name__ == "__main__":
    sys.exit(main())
