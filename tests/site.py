"""A copy of the shipped campaign in a folder of its own, and real processes that run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.fake_x import FakeX

ROOT = Path(__file__).resolve().parent.parent

KEPT = (
    *("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT"),
    *("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE"),
)
"""What a process under test keeps of the environment; settings never leak into it."""


def environment(**extra: str) -> dict[str, str]:
    """A clean environment in which this checkout's `bot` can be imported."""
    kept = {key: os.environ[key] for key in KEPT if key in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **extra}


def a_site(folder: Path, every: str | None = None) -> Path:
    """A folder with the shipped messages/, media/, Procfile; at this rhythm, if one is given."""
    site = folder / "site"
    shutil.copytree(ROOT / "messages", site / "messages")
    shutil.copytree(ROOT / "media", site / "media")
    shutil.copy(ROOT / "Procfile", site)
    if every is not None:
        edit(site / "messages/campaign.toml", r"(?m)^times = .*$", f'every = "{every}"')
    return site


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replaces the first match, and fails where there is none."""
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"{pattern} is not in {path}"
    path.write_text(text, encoding="utf-8")


def live(x: FakeX, database_url: str) -> dict[str, str]:
    """What a process needs to post to the fake X for real."""
    return environment(DRY_RUN="false", DATABASE_URL=database_url, **x.environment())


def bot(
    site: Path, *arguments: str, env: Mapping[str, str] | None = None, code: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Runs one command in the site to its end, and checks its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=site,
        env=dict(env or environment()),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def start(site: Path, *arguments: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """Starts one command in the site; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=site,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
