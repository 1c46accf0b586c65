"""What stands in the way of posting from here: settings, credentials, database, clock, content.

Harmless: one authenticated read per account that has credentials; what is written to the database,
to see whether it takes it, is taken back in the same transaction.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot.domain import in_time
from bot.errors import BotError, counted, sentence, what_and_fix
from bot.logs import redactor

if TYPE_CHECKING:
    from bot.domain import Account, Campaign, Limits
    from bot.ledger.base import Row
    from bot.networks.base import Network
    from bot.settings import Settings

Verdict = Literal["ok", "warning", "problem"]

CLOCK_DRIFT = timedelta(seconds=5)
"""The host's and the database's clock may differ by this much."""

AHEAD = timedelta(minutes=10)
"""So far a row may be ahead of the clock: two hosts' clocks may differ."""

ROOM = 100_000_000
"""Bytes that should be free where a SQLite ledger grows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    verdict: Verdict
    what: str
    found: str
    fix: str = ""

    def sentences(self) -> str:
        """What was found, and what to do about it."""
        return f"{sentence(self.found)}\n{self.fix}" if self.fix else self.found


def examine(
    root: Path,
    environ: Mapping[str, str],
    bot: Any,
    make_network: Callable[[Any, Account, Settings], Network],
    limits: Mapping[str, Limits],
    *,
    rehearse: bool = False,
) -> Iterator[Finding]:
    """Looks at everything, and goes on where something is wrong.

    `rehearse` sends a test alert to each address, and fetches the heartbeat.
    """
    try:
        settings: Settings = bot.settings()
    except BotError as error:
        yield _problem("settings", error)
        return
    yield from _settings(settings, environ)
    yield from _hearing(settings, bot, rehearse=rehearse)
    yield from _database(bot)
    yield from _content(root, limits)
    try:
        campaign: Campaign = bot.campaign()
    except BotError:
        return
    yield Finding("ok", "time zone", campaign.timezone)
    yield from _troubles(bot, campaign)
    for typo in settings.typos(list(campaign.accounts)):
        yield Finding("warning", "settings", typo)
    for account in campaign.accounts.values():
        yield from _account(bot, account, settings, make_network)


def _settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    from bot.settings import refuse_ephemeral

    mode = "dry run: nothing will be posted" if settings.dry_run else "live"
    yield Finding("warning" if settings.dry_run else "ok", "mode", mode)
    try:
        refuse_ephemeral(settings, environ)
    except BotError as error:
        yield _problem("disk", error)


def _hearing(settings: Settings, bot: Any, *, rehearse: bool) -> Iterator[Finding]:
    """Whether anybody would hear of trouble; where it is rehearsed, what came back."""
    from bot.alerts import addresses

    try:
        found = addresses(settings.alert_url.reveal() if settings.alert_url else "")
    except BotError as error:
        yield _problem("alerts", error)
        return
    heartbeat = settings.heartbeat_url.reveal() if settings.heartbeat_url else None
    if rehearse:
        yield from _rehearsal(found, heartbeat, _name(bot), redactor(settings.secrets()))
        return
    hint = "`bot doctor --alert` tries it."
    if found:
        many = "1 address" if len(found) == 1 else f"{len(found)} addresses"
        yield Finding("ok", "alerts", f"go to {many}. {hint}")
    elif not settings.dry_run:
        yield Finding("warning", "alerts", "ALERT_URL is not set: nobody is told of trouble")
    if heartbeat:
        yield Finding("ok", "heartbeat", f"is fetched while all is well. {hint}")
    elif not settings.dry_run:
        said = "HEARTBEAT_URL is not set: nobody hears of it when this host is gone"
        yield Finding("warning", "heartbeat", said)


def _name(bot: Any) -> str:
    try:
        return str(bot.campaign().name)
    except BotError:
        return "bot"


def _rehearsal(
    found: Sequence[str], heartbeat: str | None, name: str, redact: Callable[[str], str]
) -> Iterator[Finding]:
    from bot.alerts import call, send
    from bot.watching import Outlet, rehearsed

    alert = Outlet(name, redact=redact).alert(rehearsed(datetime.now(UTC)), "begun")
    asked = [(f"alert to {_begins(each)}", send(each, alert)) for each in found]
    if heartbeat is not None:
        asked.append(("heartbeat", call(heartbeat)))
    for what, why in asked:
        fix = "" if why is None else "Look at the setting, and at what is at that address."
        said = "was taken" if why is None else redact(why)
        yield Finding("ok" if why is None else "problem", what, said, fix)
    for missing in [
        name for name, it in (("ALERT_URL", found), ("HEARTBEAT_URL", heartbeat)) if not it
    ]:
        yield Finding("warning", "rehearsal", f"{missing} is not set")


def _begins(address: str) -> str:
    """As much of an address as is no secret."""
    scheme, _, rest = address.partition("://")
    web = scheme in ("http", "https")
    return f"{scheme}://{re.split('[/?#]', rest.rpartition('@')[2])[0]}" if web else f"{scheme}://"


def _database(bot: Any) -> Iterator[Finding]:
    try:
        ledger = bot.ledger(readonly=True)
        try:
            drift = abs(ledger.now() - datetime.now(UTC))
            rows = sum(ledger.counts().values())
        finally:
            ledger.close()
    except BotError as error:
        yield _problem("ledger", error)
        return
    yield _writable(bot, f"{ledger.where}, {counted(rows, 'row')}", there=_is_there(ledger.where))
    if drift > CLOCK_DRIFT:
        fix = "Let both hosts follow a time server (NTP). Slots go by the database's clock."
        yield Finding("problem", "clock", f"{in_time(drift)} from the database's", fix)
    else:
        yield Finding("ok", "clock", f"{in_time(drift)} from the ledger's")
    if "://" not in ledger.where:
        yield _disk(Path(ledger.where).absolute())


def _is_there(where: str) -> bool:
    """Whether there is a database to write to: SQLite makes its file when it is first used."""
    return "://" in where or Path(where).exists()


def _writable(bot: Any, found: str, *, there: bool) -> Finding:
    """Whether the database takes what is written to it."""
    if not there:
        return Finding("ok", "ledger", found)
    try:
        ledger = bot.ledger()
        try:
            ledger.try_writing()
        finally:
            ledger.close()
    except BotError as error:
        return _problem("ledger", error)
    return Finding("ok", "ledger", f"{found}, can be written")


def _troubles(bot: Any, campaign: Campaign) -> Iterator[Finding]:
    """What the one rule says, and rows from a time that has not come."""
    from bot.troubles import CONTENT, LOOKS_ON, gather, judge

    try:
        ledger = bot.ledger(readonly=True)
        try:
            facts = gather(ledger, campaign.accounts, campaign.idle)
        finally:
            ledger.close()
    except BotError:
        return  # it is told already
    now = facts.at
    for each in judge(facts):
        if each.trouble.kind != CONTENT:
            verdict: Verdict = "warning" if each.trouble.kind in LOOKS_ON else "problem"
            what = f"{each.state} {each.subject}"
            yield Finding(verdict, what, each.trouble.what, each.trouble.fix)
    for standing in facts.accounts:
        newest = standing.newest[0] if standing.newest else None
        if newest is not None and newest.state == "missed" and newest.slot > now + AHEAD:
            yield _ahead(newest, now)


_DELETE = "DELETE FROM ledger WHERE"


def _ahead(newest: Row, now: datetime) -> Finding:
    """A slot that was missed before it came: the clock was wrong then. No older slot is sent."""
    at = now.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    rows = f"account = '{newest.account}' AND state = 'missed' AND slot > '{at}'"
    fix = (
        "The clock was ahead when that was recorded, and nothing is sent before that time. Stop "
        f"the worker, make a backup, and take out what never was, in SQL: {_DELETE} {rows};"
    )
    said = f"its newest row is of {newest.slot:%Y-%m-%d %H:%M} UTC, which is to come"
    return Finding("problem", f"future {newest.account}", said, fix)


def _disk(file: Path) -> Finding:
    """Whether the ledger's file can be written, and has room to grow."""
    folder = file.parent
    if not folder.is_dir():
        fix = "Make it, or set DATABASE_URL to another place."
        return Finding("problem", "disk", f"there is no folder {folder} for the ledger", fix)
    locked = [
        str(path) for path in (folder, file) if path.exists() and not os.access(path, os.W_OK)
    ]
    if locked:
        fix = "Let the user that the bot runs as write there."
        return Finding("problem", "disk", f"{', '.join(locked)} can't be written", fix)
    free = shutil.disk_usage(folder).free
    verdict: Verdict = "ok" if free > ROOM else "problem"
    fix = "" if free > ROOM else f"Make room: {ROOM // 1_000_000} MB should be free."
    return Finding(verdict, "disk", f"{free // 1_000_000} MB free", fix)


