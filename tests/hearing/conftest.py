"""An account that has posted well for an hour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import CAMPAIGN, HOURLY
from tests.content.builder import png, write_campaign
from tests.hearing.life import Life, life


@pytest.fixture
def site(tmp_path: Path) -> Path:
    large_enough_for_x = {"media/square.png": png(800, 800)}
    return write_campaign(tmp_path / "site", **{CAMPAIGN: HOURLY}, **large_enough_for_x)


@pytest.fixture
def one(site: Path) -> Iterator[Life]:
    with life(site) as found:
        found.step()
        found.hour()
        assert len(found.x.posts) == 1
        alerts, beats = found.told()
        assert (alerts, beats > 0) == ([], True)
        yield found
