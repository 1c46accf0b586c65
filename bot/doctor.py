"""What stands in the way of posting from here: settings, credentials, database, clock, content.

Harmless: one authenticated read per account that has credentials, and nothing is written.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bot.errors import BotError

if TYPE_CHECKING:
    from bot.domain import Account, Campaign, Limits
    from bot.networks.base import Network
    from bot.settings import Settings

Verdict = Literal["ok", "warning", "problem"]

CLOCK_DRIFT = timedelta(seconds=5)
"""The host's and the database's clock may differ by this much."""

ROOM = 100_000_000
"""Bytes that should be free where a SQLite ledger grows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    verdict: Verdict
    what: str
    found: str
    fix: str = ""


def examine(
    root: Path,
    environ: Mapping[str, str],
    bot: Any,
    make_network: Callable[[Any, Account, Settings], Network],
    limits: Mapping[str, Limits],
) -> list[Finding]:
    """Looks at everything, and goes on where something is wrong."""
    return list(_examine(root, environ, bot, make_network, limits))


def _examine(
    root: Path,
    environ: Mapping[str, str],
    bot: Any,
    make_network: Callable[[Any, Account, Settings], Network],
    limits: Mapping[str, Limits],
) -> Iterator[Finding]:
    try:
        settings: Settings = bot.settings()
    except BotError as error:
        yield _problem("settings", error)
        return
    yield from _settings(settings, environ)
    yield from _database(bot)
    yield from _content(root, limits)
    try:
        campaign: Campaign = bot.campaign()
    except BotError:
        return
    yield Finding("ok", "time zone", campaign.timezone)
    for typo in settings.typos(list(campaign.accounts)):
        yield Finding("warning", "settings", typo)
    for account in campaign.accounts.values():
        yield _account(bot, account, settings, make_network)


def _settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    from bot.settings import refuse_ephemeral

    mode = "dry run: nothing will be posted" if settings.dry_run else "live"
    yield Finding("warning" if settings.dry_run else "ok", "mode", mode)
    try:
        refuse_ephemeral(settings, environ)
    except BotError as error:
        yield _problem("disk", error)


def _database(bot: Any) -> Iterator[Finding]:
    try:
        ledger = bot.ledger(readonly=True)
        try:
            drift = abs(ledger.now() - datetime.now(UTC))
            rows = sum(ledger.counts().values())
            paused = ledger.paused()
            halts = ledger.halts()
        finally:
            ledger.close()
    except BotError as error:
        yield _problem("ledger", error)
        return
    yield Finding("ok", "ledger", f"{ledger.where}, {_counted(rows, 'row')}")
    if paused is not None:
        since = paused[0].isoformat(timespec="seconds")
        said = f"since {since}{paused[1] and ': '}{paused[1]}"
        yield Finding("warning", "paused", said, "`bot resume` lifts it.")
    for account, halt in halts.items():
        fix = " ".join(part for part in (halt.fix, halt.outlook(account)) if part)
        yield Finding("problem", f"halted {account}", halt.why, fix)
    if drift > CLOCK_DRIFT:
        fix = "Let both hosts follow a time server (NTP). Slots go by the database's clock."
        yield Finding("problem", "clock", f"{drift.total_seconds():.0f} s from the database's", fix)
    else:
        yield Finding("ok", "clock", f"{drift.total_seconds() * 1000:.0f} ms from the ledger's")
    if "://" not in ledger.where:
        yield _disk(Path(ledger.where).absolute())


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
        found = _counted(len(errors), "error")
        found += f", the first: {errors[0].where}: {errors[0].what}"
        yield Finding("problem", "content and media", found, "Run `bot check` to see all of them.")
    elif problems:
        found = _counted(len(problems), "warning")
        yield Finding("warning", "content and media", found, "Run `bot check` to see them.")
    else:
        yield Finding("ok", "content and media", "clean")


def _account(
    bot: Any,
    account: Account,
    settings: Settings,
    make_network: Callable[[Any, Account, Settings], Network],
) -> Finding:
    what = f"account {account.name}"
    try:
        network = make_network(bot, account, settings)
        try:
            return Finding("ok", what, f"posts as {network.whoami()} on {account.network}")
        finally:
            network.close()
    except BotError as error:
        return _problem(what, error)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _problem(what: str, error: BotError) -> Finding:
    first, *rest = str(error).splitlines()
    return Finding("problem", what, first, " ".join(rest))
