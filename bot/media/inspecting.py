"""The thorough look at pictures, for `bot check`: every frame decoded, every network's limits.

What loading has reported already is not said again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.domain import Asset, Limits, Problem
from bot.media import (
    CATALOGUE,
    MAX_ALL_PIXELS,
    MAX_PIXELS,
    TYPES,
    alt_for,
    figures,
    fitting,
)


def inspect_assets(
    assets: Mapping[str, Asset],
    root: Path,
    limits: Sequence[Limits],
    languages: Sequence[str] = (),
) -> list[Problem]:
    """Everything wrong with loaded assets that takes decoding, or knowing the networks, to find.

    `limits` are those of the networks in use, `languages` the languages that posts are written in;
    where there are several, an alt text has to name its own. What `load_assets` has reported is not
    said again. Decodes frame by frame, and nothing beyond MAX_PIXELS or MAX_ALL_PIXELS.
    """
    networks = {limit.network: limit for limit in limits}.values()
    problems: list[Problem] = []
    for asset in assets.values():
        problems += _alt_problems(asset, networks, languages)
        if asset.mime:
            problems += _limit_problems(asset, networks)
            problems += look(asset, root)
    return problems


def inspect_cards(cards: Iterable[Asset], limits: Sequence[Limits]) -> Iterator[Problem]:
    """What the networks in use don't take of cards. That they decode, their record attests."""
    networks = {limit.network: limit for limit in limits}.values()
    for card in cards:
        yield from _too_long(card, networks)
        yield from _limit_problems(card, networks)


def unfit(asset: Asset, limits: Limits, languages: Sequence[str]) -> bool:
    """Whether a post in the first of these languages can't have this picture on this network.

    The others are those of the campaign's other accounts.
    """
    named = asset if len(set(languages)) <= 1 else _named(asset)
    alt = alt_for(named, languages[0])
    is_wrong = not alt or _is_file_name(alt, asset.path) or len(alt) > limits.alt
    return is_wrong or any(_limit_problems(asset, [limits]))


def _alt_problems(
    asset: Asset, networks: Iterable[Limits], languages: Sequence[str]
) -> Iterator[Problem]:
    """What is wrong with the alt texts that there are, and which are missing."""
    if not asset.alt:
        return
    alone = len(set(languages)) <= 1
    for language in dict.fromkeys(languages):
        if not (alt_for(asset, language) if alone else alt_for(_named(asset), language)):
            what = f"assets.{asset.id} has no alt text in the language `{language}`"
            fix = f'Add it: alt = {{{language} = "…"}}, with the other languages.'
            yield Problem("alt-language", asset.where, what, fix)
    for language, alt in asset.alt.items():
        name = f"the alt text{language and f' ({language})'} of assets.{asset.id}"
        if _is_file_name(alt, asset.path):
            fix = "Say what the picture shows and every word on it."
            yield Problem("alt-filename", asset.where, f"{name} is only a file's name", fix)
    yield from _too_long(asset, networks)


def _too_long(asset: Asset, networks: Iterable[Limits]) -> Iterator[Problem]:
    for language, alt in asset.alt.items():
        name = f"the alt text{language and f' ({language})'} of {_called(asset)}"
        for limit in networks:
            if len(alt) > limit.alt:
                what = f"{name} has {len(alt):,} characters; {limit.network} takes {limit.alt:,}"
                yield Problem("alt-long", asset.where, what, "Shorten it.")


def _called(asset: Asset) -> str:
    return f"assets.{asset.id}" if asset.where.file == CATALOGUE else f"`{asset.id}`"


def _named(asset: Asset) -> Asset:
    """The asset with those alt texts only that say in which language they are."""
    return asset._replace(alt={name: alt for name, alt in asset.alt.items() if name})


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
    refused the file, which has been said then; nothing that its head refuses is decoded. Raises
    nothing.
    """
    if not asset.mime:
        return []
    return list(_picture_problems(asset, root))


def _picture_problems(asset: Asset, root: Path) -> Iterator[Problem]:
    """What shows when a picture is decoded."""
    name = f"{asset.path} of {_called(asset)}"
    pixels = asset.width * asset.height
    if asset.mime != "image/gif" and asset.frames > 1:
        what, fix = f"{name} moves, but would be shown still", "Export it as an animated GIF."
        yield Problem("media-animated", asset.where, what, fix, "warning")
    if pixels > MAX_PIXELS or pixels * asset.frames > MAX_ALL_PIXELS:
        what = (
            f"{name} is too large to look at: {asset.width} x {asset.height} pixels, "
            f"{asset.frames:,} frame{'s' * (asset.frames > 1)}"
        )
        fix = f"At most {MAX_PIXELS:,} pixels, and {MAX_ALL_PIXELS:,} in all frames together."
        yield Problem("media-bomb", asset.where, what, fix)
    elif wrong := _decode(asset, Path(root, asset.path)):
        what = f"{name} is broken: {wrong}"
        yield Problem("media-broken", asset.where, what, "Export it again.")


def _decode(asset: Asset, path: Path) -> str:
    """Decodes every frame; says what is wrong with one, or nothing."""
    from PIL import Image

    formats = ("PNG", "JPEG", "WEBP", "GIF")
    with _guard():
        try:
            with Image.open(path, formats=formats) as picture:
                picture.verify()
            with Image.open(path, formats=formats) as picture:
                for frame in range(asset.frames):
                    picture.seek(frame)
                    picture.load()
                if picture.size != (asset.width, asset.height):
                    said = f"{asset.width} x {asset.height}"
                    return f"it says {said}, and is {picture.width} x {picture.height}"
        except Exception as error:  # noqa: BLE001 - broken files make Pillow raise nearly anything
            return str(error) or type(error).__name__
    return ""


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
