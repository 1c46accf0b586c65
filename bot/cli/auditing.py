"""`bot log --audit`: who paused, resumed, resolved and approved, and which halts the bot began."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from bot.cli.shared import Bot, show_json, show_table
from bot.domain import slot_id
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.ledger.base import Ledger

COLUMNS = ("at", "who", "what", "about", "why")

Entry = dict[str, str]


def show_audit(
    bot: Bot,
    ledger: Ledger,
    accounts: Collection[str],
    last: int | None,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """The audit trail, oldest first; of these accounts, and of what concerns all of them."""
    entries = sorted(
        [*_acts(ledger), *_halts(ledger), *_sign_offs(bot)],
        key=lambda each: datetime.fromisoformat(each["at"]),
    )
    if accounts:
        wanted = {*accounts, ""}
        entries = [each for each in entries if each["about"].partition("/")[0] in wanted]
    entries = entries if last is None else entries[-last:]
    if as_json:
        show_json(entries)
    elif as_csv:
        _as_csv(entries)
    elif not entries and sys.stdout.isatty():
        click.echo("Nobody did anything to the ledger yet.")
    elif sys.stdout.isatty():
        _show(entries)
    else:
        show_table(COLUMNS, (tuple(each.values()) for each in entries))


def _show(entries: Iterable[Entry]) -> None:
    """For people, at any width: a line each, and why below it."""
    from bot.preview.terminal import wrapped

    for each in entries:
        at = f"{datetime.fromisoformat(each['at']):%Y-%m-%d %H:%M:%S}Z"
        who = click.style(each["who"], bold=True)
        click.echo(f"{at}  {who}: {each['what']} {each['about']}".rstrip())
        if each["why"]:
            click.echo("\n".join(wrapped(each["why"])))


def _entry(at: datetime, who: str, what: str, about: str, why: str) -> Entry:
    said = (at.isoformat(timespec="seconds"), who, what, about, why)
    return dict(zip(COLUMNS, said, strict=True))


def _acts(ledger: Ledger) -> Iterator[Entry]:
    for act in ledger.acts():
        about = act.account if act.slot is None else slot_id(act.account, act.slot)
        yield _entry(act.at, act.who, act.what, about, act.why)


def _halts(ledger: Ledger) -> Iterator[Entry]:
    """The program's own halts are troubles; a person's are acts."""
    from bot.troubles import HALTED

    for trouble in ledger.troubles(open_only=False):
        if trouble.kind == HALTED:
            yield _entry(trouble.since, "the bot", "halt", trouble.account, trouble.what)


def _sign_offs(bot: Bot) -> Iterator[Entry]:
    """They are kept with the content. Where that can't be read, the ledger's part is shown."""
    from bot.approval import Approvals

    with suppress(BotError):
        for each in Approvals.load(bot.root):
            at = datetime.fromisoformat(each.at)
            yield _entry(at, each.by, "approve", each.slot, f"“{each.says}”")


def _as_csv(entries: Collection[dict[str, Any]]) -> None:
    import csv

    from bot.cli.records import safe_cell

    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    for each in entries:
        writer.writerow({key: safe_cell(value) for key, value in each.items()})
