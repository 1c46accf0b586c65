"""How an alert leaves the house: plain JSON over https, or by any of the services Apprise knows.

`ALERT_URL` is one address or several. One that begins with http gets a JSON POST; whatever else it
may be (`slack://…`, `mailto://…`) goes to Apprise, which is imported only then. No redirect is
followed: what stands in the setting is what is called, and nothing that it points to.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from bot.errors import SettingsError
from bot.errors import in_words as why_not

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

CALL_SECONDS = 5.0
"""How long a heartbeat or a plain alert may take."""

SERVICE_SECONDS = 20.0
"""How long one of Apprise's services may take: an e-mail is several exchanges."""

_ONE_PLAIN = re.compile(r"https?://[^\s,;]+", re.IGNORECASE)

Alert = Mapping[str, str]
"""What an alert says: `id`, `stage`, `event`, `message`, `campaign`, `account`, and so on."""


def key_of(address: str) -> str:
    """What the ledger knows an address by. The address itself may be a secret."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def addresses(setting: str) -> list[str]:
    """The addresses in ALERT_URL, each of which `send` can reach. Raises SettingsError."""
    setting = setting.strip()
    if not setting:
        return []
    if _ONE_PLAIN.fullmatch(setting):
        return [setting]
    parse_urls = _apprise().utils.parse.parse_urls
    found = list(dict.fromkeys(parse_urls(setting)))
    for each in found:
        reads = _ONE_PLAIN.fullmatch(each) if _is_plain(each) else _service(each)
        if reads is None:
            begins = f"{each.partition('://')[0]}://" if "://" in each else "something else"
            raise SettingsError(
                name="ALERT_URL",
                what=f"the address that begins with {begins} can't be read",
                fix="Write it as https://appriseit.com/services/ says, or give an https:// "
                "address that takes JSON. Several are set apart by commas.",
            )
    return found


def _is_plain(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


def send(address: str, alert: Alert) -> str | None:
    """Sends an alert. None where it was taken, else why not. Returns within a known time."""
    if _is_plain(address):
        return call(address, json.dumps(dict(alert)).encode())
    return _within(SERVICE_SECONDS, lambda: _notify(address, alert))


def call(url: str, body: bytes | None = None) -> str | None:
    """Fetches an address, or posts JSON to it. None where that went well, else why not.

    Returns after CALL_SECONDS in any case.
    """
    return _within(CALL_SECONDS, lambda: _fetch(url, body))


def _within(seconds: float, ask: Callable[[], str | None]) -> str | None:
    """What it answers, within this time. A call that hangs for longer is left to itself: a name
    that is not resolved, or an answer that comes byte by byte, knows no other time limit.
    """
    answer: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=lambda: answer.put(ask()), name="calling-out", daemon=True).start()
    try:
        return answer.get(timeout=seconds)
    except Empty:
        return f"no answer within {seconds:g} s"


def _fetch(url: str, body: bytes | None) -> str | None:
    import http.client
    import urllib.error
    import urllib.request

    headers = {"Content-Type": "application/json"} if body else {}
    try:
        bare, authorization = _credentials_in(url)
        headers |= {"Authorization": authorization} if authorization else {}
        request = urllib.request.Request(bare, body, headers)  # noqa: S310 - http or https
        with _opener().open(request, timeout=CALL_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        with error:
            leads = " (redirects are not followed)" if 300 <= error.code < 400 else ""
            return f"{error.code} {error.reason}{leads}"
    except OSError as error:
        return f"{why_not(error)}{_by_proxy(url)}"
    except http.client.HTTPException:
        return "what is there does not answer as a web server does"
    except Exception as error:  # noqa: BLE001 - whatever comes back there, posting goes on
        return f"{type(error).__name__}: {error}"


def _credentials_in(url: str) -> tuple[str, str]:
    """An address without the name and password in it, and the header that says them.

    Left there, they would be taken for a part of the host's name, and asked for in plain text.
    """
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit

    pair, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return url, ""
    name, _, password = pair.partition(":")
    said = b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
    return url.replace(f"{pair}@", "", 1), f"Basic {said}"


def _by_proxy(url: str) -> str:
    """Said along where the way leads through a proxy: it may be that which is not reached."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if parts.scheme not in getproxies() or proxy_bypass(parts.hostname or ""):
        return ""
    return f", by the proxy of {parts.scheme.upper()}_PROXY"


def _opener() -> OpenerDirector:
    """One that takes a redirect for the answer that it is."""
    import urllib.request

    class Straight(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    return urllib.request.build_opener(Straight)


# -- Apprise --------------------------------------------------------------------------------------


def _apprise() -> Any:
    try:
        import apprise
        import apprise.utils.parse
    except ModuleNotFoundError:
        raise SettingsError(
            name="ALERT_URL",
            what="more than one address that takes JSON, and Apprise, which reads such, is not "
            "installed",
            fix="Run: pip install '.[alerts]'. Or set it to one https:// address.",
        ) from None
    return apprise


def _service(address: str) -> Any:
    """The service that an address of Apprise's means; None for none. It follows no redirect."""
    apprise = _apprise()
    asset = apprise.AppriseAsset(http_redirects=False, async_mode=False)
    service = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if service is not None:
        service.redirects = False  # an address may ask for them
    return service


def _notify(address: str, alert: Alert) -> str | None:
    try:
        apprise, service = _apprise(), _service(address)
        if service is None:
            return "Apprise can't read the address"
        sender = apprise.Apprise(asset=service.asset)
        sender.add(service)
        over = alert.get("stage") == "over"
        kind = apprise.NotifyType.SUCCESS if over else apprise.NotifyType.FAILURE
        title, body = in_words(alert)
        taken = sender.notify(body, title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    except Exception as error:  # noqa: BLE001 - whatever comes back there, posting goes on
        return f"{type(error).__name__}: {error}"
    return None if taken else f"{address.partition('://')[0]}:// did not take it"


def in_words(alert: Alert) -> tuple[str, str]:
    """An alert for people: its title, and its text."""
    about = alert["account"]
    title = f"{alert['campaign']}: {about}: {_STAGES.get(alert['stage'], '')}{alert['event']}"
    facts = [f"{name}: {alert[name]}" for name in ("since", "host", "id") if alert.get(name)]
    return title, "\n".join([alert["message"], *facts])


_STAGES = {"over": "over: ", "reminder": "still: "}
