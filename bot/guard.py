"""The last gate: whatever this process writes, to either stream, goes through one redaction.

What an error, a row or a library may have in it is not known where it is written. So it is not left
to each place to remember: standard output and standard error are wrapped while a command runs, and
the traceback of a crash is written through the same redaction.

Standard output may be the posts themselves, byte for byte; there only the known secrets are taken
out. On standard error, whatever looks like a credential goes too.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    Redact = Callable[[str], str]


class Guarded:
    """A text stream that redacts what is written to it. There is no way around it to its bytes.

    click asks a stream whether it takes bytes by writing none of them, and writes a few all the
    same where it does not.
    """

    def __init__(self, stream: TextIO, redact: Redact) -> None:
        self._stream = stream
        self.redact = redact

    def write(self, text: str | bytes) -> int:
        if not text and isinstance(text, bytes):
            raise TypeError("this stream takes text")
        said = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
        self._stream.write(self.redact(said))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


@contextmanager
def guarded(*, for_good: bool) -> Iterator[None]:
    """Guards both streams, and what is written of a crash that follows.

    `for_good`: after it, too, until the process ends; whatever still runs then may have words.
    """
    out, err = sys.stdout, sys.stderr
    known, anything = _redactions()
    if out is not None:  # it is, where the process was started with it closed
        sys.stdout = cast("TextIO", Guarded(out, known))
    if err is not None:
        sys.stderr = cast("TextIO", Guarded(err, anything))
    sys.excepthook = functools.partial(_crash, anything)
    try:
        yield
    finally:
        if not for_good:
            sys.stdout, sys.stderr = out, err


def _redactions() -> tuple[Redact, Redact]:
    """For what is known, and for what looks like a secret too. Nothing is done before it has to."""
    secrets = functools.cache(_secrets)

    @functools.cache
    def ready() -> tuple[Redact, Redact]:
        from bot.logs import concealer, redactor

        return concealer(secrets()), redactor(secrets())

    def known(text: str) -> str:
        return ready()[0](text) if secrets() else text

    def anything(text: str) -> str:
        return ready()[1](text)

    return known, anything


def _secrets() -> tuple[str, ...]:
    from pathlib import Path

    from bot.settings import known_secrets

    return tuple(known_secrets(Path(), os.environ))


def _crash(
    redact: Redact,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Writes a traceback, every exception of its chain redacted."""
    import traceback

    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))
