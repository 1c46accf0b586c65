"""One line per event, as text for people or JSON for machines, and no secret in any of them.

    event("posted", "Posted {id}", id=slot.id, url=receipt.url)

    2026-12-01T12:00:03Z INFO    Posted x/2026-12-01T12:00:00+00:00 url=https://x.com/…
    {"at": "2026-12-01T12:00:03.127+00:00", "level": "info", "event": "posted", "message": …}

Whatever a library logs goes through the same handler: it is made one line, and redacted. Redacted
is every known secret of six characters or more, as it is and as it looks when it is quoted for a
URL, escaped, or part of something in base64; and whatever looks like a credential, known or not.

Libraries are heard from WARNING up, whatever the bot's own level is: tweepy logs headers at DEBUG.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Literal, TextIO

from bot.errors import BotError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Redact = Callable[[str], str]

SHORTEST_SECRET = 6
"""A shorter secret is not looked for: it would turn up in ordinary words."""

QUIET = (
    "tweepy",
    "urllib3",
    "requests",
    "requests_oauthlib",
    "oauthlib",
    "apscheduler",
    "PIL",
    "apprise",
)
"""Loggers of libraries, heard from WARNING up, whatever level the bot's own has."""

HIDDEN = "***"

log = logging.getLogger("bot")


def event(
    name: str,
    message: str,
    /,
    *,
    level: int = logging.INFO,
    error: BaseException | None = None,
    **fields: Any,
) -> None:
    """Logs that something happened. `message` is a template that `fields` fill in, with braces.

    `error` is told in one line; its traceback only where `configure` was asked for it.
    """
    if log.isEnabledFor(level):
        extra = {"bot_event": name, "bot_fields": fields}
        log.log(level, message, exc_info=error, extra=extra)


def configure(
    format: Literal["text", "json"] | None,  # noqa: A002 - the name of the setting
    secrets: Sequence[str],
    stream: TextIO,
    level: int = logging.INFO,
    *,
    debug: bool = False,
    colour: bool | None = None,
) -> None:
    """Sends every log line to a stream, redacted. May be called again, and then replaces the first.

    `format` None: text on a terminal, else JSON. `colour` None: on a terminal, unless NO_COLOR is
    set. `debug` shows tracebacks.
    """
    terminal = stream.isatty()
    formatter: logging.Formatter
    if format == "text" or (format is None and terminal):
        wanted = terminal and _colour_wanted() if colour is None else colour
        formatter = TextLines(redactor(secrets), debug=debug, colour=wanted)
    else:
        formatter = JsonLines(redactor(secrets), debug=debug)
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(old)
    root.addHandler(_Handler(stream, formatter))
    root.setLevel(logging.WARNING)
    log.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _colour_wanted() -> bool:
    import os

    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class _Handler(logging.StreamHandler[TextIO]):
    """Writes a line at once. Never fails, and never shows what it could not write."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter) -> None:
        super().__init__(stream)
        self.setFormatter(formatter)

    def format(self, record: logging.LogRecord) -> str:
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        return super().format(record).encode(encoding, "backslashreplace").decode(encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A closed pipe or a full disk must not stop a post, nor print the record as it came."""


