"""Secrets that were pasted into content, in whatever file of it.

A message never repeats the secret it is about.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from bot.content.reading import MAX_BYTES, Findings, is_left_by_editor, printable
from bot.domain import Place

_ADDRESS = r"https?://[^\s\"'<>]+"
_RUN = r"[A-Za-z0-9_-]{25,}"


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile(pattern))
        for name, pattern in (
            ("a private key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"),
            ("a bearer token", r"A{8,}[A-Za-z0-9%+/=_-]{20,}|(?i:bearer)\s+[\w.~+/-]{20,}"),
            ("an access token", r"(?<![\w-])[0-9]{6,}-[A-Za-z0-9]{30,}"),
            ("an access token", r"\b(?:gh[pousr]_|github_pat_|xox[abprs]-|AKIA)[A-Za-z0-9_-]{16,}"),
            (
                "a password or token",
                r"(?i)\b(?:\w+_)?(?:password|passwd|pwd|secret|token|api[_-]?key)\b"
                r"[\"']?\s*(?:=\s*[\"']?[^\s\"'{}]{6,}|:\s*[\"']?(?=[^\s\"']*[0-9])[^\s\"'{}]{8,})",
            ),
            ("a password in an address", r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"']+:[^\s/@\"']+@"),
            (
                "an app password",
                r"(?<![\w-])(?=[a-z-]*[0-9])(?=[0-9-]*[a-z])[a-z0-9]{4}(?:-[a-z0-9]{4}){3}(?![\w-])",
            ),
        )
    )


def secret_in(line: str) -> str | None:
    """What secret a line seems to hold, in words; None if none."""
    for name, pattern in _patterns():
        if pattern.search(line):
            return name
    runs = re.findall(_RUN, re.sub(_ADDRESS, " ", line))
    return "a key or token" if any(map(_looks_random, runs)) else None


def _looks_random(run: str) -> bool:
    """Whether small letters, capitals and digits are mixed in it as in no name or address."""
    longest = max(re.split(r"[-_]", run), key=len)
    kinds = ["d" if c.isdigit() else "a" if c.islower() else "A" for c in run if c.isalnum()]
    changes = sum(a != b for a, b in pairwise(kinds))
    return len(longest) >= 12 and len(set(kinds)) == 3 and changes >= len(kinds) / 3


def scan_for_secrets(root: Path, findings: Findings) -> None:
    """Looks for secrets in every text file of messages/ and in media.toml, read or not."""
    for path in (*_text_files(root, "messages"), "media/media.toml"):
        for number, line in enumerate(_lines(root / path), 1):
            name = secret_in(line)
            if name is not None:
                where = Place(printable(path), number)
                what = f"Here seems to stand {name}"
                fix = "Secrets belong in .env. Take it out, and replace it: it may have been seen."
                findings.error("secret", where, what, fix)


def _text_files(root: Path, folder: str) -> Iterator[str]:
    for at, folders, names in os.walk(root / folder):
        folders.sort()
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(names):
            if not is_left_by_editor(name) or name.startswith(".env"):
                yield Path(at, name).relative_to(root).as_posix()


def _lines(file: Path) -> list[str]:
    """The file's lines; none of a link, of what is no file, or of what is no text."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_BYTES:
            return []
        return file.read_text("utf-8-sig").split("\n")
    except (OSError, ValueError):
        return []
