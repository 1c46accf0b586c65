"""X's routes, and what is sent on them. Only `x` uses this, once it talks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from requests import RequestException

from bot.domain import Attachment, Receipt
from bot.errors import InDoubt, NotSent, Refused
from bot.networks._http import FileBody, Flight
from bot.networks._x_answers import (
    first_words,
    judge,
    read_id,
    read_json,
    read_page,
    read_post,
    read_receipt,
    unreadable,
)
from bot.networks.base import Found

PIECE_BYTES = 1_000_000
"""A GIF goes up in pieces of this many bytes."""

REUSE_SECONDS = 20 * 3600.0
"""An uploaded picture that no post has used yet is good for so long at most (X says 24 h)."""

REUSE_MARGIN = 600.0
"""An uploaded picture is not used any more in the last seconds of its life."""

PAGE, PAGES = 100, 5
"""Reading back: posts a page, and the most pages. Beyond that nobody can say what is absent."""

UPLOAD_SECONDS = 240.0
"""All of a post's pictures are uploaded and processed after this long, or it is tried again."""


class Line(NamedTuple):
    """The way to X for one call: tweepy's client, and the flight that carries its requests.

    tweepy's exceptions are not looked at: it has several for one thing and some by accident. What
    counts is what the flight saw, the answer or the lack of one.
    """

    client: Any
    flight: Flight

    def post(self, body: Mapping[str, Any]) -> Receipt:
        ids = body["media"]["media_ids"] if "media" in body else None
        failure: Exception | None = None
        try:
            self.client.create_tweet(text=body["text"], media_ids=ids, user_auth=True)
        except Exception as error:  # whatever it is, the flight knows better
            if error is self.flight.objection:
                raise
            failure = error
        answer = self.flight.answer
        if answer is not None:
            return read_receipt(answer)
        if self.flight.wrote:
            raise InDoubt(network="X", what=_broken("posting", failure)) from failure
        raise _never_reached("posting", failure) from failure

    def ask(self, doing: str, method: str, route: str, **options: Any) -> dict[str, Any]:
        """The JSON object that X answers anything but a post with. Raises NotSent or Refused."""
        failure: Exception | None = None
        try:
            self.client.request(method, route, user_auth=True, **options)
        except Exception as error:  # noqa: BLE001  # as above
            failure = error
        answer = self.flight.answer
        if answer is None:
            raise _never_reached(doing, failure) from failure
        if not 200 <= answer.status < 300:
            raise judge(answer, doing, posting=False) from failure
        if answer.body is None:
            raise unreadable(doing) from failure
        return read_json(answer.body)

    def me(self) -> tuple[str, str]:
        """The account's id and name."""
        doing = "asking who the account is"
        data = self.ask(doing, "GET", "/2/users/me").get("data")
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
        params: dict[str, Any] = {
            "max_results": PAGE,
            "start_time": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "exclude": "replies,retweets",
            "post.fields": "attachments,created_at,entities,note_post",
        }
        for _ in range(PAGES):
            page = self.ask(doing, "GET", f"/2/users/{user}/tweets", params=params)
            items, token = read_page(page, doing)
            yield from items
            if not token:
                return
            params["pagination_token"] = token
        raise Refused(
            network="X",
            what=f"{doing}: there are more than {PAGE * PAGES} since {params['start_time']}",
            fix="Look for the post by hand, then run `bot resolve`.",
        )


class Uploaded(NamedTuple):
    """A picture at X, with its alt text. `good_until` is by the clock that timed the upload."""

    id: str
    sha256: str
    alt: str
    good_until: float


