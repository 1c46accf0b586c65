"""Reads pictures back, by tesseract, as somebody would who knows nothing of how they were made."""

from __future__ import annotations

import io
import os
import subprocess

from PIL import Image, ImageOps


def letters(text: str) -> str:
    """What of a text is compared: letters, digits and #, however they are spaced."""
    return "".join(c for c in text.casefold() if c.isalnum() or c == "#")


def read(picture: Image.Image, layout: int = 3) -> str:
    """The letters on a picture. `layout` is tesseract's: 3 finds the blocks, 6 takes it for one."""
    file = io.BytesIO()
    _dark_on_white(picture).save(file, "PNG")
    done = subprocess.run(
        ["tesseract", "-", "-", "--psm", str(layout), "-l", "eng"],
        input=file.getvalue(),
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        capture_output=True,
        check=True,
    )
    return letters(done.stdout.decode())


def _dark_on_white(picture: Image.Image) -> Image.Image:
    """The green channel, in which red is as dark as ink; what is white on red is turned round."""
    green = picture.convert("RGB").getchannel("G")
    edge = green.crop((0, 0, 1, green.height)).tobytes()
    begin = 0
    for y in range(1, green.height + 1):
        if y == green.height or (edge[y] < 128) != (edge[begin] < 128):
            if edge[begin] < 128:
                strip = (0, begin, green.width, y)
                green.paste(ImageOps.invert(green.crop(strip)), strip)
            begin = y
    return green
