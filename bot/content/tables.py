"""TOML to tables that know what may stand in them, and on which line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

from bot.content.clean import remnants, tell, unsound
from bot.content.lines import KeyPath, Lines, Twice, key_lines
from bot.content.reading import FORBIDDEN, Findings, Reader, listed, nearest, one_line, shown
from bot.content.tags import mention_in
from bot.domain import Place, Problem
from bot.tomltext import fault_in

_OWN = ("publisher", "when", "as", "to")
"""What holds our own words that get into posts."""

_QUOTED = ("text", "short")
"""What holds quoted words."""


def read_table(reader: Reader, path: str) -> Table | None:
    """A file's top table, or None after reporting why not."""
    text = reader.text(path)
    return None if text is None else parse_toml(path, text, reader.findings)


class TomlFile:
    """A TOML text, its path, and where its keys stand (found out when first asked)."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def lines(self) -> Lines:
        return key_lines(self.text)

    def place(self, path: KeyPath) -> Place:
        return Place(self.path, self.lines.find(path))


def parse_toml(path: str, text: str, findings: Findings) -> Table | None:
    """The text's top table, or None after reporting its first syntax error."""
    import tomli

    file = TomlFile(path, text)
    try:
        return Table(tomli.loads(text), file, findings)
    except (ValueError, RecursionError) as error:
        findings.problems.append(_syntax_problem(file, error))
    return None


def _syntax_problem(file: TomlFile, error: Exception) -> Problem:
    if str(error).startswith("Cannot ") and file.lines.twice:
        return _twice_problem(file, file.lines.twice[0])
    fault = fault_in(file.text, error)
    return Problem("toml-syntax", Place(file.path, fault.line), fault.what, fault.fix)


def _twice_problem(file: TomlFile, twice: Twice) -> Problem:
    where = Place(file.path, twice.second)
    name = dotted(twice.path)
    if twice.is_table:
        what = f"[{name}] stands twice; the first is on line {twice.first}"
        return Problem("duplicate-id", where, what, "Give one of them another name.")
    what = f"`{name}` stands twice; the first is on line {twice.first}"
    return Problem("duplicate-key", where, what, "Keep one of them.")


def dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _kind_of(value: object) -> str:
    for types, kind in (
        (bool, "true or false"),
        (str, "text"),
        (int, "a whole number"),
        (float, "a number"),
        (datetime, "a date and time"),
        (date, "a date"),
        (time, "a time without quotes"),
        (list, "a list"),
    ):
        if isinstance(value, types):
            return kind
    return "a table"


class Table:
    """A TOML table as it is being read: what was asked for is known, the rest is reported.

    Each method reports a value of the wrong type and then gives the default, so reading goes on.
    """

    def __init__(
        self, data: dict[str, Any], file: TomlFile, findings: Findings, path: KeyPath = ()
    ) -> None:
        self.data = data
        self.file = file
        self.findings = findings
        self.path = path
        self._known: list[str] = []
        self._missing: dict[str, str] = {}

    @property
    def title(self) -> str:
        return f"[{dotted(self.path)}]" if self.path else self.file.path

    @property
    def where(self) -> Place:
        return self.file.place(self.path)

    def place(self, *keys: str | int) -> Place:
        return self.file.place((*self.path, *keys))

    def error(self, rule: str, key: str, what: str, fix: str = "") -> None:
        self.findings.error(rule, self.place(key), what, fix)

    def text(
        self, key: str, default: str = "", *, required: bool = False, is_said: bool = True
    ) -> str:
        """A text on one line: line breaks and runs of spaces become one space.

        In one that is never said to anybody (`is_said`), an @ is no mention.
        """
        value = self._take(key, str, 'text in double quotes: "…"', required=required)
        return default if value is None else self._clean(value, key, is_said=is_said)

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        value = self._take(key, list, 'a list of texts: ["…", "…"]', required=required)
        cleaned = []
        for index, item in enumerate(value or ()):
            if isinstance(item, str):
                cleaned.append(self._clean(item, key, index))
            else:
                self._wrong_type(item, 'text in double quotes: "…"', key, index)
        return tuple(cleaned)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._take(key, bool, "true or false, without quotes")
        return default if value is None else bool(value)

    def whole(self, key: str, default: int) -> int:
        value = self._take(key, int, "a whole number, without quotes")
        return default if value is None else int(value)

    def anything(self, key: str) -> Any:
        """The value of whatever type, or None where there is none."""
        self._known.append(key)
        return self.data.get(key)

    def table(self, key: str, *, required: bool = False) -> Table | None:
        value = self._take(key, dict, f"a table: a line [{key}] and its keys", required=required)
        if value is None:
            return None
        return Table(value, self.file, self.findings, (*self.path, key))

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """The tables under this one that the author named: [key.NAME]."""
        whole = self.table(key)
        if whole is not None:
            for name in whole.data:
                inner = whole.table(name)
                if inner is not None:
                    yield name, inner

    def close(self) -> None:
        """Reports keys that nobody asked for, and required ones that aren't there."""
        mistyped = set()
        for key in self.data:
            if key not in self._known:
                close = nearest(key, self._known)
                mistyped.add(close)
                self._unknown(key, close)
        for key, fix in self._missing.items():
            if key not in mistyped:
                what = f"`{key}` is missing in {self.title}"
                self.findings.error("missing-key", self.where, what, fix)

    def wrong_type(self, key: str, expected: str) -> None:
        """Reports that the value of this key should have been something else."""
        self._wrong_type(self.data[key], expected, key)

    def _take(self, key: str, kind: type, expected: str, *, required: bool = False) -> Any:
        self._known.append(key)
        value = self.data.get(key)
        if value is None:
            if required:
                self._missing[key] = f"Add `{key}`; it must be {expected}."
            return None
        if type(value) is kind:
            return value
        self._wrong_type(value, expected, key)
        return None

    def _wrong_type(self, value: object, expected: str, *keys: str | int) -> None:
        what = f"`{keys[0]}` is {_kind_of(value)} ({shown(str(value))})"
        self.findings.error("wrong-type", self.place(*keys), what, f"It must be {expected}.")

    def _clean(self, value: str, *keys: str | int, is_said: bool = True) -> str:
        forbidden = FORBIDDEN.search(value)
        if forbidden is not None:
            what = f"`{keys[0]}` holds a control character, U+{ord(forbidden.group()):04X}"
            self.findings.error("control-character", self.place(*keys), what, "Take it out.")
        cleaned = one_line(value)
        if not cleaned:
            what = f"`{keys[0]}` is empty"
            fix = "Fill it in, or take the line out."
            self.findings.error("empty", self.place(*keys), what, fix)
        if is_said and mention_in(cleaned) is not None:
            what = f"`{keys[0]}` holds an @mention"
            fix = "Nobody is mentioned unasked: write the name, without @."
            self.findings.error("mention", self.place(*keys), what, fix)
        if keys[0] in _OWN:
            tell(remnants(value), self.place(*keys), f"`{keys[0]}`", self.findings)
        elif keys[0] in _QUOTED:
            tell(unsound(value), self.place(*keys), f"`{keys[0]}`", self.findings)
        return cleaned

    def _unknown(self, key: str, close: str | None) -> None:
        guess = "" if close is None else f"; did you mean `{close}`?"
        known = tuple(sorted(set(self._known)))
        self.findings.error(
            "unknown-key",
            self.place(key),
            f"Unknown key `{shown(key)}`{guess}",
            f"Known in {self.title}: {listed(known)}.",
            unknown=key,
            known=known,
        )
