"""Another text for a template, or other short forms for a passage: tried out, then saved.

What may be edited is named, not addressed: `messages/templates/NAME.txt`, or a passage's id. The
file must be there already, in its own folder, and no link. Trying loads the campaign as it would be
with the new text, by what loads it for posting; nothing is written. Saving replaces the file as a
whole, and only if it is still the version that the edit began from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import tomli

from bot.content import read
from bot.content.reading import FORBIDDEN, MAX_BYTES, is_name, one_line
from bot.content.splicing import with_short_forms
from bot.content.statements import FOLDER as STATEMENTS
from bot.content.statements import TABLES
from bot.content.templates import FOLDER as TEMPLATES
from bot.content.writing import write_whole
from bot.domain import Campaign, Limits, Problem
from bot.errors import in_words
from bot.planning import Planner
from bot.preview.sheet import Design, design

_BOM = "\ufeff"


class CannotEdit(Exception):
    """This can't be edited here, or not like this. The message says why."""


class Draft(NamedTuple):
    """What can be edited: its name, the file, its text here, and which version of the file it is.

    A passage's text is its short forms, a line each; `words` is all of it.
    """

    name: str
    path: str
    text: str
    version: str
    words: str = ""


class Trial(NamedTuple):
    """What a text would make. `errors` keep it from being saved; `elsewhere` are other files' own.

    With any of these there are no `designs`.
    """

    designs: Sequence[Design]
    errors: Sequence[Problem]
    warnings: Sequence[Problem]
    elsewhere: Sequence[Problem]

    @property
    def total(self) -> int:
        return sum(each.total for each in self.designs)

    @property
    def too_long(self) -> int:
        return sum(group.too_long for each in self.designs for group in each.makes)


class Saved(NamedTuple):
    """How saving ended: it is saved, or somebody else's version is there, or the text is wrong."""

    draft: Draft
    conflict: bool = False
    errors: Sequence[Problem] = ()


class _File(NamedTuple):
    """A file as it is: its text with `\\n` at line ends, and how it is to be written."""

    path: str
    text: str
    version: str
    is_crlf: bool
    has_bom: bool


