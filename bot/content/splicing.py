"""Pure: the text of a statement with other short forms for one passage, the rest of it untouched.

Comments, order and indentation are people's work, so the text is not written anew: only the forms
that differ are replaced, put in or taken out, where they stand. What comes out is read again and
must say the same as before in everything else; where it doesn't, there is no result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from bot.content.lines import KeyPath, Stretch, key_lines
from bot.content.writing import quoted

_REST_OF_ITEM = re.compile(r"[ \t]*,?(?:[ \t]*(?:#[^\n]*)?(?=\n))?")
_COMMA = re.compile(r"(?:\s|#[^\n]*)*,")


def with_short_forms(text: str, passage: tuple[str, str], forms: Sequence[str]) -> str | None:
    """The statement's text where this passage, as ("quotes", NAME), has these short forms.

    None where the text can't be read, hasn't the passage, or is written so unusually that it would
    have to be written anew.
    """
    import tomli

    try:
        wanted = tomli.loads(text)
        table = wanted[passage[0]][passage[1]]
        before = table.get("short", [])
        spliced = _spliced(text, (*passage, "short"), before, list(forms))
        table["short"] = list(forms)
        return spliced if _same(tomli.loads(spliced), wanted, passage) else None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _same(found: dict[str, Any], wanted: dict[str, Any], passage: tuple[str, str]) -> bool:
    found[passage[0]][passage[1]].setdefault("short", [])
    return found == wanted


def _spliced(text: str, key: KeyPath, before: list[str], forms: list[str]) -> str:
    values = key_lines(text).values
    if key not in values:
        at = values[(*key[:-1], "text")].end
        return text[:at] + "\nshort = " + _array(forms) + text[at:] if forms else text
    stretches = [values[(*key, index)] for index in range(len(before))]
    if not before:
        whole = values[key]
        return text[: whole.start] + _array(forms) + text[whole.end :]
    changes = SequenceMatcher(None, before, forms, autojunk=False).get_opcodes()
    for what, a, b, c, d in reversed(changes):  # from the end, so that places stay what they are
        if what == "equal":
            continue
        kept = min(b - a, d - c)
        for index in reversed(range(a + kept, b)):
            text = _without(text, stretches[index])
        if d - c > kept:
            text = _with_more(text, values[key], stretches[: a + kept], forms[c + kept : d])
        for index in reversed(range(kept)):
            old = stretches[a + index]
            text = text[: old.start] + quoted(forms[c + index]) + text[old.end :]
    return text


def _array(forms: Sequence[str]) -> str:
    return "[\n" + "".join(f"  {quoted(form)},\n" for form in forms) + "]" if forms else "[]"


def _without(text: str, item: Stretch) -> str:
    """With its comma, and with its line where it has one of its own."""
    rest = _REST_OF_ITEM.match(text, item.end)
    end = rest.end() if rest else item.end
    start = len(text[: item.start].rstrip(" \t"))
    if text[end : end + 1] == "\n" and text[start - 1 : start] == "\n":
        return text[:start] + text[end + 1 :]
    return text[: item.start] + text[end:].lstrip(" \t")


def _with_more(text: str, array: Stretch, before: Sequence[Stretch], forms: Sequence[str]) -> str:
    """With these forms, a line each, behind the last of those before them."""
    added = "".join(f"\n  {quoted(form)}," for form in forms)
    if not before:
        at = array.start + 1
        gap = "" if text[at : at + 1] == "\n" else "\n  "
        return text[:at] + added + gap + text[at:]
    at = before[-1].end
    comma = _COMMA.match(text, at)
    if comma is None:
        gap = "" if text[at : at + 1] == "\n" else "\n"
        return text[:at] + "," + added + gap + text[at:]
    rest = _REST_OF_ITEM.match(text, at)
    at = max(comma.end(), rest.end() if rest else at)
    gap = "" if text[at : at + 1] == "\n" else "\n "
    return text[:at] + added + gap + text[at:]
