"""`bot new`: asks for new content, checks each answer as it is given, writes the file at the end.

Nothing is written before the last answer, so whoever stops (Ctrl-C) leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from bot.cli.shared import NETWORKS, Bot, limits_of, pass_bot
from bot.errors import UsageError, counted

if TYPE_CHECKING:
    from pathlib import Path

    from bot.domain import Kind, Problem
    from bot.drafting import Draft, Fault, Made, Source

CAMPAIGN = "messages/campaign.toml"
STATEMENTS = "messages/statements"
TEMPLATES = "messages/templates"
CATALOGUE = "media/media.toml"

WORDS = ("quote", "position", "demand", "fact")
"""The kinds of passages, by name: `--help` must not load all that knows them."""

WHAT = (*WORDS, "statement", "template", "picture", "campaign")

_SHOWN = 8
_WRONG = "red"


@click.command(short_help="Asks for a new quote, template or the like, and writes it.")
@click.argument("what", type=click.Choice(WHAT), metavar="WHAT")
@click.option("--statement", "name", metavar="NAME", help="The statement the words are from.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="FILE",
    help="The published text; may be repeated.",
)
@pass_bot
def new(bot: Bot, what: str, name: str | None, sources: tuple[str, ...]) -> int:
    """Asks for new content, checks each answer, shows the posts it makes, and writes it.

    \b
    WHAT is one of quote, position, demand, fact, statement, template, picture and
    campaign.
    Examples:  bot new quote --source statement.txt
               bot new template
    Nothing is written before the last answer; Ctrl-C leaves everything as it was.
    """
    from bot.drafting import Draft

    draft = Draft(bot.root, limits_of(NETWORKS))
    texts = dict(_read_sources(sources))
    if what == "campaign":
        draft, then = _campaign(draft)
    elif draft.text(CAMPAIGN) is None:
        raise UsageError(
            what=f"There is no {CAMPAIGN} in {bot.root.absolute()}.",
            fix="Begin with `bot new campaign`, or say where the campaign is: --root DIR.",
        )
    elif what == "picture":
        draft, then = _picture(draft)
    elif what == "template":
        draft, then = _template(draft)
    elif what == "statement":
        draft, then = _statement(draft, texts)
    else:
        draft, then = _more_words(draft, _kind(what), name, texts)
    _write(draft)
    click.echo(f"Next: {then}")
    return 0


def _read_sources(names: Sequence[str]) -> Iterator[tuple[str, Source]]:
    from bot.drafting import Source
    from bot.sources import read_source

    for name in names:
        read = read_source(name)
        click.echo(f"Read {name}: {read.kind}, {counted(read.words, 'word')}.")
        yield name, Source(read.text)


def _write(draft: Draft) -> None:
    """Asks once more, and writes."""
    files = " and ".join(draft.texts)
    if not click.confirm(f"Write {files}?", default=True):
        click.echo("Nothing was written.")
        raise click.exceptions.Exit(1)
    draft.write()
    click.secho(f"Wrote {files}.", fg="green", bold=True)


# -- asking -----------------------------------------------------------------------------------


def _line(question: str, default: str = "", *, needed: bool = True) -> str:
    """One answer on a line of its own."""
    while True:
        suffix = " " if question.endswith("?") else ": "
        said = click.prompt(
            question, default=default, show_default=bool(default), prompt_suffix=suffix
        )
        answer = _clean(str(said))
        if answer or not needed:
            return answer


def _clean(answer: str) -> str:
    from bot.content.reading import one_line

    return one_line(answer.encode("utf-8", "replace").decode())


def _lines(question: str, *, until: str) -> list[str]:
    """Several lines, up to one that is just `until`."""
    click.echo(question)
    found: list[str] = []
    while True:
        line = str(click.prompt("", default="", show_default=False, prompt_suffix="> "))
        line = line.encode("utf-8", "replace").decode().rstrip()
        if line.strip() == until:
            return found
        found.append(line)


def _words(question: str) -> str:
    """Words that may be pasted over several lines; an empty line ends them."""
    from bot.drafting import bare

    said = " ".join(_lines(f"{question} (an empty line ends it)", until=""))
    words = bare(said)
    if words != _clean(said):
        click.echo("The quotation marks around it are left off: the program puts them.")
    return words


def _until_right(ask: Callable[[], str], fault_of: Callable[[str], Fault | None]) -> str:
    """Asks until nothing is wrong with the answer."""
    while True:
        answer = ask()
        fault = fault_of(answer)
        if fault is None:
            return answer
        _complain(fault.what, fault.fix)


def _complain(what: str, fix: str = "") -> None:
    click.secho(what, fg=_WRONG)
    if fix:
        click.echo(f"    {fix}")


def _free_name(question: str, default: str, taken: Collection[str]) -> str:
    from bot.content.reading import is_name
    from bot.drafting import Fault

    def fault_of(name: str) -> Fault | None:
        if not is_name(name):
            return Fault(
                f"`{name}` can't be a name", "Lower-case letters, digits, - between words."
            )
        return Fault(f"`{name}` is taken", "Choose another.") if name in taken else None

    return _until_right(lambda: _line(question, default), fault_of)


def _several(question: str, known: Collection[str], default: Collection[str]) -> list[str]:
    """Some of the known names, with commas between."""
    from bot.content.reading import listed, meant

    while True:
        said = _line(question, ", ".join(default))
        names = list(dict.fromkeys(part.strip() for part in said.split(",") if part.strip()))
        unknown = next((name for name in names if name not in known), None)
        if unknown is None and names:
            return names
        what = "There must be one" if unknown is None else f"There is no `{unknown}`"
        _complain(f"{what}{meant(unknown or '', known)}", f"There are {listed(known)}.")


# -- showing ----------------------------------------------------------------------------------


def _show_problems(problems: Sequence[Problem]) -> bool:
    """Says what is wrong; whether anything is an error."""
    for problem in problems:
        _complain(problem.what, problem.fix)
    return any(problem.severity == "error" for problem in problems)


def _show_posts(made: Sequence[Made]) -> None:
    """The posts, those that are too long first."""
    if not made:
        click.echo("No post is made of it yet: see `bot check` for what is lacking.")
        return
    click.echo(f"\nThis makes {counted(len(made), 'post')}:")
    for each in sorted(made, key=lambda post: post.composed.fits)[:_SHOWN]:
        used = f"{each.composed.length}/{each.limit}"
        colour = None if each.composed.fits else _WRONG
        click.echo(f"\n{click.style(each.template, bold=True)}  {click.style(used, fg=colour)}")
        click.echo("\n".join(f"  │ {line}" for line in each.composed.text.split("\n")))
    if len(made) > _SHOWN:
        click.echo(f"\nand {len(made) - _SHOWN} more.")
    click.echo()


def _too_long(made: Sequence[Made]) -> str:
    """How many posts are too long, and by how much; empty where all fit."""
    long = [each for each in made if not each.composed.fits]
    if not long:
        return ""
    worst = max(long, key=lambda each: each.composed.length - each.limit)
    return (
        f"{len(long)} of {counted(len(made), 'post')} would be too long; by `{worst.template}` it "
        f"is {worst.composed.length} of {worst.limit}."
    )


# -- words ------------------------------------------------------------------------------------


def _kind(word: str) -> Kind:
    from bot.domain import KINDS

    return next(kind for kind in KINDS if kind == word)


def _more_words(
    draft: Draft, kind: Kind, name: str | None, sources: Mapping[str, Source]
) -> tuple[Draft, str]:
    """Another passage for a statement that is there."""
    statements = draft.campaign.statements
    if not statements:
        raise UsageError(
            what="There is no statement yet.", fix="Begin with `bot new statement --source FILE`."
        )
    first = next(iter(statements))
    chosen = name if name is not None else first
    if name is None and len(statements) > 1:
        chosen = _several("From which statement?", statements, [first])[0]
    if chosen not in statements:
        raise UsageError(
            what=f"There is no statement `{chosen}`.", fix=f"There are: {', '.join(statements)}."
        )
    texts = sources or dict(_remembered(draft, chosen))
    draft = _passage(draft, kind, chosen, texts)
    return draft, _verify(texts)


def _verify(sources: Mapping[str, Source]) -> str:
    files = " ".join(sources) or "SOURCE…"
    return f"bot verify {files}, then bot check, and bot preview."


def _remembered(draft: Draft, statement: str) -> Iterator[tuple[str, Source]]:
    """The source that the lock names, where its file is here; else the one that is answered."""
    from pathlib import Path

    from bot.content.lock import read_lock

    entry = read_lock(draft.root)[0].statements.get(statement)
    if entry is not None:
        for folder in (Path(), draft.root, draft.root / "sources"):
            if (folder / entry.source).is_file():
                found = str(folder / entry.source)
                click.echo(f"Its published text: {found}")
                yield from _read_sources([found])
                return
    said = _line("The file with the published text (empty: none here)", needed=False)
    if said:
        yield from _read_sources([said])
    else:
        click.echo("Then nothing is compared now; `bot verify` will.")


def _passage(draft: Draft, kind: Kind, statement: str, sources: Mapping[str, Source]) -> Draft:
    """The draft with another passage, after all that there is to ask about it."""
    from bot.drafting import appended, as_published, slug, table

    path = f"{STATEMENTS}/{statement}.toml"
    before = draft.text(path) or ""
    said = _until_right(
        lambda: _words(f"The {kind}'s words"), lambda words: _words_fault(words, kind, sources)
    )
    text, _ = as_published(said, kind, sources)
    speaker, speaker_table = _speaker(draft, kind, statement)
    to = _addressee(draft, statement) if kind == "demand" else ""
    taken = {
        each.id.rpartition("/")[2]
        for each in draft.campaign.passages.values()
        if each.statement.id == statement
    }
    name = _free_name("A name for it, within the statement", slug(text, taken, kind), taken)
    sensitive = click.confirm(
        "Does it tell of the detention, injury or health of a person who can be recognised?",
        default=False,
    )
    short: list[str] = []

    def written() -> Draft:
        fields: dict[str, str | bool | Sequence[str]] = {
            "by": speaker,
            "to": to,
            "text": text,
            "short": short,
            "sensitive": sensitive,
        }
        block = table(f"{kind}s.{name}", fields)
        return draft.having(path, appended(appended(before, speaker_table), block))

    while True:
        found = written()
        made = list(found.made(passage=f"{statement}/{name}"))
        too_long = _too_long(made)
        if not too_long:
            break
        _complain(too_long, "Give a shorter form: its own words, in order, … for what is left out.")
        form = _short_form(text, short)
        if not form:
            break
        short.append(form)
    _show_problems(found.problems(path))
    _show_posts(made)
    return found


def _words_fault(words: str, kind: Kind, sources: Mapping[str, Source]) -> Fault | None:
    from bot.content.tags import mention_in
    from bot.drafting import Fault, as_published

    if not words:
        return Fault("There are no words", "Paste them as they were published.")
    if mention_in(words) is not None:
        return Fault("They hold an @mention", "Nobody is mentioned unasked: choose other words.")
    return as_published(words, kind, sources)[1]


def _short_form(text: str, forms: Sequence[str]) -> str:
    """Another short form that nothing is wrong with; empty for none."""
    from bot.drafting import short_form_fault

    return _until_right(
        lambda: _words("A shorter form"),
        lambda short: short_form_fault(text, forms, short) if short else None,
    )


def _speaker(draft: Draft, kind: Kind, statement: str) -> tuple[str, str]:
    """Who says it: a name of the statement's speakers, and the table of one that is new."""
    from bot.content.reading import is_name
    from bot.drafting import Fault, table

    known = _speakers(draft, statement)
    there = f" ({', '.join(known)}, or a new one)" if known else ""
    none = "" if kind == "quote" else "; empty: the publisher"
    default = known[0] if kind == "quote" and len(known) == 1 else ""

    def fault_of(name: str) -> Fault | None:
        if not name or is_name(name):
            return None
        return Fault(
            f"`{name}` can't be a name", "A short one, like roe; how to print it comes next."
        )

    name = _until_right(
        lambda: _line(f"Who says it{there}{none}", default, needed=kind == "quote"), fault_of
    )
    if not name or name in known:
        return name, ""
    forms: list[str] = []
    while not forms:
        question = (
            f"How is {name} named in a post? Longest first, a line each (an empty line ends it)"
        )
        forms = [form for line in _lines(question, until="") if (form := _clean(line))]
    return name, table(f"speakers.{name}", {"as": sorted(forms, key=len, reverse=True)})


