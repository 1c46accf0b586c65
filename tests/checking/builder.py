"""A sound campaign, and what is changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot.checking import check
from bot.cli.shared import NETWORKS, limits_of
from bot.domain import Problem
from tests.content.builder import FILES, changed, png, write_campaign

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

CAMPAIGN = "messages/campaign.toml"
DOCKERS = "messages/statements/dockers.toml"
WATCH = "messages/statements/port-watch.toml"
QUOTE = "messages/templates/quote.txt"
POSITION = "messages/templates/position.txt"
DEMAND = "messages/templates/demand.txt"
FACT = "messages/templates/fact.txt"
FRAME = "messages/templates/frame.txt"
MEDIA = "media/media.toml"
LOCK = "messages/sources.lock"
APPROVED = "messages/approved.toml"

TEMPLATES = (QUOTE, POSITION, DEMAND, FACT, FRAME)

MONTHLY = 'cron = "0 12 5 * *"'
WEEKLY = 'cron = "0 12 * * mon"'

Files = Mapping[str, str | bytes | None]

SOUND: Mapping[str, str | bytes] = {
    **FILES,
    CAMPAIGN: changed(CAMPAIGN, 'times = ["12:00"]', MONTHLY),
    MEDIA: f'{FILES[MEDIA]!s}\n[assets.banner]\nfile = "banner.png"\nalt = "The harbour, empty."\n',
    "media/banner.png": png(420, 420),
    **{path: changed(path, "attach: square", "attach: square, banner") for path in TEMPLATES},
}
"""The tiny campaign with a second picture, posting monthly: nothing is wrong with it."""


def sign_off(key: str) -> str:
    """A sign-off by this key, on line 2."""
    slot = "x/2026-12-05T11:00:00+00:00"
    at = "2026-11-20T09:00:00+00:00"
    said = f'slot = "{slot}", says = "Hear", by = "Ada", at = "{at}", key = "{key}"'
    return f"posts = [\n  {{{said}}},\n]\n"


def edited(path: str, *pairs: tuple[str, str]) -> Files:
    """One of its files with pieces of it replaced."""
    text = SOUND[path]
    assert isinstance(text, str)
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        text = text.replace(old, new)
    return {path: text}


def written(root: Path, files: Files, after: Files) -> Path:
    """The sound campaign, edited, verified, and edited once more."""
    write_campaign(root, **{**SOUND, **files})
    for path, content in after.items():
        (root / path).unlink()
        if content is not None:
            (root / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def checked(root: Path, files: Files | None = None, after: Files | None = None) -> list[Problem]:
    return check(written(root, files or {}, after or {}), limits_of(NETWORKS), NOW)


def told(problems: list[Problem]) -> str:
    return "\n".join(f"{problem.rule}: {problem}" for problem in problems)
