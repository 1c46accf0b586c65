"""An alert leaves as plain JSON or through Apprise, to where the setting says and nowhere else."""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot import alerts
from bot.alerts import addresses, call, in_words, key_of, send
from bot.errors import SettingsError
from tests.listener import Listener
from tests.networks.servers import nobody

FAR = 60.0
"""Seconds within which something is sure to happen, if it happens at all."""

ALERT = {
    "id": "x/lost/2026-12-01T11:00:00+00:00",
    "stage": "begun",
    "event": "lost",
    "message": "x/2026-12-01T11:00:00+00:00 was not posted: <no answer> & *none*.",
    "campaign": "Stand with the Harbour",
    "account": "x",
    "host": "server-1",
    "since": "2026-12-01T11:00:00+00:00",
}


@contextmanager
def answering(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The address of a server that treats its one caller as it is told, until the end."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.recv(65536)
                answer(caller, over)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        over.set()
        thread.join()
    for calling in [each for each in threading.enumerate() if each.name == "calling-out"]:
        calling.join()


def hang(_: socket.socket, over: threading.Event) -> None:
    over.wait(FAR)


def trickle(caller: socket.socket, over: threading.Event) -> None:
    """Byte by byte, so that no single wait is long; after a while it has an end."""
    caller.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(200):
        if over.wait(0.02):
            return
        caller.sendall(b"x")
    caller.sendall(b"\r\nContent-Length: 0\r\n\r\n")


def garbage(caller: socket.socket, _: threading.Event) -> None:
    caller.sendall(b"what?\r\n\r\n")


def hang_up(caller: socket.socket, _: threading.Event) -> None:
    caller.sendall(b"")


# -- plain JSON -------------------------------------------------------------------------------


def test_one_web_address_gets_the_alert_as_json() -> None:
    with Listener() as listener:
        assert addresses(f"  {listener.url} ") == [listener.url]
        assert send(listener.url, ALERT) is None
        assert listener.alerts() == [ALERT]


@pytest.mark.parametrize(
    ("said", "meant"), [("bot:s%40cret", "bot:s@cret"), ("token", "token:"), ("bot:", "bot:")]
)
def test_name_and_password_in_an_address_are_said_to_who_is_there(said: str, meant: str) -> None:
    with Listener() as listener:
        assert call(listener.url.replace("//", f"//{said}@")) is None
        _, path, headers, _ = listener.got.get()
    assert headers["Authorization"] == f"Basic {base64.b64encode(meant.encode()).decode()}"
    assert (path, "@" in headers["Host"]) == ("/hook", False)


@pytest.mark.parametrize("answer", [hang, trickle])
def test_an_address_that_hangs_is_given_up(
    answer: Callable[[socket.socket, threading.Event], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "CALL_SECONDS", 0.1)
    with answering(answer) as url:
        why = send(url, ALERT)
    assert why is not None
    assert "no answer within 0.1 s" in why or "timed out" in why


@pytest.mark.parametrize("answer", [garbage, hang_up])
def test_an_address_that_answers_nonsense_did_not_take_it(
    answer: Callable[[socket.socket, threading.Event], None],
) -> None:
    with answering(answer) as url:
        why = send(url, ALERT)
    assert why is not None
    assert ("BadStatusLine" in why, "\n" in why) == (False, False)


def test_a_proxy_that_is_not_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = nobody()
    monkeypatch.setenv("http_proxy", dead.replace("//", "//bot:geheimnis@"))
    assert call("http://alerts.example/") == "Connection refused, by the proxy of HTTP_PROXY"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert call(dead) == "Connection refused"


def test_an_address_that_refuses_did_not_take_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/hook"
    assert "refused" in (send(url, ALERT) or "")
    assert send("http://[/", ALERT) is not None


@pytest.mark.parametrize("status", [500, 503, 404])
def test_an_error_is_told(status: int) -> None:
    with Listener(status) as listener:
        assert (call(listener.url) or "").startswith(str(status))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with Listener() as elsewhere, Listener(status, location=elsewhere.url) as listener:
        for why in (send(listener.url, ALERT), call(listener.url)):
            assert why is not None
            assert why.startswith(f"{status} ")
            assert "redirects are not followed" in why
        assert elsewhere.got.empty()


# -- Apprise ----------------------------------------------------------------------------------


def service(listener: Listener, more: str = "") -> str:
    """The address by which Apprise posts its own JSON there."""
    return listener.url.replace("http://", "json://") + more


def test_a_service_gets_title_and_text_as_they_are() -> None:
    with Listener() as listener:
        (address,) = addresses(service(listener))
        assert send(address, ALERT) is None
        _, path, _, body = listener.got.get(timeout=FAR)
    said = json.loads(body)
    assert path == "/hook"
    assert said["title"] == "Stand with the Harbour: x: lost"
    assert said["message"].splitlines()[0] == ALERT["message"]
    assert f"id: {ALERT['id']}" in said["message"]
    assert said["type"] == "failure"


def test_what_is_over_is_told_as_good_news() -> None:
    with Listener() as listener:
        assert send(service(listener), {**ALERT, "stage": "over"}) is None
        said = json.loads(listener.got.get(timeout=FAR)[3])
    assert (said["type"], said["title"]) == ("success", "Stand with the Harbour: x: over: lost")
    assert in_words({**ALERT, "stage": "reminder"})[0].endswith("x: still: lost")


@pytest.mark.parametrize("more", ["", "?redirect=yes"])
def test_no_service_follows_a_redirect(more: str) -> None:
    with Listener() as elsewhere, Listener(302, location=elsewhere.url) as listener:
        assert send(service(listener, more), ALERT) == "json:// did not take it"
        assert elsewhere.got.empty()
        assert not listener.got.empty()


def test_several_addresses_are_told_apart_by_apprise() -> None:
    with Listener() as one, Listener() as other:
        setting = f"{service(one)}, {other.url}"
        assert addresses(setting) == [service(one), other.url]
        assert addresses(f"{setting} {other.url}") == [service(one), other.url], "each once"
    assert addresses("") == []


@pytest.mark.parametrize("setting", ["nonesuch://a/b", "slack://", "https://example.org, what?"])
def test_what_apprise_can_not_read_is_said_without_the_address(setting: str) -> None:
    with pytest.raises(SettingsError) as caught:
        addresses(setting)
    said = str(caught.value)
    assert said.startswith("ALERT_URL: ")
    assert "a/b" not in said
    assert "example.org" not in said


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert addresses("https://hooks.example/one") == ["https://hooks.example/one"]
    with pytest.raises(SettingsError, match=r"pip install '\.\[alerts\]'"):
        addresses("slack://T/B/C")


def test_a_service_that_breaks_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("what?")

    import apprise

    monkeypatch.setattr(apprise.Apprise, "notify", broken)
    assert send("json://127.0.0.1:1/hook", ALERT) == "ZeroDivisionError: what?"


def test_the_ledger_knows_an_address_by_its_hash() -> None:
    assert key_of("slack://T/B/C") == key_of("slack://T/B/C") != key_of("slack://T/B/D")
    assert "T/B" not in key_of("slack://T/B/C")
