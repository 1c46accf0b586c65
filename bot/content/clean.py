"""Pure: what was meant for the machine, or for no one, in words that are to go out as they stand.

`RULES` is one table: what to look for, and what is said of it. Beside it stand the characters that
are broken, or that nobody sees. A joiner, or a mark for the direction of writing, is sound where a
script needs it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from bot.characters import called, is_invisible
from bot.content.reading import Findings, shown
from bot.content.tags import SELECTORS
from bot.domain import KINDS, Place, Severity

PRINTED = "\0"
"""Stands for what a template prints, in the own words around it."""

ATTRIBUTES = ("by", "when", "publisher", "to")
"""What a template can print of a passage, besides its words."""


class Rule(NamedTuple):
    """What to look for, how bad it is, and what to say; `{}` is what was found."""

    name: str
    pattern: str
    severity: Severity
    what: str
    fix: str


class Remnant(NamedTuple):
    """Something that should not go out: by which rule, where in the text, and what to say of it."""

    rule: str
    at: int
    severity: Severity
    what: str
    fix: str


_DOTTED = rf"(?:{'|'.join(KINDS)})\.(?:{'|'.join(ATTRIBUTES)})"
_FIELD = rf"(?:{_DOTTED}|{'|'.join(KINDS)}|hashtag|links\.\w+)"
_NAMED = rf"(?P<name>(?i:{_FIELD}))"
_MISWRITTEN = (
    rf"(?!\[+[ \t]*\{{\{{[^{{}}]*\}}\}}(?!\}}))\$?(?:[{{\[][ \t]*)+{_NAMED}(?:[ \t]*[}}\]])+"
    rf"|<+[ \t]*{_NAMED.replace('name', 'tag')}[ \t]*>+"
    rf"|%{_NAMED.replace('name', 'percent')}%|\${_NAMED.replace('name', 'dollar')}(?!\w)"
    rf"|(?<![\w.@/-])(?P<bare>{_DOTTED})(?!\w)"
)
_OPEN = r"TODO|FIXME|TBD|TBC|XXX+"
_TAG = r"</?[A-Za-z][A-Za-z0-9]*(?:[ \t][^<>\n]*)?/?>"

RULES = (
    Rule(
        "merge-mark",
        r"^(?:<{7}|>{7}|\|{7}|={7})(?: [^\n]*)?$",
        "error",
        "A merge left its mark here: {}",
        "Keep one of the two versions, and take out the lines with <<<<<<<, ======= and >>>>>>>.",
    ),
    Rule(
        "own-note",
        r"^[ \t]*#+(?:[ \t][^\n]*|$)|<!--(?s:.*?)(?:-->|\Z)",
        "error",
        "A note to people would go out: {}",
        "In a template, write {{# … #}} around it, or put it into the head.",
    ),
    Rule(
        "own-field",
        _MISWRITTEN,
        "error",
        "{} fills nothing in",
        "Two braces on each side do: {{{{ {} }}}}.",
    ),
    Rule(
        "own-link",
        r"!?\[[^\[\]\n]*\]\([^()\n]*\)",
        "error",
        "A link in Markdown would be shown as it stands: {}",
        "Name the address under [links] in campaign.toml, and write {{{{ links.NAME }}}}.",
    ),
    Rule(
        "own-placeholder",
        rf"[\[<][ \t]*(?:{_OPEN}|(?i:insert|your)(?=[ \t]))\b[^\[\]<>\n]*[\]>]"
        rf"|\([ \t]*(?:{_OPEN})[ \t]*(?::[^()\n]*)?\)"
        rf"|(?<![^\W\d_a-z] )\b(?:{_OPEN}):"
        rf"|^[^\w\n]*(?:{_OPEN})(?:[^\w\n]+(?:{_OPEN}))*[^\w\n]*$"
        rf"|\b(?:{_OPEN})(?:[^\w\n]+(?:{_OPEN}))+\b"
        r"|(?i:\blorem[ \t]+ipsum\b)",
        "error",
        "Something is still to be filled in here: {}",
        "Write what is to stand here, or take it out.",
    ),
    Rule(
        "own-braces",
        r"\{[^{}\n]*\}|[{}]+|\[\[[^\[\]\n]*\]\]|\[\[+|\]\]+",
        "error",
        "A post has no such brackets: {}",
        "Take them out. In a template, {{{{ NAME }}}} fills something in.",
    ),
    Rule(
        "own-encoding",
        r"[ÂÃ][\u00a1-\u00bf]|â€[\u0080-\u009f\u2018-\u201e\u2020-\u2022\u2030\u2122œž¦]|ï¿½|ï»¿",
        "error",
        "{} is what is left of a character that was saved in one encoding and read in another",
        "Type it anew.",
    ),
    Rule(
        "own-entity",
        r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});",
        "warning",
        "Networks would show {} as it stands",
        "Write the character itself.",
    ),
    Rule(
        "own-markup",
        r"\*\*[^*\n]+\*\*|__[^_\n]+__|~~[^~\n]+~~|`[^`\n]+`|(?<!\w)\$[A-Za-z_]\w+|\\[nrt]"
        rf"|(?<![\w*])\*[^\s*](?:[^*\n]*[^\s*])?\*(?![\w*])|{_TAG}"
        r"|(?<![\w_])_[^\s_](?:[^_\n]*[^\s_])?_(?![\w_])",
        "warning",
        "Networks know no markup, and would show it as it stands: {}",
        "Take the marks out.",
    ),
)
"""What may not stand in own words. Where two would find the same, the first one has it."""


@functools.cache
def _pattern() -> re.Pattern[str]:
    """All rules in one: the text is read once, and each place in it is told of once."""
    each = (f"(?P<r{number}>{rule.pattern})" for number, rule in enumerate(RULES))
    return re.compile("|".join(each), re.MULTILINE)


_SUSPECT = re.compile(
    r"[{}\[\]<>*_~`$%&|=\\ÂÃâï]|(?m:^[ \t]*#+(?:[ \t]|$))"
    rf"|TODO|FIXME|TB[DC]|XXX|[Ll][Oo][Rr][Ee][Mm]|\.(?:{'|'.join(ATTRIBUTES)})"
)
"""Without any of these no rule finds anything, and the others need not be compiled."""


def remnants(text: str) -> Iterator[Remnant]:
    """What should not go out of this text, in whatever order. In a template's own words `PRINTED`
    stands for what it prints."""
    if _SUSPECT.search(text):
        for match in _pattern().finditer(text):
            number = next(n for n in range(len(RULES)) if match[f"r{n}"] is not None)
            found = _remnant(RULES[number], match)
            if found is not None:
                yield found
    yield from unfit_characters(text)


def tell(found: Iterable[Remnant], where: Place, of: str, findings: Findings) -> None:
    """Reports what was found in a text; `of` names the text."""
    for each in found:
        report = findings.error if each.severity == "error" else findings.warn
        report(each.rule, where, f"In {of}: {each.what}", each.fix)


def merge_mark(text: str) -> Remnant | None:
    """The first mark that a merge left; where there is one, little else of the text can be read."""
    if "=======" not in text and "<<<<<<<" not in text and ">>>>>>>" not in text:
        return None
    return next((each for each in remnants(text) if each.rule == "merge-mark"), None)


def _remnant(rule: Rule, match: re.Match[str]) -> Remnant | None:
    found = match.group()
    if rule.name == "own-entity" and not _is_entity(found):
        return None
    name = field_of(match) if rule.name == "own-field" else ""
    what = f"`{shown(found.replace(PRINTED, '…'))}`"
    return Remnant(
        rule.name, match.start(), rule.severity, rule.what.format(what), rule.fix.format(name)
    )


def _is_entity(found: str) -> bool:
    from html import unescape  # a large table, seldom needed

    return unescape(found) != found


# A template's text -------------------------------------------------------------------------------

_TOKENS = r"(?s:\{#.*?#\}|\{%.*?%\})|(?P<printed>\{\{[^{}]*\}\}(?!\}))"
_TOKEN = re.compile(_TOKENS)


def own_words(source: str) -> str:
    """What of a template's text is ours, line by line: without its comments and conditions."""
    return _TOKEN.sub(_unprinted, source)


