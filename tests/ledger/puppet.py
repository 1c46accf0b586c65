"""A process of its own that uses a ledger, led by a test line by line.

A line on standard input is a JSON list: the name of an action below, and its arguments. The answer
is a line of JSON: what the action returned, or the name of the error that it raised.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.errors import BotError
from bot.ledger import open_ledger
from bot.ledger.base import Halt, Row
from tests.ledger.stores import HOUR, a_row

ROOT = Path(__file__).resolve().parents[2]
BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
"""The slot of row N that a puppet arms is N hours after this."""


class Puppet:
    """The test's end of it."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger.puppet", url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, *action: Any) -> None:
        """Has it begin an action; `hear` is when it ended."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(action) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, *action: Any) -> Any:
        self.tell(*action)
        return self.hear()

    def stop(self) -> None:
        """Stops it as a debugger would; returns when it has stopped."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As `kill -9` does. Harmless if it has ended."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def puppets(url: str, count: int) -> Iterator[list[Puppet]]:
    """So many processes, each with the ledger opened."""
    made = [Puppet(url) for _ in range(count)]
    try:
        for puppet in made:
            assert puppet.hear() == "ready"
        yield made
    finally:
        for puppet in made:
            puppet.kill()


# The process's end of it


def _arm(ledger: Any, number: int, token: str) -> str:
    new = a_row(number, BEGIN + number * HOUR, live=100_000 * HOUR)
    return str(ledger.arm(new, token).token)


def _rearm(ledger: Any, number: int, token: str) -> str:
    return str(ledger.rearm(ledger.row("x", BEGIN + number * HOUR), token).token)


def _halt(ledger: Any, token: str) -> str:
    """The token of the halt that stands then."""
    return str(ledger.halt("x", Halt(ledger.now(), "402", person=True, token=token)).token)


def _lease(ledger: Any, address: str, holder: str) -> str:
    """The trouble that it has to tell of; empty where there is none."""
    delivery = ledger.lease(address, holder, 600)
    return str(delivery.trouble.id) if delivery else ""


def _freeze(ledger: Any, number: int) -> None:
    """Arms, but never comes to the commit."""

    def freeze(row: Row) -> None:
        _answer("inside")
        signal.pause()

    ledger._guard = freeze
    _arm(ledger, number, "frozen")


def _hasty(ledger: Any, seconds: float) -> None:
    """From now on it waits for others, and they for it, no longer than this."""
    ledger._busy = ledger._patience = seconds


def _limit(ledger: Any, size: int) -> None:
    """No file may grow beyond this: what a full disk does, without one. 0 lifts it."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size or hard, hard))


def _may_set_up(ledger: Any, path: str) -> bool:
    """Whether nobody is setting up the ledger that this lock file belongs to."""
    with Path(path).open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1)
        except OSError:
            return False
        return True


def _drop_privileges(ledger: Any) -> None:
    """Root may write to any file: become somebody else."""
    if os.geteuid() == 0:
        os.setuid(pwd.getpwnam("nobody").pw_uid)


ACTIONS: dict[str, Callable[..., Any]] = {
    "alone": lambda ledger: ledger.prove_alone(),
    "arm": _arm,
    "begin": lambda ledger: ledger.begin("x", "sim").slot.isoformat(),
    "close": lambda ledger: ledger.close(),
    "drop_privileges": _drop_privileges,
    "freeze": _freeze,
    "limit": _limit,
    "may_set_up": _may_set_up,
    "halt": _halt,
    "hasty": _hasty,
    "lease": _lease,
    "migrate": lambda ledger: ledger.migrate(),
    "rearm": _rearm,
    "rows": lambda ledger: [row.token for row in ledger.rows()],
}


def _answer(what: Any) -> None:
    print(json.dumps(what), flush=True)


def main(url: str) -> None:
    ledger = open_ledger(url)
    _answer("ready")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            _answer(ACTIONS[name](ledger, *arguments))
        except BotError as error:
            _answer(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1])
