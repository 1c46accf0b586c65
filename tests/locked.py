"""Campaigns that tests write, locked as `bot verify` would lock them: without a source."""

from __future__ import annotations

from pathlib import Path

from bot.content import read
from bot.content.lock import Lock, entry_of, write_lock

NETWORKS = ("x", "mastodon", "bluesky")


def lock(root: Path) -> Path:
    """Locks all passages and pictures under a root that have no error. Returns the root."""
    if not (root / "messages").is_dir():
        return root
    sound = read(root, known_networks=NETWORKS, lint=False).sound
    passages = {
        name: [each for each in sound.passages.values() if each.statement.id == name]
        for name in sound.statements
    }
    write_lock(
        root,
        Lock(
            {name: entry_of(f"{name}.txt", "0" * 64, each) for name, each in passages.items()},
            {path: asset.sha256 for path, asset in sound.pictures.items()},
        ),
    )
    return root
