"""Where a run takes place: content, a database, the fake X, and workers. Nothing of it stays.

Every process here ends with the driver, however that ends: those that it starts are told so by the
kernel, the fake X sees its standard input close, and what is mounted is mounted for them alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from bot.ledger import open_ledger
from bot.ledger.base import OPEN, Row
from tests.content.builder import png
from tests.fire.x import XProcess
from tests.listener import Listener
from tests.locked import lock
from tests.postgres import Postgres
from tests.site import bot, environment

PASSAGES = 40
"""So many passages for each template: what an account can say is their product."""

_DISK = "24m"
"""The disk of an SQLite ledger."""


# Content ------------------------------------------------------------------------------------------


def write_site(folder: Path, accounts: Mapping[str, int], texts: int) -> Path:
    """A campaign whose accounts have so many different texts each.

    `accounts` has the seconds between an account's slots, by its name, which is its language too:
    two accounts must not say the same.
    """
    site = folder / "site"
    for name in ("messages/statements", "messages/templates", "media"):
        (site / name).mkdir(parents=True)
    _write(site / "messages/campaign.toml", _campaign(accounts))
    alts = ", ".join(f'{language} = "A grey square."' for language in accounts)
    _write(site / "media/media.toml", f'[assets.grey]\nfile = "grey.png"\nalt = {{{alts}}}\n')
    (site / "media/grey.png").write_bytes(png(800, 800))
    for language in accounts:
        _write(site / f"messages/statements/harbour-{language}.toml", _statement(language))
        for number in range(-(-texts // PASSAGES)):
            path = site / f"messages/templates/{language}-{number:03}.txt"
            _write(path, _template(language, number))
    return lock(site)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _campaign(accounts: Mapping[str, int]) -> str:
    lines = ["[campaign]", 'name = "Harbour"', 'hashtag = "#Harbour"', 'timezone = "UTC"']
    lines += ["seed = 1", "[schedule]", 'every = "1s"']
    for name, seconds in accounts.items():
        lines += [f"[accounts.{name}]", 'network = "x"', f'language = "{name}"']
        lines += [f"[accounts.{name}.schedule]", f'every = "{seconds}s"']
    return "\n".join(lines) + "\n"


def _statement(language: str) -> str:
    lines = ['publisher = "The Dockers\' Union"', 'when = "May 2021"', f'language = "{language}"']
    for number in range(PASSAGES):
        text = f"Sentence {number:03} of the statement in {language}."
        lines += [f"[positions.p{number:03}]", f'text = "{text}"']
    return "\n".join(lines) + "\n"


def _template(language: str, number: int) -> str:
    return (
        f"draws: position\nattach: grey\nlanguage: {language}\n---\n"
        f"In design {number:03}, {{{{ position.publisher }}}} wrote in {{{{ position.when }}}}:\n\n"
        "{{ position }}\n\n{{ hashtag }}\n"
    )


# Databases ----------------------------------------------------------------------------------------


class PostgresServer:
    """A PostgreSQL of its own that can be stopped hard, and its connections cut."""

    def __init__(self) -> None:
        self._server = Postgres()
        self.name = "PostgreSQL"
        self.url = self._server.url()

    def crash(self) -> None:
        """`pg_ctl stop -m immediate`."""
        self._server.kill()

    def start(self) -> None:
        self._server.start()

    def cut(self) -> int:
        """Ends every connection of the workers. How many."""
        sql = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'bot' AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self.url, autocommit=True) as admin:
            return len(admin.execute(sql).fetchall())

    def close(self) -> None:
        self._server.close()


class SqliteDisk:
    """An SQLite ledger on a small disk of its own that can be full, or not to be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "disk"
        self._folder.mkdir()
        self._ballast = self._folder / "ballast"
        self.mounted = _mount(self._folder)
        self.name = "SQLite" + ("" if self.mounted else "; no disk may be mounted, so none is full")
        self.url = f"sqlite:///{self._folder}/bot.sqlite3"

    def fill(self) -> None:
        """Not a byte more goes onto the disk."""
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (1 << 16, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def lock(self) -> None:
        """From now on whoever opens the ledger may not write it."""
        for path in self._ledger():
            path.chmod(0o400)

    def unlock(self) -> None:
        for path in self._ledger():
            path.chmod(0o600)

    def _ledger(self) -> list[Path]:
        paths = [self._folder / f"bot.sqlite3{suffix}" for suffix in ("", "-wal", "-shm")]
        return [path for path in paths if path.exists()]

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", self._folder], check=True)


def _mount(folder: Path) -> bool:
    """Mounts a small disk in memory that this process and its children alone can see.

    False where that is not permitted, or not known.
    """
    if sys.platform != "linux":
        return False
    new_namespace, recursive_private = 0x00020000, 0x44000
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(new_namespace) or libc.mount(b"none", b"/", None, recursive_private, None):
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


# Workers ------------------------------------------------------------------------------------------


class Worker:
    """A `bot run` in a process of its own. Its log goes to a file."""

    def __init__(self, site: Path, env: Mapping[str, str], log: Path) -> None:
        self.stopped = False
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.fire.worker", "run"],
                cwd=site,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=_become_a_worker,
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Signals it, if it is still there. One that was stopped is not any more."""
        self.stopped = number == signal.SIGSTOP
        self.process.send_signal(number)

    def end(self) -> None:
        """Kills it, whatever it does."""
        self.process.kill()
        self.process.wait()

    def events(self) -> Iterator[dict[str, Any]]:
        """What it told. A line that its death cut short is left out."""
        for line in self._log.read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    yield found

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


def _become_a_worker() -> None:
    """It ends with the driver, and may write only what its file's mode lets it, even as root."""
    if sys.platform != "linux":
        return
    set_parent_death_signal, drop_from_bounding_set, override_modes = 1, 24, 1
    libc = ctypes.CDLL(None)
    libc.prctl(set_parent_death_signal, signal.SIGKILL)
    libc.prctl(drop_from_bounding_set, override_modes)


# The stage ----------------------------------------------------------------------------------------


class Stage:
    """All of it. A context manager."""

    def __init__(self, database: str, accounts: Mapping[str, int], texts: int) -> None:
        self.accounts = accounts
        self.workers: list[Worker] = []
        self._clean_up = contextlib.ExitStack()
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="bot-fire-"))
            self._clean_up.callback(shutil.rmtree, self.folder)
            self.site = write_site(self.folder, accounts, texts)
            self.database = PostgresServer() if database == "postgres" else SqliteDisk(self.folder)
            self._clean_up.callback(self.database.close)
            self.x = XProcess([*accounts])
            self._clean_up.callback(self.x.close)
            self._listener = self._clean_up.enter_context(Listener())
            self._clean_up.callback(self._end_workers)
        except BaseException:
            self._clean_up.close()
            raise
        self._alerts: list[dict[str, Any]] = []

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._clean_up.close()

    def _end_workers(self) -> None:
        for worker in self.workers:
            worker.end()

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            DRY_RUN="false",
            LOG_FORMAT="json",
            DATABASE_URL=self.database.url,
            ALERT_URL=self._listener.url,
            **self.x.environment,
        )

    def start(self) -> Worker:
        """Another worker."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        worker = Worker(self.site, self.environment, log)
        self.workers.append(worker)
        return worker

    def running(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.alive]

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert so far."""
        self._alerts += self._listener.alerts()
        return self._alerts

    def rows(self, states: Sequence[Any] = ()) -> list[Row]:
        ledger = open_ledger(self.database.url, readonly=True)
        try:
            return list(ledger.rows(states=states))
        finally:
            ledger.close()

    def wait_until_settled(self, seconds: float) -> None:
        """Until the program has nothing to settle that is older than what it is just doing."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            rows = self.rows(tuple(OPEN))
            if all(row.state == "sending" for row in rows):
                return
            time.sleep(0.5)

    def status(self) -> tuple[int, set[str]]:
        """`bot status`: its exit code, and the posts that need a person."""
        done = bot(self.site, "status", "--json", env=self.environment, code=None)
        shown = json.loads(done.stdout)["needs_a_person"]
        return done.returncode, {str(each["id"]) for each in shown}

    def steps(self) -> dict[str, timedelta]:
        return {name: timedelta(seconds=seconds) for name, seconds in self.accounts.items()}
