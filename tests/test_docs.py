"""The documentation and the program say the same, in both directions."""

from __future__ import annotations

import ast
import importlib.util
import re
import runpy
import shlex
import subprocess
import textwrap
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from bot import halting, publishing, reconciling, schedule, worker
from bot.cli import bot
from bot.content.templates import HEAD_KEYS
from bot.domain import COOLDOWN, KINDS, REST, STATES
from bot.ledger import reasons
from bot.ledger.base import ALIVE
from bot.networks import base, x
from bot.settings import PROXIES, SETTINGS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
EDITORS = (ROOT / "docs/editors.md").read_text(encoding="utf-8")
OPERATORS = (ROOT / "docs/operators.md").read_text(encoding="utf-8")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


class Block(NamedTuple):
    """A fenced block: its language ("" for none) and what is in it."""

    language: str
    text: str


def blocks(text: str) -> list[Block]:
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return [Block(language, textwrap.dedent(body)) for language, body in found]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of every table, cell by cell."""
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# Commands ----------------------------------------------------------------------------------------

NAMES = bot.list_commands(click.Context(bot))
FOUND = {name: bot.get_command(click.Context(bot), name) for name in NAMES}
COMMANDS = {name: command for name, command in FOUND.items() if command is not None}


def typed() -> list[tuple[str, list[str]]]:
    """Every call of the bot in a fenced block: the page, and the words after `bot`."""
    found = []
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8")):
            for line in block.text.splitlines():
                call = re.search(r"(?:^\s*|-m )bot (\w[^>|&]*)", line)
                if block.language == "sh" and call and "-m bot." not in line:
                    found.append((page.name, shlex.split(call[1])))
    return found


@pytest.mark.parametrize(("page", "words"), typed(), ids=lambda value: str(value))
def test_every_command_in_a_block_can_be_typed(page: str, words: list[str]) -> None:
    command = COMMANDS[words[0]]
    whole = click.Context(bot, **bot.context_settings)
    with command.make_context(words[0], words[1:], parent=whole):  # parses, and runs nothing
        pass


def test_blocks_show_a_good_part_of_the_commands() -> None:
    shown = {words[0] for _, words in typed()}
    assert shown >= {"preview", "check", "verify", "status", "log", "resolve", "pause", "doctor"}


@pages
def test_every_command_in_a_sentence_exists(page: Path) -> None:
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for call in re.findall(r"`bot ([^`]+)`", prose):
        name, *rest = call.split()
        if name.startswith("-"):
            assert name in options_of(bot) | {"-h", "--help"}
            continue
        assert name in COMMANDS, f"{page.name}: bot {call}"
        options = {word for word in rest if word.startswith("-")}
        assert options <= options_of(COMMANDS[name]), f"{page.name}: bot {call}"


def options_of(command: click.Command) -> set[str]:
    options = [param for param in command.params if isinstance(param, click.Option)]
    return {name for option in options for name in (*option.opts, *option.secondary_opts)}


def test_the_reference_has_every_command_with_every_option() -> None:
    table = section(OPERATORS, "### Commands")
    told = {code(row[0])[0].split()[1]: set(code(row[1])) for row in rows(table) if code(row[0])}
    options = {
        name: {word.split()[0] for word in words if word.startswith("--")}
        for name, words in told.items()
    }
    assert options == {name: options_of(command) for name, command in COMMANDS.items()}


def test_the_reference_has_the_options_before_the_command() -> None:
    said = next(line for line in OPERATORS.splitlines() if line.startswith("Before the command's"))
    told = {word.split()[0] for word in code(said)}
    assert told - {"messages/", "media/"} == options_of(bot) | {"-h", "--help"}


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next of the same rank or a higher one."""
    _, _, after = text.partition(f"{heading}\n")
    assert after, heading
    rank = len(heading) - len(heading.lstrip("#"))
    return re.split(rf"^#{{1,{rank}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


@pages
def test_every_module_and_script_that_is_run_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for module in re.findall(r"python3? -m ([\w.]+)", text):
        assert importlib.util.find_spec(module) is not None, module
    for script in re.findall(r"(?:bash|python) ((?:\.ci|docs)/[\w./-]+)", text):
        assert (ROOT / script).is_file(), script


# Settings, states, times -------------------------------------------------------------------------


def test_the_reference_has_every_setting_with_its_default() -> None:
    table = [row for row in rows(section(OPERATORS, "### Settings")) if code(row[0])]
    told = {code(row[0])[0]: (code(row[1]) or [""])[0] for row in table}
    assert told == {setting.name: setting.default for setting in SETTINGS}


@pages
def test_no_page_names_a_setting_that_does_not_exist(page: Path) -> None:
    known = {setting.name for setting in SETTINGS} | PROXIES | {"NO_PROXY"}
    known |= {setting.name.replace("X_", "X_FR_") for setting in SETTINGS if setting.per_account}
    for words in code(page.read_text(encoding="utf-8")):
        name = words.partition("=")[0]
        if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name):
            assert name in known, f"{page.name}: {words}"


