"""Pure: what in a setting's value is a secret, and which address can't be shown at all.

An address is read here as PostgreSQL and web libraries read it, but strictly: where a password may
have spilled into the host or the path, because a character of it was not written as %XX, nothing of
the address is believed, and nothing of it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

POSTGRES = re.compile("postgres(?:ql)?://", re.IGNORECASE)

UNREADABLE = "it can't be read as PostgreSQL's address, postgresql://USER:PASSWORD@HOST/NAME"
AS_PERCENT = "Write special characters in name and password as %XX: @ is %40, / is %2F, # is %23."
"""What to do about an address whose password was not encoded."""

_HOST = r"(?:[\w.%-]*|\[[0-9A-Fa-f:.]+(?:%\w+)?\])(?::[0-9]{0,5})?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*", re.ASCII)

PART, LONG = 8, 20
"""A part of a web address that is at least so long, and has a digit in it, may be a token; one that
is long even without."""


def is_postgres_address(url: str) -> bool:
    """Whether everything in a PostgreSQL address stands where it was meant to.

    What comes before an @ is name and password; no other @ may follow, and the hosts' names and
    ports must be such. A password with a bare @ or / in it never passes.
    """
    found = POSTGRES.match(url)
    if found is None:
        return False
    _, rest = _apart(url[found.end() :])
    hosts = re.split("[/?]", rest, maxsplit=1)[0]
    return "@" not in rest and " " not in url and _HOSTS.fullmatch(hosts) is not None


def _apart(rest: str) -> tuple[str, str]:
    """Name and password, and what follows them, as PostgreSQL tells them apart.

    They end at the first @, if that comes before any slash.
    """
    at = re.match("[^@/]*@", rest)
    return (rest[: at.end() - 1], rest[at.end() :]) if at else ("", rest)


def in_database_url(url: str) -> Iterator[str]:
    """The password in a database's address; of one that can't be read, whatever may be one."""
    found = POSTGRES.match(url)
    if found is None:
        yield from () if url.lower().startswith("sqlite:") else _anything(url)
        return
    if not is_postgres_address(url):
        yield from _anything(url)
        return
    user, rest = _apart(url[found.end() :])
    yield from _decoded(user.partition(":")[2])
    for name, _, value in (pair.partition("=") for pair in re.split("[?&]", rest)[1:]):
        if "password" in name.lower():
            yield from _decoded(value)


def in_web_address(url: str) -> Iterator[str]:
    """What lets others call this address: all of it, and each part of it that may be a token."""
    yield url
    _, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if not slash:
        authority, _, path = rest.partition("?")
    yield from _userinfo(authority)
    if not url.lower().startswith(("http://", "https://")):  # a service's: it may stand anywhere
        parts = (part for part in re.split("[/@:?&=,]+", rest) if len(part) >= PART)
        for part in parts:
            if not re.fullmatch(r"[\d.]+|localhost", part):
                yield from _decoded(part)
        return
    if len(path) >= 11:
        yield f"{slash}{path}"
        yield path
    for part in re.split("[/?&=#]", path):
        if len(part) >= LONG or (len(part) >= PART and re.search(r"\d", part)):
            yield from _decoded(part)


def in_proxy_address(url: str) -> Iterator[str]:
    """The password in a proxy's address. All that precedes the last @, where it can't be told."""
    yield from _userinfo(url.rpartition("://")[2])


def _userinfo(authority: str) -> Iterator[str]:
    """The password; where there is none, the name, which is a token then."""
    user, at, _ = authority.rpartition("@")
    name, _, password = user.partition(":")
    if at:
        yield from _decoded(password or name)


def _anything(url: str) -> Iterator[str]:
    """An address that can't be read: what comes before the last @, whole and in its parts."""
    yield url
    rest = url.partition("//")[2] or url
    before = rest.rpartition("@")[0]
    yield from (before, before.partition(":")[2])
    yield from re.split("[/@:?#]+", before.partition(":")[2])
    yield from re.split("[/@:?#]+", rest.partition(":")[2])


def _decoded(text: str) -> Iterator[str]:
    """A text as it is written, and as it is meant."""
    from urllib.parse import unquote, unquote_plus

    yield from {text, unquote(text), unquote_plus(text)} - {""}