def _content(root: Path, limits: Mapping[str, Limits]) -> Iterator[Finding]:
    from bot.checking import check

    problems = check(root, limits)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        found = counted(len(errors), "error")
        found += f", the first: {errors[0].where}: {errors[0].what}"
        yield Finding("problem", "content and media", found, "Run `bot check` to see all of them.")
    elif problems:
        found = counted(len(problems), "warning")
        yield Finding("warning", "content and media", found, "Run `bot check` to see them.")
    else:
        yield Finding("ok", "content and media", "clean")


def _account(
    bot: Any,
    account: Account,
    settings: Settings,
    make_network: Callable[[Any, Account, Settings], Network],
) -> Iterator[Finding]:
    what = f"account {account.name}"
    try:
        network = make_network(bot, account, settings)
        try:
            yield Finding("ok", what, f"posts as {network.whoami()} on {account.network}")
            yield _time(network, account)
        finally:
            network.close()
    except BotError as error:
        yield _problem(what, error)


def _time(network: Network, account: Account) -> Finding:
    """How far this host's clock is from the network's, to the second that its answers tell."""
    what, there = f"time at {account.network}", network.clock() or network.ask_clock()
    if there is None:
        return Finding("warning", what, "it does not say what time it is")
    off = abs(there - datetime.now(UTC))
    fix = "Let this host follow a time server (NTP)." if off > CLOCK_DRIFT else ""
    verdict: Verdict = "problem" if fix else "ok"
    return Finding(verdict, what, f"{in_time(off)} from this host's", fix)


def _problem(what: str, error: BotError) -> Finding:
    return Finding("problem", what, *what_and_fix(error))
