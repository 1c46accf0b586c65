"""Fixtures for every test, hypothesis' two profiles, and how a whole folder is run side by side."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.needs import in_one_line

settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "here")

pytest_plugins = ["tests.postgres"]

for _name in ("SIGINT", "SIGHUP", "SIGQUIT"):
    # Under nohup, or in a script's background, the tests go on; what they start must hear of it.
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)

HEAVY = (
    "acceptance/test_campaign_runs.py",
    "acceptance/test_only_verified.py",
    "acceptance/test_second_campaign.py",
    "acceptance/test_sign_off.py",
    "acceptance/test_somebody_hears.py",
    "cli/test_canary.py",
    "hearing/test_lost.py",
    "ledger/test_racing.py",
    "ledger/test_stateful.py",
    "preview/test_browser.py",
    "preview/test_live.py",
    "preview/test_serving.py",
    "test_anywhere.py",
    "test_drawing.py",
    "test_failover.py",
    "test_fire.py",
    "test_framing.py",
    "test_portability.py",
    "test_simulation.py",
)
"""What takes long: browsers, drawing, deaths, outages, simulated worlds. `--heavy` runs it."""

_MOST_WORKERS = 8
"""More would only start more databases and browsers."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--heavy", action="store_true", help="Run just the tests that take long.")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A folder is its quick tests, or with `--heavy` its heavy ones; a named file is always run."""
    path = collection_path
    if not path.name.startswith("test_") or path.suffix != ".py" or _named(path, config):
        return None
    heavy = path.relative_to(Path(__file__).parent).as_posix() in HEAVY
    return heavy != config.option.heavy or None


def _named(path: Path, config: pytest.Config) -> bool:
    args = (Path(argument.partition("::")[0]) for argument in config.args)
    return any((config.invocation_params.dir / each).resolve() == path.resolve() for each in args)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """A folder of tests is run by pytest-xdist, side by side; a file is run right here.

    Two workers for each core, since tests of processes wait half of the time. `-n 0` runs all of it
    right here, as do `-p no:xdist` and `--pdb`.
    """
    option = config.option
    if getattr(option, "numprocesses", 0) is not None or hasattr(config, "workerinput"):
        return  # without xdist, told otherwise, or a worker itself
    if any(Path(argument).is_dir() for argument in config.args) and not option.usepdb:
        option.numprocesses = min(2 * _cores(), _MOST_WORKERS)
        option.dist = "worksteal" if option.dist == "no" else option.dist


def _cores() -> int:
    """Those that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return (os.cpu_count() or 1) if affinity is None else len(affinity(0))


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What a test said travels from a worker as UTF-8, which has no lone surrogates."""
    return _encodable((yield))


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {key: _encodable(each) for key, each in value.items()}
        case list() | tuple():
            return [_encodable(each) for each in value]
    return value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last word: what was left for another time, what of the machine was missing."""
    config = terminalreporter.config
    if not config.option.heavy and any(Path(each).is_dir() for each in config.args):
        left = "Browsers, drawing, deaths and outages come with: python -m pytest --heavy"
        terminalreporter.write_line(left)
    said = in_one_line({str(each.longrepr) for each in terminalreporter.stats.get("skipped", ())})
    if said:
        terminalreporter.write_line(said, yellow=True)
