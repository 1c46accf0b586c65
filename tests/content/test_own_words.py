"""What our own words may not hold, since it would go out as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content import load, read
from bot.domain import Problem
from tests.content.builder import NETWORKS, changed, write_campaign

CAMPAIGN = "messages/campaign.toml"
QUOTE = "messages/templates/quote.txt"

HASHTAG = "{{ hashtag }}"


def quote(old: str, new: str) -> dict[str, str]:
    """The tiny campaign's template of a quote, changed. Its hashtag is on line 8, its last."""
    return {QUOTE: changed(QUOTE, old, new)}


def problems_of(root: Path, files: dict[str, str]) -> list[Problem]:
    return read(write_campaign(root, **files), known_networks=NETWORKS).problems


@pytest.mark.parametrize(
    "text",
    [
        f"{HASHTAG}#Other",
        f"{HASHTAG}＃Other",
        f"·{HASHTAG}",
        f"・{HASHTAG}",
        f"é{HASHTAG}",
        f"&{HASHTAG}",
        f"#{HASHTAG}",
        f"/{HASHTAG}",
        f"{{{{ quote.when }}}}{HASHTAG}",
        f"{HASHTAG}{{{{ quote.when }}}}",
        f"{HASHTAG}\ufe0f",
        f"{HASHTAG}\u0301",
        f"{HASHTAG}\u200d",
        f"{HASHTAG}\u200c",
        f"{HASHTAG}・",
        f"{HASHTAG}·",
        f"{HASHTAG}_",
        f"{HASHTAG}7",
        f"{HASHTAG}://",
        f"{HASHTAG}ы",
        f"{HASHTAG}க",
    ],
    ids=ascii,
)
def test_a_hashtag_that_x_would_not_link(text: str, tmp_path: Path) -> None:
    found = problems_of(tmp_path, quote(HASHTAG, text))
    (problem,) = [each for each in found if each.rule == "template-hashtag"]
    assert str(problem.where) == f"{QUOTE}:8"
    assert "touches another word" in problem.what


@pytest.mark.parametrize(
    "around", ["☭ ", "( )", "“ ”", " ’s", " : go", " .", "☀\ufe0f ", " ☀", "— ", "? !"], ids=ascii
)
def test_a_hashtag_that_x_links(around: str, tmp_path: Path) -> None:
    before, after = around.split(" ", 1)
    assert problems_of(tmp_path, quote(HASHTAG, f"{before}{HASHTAG}{after}")) == []


@pytest.mark.parametrize(
    "tag", ["#किसान_आंदोलन", "#il·lusió", "#زن‌زندگی", "#Solidarite\u0301", "＃自由"]
)
def test_a_campaign_with_a_hashtag_in_any_script(tag: str, tmp_path: Path) -> None:
    """It is in NFC, as posts are, however it was typed."""
    root = write_campaign(tmp_path, **{CAMPAIGN: changed(CAMPAIGN, "#StandWithTheHarbour", tag)})
    campaign = load(root, NETWORKS)
    assert campaign.left_out == ()
    assert campaign.hashtag == tag.replace("e\u0301", "é")


@pytest.mark.parametrize("tag", ["#" + "a" * 100, "#" + "1" * 200_000, "#a#b", "#a-b", "#²"])
def test_a_campaign_with_what_is_no_hashtag(tag: str, tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, {CAMPAIGN: changed(CAMPAIGN, "#StandWithTheHarbour", tag)})
    assert (problem.rule, str(problem.where)) == ("bad-hashtag", f"{CAMPAIGN}:3")
    assert len(problem.what) < 100
