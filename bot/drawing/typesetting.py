"""Pages to PNG and PDF, by typst, in the one family of type that the pictures are set in.

What stands on a page goes in as data; nothing in it is read as markup. No font of the machine is
used and no date gets in, so the same page gives the same bytes everywhere.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.content.cards import Page
from bot.content.pictures import DESIGN, design_hash
from bot.errors import BotError

FAMILY = "font_manrope"
"""The package (on PyPI, font-manrope) that brings the type: Latin and Cyrillic, under the OFL."""

WEIGHTS = ("Medium", "Bold", "ExtraBold")

NO_ROOM = "panicked with: no room: "
"""How the design says that a text can't be set legibly."""


def tools() -> dict[str, str]:
    """What decides on the bytes of a picture, apart from what stands on it."""
    find_fonts()
    packages = ("typst", "font-manrope", "pillow")
    return {"design": design_hash()} | {name: version(name) for name in packages}


def find_fonts() -> Path:
    """The folder of the type. Raises BotError where the tools for drawing are not installed."""
    specs = [find_spec(FAMILY), find_spec("typst")]
    if any(spec is None or spec.origin is None for spec in specs):
        raise BotError(
            what="What draws the pictures (typst, font-manrope) is not installed.",
            fix="Install it, in the checkout: .venv/bin/pip install '.[pictures]'",
        )
    assert specs[0] is not None
    assert specs[0].origin is not None
    return Path(specs[0].origin).parent / "files"


class Press:
    """Sets pages. Used in a `with`: its type is in a folder of its own for as long."""

    def __enter__(self) -> Self:
        import typst

        fonts = find_fonts()
        self._folder = tempfile.TemporaryDirectory()
        for weight in WEIGHTS:  # these alone: which of two like fonts is taken would be chance
            shutil.copy(fonts / f"Manrope-{weight}.ttf", self._folder.name)
        only = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[self._folder.name],
        )
        self._compiler = typst.Compiler(root=self._folder.name, font_paths=only)
        self._design = DESIGN.read_bytes()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def png(self, page: Page, width: int) -> bytes:
        """The page as a picture so many pixels wide."""
        return self._set(page, "png", 72 * width / page["size"][0])

    def pdf(self, page: Page) -> bytes:
        """The page for print, its text as text."""
        return self._set(page, "pdf", None)

    def _set(self, page: Page, kind: str, ppi: float | None) -> bytes:
        import typst

        check_glyphs(page)
        data = {"it": json.dumps(page, ensure_ascii=False)}
        try:
            made = self._compiler.compile(
                self._design,
                format="pdf" if kind == "pdf" else "png",
                ppi=ppi,
                sys_inputs=data,
            )
        except typst.TypstError as error:
            _, found, words = error.message.partition(NO_ROOM)
            if not found:
                raise
            raise BotError(
                what=f"There is no room on the picture for: {words}",
                fix="Give it a shorter form, or leave something else out (media/media.toml).",
            ) from error
        assert isinstance(made, bytes), "a page is one page"
        return made


def check_glyphs(page: Page) -> None:
    """Raises BotError for a character that the type would show as an empty box."""
    from PIL import ImageFont

    font = ImageFont.truetype(find_fonts() / f"Manrope-{WEIGHTS[0]}.ttf", 40)
    empty_box = bytes(font.getmask(chr(sys.maxunicode)))
    for character in sorted(set(json.dumps(page, ensure_ascii=False))):
        if not character.isspace() and bytes(font.getmask(character)) == empty_box:
            raise BotError(
                what=f"The type of the pictures has no `{character}`, which is in: {_shown(page)}",
                fix="Choose another form of the words.",
            )


def _shown(page: Page) -> str:
    words = page.get("said", {}).get("words") or page["picture"]
    return str(words)[:80]
