"""How the campaign stands: mode, workers, what went last, what comes next, what needs a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import click

from bot.approval import Approvals, possible_keys
from bot.domain import Account, Campaign
from bot.errors import counted
from bot.ledger.base import Beat, Ledger, Pause
from bot.planning import Planned, Planner
from bot.preview.coming import coming, to_json
from bot.preview.terminal import shortened, wrapped
from bot.troubles import CLOCK, HALTED, PAUSED, Found, judge
from bot.troubles import gather as gather_facts

AHEAD = timedelta(days=7)
"""Coming posts that are not signed off are told of so long before."""

SOON = timedelta(hours=48)
"""One that is not signed off so shortly before needs a person."""

MOST = 500
"""At most so many coming slots of an account are looked at for that."""

_SHOWN = 5

_IDLE = "left out for an error in campaign.toml; nothing is posted there"


def gather(
    campaign: Campaign,
    planner: Planner,
    ledger: Ledger,
    *,
    dry_run: bool,
    approvals: Approvals | None = None,
) -> dict[str, Any]:
    """Everything `bot status` says, as JSON. Always of the live ledger.

    `approvals` are the sign-offs, where the campaign asks for them.
    """
    left_out = planner.left_out
    facts = gather_facts(ledger, campaign.accounts, campaign.idle, left_out=left_out)
    now = facts.at
    accounts = [
        _account(campaign, planner, ledger, account, now, approvals)
        for account in campaign.accounts.values()
    ]
    return {
        "campaign": campaign.name,
        "mode": "dry run" if dry_run else "live",
        "ledger": ledger.where,
        "now": now.isoformat(),
        "paused": None if facts.paused is None else _pause(facts.paused),
        "workers": [_worker(beat, now) for beat in facts.beats],
        "accounts": accounts,
        "idle": list(campaign.idle),
        "sign_offs_lost": 0 if approvals is None else _lost(campaign, planner, approvals, now),
        "left_out": [str(problem) for problem in left_out],
        "needs_a_person": [
            *map(_need, judge(facts)),
            *_needs_a_sign_off(accounts, now),
        ],
    }


def _pause(pause: Pause) -> dict[str, Any]:
    return {"since": pause.since.isoformat(), "why": pause.why, "who": pause.who}


def _worker(beat: Beat, now: datetime) -> dict[str, Any]:
    heard = beat.at.isoformat()
    return {"worker": beat.worker, "alive": beat.alive(now), "heard": heard, **beat.note}


def _lost(campaign: Campaign, planner: Planner, approvals: Approvals, now: datetime) -> int:
    """How many sign-offs of coming posts were undone by edits, or by what is left out."""
    return len(approvals.lost(possible_keys(planner, campaign), now))


def _unsigned(
    plan: Iterable[Planned], approvals: Approvals, now: datetime
) -> Iterator[dict[str, Any]]:
    """The posts of the coming days that are not signed off.

    `changed` tells of one whose slot had a post that was signed off, until an edit.
    """
    ahead = takewhile(lambda each: each.slot.at < now + AHEAD, plan)
    alive = (each for each in ahead if _lives(each, now))
    for planned in islice(alive, MOST):
        if planned.post is not None and not approvals.approved(planned):
            before = approvals.changed(planned)
            yield {
                "id": planned.slot.id,
                "slot": planned.slot.at.isoformat(),
                "changed": None if before is None else {"by": before.by, "at": before.at},
            }


def _lives(planned: Planned, now: datetime) -> bool:
    """Whether it can still go out. A campaign that began without a ledger has slots that can't."""
    return planned.slot.expires > now


def _needs_a_sign_off(
    accounts: Sequence[dict[str, Any]], now: datetime
) -> Iterator[dict[str, Any]]:
    """One need an account, however many posts lack a sign-off."""
    for each in accounts:
        unsigned = each["unapproved"]
        soon = [item for item in unsigned if datetime.fromisoformat(item["slot"]) < now + SOON]
        if soon:
            many = counted(len(soon), "post")
            yield {
                "id": soon[0]["id"],
                "state": "unapproved",
                "reason": f"{many} of the coming {SOON // timedelta(hours=1)} hours not signed off",
                "fix": "Without it they are missed: bot approve shows them.",
            }


def _account(
    campaign: Campaign,
    planner: Planner,
    ledger: Ledger,
    account: Account,
    now: datetime,
    approvals: Approvals | None,
) -> dict[str, Any]:
    histories = {account.name: ledger.history(account.name)}
    left = (each for each in coming(planner, campaign, histories, now=now) if _lives(each, now))
    plan = coming(planner, campaign, histories, now=now)
    last = next(ledger.rows(account.name, states=("posted",), newest=1), None)
    halt, note = ledger.halted(account.name), ledger.plan_note(account.name)
    counts = {
        state: count for (name, state), count in ledger.counts().items() if name == account.name
    }
    return {
        "account": account.name,
        "network": account.network,
        "halted": None if halt is None else halt.to_json(),
        "other_content": note is not None and note.content != campaign.digest,
        "counts": counts,
        "open": [row.to_json() for row in ledger.open_rows(account.name)],
        "last": None if last is None else last.to_json(),
        "next": next((_next(each, approvals) for each in left), None),
        "unapproved": [] if approvals is None else list(_unsigned(plan, approvals, now)),
    }


