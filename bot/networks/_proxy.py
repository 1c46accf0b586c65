"""The way to an https address through a proxy, where the environment names one.

`HTTPS_PROXY` (or `ALL_PROXY`) says which, `NO_PROXY` for which hosts there is none; lower case does
as well. The proxy is asked for a tunnel (CONNECT) and sees nothing of what goes through. It is
spoken to in plain HTTP: a proxy that wants TLS itself, or SOCKS, is refused in words.
"""

from __future__ import annotations

import base64
import os
import socket
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bot.errors import in_words

_NAMES = frozenset(("https_proxy", "all_proxy"))
"""The variables that name a proxy for https, in lower case."""

MAX_HEAD = 16_384
"""Bytes of a proxy's answer; a longer one is not read."""


class ProxyError(OSError):
    """There is no way through the proxy."""


class Proxy(NamedTuple):
    """Where a proxy is, and what it is told of whoever asks. `authorization` is a secret."""

    host: str
    port: int
    authorization: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"

    def unreached(self, error: OSError) -> ProxyError:
        """It was not even reached, and why."""
        return ProxyError(
            f"the proxy of HTTPS_PROXY at {self.host}:{self.port} is not reached: {in_words(error)}"
        )


def proxy_for(url: str) -> Proxy | None:
    """The proxy for an address. ProxyError, showing nothing of one that can't be used."""
    if not url.startswith("https:"):
        return None  # plain HTTP is for this machine alone
    if not any(name.lower() in _NAMES for name in os.environ):
        return None  # loading `requests` takes long

    from requests.utils import get_environ_proxies, select_proxy

    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return None
    address = found if "://" in found else f"http://{found}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host = None
    if not host or "@" in parts.path:  # a password with a slash in it is none of the host's
        raise ProxyError(
            "HTTPS_PROXY is no address: write http://HOST:PORT, special characters as %XX"
        )
    if parts.scheme != "http":
        raise ProxyError("HTTPS_PROXY must begin with http://: a proxy of another kind is not used")
    return Proxy(host, port, _authorization(parts.username, parts.password))


def _authorization(name: str | None, password: str | None) -> str:
    if name is None:
        return ""
    pair = f"{unquote(name)}:{unquote(password or '')}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def tunnel(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Has the proxy connect to a host; then the connection leads there. Raises ProxyError."""
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    connection.sendall("\r\n".join((*lines, "", "")).encode("ascii"))
    status = _status(connection)
    if not 200 <= status < 300:
        why = "it wants a name and a password" if status == 407 else "it did not connect"
        raise ProxyError(f"the proxy of HTTPS_PROXY answered {status}: {why}")


def _status(connection: socket.socket) -> int:
    """The status of the proxy's answer. Read byte by byte: what follows is not the proxy's."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte or len(head) > MAX_HEAD:
            raise ProxyError("what stands at HTTPS_PROXY does not answer as a proxy does")
        head += byte
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ProxyError("what stands at HTTPS_PROXY does not answer as a proxy does")
    return int(rest[:3])
