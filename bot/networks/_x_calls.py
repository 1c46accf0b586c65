"""Sends what `_x_requests` says, and reads what comes back. Only `x` uses this, once it talks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from requests import RequestException

from bot.domain import Receipt
from bot.errors import InDoubt, NotSent, Refused, in_words
from bot.networks._flight import Answer, Flight
from bot.networks._http import FileBody
from bot.networks._proxy import ProxyError
from bot.networks._x_answers import (
    first_words,
    judge,
    processing_words,
    read_id,
    read_json,
    read_page,
    read_post,
    read_receipt,
    unreadable,
)
from bot.networks._x_requests import PAGE, to_ask_who, to_read
from bot.networks.base import FileBytes, Found, Request, Upload

REUSE_SECONDS = 20 * 3600.0
"""An uploaded picture that no post has used yet is good for so long at most (X says 24 h)."""

REUSE_MARGIN = 600.0
"""An uploaded picture is not used any more in the last seconds of its life."""

PAGES = 5
"""Reading back: the most pages. Beyond that nobody can say what is absent."""

UPLOAD_SECONDS = 240.0
"""All of a post's pictures are uploaded and processed after this long, or it is tried again."""


class Line(NamedTuple):
    """The way to X at `api` for one call: tweepy's client, and the flight of its requests.

    tweepy's exceptions are not looked at: it has several for one thing and some by accident. What
    counts is what the flight saw, the answer or the lack of one.
    """

    api: str
    client: Any
    flight: Flight
    redact: Callable[[str], str]

    def post(self, request: Request) -> Receipt:
        """Sends a post. Raises NotSent, Refused or InDoubt, and what the flight's guard raised."""
        failure = self._carry("posting", request)
        answer = self._answer()
        if answer is not None:
            return read_receipt(answer)
        if self.flight.wrote:
            raise InDoubt(network="X", what=_broken("posting", failure)) from failure
        raise _never_reached("posting", failure) from failure

    def ask(self, doing: str, request: Request, body: FileBody | None = None) -> dict[str, Any]:
        """The JSON object that X answers anything but a post with. Raises NotSent or Refused."""
        failure = self._carry(doing, request, body)
        answer = self._answer()
        if answer is None:
            raise _never_reached(doing, failure) from failure
        if not 200 <= answer.status < 300:
            raise judge(answer, doing, reading=request.method == "GET") from failure
        if answer.body is None:
            raise unreadable(doing) from failure
        return read_json(answer.body)

    def _answer(self) -> Answer | None:
        """What X answered. A refusal may repeat what it was sent, so it is read redacted."""
        answer = self.flight.answer
        if answer is None or not answer.body or 200 <= answer.status < 300:
            return answer
        said = self.redact(answer.body.decode("utf-8", "surrogateescape"))
        return answer._replace(body=said.encode("utf-8", "surrogateescape"))

    def _carry(
        self, doing: str, request: Request, body: FileBody | None = None
    ) -> Exception | None:
        """Has tweepy sign a request as it stands, and the flight carry it. What went wrong."""
        route = request.url.removeprefix(self.api)
        if route == request.url or not route.startswith("/"):
            what = f"{doing}: the request is for another address than the account's"
            raise NotSent(network="X", what=what)
        self.client.session.extra_headers = request.headers
        content = body or request.filled({}).body or None
        try:
            self.client.request(request.method, route, json=content, user_auth=True)
        except Exception as error:  # whatever it is, the flight knows better
            if error is self.flight.objection:
                raise
            return error
        return None

    def me(self) -> tuple[str, str]:
        """The account's id and name."""
        doing = "asking who the account is"
        data = self.ask(doing, to_ask_who(self.api)).get("data")
        if not isinstance(data, dict) or not isinstance(data.get("username"), str):
            raise unreadable(doing)
        return read_id(data, doing), data["username"]

    def find(self, user: str, since: datetime) -> list[Found]:
        """The account's own posts since then."""
        items = list(self.posts(user, since))
        try:
            return [read_post(item) for item in items]
        except (AttributeError, TypeError, ValueError) as error:
            raise unreadable("reading the account's posts") from error

    def posts(self, user: str, since: datetime) -> Iterator[dict[str, Any]]:
        """The account's own posts since then: all of them, or NotSent or Refused."""
        doing = "reading the account's posts"
        request = to_read(self.api, user, since)
        for _ in range(PAGES):
            page = self.ask(doing, request)
            items, token = read_page(page, doing)
            yield from items
            if not token:
                return
            request = to_read(self.api, user, since, token)
        raise Refused(
            network="X",
            what=f"{doing}: there are more than {PAGE * PAGES} since {since.astimezone(UTC)}",
            fix="Look for the post by hand, then run `bot resolve`.",
        )


class Uploaded(NamedTuple):
    """A picture at X, with its alt text. `good_until` is by the clock that timed the upload."""

    id: str
    sha256: str
    alt: str
    good_until: float


