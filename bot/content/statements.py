"""statements/ID.toml: a published text's speakers, quotes, positions, demands and facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from bot.content.campaign import read_language
from bot.content.reading import is_name, meant, shown
from bot.content.tables import Table
from bot.content.telling import gone
from bot.content.words import DOUBLE_QUOTES, left_out_negation, normalise, short_fault
from bot.domain import KINDS, Kind, Passage, Statement

FOLDER = "messages/statements"

_DOUBLE = frozenset(f'"{DOUBLE_QUOTES}')

TABLES: Mapping[Kind, str] = {kind: f"{kind}s" for kind in KINDS}


class Collected:
    """All statements read so far. `tables` has where each passage was read, by id.

    `complete` is False where a file could not be read; nothing is called unknown for want of it.
    """

    def __init__(self) -> None:
        self.statements: dict[str, Statement] = {}
        self.passages: dict[str, Passage] = {}
        self.tables: dict[str, Table] = {}
        self.complete = True


def read_statement(name: str, top: Table, collected: Collected) -> None:
    """Adds a statement and its passages. What is wrong goes to the table's findings."""
    before = top.findings.errors
    with top.findings.about(name):
        statement = Statement(
            id=name,
            publisher=top.text("publisher", required=True),
            when=top.text("when", required=True),
            language=read_language(top, "en"),
            where=top.where,
        )
        speakers = dict(_read_speakers(top))
        tables = [(kind, *each) for kind, key in TABLES.items() for each in top.tables(key)]
        top.close()
        if not tables:
            what = "The statement has no passage"
            fix = "Add a [quotes.NAME] with its text, or another."
            top.findings.error("no-passages", top.where, what, fix)
    collected.statements[name] = statement
    used: set[str] = set()
    lines: dict[str, int | None] = {}
    for kind, passage_name, table in tables:
        with top.findings.about(f"{name}/{passage_name}"):
            _check_name(passage_name, table, lines)
            passage = _read_passage(kind, passage_name, table, statement, speakers)
        used.add(passage.speaker)
        collected.passages.setdefault(passage.id, passage)
        collected.tables.setdefault(passage.id, table)
    if top.findings.errors == before:
        _warn_of_unused(top, speakers, used)


