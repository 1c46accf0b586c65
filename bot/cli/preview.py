"""`bot preview`: the coming posts, byte for byte as they will go out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.cli.shared import (
    NETWORKS,
    Bot,
    account_option,
    counted,
    json_option,
    limits_of,
    make_planner,
    pass_bot,
    pick_accounts,
    read_time,
    zone_of,
)
from bot.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.domain import Campaign, Problem
    from bot.planning import Planned, Planner
    from bot.preview.sheet import Sheet, Signed

DEFAULT_COUNT = 10


@dataclass(frozen=True)
class Wanted:
    """Which posts are to be shown."""

    count: int | None
    days: int | None
    begin: str | None
    accounts: tuple[str, ...]

    def posts(self, bot: Bot, campaign: Campaign, planner: Planner) -> Iterator[Planned]:
        """They, given what the ledger says went before."""
        from itertools import islice

        from bot.preview.coming import coming

        zone = zone_of(campaign)
        picked = pick_accounts(campaign, self.accounts)
        posts = coming(
            planner,
            campaign,
            bot.histories(picked),
            now=datetime.now(UTC),
            begin=None if self.begin is None else read_time(self.begin, zone),
            days=self.days,
        )
        most = self.count
        return islice(posts, DEFAULT_COUNT if most is None and self.days is None else most)


@click.command()
@click.option("--count", type=click.IntRange(1), metavar="N", help="How many posts (10).")
@click.option("--days", type=click.IntRange(1, 36_600), metavar="D", help="Or: how many days.")
@click.option("--from", "begin", metavar="TIME", help="From this date or time on.")
@account_option
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
    Needs no credentials, talks to no social network, writes nothing but FILE and
    the pictures beside it.
    """
    _check_ways(as_json, html, serve, port)
    wanted = Wanted(count, days, begin, accounts)
    if serve:
        return _serve(bot, wanted, port or 0, explain)
    campaign = bot.campaign()
    planner = make_planner(campaign)
    posts = wanted.posts(bot, campaign, planner)
    if html is not None:
        _write_page(bot, campaign, planner, posts, html, explain)
    elif as_json:
        _preview_json(posts, campaign)
    else:
        _preview_terminal(posts, campaign, zone_of(campaign), explain)
    return 0


def _check_ways(as_json: bool, html: str | None, serve: bool, port: int | None) -> None:
    ways = {"--json": as_json, "--html": html is not None, "--serve": serve}
    chosen = [name for name, is_chosen in ways.items() if is_chosen]
    if len(chosen) > 1:
        what = f"{' and '.join(chosen)} don't go together."
        raise UsageError(what=what, fix="Ask for one of them.")
    if port is not None and not serve:
        raise UsageError(what="--port says where to serve.", fix="Add --serve.")


# A page ------------------------------------------------------------------------------------------


def _write_page(
    bot: Bot,
    campaign: Campaign,
    planner: Planner,
    posts: Iterator[Planned],
    html: str,
    explain: bool,
) -> None:
    from pathlib import Path

    from bot.preview.page import write_page

    file = Path(html)
    sheet = _sheet(bot, campaign, planner, posts, _problems(bot))
    try:
        write_page(file, sheet, explain=explain)
    except OSError as error:
        what = f"{html} can't be written: {error.strerror}"
        raise UsageError(what=what, fix="Name a file in a folder that is there.") from None
    click.echo(f"{counted(len(sheet.posts), 'post')} in {file}: open it in a browser.")


def _sheet(
    bot: Bot,
    campaign: Campaign,
    planner: Planner,
    posts: Iterator[Planned],
    problems: Sequence[Problem],
) -> Sheet:
    """What the page shows, sign-offs included."""
    from bot.preview.sheet import make_sheet

    return make_sheet(campaign, planner, list(posts), problems, _signed(bot))


def _signed(bot: Bot) -> Signed:
    """Who signed which post off."""
    del bot
    return lambda _: None


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
        planner = make_planner(campaign)
        return _sheet(bot, campaign, planner, wanted.posts(bot, campaign, planner), problems)

    live = Live(bot.root, partial(_problems, bot), make, explain=explain, now=datetime.now)
    live.refresh()
    sock = listen(port)
    site = Site(bot.root, live, Editor(bot.root, limits_of, NETWORKS), sock.getsockname()[1])
    click.echo(f"The coming posts are at {site.address}")
    click.secho("Open it in a browser on this machine. Ctrl-C ends it.", dim=True)
    serve(site, sock)
    return 0


# To a terminal, or for machines ------------------------------------------------------------------


def _preview_json(posts: Iterator[Planned], campaign: Campaign) -> None:
    import json

    from bot.preview.coming import to_json

    items = (to_json(each, approved=not campaign.approval) for each in posts)
    click.echo("[", nl=False)
    for number, item in enumerate(items):
        comma = "\n" if number == 0 else ",\n"
        click.echo(comma + json.dumps(item, ensure_ascii=False), nl=False)
    click.echo("\n]")


def _preview_terminal(
    posts: Iterator[Planned], campaign: Campaign, zone: ZoneInfo, explain: bool
) -> None:
    import shutil

    from bot.preview.terminal import card

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shown, cost = 0, 0.0
    click.echo(f"{click.style(campaign.name, bold=True)}  times in {campaign.timezone}\n")
    for planned in posts:
        click.echo("\n".join(card(planned, zone, width, explain=explain)) + "\n")
        shown, cost = shown + 1, cost + planned.cost
    if not shown:
        click.echo("No post is coming: the schedule has no slot there.")
        return
    click.secho(f"{counted(shown, 'post')}, ${cost:.2f} in network fees.", dim=True)
