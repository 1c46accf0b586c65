"""What a picture file tells beside its picture, and the same file without it.

Place, device, owner, time, thumbnails, comments and whatever follows the picture's end are cut out
as whole parts of the file; what is left is copied byte for byte, so not a pixel changes. Each
format has a list of the parts that a picture needs to look as it does, colour profiles among them.
Whatever is not on it goes. Of Exif a bare orientation stays, and only where it turns the picture.

Everything is one pass over the bytes. A file that does not keep to its format raises FormatError.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bot.media.heads import FormatError


class Bared(NamedTuple):
    """A picture file without what it told, and what that was. Told nothing, it is as it was."""

    data: bytes
    told: tuple[str, ...]


def bare(data: bytes) -> Bared:
    """A PNG, JPEG, GIF or WebP file without its metadata. Raises FormatError."""
    cuts = next((cuts for begins, cuts in _FORMATS if data.startswith(begins)), None)
    if cuts is None:
        raise FormatError("it is no picture")
    told: dict[str, None] = {}
    kept: list[bytes] = []
    before = 0
    for cut in cuts(data):
        kept += [data[before : cut.start], cut.instead]
        told.update(dict.fromkeys(cut.told))
        before = cut.end
    if not before:
        return Bared(data, ())
    whole = b"".join([*kept, data[before:]])
    return Bared(_webp_mended(whole) if whole.startswith(b"RIFF") else whole, tuple(told))


class _Cut(NamedTuple):
    """A part that goes: from where to where, what it tells, and what stands there instead."""

    start: int
    end: int
    told: tuple[str, ...]
    instead: bytes = b""


def _unpack(layout: str, data: bytes, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data, at)
    except struct.error:
        raise FormatError("it ends too soon") from None


def _part_end(data: bytes, end: int) -> int:
    if end > len(data):
        raise FormatError("it ends too soon")
    return end


def _after(data: bytes, end: int) -> Iterator[_Cut]:
    """What follows the picture's end: videos, further pictures, or anything at all."""
    if end < len(data):
        yield _Cut(end, len(data), (f"{len(data) - end:,} bytes after its end",))


# Exif --------------------------------------------------------------------------------------------

_ORIENTATION, _MORE = 0x0112, 0x8769
_TELLS = {
    0x8825: "the place",
    **dict.fromkeys((0x010F, 0x0110, 0x927C, 0xA431, 0xA433, 0xA434, 0xA435), "the device"),
    **dict.fromkeys((0x013B, 0x8298, 0x9C9D, 0xA430), "the owner"),
    **dict.fromkeys((0x0132, 0x9003, 0x9004), "the time"),
}
_THUMBNAIL = "a thumbnail"


def _exif(tiff: bytes) -> tuple[tuple[str, ...], bytes]:
    """What Exif data tells, and the bare orientation to leave of it; empty where it turns nothing.

    Data that is its own bare orientation tells nothing.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return ("Exif",), b""
    fields, following = _directory(tiff, order, 4)
    further, _ = _directory(tiff, order, fields[_MORE]) if _MORE in fields else ({}, 0)
    told = dict.fromkeys(_TELLS[tag] for tag in [*fields, *further] if tag in _TELLS)
    if following:
        told[_THUMBNAIL] = None
    left = b""
    if _ORIENTATION in fields:
        (turned,) = struct.unpack_from(order + "H", tiff, fields[_ORIENTATION])
        left = _bare_orientation(turned) if 2 <= turned <= 8 else b""
    return (() if tiff == left else tuple(told) or ("Exif",)), left


def _directory(tiff: bytes, order: str, pointer: int) -> tuple[dict[int, int], int]:
    """A directory of Exif: where the value of each tag stands, and where the next one begins."""
    try:
        (at,) = struct.unpack_from(order + "I", tiff, pointer)
        (count,) = struct.unpack_from(order + "H", tiff, at)
        starts = range(at + 2, at + 2 + 12 * count, 12)
        fields = {struct.unpack_from(order + "H6xI", tiff, s)[0]: s + 8 for s in starts}
        (following,) = struct.unpack_from(order + "I", tiff, at + 2 + 12 * count)
    except struct.error:
        return {}, 0
    return fields, following


def _bare_orientation(turned: int) -> bytes:
    """Exif that says how the picture is turned, and nothing else."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)


# JPEG --------------------------------------------------------------------------------------------

_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_EXIF = (0xE1, b"Exif\0\0")
_START_OF_SCAN, _END = 0xDA, 0xD9
_AFTER_SCAN = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_JPEG_TELLS = (
    (0xE0, b"JFXX\0", _THUMBNAIL),
    (0xE1, b"http://ns.adobe.com/", "XMP"),
    (0xE2, b"MPF\0", "further pictures"),
    (0xED, b"", "IPTC"),
    (0xFE, b"", "a comment"),
)


