"""The solidarity frame: what goes in, what comes out, and what stays behind."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw, features

from bot import framing
from bot.drawing import typefaces
from bot.errors import BotError, UsageError
from tests.media.pictures import png_chunk
from tests.site import ROOT, bot
from tests.typeface import typeface

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


def frame(photo: Path, folder: Path, hashtag: str, root: Path = ROOT) -> list[Path]:
    return framing.frame(photo, folder, hashtag, root)


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


def png(
    size: tuple[int, int], bits: int, colour: int, row: bytes, *chunks: tuple[bytes, bytes]
) -> bytes:
    """A PNG by hand, each row of which is the same."""
    head = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0)
    rows = zlib.compress((b"\0" + row) * size[1])
    parts = (b"IHDR", head), *chunks, (b"IDAT", rows), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


def four_greys(bits: int, values: tuple[int, int, int, int], clear: int | None = None) -> bytes:
    """A grey PNG of four columns, 400 pixels wide together; one of the greys may be clear."""
    pixels = [value for value in values for _ in range(100)]
    if bits == 16:
        row = b"".join(struct.pack(">H", value) for value in pixels)
    else:
        whole = "".join(f"{value:0{bits}b}" for value in pixels)
        row = int(whole, 2).to_bytes(len(whole) // 8)
    chunks = [(b"tRNS", struct.pack(">H", clear))] if clear is not None else []
    return png((400, 400), bits, 0, row, *chunks)


def columns(path: Path) -> list[int]:
    """What became of the middle of each column; the outer two are seen within the ring."""
    picture = opened(path)
    return [round(sum(picture.getpixel((x, 190))) / 3) for x in (60, 150, 250, 340)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (four_greys(16, (0, 0x4000, 0x8000, 0xFFFF)), [0, 64, 128, 255]),
        (four_greys(16, (0, 0x4000, 0x8000, 0xC000), clear=0x4000), [0, 255, 128, 191]),
        (four_greys(16, (0x0100, 0x01FF, 0x8000, 0x80FF), clear=0x80FF), [1, 2, 128, 255]),
        (four_greys(8, (0, 64, 128, 200), clear=64), [0, 255, 128, 200]),
        (four_greys(4, (0, 4, 8, 12), clear=8), [0, 68, 255, 204]),
        (four_greys(2, (0, 1, 2, 3)), [0, 85, 170, 255]),
        (four_greys(2, (0, 1, 2, 3), clear=1), [0, 255, 170, 255]),
        (four_greys(2, (0, 1, 2, 3), clear=0), [255, 85, 170, 255]),
        (four_greys(1, (0, 1, 0, 1)), [0, 255, 0, 255]),
        (four_greys(1, (0, 1, 0, 1), clear=0), [255, 255, 255, 255]),
    ],
)
def test_greys_of_every_depth_are_scaled_and_what_is_clear_is_white(
    tmp_path: Path, data: bytes, wanted: list[int]
) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(data)
    found = columns(frame(path, tmp_path, TAG)[0])
    assert all(abs(a - b) <= 3 for a, b in zip(found, wanted, strict=True)), found


def test_colours_of_16_bits_are_scaled_and_what_is_clear_is_white(tmp_path: Path) -> None:
    left, right = (0x2800, 0xA000, 0x3C00), (0x28FF, 0x3C00, 0xA0FF)
    row = struct.pack(">3H", *left) * 200 + struct.pack(">3H", *right) * 200
    path = tmp_path / "me.png"
    path.write_bytes(png((400, 400), 16, 2, row, (b"tRNS", struct.pack(">3H", *right))))
    picture = opened(frame(path, tmp_path, TAG)[0])
    assert near(picture.getpixel((100, 190)), (0x28, 0xA0, 0x3C))
    assert near(picture.getpixel((300, 190)), (255, 255, 255))


def cmyk_profile() -> bytes:
    """A printer that prints cyan as a grey, magenta as a dark red and everything else white."""
    lab = {(1, 0, 0, 0): (128, 128, 128), (0, 1, 0, 0): (64, 168, 148)}
    nodes = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    table = b"".join(bytes(lab.get(node, (255, 128, 128))) for node in nodes)
    same = bytes(range(256))
    one = struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + one + same * 4 + table + same * 3
    text = b"text" + bytes(4) + b"made for a test\0"
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags, at = [(b"cprt", text), (b"wtpt", white), (b"A2B0", lut)], 128 + 4 + 12 * 3
    listed = struct.pack(">I", len(tags))
    for name, data in tags:
        listed += struct.pack(">4sII", name, at, len(data))
        at += len(data)
    head = struct.pack(
        ">I4sI4s4s4s12x4s", at, b"test", 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp"
    )
    body = listed + b"".join(data for _, data in tags)
    return head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061) + bytes(48) + body


def test_the_colours_of_print_are_those_of_their_profile(tmp_path: Path) -> None:
    picture = Image.new("CMYK", (400, 400), (255, 0, 0, 0))
    picture.paste((0, 255, 0, 0), (200, 0, 400, 400))
    path = tmp_path / "me.jpg"
    picture.save(path, quality=95, subsampling=0, icc_profile=cmyk_profile())
    seen = opened(frame(path, tmp_path, TAG)[0])
    assert near(seen.getpixel((100, 190)), (119, 119, 119), 4)
    assert near(seen.getpixel((300, 190)), (120, 30, 34), 12)
    picture.save(path, quality=95, subsampling=0)
    plain = opened(frame(path, tmp_path, TAG)[0])
    assert near(plain.getpixel((100, 190)), (0, 255, 255)), "without one there is nothing to go by"


def test_of_several_pictures_in_one_file_the_first_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (400, 400), GREEN), Image.new("RGB", (400, 400), BLUE)
    first.save(tmp_path / "me.jpg", "MPO", save_all=True, append_images=[second])
    out = frame(tmp_path / "me.jpg", tmp_path, TAG)[0]
    assert near(opened(out).getpixel((200, 150)), GREEN)
    assert b"MPF" not in out.read_bytes()


# Other scripts -----------------------------------------------------------------------------------


SCRIPTS = {
    "Arabic": "#متحدون",
    "Chinese": "#工会",
    "Korean": "#연대",
    "Hebrew": "#סולידריות",
    "Georgian": "#სოლიდარობა",
    "Armenian": "#Միասին",
    "Japanese": "#れんたい",
    "Devanagari": "#एकता",
    "Thai": "#เสรีภาพ",
}


@pytest.mark.parametrize(("script", "hashtag"), SCRIPTS.items())
def test_a_script_that_the_typeface_lacks_is_named_with_the_way_out(
    tmp_path: Path, script: str, hashtag: str
) -> None:
    with pytest.raises(BotError) as caught:
        frame(photo(tmp_path), tmp_path / "out", hashtag, tmp_path)
    what, fix = str(caught.value).splitlines()
    assert what.startswith("The type of the frame has no `")
    assert what.endswith(f" ({script}), which is in: {hashtag}")
    assert "Put a typeface that has it, like Noto Sans " in fix
    assert "as .ttf or .otf into media/typefaces/" in fix
    assert not (tmp_path / "out").exists()


def red_gone(picture: Image.Image) -> list[tuple[int, int]]:
    """Where the lower half of the ring of 800 has something else than red on it."""
    found = []
    for x in range(100, 700):
        for y in range(500, 800):
            away = ((x - 400) ** 2 + (y - 400) ** 2) ** 0.5 / 400
            is_ring = away < 0.97 and ((x - 400) ** 2 + (y - 370) ** 2) ** 0.5 / 400 > 0.88
            if is_ring and not near(picture.getpixel((x, y)), framing.RED, 60):
                found.append((x, y))
    return found


@pytest.mark.parametrize(("script", "hashtag"), SCRIPTS.items())
def test_with_a_typeface_of_the_campaign_it_stands_on_the_ring(
    tmp_path: Path, script: str, hashtag: str
) -> None:
    typeface(tmp_path / "media/typefaces/Ours.ttf", hashtag[1:])
    path = frame(photo(tmp_path), tmp_path, hashtag, tmp_path)[1]
    letters = red_gone(opened(path))
    assert len(letters) > 1000
    left, right = min(x for x, _ in letters), max(x for x, _ in letters)
    assert abs((left + right) / 2 - 400) < 25, "in the middle"
    assert not any(near(opened(path).getpixel((400, y)), (255, 255, 255), 60) for y in (722, 788))


def test_a_script_from_right_to_left_begins_on_the_right(tmp_path: Path) -> None:
    """The bar of the first letter is the narrowest; # comes before it, in Manrope."""
    typeface(tmp_path / "media/typefaces/Ours.ttf", "אבגד")
    tag = framing._Tag("#אבגד", tmp_path)
    line = tag._written(100)
    row = line.resize((line.width, 1), Image.Resampling.BOX).tobytes()
    bars = [len(list(run)) for ink, run in groupby(row, key=lambda v: v > 0) if ink]
    assert bars[:4] == sorted(bars[:4], reverse=True)
    assert len(bars) == 5
    assert bars[4] > bars[3]


