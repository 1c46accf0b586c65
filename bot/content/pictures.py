"""What the campaign's own pictures say, word for word, and whether those in media/ still say it.

Every passage has its card; what the square, the poster and the animation show, media.toml says in
`[assets.NAME.draw]`. From that and the statements follows a `Sheet` for each: all that stands on
it, as the design takes it. `bot media build` draws the sheets, and writes down what each picture
was drawn from, and its bytes, in media/built.toml. So `bot check` can tell without drawing anything
that a picture no longer matches its words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import tomli

from bot.content.cards import Page, capital, card_pages, card_path, digest, filled, said
from bot.content.reading import listed, meant, shown
from bot.content.telling import gone
from bot.content.words import Text, marked, normalise
from bot.domain import Asset, Campaign, Passage, Place, Problem
from bot.errors import in_words
from bot.media import DRAW, TO_BE_DRAWN, smaller_path
from bot.tomltext import fault_in

RECORD = "media/built.toml"

DESIGN = Path(__file__).parents[1] / "drawing" / "design.typ"
"""How the pictures look: sizes, colours, type."""

MOVEMENT = DESIGN.with_name("animation.py")
"""And how scenes change."""

BRIEF = 150
"""Of a passage with several forms, a picture has the longest of at most so many characters."""

SHORT_NAME = 60
"""And so it is with how a speaker is named, in a scene of the animation."""

_BAR = re.compile(r"\s*\|\s*")


class Sheet(NamedTuple):
    """A picture to be drawn: its files, what stands on its pages, and each text that does.

    The first file is the picture, a second one the same for print, or smaller. Several pages are
    scenes of an animation. `asset` is None for a card, whose alt text is composed from its words.
    """

    files: tuple[str, ...]
    pages: tuple[Page, ...]
    texts: tuple[str, ...]
    asset: Asset | None = None

    @property
    def source(self) -> str:
        """What makes two sheets the same sheet."""
        return digest(list(self.pages))


class _CannotDraw(Exception):
    """What is wrong with a `draw` table, and what to do; `of` is a passage that isn't there."""

    def __init__(self, what: str, fix: str, of: str = "") -> None:
        super().__init__(what, fix)
        self.of = of


class _Withheld(Exception):
    """A picture would show a passage that is left out, which is told of already."""


def sheets(campaign: Campaign) -> tuple[list[Sheet], list[Problem]]:
    """Every picture that the content asks for, and what is wrong with its wishes.

    One that would show a passage that is left out is none of these: it stays as it is.
    """
    found, problems = [], []
    for asset in campaign.assets.values():
        if asset.draw:
            try:
                found.append(_Wish(campaign, asset).sheet())
            except _Withheld:
                continue
            except _CannotDraw as error:
                what, fix = error.args
                what = f"assets.{asset.id}.draw: {what}"
                more = gone(error.of, asset.where, campaign.passages, "pictures")
                fix = more.pop("fix", fix)
                problems.append(Problem("picture-draw", asset.where, what, fix, **more))
    for name, page in card_pages(campaign.passages, campaign.hashtag).items():
        texts = tuple(text for text in filled(page).values() if text)
        found.append(Sheet((card_path(name, page),), (page,), texts))
    return found, problems


# What an asset's `draw` asks for -----------------------------------------------------------------


