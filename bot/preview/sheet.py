"""What a page of coming posts shows: the posts with all there is to know of each, as plain values.

Nothing here knows of HTML. `Sheet` is what was loaded and planned; `Cards`, `months` and `designs`
say it the way the page is laid out. Everything is computed from the campaign as it is posted from,
so that what is said of a post is true of its bytes.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.approval import Approval, Approvals, key_of_planned, read_approvals
from bot.composing import Composed, Unit
from bot.content.lock import Lock, read_lock
from bot.content.tags import tagged
from bot.content.words import used_of
from bot.domain import Account, Asset, Attachment, Campaign, Passage, Problem, Template
from bot.judging import check_text
from bot.planning import Deck, Planned, Planner

NETWORKS: Mapping[str, str] = {"x": "X", "mastodon": "Mastodon", "bluesky": "Bluesky"}

MOST_MADE = 300
"""Of one template, at most so many of the posts that it can make are listed."""

_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Coming posts, what they were planned from, and what is wrong with that.

    `stale` says what kept newer content from being shown; then this is the last that could be.
    """

    campaign: Campaign
    planner: Planner
    posts: Sequence[Planned]
    problems: Sequence[Problem]
    lock: Lock
    approvals: Approvals
    stale: str = ""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.campaign.timezone)


def make_sheet(
    campaign: Campaign,
    planner: Planner,
    posts: Sequence[Planned],
    problems: Sequence[Problem],
) -> Sheet:
    """The sheet of these posts, with what is wrong, and whatever else is left out.

    Reads the lock and the sign-offs; what is wrong with those files is for `problems` to say.
    """
    places = {problem.where for problem in problems}
    others = [problem for problem in planner.left_out if problem.where not in places]
    root = Path(campaign.root)
    lock, _ = read_lock(root)
    approvals, _ = read_approvals(root)
    return Sheet(campaign, planner, posts, [*others, *problems], lock, approvals)


# One post ----------------------------------------------------------------------------------------


class Part(NamedTuple):
    """A piece of a text, and what it is: `tag`, `link`, `used`, `left` or nothing in particular."""

    text: str
    role: str = ""


class Source(NamedTuple):
    """Where words of a post come from: the whole passage, what of it is used, what attests it."""

    passage: Passage
    by: str
    parts: Sequence[Part]
    whole: bool
    file: str
    sha256: str
    verified: str


class Card(NamedTuple):
    """A planned post with all that is said beside it."""

    planned: Planned
    anchor: str
    local: datetime
    text: Sequence[Part]
    pictures: Sequence[tuple[Attachment, Asset]]
    kinds: Sequence[str]
    statements: Sequence[str]
    speaker: str
    sources: Sequence[Source]
    signature: Approval | None
    before: Approval | None
    problems: Sequence[Problem]

    @property
    def network(self) -> str:
        return NETWORKS.get(self.planned.network, self.planned.network)

    @property
    def state(self) -> str:
        return "missed" if self.planned.post is None else "signed" if self.signature else "open"

    @property
    def key(self) -> str:
        """Stands for exactly what goes out: who signs it off on a page means what is shown."""
        return key_of_planned(self.planned) or ""


