"""Cards: which passages have one, what stands on it, how it is found, and its alt text."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content import read
from bot.content.cards import card_pages, card_path
from bot.domain import Campaign, Place, Problem
from tests.content.builder import FILES, MEDIA, changed, png, write_campaign
from tests.locked import lock

QUOTE = "messages/templates/quote.txt"
DEMAND = "messages/templates/demand.txt"
DOCKERS = "messages/statements/dockers.toml"
TEMPLATES = {path: changed(path, "attach: square", "attach: card") for path in (QUOTE, DEMAND)}
CARDS = """
[cards]
alt = "Card: {hashtag}. {words} {by}. {when}."
alt_demand = "Card: {hashtag}. To {to}: {words} {by}. {when}."
"""
STAND = (
    "Card: #StandWithTheHarbour. “We stand with the crews – all of them. They will not be left "
    "alone, whatever it costs” Jane Roe, President of the Dockers' Union. May 2021."
)


def loaded(root: Path) -> tuple[Campaign, list[Problem]]:
    found = read(root, known_networks=("x",))
    return found.sound, found.problems


def with_cards(root: Path, **files: str | bytes | None) -> Path:
    """The tiny campaign, and its cards, as far as their names can be told from its words."""
    write_campaign(root, **{**TEMPLATES, "media/media.toml": MEDIA + CARDS, **files})
    plain = write_campaign(root / "plain", **{DOCKERS: files.get(DOCKERS) or FILES[DOCKERS]})
    campaign, problems = loaded(plain)
    assert campaign is not None, problems
    for name, page in card_pages(campaign.passages, campaign.hashtag).items():
        file = root / card_path(name, page)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(420, 420))
    return root


def test_quotes_positions_and_demands_have_cards_of_their_own(tmp_path: Path) -> None:
    campaign, _ = loaded(write_campaign(tmp_path))
    assert campaign is not None
    pages = card_pages(campaign.passages, "#Tag")
    assert list(pages) == [
        *("dockers/stand", "dockers/right", "dockers/talk", "dockers/sign"),
        "port-watch/watch",
    ]
    assert pages["dockers/stand"] == {
        "picture": "quote",
        "language": "en",
        "size": (1080, 1080),
        "hashtag": "#Tag",
        "said": {
            "open": "“",
            "words": campaign.passages["dockers/stand"].text,
            "close": "”",
        },
        "by": ["Jane Roe", "President of the Dockers' Union", "The Dockers' Union"],
        "when": "May 2021",
    }
    assert pages["dockers/right"]["by"] == ["The Dockers' Union"]


def test_two_that_stand_together_share_a_card(tmp_path: Path) -> None:
    campaign, _ = loaded(write_campaign(tmp_path))
    assert campaign is not None
    pages = card_pages(campaign.passages, "#Tag")
    together = "The Port Authority must talk with the crews … sign the agreement of 2019"
    assert pages["dockers/talk"]["said"]["words"] == together
    assert pages["dockers/talk"]["to"] == "the Port Authority"
    assert pages["dockers/sign"]["said"]["words"] == "sign the agreement of 2019"


@pytest.mark.parametrize("mark", ["sensitive = true", 'superseded_by = "sign"'])
def test_what_is_kept_back_has_no_card(tmp_path: Path, mark: str) -> None:
    text = changed(DOCKERS, "[quotes.stand]", f"[quotes.stand]\n{mark}")
    campaign = changed("messages/campaign.toml", "[campaign]", "[campaign]\nsensitive = true")
    found, problems = loaded(
        write_campaign(tmp_path, **{DOCKERS: text, "messages/campaign.toml": campaign})
    )
    assert found is not None, problems
    assert "dockers/stand" not in card_pages(found.passages, "#Tag")


def test_nor_has_what_must_stand_with_something_that_is_kept_back(tmp_path: Path) -> None:
    kept = changed(DOCKERS, "[demands.sign]", '[demands.sign]\nsuperseded_by = "right"')
    kept = kept.replace("[demands.talk]", '[demands.talk]\nsuperseded_by = "right"')
    campaign, problems = loaded(write_campaign(tmp_path, **{DOCKERS: kept}))
    assert campaign is not None, problems
    pages = card_pages(campaign.passages, "#Tag")
    assert not {"dockers/talk", "dockers/sign"} & pages.keys()


def test_cards_are_loaded_with_their_alt_texts(tmp_path: Path) -> None:
    campaign, problems = loaded(with_cards(tmp_path))
    assert campaign is not None, problems
    assert set(campaign.cards) == {"dockers/stand", "dockers/talk", "dockers/sign"}
    card = campaign.cards["dockers/stand"]
    assert (card.mime, card.width, card.id) == ("image/png", 420, "dockers/stand")
    assert card.alt == {"en": STAND.replace("Union. May", "Union, The Dockers' Union. May")}
    sign = campaign.cards["dockers/sign"].alt["en"]
    assert "To the Port Authority: “sign the agreement of 2019” The Dockers' Union." in sign


def test_cards_are_looked_for_only_where_a_template_attaches_them(tmp_path: Path) -> None:
    campaign, problems = loaded(write_campaign(tmp_path))
    assert campaign is not None, problems
    assert campaign.cards == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [("They will not be left", "They won't be left"), ("Jane Roe, President", "Jo Roe, President")],
    ids=["other words", "another speaker"],
)
def test_a_card_with_other_words_is_never_found(tmp_path: Path, old: str, new: str) -> None:
    root = with_cards(tmp_path)
    (root / DOCKERS).write_text(changed(DOCKERS, old, new), encoding="utf-8")
    campaign, problems = loaded(root)
    assert "dockers/stand" not in campaign.cards
    assert problems == [], "as long as the words are not verified they are to have none"
    [problem] = loaded(lock(root))[1]
    assert (problem.rule, problem.where) == ("card-missing", Place(DOCKERS, 7))
    assert "no card with the words of `dockers/stand` as they are now" in problem.what
    assert "bot media build" in problem.fix


def test_another_hashtag_is_another_card(tmp_path: Path) -> None:
    root = with_cards(tmp_path)
    file = root / "messages/campaign.toml"
    file.write_text(file.read_text("utf-8").replace("#StandWithTheHarbour", "#Harbour"))
    _, problems = loaded(root)
    assert [problem.rule for problem in problems] == ["card-missing"] * 3


def test_the_alt_texts_sentence_is_missed_once(tmp_path: Path) -> None:
    _, problems = loaded(with_cards(tmp_path, **{"media/media.toml": MEDIA}))
    assert [(p.rule, p.where.file) for p in problems] == [("alt-missing", "media/media.toml")] * 2
    assert {p.what for p in problems} == {
        "[cards] has no alt text in 'en': `alt`",
        "[cards] has no alt text in 'en': `alt_demand`",
    }


def test_the_alt_text_is_in_the_language_of_the_words(tmp_path: Path) -> None:
    cards = CARDS.replace(
        'alt = "', 'alt = {fr = "Carte : {words} {by} {when} {hashtag}", en = "', 1
    )
    cards = cards.replace('{when}."\n', '{when}."}\n', 1)
    root = with_cards(tmp_path, **{"media/media.toml": MEDIA + cards})
    campaign, problems = loaded(root)
    assert campaign is not None, problems
    assert campaign.cards["dockers/stand"].alt["en"].startswith("Card: ")


@pytest.mark.parametrize("path", ["messages/campaign.toml", "media/media.toml"])
@pytest.mark.parametrize("text", [None, "=\n"])
def test_of_a_file_that_can_not_be_read_no_card_is_called_missing(
    tmp_path: Path, path: str, text: str | None
) -> None:
    root = with_cards(tmp_path)
    file = root / path
    file.write_text(text) if text else file.unlink()
    problems = read(root, known_networks=("x",)).problems
    assert {problem.where.file for problem in problems} == {path}
    assert len(problems) == 1
