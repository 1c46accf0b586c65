"""Pure: what is wrong with one post, as a template and the units it draws make it.

`bot check` asks this of every post there could be, and the deck of each that it deals, so that what
the one calls an error the other never holds.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from bot.composing import Composed, Unit
from bot.content.scanning import secret_in
from bot.content.tags import mention_in, tagged
from bot.content.telling import as_one
from bot.content.words import marked
from bot.domain import Account, Campaign, Limits, Passage, Place, Problem, Template


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
    yield from _links(template, units, composed, limits, campaign)
    for secret in filter(None, map(secret_in, composed.text.split("\n"))):
        fix = "Secrets belong in .env. Take it out, and replace it: it may have been seen."
        yield Problem("secret", _body(template), f"In the post seems to stand {secret}", fix)


def _body(template: Template, line: int = 0) -> Place:
    return Place(template.where.file, template.body_line + line)


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
        f"Shorten the template by {over}, or give the passage a shorter `short` form ({places}).",
        about=(limits.network, template.name, *(unit.lead.id for unit in units)),
        over=over,
    )


def nothing_to_say(account: Account) -> Problem:
    """Of an account that could never post anything."""
    what = (
        f"`{account.name}` has nothing to say in `{account.language}`, so that every slot would be "
        "missed."
    )
    fix = f"Add passages and templates in `{account.language}`, or take the account out."
    return Problem("nothing-to-say", account.where, what, fix)


def gathered(problems: Iterable[Problem], campaign: Campaign) -> list[Problem]:
    """The same problems, but what is too long told once, of the template or passage that it is.

    Of all posts that are too long the template or passage in most of them is named first, then that
    in most of those that are left; a template before a passage. One post alone stays as it is.
    """
    told: list[Problem] = []
    left: list[Problem] = []
    for problem in as_one(problems):
        (left if problem.over else told).append(problem)
    while left:
        parts = Counter((each.about[0], part) for each in left for part in each.about[1:])
        most = max(parts.values())
        network, part = next(key for key, count in parts.items() if count == most)
        its = [each for each in left if each.about[0] == network and part in each.about[1:]]
        left = [each for each in left if each not in its]
        told.append(its[0] if len(its) == 1 else _one_for(its, part, campaign))
    return told


def _one_for(problems: Sequence[Problem], part: str, campaign: Campaign) -> Problem:
    """One problem for all posts in which this template, or this passage, is too long."""
    overs = [each.over for each in problems]
    by = f"by {max(overs)}" if len({*overs}) == 1 else f"by {min(overs)} to {max(overs)}"
    network = problems[0].about[0]
    template = campaign.templates.get(part)
    if template is not None:
        what = (
            f"The template is too long {by} for {len(problems)} posts on {network}, even with the "
            "shortest words and attributions."
        )
        worst = max(problems, key=lambda each: each.over).about[2]
        fix = f"Take {max(overs)} out of its own words; the longest post is that with `{worst}`."
        return Problem("post-too-long", _body(template), what, fix)
    what = (
        f"`{part}` is too long {by} for {len(problems)} posts on {network}, even with its shortest "
        "words and attribution."
    )
    fix = f"Give it a `short` form that is {max(overs)} shorter."
    return Problem("post-too-long", campaign.passages[part].where, what, fix)


def _links(
    template: Template,
    units: Sequence[Unit],
    composed: Composed,
    limits: Limits,
    campaign: Campaign,
) -> Iterator[Problem]:
    """Addresses that the network would make links of, and that are none of the campaign's links."""
    text, links = composed.text, campaign.links.values()
    strange = [at for at in limits.addresses(text) if not _is_link(text, *at, links)]
    for start, end in strange:
        address = text[start:end]
        price = _price(address, limits)
        quoted = _quoted(start, end, text, units, composed)
        if quoted is not None:
            what = f"On {limits.network}, `{address}` in `{quoted.id}` is a link{price}."
            fix = "Quoted words stay as they are. Think about whether this passage is worth it."
            yield Problem("quoted-address", quoted.where, what, fix, "warning")
            continue
        where = _own_place(address, template, units, composed)
        if "://" in address:
            what = f"An address stands in the text: `{address}`{price}."
            fix = "Name it under [links] in campaign.toml, and write {{ links.NAME }}."
            yield Problem("typed-address", where, what, fix, "warning")
        else:
            what = f"On {limits.network}, `{address}` is a link that nobody chose{price}."
            fix = (
                "Put a space behind the full stop, or write it otherwise. If the link is wanted, "
                "name it under [links] in campaign.toml, and write {{ links.NAME }}."
            )
            yield Problem("stray-address", where, what, fix)


def _is_link(text: str, start: int, end: int, links: Iterable[str]) -> bool:
    """Whether this address is one of the campaign's links, or what the network sees of one."""
    address = text[start:end].casefold().rstrip("/")
    return any(
        (text.startswith(link, start) and end <= start + len(link))
        or link.partition("://")[2].casefold().rstrip("/") == address
        for link in map(_nfc, links)
    )


def _price(address: str, limits: Limits) -> str:
    """What a post with an address costs, where that is more than one without."""
    dear, cheap = limits.cost(address, 0), limits.cost("", 0)
    more = f", and a post with a link costs ${dear:.3f} instead of ${cheap:.3f}"
    return more if dear > cheap else ""


def _quoted(
    start: int, end: int, text: str, units: Sequence[Unit], composed: Composed
) -> Passage | None:
    """The passage in whose words this stands."""
    for unit, words in zip(units, composed.words, strict=True):
        said = _nfc(words)
        at = text.find(said)
        if 0 <= at <= start and end <= at + len(said):
            return unit.lead
    return None


def _own_place(
    address: str, template: Template, units: Sequence[Unit], composed: Composed
) -> Place:
    """Where an address stands: in the template, or in what is said of a passage."""
    for number, line in enumerate(template.body.split("\n")):
        if address in _nfc(line):
            return _body(template, number)
    for unit, by in zip(units, composed.by, strict=True):
        statement = unit.lead.statement
        own = (by, unit.lead.to, statement.when, statement.publisher)
        if any(address in _nfc(text) for text in own):
            return unit.lead.where
    return _body(template)


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
