"""Draws the campaign's own pictures from its content: a square, a poster and an animated GIF.

    python -m bot.drawing            draws them into media/
    python -m bot.drawing --check    says whether those in media/ still are what the content gives

Every word on them comes from the campaign, and a rule decides which: no hand picks them. Words
stand between quotation marks, with whose they are and when they were said. Passages that were
superseded, that are sensitive or that may not stand alone are never drawn. Text is measured,
wrapped and sized to fit, and never cut: what can't be set legibly is an error. The same content,
Pillow and fonts give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bot.composing import marked
from bot.domain import Campaign, Passage, Problem
from bot.errors import BotError, ContentError
from bot.media import CATALOGUE, load_assets

if TYPE_CHECKING:
    from PIL import Image, ImageFont

WHITE, RED, INK = "#ffffff", "#c8102e", "#1d1d1f"

SMALLEST = 28 / 1080
"""No text is smaller than this share of the picture's width."""

MOST_CHARACTERS = 800
"""All text of the poster together, so that an alt text of 1,000 characters can say every word."""

FONTS = "font_source_sans_pro"
"""The package (on PyPI, font-source-sans-pro) that brings the type: Latin, Greek and Cyrillic."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A line of type as it was set: its size and colour, the ground it is on, and where it is.

    `box` is left, top, right and bottom of what is inked, in pixels.
    """

    text: str
    size: float
    colour: str
    ground: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn picture: its file's name and bytes, every text on it in reading order, each line."""

    name: str
    data: bytes
    texts: tuple[str, ...]
    printed: tuple[Printed, ...]


def draw(campaign: Campaign) -> tuple[Picture, ...]:
    """The square, the poster and the GIF. Raises BotError for content that can't be drawn."""
    said = Chosen(campaign)
    return draw_square(said), draw_poster(said), draw_gif(said)


# Choosing the words ------------------------------------------------------------------------------

IDEAL_QUOTE = 100
"""How many characters a quotation on a picture has at best: read at a glance, and not a slogan."""

LONG = 160
"""More characters than this are too many to be read on a picture, if there is another choice."""


@dataclass(frozen=True, slots=True)
class Words:
    """A passage on a picture. `text` has its quotation marks; `by` is longest first."""

    text: str
    by: tuple[str, ...]
    to: str
    when: str
    publisher: str


class Chosen:
    """What a campaign's pictures say: quotations, best first, and demands by whom they address."""

    def __init__(self, campaign: Campaign) -> None:
        language = next((account.language for account in campaign.accounts.values()), "en")
        passages = [p for p in campaign.passages.values() if _may_be_drawn(p, language)]
        self.hashtag = campaign.hashtag
        self.quotes = _best_quotes(passages)
        self.demands = _demands_by_addressee(passages)
        if not self.quotes or not self.demands:
            raise BotError(
                what="The pictures need a quotation and a demand that may be drawn by themselves.",
                fix=f"Add them to messages/statements/, in the language `{language}`.",
            )


def _may_be_drawn(passage: Passage, language: str) -> bool:
    alone = passage.with_id is None
    current = passage.superseded_by is None
    return alone and current and not passage.sensitive and passage.statement.language == language


def _best_quotes(passages: Iterable[Passage]) -> tuple[Words, ...]:
    """Each quotation in its best form, the best one first."""
    best = [(min(p.forms, key=_quote_flaws), p) for p in passages if p.kind == "quote"]
    return tuple(_words(form, p) for form, p in sorted(best, key=lambda it: _quote_flaws(it[0])))


def _quote_flaws(form: str) -> tuple[bool, int, int, str]:
    """What speaks against a form, the worst first: too long, cut or no sentence, not ideal."""
    marred = ("…" in form) + (not form[:1].isupper())
    return len(form) > LONG, marred, abs(len(form) - IDEAL_QUOTE), form


def _demands_by_addressee(passages: Iterable[Passage]) -> dict[str, tuple[Words, ...]]:
    """Each addressee's demands, each in its best form, the best one first."""
    groups: dict[str, list[tuple[str, Passage]]] = {}
    for passage in passages:
        if passage.kind == "demand":
            form = min(passage.forms, key=_demand_flaws)
            groups.setdefault(passage.to, []).append((form, passage))
    return {
        to: tuple(_words(*it) for it in sorted(group, key=lambda it: _demand_flaws(it[0])))
        for to, group in groups.items()
    }


