"""The values everything else speaks of. All are frozen; none touches a file, a clock or a network.
They are named tuples: defining a dataclass takes seven times as long, at every start. Annotations
are evaluated where they stand: with the `__future__` import `typing` would compile each from text.

A *statement* was published by somebody at some time. Its *passages* (quotes, positions, demands,
facts) are verbatim. A *template* draws passages and may attach an *asset*. An *account* has
*slots*; for each, the draw gives a *post*, and the ledger a row.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from bot.errors import counted

Kind = Literal["quote", "position", "demand", "fact"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Severity = Literal["error", "warning"]

State = Literal["sending", "retry", "unknown", "held", "posted", "failed", "missed"]
STATES: tuple[State, ...] = get_args(State)

COOLDOWN = timedelta(days=30)
"""No text goes out twice within this span. Hard: with nothing left the slot is missed."""

REST = timedelta(days=14)
"""No passage is wished twice within this span."""

CARD = "card"
"""In a template's `attach`: not a picture's name, but the card with the words that are drawn."""

EMPTY: Mapping[str, Any] = MappingProxyType({})
"""What a value has by default where it may have a mapping."""


class Place(NamedTuple):
    """Where something stands in the content: a path relative to the root, and a line from 1."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


NOWHERE, CAMPAIGN = Place(""), Place("messages/campaign.toml")


class Problem(NamedTuple):
    """Something wrong with the content: where, what, and what to do about it.

    Of a post that is too long, `about` has the network, the template and the passages that it was
    made of, and `over` by how much. Problems with the same `several` have one cause, and are told
    as one: that sentence, with their `{count}`, and then what each is `about`. `unknown` is a name
    that is none of the `known` ones.
    """

    rule: str
    where: Place
    what: str
    fix: str = ""
    severity: Severity = "error"
    about: tuple[str, ...] = ()
    over: int = 0
    several: str = ""
    unknown: str = ""
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f"\n    {self.fix}" if self.fix else "")


class Statement(NamedTuple):
    """A published text. `when` is as exact as the publisher was ("August 2020")."""

    id: str
    publisher: str
    when: str
    language: str = "en"
    where: Place = NOWHERE


class Passage(NamedTuple):
    """Words of a statement, verbatim: `text`, or the shorter forms of it, longest first.

    `by` holds the attributions, longest first. `id` is STATEMENT/NAME.
    """

    id: str
    kind: Kind
    statement: Statement
    text: str
    short: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    speaker: str = ""
    to: str = ""
    with_id: str | None = None
    superseded_by: str | None = None
    sensitive: bool = False
    where: Place = NOWHERE

    @property
    def forms(self) -> tuple[str, ...]:
        """Every wording that may be used, longest first."""
        return (self.text, *self.short)


class Template(NamedTuple):
    """A message template: its head (what it draws, may attach and needs) and its Jinja2 body.

    `body_line` is the line of the file on which the body begins, so that errors name the right one.
    """

    name: str
    draws: tuple[Kind, ...]
    body: str
    attach: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    language: str = "en"
    where: Place = NOWHERE
    body_line: int = 1


class Asset(NamedTuple):
    """A picture under media/, as it is on disk. `alt` is by language, e.g. {"en": "…"}.

    `digest` finds out `sha256` when that is asked for: of many pictures a post has one. `draw` is
    what the program's own pictures are to show, as media.toml has it. `smaller` is the same, for
    networks that don't take the large one.
    """

    id: str
    path: str
    mime: str
    bytes: int
    digest: Callable[[], str]
    width: int
    height: int
    frames: int
    alt: Mapping[str, str]
    credit: str = ""
    where: Place = NOWHERE
    draw: Mapping[str, Any] = EMPTY
    smaller: "Asset | None" = None

    @property
    def sha256(self) -> str:
        """The hash of its bytes, in hexadecimal. Empty if the file has been replaced meanwhile."""
        return self.digest()


class Schedule(NamedTuple):
    """When an account posts: `times`, or `cron`, or `every`; exactly one of them is set.

    `times` are "HH:MM" wall times; `every` is a count and a unit of s, m, h or d; `days` are
    weekdays 0 (Monday) to 6; `jitter` is in seconds, never negative.
    """

    timezone: str = "UTC"
    times: tuple[str, ...] = ()
    cron: str = ""
    every: tuple[int, str] | None = None
    days: tuple[int, ...] = ()
    starts: date | datetime | None = None
    ends: date | datetime | None = None
    skip: tuple[date, ...] = ()
    jitter: int = 0
    where: Place = NOWHERE


class Account(NamedTuple):
    """One labelled account: its name in the campaign, its network and language, its schedule."""

    name: str
    network: str
    schedule: Schedule
    language: str = "en"
    where: Place = NOWHERE