def _speakers(draft: Draft, statement: str) -> list[str]:
    import tomli

    try:
        read = tomli.loads((draft.text(f"{STATEMENTS}/{statement}.toml") or "").lstrip("\ufeff"))
    except tomli.TOMLDecodeError:
        return []
    speakers = read.get("speakers", {})
    return list(speakers) if isinstance(speakers, dict) else []


def _addressee(draft: Draft, statement: str) -> str:
    known = [
        each.to
        for each in draft.campaign.passages.values()
        if each.statement.id == statement and each.to
    ]
    return _line("To whom is it addressed", known[-1] if known else "")


def _statement(draft: Draft, sources: Mapping[str, Source]) -> tuple[Draft, str]:
    """A new statement with its first passages."""
    from bot.content.campaign import is_language
    from bot.drafting import Fault, slug
    from bot.drafting import statement as statement_text

    publisher = _line("Who published it, as readers know them")
    when = _line('When, as exactly as they say it, like "August 2020" (invent no day)')
    first = next(iter(draft.campaign.accounts.values()), None)
    language = _until_right(
        lambda: _line("In which language", "en" if first is None else first.language),
        lambda code: (
            None if is_language(code) else Fault(f"`{code}` is no code", "Like fr or pt-BR.")
        ),
    )
    taken = _names(draft, STATEMENTS, ".toml")
    name = _free_name("A name for its file", slug(publisher, taken, "statement"), taken)
    if not sources:
        sources = dict(_remembered(draft, name))
    path = f"{STATEMENTS}/{name}.toml"
    draft = draft.having(path, statement_text(publisher, when, language))
    while True:
        word = click.prompt("What do you take from it", type=click.Choice(WORDS))
        draft = _passage(draft, _kind(word), name, sources)
        if not click.confirm("Another passage?", default=False):
            return draft, _verify(sources)


