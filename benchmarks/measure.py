"""What the benchmarks share: timing whole processes in turn, and reading their memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `ratio` is ours to the floor; `most` is what it may be."""

    name: str
    ours: str
    floor: str
    ratio: float | None
    most: float | None
    unit: str = "x"

    @property
    def verdict(self) -> str:
        if self.ratio is None or self.most is None:
            return ""
        return "ok" if self.ratio <= self.most else "MISSED"


def environment(**extra: str) -> dict[str, str]:
    """A clean environment: nothing of the caller's settings leaks into what is measured."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "", **extra}


def seconds(command: Sequence[str], cwd: Path, env: dict[str, str]) -> float:
    """How long the whole process took, its output thrown away. Fails where it fails."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def in_turn(ours: Callable[[], float], floor: Callable[[], float], runs: int) -> tuple[float, ...]:
    """Medians of both, and of the ratio pair by pair: the machine's drift cancels out."""
    ours(), floor()
    pairs = [(ours(), floor()) for _ in range(runs)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def compare(
    name: str, most: float, ours: Callable[[], float], floor: Callable[[], float], runs: int
) -> Figure:
    a, b, ratio = in_turn(ours, floor, runs)
    return Figure(name, f"{a * 1000:.1f} ms", f"{b * 1000:.1f} ms", ratio, most)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def bot(*arguments: str) -> list[str]:
    """What the console script does, without depending on where it was installed."""
    return [*python("import sys; from bot.__main__ import main; sys.exit(main())"), *arguments]


def rss(pid: int) -> float:
    """Resident memory in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def switches(pid: int) -> int:
    """How often the process's threads went to sleep by themselves so far."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches:"):
                total += int(line.split()[1])
    return total
