"""One file in media/: found, and looked at without decoding it. What is wrong is an AssetError."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from bot.domain import Asset, Place, Problem
from bot.errors import in_words
from bot.media.heads import FormatError, Head, foreign, read_head, way_out

TYPES: Mapping[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
}
"""The types that can be posted, and how their files are named."""

MAX_FILE_BYTES = 64_000_000
"""A larger picture is refused unread: several times what any network takes."""


def printable(text: str) -> str:
    """A message in which no name from the content can break the line or hide something."""
    return "".join(character if character.isprintable() else "�" for character in text)


class AssetError(Exception):
    """One thing wrong: a rule's name, what, what to do, and the line if it is known."""

    def __init__(self, rule: str, what: str, fix: str, line: int | None = None) -> None:
        super().__init__(rule, what, fix)
        self.rule, self.what, self.fix, self.line = rule, what, fix, line


class Home:
    """The folder media/ under a root: what is in it is looked at, and nothing outside it."""

    def __init__(self, root: Path) -> None:
        self._folder = os.path.realpath(root) + os.sep + "media"
        self._inner_folders: set[str] = set()

    def unlisted(self, name: str, path: str, alt: Mapping[str, str], where: Place) -> Asset | None:
        """A picture of the program's own that media.toml doesn't list; None if it isn't there."""
        try:
            seen = look_at(self.find(path.removeprefix("media/")))
        except AssetError:
            return None
        return as_asset(name, path, seen, alt, "", where)

    def find(self, file: str) -> Path:
        """A file's real path, links followed. Raises AssetError if that leaves the folder."""
        leaves = AssetError(
            "path-outside",
            f"{file!r} leads out of media/",
            "Name a file in media/, without `..`, an absolute path or a link to elsewhere.",
        )
        parts = file.split("/")
        if "\0" in file or "\\" in file or file.startswith("/") or ".." in parts:
            raise leaves
        whole, folder = f"{self._folder}{os.sep}{file}", file.rpartition("/")[0]
        if folder in self._inner_folders and not os.path.islink(whole):  # noqa: PTH114
            return Path(whole)
        real = Path(os.path.realpath(whole))
        if not real.is_relative_to(self._folder):
            raise leaves
        if str(real) == whole:
            self._inner_folders.add(folder)
        return real

    def instead(self, file: str) -> str:
        """What to do about a file that isn't there, where one is that was probably meant; else
        nothing."""
        if file.startswith("media/") and os.path.lexists(self._folder + os.sep + file[6:]):
            return f'Leave out media/, the folder that is meant anyway: file = "{file[6:]}".'
        folder, _, name = file.rpartition("/")
        try:
            there = sorted(os.listdir(f"{self._folder}{os.sep}{folder}"))  # noqa: PTH208
        except OSError:
            there = []
        composed = unicodedata.normalize("NFC", name)
        for other in there:
            if unicodedata.normalize("NFC", other) == composed:
                return "There is one of that name with its accents in other characters: rename it."
        for other in there:
            if unicodedata.normalize("NFC", other).casefold() == composed.casefold():
                return f"There is `{other}`: capitals count, so name it just as the file is named."
        return ""


def unlisted(root: Path, file: str) -> tuple[Asset | None, list[Problem]]:
    """A file in media/ that media.toml need not list, or what is wrong with it. Never raises."""
    path, home = os.path.normpath(f"media/{file}"), Home(root)
    try:
        return as_asset(file, path, look_at(home.find(file)), {}, "", Place(path)), []
    except AssetError as error:
        fix = (error.rule == "missing-file" and home.instead(file)) or error.fix
        what, fix = printable(error.what), printable(fix)
        return None, [Problem(error.rule, Place(path), what, fix)]


def as_asset(
    name: str,
    path: str,
    seen: Seen,
    alt: Mapping[str, str],
    credit: str,
    where: Place,
    draw: Mapping[str, Any] | None = None,
) -> Asset:
    return Asset(
        id=name,
        path=path,
        mime=seen.head.mime,
        bytes=seen.bytes,
        digest=seen.digest,
        width=seen.head.width,
        height=seen.head.height,
        frames=seen.head.frames,
        alt=alt,
        credit=credit,
        where=where,
        draw=draw or {},
    )


class Seen(NamedTuple):
    bytes: int
    digest: Callable[[], str]
    head: Head


UNSEEN = Seen(0, str, Head("", 0, 0, 0))


def regular_file(path: Path, most: int) -> os.stat_result:
    """A file's status. Raises OSError if it is none; AssetError for more than `most` bytes."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a file")
    if status.st_size > most:
        what = f"{path.name} has {status.st_size:,} bytes; more than {most:,} are not read"
        raise AssetError("media-size", what, "Make it smaller.")
    return status


def look_at(path: Path) -> Seen:
    """What can be seen of a picture without decoding it. Raises AssetError."""
    try:
        status = regular_file(path, MAX_FILE_BYTES)
        with path.open("rb") as file:
            head = _read_head(file, path.name)
    except FileNotFoundError as error:
        fix = "Put it into media/, or correct the name."
        raise AssetError("missing-file", f"{path.name} is missing", fix) from error
    except OSError as error:
        what, fix = (
            f"{path.name} can't be read: {in_words(error)}",
            "Check the file and its permissions.",
        )
        raise AssetError("unreadable", what, fix) from error
    _check_suffix(path, head)
    return Seen(status.st_size, _Digest(path, status), head)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """What tells a file from one that takes its place."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class _Digest:
    """The hash of the file that was looked at, once; empty, which no file's is, if that is gone."""

    __slots__ = ("_found", "_identity", "_path")

    def __init__(self, path: Path, status: os.stat_result) -> None:
        self._path = path
        self._identity = _identity(status)
        self._found: str | None = None

    def __call__(self) -> str:
        if self._found is None:
            self._found = self._find()
        return self._found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Digest) and self() == other()

    def __hash__(self) -> int:
        return hash(self())

    def _find(self) -> str:
        try:
            with self._path.open("rb") as file:
                if _identity(os.fstat(file.fileno())) == self._identity:
                    return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            pass
        return ""


def _read_head(file: BinaryIO, name: str) -> Head:
    """The head of a picture of any type. Raises AssetError."""
    try:
        head = read_head(file)
    except FormatError as error:
        what = f"{name} is broken: {error}"
        raise AssetError("media-broken", what, "Export it again.") from error
    if head is None:
        file.seek(0)
        raise _not_a_picture(file.read(16), name)
    return head


def _not_a_picture(start: bytes, name: str) -> AssetError:
    """What to say of a file that is none of the four types, and how to make one of it."""
    if not start:
        return AssetError("media-broken", f"{name} is empty: 0 bytes", "Copy or export it again.")
    kind = foreign(start)
    if not kind:
        what = f"{name} is not a PNG, JPEG, GIF or WebP picture"
        return AssetError("media-type", what, "Export it as one of these.")
    what = f"{name} is {kind}, which networks don't take"
    return AssetError("media-type", what, way_out(kind))


def _check_suffix(path: Path, head: Head) -> None:
    allowed = TYPES[head.mime]
    if path.suffix.lower() not in allowed:
        what = f"{path.name} is named {path.suffix or 'without an ending'}, but it is {head.mime}"
        raise AssetError(
            "media-type", what, f"Rename it to {path.stem}{allowed[0]}, or export it again."
        )
