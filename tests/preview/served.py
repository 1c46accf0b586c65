"""A live page served from a thread of this process."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.approval import Approval, Approvals, approve
from bot.cli.shared import NETWORKS, limits_of
from bot.content import load
from bot.domain import Problem
from bot.errors import BotError
from bot.planning import Planned
from bot.preview.editing import Editor
from bot.preview.live import Live
from bot.preview.serving import Server, Site, listen
from bot.preview.sheet import Sheet
from tests.preview.sheets import BEGIN, problems_of, sheet_of


class Answer:
    """What came back for one request."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read().decode()

    def json(self) -> Any:
        return json.loads(self.body)


class Served:
    """A site's page, live."""

    def __init__(self, root: Path, count: int = 10) -> None:
        self.root = root
        self.count = count
        self.trouble: BotError | None = None
        self.live = Live(root, self._problems, self._make, sign=self._sign, now=lambda: BEGIN)
        self.live.refresh()
        self._socket = listen(0)
        self.port: int = self._socket.getsockname()[1]
        self.site = Site(root, self.live, Editor(root, limits_of, NETWORKS), self.port)
        self._server = Server(self.site)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    @property
    def address(self) -> str:
        return self.site.address

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.handle_exit(0, None)
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()
        self._socket.close()

    def _problems(self) -> Sequence[Problem]:
        return problems_of(self.root)

    def _make(self, problems: Sequence[Problem]) -> Sheet:
        load(self.root, NETWORKS)
        if self.trouble is not None:
            raise self.trouble
        return sheet_of(self.root, self.count, problems=problems)

    def _sign(self, posts: Sequence[Planned], by: str) -> int:
        return approve(self.root, posts, by, BEGIN)

    def signed(self) -> list[Approval]:
        """What was signed off."""
        return list(Approvals.load(self.root))

    def path(self, name: str) -> Path:
        return self.root / name

    def ask(self, method: str, path: str, body: Any = None, **headers: str | None) -> Answer:
        """One raw request: with the token and as JSON, unless the headers say otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"X-Token": self.site.token, "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items() if value}
        for name, value in headers.items():
            if value is None:
                sent.pop(name.replace("_", "-"))
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        try:
            connection.request(method, path, data, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def draft(self, name: str) -> Any:
        return self.ask("GET", f"/draft?name={name}").json()
