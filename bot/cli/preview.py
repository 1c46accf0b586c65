"""`bot preview`: the coming posts, byte for byte as they will go out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from bot.cli.shared import (
    Bot,
    account_option,
    counted,
    json_option,
    make_planner,
    pass_bot,
    pick_accounts,
    read_time,
    zone_of,
)

if TYPE_CHECKING:
    from bot.approval import Approvals
    from bot.domain import Campaign, History
    from bot.planning import Planned, Planner


which_options = (
    click.option("--count", type=click.IntRange(1), metavar="N", help="How many posts (10)."),
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
@pass_bot
def preview(
    bot: Bot,
    count: int | None,
    days: int | None,
    begin: str | None,
    accounts: tuple[str, ...],
    as_json: bool,
    explain: bool,
) -> int:
    """Shows the coming posts, byte for byte as they will go out.

    \b
    Examples:  bot preview
               bot preview --days 60 --from 2026-12-01
               bot preview --count 3 --explain
    Needs no credentials, talks to no network, writes nothing.
    """
    from itertools import islice

    campaign = bot.campaign()
    approvals = bot.approvals(campaign)
    histories = bot.histories(pick_accounts(campaign, accounts))
    posts = upcoming(make_planner(campaign), campaign, histories, begin, days)
    shown = islice(posts, how_many(count, days))
    if as_json:
        _preview_json(shown, approvals)
    else:
        _preview_terminal(shown, campaign, approvals, explain)
    return 0


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
