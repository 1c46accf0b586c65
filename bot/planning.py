"""Pure: for each slot of an account, which words go out, in which template, with which picture.

The plan is a function of the campaign, the slot and the account's history; nothing about the future
is stored. Hard rules: words in the account's language, not superseded, not sensitive (unless the
campaign opts in), a text that fits, a picture that it can have (not everything has a card), and no
text twice within the cooldown. The rest are wishes.
Where there is too little content for all of them, they give way in this order, the last one first:

    passage    every passage comes before any comes again: the one that waited longest is next
    statement  statements take turns, each in proportion to what it still has to say
    kind       and so do quotes, positions, demands and facts
    speaker    nobody speaks twice in a row
    template   no template twice in a row; a passage returns in the template it wore longest ago
    picture    no picture twice in a row

What is equal by all of these is settled by lot: the least hash of the seed, the slot and the
passage's id goes first, and of its templates and pictures the least of the seed and their ids. So
the same content and history give the same plan on every machine; what is left out leaves the others
as they are, but for those that take its place; and a post that moves to another slot stays the same
post, with its sign-off. Only differences between row numbers
count, never the numbers themselves: a preview without a ledger and a worker with one agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple

from bot.composing import Composed, Composer, Unit, dressed
from bot.content.scanning import secret_in
from bot.content.statements import FOLDER as STATEMENTS
from bot.content.templates import FOLDER as TEMPLATES
from bot.domain import (
    CARD,
    COOLDOWN,
    REST,
    Account,
    Asset,
    Campaign,
    History,
    Kind,
    Limits,
    Passage,
    Post,
    Problem,
    Slot,
    Template,
    Use,
    text_key,
)
from bot.judging import check_text, gathered, nothing_to_say
from bot.media import fitting
from bot.media.inspecting import refused_by, unfit
from bot.schedule import slots

SPACING = 0.5
"""A statement or kind may come again after this part of its fair distance from itself."""

PICTURES = 1
"""Every post has one."""

PARTNERS = 8
"""How many companions a template that draws several kinds tries for one leading passage."""


class Why(NamedTuple):
    """Why this draw: how long the passage waited, and which wishes were granted.

    `waited` counts the account's posts since the passage was last used (None: never used), `rested`
    is the time since then; `skipped` counts passages that had waited longer but had nothing to say.
    """

    waited: int | None
    rested: timedelta | None
    skipped: int
    statement: bool
    kind: bool
    speaker: bool
    template: bool
    picture: bool

    def lines(self) -> list[str]:
        """For people: one line a wish, in the order of their weight."""
        if self.waited is None:
            passage = "passage: drawn for the first time"
        else:
            days = self.rested.days if self.rested is not None else 0
            passage = f"passage: waited longest, {self.waited} posts and {days} days"
            if self.rested is not None and self.rested < REST:
                passage += f" (gave way: less than {REST.days} days)"
        if self.skipped:
            passage += f"; {self.skipped} waited longer, but all they can say went out too recently"
        wishes = ("statement", "kind", "speaker", "template", "picture")
        said = {
            "statement": ("its turn", "out of turn, for want of another"),
            "kind": ("its turn", "out of turn, for want of another"),
            "speaker": ("another than before", "the same as before, for want of another"),
            "template": ("another than before", "the same as before, for want of another"),
            "picture": ("another than before", "the same as before, for want of another"),
        }
        return [passage] + [f"{name}: {said[name][not getattr(self, name)]}" for name in wishes]


class Planned(NamedTuple):
    """A slot and what goes out at it. `post` is None when nothing is left to draw."""

    slot: Slot
    network: str
    limit: int
    post: Post | None = None
    template: str | None = None
    draws: tuple[str, ...] | None = None
    length: int = 0
    cost: float = 0.0
    why: Why | None = None


class Planner:
    """Plans a campaign's accounts. `limits` are the networks' by name."""

    def __init__(self, campaign: Campaign, limits: Mapping[str, Limits]) -> None:
        self._campaign = campaign
        self._limits = limits
        self._composer = Composer(campaign)
        self._decks: dict[str, Deck] = {}

    @property
    def hashtag(self) -> str:
        """What every post carries."""
        return self._campaign.hashtag

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is left out of the content, and of every post that it could make."""
        decks = map(self.deck, self._campaign.accounts.values())
        refused = (problem for deck in decks for problem in deck.all_refused())
        problems = [*self._campaign.left_out, *refused, *self.silent]
        return tuple(gathered(problems, self._campaign))

    @property
    def silent(self) -> list[Problem]:
        """Accounts that could never post anything, though nothing that they had is left out."""
        accounts = self._campaign.accounts.values()
        return [nothing_to_say(each) for each in accounts if self._is_silent(each)]

    def _is_silent(self, account: Account) -> bool:
        told = "\n".join(problem.where.file for problem in self._campaign.left_out)
        withheld = (each.statement.language for each in self._campaign.withheld.values())
        deck = self.deck(account)
        if not deck.units and account.language not in withheld and STATEMENTS not in told:
            return True
        return not deck.has_templates and TEMPLATES not in told

    @property
    def seed(self) -> int:
        """What settles ties, and spreads slots where they are to be spread."""
        return self._campaign.seed

    def deck(self, account: Account) -> Deck:
        """Everything that this account could ever say."""
        deck = self._decks.get(account.name)
        if deck is None:
            limits = self._limits[account.network]
            deck = self._decks[account.name] = Deck(
                self._campaign, account.language, limits, self._composer
            )
        return deck

    def plan(
        self, account: Account, history: History, after: datetime, until: datetime | None = None
    ) -> Iterator[Planned]:
        """The account's coming slots, drawn and composed: those with after < slot <= until.

        Slots that the history already has are never planned again, so `after` counts only where it
        is later than the newest row.
        """
        deck = self.deck(account)
        hand = Hand(deck, history, self._campaign.seed)
        start = after if history.newest is None else max(after, history.newest)
        for slot in slots(account, self._campaign.seed, start, until):
            yield self._planned(account, deck, hand, slot)

    def _planned(self, account: Account, deck: Deck, hand: Hand, slot: Slot) -> Planned:
        draw = hand.draw(slot)
        limits = deck.limits
        if draw is None:
            return Planned(slot, account.network, limits.text)
        post = dressed(draw.card.composed.text, draw.picture, account.language)
        return Planned(
            slot=slot,
            network=account.network,
            limit=limits.text,
            post=post,
            template=draw.card.template.name,
            draws=draw.card.draws,
            length=draw.card.composed.length,
            cost=draw.card.cost,
            why=draw.why,
        )

    def makes(
        self, account: Account, post: Post, template: str | None, draws: Sequence[str] | None
    ) -> bool:
        """Whether the content still makes exactly this post: the template of this name, with these
        passages, this text in the account's language, and this picture, to the byte."""
        deck = self.deck(account)
        worn = self._campaign.templates.get(template or "")
        units = () if worn is None else deck.units_of(worn, draws or ())
        card = deck.card(worn, units) if worn is not None and units else None
        return card is not None and any(
            dressed(card.composed.text, picture, account.language) == post
            for picture in deck.pictures(card.template, units[0])
        )


