"""Where a command finds its campaign and settings, and how it says what is wrong there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import shared
from bot.content.lock import PATH as LOCK
from tests.cli.conftest import CAMPAIGN, Cli
from tests.cli.terminal import on_terminal, plain
from tests.content.builder import SOURCES, changed
from tests.site import bot, environment

COUNTED = ("--json", "--count", "1", "--from", "2026-12-01")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> Path:
    """An empty folder that is the current one."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


# -- where ------------------------------------------------------------------------------------


def test_the_campaign_is_that_of_the_current_folder(cli: Cli) -> None:
    assert cli("preview", *COUNTED).json()[0]["draws"]


def test_the_campaign_is_where_root_says(cli: Cli, site: Path, elsewhere: Path) -> None:
    here = cli("--root", str(site), "preview", *COUNTED).out
    assert cli("preview", *COUNTED, env={"BOT_ROOT": str(site)}).out == here
    (elsewhere / ".env").write_text(f"BOT_ROOT={site}\n")
    (elsewhere / ".env").chmod(0o600)
    assert cli("preview", *COUNTED).out == here
    assert cli("check", "--json", code=None).json() != []
    assert "#StandWithTheHarbour" in here


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    cli: Cli, site: Path, elsewhere: Path
) -> None:
    (elsewhere / ".env").write_text("BOT_ROOT=/nonexistent\n")
    (elsewhere / ".env").chmod(0o600)
    cli("preview", *COUNTED, code=1)
    cli("preview", *COUNTED, env={"BOT_ROOT": str(site)})
    cli("--root", str(site), "preview", *COUNTED, env={"BOT_ROOT": "/nonexistent"})


def test_an_empty_root_is_none(cli: Cli) -> None:
    cli("preview", *COUNTED, env={"BOT_ROOT": ""})


def test_settings_never_come_from_another_roots_folder(
    cli: Cli, site: Path, elsewhere: Path
) -> None:
    (site / ".env").write_text("DATABASE_URL=nonsense\n")
    (site / ".env").chmod(0o600)
    cli("--root", str(site), "preview", *COUNTED)


@pytest.mark.parametrize(
    "command", [["preview"], ["post"], ["run"], ["status"], ["verify", "campaign.txt"]]
)
def test_without_a_campaign_it_says_where_one_is_looked_for(
    cli: Cli, elsewhere: Path, command: list[str]
) -> None:
    done = cli(*command, code=1)
    assert done.out == ""
    first, second, *_ = done.complaint()
    assert first == f"Error: messages: There is no folder messages/ in {elsewhere}"
    assert "--root DIR" in second
    assert "BOT_ROOT" in second


def test_check_tells_it_as_a_problem_like_any_other(cli: Cli, elsewhere: Path) -> None:
    done = cli("check", code=1)
    assert "messages: error: There is no folder messages/" in done.out
    assert done.err == ""


@pytest.mark.parametrize("command", [["log"], ["migrate"], ["pause"], ["resume"]])
def test_what_needs_no_campaign_works_without_one(
    cli: Cli, elsewhere: Path, command: list[str]
) -> None:
    cli(*command)


# -- content ----------------------------------------------------------------------------------


@pytest.fixture
def broken(site: Path) -> Path:
    """The campaign with four errors in three files."""
    (site / CAMPAIGN).write_text(changed(CAMPAIGN, "hashtag =", "hashtga ="))
    quote = "messages/templates/quote.txt"
    (site / quote).write_text(changed(quote, "{{ quote }}", "{{ qoute }}"))
    (site / "media/square.png").unlink()
    return site


@pytest.mark.parametrize("command", [["preview"], ["post"], ["run"], ["status"]])
def test_errors_in_the_content_are_told_by_file_and_line(
    cli: Cli, broken: Path, command: list[str]
) -> None:
    done = cli(*command, code=1)
    assert done.out == ""
    lines = done.complaint()
    assert len(lines) == 3
    assert lines[0] == f"Error: {CAMPAIGN}:3: Unknown key `hashtga`; did you mean `hashtag`?"
    assert "media/media.toml:2" in lines[1]
    assert "messages/templates/quote.txt:4" in lines[1]
    assert "`bot check`" in lines[2]


