"""Pages to PNG and PDF, by typst, in the type that the pictures are set in.

What stands on a page goes in as data; nothing in it is read as markup. No font of the machine is
used and no date gets in, so the same page gives the same bytes everywhere.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.content.cards import Page
from bot.content.pictures import DESIGN, design_hash, file_hash
from bot.drawing.typefaces import added, check_characters, find_fonts, manrope, no_typeface
from bot.errors import BotError

WEIGHTS = ("Medium", "Bold", "ExtraBold")

NO_ROOM = "panicked with: no room: "
"""How the design says that a text can't be set legibly."""


def tools(root: Path) -> dict[str, str]:
    """What decides on the bytes of a picture, apart from what stands on it."""
    find_fonts()
    packages = ("typst", "font-manrope", "pillow")
    own = "".join(file_hash(path) for path in added(root))
    used = {"design": design_hash()} | {name: version(name) for name in packages}
    return used | ({"typefaces": hashlib.sha256(own.encode()).hexdigest()} if own else {})


class Press:
    """Sets pages of the campaign under a root, in its own typefaces where Manrope lacks something.

    Used in a `with`: its type is in a folder of its own for as long.
    """

    def __init__(self, root: Path) -> None:
        self._typefaces = [*map(manrope, WEIGHTS), *added(root)]

    def __enter__(self) -> Self:
        import typst

        self._folder = tempfile.TemporaryDirectory()
        for path in self._typefaces:  # these alone: which of two like ones is taken would be chance
            shutil.copy(path, self._folder.name)
        only = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[self._folder.name],
        )
        known = {Path(each.path).name for each in only.fonts() if each.path}
        for path in self._typefaces:
            if path.name not in known:
                self._folder.cleanup()
                raise no_typeface(path, "typst doesn't know it")
        self._families = json.dumps([name for name in only.families() if name != "Manrope"])
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

        text = json.dumps(page, ensure_ascii=False)
        check_characters(text, self._typefaces, "the pictures", _shown(page))
        data = {"it": text, "families": self._families}
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


def _shown(page: Page) -> str:
    words = page.get("said", {}).get("words") or page["picture"]
    return str(words)[:80]
