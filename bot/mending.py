"""The safe mends of what is wrong with the content: `bot check --fix`.

A mend is an edit of a text in place that leaves no choice: a misspelt key with one that is a letter
away, a list that has to be sorted, marks that the program puts by itself. It counts only if, with
it, the problem is gone, less is wrong than before, and no quoted word is another. Of a picture it
cuts out what that tells beside its pixels, of which none may change. It never touches a picture's
description, a sign-off or the lock; what needs a decision stays with its suggestion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from bot.content import read
from bot.content.clean import with_braces
from bot.content.lines import TOKEN
from bot.content.words import DOUBLE_QUOTES, ELLIPSIS, normalise
from bot.content.writing import write_whole
from bot.domain import KINDS, Campaign, Passage, Problem
from bot.drafting import bare
from bot.media import CATALOGUE, load_assets, metadata
from bot.media.inspecting import look, same_pixels
from bot.tomltext import with_plain_marks

_SHORTEST = 4
"""Where both are shorter, one letter is too much: `to` and `by` are not each other misspelt. Of an
attribute in a template one letter more or less, as in `bye`, is enough: words depend on none."""

_MARKS = f'["{DOUBLE_QUOTES}]'
_DRAWN = rf"\{{\{{\s*(?:{'|'.join(KINDS)})\s*\}}\}}"
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_LIST = re.compile(r"\s*(?:as|short)\s*=\s*\[")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Mended(NamedTuple):
    """A problem that is no more: the lines that went, and those that came."""

    problem: Problem
    removed: tuple[str, ...]
    added: tuple[str, ...]


def mend(root: Path, known_networks: Collection[str]) -> list[Mended]:
    """Mends what can safely be mended, in the files. Raises OSError."""
    texts: dict[str, str] = {}
    done: list[Mended] = []
    while True:
        found = _next(root, known_networks, texts)
        if found is None:
            break
        problem, text = found
        before = _text(root, problem.where.file, texts) or ""
        done.append(Mended(problem, *_difference(before, text)))
        texts[problem.where.file] = text
    for path, text in texts.items():
        write_whole(root / path, text)
    return done


def mend_pictures(root: Path) -> list[Mended]:
    """Cuts out of the listed pictures what they tell beside what they show. Raises OSError.

    Only from those with no other error, and where not a pixel changes.
    """
    done: list[Mended] = []
    for asset in load_assets(root)[0].values():
        for picture in (asset, asset.smaller):
            found = [] if picture is None else look(picture, root)
            errors = [problem for problem in found if problem.severity == "error"]
            if picture is not None and [problem.rule for problem in errors] == ["media-metadata"]:
                done += _bared(errors[0], (root / picture.path).resolve())
    return done


def _bared(problem: Problem, path: Path) -> Iterator[Mended]:
    before = path.read_bytes()
    after = metadata.bare(before).data
    if same_pixels(before, after):
        write_whole(path, after)
        gone = f"{len(before):,} bytes, {len(before) - len(after):,} of them no part of the picture"
        yield Mended(problem, (gone,), (f"{len(after):,} bytes, the same picture",))


def _next(
    root: Path, known_networks: Collection[str], texts: Mapping[str, str]
) -> tuple[Problem, str] | None:
    """The first problem that can be mended, and its file's text then."""
    loaded = read(root, known_networks=known_networks, instead=texts)
    campaign, problems = loaded.whole, loaded.problems
    for problem in problems:
        path = problem.where.file
        candidate = _candidate(problem, root, texts, campaign.hashtag)
        if candidate is None:
            continue
        instead = {**texts, path: candidate}
        mended = read(root, known_networks=known_networks, instead=instead)
        then, left = mended.whole, mended.problems
        is_mended = _alike(problem, left) < _alike(problem, problems)
        is_less = _errors(left) < _errors(problems)
        is_less = is_less or (problem.rule == "toml-syntax" and _can_be_read(path, left))
        is_mended = is_mended and is_less
        if is_mended and _same_words(campaign, then):
            return problem, candidate
    return None


def _alike(problem: Problem, problems: Collection[Problem]) -> int:
    """How often it is there, on whatever line: a mend may move those below it."""
    same = (problem.rule, problem.where.file, problem.what)
    return sum((each.rule, each.where.file, each.what) == same for each in problems)


def _can_be_read(path: str, problems: Collection[Problem]) -> bool:
    """Whether a TOML file can now be read: what else is wrong in it couldn't be seen before."""
    return all(each.where.file != path or each.rule != "toml-syntax" for each in problems)


def _errors(problems: Collection[Problem]) -> int:
    return sum(problem.severity == "error" for problem in problems)


def _same_words(before: Campaign, after: Campaign) -> bool:
    """Whether no passage that could be read has other words than it had."""
    return all(
        _is_same(passage, after.passages[name])
        for name, passage in before.passages.items()
        if name in after.passages
    )


