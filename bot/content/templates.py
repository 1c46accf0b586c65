"""templates/NAME.txt: a head that says what a template draws, and then its body."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.content.campaign import Settings, is_language
from bot.content.clean import merge_mark
from bot.content.reading import Findings, listed, meant, nearest, shown
from bot.domain import CARD, KINDS, Asset, Kind, Place, Template
from bot.media import alt_for

if TYPE_CHECKING:
    import jinja2

FOLDER = "messages/templates"

HEAD_KEYS = ("draws", "attach", "needs", "language")

_RULE = re.compile(r"[-‐‑‒–—―−][-‐‑‒–—―− ]*")
"""A line that is, or was meant for, the `---` between a head and a body."""


def make_environment() -> jinja2.Environment:
    """The one environment that templates are parsed and rendered in.

    Sandboxed, without any global, filter or test, and strict about names that don't exist. The
    sandbox is the second wall: what it would have to stop is refused by `load` already.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    return environment


class Templates:
    """Reads templates, all of them with one environment, made when the first body is parsed."""

    def __init__(
        self, settings: Settings, assets: Mapping[str, Asset] | None, findings: Findings
    ) -> None:
        """`assets` is None where media.toml could not be read; then no picture is unknown."""
        self._settings = settings
        self._assets = assets
        self._findings = findings
        self._told: set[tuple[str, str]] = set()
        self._environment: jinja2.Environment | None = None

    def read(self, path: str, name: str, text: str) -> Template:
        """The template in a file's text. What is wrong goes to the findings."""
        merged = merge_mark(text)
        if merged is not None:
            line = text.count("\n", 0, merged.at) + 1
            self._findings.error(merged.rule, Place(path, line), merged.what, merged.fix)
            return Template(name, (), "", where=Place(path, 1))
        head = _Head(path, self._findings)
        body = head.read(text)
        template = Template(
            name=name,
            draws=tuple(self._draws(head)),
            body=body or "",
            attach=tuple(self._attach(head)),
            needs=tuple(self._needs(head)),
            language=head.one("language") or self._settings.language,
            where=Place(path, 1),
            body_line=head.body_line,
        )
        self._check_head(template, head)
        if body is not None:
            self._check_body(template)
        return template

    def _check_body(self, template: Template) -> None:
        from bot.content.bodies import check_body

        if self._environment is None:
            self._environment = make_environment()
        check_body(template, self._environment, self._settings.hashtag, self._findings)

    def _draws(self, head: _Head) -> Iterator[Kind]:
        for name in head.several("draws"):
            kind = next((each for each in KINDS if each == name), None)
            if kind is not None:
                yield kind
            else:
                what = f"Unknown kind `{shown(name)}`{meant(name, KINDS)}"
                fix, more = f"Kinds are {listed(KINDS)}.", {"unknown": name, "known": KINDS}
                head.error("template-unknown-kind", "draws", what, fix, **more)

    def _attach(self, head: _Head) -> Iterator[str]:
        for name in head.several("attach"):
            yield name
            if name == CARD:
                self._check_card(head)
            elif self._assets is not None and name not in self._assets:
                known = (*self._assets, CARD)
                what = f"Unknown picture `{shown(name)}`{meant(name, known)}"
                fix = f"media/media.toml has {listed(self._assets)}; `{CARD}` is the card."
                several = f"{{count}} templates attach an unknown picture, `{shown(name)}`"
                more = {"about": (head.path,), "several": several, "unknown": name, "known": known}
                head.error("template-unknown-asset", "attach", what, fix, **more)

    def _check_card(self, head: _Head) -> None:
        """The card is that of the first that a template draws."""
        if head.several("draws")[:1] == ["fact"]:
            what = f"The template attaches `{CARD}`, but facts have no card"
            fix = "Attach another picture, or draw a quote, position or demand first."
            head.error("template-fact-card", "attach", what, fix)

    def _needs(self, head: _Head) -> Iterator[str]:
        """A link that campaign.toml doesn't name is one that isn't set; a near miss is an error.

        After one, what was meant is given, so that it is reported only once.
        """
        names = self._settings.link_names
        for name in head.several("needs"):
            close = None if name in names else nearest(name, names)
            yield close or name
            if close is not None:
                what = f"Unknown link `{shown(name)}`; did you mean `{close}`?"
                fix = f"[links] in campaign.toml has {listed(names)}."
                more = {"unknown": name, "known": tuple(names)}
                head.error("template-unknown-link", "needs", what, fix, **more)

    def _check_head(self, template: Template, head: _Head) -> None:
        if head.is_absent:
            return
        if not head.several("draws"):
            what = "The template draws on nothing"
            fix = f"Write `draws: demand` in its head; kinds are {listed(KINDS)}."
            head.error("template-draws-nothing", "draws", what, fix)
        if not head.several("attach"):
            what = "The template attaches no picture, and every post has one"
            known = listed(self._assets or ())
            fix = f"Write `attach: {CARD}` in its head, or a name; media/media.toml has {known}."
            head.error("template-no-picture", "attach", what, fix)
        if head.one("language") and not is_language(template.language):
            what = f"`{shown(template.language)}` is no language code"
            head.error("bad-language", "language", what, 'Write a code like "en" or "pt-BR".')
        self._check_alt(template)

    def _check_alt(self, template: Template) -> None:
        """Reports a picture without alt text in the template's language, once.

        A language that no account posts in needs none: the template is not used.
        """
        if template.language not in {each.language for each in self._settings.accounts.values()}:
            return
        for name in template.attach:
            asset = (self._assets or {}).get(name)
            lack = (name, template.language)
            if asset is None or lack in self._told or alt_for(asset, template.language):
                continue
            self._told.add(lack)
            if asset.alt:
                what = f"`{name}` has no alt text in {lack[1]!r}, which {template.where} needs"
                fix = f'Add it: alt = {{{lack[1]} = "…"}}, with the other languages.'
                self._findings.error("alt-language", asset.where, what, fix)


