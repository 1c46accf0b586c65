"""What pictures tell beside what they show, and that nothing but that is cut out of them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, ImageSequence
from PIL.PngImagePlugin import PngInfo

from bot.media import load_assets
from bot.media.heads import FormatError
from bot.media.inspecting import look
from bot.media.metadata import bare
from tests.media.pictures import catalogue, png_chunk, write
from tests.site import ROOT

CANARY = b"Canary 3000"
"""Stands in everything that may not get through."""

SIZE = (430, 410)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Canary 3000</x:xmpmeta>'


def exif(orientation: int = 1) -> Image.Exif:
    """A place, a device, an owner, a time."""
    noted = Image.Exif()
    noted[0x010F], noted[0x0110] = "Canary 3000", "Canary 3000"
    noted[0x0112] = orientation
    noted[0x0132] = "2020:08:09 12:00:00"
    noted[0x013B], noted[0x8298] = "Canary 3000", "Canary 3000"
    noted.get_ifd(0x8769).update({0xA431: "Canary 3000", 0x9003: "2020:08:09 12:00:00"})
    noted.get_ifd(0x8825).update({1: "N", 2: (53.0, 54.0, 0.0), 3: "E", 0x1D: "Canary 3000"})
    return noted


def picture(number: int = 0, mode: str = "RGB") -> Image.Image:
    """Blots of many colours, so that a pixel out of place is seen."""
    small = Image.frombytes("RGB", (43, 41), Random(number).randbytes(43 * 41 * 3))
    return small.resize(SIZE, Image.Resampling.BICUBIC).convert(mode)


def saved(kind: str, mode: str = "RGB", frames: int = 1, **more: Any) -> bytes:
    file = io.BytesIO()
    if frames > 1:
        more |= {"save_all": True, "append_images": [picture(n, mode) for n in range(1, frames)]}
    picture(0, mode).save(file, kind, **more)
    return file.getvalue()


def jpeg_part(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_jpeg_parts(data: bytes, *parts: bytes) -> bytes:
    return data[:2] + b"".join(parts) + data[2:]


def with_thumbnail(data: bytes) -> bytes:
    """Exif as phones write it: with a small picture in a second directory."""
    small = io.BytesIO()
    picture().resize((20, 20)).save(small, "JPEG", comment=CANARY)
    inner = small.getvalue()
    first = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 26)
    second = struct.pack(">HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(inner), 0)
    tiff = b"MM\0*" + struct.pack(">I", 8) + first + second
    return with_jpeg_parts(data, jpeg_part(0xE1, b"Exif\0\0" + tiff + inner))


def progressive() -> bytes:
    """Several scans, and a comment between two of them."""
    data = saved("JPEG", progressive=True, quality=85)
    at = data.rindex(b"\xff\xc4")
    return data[:at] + jpeg_part(0xFE, CANARY) + data[at:]


def thumbnail_in_jfif() -> bytes:
    data = saved("JPEG")
    assert data[2:4] == b"\xff\xe0"
    assert data[4:6] == b"\0\x10"
    small = (CANARY + bytes(16))[:27]
    return data[:2] + jpeg_part(0xE0, data[6:18] + b"\x03\x03" + small) + data[20:]


def text(xmp: bool = False) -> PngInfo:
    info = PngInfo()
    if xmp:
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return info
    info.add_text("Author", "Canary 3000")
    info.add_text("Raw profile type exif", "Canary 3000", zip=True)
    info.add_itxt("Title", "Canary 3000")
    return info


def webp_chunk(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)


def webp_of(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def webp_frames_with_more() -> bytes:
    """An unknown chunk inside each frame, as the format allows."""
    data = saved("WEBP", frames=2, duration=100)
    out, at = b"", 12
    while at < len(data):
        (length,) = struct.unpack_from("<4xI", data, at)
        payload = data[at + 8 : at + 8 + length]
        if data[at : at + 4] == b"ANMF":
            payload += bytes(len(payload) % 2) + webp_chunk(b"note", CANARY)
        out += webp_chunk(data[at : at + 4], payload)
        at += 8 + length + length % 2
    return webp_of(out)


def gif_application(name: bytes, payload: bytes) -> bytes:
    return b"\x21\xff\x0b" + name + bytes([len(payload)]) + payload + b"\0"


def with_gif_block(data: bytes, block: bytes) -> bytes:
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    return data[:at] + block + data[at:]


MPO = saved("MPO", frames=2)
SECOND = MPO.index(b"\xff\xd8\xff", 100)

TELLING: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "jpeg exif": (
        lambda: saved("JPEG", exif=exif()),
        ("the device", "the time", "the owner", "the place"),
    ),
    "jpeg lying on its side": (lambda: saved("JPEG", exif=exif(6)), ("the place",)),
    "jpeg thumbnail": (lambda: with_thumbnail(saved("JPEG")), ("a thumbnail",)),
    "jpeg two exifs": (
        lambda: with_jpeg_parts(
            saved("JPEG", exif=exif(8)), jpeg_part(0xE1, b"Exif\0\0" + exif(3).tobytes()[6:])
        ),
        ("the place",),
    ),
    "jpeg broken exif": (
        lambda: with_jpeg_parts(saved("JPEG"), jpeg_part(0xE1, b"Exif\0\0MM\0*\0\0" + CANARY)),
        ("Exif",),
    ),
    "jpeg jfif thumbnail": (thumbnail_in_jfif, ("a thumbnail",)),
    "jpeg jfxx thumbnail": (
        lambda: with_jpeg_parts(saved("JPEG"), jpeg_part(0xE0, b"JFXX\0\x10" + CANARY)),
        ("a thumbnail",),
    ),
    "jpeg xmp": (lambda: saved("JPEG", xmp=XMP), ("XMP",)),
    "jpeg comment": (lambda: saved("JPEG", comment=CANARY), ("a comment",)),
    "jpeg iptc": (
        lambda: with_jpeg_parts(saved("JPEG"), jpeg_part(0xED, b"Photoshop 3.0\0" + CANARY)),
        ("IPTC",),
    ),
    "jpeg maker's part": (
        lambda: with_jpeg_parts(saved("JPEG"), jpeg_part(0xEB, b"JP\0\0" + CANARY)),
        ("APP11",),
    ),
    "jpeg adobe with more": (
        lambda: (
            saved("JPEG", "CMYK")
            .replace(
                b"\xff\xee\0\x0eAdobe", b"\xff\xee" + struct.pack(">H", 14 + len(CANARY)) + b"Adobe"
            )
            .replace(b"\xff\xdb", CANARY + b"\xff\xdb", 1)
        ),
        ("APP14",),
    ),
    "jpeg of several scans": (progressive, ("a comment",)),
    "jpeg profile": (lambda: saved("JPEG", icc_profile=PROFILE, comment=CANARY), ("a comment",)),
    "jpeg video behind": (
        lambda: saved("JPEG") + b"\0\0\0\x18ftypmp42" + CANARY,
        ("23 bytes after its end",),
    ),
    "mpo": (
        lambda: MPO + CANARY,
        ("further pictures", f"{len(MPO) - SECOND + 11:,} bytes after its end"),
    ),
    "png exif": (lambda: saved("PNG", exif=exif()), ("the place",)),
    "png lying on its side": (lambda: saved("PNG", exif=exif(6)), ("the place",)),
    "png text": (lambda: saved("PNG", pnginfo=text()), ("text",)),
    "png xmp": (lambda: saved("PNG", pnginfo=text(xmp=True)), ("XMP",)),
    "png time": (
        lambda: saved("PNG")[:33] + png_chunk(b"tIME", bytes(7)) + saved("PNG")[33:] + CANARY,
        ("the time", "11 bytes after its end"),
    ),
    "png chunk of a program": (
        lambda: saved("PNG")[:33] + png_chunk(b"caBX", CANARY) + saved("PNG")[33:],
        ("a part named caBX",),
    ),
    "png profile": (
        lambda: saved("PNG", icc_profile=PROFILE, pnginfo=text()),
        ("text",),
    ),
    "png palette": (lambda: saved("PNG", "P", pnginfo=text(), transparency=3), ("text",)),
    "png of 16 bits": (lambda: saved("PNG", "I;16", pnginfo=text()), ("text",)),
    "png frames": (lambda: saved("PNG", frames=3, pnginfo=text()), ("text",)),
    "webp exif": (lambda: saved("WEBP", exif=exif()), ("the place",)),
    "webp lying on its side": (lambda: saved("WEBP", exif=exif(6)), ("the place",)),
    "webp xmp": (lambda: saved("WEBP", xmp=XMP), ("XMP",)),
    "webp profile": (lambda: saved("WEBP", icc_profile=PROFILE, exif=exif()), ("the place",)),
    "webp lossless": (lambda: saved("WEBP", "RGBA", lossless=True, exif=exif(3)), ("the place",)),
    "webp frames": (lambda: saved("WEBP", frames=3, exif=exif()), ("the place",)),
    "webp in frames": (webp_frames_with_more, ("a part named note",)),
    "webp chunk of a program": (
        lambda: webp_of(saved("WEBP")[12:] + webp_chunk(b"note", CANARY)),
        ("a part named note",),
    ),
    "webp bytes behind": (lambda: saved("WEBP") + CANARY, ("11 bytes after its end",)),
    "gif comment": (lambda: saved("GIF", comment=CANARY), ("a comment",)),
    "gif xmp": (
        lambda: with_gif_block(saved("GIF", frames=3), gif_application(b"XMP DataXMP", CANARY)),
        ("XMP",),
    ),
    "gif application": (
        lambda: with_gif_block(saved("GIF"), gif_application(b"FOTO 42 1.0", CANARY)),
        ("an application's notes",),
    ),
    "gif loop with more": (
        lambda: saved("GIF", frames=3, loop=0).replace(
            b"NETSCAPE2.0\x03\x01\0\0\0", b"NETSCAPE2.0\x03\x01\0\0\x0b" + CANARY + b"\0"
        ),
        ("an application's notes",),
    ),
    "gif bytes behind": (lambda: saved("GIF", frames=2) + CANARY, ("11 bytes after its end",)),
}


BROKEN_EXIF = pytest.mark.filterwarnings("ignore:Corrupt EXIF data")


def frames(data: bytes) -> Iterator[tuple[str, tuple[int, int], bytes, object]]:
    """What is decoded of every frame, by Pillow, with its time."""
    formats = ("PNG", "JPEG", "WEBP", "GIF")
    with Image.open(io.BytesIO(data), formats=formats) as opened:
        for each in ImageSequence.Iterator(opened) if opened.format != "MPO" else [opened]:
            yield each.mode, each.size, each.tobytes(), each.info.get("duration")


def upright(data: bytes) -> bytes:
    """The picture as it is seen."""
    with Image.open(io.BytesIO(data)) as opened:
        return ImageOps.exif_transpose(opened).tobytes()


@BROKEN_EXIF
@pytest.mark.parametrize(("made", "says"), TELLING.values(), ids=TELLING)
def test_what_is_told_is_named_and_cut_out_and_not_a_pixel_changes(
    made: Callable[[], bytes], says: tuple[str, ...]
) -> None:
    data = made()
    found = bare(data)
    assert set(says) <= set(found.told)
    assert CANARY not in found.data
    assert list(frames(found.data)) == list(frames(data))
    assert upright(found.data) == upright(data)
    assert bare(found.data) == (found.data, ())


@BROKEN_EXIF
@pytest.mark.parametrize("made", [made for made, _ in TELLING.values()], ids=TELLING)
def test_an_independent_reader_finds_nothing_more_in_it(made: Callable[[], bytes]) -> None:
    data = made()
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(bare(data).data)) as after:
        turned = before.getexif().get(0x0112, 1)
        assert dict(after.getexif()) == ({0x0112: turned} if turned != 1 else {})
        assert after.getexif().get_ifd(0x8825) == {}
        assert after.getexif().get_ifd(0x8769) == {}
        assert after.getexif().get_ifd(1) == {}
        assert after.info.get("icc_profile") == before.info.get("icc_profile")
        assert after.info.get("loop") == before.info.get("loop")
        assert not after.info.keys() & {"xmp", "comment", "photoshop", "mp", "Author", "Title"}
        assert getattr(after, "text", {}) == {}
        assert after.format != "MPO"


PLAIN = {
    "jpeg": saved("JPEG"),
    "jpeg profile": saved("JPEG", icc_profile=PROFILE),
    "jpeg grey": saved("JPEG", "L"),
    "jpeg of several scans": saved("JPEG", progressive=True),
    "jpeg with restarts": saved("JPEG", restart_marker_blocks=3),
    "jpeg cmyk": saved("JPEG", "CMYK"),
    "png": saved("PNG"),
    "png profile": saved("PNG", icc_profile=PROFILE, dpi=(300, 300)),
    "png frames": saved("PNG", frames=2),
    "webp": saved("WEBP"),
    "webp profile": saved("WEBP", icc_profile=PROFILE),
    "webp frames": saved("WEBP", "RGBA", frames=2),
    "gif": saved("GIF"),
    "gif that goes on for ever": saved("GIF", frames=3, loop=0),
}


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN)
def test_what_tells_nothing_stays_byte_for_byte(data: bytes) -> None:
    assert bare(data) == (data, ())


def test_our_own_pictures_tell_nothing() -> None:
    ours = [*(ROOT / "media").rglob("*.png"), *(ROOT / "media").rglob("*.gif")]
    assert len(ours) > 10
    assert {path.name: bare(path.read_bytes()).told for path in ours} == {
        path.name: () for path in ours
    }


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN)
def test_what_ends_too_soon_is_refused(data: bytes) -> None:
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(FormatError):
            bare(data[: int(len(data) * share)])
    with pytest.raises(FormatError):
        bare(b"no picture")


def small(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 7)).save(file, kind, exif=exif(6), comment=CANARY)
    return file.getvalue()


SMALL = [small(kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")]


@given(st.sampled_from(SMALL), st.data())
def test_whatever_is_broken_is_refused_or_told_to_the_last(
    sound: bytes, data: st.DataObject
) -> None:
    broken = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(broken) - 1))
        broken[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        broken = broken or bytearray(b"\0")
    try:
        found = bare(bytes(broken))
    except FormatError:
        return
    again = bare(found.data)
    assert again == (found.data, ())
    assert found.told or found.data == broken


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF"]), st.binary())
def test_any_bytes_at_all_are_refused_or_come_out_bare(begin: bytes, rest: bytes) -> None:
    try:
        found = bare(begin + rest)
    except FormatError:
        return
    assert bare(found.data) == (found.data, ())


# In the full look --------------------------------------------------------------------------------


def test_the_full_look_says_what_is_told_and_what_to_do(tmp_path: Path) -> None:
    data = saved("JPEG", exif=exif(), comment=CANARY)
    assets, problems = load_assets(write(tmp_path, catalogue("a.jpg"), {"a.jpg": data}))
    assert problems == []
    [problem] = look(assets["a1"], tmp_path)
    assert (problem.rule, problem.severity) == ("media-metadata", "error")
    assert str(problem) == (
        "media/media.toml:1: media/a.jpg of assets.a1 tells more than it shows: "
        "the device, the time, the owner, the place, a comment\n"
        "    `bot check --fix` cuts that out, and leaves every pixel as it is."
    )