def _lot(*of: object) -> bytes:
    """Bytes that look random and are the same everywhere: of what is equal the least goes first.

    They are of the candidate itself, never of its place among the others: where one of these is
    gone, the rest stay in their order.
    """
    return hashlib.blake2b("|".join(map(str, of)).encode(), digest_size=8).digest()


class Card(NamedTuple):
    """One thing that can be said: a template with the units it draws, composed."""

    template: Template
    composed: Composed
    key: str
    draws: tuple[str, ...]
    cost: float


class Way(NamedTuple):
    """A template with the units it would draw, before it is known whether the text fits."""

    template: Template
    units: tuple[Unit, ...]
    dress: tuple[str, tuple[str, ...]]
    lot: bytes


class Choice(NamedTuple):
    """A unit as it could go out. `gives_way`: which wishes, from statement to picture, would."""

    unit: Unit
    card: Card
    picture: Asset
    gives_way: tuple[bool, bool, bool, bool, bool]


class Drawn(NamedTuple):
    """What goes out at a slot, and why."""

    card: Card
    picture: Asset
    why: Why


class Deck:
    """Everything an account can say: units, the templates that can carry them, pictures.

    `refused` is what was wrong with posts that could be composed, and so are not in it.
    """

    def __init__(
        self, campaign: Campaign, language: str, limits: Limits, composer: Composer
    ) -> None:
        self.limits = limits
        self._campaign = campaign
        self.passages = {**campaign.withheld, **campaign.passages}
        self.units = [
            unit
            for passage in campaign.passages.values()
            if (unit := drawable(campaign, passage, language)) is not None
        ]
        self.refused: list[Problem] = []
        self.holding: dict[str, list[Unit]] = {}
        for unit in self.units:
            for passage in unit.passages:
                self.holding.setdefault(passage.id, []).append(unit)
        self._pictures = self._fit(campaign.assets, language)
        self._own = self._fit(campaign.cards, language)
        self._templates = [
            template
            for template in campaign.templates.values()
            if template.language == language and all(campaign.links.get(n) for n in template.needs)
        ]
        self._led_by: dict[Kind, list[Template]] = {}
        for template in self._templates:
            self._led_by.setdefault(template.draws[0], []).append(template)
        self._composer = composer
        self._cards: dict[tuple[str, ...], Card | None] = {}

    def _fit(self, assets: Mapping[str, Asset], language: str) -> dict[str, Asset]:
        """Those that the network takes, in the version that it takes, described in the language.

        What is wrong with the others is in `refused`, as `bot check` says it.
        """
        for asset in assets.values():
            self.refused += refused_by(asset, self.limits)
            self.refused += _secrets(asset)
        fit = {name: fitting(asset, self.limits) for name, asset in assets.items()}
        return {
            name: each
            for name, each in fit.items()
            if not unfit(each, self.limits, language) and not any(_secrets(each))
        }

    @property
    def has_templates(self) -> bool:
        return bool(self._templates)

    def templates(self, lead: Unit) -> list[Template]:
        """The templates that can lead with this unit, and have a picture for it."""
        templates = self._led_by.get(lead.lead.kind, ())
        return [template for template in templates if self.pictures(template, lead)]

    def pictures(self, template: Template, lead: Unit) -> list[Asset]:
        """What the template may attach to this unit, its own card among it if it has one."""
        own = self._own.get(lead.lead.id)
        named = (own if name == CARD else self._pictures.get(name) for name in template.attach)
        return [picture for picture in named if picture is not None]

    def card(self, template: Template, units: tuple[Unit, ...]) -> Card | None:
        """The fitting text, or None where none fits or a passage would come twice in it.

        None, too, where the template has no picture for what leads.
        """
        key = (template.name, *(unit.lead.id for unit in units))
        if key not in self._cards:
            self._cards[key] = self._compose(template, units)
        return self._cards[key]

    def _compose(self, template: Template, units: tuple[Unit, ...]) -> Card | None:
        draws = tuple(passage.id for unit in units for passage in unit.passages)
        if len(set(draws)) < len(draws) or not self.pictures(template, units[0]):
            return None
        composed = self._composer.compose(template, units, self.limits)
        wrong = list(check_text(template, units, composed, self.limits, self._campaign))
        self.refused += (problem for problem in wrong if problem.severity == "error")
        if any(problem.severity == "error" for problem in wrong):
            return None
        cost = self.limits.cost(composed.text, PICTURES)
        return Card(template, composed, text_key(composed.text), draws, cost)

    def every(self) -> Iterator[tuple[Template, tuple[Unit, ...], Composed]]:
        """Every combination of a template and units, whether its text fits or not."""
        for template in self._templates:
            for units, composed in self.made_by(template):
                yield template, units, composed

    def all_refused(self) -> list[Problem]:
        """What is wrong with any post that could be composed."""
        for template, units, _ in self.every():
            self.card(template, units)
        return self.refused

    def made_by(self, template: Template) -> Iterator[tuple[tuple[Unit, ...], Composed]]:
        """Every combination of units that this template of the deck can draw, and its text."""
        if template not in self._templates:
            return
        for units in product(*(self._of(kind) for kind in template.draws)):
            ids = [passage.id for unit in units for passage in unit.passages]
            if len(set(ids)) == len(ids) and self.pictures(template, units[0]):
                yield units, self._composer.compose(template, units, self.limits)

    def units_of(self, template: Template, draws: Sequence[str]) -> tuple[Unit, ...]:
        """The units that this template of the deck drew, by their passages' ids; none where they
        can't be drawn so."""
        leading = {unit.lead.id: unit for unit in self.units}
        units: list[Unit] = []
        left = list(draws)
        for kind in template.draws if template in self._templates else ():
            unit = leading.get(left[0]) if left else None
            if unit is None or unit.lead.kind != kind:
                return ()
            units.append(unit)
            drawn, left = left[: len(unit.passages)], left[len(unit.passages) :]
            if drawn != [passage.id for passage in unit.passages]:
                return ()
        return () if left else tuple(units)

    def _of(self, kind: Kind) -> list[Unit]:
        return [unit for unit in self.units if unit.lead.kind == kind]


