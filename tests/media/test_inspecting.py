"""What decoding a picture finds, and what the networks say of it."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image

from bot.domain import Place, Problem
from bot.media import inspecting, load_assets
from bot.media.inspecting import inspect_assets, inspect_cards, look, unfit
from tests.media.pictures import (
    ALT,
    PNG,
    asset,
    catalogue,
    encoded,
    frame,
    gif,
    limits,
    png_chunk,
    png_head,
    write,
)


def inspect(root: Path, file: str, data: bytes, **changed: object) -> list[Problem]:
    write(root, catalogue(file), {file: data})
    assets, problems = load_assets(root)
    assert problems == []
    return all_but_small(inspect_assets(assets, root, [limits(**changed)]))


def all_but_small(problems: list[Problem]) -> list[Problem]:
    """The pictures of these tests are, so that they are quick."""
    return [problem for problem in problems if problem.rule != "media-small"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_sound_picture_passes(tmp_path: Path, kind: str) -> None:
    name = {"PNG": "a.png", "JPEG": "a.jpg", "WEBP": "a.webp", "GIF": "a.gif"}[kind]
    assert inspect(tmp_path, name, encoded(kind)) == []


def test_a_sound_animation_passes(tmp_path: Path) -> None:
    assert inspect(tmp_path, "a.gif", encoded("GIF", (50, 40), 12)) == []


def noise(kind: str, size: tuple[int, int] = (64, 64), frames: int = 1) -> bytes:
    """A picture that does not compress, so that a cut goes through its data."""
    pictures = []
    for number in range(frames):
        pixels = Random(number).randbytes(size[0] * size[1] * 3)
        pictures.append(Image.frombytes("RGB", size, pixels))
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=frames > 1, append_images=pictures[1:])
    return file.getvalue()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", noise("PNG")),
        ("a.jpg", noise("JPEG")),
        ("a.webp", noise("WEBP")),
        ("a.gif", noise("GIF")),
        ("a.gif", noise("GIF", frames=3)),
    ],
    ids=["png", "jpeg", "webp", "gif", "animated gif"],
)
def test_a_truncated_picture_is_found(tmp_path: Path, name: str, data: bytes, share: float) -> None:
    root = write(tmp_path, catalogue(name), {name: data[: int(len(data) * share)]})
    assets, loaded = load_assets(root)
    found = loaded + all_but_small(inspect_assets(assets, root, [limits()]))
    assert [(p.rule, p.severity) for p in found] == [("media-broken", "error")], found
    assert name in found[0].what
    assert found[0].fix


@pytest.mark.parametrize("at", [200, -14], ids=["in its data", "in its checksum"])
def test_damage_inside_a_picture_is_found(tmp_path: Path, at: int) -> None:
    data = bytearray(noise("PNG"))
    assert data[-20:-16] != b"IDAT"
    data[at] ^= 0xFF
    [problem] = inspect(tmp_path, "a.png", bytes(data))
    assert problem.rule == "media-broken"


def test_damage_in_the_last_frame_is_found(tmp_path: Path) -> None:
    sound = encoded("GIF", (40, 30), 3)
    [problem] = inspect(tmp_path, "a.gif", sound[:-1] + frame(40, 30) + b"\x3b")
    assert problem.rule == "media-broken"
    assert problem.where == Place("media/media.toml", 1)


def test_a_frame_that_is_announced_and_missing_is_found(tmp_path: Path) -> None:
    announced = png_chunk(b"acTL", struct.pack(">II", 5, 0))
    [moves, broken] = inspect(tmp_path, "a.png", PNG[:33] + announced + PNG[33:])
    assert (moves.rule, broken.rule) == ("media-animated", "media-broken")


def test_another_size_than_announced_is_found(tmp_path: Path) -> None:
    data = bytearray(encoded("GIF", (10, 12)))
    data[6:10] = struct.pack("<HH", 2, 3)
    [problem] = inspect(tmp_path, "a.gif", bytes(data))
    assert problem.what == "media/a.gif of assets.a1 is broken: it says 2 x 3, and is 10 x 12"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", png_head(60_000, 60_000)),
        ("a.png", png_head(5_001, 5_000)),
        ("a.gif", gif(60_000, 60_000, 1)),
        ("a.gif", gif(2_000, 2_000, 101)),
    ],
    ids=["png", "png, barely", "gif", "gif of many frames"],
)
def test_a_bomb_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    monkeypatch.setattr(inspecting, "_decode", lambda *_: pytest.fail("it was decoded"))
    found = inspect(tmp_path, name, data, gif_width=10**6, gif_height=10**6, gif_pixels=10**12)
    assert [(p.rule, p.where.line) for p in found] == [("media-bomb", 1)]
    assert "too large to look at" in found[0].what


@pytest.mark.parametrize("side", [6_000, 60_000])
def test_a_frame_far_larger_than_its_screen_is_a_bomb_too(tmp_path: Path, side: int) -> None:
    data = encoded("GIF", (2, 2))[:-1] + frame(side, side) + b"\x3b"
    tracemalloc.start()
    found = inspect(tmp_path, "a.gif", data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [p.rule for p in found] == ["media-broken"]
    assert "decompression bomb" in found[0].what
    assert peak < 10_000_000


def saved(mode: str, size: tuple[int, int], kind: str, **more: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind, **more)
    return file.getvalue()


SIZE = (640, 400)
ODD: dict[str, tuple[str, bytes, str, str]] = {
    "the colours of print": (
        "a.jpg",
        saved("CMYK", SIZE, "JPEG"),
        "media-colours",
        "has the colours of print (CMYK), which networks show wrong",
    ),
    "the colours of print, with a profile": (
        "a.jpg",
        saved("CMYK", SIZE, "JPEG", icc_profile=bytes(200)),
        "media-colours",
        "Export it for the web: as JPEG or PNG in RGB, with the colour profile sRGB.",
    ),
    "16 bits": ("a.png", saved("I;16", SIZE, "PNG"), "media-depth", "has 16 bits a colour"),
    "tiny": ("a.png", saved("RGB", (60, 60), "PNG"), "media-small", "is small: 60 x 60 pixels"),
    "just too small": ("a.png", saved("RGB", (399, 200), "PNG"), "media-small", "needs 400"),
    "long": (
        "a.png",
        saved("RGB", (4000, 100), "PNG"),
        "media-shape",
        "is 40 times as long as wide (4000 x 100 pixels): networks show a part",
    ),
    "high": ("a.webp", saved("RGB", (300, 901), "WEBP"), "media-shape", "Crop it: at most 3 times"),
    "two pictures in one": (
        "a.jpg",
        saved("RGB", SIZE, "MPO", save_all=True, append_images=[Image.new("RGB", SIZE)]),
        "media-metadata",
        "further pictures",
    ),
}


@pytest.mark.parametrize(("name", "data", "rule", "says"), ODD.values(), ids=ODD)
def test_what_networks_show_badly_is_named_with_the_way_out(
    tmp_path: Path, name: str, data: bytes, rule: str, says: str
) -> None:
    assets, problems = load_assets(write(tmp_path, catalogue(name), {name: data}))
    assert problems == []
    [problem] = look(assets["a1"], tmp_path)
    assert problem.rule == rule
    assert says in str(problem)
    refused = rule in ("media-colours", "media-metadata")
    assert problem.severity == ("error" if refused else "warning")
    assert problem.fix


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", saved("RGB", (400, 134), "PNG")),
        ("a.png", saved("L", (1200, 400), "PNG", bits=2, transparency=1)),
        ("a.png", saved("P", (400, 400), "PNG", transparency=0)),
        ("a.jpg", saved("L", (400, 400), "JPEG")),
    ],
    ids=["as small as can be", "2 bits, clear in places", "a palette", "grey"],
)
def test_what_networks_show_well_passes(tmp_path: Path, name: str, data: bytes) -> None:
    assets, _ = load_assets(write(tmp_path, catalogue(name), {name: data}))
    assert look(assets["a1"], tmp_path) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.jpg", saved("CMYK", (40, 40), "JPEG")), ("a.png", png_head(60_000, 60_000))],
)
def test_what_a_head_refuses_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    assets, _ = load_assets(write(tmp_path, catalogue(name), {name: data}))
    assert look(assets["a1"], tmp_path)


def test_a_picture_that_changes_while_it_is_looked_at_is_refused(tmp_path: Path) -> None:
    assets, _ = load_assets(write(tmp_path, catalogue("a.png"), {"a.png": PNG}))
    (tmp_path / "media/a.png").write_bytes(saved("RGB", SIZE, "PNG"))
    [problem] = look(assets["a1"], tmp_path)
    assert problem.what.endswith("is broken: it has just been replaced")


def test_pillow_s_guard_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 123_456_789)
    inspect(tmp_path, "a.png", PNG)
    assert Image.MAX_IMAGE_PIXELS == 123_456_789


def test_a_picture_that_vanished_is_found(tmp_path: Path) -> None:
    assets, _ = load_assets(write(tmp_path, catalogue("a.png"), {"a.png": PNG}))
    (tmp_path / "media" / "a.png").unlink()
    assert [p.rule for p in inspect_assets(assets, tmp_path, [])] == ["media-broken"]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_that_would_stand_still_is_warned_of(tmp_path: Path, kind: str) -> None:
    [problem] = inspect(tmp_path, f"a.{kind.lower()}", encoded(kind, frames=3))
    assert (problem.rule, problem.severity) == ("media-animated", "warning")


@dataclass(frozen=True)
class Over:
    """A picture, a network's limits, and the figures that the message has to give."""

    name: str
    data: bytes
    changed: Mapping[str, object]
    says: str | None


