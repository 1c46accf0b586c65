"""Files of the content folders to text.

Everything here reports to a `Findings` instead of raising, so that one load tells of every problem.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.domain import Place, Problem
from bot.errors import in_words

MAX_BYTES = 1_000_000
"""No text file of a campaign is larger."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_SPACES = re.compile(r"[ \t\n]+")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Findings:
    """The problems found so far. `lint` says whether to look for what is merely unwise, too.

    `faulty` are the ids of passages and statements, and accounts.NAME, that have an error;
    `contained` are the errors that concern nothing else.
    """

    def __init__(self, lint: bool = True) -> None:
        self.lint = lint
        self.problems: list[Problem] = []
        self.faulty: set[str] = set()
        self.contained: set[Problem] = set()

    def error(self, rule: str, where: Place, what: str, fix: str = "", **more: Any) -> None:
        """`more` are further fields of the problem."""
        self.problems.append(Problem(rule, where, what, fix, **more))

    def warn(self, rule: str, where: Place, what: str, fix: str = "") -> None:
        if self.lint:
            self.problems.append(Problem(rule, where, what, fix, severity="warning"))

    @property
    def errors(self) -> int:
        """How many of them are errors."""
        return sum(problem.severity == "error" for problem in self.problems)

    @contextmanager
    def about(self, *names: str) -> Iterator[None]:
        """Meanwhile, an error makes these faulty: they are left out, and nothing else is."""
        before = len(self.problems)
        yield
        errors = [each for each in self.problems[before:] if each.severity == "error"]
        self.contained.update(errors)
        if errors:
            self.faulty.update(names)


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that this one was probably meant to be."""
    if not known:
        return None
    import difflib

    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return close[0] if close else None


def meant(word: str, known: Collection[str]) -> str:
    """To be put after "Unknown …": what was probably meant, or nothing."""
    close = nearest(word, known)
    return "" if close is None else f"; did you mean `{close}`?"


def listed(names: Collection[str]) -> str:
    """Names for people: `a`, `b`."""
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def shown(text: str, most: int = 40) -> str:
    """A piece of content as it stands in a message: one line, not too long, nothing invisible."""
    plain = "".join(c if c.isprintable() else "�" for c in _SPACES.sub(" ", text))
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def is_name(word: str) -> bool:
    """Whether it can be an id: lower-case words and digits, joined by hyphens."""
    return _NAME.fullmatch(word) is not None


def one_line(text: str) -> str:
    """Without line breaks, tabs, runs of spaces, and spaces at the ends; accents as in NFC."""
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text).strip(" "))


class Reader:
    """Reads files under a root, and nothing outside it. Paths are relative, with `/`.

    `instead` has texts by path that count as if they were on the disk.
    """

    def __init__(
        self, root: Path, findings: Findings, instead: Mapping[str, str] | None = None
    ) -> None:
        self.root = root
        self.findings = findings
        self.instead = instead or {}
        self._real_root = os.path.realpath(root)
        self._inner_folders: set[str] = set()

    def text(self, path: str) -> str | None:
        """The file's text with `\\n` at its line ends, or None after reporting why not."""
        data = self.instead[path].encode() if path in self.instead else self._bytes(path)
        return None if data is None else self._decoded(path, data)

    def names(self, folder: str, suffix: str) -> list[tuple[str, str]]:
        """The (path, name without suffix) of the folder's files that end so, sorted.

        Warns of other files, except hidden ones and what editors leave behind.
        """
        if not self._inside(folder):
            return []
        self._inner_folders.add(folder)
        found = []
        extra = {path.rpartition("/")[2] for path in self.instead if path.startswith(f"{folder}/")}
        try:
            entries = os.listdir(self.root / folder)  # noqa: PTH208 (names are all we need)
        except OSError as error:
            if not extra:
                self._missing_folder(folder, suffix, error)
                return []
            entries = []
        for entry in sorted({*entries, *extra}):
            path = f"{folder}/{printable(entry)}"
            if entry.endswith(suffix) and not is_left_by_editor(entry):
                self._check_name(path, entry.removesuffix(suffix))
                if path.endswith(entry):
                    found.append((path, entry.removesuffix(suffix)))
            elif not is_left_by_editor(entry):
                self.findings.warn(
                    "stray-file",
                    Place(path),
                    f"This is not read: {folder}/ holds `NAME{suffix}` files",
                    f"Rename it to end in `{suffix}`, or move it elsewhere.",
                )
        return found

    def _check_name(self, path: str, name: str) -> None:
        if not is_name(name):
            what = f"`{shown(printable(name))}` can't be an id, and the file's name is one"
            fix = "Rename the file: lower-case letters and digits, with - between words."
            self.findings.error("bad-id", Place(path), what, fix)

    def _missing_folder(self, folder: str, suffix: str, error: OSError) -> None:
        self.findings.error(
            "missing-folder",
            Place(folder),
            f"The folder {folder}/ can't be read: {in_words(error)}",
            f"Make it, and put `NAME{suffix}` files there.",
        )

    def _inside(self, path: str) -> bool:
        whole = f"{self.root}/{path}"
        if path.rpartition("/")[0] in self._inner_folders and not os.path.islink(whole):  # noqa: PTH114
            return True
        real = os.path.realpath(whole)
        if real.startswith(self._real_root.rstrip(os.sep) + os.sep):
            return True
        self.findings.error(
            "path-outside",
            Place(path),
            "This is a link to somewhere outside the campaign's folder",
            "Put the file itself here.",
        )
        return False

    def _bytes(self, path: str) -> bytes | None:
        if not self._inside(path):
            return None
        file = self.root / path
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):
                self._unreadable(path, "it is not a file")
            elif status.st_size > MAX_BYTES:
                self._unreadable(path, f"it is larger than {MAX_BYTES:,} bytes")
            else:
                return file.read_bytes()
        except FileNotFoundError:
            self.findings.error(
                "missing-file", Place(path), f"{path} is missing", "Write it, or restore it."
            )
        except OSError as error:
            self._unreadable(path, in_words(error))
        return None

    def _unreadable(self, path: str, why: str) -> None:
        self.findings.error(
            "unreadable",
            Place(path),
            f"{path} can't be read: {why}",
            "Check the file, its size and its permissions.",
        )

    def _decoded(self, path: str, data: bytes) -> str | None:
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            which = " (it looks like UTF-16)" if data.startswith(_UTF16) else ""
            self.findings.error(
                "not-utf8",
                Place(path, data.count(b"\n", 0, error.start) + 1),
                f"This is not UTF-8 text{which}",
                "Save the file as UTF-8 in your editor.",
            )
            return None
        forbidden = FORBIDDEN.search(text)
        if forbidden is None:
            return text
        self.findings.error(
            "control-character",
            Place(path, text.count("\n", 0, forbidden.start()) + 1),
            f"Here stands an invisible control character, U+{ord(forbidden.group()):04X}",
            "Delete it; it often comes along when text is pasted. Typing the line anew helps.",
        )
        return None


def printable(name: str) -> str:
    """A file's name fit to be printed, even where the disk has bytes that are no text."""
    return name.encode("utf-8", "replace").decode()


def is_left_by_editor(name: str) -> bool:
    """Whether a file is hidden, or a backup or swap file that an editor left."""
    return name.startswith((".", "#")) or name.endswith(("~", ".bak", ".orig", ".swp", ".tmp"))
