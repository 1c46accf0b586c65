"""`bot preview`: the coming posts, byte for byte as they will go out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from bot.cli.shared import (
    MOST,
    NETWORKS,
    Bot,
    account_option,
    json_option,
    limits_of,
    make_planner,
    pass_bot,
    pick_accounts,
    read_time,
    say_left_out,
    zone_of,
)
from bot.errors import UsageError, counted, in_words

if TYPE_CHECKING:
    from pathlib import Path

    from bot.approval import Approvals
    from bot.domain import Campaign, History, Problem
    from bot.planning import Planned, Planner
    from bot.preview.sheet import Sheet


which_options = (
    click.option("--count", type=click.IntRange(1, MOST), metavar="N", help="How many posts (10)."),
    click.option("--days", type=click.IntRange(1, 36_600), metavar="D", help="Or: how many days."),
    click.option("--from", "begin", metavar="TIME", help="From this date or time on."),
    account_option,
)


def with_which(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which of the coming posts are meant."""
    for option in reversed(which_options):
        command = option(command)
    return command


@click.command()
@with_which
@json_option
@click.option("--explain", is_flag=True, help="Also say why each was drawn.")
@click.option("--html", metavar="FILE", help="Write a page to look at in a browser, or to print.")
@click.option("--serve", is_flag=True, help="Serve that page here, live, with a pane to edit in.")
@click.option("--port", type=click.IntRange(1, 65_535), metavar="N", help="Where (a free port).")
@pass_bot
def preview(
    bot: Bot,
    count: int | None,
    days: int | None,
    begin: str | None,
    accounts: tuple[str, ...],
    as_json: bool,
    explain: bool,
    html: str | None,
    serve: bool,
    port: int | None,
) -> int:
    """Shows the coming posts, byte for byte as they will go out.

    \b
    Examples:  bot preview
               bot preview --days 60 --from 2026-12-01
               bot preview --count 3 --explain
               bot preview --days 60 --html posts.html
               bot preview --days 60 --serve
    What has an error is left out, and named; then the exit code is 1.
    Needs no credentials, talks to no social network, writes nothing but FILE and
    the pictures beside it (and what you save in the page that is served).
    """
    _check_ways(as_json, html, serve, port)
    wanted = Wanted(count, days, begin, accounts)
    page = None if html is None else _page_at(html)
    if serve:
        return _serve(bot, wanted, port or 0, explain)
    campaign = bot.campaign()
    planner = make_planner(campaign)
    if page is not None:
        _write_page(bot, planner, campaign, wanted, page, explain)
        return say_left_out(planner.left_out)
    approvals = bot.approvals(campaign)
    shown = wanted.posts(bot, campaign, planner)
    if as_json:
        _preview_json(shown, approvals)
    else:
        _preview_terminal(shown, campaign, approvals, explain)
    _say_lost(planner, campaign, approvals)
    return say_left_out(planner.left_out)


def _say_lost(planner: Planner, campaign: Campaign, approvals: Approvals | None) -> None:
    """How many sign-offs of coming posts were undone by edits, or by what is left out."""
    from bot.approval import possible_keys

    if approvals is None:
        return
    lost = approvals.lost(possible_keys(planner, campaign), datetime.now(UTC))
    if lost:
        said = f"{counted(len(lost), 'sign-off')} lost: the content makes those posts no more."
        click.secho(f"{said} `bot approve` shows them.", fg="yellow", err=True)


class Wanted(NamedTuple):
    """Which posts are to be shown: the options of `with_which`."""

    most: int | None
    days: int | None
    begin: str | None
    accounts: tuple[str, ...]

    def posts(self, bot: Bot, campaign: Campaign, planner: Planner) -> Iterator[Planned]:
        """They, given what the ledger says went before."""
        from itertools import islice

        histories = bot.histories(pick_accounts(campaign, self.accounts))
        posts = upcoming(planner, campaign, histories, self.begin, self.days)
        return islice(posts, how_many(self.most, self.days))


def _check_ways(as_json: bool, html: str | None, serve: bool, port: int | None) -> None:
    ways = {"--json": as_json, "--html": html is not None, "--serve": serve}
    chosen = [name for name, is_chosen in ways.items() if is_chosen]
    if len(chosen) > 1:
        what = f"{' and '.join(chosen)} don't go together."
        raise UsageError(what=what, fix="Ask for one of them.")
    if port is not None and not serve:
        raise UsageError(what="--port says where to serve.", fix="Add --serve.")


def upcoming(
    planner: Planner,
    campaign: Campaign,
    histories: Mapping[str, History],
    begin: str | None,
    days: int | None,
) -> Iterator[Planned]:
    """The posts that the options of `with_which` mean, without an end unless `days` is given."""
    from bot.preview.coming import coming

    return coming(
        planner,
        campaign,
        histories,
        now=datetime.now(UTC),
        begin=None if begin is None else read_time(begin, zone_of(campaign)),
        days=days,
    )