class _Wish:
    """One asset's `draw` table, read with the campaign's passages."""

    def __init__(self, campaign: Campaign, asset: Asset) -> None:
        self._campaign = campaign
        self._asset = asset
        self._language = ""
        self._when: list[str] = []
        self._texts: list[str] = []

    def sheet(self) -> Sheet:
        kinds = {"square": self._square, "poster": self._poster, "animation": self._animation}
        ending = {"square": ".png", "poster": ".png", "animation": ".gif"}
        kind = self._asset.draw.get("picture", "")
        if kind not in kinds:
            what = f"unknown picture {shown(str(kind))!r}"
            raise _CannotDraw(what, f"Write picture = and one of {listed(kinds)}.")
        if not self._asset.path.endswith(ending[kind]):
            what = f"a file named {self._asset.path} can't hold it"
            raise _CannotDraw(what, f"Name the file so that it ends in {ending[kind]}.")
        parts = kinds[kind]()
        known = {key for part in parts for key in part.pop("keys")} | {"picture"}
        for key in self._asset.draw.keys() - known:
            raise _CannotDraw(f"unknown key `{shown(key)}`{meant(key, known)}", f"{listed(known)}.")
        frame = {
            "language": self._language,
            "hashtag": self._print(self._campaign.hashtag),
            "when": self._print(self._one("when", self._when)),
        }
        files = [self._asset.path]
        if kind == "poster":
            files.append(self._asset.path.removesuffix(".png") + ".pdf")
        if kind == "animation":
            files.append(smaller_path(self._asset.path))
        pages = tuple({**frame, **part} for part in parts)
        return Sheet(tuple(files), pages, tuple(dict.fromkeys(self._texts)), self._asset)

    def _square(self) -> list[dict[str, Any]]:
        reports = self._reports()
        if len(reports) > 1:
            fix = "Take all of them from one statement: there is room for one publisher."
            raise _CannotDraw("`excerpts` are of several statements", fix)
        return [{"keys": ["excerpts"], "picture": "square", "size": (1080, 1080), **reports[0]}]

    def _poster(self) -> list[dict[str, Any]]:
        headings = {key: self._own(key) for key in ("reported", "demanded", "act")}
        return [
            {
                "keys": ["excerpts", "demands", "acts", *headings],
                "picture": "poster",
                "size": (842, 1191),
                "title": _in_two(self._campaign.hashtag),
                "headings": headings,
                "reports": self._reports(),
                "demands": self._demands(),
                "acts": self._acts(),
            }
        ]

    def _animation(self) -> list[dict[str, Any]]:
        scenes = [self._scene(name) for name in self._list("scenes")]
        last = {"picture": "closing", "size": (1080, 1080), "acts": self._acts()}
        return [{**scene, "keys": ["scenes", "acts"]} for scene in [*scenes, last]]

    def _scene(self, name: Any) -> dict[str, Any]:
        passage = self._passage(name)
        words = brief(passage)
        by = next((by for by in passage.by if len(by) <= SHORT_NAME), passage.by[-1])
        self._print(marked(words, self._language))
        first, _, rest = self._print(capital(by)).partition(", ")
        scene = {
            "picture": "scene",
            "size": (1080, 1080),
            "said": said(words, self._language),
            "by": [first, rest] if rest else [first],
        }
        if passage.kind == "demand":
            scene["to"] = self._print(capital(passage.to))
        return scene

    def _reports(self) -> list[dict[str, Any]]:
        """Excerpts of facts, by the statement that they are in."""
        excerpts: dict[str, list[Mapping[str, str]]] = {}
        for item in self._list("excerpts"):
            if not isinstance(item, dict) or item.keys() != {"of", "words"}:
                fix = 'Write {of = "STATEMENT/NAME", words = "a few | of its words"}.'
                raise _CannotDraw("`excerpts` has something that is no excerpt", fix)
            passage = self._passage(item["of"])
            if passage.kind != "fact":
                fix = "What others say is never shown in part: name a fact."
                raise _CannotDraw(f"`{passage.id}` is a {passage.kind}, not a fact", fix)
            publisher = passage.statement.publisher
            excerpts.setdefault(publisher, []).append(self._excerpt(passage, str(item["words"])))
        return [{"by": [self._print(by)], "excerpts": of_one} for by, of_one in excerpts.items()]

    def _excerpt(self, passage: Passage, words: str) -> Mapping[str, str]:
        """Some words of a fact; those before a bar are set large."""
        large, *rest = _BAR.split(words.strip(), maxsplit=1)
        whole = " ".join([large, *rest])
        if next(Text(passage.text).find(normalise(whole)), None) is None:
            fix = f"Copy them from {passage.where}, letter by letter."
            raise _CannotDraw(f"“{shown(whole)}” are no words of `{passage.id}`", fix)
        self._print(marked(whole, self._language))
        opening_and_closing = said("", self._language)
        return {
            "open": opening_and_closing["open"],
            "large": large,
            "rest": " ".join(rest),
            "close": opening_and_closing["close"],
        }

    def _demands(self) -> list[dict[str, Any]]:
        """Demands, grouped where the same asks the same."""
        passages = [self._passage(name) for name in self._list("demands")]
        for passage in passages:
            if passage.kind != "demand":
                raise _CannotDraw(f"`{passage.id}` is a {passage.kind}", "Name demands.")
        return [
            {
                "to": self._print(capital(to)),
                "by": self._print(by),
                "said": [said(self._unmarked(brief(passage)), self._language) for passage in group],
            }
            for (to, by), group in groupby(passages, key=lambda each: (each.to, each.by[-1]))
        ]

    def _unmarked(self, words: str) -> str:
        self._print(marked(words, self._language))
        return words

    def _acts(self) -> list[str]:
        tag = self._campaign.hashtag
        return [self._print(str(line).replace("{hashtag}", tag)) for line in self._list("acts")]

    def _own(self, key: str) -> str:
        """A text of ours."""
        text = self._asset.draw.get(key, "")
        if not isinstance(text, str) or not text.strip():
            raise _CannotDraw(f"`{key}` is missing", f'Write {key} = "…", a few words above it.')
        return self._print(text.strip())

    def _list(self, key: str) -> list[Any]:
        items = self._asset.draw.get(key, [])
        if not isinstance(items, list) or not items:
            raise _CannotDraw(f"`{key}` is missing", f"Write {key} = […], a list.")
        return items

    def _passage(self, name: Any) -> Passage:
        """A passage that may be drawn."""
        known = self._campaign.passages
        passage = known.get(name) if isinstance(name, str) else None
        if passage is None and name in self._campaign.withheld:
            raise _Withheld
        if passage is None:
            what = f"there is no passage `{shown(str(name))}`{meant(str(name), known)}"
            raise _CannotDraw(what, "Name one as STATEMENT/NAME.", str(name))
        why = (
            ("is sensitive" if passage.sensitive else "")
            or ("is superseded" if passage.superseded_by else "")
            or ("may not stand alone" if passage.with_id else "")
        )
        if why:
            raise _CannotDraw(f"`{passage.id}` {why}", "Name another passage.")
        languages = [language for language in [self._language] if language]
        self._language = self._one("language", [*languages, passage.statement.language])
        self._when.append(passage.statement.when)
        return passage

    def _one(self, what: str, values: Sequence[str]) -> str:
        """What all passages of a picture have in common."""
        if len(set(values)) > 1:
            several = ", ".join(dict.fromkeys(values))
            raise _CannotDraw(
                f"its passages have not all the same {what}: {several}", "Make it two pictures."
            )
        return values[0]

    def _print(self, text: str) -> str:
        self._texts.append(text)
        return text


