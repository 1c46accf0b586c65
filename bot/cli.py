"""The command line: commands to calls, settings to concrete classes.

Each command imports what it needs when it runs, so that `bot --help` costs no more than click does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot import __version__
from bot.errors import BotError, UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.domain import Account, Campaign, Limits, Problem
    from bot.ledger.base import Ledger, Row
    from bot.networks.base import Network, Request
    from bot.planning import Planned, Planner
    from bot.publishing import Publisher, Tell
    from bot.settings import Settings

NETWORKS = ("x",)
"""The networks this version can post to."""


# -- what commands share ----------------------------------------------------------------------


class Bot:
    """What every command gets: the folder, and ways to load what it needs from there."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)

    def settings(self) -> Settings:
        import os

        from bot.settings import load_settings

        return load_settings(self.root, os.environ)

    def campaign(self) -> Campaign:
        from bot.content import load_or_raise

        return load_or_raise(self.root, known_networks=NETWORKS)

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
    from bot.networks.x import X, XCredentials

    found = settings.x_credentials(account.name)
    credentials = XCredentials(
        found.api_key.reveal(),
        found.api_secret.reveal(),
        found.access_token.reveal(),
        found.access_token_secret.reveal(),
    )
    return X(credentials, str(bot.root), found.api_url)


def make_dry_network(bot: Bot, account: Account, tell: Tell) -> Network:
    """The account's network with a second half that logs. Needs no credentials."""
    from bot.networks.base import DryRun
    from bot.networks.x import X

    def log(request: Request) -> None:
        tell("dry_run", id=account.name, method=request.method, url=request.url, **_shown(request))

    return DryRun(X(None, str(bot.root)), str(bot.root), log)


def _shown(request: Request) -> dict[str, Any]:
    media = [item.to_json() for item in request.uploads]
    return {"body": dict(request.body), "media": media}


def pick_accounts(campaign: Campaign, names: Sequence[str]) -> list[Account]:
    """The accounts by these names; all of them where none is named. UsageError for an unknown one."""
    for name in names:
        if name not in campaign.accounts:
            known = ", ".join(campaign.accounts)
            raise UsageError(
                what=f"There is no account `{name}`.",
                fix=f"The campaign has: {known} (messages/campaign.toml, [accounts.NAME]).",
            )
    return [each for name, each in campaign.accounts.items() if not names or name in names]


def zone_of(campaign: Campaign) -> ZoneInfo:
    from zoneinfo import ZoneInfo

    return ZoneInfo(campaign.timezone)


def read_time(text: str, zone: ZoneInfo) -> datetime:
    """An ISO date or time; without an offset it is the campaign's wall time. UsageError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            what=f"`{text}` is no date or time.", fix="Write 2026-12-01 or 2026-12-01T12:00."
        ) from None
    from bot.schedule import localise

    return found.astimezone(UTC) if found.tzinfo else localise(found, zone)


def show_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def show_table(columns: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Any]) -> None:
    """A table with rules and colour on a terminal; tab-separated columns where it is piped."""
    if not sys.stdout.isatty():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(" ".join(str(cell).split()) for cell in row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, header_style="bold red", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(str(cell), style=_STYLES.get(str(cell), "")) for cell in row))
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


class Commands(click.Group):
    """Lists the commands in the order of a campaign's life, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


pass_bot = click.make_pass_decorator(Bot)
account_option = click.option(
    "--account", "accounts", multiple=True, metavar="NAME", help="Only this account; may be repeated."
)
json_option = click.option("--json", "as_json", is_flag=True, help="For machines: JSON.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--root",
    envvar="BOT_ROOT",
    default=".",
    show_default=True,
    metavar="DIR",
    help="The folder that holds messages/ and media/.",
)
@click.option("--debug", is_flag=True, help="Show a traceback where something goes wrong.")
@click.version_option(__version__, message="%(version)s")
@click.pass_context
def bot(ctx: click.Context, root: str, debug: bool) -> None:  # noqa: ARG001 - __main__ reads it
    """Runs an advocacy campaign: shows what will be posted, and posts each thing exactly once.

    \b
    Start with:  bot preview         the coming posts; needs no credentials, changes nothing
    Then:        bot doctor          what stands in the way of posting from here
                 bot run             the worker (a dry run, unless DRY_RUN=false)
    """
    ctx.obj = Bot(root)


# -- content ----------------------------------------------------------------------------------