def _names(draft: Draft, folder: str, suffix: str) -> set[str]:
    there = draft.root / folder
    return {each.name.removesuffix(suffix) for each in there.glob(f"*{suffix}")}


# -- the rest ---------------------------------------------------------------------------------


def _template(draft: Draft) -> tuple[Draft, str]:
    from bot.drafting import plain_body
    from bot.drafting import template as template_text

    campaign = draft.campaign
    if not campaign.assets:
        raise UsageError(what="There is no picture yet.", fix="Begin with `bot new picture`.")
    draws = _several("What does it draw", WORDS, ["quote"])
    attach = _several("Which pictures may it carry", campaign.assets, list(campaign.assets))
    languages = {account.language for account in campaign.accounts.values()}
    language = ""
    if len(languages) > 1:
        language = _several("In which language", languages, sorted(languages)[:1])[0]
    taken = _names(draft, TEMPLATES, ".txt")
    name = _free_name("A name for its file", f"{draws[0]}-plain", taken)
    path = f"{TEMPLATES}/{name}.txt"
    parts = ("", ".by", ".to", ".when") if "demand" in draws[:1] else ("", ".by", ".when")
    fields = ", ".join(f"{{{{ {draws[0]}{part} }}}}" for part in parts)
    while True:
        question = f"The text: our words around {fields} and {{{{ hashtag }}}}"
        body = "\n".join(_lines(f"{question} (a line with just . ends it)", until="."))
        if not body.strip():
            body = plain_body(draws)
            click.echo(f"Nothing said, so a plain one:\n\n{body}\n")
        found = draft.having(path, template_text(draws, attach, body, language=language))
        if not _show_problems(found.problems(path)):
            break
    made = list(found.made(template=name))
    _show_posts(made)
    too_long = _too_long(made)
    if too_long:
        _complain(too_long, "`bot check` will say for which words; they need a shorter form.")
    return found, "bot check, and bot preview."


