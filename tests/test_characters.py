"""Words that look the same and aren't: NFC and NFD are one text, anything else is named."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.characters import looks, parted, told
from bot.content import load, read
from bot.content.lock import PATH as LOCK
from bot.content.lock import write_lock
from bot.content.words import Text, normalise, short_fault
from bot.provenance import Source as Published
from bot.provenance import difference, verify
from tests.content.builder import FILES, NETWORKS, SOURCES, changed, write_campaign

DOCKERS = "messages/statements/dockers.toml"
REGIME = changed(DOCKERS, "The right to strike is a human right.", "The régime ended the strike.")
SOURCE = SOURCES["dockers.txt"].replace("The right to strike is a human right.", "{}")


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize("mine", [str, decomposed])
@pytest.mark.parametrize("theirs", [str, decomposed])
def test_composed_and_decomposed_are_one_text(tmp_path: Path, mine: type, theirs: type) -> None:
    statement = mine(REGIME)
    root = write_campaign(tmp_path, **{DOCKERS: statement})
    campaign = load(root, NETWORKS)
    source = SOURCE.format(theirs("The régime ended the strike."))
    done = verify(campaign, SOURCES | {"dockers.txt": source}, root)
    assert done.problems == []
    write_lock(root, done.lock)
    kept = (root / LOCK).read_text("utf-8")
    other = write_campaign(tmp_path, **{DOCKERS: decomposed(REGIME), LOCK: kept})
    assert read(other, known_networks=NETWORKS).unverified == {}, "the lock says the same of it"


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ("The ré\u00adgime ended the strike.", "U+00AD (soft hyphen), which is invisible"),
        ("The régime\u200b ended the strike.", "U+200B (zero width space)"),
        ("The régime \u2060ended the strike.", "U+2060 (word joiner)"),
        ("The régime ended the strike\ufeff.", "U+FEFF (zero width no-break space)"),
        ("The régime ended the ﬆrike.", "U+FB06 (latin small ligature st) where this has U+0073"),
        ("The régime ended the strike․", "U+2024 (one dot leader)"),
        ("The régime еnded the strike.", "“еnded” the source has U+0435 (cyrillic"),
        ("The régimе ended the strike.", "U+0435 (cyrillic small letter ie)"),
    ],
)  # fmt: skip
def test_a_character_that_only_looks_the_same_is_named(
    tmp_path: Path, there: str, name: str
) -> None:
    root = write_campaign(tmp_path, **{DOCKERS: REGIME})
    campaign = load(root, NETWORKS)
    source = SOURCES | {"dockers.txt": SOURCE.format(there)}
    (problem,) = verify(campaign, source, root).problems
    assert name in problem.fix, problem
    assert "where this has “régime”" not in problem.fix


def test_an_invisible_character_of_our_own_is_named() -> None:
    said = difference(
        normalise("The ré\u00adgime ended"), Published("The régime ended the strike.")
    )
    assert said == "“régime” has U+00AD (soft hyphen) in it, which is invisible: take it out."


def test_a_short_form_with_another_letter() -> None:
    fault = short_fault("The régime ended the strike.", "The régimе …")
    assert fault is not None
    assert "U+0435 (cyrillic small letter ie)" in fault.what
    assert short_fault("The régime ended the strike.", decomposed("The régime …")) is None


def test_what_is_typed_decomposed_goes_out_composed(tmp_path: Path) -> None:
    files = {path: decomposed(str(text)) for path, text in FILES.items() if path.endswith(".toml")}
    files[DOCKERS] = decomposed(REGIME)
    campaign = load(write_campaign(tmp_path, **files), NETWORKS)
    assert campaign.left_out == ()
    assert campaign.passages["dockers/right"].text == "The régime ended the strike."


@given(st.text(alphabet="aеoо\u00ad\u200béﬁ st.", max_size=12), st.text(alphabet="aеoо\u00adé st."))
def test_what_is_told_apart_looks_the_same(words: str, text: str) -> None:
    mine, theirs = normalise(words), Text(text).plain
    odd = parted(mine, theirs)
    if odd is not None:
        assert looks(mine) in looks(theirs)
        assert odd.mine != odd.theirs
        assert told(odd)
