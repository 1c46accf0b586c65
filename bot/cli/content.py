"""`bot check` and `bot verify`: is what was written right?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from bot.cli.shared import NETWORKS, Bot, json_option, limits_of, pass_bot, show_json
from bot.errors import ContentError, UsageError, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.content import Loaded
    from bot.content.lock import Lock
    from bot.domain import Campaign, Problem


@click.command()
@json_option
@click.option("--fix", is_flag=True, help="Mend what can safely be mended, and say what.")
@pass_bot
def check(bot: Bot, as_json: bool, fix: bool) -> int:
    """Looks for everything that could go wrong with the content.

    \b
    Examples:  bot check
               bot check --fix
    Exit code 1 where there are errors; warnings alone leave it at 0.
    """
    from bot.checking import check as check_content

    if fix:
        _mend(bot, err=as_json)
    problems = check_content(bot.root, limits_of(NETWORKS))
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        show_json([_problem_json(problem) for problem in problems])
    else:
        for problem in problems:
            _show_problem(problem)
        found = f"{counted(errors, 'error')}, {counted(len(problems) - errors, 'warning')}."
        colour = "red" if errors else "green"
        click.secho(found if problems else "Clean.", fg=colour, bold=True)
    return 1 if errors else 0


def _mend(bot: Bot, *, err: bool) -> None:
    """Mends what can be, and shows each edit."""
    from bot.mending import mend, mend_pictures

    done = mend(bot.root, NETWORKS) + mend_pictures(bot.root)
    for each in done:
        where = click.style(str(each.problem.where), bold=True)
        click.echo(f"{where}: {click.style('mended', fg='green')}: {each.problem.what}", err=err)
        for sign, lines, colour in (("-", each.removed, "red"), ("+", each.added, "green")):
            for line in lines:
                click.secho(f"    {sign} {line}", fg=colour, err=err)
    if done:
        click.echo(f"Mended {counted(len(done), 'problem')}.\n", err=err)


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "rule": problem.rule,
        "file": problem.where.file,
        "line": problem.where.line,
        "what": problem.what,
        "fix": problem.fix,
    }


def _show_problem(problem: Problem) -> None:
    colour = "red" if problem.severity == "error" else "yellow"
    where = click.style(str(problem.where), bold=True)
    click.echo(f"{where}: {click.style(problem.severity, fg=colour)}: {problem.what}")
    if problem.fix:
        click.echo(f"    {problem.fix}")


@click.command(short_help="Finds every quoted word in the source texts, and locks that.")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@pass_bot
def verify(bot: Bot, sources: tuple[str, ...]) -> int:
    """Finds every quoted word in the source texts, looks at every picture, and locks that.

    \b
    Examples:  bot verify statement.txt another.txt
               bot verify statement.docx
               bot verify            the pictures alone
    A source is plain text in any common encoding, HTML, Word (.docx) or PDF.
    Writes messages/sources.lock: only what is there, as it is, goes out.
    Exit code 1 where words were not found, or a picture is wrong.
    """
    from bot.content import read
    from bot.content.lock import write_lock

    loaded = read(bot.root, known_networks=NETWORKS, lint=False)
    if loaded.fatal and not all(each.rule == "lock-unreadable" for each in loaded.fatal):
        raise ContentError(loaded.fatal)
    texts: dict[str, str] = {}
    for source in sources:
        name = os.path.basename(source)  # noqa: PTH119
        if name in texts:
            fix = "Give each a name of its own: by that the lock knows it."
            raise UsageError(what=f"Two sources are named {name}.", fix=fix)
        texts[name] = _read(source, loaded.whole)
    problems = [*loaded.problems]
    lock, said = loaded.lock, list[str]()
    if texts:
        lock, said, wrong = _compare(bot, loaded, texts)
        problems += wrong
    nothing = any(problem.rule == "verify-nothing" for problem in problems)
    if not nothing:
        pictures, wrong = _look(bot, loaded)
        said.append(_looked_at(loaded.lock.pictures, pictures))
        lock = lock._replace(pictures=pictures)
        problems += wrong
    for problem in dict.fromkeys(problems):
        _show_problem(problem)
    if not nothing:
        write_lock(bot.root, lock)
    for line in said:
        click.echo(line)
    errors = sum(problem.severity == "error" for problem in problems)
    if errors and not nothing:
        click.secho(f"{counted(errors, 'error')}: what has one is not locked.", fg="red", bold=True)
    return 1 if errors else 0


def _compare(
    bot: Bot, loaded: Loaded, texts: dict[str, str]
) -> tuple[Lock, list[str], list[Problem]]:
    """The words against the sources: the new lock, what was done, and what is wrong."""
    from datetime import UTC, datetime

    from bot.provenance import verify as compare

    sound, today = loaded.sound, datetime.now(UTC).date()
    whole = {
        p.statement.id for name, p in loaded.whole.passages.items() if name not in sound.passages
    }
    statements = {name: each for name, each in sound.statements.items() if name not in whole}
    done = compare(sound._replace(statements=statements), texts, bot.root, today)
    said = []
    for name, entry in done.found.items():
        forms = sum(len(texts) - 1 for texts in entry.text.values())
        said.append(
            f"{name}: found verbatim in {entry.source} and locked: "
            f"{counted(len(entry.words), 'passage')} and {counted(forms, 'short form')}."
        )
    for name, (source, count) in done.partly.items():
        said.append(
            f"{name}: {counted(count, 'passage')} found in {source}, and not all of them; "
            "its part of the lock stays as it was."
        )
    said += [f"{name}: not in what was given; left as it was verified." for name in done.kept]
    return done.lock, said, done.problems


def _look(bot: Bot, loaded: Loaded) -> tuple[dict[str, str], list[Problem]]:
    """The pictures in which nothing is wrong, and what is wrong with the others."""
    from bot.checking import look

    wrong = list(look(loaded.to_draw, bot.root, limits_of(NETWORKS)))
    bad = {path for path, problem in wrong if problem.severity == "error"}
    pictures = loaded.sound.pictures
    fit = {path: asset.sha256 for path, asset in pictures.items() if path not in bad}
    return fit, [problem for _, problem in wrong]


def _looked_at(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    new = sum(before.get(path) != digest for path, digest in now.items())
    return f"Looked at and locked: {counted(len(now), 'picture')}, {new} of them new or changed."


def _read(name: str, campaign: Campaign) -> str:
    """A source's text, after saying what was read. Raises UsageError where it can't be."""
    from bot.sources import read_source, words_of

    passages = campaign.passages.values()
    known = words_of([form for passage in passages for form in (passage.text, *passage.short)])
    read = read_source(name, known)
    click.echo(f"Read {name}: {read.kind}, {counted(read.words, 'word')}.")
    return read.text
