"""media/ to assets: type, size, frames, alt text.

`load_media` reads media/media.toml and takes from each picture what a post needs, without decoding
it: type and size from the first bytes, the frames of a GIF by stepping over its blocks, the hash in
a stream. However big a file is, little of it is in memory at any time. `inspect_assets` is the
thorough look of `bot check`: it decodes every frame and holds each network's limits against it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import tomllib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from bot.domain import CARD, Asset, Limits, Place, Problem, Severity

CATALOGUE = "media/media.toml"

TYPES: Mapping[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
}
"""The types that can be posted, and how their files are named."""

MAX_CATALOGUE_BYTES = 1_000_000
"""A larger media.toml is refused unread."""

MAX_FILE_BYTES = 64_000_000
"""A larger picture is refused unread: several times what any network takes."""

MAX_PIXELS = 25_000_000
"""A picture, or one frame of it, with more pixels is not decoded (75 to 100 MB of memory)."""

MAX_ALL_PIXELS = 400_000_000
"""A picture with more pixels in all its frames together is not decoded (some seconds of time)."""

_KEYS = ("file", "alt", "credit", "draw")
_CARD_KEYS: Mapping[str, tuple[str, ...]] = {
    "alt": ("hashtag", "words", "by", "when"),
    "alt_demand": ("hashtag", "to", "words", "by", "when"),
}
"""The alt texts of cards, and what each of them has to say."""

SMALLER_SIDE = 960
"""Mastodon takes GIFs of 921,600 pixels a frame, and no more."""

SMALLER = f"-{SMALLER_SIDE}.gif"
"""How the file of a smaller animation ends."""

_GAP = re.compile(r"\{([^{}]*)\}")
_ID = re.compile(r"[A-Za-z0-9_-]+")
_TOML_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_TOML_TWICE = re.compile(r"Cannot declare \((.+)\) twice")
_HEADER = re.compile(r"""\s*\[\s*assets\s*\.\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*\]""")
_MAX_STEPS = 10_000  # parts of a file's head that are looked at
_WINDOW = 65_536
_BLANK = re.compile(r"[ \t\r\n]+")


def alt_for(asset: Asset, language: str) -> str:
    """The alt text in a language; empty if there is none.

    Looks for the language itself ("pt-BR"), then for its main language ("pt"), then for an alt text
    that media.toml gives without naming a language.
    """
    wanted = (language, language.partition("-")[0], "")
    return next((asset.alt[name] for name in wanted if name in asset.alt), "")


# Loading -----------------------------------------------------------------------------------------


class Media(NamedTuple):
    """What media/media.toml has: assets by id, the alt texts of cards by key and language."""

    assets: dict[str, Asset]
    cards: Mapping[str, Mapping[str, str]]
    problems: list[Problem]


def load_media(root: Path) -> Media:
    """Everything in media/media.toml, in the file's order, and everything wrong with it.

    Never raises. An asset that has an error is there too, with zeros for what could not be read, so
    that what refers to it is not called unknown as well.
    """
    try:
        source = _read_catalogue(root)
    except _AssetError as error:
        problem = Problem(error.rule, Place(CATALOGUE, error.line), error.what, error.fix)
        return Media({}, {}, [problem])
    try:
        table = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        return Media({}, {}, [_toml_problem(error, source)])
    return _Loader(root, _Lines(source)).load(table)


def load_assets(root: Path) -> tuple[dict[str, Asset], list[Problem]]:
    """The assets alone, and everything wrong in media/media.toml."""
    media = load_media(root)
    return media.assets, media.problems


def load_unlisted(
    root: Path, name: str, path: str, alt: Mapping[str, str], where: Place
) -> Asset | None:
    """A picture of the program's own that media.toml doesn't list; None where it isn't there."""
    try:
        seen = _look_at(_inside(root, path.removeprefix("media/")))
    except _AssetError:
        return None
    return _asset(name, path, seen, alt, "", where)


class _AssetError(Exception):
    """One thing wrong: a rule's name, what, what to do, and the line if it is known."""

    def __init__(self, rule: str, what: str, fix: str, line: int | None = None) -> None:
        super().__init__(rule, what, fix)
        self.rule, self.what, self.fix, self.line = rule, what, fix, line


