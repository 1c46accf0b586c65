"""What works without Linux: on macOS and Windows, as far as that can be simulated here.

A process in which what Windows lacks can't be imported runs the real commands. That is no Windows:
its paths, its files that can't be replaced while they are open, its terminal are not in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot import settings
from bot.errors import SettingsError
from tests.site import ROOT, a_site, environment

WITHOUT = """
import os, signal, sys
for name in ("fcntl", "grp", "pty", "pwd", "readline", "resource", "termios", "tty"):
    sys.modules[name] = None
names = ("fchmod", "fchown", "fork", "geteuid", "getuid", "mkfifo", "O_NOFOLLOW", "O_DIRECTORY")
for owner, gone in ((os, names), (signal, ("SIGHUP", "SIGQUIT", "SIGUSR1", "pause"))):
    for name in gone:
        delattr(owner, name)
from bot.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def without(
    site: Path,
    *arguments: str,
    code: int = 0,
    env: dict[str, str] | None = None,
    answers: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Runs a command where there is nothing of Unix's own."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *arguments],
        cwd=site,
        env=environment(PYTHONTZPATH="", **(env or {})),
        input="".join(f"{each}\n" for each in answers),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "fault of the program" not in done.stderr
    return done


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return a_site(tmp_path)


def test_the_coming_posts_are_the_same(site: Path) -> None:
    arguments = ("preview", "--json", "--count", "5", "--from", "2026-12-01")
    shown = json.loads(without(site, *arguments).stdout)
    done = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=site,
        env=environment(),
        capture_output=True,
        check=True,
    )
    assert shown == json.loads(done.stdout)
    assert len(shown) == 5


def test_the_terminal_the_page_and_the_check(site: Path) -> None:
    assert "#StandWithBelarus" in without(site, "preview", "--count", "2").stdout
    without(site, "preview", "--count", "2", "--html", "posts.html")
    assert "<article" in (site / "posts.html").read_text(encoding="utf-8")
    assert "Clean" in without(site, "check").stdout


def test_a_dry_run_shows_what_would_be_sent(site: Path) -> None:
    assert "dry_run" in without(site, "post", "--now", "--dry-run").stderr


def test_new_content_is_written_and_verified(site: Path) -> None:
    without(site, "new", "template", answers=("fact", "", "plain-fact", ".", "y"))
    path = site / "messages/templates/plain-fact.txt"
    assert b"{{ fact }}" in path.read_bytes()
    assert b"\r" not in path.read_bytes()
    assert "Clean" in without(site, "check").stdout
    assert "picture" in without(site, "verify").stdout


def test_pictures_are_drawn(site: Path) -> None:
    card = next((site / "media/cards").glob("*.png"))
    before = card.read_bytes()
    card.unlink()
    without(site, "media", "build")
    assert card.read_bytes() == before
    shutil.copy(card, site / "photo.png")
    without(site, "frame", "photo.png")


def test_live_posts_need_the_locks_of_linux_or_macos_and_say_so(site: Path) -> None:
    keys = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    env = {f"X_{key}": "abc" for key in keys} | {"X_API_URL": "http://127.0.0.1:1"}
    done = without(site, "post", "--now", "--live", env=env, code=2)
    assert "needs the file locks of Linux or macOS" in done.stderr
    assert "PostgreSQL" in done.stderr
    assert not list(site.glob("*.sqlite3*"))


def test_a_file_of_settings_can_t_be_judged_by_its_mode_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / ".env"
    env.write_text("DRY_RUN=true\n", encoding="utf-8")
    env.chmod(0o666)
    with pytest.raises(SettingsError):
        settings.load_settings(tmp_path, {})
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        settings._refuse_if_shared(env, os.open(env, os.O_RDONLY))


OLD = """
import io, sys
sys.platform = "win32"
from bot.__main__ import _write_whatever_comes
_write_whatever_comes()
print("“régime” — Яна")
"""


def written(before: str = "", **env: str) -> bytes:
    """What OLD writes into a pipe, where this is done before."""
    command = [sys.executable, "-c", before + OLD]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(**env), capture_output=True, check=True
    )
    return done.stdout.strip()


def test_what_windows_writes_into_a_file_is_utf_8() -> None:
    before = "import sys; sys.stdout.reconfigure(encoding='cp1252')\n"
    assert written(before).decode("utf-8") == "“régime” — Яна"


def test_an_encoding_that_was_asked_for_is_kept() -> None:
    said = written(PYTHONIOENCODING="cp1252").decode("cp1252")
    assert said == r"“régime” — \u042f\u043d\u0430", "what it lacks is a number"
