"""A copy of the campaign that posts often, and the settings to post it to the fake X."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from benchmarks.measure import ROOT, environment
from tests.fake_x import FakeX


def a_site(folder: Path, every: str) -> Path:
    """A folder with the shipped messages/ and media/, posting at this rhythm."""
    site = folder / "site"
    shutil.copytree(ROOT / "messages", site / "messages")
    shutil.copytree(ROOT / "media", site / "media")
    path = site / "messages/campaign.toml"
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^times = .*$", f'every = "{every}"', text, count=1)
    path.write_text(text, encoding="utf-8")
    return site


def live_environment(x: FakeX, database: Path) -> dict[str, str]:
    """What a live process needs to post to the fake X."""
    keys = x.credentials
    return environment(
        DRY_RUN="false",
        DATABASE_URL=f"sqlite:///{database}",
        X_API_URL=x.url,
        X_API_KEY=keys.api_key,
        X_API_SECRET=keys.api_secret,
        X_ACCESS_TOKEN=keys.access_token,
        X_ACCESS_TOKEN_SECRET=keys.access_token_secret,
    )
