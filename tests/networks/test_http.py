"""The transport: what it does below one network's meaning of it."""

from __future__ import annotations

import io
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.networks._flight import CutError, Flight, _tls
from bot.networks._http import FileBody, Session
from tests.networks.servers import AUTHORITY, Api, Link, Server, answers, nobody, reply, then

ORIGIN = "https://api.example.org"


def get(flight: Flight, path: str = "/a?b=c", **options: Any) -> requests.Response:
    with Session(flight, ORIGIN) as session:
        return session.request("GET", f"https://sdk.example.net{path}", **options)


def answer_of(flight: Flight) -> tuple[int, bytes | None] | None:
    answer = flight.answer
    return None if answer is None else (answer.status, answer.body)


def wrote(flight: Flight) -> bool:
    return flight.wrote


def test_whatever_host_is_named_the_base_is_asked() -> None:
    with Api(answers(reply(200, {"a": 1}, {"X-Name": "v"}))) as server:
        flight = Flight(f"{server.url}/base/", 30)
        response = get(flight)
    assert (response.status_code, response.json(), response.headers["x-name"]) == (
        200,
        {"a": 1},
        "v",
    )
    assert response.request.url == f"{ORIGIN}/a?b=c"
    assert server.seen[0].target == "/base/a?b=c"
    assert server.seen[0].headers["connection"] == "close"
    assert flight.answer is not None
    assert flight.answer.headers["x-name"] == "v"


def test_a_host_by_name() -> None:
    with Api(answers(reply(200))) as server:
        base = server.url.replace("127.0.0.1", "localhost")
        assert get(Flight(base, 30)).status_code == 200
    assert server.seen[0].headers["host"] == base.removeprefix("http://")


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with Api(answers(reply(200))) as server:
        ports = [int(url.rpartition(":")[2]) for url in (nobody(), server.url)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert get(Flight("http://two.example", 30)).status_code == 200


def test_a_name_that_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def look_up(*_: object, flags: int = 0, **__: object) -> list[object]:
        if not flags:
            release.wait(30)
        raise socket.gaierror("not a number")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    flight = Flight("http://slow.example", 0.1)
    with pytest.raises(CutError, match=r"took longer than 0\.1 s"):
        get(flight)
    release.set()
    assert flight.wrote is False


def test_a_host_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    with pytest.raises(OSError, match="no address"):
        get(Flight("http://none.example", 30))


def test_redirects_are_not_followed() -> None:
    with Api(lambda _: reply(302, b"", {"Location": "/elsewhere"})) as server:
        assert get(Flight(server.url, 30)).status_code == 302
    assert len(server.links) == 1


def test_an_answer_that_is_too_long() -> None:
    with Api(answers(reply(200, b"x" * 1_000_000), reply(200, b"x" * 1_000_001))) as server:
        flight = Flight(server.url, 30)
        assert len(get(flight).content) == 1_000_000
        with pytest.raises(ValueError, match="too long"):
            get(flight)
    assert answer_of(flight) == (200, None)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    whole = b"HTTP/1.1 200 R\r\n\r\nwhole"
    with Server(then(Link.read, lambda link: link.write(whole))) as server:
        assert get(Flight(server.url, 30)).content == b"whole"


def test_an_answer_in_chunks() -> None:
    chunks = b"HTTP/1.1 200 R\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    with Server(then(Link.read, lambda link: link.write(chunks))) as server:
        assert get(Flight(server.url, 30)).content == b"abc"


def test_an_answer_that_was_cut_is_not_taken_for_a_whole_one() -> None:
    begun = b'HTTP/1.1 200 R\r\n\r\n{"looks": "whole"}'
    with Server(then(Link.read, lambda link: link.write(begun), Link.hang)) as server:
        flight = Flight(server.url, 1)
        with pytest.raises(CutError):
            get(flight)
    assert answer_of(flight) == (200, None)


def test_an_answer_of_before_is_not_taken_for_the_next_one() -> None:
    replies = iter([reply(200, b"one"), b""])
    handle = then(Link.read, lambda link: link.write(next(replies)))
    with Server(handle) as server:
        flight = Flight(server.url, 30)
        get(flight)
        assert answer_of(flight) == (200, b"one")
        with pytest.raises(ConnectionError):
            get(flight)
    assert answer_of(flight) is None


def test_passwords_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.example.org login somebody password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    with Api(answers(reply(200))) as server:
        get(Flight(server.url, 30))
    assert "authorization" not in server.seen[0].headers


def test_this_host_s_authorities_and_those_of_requests_are_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    _tls.cache_clear()
    try:
        subjects = [str(each["subject"]) for each in _tls().get_ca_certs()]
    finally:
        _tls.cache_clear()
    assert len(subjects) > 50
    assert [subject for subject in subjects if "Test authority, loopback only" in subject]


def test_whether_a_byte_was_written_is_asked_anew_for_each_request() -> None:
    objections: list[Exception] = []

    def guard() -> None:
        for objection in objections:
            raise objection

    with Api(lambda _: reply(200)) as server:
        flight = Flight(server.url, 30, guard)
        get(flight)
        assert wrote(flight)
        objections.append(LookupError())
        with pytest.raises(LookupError):
            get(flight)
    assert not wrote(flight)
    assert flight.objection is objections[0]


def test_abort_ends_a_wait() -> None:
    flight = Flight("http://127.0.0.1", 30)
    timer = threading.Timer(0.05, flight.abort)
    timer.start()
    with pytest.raises(CutError, match="aborted"):
        flight.wait(600)
    timer.join()
    with pytest.raises(CutError, match="aborted"):
        flight.wait(600)
    with pytest.raises(CutError, match="aborted"):
        get(flight)


def test_a_wait_without_an_abort_just_ends() -> None:
    Flight("http://127.0.0.1", 30).wait(0.001)


def test_the_deadline_of_a_request_that_is_over_ends_nothing() -> None:
    with Api(lambda _: reply(200)) as server:
        flight = Flight(server.url, 30)
        get(flight)
        flight._expire(0)
        get(flight)
    assert len(server.seen) == 2


@pytest.mark.parametrize("size", [0, 1, 2, 3, 49_151, 49_152, 49_153, 98_304])
def test_a_file_in_a_body(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    seen: list[bytes] = []
    body = FileBody(io.BytesIO(content), size, b'{"media":"', b'"}', seen.append)
    parts = list(body)
    assert len(b"".join(parts)) == len(body)
    assert b"".join(seen) == content[:size]
    assert len(json.loads(b"".join(parts))["media"]) == 4 * -(-size // 3)
    assert max(map(len, parts)) <= 65_536
    assert content[:8].hex() not in repr(body)


def test_a_file_that_became_shorter() -> None:
    body = FileBody(io.BytesIO(b"abc"), 4, b"", b"", lambda _: None)
    with pytest.raises(OSError, match="became shorter"):
        list(body)
