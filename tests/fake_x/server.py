"""The fake X itself: starts, serves, is watched and is closed."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from tests.fake_x.app import App
from tests.fake_x.faults import Fault, Faults
from tests.fake_x.messages import Answer, Call, HangupError, RefusalError
from tests.fake_x.oauth import Verifier, X
from tests.fake_x.store import Credentials, Logged, Post, Rules, Store, User, generated
from tests.fake_x.wire import Wire

_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})


class FakeX:
    """X on the loopback, stricter and nastier. A context manager.

    `users` names the accounts (one of them, `x`, by default); each gets fresh credentials unless a
    mapping brings them. `clock` gives the seconds that posts, uploads and rate limits live by,
    `oauth_clock` those that signatures are checked against. `signed_for` are the base addresses
    whose signatures are good; `oauth.HERE` stands for the one the server is reached under. The
    `Date` of its answers is `date_skew` seconds ahead of this host's clock, which can be changed at
    any time. The rest are `Rules`.
    """

    def __init__(
        self,
        users: Iterable[str] | Mapping[str, Credentials] | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        *,
        oauth_clock: Callable[[], float] = time.time,
        signed_for: Sequence[str] = (X,),
        date_skew: float = 0.0,
        **rules: Any,
    ) -> None:
        self._store = Store(_accounts(users), Rules(**rules), clock)
        self.faults = Faults()
        verifier = Verifier(self._store.users.values(), signed_for, oauth_clock)
        self._app = App(self._store, self.faults, verifier)
        self._wire = Wire(port, self._serve, self._store.rules.body_bytes)
        self.date_skew = date_skew

    def __enter__(self) -> Self:
        self._wire.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None and self._wire.crashes:
            raise RuntimeError("the fake X itself is broken") from self._wire.crashes[0]

    def close(self) -> None:
        """Ends every wait and connection. No thread and no socket is left."""
        self.faults.close()
        self._wire.close()
        self._store.end()

    @property
    def url(self) -> str:
        """The base address, once the server is open."""
        return f"http://127.0.0.1:{self._wire.port}"

    @property
    def date_skew(self) -> float:
        """By how many seconds the `Date` of its answers is ahead."""
        return self._wire.skew

    @date_skew.setter
    def date_skew(self, seconds: float) -> None:
        self._wire.skew = seconds

    @property
    def users(self) -> Mapping[str, User]:
        """The accounts by name; their switches may be set at any time."""
        return self._store.users

    @property
    def credentials(self) -> Credentials:
        """The first account's."""
        return next(iter(self.users.values())).credentials

    @property
    def posts(self) -> list[Post]:
        """Every post stored, in the order they came to be."""
        with self._store.lock:
            return list(self._store.posts)

    @property
    def requests(self) -> list[Logged]:
        """Every request, in the order they came in, those without an answer too."""
        with self._store.lock:
            return list(self._store.requests)

    @property
    def signed(self) -> list[Logged]:
        """Those that came with credentials: all but the question what time it is."""
        return [each for each in self.requests if "authorization" in each.headers]

    def environment(self, username: str | None = None, prefix: str = "X") -> dict[str, str]:
        """The settings that point the bot's account here."""
        user = self.users[username] if username else next(iter(self.users.values()))
        return {
            f"{prefix}_API_URL": self.url,
            f"{prefix}_API_KEY": user.credentials.api_key,
            f"{prefix}_API_SECRET": user.credentials.api_secret,
            f"{prefix}_ACCESS_TOKEN": user.credentials.access_token,
            f"{prefix}_ACCESS_TOKEN_SECRET": user.credentials.access_token_secret,
        }

    def wait_for(self, n_posts: int, timeout: float | None = 10.0) -> list[Post]:
        """Waits until so many posts are stored, and returns all. Raises TimeoutError."""
        posts = self._store.posts
        self._store.wait(
            lambda: len(posts) >= n_posts, timeout, lambda: f"{len(posts)} of {n_posts} posts"
        )
        return self.posts

    def wait_for_requests(
        self, match: str, number: int = 1, timeout: float | None = 10.0
    ) -> list[Logged]:
        """Waits until so many requests that match are over, and returns those."""

        def found() -> list[Logged]:
            return [entry for entry in self._store.requests if _matches(entry, match)]

        self._store.wait(
            lambda: len(found()) >= number,
            timeout,
            lambda: f"{len(found())} of {number} requests {match}",
        )
        with self._store.lock:
            return found()

    def follow(self, seen: int) -> list[Post | Logged]:
        """Waits for what happens after the first `seen` things: posts stored, requests over.

        Nothing, once the fake is closed and all has been told.
        """
        store = self._store
        store.wait(lambda: len(store.journal) > seen or store.ended, None, lambda: "")
        with store.lock:
            return store.journal[seen:]

    def _serve(self, call: Call, read: Callable[[], bytes]) -> Answer:
        fault = self.faults.take(call.method, call.path)
        entry = self._entry(call, fault)
        self._store.log(entry)
        try:
            answer = self._answer(call, fault, read, entry)
            entry.status, entry.reason = answer.status, "" if answer.fine else answer.reason
        except Exception as error:
            entry.reason = "" if isinstance(error, HangupError) else f"broken: {error!r}"
            raise
        finally:
            entry.user = call.signer.username if call.signer else ""
            self._store.close(entry)
        return answer

    def _answer(
        self, call: Call, fault: Fault | None, read: Callable[[], bytes], entry: Logged
    ) -> Answer:
        if fault and fault.kind == "drop_before_read":
            raise HangupError
        try:
            call.body = read()
        except RefusalError as refusal:
            return refusal.answer
        entry.json = call.document()
        call.fault = fault
        if fault:
            return self.faults.play(fault, call.path, lambda: self._app.answer(call))
        return self._app.answer(call)

    def _entry(self, call: Call, fault: Fault | None) -> Logged:
        headers = {k: "(removed)" if k in _SECRET else v for k, v in call.headers.items()}
        kind = fault.kind if fault else ""
        now = self._store.clock()
        return Logged(call.method, call.path, tuple(call.query), headers, now, fault=kind)


def _matches(entry: Logged, match: str) -> bool:
    return entry.done and fnmatch.fnmatchcase(f"{entry.method} {entry.path}", match)


def _accounts(users: Iterable[str] | Mapping[str, Credentials] | None) -> list[User]:
    accounts = generated(["x"] if users is None else users)
    if isinstance(users, Mapping):
        for account in accounts:
            account.credentials = users[account.username]
    return accounts
