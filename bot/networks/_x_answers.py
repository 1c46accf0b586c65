"""Pure: what X's answers mean, the refusals and the posts it shows. Only `x` uses this.

What becomes of a post, by how its one request ended:

    2xx with an id                                   a receipt
    429; the credentials, the rights, the address    NotSent: X did not process it
    no credit; suspended, locked                     NotSent: nor that, until a person acts
    403 in words that don't name what is wrong       NotSent: it is the account's until shown to be
    with this post                                   otherwise
    400 and its like; a 403 for a text or a link     Refused
    everything else, "duplicate content" too         InDoubt

Other requests never post anything: there, whatever may pass by itself is NotSent. What is no fault
of this post, but of the account, has `account_wide` among its facts; and `person` too, where only
somebody's doing can end it: buying credit, unlocking the account.

A 403 that is not known is taken for the account's, since that mistake costs less. The account's
taken for the post's blames one post after the other, and raises an alarm for each. The post's taken
for the account's costs that post alone: the next slot is tried all the same, and lifts the halt.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.domain import Receipt
from bot.errors import InDoubt, NetworkError, NotSent, Refused
from bot.networks.base import Found

if TYPE_CHECKING:
    from bot.networks._flight import Answer

_NOT_FOR_THIS_CONTENT = frozenset((400, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431, 451))
"""X, or what stands before it, looked at the post and won't have it. Nothing was posted."""

_NO_SUCH_ADDRESS = frozenset((404, 405, 410))

_DUPLICATE = re.compile(r"duplicate|already (?:said|sent|posted|tweeted|published)")
"""The post may be there: evidence, never proof."""

_OF_THIS_POST = re.compile(r"too long|\bshorter\b|\b(?:links?|urls?)\b")
"""A 403 that is about what this post says."""

_TAKEN_FOR_A_MACHINE = re.compile(
    r"might be automated|temporarily (?:limited|restricted)|unusual activity|daily limit"
)
_CAPPED = re.compile(r"usage[ -]?cap|spend[ -]?cap")
"""All that the app may post this month, or spend."""

_ID = re.compile(r"[0-9]{1,19}")


def judge(
    answer: Answer, doing: str, *, posting: bool = False, reading: bool = False
) -> NetworkError:
    """What an answer that is no success means, for a post, an upload, or something that reads."""
    problem = _problem(answer.body)
    words = f"{doing}: {answer.status} {problem.said}".rstrip()
    facts: dict[str, Any] = {"network": "X", "what": words, "status": answer.status}
    if problem.kind:
        facts["problem"] = problem.kind
    if posting and _DUPLICATE.search(problem.text):
        return InDoubt(**facts)  # evidence that it is there already, never proof
    common = _judge_account(answer, problem, facts)
    if common is not None:
        return common
    forbidden = answer.status == 403 and problem.text and not reading
    if forbidden and not _OF_THIS_POST.search(problem.text):
        facts["fix"] = "Look at the account at x.com, and at the app in X's developer console."
        return NotSent(**facts, account_wide=True)
    return _judge_post(answer, problem, facts) if posting else _judge_other(answer, facts)


def _judge_account(answer: Answer, problem: _Problem, facts: dict[str, Any]) -> NetworkError | None:
    """What every request of the account would meet alike."""
    text, status = problem.text, answer.status
    if status == 402 or (400 <= status < 500 and "creditsdepleted" in text):
        facts["fix"] = "Buy credit in X's developer console; until then nothing can be posted."
        return NotSent(**facts, account_wide=True, person=True)
    if 400 <= status < 500 and _CAPPED.search(text):
        facts["fix"] = "Raise the cap in X's developer console, or wait until X renews it."
        return NotSent(**facts, account_wide=True, retry_at=_resets_at(answer.headers))
    if status == 429:
        return NotSent(**facts, retry_at=_resets_at(answer.headers))
    if status == 401:
        facts["fix"] = (
            "Check the account's four credentials and this host's clock; "
            "if they are right, make new tokens in X's developer console."
        )
        return NotSent(**facts, account_wide=True)
    if status in _NO_SUCH_ADDRESS and not problem.kind:
        facts["fix"] = "Check X_API_URL: this is not the address of X's API."
        return NotSent(**facts, account_wide=True)
    if status == 403:
        return _judge_forbidden(text, facts)
    return None