def test_check_shows_all_of_them_with_what_to_do(cli: Cli, broken: Path) -> None:
    done = cli("check", code=1)
    assert f"{CAMPAIGN}:3: error: Unknown key `hashtga`; did you mean `hashtag`?\n    " in done.out
    assert "messages/templates/quote.txt:4: error: There is no `qoute`" in done.out
    assert "\x1b" not in done.out
    last = done.out.splitlines()[-1]
    assert last == "3 errors, 0 warnings."
    found = cli("check", "--json", code=1).json()
    assert [set(each) for each in found] == [
        {"severity", "rule", "file", "line", "what", "fix"}
    ] * 3
    assert {
        "severity": "error",
        "rule": "unknown-key",
        "file": CAMPAIGN,
        "line": 3,
        "what": "Unknown key `hashtga`; did you mean `hashtag`?",
    }.items() <= found[1].items()


def test_warnings_alone_are_no_failure(cli: Cli, site: Path) -> None:
    for name, text in SOURCES.items():
        (site / name).write_text(text)
    said = cli("verify", *SOURCES).out
    assert said.splitlines() == [
        "Read dockers.txt: plain text in UTF-8, 54 words.",
        "Read port-watch.txt: plain text in UTF-8, 27 words.",
        "dockers: found verbatim in dockers.txt and locked: 5 passages and 2 short forms.",
        "port-watch: found verbatim in port-watch.txt and locked: 3 passages and 0 short forms.",
        "Looked at and locked: 1 picture, 0 of them new or changed.",
    ]
    done = cli("check")
    assert ": warning: " in done.out
    assert done.out.splitlines()[-1].startswith("0 errors, ")


def test_what_is_not_in_the_sources_is_not_locked(cli: Cli, site: Path) -> None:
    for name, text in SOURCES.items():
        (site / name).write_text(text.replace("never did", "never will"))
    done = cli("verify", *SOURCES, code=1)
    assert "messages/statements/port-watch.toml:13: error: `port-watch/watch` is not in" in done.out
    assert "dockers: found verbatim in dockers.txt and locked" in done.out
    left = "port-watch: 2 passages found in port-watch.txt, and not all of them; its part of the"
    assert left in done.out
    assert done.out.splitlines()[-1] == "1 error: what has one is not locked."
    assert "port-watch.txt" in (site / LOCK).read_text("utf-8"), "what it was before, it still is"


def test_two_sources_of_one_name_are_not_one(cli: Cli, site: Path) -> None:
    for folder in ("one", "two"):
        (site / folder).mkdir()
        (site / folder / "text.txt").write_text(SOURCES["dockers.txt"])
    done = cli("verify", "one/text.txt", "two/text.txt", code=2)
    assert done.complaint()[0] == "Error: Two sources are named text.txt."


def test_a_source_that_is_no_text_can_not_be_read(cli: Cli, site: Path) -> None:
    (site / "source.pdf").write_bytes(b"%PDF\xff\xfe")
    done = cli("verify", "source.pdf", code=2)
    assert "source.pdf can't be read" in done.err


def test_nothing_wrong_is_one_word(tmp_path: Path) -> None:
    from tests.site import ROOT

    assert bot(ROOT, "check").stdout == "Clean.\n"


# -- settings ---------------------------------------------------------------------------------

NEEDS_SETTINGS = [["preview"], ["post"], ["run"], ["status"], ["log"], ["migrate"], ["pause"]]


@pytest.mark.parametrize("command", NEEDS_SETTINGS)
@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("DRY_RUN", "maybe", "'maybe' is neither true nor false"),
        ("DATABASE_URL", "mysql://x", "not the address of a database"),
        ("LOG_FORMAT", "xml", "'xml' is neither text nor json"),
        ("ALERT_URL", "no address", "not a web address"),
    ],
)
def test_a_setting_that_can_not_be_read_is_no_guess(
    cli: Cli, command: list[str], name: str, value: str, why: str
) -> None:
    done = cli(*command, env={name: value}, code=2)
    assert done.out == ""
    first, second = done.complaint()
    assert first == f"Error: {name}: {why}" or (
        first.startswith(f"Error: {name}: ") and why in first
    )
    assert second


