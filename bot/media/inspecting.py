"""The thorough look at pictures, for `bot check`: every frame decoded, every network's limits.

What loading has reported already is not said again.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from bot.domain import Asset, Limits, Problem
from bot.errors import in_words
from bot.media import (
    CATALOGUE,
    alt_for,
    figures,
    fitting,
)
from bot.media.files import MAX_FILE_BYTES, TYPES
from bot.media.heads import FormatError, Head, read_head
from bot.media.metadata import bare

MAX_PIXELS = 25_000_000
"""A picture, or one frame of it, with more pixels is not decoded (75 to 100 MB of memory)."""

MAX_ALL_PIXELS = 400_000_000
"""A picture with more pixels in all its frames together is not decoded (some seconds of time)."""

SMALL = 400
"""A picture whose longer side has fewer pixels is warned of."""

SLENDER = 3
"""And so is one that is more than so many times as long as wide."""


def inspect_assets(
    assets: Mapping[str, Asset], root: Path, limits: Sequence[Limits]
) -> list[Problem]:
    """Everything wrong with loaded assets that takes decoding, or knowing the networks, to find.

    `limits` are those of the networks in use. What loading has reported is not said again. Decodes
    frame by frame, and nothing beyond MAX_PIXELS or MAX_ALL_PIXELS.
    """
    networks = {limit.network: limit for limit in limits}.values()
    problems: list[Problem] = []
    for asset in assets.values():
        problems += _alt_problems(asset, networks)
        if asset.mime:
            problems += _limit_problems(asset, networks)
            problems += look(asset, root)
        if asset.smaller is not None:
            problems += _told_by(asset.smaller, root)
    return problems


def inspect_cards(
    cards: Iterable[Asset], root: Path, limits: Sequence[Limits]
) -> Iterator[Problem]:
    """What is wrong with cards. That they decode, their record attests."""
    networks = {limit.network: limit for limit in limits}.values()
    for card in cards:
        yield from _too_long(card, networks)
        yield from _limit_problems(card, networks)
        yield from _told_by(card, root)


def refused_by(asset: Asset, limits: Limits) -> Iterator[Problem]:
    """What of a picture, or of what is said of it, this network refuses, without decoding it."""
    yield from _alt_problems(asset, [limits])
    if asset.mime:
        yield from _limit_problems(asset, [limits])


def unfit(asset: Asset, limits: Limits, language: str) -> bool:
    """Whether a post in this language can't have this picture on this network."""
    alt = alt_for(asset, language)
    is_wrong = not alt or _is_file_name(alt, asset.path) or len(alt) > limits.alt
    return is_wrong or any(_limit_problems(asset, [limits]))


def _alt_problems(asset: Asset, networks: Iterable[Limits]) -> Iterator[Problem]:
    """What is wrong with the alt texts that there are."""
    for language, alt in asset.alt.items():
        if _is_file_name(alt, asset.path):
            what = f"{_alt_of(asset, language)} is only a file's name"
            fix = "Say what the picture shows and every word on it."
            yield Problem("alt-filename", asset.where, what, fix)
    yield from _too_long(asset, networks)


def _alt_of(asset: Asset, language: str) -> str:
    """The alt text's name, with its language where there are several."""
    return f"the alt text{f' ({language})' * (len(asset.alt) > 1)} of {_called(asset)}"


def _too_long(asset: Asset, networks: Iterable[Limits]) -> Iterator[Problem]:
    for language, alt in asset.alt.items():
        for limit in networks:
            if len(alt) > limit.alt:
                name = _alt_of(asset, language)
                what = f"{name} has {len(alt):,} characters; {limit.network} takes {limit.alt:,}"
                yield Problem("alt-long", asset.where, what, "Shorten it.")


def _called(asset: Asset) -> str:
    return f"assets.{asset.id}" if asset.where.file == CATALOGUE else f"`{asset.id}`"


def _is_file_name(alt: str, path: str) -> bool:
    name = Path(path)
    said = alt.casefold().lstrip("#")
    endings = tuple(ending for endings in TYPES.values() for ending in endings)
    return said in (name.name.casefold(), name.stem.casefold()) or (
        " " not in said and said.endswith(endings)
    )


def _limit_problems(asset: Asset, networks: Iterable[Limits]) -> Iterator[Problem]:
    """Every network's limits that a picture goes beyond, with the figure found and allowed."""
    for limit in networks:
        fits = fitting(asset, limit)
        name = f"{fits.path} of {_called(asset)}"
        if fits.mime not in limit.mimes:
            takes = ", ".join(sorted(limit.mimes))
            what = f"{name} is {fits.mime}; {limit.network} takes {takes}"
            yield Problem("media-type", asset.where, what, "Export it as one of these.")
        for figure, found, allowed in figures(fits, limit):
            if found > allowed:
                what = f"{name} has {found:,} {figure}; {limit.network} takes {allowed:,}"
                yield Problem("media-limit", asset.where, what, "Make it smaller.")


def look(asset: Asset, root: Path) -> list[Problem]:
    """The full look at one picture: everything wrong with its bytes, whatever the network.

    For any picture of the campaign, a card or a smaller version too. Empty where loading has
    refused the file, which has been said then. What its head refuses is not decoded. Never raises.
    """
    return list(_looked_at(asset, Path(root, asset.path))) if asset.mime else []


_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
"""What Pillow may take a file for."""


