"""What can be made to go wrong, how often, and for which requests.

    faults.add("drop_after_store")                            the next post is stored, unanswered
    faults.add("status", match="GET *", code=500, times=3)    the next three reads fail
    fault = faults.add("late_store")                          503 now; stored at fault.release()

`match` is a method and a path, where `*` stands for anything. A fault strikes the requests it
matches, after the first `after` of them, `times` times (None: for ever); it is spent on a request
even where that would have been refused anyway. Of several, the one added first strikes.

Those that wait do so for `seconds`, or with None until `release()` (or the `until` event is set);
closing the server ends them all. Unless the table says otherwise a post is not stored:

    drop_before_read    connection reset, the body unread
    drop_after_read     connection reset
    drop_after_store    stored; connection reset
    hang                waits, then resets the connection
    delay               waits, then goes on as if nothing had been, with or without the client
    hang_after_store    stored; waits, then resets the connection
    close_after         as usual, but then the connection ends, which the answer did not say
    trickle             as usual, but the answer comes byte by byte, `seconds` apart
    status              answers `code`, `body`, `headers`; with store=True after all was done
    empty_201           stored; 201 without a body
    garbage_201         stored; 201 with a body that is not JSON
    html_503            503, as HTML
    list_body           `code`, with a list for a body
    redirect            `code`, to `location` (default: the same path)
    credits_depleted    402
    unauthorized        401
    suspended           403
    automated           403, taken for a machine
    not_permitted       403, without saying why
    limited             403, for a while
    unsupported_auth    403, the wrong kind of credentials
    usage_capped        429, all that the app may post this month
    rate_limited        429; with reset=False without saying until when, else in `seconds`
    late_store          `status` (0: connection reset) now; stored once the wait is over
    media_refused       an upload is refused: `code`, in the words `detail`
    processing_failed   the upload is taken, and its processing fails: `title`, `detail`
    slow_processing     the upload needs `calls` STATUS calls more
    media_expired       the account's uploads that no post uses yet have expired
    stale_timeline      the newest `posts`, and those of the last `seconds`, are not there yet
"""

from __future__ import annotations

import difflib
import fnmatch
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.fake_x.messages import (
    AUTOMATED,
    LIMITED,
    NOT_PERMITTED,
    SUSPENDED,
    UNSUPPORTED_AUTH,
    USAGE_CAPPED,
    Answer,
    HangupError,
    forbidden,
    html,
    problem,
    reply,
    unauthorized,
)

_POST = "POST /2/tweets"

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "drop_before_read": (_POST, {}),
    "drop_after_read": (_POST, {}),
    "drop_after_store": (_POST, {}),
    "hang": (_POST, {"seconds": None}),
    "delay": (_POST, {"seconds": None}),
    "hang_after_store": (_POST, {"seconds": None}),
    "close_after": (_POST, {}),
    "trickle": (_POST, {"seconds": 0.01}),
    "status": (_POST, {"code": 500, "body": "", "headers": {}, "store": False}),
    "empty_201": (_POST, {}),
    "garbage_201": (_POST, {}),
    "html_503": (_POST, {}),
    "list_body": (_POST, {"code": 400}),
    "redirect": (_POST, {"code": 307, "location": ""}),
    "credits_depleted": (_POST, {}),
    "unauthorized": (_POST, {}),
    "suspended": (_POST, {}),
    "automated": (_POST, {}),
    "not_permitted": (_POST, {}),
    "limited": (_POST, {}),
    "unsupported_auth": (_POST, {}),
    "usage_capped": (_POST, {}),
    "rate_limited": (_POST, {"reset": True, "seconds": 900}),
    "late_store": (_POST, {"seconds": None, "status": 503}),
    "media_refused": (
        "POST /2/media/upload*",
        {"code": 400, "detail": "media type unrecognized."},
    ),
    "processing_failed": (
        "POST /2/media/upload/*/finalize",
        {"title": "InvalidMedia", "detail": "Gif has too many frames"},
    ),
    "slow_processing": ("POST /2/media/upload/*/finalize", {"calls": 5}),
    "media_expired": (_POST, {}),
    "stale_timeline": ("GET /2/users/*/tweets", {"posts": 1, "seconds": 0}),
}
"""Each kind's default match, and its options with their defaults."""


