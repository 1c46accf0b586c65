"""How a post's one request can end, and what is made of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain import Post, Receipt
from bot.errors import InDoubt, NetworkError, NotSent, Refused
from bot.logs import redactor
from bot.networks.x import X, XCredentials
from tests.networks.servers import Api, Link, Server, nobody, problem, reply, then

CREDENTIALS = XCredentials("key", "key-secret", "token", "token-secret")
POST = Post("The right to strike.")
SENT = reply(201, {"data": {"id": "1850000000000000001", "text": POST.text}})


def nothing() -> None:
    """What is done before the write, in most tests."""


def make(url: str, seconds: float = 30.0) -> X:
    return X(CREDENTIALS, ".", url, request_seconds=seconds)


def send(x: X, before_write: Callable[[], None] = nothing, ids: Sequence[str] = ()) -> Receipt:
    return x.send(x.request(POST, "key"), ids, before_write)


def ending(url: str, seconds: float = 30.0) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        send(make(url, seconds))
    assert caught.value.facts["network"] == "X"
    assert "secret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3
    return caught.value


def test_a_receipt() -> None:
    with Api(lambda _: SENT) as server:
        receipt = send(make(server.url))
    assert receipt == Receipt(
        "1850000000000000001", "https://x.com/i/web/status/1850000000000000001"
    )
    [request] = server.seen
    assert (request.method, request.target) == ("POST", "/2/tweets")
    assert request.json == {"text": POST.text}
    assert request.headers["host"] == server.url.removeprefix("http://")
    assert request.headers["content-type"] == "application/json"


PERMISSIONS = "Your client app is not configured with the appropriate oauth1 app permissions."
HTML = b"<html><body>Over capacity</body></html>"
RESET = {
    "x-rate-limit-limit": "100",
    "x-rate-limit-remaining": "0",
    "x-rate-limit-reset": "1795000000",
}
WIDE = {"status": 403, "account_wide": True, "person": None}
AUTOMATED = (
    "This request looks like it might be automated. To protect our users from spam and other "
    "malicious activity, we can't complete this action right now. Please try again later."
)
AT = datetime.fromtimestamp(1795000000, UTC)
MEDIA_GONE = {
    "errors": [{"message": "Your media IDs are invalid."}],
    "title": "Invalid Request",
    "detail": "One or more parameters to your request was invalid.",
    "type": "https://api.x.com/2/problems/invalid-request",
}

ANSWERS: dict[str, tuple[bytes, type[NetworkError], dict[str, Any], str]] = {
    "200 empty": (reply(200), InDoubt, {"status": 200}, "no id"),
    "201 empty": (reply(201), InDoubt, {"status": 201}, "no id"),
    "201 list": (reply(201, []), InDoubt, {"status": 201}, "no id"),
    "201 string": (reply(201, "ok"), InDoubt, {"status": 201}, "no id"),
    "201 HTML": (reply(201, HTML), InDoubt, {"status": 201}, "no id"),
    "201 no data": (reply(201, {"errors": []}), InDoubt, {}, "no id"),
    "201 data a list": (reply(201, {"data": []}), InDoubt, {}, "no id"),
    "201 no id": (reply(201, {"data": {"text": "x"}}), InDoubt, {}, "no id"),
    "201 odd id": (reply(201, {"data": {"id": "../1"}}), InDoubt, {}, "no id"),
    "201 number id": (reply(201, {"data": {"id": 18}}), InDoubt, {}, "no id"),
    "201 half": (reply(201, b'{"data":{"id":"18500'), InDoubt, {}, "no id"),
    "201 not UTF-8": (reply(201, b'{"data":{"id":"\xff"}}'), InDoubt, {}, "no id"),
    "201 very deep": (reply(201, b"[" * 200_000), InDoubt, {}, "no id"),
    "201 broken off": (
        b'HTTP/1.1 201 R\r\nContent-Length: 99\r\n\r\n{"data":{"id":"1"}}',
        InDoubt,
        {"status": 201},
        "no id",
    ),
    "201 huge": (reply(201, b'{"data":{"id":"1"}}' + b" " * 1_000_000), InDoubt, {}, "no id"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", InDoubt, {"status": 204}, "no id"),
    "302": (reply(302, b"", {"Location": "/elsewhere"}), InDoubt, {"status": 302}, "302"),
    "303": (reply(303, b"", {"Location": "https://x.com"}), InDoubt, {"status": 303}, "303"),
    "307": (reply(307, b"", {"Location": "http://"}), InDoubt, {"status": 307}, "307"),
    "400": (
        problem(400, "invalid-request", "Text is too long."),
        Refused,
        {"status": 400, "problem": "invalid-request"},
        "posting: 400 Text is too long.",
    ),
    "400 list": (reply(400, [{"message": "Not that."}]), Refused, {"status": 400}, "Not that."),
    "400 media gone": (reply(400, MEDIA_GONE), NotSent, {"media_gone": True}, "media IDs"),
    "400 HTML": (reply(400, HTML), Refused, {"status": 400}, "posting: 400\n"),
    "401": (
        problem(401, "about:blank", "Unauthorized"),
        NotSent,
        {"status": 401, "account_wide": True},
        "credentials",
    ),
    "401 huge": (reply(401, b" " * 1_000_001), NotSent, {"account_wide": True}, "credentials"),
    "402": (
        reply(402, {"title": "CreditsDepleted", "detail": "No credits.", "status": 402}),
        NotSent,
        {"status": 402, "account_wide": True, "person": True},
        "Buy credit",
    ),
    "402 HTML": (reply(402, HTML), NotSent, {"account_wide": True, "person": True}, "Buy credit"),
    "403 no credit": (
        reply(403, {"title": "CreditsDepleted"}),
        NotSent,
        {"account_wide": True, "person": True},
        "Buy credit",
    ),
    "403 duplicate": (
        problem(
            403, "about:blank", "You are not allowed to create a Tweet with duplicate content."
        ),
        InDoubt,
        {"status": 403},
        "duplicate",
    ),
    "403 duplicate in errors": (
        reply(403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}),
        InDoubt,
        {"status": 403},
        "duplicate",
    ),
    "403 permissions": (
        problem(403, "oauth1-permissions", PERMISSIONS),
        NotSent,
        {"account_wide": True, "problem": "oauth1-permissions"},
        "read and write",
    ),
    "403 not enrolled": (
        problem(403, "client-forbidden", "Attach the app to a project."),
        NotSent,
        {"account_wide": True},
        "project",
    ),
    "403 suspended": (
        problem(403, "about:blank", "Your account is suspended and may not do this."),
        NotSent,
        {"account_wide": True, "person": True},
        "Log in",
    ),
    "403 locked": (
        reply(403, {"errors": [{"code": 326, "message": "This account is temporarily locked."}]}),
        NotSent,
        {"account_wide": True, "person": True},
        "Log in",
    ),
    "403 too long": (
        problem(403, "about:blank", "Your Tweet text is too long."),
        Refused,
        {"status": 403},
        "won't have this post",
    ),
    "403 a link": (
        problem(403, "about:blank", "This request can't be completed because of a harmful link."),
        Refused,
        {"status": 403},
        "won't have this post",
    ),
    "403 said before": (
        reply(403, {"errors": [{"code": 187, "message": "You already said that."}]}),
        InDoubt,
        {"status": 403},
        "already said",
    ),
    "403 automated": (problem(403, "about:blank", AUTOMATED), NotSent, WIDE, "Automated label"),
    "403 automated in errors": (
        reply(403, {"errors": [{"code": 226, "message": AUTOMATED}]}),
        NotSent,
        WIDE,
        "Log in to the account",
    ),
    "403 not permitted": (
        problem(403, "about:blank", "You are not permitted to perform this action."),
        NotSent,
        WIDE,
        "Look at the account at x.com",
    ),
    "403 limited": (
        problem(403, "about:blank", "Your account is temporarily limited."),
        NotSent,
        WIDE,
        "Log in to the account",
    ),
    "403 unsupported authentication": (
        reply(403, {"title": "Unsupported Authentication", "status": 403}),
        NotSent,
        WIDE,
        "OAuth 1.0a",
    ),
    "403 the day's": (
        reply(403, {"errors": [{"code": 344, "message": "You have reached your daily limit."}]}),
        NotSent,
        WIDE,
        "daily limit",
    ),
    "403 unknown": (
        problem(403, "about:blank", "You have been blocked from this."),
        NotSent,
        WIDE,
        "Look at the account at x.com",
    ),
    "403 says nothing": (reply(403, {"title": "Forbidden"}), NotSent, WIDE, "Forbidden"),
    "429 of the month": (
        reply(
            429, {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap"}
        ),
        NotSent,
        {"account_wide": True, "retry_at": None},
        "Raise the cap",
    ),
    "429 of the month, with a time": (
        reply(429, {"type": "https://api.x.com/2/problems/usage-capped"}, RESET),
        NotSent,
        {"account_wide": True, "retry_at": AT},
        "Raise the cap",
    ),
    "403 spend cap": (reply(403, {"title": "SpendCapReached"}), NotSent, WIDE, "Raise the cap"),
    "403 HTML": (reply(403, HTML), InDoubt, {"status": 403}, "403"),
    "403 empty": (reply(403), InDoubt, {"status": 403}, "403"),
    "404 not X": (reply(404, HTML), NotSent, {"account_wide": True}, "X_API_URL"),
    "404 from X": (problem(404, "resource-not-found", "Gone."), Refused, {"status": 404}, "Gone."),
    "405": (reply(405), NotSent, {"account_wide": True}, "X_API_URL"),
    "408": (reply(408), InDoubt, {"status": 408}, "408"),
    "409": (reply(409), InDoubt, {"status": 409}, "409"),
    "413": (reply(413, HTML), Refused, {"status": 413}, "413"),
    "413 list": (reply(413, ["no"]), Refused, {"status": 413}, "413"),
    "418": (reply(418), InDoubt, {"status": 418}, "418"),
    "422": (problem(422, "invalid-request", "No."), Refused, {"status": 422}, "422 No."),
    "429": (reply(429, b"", RESET), NotSent, {"status": 429, "retry_at": AT}, "429"),
    "429 JSON": (reply(429, {"title": "Too Many Requests"}, RESET), NotSent, {"retry_at": AT}, ""),
    "429 without a time": (reply(429), NotSent, {"retry_at": None}, "429"),
    "429 odd time": (
        reply(429, b"", {"x-rate-limit-reset": "soon"}),
        NotSent,
        {"retry_at": None},
        "",
    ),
    "429 endless time": (
        reply(429, b"", {"x-rate-limit-reset": "9" * 30}),
        NotSent,
        {"retry_at": None},
        "",
    ),
    "429 of the day": (
        reply(
            429,
            b"",
            {
                "x-rate-limit-remaining": "99",
                "x-rate-limit-reset": "1700000000",
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": "1795000000",
            },
        ),
        NotSent,
        {"retry_at": AT},
        "429",
    ),
    "500": (problem(500, "internal-error", "Sorry."), InDoubt, {"status": 500}, "500 Sorry."),
    "503 HTML": (reply(503, HTML), InDoubt, {"status": 503}, "503"),
    "503 list": (reply(503, [1, 2]), InDoubt, {"status": 503}, "503"),
    "504": (reply(504), InDoubt, {"status": 504}, "504"),
    "599": (reply(599), InDoubt, {"status": 599}, "599"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(case: str) -> None:
    answer, kind, facts, words = ANSWERS[case]
    with Api(lambda _: answer) as server:
        error = ending(server.url)
    assert type(error) is kind
    assert {name: error.facts.get(name) for name in facts} == facts
    assert words in str(error)
    for fact in ("account_wide", "person"):
        assert bool(error.facts.get(fact)) is bool(facts.get(fact))
    assert len(server.links) == 1, "a post is never sent twice"


def test_retry_at_is_what_the_error_offers() -> None:
    with Api(lambda _: reply(429, b"", RESET)) as server:
        error = ending(server.url)
    assert isinstance(error, NotSent)
    assert error.retry_at == AT


def test_an_id_is_believed_with_any_success() -> None:
    body = {"data": {"id": "7", "text": "x"}, "errors": [{"title": "a field was left out"}]}
    with Api(lambda _: reply(200, body)) as server:
        assert send(make(server.url)).remote_id == "7"


def test_what_x_says_stays_on_one_line_and_short() -> None:
    evil = 'a\n{"event":"posted"}\x1b[31m' + "b" * 5000
    with Api(lambda _: problem(400, "invalid-request", evil)) as server:
        error = ending(server.url)
    first = str(error).splitlines()[0]
    assert '400 a {"event":"posted"}[31mbbb' in first
    assert len(first) < 260
    assert first.isprintable()


HALF = b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n"

BREAKS: dict[str, tuple[Callable[[Link], None], str]] = {
    "reset before reading": (then(Link.peek, Link.reset), "posting: "),
    "closed before reading": (Link.peek, "posting: "),
    "reset after reading": (then(Link.read, Link.reset), "posting: "),
    "closed after reading": (then(Link.read), "without response"),
    "rubbish": (then(Link.read, lambda link: link.write(b"SSH-2.0-x\r\n\r\n")), "BadStatusLine"),
    "rubbish headers": (
        then(Link.read, lambda link: link.write(b"HTTP/1.1 201 R\r\n" + b"a: b\r\n" * 200)),
        "HTTPException",
    ),
    "silence": (then(Link.read, Link.hang), "it took longer than 3 s"),
    "never reads": (Link.hang, "it took longer than 3 s"),
    "trickling first line": (
        then(Link.read, lambda link: link.trickle(b"HTTP/1.1" + b" " * 99)),
        "it took longer than 3 s",
    ),
    "trickling head": (
        then(
            Link.read,
            lambda link: link.write(b"HTTP/1.1 201 Created\r\n"),
            lambda link: link.trickle(b"a: b\r\n"),
        ),
        "no id came with it",
    ),
    "endless 100": (
        then(Link.read, lambda link: link.trickle(b"HTTP/1.1 100 Continue\r\n\r\n")),
        "it took longer than 3 s",
    ),
    "trickling body": (
        then(Link.read, lambda link: link.write(HALF), lambda link: link.trickle(b" ")),
        "no id came with it",
    ),
    "trickling body without an end": (
        then(
            Link.read,
            lambda link: link.write(b"HTTP/1.1 201 R\r\n\r\n"),
            lambda link: link.trickle(b" "),
        ),
        "no id came with it",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_once_a_byte_is_written_a_broken_connection_is_a_doubt(case: str) -> None:
    handle, words = BREAKS[case]
    with Server(handle) as server:
        error = ending(server.url, seconds=3)
    assert type(error) is InDoubt
    assert words in str(error)
    assert len(server.links) == 1


def test_the_deadline_is_for_the_whole_request() -> None:
    """Every byte comes well inside a time-out between two bytes; the sum does not."""
    body = b'{"data":{"id":"1"}}' + b" " * 1200
    head = f"HTTP/1.1 201 R\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with Server(then(Link.read, lambda link: link.trickle(head + body))) as server:
        assert type(ending(server.url, seconds=3)) is InDoubt


def test_nobody_listens() -> None:
    error = ending(nobody())
    assert type(error) is NotSent
    assert "refused" in str(error)
    assert "X_API_URL" in str(error)


@pytest.mark.parametrize(
    "url", ["http://nosuchhost.invalid", "http://127.0.0.1:99999", "http://[::1", "http://a..b", ""]
)
def test_no_such_address(url: str) -> None:
    assert type(ending(url)) is NotSent


def test_tls_fails() -> None:
    with Server(lambda link: link.write(b"no TLS here\r\n")) as server:
        error = ending(server.url.replace("http:", "https:"))
    assert type(error) is NotSent
    assert b"tweets" not in server.raw


def test_tls_with_an_unknown_authority() -> None:
    with Api(lambda _: SENT, tls=True) as server:
        error = ending(server.url)
    assert type(error) is NotSent
    assert "certificate verify failed" in str(error)
    assert server.seen == []


def test_tls_hangs() -> None:
    with Server(Link.hang) as server:
        error = ending(server.url.replace("http:", "https:"), seconds=0.3)
    assert type(error) is NotSent
    assert "it took longer than 0.3 s" in str(error)


class Held(Exception):
    """What a guard might raise."""


@pytest.mark.parametrize("error", [Held(), OSError("disk"), InDoubt(what="?"), KeyboardInterrupt()])
def test_what_is_raised_before_the_write_passes_through_and_nothing_was_sent(
    error: BaseException,
) -> None:
    def guard() -> None:
        assert server.accepted.acquire(timeout=30), "it is asked once the connection stands"
        raise error

    with Server(Link.hang) as server:
        with pytest.raises(type(error)) as caught:
            send(make(server.url), guard)
        assert caught.value is error
    assert server.raw == b""
    assert len(server.links) == 1


def test_the_guard_is_asked_before_the_first_byte() -> None:
    raw = []
    with Api(lambda _: SENT) as server:
        send(make(server.url), lambda: raw.append(server.raw))
    assert raw == [b""]
    assert len(server.seen) == 1


def test_the_guard_is_not_asked_without_a_connection() -> None:
    asked = []
    with pytest.raises(NotSent):
        send(make(nobody()), lambda: asked.append(1))
    assert asked == []


def test_a_guard_that_takes_too_long_means_that_nothing_is_sent() -> None:
    gone = threading.Event()

    def guard() -> None:
        assert gone.wait(30), "the deadline ends the connection, whatever the guard does"

    server = Server(then(Link.read, lambda _: gone.set()))
    with server, pytest.raises(NotSent, match=r"took longer than 0\.2 s"):
        send(make(server.url, 0.2), guard)
    assert server.raw == b""


def test_abort_while_the_answer_is_awaited() -> None:
    with Server(then(Link.read, lambda _: x.abort(), Link.hang)) as server:
        x = make(server.url)
        with pytest.raises(InDoubt, match="it was aborted"):
            send(x)


def test_abort_while_the_guard_is_asked() -> None:
    with Server(Link.hang) as server:
        x = make(server.url)
        with pytest.raises(NotSent, match="it was aborted"):
            send(x, lambda: threads_call(x.abort))
    assert server.raw == b""


def test_what_the_guard_says_counts_more_than_an_abort() -> None:
    def guard() -> None:
        x.abort()
        raise Held

    with Server(Link.hang) as server:
        x = make(server.url)
        with pytest.raises(Held):
            send(x, guard)


def threads_call(function: Callable[[], None]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_abort_ends_only_what_is_in_flight() -> None:
    with Api(lambda _: SENT) as server:
        x = make(server.url)
        x.abort()
        assert send(x).remote_id == "1850000000000000001"
        x.close()


def test_without_credentials_nothing_talks() -> None:
    with Api(lambda _: SENT) as server:
        x = X(None, ".", server.url)
        for talk in (lambda: send(x), x.whoami, lambda: x.find(AT)):
            with pytest.raises(NotSent, match="no credentials") as caught:
                talk()
            assert caught.value.facts["account_wide"] is True
    assert server.links == []


def test_tls_that_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.networks import _flight
    from tests.networks.servers import AUTHORITY

    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    _flight._tls.cache_clear()
    try:
        with Api(lambda _: SENT, tls=True) as server:
            assert send(make(server.url)).remote_id == "1850000000000000001"
    finally:
        _flight._tls.cache_clear()


def test_the_environment_s_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, nobody())
    with Api(lambda _: SENT) as server:
        assert send(make(server.url)).remote_id == "1850000000000000001"


def test_a_base_address_may_have_a_path() -> None:
    with Api(lambda _: SENT) as server:
        send(make(f"{server.url}/to/x/"))
    assert server.seen[0].target == "/to/x/2/tweets"


def test_a_secret_in_an_answer_is_gone_before_the_answer_is_cut_short() -> None:
    said = "x" * 190 + " token-secret-of-somebody"
    with Api(lambda _: problem(400, "invalid-request", said)) as server:
        x = X(CREDENTIALS, ".", server.url, redact=redactor(["token-secret-of-somebody"]))
        with pytest.raises(Refused) as caught:
            send(x)
    assert "token-" not in str(caught.value)
    assert "xxx ***" in str(caught.value)
