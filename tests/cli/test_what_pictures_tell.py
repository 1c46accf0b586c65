"""A photo with its place in it leaves the folder by no command; cut free of that it does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Cli

MEDIA = "media/media.toml"
CANARY = b"Canary 3000"


@pytest.fixture
def photo(site: Path) -> Path:
    """The campaign's only picture, as a phone takes it."""
    noted = Image.Exif()
    noted[0x0110] = CANARY.decode()
    noted.get_ifd(0x8825).update({1: "N", 2: (53.0, 54.0, 0.0), 3: "E", 4: (27.0, 34.0, 0.0)})
    path = site / "media/square.jpg"
    Image.new("RGB", (800, 800), (9, 99, 199)).save(path, exif=noted)
    text = (site / MEDIA).read_text(encoding="utf-8").replace("square.png", "square.jpg")
    (site / MEDIA).write_text(text, encoding="utf-8")
    return path


def outside(site: Path) -> list[Path]:
    return [path for path in site.rglob("*") if path.is_file() and path.parent.name != "media"]


def test_its_place_leaves_the_folder_by_no_command(cli: Cli, site: Path, photo: Path) -> None:
    told = "media/square.jpg of assets.square tells more than it shows: the device, the place"
    verified = cli("verify", code=1)
    assert told in verified.out + verified.err
    for command in (
        ("preview", "--html", "posts.html"),
        ("preview", "--json"),
        ("post", "--now", "--dry-run"),
    ):
        done = cli(*command, code=None)
        assert "so none goes out" in done.err
        assert '"path": "media/square.jpg"' not in done.out
    assert CANARY in photo.read_bytes()
    assert [path for path in outside(site) if CANARY in path.read_bytes()] == []


def test_cut_free_of_that_it_goes_out_as_it_is_on_the_disk(
    cli: Cli, site: Path, photo: Path
) -> None:
    cli("check", "--fix", code=None)
    cli("verify")
    cli("preview", "--html", "posts.html", "--count", "2")
    shown = json.loads(cli("preview", "--json", "--count", "1").out)[0]["media"][0]
    data = photo.read_bytes()
    assert CANARY not in data
    assert (shown["path"], shown["sha256"]) == (
        "media/square.jpg",
        hashlib.sha256(data).hexdigest(),
    )
    sent_along = [path.read_bytes() for path in (site / "posts-media").iterdir()]
    assert sent_along == [data]
