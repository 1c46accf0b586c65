"""Through a proxy that the environment names: by CONNECT, in bounded time, its password unseen."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from bot.errors import InDoubt, NotSent
from bot.networks import _flight
from bot.networks._proxy import Proxy, proxy_for
from bot.networks.x import X
from tests.networks.servers import AUTHORITY, Api, Link, Server, nobody, reply, then
from tests.networks.test_x_errors import CREDENTIALS, POST, SENT, make, send

DATE = "Tue, 01 Dec 2026 12:00:00 GMT"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The authority of the tests is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    _flight._tls.cache_clear()
    yield
    _flight._tls.cache_clear()


def connect(
    answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n",
) -> Callable[[Link], None]:
    """A small proxy: answers CONNECT, and passes on what comes from either side."""

    def handle(link: Link) -> None:
        while b"\r\n\r\n" not in link.raw:
            if not link._more():
                return
        link.write(answer)
        target = link.raw.split(b" ")[1].decode()
        host, _, port = target.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))) as there:
            _pass_on(link.socket, there)

    return handle


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    to = {one: other, other: one}
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            to[ready].sendall(data)


def test_x_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Api(lambda _: SENT, tls=True) as server, Server(connect()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert send(make(server.url)).remote_id == "1850000000000000001"
    host = server.url.removeprefix("https://")
    assert proxy.raw.decode().startswith(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n")
    [seen] = server.seen
    assert seen.target == "/2/tweets"
    assert "proxy-authorization" not in seen.headers
    assert b"OAuth" not in proxy.raw, "the proxy sees nothing of what goes through"


def test_the_clock_is_asked_through_it_and_is_x_s(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = b"HTTP/1.1 200 OK\r\nDate: Tue, 01 Dec 2020 12:00:00 GMT\r\n\r\n"
    dated = reply(404, b"", {"Date": DATE})
    with Api(lambda _: dated, tls=True) as server, Server(connect(answer)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        said = X(None, ".", server.url).ask_clock()
    assert said is not None
    assert said.date() == datetime(2026, 12, 1, tzinfo=UTC).date()


@pytest.mark.parametrize(
    ("user", "pair"),
    [
        ("bot:p%40ss%2Fw%C3%B6rd@", "bot:p@ss/wörd"),
        ("bot@", "bot:"),
        ("bot:a:b@", "bot:a:b"),
    ],
)
def test_the_proxy_gets_its_name_and_password(
    monkeypatch: pytest.MonkeyPatch, user: str, pair: str
) -> None:
    with Api(lambda _: SENT, tls=True) as server, Server(connect()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", f"//{user}"))
        send(make(server.url))
    coded = base64.b64encode(pair.encode()).decode()
    assert f"\r\nProxy-Authorization: Basic {coded}\r\n" in proxy.raw.decode()
    assert "proxy-authorization" not in server.seen[0].headers


def test_an_address_without_a_scheme_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with Api(lambda _: SENT, tls=True) as server, Server(connect()) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url.removeprefix("http://"))
        send(make(server.url))
    assert proxy.links


@pytest.mark.parametrize(
    "without", ["127.0.0.1", "*", "10.0.0.0/8,127.0.0.0/8", "localhost, 127.0.0.1"]
)
def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch, without: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", nobody())
    monkeypatch.setenv("NO_PROXY", without)
    with Api(lambda _: SENT, tls=True) as server:
        send(make(server.url))


def test_plain_http_which_is_for_this_machine_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, nobody())
    with Api(lambda _: SENT) as server:
        send(make(server.url))


# -- what goes wrong ------------------------------------------------------------------------------


def why(url: str = "https://127.0.0.1:9", seconds: float = 30.0) -> str:
    with pytest.raises(NotSent) as caught:
        send(make(url, seconds))
    return str(caught.value)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    there = nobody()
    monkeypatch.setenv("HTTPS_PROXY", there.replace("//", "//bot:geheimnis@"))
    said = why()
    where = there.removeprefix("http://")
    assert f"the proxy of HTTPS_PROXY at {where} is not reached: Connection refused" in said
    assert "Check HTTPS_PROXY, and that the proxy runs." in said
    assert "X_API_URL" not in said
    assert "geheimnis" not in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "it wants a name and a password"),
        (b"HTTP/1.0 403 Forbidden\r\nX: y\r\n\r\n", "answered 403: it did not connect"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "answered 502"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", "answered 302"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not answer as a proxy does"),
        (b"HTTP/1.1 yes\r\n\r\n", "does not answer as a proxy does"),
        (b"", "does not answer as a proxy does"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, "does not answer as a proxy does"),
    ],
)
def test_a_proxy_that_does_not_connect(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, said: str
) -> None:
    handle = then(lambda link: link.socket.recv(65536), lambda link: link.write(answer))
    with Server(handle) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//bot:geheimnis@"))
        said_in_all = why()
    assert said in said_in_all
    assert "geheimnis" not in said_in_all
    assert "OAuth" not in proxy.raw.decode()


@pytest.mark.parametrize(
    "handle",
    [
        Link.hang,
        lambda link: link.trickle(b"HTTP/1.1 200 OK\r\n"),
        then(lambda link: link.write(b"HTTP/1.1 200 OK\r\n\r\n"), Link.hang),
    ],
)
def test_it_is_over_in_time(
    monkeypatch: pytest.MonkeyPatch, handle: Callable[[Link], None]
) -> None:
    with Server(handle) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert "it took longer than 0.5 s" in why(seconds=0.5)


def test_abort_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(Link.hang) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        x = make("https://127.0.0.1:9")

        def abort() -> None:
            proxy.accepted.acquire()
            x.abort()

        aborting = threading.Thread(target=abort)
        aborting.start()
        with pytest.raises(NotSent, match="it was aborted"):
            send(x)
        aborting.join()


def test_the_guard_is_asked_after_the_tunnel_stands_and_before_x_gets_a_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Held(Exception):
        pass

    def guard() -> None:
        assert proxy.raw.startswith(b"CONNECT ")
        assert server.seen == []
        raise Held

    with Api(lambda _: SENT, tls=True) as server, Server(connect()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(Held):
            send(make(server.url), guard)
    assert server.seen == []


def test_a_certificate_is_x_s_not_the_proxy_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    _flight._tls.cache_clear()
    with Api(lambda _: SENT, tls=True) as server, Server(connect()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert "certificate verify failed" in why(server.url)
    assert server.seen == []


def test_once_x_has_a_byte_a_broken_tunnel_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    with Api(lambda _: b"", tls=True) as server, Server(connect()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(InDoubt):
            send(make(server.url))


@pytest.mark.parametrize(
    "url",
    [
        "https://bot:geheimnis@proxy.example:3128",
        "socks5://bot:geheimnis@proxy.example:1080",
        "http://bot:geheim/nis@proxy.example:3128",
        "http://bot:geheim[nis@proxy.example:3128",
        "http://bot:1234/geheim@proxy.example:3128",
        "http://bot:geheimnis@:3128",
        "http://bot:geheimnis@proxy.example:port",
    ],
)
def test_an_address_that_can_t_be_used_is_refused_unseen(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    said = why("https://api.x.com")
    assert "HTTPS_PROXY" in said
    assert "http://" in said
    assert "geheim" not in said


def test_a_proxy_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://bot:geheimnis@proxy.example:3128")
    proxy = proxy_for("https://api.x.com")
    assert proxy == Proxy("proxy.example", 3128, "Basic Ym90OmdlaGVpbW5pcw==")
    assert repr(proxy) == "Proxy(proxy.example:3128)"
    assert X(CREDENTIALS, ".").request(POST, "key").headers == {}
