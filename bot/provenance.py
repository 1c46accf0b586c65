"""Passages against their source texts, and the lock that says they were compared.

`verify` finds all words of a statement (its quotes, positions, demands and facts, each with its
short forms) word for word in one source text. `check_lock` then says, without needing any source,
whether a passage was edited since, or never verified.

What the lock, messages/sources.lock, attests: that these words stood, in this order, in a text with
this hash, those of a quote between double quotation marks; and that since then nobody edited them,
nor who says them, to whom and when, nor who published them. What it can't prove: that the text is
what was published; that the right person, addressee or month is named, since no program reads that;
that a short form keeps the sense; and that nobody wrote the lock by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from bot.characters import parted, told
from bot.content.reading import Findings, Reader, shown
from bot.content.tables import Table, read_table
from bot.content.words import Span, Text, normalise, pieces
from bot.content.writing import quoted, write_whole
from bot.domain import Campaign, Passage, Place, Problem, Statement

__all__ = ["LOCK", "Entry", "Lock", "check_lock", "normalise", "verify", "write_lock"]

LOCK = "messages/sources.lock"

CLOSE = 75.0
"""How alike, of 100, words in a source must be to be shown as what was probably meant."""

_HEADER = """\
# Written by `bot verify`; don't edit it. It says which passages were found, word for word, in which
# source text, by the hash of each; `bot check` compares the passages with it. When one was edited,
# run `bot verify SOURCE…` again, and look at what changes here: under .words, that the words were
# edited; under .said, that who said them, to whom or when was, which a person has to compare.
"""

_OPENS = {"“": '”"', "„": '“”"', "”": '”"', "«": "»", "»": "«", "‟": "”", "〝": "〞", '"': '"”'}
"""Double quotation marks that open a speech, and those that may close it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement's part of the lock: the source's file name and hash, and two hashes a passage.

    Both are by the passage's name. `words` are of its kind, text, short forms and companion; `said`
    of who says it, to whom, when, and who published it. `verified` is the day on which exactly this
    was first found (an ISO date; empty in a lock that was written before days were kept).
    """

    source: str
    sha256: str
    words: Mapping[str, str]
    said: Mapping[str, str]
    verified: str = field(default="", compare=False)
    where: Place = field(default=Place(LOCK), compare=False)


Lock = dict[str, Entry]
"""The lock: an entry for each statement that was verified, by its id."""


def words_hash(passage: Passage) -> str:
    """The hash of what stands in the source: kind, text, short forms, and the passage it needs."""
    return _sha256([passage.kind, passage.text, *passage.short], passage.with_id)


def said_hash(passage: Passage) -> str:
    """The hash of what is said about the words: by whom, to whom, when, published by whom."""
    statement = passage.statement
    about = [passage.to, statement.publisher, statement.when, statement.language]
    return _sha256(passage.by, about)


def _sha256(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


# Verifying ---------------------------------------------------------------------------------------


def verify(
    campaign: Campaign, sources: Mapping[str, str], root: Path, today: date | None = None
) -> tuple[Lock, list[Problem]]:
    """Looks for each statement's words in the sources, which are texts by file name.

    Returns the new lock and everything that was not found, with the nearest words there are. A
    statement that was verified before, and of which no source is given now, keeps its entry; one
    that has a problem has none. `today` is the day for what was not found just like this before.
    Raises nothing.
    """
    texts = [(Path(name).name, Source(text)) for name, text in sorted(sources.items())]
    before, _ = read_lock(root)  # an unreadable lock is written anew
    lock: Lock = {}
    problems: list[Problem] = []
    for statement in campaign.statements.values():
        passages = _passages_of(campaign, statement)
        entry, wrong = _verify_statement(statement, passages, texts, before.get(statement.id))
        problems += wrong
        if entry is not None:
            lock[statement.id] = _dated(entry, before.get(statement.id), today)
    return lock, problems


def _dated(entry: Entry, before: Entry | None, today: date | None) -> Entry:
    if entry is before or (before is not None and before == entry and before.verified):
        return before
    return entry if today is None else replace(entry, verified=today.isoformat())


def _passages_of(campaign: Campaign, statement: Statement) -> list[Passage]:
    return [p for p in campaign.passages.values() if p.statement.id == statement.id]


def _verify_statement(
    statement: Statement,
    passages: Sequence[Passage],
    sources: Sequence[tuple[str, Source]],
    before: Entry | None,
) -> tuple[Entry | None, list[Problem]]:
    if not sources:
        return _kept(statement, passages, before)
    tried = [(name, source, _not_found(passages, source)) for name, source in sources]
    name, source, missing = min(tried, key=lambda each: len(each[2]))
    if not missing:
        return _entry(name, source, passages), []
    if len(missing) == len(passages) and not _any_close(passages, source):
        return _kept(statement, passages, before)
    return None, [_missing_problem(miss, name, source) for miss in missing]


def _entry(name: str, source: Source, passages: Sequence[Passage]) -> Entry:
    return Entry(
        source=name,
        sha256=hashlib.sha256(source.text.plain.encode()).hexdigest(),
        words={_name(passage): words_hash(passage) for passage in passages},
        said={_name(passage): said_hash(passage) for passage in passages},
    )


def _kept(
    statement: Statement, passages: Sequence[Passage], before: Entry | None
) -> tuple[Entry | None, list[Problem]]:
    """What was found before, where no given source is this statement's and nothing was changed."""
    now = {_name(passage): (words_hash(passage), said_hash(passage)) for passage in passages}
    then = {} if before is None else {n: (w, before.said.get(n)) for n, w in before.words.items()}
    if before is not None and now == then:
        return before, []
    what = f"None of the passages of `{statement.id}` stands in a source that was given"
    fix = "Give its source text, too: bot verify SOURCE…"
    return None, [Problem("verify-no-source", statement.where, what, fix)]


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


