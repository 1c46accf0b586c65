"""The project's own machinery: what it is made of agrees with itself."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import bot
from bot.cli import bot as cli

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


# What runs it ------------------------------------------------------------------------------------


def test_the_procfile_names_commands_that_exist() -> None:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    processes = dict(line.split(": ", 1) for line in lines)
    assert processes.keys() == {"worker", "release"}
    for command in processes.values():
        words = command.split()
        assert words[:3] == ["python", "-m", "bot"]
        found = cli.get_command(click.Context(cli), words[3])
        assert found is not None
        whole = click.Context(cli, **cli.context_settings)
        with found.make_context(words[3], words[4:], parent=whole):
            pass


def test_the_python_that_hosts_install_is_one_that_is_supported() -> None:
    version = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(f"{version}.99")
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]


@pytest.mark.parametrize("script", ["run", "lock"])
def test_the_scripts_of_ci_can_be_read_by_bash(script: str) -> None:
    path = ROOT / ".ci" / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)


# Modules -----------------------------------------------------------------------------------------


def modules_listed() -> list[str]:
    assert bot.__doc__ is not None
    return re.findall(r"^    (\w+) {2,}\S", bot.__doc__, re.MULTILINE)


def test_the_list_of_modules_is_what_there_is() -> None:
    folder = ROOT / "bot"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert set(modules_listed()) == files | packages
    assert len(modules_listed()) == len(files | packages)


def test_the_list_of_modules_is_the_import_rule() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")
    assert layers == [f"bot.{name}" for name in ["__main__", *reversed(modules_listed())]]


OUTSIDE = {
    *("io", "os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "threading"),
    *("random", "secrets", "time", "uuid"),
    *("sqlite3", "psycopg", "requests", "PIL"),
}
"""What a pure module has no use for."""


def pure_modules() -> list[Path]:
    """Those that say so of themselves, and those of which the list of modules says it."""
    assert bot.__doc__ is not None
    listed = re.findall(r"^    (\w+) +pure: ", bot.__doc__, re.MULTILINE)
    files = (ROOT / "bot").rglob("*.py")
    said = [path for path in files if '"""Pure: ' in path.read_text(encoding="utf-8")[:10]]
    return sorted({*said, *(ROOT / "bot" / f"{name}.py" for name in listed)})


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: path.stem)
def test_a_pure_module_touches_nothing(path: Path) -> None:
    imported, called = set[str](), set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
        elif isinstance(node, ast.Call):
            called.add(ast.unparse(node.func))
    assert {name.partition(".")[0] for name in imported} & OUTSIDE == set()
    assert called & {"open", "date.today", "datetime.now", "datetime.utcnow"} == set()


HEAVY = (
    *("tweepy", "requests", "jinja2", "apscheduler", "sqlite3", "psycopg", "rich", "PIL"),
    *("cronsim", "publicsuffixlist", "rapidfuzz", "dateutil", "dotenv", "typst"),
    *("starlette", "uvicorn", "watchfiles", "anyio", "asyncio"),
)


