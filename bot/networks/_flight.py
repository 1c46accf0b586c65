"""HTTP with an end to everything.

A `Flight` carries the requests of one call, one after the other, and promises what the transports
of libraries can't:

- each request has a connection of its own, is never repeated and follows no redirect;
- each is over after so many seconds in all: looking up the name, connecting, a server that sends
  one byte a second;
- it is known whether a byte was written, and something may be done right before the first one;
- whatever is in flight can be ended from another thread.

Where the environment names a proxy (`HTTPS_PROXY`, `NO_PROXY`), https goes through it (`_proxy`);
.netrc and the like are not looked at. `_http` hands it what comes from `requests`, which is not
loaded here: whoever only asks for the time needs 3 MB less without it.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bot.networks._proxy import proxy_for, tunnel

MAX_ANSWER = 1_000_000
"""Bytes of an answer's body; a longer one is not read."""

CONNECT_SECONDS = 10.0
"""One of a host's addresses may take this long to connect; then the next one is tried."""


class Answer(NamedTuple):
    """What came back. `body` is None if it was too long, or broke off."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class CutError(OSError):
    """The request was ended from this side: its time was up, or `abort` was called."""


class Flight:
    """The requests of one call.

    Whatever host a request names, it goes to `base`, an http or https address. `seconds` is how
    long the next request may take. `before_write` is called when the connection stands, before the
    first byte; what it raises passes through, and is kept in `objection`. `heard` is given the
    headers of every answer, their names in lower case.

    `answer` is the last request's, None if not even its status arrived; `wrote` says whether any
    byte of it may have left.
    """

    def __init__(
        self,
        base: str,
        seconds: float,
        before_write: Callable[[], None] = lambda: None,
        heard: Callable[[Mapping[str, str]], None] = lambda _: None,
    ) -> None:
        self.seconds = seconds
        self.answer: Answer | None = None
        self.wrote = False
        self.objection: BaseException | None = None
        self._url = base
        self._base = urlsplit("")
        self._before_write = before_write
        self._heard = heard
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._why_cut = ""
        self._socket: socket.socket | None = None
        self._request = 0
        self._ends = 0.0

    # --- For whoever makes the call ---

    def abort(self) -> None:
        """Ends the request in flight and everything after it. From any thread."""
        self._cut("it was aborted")

    def wait(self, seconds: float) -> None:
        """Sleeps between two requests. Raises CutError if aborted."""
        self._check()
        self._wake.wait(seconds)
        self._check()

    def ask(self) -> None:
        """Gets the base address itself, without credentials; what comes back is in `answer`."""
        self.carry("GET", "/", {"Connection": "close"})

    # --- One request ---

    def carry(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> Answer:
        """Carries a request. Raises OSError, http.client.HTTPException or ValueError.

        `body` is bytes, or an iterable of them.
        """
        self.answer, self.wrote = None, False
        with self._deadline(), contextlib.ExitStack() as cleanup:
            try:
                return self._exchange((method, path, headers, body), cleanup)
            except Exception as error:
                if error is not self.objection:
                    self._check()  # a cut looks like any lost connection, but has a better reason
                raise
            finally:
                self._release()

    def _exchange(
        self,
        request: tuple[str, str, Mapping[str, str], Any],
        cleanup: contextlib.ExitStack,
    ) -> Answer:
        method, path, headers, body = request
        self._base = urlsplit(self._url)
        connection = http.client.HTTPConnection(self._base.hostname or "", self._port)
        cleanup.callback(connection.close)
        connection.sock = self._connect(cleanup)
        self._ask_to_write()
        self.wrote = True
        host = {"Host": self._base.netloc.rpartition("@")[2]}
        connection.request(method, self._base.path.rstrip("/") + path, body, {**headers, **host})
        response = connection.getresponse()
        cleanup.callback(response.close)
        return self._read(response)

    def _ask_to_write(self) -> None:
        self._check()
        try:
            self._before_write()
        except BaseException as error:
            self.objection = error
            raise
        self._check()

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        headers = {name.lower(): value for name, value in response.getheaders()}
        self.answer = Answer(response.status, headers, None)
        self._heard(headers)
        body = response.read(MAX_ANSWER + 1)
        if len(body) > MAX_ANSWER:
            raise ValueError("the answer is too long")
        if response.length or self._why_cut:
            raise http.client.IncompleteRead(body)
        self.answer = Answer(response.status, headers, body)
        return self.answer

    # --- Connecting ---

    @property
    def _port(self) -> int:
        return self._base.port or (443 if self._base.scheme == "https" else 80)

    def _connect(self, cleanup: contextlib.ExitStack) -> socket.socket:
        proxy = proxy_for(self._url)
        host, port = (proxy.host, proxy.port) if proxy else (self._base.hostname or "", self._port)
        try:
            plain = self._reach(host, port, cleanup)
        except OSError as error:
            if proxy is None or isinstance(error, CutError):
                raise
            raise proxy.unreached(error) from error
        if proxy is not None:
            tunnel(plain, proxy, self._base.hostname or "", self._port)
        return self._secure(plain, cleanup) if self._base.scheme == "https" else plain

    def _reach(self, host: str, port: int, cleanup: contextlib.ExitStack) -> socket.socket:
        last: OSError = OSError("the host has no address")
        for family, kind, protocol, _, address in self._addresses(host, port):
            plain = socket.socket(family, kind, protocol)
            cleanup.callback(plain.close)
            self._hold(plain)
            try:
                plain.settimeout(min(CONNECT_SECONDS, self._seconds_left()))
                plain.connect(address)
            except OSError as error:
                self._check()
                last = error
                continue
            plain.settimeout(self._seconds_left() + 1)  # the timer is first, and knows better
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain
        raise last

    def _secure(self, plain: socket.socket, cleanup: contextlib.ExitStack) -> socket.socket:
        secured = _tls().wrap_socket(
            plain, server_hostname=self._base.hostname, do_handshake_on_connect=False
        )
        cleanup.callback(secured.close)
        self._hold(secured)
        secured.do_handshake()
        return secured

    def _addresses(self, host: str, port: int) -> list[Any]:
        """The host's addresses. A look-up can't be interrupted, so a thread makes it."""
        look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        with contextlib.suppress(OSError):
            return look_up(flags=socket.AI_NUMERICHOST)
        found: list[Any] = []

        def find() -> None:
            try:
                found.append(look_up())
            except OSError as error:
                found.append(error)
            self._wake.set()

        threading.Thread(target=find, name="name look-up", daemon=True).start()
        self._wake.wait()
        self._wake.clear()
        self._check()
        if isinstance(found[0], OSError):
            raise found[0]
        addresses: list[Any] = found[0]
        return addresses

    # --- Ending it ---

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[None]:
        self._ends = time.monotonic() + self.seconds
        timer = threading.Timer(self.seconds, self._expire, (self._request,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._request += 1  # a timer that went off just now finds its request gone

    def _seconds_left(self) -> float:
        return max(self._ends - time.monotonic(), 0.001)

    def _expire(self, request: int) -> None:
        with self._lock:
            current = request == self._request
        if current:
            self._cut(f"it took longer than {self.seconds:g} s")

    def _cut(self, why: str) -> None:
        with self._lock:
            self._why_cut = self._why_cut or why
            if self._socket is not None:
                with contextlib.suppress(OSError):  # not connected yet, or already gone
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            self._wake.set()

    def _check(self) -> None:
        if self._why_cut:
            raise CutError(self._why_cut)

    def _hold(self, connection: socket.socket) -> None:
        """From here on a cut ends what this socket does."""
        with self._lock:
            self._socket = connection
        self._check()

    def _release(self) -> None:
        with self._lock:
            self._socket = None


@functools.cache
def _tls() -> ssl.SSLContext:
    """Trusts what this host trusts (SSL_CERT_FILE included), and the authorities of `certifi`."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