# The lock ----------------------------------------------------------------------------------------


def _name(passage: Passage) -> str:
    return passage.id.rpartition("/")[2]


def write_lock(root: Path, lock: Lock) -> Path:
    """Writes the lock, whole or not at all, and returns its path. Raises OSError."""
    path = root / LOCK
    write_whole(path, lock_text(lock))
    return path


def lock_text(lock: Lock) -> str:
    """The lock as it is written: TOML, sorted, so that a change shows as the lines it touches."""
    return "\n".join([_HEADER, *(_entry_text(name, lock[name]) for name in sorted(lock))])


def _entry_text(name: str, entry: Entry) -> str:
    lines = [f"[{name}]", f"source = {quoted(entry.source)}", f'sha256 = "{entry.sha256}"']
    if entry.verified:
        lines.append(f"verified = {quoted(entry.verified)}")
    for part, hashes in (("words", entry.words), ("said", entry.said)):
        lines += ["", f"[{name}.{part}]", *(f'{n} = "{hashes[n]}"' for n in sorted(hashes))]
    return "\n".join(lines) + "\n"


def read_lock(root: Path) -> tuple[Lock, list[Problem]]:
    """The lock, and what is wrong with the file. No file is an empty lock. Raises nothing."""
    findings = Findings()
    if not os.path.lexists(root / LOCK):
        return {}, []
    top = read_table(Reader(root, findings), LOCK)
    if top is None:
        return {}, [_with_fix(problem) for problem in findings.problems]
    lock = {name: _read_entry(table) for name in top.data if (table := top.table(name)) is not None}
    return lock, [_with_fix(problem) for problem in findings.problems]


def _with_fix(problem: Problem) -> Problem:
    fix = "The program writes this file: delete it, and run `bot verify SOURCE…`."
    return Problem("lock-unreadable", problem.where, problem.what, fix)


def _read_entry(table: Table) -> Entry:
    source, sha256 = table.text("source", required=True), table.text("sha256", required=True)
    verified = table.text("verified")
    words, said = _read_hashes(table, "words"), _read_hashes(table, "said")
    table.close()
    return Entry(source, sha256, words, said, verified, table.where)


def _read_hashes(table: Table, key: str) -> dict[str, str]:
    hashes = table.table(key, required=True)
    return {} if hashes is None else {name: hashes.text(name) for name in hashes.data}


def check_lock(campaign: Campaign, root: Path) -> list[Problem]:
    """Every passage that was edited since it was verified, or never was; and what is left over.

    Needs no source. Raises nothing.
    """
    lock, problems = read_lock(root)
    if problems:
        return problems
    if not lock:
        what = "No passage was ever compared with its source"
        fix = "Run `bot verify SOURCE…` with the texts that the passages were taken from."
        return [Problem("lock-missing", Place(LOCK), what, fix)]
    found = [_check_passage(p, lock.get(p.statement.id)) for p in campaign.passages.values()]
    problems = [problem for problem in found if problem is not None]
    return problems + list(_left_over(campaign, lock))


def _check_passage(passage: Passage, entry: Entry | None) -> Problem | None:
    name = _name(passage)
    if entry is None or name not in entry.words:
        what = f"`{passage.id}` was never verified"
        return Problem(
            "lock-unverified", passage.where, what, "Run `bot verify SOURCE…` with its source."
        )
    if entry.words[name] != words_hash(passage):
        what = f"`{passage.id}` was edited after it was verified"
        return Problem(
            "lock-edited",
            passage.where,
            what,
            "Run `bot verify SOURCE…` with its source, or undo the edit.",
        )
    if entry.said.get(name) != said_hash(passage):
        what = f"Who says `{passage.id}`, to whom or when was edited after it was verified"
        fix = "Compare it with the source yourself; no program can. Then run `bot verify SOURCE…`."
        return Problem("lock-attribution", passage.where, what, fix)
    return None


def _left_over(campaign: Campaign, lock: Lock) -> Iterator[Problem]:
    fix = "Run `bot verify SOURCE…`, which takes it out."
    for statement, entry in sorted(lock.items()):
        for name in sorted(entry.words):
            if f"{statement}/{name}" not in campaign.passages:
                what = f"The lock knows `{statement}/{name}`, which isn't there any more"
                yield Problem("lock-stale", entry.where, what, fix, severity="warning")
