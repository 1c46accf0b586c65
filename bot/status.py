"""How the campaign stands: mode, workers, what went last, what comes next, what needs a person."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot.domain import Account, Campaign
from bot.ledger.base import ALIVE as ALIVE
from bot.ledger.base import Beat, Ledger, Row
from bot.planning import Planner
from bot.preview.coming import coming, to_json
from bot.preview.terminal import shortened

RECENT = timedelta(hours=24)
"""A refused post is shown as needing a person for so long."""


def gather(
    campaign: Campaign, planner: Planner, ledger: Ledger, *, dry_run: bool
) -> dict[str, Any]:
    """Everything `bot status` says, as JSON. Always of the live ledger."""
    now = ledger.now()
    paused = ledger.paused()
    beats = ledger.beats()
    return {
        "campaign": campaign.name,
        "mode": "dry run" if dry_run else "live",
        "ledger": ledger.where,
        "now": now.isoformat(),
        "paused": None if paused is None else {"since": paused[0].isoformat(), "why": paused[1]},
        "workers": [_worker(beat, now) for beat in beats],
        "accounts": [
            _account(campaign, planner, ledger, account, now)
            for account in campaign.accounts.values()
        ],
        "needs_a_person": [*_halts(ledger), *_needs_a_person(ledger, beats, now)],
    }


def _worker(beat: Beat, now: datetime) -> dict[str, Any]:
    alive = now - beat.at <= ALIVE
    return {"worker": beat.worker, "alive": alive, "heard": beat.at.isoformat(), **beat.note}


def _account(
    campaign: Campaign, planner: Planner, ledger: Ledger, account: Account, now: datetime
) -> dict[str, Any]:
    history = ledger.history(account.name)
    upcoming = next(coming(planner, campaign, {account.name: history}, now=now), None)
    last = next(ledger.rows(account.name, states=("posted",), newest=1), None)
    halt = ledger.halted(account.name)
    counts = {
        state: count for (name, state), count in ledger.counts().items() if name == account.name
    }
    return {
        "account": account.name,
        "network": account.network,
        "halted": None if halt is None else halt.to_json(),
        "counts": counts,
        "open": [row.to_json() for row in ledger.open_rows(account.name)],
        "last": None if last is None else last.to_json(),
        "next": None if upcoming is None else to_json(upcoming, approved=not campaign.approval),
    }


def _halts(ledger: Ledger) -> Iterator[dict[str, Any]]:
    for account, halt in ledger.halts().items():
        fix = " ".join(part for part in (halt.fix, halt.outlook(account)) if part)
        yield {"id": account, "state": "halted", "reason": halt.why, "fix": fix}


def _needs_a_person(
    ledger: Ledger, beats: Sequence[Beat], now: datetime
) -> Iterator[dict[str, Any]]:
    for row in ledger.rows(states=("held",)):
        yield _need(
            row,
            f"Look at the account, then: bot resolve {row.id} --posted URL (it is there), or "
            "--retry (it is not: send it again), or --drop (leave it).",
        )
    for row in ledger.rows(states=("failed",), newest=100):
        if row.finished_at is not None and now - row.finished_at <= RECENT:
            yield _need(row, "It will not be sent again; mend the cause before the next slot.")
    for beat in beats:
        if now - beat.at > ALIVE:
            yield {
                "id": beat.worker,
                "state": "silent",
                "reason": f"not heard of since {beat.at.isoformat(timespec='seconds')}",
                "fix": "It ended without saying so. Look at its log, and start it again.",
            }


def _need(row: Row, fix: str) -> dict[str, Any]:
    return {"id": row.id, "state": row.state, "reason": row.reason, "fix": fix}


def show(found: dict[str, Any], zone: ZoneInfo) -> None:
    """The same for people. What is to be copied from it, ids and addresses, is never cut."""
    _show_mode(found, zone)
    for each in found["accounts"]:
        _show_account(each, zone)
    click.echo()
    _show_workers(found["workers"], zone)
    _show_needs(found["needs_a_person"])


def _show_workers(workers: Sequence[dict[str, Any]], zone: ZoneInfo) -> None:
    if not workers:
        click.echo("No worker was heard of within a day.")
    for each in workers:
        colour, alive = ("green", "alive") if each["alive"] else ("red", "silent")
        said = f"{click.style(alive, fg=colour)}, {each.get('mode', '')}"
        click.echo(f"Worker {each['worker']}: {said}, heard of {_local(each['heard'], zone)}")


def _show_needs(needs: Sequence[dict[str, Any]]) -> None:
    if not needs:
        click.secho("Nothing needs a person.", fg="green")
        return
    click.secho(f"\nNeeds a person ({len(needs)}):", fg="red", bold=True)
    for each in needs:
        click.echo(f"  {click.style(each['id'], bold=True)}: {each['state']}")
        for said in (each["reason"], each["fix"]):
            click.echo("\n".join(_wrapped(said)))


def _wrapped(text: str) -> list[str]:
    """A text as lines for the terminal, indented; ids and addresses stay whole."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    indent = " " * 8
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _show_mode(found: dict[str, Any], zone: ZoneInfo) -> None:
    click.secho(f"{found['campaign']}", bold=True)
    if found["mode"] == "dry run":
        click.secho(
            "DRY RUN: from here nothing is posted (DRY_RUN is not false).", fg="yellow", bold=True
        )
    else:
        click.secho("Live: posts go out.", fg="green", bold=True)
    if found["paused"] is not None:
        since, why = _local(found["paused"]["since"], zone), found["paused"]["why"]
        said = f"PAUSED since {since}{why and ': '}{why}"
        click.secho(f"{said}\nNothing is posted until `bot resume`.", fg="red", bold=True)
    for each in found["accounts"]:
        if each["halted"] is not None:
            since = _local(each["halted"]["since"], zone)
            said = f"HALTED: {each['account']}, since {since}: {each['halted']['why']}"
            click.secho(said, fg="red", bold=True)
    click.echo(f"Ledger: {found['ledger']}")


def _show_account(each: dict[str, Any], zone: ZoneInfo) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(each["counts"].items()))
    name = click.style(each["account"], bold=True)
    click.echo(f"\n{name} on {each['network']}: {counts or 'no rows yet'}")
    for row in each["open"]:
        click.secho(f"  open  {row['id']}: {row['state']}\n        {row['reason']}", fg="yellow")
    if each["last"] is not None:
        click.echo(f"  last  {_local(each['last']['slot'], zone)}\n        {each['last']['url']}")
    upcoming = each["next"]
    if upcoming is None:
        click.echo("  next  none: the schedule is over")
    else:
        text = shortened(upcoming["text"] or "nothing is left to draw", 70)
        click.echo(f"  next  {_local(upcoming['slot'], zone)}\n        {text}")


def _local(iso: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
