"""messages/ to a Campaign, or the list of everything wrong in it.

The parts, in reading order; each imports only parts above it:

    words         comparing words with the text they were taken from
    tags          hashtags and mentions, as X reads them
    lines         on which line of a TOML text each key stands
    reading       files to text
    tables        TOML to tables that know what may stand in them
    scanning      secrets that were pasted into content
    campaign      campaign.toml
    statements    statements/ID.toml
    bodies        what the body of a template may hold
    templates     templates/NAME.txt
    writing       text to files
    splicing      other short forms in a statement's text, the rest of it as it is
    cards         the cards with the words of passages
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from bot.content.campaign import PATH, Settings, read_campaign
from bot.content.cards import card_pages, read_cards
from bot.content.reading import Findings, Reader, shown
from bot.content.statements import FOLDER as STATEMENTS
from bot.content.statements import Collected, link_passages, read_statement
from bot.content.tables import read_table
from bot.content.tags import mention_in
from bot.content.templates import FOLDER as TEMPLATES
from bot.content.templates import Templates, make_environment
from bot.domain import Asset, Campaign, Place, Problem, Template
from bot.errors import ContentError
from bot.media import CATALOGUE, load_media

__all__ = ["load", "load_or_raise", "load_to_draw", "make_environment", "survey"]


def load(
    root: Path, *, known_networks: Collection[str], lint: bool = True
) -> tuple[Campaign | None, list[Problem]]:
    """Reads all content under a root, the folder that holds messages/ and media/.

    Returns the campaign, or None if anything has an error; and every problem found, by file and
    line. With lint=False it doesn't look for warnings and secrets; whatever would make a wrong post
    is still an error. Never raises.
    """
    if not os.path.isdir(root / "messages"):  # noqa: PTH112 (Path.is_dir can raise)
        what = f"There is no folder messages/ in {shown(str(root.absolute()), 200)}"
        fix = "Run this in the checkout, or say where it is: --root DIR, or BOT_ROOT."
        return None, [Problem("missing-folder", Place("messages"), what, fix)]
    campaign, problems = survey(root, known_networks=known_networks, lint=lint)
    is_wrong = any(problem.severity == "error" for problem in problems)
    return None if is_wrong else campaign, problems


def survey(
    root: Path,
    *,
    known_networks: Collection[str],
    lint: bool = True,
    instead: Mapping[str, str] | None = None,
) -> tuple[Campaign, list[Problem]]:
    """As much of the campaign as could be read, and every problem found; not fit for use with one.

    `instead` has texts by path that are read in place of what is on the disk, or beside it: what
    somebody is writing. Never raises.
    """
    findings = Findings(lint)
    campaign = _read(Reader(root, findings, instead), known_networks)
    if lint:
        from bot.content.scanning import scan_for_secrets

        scan_for_secrets(root, findings)
    return campaign, sorted(findings.problems, key=lambda p: (p.where.file, p.where.line or 0))


def load_or_raise(root: Path, known_networks: Collection[str], *, lint: bool = False) -> Campaign:
    """The campaign under a root. Raises ContentError, with all problems, if there is an error."""
    campaign, problems = load(root, known_networks=known_networks, lint=lint)
    if campaign is None:
        raise ContentError(problems)
    return campaign


def load_to_draw(root: Path) -> Campaign:
    """The campaign under a root for drawing its pictures. Raises ContentError.

    Only the words and the catalogue need to be right: pictures may be missing, and templates and
    networks are nothing to them.
    """
    findings = Findings(lint=False)
    campaign = _read(Reader(root, findings), known_networks=())
    errors = [problem for problem in findings.problems if _stops_drawing(problem)]
    if errors:
        raise ContentError(errors)
    return campaign


def _stops_drawing(problem: Problem) -> bool:
    file, rule = problem.where.file, problem.rule
    elsewhere = file.startswith(TEMPLATES) or rule in ("unknown-network", "card-missing")
    pictures = file.startswith("media/") and rule not in ("toml-syntax", "not-utf8", "wrong-type")
    return problem.severity == "error" and not elsewhere and not pictures


def _read(reader: Reader, known_networks: Collection[str]) -> Campaign:
    """Everything that could be read; with the findings' errors, not fit for use."""
    findings = reader.findings
    top = read_table(reader, PATH)
    settings = read_campaign(top, known_networks) if top else Settings()
    assets, alts, media_problems = load_media(reader.root, reader.instead.get(CATALOGUE))
    findings.problems += [p for p in media_problems if findings.lint or p.severity == "error"]
    collected = _read_statements(reader)
    known_assets = None if media_problems and not assets else assets
    templates = _read_templates(reader, Templates(settings, known_assets, findings))
    passages = collected.passages
    pages = card_pages(passages, settings.hashtag)
    cards = read_cards(reader.root, pages, passages, templates.values(), alts, findings)
    _check_alt_texts(assets, findings)
    return Campaign(
        root=str(reader.root),
        name=settings.name,
        hashtag=settings.hashtag,
        timezone=settings.timezone,
        seed=settings.seed,
        accounts=settings.accounts,
        statements=collected.statements,
        passages=passages,
        templates=templates,
        assets=assets,
        cards=cards,
        approval=settings.approval,
        sensitive=settings.sensitive,
        links=settings.links,
        where=Place(PATH, 1),
    )


def _read_statements(reader: Reader) -> Collected:
    collected = Collected()
    for path, name in _named(reader, STATEMENTS, ".toml"):
        top = read_table(reader, path)
        if top is None:
            collected.complete = False
        else:
            read_statement(name, top, collected)
    link_passages(collected)
    return collected


def _read_templates(reader: Reader, templates: Templates) -> dict[str, Template]:
    texts = ((path, name, reader.text(path)) for path, name in _named(reader, TEMPLATES, ".txt"))
    return {
        name: templates.read(path, name, text) for path, name, text in texts if text is not None
    }


def _named(reader: Reader, folder: str, suffix: str) -> list[tuple[str, str]]:
    """The folder's (path, name), after reporting if there are none."""
    before = reader.findings.errors
    found = reader.names(folder, suffix)
    if not found and reader.findings.errors == before:
        what = f"There is nothing in {folder}/"
        reader.findings.error("nothing-there", Place(folder), what, f"Put `NAME{suffix}` there.")
    return found


def _check_alt_texts(assets: Mapping[str, Asset], findings: Findings) -> None:
    for asset in assets.values():
        if any(mention_in(text) is not None for text in asset.alt.values()):
            what = f"The alt text of `{asset.id}` holds an @mention"
            fix = "Nobody is mentioned unasked: write the name, without @."
            findings.error("mention", asset.where, what, fix)
