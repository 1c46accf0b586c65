"""HTTP with an end to everything, for the networks that talk through `requests`.

A `Flight` carries the requests of one call, one after the other. It stands where `requests` would
have its own transport, and promises what that one can't:

- each request has a connection of its own, is never repeated and follows no redirect;
- each is over after so many seconds in all: looking up the name, connecting, a server that sends
  one byte a second;
- it is known whether a byte was written, and something may be done right before the first one;
- whatever is in flight can be ended from another thread.

Where the environment names a proxy (`HTTPS_PROXY`, `NO_PROXY`), https goes through it (`_proxy`);
.netrc and the like are not looked at. Importing this module imports `requests`; networks import it
when they first talk.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from bot.networks._proxy import proxy_for, tunnel

MAX_ANSWER = 1_000_000
"""Bytes of an answer's body; a longer one is not read."""

CONNECT_SECONDS = 10.0
"""One of a host's addresses may take this long to connect; then the next one is tried."""

_READ = 48 * 1024
"""Bytes of a file in memory at a time; a multiple of 3, so that base64 needs no padding between."""


class Answer(NamedTuple):
    """What came back. `body` is None if it was too long, or broke off."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class CutError(OSError):
    """The request was ended from this side: its time was up, or `abort` was called."""


class Flight(BaseAdapter):
    """The requests of one call, as a transport for a `requests` session.

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
        super().__init__()
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
        request = requests.Request("GET", "https://base.invalid/", {"Connection": "close"})
        self.send(request.prepare())

    # --- For `requests` ---

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Carries a request. Raises OSError, http.client.HTTPException or ValueError."""
        del stream, timeout, verify, cert, proxies  # not this transport's ways
        answer = self._carry(request)
        response = requests.Response()
        response.status_code = answer.status
        response.reason = http.client.responses.get(answer.status, "")
        response.headers.update(answer.headers)
        response.raw = io.BytesIO(answer.body or b"")
        response.request = request
        response.url = request.url or ""
        return response

    def close(self) -> None:
        """Nothing to let go of: a connection lasts as long as its request."""

    # --- One request ---

    def _carry(self, request: requests.PreparedRequest) -> Answer:
        self.answer, self.wrote = None, False
        with self._deadline(), contextlib.ExitStack() as cleanup:
            try:
                return self._exchange(request, cleanup)
            except Exception as error:
                if error is not self.objection:
                    self._check()  # a cut looks like any lost connection, but has a better reason
                raise
            finally:
                self._release()

    def _exchange(self, request: requests.PreparedRequest, cleanup: contextlib.ExitStack) -> Answer:
        self._base = urlsplit(self._url)
        connection = http.client.HTTPConnection(self._base.hostname or "", self._port)
        cleanup.callback(connection.close)
        connection.sock = self._connect(cleanup)
        self._ask_to_write()
        self.wrote = True
        path = self._base.path.rstrip("/") + request.path_url
        headers = {**request.headers, "Host": self._base.netloc.rpartition("@")[2]}
        connection.request(request.method or "", path, request.body, headers)
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
        plain = self._reach(host, port, cleanup)
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


class Session(requests.Session):
    """A session whose every request is signed for `origin` and carried by a flight.

    `extra_headers` go out with it, whatever whoever makes the request says of headers.
    """

    def __init__(self, flight: Flight, origin: str) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        self.mount("https://", flight)
        self.headers.update({"Accept-Encoding": "identity", "Connection": "close"})
        self.extra_headers: Mapping[str, str] = {}
        self._origin = urlsplit(origin)

    def request(self, method: Any, url: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        """As requests', but sends a `FileBody` given as `json` piece by piece."""
        address: SplitResult = urlsplit(str(url))
        origin = self._origin
        url = address._replace(scheme=origin.scheme, netloc=origin.netloc).geturl()
        headers = dict(options.get("headers") or {})
        body = options.get("json")
        if isinstance(body, FileBody):
            headers["Content-Type"] = "application/json"
            options |= {"json": None, "data": body}
        options["headers"] = headers | dict(self.extra_headers)
        return super().request(method, url, **options)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is ever followed."""


class FileBody:
    """A JSON body with `size` bytes of an open file in it, as base64, read while they are sent.

    `before` and `after` are the JSON around it; `seen` is given every byte that was read.
    """

    def __init__(
        self,
        file: BinaryIO,
        size: int,
        before: bytes,
        after: bytes,
        seen: Callable[[bytes], None],
    ) -> None:
        self._file = file
        self._size = size
        self._before = before
        self._after = after
        self._seen = seen

    def __len__(self) -> int:
        return len(self._before) + 4 * -(-self._size // 3) + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        left = self._size
        while left:
            piece = self._file.read(min(left, _READ))
            if len(piece) < min(left, _READ):
                raise OSError("the file became shorter while it was sent")
            self._seen(piece)
            left -= len(piece)
            yield base64.b64encode(piece)
        yield self._after


@functools.cache
def _tls() -> ssl.SSLContext:
    """Trusts what this host trusts (SSL_CERT_FILE included), and what `requests` brings along."""
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context
