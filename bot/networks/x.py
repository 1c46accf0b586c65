"""X, by way of tweepy: its limits, the request for a post, and what its answers mean.

tweepy signs and knows the addresses; `_http` carries the requests, because tweepy's own transport
has no time-out, and can't say whether a byte was written. Neither is imported before something is
really sent, so `LIMITS` and `request` cost nothing.

X has no idempotency key. What became of a post is therefore read from how its one request ended:
no byte written is NotSent; an answer means what `_x_answers` says; written but not answered is
InDoubt.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

from bot.domain import Attachment, Limits, Post, Receipt
from bot.errors import InDoubt, NetworkError, NotSent, Refused
from bot.networks._x_answers import (
    compare,
    first_words,
    judge,
    read_id,
    read_json,
    read_page,
    read_receipt,
    unreadable,
)
from bot.networks.base import REQUEST_SECONDS, Found, Request, open_media
from bot.networks.weighted import find_urls, weighted_length

if TYPE_CHECKING:
    from pathlib import Path

    from bot.networks._http import Flight

log = logging.getLogger(__name__)

API_URL = "https://api.x.com"
"""Where X is, and what requests are signed for, wherever `api_url` may lead them."""

POST_DOLLARS, URL_POST_DOLLARS, ALT_DOLLARS = 0.015, 0.200, 0.005
"""A post; a post with an address in it; a picture's alt text."""

READ_DOLLARS = (0.001, 0.005)
"""A post read back, where the account owns the app, and where it doesn't."""

UPLOAD_SECONDS = 240.0
"""All of a post's pictures are uploaded and processed after this long, or it is tried again."""

PIECE_BYTES = 1_000_000
"""A GIF goes up in pieces of this many bytes."""

REUSE_SECONDS = 20 * 3600.0
"""An uploaded picture that no post has used yet is good for so long at most (X says 24 h)."""

REUSE_MARGIN = 600.0
"""An uploaded picture is not used any more in the last seconds of its life."""

PAGE, PAGES = 100, 5
"""Reading back: posts a page, and the most pages. Beyond that nobody can say what is absent."""


def cost(text: str, pictures: int) -> float:
    """The price in US dollars of posting a text with so many pictures."""
    post = URL_POST_DOLLARS if find_urls(text) else POST_DOLLARS
    return round(post + ALT_DOLLARS * pictures, 3)


LIMITS = Limits(
    network="x",
    text=280,
    measure=weighted_length,
    alt=1000,
    mimes=frozenset(("image/png", "image/jpeg", "image/gif", "image/webp")),
    image_bytes=5_000_000,
    gif_bytes=15_000_000,
    gif_width=1280,
    gif_height=1080,
    gif_frames=350,
    gif_pixels=300_000_000,
    cost=cost,
)


@dataclass(frozen=True, slots=True)
class XCredentials:
    """OAuth 1.0a user context: the app's key and secret, the account's token and secret."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_token_secret: str = field(repr=False)


class X:
    """One account on X.

    Without credentials it still says what it would send; everything that talks raises NotSent.
    `root` is the folder that holds media/; `api_url` another address for X. `clock` (seconds that
    never go back) and `sleep` time the wait for X to process a picture; by default `abort` ends
    that sleep too. A request is over after `request_seconds`.
    """

    limits = LIMITS
    keyed: timedelta | None = None
    readable = True
    quarantine = timedelta(minutes=15)

    def __init__(
        self,
        credentials: XCredentials | None,
        root: str,
        api_url: str = API_URL,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        self.posts_read = 0
        self._credentials = credentials
        self._root = root
        self._api_url = api_url.rstrip("/")
        self._clock = clock
        self._sleep = sleep
        self._request_seconds = request_seconds
        self._lock = threading.Lock()
        self._flights: set[Flight] = set()
        self._ready: dict[tuple[str, str], _Uploaded] = {}
        self._lent: dict[str, _Uploaded] = {}
        self._user: tuple[str, str] | None = None

    def request(self, post: Post, key: str) -> Request:
        """What would be sent. X knows no keys, so `key` changes nothing."""
        del key
        body: dict[str, Any] = {"text": post.text}
        if post.media:
            body["media"] = {"media_ids": [attachment.sha256 for attachment in post.media]}
        return Request("POST", f"{self._api_url}/2/tweets", body, uploads=post.media)

    def upload(self, request: Request) -> tuple[str, ...]:
        """Uploads the pictures with their alt texts; waits until X has processed them.

        A picture that was uploaded for a post that then never reached X is not uploaded again.
        Raises NotSent or Refused.
        """
        ends = self._clock() + UPLOAD_SECONDS
        files = [(each, open_media(self._root, each)) for each in request.uploads]
        ids: list[str] = []
        try:
            ids.extend(self._uploaded(each, path, ends) for each, path in files)
        except NetworkError:
            self._give_back(ids)
            raise
        return tuple(ids)

    def send(
        self, request: Request, media_ids: Sequence[str], before_write: Callable[[], None]
    ) -> Receipt:
        """Posts, once. Raises NotSent, Refused or InDoubt, and what `before_write` raises."""
        body = request.with_media(media_ids)
        with self._line(before_write) as line:
            try:
                return line.post(body)
            except BaseException as error:
                if _unused(error, line.flight):
                    self._give_back(media_ids)
                raise
            finally:
                self._forget(media_ids)

    def find(self, post: Post, since: datetime) -> Sequence[Found]:
        """The account's own posts since then (replies and reposts left out), newest first.

        Reads all of them or raises: NotSent if X did not answer well, Refused if it won't.
        """
        with self._line() as line:
            user, _ = self._me(line)
            items = list(line.posts(user, since))
        self.posts_read += len(items)
        low, high = (price * len(items) for price in READ_DOLLARS)
        log.info("read %d posts back from X, for $%.3f to $%.3f", len(items), low, high)
        try:
            return [compare(item, post) for item in items]
        except (AttributeError, TypeError, ValueError) as error:
            raise unreadable("reading the account's posts") from error

    def whoami(self) -> str:
        """The account's name, as @name. Raises NotSent or Refused."""
        with self._line() as line:
            self._user = line.me()
            return f"@{self._user[1]}"

    def abort(self) -> None:
        """Ends whatever is in flight, from any thread."""
        with self._lock:
            for flight in self._flights:
                flight.abort()

    def close(self) -> None:
        """Forgets what was uploaded. There are no connections between calls."""
        self._ready.clear()
        self._lent.clear()

    # --- Inside ---

    @contextmanager
    def _line(self, before_write: Callable[[], None] = lambda: None) -> Iterator[_Line]:
        if self._credentials is None:
            raise NotSent(
                network="X",
                what="there are no credentials",
                fix="Set the account's four credentials: X_API_KEY and the others in .env.example.",
                account_wide=True,
            )
        line = _open_line(self._credentials, self._api_url, self._request_seconds, before_write)
        with self._lock:
            self._flights.add(line.flight)
        try:
            yield line
        finally:
            with self._lock:
                self._flights.discard(line.flight)

    def _me(self, line: _Line) -> tuple[str, str]:
        if self._user is None:
            self._user = line.me()
        return self._user

    def _uploaded(self, attachment: Attachment, path: Path, ends: float) -> str:
        ready = self._ready.pop((attachment.sha256, attachment.alt), None)
        if ready is None or self._clock() >= ready.good_until:
            with self._line() as line:
                sleep = self._sleep or line.flight.wait
                upload = _Upload(line, ends, self._clock, sleep, self._request_seconds)
                ready = upload.run(attachment, path)
        self._lent[ready.id] = ready
        return ready.id

    def _give_back(self, media_ids: Sequence[str]) -> None:
        """Pictures that no post has used. X does not say that one may be used twice: none is."""
        for media_id in media_ids:
            unused = self._lent.pop(media_id, None)
            if unused is not None:
                self._ready[(unused.sha256, unused.alt)] = unused

    def _forget(self, media_ids: Sequence[str]) -> None:
        for media_id in media_ids:
            self._lent.pop(media_id, None)


