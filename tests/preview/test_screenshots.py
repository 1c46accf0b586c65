"""The docs' pictures of the page are there, small, and shown."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.preview.screenshots import IMAGES, MOST_BYTES, SHOTS
from tests.site import ROOT


@pytest.mark.parametrize("name", SHOTS)
def test_each_picture_is_small_and_shown_in_the_guide(name: str) -> None:
    path = IMAGES / f"{name}.png"
    assert path.stat().st_size < MOST_BYTES
    with Image.open(path) as picture:
        assert picture.width >= 360
    assert f"images/{name}.png" in (ROOT / "docs/editors.md").read_text(encoding="utf-8")
