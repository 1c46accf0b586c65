"""media/ to assets: type, size, frames, alt text.

`load_media` reads media/media.toml and takes from each picture what a post needs, without decoding
it (`files`): what its head says (`heads`), and, once it is asked for, its hash. The thorough look
of `bot check` is in `inspecting`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tomli

from bot.domain import CARD, EMPTY, Asset, Limits, Place, Problem
from bot.errors import in_words
from bot.media.files import (
    UNSEEN,
    AssetError,
    Home,
    Seen,
    as_asset,
    look_at,
    printable,
    regular_file,
)
from bot.tomltext import fault_in

CATALOGUE = "media/media.toml"

MAX_CATALOGUE_BYTES = 1_000_000
"""A larger media.toml is refused unread."""

TO_BE_DRAWN = "{count} pictures do not show what the content says now"
"""How it is told where one edit, of the hashtag perhaps, makes several pictures untrue."""

DRAW = (
    "Run `bot media build`: it draws what is missing. Look at it and at its alt text, then run "
    "`bot verify`."
)

_KEYS = ("file", "alt", "credit", "draw")
CARD_GAPS: Mapping[str, tuple[str, ...]] = {
    "alt": ("hashtag", "words", "by", "when"),
    "alt_demand": ("hashtag", "to", "words", "by", "when"),
}
"""The alt texts of cards, and what each of them has to say."""

SMALLER_SIDE = 960
"""Mastodon takes GIFs of 921,600 pixels a frame, and no more."""

SMALLER = f"-{SMALLER_SIDE}.gif"
"""How the file of a smaller animation ends."""

_GAP = re.compile(r"\{([^{}]*)\}")
_ID = re.compile(r"[A-Za-z0-9_-]+")
_TOML_TWICE = re.compile(r"Cannot declare \((.+)\) twice")
_HEADER = re.compile(r"""\s*\[\s*assets\s*\.\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*\]""")
_BLANK = re.compile(r"[ \t\r\n]+")


def alt_for(asset: Asset, language: str) -> str:
    """The alt text in a language; empty if there is none.

    Looks for the language itself ("pt-BR"), then for its main language ("pt").
    """
    return in_language(asset.alt, language)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """One of several texts by language, in the same way."""
    wanted = (language, language.partition("-")[0])
    return next((texts[name] for name in wanted if name in texts), "")


# Loading -----------------------------------------------------------------------------------------


class Media(NamedTuple):
    """What media/media.toml has: assets by id, the alt texts of cards by key and language.

    `faulty` are the ids of the assets that have an error, and `card` if the alt texts of cards have
    one. `cards_at` has the lines of these. Where the file itself can't be read there are neither
    assets nor cards.
    """

    assets: dict[str, Asset]
    cards: Mapping[str, Mapping[str, str]]
    problems: list[Problem]
    faulty: frozenset[str] = frozenset()
    cards_at: Mapping[str, int] = EMPTY

    def speaking(self, language: str) -> Media:
        """The same, its alt texts that name no language being in this one."""
        cards = {key: _named(texts, language) for key, texts in self.cards.items()}
        assets = {
            name: asset._replace(
                alt=(alt := _named(asset.alt, language)),
                smaller=None if asset.smaller is None else asset.smaller._replace(alt=alt),
            )
            for name, asset in self.assets.items()
        }
        return self._replace(assets=assets, cards=cards)


def _named(texts: Mapping[str, str], language: str) -> dict[str, str]:
    return {name or language: text for name, text in texts.items()}


def load_media(root: Path, text: str | None = None) -> Media:
    """Everything in media/media.toml, in the file's order, and everything wrong with it.

    `text` stands for what is on the disk, where it is given. Never raises. An asset that has an
    error is there too, with zeros for what could not be read, so that what refers to it is not
    called unknown as well.
    """
    home = Home(root)
    try:
        source = _read_catalogue(home) if text is None else text.removeprefix("\ufeff")
    except AssetError as error:
        problem = Problem(error.rule, Place(CATALOGUE, error.line), error.what, error.fix)
        return Media({}, {}, [problem])
    try:
        table = tomli.loads(source)
    except (ValueError, RecursionError) as error:
        return Media({}, {}, [_toml_problem(error, source)])
    return _Loader(home, _Lines(source)).load(table)


def load_assets(root: Path) -> tuple[dict[str, Asset], list[Problem]]:
    """The assets alone, and everything wrong in media/media.toml."""
    media = load_media(root)
    return media.assets, media.problems


def _read_catalogue(home: Home) -> str:
    """The text of media.toml. Raises AssetError."""
    path = home.find("media.toml")
    try:
        regular_file(path, MAX_CATALOGUE_BYTES)
        raw = path.read_bytes()
    except FileNotFoundError as error:
        fix = "Every post has a picture: list the campaign's pictures there."
        raise AssetError("missing-file", f"{CATALOGUE} is missing", fix) from error
    except OSError as error:
        what, fix = f"{CATALOGUE} can't be read: {in_words(error)}", "Check it and its permissions."
        raise AssetError("unreadable", what, fix) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fix = "Save the file as UTF-8 in your editor."
        raise AssetError("not-utf8", "This is not UTF-8 text", fix, line) from error


def _toml_problem(error: Exception, source: str) -> Problem:
    """What tomli says, with its line number where a line number belongs."""
    line, what, fix = fault_in(source, error)
    if twice := _TOML_TWICE.search(str(error)):
        name = ".".join(re.findall(r"'([^']*)'", twice[1]))
        what, fix = f"[{name}] stands twice", "Give one of them another name."
        return Problem("duplicate-id", Place(CATALOGUE, line), what, fix)
    return Problem("toml-syntax", Place(CATALOGUE, line), what, fix)


class _Lines:
    """Finds the lines of media.toml on which its tables and keys stand, counted from 1."""

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._headers = {
            (match[1] or match[2] or match[3]): number
            for number, line in enumerate(self._lines, 1)
            if (match := _HEADER.match(line))
        }

    def of(self, asset: str, key: str = "") -> int:
        """The line of an asset's header, or of a key under it; the nearest there is otherwise."""
        header = self._headers.get(asset)
        if header is None:
            return self.naming(asset)
        return (self._under(header, key) if key else None) or header

    def of_cards(self, key: str) -> int:
        """The line of a key under [cards]."""
        headers = (at for at, line in enumerate(self._lines, 1) if line.startswith("[cards]"))
        header = next(headers, None)
        return (self._under(header, key) if header else None) or self.naming(key)

    def naming(self, name: str) -> int:
        """The first line that names something, wherever it is; 1 if none does."""
        named = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        return next((at for at, line in enumerate(self._lines, 1) if named.search(line)), 1)

    def _under(self, header: int, key: str) -> int | None:
        set_here = re.compile(rf"\s*([\"']?){re.escape(key)}\1\s*[=.]")
        for number, line in enumerate(self._lines[header:], header + 1):
            if set_here.match(line):
                return number
            if line.lstrip().startswith("["):
                return None
        return None