class _Lines(logging.Formatter):
    """What both formats are made of. Values are redacted first and escaped last."""

    def __init__(self, redact: Redact, *, debug: bool) -> None:
        super().__init__()
        self.redact = redact
        self.debug = debug

    def parts(self, record: logging.LogRecord) -> tuple[str, str, dict[str, Any]]:
        """The event's name, its message, and its fields."""
        name = getattr(record, "bot_event", None)
        if name is None:  # a library's line
            return "log", self.redact(_message(record)), {"logger": record.name}
        given = getattr(record, "bot_fields", {})
        fields = {key: self.item(key, value) for key, value in given.items()}
        return name, self.redact(_filled(record.msg, fields)), fields

    def plain(self, value: Any) -> Any:
        """A value as JSON can have it: every text redacted, whatever has a secret's name hidden."""
        if isinstance(value, Mapping):
            return {self.redact(str(key)): self.item(str(key), item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.plain(item) for item in value]
        if isinstance(value, (date, time)):
            return value.isoformat()
        if isinstance(value, bytes):
            value = value.decode("utf-8", "backslashreplace")
        redacted = self.redact(str(value))
        return value if redacted == str(value) and _is_plain(value) else redacted

    def item(self, key: str, value: Any) -> Any:
        return HIDDEN if _SECRET_NAME.search(key) else self.plain(value)

    def trouble(self, record: logging.LogRecord) -> dict[str, str]:
        """The record's exception in one line; where debugging, its traceback too."""
        if not record.exc_info or record.exc_info[1] is None:
            return {}
        trouble = {"error": self.redact(told(record.exc_info[1]))}
        if self.debug:
            trouble["traceback"] = self.redact(self.formatException(record.exc_info))
        return trouble


class JsonLines(_Lines):
    """`at`, `level`, `event`, `message`, then the fields; in ASCII, so nothing can break a line.

    A field that has one of these four names gets an underscore after it.
    """

    def format(self, record: logging.LogRecord) -> str:
        event, message, fields = self.parts(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = record.levelname.lower()
        line = {"at": at, "level": level, "event": event, "message": message}
        for key, value in (fields | self.trouble(record)).items():
            line[f"{key}_" if key in line else key] = value
        return json.dumps(line)


class TextLines(_Lines):
    """TIME LEVEL message key=value …, with the fields that the message does not have already.

    Where debugging, a traceback follows, each line of it indented and marked.
    """

    def __init__(self, redact: Redact, *, debug: bool, colour: bool) -> None:
        super().__init__(redact, debug=debug)
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        _, message, fields = self.parts(record)
        trouble = self.trouble(record)
        below = trouble.pop("traceback", "").splitlines()
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        words = [at, self.level(record), printable(message)]
        for key, value in (fields | trouble).items():
            if f"{{{key}}}" not in str(record.msg):
                words.append(f"{printable(key)}={_quoted(value)}")
        return "\n".join([" ".join(words), *(f"    | {printable(line)}" for line in below)])

    def level(self, record: logging.LogRecord) -> str:
        padded = f"{record.levelname:<7}"
        colour = _COLOURS.get(record.levelno)
        return f"\x1b[{colour}m{padded}\x1b[0m" if self.colour and colour else padded


def _is_plain(value: Any) -> bool:
    """Whether JSON has this value as it is. It has no infinity, and no not-a-number."""
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int))


_COLOURS = {
    logging.DEBUG: 2,
    logging.INFO: 32,
    logging.WARNING: 33,
    logging.ERROR: 31,
    logging.CRITICAL: 31,
}


def told(error: BaseException) -> str:
    """An exception in one line: one of our own as it is, any other with its class."""
    said = " – ".join(line.strip() for line in str(error).splitlines() if line.strip())
    if isinstance(error, BotError):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a library's mistake in its own logging
        return str(record.msg)


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    def fill(match: re.Match[str]) -> str:
        value = fields.get(match[1], match[0])
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return re.sub(r"\{(\w+)\}", fill, template)


def _quoted(value: Any) -> str:
    """A field's value: as it is where that is plain to read, else as JSON."""
    if isinstance(value, str) and re.fullmatch(r"[^\s\"'=\\{}\[\]]+", value):
        return printable(value)
    return printable(json.dumps(value, ensure_ascii=False))


def printable(text: str) -> str:
    r"""A text that stays on its line and is what it looks like: `\n` for a line's end, and so on.

    Escaped are control characters, line separators, and what turns the direction of writing.
    """
    return re.sub(_UNPRINTABLE, _escape, text)


_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


# -- redaction ------------------------------------------------------------------------------------

_SECRET_NAME = re.compile(
    r"authorization|cookie|password|secret|(access|oauth|bearer|refresh)_?token|(api|consumer)_?key",
    re.IGNORECASE,
)
"""A field or header of such a name is hidden whatever it holds."""

_QUOTED = r"""b?'(?:\\.|[^'\\])*'|b?"(?:\\.|[^"\\])*\""""

_SAMPLE = r"""(?-i:(?<=://USER:)PASSWORD@HOST/NAME(?=[.,;)'"`]?(?:\s|\Z)))"""
"""How our own messages say what an address looks like: to the letter, and with nothing after it."""