def _unprinted(token: re.Match[str]) -> str:
    return PRINTED * bool(token["printed"]) + "\n" * token.group().count("\n")


_GROUPS = ("name", "tag", "percent", "dollar", "bare")


def field_of(match: re.Match[str]) -> str:
    """The name that was meant by a field in the wrong brackets."""
    return next(match[group] for group in _GROUPS if match[group]).lower()


@functools.cache
def _miswritten() -> re.Pattern[str]:
    return re.compile(rf"{_TOKENS}|(?P<wrong>{_MISWRITTEN})")


def with_braces(source: str, wanted: Callable[[str], bool] | None = None) -> str:
    """A template's text with two braces on each side of every field that has other brackets.

    With `wanted`, those that have none, too, and any that is not wanted is gone.
    """
    if not _SUSPECT.search(own_words(source)):
        return source

    def meant(match: re.Match[str]) -> str:
        if not match["wrong"] or (match["bare"] and wanted is None):
            return match.group()
        name = field_of(match)
        return f"{{{{ {name} }}}}" if wanted is None or wanted(name) else ""

    return _miswritten().sub(meant, source)


def miswritten(source: str) -> Iterator[Remnant]:
    """The fields of a template's text that don't stand between two braces on each side."""
    if not _SUSPECT.search(own_words(source)):
        return
    rule = next(rule for rule in RULES if rule.name == "own-field")
    for match in _miswritten().finditer(source):
        if match["wrong"]:
            found = _remnant(rule, match)
            assert found is not None
            yield found