def _demand_flaws(form: str) -> tuple[bool, bool, int, str]:
    """What speaks against a form, the worst first: too long, words left out, not the shortest."""
    return len(form) > LONG, "…" in form, len(form), form


def _words(form: str, passage: Passage) -> Words:
    statement = passage.statement
    return Words(
        text=marked(form, statement.language),
        by=passage.by or (statement.publisher,),
        to=passage.to[:1].upper() + passage.to[1:],
        when=statement.when,
        publisher=statement.publisher,
    )


def _publishers(passages: Iterable[Words]) -> list[str]:
    return list(dict.fromkeys(words.publisher for words in passages))


def _times(passages: Iterable[Words]) -> list[str]:
    return list(dict.fromkeys(words.when for words in passages))


# Setting type ------------------------------------------------------------------------------------

CAP = 0.66
"""The height of the font's capitals, in its size."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a block is set: its size, and the space before it, in the size of its area.

    `leading`, the distance of its lines, is in its own size.
    """

    weight: str
    scale: float = 1.0
    colour: str = WHITE
    leading: float = 1.2
    before: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """A text to be set; what is drawn beside it is ornament, and says nothing by itself.

    `arrow`: an arrow points at it from the margin. `dash`: a dash goes before it. `hang`: the
    quotation mark that it begins with stands in the margin. `whole`: it has to stand on one line.
    """

    text: str
    style: Style
    arrow: bool = False
    dash: bool = False
    hang: bool = False
    whole: bool = False


class Area(NamedTuple):
    """Where blocks are set, in pixels, and the largest and the smallest size to set them in."""

    left: int
    top: int
    right: int
    bottom: int
    largest: int
    smallest: int


class Line(NamedTuple):
    """A line of type: where its baseline begins, in pixels, and how it looks."""

    x: float
    y: float
    text: str
    font: ImageFont.FreeTypeFont
    colour: str


def fit(blocks: Sequence[Block], area: Area, least: float) -> list[Line]:
    """The blocks as lines, amid the area's height and as large as it takes; none if it doesn't.

    `least` is the smallest size of any text, in pixels.
    """
    room = area.bottom - area.top
    for size in range(area.largest, area.smallest - 1, -1):
        lines, height = _stack(blocks, area, size, least)
        if lines and height <= room:
            down = (room - height) / 2
            return [line._replace(y=round(line.y + down)) for line in lines]
    return []


def _stack(
    blocks: Sequence[Block], area: Area, size: int, least: float
) -> tuple[list[Line], float]:
    """The blocks' lines from the area's top, and their height; no lines if one is too wide."""
    lines: list[Line] = []
    y: float = area.top
    for block in blocks:
        style = block.style
        font = load_font(style.weight, max(round(size * style.scale), math.ceil(least)))
        rows = wrap(block, font, area.right - area.left)
        if not rows:
            return [], 0
        y += font.size * style.leading + size * style.before if lines else font.size * CAP
        if block.arrow:
            lines.append(_arrow(area.left, y, font, style.colour))
        for number, text in enumerate(rows):
            y += font.size * style.leading if number else 0
            x = area.left - (_mark_width(text, font) if block.hang and not number else 0)
            lines.append(Line(x, y, text, font, style.colour))
    return lines, y - area.top


def _arrow(left: float, y: float, beside: ImageFont.FreeTypeFont, colour: str) -> Line:
    """An arrow in the margin, at half the height of the capitals beside it."""
    font = load_font("Black", round(beside.size * 1.5))
    _, top, right, bottom = font.getbbox("→", anchor="ls")
    down = -(top + bottom + beside.size * CAP) / 2
    return Line(left - right - beside.size * 0.3, y + down, "→", font, colour)


def _mark_width(text: str, font: ImageFont.FreeTypeFont) -> float:
    """The width of the quotation mark that a text begins with, and of a space bound to it."""
    mark = text[0] + "\N{NO-BREAK SPACE}" * text[1:].startswith("\N{NO-BREAK SPACE}")
    return _width(mark, font)