def _is_key(line: str) -> bool:
    """Whether it is a line of a head, if perhaps with a misspelt key."""
    key, colon, _ = line.partition(":")
    return bool(colon) and (key.strip() in HEAD_KEYS or nearest(key.strip(), HEAD_KEYS) is not None)


def _begins_body(line: str, *, is_ended: bool) -> bool:
    """Whether the body begins here, without a line `---` before it.

    Where such a line follows (`is_ended`), only what can't be of a head says so.
    """
    if not line.strip() or line.lstrip().startswith("#"):
        return False
    return "{{" in line or "{%" in line if is_ended else not _is_key(line)


class _Head:
    """The lines `key: value, value` before a line `---`. `is_absent` where there are none."""

    def __init__(self, path: str, findings: Findings) -> None:
        self.path = path
        self._findings = findings
        self._lines: dict[str, int] = {}
        self._values: dict[str, list[str]] = {}
        self.body_line = 1
        self.is_absent = False

    def read(self, text: str) -> str | None:
        """Takes in the head. Returns the body, or None if there is none.

        Where no line `---` says where the body begins, it is reported once, at the line where it
        seems to begin, and what comes after is read as the body that it is.
        """
        lines = text.split("\n")
        end, body = self._end(lines)
        for number, line in enumerate(lines[:end], 1):
            if line.strip() and not line.lstrip().startswith("#"):
                self._take(number, line)
        if body is None:
            return None
        self.body_line = min(body + 1, len(lines))
        return "\n".join(lines[body:])

    def _end(self, lines: list[str]) -> tuple[int, int | None]:
        """How many lines the head has, and at which index the body begins, if there is one."""
        rule = next((n for n, line in enumerate(lines) if line.strip() == "---"), None)
        for number, line in enumerate(lines[:rule]):
            if _RULE.fullmatch(line.strip()):
                what = f"This line, `{line.strip()}`, is not the `---` that ends the head"
                self._no_rule(number, what, "Write `---` here: three hyphens.")
                return number, number + 1
            if _begins_body(line, is_ended=rule is not None):
                if any(map(_is_key, lines[:number])):
                    what = "The template has no line `---` between its head and its text"
                    self._no_rule(number, what, "Write `---` here, on a line of its own.")
                else:
                    self.is_absent = True
                    what = "The template has no line `---`, and no head above it"
                    fix = "Begin the file with `draws: …`, `attach: …` and a line `---`."
                    self._no_rule(number, what, fix)
                return number, number
        if rule is not None:
            return rule, rule + 1
        what = "The template has no line `---` after its head, and no text"
        self._no_rule(0, what, "Write a line `---` below the head, and then the text of the post.")
        return len(lines), None

    def _no_rule(self, number: int, what: str, fix: str) -> None:
        self._findings.error("template-no-body", Place(self.path, number + 1), what, fix)

    def one(self, key: str) -> str:
        return next(iter(self._values.get(key, ())), "")

    def several(self, key: str) -> list[str]:
        return self._values.get(key, [])

    def error(self, rule: str, key: str, what: str, fix: str, **more: Any) -> None:
        """`more` are further fields of the problem."""
        where = Place(self.path, self._lines.get(key, 1))
        self._findings.error(rule, where, what, fix, **more)

    def _take(self, number: int, line: str) -> None:
        key, colon, rest = (part.strip() for part in line.partition(":"))
        where = Place(self.path, number)
        if not colon:
            what = f"This line of the head is not `key: value`: {shown(line)}"
            fix = "Mend it, or put a line `---` above it if the text of the post begins here."
            self._findings.error("template-head", where, what, fix)
        elif key not in HEAD_KEYS:
            what = f"Unknown key `{shown(key)}`{meant(key, HEAD_KEYS)}"
            fix = f"A head has {listed(HEAD_KEYS)}, then a line `---`."
            self._findings.error("unknown-key", where, what, fix, unknown=key, known=HEAD_KEYS)
        elif key in self._values:
            what = f"`{key}` stands twice; the first is on line {self._lines[key]}"
            self._findings.error("duplicate-key", where, what, "Keep one line, with commas in it.")
        else:
            self._lines[key] = number
            self._values[key] = self._split(key, rest, where)

    def _split(self, key: str, rest: str, where: Place) -> list[str]:
        values = [value for part in rest.split(",") if (value := part.strip())]
        if len(set(values)) < len(values):
            what = f"`{key}` names something twice: {shown(rest)}"
            self._findings.error("template-head", where, what, "Name each only once.")
        if key == "language" and len(values) > 1:
            what = f"`language` names several: {shown(rest)}"
            self._findings.error("template-head", where, what, "A template has one language.")
        return list(dict.fromkeys(values))