class Editor:
    """Edits the templates and short forms under a root."""

    def __init__(
        self,
        root: Path,
        limits: Callable[[Sequence[str]], Mapping[str, Limits]],
        networks: Sequence[str],
    ) -> None:
        self._root = root
        self._limits = limits
        self._networks = networks
        self._alone = Lock()

    def names(self, campaign: Campaign) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """What there is to edit, in groups: (group, [(name, how it is shown)])."""
        yield "Templates", [(each.where.file, name) for name, each in campaign.templates.items()]
        for statement in campaign.statements.values():
            passages = [p for p in campaign.passages.values() if p.statement.id == statement.id]
            label = f"Short forms: {statement.publisher}, {statement.when}"
            yield (
                label,
                [(p.id, f"{p.kind}: {p.id.rpartition('/')[2]} ({len(p.short)})") for p in passages],
            )

    def draft(self, name: str) -> Draft:
        """The text as it is in the file now. Raises CannotEdit."""
        return self._draft(name, self._read(self._path(name)))

    def _draft(self, name: str, file: _File) -> Draft:
        if _is_template(name):
            return Draft(name, file.path, file.text, file.version)
        _, table = _passage(name, file.text)
        forms = "\n".join(one_line(form) for form in table.get("short", []))
        return Draft(name, file.path, forms, file.version, one_line(str(table.get("text", ""))))

    def attempt(self, name: str, text: str) -> Trial:
        """What the text would make of the campaign. Raises CannotEdit."""
        file = self._read(self._path(name))
        return self._attempt(name, file.path, _whole(name, text, file))

    def _attempt(self, name: str, path: str, whole: str) -> Trial:
        instead = {path: whole}
        loaded = read(self._root, known_networks=self._networks, instead=instead)
        campaign, problems = loaded.sound, loaded.problems
        here = [problem for problem in problems if problem.where.file == path]
        errors = [problem for problem in here if problem.severity == "error"]
        warnings = [problem for problem in here if problem.severity == "warning"]
        elsewhere = [p for p in problems if p.severity == "error" and p.where.file != path]
        if errors or elsewhere:
            return Trial((), errors, warnings, elsewhere)
        if name in loaded.unverified:
            warnings.append(loaded.unverified[name])
        return Trial(list(self._designs(name, campaign)), errors, warnings, elsewhere)

    def _designs(self, name: str, campaign: Campaign) -> Iterator[Design]:
        networks = [account.network for account in campaign.accounts.values()]
        planner = Planner(campaign, self._limits(networks))
        for template in campaign.templates.values():
            if template.where.file == name or not _is_template(name):
                passage = None if _is_template(name) else name
                found = design(campaign, planner, template, (), passage)
                if found.makes or passage is None:
                    yield found

    def save(self, name: str, text: str, version: str) -> Saved:
        """Writes the text into its file, if that is still this version. Raises CannotEdit."""
        with self._alone:
            path = self._path(name)
            file = self._read(path)
            if file.version != version:
                return Saved(self._draft(name, file), conflict=True)
            whole = _whole(name, text, file)
            errors = self._attempt(name, path, whole).errors
            if errors:
                return Saved(self._draft(name, file), errors=errors)
            newest = self._read(path)  # trying took a moment
            if newest.version != version:
                return Saved(self._draft(name, newest), conflict=True)
            written = whole.replace("\n", "\r\n") if file.is_crlf else whole
            try:
                write_whole(self._root / path, _BOM + written if file.has_bom else written)
            except OSError as error:
                raise CannotEdit(f"{path} can't be written: {in_words(error)}.") from None
            return Saved(self.draft(name))

    def _path(self, name: str) -> str:
        """The file, relative to the root. Raises CannotEdit for whatever isn't one of ours."""
        if _is_template(name):
            folder, stem, suffix = TEMPLATES, name[len(TEMPLATES) + 1 : -4], ".txt"
        else:
            stem, _, passage = name.partition("/")
            folder, suffix = STATEMENTS, ".toml"
            if not is_name(passage):
                raise CannotEdit("Only templates and the short forms of passages are edited here.")
        path = f"{folder}/{stem}{suffix}"
        if not is_name(stem):
            raise CannotEdit("Only templates and the short forms of passages are edited here.")
        expected = Path(os.path.realpath(self._root)) / path
        if Path(os.path.realpath(self._root / path)) != expected:
            raise CannotEdit(f"{path} is a link to elsewhere, so it is not edited here.")
        return path

    def _read(self, path: str) -> _File:
        try:
            with (self._root / path).open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            raise CannotEdit(f"{path} isn't there, or can't be read.") from None
        if len(data) > MAX_BYTES:
            raise CannotEdit(f"{path} is too large to be edited here.")
        return _File(
            path,
            text.removeprefix(_BOM).replace("\r\n", "\n"),
            hashlib.sha256(data).hexdigest(),
            b"\r\n" in data,
            text.startswith(_BOM),
        )


def _is_template(name: str) -> bool:
    return name.startswith(f"{TEMPLATES}/") and name.endswith(".txt")


def _passage(name: str, text: str) -> tuple[tuple[str, str], dict[str, list[str]]]:
    """The passage's key path in its statement's text, and its table. Raises CannotEdit."""
    own = name.rpartition("/")[2]
    try:
        top = tomli.loads(text)
    except (ValueError, RecursionError):
        raise CannotEdit("The statement's file can't be read; mend it first.") from None
    for key in TABLES.values():
        group = top.get(key)
        table = group.get(own) if isinstance(group, dict) else None
        if isinstance(table, dict) and _are_texts(table.get("short", [])):
            return (key, own), table
    raise CannotEdit(f"There is no passage `{name}`.")


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _whole(name: str, text: str, file: _File) -> str:
    """The file's whole text with the edit in it. Raises CannotEdit."""
    text = text.replace("\r\n", "\n")
    if FORBIDDEN.search(text) or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise CannotEdit("The text has invisible control characters, or is too long.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise CannotEdit("The text has half a character in it.")
    if _is_template(name):
        return text
    key, table = _passage(name, file.text)
    as_written = {one_line(form): form for form in table.get("short", [])}
    forms = [as_written.get(form, form) for line in text.split("\n") if (form := one_line(line))]
    whole = with_short_forms(file.text, key, forms)
    if whole is None:
        raise CannotEdit(f"{file.path} is written so that only an editor can change it there.")
    return whole
