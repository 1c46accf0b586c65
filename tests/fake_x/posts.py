"""The endpoints that write and read posts, and the one that says who one is."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fake_x import schema, weight
from tests.fake_x.bodies import fields
from tests.fake_x.faults import Faults
from tests.fake_x.messages import (
    DUPLICATE,
    Answer,
    Call,
    HangupError,
    RefusalError,
    forbidden,
    html,
    invalid,
    reply,
)
from tests.fake_x.store import Post, Store, Upload, User, plain
from tests.fake_x.timeline import render

TOO_LONG = (
    "Your Tweet text is too long. For more information on how Twitter determines text length see "
    "https://github.com/twitter/twitter-text."
)
_EARLIEST = datetime(2010, 11, 6, tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_UNSAYABLE = "\ufeff\ufffe\uffff"
_EXCLUSIVE = ("media", "poll", "quote_tweet_id")


def create(store: Store, faults: Faults, call: Call) -> Answer:
    """POST /2/tweets."""
    body = fields(call, schema.CREATE_POST)
    text = body.pop("text", "")
    check_text(text, "text")
    together = [name for name in _EXCLUSIVE if name in body]
    if len(together) > 1:
        raise invalid(together[0], f"{', '.join(together)} are mutually exclusive")
    ids = body["media"]["media_ids"] if "media" in body else []
    uploads = _attached(store, call, ids)
    _check_length(text, bare=not uploads and "poll" not in body)
    _check_new(store, call.user, text)
    late = call.struck("late_store")
    if late is None:
        return _created(store.add_post(call.user, text, uploads, body))
    faults.land_later(late, lambda: store.add_post(call.user, text, uploads, body))
    if not late.options["status"]:
        raise HangupError
    return html(late.options["status"], "Service Unavailable")


def check_text(text: str, name: str) -> None:
    """Refuses what no text should hold: control characters but line feeds, half a pair, a BOM."""
    for character in text:
        category = unicodedata.category(character)
        if (category in ("Cc", "Cs") and character != "\n") or character in _UNSAYABLE:
            raise invalid(name, f"U+{ord(character):04X} is not allowed in a text")


def _check_length(text: str, *, bare: bool) -> None:
    if not text.strip() and bare:
        raise invalid("text", "A post needs a text or media", text)
    if len(text) > 4000 or weight.weigh(text) > weight.LONGEST:
        raise invalid("text", TOO_LONG, text)


def _check_new(store: Store, user: User, text: str) -> None:
    last = store.said.get((user.username, plain(text)))
    if text.strip() and last is not None and store.clock() < last + store.rules.duplicate_window:
        raise RefusalError(forbidden(DUPLICATE))


def _attached(store: Store, call: Call, ids: list[str]) -> list[Upload]:
    """The uploads of a post, each of them fit to go out with it."""
    if call.struck("media_expired"):
        _expire_unused(store, call.user)
    if len(set(ids)) != len(ids):
        raise invalid("media.media_ids", "A media id is there twice", ids)
    uploads = [_usable(store, call.user, media_id) for media_id in ids]
    if len(uploads) > 1 and any(upload.category == "tweet_gif" for upload in uploads):
        raise invalid("media.media_ids", "Only up to 4 photos, or 1 GIF, or 1 video", ids)
    for upload in uploads:
        if store.rules.require_alt and not upload.alt:
            raise invalid("media.media_ids", "This picture has no alt text", upload.id)
    return uploads


def _expire_unused(store: Store, user: User) -> None:
    for upload in store.uploads.values():
        if upload.user == user.username and not upload.used:
            upload.expires_at = store.clock()


def _usable(store: Store, user: User, media_id: str) -> Upload:
    upload = store.uploads.get(media_id)
    why = ""
    if upload is None or upload.user != user.username:
        why = "unknown, or of another account"
    elif upload.expires_at <= store.clock():
        why = "expired"
    elif not upload.ready:
        why = upload.broken or "not processed yet"
    elif upload.used and store.rules.single_use_media:
        why = "used in another post"
    if why or upload is None:
        refusal = invalid("media.media_ids", "Your media IDs are invalid.", media_id)
        raise RefusalError(refusal.answer.because(f"media {media_id}: {why}"))
    return upload


def _created(post: Post) -> Answer:
    return reply(201, {"data": render(post)})


def me(store: Store, call: Call) -> Answer:
    """GET /2/users/me."""
    wanted = schema.query(call.query, schema.ME).get("user.fields", ())
    user = call.user
    document = {"id": user.id, "name": user.username, "username": user.username}
    extra = {"created_at": "2020-08-09T00:00:00.000Z", "description": "A fake account", "url": ""}
    return reply(200, {"data": document | {k: v for k, v in extra.items() if k in wanted}})


def timeline(store: Store, call: Call) -> Answer:
    """GET /2/users/:id/tweets, newest first."""
    asked = schema.query(call.query, schema.TIMELINE)
    user_id = call.path.split("/")[3]
    if not re.fullmatch("[0-9]{1,19}", user_id):
        raise invalid("id", "The `id` path parameter is not a number", user_id)
    user = next((user for user in store.users.values() if user.id == user_id), None)
    if user is None:
        return reply(200, {"errors": [_nobody(user_id)]})
    within = _bounds(asked)
    return _page([post for post in _visible(store, call, user) if within(post)], asked)


def _nobody(user_id: str) -> dict[str, str]:
    return {
        "value": user_id,
        "detail": f"Could not find user with id: [{user_id}].",
        "title": "Not Found Error",
        "resource_type": "user",
        "parameter": "id",
        "resource_id": user_id,
        "type": "https://api.x.com/2/problems/resource-not-found",
    }


def _visible(store: Store, call: Call, user: User) -> list[Post]:
    """A user's posts, newest first; without those that a stale read does not have yet."""
    posts = [post for post in reversed(store.posts) if post.user == user.username]
    stale = call.struck("stale_timeline")
    if stale is None:
        return posts
    horizon = store.clock() - stale.options["seconds"]
    return [post for post in posts[stale.options["posts"] :] if post.received_at <= horizon]