def wrap(block: Block, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The block's rows, of even length rather than full; none if they do not fit the width.

    No row begins with an `…`, which belongs to the words before it.
    """
    words = re.split(" (?!…)", f"— {block.text}" if block.dash else block.text)
    widths = [_width(word, font) for word in words]
    space = _width(" ", font)
    fewest = len(_rows(widths, space, width))
    if max(widths) > width or (block.whole and fewest > 1):
        return []
    narrow, wide = max(widths), width
    while wide - narrow > 1:
        middle = (narrow + wide) / 2
        if len(_rows(widths, space, middle)) == fewest:
            wide = middle
        else:
            narrow = middle
    return [" ".join(words[start:end]) for start, end in _rows(widths, space, wide)]


def _rows(widths: Sequence[float], space: float, width: float) -> list[tuple[int, int]]:
    """Which words (from, up to) stand in each row, as many as it takes."""
    rows: list[tuple[int, int]] = []
    start, filled = 0, -space
    for number, word in enumerate(widths):
        if number > start and filled + space + word > width:
            rows.append((start, number))
            start, filled = number, -space
        filled += space + word
    return [*rows, (start, len(widths))]


@lru_cache(maxsize=16_384)
def _width(text: str, font: ImageFont.FreeTypeFont) -> float:
    """The width of a text. That of words in a row is their sum: this type knows no kerning."""
    return font.getlength(text)


@lru_cache(maxsize=256)
def load_font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    """The type in one weight and size (pixels). Raises BotError if it is not installed."""
    from importlib.util import find_spec

    from PIL import ImageFont

    package = find_spec(FONTS)
    if package is None or package.origin is None:
        raise BotError(
            what=f"The type for the pictures ({FONTS}) is not installed.",
            fix="Install it: pip install 'standwithbelarus-bot[pictures]'",
        )
    path = Path(package.origin).parent / "files" / f"SourceSansPro-{weight}.ttf"
    # BASIC, since the other engine is not there on every machine and sets type a little otherwise.
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


class Page:
    """A picture being drawn: bands of colour, and the text set on them."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw

        self.image = Image.new("RGB", (width, height), WHITE)
        self.texts: list[str] = []
        self.printed: list[Printed] = []
        self._draw = ImageDraw.Draw(self.image)

    def band(self, top: int, bottom: int) -> None:
        """A red band over the whole width."""
        self._draw.rectangle((0, top, self.image.width, bottom - 1), fill=RED)

    def has_room(self, blocks: Sequence[Block], area: Area) -> bool:
        return bool(fit(blocks, area, SMALLEST * self.image.width))

    def set(self, blocks: Sequence[Block], area: Area, down: int = 0) -> None:
        """Sets blocks into an area, so many pixels too low. Raises BotError if they do not fit."""
        for block in blocks:
            _check_glyphs(block.text)
        lines = fit(blocks, area, SMALLEST * self.image.width)
        if not lines:
            raise BotError(
                what=f"There is no room on the picture for: {blocks[0].text}",
                fix="Give it a shorter form, or its speaker a shorter attribution.",
            )
        for line in lines:
            self._print(line._replace(y=line.y + down))
        self.texts += [block.text for block in blocks]

    def _print(self, line: Line) -> None:
        at = (line.x, line.y)
        box = self._draw.textbbox(at, line.text, line.font, anchor="ls")
        ground = self.image.crop(_whole(box))
        assert ground.getcolors(1), f"text over text, or over an edge: {line.text}"
        self._draw.text(at, line.text, line.colour, line.font, anchor="ls")
        on = f"#{ground.crop((0, 0, 1, 1)).tobytes().hex()}"
        self.printed.append(Printed(line.text, line.font.size, line.colour, on, box))

    def picture(self, name: str, data: bytes) -> Picture:
        return Picture(name, data, tuple(self.texts), tuple(self.printed))


def _whole(box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """The whole pixels that a box touches."""
    left, top, right, bottom = box
    return math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)


def _check_glyphs(text: str) -> None:
    """Raises BotError for a character that the font would show as an empty box."""
    font = load_font("Bold", 40)
    empty_box = bytes(font.getmask(chr(sys.maxunicode)))
    for character in sorted(set(text)):
        if not character.isspace() and bytes(font.getmask(character)) == empty_box:
            raise BotError(
                what=f"The font of the pictures has no `{character}`, which is in: {text}",
                fix="Choose another form of the words.",
            )


# Squares -----------------------------------------------------------------------------------------

SQUARE = 1080
BAND = (236, 844)
"""The red band of a square: what is left of it when it is cropped to 16:9."""

_TOP = Area(96, 0, 984, 236, largest=112, smallest=36)
_MIDDLE = Area(96, 300, 984, 780, largest=80, smallest=46)
_MIDDLE_LARGE = _MIDDLE._replace(smallest=58)
_CLOSING = _MIDDLE._replace(largest=112)
_BOTTOM = Area(96, 884, 984, 1040, largest=44, smallest=36)

_TITLE = Style("Black", colour=RED)
_TITLE_ON_RED = Style("Black")
_QUOTE = Style("Bold", leading=1.16)
_BY = Style("Semibold", scale=0.56, before=0.85)
_WHEN = Style("Regular", scale=0.56, before=0.06)
_TO = Style("Black", scale=0.62)
_DEMAND = Style("Bold", leading=1.16, before=0.45)
_PUBLISHER = Style("Semibold", scale=0.4, before=0.4)
_SOURCE = Style("Semibold", colour=INK)


def draw_square(said: Chosen) -> Picture:
    """The best quotation, under the hashtag; below it, who published it."""
    page = _passage_page(said.hashtag, said.quotes[0])
    return page.picture("infographic-square.png", _png(page.image))


def _passage_page(hashtag: str, words: Words, down: int = 0) -> Page:
    """A quotation or a demand in the red band. `down` is how many pixels too low it stands."""
    page = _blank_square()
    page.set([Block(hashtag, _TITLE)], _TOP)
    page.set(_passage(words, _attribution(words, page)), _MIDDLE, down)
    page.set([Block(words.publisher, _SOURCE)], _BOTTOM)
    return page


def _closing_page(hashtag: str, passages: Sequence[Words], down: int = 0) -> Page:
    """The hashtag and whose words were shown in the red band; below it, when they were said."""
    page = _blank_square()
    publishers = [Block(name, _PUBLISHER) for name in _publishers(passages)]
    page.set([Block(hashtag, _TITLE_ON_RED), *publishers], _CLOSING, down)
    page.set([Block(when, _SOURCE) for when in _times(passages)], _BOTTOM)
    return page


def _blank_square() -> Page:
    page = Page(SQUARE, SQUARE)
    page.band(*BAND)
    return page


def _attribution(words: Words, page: Page) -> str:
    """The longest attribution that stands on one line and leaves the words large."""
    *longer, shortest = words.by
    for by in longer:
        if page.has_room(_passage(words, by, whole=True), _MIDDLE_LARGE):
            return by
    return shortest


def _passage(words: Words, by: str, *, whole: bool = False) -> list[Block]:
    """A quotation, or a demand under its addressee; whose words they are, and from when."""
    signed = [Block(by, _BY, dash=True, whole=whole), Block(words.when, _WHEN)]
    if not words.to:
        return [Block(words.text, _QUOTE, hang=True), *signed]
    return [Block(words.to, _TO, arrow=True), Block(words.text, _DEMAND, hang=True), *signed]


# The animated GIF --------------------------------------------------------------------------------

Scene = Callable[[int], Page]
"""Draws what stands still for a while, with the passage so many pixels too low."""

HOLD = 3600
"""Milliseconds for which a scene stands still."""

STEP = 80
"""Milliseconds of each frame of a change from one scene to the next."""


def draw_gif(said: Chosen) -> Picture:
    """A quotation, two demands and the hashtag, each fading into the next; for ever.

    The first frame, all that some readers see, is whole by itself.
    """
    passages = [said.quotes[:2][-1], *_two_demands(said)]
    scenes: list[Scene] = [
        *(partial(_passage_page, said.hashtag, words) for words in passages),
        partial(_closing_page, said.hashtag, passages),
    ]
    pages = [scene(0) for scene in scenes]
    return Picture(
        name=f"{said.hashtag.lstrip('#').lower()}.gif",
        data=_gif(_frames(scenes)),
        texts=tuple(dict.fromkeys(text for page in pages for text in page.texts)),
        printed=tuple(line for page in pages for line in page.printed),
    )


def _two_demands(said: Chosen) -> list[Words]:
    """The two shortest demands that are asked of different addressees."""
    return sorted((group[0] for group in said.demands.values()), key=lambda d: len(d.text))[:2]


def _frames(scenes: Sequence[Scene]) -> Iterator[tuple[Image.Image, int]]:
    """Every frame and its milliseconds."""
    for now, after in zip(scenes, [*scenes[1:], scenes[0]], strict=True):
        still = now(0).image
        yield still, HOLD
        for frame in _change(still, [after(down).image for down in (16, 5)]):
            yield frame, STEP


def _change(now: Image.Image, arriving: Sequence[Image.Image]) -> Iterator[Image.Image]:
    """What is seen between two scenes: one fades out, then the next fades in as it comes to rest.

    The bands whose text stays the same stand still.
    """
    from PIL import Image, ImageChops

    between = _blank_square().image
    changed = ImageChops.difference(now, arriving[-1])
    for top, bottom in ((0, BAND[0]), BAND, (BAND[1], SQUARE)):
        strip = (0, top, SQUARE, bottom)
        if changed.crop(strip).getbbox() is None:
            between.paste(now.crop(strip), strip)
    for share in (0.4, 0.8):
        yield Image.blend(now, between, share)
    yield between
    for page, share in zip(arriving, (0.35, 0.75), strict=True):
        yield Image.blend(between, page, share)


# The poster --------------------------------------------------------------------------------------

POSTER = (1240, 1754)
"""A4 at 150 dots per inch."""

_POSTER_BAND = (240, 1476)
_POSTER_TOP = Area(112, 0, 1128, 240, largest=140, smallest=40)
_POSTER_MIDDLE = Area(112, 300, 1128, 1416, largest=52, smallest=38)
_POSTER_BOTTOM = Area(112, 1526, 1128, 1694, largest=50, smallest=40)

_ADDRESSEE = Style("Black", before=1.1)
_ASKED = Style("Semibold", scale=0.92, leading=1.18, before=0.45)
_ASKED_BY = Style("Regular", scale=0.86, before=0.3)
_POSTER_WHEN = Style("Bold", colour=INK)
_POSTER_SOURCE = Style("Regular", colour=INK, scale=0.8, before=0.4)


def draw_poster(said: Chosen) -> Picture:
    """Who asks what of whom: as many demands as there is room for, of each addressee some."""
    page = Page(*POSTER)
    page.band(*_POSTER_BAND)
    taken: list[Words] = []
    for words in _in_turns(said.demands):
        if _has_room(page, _poster(said, [*taken, words])):
            taken.append(words)
    for blocks, area in _poster(said, taken or [next(_in_turns(said.demands))]):
        page.set(blocks, area)
    return page.picture("infographic-poster.png", _png(page.image))


def _in_turns(demands: Mapping[str, Sequence[Words]]) -> Iterator[Words]:
    """Each addressee's first demand, then each one's second, and so on."""
    for turn in range(max(map(len, demands.values()))):
        yield from (group[turn] for group in demands.values() if turn < len(group))


def _has_room(page: Page, parts: Sequence[tuple[Sequence[Block], Area]]) -> bool:
    characters = sum(len(block.text) for blocks, _ in parts for block in blocks)
    return characters <= MOST_CHARACTERS and all(page.has_room(*part) for part in parts)


def _poster(said: Chosen, taken: Sequence[Words]) -> list[tuple[list[Block], Area]]:
    """The hashtag; the demands under their addressees; when they were made, and who published.

    Where they are not all of one time, each says its own.
    """
    times = _times(taken)
    dated = len(times) > 1
    source = [] if dated else [Block(times[0], _POSTER_WHEN)]
    source += [Block(name, _POSTER_SOURCE) for name in _publishers(taken)]
    asked: list[Block] = []
    for to in dict.fromkeys(words.to for words in taken):
        asked.append(Block(to, _ADDRESSEE, arrow=True))
        group = [words for words in taken if words.to == to]
        for signature, demands in groupby(group, key=partial(_signature, dated=dated)):
            asked += [Block(words.text, _ASKED, hang=True) for words in demands]
            asked.append(Block(signature, _ASKED_BY, dash=True))
    return [
        ([Block(said.hashtag, _TITLE)], _POSTER_TOP),
        (asked, _POSTER_MIDDLE),
        (source, _POSTER_BOTTOM),
    ]


def _signature(words: Words, *, dated: bool) -> str:
    return f"{words.by[-1]}, {words.when}" if dated else words.by[-1]


# Files -------------------------------------------------------------------------------------------


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    _reduced(image).save(file, "PNG", optimize=True)
    return file.getvalue()


def _gif(frames: Iterable[tuple[Image.Image, int]]) -> bytes:
    reduced = [(_reduced(frame), duration) for frame, duration in frames]
    (first, _), *others = reduced
    file = io.BytesIO()
    first.save(
        file,
        "GIF",
        save_all=True,
        append_images=[frame for frame, _ in others],
        duration=[duration for _, duration in reduced],
        loop=0,
        optimize=False,
    )
    return file.getvalue()


def _reduced(image: Image.Image) -> Image.Image:
    """The picture in the theme's colours, which are all it has but for roundings."""
    from PIL import Image

    return image.quantize(palette=_palette(), dither=Image.Dither.NONE)


@lru_cache(maxsize=1)
def _palette() -> Image.Image:
    """The theme's colours, and the steps between each text's colour and its ground.

    Pillow looks for the nearest colour only roughly, so few steps keep white white.
    """
    from PIL import Image, ImageColor

    colours: list[int] = []
    for (start, end), steps in (((RED, WHITE), 16), ((INK, WHITE), 12)):
        pairs = list(zip(ImageColor.getrgb(start), ImageColor.getrgb(end), strict=True))
        for step in range(steps):
            colours += [round(a + (b - a) * step / (steps - 1)) for a, b in pairs]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    return palette


# The command -------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Draws the pictures, or checks them. Exit code: 0 done, 1 something to do, 2 wrong usage."""
    from argparse import ArgumentParser

    parser = ArgumentParser(prog="python -m bot.drawing", description="Draws the pictures.")
    parser.add_argument("--root", type=Path, default=Path(), help="where messages/ and media/ are")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 on a difference"
    )
    options = parser.parse_args(arguments)
    try:
        pictures = draw(read_content(options.root))
    except BotError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if options.check:
        found = differences(pictures, options.root)
        sys.stderr.writelines(f"{line}\n" for line in found)
        return 1 if found else 0
    for picture in pictures:
        _write(picture, options.root / "media")
    return 0