class Cards:
    """Makes the cards of one sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        campaign = sheet.campaign
        self._pictures = campaign.pictures
        self._by_file: dict[str, list[Problem]] = {}
        for problem in sheet.problems:
            self._by_file.setdefault(problem.where.file, []).append(problem)
        self._ends = _ends(campaign)
        self._leads: dict[int, dict[str, Unit]] = {}
        self._sources: dict[tuple[str, str, str], Source] = {}

    def card(self, planned: Planned) -> Card:
        sheet = self._sheet
        at = planned.slot.at
        units, composed = self._played(planned)
        passages = [passage for unit in units for passage in unit.passages]
        text = "" if planned.post is None else planned.post.text
        media = () if planned.post is None else planned.post.media
        return Card(
            planned=planned,
            anchor=f"post-{planned.slot.account}-{at:%Y%m%dT%H%M%S}",
            local=at.astimezone(sheet.zone),
            text=marked_up(text, sheet.campaign.hashtag),
            pictures=[(each, self._pictures[each.path]) for each in media],
            kinds=list(dict.fromkeys(unit.lead.kind for unit in units)),
            statements=list(dict.fromkeys(unit.lead.statement.id for unit in units)),
            speaker=composed.by[0] if composed else "",
            sources=list(self._quoted(units, composed)),
            signature=sheet.approvals.state(planned),
            before=sheet.approvals.changed(planned),
            problems=list(self._problems(planned, passages)),
        )

    def _played(self, planned: Planned) -> tuple[Sequence[Unit], Composed | None]:
        """What was drawn, and how it was composed: the deck has it still."""
        if planned.template is None:
            return (), None
        campaign = self._sheet.campaign
        deck = self._sheet.planner.deck(campaign.accounts[planned.slot.account])
        leads = self._leads.setdefault(id(deck), {unit.lead.id: unit for unit in deck.units})
        units: list[Unit] = []
        draws = list(planned.draws or ())
        while draws:
            units.append(leads[draws[0]])
            del draws[: len(units[-1].passages)]
        card = deck.card(campaign.templates[planned.template], tuple(units))
        assert card is not None, "what was drawn fits"
        return units, card.composed

    def _quoted(self, units: Sequence[Unit], composed: Composed | None) -> Iterator[Source]:
        if composed is not None:
            for unit, words, by in zip(units, composed.words, composed.by, strict=True):
                yield from self._of_unit(unit, words, by)

    def _of_unit(self, unit: Unit, words: str, by: str) -> Iterator[Source]:
        """With a partner, the words are the two passages' forms, one behind the other."""
        if unit.partner is None:
            yield self._source(unit.lead, words, by)
            return
        for form in unit.lead.forms:
            rest = words.removeprefix(f"{form} … ")
            if rest != words and rest in unit.partner.forms:
                yield self._source(unit.lead, form, by)
                yield self._source(unit.partner, rest, by)
                return

    def _source(self, passage: Passage, words: str, by: str) -> Source:
        key = (passage.id, words, by)
        if key not in self._sources:
            entry = self._sheet.lock.statements.get(passage.statement.id)
            self._sources[key] = Source(
                passage=passage,
                by=by,
                parts=[
                    Part(text, "used" if used else "left")
                    for text, used in used_of(passage.text, words)
                ],
                whole=words == passage.text,
                file="" if entry is None else entry.source,
                sha256="" if entry is None else entry.sha256,
                verified="" if entry is None else entry.verified,
            )
        return self._sources[key]

    def _problems(self, planned: Planned, passages: Sequence[Passage]) -> Iterator[Problem]:
        """What is wrong with the files that this post was made of, where it was made of them."""
        campaign = self._sheet.campaign
        if planned.template is not None:
            yield from self._by_file.get(campaign.templates[planned.template].where.file, ())
        for passage in passages:
            first, end = passage.where.line or 0, self._ends[passage.id]
            for problem in self._by_file.get(passage.where.file, ()):
                if first <= (problem.where.line or 0) < end:
                    yield problem
        for item in () if planned.post is None else planned.post.media:
            asset = self._pictures[item.path]
            for problem in self._by_file.get(asset.where.file, ()):
                if f"`{asset.id}`" in problem.what or f"assets.{asset.id}" in problem.what:
                    yield problem


def _ends(campaign: Campaign) -> dict[str, int]:
    """The line on which the next passage of the file begins, by passage."""
    ends: dict[str, int] = {}
    by_place = sorted(campaign.passages.values(), key=lambda p: (p.where.file, p.where.line or 0))
    for _, group in groupby(by_place, key=lambda passage: passage.where.file):
        passages = list(group)
        for passage, following in zip(passages, [*passages[1:], None], strict=True):
            last = 10**9 if following is None else following.where.line or 0
            ends[passage.id] = last
    return ends


