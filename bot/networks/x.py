"""X, by way of tweepy: its limits, the request for a post, and one account that sends it.

`_x_requests` says what is sent, and exactly that is sent: tweepy signs it, and `_http` carries it,
because tweepy's own transport has no time-out, and can't say whether a byte was written. `_x_calls`
does the sending, `_x_answers` says what the answers mean. Those three are not imported before
something is really sent, so that `LIMITS` and `request` cost nothing.

X has no idempotency key. What became of a post is therefore read from how its one request ended:
no byte written is NotSent; an answer means what `_x_answers` says; written but not answered is
InDoubt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain import Limits, Post, Receipt
from bot.errors import NetworkError, NotSent
from bot.networks._x_requests import to_post
from bot.networks.base import (
    ASK_SECONDS,
    REQUEST_SECONDS,
    Found,
    Request,
    ServerClock,
    Upload,
    open_media,
)
from bot.networks.weighted import find_urls, weighted_length

if TYPE_CHECKING:
    from pathlib import Path

    from bot.networks._flight import Flight
    from bot.networks._x_calls import Line, Uploaded

API_URL = "https://api.x.com"
"""Where X is, and what requests are signed for, wherever `api_url` may lead them."""

POST_DOLLARS, URL_POST_DOLLARS, ALT_DOLLARS = 0.015, 0.200, 0.005
"""A post; a post with an address in it; a picture's alt text."""

READ_DOLLARS = (0.001, 0.005)
"""A post read back, where the account owns the app, and where it doesn't."""


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
    addresses=find_urls,
)


class XCredentials:
    """OAuth 1.0a user context: the app's key and secret, the account's token and secret.

    No tuple, whose items would show wherever it is written out.
    """

    __slots__ = ("access_token", "access_token_secret", "api_key", "api_secret")

    def __init__(
        self, api_key: str, api_secret: str, access_token: str, access_token_secret: str
    ) -> None:
        self.api_key = api_key
        self.api_secret = api_secret
        self.access_token = access_token
        self.access_token_secret = access_token_secret

    def __repr__(self) -> str:
        return "XCredentials()"


