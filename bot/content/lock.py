"""messages/sources.lock: what was verified, and whether the content still is that.

Only what stands here as it is now may go out. The lock has, of each statement, in which source its
words were found; of each passage, a hash of its words and one of what is said about them, and both
in full, so that after an edit people see what was verified beside what stands there now; and of
each picture, the hash of the bytes that somebody looked at.

What it attests: that these words stood, in this order, in a text with this hash, those of a quote
between double quotation marks; and that since then nobody edited them, nor who says them, to whom
and when, nor who published them. What it can't prove: that the text is what was published; that the
right person, addressee or month is named, since no program reads that; that a short form keeps the
sense; and that nobody wrote the lock by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from bot.characters import called, looks
from bot.content.reading import Findings, Reader, shown
from bot.content.tables import Table, read_table
from bot.content.writing import quoted, write_whole
from bot.domain import EMPTY, Asset, Campaign, Passage, Place, Problem

PATH = "messages/sources.lock"

EDITED = ("lock-edited", "lock-attribution")
"""The rules of what was verified and is no longer what it was: these are told first."""

_PICTURES = "media/"
"""The table of the pictures; no statement can be called that."""

_HEADER = """\
# Written by `bot verify`; don't edit it. Only what is here goes out: passages that were found, word
# for word, in a source text, and pictures that were looked at, each by its hash. When one was
# edited, run `bot verify SOURCE…` again, and look at what changes here: under .words and .text,
# that the words were edited; under .said and .about, that who said them, to whom or when was,
# which a person has to compare.
"""

_NOTHING_COMPARED = Problem(
    "lock-missing",
    Place(PATH),
    "No passage was ever compared with its source, so none goes out",
    "Run `bot verify SOURCE…` with the texts that the passages were taken from.",
)
_NOTHING_SEEN = Problem(
    "picture-unverified",
    Place(PATH),
    "No picture was ever looked at, so none goes out",
    "Look at them, then run `bot verify` (without a source): it locks their bytes.",
)

_VERIFY = "Run `bot verify SOURCE…` with its source"


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement's part of the lock: the source's file name and hash, and what was found there.

    By the passage's name: `words` is the hash of its kind, text, short forms and companion; `said`
    that of who says it, to whom, when, and who published it; `text` its text and short forms;
    `about` the other in a line. Older locks have the hashes only. `verified` is the day on which
    exactly this was first found (an ISO date; empty in a lock that was written before days were
    kept).
    """

    source: str
    sha256: str
    words: Mapping[str, str]
    said: Mapping[str, str]
    text: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)
    about: Mapping[str, str] = field(default_factory=dict, compare=False)
    verified: str = field(default="", compare=False)


class Lock(NamedTuple):
    """What was verified: an entry for each statement, by id; the hash of each picture, by path."""

    statements: Mapping[str, Entry] = EMPTY
    pictures: Mapping[str, str] = EMPTY


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


def _about(passage: Passage) -> str:
    """What is said about the words, for people."""
    statement = passage.statement
    to = [f"to {passage.to}"] if passage.to else []
    parts = [" / ".join(passage.by), *to, statement.publisher, statement.when, statement.language]
    return "; ".join(parts)


def name_of(passage: Passage) -> str:
    """What the passage is called within its statement."""
    return passage.id.rpartition("/")[2]


def entry_of(source: str, sha256: str, passages: Sequence[Passage]) -> Entry:
    """The entry of a statement whose passages were all found in this source."""
    return Entry(
        source=source,
        sha256=sha256,
        words={name_of(passage): words_hash(passage) for passage in passages},
        said={name_of(passage): said_hash(passage) for passage in passages},
        text={name_of(passage): passage.forms for passage in passages},
        about={name_of(passage): _about(passage) for passage in passages},
    )


# The file ----------------------------------------------------------------------------------------


def write_lock(root: Path, lock: Lock) -> Path:
    """Writes the lock, whole or not at all, and returns its path. Raises OSError."""
    path = root / PATH
    write_whole(path, lock_text(lock))
    return path


