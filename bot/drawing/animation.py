"""Scenes to an animated GIF: each stands still, then a bar goes over it, and leaves the next.

Of a frame, only the strip that changes is in the file. Nothing flashes: what changes is in a narrow
strip, and once in some seconds.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

HOLD = 3800
"""Milliseconds for which a scene stands still."""

STEP = 50
"""Milliseconds of each frame of a change."""

STEPS = 14
"""Frames of a change."""

SIDE = 1080
"""The side of a scene, in which the following are measured."""

BAR = 26
"""The width of the bar."""

BAND = (236, 844)
"""The red band of a scene, as in the design: all that changes is in it."""

WHITE, RED, INK = (255, 255, 255), (200, 16, 46), (29, 29, 31)
"""As in the design."""


def animate(scenes: Sequence[bytes]) -> bytes:
    """PNGs of one size to a GIF that goes on for ever. Its first frame is the first scene."""
    pictures = [_reduced(scene) for scene in scenes]
    file = io.BytesIO()
    pictures[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=islice(_frames(pictures), 1, None),  # one by one: together they are large
        duration=[HOLD, *[STEP] * (STEPS - 1)] * len(pictures),
        loop=0,
        optimize=False,
        disposal=1,
    )
    return file.getvalue()


def _frames(pictures: Sequence[Image.Image]) -> Iterator[Image.Image]:
    for now, after in zip(pictures, [*pictures[1:], pictures[0]], strict=True):
        yield now
        for step in range(1, STEPS):
            yield _between(now, after, step / STEPS)


def _between(now: Image.Image, after: Image.Image, share: float) -> Image.Image:
    """What is seen when so much of the change is over: slow, then fast, then slow again."""
    eased = share * share * (3 - 2 * share)
    scale = now.width / SIDE
    top, bottom = math.floor(scale * BAND[0]), math.ceil(scale * BAND[1])
    bar = round(scale * BAR)
    right = round(eased * (now.width + bar))
    left, right = max(0, right - bar), min(right, now.width)
    frame = now.copy()
    frame.paste(after.crop((0, top, left, bottom)), (0, top))
    frame.paste(0, (left, top, right, bottom))
    return frame


def _reduced(png: bytes) -> Image.Image:
    """The picture in the theme's colours, which are all that it has but for its edges."""
    from PIL import Image

    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return picture.convert("RGB").quantize(palette=_palette(), dither=Image.Dither.NONE)


@lru_cache(maxsize=1)
def _palette() -> Image.Image:
    """The theme's colours, and the steps between each text's colour and its ground. 0 is white."""
    from PIL import Image

    colours: list[int] = []
    for start, end, steps in ((WHITE, RED, 16), (WHITE, INK, 12)):
        for step in range(steps):
            pairs = zip(start, end, strict=True)
            colours += [round(a + (b - a) * step / (steps - 1)) for a, b in pairs]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    return palette
