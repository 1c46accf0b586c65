"""`bot post` and `bot run`: live or dry, by the same code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from bot import __version__
from bot.cli.shared import (
    Bot,
    account_option,
    make_dry_network,
    make_network,
    make_planner,
    pass_bot,
    pick_accounts,
    zone_of,
)
from bot.errors import ContentError, LedgerUnavailable, NotSent, SettingsError, what_and_fix

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.domain import Account
    from bot.halting import Tell
    from bot.ledger.base import Ledger
    from bot.networks.base import Network
    from bot.planning import Planned
    from bot.publishing import Publisher
    from bot.settings import Secret, Settings
    from bot.watching import Watch


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


def _reveal(secret: Secret | None) -> str:
    return "" if secret is None else secret.reveal()


class Session:
    """Everything that `post` and `run` need, live or dry."""

    def __init__(self, bot: Bot, mode: str | None, accounts: Sequence[str] = ()) -> None:
        import os

        from bot import logs
        from bot.events import Teller
        from bot.settings import refuse_ephemeral

        self.bot = bot
        settings = bot.settings()
        self.live = _is_live(settings, mode)
        self.settings = settings._replace(dry_run=not self.live)
        logs.configure(settings.log_format, settings.secrets(), sys.stderr, debug=bot.debug)
        self.campaign = bot.campaign()
        self.accounts = pick_accounts(self.campaign, accounts)
        self.planner = make_planner(self.campaign)
        self.tell: Tell = Teller(dry_run=not self.live)
        refuse_ephemeral(self.settings, os.environ)
        if not self.accounts:
            raise ContentError(self.campaign.left_out)
        self.left_out = self.planner.left_out
        for what in self.left_out:
            self.tell("left_out", where=str(what.where), what=what.what, fix=what.fix)
        for name in self.campaign.idle:
            self.tell("idle", account=name)
        bot.approvals(self.campaign)  # a file that can't be read is told of before anything begins
        self.watch = self._make_watch() if self.live else None
        if not self.live:
            self.tell("clock_unasked")
        self.keyless: dict[str, SettingsError] = {}
        self.networks = dict(self._networks())
        self.accounts = [each for each in self.accounts if each.name in self.networks]

    def _networks(self) -> Iterator[tuple[str, Network]]:
        """Each account's network. One whose credentials are missing stays out, and is told of.

        SettingsError where no account is left; somebody hears of it before.
        """
        for account in self.accounts:
            try:
                yield account.name, self._network(account)
            except SettingsError as error:
                self.keyless[account.name] = error
        if len(self.keyless) == len(self.accounts):
            if self.watch is not None and self.settings.alert_url is not None:
                self._watch_keys(self.watch)
                self.watch.once()
            raise next(iter(self.keyless.values()))
        for name, missing in self.keyless.items():
            what, fix = what_and_fix(missing)
            self.tell("keys", account=name, why=what, fix=fix)
        if self.watch is not None:
            self._watch_keys(self.watch)

    def _watch_keys(self, watch: Watch) -> None:
        from bot.troubles import KEYS

        for account in self.accounts:
            missing = self.keyless.get(account.name)
            if missing is None:
                watch.clear(account.name, KEYS)
            else:
                what, fix = what_and_fix(missing)
                watch.witness(account.name, KEYS, f"{account.name} does not post: {what}", fix)

    def _make_watch(self) -> Watch:
        """What sees to it that somebody hears of trouble. SettingsError for ALERT_URL."""
        import socket

        from bot.alerts import addresses
        from bot.watching import Outlet, Watch

        outlet = Outlet(
            self.campaign.name,
            socket.gethostname(),
            addresses(_reveal(self.settings.alert_url)),
            _reveal(self.settings.heartbeat_url) or None,
            self.redact,
        )
        accounts, idle = self.campaign.accounts, self.campaign.idle
        return Watch(accounts, self.open_ledger, self.tell, outlet, self.left_out, idle=idle)

    def redact(self, text: str) -> str:
        """Without secrets: whatever a network answers may have one in it."""
        from bot.logs import redactor

        return redactor(self.settings.secrets())(text)

    def _network(self, account: Account) -> Network:
        if self.live:
            return make_network(self.bot, account, self.settings)
        return make_dry_network(self.bot, account, self.settings, self.tell)

    def open_ledger(self) -> Ledger:
        """The live ledger; for a dry run one in memory that begins where the live one is now."""
        if self.live:
            return self.bot.ledger()
        from bot.ledger.memory import MemoryLedger

        return MemoryLedger(histories=self.bot.histories(self.accounts))

    @contextmanager
    def watched(self) -> Iterator[Ledger]:
        """The ledger to post by, once; whatever comes of it, somebody hears of it after that."""
        ledger, well = self.open_ledger(), False
        try:
            yield ledger
            well = True
        except LedgerUnavailable as error:
            if self.watch is not None:
                self.watch.ledger_away("", error)
            raise
        finally:
            ledger.close()
            for network in self.networks.values():
                network.close()
            if self.watch is not None:
                self.watch.lanes_well = lambda: well
                self.watch.once()

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
            approved=self.approved(),
            stopping=stopping,
            content=self.campaign.digest,
            asks_time=self.live,
        )

    def approved(self) -> Callable[[Planned], bool]:
        """Whether a post may go out: with sign-off, by the file as it is at that time."""
        if not self.campaign.approval:
            return lambda _: True
        from bot.approval import Watched

        return Watched(self.bot.root, self.tell)

    @property
    def where(self) -> str:
        """Which ledger, for people."""
        ledger = self.bot.ledger(readonly=True)
        ledger.close()
        return ledger.where

    @property
    def mode(self) -> str:
        return "live" if self.live else "dry run, nothing is posted"


@click.command(short_help="Publishes what is due now, once, and exits.")
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
    with session.watched() as ledger:
        ledger.migrate()
        codes = [_post(session, ledger, account, now) for account in session.accounts]
    for name, error in session.keyless.items():
        click.echo(session.redact(f"{name}: not posted: {error}"), err=True)
    return max([*codes, *(1 for _ in session.keyless)], default=0)


def _post(session: Session, ledger: Ledger, account: Account, now: bool) -> int:
    from bot.troubles import FAULT

    publisher = session.publisher(account, ledger)
    began = ledger.now()
    trouble: list[str] = []
    if now:
        try:
            publisher.post_next()
        except NotSent as error:
            trouble.append(str(error))
    else:
        while publisher.step() <= ledger.now():
            pass
        trouble.extend(_left_due(session, ledger, account, publisher))
    _watch_clock(session, account, publisher.clock.why())
    trouble.extend(_unsettled(ledger, account, began))
    trouble.extend(_halted(ledger, account))
    if session.watch is not None:
        session.watch.clear(account.name, FAULT)
    for line in trouble:
        click.echo(session.redact(line), err=True)
    return 1 if trouble else 0


def _halted(ledger: Ledger, account: Account) -> Iterator[str]:
    halt = ledger.halted(account.name)
    if halt is not None:
        said = (halt.why, halt.fix, halt.outlook(account.name))
        yield f"{account.name}: halted: {' '.join(part for part in said if part)}"


def _watch_clock(session: Session, account: Account, doubt: str) -> None:
    from bot.clocks import FIX
    from bot.troubles import CLOCK

    if session.watch is not None and doubt:
        session.watch.witness(account.name, CLOCK, doubt, FIX)
    elif session.watch is not None:
        session.watch.clear(account.name, CLOCK)


def _left_due(
    session: Session, ledger: Ledger, account: Account, publisher: Publisher
) -> Iterator[str]:
    """The slot that is live and was not sent, and why; or why nothing can be said of it."""
    from bot.clocks import FIX

    if doubt := publisher.clock.why():
        yield f"{account.name}: not everything is recorded: {doubt}. {FIX}"
        return
    unread = publisher.unread
    history, now = ledger.history(account.name), ledger.now()
    planned = next(session.planner.plan(account, history, history.newest or now), None)
    if planned is None or planned.slot.due > now:
        return
    if planned.post is None:
        why = "nothing is left to draw"
    elif unread:
        why = unread
    elif ledger.halted(account.name):
        why = "the account is halted, see below"
    elif ledger.paused():
        why = "paused; `bot resume` lifts it"
    else:
        signed = session.approved()(planned)
        why = "its media are not ready" if signed else "it is not signed off; see `bot approve`"
    yield f"{planned.slot.id}: due, and not sent: {why}"


def _unsettled(ledger: Ledger, account: Account, began: datetime) -> Iterator[str]:
    """The rows that are not settled, and those that ended without a post since then."""
    name, born = account.name, ledger.history(account.name).born
    rows = list(ledger.rows(name, states=("sending", "retry", "unknown", "held")))
    for row in ledger.rows(name, states=("failed", "missed"), newest=100):
        ended_now = row.finished_at is not None and row.finished_at >= began
        if ended_now and born is not None and row.slot > born:
            rows.append(row)
    for row in sorted(rows, key=lambda row: row.slot):
        yield f"{row.id}: {row.state}: {row.reason}"


@click.command(short_help="The worker: posts at the campaign's times until told to stop.")
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
    from bot.worker import Lane, Worker

    session = Session(bot, mode, accounts)
    note = {"mode": "live" if session.live else "dry run", "version": __version__}
    worker = Worker(session.tell, note, session.watch)
    for picture in session.campaign.pictures.values():
        picture.digest()  # now: a worker lives for months, and what it posts is what it began with
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
    session.tell("started", mode=session.mode, accounts=names, ledger=session.where)
    for account in session.accounts:
        coming = next(slots(account, session.campaign.seed, datetime.now(UTC)), None)
        slot = "never: the schedule is over" if coming is None else _local(coming.at, zone)
        session.tell("next", account=account.name, slot=slot)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
