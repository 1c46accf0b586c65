"""What the program says of itself, and what it says to wrong usage."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from bot import __version__
from bot.__main__ import main
from bot.cli import bot as group
from tests.cli.conftest import Cli
from tests.site import ROOT, environment

COMMANDS = group.list_commands(click.Context(group))


def test_every_command_of_the_design_is_there() -> None:
    assert set(COMMANDS) >= {
        *("check", "verify", "preview", "post", "run", "status", "log", "resolve"),
        *("pause", "resume", "migrate", "doctor", "completion"),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example(cli: Cli, command: str) -> None:
    page = cli(command, "--help").out
    assert f"bot {command}" in page.partition("Example")[2]
    assert cli(command, "-h").out == page


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_a_help_page_fits_a_terminal_of_80_columns(cli: Cli, command: str) -> None:
    page = cli(*command.split(), "--help", env={"COLUMNS": "80"}).out
    assert [line for line in page.splitlines() if len(line) > 80] == []


def test_the_list_of_commands_cuts_none_short(cli: Cli) -> None:
    page = cli("--help", env={"COLUMNS": "80"}).out
    listed = page.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS, "in the order of a campaign's life"
    assert not any(line.endswith("...") for line in listed)
    assert all(line.endswith((".", ").")) for line in listed)


def test_the_version(cli: Cli) -> None:
    assert cli("--version").out == f"{__version__}\n"


def test_without_a_command_there_is_help_and_an_exit_code_of_2(cli: Cli) -> None:
    done = cli(code=2)
    assert "Commands:" in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        (["prevew"], "There is no command `prevew`; did you mean `preview`?", "`check`, `verify`"),
        (["frobnicate"], "There is no command `frobnicate`", "`check`, `verify`, `preview`"),
        (["preview", "--cuont", "3"], "--cuont", "`bot preview --help`"),
        (["preview", "--zzz"], "--zzz", "has --count, --days, --from, --account, --json"),
        (["--zzz"], "--zzz", "has --root, --debug, --version"),
        (["preview", "--count", "0"], "--count", "`bot preview --help`"),
        (["preview", "--count", "three"], "three", "`bot preview --help`"),
        (["preview", "--days", "0"], "--days", "`bot preview --help`"),
        (["preview", "--count"], "--count", "`bot --help`"),
        (["preview", "extra"], "extra", "`bot preview --help`"),
        (["preview", "--account", "y"], "There is no account `y`.", "The campaign has: x"),
        (["post", "--account", "y"], "There is no account `y`.", "The campaign has: x"),
        (["run", "--account", "y"], "There is no account `y`.", "The campaign has: x"),
        (["log", "--account", "y"], "There is no account `y`.", "There are: x."),
        (["log", "--json", "--csv"], "--json and --csv don't go together", "Choose one"),
        (["preview", "--from", "yesterday"], "`yesterday` is no date", "2026-12-01T12:00"),
        (["preview", "--from", "2026-13-01"], "`2026-13-01` is no date", "2026-12-01T12:00"),
        (["preview", "--from", "0001-01-01"], "`0001-01-01` is no date", "2026-12-01T12:00"),
        (["preview", "--from", "9999-12-31"], "`9999-12-31` is no date", "2026-12-01T12:00"),
        (["preview", "--from", ""], "`` is no date", "2026-12-01T12:00"),
        (["log", "--last", "9" * 20], f"{'9' * 20} is not in the range", "`bot log --help`"),
        (["preview", "--count", "9" * 20], "is not in the range", "`bot preview --help`"),
        (["preview", "--days", "9" * 20], "is not in the range", "`bot preview --help`"),
        (["verify", "/dev/zero"], "/dev/zero can't be read: it has more than", ".docx or .pdf"),
        (["frame", "/dev/zero"], "/dev/zero is too large", "make it smaller"),
        (["verify", "nowhere.txt"], "nowhere.txt can't be read", "the published text"),
        (["resolve"], "ID", "`bot resolve --help`"),
        (["completion", "tcsh"], "tcsh", "`bot completion --help`"),
    ],
)
def test_wrong_usage_is_told_in_two_lines(
    cli: Cli, arguments: list[str], first: str, second: str
) -> None:
    done = cli(*arguments, code=2)
    assert done.out == ""
    one, two = done.err.splitlines()
    assert one.startswith("Error: ")
    assert first in one
    assert second in two


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_a_script_for_each_shell(cli: Cli, shell: str) -> None:
    script = cli("completion", shell).out
    assert f"_BOT_COMPLETE={shell}_complete" in script
    assert "bot" in script


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bot pre", {"preview"}),
        ("bot re", {"resolve", "resume"}),
        ("bot preview --ex", {"--explain"}),
        ("bot nonesuch --", set()),
        ("bot completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_words_are_completed(words: str, expected: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot"],
        cwd=ROOT,
        env=environment(
            _BOT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = {line.partition(",")[2] for line in done.stdout.splitlines()}
    assert found >= expected if expected else not found & set(COMMANDS)


def test_the_console_script_and_the_module_are_the_same() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'bot = "bot.__main__:main"' in pyproject
    assert callable(main)