@pytest.mark.parametrize(
    "code",
    [
        "import bot.cli, bot.__main__",
        "import bot.cli; bot.cli.bot(['--help'], standalone_mode=False)",
        "import bot.planning, bot.publishing, bot.worker, bot.networks.x, bot.doctor, bot.status",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    show = "import sys, json; print(); print(json.dumps(sorted(sys.modules)))"
    unwatched = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(  # coverage would import sqlite3 for itself
        [sys.executable, "-c", f"{code}; {show}"],
        cwd=ROOT,
        env=unwatched,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert loaded & set(HEAVY) == set()


def printed_by(code: str) -> list[str]:
    """The words in the last line that a fresh Python prints when it runs this, unwatched.

    Coverage would load modules of its own.
    """
    unwatched = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=unwatched, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()


SHOW_OURS = "import sys; print(); print(*(name for name in sys.modules if name.startswith('bot.')))"


def test_help_loads_nothing_of_the_engine() -> None:
    loaded = printed_by(f"from bot.__main__ import main; main(['--help']); {SHOW_OURS}")
    assert {name.split(".")[1] for name in loaded} == {
        *("__main__", "cli", "errors"),
        *("guard", "secrecy", "settings"),  # what must never be shown is known before all else
    }
    assert "bot.cli.posting" in loaded, "the list has every command's own words"


def test_a_command_loads_no_other() -> None:
    loaded = printed_by(f"from bot.__main__ import main; main(['post', '--help']); {SHOW_OURS}")
    commands = {name.removeprefix("bot.cli.") for name in loaded if name.startswith("bot.cli.")}
    assert commands == {"posting", "shared"}


def test_nothing_is_quoted_or_compared_before_there_is_a_reason() -> None:
    log = "import bot.logs, sys; bot.logs.configure('json', ['a-secret'], sys.stderr)"
    load = "import bot.content, pathlib; bot.content.load(pathlib.Path(), known_networks=['x'])"
    show = "print(); print(*sys.modules.keys() & {'html', 'difflib'}, 'and no more')"
    assert printed_by(f"{log}; {load}; {show}") == ["and", "no", "more"]


def test_who_asks_for_the_time_loads_no_library_for_it() -> None:
    ask = "from bot.networks.x import X; asked = X(None, '.', 'http://127.0.0.1:9').ask_clock()"
    show = "print(); print(asked, *sys.modules.keys() & {'requests', 'tweepy', 'urllib3'})"
    assert printed_by(f"import sys; {ask}; {show}") == ["None"]


def test_a_start_is_not_looked_through_for_garbage() -> None:
    count = "sum(each['collections'] for each in gc.get_stats())"
    end = f"print(); print({count} - before, gc.get_freeze_count() > 0)"
    code = f"""
import atexit, gc
from bot.__main__ import main
gc.collect()  # or what was made until here could be looked through just then
before = {count}
atexit.register(lambda: exec({end!r}))
main(['--help'])
"""
    assert printed_by(code) == ["0", "True"]


def test_no_group_of_an_expression_repeats_possessively() -> None:
    """Before 3.11.5 Python matches them wrongly, and Debian has 3.11.2."""
    for path in (ROOT / "bot").rglob("*.py"):
        assert not re.search(r"[^(]\)[*?]\+", path.read_text(encoding="utf-8")), path


# Dependencies ------------------------------------------------------------------------------------


def pins(name: str) -> dict[str, tuple[Version, int]]:
    """What a lock pins: the version, and how many hashes it has."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    found: dict[str, tuple[Version, int]] = {}
    for entry in entries:
        match = re.match(r"([a-z0-9.-]+)==(\S+) \\\n", entry)
        assert match is not None, entry[:80]
        found[canonicalize_name(match[1])] = Version(match[2]), entry.count("--hash=sha256:")
    return found


def needed(*extras: str) -> Iterator[Requirement]:
    lists = [PROJECT["project"]["dependencies"], *(EXTRAS[extra] for extra in extras)]
    yield from (Requirement(line) for each in lists for line in each)


LOCKS = {"requirements.txt": ("postgres",), "requirements-dev.txt": ("postgres", "dev")}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_what_pyproject_needs(lock: str) -> None:
    pinned = pins(lock)
    for requirement in needed(*LOCKS[lock]):
        version, _ = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement}: run bash .ci/lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "#    bash .ci/lock\n" in text
    assert not re.search(r"https?:|file:/|--(index|extra-index|find-links|trusted)", text)
    assert all(hashes > 0 for _, hashes in pins(lock).values())
    compiled = {"pillow", "markupsafe", "rapidfuzz", "psycopg-binary"}
    for name in compiled:  # one for each platform: they did not come from one machine's folder
        assert pins(lock)[name][1] > 10


def test_what_is_tested_is_what_is_deployed() -> None:
    deployed, tested = pins("requirements.txt"), pins("requirements-dev.txt")
    assert deployed.items() <= tested.items()
    assert "pytest" not in deployed


def imported(folder: str) -> set[str]:
    """The top-level names that a folder's modules import from outside."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"bot", "tests", "benchmarks"}


def distributions(names: set[str]) -> set[str]:
    installed = importlib.metadata.packages_distributions()
    return {canonicalize_name(installed[name][0]) for name in names}


DATA_ONLY = {"tzdata", "font-manrope"}
"""Needed, and never imported: hosts without a zone database, or a font, have it from here."""


def test_what_the_program_imports_is_what_it_says_it_needs() -> None:
    declared = {canonicalize_name(each.name) for each in needed(*EXTRAS.keys() - {"dev"})}
    assert declared - DATA_ONLY == distributions(imported("bot"))


def test_what_the_tests_import_is_declared_too() -> None:
    declared = {canonicalize_name(each.name) for each in needed("postgres", "dev")}
    assert distributions(imported("tests") | imported("benchmarks")) <= declared


# Known vulnerabilities ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def audit() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / ".ci/audit.py"))


def test_a_known_vulnerability_fails(
    audit: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    found = [
        {"name": "jinja2", "version": "3.1.5", "vulns": [{"id": "CVE-2025-27516"}]},
        {"name": "click", "version": "8.3.0", "vulns": []},
    ]
    assert audit["judge"](found) == 1
    said = capsys.readouterr()
    assert said.err == "VULNERABLE: jinja2 3.1.5: CVE-2025-27516\n"
    assert said.out == "2 of 2 packages audited.\n"


def test_a_package_that_was_passed_over_is_not_called_audited(
    audit: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    found = [
        {"name": "jinja2", "version": "3.1.6", "vulns": []},
        {"name": "click", "skip_reason": "Dependency not found"},
    ]
    assert audit["judge"](found) == 0
    said = capsys.readouterr()
    assert said.err == "NOT AUDITED, the service did not know 1: click\n"
    assert said.out == "1 of 2 packages audited.\n"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Traceback …\nrequests.exceptions.ConnectionError: no route", 0),
        ("Traceback …\nurllib3.exceptions.SSLError: certificate", 0),
        ("Traceback …\npip_audit._service.interface.ServiceError: 503", 0),
        ("requirements.txt: invalid requirement", 1),
    ],
)
def test_only_an_absent_service_is_forgiven(audit: dict[str, Any], said: str, code: int) -> None:
    assert audit["without_an_answer"](said) == code


# Texts -------------------------------------------------------------------------------------------


def test_the_licence_is_the_one_that_is_named() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


KINDS_OF_CHANGE = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    released = []
    for heading in headings[1:]:
        match = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})", heading)
        assert match is not None, heading
        released.append((Version(match[1]), date.fromisoformat(match[2])))
    assert released == sorted(released, reverse=True)
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= KINDS_OF_CHANGE
    assert all(version <= Version(bot.__version__) for version, _ in released)