GIF = gif(200, 100, 12)
OVER: dict[str, Over] = {
    "a picture's bytes": Over(
        "a.png", PNG, {"image_bytes": len(PNG) - 1}, f"{len(PNG)} bytes; x takes {len(PNG) - 1}"
    ),
    "a picture's bytes, just": Over("a.png", PNG, {"image_bytes": len(PNG)}, None),
    "a GIF's bytes": Over(
        "a.gif", GIF, {"gif_bytes": len(GIF) - 1}, f"{len(GIF)} bytes; x takes {len(GIF) - 1}"
    ),
    "a GIF's bytes, just": Over("a.gif", GIF, {"gif_bytes": len(GIF), "image_bytes": 1}, None),
    "a still GIF's bytes": Over(
        "a.gif",
        gif(9, 9, 1),
        {"image_bytes": 1, "gif_bytes": 1, "gif_width": 1},
        "bytes; x takes 1",
    ),
    "a GIF's width": Over("a.gif", GIF, {"gif_width": 199}, "200 pixels of width; x takes 199"),
    "a GIF's height": Over("a.gif", GIF, {"gif_height": 99}, "100 pixels of height; x takes 99"),
    "a GIF's frames": Over("a.gif", GIF, {"gif_frames": 11}, "12 frames; x takes 11"),
    "a GIF's pixels": Over(
        "a.gif", GIF, {"gif_pixels": 239_999}, "240,000 pixels in all frames; x takes 239,999"
    ),
    "a GIF, just": Over(
        "a.gif",
        GIF,
        {"gif_width": 200, "gif_height": 100, "gif_frames": 12, "gif_pixels": 240_000},
        None,
    ),
    "a large still picture": Over("a.png", encoded("PNG", (1300, 1100)), {}, None),
    "a type": Over(
        "a.webp",
        encoded("WEBP"),
        {"mimes": frozenset({"image/png", "image/gif"})},
        "is image/webp; x takes image/gif, image/png",
    ),
}


