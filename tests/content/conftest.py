"""Fixtures for tests of content: the tiny campaign, and the two statements beside the checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.content.builder import write_campaign
from tests.needs import missing

STATEMENTS = Path(__file__).parents[3] / "shared" / "statements"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the tiny campaign in it."""
    return write_campaign(tmp_path / "campaign")


@pytest.fixture(scope="session")
def statements() -> Mapping[str, str]:
    """The two published statements' texts, by file name."""
    texts = {file.name: file.read_text("utf-8") for file in sorted(STATEMENTS.glob("*.txt"))}
    if not texts:
        missing(f"{STATEMENTS} is not beside the checkout")
    return texts