_LOOKS_SECRET = (
    # Authorization: …, 'Authorization': b'…', ('Cookie', '…'); a bare header goes to the line's end
    (
        rf"""(\b(?:authorization|cookie)(?:["']\s*[:,]|[:=])\s*)(?:{_QUOTED}|[^\r\n]+)""",
        rf"\1{HIDDEN}",
    ),
    # Bearer …
    (r"\b(bearer|basic)\s+[\w.~+/%-]{20,}=*", rf"\1 {HIDDEN}"),
    # oauth_signature="…", 'oauth_token': '…', oauth_token%3D…
    (
        r"""(\boauth_(?:signature|token|token_secret|consumer_key|verifier)"""
        r"""(?:["']?\s*[=:,]\s*b?["']?|%3D(?:%22)?))[^\s"'&,]+""",
        rf"\1{HIDDEN}",
    ),
    # password=…, "access_token": "…"
    (
        r"""(\b(?:\w{0,20}password|(?:access|refresh)_token|api_?key|(?:api_?|client_)secret)"""
        r"""(?:["']\s*[:,]\s*b?["']|=["']?))[^\s"'&,;]+""",
        rf"\1{HIDDEN}",
    ),
    # postgres://user:…@host
    (rf"(\b[a-z][a-z0-9+.-]{{0,20}}://[^\s/:@]*:)(?!{_SAMPLE})[^\s/]+(?=@)", rf"\1{HIDDEN}"),
)


def redactor(secrets: Sequence[str]) -> Redact:
    """A function that takes the known secrets, and what looks like one, out of a text.

    It gets ready when it is first called, for that takes longer than all its work for one post.
    """
    patterns = functools.cache(lambda: _patterns(secrets))

    def redact(text: str) -> str:
        for pattern, put in patterns():
            text = pattern.sub(put, text)
        return text

    return redact


def concealer(secrets: Sequence[str]) -> Redact:
    """A function that takes only the known secrets out of a text, and leaves all else as it is."""
    known = functools.cache(lambda: _known(secrets))

    def conceal(text: str) -> str:
        for form in known():
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    return conceal


def _known(secrets: Sequence[str]) -> list[str]:
    """The known secrets in each form that they may turn up in, the longest first."""
    long_enough = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    forms = {form for secret in long_enough for form in _forms(secret)}
    return sorted(forms, key=lambda form: (-len(form), form))


def _patterns(secrets: Sequence[str]) -> list[tuple[re.Pattern[str], str]]:
    """What is looked for, and what is put in its place."""
    known = _known(secrets)
    patterns = [(re.compile(look, re.IGNORECASE), put) for look, put in _LOOKS_SECRET]
    if known:
        patterns.insert(0, (re.compile("|".join(map(re.escape, known))), HIDDEN))
    return patterns


def _forms(secret: str) -> Iterator[str]:
    """A secret as it may turn up: bare, quoted for a URL, escaped in a text, inside base64."""
    from urllib.parse import quote, quote_plus

    yield secret
    for quoted in {quote(secret, safe=""), quote(secret), quote_plus(secret)}:
        yield quoted
        yield re.sub("%..", lambda match: match[0].lower(), quoted)
        yield quote(quoted, safe="")  # as in the text that an OAuth signature is made of
    for text in {json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)}:
        yield text[1:-1]
        again = repr(text)[1:-1]  # an exception's repr has the repr of what it is about
        edge = 1 + again.startswith("\\")
        yield again[edge:-edge]
    yield ascii(secret)[1:-1]
    yield repr(secret.encode())[2:-1]
    if any(mark in secret for mark in "&<>\"'"):
        from html import escape  # it brings a table of two thousand names

        yield escape(secret)
    yield from _inside_base64(secret.encode())


def _inside_base64(secret: bytes) -> Iterator[str]:
    """What base64 makes of these bytes wherever they stand in a text (`user:password`, say).

    Three bytes become four characters, so there are three ways; of each, only the characters that
    do not depend on the neighbours.
    """
    from base64 import b64encode, urlsafe_b64encode

    for before in range(3):
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + secret).decode()[first:last]