def test_the_reference_has_every_state_and_reason() -> None:
    table = [row for row in rows(section(OPERATORS, "### States in the log")) if code(row[0])]
    assert [code(row[0])[0] for row in table] == list(STATES)
    words = {word for name, word in vars(reasons).items() if name.isupper() and name != "TOO_OLD"}
    assert set(code(table[-1][1])) == words - {reasons.DROPPED}


def spell(span: timedelta | float) -> str:
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    if seconds % 86400 == 0:
        return f"{seconds // 86400} days"
    return (
        f"{seconds // 60} minutes" if seconds % 60 == 0 and seconds > 90 else f"{seconds} seconds"
    )


@pytest.mark.parametrize(
    ("what", "spans"),
    [
        ("a slot is given up after", [schedule.GRACE]),
        ("pictures are uploaded before a slot", [publishing.PREPARE]),
        ("a request is written after its claim within", [publishing.SEND_WINDOW]),
        ("a request is over after", [base.REQUEST_SECONDS]),
        ("an attempt is over after", [reconciling.DEADLINE, x.X.quarantine]),
        ("readings of the account, after a doubt", [publishing.READ_APART]),
        ("the wait before another attempt", [*publishing.BACKOFF]),
        ("a worker counts as silent after", [ALIVE]),
        ("a pause after which the account is read", [ALIVE]),
    ],
)
def test_the_reference_has_the_times_that_are_in_force(
    what: str, spans: list[timedelta | float]
) -> None:
    said = dict(row for row in rows(section(OPERATORS, "### Times")) if len(row) == 2)[what]
    for span in spans:
        assert spell(span) in said


def test_the_reference_has_the_other_times_that_are_in_force() -> None:
    said = dict(row for row in rows(section(OPERATORS, "### Times")) if len(row) == 2)
    too_old = reasons.TOO_OLD // timedelta(minutes=1)
    assert said["a doubt goes to a person after"] == f"{too_old} minutes"
    day = timedelta(hours=24)
    assert reconciling.FORGOTTEN == halting.LONGEST == day
    assert said["so far back it is read after a loss"] == "24 hours"
    assert said["a network's cap is believed for at most"] == "24 hours"
    ends = said["a worker ends after SIGTERM within"]
    assert f"at {worker.ABORT_AFTER:.0f} it cuts" in ends
    assert f"at {worker.GIVE_UP_AFTER:.0f} it gives up" in ends


def test_what_things_cost_is_what_the_program_counts() -> None:
    prices = section(OPERATORS, "## The account and the app at X")
    told = {row[0]: row[1] for row in rows(prices) if len(row) == 2}
    assert told["a post"] == f"{x.POST_DOLLARS:.3f}"
    assert told["a post with a link in it"] == f"{x.URL_POST_DOLLARS:.3f}"
    assert told["the alt text of its picture"] == f"{x.ALT_DOLLARS:.3f}"
    low, high = x.READ_DOLLARS
    reading = told["reading a post back, after a fault or a pause"]
    assert reading == f"{low:.3f} to {high:.3f} each"
    assert f"${x.POST_DOLLARS + x.ALT_DOLLARS:.2f} at X's prices" in README
    assert f"${x.URL_POST_DOLLARS + x.ALT_DOLLARS:.3f}" in README


