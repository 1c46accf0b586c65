"""How much memory a worker holds, and how often it wakes."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.measure import ROOT, Figure, bot, rss, switches
from tests.fake_x import FakeX
from tests.locked import lock
from tests.postgres import Postgres
from tests.site import a_site, live

SIDE = 640
"""Pixels of a side of the benchmark's own GIF."""

_PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL).returncode
assert code == 0, code
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def idle(quick: bool) -> list[Figure]:
    """A worker with nothing to do, on both databases; and one that has posted."""
    watched = 60 if quick else 120
    with (
        FakeX() as x,
        tempfile.TemporaryDirectory() as folder,
        closing(Postgres()) as server,
    ):
        site = a_site(Path(folder), every="12h")
        often = a_site(Path(folder) / "often", every="2s")
        sqlite = live(x, f"sqlite:///{folder}/idle.sqlite3")
        postgres = {**sqlite, "DATABASE_URL": server.empty()}
        busy = {**sqlite, "DATABASE_URL": f"sqlite:///{folder}/busy.sqlite3"}
        workers = [_worker(site, sqlite), _worker(site, postgres), _worker(often, busy)]
        try:
            x.wait_for(2, timeout=60)
            time.sleep(5)
            woke = [wakes * 60 / watched for wakes in _wakes(workers[:2], watched)]
            held = [rss(worker.pid) for worker in workers]
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait(40)
    return [
        Figure("idle on SQLite", f"{held[0]:.1f} MB", "", held[0], 40, " MB"),
        Figure("idle on PostgreSQL", f"{held[1]:.1f} MB", "", held[1], 50, " MB"),
        Figure("after posts, on SQLite", f"{held[2]:.1f} MB", "", held[2], 60, " MB"),
        Figure("wakes a minute when idle, SQLite", f"{woke[0]:.1f}", "", woke[0], 3, ""),
        Figure("wakes a minute when idle, PostgreSQL", f"{woke[1]:.1f}", "", woke[1], 3, ""),
    ]


def _wakes(workers: Sequence[subprocess.Popen[bytes]], seconds: float) -> list[int]:
    """How often each did something: looks a twentieth of a second apart in which it ran at all.

    What it does when it wakes, it does in one go; the waits for the disk or the database within
    that are no wakes of their own.
    """
    seen = [switches(worker.pid) for worker in workers]
    woke, quiet = [0] * len(workers), [True] * len(workers)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)
        for index, worker in enumerate(workers):
            now = switches(worker.pid)
            woke[index] += now != seen[index] and quiet[index]
            quiet[index], seen[index] = now == seen[index], now
    return woke


def _worker(site: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        bot("--root", str(site), "run"),
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def large_gif(quick: bool) -> list[Figure]:
    """A post with a 15 MB GIF against one with a small GIF: what more it takes at its peak."""
    peaks = [_peak_of_posts(megabytes, 1 if quick else 3) for megabytes in (1, 15)]
    more = peaks[1] - peaks[0]
    name = "a 15 MB GIF posted, more memory than for 1 MB"
    return [Figure(name, f"{peaks[1]:.1f} MB", f"{peaks[0]:.1f} MB", more, 6, " MB")]


def _peak_of_posts(megabytes: int, runs: int) -> float:
    with FakeX() as x, tempfile.TemporaryDirectory() as folder:
        site = a_site(Path(folder), every="1h")
        _only_gif(site, megabytes)
        env = live(x, f"sqlite:///{folder}/bot.sqlite3")
        command = bot("--root", str(site), "post", "--now")
        return min(_peak(command, env) for _ in range(runs))


def _peak(command: list[str], env: dict[str, str]) -> float:
    run = subprocess.run(
        [sys.executable, "-c", _PEAK, *command],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024
    return int(run.stdout) / scale


def _only_gif(site: Path, megabytes: int) -> None:
    """Every post gets a GIF of nearly this size: noise, which no encoder makes smaller."""
    from PIL import Image

    def save(frames: int) -> int:
        first, *rest = (
            Image.frombytes("L", (SIDE, SIDE), random.Random(seed).randbytes(SIDE * SIDE))
            for seed in range(frames)
        )
        first.save(path, save_all=True, append_images=rest, duration=500)
        return path.stat().st_size

    path = site / "media/noise.gif"
    save(int(0.97 * megabytes * 1_000_000 / save(1)))
    with (site / "media/media.toml").open("a", encoding="utf-8") as file:
        file.write('\n[assets.noise]\nfile = "noise.gif"\nalt = "Noise."\n')
    for template in (site / "messages/templates").glob("*.txt"):
        lines = template.read_text(encoding="utf-8").splitlines(keepends=True)
        template.write_text(
            "".join("attach: noise\n" if line.startswith("attach:") else line for line in lines),
            encoding="utf-8",
        )
    lock(site)
