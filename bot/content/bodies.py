"""The body of a template, in a small part of Jinja2. Imported when the first template is read.

Jinja2 can do more than is good for a post: alter a quoted word, take all memory, never end. So a
body is parsed, and whatever is not on a short list is refused before anything is ever rendered.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from jinja2 import Environment, TemplateSyntaxError, nodes

from bot.content.clean import ATTRIBUTES, Remnant, miswritten, own_words, remnants, with_braces
from bot.content.reading import Findings, listed, meant, nearest, shown
from bot.content.tags import SELECTORS, belongs, mention_in, tagged
from bot.domain import KINDS, Place, Template

MAX_CHARACTERS = 10_000
"""No body is longer."""

MAX_DEPTH = 20
"""How deep conditions, and their parts, may be nested in each other."""

_ALLOWED = (
    "A body is text, {{ NAME }}, {{ NAME.attribute }}, {# comments #},"
    " and {% if %} … {% elif %} … {% else %} … {% endif %}."
)

_CONSTRUCTS: Mapping[str, str] = {
    "Assign": "{% set %}",
    "AssignBlock": "{% set %}",
    "Block": "{% block %}",
    "Call": "a call, …()",
    "CallBlock": "{% call %}",
    "Compare": "a comparison, other than == and != in {% if %}",
    "Concat": "joining, ~",
    "CondExpr": "a condition inside {{ }}",
    "Const": "a constant, other than a text in {% if %}",
    "Dict": "a dictionary",
    "Extends": "{% extends %}",
    "Filter": "a filter, |",
    "FilterBlock": "{% filter %}",
    "For": "a loop, {% for %}",
    "FromImport": "{% import %}",
    "Getitem": "indexing, …[…]",
    "Import": "{% import %}",
    "Include": "{% include %}",
    "List": "a list",
    "Macro": "{% macro %}",
    "Scope": "{% autoescape %}",
    "TemplateData": "a constant, other than a text in {% if %}",
    "Test": "a test, is …",
    "Tuple": "a list",
    "With": "{% with %}",
    "And": "a condition inside {{ }}",
    "Not": "a condition inside {{ }}",
    "Or": "a condition inside {{ }}",
}
"""What Jinja2's nodes are called in messages. The ones that are not named here are arithmetic."""

_DRAWN = rf"\{{\{{\s*(?:{'|'.join(KINDS)})\s*\}}\}}"
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_BLOCK = re.compile(r"\{%.*?%\}", re.DOTALL)
_HASHTAG = re.compile(r"\{\{\s*hashtag\s*\}\}")
_NAME_AFTER_SIGN = re.compile(r"(?<=[@＠])\{\{")
_FACT_DATE = re.compile(r"\{\{\s*fact\.when\s*\}\}")
_IN_SOURCE = (
    (
        "template-not-allowed",
        re.compile(r"\{[{%#][-+]|[-+][%#}]\}"),
        "Templates don't have - or + inside the braces",
        "Take it out; the line of a {% … %} leaves no blank line behind anyway.",
    ),
    (
        "template-not-allowed",
        re.compile(r"\{%\s*raw\b"),
        "Templates don't have {% raw %}",
        _ALLOWED,
    ),
    (
        "template-marks",
        re.compile(rf"(?:[“„«‟]\s*|[\"”»]){_DRAWN}|{_DRAWN}(?:\s*[”»]|[\"“«])"),
        "Quotation marks stand around drawn words",
        "Take them out: the program puts the marks of the language.",
    ),
)
"""What the parsed tree doesn't show: the rule, a pattern for the source, what, and what to do."""
_MARKS = '“„«‟"»”‹›'
_QUOTED = re.compile(rf"(?<!=)[{_MARKS}][^{_MARKS}]*[^\W\d_][^{_MARKS}]*[{_MARKS}]")


