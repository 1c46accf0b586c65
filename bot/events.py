"""What happens, in sentences: the one place that words the log and decides what raises an alarm.

The program tells events by name, with fields; here they become a log line, and those that need a
person also a plain JSON POST to ALERT_URL. An alert that can't be delivered never stops a post, nor
holds it up for longer than CALL_SECONDS.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from bot.logs import event

INFO, WARNING, ERROR = logging.INFO, logging.WARNING, logging.ERROR

SENTENCES: dict[str, tuple[int, str]] = {
    "started": (INFO, "Started: {mode}. Accounts: {accounts}. Ledger: {ledger}."),
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
    "unread": (WARNING, "{account}: nothing is sent until its posts are read: {why}"),
    "unreadable": (WARNING, "{account}: whether the ledger forgot a post can't be seen: {why}"),
    "failed": (ERROR, "Refused for good: {id}: {why}"),
    "held": (ERROR, "Held, a person must settle it with `bot resolve {id}`: {why}"),
    "overtaken": (INFO, "Another worker was there first: {why}"),
    "ledger_away": (ERROR, "The ledger of {account} is away, nothing is posted: {why}"),
    "ledger_back": (INFO, "The ledger is back: {where}"),
    "heartbeat": (WARNING, "The heartbeat address did not answer: {why}"),
    "alert": (WARNING, "The alert address did not answer: {why}"),
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

ALERTS = frozenset({"halted", "failed", "held", "stumbled", "died", "ledger_away", "approvals"})
"""Events that need a person, and so go to ALERT_URL."""

CALL_SECONDS = 5.0
"""How long an alert or a heartbeat may take."""


class Teller:
    """Tells events to the log, and the grave ones to the alert address.

    `redact` takes secrets out of what goes to that address; the log takes them out by itself.
    """

    def __init__(
        self,
        alert_url: str | None = None,
        redact: Callable[[str], str] = str,
        *,
        dry_run: bool = False,
    ) -> None:
        self._alert_url = alert_url
        self._redact = redact
        self._instead = DRY_SENTENCES if dry_run else {}

    def __call__(self, name: str, **fields: Any) -> None:
        level, sentence = SENTENCES[name]
        event(name, self._instead.get(name, sentence), level=level, **fields)
        if self._alert_url is not None and name in ALERTS:
            alert = _alert(name, sentence, fields, self._redact)
            why = call(self._alert_url, json.dumps(alert).encode())
            if why is not None:
                event("alert", SENTENCES["alert"][1], level=WARNING, why=why)


def _alert(
    name: str, sentence: str, fields: dict[str, Any], redact: Callable[[str], str]
) -> dict[str, str]:
    said = {key: redact(str(value)) for key, value in fields.items()}
    return {"event": name, "message": sentence.format_map(said), **said}


def call(url: str, body: bytes | None = None) -> str | None:
    """Fetches an address, or posts JSON to it. None where that went well, else why not.

    Returns after CALL_SECONDS in any case. A call that hangs for longer is left to itself: a name
    that is not resolved, or an answer that comes byte by byte, knows no other time limit.
    """
    answer: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(
        target=lambda: answer.put(_fetch(url, body)), name="calling-out", daemon=True
    ).start()
    try:
        return answer.get(timeout=CALL_SECONDS)
    except Empty:
        return f"no answer within {CALL_SECONDS:g} s"


def _fetch(url: str, body: bytes | None) -> str | None:
    import urllib.error
    import urllib.request

    headers = {"Content-Type": "application/json"} if body else {}
    try:
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - http or https
        with urllib.request.urlopen(request, timeout=CALL_SECONDS):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.reason}"
    except Exception as error:  # noqa: BLE001 - whatever comes back there, posting goes on
        return f"{type(error).__name__}: {error}"


def heartbeat(url: str, tell: Callable[..., None]) -> Callable[[], None]:
    """What the worker calls while all is well: fetches the address, and tells where it fails."""

    def beat() -> None:
        why = call(url)
        if why is not None:
            tell("heartbeat", why=why)

    return beat
