"""New content before it is written: its text, what is wrong with it, and the posts it would make.

`bot new` asks; here is what the answers come to. A `Draft` holds texts that are not on the disk
yet and reads the campaign as if they were, so that every rule of the content and the very composer
of the posts judge them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bot.composing import Composed
from bot.content import Loaded, read
from bot.content.reading import one_line
from bot.content.words import DOUBLE_QUOTES, normalise, short_fault
from bot.content.writing import quoted, write_whole
from bot.domain import Campaign, Kind, Limits, Problem
from bot.errors import UsageError
from bot.planning import Planner
from bot.provenance import Source, difference

__all__ = ["Draft", "Fault", "Made", "Source"]

_MARKS = f'"{DOUBLE_QUOTES}'
_SLUG_WORDS = 3

_EXPECTED = frozenset({"nothing-there", "missing-folder", "no-passages", "missing-file"})
"""What is wrong with every campaign at its beginning, and will be mended by going on."""


class Made(NamedTuple):
    """A post that would be made: for which account, by which template, how long it may be."""

    account: str
    template: str
    composed: Composed
    limit: int


class Fault(NamedTuple):
    """What is wrong with an answer, and what to do."""

    what: str
    fix: str


@dataclass(frozen=True)
class Draft:
    """The campaign under a root, with these texts by path in place of the disk's."""

    root: Path
    limits: Mapping[str, Limits]
    texts: Mapping[str, str] = field(default_factory=dict)
    _seen: dict[str, str | None] = field(default_factory=dict)

    def having(self, path: str, text: str) -> Draft:
        return replace(self, texts={**self.texts, path: text})

    def text(self, path: str) -> str | None:
        """A file's text, line ends as they are; None where there is none."""
        if path in self.texts:
            return self.texts[path]
        if path not in self._seen:
            self._seen[path] = self._on_disk(path)
        return self._seen[path]

    def _on_disk(self, path: str) -> str | None:
        file = self.root / path
        return file.read_bytes().decode("utf-8") if file.exists() else None

    @cached_property
    def _loaded(self) -> Loaded:
        return read(self.root, known_networks=self.limits, instead=self.texts)

    @property
    def campaign(self) -> Campaign:
        """As much as could be read."""
        return self._loaded.whole

    def problems(self, path: str) -> list[Problem]:
        """What is wrong with one file, but for what a beginning always lacks."""
        return [
            problem
            for problem in self._loaded.problems
            if problem.where.file == path and problem.rule not in _EXPECTED
        ]

    def made(self, *, passage: str = "", template: str = "") -> Iterator[Made]:
        """Every post that a passage, or a template, would be in."""
        sound = self._loaded.sound
        planner = Planner(sound, self.limits)
        for account in sound.accounts.values():
            deck = planner.deck(account)
            for each, units, composed in deck.every():
                drawn = {part.id for unit in units for part in unit.passages}
                if each.name == template or passage in drawn:
                    yield Made(account.name, each.name, composed, deck.limits.text)

    def write(self) -> None:
        """Writes the texts, each whole or not at all.

        Raises UsageError where a file is not any more what it was when it was read; and OSError.
        """
        for path in self.texts:
            if self._on_disk(path) != self._seen.get(path):
                raise UsageError(
                    what=f"{path} was edited in the meantime; nothing was written.",
                    fix="Run the same command again.",
                )
        for path, text in self.texts.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.root / path, text)


# Words -------------------------------------------------------------------------------------------


def bare(words: str) -> str:
    """The words on one line, without quotation marks that stand around all of them."""
    words = one_line(words)
    inner = words[1:-1].strip()
    if len(words) > 2 and words[0] in _MARKS and words[-1] in _MARKS:
        return words if any(mark in inner for mark in _MARKS) else inner
    return words


