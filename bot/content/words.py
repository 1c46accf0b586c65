"""Pure: comparing words with the text that they were taken from; their marks.

Two texts are compared in plain form: typographic quotes, dashes and white space as plain ones,
letters with accents in one piece (NFC), and nothing else. Case, spelling and misspelling must be
the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from bot.characters import called, parted

ELLIPSIS = "…"
"""Stands for words that were left out."""

SINGLE_QUOTES = "‘’‚‛′ʼ‹›`´＇"
DOUBLE_QUOTES = "“”„‟″«»＂〝〞"
DASHES = "‐‑‒–—―−"

_PLAIN = (
    dict.fromkeys(SINGLE_QUOTES, "'")
    | dict.fromkeys(DOUBLE_QUOTES, '"')
    | dict.fromkeys(DASHES, "-")
)
_TYPOGRAPHIC = re.compile(f"[{''.join(_PLAIN)}]")
_WHITE = re.compile(r"\s+")
_JOINS_LETTERS = "'’ʼ-‐‑"
_JOINS_DIGITS = ".,"
_SENTENCE_END = re.compile(r"[.!?]['\")\]]*$")
_FINAL_MARK = re.compile(r"[.!?]*['\")\]]*(?=\s|$)")
_SENTENCES = r"(?<=[.!?])['\")\]]*\s"
_EDGES = r"^\W+|\W+$"

MARKS: Mapping[str, tuple[str, str]] = {
    "en": ("“", "”"),
    "be": ("«", "»"),
    "de": ("„", "“"),
    "es": ("«", "»"),
    "fr": ("«\N{NO-BREAK SPACE}", "\N{NO-BREAK SPACE}»"),
    "it": ("«", "»"),
    "nl": ("“", "”"),
    "pl": ("„", "”"),
    "pt": ("«", "»"),
    "ru": ("«", "»"),
    "uk": ("«", "»"),
}
"""Quotation marks by language; a language that is not listed gets the English ones."""

_NEGATIONS = {
    "en": r"\b(?:not|no|never|nor|neither|none|nobody|nothing|nowhere|without|cannot|\w+n't|unless"
    r"|den(?:y|ies|ied|ying|ials?)|refus(?:e[sd]?|ing|als?)|reject(?:s|ed|ing)?"
    r"|hardly|barely|scarcely|fail(?:s|ed|ing)? to|yet to)\b",
    "be": r"\b(?:не|ні|няма|ніколі|ніхто|нічога|ніяк\w*|без)\b",
    "de": r"\b(?:nicht|nichts|nie|niemals|niemand\w*|nirgends|kein\w*|ohne|weder|kaum"
    r"|verweiger\w*)\b",
    "es": r"\b(?:no|ni|nunca|jamás|nada|nadie|ningún|ningun\w*|tampoco|sin|rechaz\w*)\b",
    "fr": r"\b(?:n'|(?:ne|ni|non|pas|jamais|rien|sans|aucune?s?|nul(?:le)?|refus\w*|rejet\w*)\b)",
    "it": r"\b(?:non|né|mai|nulla|niente|nessun\w*|senza|rifiut\w*)\b",
    "nl": r"\b(?:niet|niets|niemand|nooit|nergens|geen|zonder|noch|weiger\w*)\b",
    "pl": r"\b(?:nie|nigdy|nikt|nic|nikogo|niczego|żad\w*|bez|ani|odm[oó]w\w*)\b",
    "pt": r"\b(?:não|nem|nunca|jamais|nada|ninguém|nenhum\w*|sem|recus\w*)\b",
    "ru": r"\b(?:не|ни|нет|никогда|никто|ничего|никак\w*|нельзя|без|отказ\w*)\b",
    "uk": r"\b(?:не|ні|нема\w*|ніколи|ніхто|нічого|ніяк\w*|без|відмов\w*)\b",
}
"""What turns a sentence round, by language. A language that isn't listed is not looked at."""


class Span(NamedTuple):
    """A place in a plain text: from `start` up to, and without, `end`."""

    start: int
    end: int


class Fault(NamedTuple):
    """What is wrong with a short form: the rule, what, and what to do."""

    rule: str
    what: str
    fix: str


def _spaced(text: str) -> str:
    return unicodedata.normalize("NFC", _WHITE.sub(" ", text).strip(" "))


def _plain(text: str) -> str:
    return _TYPOGRAPHIC.sub(lambda match: _PLAIN[match.group()], text)


def normalise(text: str) -> str:
    """The plain form: quotes to ' and ", dashes to -, runs of white space to one space.

    White space at the ends goes, and an accent is one character with its letter, as Unicode's NFC
    has it. Nothing else changes: case, spelling, accents and ellipses stay.
    """
    return _plain(_spaced(text))