def test_a_typeface_with_all_of_it_is_not_mixed_with_ours(tmp_path: Path) -> None:
    typeface(tmp_path / "media/typefaces/Ours.ttf", "#Միասին")
    ours = tmp_path / "media/typefaces/Ours.ttf"
    found = list(typefaces.runs("#Մի", [typefaces.manrope("ExtraBold"), ours]))
    assert found == [("#", typefaces.manrope("ExtraBold")), ("Մի", ours)]


def test_letters_that_reach_high_and_low_stay_within_the_ring(tmp_path: Path) -> None:
    typeface(tmp_path / "media/typefaces/Ours.ttf", "Մի", height=2000)
    high = framing._Tag("#Մի", tmp_path)
    for tile, _ in high.letters(400):
        assert tile.height < 0.2 * 400


@pytest.mark.parametrize("data", [b"no typeface", b""])
def test_a_typeface_that_can_not_be_read_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "media/typefaces/Ours.ttf"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with pytest.raises(BotError, match=r"media/typefaces/Ours\.ttf can't be read as a typeface"):
        frame(photo(tmp_path), tmp_path, TAG, tmp_path)


def test_without_what_shapes_letters_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typeface(tmp_path / "media/typefaces/Ours.ttf", "متحدون")
    monkeypatch.setattr(features, "check", lambda _: False)
    with pytest.raises(BotError, match="it lacks Raqm, or FriBiDi"):
        frame(photo(tmp_path), tmp_path, SCRIPTS["Arabic"], tmp_path)


# What is refused ---------------------------------------------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is enormous."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)


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
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a HEIC picture"),
        (b"II*\0" + bytes(100), "is a TIFF picture"),
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


def test_what_its_head_refuses_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    (tmp_path / "me.png").write_bytes(bomb(60_000, 60_000))
    with pytest.raises(UsageError, match="is too large"):
        frame(tmp_path / "me.png", tmp_path, TAG)


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="/dev/zero is too large"):
        frame(Path("/dev/zero"), tmp_path, TAG)


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