def as_published(words: str, kind: Kind, sources: Mapping[str, Source]) -> tuple[str, Fault | None]:
    """The words with the marks and dashes that the source has, or what is wrong with them."""
    wanted = normalise(words)
    nearest: tuple[str, Source] | None = None
    for name, source in sources.items():
        spans = list(source.text.find(wanted))
        spoken = [span for span in spans if source.is_speech(span)]
        if spans and kind == "quote" and not spoken:
            fix = "A quote is direct speech. Is it a position, a demand or a fact?"
            return words, Fault(f"In {name} this is not between quotation marks", fix)
        if spans:
            first = (spoken or spans)[0]
            return source.text.spaced[first.start : first.end], None
        nearest = nearest or (name, source)
    if nearest is None:
        return words, None
    name, source = nearest
    return words, Fault(f"{name} doesn't have this word for word", difference(wanted, source))


def short_form_fault(text: str, forms: Sequence[str], short: str) -> Fault | None:
    """What is wrong with another short form of a text that has these already."""
    if len(short) >= len((text, *forms)[-1]):
        return Fault("It is not shorter than the one before it", "Shorten it further.")
    fault = short_fault(text, short)
    return None if fault is None else Fault(fault.what, fault.fix)


def slug(words: str, taken: Collection[str], otherwise: str) -> str:
    """A free name made of the first words."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    found = [word for word in re.findall(r"[a-z0-9]+", plain) if len(word) > 2]
    stem = "-".join(found[:_SLUG_WORDS]) or otherwise
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


# The texts of files ------------------------------------------------------------------------------


def table(header: str, fields: Mapping[str, str | bool | Sequence[str]]) -> str:
    """A TOML table; what is empty is left out."""
    lines = [f"[{header}]"]
    for key, value in fields.items():
        if isinstance(value, bool):
            lines += [f"{key} = true"] if value else []
        elif isinstance(value, str):
            lines += [f"{key} = {quoted(value)}"] if value else []
        elif value:
            lines += [f"{key} = [", *(f"  {quoted(item)}," for item in value), "]"]
    return "\n".join(lines) + "\n"


def appended(before: str, block: str) -> str:
    """The text with a block at its end, in its own line ends; all else stays as it is."""
    end = "\r\n" if "\r\n" in before else "\n"
    ending = before[len(before.rstrip("\r\n")) :].count("\n")
    gap = "" if not before else end * max(2 - ending, 0)
    return before + gap + block.replace("\n", end)


def statement(publisher: str, when: str, language: str) -> str:
    lines = [f"publisher = {quoted(publisher)}", f"when = {quoted(when)}"]
    return "\n".join([*lines, f"language = {quoted(language)}"]) + "\n"


def template(draws: Sequence[str], attach: Sequence[str], body: str, *, language: str = "") -> str:
    head = [f"draws: {', '.join(draws)}", f"attach: {', '.join(attach)}"]
    head += [f"language: {language}"] if language else []
    return "\n".join([*head, "---", body.strip("\n")]) + "\n"


def plain_body(draws: Sequence[str]) -> str:
    """A body to begin with: the words, whose they are, of when, and the hashtag."""
    opening = f"{{{{ {draws[0]}.when }}}}: " if draws[0] == "fact" else ""
    parts = [f"{{{{ {kind} }}}}\n\n— {{{{ {kind}.by }}}}, {{{{ {kind}.when }}}}" for kind in draws]
    return "\n\n".join([opening + parts[0], *parts[1:], "{{ hashtag }}"])


def campaign(name: str, hashtag: str, zone: str, language: str, times: Sequence[str]) -> str:
    """campaign.toml, for one account on X."""
    listed = ", ".join(map(quoted, times))
    return f"""\
# The campaign as a whole. What stands behind a # is a note to people. docs/editors.md explains it.

[campaign]
name = {quoted(name)}
hashtag = {quoted(hashtag)}
timezone = {quoted(zone)}
language = {quoted(language)}

# true: only posts that somebody signed off go out (bot approve). Then `starts` must be set, too.
approval = false

[schedule]
times = [{listed}]
# starts = 2026-12-01

[accounts.x]
network = "x"
"""