class Uploading(NamedTuple):
    """One picture on its way to X. `ends` is when, by `clock`, it is given up."""

    line: Line
    upload: Upload
    ends: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    request_seconds: float

    @property
    def doing(self) -> str:
        return f"uploading {self.upload.attachment.path}"

    def run(self, path: Path) -> Uploaded:
        """Uploads, waits, describes. Raises NotSent or Refused."""
        attachment = self.upload.attachment
        try:
            with path.open("rb") as file:
                media_id, answer = self._send(file)
        except OSError as error:
            raise NotSent(network="X", what=f"{attachment.path}: {in_words(error)}") from error
        good_until = self.clock() + _lifetime(_data(answer))
        ids = {attachment.sha256: media_id}
        if self.upload.asks is not None:
            self._wait_for(self.upload.asks.filled(ids), answer)
        if self.upload.describes is not None:
            self._ask(self.upload.describes.filled(ids))
        return Uploaded(media_id, attachment.sha256, attachment.alt, good_until)

    def _send(self, file: BinaryIO) -> tuple[str, dict[str, Any]]:
        """Sends the picture's bytes: X's id for it, and the last answer."""
        attachment = self.upload.attachment
        seen = hashlib.sha256()
        media_id = ""
        answer: dict[str, Any] = {}
        for request in self.upload.sends:
            filled = request.filled({attachment.sha256: media_id} if media_id else {})
            answer = self._ask(filled, _file_body(filled.body, file, seen.update))
            media_id = media_id or read_id(_data(answer), self.doing)
        if seen.hexdigest() != attachment.sha256:
            raise NotSent(network="X", what=f"{attachment.path} changed while it was uploaded")
        return media_id, answer

    def _wait_for(self, asks: Request, answer: Mapping[str, Any]) -> None:
        """Asks after the picture, as often as X says, until it is processed."""
        while (state := _processing(answer).get("state", "succeeded")) != "succeeded":
            if state == "failed":
                why = processing_words(answer) or "X could not process it, and does not say why"
                raise Refused(network="X", what=f"{self.doing}: {why}", fix=_what_x_takes())
            pause = _processing(answer).get("check_after_secs")
            self._pause(max(float(pause), 1.0) if isinstance(pause, int) else 1.0)
            answer = self._ask(asks)

    def _ask(self, request: Request, body: FileBody | None = None) -> dict[str, Any]:
        """The answer. Every request ends when the whole upload has to."""
        self.line.flight.seconds = min(self.request_seconds, self._left())
        try:
            answer = self.line.ask(self.doing, request, body)
        except Refused as error:
            raise Refused(**{**error.facts, "fix": _what_x_takes()}) from error
        if answer.get("errors") and not answer.get("data"):
            why = first_words(answer) or "X reports errors"
            raise NotSent(network="X", what=f"{self.doing}: {why}")
        return answer

    def _pause(self, seconds: float) -> None:
        if seconds >= self._left():
            raise self._too_slow()
        try:
            self.sleep(seconds)
        except OSError as error:
            raise _never_reached(self.doing, error) from error

    def _left(self) -> float:
        left = self.ends - self.clock()
        if left <= 0:
            raise self._too_slow()
        return left

    def _too_slow(self) -> NotSent:
        return NotSent(network="X", what=f"{self.doing}: it took longer than {UPLOAD_SECONDS:g} s")


def _file_body(
    body: Mapping[str, Any], file: BinaryIO, seen: Callable[[bytes], None]
) -> FileBody | None:
    """The body with the file's bytes in their place. None if it has no such place."""
    places = [value for value in body.values() if isinstance(value, FileBytes)]
    if not places:
        return None
    [place] = places
    before, after = json.dumps(body, default=repr).split(json.dumps(repr(place)))
    file.seek(place.start)
    return FileBody(file, place.size, f'{before}"'.encode(), f'"{after}'.encode(), seen)


def _data(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    data = answer.get("data")
    return data if isinstance(data, dict) else {}


def _processing(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    info = _data(answer).get("processing_info")
    return info if isinstance(info, dict) else {}


def _what_x_takes() -> str:
    """What to do about a picture that X refused."""
    from bot.networks.x import LIMITS

    image, gif = (size // 1_000_000 for size in (LIMITS.image_bytes, LIMITS.gif_bytes))
    return (
        f"X takes PNG, JPEG and WEBP up to {image} MB, and GIFs up to {gif} MB, "
        f"{LIMITS.gif_width}x{LIMITS.gif_height} pixels and {LIMITS.gif_frames} frames. "
        "Save the picture anew so, or take it out of the templates that attach it."
    )


def _lifetime(data: Mapping[str, Any]) -> float:
    """For how many seconds an upload may still be used; 0 where X does not say."""
    lives = data.get("expires_after_secs")
    return min(lives - REUSE_MARGIN, REUSE_SECONDS) if isinstance(lives, int) else 0.0


def _never_reached(doing: str, failure: Exception | None) -> NotSent:
    fix = "Check the network, and X_API_URL where it is set."
    if isinstance(failure, ProxyError):
        fix = "Check HTTPS_PROXY, and that the proxy runs."
    return NotSent(network="X", what=_broken(doing, failure), fix=fix)


def _broken(doing: str, failure: Exception | None) -> str:
    """How a request broke. Only what the system says is repeated: other words may hold secrets."""
    if isinstance(failure, RequestException) or not isinstance(failure, OSError):
        return f"{doing}: {type(failure).__name__}"
    return f"{doing}: {in_words(failure)}"
