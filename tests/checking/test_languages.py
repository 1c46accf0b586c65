"""A campaign in two languages: each account's pictures are described in its own."""

from __future__ import annotations

from pathlib import Path

from bot.cli.shared import NETWORKS, limits_of
from bot.composing import dressed
from bot.content import load, read
from bot.content.cards import card_pages, card_path
from bot.domain import Problem
from bot.planning import Deck, Planner
from tests.checking.builder import CAMPAIGN, MEDIA, checked, edited
from tests.content.builder import png

LIMITS = limits_of(NETWORKS)
ACCOUNT = '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n'
CARDS = """
[cards]
alt = "Card: {hashtag}. {words} {by}. {when}."
alt_demand = "Card: {hashtag}. To {to}: {words} {by}. {when}."
"""


def french(*more: tuple[str, str]) -> dict[str, str | bytes | None]:
    """An account that posts in French, and a French statement and template for it."""
    return {
        **edited(CAMPAIGN, ("[accounts.x]", f"{ACCOUNT}[accounts.x]")),
        **edited(MEDIA, *more),
        "messages/statements/quai.toml": """\
publisher = "Union des dockers"
when = "mai 2021"
language = "fr"

[demands.signer]
to = "la Compagnie"
text = "signer l’accord de 2019"
""",
        "messages/templates/demande.txt": """\
draws: demand
attach: square
language: fr
---
Demandé à {{ demand.to }} en {{ demand.when }} :

{{ demand }}

— {{ demand.by }}

{{ hashtag }}
""",
    }


def alt_problems(problems: list[Problem]) -> list[str]:
    return [str(problem) for problem in problems if problem.rule.startswith("alt-")]


def test_a_picture_of_a_second_language_needs_an_alt_text_in_it(tmp_path: Path) -> None:
    assert alt_problems(checked(tmp_path, french())) == [
        f"{MEDIA}:1: `square` has no alt text in 'fr', which "
        "messages/templates/demande.txt:1 needs\n"
        '    Add it: alt = {fr = "…"}, with the other languages.'
    ]
    decks = {name: deck(tmp_path, name) for name in ("x", "fr")}
    assert list(decks["fr"].every()) == []
    assert any("square" in template.attach for template, _, _ in decks["x"].every()), "English"


def test_with_an_alt_text_in_each_language_each_has_its_own(tmp_path: Path) -> None:
    both = '"The words: stand with the harbour."', '{en = "Words.", fr = "Des mots."}'
    assert alt_problems(checked(tmp_path, french(both))) == []
    for name, alt in (("x", "Words."), ("fr", "Des mots.")):
        found = deck(tmp_path, name)
        template, units, _ = next(one for one in found.every() if "square" in one[0].attach)
        [picture] = [each for each in found.pictures(template, units[0]) if each.id == "square"]
        language = template.language
        assert dressed("", picture, language).media[0].alt == alt


def deck(root: Path, account: str) -> Deck:
    campaign = read(root, known_networks=LIMITS).sound
    return Planner(campaign, LIMITS).deck(campaign.accounts[account])


def test_a_card_of_a_second_language_needs_an_alt_text_in_it(tmp_path: Path) -> None:
    files = french()
    files["messages/templates/demande.txt"] = str(files["messages/templates/demande.txt"]).replace(
        "attach: square", "attach: card"
    )
    catalogue = str(files[MEDIA])
    checked(tmp_path, files)
    passages = read(tmp_path, known_networks=LIMITS).whole.passages
    [page] = [
        page
        for name, page in card_pages(passages, "#StandWithTheHarbour").items()
        if name == "quai/signer"
    ]
    files[card_path("quai/signer", page)] = png(1000, 1000)
    assert alt_problems(checked(tmp_path, {**files, MEDIA: catalogue + CARDS})) == [
        f"{MEDIA}:11: [cards] has no alt text in 'fr': `alt_demand`\n"
        "    Say what every word on a card is: alt_demand = "
        '{en = "…", fr = "… {hashtag} {to} {words} {by} {when}"}.'
    ]
    assert list(deck(tmp_path, "fr").every()) == []
    named = CARDS.replace(
        'alt_demand = "Card: {hashtag}. To {to}: {words} {by}. {when}."',
        'alt_demand = {fr = "Carte : {hashtag}. À {to} : {words} {by}. {when}."}',
    )
    assert alt_problems(checked(tmp_path, {**files, MEDIA: catalogue + named})) == []
    [(template, units, _)] = deck(tmp_path, "fr").every()
    [picture] = deck(tmp_path, "fr").pictures(template, units[0])
    assert dressed("", picture, "fr").media[0].alt.startswith("Carte : #StandWith")


def test_an_account_without_content_has_that_error_alone_and_every_preview_says_it(
    tmp_path: Path,
) -> None:
    files = edited(CAMPAIGN, ("[accounts.x]", f"{ACCOUNT}[accounts.x]"))
    [problem] = checked(tmp_path, files)
    assert problem.rule == "nothing-to-say"
    assert problem.what.startswith("`fr` has nothing to say in `fr`")
    campaign = load(tmp_path, LIMITS)
    assert Planner(campaign, LIMITS).left_out == (problem,)
    assert next(deck(tmp_path, "x").every()), "the other account posts as before"


def test_pictures_without_a_language_are_described_in_the_campaign_s(tmp_path: Path) -> None:
    """Though the only account's is another: nobody would notice English words beside French."""
    only = edited(CAMPAIGN, ("[accounts.x]", '[accounts.x]\nlanguage = "fr"'))
    files = {**french(), **only, MEDIA: edited(MEDIA)[MEDIA]}
    assert alt_problems(checked(tmp_path, files))[0].startswith(
        f"{MEDIA}:1: `square` has no alt text in 'fr'"
    )