def brief(passage: Passage) -> str:
    """The form of a passage that a picture has: whole, unless that is long."""
    fitting = (form for form in passage.forms if len(form) <= BRIEF)
    return next(fitting, passage.forms[-1])


def _in_two(hashtag: str) -> list[str]:
    """A hashtag in lines: two, as even as can be, each beginning with a capital; or it is one."""
    cuts = [match.start() for match in re.finditer(r"(?<=[^\W_])(?=[^\W\d_])", hashtag)]
    starts = [cut for cut in cuts if hashtag[cut].isupper() and not hashtag[cut - 1].isupper()]
    if not starts:
        return [hashtag]
    middle = min(starts, key=lambda cut: (max(cut, len(hashtag) - cut), -cut))
    return [hashtag[:middle], hashtag[middle:]]


# What was built ----------------------------------------------------------------------------------


class Made(NamedTuple):
    """What is recorded of a file: what it was drawn from, and its bytes."""

    source: str
    sha256: str


class Record(NamedTuple):
    """media/built.toml: what the files were drawn with, and what is known of each by its path.

    `wrong` says why it can't be read, where it can't; then nothing is known.
    """

    tools: Mapping[str, str]
    files: Mapping[str, Made]
    wrong: Problem | None = None


def read_record(root: Path) -> Record:
    """What was built; nothing, where that can't be read."""
    try:
        raw = (root / RECORD).read_bytes()
    except FileNotFoundError:
        return _unreadable("it is missing")
    except OSError as error:
        return _unreadable(in_words(error))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unreadable("it is not UTF-8 text", raw.count(b"\n", 0, error.start) + 1)
    try:
        table = tomli.loads(text)
    except (ValueError, RecursionError) as error:
        line, what, _ = fault_in(text, error)
        return _unreadable(what, line)
    try:
        files = {path: Made(*map(str, of)) for path, of in dict(table["files"]).items()}
        return Record({key: str(value) for key, value in dict(table["tools"]).items()}, files)
    except (ValueError, KeyError, TypeError):
        return _unreadable("it lacks what `bot media build` writes there", 1)


