"""Pure: what is wrong with the marks of a TOML text, in words; and the marks that can be mended.

tomli says where a text stops being TOML, and what it would have expected there. Here it is said
what a person did: curly quotation marks, a space that is none, a date that there isn't.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import NamedTuple

from bot.characters import called, is_invisible, looks

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

_KEPT = r'''(?P<kept>
    """(?: [^"\\]++ | \\. | "(?!"") )* "{3,5}
  | \'\'\'(?: [^']++ | '(?!\'\') )* '{3,5}
  | "(?: [^"\\\n]++ | \\. )* " | '[^'\n]*+' | \#[^\n]*+
)'''
"""Texts in straight quotes, and comments: whatever stands in them is right."""

_DOUBLE, _SINGLE = "“”„‟«»″＂", "‘’‚‛′"
_CURLY = rf"""(?P<before> [=＝\[,]\s* )
  (?: [{_DOUBLE}"] (?P<double> [^{_DOUBLE}"\n]* ) [{_DOUBLE}"]
    | [{_SINGLE}'] (?P<single> (?: [^{_SINGLE}'\n] | (?<=\w)[’'](?=\w) )* ) [{_SINGLE}'] )
  (?= [^\S\n]* (?: [,\]}}\#\n] | $ ) )"""
"""A value between quotation marks of which one at least is curly: the others are kept."""

_MARKS = re.compile(rf"{_KEPT} | {_CURLY}", re.VERBOSE | re.DOTALL)
_OTHERS = re.compile(rf"{_KEPT} | (?P<odd> [^\x00-\x7f] )", re.VERBOSE | re.DOTALL)
_CURLY_AROUND = re.compile(
    rf"(?:^|[=\[,])\s*[{_DOUBLE}{_SINGLE}] | \"[^{_DOUBLE}]*[{_DOUBLE}] | '[^’]*’\s*(?:$|[,\]])",
    re.VERBOSE,
)
_DATE = re.compile(r"[=\[,]\s*(\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[^\s,\]]*)")
_MERGE = re.compile(r"(<{7}|={7}|>{7}|\|{7})( |$)")

_SYNTAX = (
    (
        "Invalid value",
        "After `=` comes no value that TOML knows",
        'Put text in double quotes: "…"; true and false go without, in lower case.',
    ),
    (
        "Expected '=' after a key",
        "Here is a key without `= value`",
        'Write `key = "value"`, one to a line.',
    ),
    (
        "Expected newline or end",
        "Something stands after the value",
        'Put text (and times such as "12:00") in double quotes; one key to a line.',
    ),
    (
        "Unterminated string",
        "A text in quotes never ends",
        'Close it with the quotes it began with: "…" or """…""".',
    ),
    ('Expected "\'"', "A text in quotes is not closed on its line", "Close it with '."),
    ("Expected \"'''\"", "A text in quotes never ends", "Close it with '''."),
    (
        "Illegal character '\\n'",
        "A text in quotes is not closed on its line",
        'Close it with ", or use """…""" for several lines.',
    ),
    (
        "Illegal character",
        "A character stands here that TOML forbids",
        "Delete it and type the line anew.",
    ),
    (
        "Unclosed array",
        "A list in [ ] is never closed",
        "Close it with ]; commas go between its items.",
    ),
    (
        "Unclosed inline table",
        "A { … } is never closed",
        "Close it with }; commas go between its keys.",
    ),
    (
        "Expected ']'",
        "A [table] header is not closed, or its name has spaces",
        "Write it as [table] or [table.name].",
    ),
    (
        "Unescaped '\\'",
        "A backslash stands in a text",
        "Write it twice, or put the text in single quotes: '…'.",
    ),
    (
        "Invalid statement",
        "This line is neither `key = value` nor a [table] header",
        "Keys are plain letters, digits, - and _; a comment begins with #.",
    ),
    (
        "Invalid initial character",
        "This is no name for a key or a table",
        "Names are plain letters, digits, - and _.",
    ),
)
"""What tomli says first, what that means, and what to do."""


class TomlFault(NamedTuple):
    """What is wrong with a text: on which line, what, and what to do."""

    line: int
    what: str
    fix: str


def fault_in(text: str, error: Exception) -> TomlFault:
    """What the error that tomli raised means for whoever wrote this text."""
    import tomli

    if not isinstance(error, tomli.TOMLDecodeError):  # Python's own, of what tomli hands on to it
        what = "TOML: a number is too long, or brackets are nested too deep"
        return TomlFault(1, what, "Look for a pasted number or a row of brackets.")
    said = str(error)
    at = _AT.search(said)
    line = int(at[1]) if at and at[1] else _last_line(text, said)
    lines = text.split("\n")
    seen = _seen(lines[line - 1]) if line <= len(lines) else None
    if seen is not None:
        return TomlFault(line, *seen)
    for begins, what, fix in _SYNTAX:
        if said.startswith(begins):
            return TomlFault(line, what, fix)
    what = said[: at.start()] if at else said
    return TomlFault(line, f"TOML: {what}", "See https://toml.io.")


def _seen(line: str) -> tuple[str, str] | None:
    """What a person sees in the line, and tomli doesn't say; and what to do."""
    if _MERGE.match(line):
        return "A mark that a merge left stands here", "Keep one of the two sides, without marks."
    bare = _OTHERS.sub(lambda each: each["odd"] or " ", line)
    mended = "; `bot check --fix` does" if with_plain_marks(line) != line else ""
    if _CURLY_AROUND.search(bare):
        return (
            "Curly quotation marks stand here, and TOML knows only straight ones",
            f'Write "…", with the straight mark of the keyboard{mended}.',
        )
    for character in bare:
        if not character.isascii() and looks(character) in _PLAIN:
            return (
                f"Here stands {called(character)}, which TOML doesn't take for what it looks like",
                f"Type it anew on the keyboard{mended}.",
            )
    for date in _DATE.findall(bare):
        if not _is_date(date):
            fix = "Write year-month-day, without quotes: 2026-01-31."
            return f"There is no date `{date[:30]}`", fix
    return None


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_PLAIN = ("", " ", *"=[]{}#.,:'\"-")
"""What TOML is made of besides words, as it looks."""


def _last_line(text: str, said: str) -> int:
    """Where to look when the text ends too soon: where the string that never ends began, if any."""
    end = len(text.rstrip("\n"))
    if said.startswith('Expected "\'"'):
        end = _OTHERS.sub(lambda each: "x" * len(each.group()), text).find("'")
    elif said.startswith(("Unterminated", "Expected")):
        end = max(text.rfind('"""'), text.rfind("'''"), 0) or end
    return text.count("\n", 0, end) + 1


def with_plain_marks(text: str) -> str:
    """The text with straight quotes around its values, and plain spaces; nothing in them is else.

    Line ends are `\\n` or `\\r\\n`. What is no mend is left as it is, and may still be no TOML.
    """
    begin = text[: text.startswith("\ufeff")]  # the byte order mark of a file
    return begin + _OTHERS.sub(_plain, _MARKS.sub(_straight, text[len(begin) :]))


def _plain(match: re.Match[str]) -> str:
    odd = match["odd"]
    if odd is None:
        return match.group()
    if is_invisible(odd) or unicodedata.category(odd) == "Zs":
        return "" if is_invisible(odd) else " "
    plain = looks(odd)
    return plain if plain in _PLAIN and odd not in _DOUBLE + _SINGLE else odd


def _straight(match: re.Match[str]) -> str:
    if match["before"] is None:
        return match.group()
    words = (match["double"] if match["double"] is not None else match["single"]).strip()
    return match["before"] + '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