def _read_catalogue(root: Path) -> str:
    """The text of media.toml. Raises _AssetError."""
    path = _inside(root, "media.toml")
    try:
        _regular_file(path, MAX_CATALOGUE_BYTES)
        raw = path.read_bytes()
    except FileNotFoundError as error:
        fix = "Every post has a picture: list the campaign's pictures there."
        raise _AssetError("missing-file", f"{CATALOGUE} is missing", fix) from error
    except OSError as error:
        what, fix = f"{CATALOGUE} can't be read: {_why(error)}", "Check it and its permissions."
        raise _AssetError("unreadable", what, fix) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fix = "Save the file as UTF-8 in your editor."
        raise _AssetError("not-utf8", "This is not UTF-8 text", fix, line) from error


def _toml_problem(error: Exception, source: str) -> Problem:
    """What tomllib says, with its line number where a line number belongs."""
    said = str(error)
    at = _TOML_AT.search(said)
    line = int(at[1]) if at and at[1] else source.rstrip("\n").count("\n") + 1
    said = _TOML_AT.sub("", said)
    if twice := _TOML_TWICE.search(said):
        name = ".".join(re.findall(r"'([^']*)'", twice[1]))
        what, fix = f"[{name}] stands twice", "Give one of them another name."
        return Problem("duplicate-id", Place(CATALOGUE, line), what, fix)
    what, fix = f"TOML: {said}", "Correct this line; see https://toml.io."
    return Problem("toml-syntax", Place(CATALOGUE, line), what, fix)


class _Lines:
    """Finds the lines of media.toml on which its tables and keys stand, counted from 1."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._headers = {
            (match[1] or match[2] or match[3]): number
            for number, line in enumerate(self._lines, 1)
            if (match := _HEADER.match(line))
        }

    def of(self, asset: str, key: str = "") -> int:
        """The line of an asset's header, or of a key under it; the nearest there is otherwise."""
        header = self._headers.get(asset)
        if header is None:
            return self.naming(asset)
        return (self._under(header, key) if key else None) or header

    def of_cards(self, key: str) -> int:
        """The line of a key under [cards]."""
        headers = (at for at, line in enumerate(self._lines, 1) if line.startswith("[cards]"))
        header = next(headers, None)
        return (self._under(header, key) if header else None) or self.naming(key)

    def naming(self, name: str) -> int:
        """The first line that names something, wherever it is; 1 if none does."""
        named = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        return next((at for at, line in enumerate(self._lines, 1) if named.search(line)), 1)

    def _under(self, header: int, key: str) -> int | None:
        set_here = re.compile(rf"\s*([\"']?){re.escape(key)}\1\s*[=.]")
        for number, line in enumerate(self._lines[header:], header + 1):
            if set_here.match(line):
                return number
            if line.lstrip().startswith("["):
                return None
        return None


