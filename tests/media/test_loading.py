"""media/media.toml to assets: what a post needs to know of a picture."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain import Asset, Place
from bot.media import alt_for, fitting, load_assets, load_media
from bot.media.inspecting import inspect_assets
from tests.media.pictures import ALT, PNG, asset, catalogue, encoded, limits, load_one, write


@pytest.mark.parametrize(
    ("name", "kind", "mime", "frames"),
    [
        ("a.png", "PNG", "image/png", 1),
        ("a.jpg", "JPEG", "image/jpeg", 1),
        ("a.JPEG", "JPEG", "image/jpeg", 1),
        ("a.webp", "WEBP", "image/webp", 1),
        ("a.gif", "GIF", "image/gif", 1),
        ("a.gif", "GIF", "image/gif", 5),
        ("a.png", "PNG", "image/png", 3),
        ("a.webp", "WEBP", "image/webp", 4),
    ],
)
def test_an_asset_is_what_its_file_is(
    tmp_path: Path, name: str, kind: str, mime: str, frames: int
) -> None:
    data = encoded(kind, (123, 45), frames)
    asset = load_one(tmp_path, name, data)
    assert asset.sha256 == hashlib.sha256(data).hexdigest()
    assert asset == Asset(
        id="a1",
        path=f"media/{name}",
        mime=mime,
        bytes=len(data),
        digest=asset.digest,
        width=123,
        height=45,
        frames=frames,
        alt={"": ALT},
        credit="",
        where=Place("media/media.toml", 1),
    )


def written_over(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def touched(file: Path) -> None:
    os.utime(file, ns=(0, 1))


def put_in_its_place(file: Path) -> None:
    other = file.with_name("other.png")
    other.write_bytes(file.read_bytes())
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)


@pytest.mark.parametrize("change", [written_over, touched, put_in_its_place, Path.unlink])
def test_a_file_that_is_another_by_now_has_no_hash(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    write(tmp_path, catalogue("a.png"), {"a.png": PNG})
    os.utime(tmp_path / "media/a.png", ns=(0, 0))
    before, after = (load_assets(tmp_path)[0]["a1"] for _ in range(2))
    known = before.sha256
    change(tmp_path / "media/a.png")
    assert before.sha256 == known == hashlib.sha256(PNG).hexdigest()
    assert after.sha256 == ""
    assert after != before


def test_assets_stand_in_the_order_of_the_catalogue(tmp_path: Path) -> None:
    files = {f"{name}.png": encoded("PNG", (n + 1, 9)) for n, name in enumerate("cab")}
    assets, _ = load_assets(write(tmp_path, catalogue(*files), files))
    assert [asset.path for asset in assets.values()] == [
        "media/c.png",
        "media/a.png",
        "media/b.png",
    ]
    assert [asset.where.line for asset in assets.values()] == [1, 5, 9]


def test_a_file_may_stand_in_a_folder_under_media(tmp_path: Path) -> None:
    assert load_one(tmp_path, "./2020/a.png", encoded("PNG")).path == "media/2020/a.png"


def test_a_catalogue_saved_by_windows_is_read(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + catalogue("a.png").replace("\n", "\r\n").encode()
    assets, problems = load_assets(write(tmp_path, text, {"a.png": encoded("PNG")}))
    assert (list(assets), problems) == (["a1"], [])


def test_an_alt_text_over_several_lines_is_one_line(tmp_path: Path) -> None:
    text = '[assets.a]\nfile = "a.png"\nalt = """\nOne\n\ttwo,\n  three\N{NO-BREAK SPACE}!\n"""\n'
    assets, _ = load_assets(write(tmp_path, text, {"a.png": encoded("PNG")}))
    assert assets["a"].alt == {"": "One two, three\N{NO-BREAK SPACE}!"}


@pytest.mark.parametrize(
    ("alt", "language", "expected"),
    [
        ({"": "plain"}, "en", ""),
        ({"en": "one", "fr": "un"}, "fr", "un"),
        ({"en": "one", "fr": "un"}, "fr-BE", "un"),
        ({"pt": "um", "pt-BR": "um!"}, "pt-BR", "um!"),
        ({"en": "one"}, "fr", ""),
        ({}, "en", ""),
    ],
)
def test_the_alt_text_of_a_language(alt: dict[str, str], language: str, expected: str) -> None:
    assert alt_for(asset(alt=alt), language) == expected


def test_an_alt_text_that_names_no_language_is_in_the_one_that_is_said(tmp_path: Path) -> None:
    text = catalogue("a.png") + '[assets.b]\nfile = "b.png"\nalt = {en = "one", fr = "un"}\n'
    text += '[cards]\nalt = "{hashtag} {words} {by} {when}"\n'
    media = load_media(write(tmp_path, text, {"a.png": encoded("PNG"), "b.png": b""}))
    found = media.speaking("fr")
    assert found.assets["a1"].alt == {"fr": ALT}
    assert found.assets["b"].alt == {"en": "one", "fr": "un"}
    assert list(found.cards["alt"]) == ["fr"]


def test_a_network_that_does_not_take_an_animation_gets_the_smaller_one(tmp_path: Path) -> None:
    text = '[assets.a]\nfile = "a.gif"\nalt = "Red"\n[assets.a.draw]\npicture = "animation"\n'
    files = {"a.gif": encoded("GIF", (40, 40), 2), "a-960.gif": encoded("GIF", (20, 20), 2)}
    assets, problems = load_assets(write(tmp_path, text, files))
    assert problems == []
    asset = assets["a"]
    assert asset.smaller is not None
    assert (asset.smaller.path, asset.smaller.width) == ("media/a-960.gif", 20)
    assert asset.smaller.alt == asset.alt
    for width, path in ((40, "media/a.gif"), (20, "media/a-960.gif"), (10, "media/a.gif")):
        narrow = limits(gif_width=width)
        assert fitting(asset, narrow).path == path
        found = [problem.rule for problem in inspect_assets(assets, tmp_path, [narrow])]
        assert found == ["media-limit"] * (width == 10) + ["media-small"]


def test_only_an_animation_that_is_drawn_here_has_a_smaller_one(tmp_path: Path) -> None:
    files = {"a.gif": encoded("GIF", (40, 40), 2), "a-960.gif": encoded("GIF", (20, 20), 2)}
    assets, _ = load_assets(write(tmp_path, catalogue("a.gif"), files))
    assert assets["a1"].smaller is None
    assert fitting(assets["a1"], limits(gif_width=20)) is assets["a1"]