def _picture(draft: Draft) -> tuple[Draft, str]:
    """Names a picture that lies in media/, and describes it."""
    from pathlib import Path

    from bot.drafting import appended, slug, table

    file = _until_right(
        lambda: _line("The picture's file, in media/").removeprefix("media/"),
        lambda file: _picture_fault(draft.root, file),
    )
    tells = _tell_of_picture(draft.root, file)
    taken = set(draft.campaign.assets)
    name = _free_name(
        "A name for it, for templates", slug(Path(file).stem, taken, "picture"), taken
    )
    languages = sorted({each.language for each in draft.campaign.accounts.values()})
    lines = [f"[assets.{name}]", *table("", {"file": file}).splitlines()[1:]]
    for language in languages if len(languages) > 1 else [""]:
        inner = table("", {f"alt.{language}" if language else "alt": _alt(draft, language)})
        lines += inner.splitlines()[1:]
    credit = _line("Whose picture it is, for your records (empty: say nothing)", needed=False)
    lines += table("", {"credit": credit}).splitlines()[1:]
    before = draft.text(CATALOGUE) or ""
    text = appended(before, "\n".join(lines) + "\n")
    then = "name it in a template's `attach:` line: bot new template."
    return draft.having(CATALOGUE, text), f"bot check --fix; then {then}" if tells else then