def test_the_editors_page_has_the_draws_two_spans() -> None:
    draw = section(EDITORS, "## How the draw works")
    assert f"no text twice within {spell(COOLDOWN)}" in draw
    assert f"none comes twice within {spell(REST)}" in draw


# Links and pictures ------------------------------------------------------------------------------


def links(text: str) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    return [link for link in found if not link.startswith(("http://", "https://"))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#{1,6} (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        found = links(page.read_text(encoding="utf-8"))
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in found]
        todo += [each for each in targets if each.suffix == ".md" and each not in seen]
    assert seen == set(PAGES)


def test_every_picture_has_an_alternative_text() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert "![](" not in text
        assert all('alt="' in image for image in re.findall(r"<img[^>]*>", text))


def test_the_readme_shows_the_campaigns_pictures() -> None:
    catalogue = tomllib.loads((ROOT / "media/media.toml").read_text(encoding="utf-8"))
    files = {f"media/{asset['file']}" for asset in catalogue["assets"].values()}
    shown = {link for link in links(README) if link.startswith("media/")} - {"media/"}
    assert files <= shown
    assert sum(link.startswith("media/cards/") for link in shown) >= 2


def test_the_picture_of_the_terminal_is_what_the_command_prints() -> None:
    terminal = runpy.run_path(str(ROOT / "docs/images/terminal.py"))
    same = terminal["told"](terminal["PICTURE"]) == terminal["shown"](terminal["seen"]())
    assert same, "The picture is stale: run python docs/images/terminal.py"
    assert f"bot {' '.join(terminal['COMMAND'])}" in README


# The two commands --------------------------------------------------------------------------------


def first_two() -> list[str]:
    return [block.text.strip() for block in blocks(README)][:2]


def test_the_readme_begins_with_its_two_commands() -> None:
    look, test = first_two()
    begin = "python3 -m venv .venv && .venv/bin/pip install -q -r "
    assert look == f"{begin}requirements.txt && .venv/bin/python -m bot preview"
    assert test == f"{begin}requirements-dev.txt && .venv/bin/python -m pytest"


