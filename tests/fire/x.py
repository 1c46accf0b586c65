"""The fake X in a process of its own, led line by line: what it remembers outlives every worker.

A line on standard input is a JSON list: an action, and its arguments. The answer is a line of JSON.
It refuses no text for having been said before: a post that goes out twice is seen twice.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.fake_x import FakeX
from tests.site import ROOT, environment

_UNLIMITED = 10**9


class Seen(NamedTuple):
    """A post that followers can see."""

    account: str
    remote_id: str
    text: str


class XProcess:
    """The driver's end of it. `environment` has the accounts' settings."""

    def __init__(self, accounts: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fire.x", *accounts],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the driver's to hear
        )
        self.environment: dict[str, str] = self._hear()

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def _ask(self, *action: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(action) + "\n")
        self._process.stdin.flush()
        return self._hear()

    def fault(self, kind: str, **options: Any) -> None:
        """Makes this go wrong from now on, as `Faults.add` says."""
        self._ask("fault", kind, options)

    def calm(self) -> dict[str, int]:
        """Nothing goes wrong any more. How often each fault has struck so far."""
        struck: dict[str, int] = self._ask("calm")
        return struck

    def count(self) -> int:
        """How many posts followers have seen."""
        count: int = self._ask("count")
        return count

    def seen(self) -> list[Seen]:
        return [Seen(*each) for each in self._ask("seen")]

    def close(self) -> None:
        """Ends the process, which ends by itself when nobody leads it any more."""
        self._process.communicate()


def main(accounts: Sequence[str]) -> None:
    fake = FakeX(
        accounts,
        duplicate_window=0.0,
        single_use_media=False,
        rates={},
        other_rate=_UNLIMITED,
    )
    with fake:
        settings: dict[str, str] = {}
        for name in accounts:
            settings |= fake.environment(name, name.upper())
        _answer(settings)
        for line in sys.stdin:
            _answer(_act(fake, *json.loads(line)))


def _act(fake: FakeX, action: str, *arguments: Any) -> Any:
    if action == "fault":
        kind, options = arguments
        fake.faults.add(kind, **options)
    elif action == "calm":
        fake.faults.clear()
        struck: dict[str, int] = {}
        for entry in fake.requests:
            if entry.fault:
                # "/" is asked for the time
                route = "".join(entry.path.split("/")[2:3]) or "/"
                what = f"{entry.fault} ({entry.method} {route})"
                struck[what] = struck.get(what, 0) + 1
        return struck
    elif action == "count":
        return len(fake.posts)
    elif action == "seen":
        return [(post.user, post.id, post.text) for post in fake.posts]
    return None


def _answer(what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
