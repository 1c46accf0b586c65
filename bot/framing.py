"""The solidarity frame on a profile picture: a red ring in white, thicker below, with the hashtag.

A photo comes in as PNG, JPEG or WebP and goes out as JPEG, square, in several sizes; what counts is
within the circle to which most networks crop it. Nothing but pixels gets through: where and when a
photo was taken, and with what, stays behind.
"""

from __future__ import annotations

import io
import math
import unicodedata
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BotError, UsageError, in_words
from bot.media.heads import FormatError, Head, foreign, read_head

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFont import FreeTypeFont

SIZES = (400, 800, 1600)
"""The sides of the pictures, in pixels. A larger one than the photo has is left out."""

SMALLEST = 200
"""A photo with a shorter side is refused: it would be a blur."""

MOST_BYTES = 64_000_000
MOST_PIXELS = 30_000_000
"""A larger photo is refused, the second before it is unpacked."""

STRIP = 12
"""So many dots wide are the strips in which such a hashtag is bent."""

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
HIGHEST_WORDS = 0.13
"""What is written in one piece is at most so high, from its lowest point to its highest."""

SPACED = 1.03
WIDEST = math.radians(152)
"""How far around the letters go at most."""


def frame(photo: Path, folder: Path, hashtag: str, root: Path) -> list[Path]:
    """Writes the photo in its frame, in several sizes; says where.

    `root` is the campaign's, whose typefaces count. Raises UsageError for a photo or folder that
    can't be used, BotError for a hashtag that can't be set.
    """
    tag = _Tag(hashtag, root)
    picture = _open(photo)
    side = min(picture.size)
    sizes = [size for size in SIZES if size <= side] or SIZES[:1]
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for size in sizes:
            path = folder / f"{photo.stem}-frame-{size}.jpg"
            path.write_bytes(_framed(picture, size, tag))
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

    data = _read(photo)
    head = _head(photo, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
                whole = _whole(picture, head.bits)
                whole.thumbnail(_enough(picture.size), reducing_gap=2.0)
                return _plain(ImageOps.exif_transpose(whole))
        except Exception as error:  # broken files make Pillow raise nearly anything
            raise _no_picture(photo) from error


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


def _head(photo: Path, data: bytes) -> Head:
    """What the file says of its picture, which is not decoded unless that is taken."""
    try:
        head = read_head(io.BytesIO(data))
    except FormatError as error:
        raise _no_picture(photo) from error
    if head is None and (kind := foreign(data[:16])):
        raise UsageError(what=f"{photo} is {kind}.", fix="Export it as JPEG or PNG, and give that.")
    if head is None or head.mime == "image/gif":
        raise _no_picture(photo)
    size = head.width, head.height
    if head.width * head.height > MOST_PIXELS:
        raise _too_large(photo)
    if min(size) < SMALLEST:
        raise UsageError(
            what=f"{photo} is too small: {head.width} x {head.height} pixels.",
            fix=f"Each side needs {SMALLEST} at least, better {SIZES[1]}.",
        )
    return head


def _no_picture(photo: Path) -> UsageError:
    return UsageError(
        what=f"{photo} is not a picture that can be read.",
        fix="Give a PNG, JPEG or WebP file; save it anew from a picture program.",
    )


def _enough(size: tuple[int, int]) -> tuple[int, int]:
    """The size at which a photo still fills the largest picture; no larger than it is."""
    share = min(1.0, SIZES[-1] / min(size))
    return math.ceil(size[0] * share), math.ceil(size[1] * share)


def _too_large(photo: Path) -> UsageError:
    most = f"{MOST_BYTES:,} bytes and {MOST_PIXELS:,} pixels"
    return UsageError(what=f"{photo} is too large.", fix=f"At most {most}: make it smaller.")


def _whole(picture: Image.Image, bits: int) -> Image.Image:
    """The picture with 8 bits a channel, and what is clear in a channel of its own.

    Pillow scales a grey of few bits up to 8, but not which grey is clear; of 16 bits it would cut
    off all above 255.
    """
    clear = picture.info.get("transparency")
    if picture.mode.startswith("I;16"):
        return _of_16_bits(picture, clear)
    if picture.mode == "L" and isinstance(clear, int):
        picture.info["transparency"] = clear * 255 // (2**bits - 1)
    elif picture.mode == "RGB" and bits == 16 and clear is not None:
        picture.info["transparency"] = tuple(value >> 8 for value in clear)
    if picture.mode in ("P", "1") or clear is not None:
        return picture.convert("RGBA")
    return picture


def _of_16_bits(picture: Image.Image, clear: int | None) -> Image.Image:
    from PIL import Image, ImageMath

    values = picture.convert("I")
    scaled = ImageMath.lambda_eval(lambda each: (each["it"] + 128) / 257, it=values)
    grey: Image.Image = scaled.convert("L")
    if clear is None:
        return grey
    solid = ImageMath.lambda_eval(lambda each: (each["it"] != clear) * 255, it=values)
    return Image.merge("LA", (grey, solid.convert("L")))


def _plain(picture: Image.Image) -> Image.Image:
    """RGB on white, in sRGB. The new picture has the pixels, and no notes."""
    from PIL import Image

    plain = Image.new("RGB", picture.size, WHITE)
    clear = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    colours = picture.convert(picture.mode.rstrip("Aa")) if clear else picture
    profile = picture.info.get("icc_profile")
    plain.paste(_in_srgb(colours, profile) if profile else colours.convert("RGB"), mask=clear)
    return plain


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """The colours as they were meant; as they are, where the profile is broken or of another."""
    from PIL import ImageCms

    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        meant = ImageCms.profileToProfile(picture, given, srgb, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture.convert("RGB")
    assert meant is not None
    plain: Image.Image = meant
    return plain


# The frame ---------------------------------------------------------------------------------------


def _framed(picture: Image.Image, size: int, tag: _Tag) -> bytes:
    from PIL import Image, ImageOps

    photo = ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    for colour, where in zip((WHITE, RED), _ring(size * FINE, tag), strict=True):
        photo.paste(colour, mask=where.resize((size, size), Image.Resampling.BOX))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=92, subsampling=0, optimize=True)
    return file.getvalue()


def _ring(side: int, tag: _Tag) -> tuple[Image.Image, Image.Image]:
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
    for letter, at in tag.letters(half):
        red.paste(0, at, letter)
    return frame, red


def _circle(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


# The hashtag -------------------------------------------------------------------------------------


class _Tag:
    """The hashtag as it stands on the ring. Raises BotError where that can't be."""

    def __init__(self, hashtag: str, root: Path) -> None:
        from bot.drawing.typefaces import added, check_characters, manrope, runs

        typefaces = [manrope("ExtraBold"), *added(root)]
        check_characters(hashtag, typefaces, "the frame", hashtag)
        self._hashtag = hashtag
        self._runs = list(runs(hashtag, typefaces))
        self._is_shaped = any(
            _is_leftward(each) or unicodedata.category(each)[0] == "M" for each in hashtag
        )
        self._is_foreign = any(path != typefaces[0] for _, path in self._runs)

    def letters(self, half: float) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
        """Each letter, turned as it stands on the ring below, and where to put it.

        In scripts whose letters join, change places or reach higher and lower than Manrope's, each
        narrow strip of the whole.
        """
        return self._strips(half) if self._is_shaped or self._is_foreign else self._apart(half)

    def _apart(self, half: float) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
        from PIL import Image, ImageDraw

        radius = LETTERS * half
        long = sum(font.getlength(run) for run, font in self._fonts(100))
        fonts = self._fonts(round(self._share(SPACED * long) * half))
        _, first = fonts[0]
        cap = -first.getbbox("H", anchor="ls")[1]
        tile = round(2.5 * first.size)
        done = -SPACED * sum(font.getlength(run) for run, font in fonts) / 2
        for character, font in ((character, font) for run, font in fonts for character in run):
            wide = SPACED * font.getlength(character)
            angle = (done + wide / 2) / radius
            done += wide
            letter = Image.new("L", (tile, tile), 0)
            at = (tile / 2, tile / 2 + cap / 2)
            ImageDraw.Draw(letter).text(at, character, 255, font, anchor="ms")
            turned = letter.rotate(math.degrees(angle), Image.Resampling.BICUBIC)
            yield turned, _around(half, radius, angle, turned)

    def _strips(self, half: float) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
        from PIL import Image

        radius = LETTERS * half
        wide, high = self._written(100).size
        share = min(self._share(wide), HIGHEST_WORDS * 100 / high)
        whole = self._written(round(share * half))
        for left in range(0, whole.width, STRIP):
            strip = whole.crop((left - 2, 0, left + STRIP + 2, whole.height))
            angle = (left + STRIP / 2 - whole.width / 2) / radius
            turned = strip.rotate(math.degrees(angle), Image.Resampling.BICUBIC, expand=True)
            yield turned, _around(half, radius, angle, turned)

    def _written(self, size: int) -> Image.Image:
        """The hashtag in a straight line, as its script is written."""
        from PIL import Image, ImageDraw

        fonts = self._fonts(size)
        is_leftward = any(map(_is_leftward, self._hashtag))
        long = math.ceil(sum(font.getlength(run) for run, font in fonts))
        line = Image.new("L", (long + 2 * size, 4 * size), 0)
        at = float(size)
        for run, font in reversed(fonts) if is_leftward else fonts:
            direction = "rtl" if any(map(_is_leftward, run)) else None
            place = at, 2.5 * size
            ImageDraw.Draw(line).text(place, run, 255, font, anchor="ls", direction=direction)
            at += font.getlength(run)
        return line.crop(line.getbbox())

    def _fonts(self, size: int) -> list[tuple[str, FreeTypeFont]]:
        from PIL import ImageFont, features

        layout = ImageFont.Layout.RAQM if self._is_shaped else ImageFont.Layout.BASIC
        if self._is_shaped and not features.check("raqm"):
            raise BotError(
                what=f"This Pillow can't write {self._hashtag}: it lacks Raqm, or FriBiDi.",
                fix="Install Pillow from PyPI, and FriBiDi (Debian: apt-get install libfribidi0).",
            )
        of = ImageFont.truetype
        return [(run, of(path, size, layout_engine=layout)) for run, path in self._runs]

    def _share(self, long: float) -> float:
        """How large the type is for a hashtag that is so long at a size of 100."""
        share = min(LARGEST_TYPE, WIDEST * LETTERS * 100 / long)
        if share < SMALLEST_TYPE:
            raise BotError(
                what=f"The hashtag is too long for the frame: {self._hashtag}",
                fix="Shorten it, if you can.",
            )
        return share


def _is_leftward(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL")


def _around(half: float, radius: float, angle: float, tile: Image.Image) -> tuple[int, int]:
    """Where to put a tile so that its middle is on the ring, so far from its lowest point."""
    x, y = half + radius * math.sin(angle), half + radius * math.cos(angle)
    return round(x - tile.width / 2), round(y - tile.height / 2)
