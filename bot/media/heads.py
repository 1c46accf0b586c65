"""What the head of a PNG, JPEG, GIF or WebP file says of its picture, without decoding it.

The frames of a GIF are counted by stepping over its blocks. However big a file is, little of it is
in memory at any time.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

_MAX_STEPS = 10_000
"""So many parts of a file's head are looked at."""

_WINDOW = 65_536


class Head(NamedTuple):
    """What a file's head says of the picture.

    `frames` is 1 for a still one, `bits` counts those of one channel of a pixel, and `cmyk` says
    that it has the colours of print.
    """

    mime: str
    width: int
    height: int
    frames: int
    bits: int = 8
    cmyk: bool = False


class FormatError(Exception):
    """A picture does not keep to its own format. The message says where it fails."""


def read_head(file: BinaryIO) -> Head | None:
    """The head of a picture, read from the start of its file; None where it is none of the four.

    Raises FormatError.
    """
    start = file.read(12)
    file.seek(0)
    read = next((read for begins, read in _READERS if begins(start)), None)
    head = None if read is None else read(file)
    if head is not None and 0 in (head.width, head.height):
        raise FormatError("its size is 0")
    return head


def foreign(start: bytes) -> str:
    """What a file is that is none of the four, by its first bytes; empty where that is unknown."""
    begins = ((what, sign) for what, signs in _FOREIGN.items() for sign in signs)
    return next((what for what, (at, sign) in begins if start[at:].startswith(sign)), "")


def way_out(kind: str) -> str:
    """What to do with a file of a kind that `foreign` knows."""
    if kind != _HEIC:
        return "Export it as JPEG or PNG."
    return (
        "Export it as JPEG: on a Mac in Preview, File, Export; on an iPhone set Settings, "
        "Camera, Formats to Most Compatible before you take the next."
    )


_HEIC = "a HEIC picture"

_FOREIGN: dict[str, tuple[tuple[int, bytes], ...]] = {
    _HEIC: tuple((4, b"ftyp" + of) for of in (b"hei", b"hev", b"mif1", b"msf1")),
    "an AVIF picture": ((4, b"ftypavi"),),
    "a video": ((4, b"ftyp"), (4, b"moov"), (0, b"\x1aE\xdf\xa3")),
    "a TIFF picture": ((0, b"II*\0"), (0, b"MM\0*"), (0, b"II+\0"), (0, b"MM\0+")),
    "a BMP picture": ((0, b"BM"),),
    "a Photoshop file": ((0, b"8BPS"),),
    "a JPEG XL picture": ((0, b"\xff\x0a"), (0, b"\0\0\0\x0cJXL ")),
    "a JPEG 2000 picture": ((0, b"\0\0\0\x0cjP  "), (0, b"\xff\x4f\xff\x51")),
    "an SVG drawing": ((0, b"<svg"), (0, b"<?xml")),
    "a PDF": ((0, b"%PDF"),),
    "a web page": ((0, b"<!DOCTYPE"), (0, b"<!doctype"), (0, b"<html")),
}


def _take(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    """The next bytes of a file, unpacked. Raises FormatError where the file ends first."""
    size = struct.calcsize(layout)
    data = file.read(size)
    if len(data) < size:
        raise FormatError("it ends too soon")
    return struct.unpack(layout, data)


def _read_png(file: BinaryIO) -> Head:
    file.seek(8)
    length, kind, width, height = _take(file, ">I4sII")
    if (length, kind) != (13, b"IHDR"):
        raise FormatError("it does not begin with its size")
    (bits,) = _take(file, "B")
    file.seek(8, os.SEEK_CUR)
    return Head("image/png", width, height, _png_frames(file), bits)


def _png_frames(file: BinaryIO) -> int:
    """The frames of an animated PNG: its acTL chunk, before the picture data, counts them."""
    for _ in range(_MAX_STEPS):
        length, kind = _take(file, ">I4s")
        if kind == b"acTL":
            return max(1, int(_take(file, ">I")[0]))
        if kind == b"IDAT":
            return 1
        file.seek(length + 4, os.SEEK_CUR)
    raise FormatError("it has too many parts")


_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


def _read_jpeg(file: BinaryIO) -> Head:
    file.seek(2)
    for _ in range(_MAX_STEPS):
        marker = _jpeg_marker(file)
        if marker in _JPEG_BARE:
            continue
        if marker in (0xD9, 0xDA):
            raise FormatError("it does not say its size")
        (length,) = _take(file, ">H")
        if marker in _JPEG_FRAMES:
            bits, height, width, channels = _take(file, ">BHHB")
            return Head("image/jpeg", width, height, 1, bits, channels == 4)
        file.seek(max(0, length - 2), os.SEEK_CUR)
    raise FormatError("it has too many parts")


def _jpeg_marker(file: BinaryIO) -> int:
    (byte,) = _take(file, "B")
    if byte != 0xFF:
        raise FormatError("a marker is missing")
    while byte == 0xFF:
        (byte,) = _take(file, "B")
    return int(byte)


def _read_gif(file: BinaryIO) -> Head:
    file.seek(6)
    width, height, flags, _, _ = _take(file, "<HHBBB")
    blocks = _Blocks(file)
    blocks.skip(_colours(flags))
    return Head("image/gif", width, height, _gif_frames(blocks))


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
            raise FormatError(f"it has an unknown block after frame {frames}")
        blocks.skip_data()
    if not frames:
        raise FormatError("it has no frame")
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
            raise FormatError("it ends too soon")
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
                raise FormatError("it ends too soon")

    def _move(self) -> None:
        """Moves the window to where we are."""
        self._file.seek(self._at - len(self._window), os.SEEK_CUR)
        self._window = self._file.read(_WINDOW)
        self._at = 0


def _read_webp(file: BinaryIO) -> Head:
    file.seek(12)
    kind, _ = _take(file, "<4sI")
    if kind == b"VP8 ":
        _, code, width, height = _take(file, "<3s3sHH")
        if code != b"\x9d\x01\x2a":
            raise FormatError("its picture does not begin as it should")
        return Head("image/webp", width & 0x3FFF, height & 0x3FFF, 1)
    if kind == b"VP8L":
        _, bits = _take(file, "<BI")
        return Head("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 1)
    if kind == b"VP8X":
        flags, right, bottom = _take(file, "<B3x3s3s")
        width, height = (int.from_bytes(side, "little") + 1 for side in (right, bottom))
        return Head("image/webp", width, height, _webp_frames(file) if flags & 2 else 1)
    raise FormatError("it does not begin with a picture")


def _webp_frames(file: BinaryIO) -> int:
    frames = 0
    for _ in range(_MAX_STEPS):
        head = file.read(8)
        if len(head) < 8:
            return max(1, frames)
        kind, length = struct.unpack("<4sI", head)
        frames += kind == b"ANMF"
        file.seek(length + length % 2, os.SEEK_CUR)
    raise FormatError("it has too many parts")


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO], Head]], ...] = (
    (lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"), _read_png),
    (lambda start: start.startswith(b"\xff\xd8\xff"), _read_jpeg),
    (lambda start: start.startswith((b"GIF87a", b"GIF89a")), _read_gif),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"WEBP", _read_webp),
)
