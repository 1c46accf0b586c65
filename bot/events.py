"""What happens, in sentences: the one place that words the log.

The program tells events by name, with fields; here they become a log line. Who is to hear of it
beyond the log is `troubles`' business.
"""

from __future__ import annotations

import logging
from typing import Any

from bot.logs import event

INFO, WARNING, ERROR = logging.INFO, logging.WARNING, logging.ERROR

SENTENCES: dict[str, tuple[int, str]] = {
    "started": (INFO, "Started: {mode}. Accounts: {accounts}. Ledger: {ledger}."),
    "left_out": (ERROR, "Left out, so it is never posted: {what} ({where}) {fix}"),
    "idle": (
        ERROR,
        "{account} is left out for an error in messages/campaign.toml: nothing is posted there.",
    ),
    "next": (INFO, "{account} posts next at {slot}."),
    "birth": (INFO, "{account}: its history begins now; no slot before {at} is ever sent."),
    "claimed": (INFO, "Claimed {id} (attempt {attempt})."),
    "receipt": (INFO, "The network has {id}: {remote_id}."),
    "posted": (INFO, "Posted {id}: {url}"),
    "dry_run": (INFO, "Dry run, not sent: {id}"),
    "missed": (WARNING, "Missed {count} of {account} ({reason}): {id}"),
    "approvals": (ERROR, "The sign-offs can't be read, so nothing goes out: {why}"),
    "media": (WARNING, "The media of {id} are not ready: {why}"),
    "retry": (WARNING, "Not sent, to be tried again: {id}: {why}"),
    "unknown": (WARNING, "In doubt, to be read back: {id}: {why}"),
    "halted": (ERROR, "{account} is halted: {why} {fix} {outlook}"),
    "unhalted": (INFO, "{account} posts again; its halt is lifted."),
    "suspected": (WARNING, "{account}: the ledger may have forgotten posts since {since}."),
    "clock": (
        ERROR,
        "{account}: nothing is recorded or sent: the ledger's clock says {ledger}, the network's"
        " {network}. Set the clock right.",
    ),
    "keys": (ERROR, "{account} does not post: {why} {fix}"),
    "clock_unknown": (
        WARNING,
        "{account}: the network does not say what time it is: {what}.",
    ),
    "clock_unasked": (INFO, "Dry run: the network is not asked what time it is."),
    "clock_back": (INFO, "{account}: the ledger's clock is believed again."),
    "unread": (WARNING, "{account}: nothing is sent until its posts are read: {why}"),
    "unreadable": (WARNING, "{account}: whether the ledger forgot a post can't be seen: {why}"),
    "failed": (ERROR, "Refused for good: {id}: {why}"),
    "held": (ERROR, "Held, a person must settle it with `bot resolve {id}`: {why}"),
    "overtaken": (INFO, "Another worker was there first: {why}"),
    "ledger_away": (ERROR, "{account}: nothing is posted: {why}"),
    "ledger_back": (INFO, "{account}: the ledger takes what is written to it again: {where}"),
    "heartbeat": (WARNING, "The heartbeat address did not answer: {why}"),
    "alert": (WARNING, "The alert address did not take it: {why}"),
    "trouble": (ERROR, "In trouble: {account}: {what}"),
    "trouble_over": (INFO, "No longer in trouble: {account}: {what}"),
    "unwatched": (ERROR, "A fault of the program in what sees to the alerts: {why}"),
    "stopping": (INFO, "Stopping ({why}); what is in flight finishes first."),
    "stumbled": (ERROR, "A fault of the program stops {account} for {rest} s: {why}"),
    "stumbled_again": (ERROR, "{account} is stopped again, for {rest} s: {why}"),
    "died": (ERROR, "The lane of {account} died: {why}"),
    "stopped": (INFO, "Stopped."),
}
"""Every event: how serious it is, and its sentence."""

DRY_SENTENCES = {
    "claimed": "Dry run: claimed {id} in memory (attempt {attempt}).",
    "receipt": "Dry run: the network was not asked for {id}.",
    "posted": "Dry run: {id} counts as posted, in memory only.",
}
"""What a dry run says instead, so that nobody takes it for a live one."""


class Teller:
    """Tells events to the log. A dry run has sentences of its own."""

    def __init__(self, *, dry_run: bool = False) -> None:
        self._instead = DRY_SENTENCES if dry_run else {}

    def __call__(self, name: str, **fields: Any) -> None:
        level, sentence = SENTENCES[name]
        event(name, self._instead.get(name, sentence), level=level, **fields)