def _write(picture: Picture, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / picture.name).write_bytes(picture.data)
    sys.stdout.write(f"{folder / picture.name}: {len(picture.data):,} bytes; its words:\n")
    sys.stdout.writelines(f"    {text}\n" for text in picture.texts)


def read_content(root: Path) -> Campaign:
    """The campaign under a root, whether or not its pictures are there yet. Raises ContentError."""
    from bot.content import _read
    from bot.content.reading import Findings, Reader

    findings = Findings(lint=False)
    campaign = _read(Reader(root, findings), known_networks=())
    errors = [problem for problem in findings.problems if _stands_in_the_way(problem)]
    if errors:
        raise ContentError(errors)
    return campaign


def _stands_in_the_way(problem: Problem) -> bool:
    file = problem.where.file
    words = file.startswith("messages/") and not file.startswith("messages/templates")
    return problem.severity == "error" and words and problem.rule != "unknown-network"


def differences(pictures: Iterable[Picture], root: Path) -> list[str]:
    """What keeps the pictures in media/ from being what the content gives now."""
    assets, _ = load_assets(root)
    by_path = {asset.path: asset for asset in assets.values()}
    found = []
    for picture in pictures:
        path = f"media/{picture.name}"
        if not _same(picture.data, root / path):
            found.append(f"{path}: not what the content gives. Run: python -m bot.drawing")
        asset = by_path.get(path)
        if asset is None:
            found.append(f"{path}: not listed in {CATALOGUE}. Add it, with its alt text.")
        else:
            lacks = [text for text in picture.texts if not _says(asset.alt.values(), text)]
            found += [
                f"{asset.where}: the alt text lacks words of {path}: {text}" for text in lacks
            ]
    return found


def _says(alts: Iterable[str], text: str) -> bool:
    return any(text.casefold() in alt.casefold() for alt in alts)


def _same(data: bytes, path: Path) -> bool:
    """Whether a file shows the same: its pixels count, not how they are packed."""
    try:
        old = path.read_bytes()
        return old == data or list(_shown(old)) == list(_shown(data))
    except (OSError, SyntaxError):
        return False


def _shown(data: bytes) -> Iterator[tuple[int, tuple[int, int], bytes]]:
    """Each frame's milliseconds, size and hash."""
    from PIL import Image, ImageSequence

    with Image.open(io.BytesIO(data), formats=("PNG", "GIF")) as picture:
        for frame in ImageSequence.Iterator(picture):
            pixels = hashlib.sha256(frame.convert("RGB").tobytes()).digest()
            yield frame.info.get("duration", 0), frame.size, pixels


if __name__ == "__main__":
    raise SystemExit(main())
