"""What SQLite has to stand beyond the contract: disks, permissions, other processes."""

from __future__ import annotations

import errno
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from bot.domain import History
from bot.errors import LedgerGuard, LedgerUnavailable
from bot.ledger.base import Ledger, NewRow, Row
from bot.ledger.sqlite import SqliteLedger
from tests.ledger.puppet import BEGIN, puppets
from tests.ledger.stores import HOUR, a_row, armed

Opener = Callable[[Ledger], Ledger]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.sqlite3"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    """A writing ledger, migrated, and connected as long as the test runs."""
    opened = SqliteLedger(str(path))
    opened.migrate()
    yield opened
    opened.close()


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a folder: its bytes, and when it was written."""
    return {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in folder.iterdir()}


# Durable, and nobody else's business


def pragma(ledger: SqliteLedger, name: str) -> object:
    value: object = ledger._db.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def test_every_commit_is_on_the_disk_when_it_returns(ledger: SqliteLedger) -> None:
    full = 2
    assert pragma(ledger, "journal_mode") == "wal"
    assert pragma(ledger, "synchronous") == full


def test_how_long_it_waits_for_others(path: Path, ledger: SqliteLedger, opener: Opener) -> None:
    hasty = SqliteLedger(str(path), busy=0.25)
    opener(hasty).pause()
    assert pragma(ledger, "busy_timeout") == 10_000
    assert pragma(hasty, "busy_timeout") == 250


def test_writers_take_turns_from_the_start(ledger: SqliteLedger) -> None:
    begun: list[str] = []
    ledger._db.set_trace_callback(begun.append)
    ledger.begin("x", "sim")
    ledger.pause()
    ledger.history("x")
    ledger._db.set_trace_callback(None)
    assert [each for each in begun if each.startswith("BEGIN")] == [
        "BEGIN IMMEDIATE",
        "BEGIN IMMEDIATE",
        "BEGIN",
    ]


def test_its_files_are_its_owners_alone(path: Path, ledger: SqliteLedger) -> None:
    armed(ledger)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        ["bot.sqlite3", "bot.sqlite3-shm", "bot.sqlite3-wal", "bot.sqlite3.lock"], 0o600
    )


@pytest.mark.parametrize("name", ["a b.sqlite3", "100%25.sqlite3", "a#b?c=d&e.sqlite3", "ü—🇧🇾"])
def test_any_file_name_will_do(tmp_path: Path, name: str, opener: Opener) -> None:
    ledger = opener(SqliteLedger(str(tmp_path / name)))
    ledger.migrate()
    assert (tmp_path / name).stat().st_size > 0


def test_a_symbolic_link_leads_to_the_same_ledger(
    path: Path, ledger: SqliteLedger, tmp_path: Path, opener: Opener
) -> None:
    link = tmp_path / "elsewhere" / "link.sqlite3"
    link.parent.mkdir()
    link.symlink_to(path)
    row = armed(ledger)
    assert opener(SqliteLedger(str(link))).open_rows("x") == [row]
    assert [each.name for each in link.parent.iterdir()] == ["link.sqlite3"]


def test_the_clock_is_the_one_it_is_given(path: Path, opener: Opener) -> None:
    at = datetime(2026, 12, 1, 11, tzinfo=UTC)
    ledger = opener(SqliteLedger(str(path), clock=lambda: at))
    ledger.migrate()
    assert ledger.begin("x", "sim").slot == ledger.now() == at
    ledger.arm(a_row(2, at + HOUR, live=-HOUR), "expires now, which is not late yet")


