"""A request as the fake reads it, an answer as it writes it, and the words X refuses with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fake_x.faults import Fault
    from tests.fake_x.store import User

PROBLEMS = "https://api.x.com/2/problems/"
INVALID = "One or more parameters to your request was invalid."
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
READ_ONLY = (
    "Your client app is not configured with the appropriate oauth1 app permissions for this "
    "endpoint."
)
SUSPENDED = "Your account is suspended and is not permitted to access this feature."
AUTOMATED = (
    "This request looks like it might be automated. To protect our users from spam and other "
    "malicious activity, we can't complete this action right now. Please try again later."
)
NOT_PERMITTED = "You are not permitted to perform this action."
LIMITED = "Your account is temporarily limited."
UNSUPPORTED_AUTH = (
    "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint. Supported "
    "authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
)
USAGE_CAPPED = "Usage cap exceeded: Monthly product cap"


@dataclass(frozen=True)
class Answer:
    """A response. `reason` is for the log only.

    With `between`, which is called after each byte, it goes out byte by byte. With `close`, the
    connection ends after it, although it says otherwise.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    between: Callable[[], None] | None = None
    close: bool = False

    @property
    def fine(self) -> bool:
        return 200 <= self.status < 300

    def plus(self, headers: Mapping[str, str]) -> Answer:
        """The same with more headers."""
        return replace(self, headers={**self.headers, **headers})

    def because(self, reason: str) -> Answer:
        """The same, with another reason in the log."""
        return replace(self, reason=reason)


@dataclass
class Call:
    """One request. Header names are lower case; `query` is decoded, in the order it came in."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = b""
    fault: Fault | None = None
    signer: User | None = None

    @property
    def user(self) -> User:
        """Who signed it."""
        assert self.signer is not None
        return self.signer

    def struck(self, kind: str) -> Fault | None:
        """The fault that this request is to suffer, if it is of that kind."""
        return self.fault if self.fault and self.fault.kind == kind else None

    def document(self) -> Any:
        """The body for the log: JSON, unless it carries a picture or can't be read."""
        if "application/json" not in self.headers.get("content-type", "") or len(self.body) > 65536:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class RefusalError(Exception):
    """X says no: carries the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class HangupError(Exception):
    """The connection is to be reset, without an answer."""


def reply(status: int, document: Any, reason: str = "") -> Answer:
    """A JSON answer; one of status 400 and above is problem JSON."""
    kind = "application/json; charset=utf-8" if status < 400 else "application/problem+json"
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    return Answer(status, body, {"content-type": kind}, reason)


def problem(
    status: int, title: str, detail: str, kind: str = "about:blank", reason: str = "", **more: Any
) -> Answer:
    """Problem JSON as X writes it. `kind` is a URL, or the last part of one of X's own."""
    url = kind if ":" in kind else PROBLEMS + kind
    document = {"title": title, "detail": detail, "type": url, "status": status, **more}
    return reply(status, document, reason or detail)


def invalid(name: str, message: str, value: Any = "") -> RefusalError:
    """400: a parameter or field that X does not take. X puts no `status` into these."""
    shown = str(value)[:100]
    error = {"parameters": {name: [shown]}, "message": message}
    document = {
        "errors": [error],
        "title": "Invalid Request",
        "detail": INVALID,
        "type": PROBLEMS + "invalid-request",
    }
    return RefusalError(reply(400, document, f"{name}: {message}"))


def forbidden(detail: str, kind: str = "about:blank") -> Answer:
    """403, for whichever of X's many reasons."""
    return problem(403, "Forbidden", detail, kind)


def unauthorized(reason: str) -> Answer:
    """401. X never says why; the log does."""
    return problem(401, "Unauthorized", "Unauthorized", reason=reason)


def not_found(what: str) -> Answer:
    """404: no such address, or no such thing."""
    return problem(404, "Not Found", f"Could not find {what}.", "resource-not-found")


def html(status: int, title: str) -> Answer:
    """An error page, as a balancer in front of the API writes it."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>"
    return Answer(status, page.encode(), {"content-type": "text/html"}, title)
