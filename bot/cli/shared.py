"""What the commands share: loading what they need, and showing what they found."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from bot.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from bot.approval import Approvals
    from bot.domain import Account, Campaign, History, Limits, Problem
    from bot.halting import Tell
    from bot.ledger.base import Ledger
    from bot.networks.base import Network, Request
    from bot.planning import Planner
    from bot.settings import Settings

MOST = 1_000_000_000
"""No option of a command takes a larger number."""

NETWORKS = ("x",)
"""The networks this version can post to."""


class Bot:
    """What every command gets: the folder, and ways to load what it needs from there."""

    def __init__(self, root: str | None, *, debug: bool = False) -> None:
        self.debug = debug
        self._root = root

    @property
    def root(self) -> Path:
        """The folder of messages/ and media/: --root, else BOT_ROOT, else the current one."""
        from pathlib import Path

        if self._root is None:
            try:
                self._root = self.settings().root or "."
            except SettingsError:  # whoever needs the settings themselves is told what is wrong
                if not Path("messages").is_dir():
                    raise  # they may be what says where it is
                self._root = "."
        return Path(self._root)

    def settings(self) -> Settings:
        """From the environment and from `.env` in the current folder."""
        from pathlib import Path

        from bot.settings import load_settings

        return load_settings(Path(), os.environ)

    def campaign(self) -> Campaign:
        """What may be posted; what is left out of it, and why, is in its `left_out`."""
        from bot.content import load

        return load(self.root, NETWORKS)

    def approvals(self, campaign: Campaign) -> Approvals | None:
        """The sign-offs, where the campaign asks for them; else None."""
        if not campaign.approval:
            return None
        from bot.approval import Approvals

        return Approvals.load(self.root)

    def histories(self, accounts: Iterable[Account]) -> dict[str, History]:
        """What the live ledger says of these accounts."""
        from bot.ledger import read_histories

        url = self.settings().database_url.reveal()
        return read_histories(url, [account.name for account in accounts])

    def ledger(self, *, readonly: bool = False) -> Ledger:
        from bot.ledger import open_ledger

        return open_ledger(self.settings().database_url.reveal(), readonly=readonly)


def limits_of(networks: Sequence[str]) -> dict[str, Limits]:
    """The limits of these networks, by name. Needs no credentials."""
    found: dict[str, Limits] = {}
    if "x" in networks:
        from bot.networks.x import LIMITS

        found["x"] = LIMITS
    return found


def make_planner(campaign: Campaign) -> Planner:
    from bot.planning import Planner

    return Planner(campaign, limits_of([a.network for a in campaign.accounts.values()]))


def make_network(bot: Bot, account: Account, settings: Settings) -> Network:
    """The account's network with its credentials. SettingsError where one is missing."""
    from bot.logs import redactor
    from bot.networks.x import API_URL, X, XCredentials

    secrets = settings.x_credentials(account.name)
    credentials = XCredentials(*(secret.reveal() for secret in secrets))
    api_url = settings.x_api_url(account.name) or API_URL
    return X(credentials, str(bot.root), api_url, redact=redactor(settings.secrets()))


def make_dry_network(bot: Bot, account: Account, settings: Settings, tell: Tell) -> Network:
    """The account's network with a second half that logs. Needs no credentials."""
    from bot.networks.base import DryRun
    from bot.networks.x import API_URL, X

    def log(request: Request) -> None:
        tell("dry_run", id=account.name, **_shown(request))

    x = X(None, str(bot.root), settings.x_api_url(account.name) or API_URL)
    return DryRun(x, str(bot.root), log)


def _shown(request: Request) -> dict[str, Any]:
    media = [upload.attachment.to_json() for upload in request.uploads]
    uploads = [_call(each) for upload in request.uploads for each in upload.requests]
    return {**_call(request), "media": media, "uploads": uploads}