def _judge_forbidden(text: str, facts: dict[str, Any]) -> NetworkError | None:
    if "oauth1-permissions" in text or "app permissions" in text:
        facts["fix"] = (
            "Set the app to read and write in X's developer console, then make new access tokens."
        )
        return NotSent(**facts, account_wide=True)
    if "client-forbidden" in text or "client-not-enrolled" in text:
        facts["fix"] = "Put the app into a project in X's developer console, then make new tokens."
        return NotSent(**facts, account_wide=True)
    if re.search(r"\b(?:suspended|locked)\b", text):
        facts["fix"] = "Log in to the account at x.com and settle it there."
        return NotSent(**facts, account_wide=True, person=True)
    if _TAKEN_FOR_A_MACHINE.search(text):
        facts["fix"] = (
            "Log in to the account at x.com: X says there what it asks for. "
            "A bot's account should carry X's Automated label."
        )
        return NotSent(**facts, account_wide=True)
    if "unsupported authentication" in text or "unsupported-authentication" in text:
        facts["fix"] = (
            "The four credentials are those of OAuth 1.0a user context: two of the app "
            "(consumer keys), two of the account (access tokens)."
        )
        return NotSent(**facts, account_wide=True)
    return None


def _judge_post(answer: Answer, problem: _Problem, facts: dict[str, Any]) -> NetworkError:
    if answer.status == 400 and re.search(r"media[ _]?ids?\b", problem.text):
        return NotSent(**facts, media_gone=True)  # they expired; uploaded anew they will do
    if answer.status == 403 and not problem.text:
        return InDoubt(**facts)  # it might have said "duplicate"
    if answer.status in _NOT_FOR_THIS_CONTENT:
        facts["fix"] = "X won't have this post; it is not tried again."
        return Refused(**facts)
    return InDoubt(**facts)


def _judge_other(answer: Answer, facts: dict[str, Any]) -> NetworkError:
    passes = (408, 409, 425, *_NO_SUCH_ADDRESS)
    if 400 <= answer.status < 500 and answer.status not in passes:
        return Refused(**facts)
    if 300 <= answer.status < 400:
        facts["fix"] = "Check X_API_URL: it leads to another address."
    return NotSent(**facts)


def read_receipt(answer: Answer) -> Receipt:
    """The receipt for a post. Raises NotSent, Refused or InDoubt if the answer is none."""
    if not 200 <= answer.status < 300:
        raise judge(answer, "posting", posting=True)
    data = read_json(answer.body or b"").get("data")
    found = data.get("id") if isinstance(data, dict) else None
    if not isinstance(found, str) or not _ID.fullmatch(found):
        what = f"posting: {answer.status}, but no id came with it"
        raise InDoubt(network="X", what=what, status=answer.status)
    return _receipt_of(found)


def _receipt_of(post_id: str) -> Receipt:
    return Receipt(remote_id=post_id, url=f"https://x.com/i/web/status/{post_id}")