@pytest.mark.parametrize(("word", "which"), [("-m bot preview", 0), ("-m pytest", 1)])
def test_ci_runs_the_readmes_two_commands(word: str, which: int) -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert f"readme '{word}'" in script
    function = re.search(r"^readme\(\).*?^}", script, re.DOTALL | re.MULTILINE)
    assert function is not None
    instead = 'bash() { printf "%s" "$2"; }'  # shows what it was to run
    said = subprocess.run(
        ["bash", "-c", f"{instead}\n{function[0]}\nreadme '{word}'"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    command = first_two()[which]
    assert said.stdout == f"$ {command}\n{command}"


# What editors are told ---------------------------------------------------------------------------


def sources() -> list[Path]:
    modules = [
        "provenance.py",
        "approval.py",
        "checking.py",
        "judging.py",
        "tomltext.py",
    ]
    folders = [path for name in ("content", "media") for path in (ROOT / "bot" / name).glob("*.py")]
    return [*folders, *(ROOT / "bot" / name for name in modules)]


SLUG = re.compile(r"[a-z]+(-[a-z0-9]+)*")


def text_of(node: ast.AST) -> str:
    """The literal text of a string or an f-string, `…` for each value filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    return ""


def rules_in(tree: ast.AST) -> Iterator[str]:
    """The names of the rules that a module reports by: a slug, and sentences after it."""
    reporting = {"Problem", "Fault", "error", "warn", "_add", "_report", "AssetError"}
    reporting |= {"_check_always", "Rule", "Remnant"}
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            parts = node.args[:3] if name in reporting else []
        elif isinstance(node, ast.Tuple) and len(node.elts) > 1:
            sentences = any(" " in text_of(part) for part in node.elts[1:])
            parts = node.elts[:1] if sentences else []
        found = (text_of(part) for part in parts)
        yield from (text for text in found if SLUG.fullmatch(text))


def test_every_rule_of_check_is_in_the_editors_table() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources()]
    reported = {rule for tree in trees for rule in rules_in(tree)}
    documented = {rule for rule, _ in documented_rules()}
    # Whatever has a hyphen is a rule; of single words, some are keys of the content.
    assert {rule for rule in reported if "-" in rule} - documented == set()
    assert documented - reported == set()
    plain = {"empty", "hashtag", "mention", "ring", "secret", "unreadable"}
    assert plain <= documented


FIX_AFTER = {
    "Problem": 3,
    "error": 3,
    "warn": 3,
    "_add": 3,
    "AssetError": 2,
    "Fault": 2,
    "Rule": 4,
}
"""How many arguments after the rule's name the suggestion stands, in what reports problems."""


def test_every_problem_comes_with_what_to_do() -> None:
    seen = 0
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            callee = getattr(node, "func", None)
            name = getattr(callee, "attr", getattr(callee, "id", ""))
            if not isinstance(node, ast.Call) or name not in FIX_AFTER:
                continue
            if not node.args or not SLUG.fullmatch(text_of(node.args[0])):
                continue
            seen += 1
            where = f"{path.name}:{node.lineno}"
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            fix = [*node.args[FIX_AFTER[name] :][:1], *filter(None, [given.get("fix")])]
            assert fix, f"{where} says what is wrong, and not what to do"
            assert not (isinstance(fix[0], ast.Constant) and not fix[0].value), where
    assert seen > 80


def documented_rules() -> list[tuple[str, str]]:
    """Each rule in the editors' table, with words that its message has in it."""
    table = section(EDITORS, "## What `bot check` says")
    found = [row for row in rows(table) if len(row) == 3 and code(row[0])]
    return [(code(row[0])[0], row[1]) for row in found]


def test_no_rule_is_in_the_table_twice() -> None:
    names = [rule for rule, _ in documented_rules()]
    assert len(names) == len(set(names))
    assert len(names) > 80


def test_the_table_quotes_words_that_messages_have() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources()]
    said = {text_of(node) for tree in trees for node in ast.walk(tree)}
    for rule, words in documented_rules():
        assert any(words in sentence for sentence in said), f"{rule}: {words}"


def test_warnings_are_marked() -> None:
    marked = set(re.findall(r"^\| `([a-z-]+)` \(w\) \|", EDITORS, re.MULTILINE))
    assert marked == set(warnings_in_the_code())


def warnings_in_the_code() -> Iterator[str]:
    """Rules whose problems are reported by `warn`, or with the severity "warning"."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            mild = isinstance(node.func, ast.Attribute) and node.func.attr == "warn"
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if mild or "warning" in map(text_of, given):
                yield from [text_of(arg) for arg in node.args if SLUG.fullmatch(text_of(arg))][:1]


def test_the_template_shown_is_the_one_that_is_there() -> None:
    lines = (ROOT / "messages/templates/demand-asked-of.txt").read_text("utf-8").splitlines()
    template = [line for line in lines if not line.startswith("#")]
    assert template in [block.text.splitlines() for block in blocks(EDITORS)]


def test_the_statement_shown_is_as_it_stands_in_its_file() -> None:
    shown = next(tomllib.loads(b.text) for b in blocks(EDITORS) if "[demands." in b.text)
    there = tomllib.loads((ROOT / "messages/statements/ituc.toml").read_text(encoding="utf-8"))
    passage = "governments-pressure"
    assert shown["demands"][passage] == there["demands"][passage]
    assert shown["speakers"]["burrow"] == there["speakers"]["burrow"]
    assert (shown["publisher"], shown["when"]) == (there["publisher"], there["when"])


@pages
def test_toml_in_blocks_can_be_read(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "toml":
            tomllib.loads(block.text)


def test_the_editors_page_has_every_key_of_a_head_and_every_kind() -> None:
    head = section(EDITORS, "## Adding a template")
    assert {code(row[0])[0].split(":")[0] for row in rows(head) if ": " in row[0]} == set(HEAD_KEYS)
    kinds = section(EDITORS, "## Statements: the quoted words")
    assert all(f"`[{kind}s.NAME]`" in kinds for kind in KINDS)