class _Loader:
    """Turns the tables of media.toml into assets, and gathers what is wrong with them."""

    def __init__(self, root: Path, lines: _Lines) -> None:
        self._root = root
        self._lines = lines
        self._problems: list[Problem] = []

    def load(self, table: Mapping[str, Any]) -> Media:
        for name in sorted(table.keys() - {"assets", "cards"}):
            self._unknown(name, ("assets", "cards"), self._lines.naming(name))
        tables = table.get("assets", {})
        if not isinstance(tables, dict):
            what, fix = "`assets` is not a table", "Write [assets.ID] headers."
            self._add("wrong-type", "assets", what, fix)
            tables = {}
        elif not tables and not self._problems:
            what, fix = "No picture is listed", "Every post has one: add an [assets.ID] table."
            self._add("no-assets", "assets", what, fix)
        assets = {name: self._asset(name, value) for name, value in tables.items()}
        self._note_twins(assets)
        cards = self._cards(table.get("cards", {}))
        self._problems.sort(key=lambda problem: (problem.where.line or 0, problem.rule))
        return Media(assets, cards, self._problems)

    def _asset(self, name: str, table: Any) -> Asset:
        if not _ID.fullmatch(name):
            what = f"`{name}` can't be the id of a picture"
            self._add("bad-id", name, what, "Use letters, digits, `-` and `_`.")
        elif name == CARD:
            what = f"`{name}` can't be the id of a picture"
            self._add("bad-id", name, what, "In a template it means the card of what is drawn.")
        if not isinstance(table, dict):
            what = f"assets.{name} is not a table"
            self._add("wrong-type", name, what, f"Write [assets.{name}] above its keys.")
            return _asset(name, "", _UNSEEN, {}, "", self._where(name))
        for key in sorted(table.keys() - set(_KEYS)):
            self._unknown(key, _KEYS, self._lines.of(name, key))
        alt, credit = self._alt(name, table), self._credit(name, table)
        draw = table.get("draw", {})
        if not isinstance(draw, dict):
            what = f"`draw` of assets.{name} is not a table"
            fix = f"Write [assets.{name}.draw] above its keys."
            self._add("wrong-type", name, what, fix, "draw")
            draw = {}
        path, seen = self._look(name, table)
        asset = _asset(name, path, seen, alt, credit, self._where(name), draw)
        return asset._replace(smaller=self._smaller(asset))

    def _smaller(self, asset: Asset) -> Asset | None:
        """The smaller version that `bot media build` makes of an animation, where it is there."""
        if asset.draw.get("picture") != "animation":
            return None
        return load_unlisted(self._root, asset.id, smaller_path(asset.path), asset.alt, asset.where)

    def _where(self, name: str) -> Place:
        return Place(CATALOGUE, self._lines.of(name))

    def _cards(self, table: Any) -> Mapping[str, Mapping[str, str]]:
        """The alt texts that cards get: sentences with gaps for what is on the card."""
        if not isinstance(table, dict):
            what, fix = "`cards` is not a table", "Write [cards] above its keys."
            self._report("wrong-type", self._lines.naming("cards"), what, fix)
            return {}
        for key in sorted(table.keys() - _CARD_KEYS.keys()):
            self._unknown(key, tuple(_CARD_KEYS), self._lines.of_cards(key))
        cards = {key: _by_language(table[key])[1] for key in _CARD_KEYS if key in table}
        for key, alts in cards.items():
            for text in alts.values():
                self._check_gaps(key, text)
        return cards

    def _check_gaps(self, key: str, text: str) -> None:
        needed, found = _CARD_KEYS[key], _GAP.findall(text)
        known = ", ".join(f"{{{name}}}" for name in needed)
        for name in [*needed, *found]:
            if name not in found or name not in needed:
                wrong = "lacks" if name in needed else "has an unknown"
                what = f"The `{key}` of cards {wrong} {{{name}}}"
                fix = f"It must have {known}, and no others."
                self._report("card-alt", self._lines.of_cards(key), what, fix)

    def _alt(self, name: str, table: Mapping[str, Any]) -> dict[str, str]:
        """The alt texts by language; the one without a language under ""."""
        given, alt = _by_language(table.get("alt", ""))
        if not given or len(alt) < len(given):
            lacks = ", ".join(language for language in given if language and language not in alt)
            what = f"assets.{name} has no alt text" + (f" in {lacks}" if lacks else "")
            fix = 'Say what the picture shows and every word on it: alt = "…".'
            self._add("alt-missing", name, what, fix, key="alt")
        return alt

    def _credit(self, name: str, table: Mapping[str, Any]) -> str:
        credit = table.get("credit", "")
        if isinstance(credit, str):
            return credit
        what, fix = f"`credit` of assets.{name} is not text", 'Write credit = "…", or leave it out.'
        self._add("wrong-type", name, what, fix, key="credit")
        return ""

    def _look(self, name: str, table: Mapping[str, Any]) -> tuple[str, _Seen]:
        """The picture's path under the root, and what was seen of the file."""
        file = table.get("file", "")
        path = os.path.normpath(f"media/{file}")
        try:
            if not _is_text(file):
                raise _AssetError("missing-key", "no file is named", 'Add file = "picture.png".')
            return path, _look_at(_inside(self._root, file))
        except _AssetError as error:
            self._add(error.rule, name, f"assets.{name}: {error.what}", error.fix, key="file")
            return path, _UNSEEN

    def _note_twins(self, assets: Mapping[str, Asset]) -> None:
        """Two assets of the same bytes look like two pictures to the draw, but not to a reader."""
        first: dict[str, str] = {}
        for name, asset in assets.items():
            twin = first.setdefault(asset.sha256, name) if asset.sha256 else name
            if twin != name:
                what = f"assets.{name} is the same picture as assets.{twin}"
                fix = "Leave one of them out: readers would see it twice as often."
                self._add("media-duplicate", name, what, fix, key="file", severity="warning")

    def _unknown(self, name: str, known: Sequence[str], line: int) -> None:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), known, n=1)
        what = f"Unknown key `{name}`" + (f"; did you mean `{near[0]}`?" if near else "")
        fix = f"Known here: {', '.join(f'`{key}`' for key in known)}."
        self._report("unknown-key", line, what, fix)

    def _add(
        self, rule: str, name: str, what: str, fix: str, key: str = "", severity: Severity = "error"
    ) -> None:
        self._report(rule, self._lines.of(name, key), what, fix, severity)

    def _report(
        self, rule: str, line: int, what: str, fix: str, severity: Severity = "error"
    ) -> None:
        problem = Problem(rule, Place(CATALOGUE, line), _printable(what), _printable(fix), severity)
        self._problems.append(problem)


