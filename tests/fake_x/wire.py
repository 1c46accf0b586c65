"""HTTP/1.1 on the loopback: keeps connections alive, and can break them as rudely as need be."""

from __future__ import annotations

import contextlib
import http
import re
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.fake_x.messages import Answer, Call, HangupError, RefusalError, problem

Serve = Callable[[Call, Callable[[], bytes]], Answer]
"""Answers a request; reads its body when it wants it. Raises HangupError for no answer."""

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing resets the connection."""


class Wire:
    """Listens on 127.0.0.1, one thread a connection. `close` leaves no thread and no socket.

    `crashes` holds what went wrong in the fake itself. `port` 0 becomes the one it was given. The
    `Date` of its answers is `skew` seconds ahead of this host's clock.
    """

    def __init__(self, port: int, serve: Serve, most_bytes: int) -> None:
        self.port = port
        self.skew = 0.0
        self.crashes: list[BaseException] = []
        self._serve = serve
        self._most_bytes = most_bytes
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._end: Callable[[], None] | None = None

    def open(self) -> None:
        """Starts to listen. Raises OSError if the port is taken."""
        listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        waked, waker = socket.socketpair()
        self.port = int(listener.getsockname()[1])
        acceptor = threading.Thread(
            target=self._accept, args=(listener, waked), name="fake-x-accept"
        )

        def end() -> None:
            waker.send(b"!")
            acceptor.join()
            for one in (listener, waked, waker):
                one.close()

        self._end = end
        acceptor.start()

    def close(self) -> None:
        """Stops listening, cuts every connection, and waits for the threads to end."""
        end, self._end = self._end, None
        if end is None:
            return
        end()
        for connection in self._connections.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._connections:
            thread.join()

    def _accept(self, listener: socket.socket, waked: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(waked, selectors.EVENT_READ)
            while waked not in {key.fileobj for key, _ in selector.select()}:
                connection, _ = listener.accept()
                thread = threading.Thread(
                    target=self._converse, args=(connection,), name="fake-x-connection"
                )
                thread.start()
                alive = {t: c for t, c in self._connections.items() if t.is_alive()}
                self._connections = {**alive, thread: connection}

    def _converse(self, connection: socket.socket) -> None:
        """Serves one connection until either side has enough."""
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Conversation(connection, self._serve, self._most_bytes, lambda: self.skew)
        except (HangupError, ConnectionError):
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        except Exception as error:  # noqa: BLE001 - shown to whoever closes the server
            self.crashes.append(error)
        finally:
            connection.close()


class _Conversation(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    server_version = "envoy"
    sys_version = ""

    def __init__(
        self,
        connection: socket.socket,
        serve: Serve,
        most_bytes: int,
        skew: Callable[[], float],
    ) -> None:
        self._serve = serve
        self._skew = skew
        self._most_bytes = most_bytes
        super().__init__(connection, ("127.0.0.1", 0), None)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def _any(self) -> None:
        target = urlsplit(self.path)
        call = Call(
            method=self.command,
            path=target.path,
            query=parse_qsl(target.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        if len(call.headers) != len(self.headers):
            self._write(problem(400, "Bad Request", "A header is there twice"), last=True)
            return
        self._write(self._serve(call, lambda: self._body(call)))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any  # noqa: N815 - the base class's names

    def _body(self, call: Call) -> bytes:
        """The whole body; read to its end even if it is too large, so that the client hears it."""
        length = call.headers.get("content-length", "0")
        if "transfer-encoding" in call.headers or not re.fullmatch("[0-9]{1,12}", length):
            self.close_connection = True
            raise RefusalError(problem(411, "Length Required", "A Content-Length is needed"))
        left, pieces = int(length), list[bytes]()
        too_large = left > self._most_bytes
        while left:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                raise HangupError
            left -= len(piece)
            if not too_large:
                pieces.append(piece)
        if too_large:
            what = f"At most {self._most_bytes} bytes are taken"
            raise RefusalError(problem(413, "Payload Too Large", what))
        return b"".join(pieces)

    def _write(self, answer: Answer, *, last: bool = False) -> None:
        self.close_connection = self.close_connection or last
        date = formatdate(time.time() + self._skew(), usegmt=True)
        raw = _serialized(answer, date, last=self.close_connection)
        self.close_connection = self.close_connection or answer.close
        if answer.between is None:
            self.wfile.write(raw)
            return
        for index in range(len(raw)):
            self.wfile.write(raw[index : index + 1])
            answer.between()


def _serialized(answer: Answer, date: str, *, last: bool) -> bytes:
    """The whole response, so that it leaves in one piece."""
    try:
        phrase = http.HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    headers = {
        "date": date,
        "server": "envoy",
        "connection": "close" if last else "keep-alive",
        "content-length": str(len(answer.body)),
        **answer.headers,
    }
    lines = [f"HTTP/1.1 {answer.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join((*lines, "", "")).encode("latin-1") + answer.body