def _resets_at(headers: Mapping[str, str]) -> datetime | None:
    """When the limit that was hit is over; the latest, where several are used up."""
    used_up = [
        headers.get(name.removesuffix("remaining") + "reset", "")
        for name, value in headers.items()
        if "limit" in name and name.endswith("-remaining") and value.strip() == "0"
    ]
    resets = [reset for reset in used_up or [headers.get("x-rate-limit-reset", "")] if reset]
    try:
        return datetime.fromtimestamp(max(map(int, resets)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


class _Problem(NamedTuple):
    """An error body: its type's last part, one line to show, and all its words in lower case."""

    kind: str
    said: str
    text: str


def _problem(body: bytes | None) -> _Problem:
    content = read_json(body or b"")
    kind = str(content.get("type") or "").rpartition("/")[2]
    words = " ".join((kind, *_words(content))).lower().strip()
    return _Problem(kind, first_words(content), words)


def first_words(content: Mapping[str, Any]) -> str:
    """The most telling of an error body's sentences, on one line of at most 200 characters."""
    line = " ".join(next(filter(None, _words(content)), "").split())
    return "".join(letter for letter in line if letter.isprintable())[:200]


def processing_words(answer: Mapping[str, Any]) -> str:
    """Why X could not process a picture, in its own words; empty where it does not say."""
    data = answer.get("data")
    info = data.get("processing_info") if isinstance(data, dict) else None
    error = info.get("error") if isinstance(info, dict) else None
    found = [first_words(each) for each in (error, answer) if isinstance(each, dict)]
    return next(filter(None, found), "")


def _words(content: Mapping[str, Any]) -> Iterator[str]:
    """An error body's sentences, the most exact first."""
    errors, inner = content.get("errors"), content.get("error")
    for part in (*(errors if isinstance(errors, list) else ()), inner, content):
        for name in ("detail", "message", "error", "title", "name"):
            value = part.get(name) if isinstance(part, dict) else None
            if isinstance(value, str):
                yield value


def read_json(body: bytes) -> dict[str, Any]:
    """A JSON object; an empty one for whatever else it is. A list counts as a list of errors."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(content, list):
        return {"errors": content}
    return content if isinstance(content, dict) else {}


def read_id(data: Mapping[str, Any], doing: str) -> str:
    """The id in an answer's data, up to 19 digits. Raises NotSent."""
    found = data.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise unreadable(doing)
    return found


def unreadable(doing: str) -> NotSent:
    """X did not say what it should have."""
    return NotSent(network="X", what=f"{doing}: the answer can't be read")


# --- Reading back ------------------------------------------------------------------------------

_SHORT_LINK = re.compile(r"\s*https://t\.co/\w+\Z")
_MEDIA_LINK = re.compile(r"/status/[0-9]+/(?:photo|video)/[0-9]+\Z")
_LINK = re.compile(r"(?:[hH][tT][tT][pP][sS]?://)?([\w\-]+(?:\.[\w\-]+)*\.\w{2,})(?:/(?=\s|\Z))?")


def read_page(page: Mapping[str, Any], doing: str) -> tuple[list[dict[str, Any]], str]:
    """A page's posts, and where the next one is. It must say itself how many posts it holds."""
    meta, items = page.get("meta"), page.get("data", [])
    if not isinstance(meta, dict) or not isinstance(items, list):
        raise unreadable(doing)
    if meta.get("result_count") != len(items):
        raise unreadable(doing)
    if not all(isinstance(item, dict) and _has_all(item) for item in items):
        raise unreadable(doing)
    return items, str(meta.get("next_token") or "")


def _has_all(item: Mapping[str, Any]) -> bool:
    if not all(isinstance(item.get(name), str) for name in ("id", "text", "created_at")):
        return False
    try:
        return datetime.fromisoformat(item["created_at"]).tzinfo is not None
    except ValueError:
        return False


def read_post(item: Mapping[str, Any]) -> Found:
    """A post of a page. It is the same as another by its text, and as many pictures."""
    pictures = len((item.get("attachments") or {}).get("media_keys") or ())
    text = _shown(item, pictures)
    return Found(
        receipt=_receipt_of(item["id"]),
        created_at=datetime.fromisoformat(item["created_at"]),
        text=text,
        same=lambda post: pictures == len(post.media) and _plain(text) == _plain(post.text),
    )


def _shown(item: Mapping[str, Any], pictures: int) -> str:
    """The text as it was written, from how X shows it.

    X shows `&`, `<` and `>` escaped, every address as a t.co link, and one more such link at the
    end for the pictures.
    """
    note = item.get("note_post") or {}
    text = _unescaped(note.get("text") or item["text"])
    for source in (note, item):
        text = _expanded(text, (source.get("entities") or {}).get("urls") or ())
    return _SHORT_LINK.sub("", text) if pictures else text


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _expanded(text: str, links: Iterable[Mapping[str, Any]]) -> str:
    """The text with the addresses that were in it; the pictures' links stay as they are."""
    for link in links:
        short, long = link.get("url"), link.get("expanded_url")
        if short and long and not link.get("media_key") and not _MEDIA_LINK.search(long):
            text = text.replace(short, long)
    return text


def _plain(text: str) -> str:
    """One form for what X writes in several: composed letters, and bare addresses in lower case."""
    return _LINK.sub(lambda link: link[1].lower(), unicodedata.normalize("NFC", text)).strip()