def test_many_threads_may_be_the_first(tmp_path: Path) -> None:
    start = threading.Barrier(4)
    trouble: list[BaseException] = []

    def open_all() -> None:
        for number in range(20):
            ledger = SqliteLedger(str(tmp_path / f"{number}.sqlite3"))
            start.wait()
            try:
                ledger.migrate()
            except LedgerUnavailable as error:
                trouble.append(error)
            ledger.close()

    threads = [threading.Thread(target=open_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []


def test_only_one_process_at_a_time_sets_up(path: Path) -> None:
    """Of two who switch a new file to WAL at once, one gets an error, now and then."""
    answers: list[object] = []

    class Watched(SqliteLedger):
        def _open(self, mode: str) -> sqlite3.Connection:
            answers.append(other.ask("may_set_up", self._lock))
            return super()._open(mode)

    with puppets("memory://", 1) as (other,):
        watched = Watched(str(path))
        assert other.ask("may_set_up", f"{path}.lock") is True
        watched.migrate()
        assert other.ask("may_set_up", f"{path}.lock") is True
        watched.close()
    assert answers == [False]


# Reading only


def test_reading_a_ledger_that_is_not_there_makes_none(path: Path, opener: Opener) -> None:
    ledger = opener(SqliteLedger(str(path), readonly=True))
    assert ledger.history("x") == History("x")
    assert list(ledger.rows()) == []
    assert ledger.now().tzinfo is not None
    assert list(path.parent.iterdir()) == []


def test_reading_a_ledger_in_a_folder_that_is_not_there(tmp_path: Path, opener: Opener) -> None:
    ledger = opener(SqliteLedger(str(tmp_path / "no" / "bot.sqlite3"), readonly=True))
    assert ledger.history("x") == History("x")


def test_reading_leaves_no_trace(path: Path, ledger: SqliteLedger, opener: Opener) -> None:
    row = armed(ledger)
    ledger.close()
    before = contents(path.parent)
    reader = opener(SqliteLedger(str(path), readonly=True))
    assert reader.open_rows("x") == [row]
    assert list(reader.rows(newest=1)) == [row]
    assert not reader.prove_alone()
    reader.close()
    assert contents(path.parent) == before
    assert sorted(before) == ["bot.sqlite3", "bot.sqlite3.lock"]


def test_reading_beside_a_worker(path: Path, ledger: SqliteLedger, opener: Opener) -> None:
    reader = opener(SqliteLedger(str(path), readonly=True))
    for _ in range(3):
        row = armed(ledger)
        before = contents(path.parent)
        assert reader.open_rows("x")[-1] == row
        after = contents(path.parent)
        assert after.keys() == before.keys()
        assert after["bot.sqlite3"] == before["bot.sqlite3"]
        assert after["bot.sqlite3-wal"] == before["bot.sqlite3-wal"]


def test_reading_after_a_worker_was_killed(path: Path, opener: Opener) -> None:
    reader = opener(SqliteLedger(str(path), readonly=True))
    with puppets(f"sqlite:///{path}", 1) as (worker,):
        worker.ask("migrate")
        assert worker.ask("arm", 1, "token") == "token"
        worker.kill()
    assert [row.token for row in reader.open_rows("x")] == ["token"]


def test_reading_while_a_worker_comes_and_goes_is_noticed(
    path: Path, ledger: SqliteLedger, opener: Opener
) -> None:
    armed(ledger)
    ledger.close()
    reading = opener(SqliteLedger(str(path), readonly=True)).rows()
    next(reading)
    armed(ledger)
    ledger.close()
    with pytest.raises(LedgerUnavailable, match="changed while it was read"):
        list(reading)


def test_a_ledger_to_read_refuses_to_write(
    path: Path, ledger: SqliteLedger, opener: Opener
) -> None:
    reader = opener(SqliteLedger(str(path), readonly=True))
    with pytest.raises(LedgerUnavailable, match="reading only"):
        reader.pause()
    with pytest.raises(LedgerUnavailable):
        opener(SqliteLedger(str(path.parent / "new"), readonly=True)).migrate()
    assert not (path.parent / "new").exists()
    assert ledger.paused() is None


# Trouble


def test_a_folder_that_is_not_there(tmp_path: Path, opener: Opener) -> None:
    ledger = opener(SqliteLedger(str(tmp_path / "no" / "bot.sqlite3")))
    with pytest.raises(LedgerUnavailable, match="No such file or directory"):
        ledger.history("x")
    (tmp_path / "no").mkdir()
    assert ledger.migrate()
    assert ledger.prove_alone()


def test_a_file_that_is_no_database(path: Path, opener: Opener) -> None:
    path.write_text("This is a shopping list. " * 100)
    for readonly in (False, True):
        ledger = opener(SqliteLedger(str(path), readonly=readonly))
        with pytest.raises(LedgerUnavailable, match="not an SQLite database"):
            ledger.history("x")
    assert path.read_text().startswith("This is a shopping list.")


def test_a_damaged_file(path: Path, ledger: SqliteLedger) -> None:
    for _ in range(30):
        armed(ledger)
    ledger.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:] = b"\xa5" * (len(damaged) - 4096)
    path.write_bytes(damaged)
    with pytest.raises(LedgerUnavailable, match="restore it from a backup"):
        ledger.begin("x", "sim")


@pytest.mark.parametrize("readonly", [False, True])
def test_a_folder_in_place_of_the_file(path: Path, opener: Opener, readonly: bool) -> None:
    path.mkdir()
    with pytest.raises(LedgerUnavailable, match=r"can't be opened|disk I/O error"):
        opener(SqliteLedger(str(path), readonly=readonly)).history("x")


def test_a_file_that_was_replaced_is_not_written_to(path: Path, ledger: SqliteLedger) -> None:
    """Two workers, one on the old file and one on the new: each would claim the same slots."""
    armed(ledger)
    path.rename(path.with_suffix(".old"))
    with pytest.raises(LedgerUnavailable, match="moved or deleted"):
        armed(ledger)
    path.with_suffix(".old").rename(path)
    assert armed(ledger).number == 3


def test_a_full_disk_claims_nothing(path: Path, opener: Opener) -> None:
    with puppets(f"sqlite:///{path}", 1) as (worker,):
        worker.ask("migrate")
        assert worker.ask("arm", 1, "token-1") == "token-1"
        worker.ask("limit", Path(f"{path}-wal").stat().st_size + 100)
        answer = worker.ask("arm", 2, "token-2")
        assert answer.startswith("LedgerUnavailable")
        assert "full" in answer
        assert worker.ask("rows") == ["token-1"]
        worker.ask("limit", 0)
        assert worker.ask("arm", 2, "token-2") == "token-2"


def test_a_full_database_claims_nothing(ledger: SqliteLedger) -> None:
    pragma(ledger, f"max_page_count = {pragma(ledger, 'page_count')}")
    done: list[Row] = [ledger.begin("x", "sim")]

    def fill() -> None:
        while True:
            done.append(armed(ledger))

    with pytest.raises(LedgerUnavailable, match="the disk is full") as full:
        fill()
    assert "has no room" in str(full.value)
    assert "Make room on its disk." in str(full.value)
    assert len(done) > 1
    assert list(ledger.rows()) == done
    ledger.close()
    assert armed(ledger).number == len(done) + 1


def test_a_file_that_may_not_be_written() -> None:
    """Not in pytest's own folder: nobody but root may look into that."""
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name) / "bot.sqlite3"
        ledger = SqliteLedger(str(path))
        ledger.migrate()
        ledger.close()
        folder.chmod(0o555)
        path.chmod(0o444)
        Path(f"{path}.lock").chmod(0o444)
        with puppets(f"sqlite:///{path}", 1) as (worker,):
            worker.ask("close")
            worker.ask("drop_privileges")
            assert "Permission denied" in worker.ask("migrate")
        Path(f"{path}.lock").chmod(0o666)
        with puppets(f"sqlite:///{path}", 1) as (worker,):
            worker.ask("drop_privileges")
            said = worker.ask("migrate")
            assert "the file can't be written" in said
            assert "Give the bot a role, or a user, that may write there." in said
        folder.chmod(0o755)
        path.unlink()
        folder.chmod(0o555)
        with puppets(f"sqlite:///{path}", 1) as (worker,):
            worker.ask("drop_privileges")
            assert "Permission denied" in worker.ask("migrate")
        folder.chmod(0o755)


