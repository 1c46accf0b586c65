"""Every event has its sentence, and what needs a person reaches one without holding up a post."""

from __future__ import annotations

import ast
import io
import json
import socket
import string
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot import events, logs
from bot.events import ALERTS, DRY_SENTENCES, SENTENCES, Teller, call, heartbeat
from bot.logs import redactor
from tests.kept import logging_kept
from tests.listener import Listener
from tests.site import ROOT

FAR = 60.0
"""Seconds within which something is sure to happen, if it happens at all."""


# -- the tellers ------------------------------------------------------------------------------


def tellings() -> Iterator[tuple[str, str, set[str]]]:
    """Every place in the code that tells an event: where, which, and the fields it gives."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            callee, first = node.func, node.args[0]
            name = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")
            is_told = name in ("tell", "_tell") or (name == "event" and path.name == "events.py")
            if is_told and isinstance(first, ast.Constant) and isinstance(first.value, str):
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                yield where, first.value, {each.arg for each in node.keywords if each.arg}


def fields_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


TELLINGS = list(tellings())


@pytest.mark.parametrize(("where", "name", "given"), TELLINGS, ids=[each[0] for each in TELLINGS])
def test_what_is_told_has_a_sentence_and_every_field_of_it(
    where: str, name: str, given: set[str]
) -> None:
    assert name in SENTENCES
    assert fields_of(SENTENCES[name][1]) <= given
    assert fields_of(DRY_SENTENCES.get(name, "")) <= given


def test_every_sentence_is_told_somewhere() -> None:
    assert {name for _, name, _ in TELLINGS} == SENTENCES.keys()
    assert SENTENCES.keys() >= ALERTS | DRY_SENTENCES.keys()


# -- the log ----------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log so far, as the JSON it is."""
    stream = io.StringIO()
    with logging_kept():
        logs.configure("json", ["hunter2-secret"], stream)
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


Lines = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize("name", SENTENCES)
def test_an_event_is_a_line_of_its_level_with_its_sentence(name: str, lines: Lines) -> None:
    level, sentence = SENTENCES[name]
    fields = {field: f"<{field}>" for field in fields_of(sentence)}
    Teller()(name, **fields)
    (line,) = lines()
    assert (line["event"], line["message"]) == (name, sentence.format_map(fields))
    assert line["level"] == {events.INFO: "info", events.WARNING: "warning"}.get(level, "error")


def test_a_dry_run_never_says_that_it_posted(lines: Lines) -> None:
    tell = Teller(dry_run=True)
    tell("claimed", id="x/1", attempt=1)
    tell("receipt", id="x/1", remote_id="dry-run-1")
    tell("posted", id="x/1", url="", reason="", attempt=1)
    tell("missed", account="x", reason="late", count=1, id="x/0", last="x/0")
    *dry, missed = [line["message"] for line in lines()]
    assert len(dry) == 3
    assert all(message.startswith("Dry run: ") for message in dry)
    assert missed == "Missed 1 of x (late): x/0"


def test_an_event_that_nobody_worded_is_a_fault() -> None:
    with pytest.raises(KeyError):
        Teller()("nonesuch")


# -- the addresses that are called ------------------------------------------------------------


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


ALERTING = [
    ("failed", {"id": "x/1", "why": "refused"}),
    ("held", {"id": "x/1", "why": "too old"}),
    ("stumbled", {"account": "x", "why": "KeyError('y')", "rest": 5}),
    ("died", {"account": "x", "why": "ValueError()"}),
    ("ledger_away", {"account": "x", "why": "no answer"}),
    ("halted", {"account": "x", "why": "402", "fix": "Buy credit.", "outlook": "Then resume."}),
]


@pytest.mark.parametrize(("name", "fields"), ALERTING)
def test_what_needs_a_person_is_posted_once_as_json(
    name: str, fields: dict[str, Any], lines: Lines
) -> None:
    with Listener() as listener:
        Teller(listener.url)(name, **fields)
        (alert,) = listener.alerts()
    message = SENTENCES[name][1].format_map(fields)
    said = {key: str(value) for key, value in fields.items()}
    assert alert == {"event": name, "message": message, **said}
    assert [line["event"] for line in lines()] == [name]


@pytest.mark.parametrize("name", sorted(SENTENCES.keys() - ALERTS))
def test_what_needs_nobody_is_not_posted(name: str, lines: Lines) -> None:
    with Listener() as listener:
        Teller(listener.url)(name, **dict.fromkeys(fields_of(SENTENCES[name][1]), "x"))
        assert listener.alerts() == []


def test_no_secret_goes_to_the_alert_address(lines: Lines) -> None:
    with Listener() as listener:
        tell = Teller(listener.url, redactor(["hunter2-secret"]))
        tell("failed", id="x/1", why="the token hunter2-secret is wrong", note="hunter2-secret")
        (alert,) = listener.alerts()
    assert "hunter2" not in json.dumps(alert)
    assert alert["message"] == "Refused for good: x/1: the token *** is wrong"


def test_without_an_address_nothing_is_called(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "call", lambda *_: pytest.fail("called"))
    Teller()("held", id="x/1", why="too old")
    assert [line["event"] for line in lines()] == ["held"]


@pytest.mark.parametrize("answer", [hang, trickle])
def test_an_address_that_hangs_holds_up_nobody(
    answer: Callable[[socket.socket, threading.Event], None],
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "CALL_SECONDS", 0.1)
    with answering(answer) as url:
        Teller(url)("held", id="x/1", why="too old")
        held, alert = lines()
    assert held["event"] == "held"
    assert (alert["event"], alert["level"]) == ("alert", "warning")
    assert "no answer within 0.1 s" in alert["message"] or "timed out" in alert["message"]


@pytest.mark.parametrize("answer", [garbage, hang_up])
def test_an_address_that_answers_nonsense_stops_nobody(
    answer: Callable[[socket.socket, threading.Event], None], lines: Lines
) -> None:
    with answering(answer) as url:
        Teller(url)("held", id="x/1", why="too old")
    assert [line["event"] for line in lines()] == ["held", "alert"]


def test_an_address_that_refuses_stops_nobody(lines: Lines) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/hook"
    Teller(url)("held", id="x/1", why="too old")
    held, alert = lines()
    assert held["event"] == "held"
    assert "refused" in alert["message"]


def test_an_address_that_is_no_good_stops_nobody(lines: Lines) -> None:
    Teller("http://[/")("held", id="x/1", why="too old")
    assert [line["event"] for line in lines()] == ["held", "alert"]


def test_an_answer_that_is_an_error_is_told() -> None:
    with Listener(503) as listener:
        assert call(listener.url) == "503 Service Unavailable"


def test_a_heartbeat_is_a_get_and_says_only_what_goes_wrong() -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def tell(name: str, **fields: Any) -> None:
        told.append((name, fields))

    with Listener() as listener:
        heartbeat(listener.url, tell)()
        method, path, _, body = listener.got.get(timeout=FAR)
    assert (method, path, body) == ("GET", "/hook", b"")
    assert told == []
    with Listener(500) as listener:
        heartbeat(listener.url, tell)()
    assert told == [("heartbeat", {"why": "500 Internal Server Error"})]
