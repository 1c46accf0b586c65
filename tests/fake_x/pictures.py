"""What a picture is, read from its bytes: type, size, frames. Every block is walked to the end.

A file that is cut short, padded, or not what it calls itself raises `PictureError`.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class PictureError(ValueError):
    """The bytes are no whole picture of a kind that X takes."""


class Picture(NamedTuple):
    """What was found: MIME type, width and height in pixels, number of frames."""

    mime: str
    width: int
    height: int
    frames: int = 1


def look(data: bytes) -> Picture:
    """Reads a PNG, JPEG, GIF or WEBP file. Raises PictureError."""
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _gif(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (IndexError, struct.error) as error:
        raise PictureError("the file is cut short") from error
    raise PictureError("neither PNG, JPEG, GIF nor WEBP")


def _png(data: bytes) -> Picture:
    seen: list[bytes] = []
    at = len(_PNG)
    while not seen or seen[-1] != b"IEND":
        length, name = struct.unpack_from(">I4s", data, at)
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(data[at + 4 : at + 8 + length]) != crc:
            raise PictureError(f"the checksum of the PNG's {name!r} is wrong")
        seen.append(name)
        at += 12 + length
    if at != len(data) or seen[0] != b"IHDR" or b"IDAT" not in seen:
        raise PictureError("the PNG's chunks are not in order")
    width, height = struct.unpack_from(">II", data, 16)
    return Picture("image/png", width, height)


def _jpeg(data: bytes) -> Picture:
    at, size = 2, (0, 0)
    while True:
        if data[at] != 0xFF:
            raise PictureError("the JPEG's markers are not in order")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _JPEG_FRAME:
            height, width = struct.unpack_from(">HH", data, at + 5)
            size = (width, height)
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + length
        if marker == 0xDA:
            break
    if not data.endswith(b"\xff\xd9") or at >= len(data) or 0 in size:
        raise PictureError("the JPEG is cut short")
    return Picture("image/jpeg", *size)


def _gif(data: bytes) -> Picture:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at, frames = 13 + _palette(flags), 0
    while data[at] != 0x3B:
        if data[at] == 0x21:
            at = _after_blocks(data, at + 2)
        elif data[at] == 0x2C:
            frames += 1
            at = _after_blocks(data, at + 11 + _palette(data[at + 9]))
        else:
            raise PictureError("the GIF's blocks are not in order")
    if at + 1 != len(data) or not frames:
        raise PictureError("the GIF has no frame, or something after its end")
    return Picture("image/gif", width, height, frames)


def _palette(flags: int) -> int:
    """The bytes that a GIF's colour table takes."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _webp(data: bytes) -> Picture:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 != len(data):
        raise PictureError("the WEBP is cut short")
    kind = data[12:16]
    if kind == b"VP8X":
        if data[20] & 0x02:
            raise PictureError("the WEBP is animated")
        wide, high = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        wide, high = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        wide, high = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise PictureError("the WEBP has no picture")
    return Picture("image/webp", wide, high)
