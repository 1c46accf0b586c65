"""messages/ and media/ to a Campaign, and the list of everything wrong in them.

What has an error, or is not what was verified, is not in the campaign: nothing that holds one can
post it. The parts, in reading order; each imports only parts above it:

    words         comparing words with the text they were taken from
    tags          hashtags and mentions, as X reads them
    lines         on which line of a TOML text each key stands
    telling       one mistake, one message
    reading       files to text
    clean         what was not meant to go out, in our own words
    tables        TOML to tables that know what may stand in them
    scanning      secrets that were pasted into content
    campaign      campaign.toml
    statements    statements/ID.toml
    bodies        what the body of a template may hold
    templates     templates/NAME.txt
    writing       text to files
    splicing      other short forms in a statement's text, the rest of it as it is
    cards         the cards with the words of passages
    lock          what was verified, and whether the content still is that
    pictures      what the campaign's own pictures say, and whether they still do
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from bot.content.campaign import PATH, Settings, read_campaign
from bot.content.cards import card_pages, read_cards
from bot.content.clean import PRINTED, remnants, tell
from bot.content.lock import EDITED, Lock, check_bytes, check_passages, read_lock
from bot.content.pictures import check_pictures
from bot.content.reading import Findings, Reader, shown
from bot.content.statements import FOLDER as STATEMENTS
from bot.content.statements import Collected, link_passages, read_statement
from bot.content.tables import read_table
from bot.content.tags import mention_in
from bot.content.telling import as_one
from bot.content.templates import FOLDER as TEMPLATES
from bot.content.templates import Templates, make_environment
from bot.domain import CARD, EMPTY, Asset, Campaign, Passage, Place, Problem, Template
from bot.errors import ContentError
from bot.media import CATALOGUE, Media, load_media

_GAP = re.compile(r"\{\w+\}")
"""Where the alt text of cards has something of the card."""

__all__ = ["Loaded", "load", "make_environment", "read"]


def load(root: Path, known_networks: Collection[str]) -> Campaign:
    """What may be posted of the content under a root, the folder that holds messages/ and media/.

    What has an error, or is not what was verified, is left out; `left_out` says what and why.
    Raises ContentError where what concerns all of it can't be read: campaign.toml, media.toml, the
    lock.
    """
    loaded = read(root, known_networks=known_networks, lint=False)
    if loaded.fatal:
        raise ContentError(as_one([*loaded.fatal, *loaded.problems]))
    return loaded.campaign


def read(
    root: Path,
    *,
    known_networks: Collection[str],
    lint: bool = True,
    instead: Mapping[str, str] | None = None,
) -> Loaded:
    """Everything that could be read under a root, and every problem found. Never raises.

    With lint=False it doesn't look for warnings and secrets; whatever would make a wrong post is
    still an error. `instead` has texts by path that are read in place of what is on the disk, or
    beside it: what somebody is writing. The lock is always the disk's.
    """
    findings = Findings(lint)
    reader = Reader(root, findings, instead)
    if instead is None and not os.path.isdir(root / "messages"):  # noqa: PTH112 (is_dir can raise)
        what = f"There is no folder messages/ in {shown(str(root.absolute()), 200)}"
        fix = "Run this in the checkout, or say where it is: --root DIR, or BOT_ROOT."
        findings.error("missing-folder", Place("messages"), what, fix)
        return Loaded(_nothing(root), findings, Media({}, {}, []), Lock(), {}, findings.problems)
    lock, unreadable = read_lock(root)
    loaded = _read(reader, known_networks, lock, unreadable)
    if lint:
        from bot.content.scanning import scan_for_secrets

        scan_for_secrets(root, findings)
    return loaded


class Loaded:
    """What was read: all of it, what of it is sound, and what may be posted.

    `whole` has what has errors, too. `unverified` are the passages without one that are not what
    was verified, by id, and why. `fatal` are the problems with which nothing can be posted.
    """

    def __init__(
        self,
        whole: Campaign,
        findings: Findings,
        media: Media,
        lock: Lock,
        unverified: Mapping[str, Problem],
        fatal: list[Problem],
    ) -> None:
        self.whole = whole
        self.lock = lock
        self.unverified = unverified
        self.fatal = fatal
        self._findings = findings
        self._media = media

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the files, by file and line; the lock is not among them."""
        return sorted(self._findings.problems, key=lambda p: (p.where.file, p.where.line or 0))

    @cached_property
    def sound(self) -> Campaign:
        """What has no error, whether it was verified or not."""
        whole, faulty = self.whole, self._findings.faulty
        wrong = {p.where.file for p in self._findings.problems if p.severity == "error"}
        assets = {n: a for n, a in whole.assets.items() if n not in self._media.faulty}
        return whole._replace(
            accounts={n: a for n, a in whole.accounts.items() if f"accounts.{n}" not in faulty},
            passages=_together(_without(faulty, whole.passages)),
            templates={n: t for n, t in whole.templates.items() if t.where.file not in wrong},
            assets={n: a for n, a in assets.items() if f"assets.{n}" not in faulty},
            cards=EMPTY if CARD in {*self._media.faulty, *faulty} else whole.cards,
        )

    @cached_property
    def unseen(self) -> Mapping[str, Problem]:
        """The pictures that are not what was looked at, by path, and why."""
        return check_bytes(self.sound.pictures, self.lock)

    @cached_property
    def _verified(self) -> Campaign:
        """Of what is sound, the passages that were verified; every picture."""
        sound = self.sound
        passages = _together({n: p for n, p in sound.passages.items() if n not in self.unverified})
        withheld = {n: p for n, p in self.whole.passages.items() if n not in passages}
        return sound._replace(passages=passages, withheld=withheld)

    @cached_property
    def _untrue(self) -> list[tuple[Place, Problem]]:
        """What keeps pictures of the program's own from saying what the content says now."""
        found = check_pictures(self._verified, Path(self.whole.root))
        return [(where, problem) for where, problem in found if problem.severity == "error"]

    @cached_property
    def campaign(self) -> Campaign:
        """What may be posted. What is left out is in `left_out`, in words."""
        verified, unseen = self._verified, self.unseen
        wrong = {where for where, _ in self._untrue}
        assets = {n: a for n, a in verified.assets.items() if a.where not in wrong}
        cards = {n: a for n, a in verified.cards.items() if Place(a.path) not in wrong}
        found = verified._replace(
            assets={n: a for n, each in assets.items() if (a := _seen(each, unseen))},
            cards={n: a for n, a in cards.items() if a.path not in unseen},
            left_out=self.left_out,
            idle=tuple(name for name in self.whole.idle if name not in verified.accounts),
        )
        return found._replace(digest=_digest(found))

    @property
    def to_draw(self) -> Campaign:
        """What pictures may show, and every picture that is asked for, in whatever state."""
        assets, cards = self.whole.assets, self.whole.cards
        return self._verified._replace(assets=assets, cards=cards, left_out=self.left_out)

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """Every error there is, what is no longer what was verified first, each mistake once."""
        errors = [problem for problem in self.problems if problem.severity == "error"]
        untrue = dict(self._untrue)
        unseen = [problem for problem in self.unseen.values() if problem.where not in untrue]
        of_pictures = [problem for _, problem in self._untrue]
        each = [*self.unverified.values(), *errors, *of_pictures, *unseen]
        first = [problem for problem in each if problem.rule in EDITED]
        return tuple(as_one([*first, *each]))


