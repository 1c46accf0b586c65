"""Which posts are coming, exactly as they will go out, given what the ledger says went before."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from bot.domain import Account, Campaign, History
from bot.planning import Planned, Planner
from bot.schedule import begins

_JUST_BEFORE = timedelta(microseconds=1)


def coming(
    planner: Planner,
    campaign: Campaign,
    histories: Mapping[str, History],
    *,
    now: datetime,
    begin: datetime | None = None,
    days: int | None = None,
) -> Iterator[Planned]:
    """The posts to come of the accounts that `histories` names, by slot and account.

    They start after the account's newest row; with none, at `begin`, else at the campaign's
    `starts`, else now. With rows, `begin` only says from when on they are shown. `days` counts
    from where the showing starts, and where nobody said so, not from before now.
    """
    each = [
        _coming(planner, campaign.accounts[name], history, now, begin, days)
        for name, history in histories.items()
    ]
    return heapq.merge(*each, key=lambda planned: (planned.slot.at, planned.slot.account))


def _coming(
    planner: Planner,
    account: Account,
    history: History,
    now: datetime,
    begin: datetime | None,
    days: int | None,
) -> Iterator[Planned]:
    shown: Iterator[Planned]
    if history.rows:
        shown_from = begin or now
        plan = planner.plan(account, history, history.newest or shown_from)
        exact = begin is not None
        shown = filter(lambda each: _is_shown(each, shown_from, exact=exact), plan)
    else:
        shown_from = begin or begins(account.schedule) or now
        shown = planner.plan(account, history, shown_from - _JUST_BEFORE)
    if days is None:
        return shown
    end = (begin or max(shown_from, now)) + timedelta(days=days)
    return takewhile(lambda planned: planned.slot.at < end, shown)


def _is_shown(planned: Planned, shown_from: datetime, *, exact: bool) -> bool:
    """Asked for a time, from that time on; else whatever can still be sent."""
    return planned.slot.at >= shown_from if exact else planned.slot.expires > shown_from


def to_json(planned: Planned, *, approved: bool) -> dict[str, Any]:
    """The shape that `bot preview --json` promises."""
    post = planned.post
    return {
        "id": planned.slot.id,
        "account": planned.slot.account,
        "network": planned.network,
        "slot": planned.slot.at.isoformat(),
        "text": None if post is None else post.text,
        "length": planned.length,
        "limit": planned.limit,
        "template": planned.template,
        "draws": list(planned.draws or ()),
        "media": [] if post is None else [item.to_json() for item in post.media],
        "cost_usd": round(planned.cost, 4),
        "approved": approved,
    }