def marked_up(text: str, hashtag: str) -> list[Part]:
    """The text in pieces, with its hashtags and addresses told apart."""
    links = [link.span() for link in _LINK.finditer(text)]
    tags = tagged(text, hashtag, links)
    parts: list[Part] = []
    at = 0
    for start, end, kind in sorted([(*tag, "tag") for tag in tags] + [(*s, "link") for s in links]):
        if start > at:
            parts.append(Part(text[at:start]))
        parts.append(Part(text[start:end], kind))
        at = end
    return parts + ([Part(text[at:])] if at < len(text) else [])


# The calendar ------------------------------------------------------------------------------------


class Day(NamedTuple):
    """A day of the calendar and its posts."""

    date: date
    cards: Sequence[Card]


class Month(NamedTuple):
    """A month of the calendar, day by day; it begins `offset` days after a Monday."""

    first: date
    offset: int
    days: Sequence[Day]


def months(cards: Sequence[Card]) -> Iterator[Month]:
    """Every month from the first post's to the last one's that has any."""
    days = {day: list(group) for day, group in groupby(cards, key=lambda card: card.local.date())}
    for year, month in sorted({(day.year, day.month) for day in days}):
        offset, length = calendar.monthrange(year, month)
        every = [date(year, month, number) for number in range(1, length + 1)]
        yield Month(every[0], offset, [Day(day, days.get(day, ())) for day in every])


# What templates can make -------------------------------------------------------------------------


class Made(NamedTuple):
    """A post that a template can make: what of, how long, and what is wrong with it."""

    text: Sequence[Part]
    length: int
    fits: bool
    draws: Sequence[str]
    language: str
    problems: Sequence[Problem]


class Makes(NamedTuple):
    """What a template makes for accounts that are alike: the same network and language."""

    accounts: Sequence[str]
    network: str
    limit: int
    made: Sequence[Made]
    more: bool

    @property
    def longest(self) -> int:
        return max((each.length for each in self.made), default=0)

    @property
    def too_long(self) -> int:
        return sum(not each.fits for each in self.made)


class Design(NamedTuple):
    """A template and all that it can make. `waits` names links that it waits for."""

    template: Template
    makes: Sequence[Makes]
    waits: Sequence[str]
    problems: Sequence[Problem]

    @property
    def total(self) -> int:
        return sum(len(each.made) for each in self.makes)


def designs(sheet: Sheet) -> Iterator[Design]:
    """Every template, with all that it can make."""
    for template in sheet.campaign.templates.values():
        yield design(sheet.campaign, sheet.planner, template, sheet.problems)


def design(
    campaign: Campaign,
    planner: Planner,
    template: Template,
    problems: Sequence[Problem],
    passage: str | None = None,
) -> Design:
    """One template, with all that it can make; of a passage, if one is named."""
    alike: dict[tuple[str, str], list[Account]] = {}
    for account in campaign.accounts.values():
        alike.setdefault((account.network, account.language), []).append(account)
    makes = []
    for (network, _), accounts in alike.items():
        deck = planner.deck(accounts[0])
        every = _made(campaign, deck, template)
        wanted = (each for each in every if passage is None or passage in each.draws)
        made = list(islice(wanted, MOST_MADE + 1))
        if made:
            names = [account.name for account in accounts]
            limit, more = deck.limits.text, len(made) > MOST_MADE
            makes.append(
                Makes(names, NETWORKS.get(network, network), limit, made[:MOST_MADE], more)
            )
    return Design(
        template,
        makes,
        [name for name in template.needs if not campaign.links.get(name)],
        [problem for problem in problems if problem.where.file == template.where.file],
    )


def _made(campaign: Campaign, deck: Deck, template: Template) -> Iterator[Made]:
    for units, composed in deck.made_by(template):
        yield Made(
            text=marked_up(composed.text, campaign.hashtag),
            length=composed.length,
            fits=composed.fits,
            draws=[passage.id for unit in units for passage in unit.passages],
            language=template.language,
            problems=list(check_text(template, units, composed, deck.limits, campaign)),
        )