def _without(faulty: Collection[str], passages: Mapping[str, Passage]) -> dict[str, Passage]:
    return {
        name: passage
        for name, passage in passages.items()
        if name not in faulty and passage.statement.id not in faulty
    }


def _together(passages: Mapping[str, Passage]) -> dict[str, Passage]:
    """Without those that may not stand without one that isn't there."""
    return {n: p for n, p in passages.items() if p.with_id is None or p.with_id in passages}


def _seen(asset: Asset, unseen: Collection[str]) -> Asset | None:
    """The picture with what of it was looked at; None where that is nothing."""
    if asset.path in unseen:
        return None
    smaller = asset.smaller
    return asset if smaller is None or smaller.path not in unseen else asset._replace(smaller=None)


_DECIDES_NOTHING = frozenset({"where", "body_line", "left_out", "idle", "withheld", "root"})
"""Fields of values that decide on no post: an edit of a comment moves lines."""


def _digest(campaign: Campaign) -> str:
    """A hash of everything that decides on posts."""
    return hashlib.sha256(json.dumps(_plain(campaign), sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        fields = value._asdict()
        if isinstance(value, Asset):
            fields["digest"] = value.sha256
        return {key: _plain(each) for key, each in fields.items() if key not in _DECIDES_NOTHING}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _nothing(root: Path) -> Campaign:
    return Campaign(str(root), "", "", "UTC", 1, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)


def _read(
    reader: Reader, known_networks: Collection[str], lock: Lock, unreadable: list[Problem]
) -> Loaded:
    findings = reader.findings
    top = read_table(reader, PATH)
    is_written = top is not None and not _is_empty(top.data, PATH, findings)
    settings = read_campaign(top, known_networks) if top and is_written else Settings()
    fatal = [p for p in findings.problems if p.severity == "error"]
    fatal = [p for p in fatal if p not in findings.contained or p.rule == "bad-timezone"]
    media = load_media(reader.root, reader.instead.get(CATALOGUE)).speaking(settings.language)
    fatal += [p for p in media.problems if not media.assets]
    is_blind = bool(fatal)  # what is on the cards is not known then, nor that any is missing
    fatal += unreadable
    findings.problems += [p for p in media.problems if findings.lint or p.severity == "error"]
    collected = _read_statements(reader)
    known_assets = None if media.problems and not media.assets else media.assets
    templates = _read_templates(reader, Templates(settings, known_assets, findings))
    _check_alt_texts(media, findings)
    whole = Campaign(
        root=str(reader.root),
        name=settings.name,
        hashtag=settings.hashtag,
        timezone=settings.timezone,
        seed=settings.seed,
        accounts=settings.accounts,
        statements=collected.statements,
        passages=collected.passages,
        templates=templates,
        assets=media.assets,
        approval=settings.approval,
        sensitive=settings.sensitive,
        links=settings.links,
        where=Place(PATH, 1),
        idle=tuple(settings.account_names),
    )
    unverified = check_passages(_without(findings.faulty, whole.passages), lock)
    pages = {} if is_blind else card_pages(whole.passages, whole.hashtag)
    spoken = {account.language for account in settings.accounts.values()}
    used = [template for template in templates.values() if template.language in spoken]
    cards = read_cards(reader.root, pages, whole.passages, used, media, findings, unverified)
    return Loaded(whole._replace(cards=cards), findings, media, lock, unverified, fatal)


def _read_statements(reader: Reader) -> Collected:
    collected = Collected()
    for path, name in _named(reader, STATEMENTS, ".toml"):
        top = read_table(reader, path)
        if top is None or _is_empty(top.data, path, reader.findings):
            collected.complete = False
        else:
            read_statement(name, top, collected)
    link_passages(collected)
    return collected


def _read_templates(reader: Reader, templates: Templates) -> dict[str, Template]:
    texts = ((path, name, reader.text(path)) for path, name in _named(reader, TEMPLATES, ".txt"))
    return {
        name: templates.read(path, name, text)
        for path, name, text in texts
        if text is not None and not _is_empty(text.strip(), path, reader.findings)
    }


def _is_empty(content: Any, path: str, findings: Findings) -> bool:
    """Whether a file has nothing in it, which is then all that is said of it."""
    if not content:
        what = f"There is nothing in {path}"
        findings.error("empty-file", Place(path, 1), what, "Restore it, or delete the file.")
    return not content


def _named(reader: Reader, folder: str, suffix: str) -> list[tuple[str, str]]:
    """The folder's (path, name), after reporting if there are none."""
    before = reader.findings.errors
    found = reader.names(folder, suffix)
    if not found and reader.findings.errors == before:
        what = f"There is nothing in {folder}/"
        reader.findings.error("nothing-there", Place(folder), what, f"Put `NAME{suffix}` there.")
    return found


def _check_alt_texts(media: Media, findings: Findings) -> None:
    for asset in media.assets.values():
        with findings.about(f"assets.{asset.id}"):
            for text in asset.alt.values():
                _check_alt(text, asset.where, f"the alt text of `{asset.id}`", findings)
    for key, alts in media.cards.items():
        where = Place(CATALOGUE, media.cards_at.get(key))
        with findings.about(CARD):
            for text in alts.values():
                _check_alt(_GAP.sub(PRINTED, text), where, f"the `{key}` of cards", findings)


def _check_alt(text: str, where: Place, of: str, findings: Findings) -> None:
    if mention_in(text) is not None:
        what = f"{of[:1].upper()}{of[1:]} holds an @mention"
        findings.error(
            "mention", where, what, "Nobody is mentioned unasked: write the name, without @."
        )
    tell(remnants(text), where, of, findings)
