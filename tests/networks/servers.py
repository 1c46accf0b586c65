"""Servers on loopback that answer well or badly, byte by byte, for the tests of one client."""

from __future__ import annotations

import atexit
import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

HERE = Path(__file__).parent
AUTHORITY = HERE / "authority.pem"
"""The authority that signed localhost.pem. Both are good for loopback, and for nothing else."""


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Link:
    """A connection, from the server's side. `raw` is every byte that came."""

    socket: socket.socket
    stop: threading.Event
    raw: bytearray = field(default_factory=bytearray)

    def read(self) -> Seen | None:
        """The request; None if the connection ended before it was complete."""
        while b"\r\n\r\n" not in self.raw:
            if not self._more():
                return None
        head, _, _ = bytes(self.raw).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = len(head) + 4 + int(headers.get("content-length", "0"))
        while len(self.raw) < size:
            if not self._more():
                return None
        method, target, _ = first.split(" ")
        return Seen(method, target, headers, bytes(self.raw[len(head) + 4 : size]))

    def peek(self) -> None:
        """Waits for the first byte, and leaves it unread."""
        self.socket.recv(1, socket.MSG_PEEK)

    def _more(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return True
        except OSError:
            return False
        self.raw += data
        return bool(data)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def reset(self) -> None:
        """Closes so that the other side sees a reset, not an end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hang(self) -> None:
        """Says nothing until the test is over, or the other side goes."""
        self.socket.settimeout(0.01)
        while not self.stop.is_set() and self._more():
            pass

    def trickle(self, data: bytes) -> None:
        """A byte at a time, for ever."""
        while not self.stop.wait(0.02):
            for byte in data:
                try:
                    self.socket.sendall(bytes([byte]))
                except OSError:
                    return
                if self.stop.wait(0.02):
                    return


def reply(
    status: int, body: object = b"", headers: Mapping[str, str] | None = None, reason: str = "R"
) -> bytes:
    """An HTTP answer; anything but bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {reason}\r\n{head}\r\n".encode() + content


def problem(status: int, kind: str, detail: str, **more: object) -> bytes:
    """An answer with X's problem JSON."""
    body = {"type": f"https://api.x.com/2/problems/{kind}", "title": "T", "detail": detail}
    return reply(status, {**body, "status": status, **more})


def then(*steps: Callable[[Link], object]) -> Callable[[Link], None]:
    """What to do with a connection, one thing after the other."""

    def handle(link: Link) -> None:
        for step in steps:
            step(link)

    return handle


class Server:
    """Listens on loopback; each connection is dealt with by `handle`, in a thread of its own.

    `links` are the connections so far; `accepted` can be acquired once for each.
    """

    def __init__(self, handle: Callable[[Link], None], *, tls: bool = False) -> None:
        self._handle = handle
        self._context = _context() if tls else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()
        scheme = "https" if tls else "http"
        self.accepted = threading.Semaphore(0)
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.links: list[Link] = []

    @property
    def raw(self) -> bytes:
        """Everything that was ever received."""
        return b"".join(bytes(link.raw) for link in self.links)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self.links:
            with contextlib.suppress(OSError):
                link.socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for link in self.links:
            link.socket.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        link = Link(connection, self._stop)
        self.links.append(link)
        self.accepted.release()
        if self._context is not None:
            try:
                link.socket = self._context.wrap_socket(connection, server_side=True)
            except OSError:
                return
        self._handle(link)
        with contextlib.suppress(OSError):
            link.socket.shutdown(socket.SHUT_RDWR)
        link.socket.close()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / "localhost.pem")
    return context


class Api(Server):
    """A server of whole answers: `answer(request)` gives each. `seen` has the requests in order."""

    def __init__(self, answer: Callable[[Seen], bytes], *, tls: bool = False) -> None:
        self.seen: list[Seen] = []
        self._answer = answer
        super().__init__(self._one, tls=tls)

    def _one(self, link: Link) -> None:
        request = link.read()
        if request is not None:
            self.seen.append(request)
            link.write(self._answer(request))


def answers(*replies: bytes) -> Callable[[Seen], bytes]:
    """Gives these, one after the other."""
    left = iter(replies)
    return lambda _: next(left)


def nobody() -> str:
    """An address on loopback at which nobody listens: it is taken, and stays so."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    atexit.register(taken.close)
    return f"http://127.0.0.1:{taken.getsockname()[1]}"
