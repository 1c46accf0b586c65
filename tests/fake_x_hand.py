"""What the tests of the fake X hold against it: an independent signer, handmade pictures."""

from __future__ import annotations

import base64
import io
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from hypothesis import HealthCheck, settings
from PIL import Image
from requests_oauthlib import OAuth1

from tests.fake_x import FakeX

X = "https://api.x.com"

STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
"""For properties: the same cases each time, on however busy a machine."""


class Hand:
    """Sends requests as one of the fake's accounts, signed by requests_oauthlib for `base`."""

    def __init__(self, fake: FakeX, username: str | None = None, base: str = X) -> None:
        self.fake = fake
        self.base = base
        self.name = username or next(iter(fake.users))
        self.keys = fake.users[self.name].credentials
        self.session = requests.Session()
        self.session.trust_env = False

    @property
    def auth(self) -> Any:
        keys = self.keys
        return OAuth1(keys.api_key, keys.api_secret, keys.access_token, keys.access_token_secret)

    def prepare(self, method: str, path: str, **parts: Any) -> requests.PreparedRequest:
        """A request, signed for `base` and addressed to the fake."""
        parts.setdefault("auth", self.auth)
        request = requests.Request(method, self.base + path, **parts).prepare()
        assert request.url is not None
        request.url = request.url.replace(self.base, self.fake.url, 1)
        headers: dict[str, Any] = dict(request.headers)
        for name, value in headers.items():
            request.headers[name] = value.decode() if isinstance(value, bytes) else value
        return request

    def send(self, request: requests.PreparedRequest, timeout: float = 30) -> requests.Response:
        return self.session.send(request, timeout=timeout, allow_redirects=False)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.send(self.prepare("GET", path, params=params))

    def post(self, path: str, json: Any = None, **parts: Any) -> requests.Response:
        return self.send(self.prepare("POST", path, json=json, **parts))

    def tweet(self, text: str = "Solidarity", *media: str, **more: Any) -> requests.Response:
        attached = {"media": {"media_ids": list(media)}} if media else {}
        return self.post("/2/tweets", {"text": text, **attached, **more})

    def upload(self, data: bytes, category: str = "tweet_image") -> requests.Response:
        body = {"media": base64.b64encode(data).decode(), "media_category": category}
        return self.post("/2/media/upload", body)

    def describe(self, media_id: str, alt: str = "A red flag") -> requests.Response:
        body = {"id": media_id, "metadata": {"alt_text": {"text": alt}}}
        return self.post("/2/media/metadata", body)

    def picture(self, data: bytes | None = None, alt: str = "A red flag") -> str:
        """Uploads an image with its alt text; returns its id."""
        media_id = str(self.upload(data or png()).json()["data"]["id"])
        assert self.describe(media_id, alt).status_code == 200
        return media_id

    def initialize(
        self, size: int, mime: str = "image/gif", category: str = "tweet_gif"
    ) -> requests.Response:
        body = {"media_type": mime, "total_bytes": size, "media_category": category}
        return self.post("/2/media/upload/initialize", body)

    def append(self, media_id: str, index: int, data: bytes) -> requests.Response:
        body = {"media": base64.b64encode(data).decode(), "segment_index": index}
        return self.post(f"/2/media/upload/{media_id}/append", body)

    def finalize(self, media_id: str) -> requests.Response:
        return self.post(f"/2/media/upload/{media_id}/finalize")

    def status(self, media_id: str) -> requests.Response:
        return self.get("/2/media/upload", command="STATUS", media_id=media_id)

    def chunked(self, data: bytes, mime: str = "image/gif", category: str = "tweet_gif") -> Any:
        """Uploads in two pieces, and returns the answer to the finalizing."""
        media_id = self.initialize(len(data), mime, category).json()["data"]["id"]
        half = len(data) // 2
        for index, piece in enumerate((data[:half], data[half:])):
            assert self.append(media_id, index, piece).status_code == 200
        return self.finalize(media_id)


@contextmanager
def serving(**options: Any) -> Iterator[Hand]:
    """A fake X, and a hand that holds its first account."""
    with FakeX(**options) as fake:
        hand = Hand(fake)
        with hand.session:
            yield hand


def refused(response: requests.Response, name: str = "") -> str:
    """The message of a 400 that names a field, or of which at least the shape is X's."""
    assert response.status_code == 400, f"{response.status_code} {response.text}"
    assert response.headers["content-type"] == "application/problem+json", response.headers
    document = response.json()
    assert document["title"] == "Invalid Request", document
    error = document["errors"][0]
    assert not name or list(error["parameters"]) == [name], error
    return str(error["message"])


def timeline(hand: Hand, **asked: Any) -> Any:
    """The hand's own timeline, as X gives it."""
    me = hand.get("/2/users/me", **{"user.fields": "created_at"}).json()["data"]
    return hand.get(f"/2/users/{me['id']}/tweets", **asked).json()


def raw(hand: Hand, head: str = "") -> socket.socket:
    """A connection over which a whole, signed post has been sent, or what is given instead."""
    host, port = hand.fake.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.sendall(head.encode() or _whole(hand.prepare("POST", "/2/tweets", json=SOLIDARITY)))
    return connection


SOLIDARITY = {"text": "Solidarity"}


def _whole(request: requests.PreparedRequest) -> bytes:
    lines = [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(["POST /2/tweets HTTP/1.1", "Host: localhost", *lines, "", ""])
    assert isinstance(request.body, bytes)
    return head.encode() + request.body


class Aside:
    """A call that runs beside the test; `outcome()` waits for what came of it."""

    def __init__(self, call: Callable[[], requests.Response]) -> None:
        self._call = call
        self._found: list[requests.Response | Exception] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._call())
        except requests.RequestException as error:
            self._found.append(error)

    def outcome(self) -> Any:
        self._thread.join(60)
        return self._found[0]


def made(kind: str, mode: str = "RGB", size: tuple[int, int] = (60, 40), **how: Any) -> bytes:
    """A picture by Pillow, the same each time."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(file, kind, **how)
    return file.getvalue()


def png(width: int = 8, height: int = 8, noise: bytes = b"") -> bytes:
    """A grey PNG; `noise` makes it another file, as large as one likes."""
    rows = zlib.compress((b"\0" + b"\x7f" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"tEXt", noise), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def gif(width: int = 8, height: int = 8, frames: int = 2, padding: int = 0) -> bytes:
    """A GIF whose frames are one pixel each; `padding` bytes go into comments."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    comment = b"\x21\xfe" + (b"\xff" + b"-" * 255) * (padding // 256) + b"\0"
    return head + comment + frame * frames + b"\x3b"
