"""The coming posts as one page of HTML that needs nothing else but the pictures beside it.

`page.html` is the page, `page.css` how it looks, `page.js` what it can do besides being read (which
needs none of it). All are put into the one file, under a policy that lets no request out of it: the
browser itself refuses what this program did not write. Pictures stand beside it, each once, named
by their content.
"""

from __future__ import annotations

import hashlib
import io
import os
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.content.writing import write_whole
from bot.domain import KINDS, Asset
from bot.errors import counted
from bot.preview.sheet import Card, Cards, Sheet, designs, months

if TYPE_CHECKING:
    import jinja2

    from bot.preview.editing import Trial

_HERE = Path(__file__).parent

_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


class Picture(NamedTuple):
    """Where the page finds a picture, and, of one that moves, its first frame."""

    src: str
    still: str


Pictures = Callable[[Asset], Picture]


class Serving(NamedTuple):
    """What a page that is served has more: a nonce for its policy, its version, a way to sign."""

    nonce: str
    version: str
    may_sign: bool


def write_page(file: Path, sheet: Sheet, *, explain: bool = False) -> None:
    """Writes the page, whole or not at all, and its pictures into NAME-media/ beside it.

    Raises OSError.
    """
    folder = file.with_name(f"{file.stem}-media")
    root = Path(sheet.campaign.root)
    pictures = partial(picture_in, folder.name)
    text = "".join(render(sheet, pictures, explain=explain))
    used = {path for planned in sheet.posts if planned.post for path, *_ in planned.post.media}
    for path, asset in sheet.campaign.pictures.items():
        if path in used:
            folder.mkdir(exist_ok=True)
            for name, data in picture_files(root, asset):
                _write_bytes(folder / name, data)
    write_whole(file, text)


def _write_bytes(path: Path, data: bytes) -> None:
    """A file named by its content never changes, so one that is there is left alone."""
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def picture_in(folder: str, asset: Asset) -> Picture:
    """The picture's addresses under a folder."""
    name, still = _names(asset)
    return Picture(f"{folder}/{name}", f"{folder}/{still}" if still else "")


def _names(asset: Asset) -> tuple[str, str]:
    stem = asset.sha256[:32] or "replaced"
    return f"{stem}.{_ENDINGS[asset.mime]}", f"{stem}-still.png" if asset.frames > 1 else ""


def picture_files(root: Path, asset: Asset) -> Iterator[tuple[str, bytes]]:
    """What stands under those names: the file as it is, and its first frame if it moves."""
    name, still = _names(asset)
    data = (root / asset.path).read_bytes()
    yield name, data
    if still:
        yield still, _first_frame(data)


def _first_frame(data: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(data), formats=("GIF", "PNG", "WEBP")) as image:
        image.convert("RGBA").save(out, "PNG", optimize=True)
    return out.getvalue()


# Rendering ---------------------------------------------------------------------------------------


def render(
    sheet: Sheet, pictures: Pictures, serving: Serving | None = None, *, explain: bool = False
) -> Iterator[str]:
    """The page, piece by piece. With `explain`, why each post was drawn is open to read."""
    maker = Cards(sheet)
    cards = [maker.card(planned) for planned in sheet.posts]
    groups = _filters(cards, sheet)
    style = _text("page.css") + "\n" + "\n".join(_rules(groups))
    script = _text("page.js") + ("\n" + _text("live.js") if serving else "")
    return (
        _environment()
        .get_template("page.html")
        .generate(
            sheet=sheet,
            campaign=sheet.campaign,
            cards=cards,
            months=list(months(cards)),
            designs=list(designs(sheet)),
            groups=groups,
            errors=[problem for problem in sheet.problems if problem.severity == "error"],
            warnings=[problem for problem in sheet.problems if problem.severity == "warning"],
            cost=sum(card.planned.cost for card in cards),
            missed=sum(card.state == "missed" for card in cards),
            signed=sum(card.state == "signed" for card in cards),
            pictures=pictures,
            policy=policy(style, script, serving),
            style=style,
            script=script,
            serving=serving,
            explain=explain,
        )
    )


def render_trial(trial: Trial) -> str:
    """What a text that is being edited would make, as a piece of a page."""
    return _environment().get_template("trial.html").render(trial=trial)


def policy(style: str, script: str, serving: Serving | None) -> str:
    """What the browser may do for this page: show its own pictures, style and script."""
    if serving is None:
        parts = ["img-src 'self' file: data:", f"style-src {_hashed(style)}"]
        parts.append(f"script-src {_hashed(script)}")
    else:
        parts = ["img-src 'self' data:", f"style-src 'nonce-{serving.nonce}'"]
        parts += [f"script-src 'nonce-{serving.nonce}'", "connect-src 'self'"]
    return "; ".join(["default-src 'none'", *parts, "base-uri 'none'", "form-action 'none'"])


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Group(NamedTuple):
    """One filter: what it goes by; each value, as it is shown, and how many posts have it."""

    name: str
    label: str
    values: Sequence[tuple[str, str, int]]


def _filters(cards: Sequence[Card], sheet: Sheet) -> list[Group]:
    campaign = sheet.campaign
    accounts = Counter(card.planned.slot.account for card in cards)
    kinds = Counter(kind for card in cards for kind in card.kinds)
    statements = Counter(name for card in cards for name in card.statements)
    templates = Counter(card.planned.template for card in cards)
    return [
        Group(
            "account", "Account", [(n, n, accounts[n]) for n in campaign.accounts if accounts[n]]
        ),
        Group("kind", "Kind", [(kind, kind, kinds[kind]) for kind in KINDS]),
        Group(
            "statement",
            "Statement",
            [(s.id, s.publisher, statements[s.id]) for s in campaign.statements.values()],
        ),
        Group(
            "template", "Template", [(name, name, templates[name]) for name in campaign.templates]
        ),
    ]


def _rules(groups: Sequence[Group]) -> Iterator[str]:
    """The filters work without a script: a chosen value hides whatever hasn't got it."""
    for name, _, values in groups:
        for value, _, _ in values:
            yield (
                f'#filters:has(#f-{name} option[value="{value}"]:checked) ~ main '
                f'[data-{name}]:not([data-{name}~="{value}"]){{display:none}}'
            )


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    """Not the one of the templates of posts: this one is ours, and escapes whatever it prints."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Callable[..., Any]] = {
        "day": day,
        "long_day": long_day,
        "clock": lambda at: f"{at:%H:%M}",
        "size": size,
        "counted": counted,
        "iso_day": iso_day,
    }
    environment.filters.update(filters)
    return environment


def day(at: date) -> str:
    return f"{at:%a} {at.day} {at:%b %Y}"


def long_day(at: date) -> str:
    return f"{at:%A} {at.day} {at:%B %Y}"


def iso_day(text: str) -> str:
    """An ISO date or time as a day for people; what is none stays as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at.day} {at:%B %Y}"


def size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{count / 1000:.0f} kB"
