"""The tests themselves run anywhere: whoever runs them, wherever the checkout is, in any way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent


def test_a_database_starts_from_programs_in_a_folder_that_nobody_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / f"a closed {'long ' * 40}folder"
    closed.mkdir(mode=0o700)
    wheel = postgres._programs().parents[1]
    shutil.copytree(wheel, closed / wheel.name, ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = f"{wheel.name}.libs"
    shutil.copytree(wheel.with_name(libraries), closed / libraries)
    there = closed / postgres._programs().relative_to(wheel.parent)
    monkeypatch.setattr(postgres, "_programs", lambda: there)
    monkeypatch.setattr("tempfile.tempdir", str(closed))
    server = Postgres()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    server.close()


IGNORED = """
import signal, subprocess, sys
for name in ("SIGINT", "SIGHUP", "SIGQUIT"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
import tests.conftest
for name in ("SIGINT", "SIGHUP", "SIGQUIT"):
    signal.raise_signal(getattr(signal, name))
child = (
    "import signal as s; print(s.getsignal(s.SIGINT) is s.default_int_handler, "
    "s.getsignal(s.SIGHUP) is s.SIG_DFL)"
)
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout)
"""


def test_under_nohup_or_in_the_background_only_the_tests_themselves_are_deaf() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IGNORED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True True\n\n"


MISSING = """
import sys, tests.needs as needs
nowhere = [tool._replace(program="/nowhere" + tool.program) for tool in needs.TOOLS]
needs.TOOLS = tuple(nowhere)
needs.CHROMIUM, needs.PDFTOTEXT, needs.TESSERACT = nowhere
import pytest
sys.exit(pytest.main(["-p", "no:cacheprovider", *sys.argv[1:]]))
"""


def run_without_tools(**env: str) -> tuple[int, list[str]]:
    chosen = ("tests/preview/test_browser.py", "tests/test_drawing.py", "-k", "axe or scenes")
    unwatched = {name: value for name, value in os.environ.items() if name not in ("CI", *UNKEPT)}
    done = subprocess.run(
        [sys.executable, "-c", MISSING, *chosen],
        cwd=ROOT,
        env=unwatched | env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


UNKEPT = ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER")


def test_what_can_t_be_tested_here_is_said_in_one_line_with_what_brings_it() -> None:
    code, said = run_without_tools()
    assert code == 0
    assert [line for line in said if "apt-get" in line] == [
        "Not tested: the page in a browser, the words on the pictures. "
        "This brings it: apt-get install chromium tesseract-ocr"
    ]


def test_in_ci_nothing_is_skipped() -> None:
    code, said = run_without_tools(CI="true")
    assert code == 1
    assert not any("skipped" in line for line in said)