def how_many(count: int | None, days: int | None) -> int | None:
    """At most so many of them; None for as many as there are."""
    return 10 if count is None and days is None else count


# A page ------------------------------------------------------------------------------------------


def _page_at(html: str) -> Path:
    """Where the page is to be written. Raises UsageError for what can't be a page."""
    from pathlib import Path

    file = Path(html)
    why = ""
    if not html.strip():
        why = "--html needs the name of a file"
    elif file.is_dir() or file.name in ("", "..") or html.endswith("/"):
        why = f"{html} can't be written: it is a folder"
    elif file.exists() and not file.is_file():
        why = f"{html} can't be written: it is no ordinary file"
    if why:
        raise UsageError(what=f"{why}.", fix="Name a file: --html posts.html")
    return file


def _write_page(
    bot: Bot, planner: Planner, campaign: Campaign, wanted: Wanted, file: Path, explain: bool
) -> None:
    from bot.preview.page import write_page

    sheet = _sheet(bot, planner, campaign, wanted, _problems(bot))
    try:
        write_page(file, sheet, explain=explain)
    except OSError as error:
        what = f"{file} can't be written: {in_words(error)}"
        raise UsageError(what=what, fix="Name a file in a folder that is there.") from None
    click.echo(f"{counted(len(sheet.posts), 'post')} in {file}: open it in a browser.")


def _sheet(
    bot: Bot, planner: Planner, campaign: Campaign, wanted: Wanted, problems: Sequence[Problem]
) -> Sheet:
    from bot.preview.sheet import make_sheet

    return make_sheet(campaign, planner, list(wanted.posts(bot, campaign, planner)), problems)


def _problems(bot: Bot) -> list[Problem]:
    from bot.checking import check

    return check(bot.root, limits_of(NETWORKS))


def _serve(bot: Bot, wanted: Wanted, port: int, explain: bool) -> int:
    from functools import partial

    from bot.preview.editing import Editor
    from bot.preview.live import Live

    try:
        from bot.preview.serving import Site, listen, serve
    except ModuleNotFoundError as error:
        what = f"To serve the page, {error.name} is needed, and it isn't installed."
        raise UsageError(what=what, fix="Run: pip install '.[preview]'") from None

    def make(problems: Sequence[Problem]) -> Sheet:
        campaign = bot.campaign()
        return _sheet(bot, make_planner(campaign), campaign, wanted, problems)

    live = Live(
        bot.root,
        partial(_problems, bot),
        make,
        sign=partial(_sign, bot),
        explain=explain,
        now=datetime.now,
    )
    live.refresh()
    sock = listen(port)
    site = Site(bot.root, live, Editor(bot.root, limits_of, NETWORKS), sock.getsockname()[1])
    click.echo(f"The coming posts are at {site.address}")
    click.secho("Open it in a browser on this machine. Ctrl-C ends it.", dim=True)
    serve(site, sock)
    return 0


def _sign(bot: Bot, posts: Sequence[Planned], by: str) -> int:
    """Signs these posts off, as `bot approve` does."""
    from bot.approval import approve, possible_keys

    campaign = bot.campaign()
    possible = possible_keys(make_planner(campaign), campaign)
    return approve(bot.root, posts, by, datetime.now(UTC), possible=possible)


# To a terminal, or for machines ------------------------------------------------------------------


def _preview_json(posts: Iterator[Planned], approvals: Approvals | None) -> None:
    import json

    from bot.preview.coming import to_json

    items = (
        to_json(each, approved=approvals is None or approvals.approved(each)) for each in posts
    )
    click.echo("[", nl=False)
    for number, item in enumerate(items):
        comma = "\n" if number == 0 else ",\n"
        click.echo(comma + json.dumps(item, ensure_ascii=False), nl=False)
    click.echo("\n]")


def _preview_terminal(
    posts: Iterator[Planned], campaign: Campaign, approvals: Approvals | None, explain: bool
) -> None:
    import shutil

    from bot.preview.terminal import card

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    zone = zone_of(campaign)
    shown, cost, unsigned = 0, 0.0, 0
    click.echo(f"{click.style(campaign.name, bold=True)}  times in {campaign.timezone}\n")
    for planned in posts:
        sign_off = "" if approvals is None else approvals.in_words(planned)
        lines = card(planned, zone, width, explain=explain, sign_off=sign_off)
        click.echo("\n".join(lines) + "\n")
        shown, cost = shown + 1, cost + planned.cost
        unsigned += approvals is not None and not approvals.approved(planned)
    if not shown:
        click.echo("No post is coming: the schedule has no slot there.")
        return
    click.secho(f"{counted(shown, 'post')}, ${cost:.2f} in network fees.", dim=True)
    if unsigned:
        click.secho(f"{unsigned} not signed off: without it they don't go out.", fg="yellow")
