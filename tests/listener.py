"""A web server on the loopback that keeps what it gets: an alert address, or a heartbeat's."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any, Self


class Listener:
    """Keeps what it gets. It answers with these statuses, one after the other, then with the last;
    those of 300 and up lead to `location`.
    """

    def __init__(self, *statuses: int, location: str = "") -> None:
        self.got: SimpleQueue[tuple[str, str, dict[str, str], bytes]] = SimpleQueue()
        listener, left = self, list(statuses or (200,))

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                listener.got.put((self.command, self.path, dict(self.headers), body))
                self.send_response(left.pop(0) if len(left) > 1 else left[0])
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def alerts(self) -> list[dict[str, Any]]:
        """The body of every POST so far."""
        found = []
        while not self.got.empty():
            method, _, headers, body = self.got.get()
            assert (method, headers["Content-Type"]) == ("POST", "application/json")
            found.append(json.loads(body))
        return found
