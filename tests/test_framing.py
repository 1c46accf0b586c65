"""The solidarity frame: what goes in, what comes out, and what stays behind."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw

from bot import framing
from bot.errors import BotError, UsageError
from bot.framing import frame
from tests.site import ROOT, bot

TAG = "#StandWithBelarus"
GREEN, BLUE = (40, 160, 60), (40, 60, 160)


def photo(
    folder: Path, name: str = "me.jpg", size: tuple[int, int] = (900, 900), **more: Any
) -> Path:
    """A photo: green above, blue below."""
    picture = Image.new("RGB", size, GREEN)
    ImageDraw.Draw(picture).rectangle((0, size[1] // 2, *size), fill=BLUE)
    path = folder / name
    picture.save(path, **more)
    return path


def near(pixel: Any, colour: tuple[int, int, int], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=True))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        assert picture.format == "JPEG"
        return picture.convert("RGB")


@pytest.mark.parametrize(
    ("side", "sizes"),
    [
        (250, [400]),
        (400, [400]),
        (900, [400, 800]),
        (1600, [400, 800, 1600]),
        (2000, [400, 800, 1600]),
    ],
)
def test_it_comes_square_in_every_size_that_the_photo_has(
    tmp_path: Path, side: int, sizes: list[int]
) -> None:
    written = frame(photo(tmp_path, size=(side, side + 50)), tmp_path / "out", TAG)
    assert [path.name for path in written] == [f"me-frame-{size}.jpg" for size in sizes]
    assert [opened(path).size for path in written] == [(size, size) for size in sizes]


@pytest.mark.parametrize("name", ["me.png", "me.jpg", "me.webp"])
def test_the_photo_is_in_the_middle_and_the_frame_around_it(tmp_path: Path, name: str) -> None:
    picture = opened(frame(photo(tmp_path, name), tmp_path, TAG)[1])
    assert near(picture.getpixel((400, 200)), GREEN)
    assert near(picture.getpixel((400, 500)), BLUE)
    assert near(picture.getpixel((3, 3)), (255, 255, 255))
    assert near(picture.getpixel((20, 400)), framing.RED)
    assert near(picture.getpixel((400, 14)), framing.RED)


def test_the_ring_is_white_red_and_white_and_thicker_below(tmp_path: Path) -> None:
    picture = opened(frame(photo(tmp_path), tmp_path, TAG)[1])
    column = [picture.getpixel((400, y)) for y in range(800)]

    def thickness(pixels: list[Any]) -> int:
        return sum(near(pixel, framing.RED, 40) for pixel in pixels)

    assert near(column[1], (255, 255, 255))
    assert near(column[-2], (255, 255, 255))
    above, below = column[:100], [picture.getpixel((330, y)) for y in range(650, 800)]
    assert 10 < thickness(above) < thickness(below)


def test_the_hashtag_stands_on_the_ring_within_the_circle(tmp_path: Path) -> None:
    with_tag = opened(frame(photo(tmp_path), tmp_path, TAG)[1])
    without = opened(frame(photo(tmp_path, "none.jpg"), tmp_path, ".")[1])
    letters = [
        (x, y)
        for y in range(0, 800, 2)
        for x in range(0, 800, 2)
        if not near(with_tag.getpixel((x, y)), without.getpixel((x, y)), 60)  # type: ignore[arg-type]
    ]
    assert len(letters) > 1000
    for x, y in letters:
        away = ((x - 400) ** 2 + (y - 400) ** 2) ** 0.5 / 400
        assert 0.78 < away < framing.RIM
        assert y > 400


def test_another_campaign_has_its_own_hashtag(tmp_path: Path) -> None:
    one = frame(photo(tmp_path), tmp_path / "a", TAG)[0].read_bytes()
    assert one == frame(photo(tmp_path), tmp_path / "b", TAG)[0].read_bytes()
    assert one != frame(photo(tmp_path), tmp_path / "c", "#Іншы")[0].read_bytes()


def test_a_hashtag_too_long_for_the_ring_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BotError, match="too long for the frame: #Stand"):
        frame(photo(tmp_path), tmp_path, "#Stand" + "WithEverybody" * 6)


# What stays behind -------------------------------------------------------------------------------


def noted() -> Image.Exif:
    """A place, a camera and a time."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Camera 3000"
    exif[0x0132] = "2020:08:09 12:00:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (53.0, 54.0, 0.0), 3: "E", 4: (27.0, 34.0, 0.0)})
    return exif