class _Loader:
    """Turns the tables of media.toml into assets, and gathers what is wrong with them."""

    def __init__(self, home: Home, lines: _Lines) -> None:
        self._home = home
        self._lines = lines
        self._problems: list[Problem] = []

    def load(self, table: Mapping[str, Any]) -> Media:
        for name in sorted(table.keys() - {"assets", "cards"}):
            self._unknown(name, ("assets", "cards"), self._lines.naming(name))
        tables = table.get("assets", {})
        if not isinstance(tables, dict):
            what, fix = "`assets` is not a table", "Write [assets.ID] headers."
            self._add("wrong-type", "assets", what, fix)
            tables = {}
        elif not tables and not self._problems:
            what, fix = "No picture is listed", "Every post has one: add an [assets.ID] table."
            self._add("no-assets", "assets", what, fix)
        assets: dict[str, Asset] = {}
        faulty = set()
        for name, value in tables.items():
            before = len(self._problems)
            assets[name] = self._asset(name, value)
            if len(self._problems) > before:
                faulty.add(name)
        self._note_twins(assets)
        before = len(self._problems)
        cards = self._cards(table.get("cards", {}))
        if len(self._problems) > before:
            faulty.add(CARD)
        self._problems.sort(key=lambda problem: (problem.where.line or 0, problem.rule))
        cards_at = {key: self._lines.of_cards(key) for key in cards}
        return Media(assets, cards, self._problems, frozenset(faulty), cards_at)

    def _asset(self, name: str, table: Any) -> Asset:
        if not _ID.fullmatch(name):
            what = f"`{name}` can't be the id of a picture"
            self._add("bad-id", name, what, "Use letters, digits, `-` and `_`.")
        elif name == CARD:
            what = f"`{name}` can't be the id of a picture"
            self._add("bad-id", name, what, "In a template it means the card of what is drawn.")
        if not isinstance(table, dict):
            what = f"assets.{name} is not a table"
            self._add("wrong-type", name, what, f"Write [assets.{name}] above its keys.")
            return as_asset(name, "", UNSEEN, {}, "", self._where(name))
        for key in sorted(table.keys() - set(_KEYS)):
            self._unknown(key, _KEYS, self._lines.of(name, key))
        alt, credit = self._alt(name, table), self._credit(name, table)
        draw = table.get("draw", {})
        if not isinstance(draw, dict):
            what = f"`draw` of assets.{name} is not a table"
            fix = f"Write [assets.{name}.draw] above its keys."
            self._add("wrong-type", name, what, fix, "draw")
            draw = {}
        path, seen = self._look(name, table)
        asset = as_asset(name, path, seen, alt, credit, self._where(name), draw)
        return asset._replace(smaller=self._smaller(asset))

    def _smaller(self, asset: Asset) -> Asset | None:
        """The smaller version that `bot media build` makes of an animation, where it is there."""
        if asset.draw.get("picture") != "animation":
            return None
        return self._home.unlisted(asset.id, smaller_path(asset.path), asset.alt, asset.where)

    def _where(self, name: str) -> Place:
        return Place(CATALOGUE, self._lines.of(name))

    def _cards(self, table: Any) -> Mapping[str, Mapping[str, str]]:
        """The alt texts that cards get: sentences with gaps for what is on the card."""
        if not isinstance(table, dict):
            what, fix = "`cards` is not a table", "Write [cards] above its keys."
            self._report("wrong-type", self._lines.naming("cards"), what, fix)
            return {}
        for key in sorted(table.keys() - CARD_GAPS.keys()):
            self._unknown(key, tuple(CARD_GAPS), self._lines.of_cards(key))
        cards = {key: _by_language(table[key])[1] for key in CARD_GAPS if key in table}
        for key, alts in cards.items():
            for text in alts.values():
                self._check_gaps(key, text)
        return cards

    def _check_gaps(self, key: str, text: str) -> None:
        needed, found = CARD_GAPS[key], _GAP.findall(text)
        known = ", ".join(f"{{{name}}}" for name in needed)
        for name in [*needed, *found]:
            if name not in found or name not in needed:
                wrong = "lacks" if name in needed else "has an unknown"
                what = f"The `{key}` of cards {wrong} {{{name}}}"
                fix = f"It must have {known}, and no others."
                self._report("card-alt", self._lines.of_cards(key), what, fix)

    def _alt(self, name: str, table: Mapping[str, Any]) -> dict[str, str]:
        """The alt texts by language; the one without a language under ""."""
        given, alt = _by_language(table.get("alt", ""))
        if not given or len(alt) < len(given):
            lacks = ", ".join(language for language in given if language and language not in alt)
            what = f"assets.{name} has no alt text" + (f" in {lacks}" if lacks else "")
            fix = 'Say what the picture shows and every word on it: alt = "…".'
            self._add("alt-missing", name, what, fix, key="alt")
        return alt

    def _credit(self, name: str, table: Mapping[str, Any]) -> str:
        credit = table.get("credit", "")
        if isinstance(credit, str):
            return credit
        what, fix = f"`credit` of assets.{name} is not text", 'Write credit = "…", or leave it out.'
        self._add("wrong-type", name, what, fix, key="credit")
        return ""

    def _look(self, name: str, table: Mapping[str, Any]) -> tuple[str, Seen]:
        """The picture's path under the root, and what was seen of the file."""
        file = table.get("file", "")
        path = os.path.normpath(f"media/{file}")
        try:
            if not _is_text(file):
                raise AssetError("missing-key", "no file is named", 'Add file = "picture.png".')
            return path, look_at(self._home.find(file))
        except AssetError as error:
            what, fix, more = f"assets.{name}: {error.what}", error.fix, {}
            meant = self._home.instead(file) if error.rule == "missing-file" else ""
            if error.rule == "missing-file" and table.get("draw") and not meant:
                fix, more = DRAW, {"about": (path,), "several": TO_BE_DRAWN}
            fix = meant or fix
            self._add(error.rule, name, what, fix, key="file", **more)
            return path, UNSEEN

    def _note_twins(self, assets: Mapping[str, Asset]) -> None:
        """Two assets of the same bytes look like two pictures to the draw, but not to a reader."""
        of_size: dict[int, list[Asset]] = {}
        for asset in assets.values():
            alike = of_size.setdefault(asset.bytes, [])
            twin = next((each for each in alike if each.sha256 == asset.sha256 != ""), None)
            alike.append(asset)
            if twin is not None:
                what = f"assets.{asset.id} is the same picture as assets.{twin.id}"
                fix = "Leave one of them out: readers would see it twice as often."
                self._add("media-duplicate", asset.id, what, fix, key="file", severity="warning")

    def _unknown(self, name: str, known: Sequence[str], line: int) -> None:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), known, n=1)
        what = f"Unknown key `{name}`" + (f"; did you mean `{near[0]}`?" if near else "")
        fix = f"Known here: {', '.join(f'`{key}`' for key in known)}."
        self._report("unknown-key", line, what, fix)

    def _add(self, rule: str, name: str, what: str, fix: str, key: str = "", **more: Any) -> None:
        self._report(rule, self._lines.of(name, key), what, fix, **more)

    def _report(self, rule: str, line: int, what: str, fix: str, **more: Any) -> None:
        """`more` are further fields of the problem."""
        where = Place(CATALOGUE, line)
        self._problems.append(Problem(rule, where, printable(what), printable(fix), **more))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _by_language(value: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """What was given by language, and the texts among it; one without a language under ""."""
    given = value if isinstance(value, dict) else {"": value}
    texts = {name: _BLANK.sub(" ", text).strip() for name, text in given.items() if _is_text(text)}
    return given, texts


def smaller_path(path: str) -> str:
    """Where the smaller version of an animation is."""
    return path.removesuffix(".gif") + SMALLER


def fitting(asset: Asset, limits: Limits) -> Asset:
    """The version of a picture that a network takes; the picture itself where it takes none."""
    for each in (asset, asset.smaller):
        if each is not None and all(found <= most for _, found, most in figures(each, limits)):
            return each
    return asset


def figures(asset: Asset, limit: Limits) -> Iterator[tuple[str, int, int]]:
    """What a network counts of a picture: the name, the figure found and the figure allowed."""
    if asset.mime != "image/gif" or asset.frames == 1:
        yield "bytes", asset.bytes, limit.image_bytes
        return
    yield "bytes", asset.bytes, limit.gif_bytes
    yield "pixels of width", asset.width, limit.gif_width
    yield "pixels of height", asset.height, limit.gif_height
    yield "frames", asset.frames, limit.gif_frames
    yield "pixels in all frames", asset.width * asset.height * asset.frames, limit.gif_pixels