class Fault:
    """Something that goes wrong. `hit` is set as soon as it strikes; `fired` counts how often."""

    def __init__(
        self, kind: str, match: str, times: int | None, after: int, options: dict[str, Any]
    ) -> None:
        self.kind = kind
        self.match = match
        self.times = times
        self.after = after
        self.options = options
        self.fired = 0
        self.hit = threading.Event()
        self.gate: threading.Event = options.pop("until", None) or threading.Event()
        self._seen = 0

    def __repr__(self) -> str:
        return f"Fault({self.kind!r}, match={self.match!r}, fired={self.fired})"

    def release(self) -> None:
        """Ends its waits, those to come too."""
        self.gate.set()

    def strikes(self, what: str) -> bool:
        """Whether it strikes this request, which is then counted."""
        spent = self.times is not None and self.fired >= self.times
        if spent or not fnmatch.fnmatchcase(what, self.match):
            return False
        self._seen += 1
        if self._seen <= self.after:
            return False
        self.fired += 1
        self.hit.set()
        return True


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Fault] = []
        self._landings: list[threading.Thread] = []
        self._closed = threading.Event()

    def add(
        self,
        kind: str,
        *,
        match: str | None = None,
        times: int | None = 1,
        after: int = 0,
        until: threading.Event | None = None,
        **options: Any,
    ) -> Fault:
        """Puts a fault in force. Raises ValueError for a kind or an option that does not exist."""
        known = f"use one of {', '.join(KINDS)}"
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, 1)
            raise ValueError(
                f"no fault {kind!r}: " + (f"did you mean {near[0]}?" if near else known)
            )
        usual, defaults = KINDS[kind]
        unknown = options.keys() - defaults.keys()
        if unknown:
            raise ValueError(f"{kind} has no {', '.join(sorted(unknown))}; only {[*defaults]}")
        pattern = (match or usual).replace("{id}", "*").replace("[", "[[]")
        fault = Fault(kind, pattern, times, after, {**defaults, **options, "until": until})
        with self._lock:
            self._all.append(fault)
        return fault

    def clear(self) -> None:
        """Takes back all that has not struck yet, and ends all waits."""
        with self._lock:
            gone, self._all = self._all, []
        for fault in gone:
            fault.release()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        with self._lock:
            return next((f for f in self._all if f.strikes(f"{method} {path}")), None)

    def wait(self, fault: Fault) -> None:
        """Waits as the fault says. Raises HangupError if the server closes meanwhile."""
        fault.gate.wait(fault.options["seconds"])
        if self._closed.is_set():
            raise HangupError

    def land_later(self, fault: Fault, land: Callable[[], object]) -> None:
        """Stores something once the fault's wait is over, unless the server closes before."""

        def run() -> None:
            try:
                self.wait(fault)
            except HangupError:
                return
            land()

        thread = threading.Thread(target=run, name="fake-x-landing")
        with self._lock:
            self._landings.append(thread)
        thread.start()

    def close(self) -> None:
        """Ends every wait; what has not landed never will."""
        self._closed.set()
        with self._lock:
            faults, landings = list(self._all), list(self._landings)
        for fault in faults:
            fault.release()
        for thread in landings:
            thread.join()

    def play(self, fault: Fault, path: str, process: Callable[[], Answer]) -> Answer:
        """Answers a request that the fault has struck. Raises HangupError for no answer at all."""
        if fault.kind in ("hang", "delay"):
            self.wait(fault)
        if fault.kind in ("hang", "drop_after_read"):
            raise HangupError
        early = _early(fault, path)
        if early is not None:
            return early
        answer = process()
        return self._after(fault, answer) if answer.fine else answer

    def _after(self, fault: Fault, answer: Answer) -> Answer:
        if fault.kind == "hang_after_store":
            self.wait(fault)
        if fault.kind in ("hang_after_store", "drop_after_store"):
            raise HangupError
        if fault.kind == "close_after":
            return replace(answer, close=True)
        if fault.kind == "trickle":
            return replace(answer, between=lambda: self.wait(fault))
        if fault.kind == "status":
            return _status(fault)
        if fault.kind == "empty_201":
            return Answer(201)
        if fault.kind == "garbage_201":
            return Answer(201, b'{"data":{"id":"17', {"content-type": "application/json"})
        return answer


def _early(fault: Fault, path: str) -> Answer | None:
    """The answer of a fault that strikes before anything is done; None if it strikes later."""
    options = fault.options
    if fault.kind == "status" and not options["store"]:
        return _status(fault)
    if fault.kind == "redirect":
        return Answer(options["code"], b"", {"location": options["location"] or path})
    if fault.kind == "list_body":
        return reply(options["code"], [{"message": "something is wrong"}])
    if fault.kind == "rate_limited":
        return _rate_limited(options["seconds"] if options["reset"] else None)
    if fault.kind == "media_refused":
        return problem(options["code"], "Invalid Request", options["detail"], "invalid-request")
    make = _PLAIN.get(fault.kind)
    return make() if make else None


_PLAIN: dict[str, Callable[[], Answer]] = {
    "html_503": lambda: html(503, "Service Unavailable"),
    "unauthorized": lambda: unauthorized("a fault"),
    "suspended": lambda: forbidden(SUSPENDED),
    "automated": lambda: forbidden(AUTOMATED),
    "not_permitted": lambda: forbidden(NOT_PERMITTED),
    "limited": lambda: forbidden(LIMITED),
    "unsupported_auth": lambda: problem(
        403, "Unsupported Authentication", UNSUPPORTED_AUTH, "unsupported-authentication"
    ),
    "usage_capped": lambda: problem(
        *(429, "UsageCapExceeded", USAGE_CAPPED, "usage-capped"), period="Monthly", scope="Product"
    ),
    "credits_depleted": lambda: problem(
        402,
        "CreditsDepleted",
        "Your enrolled account does not have any credits to fulfill this request.",
        "credits",
    ),
}


def _rate_limited(seconds: float | None) -> Answer:
    answer = too_many()
    if seconds is None:
        return answer
    reset = math.ceil(time.time() + seconds)
    return answer.plus(
        {
            "x-rate-limit-limit": "100",
            "x-rate-limit-remaining": "0",
            "x-rate-limit-reset": str(reset),
        }
    )


def too_many() -> Answer:
    """429."""
    return problem(429, "Too Many Requests", "Too Many Requests")


def _status(fault: Fault) -> Answer:
    body, headers = fault.options["body"], dict(fault.options["headers"])
    if isinstance(body, (dict, list)):
        headers.setdefault("content-type", "application/json")
        body = json.dumps(body)
    raw = body if isinstance(body, bytes) else str(body).encode()
    return Answer(fault.options["code"], raw, headers, "a fault")