class Campaign(NamedTuple):
    """All content that may be posted. `root` is the folder that holds messages/ and media/.

    `cards` has, by its id, the card of each passage that has one. `left_out` says what is left out
    and why; `withheld` has the passages among it, which are known only so that the history can be
    read. `idle` are the names of the accounts among it. `digest` is a hash of everything that
    decides on posts.
    """

    root: str
    name: str
    hashtag: str
    timezone: str
    seed: int
    accounts: Mapping[str, Account]
    statements: Mapping[str, Statement]
    passages: Mapping[str, Passage]
    templates: Mapping[str, Template]
    assets: Mapping[str, Asset]
    cards: Mapping[str, Asset] = EMPTY
    approval: bool = False
    sensitive: bool = False
    links: Mapping[str, str] = EMPTY
    where: Place = CAMPAIGN
    withheld: Mapping[str, Passage] = EMPTY
    left_out: tuple[Problem, ...] = ()
    idle: tuple[str, ...] = ()
    digest: str = ""

    @property
    def pictures(self) -> dict[str, Asset]:
        """Every picture that a post may carry, by its path."""
        each = [*self.assets.values(), *self.cards.values()]
        smaller = [asset.smaller for asset in each if asset.smaller is not None]
        return {asset.path: asset for asset in (*each, *smaller)}


class Slot(NamedTuple):
    """A time at which an account posts. Its identity is `at`, the nominal UTC instant.

    `due` is `at` plus jitter. `expires` is when it is too late: after the grace, or half the way to
    the next slot if that is sooner.
    """

    at: datetime
    account: str
    due: datetime
    expires: datetime

    @property
    def id(self) -> str:
        return slot_id(self.account, self.at)


def slot_id(account: str, at: datetime) -> str:
    """The id of a slot everywhere: ACCOUNT/TIME, the time in UTC with its offset."""
    return f"{account}/{at.astimezone(UTC).isoformat()}"


class Attachment(NamedTuple):
    """A picture as it goes out with a post: the file's hash binds the bytes, `alt` the words."""

    path: str
    alt: str
    mime: str
    bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "alt": self.alt,
            "mime": self.mime,
            "bytes": self.bytes,
            "sha256": self.sha256,
        }


class Post(NamedTuple):
    """Exactly what goes out: the text to the byte, and the pictures with their alt texts."""

    text: str
    media: tuple[Attachment, ...] = ()
    language: str = "en"


class Limits(NamedTuple):
    """What a network accepts. Sizes in bytes, `text` in the units that `measure` counts.

    `cost` is the price in US dollars of sending a text with so many pictures; 0.0 where it is free.
    `addresses` are where in a text the network sees addresses of the web: start and end of each.
    """

    network: str
    text: int
    measure: Callable[[str], int]
    alt: int
    mimes: frozenset[str]
    image_bytes: int
    gif_bytes: int
    gif_width: int
    gif_height: int
    gif_frames: int
    gif_pixels: int
    cost: Callable[[str, int], float]
    addresses: Callable[[str], Sequence[tuple[int, int]]]


class Receipt(NamedTuple):
    """A network's word that it has the post: its opaque id there, and its address."""

    remote_id: str
    url: str


class Use(NamedTuple):
    """That a text was drawn for a slot, and from what. `number` is the row's in its account."""

    number: int
    at: datetime
    text_key: str
    template: str
    draws: tuple[str, ...]
    picture: str | None


class History(NamedTuple):
    """What the ledger knows of an account, as much of it as the next draw needs.

    `rows` counts every row; `newest` is the newest row's slot; `born` is when the first row was
    written: no slot before that is ever sent. `uses` has the latest use of each distinct text,
    oldest first. The size of it all is bounded by the content, not by the ledger's age.
    """

    account: str
    rows: int = 0
    newest: datetime | None = None
    uses: Sequence[Use] = ()
    born: datetime | None = None


_UNITS = (("year", 31_536_000), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def in_time(span: timedelta) -> str:
    """How long something is, for people, to the second: "a year", "3 hours 5 minutes".

    The largest unit, and the next smaller one beside it where there is any of it.
    """
    left = round(abs(span.total_seconds()))
    for at, (unit, seconds) in enumerate(_UNITS):
        count, rest = divmod(left, seconds)
        if count:
            smaller, its_seconds = _UNITS[min(at + 1, len(_UNITS) - 1)]
            more = rest // its_seconds
            if more:
                return f"{counted(count, unit)} {counted(more, smaller)}"
            if count == 1:
                return f"an {unit}" if unit == "hour" else f"a {unit}"
            return counted(count, unit)
    return "less than a second"


def doubled(first: timedelta, longest: timedelta, attempts: int) -> timedelta:
    """The wait after so many attempts: the first, then twice as long each time, up to the longest.

    It stops doubling after sixteen times, since a `timedelta` holds only so much.
    """
    wait: timedelta = first * 2 ** min(max(attempts, 1) - 1, 16)
    return min(wait, longest)


def text_key(text: str) -> str:
    """What makes two texts the same text: a hash of the NFC form, 32 hexadecimal digits."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()[:32]
