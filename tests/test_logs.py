"""Log lines: one per event, for people or machines, unbreakable, and without a secret in any."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import logs
from bot.errors import NotSent, SettingsError
from bot.logs import HIDDEN, configure, event, printable, redactor, told
from bot.settings import Secret

Form = Literal["text", "json"]
FORMATS: tuple[Form, ...] = ("text", "json")
SECRET = "s3cr3t?>~?>~?>~/+ \"'&é\\value"
steady = settings(deadline=None, derandomize=True)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Puts the process's loggers back as they were."""
    loggers = [logging.getLogger(name) for name in (None, "bot", *logs.QUIET)]
    before = [(logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def configured(form: Form | None = "text", *secrets: str, **options: Any) -> io.StringIO:
    stream = io.StringIO()
    configure(form, secrets, stream, **options)
    return stream


def only_json(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    read: dict[str, Any] = json.loads(line)
    return read


def only_text(stream: io.StringIO) -> str:
    """The one line, without its time."""
    (line,) = stream.getvalue().splitlines()
    found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (.*)", line)
    assert found, line
    return found[1]


# -- the two formats ------------------------------------------------------------------------------


def test_a_text_line() -> None:
    out = configured("text")
    event("posted", "Posted {id}", id="x/1", url="https://x.com/1", tries=2, note="two words")
    assert only_text(out) == 'INFO    Posted x/1 url=https://x.com/1 tries=2 note="two words"'


def test_a_json_line() -> None:
    out = configured("json")
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    event("posted", "Posted {id}", id="x/1", url="https://x.com/1", tries=2)
    line = only_json(out)
    assert before <= datetime.fromisoformat(line.pop("at")) <= datetime.now(UTC)
    assert list(line.items()) == [
        ("level", "info"),
        ("event", "posted"),
        ("message", "Posted x/1"),
        ("id", "x/1"),
        ("url", "https://x.com/1"),
        ("tries", 2),
    ]


def test_the_time_is_utc_with_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    for form, at in (
        ("json", '"at": "2026-12-01T12:00:03.127+00:00"'),
        ("text", "2026-12-01T12:00:03Z "),
    ):
        out = configured(form)  # type: ignore[arg-type]
        record = logging.LogRecord("bot", logging.INFO, "", 0, "hello", (), None)
        record.created = 1796126403.127
        logging.getLogger().handlers[-1].handle(record)
        assert at in out.getvalue()


@pytest.mark.parametrize(
    "level", [logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL]
)
def test_levels(level: int) -> None:
    name = logging.getLevelName(level)
    out = configured("json", level=logging.DEBUG)
    event("x", "y", level=level)
    assert only_json(out)["level"] == name.lower()
    out = configured("text", level=logging.DEBUG)
    event("x", "y", level=level)
    assert only_text(out) == f"{name:<7} y" if len(name) < 8 else f"{name} y"


def test_what_is_below_the_level_is_left_out() -> None:
    out = configured("text", level=logging.WARNING)
    event("x", "y")
    assert out.getvalue() == ""


def test_values_of_every_kind() -> None:
    values: dict[str, Any] = {
        "none": None,
        "flag": True,
        "cost": 0.015,
        "at": datetime(2026, 12, 1, 12, tzinfo=UTC),
        "day": date(2026, 12, 1),
        "path": Path("a/b"),
        "decimal": Decimal("1.50"),
        "list": ["a", 1, ("b",)],
        "nested": {"a": {1: datetime(2026, 12, 1, tzinfo=UTC)}},
        "infinite": float("inf"),
        "secret": Secret("hunter22"),
    }
    out = configured("json")
    event("x", "y", **values)
    line = only_json(out)
    assert {key: line[key] for key in values if key != "at"} == {
        "none": None,
        "flag": True,
        "cost": 0.015,
        "day": "2026-12-01",
        "path": "a/b",
        "decimal": "1.50",
        "list": ["a", 1, ["b"]],
        "nested": {"a": {"1": "2026-12-01T00:00:00+00:00"}},
        "infinite": "inf",
        "secret": HIDDEN,
    }
    assert line["at_"] == "2026-12-01T12:00:00+00:00"
    out = configured("text")
    event("x", "y", **values)
    assert only_text(out) == (
        "INFO    y none=null flag=true cost=0.015 at=2026-12-01T12:00:00+00:00 day=2026-12-01 "
        'path=a/b decimal=1.50 list=["a", 1, ["b"]] '
        'nested={"a": {"1": "2026-12-01T00:00:00+00:00"}} infinite=inf secret=***'
    )


def test_a_field_never_takes_the_place_of_the_lines_own() -> None:
    out = configured("json")
    event("true", "real", event="forged", message="forged", level_="kept")
    line = only_json(out)
    assert (line["event"], line["message"]) == ("true", "real")
    assert (line["event_"], line["message_"], line["level_"]) == ("forged", "forged", "kept")


def test_a_template_is_filled_once() -> None:
    out = configured("text")
    event("x", "{a} and {b} and {c}", a="{b}", b="{a}")
    assert only_text(out) == "INFO    {b} and {a} and {c}"


def test_percent_signs_and_braces_in_values_do_no_harm() -> None:
    out = configured("text")
    event("x", "100% {a}", a="%s {} {0} %(x)d")
    assert only_text(out) == "INFO    100% %s {} {0} %(x)d"


def test_a_second_configuration_replaces_the_first_and_leaves_others_alone() -> None:
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    first, second = configured("text"), configured("text")
    event("x", "y")
    assert (first.getvalue(), only_text(second)) == ("", "INFO    y")
    assert other in logging.getLogger().handlers


# -- format and colour ----------------------------------------------------------------------------


def test_text_on_a_terminal_json_elsewhere() -> None:
    terminal = Terminal()
    configure(None, [], terminal)
    event("x", "y")
    assert not terminal.getvalue().startswith("{")
    assert only_json_of_default()["event"] == "x"


def only_json_of_default() -> dict[str, Any]:
    out = configured(None)
    event("x", "y")
    return only_json(out)


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_only_on_a_terminal_that_wants_it(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    configure("text", [], terminal)
    event("x", "y", level=logging.ERROR)
    assert ("\x1b[31mERROR  \x1b[0m y" in terminal.getvalue()) is coloured
    assert ("\x1b" in terminal.getvalue()) is coloured
    out = configured("text")
    event("x", "y", level=logging.ERROR)
    assert "\x1b" not in out.getvalue()


# -- one line, whatever is in it ------------------------------------------------------------------

FORGERY = (
    'x\n{"event": "posted"}\r\n2026-01-01T00:00:00Z INFO    forged'
    "\x1b[2J\x85a\u2028b\u2029c\u202ed\x00\x7f\x9b\ud800"
)
BREAKERS = "\n\r\v\f\x1c\x1d\x1e\x1b\x00\x7f\x85\x9b\u2028\u2029\u202e\u2066\ud800"


def ways_into_a_line(text: str) -> list[Callable[[], None]]:
    key: dict[str, Any] = {text: 1}
    return [
        lambda: event("x", text),
        lambda: event("x", "told {v}", v=text),
        lambda: event("x", "y", v=text),
        lambda: event("x", "y", v={"list": [f"a{text}b"]}),
        lambda: event("x", "y", v={text: 1}),
        lambda: event("x", "y", v=text.encode("utf-8", "surrogatepass")),
        lambda: event("x", "y", error=ValueError(text)),
        lambda: logging.getLogger("some.library").warning("sent %s", text),
        lambda: logging.getLogger("some.library").warning("y", exc_info=ValueError(text)),
        lambda: event("x", "y", **key),
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_no_value_breaks_a_line(form: Form) -> None:
    for log_it in ways_into_a_line(FORGERY):
        out = configured(form)
        log_it()
        line = out.getvalue()
        assert line.endswith("\n")
        assert not set(BREAKERS) & set(line[:-1])
        assert len(line.splitlines()) == 1
        if form == "json":
            assert json.loads(line)["event"] in ("x", "log")
            assert line.isascii()


@steady
@given(st.text())
def test_any_text_comes_back_from_json(value: str) -> None:
    record = logging.LogRecord("bot", logging.INFO, "", 0, "m", (), None)
    record.bot_event, record.bot_fields = "x", {"v": value}
    line = logs.JsonLines(redactor([]), debug=False).format(record)
    assert json.loads(line)["v"] == redactor([])(value)


@steady
@given(st.text())
def test_printable_text_stays_on_its_line_and_the_rest_as_it_is(text: str) -> None:
    shown = printable(text)
    assert len(f"x{shown}x".splitlines()) == 1
    assert not any(character in shown for character in BREAKERS)
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("breaker", BREAKERS)
def test_no_single_character_gets_through(form: Form, breaker: str) -> None:
    assert breaker not in printable(f"a{breaker}b")
    for log_it in ways_into_a_line(f"a{breaker}b"):
        out = configured(form)
        log_it()
        assert breaker not in out.getvalue()[:-1]


def test_no_line_of_a_traceback_is_anything_else() -> None:
    out = configured("text", debug=True)
    event("x", "y", error=ValueError("a\x1b[2J\r2026-01-01T00:00:00Z INFO forged"))
    first, *below = out.getvalue().split("\n")[:-1]
    assert first.endswith('error="ValueError: a\\u001b[2J – 2026-01-01T00:00:00Z INFO forged"')
    assert below == ["    | ValueError: a\\x1b[2J", "    | 2026-01-01T00:00:00Z INFO forged"]


def test_typographic_text_is_left_for_people() -> None:
    out = configured("text")
    event("x", "“Democracy” – {who}… #Жыве 🤝", who="Беларусь")
    assert only_text(out) == "INFO    “Democracy” – Беларусь… #Жыве 🤝"


def test_a_stream_that_cannot_write_a_character_still_gets_the_line() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as narrow:
        configure("text", [], narrow)
        event("x", "“y” {a}", a="é")
        narrow.flush()
        assert b"\\u201cy\\u201d \\xe9\n" in raw.getvalue()


def test_a_closed_stream_stops_nothing_and_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = configured("text", "hunter22")
    out.close()
    event("x", "hunter22")
    assert capsys.readouterr() == ("", "")


def test_a_librarys_broken_log_call_is_still_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    out = configured("json", "hunter22")
    del logging.getLogger().handlers[:-1]  # the test runner's own, which raise
    logging.getLogger("some.library").warning("%d hunter22", "hunter22")
    assert only_json(out)["message"] == "%d ***"
    assert capsys.readouterr() == ("", "")


# -- errors ---------------------------------------------------------------------------------------


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_error_is_one_line() -> None:
    out = configured("json")
    event("failed", "No luck", level=logging.ERROR, error=raised(ValueError("two\n  lines")))
    line = only_json(out)
    assert line["error"] == "ValueError: two – lines"
    assert "traceback" not in line
    out = configured("text")
    event("failed", "No luck", error=raised(ValueError("two\n  lines")))
    assert only_text(out) == 'INFO    No luck error="ValueError: two – lines"'


def test_told() -> None:
    assert told(SettingsError(name="DRY_RUN", what="no", fix="Set it.")) == "DRY_RUN: no – Set it."
    assert told(NotSent(network="x", what="429")) == "x: not sent: 429"
    assert told(KeyError("a")) == "KeyError: 'a'"
    assert told(TimeoutError()) == "TimeoutError"


def test_a_traceback_only_where_debugging() -> None:
    def failing() -> Exception:
        try:
            raise OSError("password=hunter22 host=h")
        except OSError as error:
            return raised_from(error)

    out = configured("json", "s3cr3t-99", debug=True)
    event("failed", "No luck", error=failing())
    line = only_json(out)
    assert "Traceback (most recent call last)" in line["traceback"]
    assert "OSError: password=*** host=h" in line["traceback"]
    assert "***\nand more" in line["traceback"]
    assert "s3cr3t-99" not in out.getvalue() + line["traceback"]

    out = configured("text", "s3cr3t-99", debug=True)
    event("failed", "No luck", error=failing())
    first, *below = out.getvalue().splitlines()
    assert 'error="RuntimeError: *** – and more"' in first
    assert below
    assert all(shown.startswith("    | ") for shown in below)
    assert "hunter22" not in out.getvalue()
    assert "s3cr3t-99" not in out.getvalue()


def raised_from(error: Exception) -> Exception:
    try:
        raise RuntimeError("s3cr3t-99\nand more") from error
    except RuntimeError as caught:
        return caught


def test_a_librarys_exception_is_one_line_too() -> None:
    out = configured("json", "hunter22")
    try:
        raise ValueError("hunter22")
    except ValueError:
        logging.getLogger("apscheduler.executors").exception("Job failed")
    line = only_json(out)
    assert line["error"] == "ValueError: ***"
    assert (line["event"], line["logger"], line["message"]) == (
        "log",
        "apscheduler.executors",
        "Job failed",
    )
    assert "traceback" not in line


# -- libraries ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "tweepy.client",
        "urllib3.connectionpool",
        "requests_oauthlib.oauth1_auth",
        "oauthlib.oauth1",
        "apscheduler.scheduler",
        "PIL.Image",
        "some.library",
    ],
)
def test_libraries_are_heard_from_warning_up(name: str) -> None:
    out = configured("text", level=logging.DEBUG)
    library = logging.getLogger(name)
    library.debug("Headers: Authorization")
    library.info("chatter")
    assert out.getvalue() == ""
    library.warning("retrying %s", "now")
    assert only_text(out) == f"WARNING retrying now logger={name}"


# -- redaction ------------------------------------------------------------------------------------


def disguises(secret: str) -> dict[str, str]:
    """The ways in which a secret may stand in a line."""
    quoted = urllib.parse.quote(secret, safe="")
    return {
        "bare": secret,
        "quoted": quoted,
        "quoted, slashes kept": urllib.parse.quote(secret),
        "quoted, in small letters": re.sub("%..", lambda found: found[0].lower(), quoted),
        "quoted twice": urllib.parse.quote(quoted, safe=""),
        "in a form": urllib.parse.quote_plus(secret),
        "in json": json.dumps(secret)[1:-1],
        "in wide json": json.dumps(secret, ensure_ascii=False)[1:-1],
        "in a repr": repr(secret)[1:-1],
        "in a repr within a repr": repr(f"{secret!r} is wrong")[1:-1],
        "in ASCII": ascii(secret)[1:-1],
        **{
            f"base64 after {before}": encode(b"u" * before + secret.encode() + b":tail").decode()
            for before in range(4)
            for encode in (base64.b64encode, base64.urlsafe_b64encode)
        },
        "base64 alone": base64.b64encode(secret.encode()).decode(),
    }


@pytest.mark.parametrize("disguise", disguises(SECRET))
@pytest.mark.parametrize("form", FORMATS)
def test_a_secret_is_found_in_every_disguise(form: Form, disguise: str) -> None:
    shown = disguises(SECRET)[disguise]
    for log_it in ways_into_a_line(shown)[:-1]:  # all but the name of a field, which is ours
        out = configured(form, "other-secret", SECRET)
        log_it()
        line = out.getvalue()
        assert HIDDEN in line
        assert core(shown) not in line
        assert core(shown) not in urllib.parse.unquote(line)


def core(shown: str) -> str:
    """The middle of a disguise: where this is not in a line, the secret isn't."""
    return shown[len(shown) // 3 : -len(shown) // 3]


secrets_of_any_kind = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zs"]), min_size=8, max_size=40
)


@steady
@given(secrets_of_any_kind, st.binary(max_size=9), st.binary(max_size=9))
def test_base64_hides_nothing_wherever_the_secret_stands(
    secret: str, before: bytes, after: bytes
) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    left = redactor([secret])(f"x {encoded} y")
    assert HIDDEN in left
    assert len(left) <= len(f"x {HIDDEN} y") + (len(before) + len(after)) * 4 // 3 + 9


@steady
@given(st.lists(secrets_of_any_kind, min_size=1, max_size=4), st.text(max_size=20))
def test_no_secret_is_left_in_any_text(secrets: list[str], text: str) -> None:
    redacted = redactor(secrets)(text.join(["", *secrets, ""]))
    assert not any(secret in redacted for secret in secrets if HIDDEN not in secret)


def test_a_secret_inside_another_is_no_way_out() -> None:
    assert redactor(["abcdef", "abcdefghi"])("abcdefghi abcdef") == "*** ***"


def test_a_known_secret_is_hidden_whole_where_it_looks_like_less() -> None:
    assert redactor(["hunter&22x"])("password=hunter&22x") == "password=***"
    assert redactor(["hun@ter/22"])("postgres://u:hun@ter/22@h/d") == "postgres://u:***@h/d"


def test_a_short_secret_is_not_looked_for() -> None:
    assert redactor(["posts", ""])("The posts go out") == "The posts go out"
    assert redactor(["posted"])("posted") == HIDDEN


def test_a_secret_never_eats_the_names_of_a_json_line() -> None:
    out = configured("json", "message", "account", "posted")
    event("posted", "a message for account", account="account-x", tries=123456)
    line = only_json(out)
    assert line["event"] == "posted"
    assert (line["message"], line["account"]) == ("a *** for ***", "***-x")


def test_a_number_that_is_a_secret_is_hidden() -> None:
    out = configured("json", "12345678")
    event("x", "y", number=12345678, other=1234567)
    assert (only_json(out)["number"], only_json(out)["other"]) == (HIDDEN, 1234567)


LOOKS = [
    ('Authorization: OAuth oauth_nonce="zq9", oauth_signature="zq9%3D"', "Authorization: ***"),
    ("authorization: Bearer zq9\nnext", "authorization: ***\nnext"),
    (
        "{'Authorization': 'OAuth a=\"zq9\", b=\"it\\'s zq9\"', 'X': '1'}",
        "{'Authorization': ***, 'X': '1'}",
    ),
    ("{'Authorization': b'OAuth zq9', 'X': '1'}", "{'Authorization': ***, 'X': '1'}"),
    ('{"Authorization": "OAuth a=\\"zq9\\"", "X": 1}', '{"Authorization": ***, "X": 1}'),
    ("('Authorization', 'Basic zq9'), ('X', '1')", "('Authorization', ***), ('X', '1')"),
    ("Proxy-Authorization: Basic zq9", "Proxy-Authorization: ***"),
    ("Set-Cookie: guest_id=zq9; Path=/", "Set-Cookie: ***"),
    ("sent Bearer zq9zq9zq9zq9zq9zq9zq9%3D== to", "sent Bearer *** to"),
    ('oauth_token="zq9", oauth_version="1.0"', 'oauth_token="***", oauth_version="1.0"'),
    ("oauth_signature=zq9%3D&a=1", "oauth_signature=***&a=1"),
    (
        "('oauth_consumer_key', 'zq9'), ('oauth_signature_method', 'HMAC-SHA1')",
        "('oauth_consumer_key', '***'), ('oauth_signature_method', 'HMAC-SHA1')",
    ),
    ("GET&https%3A%2F%2Fh&oauth_token%3Dzq9%26x", "GET&https%3A%2F%2Fh&oauth_token%3D***"),
    ("?access_token=zq9&page=2", "?access_token=***&page=2"),
    ("{'api_key': 'zq9', 'page': 2}", "{'api_key': '***', 'page': 2}"),
    ('client_secret="zq9"', 'client_secret="***"'),
    ("host=h password=zq9 user=u", "host=h password=*** user=u"),
    ("sslpassword=zq9", "sslpassword=***"),
    ("postgres://bot:zq9@db.example:5432/bot", "postgres://bot:***@db.example:5432/bot"),
    ("postgres://bot:z@q9@db.example/bot", "postgres://bot:***@db.example/bot"),
    ("https://:zq9@h/x and https://h:443/x@y", "https://:***@h/x and https://h:443/x@y"),
]


@pytest.mark.parametrize(("text", "redacted"), LOOKS)
def test_what_looks_like_a_credential_is_hidden_though_unknown(text: str, redacted: str) -> None:
    assert redactor([])(text) == redacted
    assert redactor(["unrelated"])(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "Posted x/2026-12-01T12:00:00+00:00 https://x.com/i/status/1",
        "Basic workers' rights, basic principles of the ILO; the bearer of bad news",
        "The secret ballot: a password is a secret, an authorization is not",
        "X_API_KEY, X_API_SECRET: not set",
        "password authentication failed for user bot",
        "https://proxy.example:8443/2/tweets",
        "a cookie jar, the authorization expired",
        "token 3f9a, attempt 2",
        "sqlite:///bot.sqlite3",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert redactor(["hunter22"])(text) == text


def test_a_header_or_field_of_a_secrets_name_is_hidden_whatever_it_holds() -> None:
    out = configured("json")
    event(
        "would_post",
        "Would post to {url}",
        url="https://api.x.com/2/tweets",
        request={"headers": {"Authorization": "OAuth", "Content-Type": "application/json"}},
        body={"text": "hi", "media": {"media_ids": ["1"]}, "oauth_token": 5, "Set-Cookie": ["a"]},
        api_key="k",
        token="3f9a",
    )
    line = only_json(out)
    assert line["request"] == {
        "headers": {"Authorization": HIDDEN, "Content-Type": "application/json"}
    }
    assert line["body"] == {
        "text": "hi",
        "media": {"media_ids": ["1"]},
        "oauth_token": HIDDEN,
        "Set-Cookie": HIDDEN,
    }
    assert (line["api_key"], line["token"]) == (HIDDEN, "3f9a")


def test_a_long_text_is_redacted_in_one_go() -> None:
    """Work that grows with the square of the length would be noticed here by everybody."""
    redact = redactor([SECRET])
    for piece in (
        "a",
        "authorization",
        "oauth_token=",
        "a://b:",
        "'authorization': '\\",
        "bearer ",
        "password",
        "a.",
        "a-password ",
    ):
        text = redact(piece * 20_000)
        assert len(text) <= len(piece) * 20_000 + 3


@pytest.mark.parametrize("around", ["{}", "Write {}, please.", "See {}.", "({})", "a {} or b"])
@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_the_sample_of_an_address_in_our_own_messages_can_be_read(around: str, scheme: str) -> None:
    text = around.format(f"{scheme}://USER:PASSWORD@HOST/NAME")
    assert redactor([])(text) == text


@pytest.mark.parametrize(
    "address",
    [
        "postgres://USER:password@HOST/NAME",
        "postgres://USER:PASSWORD1@HOST/NAME",
        "postgres://USER:PASSWORD@HOST/NAME2",
        "postgres://USER:PASSWORD@HOST/NAME@db/bot",
        "postgres://USER:PASSWORD@HOST/NAME.db/bot",
        "postgres://USER:PASSWORD@HOST:5432/NAME",
        "postgres://bot:PASSWORD@HOST/NAME",
        "postgres://USER:PASSWORD@db.example.org/bot",
    ],
)
def test_what_is_nearly_the_sample_is_a_real_address(address: str) -> None:
    shown = redactor([])(address)
    assert HIDDEN in shown
    assert "PASSWORD" not in shown.upper()


def test_whose_password_is_the_sample_s_word_has_it_hidden_everywhere() -> None:
    assert "PASSWORD" not in redactor(["PASSWORD"])("postgres://USER:PASSWORD@HOST/NAME")


def test_importing_is_cheap() -> None:
    """None of what only a configured logger needs."""
    import subprocess

    late = ("urllib.parse", "html", "base64", "bot.domain")
    code = (
        "import sys; before = set(sys.modules); import bot.logs; "
        f"print([name for name in {late} if name in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
