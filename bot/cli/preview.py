"""`bot preview`: the coming posts, byte for byte as they will go out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
    from zoneinfo import ZoneInfo

    from bot.domain import Campaign
    from bot.planning import Planned


@click.command()
@click.option("--count", type=click.IntRange(1), metavar="N", help="How many posts (10).")
@click.option("--days", type=click.IntRange(1, 36_600), metavar="D", help="Or: how many days.")
@click.option("--from", "begin", metavar="TIME", help="From this date or time on.")
@account_option
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

    from bot.preview.coming import coming

    campaign = bot.campaign()
    zone = zone_of(campaign)
    picked = pick_accounts(campaign, accounts)
    histories = bot.histories(picked)
    posts = coming(
        make_planner(campaign),
        campaign,
        histories,
        now=datetime.now(UTC),
        begin=None if begin is None else read_time(begin, zone),
        days=days,
    )
    most = count if count is not None else (None if days is not None else 10)
    shown = islice(posts, most)
    if as_json:
        _preview_json(shown, campaign)
    else:
        _preview_terminal(shown, campaign, zone, explain)
    return 0


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