def _printable(text: str) -> str:
    """A message in which no name from the content can break the line or hide something."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _by_language(value: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What was given by language, and the texts among it; one without a language under ""."""
    given = value if isinstance(value, dict) else {"": value}
    texts = {name: _BLANK.sub(" ", text).strip() for name, text in given.items() if _is_text(text)}
    return given, texts


def smaller_path(path: str) -> str:
    """Where the smaller version of an animation is."""
    return path.removesuffix(".gif") + SMALLER


def fitting(asset: Asset, limits: Limits) -> Asset:
    """The version of a picture that a network takes; the picture itself where it takes none."""
    for each in (asset, asset.smaller):
        if each is not None and all(found <= most for _, found, most in _figures(each, limits)):
            return each
    return asset


def _asset(
    name: str,
    path: str,
    seen: _Seen,
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
        sha256=seen.sha256,
        width=seen.head.width,
        height=seen.head.height,
        frames=seen.head.frames,
        alt=alt,
        credit=credit,
        where=where,
        draw=draw or {},
    )


# One file ----------------------------------------------------------------------------------------


class _Head(NamedTuple):
    """What a file's head says of the picture. `frames` is 1 for a still one."""

    mime: str
    width: int
    height: int
    frames: int


class _Seen(NamedTuple):
    bytes: int
    sha256: str
    head: _Head


_UNSEEN = _Seen(0, "", _Head("", 0, 0, 0))


def _inside(root: Path, file: str) -> Path:
    """A file's real path, links followed. Raises _AssetError if that leaves the root's media/."""
    home = os.path.realpath(root) + os.sep + "media"
    leaves = _AssetError(
        "path-outside",
        f"{file!r} leads out of media/",
        "Name a file in media/, without `..`, an absolute path or a link to elsewhere.",
    )
    if "\0" in file or "\\" in file or Path(file).is_absolute() or ".." in Path(file).parts:
        raise leaves
    real = Path(os.path.realpath(f"{home}{os.sep}{file}"))
    if not real.is_relative_to(home):
        raise leaves
    return real


