"""Pure: a template, its passages, a picture and a network's limits to a post.

The engine puts the quotation marks and chooses how much of a quotation and of an attribution there
is room for; a template can do neither. A text that does not fit gives way to a shorter form of the
words, and when there is none left, to a shorter attribution. Nothing is ever cut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.content import make_environment
from bot.content.words import joined, marked
from bot.domain import Asset, Attachment, Campaign, Limits, Passage, Post, Template
from bot.media import alt_for

if TYPE_CHECKING:
    import jinja2

_TOO_MANY_BLANK_LINES = re.compile(r"\n{3,}")
_SPACE_AT_LINE_END = re.compile(r"[ \t]+\n")


class Composed(NamedTuple):
    """A text that fits: with which forms of the words, and which attributions, one per unit drawn.

    `length` is in the network's units. Where even the shortest text is too long, this is that one,
    and `fits` is False.
    """

    text: str
    length: int
    words: tuple[str, ...]
    by: tuple[str, ...]
    fits: bool


class Unit:
    """What is drawn as one: a passage, with what it must stand with, if it may not stand alone."""

    __slots__ = ("lead", "partner")

    def __init__(self, lead: Passage, partner: Passage | None = None) -> None:
        self.lead = lead
        self.partner = partner

    @property
    def passages(self) -> tuple[Passage, ...]:
        return (self.lead,) if self.partner is None else (self.lead, self.partner)

    @property
    def forms(self) -> tuple[str, ...]:
        """Every wording, longest first; with a partner, its words follow after an `…`."""
        if self.partner is None:
            return self.lead.forms
        together = (joined(*each) for each in product(self.lead.forms, self.partner.forms))
        return tuple(sorted(together, key=len, reverse=True))


class _Words:
    """What a template sees of a unit. Printed, it is the words between quotation marks."""

    __slots__ = ("_marked", "by", "publisher", "to", "when")

    def __init__(self, unit: Unit, marked: str, by: str) -> None:
        self._marked = marked
        self.by = by
        self.when = unit.lead.statement.when
        self.publisher = unit.lead.statement.publisher
        if unit.lead.kind == "demand":
            self.to = unit.lead.to

    def __str__(self) -> str:
        return self._marked


class Composer:
    """Composes the posts of one campaign, and remembers them, since they are always the same."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._environment: jinja2.Environment | None = None
        self._compiled: dict[str, jinja2.Template] = {}
        self._composed: dict[tuple[str, tuple[str, ...], Limits], Composed] = {}

    def compose(self, template: Template, units: Sequence[Unit], limits: Limits) -> Composed:
        """The longest text that fits the limits, in the order of the module's docstring.

        `units` are in the order of `template.draws`. Where nothing fits, the shortest text there
        is.
        """
        key = (template.name, tuple(unit.lead.id for unit in units), limits)
        found = self._composed.get(key)
        if found is None:
            found = self._composed[key] = self._fit(template, units, limits)
        return found

    def _fit(self, template: Template, units: Sequence[Unit], limits: Limits) -> Composed:
        shortest: Composed | None = None
        for words, by in _ladder(units):
            text = self._render(template, units, words, by)
            length = limits.measure(text)
            composed = Composed(text, length, words, by, fits=length <= limits.text)
            if composed.fits:
                return composed
            if shortest is None or length < shortest.length:
                shortest = composed
        assert shortest is not None, "a passage has at least one form and one attribution"
        return shortest

    def _render(
        self, template: Template, units: Sequence[Unit], words: Sequence[str], by: Sequence[str]
    ) -> str:
        names: dict[str, Any] = {"hashtag": self._campaign.hashtag, "links": self._campaign.links}
        for unit, its_words, its_by in zip(units, words, by, strict=True):
            quoted = marked(its_words, unit.lead.statement.language)
            names[unit.lead.kind] = _Words(unit, quoted, its_by)
        return tidy(self._compile(template).render(names))

    def _compile(self, template: Template) -> jinja2.Template:
        compiled = self._compiled.get(template.name)
        if compiled is None:
            if self._environment is None:
                self._environment = make_environment()
            compiled = self._environment.from_string(template.body)
            self._compiled[template.name] = compiled
        return compiled


def _ladder(units: Sequence[Unit]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Words and attributions from the fullest to the shortest: the words give way first."""
    for by in _longest_first([unit.lead.by for unit in units]):
        for words in _longest_first([unit.forms for unit in units]):
            yield words, by


def _longest_first(each: Sequence[Sequence[str]]) -> Iterable[tuple[str, ...]]:
    """Every choice of one from each; what is longest together comes first."""
    choices = product(*each)
    if len(each) == 1:  # these are in order already
        return choices
    return sorted(choices, key=lambda chosen: sum(map(len, chosen)), reverse=True)


def tidy(text: str) -> str:
    """The rendered text as it goes out: NFC, no space at line ends, no pile of blank lines."""
    text = _SPACE_AT_LINE_END.sub("\n", text.strip() + "\n").rstrip("\n")
    return unicodedata.normalize("NFC", _TOO_MANY_BLANK_LINES.sub("\n\n", text))


def dressed(text: str, picture: Asset, language: str) -> Post:
    """The text and its picture as they go out, with the alt text of the language."""
    attachment = Attachment(
        path=picture.path,
        alt=alt_for(picture, language),
        mime=picture.mime,
        bytes=picture.bytes,
        sha256=picture.sha256,
    )
    return Post(text, (attachment,), language)
