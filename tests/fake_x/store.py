"""What the fake remembers: its accounts, uploads, posts and requests, under one lock."""

from __future__ import annotations

import secrets
import string
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fake_x.pictures import Picture

_EPOCH = 1288834974657
"""The millisecond that X's ids count from."""


@dataclass(frozen=True)
class Rules:
    """How strict the fake is. Sizes in bytes (X's megabytes as 1,000,000), times in seconds.

    `require_alt` and `single_use_media` are stricter than X; `duplicate_window` is a guess, X
    publishes none. `processing_calls` STATUS calls are needed until a GIF is ready;
    `enforce_polling` answers 429 to a poll before `check_after_secs` are over. `rates` are
    requests per `rate_window` and user, by method and route.
    """

    require_alt: bool = True
    single_use_media: bool = True
    duplicate_window: float = 86400.0
    media_ttl: float = 86400.0
    processing_calls: int = 3
    check_after_secs: int = 1
    enforce_polling: bool = False
    image_bytes: int = 5_000_000
    gif_bytes: int = 15_000_000
    chunk_bytes: int = 5_000_000
    gif_width: int = 1280
    gif_height: int = 1080
    gif_frames: int = 350
    gif_pixels: int = 300_000_000
    body_bytes: int = 7_500_000
    rate_window: float = 900.0
    rates: Mapping[str, int] = field(default_factory=lambda: {"POST /2/tweets": 100})
    other_rate: int = 500


@dataclass(frozen=True)
class Credentials:
    """The four secrets of OAuth 1.0a. Never in a repr."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_token_secret: str = field(repr=False)

    @classmethod
    def generate(cls, user_id: str) -> Credentials:
        """Four fresh ones, in the shape that X gives them."""
        return cls(_random(25), _random(50), f"{user_id}-{_random(40)}", _random(45))


def _random(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


@dataclass
class User:
    """An account. `read_only`, `suspended` and `revoked` may be switched at any time."""

    username: str
    id: str
    credentials: Credentials
    read_only: bool = False
    suspended: bool = False
    revoked: bool = False


@dataclass(frozen=True)
class Media:
    """A picture of a post: how many bytes, their hash, and the alt text it went out with."""

    id: str
    mime: str
    bytes: int
    sha256: str
    alt: str
    category: str
    width: int
    height: int
    frames: int

    @property
    def key(self) -> str:
        """X's media key."""
        return f"{16 if self.category == 'tweet_gif' else 3}_{self.id}"


@dataclass(frozen=True)
class Post:
    """A post that X has. `text` is as it came; `fields` is whatever else the request said of it.

    `created_at` is X's: in whole seconds. `received_at` is the clock's, in seconds.
    """

    id: str
    text: str
    media: tuple[Media, ...]
    created_at: datetime
    user: str
    received_at: float
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Upload:
    """A picture on its way. Once whole, `picture` is set and its bytes are let go of.

    `polls_left` STATUS calls are to come until it is ready; `broken` says why it never will be.
    """

    id: str
    user: str
    mime: str
    category: str
    total_bytes: int
    expires_at: float
    segments: dict[int, bytes] = field(default_factory=dict, repr=False)
    picture: Picture | None = None
    sha256: str = ""
    alt: str = ""
    polls: int = 0
    polls_left: int = 0
    poll_at: float = 0.0
    broken: str = ""
    broken_title: str = "InvalidMedia"
    used: bool = False

    @property
    def ready(self) -> bool:
        return self.picture is not None and not self.polls_left and not self.broken

    def as_media(self) -> Media:
        """What a post keeps of it."""
        assert self.picture is not None
        size = (self.picture.width, self.picture.height, self.picture.frames)
        return Media(
            self.id, self.mime, self.total_bytes, self.sha256, self.alt, self.category, *size
        )


@dataclass
class Logged:
    """One request. `status` is None while there is no answer, or if there never was one.

    `headers` is without secrets; `json` the body, if it was JSON and short; `reason` why it was
    refused, which X itself often does not say.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    at: float
    status: int | None = None
    user: str = ""
    fault: str = ""
    reason: str = ""
    json: Any = None
    done: bool = False


class Store:
    """Everything above, behind `lock`. Whoever waits for something waits on it."""

    def __init__(self, users: Iterable[User], rules: Rules, clock: Callable[[], float]) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.rules = rules
        self.clock = clock
        self.users = {user.username: user for user in users}
        self.uploads: dict[str, Upload] = {}
        self.posts: list[Post] = []
        self.requests: list[Logged] = []
        self.journal: list[Post | Logged] = []
        self.ended = False
        self.said: dict[tuple[str, str], float] = {}
        self._last_id = 0

    def fresh_id(self) -> str:
        """An id in X's shape: it grows with time, and is never given twice."""
        moment = max(int(self.clock() * 1000) - _EPOCH, 0) << 22
        self._last_id = max(moment, self._last_id + 1)
        return str(self._last_id)

    def add_post(
        self, user: User, text: str, uploads: Sequence[Upload], fields: Mapping[str, Any]
    ) -> Post:
        """Stores a post; from here on X has it."""
        with self.lock:
            now = self.clock()
            for upload in uploads:
                upload.used = True
            post = Post(
                id=self.fresh_id(),
                text=text,
                media=tuple(upload.as_media() for upload in uploads),
                created_at=datetime.fromtimestamp(int(now), UTC),
                user=user.username,
                received_at=now,
                fields=fields,
            )
            self.posts.append(post)
            self.said[user.username, plain(text)] = now
            self.journal.append(post)
            self.lock.notify_all()
            return post

    def log(self, entry: Logged) -> None:
        """Enters a request that has come in."""
        with self.lock:
            self.requests.append(entry)
            self.lock.notify_all()

    def end(self) -> None:
        """Ends the waiting of whoever follows."""
        with self.lock:
            self.ended = True
            self.lock.notify_all()

    def close(self, entry: Logged) -> None:
        """Enters what became of it."""
        with self.lock:
            entry.done = True
            self.journal.append(entry)
            self.lock.notify_all()

    def wait(
        self, ready: Callable[[], bool], timeout: float | None, what: Callable[[], str]
    ) -> None:
        """Waits until something is so. Raises TimeoutError, saying how far it came."""
        with self.lock:
            if not self.lock.wait_for(ready, timeout):
                raise TimeoutError(f"after {timeout} s: {what()}")


def plain(text: str) -> str:
    """What makes two texts the same to X: NFC, white space aside."""
    return " ".join(unicodedata.normalize("NFC", text).split())


class Rates:
    """How many requests each user has left on each route, in windows that begin with the first."""

    def __init__(self, rules: Rules, clock: Callable[[], float]) -> None:
        self._rules = rules
        self._clock = clock
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def spend(self, user: str, route: str) -> tuple[bool, dict[str, str]]:
        """Takes one; says whether there was one left, and the headers that say so."""
        now = self._clock()
        started, used = self._windows.get((user, route), (now, 0))
        if now >= started + self._rules.rate_window:
            started, used = now, 0
        self._windows[user, route] = (started, used + 1)
        limit = self._rules.rates.get(route, self._rules.other_rate)
        return used < limit, {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(limit - used - 1, 0)),
            "x-rate-limit-reset": str(int(started + self._rules.rate_window)),
        }


def generated(names: Iterable[str]) -> list[User]:
    """Accounts with fresh credentials."""
    start = int(time.time() * 1000) - _EPOCH << 22
    return [
        User(name, str(start + number), Credentials.generate(str(start + number)))
        for number, name in enumerate(names)
    ]
