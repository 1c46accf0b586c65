"""How the campaign stands: mode, workers, what went last, what comes next, what needs a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot.domain import Account, Campaign
from bot.ledger.base import Beat, Ledger, Row
from bot.planning import Planner
from bot.preview.coming import coming, to_json

ALIVE = timedelta(seconds=90)
"""A worker that was not heard of for longer than this is silent."""

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
        "needs_a_person": list(_needs_a_person(ledger, beats, now)),
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
    counts = {
        state: count for (name, state), count in ledger.counts().items() if name == account.name
    }
    return {
        "account": account.name,
        "network": account.network,
        "counts": counts,
        "open": [row.to_json() for row in ledger.open_rows(account.name)],
        "last": None if last is None else last.to_json(),
        "next": None if upcoming is None else to_json(upcoming, approved=not campaign.approval),
    }


def _needs_a_person(
    ledger: Ledger, beats: Sequence[Beat], now: datetime
) -> Iterator[dict[str, Any]]:
    for row in ledger.rows(states=("held",)):
        yield _need(row, f"Look at the account, then `bot resolve {row.id}`.")
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


def show(
    found: dict[str, Any], zone: ZoneInfo, show_table: Callable[[Sequence[str], Any], None]
) -> None:
    """The same for people."""
    _show_mode(found)
    for each in found["accounts"]:
        _show_account(each, zone)
    workers = found["workers"]
    if not workers:
        click.echo("No worker was heard of within a day.")
    for each in workers:
        colour, alive = ("green", "alive") if each["alive"] else ("red", "silent")
        alive = click.style(alive, fg=colour)
        click.echo(f"Worker {each['worker']}: {alive}, {each.get('mode', '')}, {each['heard']}")
    needs = found["needs_a_person"]
    if not needs:
        click.secho("Nothing needs a person.", fg="green")
        return
    click.secho(f"\nNeeds a person ({len(needs)}):", fg="red", bold=True)
    rows = [(each["id"], each["state"], each["reason"], each["fix"]) for each in needs]
    show_table(("what", "state", "why", "to do"), rows)


def _show_mode(found: dict[str, Any]) -> None:
    click.secho(f"{found['campaign']}", bold=True)
    if found["mode"] == "dry run":
        click.secho(
            "DRY RUN: from here nothing is posted (DRY_RUN is not false).", fg="yellow", bold=True
        )
    else:
        click.secho("Live: posts go out.", fg="green", bold=True)
    if found["paused"] is not None:
        since, why = found["paused"]["since"], found["paused"]["why"]
        click.secho(f"PAUSED since {since} {why}. `bot resume` lifts it.", fg="red", bold=True)
    click.echo(f"Ledger: {found['ledger']}")


def _show_account(each: dict[str, Any], zone: ZoneInfo) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(each["counts"].items()))
    name = click.style(each["account"], bold=True)
    click.echo(f"\n{name} on {each['network']}: {counts or 'no rows yet'}")
    for row in each["open"]:
        click.secho(f"  open  {row['id']}: {row['state']}: {row['reason']}", fg="yellow")
    if each["last"] is not None:
        click.echo(f"  last  {_local(each['last']['slot'], zone)}  {each['last']['url']}")
    upcoming = each["next"]
    if upcoming is None:
        click.echo("  next  none: the schedule is over")
    else:
        text = " ".join((upcoming["text"] or "nothing left to draw").split())
        click.echo(f"  next  {_local(upcoming['slot'], zone)}  {text[:70]}")


def _local(iso: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