def _call(request: Request) -> dict[str, Any]:
    """One request, as it would go out, but for the headers that every request has."""
    shown = {"method": request.method, "url": request.url, "body": dict(request.body)}
    return shown | ({"headers": dict(request.headers)} if request.headers else {})


def pick_accounts(campaign: Campaign, names: Sequence[str]) -> list[Account]:
    """The accounts by these names; all, where none is named. UsageError for an unknown one."""
    for name in names:
        if name in campaign.idle:
            what = f"The account `{name}` is left out for an error in messages/campaign.toml."
            raise UsageError(what=what, fix="`bot check` says what it is, and what to do.")
    known = ", ".join(campaign.accounts)
    fix = f"The campaign has: {known} (messages/campaign.toml, [accounts.NAME])."
    check_names(names, campaign.accounts, fix)
    return [each for name, each in campaign.accounts.items() if not names or name in names]


def check_names(names: Sequence[str], known: Collection[str], fix: str) -> None:
    """Raises UsageError for the first account that there isn't."""
    for name in names:
        if name not in known:
            raise UsageError(what=f"There is no account `{name}`.", fix=fix)


def name_of(by: str | None) -> str:
    """Who does something: what `--by` says, else one's own name. UsageError for no name."""
    from bot.approval import name_in

    return name_in(by if by is not None else own_name())


def own_name() -> str:
    """The name that git commits with; without one, the login's."""
    import getpass
    import subprocess

    try:
        said = subprocess.run(
            ["git", "config", "user.name"],  # noqa: S607 - whichever git the user has
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        ).stdout.strip()
    except OSError:
        said = ""
    return said or getpass.getuser()


def zone_of(campaign: Campaign) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(campaign.timezone)


def read_time(text: str, zone: ZoneInfo) -> datetime:
    """An ISO date or time; without an offset it is the campaign's wall time. UsageError."""
    from bot.schedule import YEARS, localise

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise UsageError(
            what=f"`{text}` is no date or time.", fix="Write 2026-12-01 or 2026-12-01T12:00."
        )

    return found.astimezone(UTC) if found.tzinfo else localise(found, zone)


MOST_SHOWN = 10
"""So many things that are left out are named; `bot check` shows all."""


def say_left_out(problems: Sequence[Problem]) -> int:
    """Says on standard error what is left out, and why. The exit code: 1 if that is anything."""
    for problem in problems[:MOST_SHOWN]:
        click.secho(f"Left out: {problem}", fg="red", err=True)
    if len(problems) > MOST_SHOWN:
        click.secho(f"And {len(problems) - MOST_SHOWN} more.", fg="red", err=True)
    if problems:
        click.secho("`bot check` shows all that is wrong.", fg="red", err=True)
    return 1 if problems else 0


def show_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table with a rule and colour on a terminal; tab-separated columns where it is piped.

    Only the last column is ever broken; nothing is cut, since ids and addresses are copied from it.
    """
    if not sys.stdout.isatty():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for number, name in enumerate(columns, 1):
        table.add_column(name, no_wrap=number < len(columns), overflow="fold")
    redact = getattr(sys.stdout, "redact", str)  # now: once a long word is folded it is not known
    for row in rows:
        table.add_row(*(Text(redact(cell), style=_STYLES.get(cell, "")) for cell in row))
    Console().print(table)


_STYLES = {
    "posted": "green",
    "ok": "green",
    "held": "bold red",
    "failed": "red",
    "problem": "red",
    "error": "bold red",
    "warning": "yellow",
    "missed": "yellow",
    "unknown": "yellow",
    "retry": "yellow",
    "sending": "cyan",
}


def ignore_output() -> None:
    """Whoever read our output has gone (`bot log | head`): nothing to say, nobody to say it to."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


pass_bot = click.make_pass_decorator(Bot)
account_option = click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME",
    help="Only this account; may be repeated.",
)
by_option = click.option(
    "--by", metavar="NAME", help="Who does it (the name that git has, or the login)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="For machines: JSON.")
