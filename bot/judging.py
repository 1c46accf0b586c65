"""Pure: what is wrong with one post, as a template and the units it draws make it.

`bot check` asks this of every post there could be, and the deck of each that it deals, so that what
the one calls an error the other never holds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from bot.composing import Composed, Unit
from bot.content.tags import mention_in, tagged
from bot.content.words import marked
from bot.domain import Campaign, Limits, Place, Problem, Template


def check_text(
    template: Template,
    units: Sequence[Unit],
    composed: Composed,
    limits: Limits,
    campaign: Campaign,
) -> Iterator[Problem]:
    """What is wrong with one text, as the template and these units make it."""
    names = " and ".join(f"`{unit.lead.id}`" for unit in units)
    if not composed.fits:
        yield _too_long(template, units, composed, names, limits)
    for rule, what, fix in _faults(units, composed, campaign, limits.addresses(composed.text)):
        yield Problem(rule, _body(template), f"With {names}: {what}", fix)


def _body(template: Template) -> Place:
    return Place(template.where.file, template.body_line)


def _too_long(
    template: Template,
    units: Sequence[Unit],
    composed: Composed,
    names: str,
    limits: Limits,
) -> Problem:
    over = composed.length - limits.text
    places = ", ".join(str(passage.where) for unit in units for passage in unit.passages)
    return Problem(
        "post-too-long",
        _body(template),
        f"With {names} the post is {composed.length} long on {limits.network}, {over} over its "
        f"{limits.text}, even with the shortest words and attribution.",
        f"Give the passage a shorter `short` form ({places}), or shorten the template.",
    )


def _faults(
    units: Sequence[Unit],
    composed: Composed,
    campaign: Campaign,
    addresses: Sequence[tuple[int, int]],
) -> Iterator[tuple[str, str, str]]:
    text, hashtag = composed.text, campaign.hashtag
    tags = len(tagged(text, hashtag, addresses))
    if not tags and hashtag.casefold() in text.casefold():
        yield (
            "hashtag",
            f"{hashtag} is dead text in the post: what touches it makes another word of it.",
            "Put a space or a line break there.",
        )
    elif tags != 1:
        yield (
            "hashtag",
            f"the post has {hashtag} {tags} times, it must be once.",
            "Put {{ hashtag }} once, where it is not inside a condition.",
        )
    if mention_in(text, addresses) is not None:
        yield ("mention", "the post has an @mention.", "Name people and bodies without an @.")
    for unit, words, by in zip(units, composed.words, composed.by, strict=True):
        kind, statement = unit.lead.kind, unit.lead.statement
        if _nfc(marked(words, statement.language)) not in text:
            yield (
                "words-missing",
                f"the {kind}'s words are not in the post.",
                f"Print them: {{{{ {kind} }}}}.",
            )
        if _nfc(by) not in text:
            yield (
                "attribution-missing",
                f"the post does not say whose words they are ({by}).",
                f"Print it: {{{{ {kind}.by }}}}.",
            )
        when = _nfc(statement.when)
        if when not in text:
            yield (
                "date-missing",
                f"the post does not say when it was said ({statement.when}).",
                f"Print it: {{{{ {kind}.when }}}}.",
            )
        elif kind == "fact" and not text.startswith(when):
            yield (
                "fact-date-first",
                f"a fact's post must open with its date ({statement.when}).",
                "Begin the template with {{ fact.when }}.",
            )


def _nfc(text: str) -> str:
    """As it is in a post."""
    return unicodedata.normalize("NFC", text)