class Text:
    """A text to find words in. `plain` is compared; `spaced` is as long, with its own marks."""

    def __init__(self, text: str) -> None:
        self.spaced = _spaced(text)
        self.plain = _plain(self.spaced)

    def find(self, words: str, start: int = 0) -> Iterator[Span]:
        """Where these words stand from `start` on, whole words only. `words` are in plain form."""
        if not words:
            return
        at = self.plain.find(words, start)
        while at >= 0:
            end = at + len(words)
            if not self._joined(at) and not self._joined(end):
                yield Span(at, end)
            at = self.plain.find(words, at + 1)

    def _joined(self, at: int) -> bool:
        """Whether the characters before and after this position belong to one word."""
        before, after = self.spaced[max(at - 2, 0) : at], self.spaced[at : at + 2]
        if not before or not after:
            return False
        if _in_word(before[-1]) and _in_word(after[0]):
            return True
        around_mark = ((before[-1], after[0], after[1:]), (before[:-1], before[-1], after[0]))
        return any(_joins(*around) for around in around_mark)

    def starts_sentence(self, at: int) -> bool:
        """Whether a sentence starts here: after a full stop or the like, and not in lower case."""
        before = self.plain[:at].rstrip(" ")
        return not before or (_stops(before) and not self.plain[at].islower())

    def ends_sentence(self, at: int) -> bool:
        """Whether a sentence ends here, or would but for its final punctuation."""
        rest = self.plain[at:]
        if not rest.strip(" '\")]"):
            return True
        mark = _FINAL_MARK.match(rest)
        if mark is None or rest[mark.end() :].lstrip(" \"'([")[:1].islower():
            return False
        return _stops(self.plain[:at] + mark.group())


def _stops(text: str) -> bool:
    return _SENTENCE_END.search(text[-8:]) is not None


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.combining(character) > 0


def _joins(before: str, mark: str, after: str) -> bool:
    """Whether the mark joins what stands around it to one word, as in don't, multi-lateral, 1.5."""
    if mark in _JOINS_LETTERS:
        return bool(before and after) and _in_word(before) and _in_word(after)
    return mark in _JOINS_DIGITS and before.isdigit() and after.isdigit()


def pieces(short: str) -> list[str]:
    """What stands between the ellipses of a short form, in plain form."""
    return [piece for part in normalise(short).split(ELLIPSIS) if (piece := part.strip(" "))]


def short_fault(text: str, short: str) -> Fault | None:
    """What is wrong with a short form of this text, or None.

    It must be the text's own words in order, whole, with `…` wherever words are left out; whole
    sentences at the start or end may go without.
    """
    return _shape_fault(text, short) or _words_fault(text, short)


def _shape_fault(text: str, short: str) -> Fault | None:
    if "..." in short and "..." not in text:
        return Fault(
            "short-ellipsis",
            "The short form has three dots for what is left out",
            "Write `…`, which is one character.",
        )
    if re.search(r"\S…|…\S", short):
        return Fault(
            "short-ellipsis",
            "A `…` in the short form touches a word or another mark",
            "Put a space on each side of it, and only one `…` for each gap.",
        )
    if re.search(r"…\s+…", short) or not pieces(short):
        return Fault(
            "short-ellipsis",
            "The short form has a `…` with no words beside it",
            "Put one `…` for each gap, and the passage's own words around it.",
        )
    return None


def _words_fault(text: str, short: str) -> Fault | None:
    whole = Text(text)
    wanted = pieces(short)
    if _placed(whole, wanted, short) is not None:
        return None
    for piece in wanted:
        if next(whole.find(piece), None) is None:
            return _piece_fault(whole, piece)
    if _placed(whole, wanted, short, marks_matter=False) is None:
        return Fault(
            "short-order",
            "The short form's pieces stand in another order than in the text",
            "Put them in the order of the text.",
        )
    return Fault(
        "short-ellipsis",
        "The short form begins or ends in the middle of a sentence without saying so",
        "Put `… ` where it begins, or ` …` where it ends.",
    )


def _placed(
    whole: Text, wanted: list[str], short: str, *, marks_matter: bool = True
) -> list[Span] | None:
    """Where each piece stands: in order, and beginning and ending where the marks allow it.

    Taking the earliest place for each piece but the last leaves the most room for the others.
    """
    starts_free = short.startswith(ELLIPSIS) or not marks_matter
    ends_free = short.endswith(ELLIPSIS) or not marks_matter
    placed: list[Span] = []
    for number, piece in enumerate(wanted):
        is_first, is_last = number == 0, number == len(wanted) - 1
        for span in whole.find(piece, placed[-1].end if placed else 0):
            may_start = not is_first or starts_free or whole.starts_sentence(span.start)
            may_end = not is_last or ends_free or whole.ends_sentence(span.end)
            if may_start and may_end:
                placed.append(span)
                break
        else:
            return None
    return placed


