"""What can go wrong, and what is said of it.

Each class's docstring is its message: the first line says what happened, the lines after it what to
do. Fields in braces are filled in from the keywords the error was raised with. Nothing here is ever
printed as a traceback, unless the user asks for one with --debug.

    BotError
      UsageError           exit 2: a command asked for something that can't be
      SettingsError        exit 2: a setting is missing or can't be read
      ContentError         exit 1: messages/ or media/ have problems (carries all of them)
      LedgerError
        LedgerUnavailable  the database did not answer; try again
        LedgerConflict     another worker was faster; read the history, plan again
        LedgerGuard        the ledger refused to arm: expired, paused, suspected
        LedgerNewer        the schema is of a later version of this program
      NetworkError         how a request ended, when it ended without a receipt
        NotSent            provably not sent, or not processed
        Refused            the network refused it for good
          FileRefused      a file of ours is not what was to be sent
        InDoubt            anything else: it may have been posted
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.domain import Problem


def in_words(error: BaseException) -> str:
    """Why the system or a library refused something, without Python's own words: half a sentence.

    This is the one place in which such an exception is turned into text for people.
    """
    if isinstance(error, UnicodeError):
        return "it is not text in the encoding that is expected"
    reason = getattr(error, "reason", None)  # urllib's errors hold the one that they are about
    if isinstance(reason, Exception):
        return in_words(reason)
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(_INNER.sub("", said).split()) or type(error).__name__


def sentence(text: str) -> str:
    """With a full stop at its end, where nothing ends it yet."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def counted(count: int, noun: str) -> str:
    """How many of something there are, for people: "1 post", "2,500 posts"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def what_and_fix(error: BotError) -> tuple[str, str]:
    """An error's two halves: its first line says what is wrong, the others what to do."""
    what, _, fix = str(error).partition("\n")
    return what, " ".join(fix.splitlines())


_INNER = re.compile(r"\[SSL: \w+\] |\[Errno -?\d+\] | \(_ssl\.c:\d+\)| <[^<>]* object at 0x\w+>")
"""What Python's libraries put into their messages for programmers."""


class BotError(Exception):
    """{what}
    {fix}"""

    exit_code: ClassVar[int] = 1

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts = facts

    def __str__(self) -> str:
        text = inspect.cleandoc(type(self).__doc__ or "").format_map(_Blank(self.facts))
        return "\n".join(line for line in text.splitlines() if line.strip())


class _Blank(dict[str, Any]):
    """Leaves a field that was not given empty, so that a message never fails on its way out."""

    def __missing__(self, key: str) -> str:
        return ""


class UsageError(BotError):
    """{what}
    {fix}"""

    exit_code = 2


class SettingsError(BotError):
    """{name}: {what}
    {fix}"""

    exit_code = 2


class ContentError(BotError):
    """{first}
    {rest}
    Run `bot check` to see each problem of the content, and what to do about it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        errors = [problem for problem in problems if problem.severity == "error"]
        first, *others = errors or problems
        rest = first.fix
        if others:
            places = ", ".join(str(problem.where) for problem in others[:3])
            rest = f"{len(others)} more: {places}" + (", …" if len(others) > 3 else "")
        super().__init__(first=f"{first.where}: {first.what}", rest=rest)
        self.problems = tuple(problems)


class LedgerError(BotError):
    """The ledger: {what}
    {fix}"""


class LedgerUnavailable(LedgerError):
    """The ledger at {where} {did}: {why}
    Nothing is posted without it. {fix}"""

    def __init__(self, **facts: Any) -> None:
        super().__init__(**{**NO_ANSWER, **facts})


NO_ANSWER = {
    "did": "did not answer",
    "fix": "Check DATABASE_URL, and whether the database runs and is reached from here.",
}
NOT_ALLOWED = {
    "did": "can't be written",
    "fix": "Give the bot a role, or a user, that may write there. For reading it will do.",
}
FULL = {"did": "has no room", "fix": "Make room on its disk."}
UNUSABLE = {"did": "can't be used", "fix": "Look at DATABASE_URL, at that file and at its disk."}
"""What is the matter with a ledger, and what to do, by the cause; that it is away, where none is
known."""


class LedgerConflict(LedgerError):
    """Another worker was faster at {account}/{slot}.
    Nothing to do: the history is read again."""


class LedgerGuard(LedgerError):
    """The slot may not be sent now: {reason}."""

    @property
    def reason(self) -> str:
        """One of `late`, `paused`, `suspected`, `clock`."""
        return str(self.facts["reason"])


class LedgerNewer(LedgerError):
    """The ledger's schema is version {found}, newer than this program's {known}.
    Run the newer program; a schema is never taken back."""


class NetworkError(BotError):
    """{network}: {what}
    {fix}"""


class NotSent(NetworkError):
    """{network}: not sent: {what}
    {fix}"""

    @property
    def retry_at(self) -> datetime | None:
        """The earliest time at which trying again makes sense, if the network named one."""
        at: datetime | None = self.facts.get("retry_at")
        return at


class Refused(NetworkError):
    """{network}: refused: {what}
    {fix}"""


class FileRefused(Refused):
    """{what}
    {fix}"""


class InDoubt(NetworkError):
    """{network}: it may or may not have been posted: {what}
    It is read back before anything else happens."""
