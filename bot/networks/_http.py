"""What comes from `requests`, and so from tweepy, carried by a `Flight`.

Importing this module imports `requests`; networks import it when they first send.
"""

from __future__ import annotations

import base64
import http.client
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import BaseAdapter

from bot.networks._flight import Flight

_READ = 48 * 1024
"""Bytes of a file in memory at a time; a multiple of 3, so that base64 needs no padding between."""


class _Transport(BaseAdapter):
    """A flight, where a session would have its own transport."""

    def __init__(self, flight: Flight) -> None:
        super().__init__()
        self._flight = flight

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
        answer = self._flight.carry(
            request.method or "", request.path_url, request.headers, request.body
        )
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


class Session(requests.Session):
    """A session whose every request is signed for `origin` and carried by a flight.

    `extra_headers` go out with it, whatever whoever makes the request says of headers.
    """

    def __init__(self, flight: Flight, origin: str) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        self.mount("https://", _Transport(flight))
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
