"""`python -m tests.fake_x`, run as a person runs it."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
import requests
from requests_oauthlib import OAuth1

from tests.fake_x import Faults
from tests.fake_x.__main__ import add_fault
from tests.fake_x_hand import X

ROOT = Path(__file__).resolve().parents[1]


class Running:
    """The program, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.out: IO[str] = process.stdout
        self.errors: IO[str] = process.stderr

    def settings(self, lines: int = 5) -> dict[str, str]:
        """What it prints first, as a shell or .env would take it."""
        assert self.out.readline().startswith("# A fake X at http://127.0.0.1:")
        pairs = (self.out.readline().strip().removeprefix("export ") for _ in range(lines))
        return dict(pair.split("=", 1) for pair in pairs)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "tests.fake_x", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def tweet(settings: dict[str, str], text: str, prefix: str = "X") -> int:
    """Posts with settings as the program gave them; returns the status."""
    keys = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    auth = OAuth1(*(settings[f"{prefix}_{key}"] for key in keys))
    request = requests.Request("POST", f"{X}/2/tweets", json={"text": text}, auth=auth).prepare()
    request.url = f"{settings[f'{prefix}_API_URL']}/2/tweets"
    with requests.Session() as session:
        return session.send(request, timeout=60).status_code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_settings_then_posts_then_ends_in_good_order(number: int) -> None:
    with running() as program:
        settings = program.settings()
        assert list(settings) == [
            "X_API_URL",
            "X_API_KEY",
            "X_API_SECRET",
            "X_ACCESS_TOKEN",
            "X_ACCESS_TOKEN_SECRET",
        ]
        assert tweet(settings, "Bread\nand freedom") == 201
        assert program.out.readline().endswith(" x: Bread\\nand freedom\n")
        assert tweet(settings, "a" * 281) == 400
        assert "refused: POST /2/tweets: 400 text: Your Tweet" in program.errors.readline()
        assert program.end(number) == 0
        assert program.out.read() + program.errors.read() == ""


def test_it_writes_settings_and_posts_to_files(tmp_path: Path) -> None:
    env, record = tmp_path / ".env", tmp_path / "posts.jsonl"
    with running("--env-file", str(env), "--json", str(record), "--export") as program:
        settings = program.settings()
        text = env.read_text(encoding="utf-8")
        assert stat.S_IMODE(env.stat().st_mode) == 0o600
        assert [line for line in text.splitlines() if not line.startswith("#")] == [
            f"{name}={value}" for name, value in settings.items()
        ]
        for text in ("é", "b"):
            tweet(settings, text)
            program.out.readline()
        assert program.end() == 0
    posts = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    assert [(post["text"], post["user"], post["media"]) for post in posts] == [
        ("é", "x", []),
        ("b", "x", []),
    ]
    with running("--env-file", str(env)) as program:
        assert program.settings() != settings


def test_a_file_that_takes_no_posts_is_said(tmp_path: Path) -> None:
    with running("--json", str(tmp_path)) as program:
        settings = program.settings()
        with suppress(requests.ConnectionError):  # it may end before it has answered
            tweet(settings, "a")
        assert program.process.wait(60) == 2
        assert "Is a directory" in program.errors.read()


def test_it_takes_accounts_and_faults_and_lets_strictness_go() -> None:
    with running(
        *("--account", "x", "--account", "x-fr", "--no-duplicates-refused"),
        *("--fault", "status:2,code=500", "--fault", "drop_after_store"),
    ) as program:
        settings = program.settings(10)
        assert [tweet(settings, "a") for _ in range(2)] == [500, 500]
        with pytest.raises(requests.ConnectionError):
            tweet(settings, "a")
        assert [tweet(settings, "a"), tweet(settings, "a", "X_FR")] == [201, 201]
        errors = [program.errors.readline() for _ in range(3)]
        assert errors[2] == "refused: POST /2/tweets: no answer (drop_after_store)\n"
        assert program.end() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fault", "drop_after"], "did you mean drop_after_"),
        (["--fault", "hang:x"], "invalid literal"),
        (["--fault", "hang,seconds"], "'seconds' is not OPTION=VALUE"),
        (["--fault", "html_503,code=1"], "html_503 has no code"),
        (["--env-file", "pyproject.toml"], "is there already, and not mine"),
        (["--port", "99999"], "port"),
    ],
)
def test_wrong_usage_is_said_and_exits_with_2(arguments: list[str], message: str) -> None:
    with running(*arguments) as program:
        assert program.process.wait(60) == 2
        assert message in program.errors.read()


def test_a_port_that_is_taken_is_said() -> None:
    with running() as program:
        port = program.settings()["X_API_URL"].rsplit(":", 1)[1]
        with running("--port", port) as second:
            assert second.process.wait(60) == 2
            assert "Address already in use" in second.errors.read()


def test_help_names_every_fault() -> None:
    with running("--help") as program:
        assert "stale_timeline" in program.out.read()
        assert program.process.wait(60) == 0


def test_a_fault_can_be_written_on_one_line() -> None:
    faults = Faults()
    add_fault(faults, "status:always,code=502,match=GET *,store=true,body=oops,after=1")
    assert faults.take("GET", "/a") is None
    fault = faults.take("GET", "/a")
    assert fault is not None
    assert (fault.times, fault.options["code"], fault.options["body"]) == (None, 502, "oops")
    assert fault.options["store"] is True