class Upload(NamedTuple):
    """One picture on its way to X. `ends` is when, by `clock`, it is given up."""

    line: Line
    ends: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    request_seconds: float

    def run(self, attachment: Attachment, path: Path) -> Uploaded:
        """Uploads, waits, describes. Raises NotSent or Refused."""
        seen = hashlib.sha256()
        upload = self._pieces if attachment.mime == "image/gif" else self._whole
        try:
            with path.open("rb") as file:
                data = upload(attachment, file, seen.update)
        except OSError as error:
            raise NotSent(network="X", what=f"{attachment.path}: {error}") from error
        if seen.hexdigest() != attachment.sha256:
            raise NotSent(network="X", what=f"{attachment.path} changed while it was uploaded")
        media_id = read_id(data, "uploading")
        good_until = self.clock() + _lifetime(data)
        self._wait_for(media_id, data, attachment.path)
        self._describe(media_id, attachment.alt)
        return Uploaded(media_id, attachment.sha256, attachment.alt, good_until)

    def _whole(
        self, attachment: Attachment, file: BinaryIO, seen: Callable[[bytes], None]
    ) -> dict[str, Any]:
        before = b'{"media_category":"tweet_image","media":"'
        body = FileBody(file, attachment.bytes, before, b'"}', seen)
        return self._ask("POST", "/2/media/upload", json=body)

    def _pieces(
        self, attachment: Attachment, file: BinaryIO, seen: Callable[[bytes], None]
    ) -> dict[str, Any]:
        total = attachment.bytes
        what = {
            "media_type": attachment.mime,
            "media_category": "tweet_gif",
            "total_bytes": total,
        }
        started = self._ask("POST", "/2/media/upload/initialize", json=what)
        route = f"/2/media/upload/{read_id(started, 'uploading')}"
        for index, offset in enumerate(range(0, total, PIECE_BYTES)):
            before = b'{"segment_index":%d,"media":"' % index
            size = min(PIECE_BYTES, total - offset)
            self._ask("POST", f"{route}/append", json=FileBody(file, size, before, b'"}', seen))
        return self._ask("POST", f"{route}/finalize")

    def _wait_for(self, media_id: str, data: Mapping[str, Any], path: str) -> None:
        """Asks after the picture, as often as X says, until it is processed."""
        while (state := _processing(data).get("state", "succeeded")) != "succeeded":
            if state == "failed":
                raise Refused(
                    network="X",
                    what=f"X could not process {path}",
                    fix="Look at the file with `bot check`, or make it anew.",
                )
            pause = _processing(data).get("check_after_secs")
            self._pause(max(float(pause), 1.0) if isinstance(pause, int) else 1.0)
            status = {"command": "STATUS", "media_id": media_id}
            data = self._ask("GET", "/2/media/upload", params=status)

    def _describe(self, media_id: str, alt: str) -> None:
        body = {"id": media_id, "metadata": {"alt_text": {"text": alt}}}
        self._ask("POST", "/2/media/metadata", json=body)

    def _ask(self, method: str, route: str, **options: Any) -> dict[str, Any]:
        """The answer's data. Every request ends when the whole upload has to."""
        self.line.flight.seconds = min(self.request_seconds, self._left())
        answer = self.line.ask("uploading", method, route, **options)
        data = answer.get("data")
        if answer.get("errors") and not data:
            raise NotSent(
                network="X", what=f"uploading: {first_words(answer) or 'X reports errors'}"
            )
        return data if isinstance(data, dict) else {}

    def _pause(self, seconds: float) -> None:
        if seconds >= self._left():
            raise self._too_slow()
        try:
            self.sleep(seconds)
        except OSError as error:
            raise _never_reached("uploading", error) from error

    def _left(self) -> float:
        left = self.ends - self.clock()
        if left <= 0:
            raise self._too_slow()
        return left

    def _too_slow(self) -> NotSent:
        return NotSent(network="X", what=f"uploading took longer than {UPLOAD_SECONDS:g} s")


def _processing(data: Mapping[str, Any]) -> Mapping[str, Any]:
    info = data.get("processing_info")
    return info if isinstance(info, dict) else {}


def _lifetime(data: Mapping[str, Any]) -> float:
    """For how many seconds an upload may still be used; 0 where X does not say."""
    lives = data.get("expires_after_secs")
    return min(lives - REUSE_MARGIN, REUSE_SECONDS) if isinstance(lives, int) else 0.0


def _never_reached(doing: str, failure: Exception | None) -> NotSent:
    return NotSent(
        network="X",
        what=_broken(doing, failure),
        fix="It is tried again. If that does not help, check the network and X_API_URL.",
    )


def _broken(doing: str, failure: Exception | None) -> str:
    """How a request broke. Only what the system says is repeated: other words may hold secrets."""
    if isinstance(failure, RequestException) or not isinstance(failure, OSError):
        return f"{doing}: {type(failure).__name__}"
    return f"{doing}: {failure.strerror or failure}"