@pytest.mark.parametrize("name", ["me.jpg", "me.png", "me.webp"])
def test_no_note_of_the_photo_gets_through(tmp_path: Path, name: str) -> None:
    more: dict[str, Any] = {"exif": noted(), "icc_profile": srgb()}
    if name == "me.png":
        from PIL.PngImagePlugin import PngInfo

        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text("Author", "Camera 3000")
    if name == "me.jpg":
        more["comment"] = "Camera 3000"
    path = photo(tmp_path, name, **more)
    assert b"Camera 3000" in path.read_bytes()
    for out in frame(path, tmp_path, TAG):
        data = out.read_bytes()
        assert not any(word in data for word in (b"Camera", b"Exif", b"2020", b"ICC_", b"XMP"))
        with Image.open(out) as picture:
            assert dict(picture.getexif()) == {}
            assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("name", ["me.jpg", "me.png", "me.webp"])
def test_a_photo_that_lies_on_its_side_is_put_upright(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # it stands on its head
    picture = opened(frame(photo(tmp_path, name, exif=exif), tmp_path, TAG)[1])
    assert near(picture.getpixel((400, 200)), BLUE)
    assert near(picture.getpixel((400, 500)), GREEN)


def test_its_colours_are_those_that_were_meant(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = opened(frame(photo(tmp_path), tmp_path, TAG)[0])
    for number, profile in enumerate((srgb(), b"no profile at all", lab)):
        path = photo(tmp_path, f"{number}.jpg", icc_profile=profile)
        seen = opened(frame(path, tmp_path, TAG)[0])
        assert near(seen.getpixel((200, 150)), plain.getpixel((200, 150)), 6)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_taken(tmp_path: Path, mode: str) -> None:
    ending = "jpg" if mode == "CMYK" else "png"
    path = tmp_path / f"me.{ending}"
    Image.new(mode, (500, 500)).save(path)
    picture = opened(frame(path, tmp_path, TAG)[0])
    clear = mode in ("RGBA", "LA")
    want = (255, 255, 255) if clear or mode == "CMYK" else (0, 0, 0)
    assert near(picture.getpixel((200, 200)), want)


def test_of_a_moving_picture_the_first_frame_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (400, 400), GREEN), Image.new("RGB", (400, 400), BLUE)
    path = tmp_path / "me.webp"
    first.save(path, save_all=True, append_images=[second], duration=100)
    assert near(opened(frame(path, tmp_path, TAG)[0]).getpixel((200, 150)), GREEN)


# What is refused ---------------------------------------------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def gif() -> bytes:
    file = io.BytesIO()
    Image.new("P", (500, 500)).save(file, "GIF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is not a picture that can be read"),
        (b"Dear all,\n", "is not a picture that can be read"),
        (gif(), "is not a picture that can be read"),
        (bomb(6000, 6000), "is too large"),
        (bomb(12_000, 12_000), "is too large"),
        (bomb(60_000, 60_000), "is too large"),
        (bomb(500, 500), "is not a picture that can be read"),
        (bomb(500, 199), "is too small: 500 x 199 pixels"),
    ],
)
def test_what_is_no_photo_is_refused_in_two_lines(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UsageError) as caught:
            frame(path, tmp_path / "out", TAG)
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2
    assert not (tmp_path / "out").exists()


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MOST_BYTES", 1000)
    with pytest.raises(UsageError, match="is too large"):
        frame(photo(tmp_path), tmp_path, TAG)


def test_a_large_photo_is_taken_without_holding_all_of_it(tmp_path: Path) -> None:
    path = photo(tmp_path, size=(5400, 5400))
    assert [opened(out).width for out in frame(path, tmp_path, TAG)] == [400, 800, 1600]


# The command -------------------------------------------------------------------------------------


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    photo(tmp_path)
    done = bot(tmp_path, "--root", str(ROOT), "frame", "me.jpg", "--out", "framed")
    assert done.stdout.splitlines() == ["framed/me-frame-400.jpg", "framed/me-frame-800.jpg"]
    assert opened(tmp_path / "framed/me-frame-400.jpg").size == (400, 400)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.jpg"], "none.jpg can't be read: No such file"),
        (["."], "can't be read: Is a directory"),
        (["me.jpg", "--out", "me.jpg"], "me.jpg can't be written to: File exists"),
    ],
)
def test_the_command_refuses_politely(tmp_path: Path, arguments: list[str], says: str) -> None:
    photo(tmp_path)
    done = bot(tmp_path, "--root", str(ROOT), "frame", *arguments, code=2)
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 2
