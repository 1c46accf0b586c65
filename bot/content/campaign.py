"""campaign.toml: name, hashtag, time zone, seed, links, accounts and schedules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from bot.content.reading import listed, meant, shown
from bot.content.tables import Table
from bot.content.tags import MOST_CHARACTERS, is_hashtag
from bot.domain import EMPTY, Account, Place, Schedule

PATH = "messages/campaign.toml"

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ACCOUNT = re.compile(r"[a-z][a-z0-9_]*")
_ADDRESS = re.compile(r"https://[\w-]+(\.[\w-]+)+(:[0-9]+)?([/?#][^\s\x00-\x1f\x7f]*)?")
_SPAN = re.compile(r"([0-9]{1,9})\s*([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Settings(NamedTuple):
    """What campaign.toml says. `link_names` are all that it knows, `links` those that are set.

    `account_names` are all that it names, in whatever state.
    """

    name: str = ""
    hashtag: str = ""
    timezone: str = ""
    seed: int = 1
    approval: bool = False
    language: str = "en"
    sensitive: bool = False
    links: Mapping[str, str] = EMPTY
    link_names: Collection[str] = ()
    accounts: Mapping[str, Account] = EMPTY
    account_names: Collection[str] = ()


def read_campaign(top: Table, known_networks: Collection[str]) -> Settings:
    """Reads campaign.toml's top table. What is wrong goes to the table's findings."""
    head = top.table("campaign", required=True)
    shared = top.table("schedule")
    links = top.table("links")
    read = _read_head(head) if head else Settings()
    schedules = _Schedules(read.timezone, head)
    with top.findings.about("schedule"):
        schedule = schedules.read(shared) if shared else None
    accounts = dict(_read_accounts(top, known_networks, read.language, schedule, schedules))
    _check_accounts(top, accounts)
    if read.approval:
        _check_starts(top, accounts)
    top.close()
    with top.findings.about():  # what needs a link that is not set is not used
        set_links = _read_links(links) if links else {}
    return read._replace(
        links=set_links,
        link_names=tuple(links.data) if links else (),
        accounts=accounts,
        account_names=_names(top),
    )


def _read_head(table: Table) -> Settings:
    read = Settings(
        name=table.text("name", required=True),
        hashtag=unicodedata.normalize("NFC", table.text("hashtag", required=True)),
        timezone=table.text("timezone", required=True),
        seed=table.whole("seed", 1),
        approval=table.flag("approval", default=False),
        language=read_language(table, "en"),
        sensitive=table.flag("sensitive", default=False),
    )
    if read.hashtag and not is_hashtag(read.hashtag):
        what = f"`hashtag` is {shown(read.hashtag)!r}, which is no hashtag"
        fix = f"Write # and then letters, digits and _ only, at most {MOST_CHARACTERS} characters."
        table.error("bad-hashtag", "hashtag", what, fix)
    table.close()
    return read


def read_language(table: Table, default: str) -> str:
    """The table's `language`."""
    language = table.text("language", default)
    if language and not is_language(language):
        what = f"`language` is {language!r}, which is no language code"
        table.error("bad-language", "language", what, 'Write a code like "en", "fr" or "pt-BR".')
        return default
    return language


def is_language(code: str) -> bool:
    return _LANGUAGE.fullmatch(code) is not None


def _read_links(table: Table) -> dict[str, str]:
    """The links that are set; one that is "" has a name, but isn't set."""
    links = {}
    for name, address in table.data.items():
        if not _ACCOUNT.fullmatch(name):
            what = f"`{shown(name)}` can't be the name of a link"
            table.error("bad-id", name, what, "Use lower-case letters, digits and _.")
        if not isinstance(address, str):
            table.wrong_type(name, 'an address in double quotes: "https://…"')
        elif address and not _ADDRESS.fullmatch(address):
            what = f"The link `{shown(name)}` is not an https address: {shown(address)}"
            table.error("bad-link", name, what, "Write it in full: https://…")
        elif address:
            links[name] = address
    return links


def _read_accounts(
    top: Table,
    known_networks: Collection[str],
    language: str,
    shared: Schedule | None,
    schedules: _Schedules,
) -> Iterator[tuple[str, Account]]:
    for name, table in top.tables("accounts"):
        with table.findings.about(f"accounts.{name}"):
            _check_name(name, table)
            network = table.text("network", required=True)
            if network and network not in known_networks:
                what = f"Unknown network `{shown(network)}`{meant(network, known_networks)}"
                fix = f"This program knows {listed(sorted(known_networks))}."
                table.error("unknown-network", "network", what, fix)
            account_language = read_language(table, language)
            own = table.table("schedule")
            schedule = schedules.read(own) if own else shared
            table.close()
            if schedule is None:
                what = f"The account `{name}` has no schedule, and neither has the campaign"
                fix = '[schedule] with times = ["12:00"] says when to post.'
                table.findings.error("missing-schedule", table.where, what, fix)
        if own is None and "schedule" in table.findings.faulty:
            table.findings.faulty.add(f"accounts.{name}")
        if schedule is not None:
            yield name, Account(name, network, schedule, account_language, table.where)


def _names(top: Table) -> Collection[str]:
    named = top.data.get("accounts")
    return tuple(named) if isinstance(named, dict) else ()


def _check_name(name: str, table: Table) -> None:
    if not _ACCOUNT.fullmatch(name):
        what = f"`{shown(name)}` can't be the name of an account"
        fix = "Use lower-case letters, digits and _: it names settings, as x_fr does X_FR_API_KEY."
        table.findings.error("bad-id", table.where, what, fix)