@pytest.mark.parametrize("command", NEEDS_SETTINGS)
def test_a_file_of_secrets_that_others_may_read_is_refused(
    cli: Cli, site: Path, command: list[str]
) -> None:
    (site / ".env").write_text("X_API_KEY=correct-horse-battery\n")
    (site / ".env").chmod(0o644)
    done = cli(*command, code=2)
    assert done.complaint() == [
        "Error: .env: others may read it or write to it",
        "Run: chmod 600 .env",
    ]
    (site / ".env").chmod(0o600)
    if command != ["run"]:
        cli(*command)


def test_check_needs_no_settings(cli: Cli, site: Path) -> None:
    assert cli("check", env={"DRY_RUN": "maybe"}).err == ""


def test_a_setting_that_may_say_where_the_campaign_is_is_told_first(
    cli: Cli, elsewhere: Path
) -> None:
    """Not that there is no messages/ here: .env may well say where it is."""
    (elsewhere / ".env").write_text("BOT_ROOT=/somewhere\n")
    (elsewhere / ".env").chmod(0o644)
    for command in ("check", "preview"):
        assert "chmod 600" in cli(command, code=2).err


# -- faults of the program, and of the terminal -----------------------------------------------


def test_a_fault_of_the_program_is_told_in_two_lines(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("what?")

    monkeypatch.setattr(shared.Bot, "campaign", fail)
    done = cli("preview", code=1)
    first, second = done.err.splitlines()
    assert first == "Error: ZeroDivisionError: what?"
    assert "fault of the program" in second
    assert "--debug" in second


def test_with_debug_a_fault_of_the_program_comes_as_it_is(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("what?")

    monkeypatch.setattr(shared.Bot, "campaign", fail)
    with pytest.raises(ZeroDivisionError, match="what"):
        cli("--debug", "preview")


def test_stopped_by_hand(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shared.Bot, "campaign", stop)
    assert cli("preview", code=130).err.strip() == "Stopped."


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [(["preview"], 1, "ContentError"), (["preview", "--from", "x"], 2, "UsageError")],
)
def test_debug_gives_a_traceback_and_only_that(
    tmp_path: Path, site: Path, arguments: list[str], code: int, error: str
) -> None:
    if code == 1:
        shutil.rmtree(site / "messages")
    quiet = bot(site, *arguments, code=code)
    assert error not in quiet.stderr
    loud = subprocess.run(
        [sys.executable, "-m", "bot", "--debug", *arguments],
        cwd=site,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback (most recent call last)" in loud.stderr
    assert f"bot.errors.{error}" in loud.stderr
    assert loud.stdout == ""
    assert loud.returncode == 1, "Python's own, for an exception"


def test_an_encoding_that_lacks_a_character_is_no_failure(site: Path) -> None:
    env = environment(PYTHONIOENCODING="latin-1")
    shown = bot(site, "preview", "--count", "1", "--from", "2026-12-01", env=env).stdout
    assert shown.isascii()
    assert "\\u201c" in shown
    assert bot(site, "--root", "/n…", "preview", env=env, code=1).stderr.isascii()


def test_a_reader_that_has_gone_is_no_failure(site: Path) -> None:
    """`bot preview | head -1`, with more to say than a pipe holds."""
    for options in (["--days", "300"], ["--days", "300", "--json"]):
        command = subprocess.Popen(
            [sys.executable, "-m", "bot", "preview", "--from", "2026-12-01", *options],
            cwd=site,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stdout.readline()
        command.stdout.close()
        said = command.stderr.read()
        command.stderr.close()
        assert (command.wait(120), said) == (0, b"")


def test_a_reader_that_was_never_there_is_no_failure(site: Path) -> None:
    """The output is short, and only the last flush finds nobody."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "log", "--csv"],
            cwd=site,
            env=environment(),
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_problems_on_a_terminal_are_easy_to_tell_apart(site: Path, broken: Path) -> None:
    code, said = on_terminal(broken, "check", env=environment(), columns=80)
    assert code == 1
    assert "\x1b[31merror\x1b[0m" in said
    assert f"\x1b[1m{CAMPAIGN}:3\x1b[0m: " in said
    assert plain(said).splitlines()[-1] == "3 errors, 0 warnings."
    code, said = on_terminal(broken, "preview", env=environment(), columns=80)
    assert code == 1
    assert said.startswith(f"\x1b[31m\x1b[1mError: \x1b[0m{CAMPAIGN}:3: ")