@pytest.mark.parametrize("over", OVER.values(), ids=OVER.keys())
def test_limits_are_named_with_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: Over
) -> None:
    monkeypatch.setattr(inspecting, "look", lambda *_: [])
    found = inspect(tmp_path, over.name, over.data, **over.changed)
    if over.says is None:
        assert found == []
    else:
        [problem] = found
        assert problem.rule == ("media-type" if "image/" in over.says else "media-limit")
        assert problem.where == Place("media/media.toml", 1)
        assert f"media/{over.name} of assets.a1" in problem.what
        assert problem.what.endswith(over.says), problem.what


def test_every_network_s_limits_count_once(tmp_path: Path) -> None:
    assets, _ = load_assets(write(tmp_path, catalogue("a.png"), {"a.png": PNG}))
    small, other = limits(image_bytes=1), limits(network="bluesky", image_bytes=2)
    found = all_but_small(inspect_assets(assets, tmp_path, [small, small, other]))
    assert [p.what.rpartition("; ")[2] for p in found] == ["x takes 1", "bluesky takes 2"]


@pytest.mark.parametrize(
    ("alt", "rules"),
    [
        ({"en": ALT}, []),
        ({"en": ALT, "fr": "Rouge"}, []),
        ({}, []),
        ({"en": "x" * 1000}, []),
        ({"en": "x" * 1001}, ["alt-long"]),
        ({"en": "y " * 501, "fr": "Rouge"}, ["alt-long"]),
        ({"en": "a.png"}, ["alt-filename"]),
        ({"en": "A"}, ["alt-filename"]),
        ({"en": "IMG_2020.JPG"}, ["alt-filename"]),
        ({"en": "A picture named a.png"}, []),
    ],
)
def test_alt_texts(alt: dict[str, str], rules: list[str]) -> None:
    found = inspect_assets({"a1": asset(alt=alt, mime="")}, Path(), [limits()])
    assert [p.rule for p in found] == rules
    assert all(p.severity == "error" and p.fix and p.where.line == 1 for p in found)