def _check_accounts(top: Table, accounts: Mapping[str, Account]) -> None:
    if not top.data.get("accounts"):
        fix = 'Write [accounts.x] and under it network = "x".'
        top.findings.error("missing-account", Place(PATH, 1), "The campaign has no account", fix)
    first: dict[tuple[str, str], str] = {}
    for account in accounts.values():
        twin = first.setdefault((account.network, account.language), account.name)
        if twin != account.name:
            what = (
                f"`{account.name}` and `{twin}` post in {account.language!r} to {account.network}"
            )
            fix = "Networks ban the same posts on two accounts: keep one, or change its language."
            with top.findings.about(f"accounts.{account.name}"):
                top.findings.error("account-twins", account.where, what, fix)


def _check_starts(top: Table, accounts: Mapping[str, Account]) -> None:
    """With sign-off, a plan must begin at the same time wherever it is looked at."""
    lacking: dict[Place, list[str]] = {}
    for account in accounts.values():
        if account.schedule.starts is None:
            lacking.setdefault(account.schedule.where, []).append(f"accounts.{account.name}")
    for where, names in lacking.items():
        what = "`approval = true`, but this schedule has no `starts`"
        fix = (
            "Add starts = 2026-12-01, the day of the first post: without it every machine would"
            " begin the plan when it looks at it, and others would be signed off than are sent."
        )
        with top.findings.about(*names):
            top.findings.error("missing-starts", where, what, fix)


class _Schedules:
    """Reads schedules, and checks each. The time zone, which all share, is reported once."""

    def __init__(self, timezone: str, head: Table | None) -> None:
        self._timezone = timezone
        self._head = head
        self._told: set[tuple[str, str]] = set()

    def read(self, table: Table) -> Schedule:
        before = len(table.findings.problems)
        schedule = Schedule(
            timezone=self._timezone,
            times=table.texts("times"),
            cron=table.text("cron", is_said=False),
            every=_read_every(table),
            days=tuple(_read_days(table)),
            starts=_read_when(table, "starts"),
            ends=_read_when(table, "ends"),
            skip=tuple(_read_skip(table)),
            jitter=_read_jitter(table),
            where=table.where,
        )
        table.close()
        if self._timezone and len(table.findings.problems) == before:
            self._check(table, schedule)
        return schedule

    def _check(self, table: Table, schedule: Schedule) -> None:
        from bot.schedule import validate

        for what, fix in validate(schedule):
            if "time zone" in what and self._head is not None:
                if (what, fix) not in self._told:
                    self._head.error("bad-timezone", "timezone", what[:1].upper() + what[1:], fix)
                self._told.add((what, fix))
            else:
                table.error("bad-schedule", _key_named(what, table), f"Schedule: {what}", fix)


def _key_named(what: str, table: Table) -> str:
    """The key of the schedule that a message speaks of, so that the message names its line."""
    words = set(re.findall(r"[a-z]+", what))
    words |= {"times"} if "time" in words else set()
    named = [key for key in table.data if key in words]
    rules = [key for key in ("times", "cron", "every") if key in table.data]
    return [*named, *rules, ""][0]


def _read_every(table: Table) -> tuple[int, str] | None:
    text = table.text("every")
    if not text:
        return None
    match = _SPAN.fullmatch(text)
    if match is None:
        what = f"`every` is {shown(text)!r}"
        fix = 'Write a number and s, m, h or d: every = "3h".'
        table.error("bad-schedule", "every", what, fix)
        return None
    return int(match[1]), match[2]


def _read_jitter(table: Table) -> int:
    text = table.text("jitter")
    match = _SPAN.fullmatch(text)
    if match is not None:
        return int(match[1]) * _SECONDS[match[2]]
    if text:
        what = f"`jitter` is {shown(text)!r}"
        fix = 'Write a number and s, m, h or d: jitter = "10m".'
        table.error("bad-schedule", "jitter", what, fix)
    return 0


def _read_days(table: Table) -> Iterator[int]:
    for index, name in enumerate(table.texts("days")):
        full = [day for day in WEEKDAYS if name.lower() in (day, day[:3])]
        if full:
            yield WEEKDAYS.index(full[0])
        elif name:
            near = _day_meant(name.lower())
            what = f"Unknown day `{shown(name)}`" + (f"; did you mean `{near}`?" if near else "")
            fix = f"Days are {listed([day[:3] for day in WEEKDAYS])}, in English."
            table.findings.error("bad-schedule", table.place("days", index), what, fix)


def _day_meant(name: str) -> str | None:
    """The day that a name is a slip of the keyboard away from; other languages' days are not."""
    from rapidfuzz.distance import OSA

    near = {
        day[:3]
        for day in WEEKDAYS
        for known in (day, day[:3])
        if name[:1] == known[:1] and OSA.distance(name, known, score_cutoff=1) <= 1
    }
    return near.pop() if len(near) == 1 else None


def _read_when(table: Table, key: str) -> date | datetime | None:
    value = table.anything(key)
    if value is None or isinstance(value, date):
        return value
    table.wrong_type(key, "a date without quotes: 2026-01-31")
    return None


def _read_skip(table: Table) -> Iterator[date]:
    value = table.anything("skip")
    if value is None:
        return
    days = value if isinstance(value, list) else [value]
    for day in days:
        if isinstance(day, date) and not isinstance(day, datetime):
            yield day
        else:
            table.wrong_type("skip", "a list of dates without quotes: [2026-12-25]")
            return
