"""media/cards/: a card with its own words for every quote, position and demand.

`bot media build` draws them, and names each by a hash of all that stands on it. Here that name is
made from the words as they are now, so a card with other words on it is never found, and never
posted. Facts have no card, nor has what is sensitive or superseded. Words that may not stand alone
share one card with those that they stand with.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bot.content.reading import Findings
from bot.content.words import joined, marks_of
from bot.domain import CARD, Asset, Passage, Place, Template
from bot.media import CARD_GAPS, CATALOGUE, DRAW, TO_BE_DRAWN, Media, in_language
from bot.media.files import Home

FOLDER = "media/cards"

Page = Mapping[str, Any]
"""All that stands on a picture, as the design takes it: names, texts and lists of them."""


def card_pages(passages: Mapping[str, Passage], hashtag: str) -> dict[str, Page]:
    """What stands on each card, by the id of its passage, or of the first of two."""
    pages = {}
    for passage in passages.values():
        both = [passage]
        if passage.with_id is not None:
            both += [passages[passage.with_id]] if passage.with_id in passages else []
        kept_back = any(each.sensitive or each.superseded_by for each in both)
        if passage.kind != "fact" and not kept_back:
            pages[passage.id] = _page(both, hashtag)
    return pages


def _page(both: list[Passage], hashtag: str) -> Page:
    lead = both[0]
    words = lead.text if len(both) == 1 else joined(lead.text, both[1].text)
    page: dict[str, Any] = {
        "picture": lead.kind,
        "language": lead.statement.language,
        "size": (1080, 1080),
        "hashtag": hashtag,
        "said": said(words, lead.statement.language),
        "by": signature(lead),
        "when": lead.statement.when,
    }
    if lead.kind == "demand":
        page["to"] = lead.to
    return page


def said(words: str, language: str) -> Mapping[str, str]:
    """Words and their marks."""
    opening, closing = marks_of(language)
    return {"open": opening, "words": words, "close": closing}


def signature(passage: Passage) -> list[str]:
    """Who said it: the name, then the rest; and the publisher, where that doesn't name it."""
    by = passage.by[0] if passage.by else passage.statement.publisher
    name, _, rest = by.partition(", ")
    parts = [capital(name), rest]
    publisher = passage.statement.publisher
    return [part for part in [*parts, "" if publisher in by else publisher] if part]


def capital(text: str) -> str:
    """As it stands at the beginning of a line."""
    return text[:1].upper() + text[1:]


def card_path(passage_id: str, page: Page) -> str:
    """The name of a card: whose it is, and a hash of what stands on it."""
    return f"{FOLDER}/{passage_id.replace('/', '-')}-{digest([page])[:12]}.png"


def digest(pages: list[Page]) -> str:
    """What makes two pictures the same picture: a hash of all that stands on them."""
    source = json.dumps(pages, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(source.encode()).hexdigest()


def read_cards(
    root: Path,
    pages: Mapping[str, Page],
    passages: Mapping[str, Passage],
    templates: Collection[Template],
    media: Media,
    findings: Findings,
    unverified: Collection[str] = (),
) -> dict[str, Asset]:
    """The cards that templates attach, by passage. What is missing goes to the findings.

    A passage that is unverified is to have none, and lacks none.
    """
    wanted = {(t.draws[:1], t.language) for t in templates if CARD in t.attach}
    home, cards = Home(root), {}
    told: set[tuple[str, str]] = set()
    for name, page in pages.items():
        passage = passages[name]
        if ((passage.kind,), passage.statement.language) not in wanted:
            continue
        alt = _alt(passage, page, media, told, findings)
        card = home.unlisted(name, card_path(name, page), alt, passage.where)
        if card is not None:
            cards[name] = card
        elif name not in unverified:
            what = f"There is no card with the words of `{name}` as they are now"
            about, several = (f"the card of `{name}`",), TO_BE_DRAWN
            findings.error("card-missing", passage.where, what, DRAW, about=about, several=several)
    return cards


def _alt(
    passage: Passage,
    page: Page,
    media: Media,
    told: set[tuple[str, str]],
    findings: Findings,
) -> dict[str, str]:
    """The card's alt text: the sentence of media.toml, its gaps filled in."""
    key = "alt_demand" if passage.kind == "demand" else "alt"
    language = passage.statement.language
    sentences = media.cards.get(key, {})
    sentence = in_language(sentences, language)
    if not sentence and (key, language) not in told:
        told.add((key, language))
        what = f"[cards] has no alt text in {language!r}: `{key}`"
        gaps = " ".join(f"{{{gap}}}" for gap in CARD_GAPS[key])
        each = ", ".join(f'{name} = "…"' for name in sentences)
        inner = f'{language} = "… {gaps}"'
        text = f"{{{each}, {inner}}}" if each else f'"… {gaps}"'
        fix = f"Say what every word on a card is: {key} = {text}."
        findings.error("alt-missing", Place(CATALOGUE, media.cards_at.get(key)), what, fix)
    for gap, text in filled(page).items():
        sentence = sentence.replace(f"{{{gap}}}", text)
    return {language: sentence} if sentence else {}


def filled(page: Page) -> dict[str, str]:
    """What the gaps of an alt text stand for: together, every word on the card."""
    words = page["said"]
    return {
        "hashtag": page["hashtag"],
        "to": page.get("to", ""),
        "by": ", ".join(page["by"]),
        "when": page["when"],
        "words": words["open"] + words["words"] + words["close"],
    }