@bot.command()
@json_option
@pass_bot
def check(bot: Bot, as_json: bool) -> int:
    """Looks for everything that could go wrong with the content.

    \b
    Example:  bot check
    Exit code 1 where there are errors; warnings alone leave it at 0.
    """
    from bot.checking import check as check_content

    problems = check_content(bot.root, limits_of(NETWORKS))
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        show_json([_problem_json(problem) for problem in problems])
    else:
        for problem in problems:
            _show_problem(problem)
        warnings = len(problems) - errors
        verdict = "Clean." if not problems else f"{_n(errors, 'error')}, {_n(warnings, 'warning')}."
        click.secho(verdict, fg="red" if errors else "green", bold=True)
    return 1 if errors else 0


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


def _n(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


@bot.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@pass_bot
def verify(bot: Bot, sources: tuple[str, ...]) -> int:
    """Finds every quoted word in the source texts, and locks that.

    \b
    Example:  bot verify statements/ituc.txt statements/industriall.txt
    Writes messages/sources.lock, by which `bot check` knows of any later edit.
    """
    from bot.provenance import verify as verify_sources
    from bot.provenance import write_lock

    campaign = bot.campaign()
    texts = {name: _read_source(name) for name in sources}
    result = verify_sources(campaign, texts, bot.root)
    for problem in result.problems:
        _show_problem(problem)
    if result.lock is None:
        click.secho("Not locked: not every quoted word was found.", fg="red", bold=True)
        return 1
    write_lock(bot.root, result.lock)
    passages = len(campaign.passages)
    forms = sum(len(passage.short) for passage in campaign.passages.values())
    click.secho(
        f"Found verbatim and locked: {_n(passages, 'passage')} and {_n(forms, 'short form')} of "
        f"{_n(len(campaign.statements), 'statement')}.",
        fg="green",
    )
    return 0


def _read_source(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            what=f"The source {name} can't be read: {error}", fix="Give plain text files in UTF-8."
        ) from None


# -- what is coming ---------------------------------------------------------------------------


@bot.command()
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
    ledger = bot.ledger(readonly=True)
    try:
        histories = {account.name: ledger.history(account.name) for account in picked}
    finally:
        ledger.close()
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

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    shown, cost = 0, 0.0
    click.echo(f"{click.style(campaign.name, bold=True)}  times in {campaign.timezone}\n")
    for planned in posts:
        click.echo("\n".join(card(planned, zone, width, explain=explain)) + "\n")
        shown, cost = shown + 1, cost + planned.cost
    if not shown:
        click.echo("No post is coming: the schedule has no slot there.")
        return
    click.secho(f"{_n(shown, 'post')}, ${cost:.2f} in network fees.", dim=True)


# -- posting ----------------------------------------------------------------------------------

mode_options = (
    click.option("--live", "mode", flag_value="live", help="Post for real, whatever DRY_RUN says."),
    click.option("--dry-run", "mode", flag_value="dry", help="Log instead of posting."),
)


def with_mode(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(mode_options):
        command = option(command)
    return command


def _is_live(settings: Settings, mode: str | None) -> bool:
    return mode == "live" or (mode is None and not settings.dry_run)


class Session:
    """Everything that `post` and `run` need, live or dry."""

    def __init__(self, bot: Bot, mode: str | None, accounts: Sequence[str] = ()) -> None:
        import os

        from bot import logs
        from bot.events import Teller
        from bot.settings import refuse_ephemeral

        self.bot = bot
        self.settings = bot.settings()
        self.live = _is_live(self.settings, mode)
        logs.configure(self.settings.log_format, self.settings.secrets(), sys.stderr)
        self.campaign = bot.campaign()
        self.accounts = pick_accounts(self.campaign, accounts)
        self.planner = make_planner(self.campaign)
        self.tell: Tell = Teller(self.settings.alert_url if self.live else None)
        if self.live:
            refuse_ephemeral(self.settings, os.environ)
        self.networks = {account.name: self._network(account) for account in self.accounts}

    def _network(self, account: Account) -> Network:
        if self.live:
            return make_network(self.bot, account, self.settings)
        return make_dry_network(self.bot, account, self.tell)

    def open_ledger(self) -> Ledger:
        """The live ledger; for a dry run one in memory that begins where the live one is now."""
        if self.live:
            return self.bot.ledger()
        from bot.ledger.memory import MemoryLedger

        live = self.bot.ledger(readonly=True)
        try:
            histories = {each.name: live.history(each.name) for each in self.accounts}
        finally:
            live.close()
        return MemoryLedger(histories=histories)

    def publisher(
        self, account: Account, ledger: Ledger, stopping: Callable[[], bool] = lambda: False
    ) -> Publisher:
        from bot.publishing import Publisher

        return Publisher(
            account,
            self.planner,
            ledger,
            self.networks[account.name],
            self.tell,
            approved=lambda _: not self.campaign.approval,
            stopping=stopping,
        )

    @property
    def mode(self) -> str:
        return "live" if self.live else "dry run, nothing is posted"


@bot.command()
@click.option("--now", is_flag=True, help="Take the next planned slot early, and use it up.")
@account_option
@with_mode
@pass_bot
def post(bot: Bot, now: bool, accounts: tuple[str, ...], mode: str | None) -> int:
    """Publishes what is due now, once, and exits (for cron, a timer, a scheduled job).

    \b
    Examples:  bot post              a dry run, unless DRY_RUN=false
               bot post --now --live
    Exit code 1 where something was due and did not go out, or needs a person.
    """
    session = Session(bot, mode, accounts)
    ledger = session.open_ledger()
    try:
        ledger.migrate()
        codes = [_post(session, ledger, account, now) for account in session.accounts]
    finally:
        ledger.close()
        for network in session.networks.values():
            network.close()
    return max(codes, default=0)


def _post(session: Session, ledger: Ledger, account: Account, now: bool) -> int:
    publisher = session.publisher(account, ledger)
    if now:
        row = publisher.post_next()
        went = row is not None and row.state == "posted"
    else:
        while publisher.step() <= ledger.now():
            pass
        went = True
    trouble = list(ledger.rows(account.name, states=("sending", "retry", "unknown", "held")))
    for row in trouble:
        click.echo(f"{row.id}: {row.state}: {row.reason}", err=True)
    return 0 if went and not trouble else 1


@bot.command()
@account_option
@with_mode
@pass_bot
def run(bot: Bot, accounts: tuple[str, ...], mode: str | None) -> int:
    """The worker: posts at the campaign's times until it is told to stop.

    \b
    Examples:  bot run               a dry run, unless DRY_RUN=false
               bot run --live
    SIGTERM and Ctrl-C finish what is in flight, within 30 seconds.
    """
    from bot.events import heartbeat
    from bot.worker import Lane, Worker

    session = Session(bot, mode, accounts)
    settings = session.settings
    url = settings.heartbeat_url if session.live else None
    note = {"mode": "live" if session.live else "dry run", "version": __version__}
    worker = Worker(session.tell, note, heartbeat(url, session.tell) if url else None)
    _say_start(session)
    return worker.run([_lane(session, worker, account, Lane) for account in session.accounts])


def _lane(session: Session, worker: Any, account: Account, lane: Any) -> Any:
    def publisher(ledger: Ledger, stopping: Callable[[], bool]) -> Publisher:
        return session.publisher(account, ledger, stopping)

    return lane(
        worker, account.name, session.open_ledger, publisher, session.networks[account.name]
    )


def _say_start(session: Session) -> None:
    from bot.schedule import slots

    zone = zone_of(session.campaign)
    names = ", ".join(f"{each.name} ({each.network})" for each in session.accounts)
    where = session.settings.database_url_shown
    session.tell("started", mode=session.mode, accounts=names, ledger=where)
    for account in session.accounts:
        coming = next(slots(account, session.campaign.seed, datetime.now(UTC)), None)
        slot = "never: the schedule is over" if coming is None else _local(coming.at, zone)
        session.tell("next", account=account.name, slot=slot)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


# -- what went before -------------------------------------------------------------------------


@bot.command()
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


@bot.command()
@account_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="For spreadsheets: CSV.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="Only the newest N rows.")
@pass_bot
def log(
    bot: Bot, accounts: tuple[str, ...], as_json: bool, as_csv: bool, last: int | None
) -> int:
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


def _log_csv(rows: Iterator[Row]) -> None:
    import csv

    fields = (
        "id account network slot state reason attempts text template draws media remote_id url "
        "claimed_at finished_at"
    ).split()
    writer = csv.DictWriter(sys.stdout, fields, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        flat = row.to_json()
        flat["draws"] = " ".join(row.draws or ())
        flat["media"] = " ".join(item.path for item in row.media or ())
        writer.writerow({key: _safe_cell(value) for key, value in flat.items()})


def _safe_cell(value: Any) -> Any:
    """A spreadsheet takes a cell that begins like a formula for one: the apostrophe keeps it text."""
    return "'" + value if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


@bot.command()
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


@bot.command()
@click.option("--why", default="", metavar="TEXT", help="For whoever sees `bot status`.")
@pass_bot
def pause(bot: Bot, why: str) -> int:
    """The kill switch: from now on nothing is posted, by any worker on this ledger.

    \b
    Example:  bot pause --why "Waiting for the board"
    """
    return _switch(bot, lambda ledger: ledger.pause(why), "Paused. `bot resume` lifts it.")


@bot.command()
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


@bot.command()
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


@bot.command()
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


@bot.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Prints the script that completes this command's words in your shell.

    \b
    Example:  bot completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise BotError(what=f"No completion for {shell}.", fix="")
    click.echo(found(bot, {}, "bot", "_BOT_COMPLETE").source())
    return 0


