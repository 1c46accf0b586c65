"""The commands about the ledger and the host: what went before, and what needs a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from bot.cli.shared import (
    NETWORKS,
    Bot,
    account_option,
    json_option,
    limits_of,
    make_network,
    make_planner,
    pass_bot,
    read_time,
    show_json,
    show_table,
    zone_of,
)
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.ledger.base import Ledger, Row


@click.command()
@json_option
@pass_bot
def status(bot: Bot, as_json: bool) -> int:
    """Mode, whether the worker is alive, what went last, what comes next, what needs a person.

    \b
    Example:  bot status
    Exit code 1 where something needs a person.
    """
    from bot.status import gather, show

    campaign = bot.campaign()
    settings = bot.settings()
    ledger = bot.ledger(readonly=True)
    try:
        found = gather(campaign, make_planner(campaign), ledger, dry_run=settings.dry_run)
    finally:
        ledger.close()
    if as_json:
        show_json(found)
    else:
        show(found, zone_of(campaign), show_table)
    return 1 if found["needs_a_person"] else 0


@click.command()
@account_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets: CSV.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the newest N rows.")
@pass_bot
def log(bot: Bot, accounts: tuple[str, ...], as_json: bool, as_csv: bool, last: int | None) -> int:
    """The ledger: every slot and what became of it, oldest first.

    \b
    Examples:  bot log
               bot log --csv > campaign.csv
    """
    if as_json and as_csv:
        raise UsageError(what="--json and --csv don't go together.", fix="Choose one of them.")
    ledger = bot.ledger(readonly=True)
    try:
        names = set(accounts)
        rows = (row for row in ledger.rows(newest=last) if not names or row.account in names)
        if as_json:
            show_json([row.to_json() for row in rows])
        elif as_csv:
            _log_csv(rows)
        else:
            columns = ("slot", "account", "state", "reason", "tries", "url or text")
            show_table(columns, (_log_row(row) for row in rows))
    finally:
        ledger.close()
    return 0


def _log_row(row: Row) -> Sequence[str]:
    said = row.url or " ".join((row.text or "").split())[:60]
    slot = f"{row.slot:%Y-%m-%d %H:%M:%S}Z"
    return (slot, row.account, row.state, row.reason, str(row.attempts), said)


CSV_COLUMNS = (
    *("id", "account", "network", "slot", "state", "reason", "attempts"),
    *("text", "template", "draws", "media", "remote_id", "url", "claimed_at", "finished_at"),
)


def _log_csv(rows: Iterator[Row]) -> None:
    import csv

    writer = csv.DictWriter(sys.stdout, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        flat = row.to_json()
        flat["draws"] = " ".join(row.draws or ())
        flat["media"] = " ".join(item.path for item in row.media or ())
        writer.writerow({key: _safe_cell(value) for key, value in flat.items()})


def _safe_cell(value: Any) -> Any:
    """A cell that begins like a formula is taken for one: the apostrophe keeps it text."""
    return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


@click.command()
@click.argument("row_id", metavar="ID")
@click.option("--posted", metavar="URL", help="It is there: this is its address.")
@click.option("--retry", is_flag=True, help="It is not there: send it again, now.")
@click.option("--drop", is_flag=True, help="Leave it: it counts as failed.")
@pass_bot
def resolve(bot: Bot, row_id: str, posted: str | None, retry: bool, drop: bool) -> int:
    """A person settles a held post, after looking at the account.

    \b
    Example:  bot resolve x/2026-12-01T11:00:00+00:00 --posted https://x.com/i/web/status/1
    `bot status` names the posts that are held.
    """
    if sum((posted is not None, retry, drop)) != 1:
        raise UsageError(
            what="Say one of --posted URL, --retry and --drop.",
            fix="Look at the account first: is the post there?",
        )
    from bot.domain import Receipt
    from bot.publishing import resolve as settle
    from bot.schedule import GRACE

    receipt = None if posted is None else Receipt(_remote_id(posted), posted)
    ledger = bot.ledger()
    try:
        row = _held_row(bot, ledger, row_id)
        settled = settle(ledger, row, grace=GRACE, posted=receipt, retry=retry)
    finally:
        ledger.close()
    again = " The worker, or the next `bot post`, sends it." if retry else ""
    click.echo(f"{settled.id} is now {settled.state}.{again}")
    return 0


def _remote_id(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    last = parts.path.rstrip("/").rsplit("/", 1)[-1]
    if parts.scheme not in ("http", "https") or not last:
        raise UsageError(
            what=f"`{url}` is not the address of a post.",
            fix="Copy it from the browser, e.g. https://x.com/i/web/status/123.",
        )
    return last


def _held_row(bot: Bot, ledger: Ledger, row_id: str) -> Row:
    name, _, when = row_id.partition("/")
    zone = zone_of(bot.campaign())
    row = ledger.row(name, read_time(when, zone)) if when else None
    if row is None:
        raise UsageError(
            what=f"The ledger has no post `{row_id}`.", fix="`bot status` lists what is held."
        )
    if row.state != "held":
        raise UsageError(
            what=f"`{row_id}` is not held; it is {row.state}.", fix="There is nothing to settle."
        )
    return row


@click.command()
@click.option("--why", default="", metavar="TEXT", help="For whoever sees `bot status`.")
@pass_bot
def pause(bot: Bot, why: str) -> int:
    """The kill switch: from now on nothing is posted, by any worker on this ledger.

    \b
    Example:  bot pause --why "Waiting for the board"
    """
    return _switch(bot, lambda ledger: ledger.pause(why), "Paused. `bot resume` lifts it.")


@click.command()
@pass_bot
def resume(bot: Bot) -> int:
    """Lifts the pause. What was passed over stays missed; nothing is sent late.

    \b
    Example:  bot resume
    """
    return _switch(bot, lambda ledger: ledger.resume(), "Resumed.")


def _switch(bot: Bot, act: Callable[[Ledger], None], said: str) -> int:
    ledger = bot.ledger()
    try:
        ledger.migrate()
        act(ledger)
    finally:
        ledger.close()
    click.echo(said)
    return 0


@click.command()
@pass_bot
def migrate(bot: Bot) -> int:
    """Brings the ledger's schema up to date (`bot run` does so too).

    \b
    Example:  bot migrate
    """
    ledger = bot.ledger()
    try:
        done = ledger.migrate()
    finally:
        ledger.close()
    click.echo("\n".join(done) if done else f"Up to date: {ledger.where}")
    return 0


@click.command()
@pass_bot
def doctor(bot: Bot) -> int:
    """What stands in the way of posting from here.

    \b
    Example:  bot doctor
    Makes one harmless authenticated read per account that has credentials.
    """
    import os

    from bot.doctor import examine

    findings = examine(bot.root, os.environ, bot, make_network, limits_of(NETWORKS))
    show_table(("", "what", "found"), [(each.verdict, each.what, each.found) for each in findings])
    for each in findings:
        if each.fix:
            click.echo(f"{each.what}: {each.fix}")
    return 1 if any(each.verdict == "problem" for each in findings) else 0
