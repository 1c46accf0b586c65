"""`bot approve`: a second pair of eyes says yes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.cli.preview import how_many, upcoming, with_which
from bot.cli.shared import (
    Bot,
    make_planner,
    own_name,
    pass_bot,
    pick_accounts,
    read_time,
    say_left_out,
    zone_of,
)
from bot.errors import UsageError, counted

if TYPE_CHECKING:
    from bot.approval import Approval, Approvals
    from bot.domain import Campaign, History
    from bot.planning import Planned


@click.command(short_help="Signs off what `preview` shows.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@with_which
@click.option("--by", metavar="NAME", help="Who signs off (the name that git has, or the login).")
@click.option("--yes", is_flag=True, help="Don't ask: for scripts.")
@pass_bot
def approve(
    bot: Bot,
    ids: tuple[str, ...],
    count: int | None,
    days: int | None,
    begin: str | None,
    accounts: tuple[str, ...],
    by: str | None,
    yes: bool,
) -> int:
    """Signs off the coming posts: those that `preview` shows by the same options, or by id.

    \b
    Examples:  bot approve --days 14
               bot approve x/2026-12-01T11:00Z --by "Ada Example"
    Shows each post that is not signed off yet, asks once, and writes
    messages/approved.toml, to be committed with the content.
    """
    from bot.approval import Approvals, possible_keys
    from bot.approval import approve as sign_off

    campaign = bot.campaign()
    approvals = Approvals.load(bot.root)
    planner = make_planner(campaign)
    histories = bot.histories(pick_accounts(campaign, accounts))
    now = datetime.now(UTC)
    plan = upcoming(planner, campaign, histories, begin, None if ids else days)
    coming = (each for each in plan if each.slot.expires > now)
    most = None if ids else how_many(count, days)
    posts = list(_by_id(coming, ids, campaign) if ids else _first(coming, most))
    open_posts = [each for each in posts if each.post is not None and not approvals.approved(each)]
    _say_what_there_is(campaign, histories, now)
    say_left_out(planner.left_out)
    possible = possible_keys(planner, campaign)
    _say_stale([] if ids else approvals.stale(posts, now), approvals.lost(possible))
    if not open_posts:
        click.echo(_nothing_to_sign(posts))
        return 0
    if not yes and not sys.stdin.isatty():
        raise UsageError(
            what="There is nobody to ask here.", fix="Say --yes to sign off all that is shown."
        )
    _show(open_posts, campaign, approvals)
    name = by if by is not None else own_name()
    question = f"Sign off {counted(len(open_posts), 'post')} as {name}?"
    if not yes and not click.confirm(question):
        click.echo("Nothing was signed off.")
        return 1
    signed = sign_off(bot.root, open_posts, name, now, possible=possible)
    click.secho(f"Signed off {counted(signed, 'post')} as {name}.", fg="green", bold=True)
    click.echo("Commit messages/approved.toml together with the content.")
    return 0


def _first(coming: Iterator[Planned], most: int | None) -> Iterator[Planned]:
    from itertools import islice

    return islice(coming, most)


def _by_id(coming: Iterator[Planned], ids: Sequence[str], campaign: Campaign) -> Iterator[Planned]:
    """The posts by these ids. Raises UsageError for one that is not planned."""
    zone = zone_of(campaign)
    wanted: dict[tuple[str, datetime], str] = {}
    for each in ids:
        account, _, when = each.partition("/")
        if account not in campaign.accounts or not when:
            raise _unplanned(each)
        wanted[account, read_time(when, zone)] = each
    last = max(at for _, at in wanted)
    for planned in coming:
        if planned.slot.at > last:
            break
        if wanted.pop((planned.slot.account, planned.slot.at), None) is not None:
            yield planned
    for each in wanted.values():
        raise _unplanned(each)


def _unplanned(each: str) -> UsageError:
    return UsageError(
        what=f"No post `{each}` is coming.",
        fix="`bot preview --json` shows the ids of those that are: ACCOUNT/TIME.",
    )


def _say_what_there_is(campaign: Campaign, histories: Mapping[str, History], now: datetime) -> None:
    """What is easily missed: that nobody asks for it, or that this may not be the plan."""
    from bot.schedule import begins

    if not campaign.approval:
        said = "The campaign doesn't ask for sign-off: posts go out without (`approval = false`)."
        click.secho(said, fg="yellow", err=True)
    for name, history in histories.items():
        since = begins(campaign.accounts[name].schedule)
        if not history.rows and since is not None and since < now:
            said = (
                f"`{name}` has no ledger here, and its schedule has begun. If it posts already, "
                "others may be coming than these: set DATABASE_URL to the live ledger's."
            )
            click.secho(said, fg="yellow", err=True)


def _say_stale(stale: Sequence[Approval], lost: Sequence[Approval]) -> None:
    """Which sign-offs an edit has undone."""
    gone = {approval.key for approval in lost}
    each = {approval.key: approval for approval in (*stale, *lost)}.values()
    for approval in sorted(each, key=lambda found: found.slot_at):
        why = "was edited since" if approval.key in gone else "is not planned any more"
        click.secho(
            f"{approval.slot}: what {approval.by} signed off {why}: “{approval.says}”",
            fg="yellow",
        )
    if each:
        click.echo()


def _nothing_to_sign(posts: Sequence[Planned]) -> str:
    if not posts:
        return "No post is coming there."
    last = posts[-1].slot.id
    return (
        f"Nothing to sign off: all that goes out up to {last} is signed off.\n"
        "What comes after it was not looked at: --count N and --days D say how far to look."
    )


def _show(posts: Sequence[Planned], campaign: Campaign, approvals: Approvals) -> None:
    import shutil

    from bot.preview.terminal import card

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    zone = zone_of(campaign)
    click.echo(f"{click.style(campaign.name, bold=True)}  times in {campaign.timezone}\n")
    for planned in posts:
        sign_off = approvals.in_words(planned)
        click.echo("\n".join(card(planned, zone, width, explain=False, sign_off=sign_off)) + "\n")
