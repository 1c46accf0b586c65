"""Sign-off: which posts a person has approved, kept with the content in messages/approved.toml.

A sign-off is of what goes out, to the byte: account, network, language, text, and each picture's
bytes, type and alt text. A hash of these is its key, and only what hashes to a key in the file is
approved: edit a template, and just the posts that it makes lose theirs. It is not of the slot. When
the order of the coming posts moves, a post takes its sign-off along; slot and first words stand in
the file for those who review it.

Each sign-off is one line, in the order of the slots, so that a change shows as the lines it touches
and two branches merge (.gitattributes says how). To take one back, delete its line.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bot.composing import dressed
from bot.content.reading import FORBIDDEN, MAX_BYTES, Findings, Reader, one_line, shown
from bot.content.tables import Table, read_table
from bot.content.tags import mention_in
from bot.content.writing import quoted, taking_turns, write_whole
from bot.domain import Campaign, Place, Post, Problem
from bot.errors import ContentError, UsageError
from bot.planning import Planned, Planner

PATH = "messages/approved.toml"

_HEADER = """\
# Written by `bot approve`; don't edit it. Each line is a post that a person has signed off: where
# it stood in the plan then, how it begins, who signed it, and when. The key is a hash of exactly
# what goes out (account, language, text, pictures, alt texts): an edit of any of these undoes the
# sign-off, a move to another slot doesn't. To take a sign-off back, delete its line.
"""

_KEY = re.compile(r"[0-9a-f]{64}")
_FIRST_WORDS = 60
_LONGEST_NAME = 100


class Approval(NamedTuple):
    """One sign-off: who and when (ISO, UTC), for which slot, and how the post begins."""

    by: str
    at: str
    slot: str
    says: str
    key: str
    where: Place

    @property
    def account(self) -> str:
        return self.slot.partition("/")[0]

    @property
    def slot_at(self) -> datetime:
        return _time(self.slot.partition("/")[2])

    @property
    def day(self) -> str:
        return self.at[:10]


def key_of(account: str, network: str, post: Post) -> str:
    """The hash of exactly what goes out. JSON keeps the parts apart, whatever is in them."""
    media = [[item.sha256, item.mime, item.alt] for item in post.media]
    parts = [account, network, post.language, post.text, media]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def key_of_planned(planned: Planned) -> str | None:
    """The key of a planned post; None where nothing was drawn."""
    if planned.post is None:
        return None
    return key_of(planned.slot.account, planned.network, planned.post)


class Approvals:
    """The sign-offs as they were when the file was read. Frozen."""

    def __init__(self, each: Iterable[Approval] = ()) -> None:
        self._by_key: dict[str, Approval] = {}
        for approval in sorted(each, key=lambda found: found.at):
            self._by_key.setdefault(approval.key, approval)  # a merge may leave two: the first one
        self._by_slot = {approval.slot: approval for approval in self._by_key.values()}

    @classmethod
    def load(cls, root: Path) -> Approvals:
        """The file's sign-offs; none where there is no file. Raises ContentError."""
        found, problems = read_approvals(root)
        if problems:
            raise ContentError(problems)
        return found

    def __iter__(self) -> Iterator[Approval]:
        return iter(self._by_key.values())

    def state(self, planned: Planned) -> Approval | None:
        """The sign-off of exactly this post, if there is one."""
        key = key_of_planned(planned)
        return None if key is None else self._by_key.get(key)

    def approved(self, planned: Planned) -> bool:
        return self.state(planned) is not None

    def changed(self, planned: Planned) -> Approval | None:
        """For a post that is not signed off: the sign-off that its slot had for another one."""
        return None if self.approved(planned) else self._by_slot.get(planned.slot.id)

    def in_words(self, planned: Planned) -> str:
        """For people: by whom this post was signed off, or that it was not."""
        signed = self.state(planned)
        if signed is not None:
            return f"{signed.by}, {signed.day}"
        before = self.changed(planned)
        if before is None:
            return "not yet"
        return f"not as it is now: {before.by} signed off another post for this slot, {before.day}"

    def stale(self, plan: Sequence[Planned], now: datetime) -> list[Approval]:
        """The sign-offs of coming slots that fit no post of this plan, as far as it goes.

        The plan has every post of its accounts from its first to its last. A sign-off whose slot
        has another post that is signed off, too, was followed by that.
        """
        if not plan:
            return []
        first, last = max(plan[0].slot.at, now), plan[-1].slot.at
        accounts = {planned.slot.account for planned in plan}
        keys = {key_of_planned(planned) for planned in plan}
        settled = {planned.slot.id for planned in plan if self.approved(planned)}
        return [
            approval
            for approval in self
            if first <= approval.slot_at <= last
            and approval.account in accounts
            and approval.key not in keys
            and approval.slot not in settled
        ]

    def lost(self, possible: Collection[str], after: datetime | None = None) -> list[Approval]:
        """The sign-offs of posts that the content can't make (see `possible_keys`).

        With `after`, only those for slots that come then.
        """
        gone = [approval for approval in self if approval.key not in possible]
        return [each for each in gone if after is None or each.slot_at > after]


def possible_keys(planner: Planner, campaign: Campaign) -> set[str]:
    """The keys of all posts that this content can make, on any account."""
    return {
        key_of(account.name, account.network, dressed(composed.text, picture, account.language))
        for account in campaign.accounts.values()
        for deck in (planner.deck(account),)
        for template, units, composed in deck.every()
        if deck.card(template, units) is not None
        for picture in deck.pictures(template, units[0])
    }


