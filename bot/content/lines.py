"""Pure: where in a TOML text each key and value stands. tomli tells nothing of it.

One pass over the text's tokens, so that strings, multi-line strings, arrays, inline tables and
comments that look like keys can't fool it. It never raises: of a text that isn't TOML it tells what
it could make out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""The way to a value: keys, and for the elements of an array their index from 0."""

# No group repeats possessively: before Python 3.11.5 that matches wrongly.
TOKEN = re.compile(
    r'''
    [ \t\r]++ | \#[^\n]*+
    | (?P<string>
        """(?: [^"\\]++ | \\. | "(?!"") )* "{3,5}
      | \'\'\'(?: [^']++ | '(?!\'\') )* '{3,5}
      | "(?: [^"\\\n]++ | \\. )* "
      | '[^'\n]*+'
      )
    | (?P<bare> [^\s\#"'\[\]{}=,.]++ )
    | (?P<mark> [][{}=,.\n] )
    ''',
    re.VERBOSE | re.DOTALL,
)


class Stretch(NamedTuple):
    """Where a value stands in the text, as written: from `start` up to, and without, `end`."""

    start: int
    end: int


class Twice(NamedTuple):
    """A key or a table that stands twice: which, and on which lines."""

    path: KeyPath
    first: int
    second: int
    is_table: bool


class Lines:
    """The line, from 1, of every key path; and what stands twice, which TOML forbids.

    `values` has where the value of every key, and each element of an array, stands in the text.
    """

    def __init__(self) -> None:
        self.at: dict[KeyPath, int] = {}
        self.values: dict[KeyPath, Stretch] = {}
        self.twice: list[Twice] = []

    def find(self, path: KeyPath) -> int:
        """The line of the path, or of the nearest thing above it that has one; at last, line 1."""
        while path and path not in self.at:
            path = path[:-1]
        return self.at.get(path, 1)


def key_lines(text: str) -> Lines:
    """Where every key of a TOML text stands. Line ends are `\\n`."""
    scan = _Scan(text)
    with suppress(_EndOfTextError, RecursionError):
        scan.document()
    return scan.lines


class _EndOfTextError(Exception):
    """The text is over."""


class _Token(NamedTuple):
    kind: str
    text: str
    line: int
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


_END = _Token("mark", "", 0, 0)
_AFTER_VALUE = {"\n", ",", "]", "}", ""}


class _Scan:
    """Reads statement by statement, one token ahead. Keys belong to `_table`."""

    def __init__(self, text: str) -> None:
        self.lines = Lines()
        self._tokens = _tokens(text)
        self._now = next(self._tokens, _END)
        self._last = _END
        self._table: KeyPath = ()
        self._tables: set[KeyPath] = set()
        self._elements: dict[KeyPath, int] = {}

    def document(self) -> None:
        """Takes in all statements. Raises _EndOfTextError at the end, wherever that is."""
        while True:
            self._skip_empty_lines()
            token = self._take()
            if token.text == "[":
                self._header(token.line)
            elif token.kind != "mark":
                self._pair(self._table, token)
            while self._now.text != "\n":
                self._take()

    def _header(self, line: int) -> None:
        is_array = self._now.text == "["
        if is_array:
            self._take()
        path = self._resolve(self._key(self._take()))
        if is_array:
            self._elements[path] = index = self._elements.get(path, -1) + 1
            path = (*path, index)
        elif path in self._tables:
            self.lines.twice.append(Twice(path, self.lines.at[path], line, is_table=True))
        self._tables.add(path)
        self._table = path
        self._note(path, line)

    def _resolve(self, keys: KeyPath) -> KeyPath:
        """A header's keys as a path: what stands under `[[a]]` belongs to the newest `a`."""
        path: KeyPath = ()
        for key in keys[:-1]:
            path = (*path, key)
            if path in self._elements:
                path = (*path, self._elements[path])
        return (*path, keys[-1])

    def _pair(self, table: KeyPath, token: _Token) -> None:
        path = (*table, *self._key(token))
        if path in self.lines.at:
            self.lines.twice.append(Twice(path, self.lines.at[path], token.line, is_table=False))
        self._note(path, token.line)
        if self._now.text == "=":
            self._take()
            self._value(path)

    def _key(self, token: _Token) -> KeyPath:
        keys = [_unquoted(token)]
        while self._now.text == ".":
            self._take()
            keys.append(_unquoted(self._take()))
        return tuple(keys)

    def _value(self, path: KeyPath) -> None:
        start = self._now.start
        self._skip_value(path)
        self.lines.values[path] = Stretch(start, self._last.end)

    def _skip_value(self, path: KeyPath) -> None:
        if self._now.text == "[":
            self._take()
            self._array(path)
        elif self._now.text == "{":
            self._take()
            self._inline_table(path)
        else:
            while self._now.text not in _AFTER_VALUE:
                self._take()

    def _array(self, path: KeyPath) -> None:
        index = 0
        self._skip_empty_lines()
        while self._now.text != "]":
            if self._now.text == ",":
                self._take()
                index += 1
            elif self._now.text in _AFTER_VALUE:
                raise _EndOfTextError
            else:
                self._note((*path, index), self._now.line)
                self._value((*path, index))
            self._skip_empty_lines()
        self._take()

    def _inline_table(self, path: KeyPath) -> None:
        self._skip_empty_lines()
        while self._now.text != "}":
            token = self._take()
            if token.kind != "mark":
                self._pair(path, token)
            elif token.text != ",":
                raise _EndOfTextError
            self._skip_empty_lines()
        self._take()

    def _note(self, path: KeyPath, line: int) -> None:
        at = self.lines.at
        for length in range(1, len(path) + 1):
            at.setdefault(path[:length], line)

    def _take(self) -> _Token:
        taken = self._last = self._now
        if taken is _END:
            raise _EndOfTextError
        self._now = next(self._tokens, _END)
        return taken

    def _skip_empty_lines(self) -> None:
        while self._now.text == "\n":
            self._take()


def _tokens(text: str) -> Iterator[_Token]:
    """The text's tokens, without spaces and comments. A string's text has its quotes."""
    line = 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is not None:
            token = match.group()
            yield _Token(kind, token, line, match.start())
            line += token.count("\n")


def _unquoted(token: _Token) -> str:
    if token.kind != "string":
        return token.text
    if "\\" not in token.text or token.text.startswith("'"):
        return token.text[1:-1]
    import tomli

    try:
        read: Mapping[str, str] = tomli.loads(f"key = {token.text}")
    except tomli.TOMLDecodeError:
        return token.text[1:-1]
    return read["key"]