def check_body(
    template: Template, environment: Environment, hashtag: str, findings: Findings
) -> None:
    """Reports everything wrong with a template's body. An empty `hashtag` is not looked for."""
    report = _Report(template, findings)
    body = template.body
    if len(body) > MAX_CHARACTERS:
        what = f"The template has {len(body):,} characters; at most {MAX_CHARACTERS:,} are read"
        report.error("template-too-long", 1, what, "A post has a few hundred. Shorten it.")
        return
    body = _with_fields(template, report)
    _check_source(_COMMENT.sub(_blank, body), template, report)
    tree = _parse(body, environment, report)
    if tree is None:
        return
    own = own_words(body)
    found = list(remnants(own))
    try:
        printed = _Walk(template, hashtag, report).body(tree.body, 0)
    except _NotAllowedError as error:
        what = f"Templates don't have {error.what}"
        report.error("template-not-allowed", error.line, what, _ALLOWED)
        found = [each for each in found if each.rule != "own-braces"]
    else:
        _check_printed(printed, template, report)
    for each in found:
        report.remnant(each, own)


def _with_fields(template: Template, report: _Report) -> str:
    """The body with the fields that it lacks, after reporting those in the wrong brackets.

    So nothing is said of what would be there if they were right.
    """
    body = template.body
    for each in miswritten(body):
        report.remnant(each, body)

    def wanted(name: str) -> bool:
        is_known = name.partition(".")[0] in (*template.draws, "hashtag", "links")
        return is_known and not re.search(rf"\{{\{{\s*{re.escape(name)}\s*\}}\}}(?!\}})", body)

    return with_braces(body, wanted)


class _Report:
    """Reports by line of the body, counted from 1."""

    def __init__(self, template: Template, findings: Findings) -> None:
        self._template = template
        self._findings = findings

    def error(self, rule: str, line: int, what: str, fix: str, **more: Any) -> None:
        """`more` are further fields of the problem."""
        self._findings.error(rule, self._place(line), what, fix, **more)

    def warn(self, rule: str, line: int, what: str, fix: str) -> None:
        self._findings.warn(rule, self._place(line), what, fix)

    def remnant(self, remnant: Remnant, text: str) -> None:
        """Reports what was found in the body's text, or in what of it is ours."""
        report = self.error if remnant.severity == "error" else self.warn
        report(remnant.rule, _line_at(text, remnant.at), remnant.what, remnant.fix)

    def _place(self, line: int) -> Place:
        lines = self._template.body.count("\n") + 1
        return Place(self._template.where.file, self._template.body_line + min(line, lines) - 1)


def _blank(comment: re.Match[str]) -> str:
    return "\n" * comment.group().count("\n")


def _check_source(source: str, template: Template, report: _Report) -> None:
    """Checks the body as it is written, its comments blanked."""
    rules = set()
    for rule, pattern, what, fix in _IN_SOURCE:
        found = pattern.search(source)
        if found is not None:
            rules.add(rule)
            report.error(rule, _line_at(source, found.start()), what, fix)
    quoted = _QUOTED.search(own_words(source)) if "template-marks" not in rules else None
    if quoted is not None:
        what = f"Our own words stand between quotation marks: {shown(quoted.group())}"
        fix = "Only a statement's words are quoted, as {{ quote }} is. Take the marks out."
        report.error("own-quotation", _line_at(source, quoted.start()), what, fix)
    for tag in _HASHTAG.finditer(source):
        if _touches(source, tag):
            what = "The hashtag touches another word, which would make it dead text"
            fix = "Put a space or a line break there."
            report.error("template-hashtag", _line_at(source, tag.start()), what, fix)
    mentioned = mention_in(_NAME_AFTER_SIGN.sub("xx", source))
    if mentioned is not None:
        what = "An @mention stands here, or what could become one"
        fix = "Nobody is mentioned unasked: write the name, without @."
        report.error("mention", _line_at(source, mentioned), what, fix)
    if "fact" in template.draws:
        _check_first_line(source, report)


def _touches(source: str, tag: re.Match[str]) -> bool:
    """Whether what stands beside the hashtag would belong to it, or ends it before it begins."""
    before, after = source[max(tag.start() - 2, 0) : tag.start()], source[tag.end() :][:3]
    if before.endswith(("&", "/", "#", "＃", "}}")) or after.startswith(("#", "＃", "{{", "://")):
        return True
    if unicodedata.category(after[:1] or " ") in ("Mn", "Mc", "Me", "Cf"):
        return False  # told of as a character without its letter
    return any(map(belongs, before[-1:].strip(SELECTORS) + after[:1]))


