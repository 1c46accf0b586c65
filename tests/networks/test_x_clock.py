"""X's own time: from each of its answers, and asked for without credentials."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import Post
from bot.errors import NetworkError
from bot.networks import base
from bot.networks.base import DryRun, ServerClock
from bot.networks.x import X, XCredentials
from tests.fake_x import FakeX
from tests.networks.servers import Api, Link, Server, answers, nobody, reply, then

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
DATE = {"Date": "Tue, 01 Dec 2026 12:00:00 GMT"}
YEAR = timedelta(days=365)
SLACK = timedelta(minutes=2)
CREDENTIALS = XCredentials("key", "key-secret", "token", "token-secret")


class Seconds:
    """A clock of this host that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    seconds = Seconds()
    monkeypatch.setattr(base, "_seconds_of_this_host", seconds)
    return seconds


def test_whoever_never_heard_from_x_does_not_know() -> None:
    assert X(CREDENTIALS, ".").clock() is None


@pytest.mark.parametrize("status", [200, 204, 302, 401, 403, 404, 429, 500, 503])
def test_it_is_asked_without_credentials_and_whatever_it_answers_counts(
    seconds: Seconds, status: int
) -> None:
    with Api(answers(reply(status, b"<html>", DATE))) as server:
        x = X(None, ".", f"{server.url}/base/")
        assert x.ask_clock() == NOON
    [request] = server.seen
    assert (request.method, request.target, request.body) == ("GET", "/base/", b"")
    assert "authorization" not in request.headers
    seconds.now += 90
    assert x.clock() == NOON + timedelta(seconds=90)


@pytest.mark.parametrize("answer", [reply(200, {"data": {}}, DATE), reply(401, b"", DATE)])
def test_every_answer_says_it_anew(seconds: Seconds, answer: bytes) -> None:
    earlier = reply(200, b"", {"Date": "Tue, 01 Dec 2026 11:00:00 GMT"})
    with Api(answers(earlier, answer)) as server:
        x = X(CREDENTIALS, ".", server.url)
        assert x.ask_clock() == NOON - timedelta(hours=1)
        with pytest.raises(NetworkError):
            x.send(x.request(Post("Text."), "key"), (), lambda: None)
    assert x.clock() == NOON


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({**DATE, "Age": "40"}, NOON + timedelta(seconds=40)),
        ({**DATE, "Age": "-40"}, NOON),
        ({**DATE, "Age": "9" * 30}, NOON),
        ({"Date": "Tue, 01 Dec 2026 13:00:00 +0100"}, NOON),
        ({"Date": "Tue Dec  1 12:00:00 2026"}, NOON),
        ({"Date": "Tuesday, 01-Dec-26 12:00:00 GMT"}, NOON),
        ({"Date": "soon"}, None),
        ({"Date": "Tue, 99 Dec 2026 12:00:00 GMT"}, None),
        ({"Date": "Fri, 31 Dec 9999 23:59:59 GMT", "Age": "999999999"}, None),
        ({}, None),
    ],
)
def test_what_an_answer_says(headers: Mapping[str, str], said: datetime | None) -> None:
    clock = ServerClock(Seconds())
    clock.hear({name.lower(): value for name, value in headers.items()})
    assert clock.now() == said


def test_an_answer_that_does_not_say_leaves_what_was_heard() -> None:
    clock = ServerClock(Seconds())
    clock.hear({"date": DATE["Date"]})
    clock.hear({})
    assert clock.now() == NOON


def test_this_host_s_own_clock_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    with Api(answers(reply(200, b"", DATE))) as server:
        x = X(None, ".", server.url)
        x.ask_clock()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert x.clock() is not None
    assert abs((x.clock() or NOON) - NOON) < SLACK


def test_unanswered_it_says_so_even_where_it_heard_before() -> None:
    with Api(answers(reply(200, b"", DATE))) as server:
        x = X(None, ".", server.url)
        x.ask_clock()
    x._api_url = nobody()
    assert x.ask_clock() is None
    assert x.clock() is not None


@pytest.mark.parametrize(
    "url", ["http://nosuchhost.invalid", "http://127.0.0.1:99999", "http://[::1", "", "http://a..b"]
)
def test_it_never_raises(url: str) -> None:
    assert X(CREDENTIALS, ".", url).ask_clock() is None


@pytest.mark.parametrize(
    "handle",
    [Link.hang, then(Link.read, Link.hang), then(Link.read, lambda link: link.trickle(b"HTTP"))],
)
def test_it_is_over_after_a_while(monkeypatch: pytest.MonkeyPatch, handle: object) -> None:
    monkeypatch.setattr("bot.networks.x.ASK_SECONDS", 0.2)
    with Server(handle) as server:  # type: ignore[arg-type]
        assert X(None, ".", server.url).ask_clock() is None


def test_abort_ends_it() -> None:
    with Server(Link.hang) as server:
        x = X(None, ".", server.url)
        said: list[datetime | None] = []
        thread = threading.Thread(target=lambda: said.append(x.ask_clock()))
        thread.start()
        server.accepted.acquire()
        x.abort()
        thread.join()
    assert said == [None]


def test_a_dry_run_does_not_ask() -> None:
    with Server(Link.hang) as server:
        dry = DryRun(X(None, ".", server.url), ".", lambda _: None)
        assert (dry.clock(), dry.ask_clock()) == (None, None)
    assert server.links == []


@pytest.mark.parametrize("skew", [YEAR, -YEAR, timedelta(0)])
def test_the_fake_x_has_a_clock_of_its_own(skew: timedelta) -> None:
    with FakeX(date_skew=skew.total_seconds()) as fake:
        x = X(None, ".", fake.url)
        said = x.ask_clock()
        assert said is not None
        assert abs(said - datetime.now(UTC) - skew) < SLACK
        fake.date_skew = 0.0
        assert x.ask_clock() is not None
    now = x.clock()
    assert now is not None
    assert abs(now - datetime.now(UTC)) < SLACK
