"""Checks OAuth 1.0a signatures (RFC 5849, HMAC-SHA1) as the receiving side."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

if TYPE_CHECKING:
    from tests.fake_x.messages import Call
    from tests.fake_x.store import User

X = "https://api.x.com"
HERE = "here"
"""For `signed_for`: the address that the server is reached under."""

_OTHERS = (X, "https://api.twitter.com", HERE)
_NEEDED = frozenset(
    {
        "oauth_consumer_key",
        "oauth_nonce",
        "oauth_signature",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_token",
    }
)
_SPAN = 300.0
"""How many seconds a timestamp may be off."""


class UnsignedError(Exception):
    """The request is not signed as it should be; the text says why."""


class Verifier:
    """Knows who may sign, for which base addresses, and which nonces were used."""

    def __init__(
        self, users: Iterable[User], signed_for: Sequence[str], clock: Callable[[], float]
    ) -> None:
        self._users = {user.credentials.access_token: user for user in users}
        self._signed_for = tuple(signed_for)
        self._clock = clock
        self._nonces: set[tuple[str, str]] = set()

    def signer(self, call: Call) -> User:
        """Who signed a request. Raises UnsignedError."""
        given = _parameters(call.headers.get("authorization", ""))
        user = self._user(given)
        self._check_time(given["oauth_timestamp"])
        key = _key(user)
        signature = given.pop("oauth_signature")
        if not any(self._matches(call, given, base, key, signature) for base in self._signed_for):
            raise UnsignedError(self._why_not(call, given, key, signature))
        self._use(given["oauth_token"], given["oauth_nonce"])
        return user

    def _user(self, given: dict[str, str]) -> User:
        user = self._users.get(given["oauth_token"])
        if user is None or user.credentials.api_key != given["oauth_consumer_key"]:
            raise UnsignedError("no such token with this consumer key")
        if user.revoked:
            raise UnsignedError("the token is revoked")
        return user

    def _check_time(self, stamp: str) -> None:
        if not re.fullmatch(r"[0-9]{1,12}", stamp):
            raise UnsignedError("oauth_timestamp is not a number of seconds")
        if abs(self._clock() - int(stamp)) > _SPAN:
            raise UnsignedError(f"oauth_timestamp is off by more than {_SPAN:.0f} s")

    def _use(self, token: str, nonce: str) -> None:
        if (token, nonce) in self._nonces:
            raise UnsignedError("oauth_nonce was used before")
        self._nonces.add((token, nonce))

    def _why_not(self, call: Call, given: dict[str, str], key: bytes, signature: str) -> str:
        for base in _OTHERS:
            if self._matches(call, given, base, key, signature):
                return f"signed for {base}, not for {' or '.join(self._signed_for)}"
        return "oauth_signature does not match"

    def _matches(
        self, call: Call, given: dict[str, str], base: str, key: bytes, signature: str
    ) -> bool:
        address = f"http://{call.headers.get('host', '').lower()}" if base == HERE else base
        digest = hmac.new(key, base_string(call, given, address), hashlib.sha1).digest()
        return hmac.compare_digest(base64.b64encode(digest), signature.encode())


def base_string(call: Call, given: dict[str, str], address: str) -> bytes:
    """What is signed (RFC 5849, 3.4.1). `given` is without the signature itself."""
    pairs = [*call.query, *given.items(), *_form(call)]
    encoded = sorted((_encoded(name), _encoded(value)) for name, value in pairs)
    joined = "&".join(f"{name}={value}" for name, value in encoded)
    return "&".join((call.method, _encoded(address + call.path), _encoded(joined))).encode()


def _form(call: Call) -> list[tuple[str, str]]:
    """The fields of a form body. JSON and multipart bodies are not signed."""
    if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return []
    return parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)


def _key(user: User) -> bytes:
    secrets = user.credentials
    return f"{_encoded(secrets.api_secret)}&{_encoded(secrets.access_token_secret)}".encode()


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _parameters(header: str) -> dict[str, str]:
    """The parameters of an Authorization header, decoded, without `realm`. Raises UnsignedError."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "oauth":
        raise UnsignedError("no OAuth 1.0a Authorization header")
    found: dict[str, str] = {}
    for item in rest.split(","):
        match = re.fullmatch(r'\s*([^=\s"]+)="([^"]*)"\s*', item)
        if not match:
            raise UnsignedError("the Authorization header can't be read")
        name = unquote(match[1])
        if name in found:
            raise UnsignedError(f"{name} is there twice")
        found[name] = unquote(match[2])
    found.pop("realm", None)
    _check_names(found)
    return found


def _check_names(found: dict[str, str]) -> None:
    missing = sorted(name for name in _NEEDED if not found.get(name))
    if missing:
        raise UnsignedError(f"{', '.join(missing)} missing")
    if found["oauth_signature_method"] != "HMAC-SHA1":
        raise UnsignedError("oauth_signature_method is not HMAC-SHA1")
    if found.get("oauth_version", "1.0") != "1.0":
        raise UnsignedError("oauth_version is not 1.0")
