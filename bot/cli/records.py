"""The commands about the ledger and the host: what went before, and what needs a person."""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from bot.cli.shared import (
    MOST,
    NETWORKS,
    Bot,
    account_option,
    by_option,
    check_names,
    json_option,
    limits_of,
    make_network,
    make_planner,
    name_of,
    pass_bot,
    read_time,
    show_json,
    show_table,
    zone_of,
)
from bot.errors import BotError, LedgerConflict, UsageError, counted

if TYPE_CHECKING:
    from bot.ledger.base import Ledger, Row


@click.command(short_help="How the campaign stands, and what needs a person.")
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
        planner, approvals = make_planner(campaign), bot.approvals(campaign)
        found = gather(campaign, planner, ledger, dry_run=settings.dry_run, approvals=approvals)
    finally:
        ledger.close()
    if as_json:
        show_json(found)
    else:
        show(found, zone_of(campaign))
    return 1 if found["needs_a_person"] else 0


@click.command()
@account_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets: CSV.")
@click.option("--bom", is_flag=True, help="With --csv: a mark by which Excel knows UTF-8.")
@click.option("--last", type=click.IntRange(1, MOST), metavar="N", help="Only the newest N rows.")
@click.option("--audit", is_flag=True, help="Instead: who paused, resumed, resolved, approved.")
@pass_bot
def log(
    bot: Bot,
    accounts: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    bom: bool,
    last: int | None,
    audit: bool,
) -> int:
    """The ledger: every slot and what became of it, oldest first.

    \b
    Examples:  bot log
               bot log --csv --bom > campaign.csv
               bot log --audit
    """
    if as_json and as_csv:
        raise UsageError(what="--json and --csv don't go together.", fix="Choose one of them.")
    if bom and not as_csv:
        raise UsageError(what="--bom is for spreadsheets.", fix="Add --csv.")
    ledger = bot.ledger(readonly=True)
    try:
        _check_accounts(bot, ledger, accounts)
        if bom:
            sys.stdout.write("\ufeff")
        if audit:
            from bot.cli.auditing import show_audit

            show_audit(bot, ledger, set(accounts), last, as_json=as_json, as_csv=as_csv)
            return 0
        rows = _rows(ledger, set(accounts), last)
        if as_json:
            show_json([row.to_json() for row in rows])
        elif as_csv:
            _log_csv(rows)
        else:
            _log_table(rows)
    finally:
        ledger.close()
    return 0


def _check_accounts(bot: Bot, ledger: Ledger, names: Sequence[str]) -> None:
    """UsageError for an account that neither the ledger nor the campaign knows."""
    if not names:
        return
    known = {account for account, _ in ledger.counts()} | ledger.halts().keys()
    with suppress(BotError):  # the log can be read whatever state the content is in
        known.update(bot.campaign().accounts)
    check_names(names, known, f"There are: {', '.join(sorted(known)) or 'none yet'}.")


def _rows(ledger: Ledger, names: set[str], last: int | None) -> Iterator[Row]:
    """The rows of these accounts (of all, where none is named), at most the newest `last`."""
    if len(names) < 2:
        return ledger.rows(next(iter(names), None), newest=last)
    rows = (row for row in ledger.rows() if row.account in names)
    return rows if last is None else iter(deque(rows, maxlen=last))


def _log_table(rows: Iterator[Row]) -> None:
    first = next(rows, None)
    if first is None and sys.stdout.isatty():
        click.echo("The ledger has no rows yet.")
        return
    columns = ("slot", "account", "state", "tries", "what became of it")
    show_table(columns, (_log_row(row) for row in chain([first] if first else [], rows)))


def _log_row(row: Row) -> Sequence[str]:
    from bot.preview.terminal import shortened

    said = shortened(row.text or "", 60)
    became = ": ".join(part for part in (row.reason.rstrip("."), row.url or said) if part)
    slot = f"{row.slot:%Y-%m-%d %H:%M:%S}Z"
    return (slot, row.account, row.state, str(row.attempts), became)


CSV_COLUMNS = (
    *("id", "account", "network", "slot", "state", "reason", "attempts"),
    *("text", "template", "draws", "media", "remote_id", "url", "claimed_at", "finished_at"),
)


