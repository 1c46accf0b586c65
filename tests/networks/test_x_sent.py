"""What is sent is the request that was shown: method, address, headers and body as they stand."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain import Post
from bot.errors import NotSent
from bot.networks.base import DryRun, FileBytes, Request
from bot.networks.x import X
from tests.networks.servers import Api, Seen, nobody, reply
from tests.networks.test_x_upload import CREDENTIALS, Clock, noise, picture
from tests.networks.test_x_upload import FakeX as Uploads

ADDED = {"made_with_ai": True}


def make(root: Path, url: str) -> X:
    clock = Clock()
    return X(CREDENTIALS, str(root), url, clock=clock, sleep=clock.sleep)


def target(url: str, api: str) -> str:
    return url.removeprefix(api)


def as_sent(request: Request, root: Path) -> Any:
    """The body that a server should see."""

    def filled(value: Any) -> Any:
        if isinstance(value, FileBytes):
            content = (root / value.path).read_bytes()[value.start : value.start + value.size]
            return base64.b64encode(content).decode()
        return value

    return {name: filled(value) for name, value in request.body.items()} or None


def assert_sent(seen: Seen, request: Request, root: Path, api: str) -> None:
    assert (seen.method, seen.target) == (request.method, target(request.url, api))
    assert (seen.json if seen.body else None) == as_sent(request, root)
    for name, value in request.headers.items():
        assert seen.headers[name.lower()] == value


@pytest.mark.parametrize(
    "changed",
    [
        lambda request: request,
        lambda request: request._replace(body={**request.body, **ADDED}),
        lambda request: request._replace(body={**request.body, "more": [{"a": None}]}),
        lambda request: request._replace(body={}),
        lambda request: request._replace(headers={"X-Added": "yes", "User-Agent": "another"}),
        lambda request: request._replace(method="PUT"),
        lambda request: request._replace(url=f"{request.url}/more?a=b%20c&d="),
    ],
)
def test_a_post_goes_out_as_its_request_stands(
    tmp_path: Path, changed: Callable[[Request], Request]
) -> None:
    with Api(lambda _: reply(201, {"data": {"id": "1"}})) as server:
        x = make(tmp_path, f"{server.url}/base")
        request = changed(x.request(Post("Text."), "key"))
        x.send(request, (), lambda: None)
    [seen] = server.seen
    assert_sent(seen, request, tmp_path, server.url)
    assert seen.headers["authorization"].startswith("OAuth ")


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_pictures_go_up_as_their_requests_stand(tmp_path: Path, name: str) -> None:
    attachment = picture(tmp_path, name, noise(2_300_001 if name == "a.gif" else 300_000))
    fake = Uploads()
    fake.states = [{"state": "pending"}, {"state": "succeeded"}]
    with Api(fake) as server:
        x = make(tmp_path, server.url)
        request = x.request(Post("Text.", (attachment,)), "key")
        ids = x.upload(request)
        x.send(request, ids, lambda: None)
    [upload] = request.uploads
    shown = [*upload.requests, request]
    assert len(shown) == len(server.seen)
    for seen, each in zip(server.seen, shown, strict=True):
        filled = each.filled({attachment.sha256: ids[0]})
        assert_sent(seen, filled, tmp_path, server.url)


def test_what_is_added_to_an_upload_is_sent(tmp_path: Path) -> None:
    attachment = picture(tmp_path, "a.gif", noise(1000))
    answer = {"data": {"id": "7", "processing_info": {"state": "succeeded"}}}
    with Api(lambda _: reply(200, answer)) as server:
        x = make(tmp_path, server.url)
        request = x.request(Post("Text.", (attachment,)), "key")
        [upload] = request.uploads
        assert upload.describes is not None
        sends = tuple(
            each._replace(body={"first": "1", **each.body, "last": 2}, headers={"X-Added": "yes"})
            for each in upload.sends
        )
        describes = upload.describes._replace(body={**upload.describes.body, "added": 1})
        more = upload._replace(sends=sends, describes=describes)
        x.upload(request._replace(uploads=(more,)))
    for seen, each in zip(server.seen, (*more.sends, describes), strict=True):
        assert_sent(seen, each.filled({attachment.sha256: "7"}), tmp_path, server.url)


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/2/tweets", "{api}", "{api}.example/2/tweets", "/2/tweets"]
)
def test_a_request_for_another_address_is_not_sent(tmp_path: Path, url: str) -> None:
    x = make(tmp_path, nobody())
    request = x.request(Post("Text."), "key")._replace(url=url.format(api=x._api_url))
    with pytest.raises(NotSent, match="another address than the account's"):
        x.send(request, (), lambda: None)


def test_a_dry_run_s_log_gets_the_request_with_all_its_uploads(tmp_path: Path) -> None:
    attachment = picture(tmp_path, "a.gif", noise(10))
    logged: list[Request] = []
    dry = DryRun(X(None, str(tmp_path)), str(tmp_path), logged.append)
    request = dry.request(Post("Text.", (attachment,)), "key")
    dry.send(request, dry.upload(request), lambda: None)
    assert logged == [request]
    assert [Path(each.url).name for each in logged[0].uploads[0].requests] == [
        "initialize",
        "append",
        "finalize",
        f"upload?command=STATUS&media_id={attachment.sha256}",
        "metadata",
    ]
