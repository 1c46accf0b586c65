"""Fixtures for tests of commands: a folder with the tiny campaign, and ways to run commands in it.

`cli` runs them in this process, which is fast, and where nothing but the logic matters as good.
Where the process itself matters (its streams, signals, terminal) see `tests.site` and `terminal`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from tests.content.builder import changed, png, write_campaign
from tests.fake_x import FakeX
from tests.kept import logging_kept, signals_kept
from tests.site import KEPT

CAMPAIGN = "messages/campaign.toml"

HOURLY = changed(CAMPAIGN, 'times = ["12:00"]', 'every = "1h"')


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def events(self) -> list[dict[str, Any]]:
        """The log: standard error, as far as it is JSON."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]

    def complaint(self) -> list[str]:
        """Standard error, as far as it is for people."""
        return [line for line in self.err.splitlines() if not line.startswith("{")]


Cli = Callable[..., Done]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the tiny campaign, posting every hour."""
    large_enough_for_x = {"media/square.png": png(800, 800)}
    return write_campaign(tmp_path / "site", **{CAMPAIGN: HOURLY}, **large_enough_for_x)


@pytest.fixture
def cli(
    site: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Cli]:
    """Runs a command in the site: `cli("preview", "--json", env={…}, code=0)`."""
    monkeypatch.chdir(site)
    for name in os.environ.keys() - set(KEPT):
        if name != "PYTEST_CURRENT_TEST":
            monkeypatch.delenv(name)

    def run(*arguments: str, env: dict[str, str] | None = None, code: int | None = 0) -> Done:
        capfd.readouterr()
        with monkeypatch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            found = main(list(arguments))
        wrote = capfd.readouterr()
        done = Done(found, wrote.out, wrote.err)
        assert code in (None, done.code), done
        assert "Traceback" not in done.err, done.err
        return done

    with logging_kept(), signals_kept():
        yield run


@pytest.fixture
def x() -> Iterator[FakeX]:
    with FakeX() as server:
        yield server


@pytest.fixture
def live(x: FakeX) -> dict[str, str]:
    """The settings with which a command posts to the fake X."""
    return {"DRY_RUN": "false", **x.environment()}