def _log_csv(rows: Iterator[Row]) -> None:
    import csv

    # All are quoted: left alone, a lone carriage return in a cell would end its row.
    writer = csv.DictWriter(sys.stdout, CSV_COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for row in rows:
        flat = row.to_json()
        flat["draws"] = " ".join(row.draws or ())
        flat["media"] = " ".join(item.path for item in row.media or ())
        writer.writerow({key: safe_cell(value) for key, value in flat.items()})


def safe_cell(value: Any) -> Any:
    """A cell that a spreadsheet would take for a formula: the apostrophe keeps it text."""
    return "'" + value if isinstance(value, str) and value[:1] in _FORMULA and value else value


_FORMULA = "=+-@\t\r\n＝＋－＠"
"""What a formula begins with; the wide ones do in some languages' Excel. `:` begins none."""


@click.command(short_help="A person settles a post, after looking at the account.")
@click.argument("row_id", metavar="ID")
@click.option("--posted", metavar="URL", help="It is there: this is its address.")
@click.option("--retry", is_flag=True, help="It is not there: send it again, now.")
@click.option("--drop", is_flag=True, help="Leave it: it counts as failed.")
@by_option
@pass_bot
def resolve(
    bot: Bot, row_id: str, posted: str | None, retry: bool, drop: bool, by: str | None
) -> int:
    """A person settles a post, after looking at the account: one that is held, or that was left
    open by an account that the campaign has no more.

    \b
    Examples:  bot resolve x/2026-12-01T11:00Z --posted https://x.com/i/status/1
               bot resolve x/2026-12-01T11:00Z --drop
    `bot status` names such posts.
    """
    if sum((posted is not None, retry, drop)) != 1:
        raise UsageError(
            what="Say one of --posted URL, --retry and --drop.",
            fix="Look at the account first: is the post there?",
        )
    from bot.domain import Receipt
    from bot.publishing import resolve as settle
    from bot.schedule import GRACE

    who = name_of(by)
    ledger = bot.ledger()
    try:
        row = _row_to_settle(bot, ledger, row_id)
        if retry:
            _refuse_withdrawn(bot, row)
        receipt = None if posted is None else Receipt(_remote_id(posted, row.network), posted)
        settled = settle(ledger, row, grace=GRACE, posted=receipt, retry=retry, who=who)
    except LedgerConflict:
        raise UsageError(
            what=f"`{row_id}` was settled by somebody else, or that post is another slot's.",
            fix="`bot log --last 20` shows which.",
        ) from None
    finally:
        ledger.close()
    again = " The worker, or the next `bot post`, sends it." if retry else ""
    click.echo(f"{settled.id} is now {settled.state}.{again}")
    return 0


def _refuse_withdrawn(bot: Bot, row: Row) -> None:
    """UsageError where the row's post may not go out any more, by the content as it is now."""
    from bot.frozen import withdrawn

    campaign = bot.campaign()
    approvals = bot.approvals(campaign)
    approved = approvals.approved if approvals is not None else lambda _: True
    why = withdrawn(make_planner(campaign), campaign.accounts, row, approved)
    if why:
        raise UsageError(
            what=f"`{row.id}` is not sent again: {why}.",
            fix="Settle it with --posted URL or --drop; or bring the content back, then --retry.",
        )


_POSTS = {"x": re.compile(r"https?://[^/]+/.*\bstatus/(\d+)")}
"""The addresses of a network's posts, with the post's id in them."""


def _remote_id(url: str, network: str) -> str:
    found = _POSTS[network].match(url)
    if found is None:
        raise UsageError(
            what=f"`{url}` is not the address of a post.",
            fix="Copy it from the browser, e.g. https://x.com/i/status/123.",
        )
    return found[1]


def _row_to_settle(bot: Bot, ledger: Ledger, row_id: str) -> Row:
    """The row, where it is a person's to settle. UsageError where it isn't."""
    from bot.ledger.base import OPEN

    name, _, when = row_id.partition("/")
    campaign = bot.campaign()
    row = ledger.row(name, read_time(when, zone_of(campaign))) if when else None
    if row is None:
        raise UsageError(
            what=f"The ledger has no post `{row_id}`.", fix="`bot status` lists what is held."
        )
    if row.state in OPEN:
        _refuse_settled_by_others(row, {*campaign.accounts, *campaign.idle}, ledger)
    elif row.state != "held":
        raise UsageError(
            what=f"`{row_id}` is not held; it is {row.state}.", fix="There is nothing to settle."
        )
    return row


def _refuse_settled_by_others(row: Row, accounts: Collection[str], ledger: Ledger) -> None:
    """UsageError for an open row that the program still settles, or may settle."""
    from bot.losses import overdue_at
    from bot.troubles import lived_for

    now, until = ledger.now(), overdue_at(row)
    if row.account in accounts:
        why, fix = "", "The program settles it: the worker, or the next `bot post`."
    elif row.account in lived_for(ledger.beats(), now):
        why = f", and a worker still lives for `{row.account}`"
        fix = "That one settles it. `bot status` shows the workers; stop it first."
    elif now <= until:
        why = ", and its own times are not over"
        fix = f"Come back after {until:%Y-%m-%d %H:%M} UTC: until then it may settle by itself."
    else:
        return
    raise UsageError(what=f"`{row.id}` is not held; it is {row.state}{why}.", fix=fix)


@click.command(short_help="The kill switch: from now on nothing is posted.")
@click.option("--why", default="", metavar="TEXT", help="For whoever sees `bot status`.")
@by_option
@account_option
@pass_bot
def pause(bot: Bot, why: str, by: str | None, accounts: tuple[str, ...]) -> int:
    """The kill switch: from now on nothing is posted, by any worker on this ledger.

    \b
    Examples:  bot pause --why "Waiting for the board"
               bot pause --account x_fr
    """
    from bot.ledger.base import Halt

    who = name_of(by)

    def act(ledger: Ledger) -> str:
        for name in accounts:
            said = f"paused by {who}{why and ': '}{why}"
            ledger.halt(name, Halt(ledger.now(), said, person=True), who=who)
        if not accounts:
            ledger.pause(why, who=who)
        return "Paused. `bot resume` lifts it."

    return _switch(bot, accounts, act)


@click.command(short_help="Lifts the pause and the halts.")
@click.option("--why", default="", metavar="TEXT", help="For the audit trail.")
@by_option
@account_option
@pass_bot
def resume(bot: Bot, why: str, by: str | None, accounts: tuple[str, ...]) -> int:
    """Lifts the pause, and every account's halt; with --account, only that account's halt.

    \b
    Examples:  bot resume
               bot resume --account x_fr
    What was passed over stays missed; nothing is sent late.
    """
    from bot.halting import resume as resume_account

    who = name_of(by)

    def act(ledger: Ledger) -> str:
        names = accounts or tuple(ledger.halts())
        lifted = [name for name in names if resume_account(ledger, name, why, who=who)]
        if not accounts:
            ledger.resume(why, who=who)
        paused = " All accounts are still paused." if ledger.paused() else ""
        halted = f" No longer halted: {', '.join(lifted)}." if lifted else ""
        return f"Resumed.{halted}{paused}"

    return _switch(bot, accounts, act)


def _switch(bot: Bot, accounts: Sequence[str], act: Callable[[Ledger], str]) -> int:
    ledger = bot.ledger()
    try:
        ledger.migrate()
        _check_accounts(bot, ledger, accounts)
        said = act(ledger)
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
@click.option("--alert", "rehearse", is_flag=True, help="Send a test alert, fetch the heartbeat.")
@pass_bot
def doctor(bot: Bot, rehearse: bool) -> int:
    """What stands in the way of posting from here.

    \b
    Examples:  bot doctor
               bot doctor --alert
    Makes one harmless authenticated read per account that has credentials.
    """
    import os

    from bot.doctor import examine

    limits = limits_of(NETWORKS)
    findings = list(examine(bot.root, os.environ, bot, make_network, limits, rehearse=rehearse))
    rows = [(each.verdict, each.what, each.sentences()) for each in findings]
    show_table(("", "what", "found"), rows)
    problems = sum(each.verdict == "problem" for each in findings)
    if problems:
        click.secho(f"\n{counted(problems, 'thing')} in the way of posting.", fg="red", bold=True)
    return 1 if problems else 0
