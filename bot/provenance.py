"""Passages against their source texts: `bot verify`.

All words of a statement (its quotes, positions, demands and facts, each with its short forms) are
looked for, word for word, in one source text. What was found goes into the lock (`content.lock`),
and only what is there is ever posted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from bot.characters import parted, told
from bot.content.lock import Entry, Lock, check_passages, entry_of, read_lock
from bot.content.reading import shown
from bot.content.statements import FOLDER
from bot.content.words import Span, Text, normalise, pieces
from bot.domain import Campaign, Passage, Place, Problem, Statement

CLOSE = 75.0
"""How alike, of 100, words in a source must be to be shown as what was probably meant."""

_OPENS = {"“": '”"', "„": '“”"', "”": '”"', "«": "»", "»": "«", "‟": "”", "〝": "〞", '"': '"”'}
"""Double quotation marks that open a speech, and those that may close it."""


# Verifying ---------------------------------------------------------------------------------------


class Verified(NamedTuple):
    """What a comparison came to: the new lock, and by the statements' ids what became of each.

    `found` has where its words were all found; `partly` in which source some of them were, and how
    many; `kept` are those that no source given is of, and that stay verified as they were. Whatever
    is not found has a problem, and its entry in the lock is what it was. With `nothing` (sources
    that hold no words of any statement) all of the lock is what it was.
    """

    lock: Lock
    problems: list[Problem]
    found: Mapping[str, Entry]
    partly: Mapping[str, tuple[str, int]]
    kept: Sequence[str]
    nothing: Sequence[str]


def verify(
    campaign: Campaign, sources: Mapping[str, str], root: Path, today: date | None = None
) -> Verified:
    """Looks for each statement's words in the sources, which are texts by file name.

    `today` is the day for what was not found just like this before. Raises nothing.
    """
    texts = [(Path(name).name, Source(text)) for name, text in sorted(sources.items())]
    before, _ = read_lock(root)  # an unreadable lock is written anew
    compared = [
        _Comparison(campaign, statement, texts, before)
        for statement in campaign.statements.values()
    ]
    held = {name for each in compared for name in each.holds}
    nothing = [name for name, _ in texts if name not in held]
    if nothing:
        return Verified(before, [_nothing_in(name) for name in nothing], {}, {}, [], nothing)
    problems = [problem for each in compared for problem in each.problems()]
    entries = {
        name: entry
        for name, entry in before.statements.items()
        if (root / FOLDER / f"{name}.toml").exists()
    }
    found = {
        each.statement.id: _dated(entry, entries.get(each.statement.id), today)
        for each in compared
        if (entry := each.entry())
    }
    partly = {each.statement.id: part for each in compared if (part := each.part())}
    kept = [each.statement.id for each in compared if each.is_kept]
    lock = before._replace(statements={**entries, **found})
    return Verified(lock, problems, found, partly, kept, nothing)


def _nothing_in(name: str) -> Problem:
    what = f"{shown(name)} has no words of any statement"
    fix = "Nothing was locked. Give the text that the passages were taken from."
    return Problem("verify-nothing", Place(name), what, fix)


def _dated(entry: Entry, before: Entry | None, today: date | None) -> Entry:
    if before is not None and before == entry and before.verified:
        return replace(entry, verified=before.verified)
    return entry if today is None else replace(entry, verified=today.isoformat())


class _Comparison:
    """A statement held against every source. `holds` are the sources that have words of it."""

    def __init__(
        self,
        campaign: Campaign,
        statement: Statement,
        sources: Sequence[tuple[str, Source]],
        before: Lock,
    ) -> None:
        self.statement = statement
        self._passages = [p for p in campaign.passages.values() if p.statement.id == statement.id]
        tried = [(name, source, _not_found(self._passages, source)) for name, source in sources]
        self._tried = [
            (name, source, missing)
            for name, source, missing in tried
            if len(missing) < len(self._passages) or _any_close(self._passages, source)
        ]
        self.holds = [name for name, _, _ in self._tried]
        unchanged = not check_passages({p.id: p for p in self._passages}, before)
        self.is_kept = unchanged and not self.holds and bool(self._passages)

    @property
    def _best(self) -> tuple[str, Source, list[_Missing]] | None:
        return min(self._tried, key=lambda each: len(each[2]), default=None)

    def entry(self) -> Entry | None:
        """What goes into the lock, where one source holds all words of the statement."""
        if self._best is None or self._best[2] or not self._passages:
            return None
        name, source, _ = self._best
        digest = hashlib.sha256(source.text.plain.encode()).hexdigest()
        return entry_of(name, digest, self._passages)

    def part(self) -> tuple[str, int] | None:
        """The best source and how many passages it holds, where that is not all of them."""
        if self._best is None or not self._best[2]:
            return None
        name, _, missing = self._best
        return name, len(self._passages) - len(missing)

    def problems(self) -> list[Problem]:
        """What was not found."""
        if self._best is not None:
            name, source, missing = self._best
            return [_missing_problem(miss, name, source) for miss in missing]
        if self.is_kept or not self._passages:
            return []
        what = f"None of the passages of `{self.statement.id}` stands in a source that was given"
        fix = "Give its source text, too: bot verify SOURCE…"
        return [Problem("verify-no-source", self.statement.where, what, fix)]


@dataclass(frozen=True, slots=True)
class _Missing:
    """Words that a source doesn't hold: whose they are, and why those it holds don't count."""

    passage: Passage
    words: str
    why: str = ""


def _not_found(passages: Sequence[Passage], source: Source) -> list[_Missing]:
    """The first thing wrong with each passage that this source doesn't hold in full."""
    by_id = {passage.id: passage for passage in passages}
    missing = []
    for passage in passages:
        wrong = _wrong_with(passage, source) or _wrong_with_companion(passage, by_id, source)
        if wrong is not None:
            missing.append(wrong)
    return missing