def _jpeg(data: bytes) -> Iterator[_Cut]:
    at, seen_exif = 2, False
    while True:
        at, marker = _jpeg_marker(data, at)
        if marker == _END:
            yield from _after(data, at + 2)
            return
        if marker in _JPEG_BARE:
            at += 2
            continue
        (length,) = _unpack(">H", data, at + 2)
        end = _part_end(data, at + 2 + max(2, length))
        told, instead = _jpeg_part(marker, data[at + 4 : end])
        is_exif = (marker, data[at + 4 : at + 10]) == _JPEG_EXIF
        if is_exif and seen_exif:
            told, instead = told or ("Exif",), b""
        seen_exif |= is_exif
        if told:
            yield _Cut(at, end, told, instead)
        at = _jpeg_scan_end(data, end) if marker == _START_OF_SCAN else end


def _jpeg_scan_end(data: bytes, at: int) -> int:
    """Where the marker after a scan's data stands."""
    following = _AFTER_SCAN.search(data, at)
    return _part_end(data, following.start() if following else len(data) + 1)


def _jpeg_marker(data: bytes, at: int) -> tuple[int, int]:
    """Where the next marker stands, after what fills the space before it, and which it is."""
    if data[at : at + 1] != b"\xff":
        raise FormatError("it ends too soon" if at >= len(data) else "a marker is missing")
    while data[at + 1 : at + 2] == b"\xff":
        at += 1
    return at, _unpack("B", data, at + 1)[0]


def _jpeg_part(marker: int, payload: bytes) -> tuple[tuple[str, ...], bytes]:
    """What a part tells, nothing if it is needed; and what is to stand there instead."""
    if marker in _JPEG_KEPT or (marker == 0xE2 and payload.startswith(b"ICC_PROFILE\0")):
        return (), b""
    told = next((t for m, b, t in _JPEG_TELLS if (m, b) == (marker, payload[: len(b)])), "")
    needed = b""
    if marker == 0xE0 and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        needed, told = payload[:12] + b"\0\0", _THUMBNAIL
    elif marker == 0xEE and payload.startswith(b"Adobe") and len(payload) >= 12:
        needed = payload[:12]
    elif (marker, payload[:6]) == _JPEG_EXIF:
        from_exif, left = _exif(payload[6:])
        return from_exif, _jpeg_whole(marker, b"Exif\0\0" + left) if left else b""
    if needed and needed == payload:
        return (), b""
    return (told or f"APP{marker & 15}",), _jpeg_whole(marker, needed) if needed else b""


def _jpeg_whole(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


# PNG ---------------------------------------------------------------------------------------------

_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT tRNS bKGD cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI hIST pHYs sPLT "
    b"acTL fcTL fdAT".split()
)
_PNG_TELLS = {b"tEXt": "text", b"zTXt": "text", b"iTXt": "text", b"tIME": "the time"}


def _png(data: bytes) -> Iterator[_Cut]:
    at, seen_exif = 8, False
    while True:
        length, word = _unpack(">II", data, at)
        kind, end = word.to_bytes(4), _part_end(data, at + 12 + length)
        payload = data[at + 8 : end - 4]
        if kind == b"eXIf":
            told, left = _exif(payload) if not seen_exif else (("Exif",), b"")
            if told:
                yield _Cut(at, end, told, _png_whole(kind, left) if left else b"")
            seen_exif = True
        elif kind == b"iTXt" and payload.startswith(b"XML:com.adobe.xmp\0"):
            yield _Cut(at, end, ("XMP",))
        elif kind not in _PNG_KEPT | {b"IEND"}:
            yield _Cut(at, end, (_PNG_TELLS.get(kind, _named(kind)),))
        at = end
        if kind == b"IEND":
            yield from _after(data, end)
            return


def _png_whole(kind: bytes, payload: bytes) -> bytes:
    checked = kind + payload
    return struct.pack(">I", len(payload)) + checked + struct.pack(">I", zlib.crc32(checked))


def _named(kind: bytes) -> str:
    """A part that no list has, by its name, where that is one."""
    name = kind.decode("ascii", "replace").strip()
    return f"a part named {name}" if name.isalnum() and name.isascii() else "an unknown part"


# GIF ---------------------------------------------------------------------------------------------

_GIF_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")
_GIF_PROFILE = b"\x0bICCRGBG1012"


