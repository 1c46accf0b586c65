"""`bot` with shorter waits: `python -m tests.fire.worker run` is `bot run`, within seconds.

Of the program's named durations each is a fraction of what it is, in the same order among
themselves. Nothing else is different.
"""

from __future__ import annotations

import importlib
import sys
from datetime import timedelta
from typing import Any

REQUEST_SECONDS = 2.0
SEND_WINDOW = timedelta(seconds=1.5)
DEADLINE = timedelta(seconds=6)
QUARANTINE = timedelta(seconds=4)
READ_APART = timedelta(seconds=1)

DURATIONS: dict[str, Any] = {
    "REQUEST_SECONDS": REQUEST_SECONDS,
    "SEND_WINDOW": SEND_WINDOW,
    "DEADLINE": DEADLINE,
    "READ_APART": READ_APART,
    "TOO_OLD": timedelta(seconds=90),
    "BACKOFF": (timedelta(seconds=0.5), timedelta(seconds=4)),
    "CLOCK_SKEW": timedelta(seconds=3),
    "ALIVE": timedelta(seconds=5),
    "FORGOTTEN": timedelta(seconds=30),
    "LOOK": timedelta(seconds=2),
    "BEAT_EVERY": 1.0,
    "_AWAY": (0.1, 1.0),
}
"""Wherever in the program something has this name."""

SETTLED_AFTER = (DEADLINE + QUARANTINE + 4 * READ_APART).total_seconds()
"""After so many seconds whatever was in doubt can be settled."""


def hasten() -> None:
    """Shortens what the program waits for. Fails where something has another name by now."""
    base = importlib.import_module("bot.networks.base")
    base.REQUEST_SECONDS = REQUEST_SECONDS  # type: ignore[attr-defined]  # a default argument
    for name in ("bot.publishing", "bot.worker", "bot.networks.x"):
        importlib.import_module(name)
    importlib.import_module("bot.networks.x").X.quarantine = QUARANTINE
    modules = [each for name, each in sys.modules.items() if name.startswith("bot.")]
    for name, value in DURATIONS.items():
        having = [module for module in modules if hasattr(module, name)]
        assert having, f"nothing in the program is called {name}"
        for module in having:
            meant = type(getattr(module, name)) is type(value)
            assert meant, f"{module.__name__}.{name} is something else"
            setattr(module, name, value)


def main() -> None:
    from bot.__main__ import main as run_bot

    hasten()
    run_bot()


if __name__ == "__main__":
    main()