def _wrong_with(passage: Passage, source: Source) -> _Missing | None:
    text = normalise(passage.text)
    spans = list(source.text.find(text))
    if not spans:
        return _Missing(passage, text)
    if passage.kind == "quote":
        spans = [span for span in spans if source.is_speech(span)]
        if not spans:
            return _Missing(passage, text, "it is not between quotation marks there")
    for short in passage.short:
        if not any(_in_order(pieces(short), source.text, span) for span in spans):
            return _Missing(
                passage, normalise(short), "a short form has other words, or another order"
            )
    return None


def _in_order(wanted: Iterable[str], text: Text, within: Span) -> bool:
    at = within.start
    for piece in wanted:
        span = next(text.find(piece, at), None)
        if span is None or span.end > within.end:
            return False
        at = span.end
    return True


def _wrong_with_companion(
    passage: Passage, by_id: Mapping[str, Passage], source: Source
) -> _Missing | None:
    """Whether the words that this passage stands with come after it in the source."""
    companion = by_id.get(passage.with_id or "")
    if companion is None:
        return None
    first = next(source.text.find(normalise(passage.text)), None)
    words = normalise(companion.text)
    there = list(source.text.find(words))
    if first is None or not there or there[-1].start >= first.end:
        return None
    return _Missing(passage, words, f"they don't come after the words of `{passage.id}`")


def _missing_problem(miss: _Missing, name: str, source: Source) -> Problem:
    what = f"`{miss.passage.id}` is not in {shown(name)} word for word"
    if miss.why:
        what = f"`{miss.passage.id}`: {miss.why}: “{shown(miss.words, 80)}” ({shown(name)})"
        fix = "Take the words from the source as they stand there."
        if miss.passage.kind == "quote" and "quotation" in miss.why:
            fix = "A quote is direct speech; make it a position or a fact if it isn't."
        return Problem("verify-not-found", miss.passage.where, what, fix)
    return Problem("verify-not-found", miss.passage.where, what, difference(miss.words, source))


def _nearest(words: str, source: Source) -> Span | None:
    """Where in the source the words stand that are most like these, if any are close."""
    from rapidfuzz import fuzz

    found = fuzz.partial_ratio_alignment(words, source.text.plain, score_cutoff=CLOSE)
    return None if found is None else Span(found.dest_start, found.dest_end)


def _any_close(passages: Sequence[Passage], source: Source) -> bool:
    return any(_nearest(normalise(passage.text), source) is not None for passage in passages)


def difference(words: str, source: Source) -> str:
    """Where words part from the nearest that the source has."""
    odd = parted(words, source.text.plain)
    if odd is not None:
        return told(odd)
    near = _nearest(words, source)
    if near is None:
        return (
            "Nothing like it stands there. Take the words from the source, or give its own source."
        )
    from difflib import SequenceMatcher

    beside = len(words) // 4
    window = source.text.plain[max(near.start - beside, 0) : near.end + beside]
    ours, theirs = _Tokens(words), _Tokens(window)
    matcher = SequenceMatcher(None, ours.tokens, theirs.tokens, autojunk=False)
    last = len(ours.tokens)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal" and (a < b or 0 < a < last):
            start = max(c, d - (b - a)) if a == 0 else c
            end = min(d, c + (b - a)) if b == last else d
            has, where = theirs.around(start, end), ours.around(a, b)
            return f"The source has “{has}” where this has “{where}”."
    return f"The nearest in the source: “{shown(window, 80)}”."


class _Tokens:
    """A text's words and marks, each on its own, to find the first that differs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans = [match.span() for match in re.finditer(r"\w+(?:['-]\w+)*|[^\w\s]", text)]
        self.tokens = [text[start:end] for start, end in self._spans]

    def around(self, start: int, end: int) -> str:
        """The text of these tokens with that of two before them and one after."""
        first, last = max(start - 2, 0), min(end, start + 6, len(self._spans) - 1)
        piece = self._text[self._spans[first][0] : self._spans[last][1]]
        return ("… " if first else "") + piece + (" …" if last + 1 < len(self._spans) else "")


class Source:
    """A source text in plain form, and where in it people speak."""

    def __init__(self, text: str) -> None:
        paragraphs = [p for p in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")) if p.strip()]
        self.text = Text("\n\n".join(paragraphs))
        self._speech = list(_speech([Text(paragraph) for paragraph in paragraphs]))

    def is_speech(self, span: Span) -> bool:
        """Whether all of it stands between one pair of quotation marks."""
        return any(start <= span.start and span.end <= end for start, end in self._speech)


def _speech(paragraphs: Iterable[Text]) -> Iterator[Span]:
    """What stands between double quotation marks, whatever the language's, as spans of the whole.

    A speech of several paragraphs may open each of them with a mark, and close only the last one.
    """
    offset = 0
    opened: list[tuple[int, str]] = []
    for paragraph in paragraphs:
        for at, (plain, mark) in enumerate(zip(paragraph.plain, paragraph.spaced, strict=True)):
            if plain != '"':
                continue
            if opened and mark in opened[-1][1] and not _goes_on(opened, at, mark):
                start, _ = opened.pop()
                yield Span(start, offset + at)
            elif mark in _OPENS and not (opened and at == 0):
                opened.append((offset + at + 1, _OPENS[mark]))
        offset += len(paragraph.plain) + 1


def _goes_on(opened: Sequence[tuple[int, str]], at: int, mark: str) -> bool:
    """Whether a mark at the start of a paragraph only says that the speech goes on."""
    return bool(opened) and at == 0 and mark in _OPENS
