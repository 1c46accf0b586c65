"""Messages for people have no words of Python's in them."""

from __future__ import annotations

import ast
import builtins
import io
import os
import ssl
import urllib.error
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli import shared
from bot.domain import in_time
from bot.errors import in_words, sentence
from tests.cli.conftest import Cli, cli, site  # noqa: F401 - fixtures
from tests.site import ROOT

PYTHONS = ("[Errno", "codec", "Traceback", "_ssl.c", "[SSL", " object at 0x", "<urlopen")


def failing(path: str, flags: int) -> OSError:
    with pytest.raises(OSError) as caught:
        os.open(path, flags)
    return caught.value


ERRORS: list[Exception] = [
    failing("/nonexistent/file", os.O_RDONLY),
    failing("/", os.O_WRONLY),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range(128)"),
    urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")),
    ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] expired (_ssl.c:1006)"),
    OSError(f"cannot identify image file {io.BytesIO()!r}"),
    OSError(),
    ValueError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_exception_in_words(error: Exception) -> None:
    said = in_words(error)
    assert said
    assert "\n" not in said
    assert not any(word in said for word in PYTHONS), said


OWN_WORDS = {
    "BotError", "ContentError", "CannotEdit", "CronSimError", "FormatError", "LedgerError",
    "NetworkError", "TOMLDecodeError", "TemplateSyntaxError", "AssetError", "_NotAllowedError",
}  # fmt: skip
"""What says in its own message what people are to read; all else goes through `in_words`."""

FAULTS = {"__main__.py", "live.py"}
"""Where a fault of the program itself is shown as what it is."""


SPANS = [
    (timedelta(days=365, seconds=1), "a year"),
    (timedelta(days=-731), "2 years 1 day"),
    (timedelta(days=1), "a day"),
    (timedelta(days=1, hours=1), "1 day 1 hour"),
    (timedelta(hours=1), "an hour"),
    (timedelta(hours=3, minutes=5, seconds=59), "3 hours 5 minutes"),
    (timedelta(hours=3, seconds=59), "3 hours"),
    (timedelta(seconds=61), "1 minute 1 second"),
    (timedelta(seconds=59.6), "a minute"),
    (timedelta(seconds=1), "a second"),
    (timedelta(seconds=0.4), "less than a second"),
]


@pytest.mark.parametrize(("span", "said"), SPANS, ids=[said for _, said in SPANS])
def test_how_long_something_is_for_people(span: timedelta, said: str) -> None:
    assert in_time(span) == said


@pytest.mark.parametrize("text", ["It is over.", "Is it over?", "Over!"])
def test_a_sentence_ends_once(text: str) -> None:
    assert sentence(text) == text
    assert sentence("It is over") == "It is over."


def caught(handler: ast.ExceptHandler) -> set[str]:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {getattr(each, "attr", getattr(each, "id", "")) for each in types}


def said_as_it_is(handler: ast.ExceptHandler) -> Iterator[int]:
    """The lines on which the exception's own text is taken: str(e), f"{e}", e.strerror."""
    for node in ast.walk(handler):
        inner: ast.expr | None = None
        if isinstance(node, ast.FormattedValue):
            inner = node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "str" and node.args:
            inner = node.args[0]
        elif isinstance(node, ast.Attribute) and node.attr in ("strerror", "args"):
            inner = node.value
        if isinstance(inner, ast.Name) and inner.id == handler.name:
            yield inner.lineno


def test_what_the_system_says_is_put_into_words_in_one_place() -> None:
    system = {"URLError"} | {
        name
        for name, each in vars(builtins).items()
        if isinstance(each, type) and issubclass(each, OSError | UnicodeError)
    }
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "bot").rglob("*.py"))
        if path.name not in FAULTS | {"errors.py"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler) and caught(node) & system - OWN_WORDS
        for line in said_as_it_is(node)
    ]
    assert found == []


def test_what_the_system_refuses_is_no_fault_of_the_program(
    cli: Cli,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "messages/sources.lock")

    monkeypatch.setattr(shared.Bot, "campaign", refuse)
    first, second = cli("preview", code=1).complaint()
    assert first == "Error: messages/sources.lock: Permission denied"
    assert second == "Check the disk, the folder and its permissions."


def test_a_name_that_is_no_text_can_be_shown(cli: Cli, site: Path) -> None:  # noqa: F811
    done = cli("verify", "\udcff.txt", code=2)
    assert "can't be read: No such file or directory" in done.err
    (site / "\udcff.txt").write_text("Nothing of it.")
    assert "UnicodeEncodeError" not in cli("verify", "\udcff.txt", code=1).err
