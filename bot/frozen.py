"""Pure: whether the frozen post of a row may still go out, by the content and sign-offs of now.

A row keeps the post that it was claimed with. Before it is sent again, the content must still make
exactly that post, and it must be signed off where that is asked for: what was edited, left out or
taken back meanwhile stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain import Account, Slot
from bot.ledger.base import Row
from bot.planning import Planned, Planner


def frozen(row: Row) -> Planned:
    """The row's post as it was planned, for whoever asks after its sign-off."""
    slot = Slot(row.slot, row.account, row.slot, row.expires_at)
    return Planned(slot, row.network, 0, row.post, row.template, row.draws)


def made(planner: Planner, account: Account, row: Row) -> bool:
    """Whether the content still makes exactly this post for this account."""
    return account.network == row.network and planner.makes(
        account, row.post, row.template, row.draws
    )


def withdrawn(
    planner: Planner,
    accounts: Mapping[str, Account],
    row: Row,
    approved: Callable[[Planned], bool],
) -> str:
    """Why the row's post may not be sent again, for people; empty where it may."""
    account = accounts.get(row.account)
    if account is None:
        return f"the campaign has no account `{row.account}` any more"
    if not made(planner, account, row):
        words = ", ".join(row.draws or ())
        return f"the content no longer makes this post (template `{row.template}`, words {words})"
    return "" if approved(frozen(row)) else "it is not signed off any more"
