"""The solidarity frame on a profile picture: a red ring in white, thicker below, with the hashtag.

A photo comes in as PNG, JPEG or WebP and goes out as JPEG, square, in several sizes; what counts is
within the circle to which most networks crop it. Nothing but pixels gets through: where and when a
photo was taken, and with what, stays behind.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BotError, UsageError, in_words

if TYPE_CHECKING:
    from PIL import Image

SIZES = (400, 800, 1600)
"""The sides of the pictures, in pixels. A larger one than the photo has is left out."""

SMALLEST = 200
"""A photo with a shorter side is refused: it would be a blur."""

MOST_BYTES = 64_000_000
MOST_PIXELS = 30_000_000
"""A larger photo is refused, the second before it is unpacked."""

FINE = 3
"""The frame is drawn so many times as large, for smooth edges."""

WHITE, RED = (255, 255, 255), (200, 16, 46)

# All that follows in half the side of the picture, from its middle.
RIM = 0.985
"""Where the red begins, seen from outside; around it is a line of white, and the corners."""

OPENING = 0.845
RAISED = 0.075
"""The round opening for the photo, and how far it is raised: the ring is thicker below."""

LINE = 0.02
"""The white line around the opening."""

LETTERS = 0.888
"""The middle of the letters."""

LARGEST_TYPE, SMALLEST_TYPE = 0.155, 0.07
SPACED = 1.03
WIDEST = math.radians(152)
"""How far around the letters go at most."""


def frame(photo: Path, folder: Path, hashtag: str) -> list[Path]:
    """Writes the photo in its frame, in several sizes; says where. Raises UsageError."""
    picture = _open(photo)
    side = min(picture.size)
    sizes = [size for size in SIZES if size <= side] or SIZES[:1]
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for size in sizes:
            path = folder / f"{photo.stem}-frame-{size}.jpg"
            path.write_bytes(_framed(picture, size, hashtag))
            written.append(path)
    except OSError as error:
        raise UsageError(
            what=f"{folder} can't be written to: {in_words(error)}", fix="Name another: --out DIR."
        ) from error
    return written


# The photo ---------------------------------------------------------------------------------------


def _open(photo: Path) -> Image.Image:
    """The photo's pixels, upright and in sRGB, and nothing else of it. Raises UsageError."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(_read(photo)), formats=("PNG", "JPEG", "WEBP")) as picture:
                _check_size(photo, picture.size)
                whole = picture.convert("RGBA") if picture.mode in ("P", "1") else picture
                whole.thumbnail(_enough(picture.size), reducing_gap=2.0)
                return _plain(ImageOps.exif_transpose(whole))
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise _too_large(photo) from None
        except UsageError:
            raise
        except Exception as error:  # broken files make Pillow raise nearly anything
            raise UsageError(
                what=f"{photo} is not a picture that can be read.",
                fix="Give a PNG, JPEG or WebP file; save it anew from a picture program.",
            ) from error


def _read(photo: Path) -> bytes:
    try:
        with photo.open("rb") as file:
            data = file.read(MOST_BYTES + 1)  # whatever it is: a device's size says nothing
    except OSError as error:
        raise UsageError(
            what=f"{photo} can't be read: {in_words(error)}.", fix="Name a picture file."
        ) from error
    if len(data) > MOST_BYTES:
        raise _too_large(photo)
    return data


def _check_size(photo: Path, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise _too_large(photo)
    if min(size) < SMALLEST:
        raise UsageError(
            what=f"{photo} is too small: {width} x {height} pixels.",
            fix=f"Each side needs {SMALLEST} at least, better {SIZES[1]}.",
        )


def _enough(size: tuple[int, int]) -> tuple[int, int]:
    """The size at which a photo still fills the largest picture; no larger than it is."""
    share = min(1.0, SIZES[-1] / min(size))
    return math.ceil(size[0] * share), math.ceil(size[1] * share)


def _too_large(photo: Path) -> UsageError:
    most = f"{MOST_BYTES:,} bytes and {MOST_PIXELS:,} pixels"
    return UsageError(what=f"{photo} is too large.", fix=f"At most {most}: make it smaller.")


def _plain(picture: Image.Image) -> Image.Image:
    """RGB on white, in sRGB. The new picture has the pixels, and no notes."""
    from PIL import Image

    plain = Image.new("RGB", picture.size, WHITE)
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        plain.paste(seen, mask=seen.getchannel("A"))
    else:
        plain.paste(picture.convert("RGB"))
    profile = picture.info.get("icc_profile")
    return _in_srgb(plain, profile) if profile and picture.mode in ("RGB", "RGBA") else plain


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """The colours as they were meant; as they are, where the profile is broken."""
    from PIL import Image, ImageCms

    try:
        meant = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError):
        return picture
    assert meant is not None
    plain = Image.new("RGB", meant.size)
    plain.paste(meant)
    return plain


# The frame ---------------------------------------------------------------------------------------


def _framed(picture: Image.Image, size: int, hashtag: str) -> bytes:
    from PIL import Image, ImageOps

    photo = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    for colour, where in zip((WHITE, RED), _ring(size * FINE, hashtag), strict=True):
        photo.paste(colour, mask=where.resize((size, size), Image.Resampling.BOX))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=92, subsampling=0, optimize=True)
    return file.getvalue()


def _ring(side: int, hashtag: str) -> tuple[Image.Image, Image.Image]:
    """Where the frame covers the photo, and where it is red."""
    from PIL import Image, ImageDraw

    half = side / 2
    raised = half - RAISED * half
    frame = Image.new("L", (side, side), 255)
    ImageDraw.Draw(frame).ellipse(_circle(half, raised, OPENING * half), fill=0)
    red = Image.new("L", (side, side), 0)
    paint = ImageDraw.Draw(red)
    paint.ellipse(_circle(half, half, RIM * half), fill=255)
    paint.ellipse(_circle(half, raised, (OPENING + LINE) * half), fill=0)
    for letter, at in _letters(half, hashtag):
        red.paste(0, at, letter)
    return frame, red


def _circle(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _letters(half: float, hashtag: str) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """Each letter, turned as it stands on the ring below, and where to put it."""
    from PIL import Image, ImageDraw, ImageFont

    from bot.drawing.typesetting import find_fonts

    path = find_fonts() / "Manrope-ExtraBold.ttf"
    radius = LETTERS * half
    font = ImageFont.truetype(path, 100, layout_engine=ImageFont.Layout.BASIC)
    share = min(LARGEST_TYPE, WIDEST * LETTERS * 100 / (SPACED * font.getlength(hashtag)))
    if share < SMALLEST_TYPE:
        raise BotError(
            what=f"The hashtag is too long for the frame: {hashtag}", fix="Shorten it, if you can."
        )
    font = ImageFont.truetype(path, round(share * half), layout_engine=ImageFont.Layout.BASIC)
    cap = -font.getbbox("H", anchor="ls")[1]
    tile = round(2.5 * font.size)
    done = -SPACED * font.getlength(hashtag) / 2
    for character in hashtag:
        wide = SPACED * font.getlength(character)
        angle = (done + wide / 2) / radius
        done += wide
        letter = Image.new("L", (tile, tile), 0)
        at = (tile / 2, tile / 2 + cap / 2)
        ImageDraw.Draw(letter).text(at, character, 255, font, anchor="ms")
        turned = letter.rotate(math.degrees(angle), Image.Resampling.BICUBIC)
        x, y = half + radius * math.sin(angle), half + radius * math.cos(angle)
        yield turned, (round(x - tile / 2), round(y - tile / 2))
