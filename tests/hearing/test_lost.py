"""Whatever keeps posts from going out: one alert at the first lost slot, no heartbeat, and in the
end one all-clear."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from tests.hearing.life import Life, all_clear, only_alert
from tests.networks.servers import Api, Link, Server, nobody, reply, then


def lost_hours(one: Life, hours: int = 2) -> dict[str, Any]:
    """Some hours in which nothing can go out: the one alert that comes of them."""
    one.hour()
    first, beats = one.told()
    alert = only_alert(first)
    slot = one.now.replace(minute=0, second=0, microsecond=0)
    assert alert["stage"] == "begun"
    assert alert["slot"] == slot.isoformat()
    for _ in range(hours - 1):
        one.hour()
    more, beats = one.told()
    assert more == []
    assert beats == 0
    (need,) = one.needs()
    assert need["reason"]
    assert need["fix"]
    return alert


def garbled(data: bytes) -> Callable[[], Server]:
    return lambda: Api(lambda _: data)


def silent() -> Server:
    return Server(then(Link.read, Link.hang))


def slow() -> Server:
    return Server(then(Link.read, lambda link: link.trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ")))


BROKEN: dict[str, tuple[Callable[[], AbstractContextManager[Server | None]], str]] = {
    "500": (garbled(reply(500)), "500"),
    "503": (garbled(reply(503)), "503"),
    "HTML": (garbled(reply(200, b"<html>Hello</html>")), ""),
    "empty": (garbled(reply(200, b"")), ""),
    "302": (garbled(reply(302, headers={"Location": "https://elsewhere.example/"})), "302"),
    "403 unknown": (garbled(reply(403, {"title": "What?", "detail": "Who knows."})), "Who knows."),
    "hang": (silent, ""),
    "a byte a second": (slow, ""),
    "bad certificate": (lambda: Server(lambda _: None, tls=True), "certificate"),
    "connection refused": (nullcontext, "refused"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_network_that_is_broken(one: Life, how: str) -> None:
    make, cause = BROKEN[how]
    with make() as server:
        one.process(nobody() if server is None else server.url)
        alert = lost_hours(one)
    assert cause in alert["why"]
    assert alert["fix"]
    one.process()
    all_clear(one, alert)


def test_a_network_whose_name_is_unknown(one: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def unknown(host: Any, *more: Any, **options: Any) -> Any:
        if host == "nonexistent.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    one.process("https://nonexistent.invalid")
    alert = lost_hours(one)
    assert "nonexistent.invalid" in alert["why"] or "not known" in alert["why"]
    one.process()
    all_clear(one, alert)


def test_pictures_that_are_deleted_while_it_runs(one: Life) -> None:
    picture = one.site / "media/square.png"
    kept = picture.read_bytes()
    picture.unlink()
    alert = lost_hours(one)
    assert "was not posted: media/square.png can't be read: " in alert["why"]
    picture.write_bytes(kept)
    all_clear(one, alert)


def test_nothing_left_to_draw(one: Life) -> None:
    for _ in range(20):
        one.hour()
        alerts, _ = one.told()
        if alerts:
            break
    alert = only_alert(alerts)
    assert (alert["event"], alert["stage"]) == ("lost", "begun")
    assert "nothing is left to draw" in alert["why"]
    assert one.needs() != []
    one.hour()
    assert one.told() == ([], 0)
    template = one.site / "messages/templates/quote.txt"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("{{ quote }}", "Said then:\n\n{{ quote }}"), encoding="utf-8")
    one.process()
    all_clear(one, alert)


def test_a_post_that_may_be_out_is_held_in_the_end(one: Life) -> None:
    """The pictures go up, the post is answered with 503, and the account can't be read."""
    one.x.faults.add("status", code=503, times=None)
    one.x.faults.add("status", match="GET *", code=503, times=None)
    heard: list[dict[str, Any]] = []
    for _ in range(4):
        one.hour()
        alerts, _ = one.told()
        heard += alerts
    assert [alert["event"] for alert in heard] == ["held"]
    assert "bot resolve" in heard[0]["fix"]