def _regular_file(path: Path, most: int) -> int:
    """A file's size. Raises OSError if it is none; _AssetError if it has more than `most` bytes."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a file")
    if status.st_size > most:
        what = f"{path.name} has {status.st_size:,} bytes; more than {most:,} are not read"
        raise _AssetError("media-size", what, "Make it smaller.")
    return status.st_size


def _look_at(path: Path) -> _Seen:
    """What can be seen of a picture without decoding it. Raises _AssetError."""
    try:
        size = _regular_file(path, MAX_FILE_BYTES)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            head = _read_head(file, path.name)
    except FileNotFoundError as error:
        fix = "Put it into media/, or correct the name."
        raise _AssetError("missing-file", f"{path.name} is missing", fix) from error
    except OSError as error:
        what, fix = (
            f"{path.name} can't be read: {_why(error)}",
            "Check the file and its permissions.",
        )
        raise _AssetError("unreadable", what, fix) from error
    _check_suffix(path, head)
    return _Seen(size, sha256, head)


def _read_head(file: BinaryIO, name: str) -> _Head:
    """The head of a picture of any type. Raises _AssetError."""
    start = file.read(12)
    file.seek(0)
    for begins, read in _READERS:
        if begins(start):
            try:
                head = read(file)
            except _FormatError as broken:
                what = f"{name} is broken: {broken}"
                raise _AssetError("media-broken", what, "Export it again.") from broken
            if 0 in (head.width, head.height):
                raise _AssetError(
                    "media-broken", f"{name} is broken: its size is 0", "Export it again."
                )
            return head
    what = f"{name} is not a PNG, JPEG, GIF or WebP picture"
    raise _AssetError("media-type", what, "Export it as one of these.")


def _check_suffix(path: Path, head: _Head) -> None:
    allowed = TYPES[head.mime]
    if path.suffix.lower() not in allowed:
        what = f"{path.name} is named {path.suffix or 'without an ending'}, but it is {head.mime}"
        raise _AssetError(
            "media-type", what, f"Rename it to {path.stem}{allowed[0]}, or export it again."
        )


def _why(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


# Heads of files ----------------------------------------------------------------------------------


class _FormatError(Exception):
    """A picture does not keep to its own format. The message says where it fails."""


def _take(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    """The next bytes of a file, unpacked. Raises _FormatError where the file ends first."""
    size = struct.calcsize(layout)
    data = file.read(size)
    if len(data) < size:
        raise _FormatError("it ends too soon")
    return struct.unpack(layout, data)


def _read_png(file: BinaryIO) -> _Head:
    file.seek(8)
    length, kind, width, height = _take(file, ">I4sII")
    if (length, kind) != (13, b"IHDR"):
        raise _FormatError("it does not begin with its size")
    file.seek(9, os.SEEK_CUR)
    return _Head("image/png", width, height, _png_frames(file))


def _png_frames(file: BinaryIO) -> int:
    """The frames of an animated PNG: its acTL chunk, before the picture data, counts them."""
    for _ in range(_MAX_STEPS):
        length, kind = _take(file, ">I4s")
        if kind == b"acTL":
            return max(1, int(_take(file, ">I")[0]))
        if kind == b"IDAT":
            return 1
        file.seek(length + 4, os.SEEK_CUR)
    raise _FormatError("it has too many parts")


_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


def _read_jpeg(file: BinaryIO) -> _Head:
    file.seek(2)
    for _ in range(_MAX_STEPS):
        marker = _jpeg_marker(file)
        if marker in _JPEG_BARE:
            continue
        if marker in (0xD9, 0xDA):
            raise _FormatError("it does not say its size")
        (length,) = _take(file, ">H")
        if marker in _JPEG_FRAMES:
            _, height, width = _take(file, ">BHH")
            return _Head("image/jpeg", width, height, 1)
        file.seek(max(0, length - 2), os.SEEK_CUR)
    raise _FormatError("it has too many parts")


def _jpeg_marker(file: BinaryIO) -> int:
    (byte,) = _take(file, "B")
    if byte != 0xFF:
        raise _FormatError("a marker is missing")
    while byte == 0xFF:
        (byte,) = _take(file, "B")
    return int(byte)


def _read_gif(file: BinaryIO) -> _Head:
    file.seek(6)
    width, height, flags, _, _ = _take(file, "<HHBBB")
    blocks = _Blocks(file)
    blocks.skip(_colours(flags))
    return _Head("image/gif", width, height, _gif_frames(blocks))


def _gif_frames(blocks: _Blocks) -> int:
    frames = 0
    while (kind := blocks.take(1)[0]) != 0x3B:
        if kind == 0x2C:
            frames += 1
            flags = blocks.take(9)[8]
            blocks.skip(_colours(flags) + 1)
        elif kind == 0x21:
            blocks.skip(1)
        else:
            raise _FormatError(f"it has an unknown block after frame {frames}")
        blocks.skip_data()
    if not frames:
        raise _FormatError("it has no frame")
    return frames


def _colours(flags: int) -> int:
    """The bytes of the colour table that these flags of a GIF announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


