"""Reading back what the account posted, who it is, and how requests are signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from requests.exceptions import InvalidHeader

from bot.domain import Attachment, Post
from bot.errors import NetworkError, NotSent, Refused
from bot.networks._http import Session
from bot.networks.x import X, XCredentials
from tests.networks.servers import Api, Seen, nobody, problem, reply

CREDENTIALS = XCredentials("the key", "key&secret", "1234-token", "token/secret")
SINCE = datetime(2026, 12, 1, 12, 0, 5, 999_999, tzinfo=timezone(timedelta(hours=1)))
POST = Post("The right to strike.")
ME = reply(200, {"data": {"id": "2244994945", "name": "A bot", "username": "a_bot"}})


def item(number: int, text: str = POST.text, **more: Any) -> dict[str, Any]:
    return {"id": str(number), "text": text, "created_at": "2026-12-01T12:00:00.000Z", **more}


def page(*items: dict[str, Any], **meta: Any) -> bytes:
    body: dict[str, Any] = {"meta": {"result_count": len(items), **meta}}
    return reply(200, {**body, "data": list(items)} if items else body)


def pages(*replies: bytes, me: bytes = ME) -> Callable[[Seen], bytes]:
    left = iter(replies)
    return lambda request: me if request.path == "/2/users/me" else next(left)


def make(url: str) -> X:
    return X(CREDENTIALS, ".", url)


def test_find() -> None:
    answer = page(item(12, "Something else."), item(11), item(10, POST.text + "!"))
    with Api(pages(answer)) as server:
        found = make(server.url).find(SINCE)
    assert [(each.receipt.remote_id, each.same(POST)) for each in found] == [
        ("12", False),
        ("11", True),
        ("10", False),
    ]
    assert found[1].receipt.url == "https://x.com/i/web/status/11"
    assert {each.created_at for each in found} == {datetime(2026, 12, 1, 12, tzinfo=UTC)}
    request = server.seen[-1]
    assert (request.method, request.path) == ("GET", "/2/users/2244994945/tweets")
    assert request.query == {
        "max_results": "100",
        "start_time": "2026-12-01T11:00:05Z",
        "exclude": "replies,retweets",
        "post.fields": "attachments,created_at,entities,note_post",
    }


def test_nothing_was_posted() -> None:
    with Api(pages(page())) as server:
        assert make(server.url).find(SINCE) == []


def test_all_pages_are_read() -> None:
    answer = pages(
        page(item(3, "c"), item(2, "b"), next_token="b26v89c19zqg8o3fo7gesq"), page(item(1))
    )
    with Api(answer) as server:
        found = make(server.url).find(SINCE)
    assert [each.receipt.remote_id for each in found] == ["3", "2", "1"]
    first, second = server.seen[1:]
    assert second.query == {**first.query, "pagination_token": "b26v89c19zqg8o3fo7gesq"}


def test_too_many_to_read_is_not_taken_for_absent() -> None:
    endless = pages(*[page(item(n, "x"), next_token="more") for n in range(9)])
    with Api(endless) as server, pytest.raises(Refused, match="more than 500"):
        make(server.url).find(SINCE)
    assert len(server.seen) == 6


def test_who_it_is_is_asked_once_for_reading_and_always_for_doctor() -> None:
    with Api(pages(page(), page())) as server:
        x = make(server.url)
        x.find(SINCE)
        x.find(SINCE)
        assert x.whoami() == "@a_bot"
        assert x.whoami() == "@a_bot"
    paths = [seen.path for seen in server.seen]
    assert paths.count("/2/users/me") == 3


def test_what_reading_costs_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Api(pages(page(item(2), item(1)), page(item(3)))) as server:
        x = make(server.url)
        x.find(SINCE)
        x.find(SINCE)
    assert x.posts_read == 3
    assert caplog.messages == [
        "read 2 posts back from X, for $0.002 to $0.010; since the start at most $0.010",
        "read 1 posts back from X, for $0.001 to $0.005; since the start at most $0.015",
    ]


UNREADABLE = {
    "empty": reply(200),
    "list": reply(200, []),
    "HTML": reply(200, b"<html>"),
    "no meta": reply(200, {"data": [item(1)]}),
    "only errors": reply(200, {"errors": [{"title": "Forbidden", "detail": "suspended"}]}),
    "data no list": reply(200, {"data": {}, "meta": {"result_count": 0}}),
    "count differs": reply(200, {"data": [item(1)], "meta": {"result_count": 2}}),
    "count without data": reply(200, {"meta": {"result_count": 1}}),
    "no count": reply(200, {"meta": {}}),
    "no time": page({"id": "1", "text": "x"}),
    "odd time": page(item(1, created_at="soon")),
    "time without zone": page(item(1, created_at="2026-12-01T12:00:00")),
    "no text": page({"id": "1", "created_at": "2026-12-01T12:00:00Z"}),
    "item no object": reply(200, {"data": [7], "meta": {"result_count": 1}}),
    "odd attachments": page(item(1, attachments=[1])),
    "odd entities": page(item(1, entities={"urls": [7]})),
    "odd links": page(item(1, entities={"urls": 7})),
    "odd note": page(item(1, note_post="x")),
    "broken off": b"HTTP/1.1 200 R\r\nContent-Length: 999\r\n\r\n{}",
    "500": reply(500),
    "302": reply(302, b"", {"Location": "/"}),
    "404": reply(404),
    "429": reply(429),
    "401": reply(401),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_not_taken_for_absent(case: str) -> None:
    with Api(pages(UNREADABLE[case])) as server, pytest.raises(NotSent) as caught:
        make(server.url).find(SINCE)
    assert "reading the account's posts" in str(caught.value)


def test_reading_without_credit_may_do_later() -> None:
    with Api(pages(problem(402, "about:blank", "No."))) as server, pytest.raises(NotSent) as caught:
        make(server.url).find(SINCE)
    assert (caught.value.facts["account_wide"], caught.value.facts["person"]) == (True, True)


@pytest.mark.parametrize("status", [400, 403])
def test_what_x_will_not_show_is_refused(status: int) -> None:
    with Api(pages(problem(status, "about:blank", "No."))) as server, pytest.raises(Refused):
        make(server.url).find(SINCE)


@pytest.mark.parametrize(
    "answer",
    [
        reply(200),
        reply(200, {"data": {"id": "1"}}),
        reply(200, {"data": {"id": 1, "username": "a"}}),
        reply(200, {"data": {"id": "1/2", "username": "a"}}),
        reply(200, {"data": {"id": "1", "username": None}}),
        reply(401, {"title": "Unauthorized"}),
        reply(503, b"<html>"),
    ],
)
def test_whoami_that_fails(answer: bytes) -> None:
    with Api(pages(me=answer)) as server, pytest.raises(NotSent, match="who the account is"):
        make(server.url).whoami()


def test_whoami_without_a_network() -> None:
    with pytest.raises(NetworkError):
        make(nobody()).whoami()


# --- Signing -----------------------------------------------------------------------------------


def signature(request: Seen, oauth: dict[str, str], address: str) -> str:
    """What OAuth 1.0a (RFC 5849, 3.4) has for this request, were it sent to that address."""
    signed = {name: value for name, value in oauth.items() if name != "oauth_signature"}
    query = parse_qsl(urlsplit(request.target).query)
    pairs = sorted((quote(k, safe=""), quote(v, safe="")) for k, v in [*signed.items(), *query])
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join(
        quote(part, safe="") for part in (request.method, address + request.path, parameters)
    )
    key = "&".join(quote(secret, safe="") for secret in ("key&secret", "token/secret"))
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def everything(url: str) -> Iterator[None]:
    x = make(url)
    x.find(SINCE)
    yield
    x.send(x.request(POST, "key"), (), lambda: None)
    yield


def test_every_request_is_signed_for_x_wherever_it_goes() -> None:
    posted = reply(201, {"data": {"id": "1", "text": POST.text}})
    with Api(pages(page(), posted)) as server:
        for _ in everything(server.url):
            pass
    assert [seen.path for seen in server.seen] == [
        "/2/users/me",
        "/2/users/2244994945/tweets",
        "/2/tweets",
    ]
    for seen in server.seen:
        kind, _, rest = seen.headers["authorization"].partition(" ")
        pairs = (part.strip().partition("=") for part in rest.split(","))
        oauth = {name: unquote(value.strip('"')) for name, _, value in pairs}
        assert kind == "OAuth"
        assert (oauth["oauth_consumer_key"], oauth["oauth_token"]) == ("the key", "1234-token")
        assert oauth["oauth_signature"] == signature(seen, oauth, "https://api.x.com")


def test_secrets_are_neither_sent_nor_logged_nor_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Api(pages(page(), reply(201, {"data": {"id": "1"}}))) as server:
        for _ in everything(server.url):
            pass
    secrets = ("key&secret", "token/secret")
    for shown in (server.raw.decode(), caplog.text, repr(CREDENTIALS), str(CREDENTIALS)):
        for secret in secrets:
            assert secret not in shown
            assert quote(secret, safe="") not in shown
    assert "oauth_signature" not in caplog.text


def test_a_failure_s_own_words_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """tweepy's and requests' may quote headers, the signature among them."""
    for error in (InvalidHeader("Authorization: OAuth xyz"), ValueError("OAuth xyz")):

        def fail(*_: object, why: Exception = error, **__: object) -> None:
            raise why

        monkeypatch.setattr(Session, "request", fail)
        with pytest.raises(NotSent) as caught:
            make(nobody()).whoami()
        assert "xyz" not in str(caught.value)
        assert type(error).__name__ in str(caught.value)


def test_the_sdk_does_not_log_what_it_sends(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("tweepy", "oauthlib", "requests_oauthlib", "urllib3"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    caplog.set_level(logging.DEBUG)
    with Api(pages(page(item(1)))) as server:
        make(server.url).find(SINCE)
    assert {record.name for record in caplog.records} == {"bot.networks.x"}


def test_a_picture_is_asked_of_what_is_found() -> None:
    picture = Attachment("media/a.png", "Alt.", "image/png", 3, "0" * 64)
    with_picture = item(2, f"{POST.text} https://t.co/abc", attachments={"media_keys": ["3_1"]})
    with Api(pages(page(with_picture, item(1)))) as server:
        found = make(server.url).find(SINCE)
    post = Post(POST.text, (picture,))
    assert [each.same(post) for each in found] == [True, False]
    assert [each.text for each in found] == [POST.text, POST.text]
