"""A typeface made by hand, with the characters that a test needs."""

from __future__ import annotations

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen


def typeface(path: Path, characters: str, height: int = 700, *, named: bool = True) -> None:
    """A typeface in which each of these is a bar, each broader than the one before.

    typst takes none without a name for PostScript.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    glyph_of = {ord(each): f"g{ord(each):x}" for each in characters}
    build = FontBuilder(1000, isTTF=True)
    build.setupGlyphOrder([".notdef", *glyph_of.values()])
    build.setupCharacterMap(glyph_of)
    glyphs = {}
    for number, name in enumerate([".notdef", *glyph_of.values()]):
        pen = TTGlyphPen(None)
        pen.moveTo((50, 0))
        for corner in ((50, height), (150 + 90 * number, height), (150 + 90 * number, 0)):
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    build.setupGlyf(glyphs)
    build.setupHorizontalMetrics(dict.fromkeys(glyphs, (800, 50)))
    build.setupHorizontalHeader(ascent=800, descent=-200)
    names = {"familyName": path.stem, "styleName": "Bold"}
    names |= {"fullName": f"{path.stem} Bold", "psName": f"{path.stem}-Bold"} if named else {}
    build.setupNameTable(names)
    build.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    build.setupPost()
    build.save(path)