class X:
    """One account on X.

    Without credentials it still says what it would send; everything that talks raises NotSent.
    `root` is the folder that holds media/; `api_url` another address for X. `clock` (seconds that
    never go back) and `sleep` time the wait for X to process a picture; by default `abort` ends
    that sleep too. A request is over after `request_seconds`. `redact` takes secrets out of what X
    answers before anything is made of it.
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
        redact: Callable[[str], str] = str,
    ) -> None:
        from threading import Lock

        self.posts_read = 0
        self._credentials = credentials
        self._root = root
        self._api_url = api_url.rstrip("/")
        self._clock = clock
        self._sleep = sleep
        self._request_seconds = request_seconds
        self._redact = redact
        self._lock = Lock()
        self._flights: set[Flight] = set()
        self._ready: dict[tuple[str, str], Uploaded] = {}
        self._lent: dict[str, Uploaded] = {}
        self._user: tuple[str, str] | None = None
        self._time = ServerClock()

    def request(self, post: Post, key: str) -> Request:
        """What would be sent. X knows no keys, so `key` changes nothing."""
        del key
        return to_post(self._api_url, post)

    def upload(self, request: Request) -> tuple[str, ...]:
        """Uploads the pictures with their alt texts; waits until X has processed them.

        A picture that was uploaded for a post that then never reached X is not uploaded again.
        Raises NotSent or Refused.
        """
        begun = self._clock()
        files = [(each, open_media(self._root, each.attachment)) for each in request.uploads]
        ids: list[str] = []
        try:
            ids.extend(self._uploaded(each, path, begun) for each, path in files)
        except NetworkError:
            self._give_back(ids)
            raise
        return tuple(ids)

    def send(
        self, request: Request, media_ids: Sequence[str], before_write: Callable[[], None]
    ) -> Receipt:
        """Posts, once. Raises NotSent, Refused or InDoubt, and what `before_write` raises."""
        filled = request.with_media(media_ids)
        with self._line(before_write) as line:
            try:
                return line.post(filled)
            except BaseException as error:
                if _unused(error, line.flight):
                    self._give_back(media_ids)
                raise
            finally:
                self._forget(media_ids)

    def find(self, since: datetime) -> Sequence[Found]:
        """The account's own posts since then (replies and reposts left out), newest first.

        Reads all of them or raises: NotSent if X did not answer well, Refused if it won't.
        """
        with self._line() as line:
            user, _ = self._me(line)
            found = line.find(user, since)
        self.posts_read += len(found)
        _tell_cost(len(found), self.posts_read)
        return found

    def whoami(self) -> str:
        """The account's name, as @name. Raises NotSent or Refused."""
        with self._line() as line:
            self._user = line.me()
            return f"@{self._user[1]}"

    def clock(self) -> datetime | None:
        """X's own time now, by the newest of its answers. None: it never answered."""
        return self._time.now()

    def ask_clock(self) -> datetime | None:
        """Asks X's address what time it is; whatever it answers counts. None if it does not."""
        from bot.networks._flight import Flight

        flight = Flight(self._api_url, ASK_SECONDS, heard=self._time.hear)
        with self._in_flight(flight), suppress(Exception):  # whatever it was: no answer
            flight.ask()
        return None if flight.answer is None else self.clock()

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
    def _line(self, before_write: Callable[[], None] = lambda: None) -> Iterator[Line]:
        if self._credentials is None:
            raise NotSent(
                network="X",
                what="there are no credentials",
                fix="Set the account's four credentials: X_API_KEY and the others in .env.example.",
                account_wide=True,
            )
        from bot.networks._flight import Flight

        flight = Flight(self._api_url, self._request_seconds, before_write, self._time.hear)
        with self._in_flight(flight):
            try:
                yield _open_line(self._credentials, self._api_url, flight, self._redact)
            except NetworkError as error:
                _hide(error, self._redact)
                raise

    @contextmanager
    def _in_flight(self, flight: Flight) -> Iterator[None]:
        """Meanwhile `abort` ends it."""
        with self._lock:
            self._flights.add(flight)
        try:
            yield
        finally:
            with self._lock:
                self._flights.discard(flight)

    def _me(self, line: Line) -> tuple[str, str]:
        if self._user is None:
            self._user = line.me()
        return self._user

    def _uploaded(self, upload: Upload, path: Path, begun: float) -> str:
        attachment = upload.attachment
        ready = self._ready.pop((attachment.sha256, attachment.alt), None)
        if ready is None or self._clock() >= ready.good_until:
            ready = self._upload(upload, path, begun)
        self._lent[ready.id] = ready
        return ready.id

    def _upload(self, upload: Upload, path: Path, begun: float) -> Uploaded:
        with self._line() as line:
            from bot.networks._x_calls import UPLOAD_SECONDS, Uploading

            sleep = self._sleep or line.flight.wait
            ends = begun + UPLOAD_SECONDS
            seconds = self._request_seconds
            return Uploading(line, upload, ends, self._clock, sleep, seconds).run(path)

    def _give_back(self, media_ids: Sequence[str]) -> None:
        """Pictures that no post has used. X does not say that one may be used twice: none is."""
        for media_id in media_ids:
            unused = self._lent.pop(media_id, None)
            if unused is not None:
                self._ready[(unused.sha256, unused.alt)] = unused

    def _forget(self, media_ids: Sequence[str]) -> None:
        for media_id in media_ids:
            self._lent.pop(media_id, None)


def _tell_cost(posts: int, in_all: int) -> None:
    import logging

    if not posts:
        return
    low, high = (price * posts for price in READ_DOLLARS)
    most = READ_DOLLARS[1] * in_all
    log = logging.getLogger("bot.networks.x")
    said = "read %d posts back from X, for $%.3f to $%.3f; since the start at most $%.3f"
    log.info(said, posts, low, high, most)


def _hide(error: NetworkError, redact: Callable[[str], str]) -> None:
    """Takes secrets out of what is said of an error; it is kept in the ledger."""
    said = [(name, value) for name, value in error.facts.items() if isinstance(value, str)]
    error.facts.update({name: redact(value) for name, value in said})


def _unused(error: BaseException, flight: Flight) -> bool:
    """Whether pictures may go with another try: X did not look at this one, and still has them."""
    if isinstance(error, NotSent):
        return not error.facts.get("media_gone")
    return not flight.wrote


def _open_line(
    credentials: XCredentials, api: str, flight: Flight, redact: Callable[[str], str]
) -> Line:
    import logging

    import requests
    import tweepy

    from bot.networks._http import Session
    from bot.networks._x_calls import Line

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
    client.session = Session(flight, API_URL)
    return Line(api, client, flight, redact)
