"""A post as X gives it back: not the text that came in, but what X makes of it.

NFC, trimmed, `& < >` escaped, every link a t.co link, and one more of those at the end for the
pictures. Whoever compares texts must know all that; the true links are in `entities`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from typing import Any

from tests.fake_x.store import Post
from tests.fake_x.weight import links

_HASHTAG = re.compile(r"(?<![\w&/])[#＃](\w*[^\W\d_]\w*)")
_WORDS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def shown(post: Post) -> tuple[str, list[dict[str, Any]]]:
    """The text as X shows it, and the link entities in it (indices in code points of that text)."""
    text = unicodedata.normalize("NFC", post.text).strip()
    out, at, entities = "", 0, []
    for number, link in enumerate(links(text)):
        out += _escaped(text[at : link.start])
        entities.append(_entity(post, out, number, link.target))
        out += str(entities[-1]["url"])
        at = link.end
    out += _escaped(text[at:])
    if post.media:
        out += " " if out else ""
        entities.extend(_pictures(post, out, len(entities)))
        out += str(entities[-1]["url"])
    return out, entities


def render(post: Post, wanted: Collection[str] = ()) -> dict[str, Any]:
    """A post with its default fields and those asked for."""
    text, urls = shown(post)
    document: dict[str, Any] = {"id": post.id, "text": text, "edit_history_tweet_ids": [post.id]}
    if "created_at" in wanted:
        document["created_at"] = post.created_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    entities = _entities(text, urls)
    if "entities" in wanted and entities:
        document["entities"] = entities
    if "attachments" in wanted and post.media:
        document["attachments"] = {"media_keys": [media.key for media in post.media]}
    if "lang" in wanted:
        document["lang"] = "en"
    return document


def _entities(text: str, urls: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"urls": urls} if urls else {}
    tags = [
        {"start": match.start(), "end": match.end(), "tag": match[1]}
        for match in _HASHTAG.finditer(text)
    ]
    return {**found, "hashtags": tags} if tags else found


def _pictures(post: Post, before: str, number: int) -> list[dict[str, Any]]:
    """An entity for each picture; all of them have one link."""
    kind = "video" if post.media[0].category == "tweet_gif" else "photo"
    address = f"https://x.com/{post.user}/status/{post.id}/{kind}/1"
    return [
        {**_entity(post, before, number, address), "media_key": media.key} for media in post.media
    ]


def _entity(post: Post, before: str, number: int, target: str) -> dict[str, Any]:
    digest = hashlib.sha256(f"{post.id}/{number}".encode()).hexdigest()[:10]
    url = f"https://t.co/{digest}"
    return {
        "start": len(before),
        "end": len(before) + len(url),
        "url": url,
        "expanded_url": target,
        "display_url": re.sub(r"^https?://(www\.)?", "", target)[:30],
    }


def _escaped(text: str) -> str:
    return "".join(_WORDS.get(character, character) for character in text)
