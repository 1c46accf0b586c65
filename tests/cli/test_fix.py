"""`bot check --fix`: what it says, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot import mending
from tests.cli.conftest import Cli
from tests.content.builder import FILES, SOURCES, changed

QUOTE = "messages/templates/quote.txt"
MEDIA = "media/media.toml"


@pytest.fixture
def site(site: Path, tmp_path: Path) -> Path:
    """Two mistakes: one that leaves no choice, and a picture that nobody described."""
    (site / QUOTE).write_text(changed(QUOTE, "draws: quote", "draws: qoute"), encoding="utf-8")
    alt = changed(MEDIA, '"The words: stand with the harbour."', '""')
    (site / MEDIA).write_text(alt, encoding="utf-8")
    return site


def test_each_edit_is_shown_and_the_rest_is_told(cli: Cli, site: Path) -> None:
    done = cli("check", "--fix", code=1)
    first, minus, plus, count, blank, *rest = done.out.splitlines()
    assert first == f"{QUOTE}:1: mended: Unknown kind `qoute`; did you mean `quote`?"
    assert (minus, plus) == ("    - draws: qoute", "    + draws: quote")
    assert (count, blank) == ("Mended 1 problem.", "")
    assert any(line.startswith(f"{MEDIA}:3: error: assets.square has no alt text") for line in rest)
    assert (site / QUOTE).read_text(encoding="utf-8") == FILES[QUOTE]
    assert '""' in (site / MEDIA).read_text(encoding="utf-8"), "an alt text is never made up"


def test_the_second_time_nothing_changes(cli: Cli, site: Path) -> None:
    cli("check", "--fix", code=1)
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    done = cli("check", "--fix", code=1)
    assert "mended" not in done.out.lower()
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before


def test_without_it_nothing_is_written(cli: Cli, site: Path) -> None:
    before = (site / QUOTE).read_bytes()
    assert "did you mean `quote`?" in cli("check", code=1).out
    assert (site / QUOTE).read_bytes() == before


def test_json_stays_json(cli: Cli, site: Path) -> None:
    done = cli("check", "--fix", "--json", code=1)
    assert "template-unknown-kind" not in {problem["rule"] for problem in done.json()}
    assert "mended: Unknown kind" in done.err


def test_it_neither_verifies_nor_signs_off(cli: Cli, site: Path, tmp_path: Path) -> None:
    (site / MEDIA).write_text(str(FILES[MEDIA]), encoding="utf-8")
    (site / "messages/sources.lock").unlink()
    cli("check", "--fix", code=1)
    rules = {problem["rule"] for problem in cli("check", "--json", code=1).json()}
    assert "lock-missing" in rules
    assert not (site / "messages/sources.lock").exists()
    assert not (site / "messages/approved.toml").exists()
    for name, text in SOURCES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    cli("verify", *(str(tmp_path / name) for name in SOURCES))
    assert "Mended" not in cli("check", "--fix").out


def test_a_folder_without_a_campaign(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = cli("--root", str(tmp_path / "empty"), "check", "--fix", code=1)
    assert "There is no folder messages/" in done.out
    assert list((tmp_path / "empty").iterdir()) == []


def test_what_a_picture_tells_is_cut_out_of_it(cli: Cli, site: Path) -> None:
    noted = Image.Exif()
    noted[0x0112], noted[0x010F] = 6, "Camera 3000"
    noted.get_ifd(0x8825).update({1: "N", 2: (53.0, 54.0, 0.0)})
    photo = site / "media/square.jpg"
    Image.new("RGB", (500, 400), (9, 99, 199)).save(photo, exif=noted)
    text = (site / MEDIA).read_text(encoding="utf-8").replace("square.png", "square.jpg")
    (site / MEDIA).write_text(text, encoding="utf-8")
    told = "media/square.jpg of assets.square tells more than it shows: the device, the place"
    assert f"{MEDIA}:1: error: {told}" in cli("check", code=1).out
    with Image.open(photo) as picture:
        before = picture.tobytes()
    size = photo.stat().st_size
    done = cli("check", "--fix", code=1).out.splitlines()
    at = done.index(f"{MEDIA}:1: mended: {told}")
    after = photo.stat().st_size
    assert done[at + 1 : at + 3] == [
        f"    - {size:,} bytes, {size - after:,} of them no part of the picture",
        f"    + {after:,} bytes, the same picture",
    ]
    assert not any("tells more" in line for line in done[at + 1 :])
    assert b"Camera" not in photo.read_bytes()
    with Image.open(photo) as picture:
        assert picture.tobytes() == before
        assert dict(picture.getexif()) == {0x0112: 6}


def test_a_picture_is_left_alone_where_a_pixel_would_change(
    cli: Cli, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (500, 400)).save(site / "media/square.png", pnginfo=_text())
    before = (site / "media/square.png").read_bytes()
    monkeypatch.setattr(mending, "same_pixels", lambda *_: False)
    assert "tells more than it shows: text" in cli("check", "--fix", code=1).out
    assert (site / "media/square.png").read_bytes() == before


def _text() -> PngInfo:
    info = PngInfo()
    info.add_text("Author", "Somebody")
    return info