# Characters --------------------------------------------------------------------------------------

_BROKEN = "\ufffd\ufffc\u2028\u2029"
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_DIRECTIONS = "\u200e\u200f\u061c"
_PICTURES = "‼⁉〰\ufe0f"
_JOINED = (
    " ARABIC SYRIAC MANDAIC NKO MONGOLIAN PHAGS-PA DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL"
    " TELUGU KANNADA MALAYALAM SINHALA KHMER MYANMAR TIBETAN BALINESE JAVANESE CHAKMA GRANTHA "
)
"""Scripts in which a joiner changes how the letters beside it are drawn."""

_UNSPACED = " KHMER MYANMAR THAI LAO "
"""Scripts without spaces, where U+200B says where a word ends."""


def unsound(words: str) -> Iterator[Remnant]:
    """What is wrong with the characters of quoted words; the published text may have them, too."""
    for each in remnants(words):
        if each.rule == "own-broken":
            yield each
        elif each.rule in ("own-invisible", "own-mark", "own-entity", "own-encoding"):
            fix = "If the published text has it, too, leave it; otherwise put it right."
            yield Remnant("quoted-characters", each.at, "warning", each.what, fix)


def unfit_characters(text: str) -> Iterator[Remnant]:
    """Characters that are broken, that nobody sees, or that have lost what they belong to."""
    if text.isascii():
        return
    for at, character in enumerate(text):
        if character.isascii() or (character.isalnum() and character not in _UNSEEN):
            continue
        if _is_broken(character):
            what = f"Here stands {called(character)}, which shows nothing that was meant"
            yield Remnant("own-broken", at, "error", what, "Type anew what was meant.")
        elif _is_unseen(text, at):
            what = f"Here stands {called(character)}, which nobody sees"
            fix = "Take it out; it often comes along when text is pasted. Typing it anew helps."
            yield Remnant("own-invisible", at, "error", what, fix)
        elif unicodedata.category(character)[0] == "M" and _is_alone(text, at):
            what = f"Here stands {called(character)} without the letter that it belongs to"
            yield Remnant("own-mark", at, "error", what, "Take it out, or type the letter anew.")


def _is_broken(character: str) -> bool:
    if character in _BROKEN or unicodedata.category(character) in ("Co", "Cs"):
        return True
    return ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"


def _is_unseen(text: str, at: int) -> bool:
    """Whether nothing is seen of this character, and nothing around it needs it."""
    character, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if character in _UNSEEN:
        return True
    if not is_invisible(character) or unicodedata.category(character) == "Cn":
        return False
    if character in _SEEN:
        return False
    if character in _DIRECTIONS:
        return not any(each.isalpha() and _runs_left(each) for each in text)
    if character == "\u200b":
        return not (_is_of(before, _UNSPACED) and _is_of(after, _UNSPACED))
    if character in "\u200c\u200d\u180e":
        is_emoji = character == "\u200d" and _is_picture(before) and _is_picture(after)
        return not (is_emoji or (_is_of(before, _JOINED) and _is_of(after, _JOINED)))
    if "\U000e0020" <= character <= "\U000e007f":
        return not (before == "\U0001f3f4" or "\U000e0020" <= before <= "\U000e007f")
    return True


def _runs_left(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL")


def _is_alone(text: str, at: int) -> bool:
    """Whether a mark has no letter before it, or a choice between two looks nothing to choose."""
    before = text[at - 1] if at else PRINTED
    if text[at] in SELECTORS:
        return before not in "*#0123456789ℹ" and not _is_picture(before)
    return before.isspace() or before == PRINTED


def _is_of(character: str, scripts: str) -> bool:
    name = unicodedata.name(character, "") if character else ""
    return f" {name.partition(' ')[0]} " in scripts


def _is_picture(character: str) -> bool:
    """Whether it may be a part of an emoji."""
    kinds = ("So", "Sm", "Sk", "Cn")
    return character != "" and (unicodedata.category(character) in kinds or character in _PICTURES)