def _is_same(one: Passage, other: Passage) -> bool:
    text = one.text in ("", other.text) or bare(one.text) == other.text
    short = not one.short or _bare_words(one) == _bare_words(other)
    said = not one.speaker or (one.speaker == other.speaker and set(one.by) == set(other.by))
    return text and short and said and one.to in ("", other.to)


def _bare_words(passage: Passage) -> list[list[str]]:
    """The short forms' words, whatever stands for what is left out, in whatever order the forms."""
    forms = (normalise(bare(form)).replace("...", ELLIPSIS) for form in passage.short)
    return sorted(form.replace(ELLIPSIS, " ").split() for form in forms)


def _text(root: Path, path: str, texts: Mapping[str, str]) -> str | None:
    if path in texts:
        return texts[path]
    try:
        return (root / path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _candidate(problem: Problem, root: Path, texts: Mapping[str, str], hashtag: str) -> str | None:
    """The file's text with this problem mended, perhaps; None where there is no safe way."""
    if problem.rule == "not-utf8":
        return _from_utf16(root / problem.where.file)
    is_catalogue = problem.where.file == CATALOGUE  # pictures are described by people
    mender = None if is_catalogue and problem.rule != "toml-syntax" else _MENDERS.get(problem.rule)
    text = _text(root, problem.where.file, texts)
    if mender is None or text is None or problem.where.line is None:
        return None
    lines = text.split("\n")
    at = problem.where.line - 1
    if at >= len(lines):
        return None
    mended = mender(problem, lines, at, hashtag)
    return None if mended is None or mended == lines else "\n".join(mended)


def _from_utf16(file: Path) -> str | None:
    """What an editor saved as "Unicode" says of itself that it is; nothing is guessed."""
    try:
        data = file.read_bytes()
        return data.decode("utf-16") if data.startswith(_UTF16) else None
    except (OSError, UnicodeDecodeError):
        return None


# Each mend takes a file's lines and where the problem is, and returns the lines as they should be,
# or None. It may be wrong; `_next` looks at what comes of it.


def _as_meant(problem: Problem, lines: list[str], at: int, _: str) -> list[str] | None:
    """The one known name that is a letter away."""
    wrong = problem.unknown
    near = [name for name in problem.known if _is_near(wrong, name, problem.rule)]
    if len(near) != 1:
        return None
    right = near[0]
    word = re.compile(rf"(?<![\w-]){re.escape(wrong)}(?![\w-])")
    line = lines[at]
    if _BRACES.search(line):
        mended = _BRACES.sub(lambda braces: word.sub(right, braces.group()), line)
    elif problem.rule != "unknown-key":
        mended = word.sub(right, line)
    elif line.lstrip().startswith("["):
        header = re.compile(rf"^(\s*\[+){re.escape(wrong)}(?=[.\]])")
        return [header.sub(rf"\g<1>{right}", each) for each in lines]
    else:
        key, equals, value = line.partition("=")
        mended = word.sub(right, key, count=1) + equals + value
    return _with(lines, at, mended)


def _is_near(wrong: str, name: str, rule: str) -> bool:
    from rapidfuzz.distance import OSA

    if wrong.casefold() == name.casefold():
        return True
    is_told = max(len(wrong), len(name)) >= _SHORTEST
    is_told = is_told or (rule == "template-unknown-attribute" and len(wrong) != len(name))
    return is_told and OSA.distance(wrong, name) == 1


def _named_once(problem: Problem, lines: list[str], at: int, _: str) -> list[str] | None:
    if "names something twice" not in problem.what:
        return None
    key, colon, rest = lines[at].partition(":")
    values = dict.fromkeys(value.strip() for value in rest.split(",") if value.strip())
    return _with(lines, at, f"{key}{colon} {', '.join(values)}" + "\r" * rest.endswith("\r"))


def _one_hashtag(problem: Problem, lines: list[str], at: int, hashtag: str) -> list[str] | None:
    """Takes a hashtag away: a typed one that is in no sentence; if all are alike, the last line."""
    if "more than once" not in problem.what:
        return None
    text = "\n".join(lines[at:])
    printed, typed = r"\{\{\s*hashtag\s*\}\}", rf"(?<!\S){re.escape(hashtag)}(?!\S)"
    both = re.search(printed, text) and re.search(typed, text, re.IGNORECASE)
    alone = typed if both else rf"(?:{printed}|{typed})"
    ways = [rf"(?m)(?P<kept>)(?:^[ \t\r]*\n)?^[ \t]*{alone}[ \t\r]*(?:\n|\Z)"]
    if both:
        ways += [rf"(?P<kept>){typed}[ \t]+(?={printed})", rf"(?P<kept>{printed})[ \t]+{typed}"]
        ways += [rf"(?m)(?P<kept>[.!?…:])[ \t]+{typed}(?=[ \t\r]*$)"]
    for way in ways:
        found = list(re.finditer(way, text, re.IGNORECASE))
        if found:
            rest = text[: found[-1].start()] + found[-1]["kept"] + text[found[-1].end() :]
            return lines[:at] + rest.split("\n")
    return None


def _with_braces(_: Problem, lines: list[str], at: int, __: str) -> list[str] | None:
    """A field in other brackets; one in none may be words that lack a space."""
    return _with(lines, at, with_braces(lines[at]))


def _no_marks(_: Problem, lines: list[str], at: int, __: str) -> list[str] | None:
    return _with(lines, at, re.sub(rf"{_MARKS}\s*({_DRAWN})\s*{_MARKS}", r"\1", lines[at]))


def _no_marks_around(_: Problem, lines: list[str], at: int, __: str) -> list[str] | None:
    inner = r'((?:[^"\\]|\\[^"])+?)'
    for around in (rf'"[{DOUBLE_QUOTES}]\s*{inner}\s*[{DOUBLE_QUOTES}]"', rf'"\\"{inner}\\""'):
        if len(re.findall(around, lines[at])) == 1:
            return _with(lines, at, re.sub(around, r'"\1"', lines[at]))
    return None


def _longest_first(_: Problem, lines: list[str], at: int, __: str) -> list[str] | None:
    """The list's texts, each where another one stood; what is between them stays."""
    begin = next((n for n in range(at, -1, -1) if _LIST.match(lines[n])), None)
    if begin is None:
        return None
    text = "\n".join(lines[begin:])
    strings: list[re.Match[str]] = []
    for token in TOKEN.finditer(text, text.index("[") + 1):
        if token.lastgroup == "string":
            strings.append(token)
        elif token.group() == "]":
            break
    ordered = sorted((token.group() for token in strings), key=len, reverse=True)
    for token, other in reversed(list(zip(strings, ordered, strict=True))):
        text = text[: token.start()] + other + text[token.end() :]
    return lines[:begin] + text.split("\n")


def _spaced_ellipsis(_: Problem, lines: list[str], at: int, __: str) -> list[str] | None:
    def mended(token: re.Match[str]) -> str:
        if token.lastgroup != "string":
            return token.group()
        inner = re.sub(r"\.\.\.+", ELLIPSIS, token.group()[1:-1])
        inner = re.sub(rf"(?<=\S){ELLIPSIS}", f" {ELLIPSIS}", inner)
        inner = re.sub(rf"{ELLIPSIS}(?=\S)", f"{ELLIPSIS} ", inner)
        return f'"{inner}"'

    if lines[at].count('"') % 2 or '"""' in lines[at]:
        return None
    return _with(lines, at, TOKEN.sub(mended, lines[at]))


def _with_hash(_: Problem, lines: list[str], at: int, __: str) -> list[str] | None:
    return _with(lines, at, re.sub(r'(hashtag\s*=\s*")(?=\w+")', r"\1#", lines[at]))


def _with_rule(_: Problem, lines: list[str], at: int, __: str) -> list[str]:
    """A line `---` where it was meant, or above the body."""
    end = "\r" * lines[at].endswith("\r")
    if any(character.isalnum() or character in "{#" for character in lines[at]):
        return [*lines[:at], "---" + end, *lines[at:]]
    return _with(lines, at, "---" + end)


def _plain_marks(_: Problem, lines: list[str], __: int, ___: str) -> list[str]:
    """All of a TOML file's values in straight quotes, with plain spaces around them."""
    return with_plain_marks("\n".join(lines)).split("\n")


def _with(lines: list[str], at: int, line: str) -> list[str]:
    return [*lines[:at], line, *lines[at + 1 :]]


_MENDERS: Mapping[str, Callable[[Problem, list[str], int, str], list[str] | None]] = {
    "unknown-key": _as_meant,
    "template-unknown-kind": _as_meant,
    "template-unknown-asset": _as_meant,
    "template-unknown-link": _as_meant,
    "template-unknown-name": _as_meant,
    "template-unknown-attribute": _as_meant,
    "template-head": _named_once,
    "template-no-body": _with_rule,
    "template-hashtag": _one_hashtag,
    "template-marks": _no_marks,
    "own-field": _with_braces,
    "quotation-marks": _no_marks_around,
    "speaker-order": _longest_first,
    "short-length": _longest_first,
    "short-ellipsis": _spaced_ellipsis,
    "bad-hashtag": _with_hash,
    "toml-syntax": _plain_marks,
}
"""What has a safe mend, by rule. `not-utf8` has one, too, where the file says what it is."""


# Showing -----------------------------------------------------------------------------------------


def _difference(before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines that went and those that came, from the first that differs to the last."""
    old, new = before.splitlines(), after.splitlines()
    first = next(_differing(old, new), 0)
    last = next(_differing(old[first:][::-1], new[first:][::-1]), 0)
    return tuple(old[first : len(old) - last]), tuple(new[first : len(new) - last])


def _differing(old: list[str], new: list[str]) -> Iterator[int]:
    shorter = min(len(old), len(new))
    yield from (number for number in range(shorter) if old[number] != new[number])
    yield shorter