class Watched:
    """Whether a post is approved by the file as it is now: it is read again when it has changed.

    While it can't be read nothing is approved, and `tell` hears of it once a change.
    """

    def __init__(self, root: Path, tell: Callable[..., None]) -> None:
        self._root = root
        self._tell = tell
        self._stamp: tuple[int, ...] | None = None
        self._approvals = Approvals()

    def __call__(self, planned: Planned) -> bool:
        stamp = _stamp(self._root)
        if stamp != self._stamp:
            self._stamp = stamp
            self._read()
        return self._approvals.approved(planned)

    def _read(self) -> None:
        try:
            self._approvals = Approvals.load(self._root)
        except ContentError as error:
            self._approvals = Approvals()
            self._tell("approvals", why=str(error).splitlines()[0])


def _stamp(root: Path) -> tuple[int, ...] | None:
    """What changes with every writing of the file; None without one."""
    try:
        status = os.stat(root / PATH)  # noqa: PTH116 (called for every slot)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


# Reading -----------------------------------------------------------------------------------------


def read_approvals(root: Path) -> tuple[Approvals, list[Problem]]:
    """The sign-offs, and what is wrong with the file; then there are none. Raises nothing."""
    findings = Findings()
    if not os.path.lexists(root / PATH):
        return Approvals(), []
    top = read_table(Reader(root, findings), PATH)
    each = [] if top is None else list(_read_posts(top))
    if findings.problems:
        return Approvals(), [_with_fix(problem) for problem in findings.problems]
    return Approvals(each), []


_FIX = "`bot approve` writes this file: undo the edit, or delete the line and sign off again."


def _with_fix(problem: Problem) -> Problem:
    return Problem("approved-unreadable", problem.where, problem.what, _FIX)


def _read_posts(top: Table) -> Iterator[Approval]:
    posts = top.anything("posts")
    top.close()
    if posts is None:
        return
    if not isinstance(posts, list):
        top.wrong_type("posts", "a list")
        return
    for index, item in enumerate(posts):
        if isinstance(item, dict):
            yield _read_post(Table(item, top.file, top.findings, ("posts", index)))
        else:
            top.wrong_type("posts", "a list of { … }")


def _read_post(table: Table) -> Approval:
    slot, says, by, at, key = (
        table.text(name, required=True) for name in ("slot", "says", "by", "at", "key")
    )
    table.close()
    if not _is_time(slot.partition("/")[2]):
        what = f"`{shown(slot)}` is no slot, ACCOUNT/TIME"
        table.error("approved-unreadable", "slot", what, _FIX)
    if not _is_time(at):
        table.error("approved-unreadable", "at", f"`{shown(at)}` is no time", _FIX)
    if not _KEY.fullmatch(key):
        what = f"`{shown(key)}` is no key: it has 64 digits of 0-9 and a-f"
        table.error("approved-unreadable", "key", what, _FIX)
    return Approval(by, at, slot, says, key, table.where)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_time(text: str) -> bool:
    try:
        return _time(text).tzinfo is not None
    except ValueError:
        return False


# Writing -----------------------------------------------------------------------------------------


def approve(
    root: Path,
    posts: Iterable[Planned],
    by: str,
    at: datetime,
    *,
    possible: Collection[str] | None = None,
) -> int:
    """Signs these posts off, and returns how many were not signed off before.

    With `possible`, lines of posts that the content can't make are taken out. The file is written
    whole or not at all. Raises ContentError where it can't be read, UsageError for a name that
    can't be one or more posts than the file has room for, and OSError.
    """
    name = name_in(by)
    with taking_turns(root / "messages"):
        before = {approval.key: approval for approval in Approvals.load(root)}
        new = {
            key: _approval(planned, key, name, at)
            for planned in posts
            if (key := key_of_planned(planned)) is not None and key not in before
        }
        kept = {key: each for key, each in before.items() if possible is None or key in possible}
        if new or kept != before:
            write_whole(root / PATH, _fitting([*kept.values(), *new.values()], at))
    return len(new)


def name_in(by: str) -> str:
    """A person's name, on one line. UsageError for what can't be one."""
    name = one_line(by)
    unfit = FORBIDDEN.search(name) is not None or mention_in(name) is not None
    if unfit or not 0 < len(name) <= _LONGEST_NAME:
        raise UsageError(what=f"`{shown(by)}` can't be a person's name.", fix="Say --by NAME.")
    return name


def _approval(planned: Planned, key: str, by: str, at: datetime) -> Approval:
    assert planned.post is not None
    when = at.astimezone(UTC).isoformat(timespec="seconds")
    says = shown(planned.post.text, _FIRST_WORDS)
    return Approval(by, when, planned.slot.id, says, key, Place(PATH))


def _fitting(each: Sequence[Approval], at: datetime) -> str:
    """The file's text. Where there are too many to be read again, those long past go first."""
    ordered = sorted(each, key=lambda found: (found.slot_at, found.slot, found.key))
    lines = [_line(approval) for approval in ordered]
    over = sum(len(line.encode()) for line in lines) + len(_text([]).encode()) - MAX_BYTES
    gone = 0
    while over > 0 and gone < len(ordered) and ordered[gone].slot_at < at:
        over -= len(lines[gone].encode())
        gone += 1
    if over > 0:
        raise UsageError(
            what=f"So many posts don't fit into {PATH}, which may have {MAX_BYTES:,} bytes.",
            fix="Sign off fewer of them: --days D, or --count N.",
        )
    return _text(lines[gone:])


def _text(lines: Sequence[str]) -> str:
    return "".join([_HEADER, "\nposts = [\n", *lines, "]\n"])


def _line(approval: Approval) -> str:
    fields: dict[str, Any] = {
        "slot": approval.slot,
        "says": approval.says,
        "by": approval.by,
        "at": approval.at,
        "key": approval.key,
    }
    return "  {" + ", ".join(f"{name} = {quoted(said)}" for name, said in fields.items()) + "},\n"