def _piece_fault(whole: Text, piece: str) -> Fault:
    """Why a piece is not found: a foreign word, another order, or a gap without its mark."""
    own = [_bare(word) for word in whole.plain.split(" ")]
    for word in piece.split(" "):
        if _bare(word) not in own:
            return _foreign_word(own, _bare(word))
    gap = _gap(own, [_bare(word) for word in piece.split(" ")])
    if gap is None:
        return Fault(
            "short-order",
            f"The short form's words stand in another order than in the text: “{piece}”",
            "Keep the order of the text, and put ` … ` where words are left out.",
        )
    before, after = gap
    if after:
        return Fault(
            "short-ellipsis",
            f"The short form leaves words out between `{before}` and `{after}` without saying so",
            "Put ` … ` between them.",
        )
    return Fault(
        "short-own-words",
        f"The short form's punctuation is not the text's: “{piece}”",
        "Copy it from the text; where it breaks off, put ` …`.",
    )


def _bare(word: str) -> str:
    """The word without punctuation around it; punctuation alone stays as it is."""
    return re.sub(_EDGES, "", word) or word


def _foreign_word(own: list[str], word: str) -> Fault:
    odd = next((odd for other in own if (odd := parted(word, other))), None)
    same = next((other for other in own if other.casefold() == word.casefold()), None)
    hint = "" if same is None else f"; the text has `{same}`"
    if odd is not None:
        hint = f" with {called(odd.mine or odd.theirs)}"
    return Fault(
        "short-own-words",
        f"The short form has a word that the text doesn't: `{word}`{hint}",
        "Use the text's own words, exactly, with ` … ` for those left out.",
    )


def _gap(own: list[str], words: list[str]) -> tuple[str, str] | None:
    """Where these words skip some of the text's: the words around the first gap.

    ("", "") if they skip none; None if they don't stand in this order at all.
    """
    if any(own[at : at + len(words)] == words for at in range(len(own))):
        return "", ""
    at = -1
    first: tuple[str, str] | None = None
    for number, word in enumerate(words):
        try:
            found = own.index(word, at + 1)
        except ValueError:
            return None
        if number and found > at + 1 and first is None:
            first = (words[number - 1], word)
        at = found
    return first or (words[0], words[-1])


def left_out_negation(text: str, short: str, language: str) -> str | None:
    """A negation among the words that the short form's ellipses stand for, or None.

    Sentences of which nothing is kept, before the first words or after the last, don't count.
    """
    pattern = _NEGATIONS.get(language.split("-")[0])
    whole = Text(text)
    placed = _placed(whole, pieces(short), short)
    if pattern is None or not placed:
        return None
    gaps = [whole.plain[a.end : b.start] for a, b in pairwise(placed)]
    if short.startswith(ELLIPSIS):
        gaps.append(re.split(_SENTENCES, whole.plain[: placed[0].start])[-1])
    if short.endswith(ELLIPSIS):
        gaps.append(re.split(_SENTENCES, whole.plain[placed[-1].end :])[0])
    found = next((match for gap in gaps if (match := re.search(pattern, gap, re.IGNORECASE))), None)
    return found.group() if found else None


def used_of(text: str, words: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is among these words: the text, or a short form."""
    whole = Text(text)
    spans = [Span(0, len(whole.spaced))] if words == text else _placed(whole, pieces(words), words)
    found: list[tuple[str, bool]] = []
    at = 0
    for start, end in spans or []:
        found += [(whole.spaced[at:start], False), (whole.spaced[start:end], True)]
        at = end
    return [(piece, used) for piece, used in [*found, (whole.spaced[at:], False)] if piece]


def marks_of(language: str) -> tuple[str, str]:
    """The quotation marks of a language ("pt-BR" has those of "pt")."""
    return MARKS.get(language) or MARKS.get(language.partition("-")[0]) or MARKS["en"]


def marked(words: str, language: str) -> str:
    """The words between the quotation marks of their language."""
    opening, closing = marks_of(language)
    return f"{opening}{words}{closing}"


def joined(words: str, others: str) -> str:
    """Words and others, later in the same source, as one quotation."""
    return f"{words} {ELLIPSIS} {others}"