def _secrets(asset: Asset) -> Iterator[Problem]:
    """Secrets that were pasted into what is said of a picture."""
    for secret in filter(None, map(secret_in, asset.alt.values())):
        what = f"In the alt text of `{asset.id}` seems to stand {secret}"
        fix = "Secrets belong in .env. Take it out, and replace it: it may have been seen."
        yield Problem("secret", asset.where, what, fix)


def drawable(campaign: Campaign, passage: Passage, language: str) -> Unit | None:
    """The passage with what it must stand with, or None where it may not be drawn."""
    partner = None if passage.with_id is None else campaign.passages[passage.with_id]
    for each in (passage, partner):
        if each is not None and (
            each.superseded_by is not None or (each.sensitive and not campaign.sensitive)
        ):
            return None
    return Unit(passage, partner) if passage.statement.language == language else None


class Hand:
    """An account's deck, sorted by what was played when. Draws one card a slot."""

    def __init__(self, deck: Deck, history: History, seed: int) -> None:
        self._deck = deck
        self._seed = seed
        self._number = history.rows
        self._passage: dict[str, tuple[int, datetime]] = {}
        self._statement: dict[str, int] = {}
        self._kind: dict[str, int] = {}
        self._dress: dict[tuple[str, tuple[str, ...]], int] = {}
        self._said: dict[str, datetime] = {}
        self._last: Use | None = None
        self._last_speakers: frozenset[str] = frozenset()
        for use in sorted(history.uses, key=lambda use: use.number):
            self._remember(use)
        self._new, self._used = self._by_waiting(deck.units)
        self._known_ways: dict[str, tuple[list[Way], list[Template]]] = {}

    def draw(self, slot: Slot) -> Drawn | None:
        """What goes out at this slot, or None where nothing may. Uses it up."""
        at = slot.at
        self._number += 1
        skipped = 0
        for group in self._groups():
            found = self._best(group, slot)
            if found is not None:
                why = self._why(found, at, skipped)
                self._play(found.card, found.picture, at)
                return Drawn(found.card, found.picture, why)
            skipped += len(group)
        return None

    def _groups(self) -> Iterator[list[Unit]]:
        """Units that waited equally long, the longest first: all new ones, then one by one."""
        if self._new:
            yield self._new
        for unit in self._used:
            yield [unit]

    def _best(self, group: Sequence[Unit], slot: Slot) -> Choice | None:
        """What grants the most wishes of all that the group can say; a tie is settled by lot."""
        if len(group) == 1:  # whose turn it is; there is nobody to give it to
            rank = (False, False, _speaker(group[0].lead) in self._last_speakers)
            return self._dressed(group[0], rank, slot.at)
        ranked: dict[tuple[bool, bool, bool], list[Unit]] = {}
        for unit, rank in zip(group, self._ranks(group), strict=True):
            ranked.setdefault(rank, []).append(unit)
        for rank in sorted(ranked):
            best: Choice | None = None
            for unit in sorted(ranked[rank], key=lambda unit: self._turn(slot, unit)):
                choice = self._dressed(unit, rank, slot.at)
                if choice is not None and (best is None or choice.gives_way < best.gives_way):
                    best = choice
                    if not any(choice.gives_way[3:]):
                        break
            if best is not None:
                return best
        return None

    def _turn(self, slot: Slot, unit: Unit) -> bytes:
        return _lot(self._seed, slot.id, unit.lead.id)

    def _ranks(self, group: Sequence[Unit]) -> Iterator[tuple[bool, bool, bool]]:
        """For each unit, which of the wishes for statement, kind and speaker would give way."""
        early_statement = self._early(self._statement, [u.lead.statement.id for u in group])
        early_kind = self._early(self._kind, [u.lead.kind for u in group])
        for unit in group:
            lead = unit.lead
            yield (
                early_statement[lead.statement.id],
                early_kind[lead.kind],
                _speaker(lead) in self._last_speakers,
            )

    def _early(self, last: Mapping[str, int], names: Sequence[str]) -> dict[str, bool]:
        """Which of these came too recently for the share that they have of what is left."""
        fair = {name: len(names) / names.count(name) for name in set(names)}
        return {
            name: name in last and self._number - last[name] < SPACING * fair_distance
            for name, fair_distance in fair.items()
        }

    def _dressed(self, unit: Unit, rank: tuple[bool, bool, bool], at: datetime) -> Choice | None:
        """The unit in the template and with the picture that grant most; none in its cooldown.

        Composing takes long, so it is done only for what nothing better can be said instead of.
        """
        last = None if self._last is None else self._last.template
        pictures: dict[tuple[str, ...], tuple[Asset, bool]] = {}
        ranked = []
        for way in self._ways(unit):
            template = way.template
            if template.attach not in pictures:
                pictures[template.attach] = self._picture(template, unit)
            age = (
                template.name == last,
                pictures[template.attach][1],
                self._dress.get(way.dress, -1),
                way.lot,
            )
            ranked.append((age, way))
        for age, way in sorted(ranked):
            card = self._deck.card(way.template, way.units)
            if card is None:
                continue
            said = self._said.get(card.key)
            if said is None or at - said >= COOLDOWN:
                picture, _ = pictures[way.template.attach]
                return Choice(unit, card, picture, (*rank, age[0], age[1]))
        return None

    def _ways(self, lead: Unit) -> list[Way]:
        """Everything that this unit can lead in, now, whether it fits or not."""
        known = self._known_ways.get(lead.lead.id)
        if known is None:
            templates = self._deck.templates(lead)
            single = [template for template in templates if len(template.draws) == 1]
            alone = [self._way(template, (lead,)) for template in single]
            others = [template for template in templates if len(template.draws) > 1]
            known = self._known_ways[lead.lead.id] = (alone, others)
        alone, others = known
        together = [
            self._way(template, (lead, *rest))
            for template in others
            for rest in product(*(self._waiting(kind)[:PARTNERS] for kind in template.draws[1:]))
        ]
        return alone + together if together else alone

    def _way(self, template: Template, units: tuple[Unit, ...]) -> Way:
        draws = tuple(passage.id for unit in units for passage in unit.passages)
        return Way(template, units, (template.name, draws), _lot(self._seed, template.name, *draws))

    def _waiting(self, kind: Kind) -> list[Unit]:
        return [unit for unit in self._new + self._used if unit.lead.kind == kind]

    def _picture(self, template: Template, unit: Unit) -> tuple[Asset, bool]:
        """One of the template's pictures, another than the last one's where it has another."""
        pictures = self._deck.pictures(template, unit)
        last = None if self._last is None else self._last.picture
        others = [picture for picture in pictures if picture.path != last]
        choice = min(others or pictures, key=lambda each: _lot(self._seed, unit.lead.id, each.path))
        return choice, not others

    def _play(self, card: Card, picture: Asset, at: datetime) -> None:
        self._remember(
            Use(self._number, at, card.key, card.template.name, card.draws, picture.path)
        )
        moved = {unit.lead.id: unit for name in card.draws for unit in self._deck.holding[name]}
        for unit in moved.values():
            (self._new if unit in self._new else self._used).remove(unit)
        units = list(moved.values())
        self._used += units if len(units) == 1 else self._by_waiting(units)[1]

    def _by_waiting(self, units: Sequence[Unit]) -> tuple[list[Unit], list[Unit]]:
        """The units never used, and the used ones, those that waited longest first.

        A unit is as recent as its most recent passage. Of two that are equal, one that leads with
        older words comes first, then one without companions.
        """

        def waiting(unit: Unit) -> tuple[int, int, int, str]:
            last = [self._passage.get(passage.id, (-1,))[0] for passage in unit.passages]
            return max(last), last[0], len(last), unit.lead.id

        ordered = sorted(units, key=waiting)
        new = [unit for unit in ordered if waiting(unit)[0] < 0]
        return new, ordered[len(new) :]

    def _remember(self, use: Use) -> None:
        """Takes in that a text was used. Of what it drew, passages that are gone count no more."""
        self._said[use.text_key] = use.at
        self._dress[use.template, use.draws] = use.number
        self._last = use
        known = [self._deck.passages[name] for name in use.draws if name in self._deck.passages]
        for passage in known:
            self._passage[passage.id] = (use.number, use.at)
            self._statement[passage.statement.id] = use.number
            self._kind[passage.kind] = use.number
        self._last_speakers = frozenset(map(_speaker, known))

    def _why(self, choice: Choice, at: datetime, skipped: int) -> Why:
        last = self._passage.get(choice.unit.lead.id)
        return Why(
            None if last is None else self._number - last[0],
            None if last is None else at - last[1],
            skipped,
            *(not gives_way for gives_way in choice.gives_way),
        )


def _speaker(passage: Passage) -> str:
    return passage.speaker or passage.statement.publisher
