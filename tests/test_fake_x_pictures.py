"""What the fake X reads from a picture's bytes, held against Pillow's."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.fake_x.pictures import Picture, PictureError, look
from tests.fake_x_hand import STEADY, gif, made, png

KINDS = [
    ("PNG", "RGB", {}),
    ("PNG", "P", {}),
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "RGB", {"restart_marker_blocks": 1}),
    ("GIF", "P", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"}),
]


@pytest.mark.parametrize(("kind", "mode", "how"), KINDS)
@pytest.mark.parametrize("size", [(60, 40), (41, 300), (1, 1)])
def test_type_and_size_are_those_that_pillow_wrote(
    kind: str, mode: str, how: dict[str, Any], size: tuple[int, int]
) -> None:
    assert look(made(kind, mode, size, **how)) == Picture(f"image/{kind.lower()}", *size)


def test_a_jpeg_may_have_fill_bytes_before_a_marker() -> None:
    data = made("JPEG").replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1)
    assert look(data) == Picture("image/jpeg", 60, 40)


def test_handmade_pictures_are_pictures_to_pillow_too() -> None:
    for data, frames in ((png(9, 7), 1), (gif(9, 7, 5), 5), (gif(9, 7, 2, padding=900), 2)):
        picture = look(data)
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert (picture.width, picture.height) == image.size == (9, 7)
            assert picture.frames == getattr(image, "n_frames", 1) == frames


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "neither PNG, JPEG, GIF nor WEBP"),
        (b"<svg/>", "neither"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (made("JPEG").replace(b"\xff\xdb", b"\x00\xdb", 1), "markers are not in order"),
        (gif(frames=0), "no frame"),
        (gif()[:-1] + b"\x00", "blocks are not in order"),
        (png().replace(b"IHDR", b"IHDX"), "checksum"),
        (b"RIFF\x04\x00\x00\x00WEBP", "no picture"),
        (b"\xff\xd8\xff\xda\x00\x02\x00\xff\xd9", "cut short"),
    ],
)
def test_what_is_no_picture_says_why(data: bytes, why: str) -> None:
    with pytest.raises(PictureError, match=why):
        look(data)


def test_chunks_out_of_order_are_no_png() -> None:
    data = png()
    at = data.index(b"tEXt") - 4
    swapped = data[:8] + data[at : at + 12] + data[8:at] + data[at + 12 :]
    with pytest.raises(PictureError, match="chunks are not in order"):
        look(swapped)


@STEADY
@given(st.sampled_from(KINDS), st.data())
def test_no_damage_is_more_than_not_a_picture(
    kind: tuple[str, str, dict[str, Any]], data: st.DataObject
) -> None:
    whole = bytearray(made(kind[0], kind[1], (16, 16), **kind[2]))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        assert look(damaged).width >= 0
    except PictureError as error:
        assert str(error)  # noqa: PT017 - either is fine, anything else is not