def _picture_fault(root: Path, file: str) -> Fault | None:
    """What keeps a file from being posted; not what `bot check --fix` cuts out of it."""
    from bot.drafting import Fault
    from bot.media.files import unlisted
    from bot.media.inspecting import look

    picture, problems = unlisted(root, file)
    if picture is not None:
        problems = look(picture, root)
    wrong = [p for p in problems if p.severity == "error" and p.rule != "media-metadata"]
    return Fault(wrong[0].what, wrong[0].fix) if wrong else None


def _tell_of_picture(root: Path, file: str) -> bool:
    """Says what is to be mended in a picture that can be taken; whether it has metadata."""
    from bot.media.files import unlisted
    from bot.media.inspecting import look

    picture, _ = unlisted(root, file)
    problems = [] if picture is None else look(picture, root)
    for problem in problems:
        _complain(problem.what, problem.fix)
    return any(problem.rule == "media-metadata" for problem in problems)


def _alt(draft: Draft, language: str) -> str:
    from bot.drafting import Fault

    most = min(limits.alt for limits in draft.limits.values())

    def fault_of(alt: str) -> Fault | None:
        if not alt:
            return Fault("Every picture has one", "It is read aloud to those who can't see it.")
        over = len(alt) - most
        return Fault(f"That is {over} characters over {most}", "Shorten it.") if over > 0 else None

    inside = f" in {language}" if language else ""
    question = f"Alt text{inside}: what it shows, and every word on it (an empty line ends it)"
    return _until_right(lambda: _clean(" ".join(_lines(question, until=""))), fault_of)


def _campaign(draft: Draft) -> tuple[Draft, str]:
    """campaign.toml, for one account on X."""
    from bot.drafting import campaign as campaign_text

    if draft.text(CAMPAIGN) is not None:
        raise UsageError(
            what=f"There is a campaign here already: {CAMPAIGN}.",
            fix="Edit that file, or begin another in an empty folder.",
        )
    while True:
        name = _line("What is the campaign called (for reports; not in the posts)")
        hashtag = _line("Its hashtag, with #")
        zone = _line("The time zone of its times, like Europe/Brussels", "UTC")
        language = _line("Its language, as a code", "en")
        said = _line("At what times to post, with commas between", "12:00")
        times = [part.strip() for part in said.split(",") if part.strip()]
        found = draft.having(CAMPAIGN, campaign_text(name, hashtag, zone, language, times))
        if not _show_problems(found.problems(CAMPAIGN)):
            return found, "put a picture into media/, then: bot new picture."
