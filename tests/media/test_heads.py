"""What the head of a picture says, without decoding it."""

from __future__ import annotations

import io
import struct
import tempfile
import tracemalloc
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.media import load_assets
from tests.media.pictures import catalogue, encoded, gif, load_one, write


@pytest.mark.parametrize("size", [(16_000, 7), (7, 16_000)])
@pytest.mark.parametrize("options", [{"lossless": True}, {"exact": True}, {"quality": 1}])
def test_every_kind_of_webp_says_its_size(
    tmp_path: Path, options: dict[str, object], size: tuple[int, int]
) -> None:
    file = io.BytesIO()
    mode = "RGBA" if "exact" in options else "RGB"
    Image.new(mode, size).save(file, "WEBP", **options)
    asset = load_one(tmp_path, "a.webp", file.getvalue())
    assert (asset.width, asset.height, asset.frames) == (*size, 1)


def test_a_webp_to_be_scaled_says_its_size_before(tmp_path: Path) -> None:
    size = struct.pack("<HH", 1 << 14 | 300, 3 << 14 | 200)
    data = b"RIFF\x20\0\0\0WEBPVP8 \x14\0\0\0\0\0\0\x9d\x01\x2a" + size + bytes(10)
    asset = load_one(tmp_path, "a.webp", data)
    assert (asset.width, asset.height) == (300, 200)


def test_parts_of_odd_length_before_a_webp_s_frames_are_padded(tmp_path: Path) -> None:
    head = b"VP8X\x0a\0\0\0\x02\0\0\0" + b"\x08\0\0" + b"\x09\0\0"
    parts = b"JUNK\x01\0\0\0!\0" + b"ANMF\x02\0\0\0ab" * 3
    asset = load_one(tmp_path, "a.webp", b"RIFF\x40\0\0\0WEBP" + head + parts)
    assert (asset.width, asset.height, asset.frames) == (9, 10, 3)


def test_tables_before_a_jpeg_s_size_are_stepped_over(tmp_path: Path) -> None:
    tables = b"".join(bytes([0xFF, kind, 0, 8]) + bytes(6) for kind in (0xC4, 0xC8, 0xCC, 0xDB))
    data = b"\xff\xd8" + tables + b"\xff\xff" + encoded("JPEG", (31, 17))[2:]
    asset = load_one(tmp_path, "a.jpg", data)
    assert (asset.width, asset.height) == (31, 17)


def test_a_progressive_jpeg_with_much_before_its_size_is_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    Image.new("RGB", (300, 200)).save(file, "JPEG", progressive=True, exif=exif)
    asset = load_one(tmp_path, "a.jpg", file.getvalue())
    assert (asset.width, asset.height) == (300, 200)


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    frames=st.integers(1, 9),
    colours=st.sampled_from([1, 2, 16, 256]),
    seed=st.integers(0, 999),
)
def test_a_gif_is_stepped_through_as_pillow_reads_it(
    size: tuple[int, int], frames: int, colours: int, seed: int
) -> None:
    random = Random(seed)
    pictures = [Image.new("P", size) for _ in range(frames)]
    for picture in pictures:
        picture.putdata([random.randrange(colours) for _ in range(size[0] * size[1])])
        picture.putpalette(bytes(range(colours)) * 3)
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=50)
    with tempfile.TemporaryDirectory() as folder:
        asset = load_one(Path(folder), "a.gif", file.getvalue())
    with Image.open(file) as seen:
        assert (asset.width, asset.height) == seen.size
        assert asset.frames == getattr(seen, "n_frames", 1)


def test_a_gif_s_blocks_may_lie_anywhere_in_the_window(tmp_path: Path) -> None:
    pieces = (b"\xff" + b"\x2c" * 255) * 255
    for rest in range(1, 255):
        data = pieces + bytes([rest]) + b"\x3b" * rest + b"\0"
        assert load_one(tmp_path, "a.gif", gif(9, 8, 3, data)).frames == 3


def test_a_large_gif_is_not_read_into_memory(tmp_path: Path) -> None:
    data = b"".join(bytes([255]) + bytes(255) for _ in range(4_000)) + b"\0"
    write(tmp_path, catalogue("a.gif"), {"a.gif": gif(900, 900, 15, data)})
    assert (tmp_path / "media" / "a.gif").stat().st_size > 15_000_000
    load_assets(tmp_path)
    tracemalloc.start()
    assets, problems = load_assets(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (assets["a1"].frames, problems) == (15, [])
    assert peak < 1_000_000