class _Blocks:
    """Steps over a GIF's blocks with no more than a window of the file in memory.

    Its data comes in pieces of at most 255 bytes, 60,000 of them in 15 MB: to read each from the
    file would take longer than all the rest.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._window = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._window):
            self._move()
        taken = self._window[self._at : self._at + size]
        if len(taken) < size:
            raise _FormatError("it ends too soon")
        self._at += size
        return taken

    def skip(self, size: int) -> None:
        self._at += size

    def skip_data(self) -> None:
        """Steps over pieces of data, each after its length, up to the empty one that ends them."""
        while True:
            window, at, end = self._window, self._at, len(self._window)
            while at < end:
                size = window[at]
                at += size + 1
                if not size:
                    self._at = at
                    return
            self._at = at
            self._move()
            if not self._window:
                raise _FormatError("it ends too soon")

    def _move(self) -> None:
        """Moves the window to where we are."""
        self._file.seek(self._at - len(self._window), os.SEEK_CUR)
        self._window = self._file.read(_WINDOW)
        self._at = 0


def _read_webp(file: BinaryIO) -> _Head:
    file.seek(12)
    kind, _ = _take(file, "<4sI")
    if kind == b"VP8 ":
        _, code, width, height = _take(file, "<3s3sHH")
        if code != b"\x9d\x01\x2a":
            raise _FormatError("its picture does not begin as it should")
        return _Head("image/webp", width & 0x3FFF, height & 0x3FFF, 1)
    if kind == b"VP8L":
        _, bits = _take(file, "<BI")
        return _Head("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 1)
    if kind == b"VP8X":
        flags, right, bottom = _take(file, "<B3x3s3s")
        width, height = (int.from_bytes(side, "little") + 1 for side in (right, bottom))
        return _Head("image/webp", width, height, _webp_frames(file) if flags & 2 else 1)
    raise _FormatError("it does not begin with a picture")


def _webp_frames(file: BinaryIO) -> int:
    frames = 0
    for _ in range(_MAX_STEPS):
        head = file.read(8)
        if len(head) < 8:
            return max(1, frames)
        kind, length = struct.unpack("<4sI", head)
        frames += kind == b"ANMF"
        file.seek(length + length % 2, os.SEEK_CUR)
    raise _FormatError("it has too many parts")


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO], _Head]], ...] = (
    (lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), _read_png),
    (lambda start: start.startswith(b"\xff\xd8\xff"), _read_jpeg),
    (lambda start: start.startswith((b"GIF87a", b"GIF89a")), _read_gif),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", _read_webp),
)


# The thorough look -------------------------------------------------------------------------------


def inspect_assets(
    assets: Mapping[str, Asset],
    root: Path,
    limits: Sequence[Limits],
    languages: Sequence[str] = (),
) -> list[Problem]:
    """Everything wrong with loaded assets that takes decoding, or knowing the networks, to find.

    `limits` are those of the networks in use, `languages` the languages that posts are written in;
    where there are several, an alt text has to name its own. What `load_assets` has reported is not
    said again. Decodes frame by frame, and nothing beyond MAX_PIXELS or MAX_ALL_PIXELS.
    """
    networks = {limit.network: limit for limit in limits}.values()
    problems: list[Problem] = []
    for asset in assets.values():
        problems += _alt_problems(asset, networks, languages)
        if asset.sha256:
            problems += _limit_problems(asset, networks)
            problems += _picture_problems(asset, root)
    return problems


def inspect_cards(cards: Iterable[Asset], limits: Sequence[Limits]) -> Iterator[Problem]:
    """What the networks in use don't take of cards. That they decode, their record attests."""
    networks = {limit.network: limit for limit in limits}.values()
    for card in cards:
        yield from _too_long(card, networks)
        yield from _limit_problems(card, networks)


def _alt_problems(
    asset: Asset, networks: Iterable[Limits], languages: Sequence[str]
) -> Iterator[Problem]:
    """What is wrong with the alt texts that there are, and which are missing."""
    if not asset.alt:
        return
    alone = len(set(languages)) <= 1
    for language in dict.fromkeys(languages):
        if not (alt_for(asset, language) if alone else alt_for(_named(asset), language)):
            what = f"assets.{asset.id} has no alt text in the language `{language}`"
            fix = f'Add it: alt = {{{language} = "…"}}, with the other languages.'
            yield Problem("alt-language", asset.where, what, fix)
    for language, alt in asset.alt.items():
        name = f"the alt text{language and f' ({language})'} of assets.{asset.id}"
        if _is_file_name(alt, asset.path):
            fix = "Say what the picture shows and every word on it."
            yield Problem("alt-filename", asset.where, f"{name} is only a file's name", fix)
    yield from _too_long(asset, networks)


def _too_long(asset: Asset, networks: Iterable[Limits]) -> Iterator[Problem]:
    for language, alt in asset.alt.items():
        name = f"the alt text{language and f' ({language})'} of {_called(asset)}"
        for limit in networks:
            if len(alt) > limit.alt:
                what = f"{name} has {len(alt):,} characters; {limit.network} takes {limit.alt:,}"
                yield Problem("alt-long", asset.where, what, "Shorten it.")