def test_an_alt_text_s_figures_are_named_and_its_language_where_there_are_several() -> None:
    long = asset(alt={"fr": "x" * 1234}, mime="")
    [problem] = inspect_assets({"a1": long}, Path(), [limits()])
    assert problem.what == "the alt text of assets.a1 has 1,234 characters; x takes 1,000"
    both = long._replace(alt={**long.alt, "en": ALT})
    [problem] = inspect_assets({"a1": both}, Path(), [limits()])
    assert problem.what == "the alt text (fr) of assets.a1 has 1,234 characters; x takes 1,000"


@pytest.mark.parametrize(
    ("alt", "language", "fits"),
    [
        ({"en": ALT}, "en", True),
        ({"en": ALT}, "en-GB", True),
        ({"en": ALT}, "fr", False),
        ({"en": ALT, "fr": "Rouge"}, "fr", True),
        ({"en": ALT, "fr": "x" * 1001}, "fr", False),
        ({"en": ALT, "fr": "x" * 1001}, "en", True),
        ({}, "en", False),
    ],
)
def test_a_picture_is_for_those_in_whose_language_it_is_described(
    alt: dict[str, str], language: str, fits: bool
) -> None:
    assert unfit(asset(alt=alt), limits(), language) is not fits


def test_a_card_that_tells_more_than_its_words_is_found(tmp_path: Path) -> None:
    photo = saved("RGB", SIZE, "JPEG", comment=b"Somebody")
    assets, _ = load_assets(write(tmp_path, catalogue("a.jpg"), {"a.jpg": photo}))
    card = assets["a1"]._replace(id="x/y", where=Place("messages/statements/x.toml", 3))
    [problem] = inspect_cards([card], tmp_path, [limits()])
    assert problem.rule == "media-metadata"
    small = asset(alt={"en": ALT}, mime="")._replace(smaller=card)
    assert [p.rule for p in inspect_assets({"a1": small}, tmp_path, [])] == ["media-metadata"]
    (tmp_path / card.path).unlink()
    assert [p.rule for p in inspect_cards([card], tmp_path, [])] == ["media-broken"]