def _looked_at(asset: Asset, path: Path) -> Iterator[Problem]:
    try:
        data = _bytes(path)
        head = read_head(io.BytesIO(data))
    except (OSError, FormatError) as error:
        yield _broken(asset, in_words(error))
        return
    if head is None or (head.width, head.height) != (asset.width, asset.height):
        yield _broken(asset, "it has just been replaced")
        return
    of_head = list(_of_head(asset, head))
    yield from of_head
    wrong = ""
    if all(problem.severity == "warning" for problem in of_head):
        wrong = _decode(head, data)
    if wrong:
        yield _broken(asset, wrong)
    else:
        yield from _of_metadata(asset, data)


def _file_of(asset: Asset) -> str:
    """The file, and where it is listed, if it is."""
    listed = asset.where.file != asset.path
    return f"{asset.path} of {_called(asset)}" if listed else asset.path


def _broken(asset: Asset, why: str) -> Problem:
    what = f"{_file_of(asset)} is broken: {why}"
    return Problem("media-broken", asset.where, what, "Export it again.")


def _of_head(asset: Asset, head: Head) -> Iterator[Problem]:
    """What the head says that networks can't show, or not well. What is an error isn't decoded."""
    name, where = _file_of(asset), asset.where
    pixels = head.width * head.height
    if head.mime != "image/gif" and head.frames > 1:
        what, fix = f"{name} moves, but would be shown still", "Export it as an animated GIF."
        yield Problem("media-animated", where, what, fix, "warning")
    if pixels > MAX_PIXELS or pixels * head.frames > MAX_ALL_PIXELS:
        what = (
            f"{name} is too large to look at: {head.width} x {head.height} pixels, "
            f"{head.frames:,} frame{'s' * (head.frames > 1)}"
        )
        fix = f"At most {MAX_PIXELS:,} pixels, and {MAX_ALL_PIXELS:,} in all frames together."
        yield Problem("media-bomb", where, what, fix)
    if head.cmyk:
        what = f"{name} has the colours of print (CMYK), which networks show wrong"
        fix = "Export it for the web: as JPEG or PNG in RGB, with the colour profile sRGB."
        yield Problem("media-colours", where, what, fix)
    if head.bits > 8:
        what = f"{name} has {head.bits} bits a colour; networks make 8 of them in their own way"
        fix = "Export it with 8 bits a colour, for the web."
        yield Problem("media-depth", where, what, fix, "warning")
    yield from _of_size(asset, head)


def _of_size(asset: Asset, head: Head) -> Iterator[Problem]:
    name, size = _file_of(asset), f"{head.width} x {head.height} pixels"
    shorter, longer = sorted((head.width, head.height))
    if longer < SMALL:
        what = f"{name} is small: {size}; in a post it is a blur"
        fix = f"Export it larger: its longer side needs {SMALL} pixels, better 1,200."
        yield Problem("media-small", asset.where, what, fix, "warning")
    if longer > SLENDER * shorter:
        times = f"{longer / shorter:.0f} times as long as wide"
        what = f"{name} is {times} ({size}): networks show a part"
        fix = f"Crop it: at most {SLENDER} times as long as wide, better twice."
        yield Problem("media-shape", asset.where, what, fix, "warning")


def _told_by(asset: Asset, root: Path) -> Iterator[Problem]:
    """What a picture that the program draws tells: nothing, unless somebody has replaced it."""
    try:
        data = _bytes(Path(root, asset.path))
    except OSError as error:
        yield _broken(asset, in_words(error))
        return
    yield from _of_metadata(asset, data)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(min(os.fstat(file.fileno()).st_size, MAX_FILE_BYTES))


def _of_metadata(asset: Asset, data: bytes) -> Iterator[Problem]:
    """What the file tells beside its picture."""
    try:
        told = bare(data).told
    except FormatError as error:
        yield _broken(asset, str(error))
        return
    if told:
        what = f"{_file_of(asset)} tells more than it shows: {', '.join(told)}"
        fix = "`bot check --fix` cuts that out, and leaves every pixel as it is."
        yield Problem("media-metadata", asset.where, what, fix)


def _decode(head: Head, data: bytes) -> str:
    """Decodes every frame; says what is wrong with one, or nothing."""
    from PIL import Image

    with _guard():
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                picture.verify()
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                for frame in range(head.frames):
                    picture.seek(frame)
                    picture.load()
                if picture.size != (head.width, head.height):
                    said = f"{head.width} x {head.height}"
                    return f"it says {said}, and is {picture.width} x {picture.height}"
        except Exception as error:  # noqa: BLE001 - broken files make Pillow raise nearly anything
            return in_words(error)
    return ""


def same_pixels(one: bytes, other: bytes) -> bool:
    """Whether a file that has stood the full look shows the same as another, in every frame."""
    try:
        return all(a == b for a, b in zip_longest(_frames(one), _frames(other)))
    except Exception:  # noqa: BLE001 - broken files make Pillow raise nearly anything
        return False


def _frames(data: bytes) -> Iterator[tuple[str, tuple[int, int], bytes]]:
    from PIL import Image

    head = read_head(io.BytesIO(data))
    frames = 0 if head is None else head.frames
    with _guard(), Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        for frame in range(frames):
            picture.seek(frame)
            yield picture.mode, picture.size, picture.tobytes()


@contextmanager
def _guard() -> Iterator[None]:
    """Makes Pillow refuse, for as long as this lasts, to decode more than MAX_PIXELS."""
    from PIL import Image

    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