def _called(asset: Asset) -> str:
    return f"assets.{asset.id}" if asset.where.file == CATALOGUE else f"`{asset.id}`"


def _named(asset: Asset) -> Asset:
    """The asset with those alt texts only that say in which language they are."""
    return asset._replace(alt={name: alt for name, alt in asset.alt.items() if name})


def _is_file_name(alt: str, path: str) -> bool:
    name = Path(path)
    said = alt.casefold().lstrip("#")
    endings = tuple(ending for endings in TYPES.values() for ending in endings)
    return said in (name.name.casefold(), name.stem.casefold()) or (
        " " not in said and said.endswith(endings)
    )


def _limit_problems(asset: Asset, networks: Iterable[Limits]) -> Iterator[Problem]:
    """Every network's limits that a picture goes beyond, with the figure found and allowed."""
    for limit in networks:
        fits = fitting(asset, limit)
        name = f"{fits.path} of {_called(asset)}"
        if fits.mime not in limit.mimes:
            takes = ", ".join(sorted(limit.mimes))
            what = f"{name} is {fits.mime}; {limit.network} takes {takes}"
            yield Problem("media-type", asset.where, what, "Export it as one of these.")
        for figure, found, allowed in _figures(fits, limit):
            if found > allowed:
                what = f"{name} has {found:,} {figure}; {limit.network} takes {allowed:,}"
                yield Problem("media-limit", asset.where, what, "Make it smaller.")


def _figures(asset: Asset, limit: Limits) -> Iterator[tuple[str, int, int]]:
    """What a network counts of a picture: the name, the figure found and the figure allowed."""
    if asset.mime != "image/gif" or asset.frames == 1:
        yield "bytes", asset.bytes, limit.image_bytes
        return
    yield "bytes", asset.bytes, limit.gif_bytes
    yield "pixels of width", asset.width, limit.gif_width
    yield "pixels of height", asset.height, limit.gif_height
    yield "frames", asset.frames, limit.gif_frames
    yield "pixels in all frames", asset.width * asset.height * asset.frames, limit.gif_pixels


def _picture_problems(asset: Asset, root: Path) -> Iterator[Problem]:
    """What shows when a picture is decoded."""
    name = f"{asset.path} of assets.{asset.id}"
    pixels = asset.width * asset.height
    if asset.mime != "image/gif" and asset.frames > 1:
        what, fix = f"{name} moves, but would be shown still", "Export it as an animated GIF."
        yield Problem("media-animated", asset.where, what, fix, "warning")
    if pixels > MAX_PIXELS or pixels * asset.frames > MAX_ALL_PIXELS:
        what = (
            f"{name} is too large to look at: {asset.width} x {asset.height} pixels, "
            f"{asset.frames:,} frame{'s' * (asset.frames > 1)}"
        )
        fix = f"At most {MAX_PIXELS:,} pixels, and {MAX_ALL_PIXELS:,} in all frames together."
        yield Problem("media-bomb", asset.where, what, fix)
    elif wrong := _decode(asset, Path(root, asset.path)):
        what = f"{name} is broken: {wrong}"
        yield Problem("media-broken", asset.where, what, "Export it again.")


def _decode(asset: Asset, path: Path) -> str:
    """Decodes every frame; says what is wrong with one, or nothing."""
    from PIL import Image

    formats = ("PNG", "JPEG", "WEBP", "GIF")
    with _guard():
        try:
            with Image.open(path, formats=formats) as picture:
                picture.verify()
            with Image.open(path, formats=formats) as picture:
                for frame in range(asset.frames):
                    picture.seek(frame)
                    picture.load()
                if picture.size != (asset.width, asset.height):
                    said = f"{asset.width} x {asset.height}"
                    return f"it says {said}, and is {picture.width} x {picture.height}"
        except Exception as error:  # noqa: BLE001 - broken files make Pillow raise nearly anything
            return str(error) or type(error).__name__
    return ""


@contextmanager
def _guard() -> Iterator[None]:
    """Makes Pillow refuse, for as long as this lasts, to decode more than MAX_PIXELS."""
    from PIL import Image

    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