def test_a_file_that_may_not_be_made(
    path: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = opener(SqliteLedger(str(path)))
    with monkeypatch.context() as patch:
        refusal = OSError(errno.EROFS, "Read-only file system")
        patch.setattr("os.open", Mock(side_effect=refusal))
        with pytest.raises(LedgerUnavailable, match="Read-only file system"):
            ledger.migrate()
    ledger.migrate()


def test_a_folder_that_knows_no_locks(
    path: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some network file systems are: then nobody could prove to be alone."""
    files = open_files()
    with monkeypatch.context() as patch:
        refusal = OSError(errno.ENOLCK, "No locks available")
        patch.setattr("fcntl.lockf", Mock(side_effect=refusal))
        ledger = opener(SqliteLedger(str(path)))
        with pytest.raises(LedgerUnavailable, match="No locks available"):
            ledger.migrate()
    assert open_files() == files
    assert not path.exists()
    ledger.migrate()


# Who else is there


def test_a_process_alone_can_prove_it(path: Path, ledger: SqliteLedger, opener: Opener) -> None:
    """However many ledgers it has, and however often it asks."""
    files = open_files()
    second = opener(SqliteLedger(str(path)))
    assert [ledger.prove_alone(), second.prove_alone(), ledger.prove_alone()] == [True] * 3
    second.close()
    assert open_files() == files
    assert ledger.prove_alone()
    ledger.close()
    assert not ledger.prove_alone()


def test_another_process_counts_until_it_ends_however_it_ends(
    path: Path, ledger: SqliteLedger
) -> None:
    with puppets(f"sqlite:///{path}", 3) as (first, second, third):
        assert not ledger.prove_alone()
        assert not first.ask("alone")
        first.ask("close")
        second.kill()
        assert not ledger.prove_alone()
        third.stop()
        assert not ledger.prove_alone()
        third.kill()
        assert ledger.prove_alone()


def test_proving_lets_go_of_nothing(path: Path, ledger: SqliteLedger) -> None:
    """After each try, failed or not, the others still see this process; and it them."""
    with puppets(f"sqlite:///{path}", 1) as (other,):
        for _ in range(5):
            assert not ledger.prove_alone()
            assert not other.ask("alone")
        other.kill()
        assert ledger.prove_alone()
    with puppets(f"sqlite:///{path}", 1) as (other,):
        assert not other.ask("alone")
        ledger.close()
        assert other.ask("alone")


def test_of_two_who_ask_at_once_neither_is_alone(path: Path) -> None:
    with puppets(f"sqlite:///{path}", 2) as both:
        for _ in range(200):
            for each in both:
                each.tell("alone")
            assert [each.hear() for each in both] == [False, False]


def test_closing_one_of_two_ledgers_leaves_the_process_visible(
    path: Path, ledger: SqliteLedger, opener: Opener
) -> None:
    second = opener(SqliteLedger(str(path)))
    second.history("x")
    list(second.rows())
    second.close()
    with puppets(f"sqlite:///{path}", 1) as (other,):
        assert not other.ask("alone")


def test_closing_one_of_two_ledgers_drops_no_lock_of_the_other(
    path: Path, ledger: SqliteLedger
) -> None:
    """It would, if it closed a descriptor of the file: then others take the WAL away from us."""
    armed(ledger)
    second = SqliteLedger(str(path))
    second.history("x")
    second.close()
    with puppets(f"sqlite:///{path}", 1) as (other,):
        assert other.ask("arm", 9, "token").startswith("LedgerConflict")
        other.ask("close")
    assert Path(f"{path}-wal").exists()
    with ledger._write(), puppets(f"sqlite:///{path}", 1) as (other,):
        other.ask("hasty", 0.05)
        assert "locked" in other.ask("begin")


# Cheap at any size


def steps(ledger: SqliteLedger, call: Callable[[], object]) -> int:
    """How many instructions SQLite's virtual machine needs for a call."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    call()
    ledger._db.set_progress_handler(count, 1)
    call()
    ledger._db.set_progress_handler(None, 0)
    return taken


def test_the_next_decision_costs_the_same_with_more_rows(ledger: SqliteLedger) -> None:
    def grow(to: int) -> None:
        rows = ledger.history("x").rows
        new = [a_row(n, BEGIN + n * HOUR, f"Text {n % 20}") for n in range(rows + 1, to + 1)]
        ledger.miss(new, "late")

    def try_to_arm(new: NewRow) -> None:
        with pytest.raises(LedgerGuard):
            ledger.arm(new, "token")

    def measure() -> list[int]:
        row = next(ledger.rows("x", newest=1))
        ids = [str(number) for number in range(20)]
        new = a_row(row.number + 1, row.slot + HOUR, "Text 1")
        return [
            steps(ledger, lambda: ledger.history("x")),
            steps(ledger, lambda: ledger.row("x", row.slot)),
            steps(ledger, lambda: ledger.open_rows("x")),
            steps(ledger, lambda: ledger.knows("x", ids)),
            steps(ledger, lambda: try_to_arm(new)),
        ]

    ledger.pause("so that arming goes as far as it can, but can be done again")
    grow(200)
    few = measure()
    grow(4000)
    assert measure() == few