def _unreadable(why: str, line: int | None = None) -> Record:
    what = f"{RECORD}, the record of what was drawn, can't be read: {why}"
    fix = (
        "No picture can be told to be what the content says. Restore the file; or run "
        "`bot media build`, which draws them all anew, look at them, and run `bot verify`."
    )
    return Record({}, {}, Problem("record-unreadable", Place(RECORD, line), what, fix))


def file_hash(path: Path) -> str:
    """The hash of a file's bytes; empty, where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def design_hash() -> str:
    return hashlib.sha256(DESIGN.read_bytes() + MOVEMENT.read_bytes()).hexdigest()


def check_pictures(campaign: Campaign, root: Path) -> Iterator[tuple[Place, Problem]]:
    """What keeps the pictures in media/ from saying what the content says now: the place of the
    picture that is not to be posted for it, and what is wrong.

    What an alt text lacks is said once the picture is drawn; that a file is missing, loading said.
    """
    wanted, problems = sheets(campaign)
    yield from ((problem.where, problem) for problem in problems)
    record = read_record(root)
    cards = {card.path for card in campaign.cards.values()}
    known = campaign.pictures
    used = [sheet for sheet in wanted if sheet.asset or sheet.files[0] in cards]
    for sheet in (each for each in used if each.asset is None or each.asset.mime):
        where = sheet.asset.where if sheet.asset else Place(sheet.files[0])
        if record.wrong is not None:
            yield where, record.wrong
            continue
        hashes = {p: known[p].sha256 if p in known else file_hash(root / p) for p in sheet.files}
        wrong = [p for p, of in hashes.items() if record.files.get(p) != Made(sheet.source, of)]
        yield from ((where, _stale(path, where)) for path in wrong)
        yield from () if wrong else ((where, problem) for problem in _lacking(sheet))
    if used and record.wrong is None and record.tools.get("design") != design_hash():
        what = "The pictures were drawn with another design than this version's"
        fix = "Run `bot media build`, and look at them."
        place = Place(RECORD)
        yield place, Problem("picture-design", place, what, fix, "warning")


def _stale(path: str, where: Place) -> Problem:
    what = f"{path} is not what the content gives now"
    return Problem("picture-stale", where, what, DRAW, about=(path,), several=TO_BE_DRAWN)


def _lacking(sheet: Sheet) -> Iterator[Problem]:
    """Words that are on a picture, and not in its alt text."""
    if sheet.asset is None:
        return
    language = sheet.pages[0]["language"]
    alts = [alt for name, alt in sheet.asset.alt.items() if name == language]
    for alt in alts:
        for text in sheet.texts:
            if text.casefold() not in alt.casefold():
                what = f"the alt text of assets.{sheet.asset.id} lacks words on it: {text}"
                yield Problem("alt-words", sheet.asset.where, what, "Add them, word for word.")