def _line_at(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def _check_first_line(source: str, report: _Report) -> None:
    lines = enumerate(_BLOCK.sub(_blank, source).split("\n"), 1)
    number, first = next(((number, line) for number, line in lines if line.strip()), (1, ""))
    if not _FACT_DATE.search(first):
        what = "The post of a fact must open with its date"
        fix = "Put {{ fact.when }} in the first line: years later, readers see that line."
        report.error("template-fact-date", number, what, fix)


def _parse(body: str, environment: Environment, report: _Report) -> nodes.Template | None:
    try:
        with warnings.catch_warnings():  # the lexer warns of escapes like \d in texts
            warnings.simplefilter("ignore")
            return environment.parse(body)
    except TemplateSyntaxError as error:
        what = f"The template can't be read: {shown(error.message or '', 160)}"
        report.error("template-syntax", error.lineno, what, _ALLOWED)
    except RecursionError:
        what = "Templates don't have brackets or conditions nested so deep"
        report.error("template-not-allowed", 1, what, _ALLOWED)
    except ValueError:
        report.error("template-not-allowed", 1, "Templates don't have such numbers", _ALLOWED)
    return None


class _NotAllowedError(Exception):
    """A construct that templates don't have: what it is, and the line of the body."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


def _refuse(node: nodes.Node) -> NoReturn:
    what = _CONSTRUCTS.get(type(node).__name__, "arithmetic")
    lines = (each.lineno for each in (node, *node.iter_child_nodes()))
    raise _NotAllowedError(what, next((line for line in lines if line), 1))


class _Printed:
    """How often each name is printed, at least and at most, over all ways through the conditions.

    `demand` stands for the words, `demand.by` for by or publisher, `hashtag` for literal ones, too.
    """

    def __init__(self) -> None:
        self.least: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def add(self, name: str, least: int, most: int) -> None:
        self.least[name] = self.least.get(name, 0) + least
        self.most[name] = self.most.get(name, 0) + most

    def then(self, other: _Printed) -> None:
        for name in other.most:
            self.add(name, other.least[name], other.most[name])


def _either(ways: Sequence[_Printed]) -> _Printed:
    either = _Printed()
    for name in {name for way in ways for name in way.most}:
        least = min(way.least.get(name, 0) for way in ways)
        either.add(name, least, max(way.most.get(name, 0) for way in ways))
    return either


class _Walk:
    """Walks a parsed body. Raises _NotAllowedError at the first construct that is not allowed."""

    def __init__(self, template: Template, hashtag: str, report: _Report) -> None:
        self._template = template
        self._report = report
        self._hashtag = hashtag

    def body(self, body: Sequence[nodes.Node], depth: int) -> _Printed:
        """What these nodes print."""
        printed = _Printed()
        for node in body:
            if isinstance(node, nodes.Output):
                for part in node.nodes:
                    self._output(part, printed)
            elif isinstance(node, nodes.If):
                printed.then(self._if(node, depth + 1))
            else:
                _refuse(node)
        return printed

    def _if(self, node: nodes.If, depth: int) -> _Printed:
        ways = []
        for branch in (node, *node.elif_):
            self._condition(branch.test, depth)
            ways.append(self.body(branch.body, depth))
        return _either([*ways, self.body(node.else_, depth)])

    def _output(self, node: nodes.Node, printed: _Printed) -> None:
        if isinstance(node, nodes.TemplateData):
            text = unicodedata.normalize("NFC", node.data)
            times = len(tagged(text, self._hashtag)) if self._hashtag else 0
            printed.add("hashtag", times, times)
            return
        name, attribute = self._name(node)
        if (name, attribute) == ("links", ""):
            what = "`links` is printed without saying which link"
            fix = "Write {{ links.NAME }}."
            self._report.error("template-unknown-attribute", node.lineno, what, fix)
        attribute = "by" if attribute == "publisher" else attribute
        printed.add(f"{name}.{attribute}" if attribute else name, 1, 1)

    def _condition(self, node: nodes.Node, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise _NotAllowedError(f"conditions nested more than {MAX_DEPTH} deep", node.lineno)
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            return
        if isinstance(node, nodes.Name | nodes.Getattr):
            self._name(node)
            return
        for part in _parts_of_condition(node):
            self._condition(part, depth + 1)

    def _name(self, node: nodes.Node) -> tuple[str, str]:
        """The name and its attribute, if any, after reporting them if there are no such things.

        Of a misspelt one, what was meant is given, so that it is reported only once.
        """
        if isinstance(node, nodes.Name):
            return self._known_name(node.name, node.lineno), ""
        if not isinstance(node, nodes.Getattr):
            _refuse(node)
        if isinstance(node.node, nodes.Getattr):
            raise _NotAllowedError("attributes of attributes, a.b.c", node.lineno)
        if not isinstance(node.node, nodes.Name):
            _refuse(node.node)
        name = self._known_name(node.node.name, node.lineno)
        return name, self._known_attribute(name, node.attr, node.lineno)

    def _known_name(self, name: str, line: int) -> str:
        known = (*self._template.draws, "hashtag", "links")
        if name in known or (name in KINDS and not self._template.draws):
            return name
        if name in KINDS:
            what = f"`{name}` is used, but the template doesn't draw one"
            fix = f"Add it to the head: `draws: {', '.join([*self._template.draws, name])}`."
            self._report.error("template-not-drawn", line, what, fix)
        else:
            what = f"There is no `{shown(name)}`{meant(name, (*known, *KINDS))}"
            rule, fix = "template-unknown-name", f"There are {listed(known)}."
            self._report.error(rule, line, what, fix, unknown=name, known=known)
            return nearest(name, (*known, *KINDS)) or name
        return name

    def _known_attribute(self, name: str, attribute: str, line: int) -> str:
        if name == "links":
            self._check_link(attribute, line)
            return attribute
        known = _attributes(name)
        is_known = name in (*self._template.draws, "hashtag") or not self._template.draws
        if attribute in known or not is_known:
            return attribute
        what = f"`{name}` has no `{shown(attribute)}`{meant(attribute, known)}"
        fix = f"It has {listed(known)}."
        if attribute == "to" and name in KINDS:
            what, fix = f"`{name}.to`: only a demand is addressed to somebody", "Take it out."
        rule = "template-unknown-attribute"
        self._report.error(rule, line, what, fix, unknown=attribute, known=known)
        return nearest(attribute, known) or attribute

    def _check_link(self, name: str, line: int) -> None:
        needs = self._template.needs
        if name not in needs:
            guess = meant(name, needs)
            what = f"The link `{shown(name)}` is used, but the head doesn't need it{guess}"
            fix = f"Write `needs: {', '.join([*needs, shown(name)])}` there."
            rule = "template-unknown-link"
            self._report.error(rule, line, what, fix, unknown=name, known=tuple(needs))


def _attributes(name: str) -> tuple[str, ...]:
    if name not in KINDS:
        return ()
    return ATTRIBUTES if name == "demand" else tuple(each for each in ATTRIBUTES if each != "to")


def _parts_of_condition(node: nodes.Node) -> Iterable[nodes.Node]:
    """The parts of not, and, or, == and !=; anything else is refused."""
    if isinstance(node, nodes.Not):
        return (node.node,)
    if isinstance(node, nodes.And | nodes.Or):
        return (node.left, node.right)
    if isinstance(node, nodes.Compare) and all(operand.op in ("eq", "ne") for operand in node.ops):
        return (node.expr, *(operand.expr for operand in node.ops))
    _refuse(node)


def _check_printed(printed: _Printed, template: Template, report: _Report) -> None:
    """Whether the post has the words it draws, whose they are, of when, and the hashtag once."""
    for kind in template.draws:
        _check_always(printed, kind, "template-not-printed", f"The {kind} it draws", report)
        who, when = f"Who said the {kind}", f"When the {kind} was said"
        _check_always(printed, f"{kind}.by", "template-attribution", who, report)
        _check_always(printed, f"{kind}.when", "template-when", when, report)
    _check_always(printed, "hashtag", "template-hashtag", "The hashtag", report)
    if printed.most.get("hashtag", 0) > 1:
        what = "The post has the hashtag more than once"
        report.error("template-hashtag", 1, what, "Keep one {{ hashtag }}.")
    for name in template.needs:
        if not printed.most.get(f"links.{name}"):
            what = f"The head needs the link `{name}`, but it is never printed"
            report.warn("unused-link", 1, what, f"Put {{{{ links.{name} }}}} in the text.")


def _check_always(printed: _Printed, name: str, rule: str, title: str, report: _Report) -> None:
    if printed.least.get(name, 0) > 0:
        return
    how = "only sometimes printed" if printed.most.get(name) else "never printed"
    fix = f"Put {{{{ {name} }}}} in the text, where it is printed whatever the conditions."
    report.error(rule, 1, f"{title} is {how}", fix)
