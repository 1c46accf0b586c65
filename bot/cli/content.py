"""`bot check` and `bot verify`: is what was written right?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bot.cli.shared import NETWORKS, Bot, counted, json_option, limits_of, pass_bot, show_json

if TYPE_CHECKING:
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
    from bot.mending import mend

    done = mend(bot.root, NETWORKS)
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


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@pass_bot
def verify(bot: Bot, sources: tuple[str, ...]) -> int:
    """Finds every quoted word in the source texts, and locks that.

    \b
    Examples:  bot verify statement.txt another.txt
               bot verify statement.docx
    A source is plain text in any common encoding, HTML, Word (.docx) or PDF.
    Writes messages/sources.lock, by which `bot check` knows of any later edit.
    """
    from datetime import UTC, datetime

    from bot.provenance import verify as verify_sources
    from bot.provenance import write_lock

    campaign = bot.campaign()
    texts = {name.rpartition("/")[2]: _read(name, campaign) for name in sources}
    lock, problems = verify_sources(campaign, texts, bot.root, datetime.now(UTC).date())
    for problem in problems:
        _show_problem(problem)
    if any(problem.severity == "error" for problem in problems):
        click.secho("Not locked: not every quoted word was found.", fg="red", bold=True)
        return 1
    write_lock(bot.root, lock)
    passages = counted(len(campaign.passages), "passage")
    short = sum(len(passage.short) for passage in campaign.passages.values())
    click.secho(
        f"Found verbatim and locked: {passages} and {counted(short, 'short form')} of "
        f"{counted(len(campaign.statements), 'statement')}.",
        fg="green",
    )
    return 0


def _read(name: str, campaign: Campaign) -> str:
    """A source's text, after saying what was read. Raises UsageError where it can't be."""
    from bot.sources import read_source, words_of

    passages = campaign.passages.values()
    known = words_of([form for passage in passages for form in (passage.text, *passage.short)])
    read = read_source(name, known)
    click.echo(f"Read {name}: {read.kind}, {counted(read.words, 'word')}.")
    return read.text