def _read_speakers(top: Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, table in top.tables("speakers"):
        _check_name(name, table, {})
        forms = table.texts("as", required=True)
        if "as" in table.data and not forms and isinstance(table.data["as"], list):
            table.error("empty", "as", "`as` is empty", "Say how the speaker is named.")
        if [*forms] != sorted(forms, key=len, reverse=True):
            what = f"The speaker `{name}` is not named longest first"
            fix = "Sort `as`: the longest attribution first, the shortest last."
            table.error("speaker-order", "as", what, fix)
        table.close()
        yield name, forms


def _check_name(name: str, table: Table, lines: dict[str, int | None]) -> None:
    """Reports a name that can't be an id, or that another table of the statement has."""
    if not is_name(name):
        what = f"`{shown(name)}` can't be an id"
        fix = "Use lower-case letters and digits, with - between words."
        table.findings.error("bad-id", table.where, what, fix)
    if name in lines:
        what = f"[{table.path[0]}.{name}]: line {lines[name]} has the name `{name}` already"
        fix = "Give one of them another name: quotes, positions, demands and facts share theirs."
        table.findings.error("duplicate-id", table.where, what, fix)
    lines.setdefault(name, table.where.line)


def _warn_of_unused(
    top: Table, speakers: Mapping[str, tuple[str, ...]], used: Collection[str]
) -> None:
    for name in speakers:
        if name not in used:
            what = f"The speaker `{name}` says nothing"
            fix = f'Give a passage by = "{name}", or take the speaker out.'
            where = top.place("speakers", name)
            top.findings.warn("unused-speaker", where, what, fix)


def _read_passage(
    kind: Kind,
    name: str,
    table: Table,
    statement: Statement,
    speakers: Mapping[str, tuple[str, ...]],
) -> Passage:
    text = table.text("text", required=True)
    short = table.texts("short")
    speaker = table.text("by", required=kind == "quote")
    to = table.text("to", required=kind == "demand")
    passage = Passage(
        id=f"{statement.id}/{name}",
        kind=kind,
        statement=statement,
        text=text,
        short=short,
        by=speakers.get(speaker, ()) or (statement.publisher,),
        speaker=speaker,
        to=to,
        with_id=_full_id(table.text("with"), statement),
        superseded_by=_full_id(table.text("superseded_by"), statement),
        sensitive=table.flag("sensitive", default=False),
        where=table.where,
    )
    if to and kind != "demand":
        what = f"`to` stands in a {kind}"
        table.error("to-elsewhere", "to", what, "Only a demand is addressed to somebody.")
    if speaker and speaker not in speakers:
        what = f"Unknown speaker `{shown(speaker)}`{meant(speaker, speakers)}"
        table.error("unknown-speaker", "by", what, f"Add [speakers.{shown(speaker)}], or mend it.")
    table.close()
    if text:
        _check_forms(passage, table)
    return passage


def _full_id(name: str, statement: Statement) -> str | None:
    if not name:
        return None
    return name if "/" in name else f"{statement.id}/{name}"


def _check_forms(passage: Passage, table: Table) -> None:
    _has_marks(passage.text, table, "text")
    longer = "text"
    length = len(passage.text)
    for index, short in enumerate(passage.short):
        if not short:
            continue
        place = table.place("short", index)
        if _has_marks(short, table, "short", index):
            continue
        if len(short) >= length:
            what = f"A short form is not shorter than the {longer} before it"
            fix = "Shorten it, or sort them: the longest first."
            table.findings.error("short-length", place, what, fix)
        longer, length = "short form", len(short)
        fault = short_fault(passage.text, short)
        if fault is not None:
            table.findings.error(fault.rule, place, fault.what, fault.fix)
        elif table.findings.lint:
            _warn_of_negation(passage, short, table, index)


def _warn_of_negation(passage: Passage, short: str, table: Table, index: int) -> None:
    negation = left_out_negation(passage.text, short, passage.statement.language)
    if negation is not None:
        what = f"The `…` of a short form leaves out a negation: `{negation}`"
        fix = "Make sure that the sense stays whole, or keep the negation."
        table.findings.warn("short-negation", table.place("short", index), what, fix)


def _has_marks(text: str, table: Table, *keys: str | int) -> bool:
    """Reports quotation marks around the words. A pair of them within the words is theirs."""
    if text[0] not in _DOUBLE and text[-1] not in _DOUBLE:
        return False
    plain = normalise(text)
    around = plain.startswith('"') and plain.endswith('"')
    is_wrong = around or plain.count('"') % 2 > 0
    if is_wrong:
        what = f"`{keys[0]}` has quotation marks around its words"
        fix = "Take them out: the program puts the marks of the language."
        table.findings.error("quotation-marks", table.place(*keys), what, fix)
    return is_wrong


def link_passages(collected: Collected) -> None:
    """Checks what passages say of one another, once all statements are read."""
    for passage in collected.passages.values():
        table = collected.tables[passage.id]
        with table.findings.about(passage.id):
            if passage.superseded_by is not None:
                _check_target(passage.superseded_by, "superseded_by", table, collected)
            if passage.with_id is not None:
                _check_with(passage, passage.with_id, table, collected)
    _report_rings(collected)


def _check_target(target: str, key: str, table: Table, collected: Collected) -> bool:
    if target in collected.passages:
        return True
    if collected.complete:
        written = table.data[key]
        names = {other: other.rpartition("/")[2] for other in collected.passages}
        known = names.keys() if "/" in written else set(names.values())
        what = (
            f"`{key}` names a passage that isn't there: `{shown(written)}`{meant(written, known)}"
        )
        fix = "Name a passage of this statement, or of another as STATEMENT/NAME."
        where = table.place(key)
        more = gone(target, where, collected.passages, "passages")
        fix = more.pop("fix", fix)
        table.findings.error("unknown-passage", where, what, fix, **more)
    return False


def _check_with(passage: Passage, target: str, table: Table, collected: Collected) -> None:
    if not _check_target(target, "with", table, collected):
        return
    partner = collected.passages[target]
    other_to = "" not in (partner.to, passage.to) and partner.to != passage.to
    if partner.statement != passage.statement:
        rule, what = "with-elsewhere", f"`{target}` is of another statement"
        fix = "Words stand together only where they did in their source."
    elif partner.with_id not in (None, passage.id):
        rule, what = "with-chain", f"`{target}` itself stands with another passage"
        fix = "Only two passages can stand together; make one of two of them."
    elif partner.by != passage.by or other_to:
        rule, what = "with-other-voice", f"`{target}` is said by, or to, somebody else"
        fix = "What stands together must have the same `by` and the same `to`."
    elif partner.superseded_by and not passage.superseded_by:
        rule, what = "with-superseded", f"`{target}` is superseded, and this passage needs it"
        fix = "Give this passage a `superseded_by`, too."
    elif partner.sensitive and not passage.sensitive:
        rule, what = "with-sensitive", f"`{target}` is sensitive, and this passage needs it"
        fix = "Mark this passage sensitive = true, too."
    else:
        return
    table.error(rule, "with", what, fix)


def _report_rings(collected: Collected) -> None:
    """Reports passages that stand with, or are superseded by, themselves in the end."""
    for key, targets in (
        ("with", {p.id: p.with_id for p in collected.passages.values()}),
        ("superseded_by", {p.id: p.superseded_by for p in collected.passages.values()}),
    ):
        told: set[str] = set()
        for start in targets:
            ring = _ring(start, targets)
            if ring and not told & {*ring}:
                told |= {*ring}
                what = f"`{key}` goes round in a ring: " + " → ".join([*ring, start])
                with collected.tables[start].findings.about(*ring):
                    collected.tables[start].error("ring", key, what, "Take it out of one of them.")


def _ring(start: str, targets: Mapping[str, str | None]) -> list[str]:
    """The ids from `start` back to itself, or nothing if the way ends, or ends elsewhere."""
    ring = [start]
    at = targets.get(start)
    while at is not None and at != start:
        if at in ring:
            return []
        ring.append(at)
        at = targets.get(at)
    return ring if at == start else []
