"""Pictures made by hand, and a media/ that lists them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from bot.domain import Asset, Limits, Place
from bot.media import load_assets
from bot.networks.weighted import find_urls

ALT = "A red square"


def encoded(kind: str, size: tuple[int, int] = (40, 30), frames: int = 1) -> bytes:
    """A picture as Pillow writes it; each frame is of another colour."""
    pictures = [Image.new("RGB", size, (200, 10 * n % 256, n % 256)) for n in range(frames)]
    file = io.BytesIO()
    if frames == 1:
        pictures[0].save(file, kind)
    else:
        pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=100)
    return file.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_head(width: int, height: int) -> bytes:
    """A tiny PNG that says it is of any size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [
        png_chunk(b"IHDR", head),
        png_chunk(b"IDAT", zlib.compress(b"\0")),
        png_chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


TOO_LITTLE = b"\x02\x4c\x01\x00"
"""A frame's data, in one piece, that stands for a few pixels only."""


def frame(width: int, height: int, data: bytes = TOO_LITTLE) -> bytes:
    """One frame of a GIF."""
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02" + data


def gif(width: int, height: int, frames: int, data: bytes = TOO_LITTLE) -> bytes:
    """A GIF by hand, with any number of frames as large as its screen. Not fit to be decoded."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    return b"GIF89a" + screen + frame(width, height, data) * frames + b"\x3b"


def write(root: Path, catalogue: str | bytes, files: Mapping[str, bytes] | None = None) -> Path:
    folder = root / "media"
    folder.mkdir(parents=True, exist_ok=True)
    raw = catalogue if isinstance(catalogue, bytes) else catalogue.encode()
    (folder / "media.toml").write_bytes(raw)
    for name, data in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return root


def catalogue(*files: str) -> str:
    """A catalogue of faultless entries: a1, a2, …"""
    return "\n".join(
        f'[assets.a{n}]\nfile = "{file}"\nalt = "{ALT}"\n' for n, file in enumerate(files, 1)
    )


def load_one(root: Path, file: str, data: bytes) -> Asset:
    assets, problems = load_assets(write(root, catalogue(file), {file: data}))
    assert problems == []
    return assets["a1"]


def limits(**changed: object) -> Limits:
    """Limits that nothing in these tests reaches, but for those given."""
    whole = Limits(
        network="x",
        text=280,
        measure=len,
        alt=1000,
        mimes=frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"}),
        image_bytes=5_000_000,
        gif_bytes=15_000_000,
        gif_width=1280,
        gif_height=1080,
        gif_frames=350,
        gif_pixels=300_000_000,
        cost=lambda text, media: 0.0,
        addresses=find_urls,
    )
    return whole._replace(**changed)  # type: ignore[arg-type]


def asset(**changed: object) -> Asset:
    whole = Asset(
        id="a1",
        path="media/a.png",
        mime="image/png",
        bytes=100,
        digest=lambda: "0" * 64,
        width=40,
        height=30,
        frames=1,
        alt={"": ALT},
        where=Place("media/media.toml", 1),
    )
    return whole._replace(**changed)  # type: ignore[arg-type]


PNG = encoded("PNG")
