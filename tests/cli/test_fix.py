"""`bot check --fix`: what it says, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

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