def _bounds(asked: dict[str, Any]) -> Callable[[Post], bool]:
    """Which posts are asked for. `start_time` is inclusive, the other three bounds are not."""
    start, end = _time(asked, "start_time", _EARLIEST), _time(asked, "end_time", _LATEST)
    since, until = int(asked.get("since_id", 0)), int(asked.get("until_id", 1 << 64))
    return lambda post: start <= post.created_at < end and since < int(post.id) < until


def _time(asked: dict[str, Any], name: str, usual: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(asked[name]) if name in asked else usual
    except ValueError as error:
        raise invalid(name, f"The `{name}` query parameter is no time", asked[name]) from error
    if found < _EARLIEST:
        raise invalid(name, f"The `{name}` query parameter is before 2010-11-06", asked[name])
    return found


def _page(posts: list[Post], asked: dict[str, Any]) -> Answer:
    """One page. A full one has a `next_token` even if nothing follows, an empty one no `data`."""
    size = asked.get("max_results", 10)
    if "pagination_token" in asked:
        last = _unpage(asked["pagination_token"])
        posts = [post for post in posts if int(post.id) < last]
    page = posts[:size]
    if not page:
        return reply(200, {"meta": {"result_count": 0}})
    meta = {"result_count": len(page), "newest_id": page[0].id, "oldest_id": page[-1].id}
    if len(page) == size:
        meta["next_token"] = base64.b32hexencode(page[-1].id.encode()).decode().rstrip("=")
    data = [render(post, asked.get("post.fields", ())) for post in page]
    return reply(200, {"data": data, "meta": meta})


def _unpage(token: str) -> int:
    try:
        return int(base64.b32hexdecode(token + "=" * (-len(token) % 8)))
    except ValueError as error:
        raise invalid("pagination_token", "The pagination token is invalid", token) from error