def lock_text(lock: Lock) -> str:
    """The lock as it is written: TOML, sorted, so that a change shows as the lines it touches."""
    parts = [
        _HEADER,
        *(_entry_text(name, lock.statements[name]) for name in sorted(lock.statements)),
    ]
    if lock.pictures:
        lines = [f'["{_PICTURES}"]']
        lines += [f'{quoted(path)} = "{lock.pictures[path]}"' for path in sorted(lock.pictures)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _entry_text(name: str, entry: Entry) -> str:
    lines = [f"[{name}]", f"source = {quoted(entry.source)}", f'sha256 = "{entry.sha256}"']
    if entry.verified:
        lines.append(f"verified = {quoted(entry.verified)}")
    for part, values in (
        ("words", {name: quoted(digest) for name, digest in entry.words.items()}),
        ("text", {name: _list(forms) for name, forms in entry.text.items()}),
        ("said", {name: quoted(digest) for name, digest in entry.said.items()}),
        ("about", {name: quoted(about) for name, about in entry.about.items()}),
    ):
        if values:
            lines += ["", f"[{name}.{part}]", *(f"{n} = {values[n]}" for n in sorted(values))]
    return "\n".join(lines) + "\n"


def _list(texts: Iterable[str]) -> str:
    """A line for each text, so that a change of one shows as one."""
    each = [quoted(text) for text in texts]
    if len(each) == 1:
        return f"[{each[0]}]"
    return "\n".join(["[", *(f"  {text}," for text in each), "]"])


def read_lock(root: Path) -> tuple[Lock, list[Problem]]:
    """The lock, and what is wrong with the file. No file is an empty lock. Raises nothing."""
    findings = Findings()
    if not os.path.lexists(root / PATH):
        return Lock(), []
    top = read_table(Reader(root, findings), PATH)
    lock = Lock() if top is None else _read(top)
    if findings.problems:
        return Lock(), [_with_fix(problem) for problem in findings.problems]
    return lock, []


def _with_fix(problem: Problem) -> Problem:
    fix = "The program writes this file: restore it, or delete it and run `bot verify SOURCE…`."
    return Problem("lock-unreadable", problem.where, problem.what, fix)


def _read(top: Table) -> Lock:
    statements, pictures = {}, {}
    for name in top.data:
        table = top.table(name)
        if table is not None and name == _PICTURES:
            pictures = _texts(table)
        elif table is not None:
            statements[name] = _read_entry(table)
    return Lock(statements, pictures)


def _read_entry(table: Table) -> Entry:
    source, sha256 = table.text("source", required=True), table.text("sha256", required=True)
    verified = table.text("verified")
    words, said = table.table("words", required=True), table.table("said", required=True)
    text, about = table.table("text"), table.table("about")
    table.close()
    return Entry(
        source,
        sha256,
        _texts(words),
        _texts(said),
        {} if text is None else {name: text.texts(name) for name in text.data},
        _texts(about),
        verified,
    )


def _texts(table: Table | None) -> dict[str, str]:
    return {} if table is None else {name: table.text(name) for name in table.data}


# Comparing ---------------------------------------------------------------------------------------


def check_passages(passages: Mapping[str, Passage], lock: Lock) -> dict[str, Problem]:
    """What keeps each passage from being what was verified, by its id; the others are."""
    found = {
        name: problem
        for name, passage in passages.items()
        if (problem := _check_passage(passage, lock.statements.get(passage.statement.id)))
    }
    if not lock.statements:  # one mistake, one message
        return dict.fromkeys(found, _NOTHING_COMPARED)
    return found


def _check_passage(passage: Passage, entry: Entry | None) -> Problem | None:
    name = name_of(passage)
    if entry is None or name not in entry.words:
        what, fix = f"`{passage.id}` was never verified", f"{_VERIFY}."
        several = f"{{count}} passages of `{passage.statement.id}` were never verified"
        about = (f"`{name}`",)
        return Problem("lock-unverified", passage.where, what, fix, about=about, several=several)
    if entry.words[name] != words_hash(passage):
        what = f"`{passage.id}` is no longer what was verified"
        if name in entry.text:
            what += _both(entry.text[name], passage.forms)
        return Problem("lock-edited", passage.where, what, f"{_VERIFY}, or undo the edit.")
    if entry.said.get(name) != said_hash(passage):
        what = f"Who says `{passage.id}`, to whom or when is no longer what was verified"
        if name in entry.about:
            what += _both([entry.about[name]], [_about(passage)])
        fix = "Compare it with the source yourself; no program can. Then run `bot verify SOURCE…`."
        about, several = (f"`{name}`",), _of_statement(passage, entry.about.get(name, ""))
        return Problem("lock-attribution", passage.where, what, fix, about=about, several=several)
    return None


def _of_statement(passage: Passage, then: str) -> str:
    """How it is told of several passages where the statement's own part was edited, and no more."""
    statement, now = passage.statement, _about(passage)
    tail = f"; {statement.publisher}; {statement.when}; {statement.language}"
    own = now.removesuffix(tail)
    if own == now or not then.startswith(f"{own}; "):
        return ""
    both = _both([then.removeprefix(f"{own}; ")], [tail.removeprefix("; ")])
    said = f"The publisher, date or language of `{statement.id}` is no longer what was verified"
    return f"{said}{both}. That concerns {{count}} passages"


def _both(then: Sequence[str], now: Sequence[str]) -> str:
    """Both wordings side by side, of the first form that has another."""
    for before, after in zip_longest(then, now, fillvalue=""):
        if before != after:
            if before and after and (alike := _alike(before, after)):
                return alike
            old, new = _parting(before.split(), after.split())
            if not before or not after:
                return f": “{new}” was added" if after else f": “{old}” was taken out"
            return f": verified was “{old}”, now it is “{new}”"
    return ": its kind, or what it stands with"


def _alike(then: str, now: str) -> str:
    """What two wordings part in that look the same to people; empty where they don't."""
    if looks(then) != looks(now) and then.split() != now.split():
        return ""
    at = next(n for n, (a, b) in enumerate(zip_longest(then, now)) if a != b)
    old, new = (called(text[at]) if at < len(text) else "nothing" for text in (then, now))
    before = shown(f"… {now[:at].rpartition(' ')[2]}")
    return f": it looks the same, but after “{before}” it has {new}, where {old} was verified"


def _parting(one: Sequence[str], other: Sequence[str]) -> tuple[str, str]:
    """Where two wordings part, with a few words before it and after it."""
    most = min(len(one), len(other))
    first = next((n for n in range(most) if one[n] != other[n]), most)
    most -= first
    last = next((n for n in range(most) if one[-1 - n] != other[-1 - n]), most)
    start = max(first - 3, 0)

    def piece(words: Sequence[str]) -> str:
        end = min(len(words) - last + 3, len(words))
        inner = shown(" ".join(words[start:end]), 160)
        return ("… " if start else "") + inner + (" …" if end < len(words) else "")

    return piece(one), piece(other)


def check_bytes(pictures: Mapping[str, Asset], lock: Lock) -> dict[str, Problem]:
    """What keeps each picture from being what somebody looked at, by its path; the others are."""
    found = {
        path: problem
        for path, asset in pictures.items()
        if (problem := _check_bytes(path, asset, lock.pictures.get(path)))
    }
    if not lock.pictures:  # one mistake, one message
        return dict.fromkeys(found, _NOTHING_SEEN if lock.statements else _NOTHING_COMPARED)
    return found


def _check_bytes(path: str, asset: Asset, locked: str | None) -> Problem | None:
    where = asset.where if asset.where.file.startswith("media/") else Place(path)
    fix = "Look at it, then run `bot verify` (without a source): it locks its bytes."
    if locked is None:
        what, several = f"{path} was never verified", "{count} pictures were never verified"
        return Problem("picture-unverified", where, what, fix, about=(path,), several=several)
    if locked != asset.sha256:
        what = f"{path} is not the picture that was verified"
        several = "{count} pictures are not those that were verified"
        return Problem("picture-edited", where, what, fix, about=(path,), several=several)
    return None


def left_over(campaign: Campaign, lock: Lock, root: Path) -> Iterator[Problem]:
    """Warns of what the lock under this root has and the content hasn't."""
    fix = "Run `bot verify SOURCE…`, which takes it out."
    for statement, entry in sorted(lock.statements.items()):
        for name in sorted(entry.words):
            if f"{statement}/{name}" not in campaign.passages:
                what = f"The lock knows `{statement}/{name}`, which isn't there any more"
                where = Place(PATH, _line_of(statement, root))
                yield Problem("lock-stale", where, what, fix, severity="warning")


def _line_of(statement: str, root: Path) -> int:
    """Where a statement's part of the lock begins. Looked for only when it is to be said."""
    lines = (root / PATH).read_text("utf-8").split("\n")
    return next((n for n, line in enumerate(lines, 1) if line.strip() == f"[{statement}]"), 1)