def _next(upcoming: Planned, approvals: Approvals | None) -> dict[str, Any]:
    return to_json(upcoming, approved=approvals is None or approvals.approved(upcoming))


def _need(found: Found) -> dict[str, Any]:
    """`reason` says what is wrong, and since when where the words don't."""
    trouble = found.trouble
    return {
        "id": found.subject,
        "state": found.state,
        "reason": trouble.what,
        "fix": trouble.fix,
        "since": trouble.since.isoformat(),
    }


def show(found: dict[str, Any], zone: ZoneInfo) -> None:
    """The same for people. What is to be copied from it, ids and addresses, is never cut."""
    _show_mode(found, zone)
    for each in found["accounts"]:
        _show_account(each, zone)
    for name in found["idle"]:
        click.echo(f"\n{click.style(name, bold=True)}: {click.style(_IDLE, fg='red')}")
    click.echo()
    clock = any(each["state"] == CLOCK for each in found["needs_a_person"])
    _show_workers(found["workers"], zone, clock_is_wrong=clock)
    if found["sign_offs_lost"]:
        lost = f"Sign-offs lost by edits: {found['sign_offs_lost']}; bot approve shows them."
        click.secho(lost, fg="yellow")
    _show_needs(found["needs_a_person"])


def _show_workers(
    workers: Sequence[dict[str, Any]], zone: ZoneInfo, *, clock_is_wrong: bool
) -> None:
    if clock_is_wrong and not any(each["alive"] for each in workers):
        click.echo("While the clock is wrong no worker says that it lives; see below.")
    elif not workers:
        click.echo("No worker is running; `bot post` needs none.")
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
            click.echo("\n".join(wrapped(said)))


def _show_mode(found: dict[str, Any], zone: ZoneInfo) -> None:
    click.secho(f"{found['campaign']}", bold=True)
    if found["mode"] == "dry run":
        click.secho(
            "DRY RUN: from here nothing is posted (DRY_RUN is not false).", fg="yellow", bold=True
        )
    else:
        click.secho("Live: posts go out.", fg="green", bold=True)
    for each in found["needs_a_person"]:
        if each["state"] in (PAUSED, HALTED):
            about = "" if each["id"] == "pause" else f": {each['id']},"
            said = f"{each['state'].upper()}{about} since {_local(each['since'], zone)}; see below."
            click.secho(said, fg="red", bold=True)
    click.echo(f"Ledger: {found['ledger']}")
    others = [each["account"] for each in found["accounts"] if each["other_content"]]
    if others:
        said = f"The content here is not what {', '.join(others)} was last posted from; a worker"
        lines = wrapped(f"{said} takes up what is on disk when it is started anew.", 0)
        click.secho("\n".join(lines), fg="yellow")


def _show_account(each: dict[str, Any], zone: ZoneInfo) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in sorted(each["counts"].items()))
    name = click.style(each["account"], bold=True)
    click.echo(f"\n{name} on {each['network']}: {counts or 'no rows yet'}")
    for row in each["open"]:
        said = "\n".join([f"  open  {row['id']}: {row['state']}", *wrapped(row["reason"])])
        click.secho(said, fg="yellow")
    if each["last"] is not None:
        click.echo(f"  last  {_local(each['last']['slot'], zone)}\n        {each['last']['url']}")
    upcoming = each["next"]
    if upcoming is None:
        click.echo("  next  none: the schedule is over")
    else:
        text = shortened(upcoming["text"] or "nothing is left to draw", 70)
        click.echo(f"  next  {_local(upcoming['slot'], zone)}\n        {text}")
    _show_unsigned(each["unapproved"], zone)


def _show_unsigned(unsigned: Sequence[dict[str, Any]], zone: ZoneInfo) -> None:
    if not unsigned:
        return
    many = "1 post is" if len(unsigned) == 1 else f"{len(unsigned)} posts are"
    click.secho(f"  {many} not signed off within {AHEAD.days} days:", fg="yellow")
    for item in unsigned[:_SHOWN]:
        before = item["changed"]
        since = "" if before is None else f" (edited since {before['by']} signed it off)"
        click.secho(f"        {item['id']}  {_local(item['slot'], zone)}{since}", fg="yellow")
    if len(unsigned) > _SHOWN:
        click.secho(f"        and {len(unsigned) - _SHOWN} more: bot approve --days 7", fg="yellow")


def _local(iso: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