def _gif(data: bytes) -> Iterator[_Cut]:
    (flags,) = _unpack("B", data, 10)
    at = 13 + _gif_colours(flags)
    while True:
        (kind,) = _unpack("B", data, at)
        if kind == 0x3B:
            yield from _after(data, at + 1)
            return
        if kind == 0x2C:
            (flags,) = _unpack("B", data, at + 9)
            at = _gif_data(data, at + 11 + _gif_colours(flags))
        elif kind == 0x21:
            end = _gif_data(data, at + 2)
            yield from _gif_extension(data[at:end], at)
            at = end
        else:
            raise FormatError("it has an unknown block")


def _gif_extension(block: bytes, at: int) -> Iterator[_Cut]:
    """The cut, if it is no graphic control, no colour profile, and more than a count of loops."""
    label, content = block[1], block[2:]
    if label == 0xF9 or (label == 0xFF and content.startswith(_GIF_PROFILE)):
        return
    told, instead = {0xFE: "a comment", 0x01: "text"}.get(label, "an application's notes"), b""
    if label == 0xFF and content.startswith(_GIF_LOOPS) and content[12:14] == b"\x03\x01":
        instead = block[:18] + b"\0"
        if instead == block:
            return
    elif label == 0xFF and content.startswith(b"\x0bXMP Data"):
        told = "XMP"
    yield _Cut(at, at + len(block), (told,), instead)


def _gif_colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_data(data: bytes, at: int) -> int:
    """Where pieces of data end, each after its length, an empty one after the last."""
    last = len(data)
    while at < last:
        size = data[at]
        at += size + 1
        if not size:
            return at
    raise FormatError("it ends too soon")


# WebP --------------------------------------------------------------------------------------------

_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ICCP"})
_WEBP_FLAGS, _WEBP_HAS_EXIF, _WEBP_HAS_XMP = 20, 0x08, 0x04


def _webp(data: bytes) -> Iterator[_Cut]:
    (size,) = _unpack("<I", data, 4)
    end, seen_exif = _part_end(data, 8 + size), False
    for kind, at, after in _webp_chunks(data, 12, end):
        if kind == b"EXIF":
            told, whole = _webp_exif(data[at:after])
            if seen_exif or told:
                yield _Cut(at, after, told or ("Exif",), b"" if seen_exif else whole)
            seen_exif = True
        elif kind == b"ANMF":
            yield from _webp_frame(data, at, after)
        elif kind not in _WEBP_KEPT:
            yield _Cut(at, after, ("XMP" if kind == b"XMP " else _named(kind),))
    yield from _after(data, end)


def _webp_chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk: its kind, where it begins, and where the next one does."""
    while at < end:
        (length,) = _unpack("<4xI", data, at)
        after = at + 8 + length + length % 2
        if after - length % 2 > end:
            raise FormatError("it ends too soon")
        after = min(after, end)  # some leave off what fills the last one up
        yield data[at : at + 4], at, after
        at = after


def _webp_exif(chunk: bytes) -> tuple[tuple[str, ...], bytes]:
    """What the chunk tells, nothing if that is a bare orientation; and the chunk to leave of it."""
    told, left = _exif(chunk[8:].removeprefix(b"Exif\0\0"))
    whole = _webp_whole(b"EXIF", left) if left else b""
    return (() if chunk == whole else told or ("Exif",)), whole


def _webp_frame(data: bytes, at: int, after: int) -> Iterator[_Cut]:
    """A frame has chunks of its own behind its 16 bytes of figures; what it need not have goes."""
    inner = list(_webp_chunks(data, at + 24, after))
    if not all(kind in _WEBP_KEPT for kind, _, _ in inner):
        kept = [data[start:end] for kind, start, end in inner if kind in _WEBP_KEPT]
        told = tuple(_named(kind) for kind, _, _ in inner if kind not in _WEBP_KEPT)
        whole = _webp_whole(b"ANMF", b"".join([data[at + 8 : at + 24], *kept]))
        yield _Cut(at, after, told, whole)


def _webp_whole(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)


def _webp_mended(data: bytes) -> bytes:
    """The file with its own length, and with the flags that say which metadata is in it."""
    whole = bytearray(data)
    whole[4:8] = struct.pack("<I", len(whole) - 8)
    if whole[12:16] == b"VP8X" and len(whole) > _WEBP_FLAGS:
        has_exif = any(kind == b"EXIF" for kind, _, _ in _webp_chunks(data, 12, len(data)))
        whole[_WEBP_FLAGS] &= ~(_WEBP_HAS_EXIF | _WEBP_HAS_XMP)
        whole[_WEBP_FLAGS] |= _WEBP_HAS_EXIF * has_exif
    return bytes(whole)


_FORMATS: tuple[tuple[bytes, Callable[[bytes], Iterator[_Cut]]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"GIF8", _gif),
    (b"RIFF", _webp),
)