def _unused(error: BaseException, flight: Flight) -> bool:
    """Whether pictures may go with another try: X did not look at this one, and still has them."""
    if isinstance(error, NotSent):
        return not error.facts.get("media_gone")
    return not flight.wrote


# --- Talking -----------------------------------------------------------------------------------


def _open_line(
    credentials: XCredentials,
    api_url: str,
    seconds: float,
    before_write: Callable[[], None],
) -> _Line:
    import requests
    import tweepy

    from bot.networks._http import Flight, Session

    for name in ("tweepy", "requests_oauthlib", "oauthlib", "urllib3"):
        sdk = logging.getLogger(name)
        sdk.setLevel(max(sdk.level, logging.WARNING))  # at DEBUG they log headers and bodies
    client = tweepy.Client(
        consumer_key=credentials.api_key,
        consumer_secret=credentials.api_secret,
        access_token=credentials.access_token,
        access_token_secret=credentials.access_token_secret,
        return_type=requests.Response,
        wait_on_rate_limit=False,
    )
    flight = Flight(api_url, seconds, before_write)
    client.session = Session(flight, API_URL)
    return _Line(client, flight)


@dataclass(frozen=True, slots=True)
class _Line:
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

    def posts(self, user: str, since: datetime) -> Iterator[dict[str, Any]]:
        """The account's own posts since then. Raises NotSent unless it gets all of them."""
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
        raise NotSent(
            network="X",
            what=f"{doing}: there are more than {PAGE * PAGES} since {params['start_time']}",
            fix="Look for the post by hand, then run `bot resolve`.",
        )


@dataclass(frozen=True, slots=True)
class _Uploaded:
    """A picture at X, with its alt text. `good_until` is by the clock that timed the upload."""

    id: str
    sha256: str
    alt: str
    good_until: float


@dataclass(frozen=True, slots=True)
class _Upload:
    """One picture on its way to X. `ends` is when, by `clock`, it is given up."""

    line: _Line
    ends: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    request_seconds: float

    def run(self, attachment: Attachment, path: Path) -> _Uploaded:
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
        return _Uploaded(media_id, attachment.sha256, attachment.alt, good_until)

    def _whole(
        self, attachment: Attachment, file: BinaryIO, seen: Callable[[bytes], None]
    ) -> dict[str, Any]:
        from bot.networks._http import FileBody

        before = b'{"media_category":"tweet_image","media":"'
        body = FileBody(file, attachment.bytes, before, b'"}', seen)
        return self._ask("POST", "/2/media/upload", json=body)

    def _pieces(
        self, attachment: Attachment, file: BinaryIO, seen: Callable[[bytes], None]
    ) -> dict[str, Any]:
        from bot.networks._http import FileBody

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
    if isinstance(failure, OSError) and str(failure):
        return f"{doing}: {failure.strerror or failure}"
    return f"{doing}: {type(failure).__name__}"
