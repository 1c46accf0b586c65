"""Shows the other processes of this host that this one uses a ledger: a lock file.

The locks are POSIX record locks. They belong to the process, so that all its ledgers count as one,
and they are gone when it is, however it ended; a stopped process keeps them. From shared to
exclusive is one step (a flock lets go in between, and somebody else who tries just then would
believe to be alone). Closing any descriptor of the file would drop them: only this module opens it,
and once per process.

Windows has no such locks, so a ledger in SQLite is only read there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import SettingsError

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None  # type: ignore[assignment]

_PRESENT, _SETTING_UP = 0, 1
"""Which byte of the file is locked for what."""


class _Mark:
    def __init__(self, file: int, users: int) -> None:
        self.file = file
        self.users = users


_marks: dict[tuple[int, str], _Mark] = {}
_mutex = threading.RLock()


def _key(path: str) -> tuple[int, str]:
    """By process too: a child has its parent's memory, but not its locks."""
    return os.getpid(), path


def enter(path: str) -> None:
    """From now on this process uses the ledger whose lock file this is.

    Raises OSError, and SettingsError where the system can't show who uses it.
    """
    if fcntl is None:
        raise SettingsError(
            name="DATABASE_URL",
            what="a ledger in SQLite needs the file locks of Linux or macOS, which this system "
            "does not have; posting is for those",
            fix="Post from one of them, or set it to a PostgreSQL database.",
        )
    with _mutex:
        mark = _marks.get(_key(path)) or _open(path)
        mark.users += 1


def _open(path: str) -> _Mark:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.lockf(file, fcntl.LOCK_SH, 1, _PRESENT)
    except OSError:
        os.close(file)
        raise
    return _marks.setdefault(_key(path), _Mark(file, 0))


def leave(path: str) -> None:
    """Takes back one `enter`; after the last the process no longer counts."""
    with _mutex:
        mark = _marks[_key(path)]
        mark.users -= 1
        if not mark.users:
            os.close(_marks.pop(_key(path)).file)


def alone(path: str) -> bool:
    """Whether no other process has entered. Only for a process that has."""
    with _mutex:
        file = _marks[_key(path)].file
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _PRESENT)
        except (BlockingIOError, PermissionError):
            return False
        fcntl.lockf(file, fcntl.LOCK_SH, 1, _PRESENT)
        return True


@contextmanager
def setting_up(path: str) -> Iterator[None]:
    """Keeps other threads and processes out. Only for a process that has entered."""
    with _mutex:
        file = _marks[_key(path)].file
        fcntl.lockf(file, fcntl.LOCK_EX, 1, _SETTING_UP)
        try:
            yield
        finally:
            fcntl.lockf(file, fcntl.LOCK_UN, 1, _SETTING_UP)
