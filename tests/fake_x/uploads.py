"""The endpoints that take pictures (whole or in pieces), process them, and take alt texts."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tests.fake_x import schema
from tests.fake_x.bodies import empty, fields
from tests.fake_x.faults import too_many
from tests.fake_x.messages import PROBLEMS, Answer, Call, RefusalError, invalid, not_found, reply
from tests.fake_x.pictures import Picture, PictureError, look
from tests.fake_x.posts import check_text
from tests.fake_x.store import Store, Upload

_PICTURES = ("tweet_image", "tweet_gif")
_LEAST_SIDE, _MOST_SIDE = 4, 8192


def one_shot(store: Store, call: Call) -> Answer:
    """POST /2/media/upload: a whole picture at once."""
    body = fields(call, schema.UPLOAD, multipart=True)
    data, category = body["media"], body["media_category"]
    upload = _begin(store, call, "", category, len(data))
    picture = _look(data, "media")
    upload.mime = picture.mime
    return _take(store, call, upload, data, picture)


def initialize(store: Store, call: Call) -> Answer:
    """POST /2/media/upload/initialize: announces a picture that comes in pieces."""
    body = fields(call, schema.INITIALIZE)
    mime = body["media_type"]
    upload = _begin(store, call, mime, body["media_category"], body["total_bytes"])
    if upload.category == "tweet_gif" and mime != "image/gif":
        raise invalid("media_type", f"{mime} does not go into tweet_gif", mime)
    store.uploads[upload.id] = upload
    return reply(200, {"data": _named(store, upload)})


def append(store: Store, call: Call) -> Answer:
    """POST /2/media/upload/{id}/append: a piece, in any order; the same one twice is no harm."""
    upload = _find(store, call, call.path.split("/")[4])
    body = fields(call, schema.APPEND, multipart=True)
    index, data = body["segment_index"], body["media"]
    if upload.picture:
        raise invalid("id", "The upload is finalized", upload.id)
    if len(data) > store.rules.chunk_bytes:
        raise invalid("media", f"A piece has at most {store.rules.chunk_bytes} bytes", len(data))
    if upload.segments.get(index, data) != data:
        raise invalid("segment_index", "This piece was there before, with other bytes", index)
    upload.segments[index] = data
    if sum(map(len, upload.segments.values())) > upload.total_bytes:
        raise invalid("media", f"More than the {upload.total_bytes} bytes announced", index)
    return reply(200, {"data": {"expires_at": int(upload.expires_at)}})


def finalize(store: Store, call: Call) -> Answer:
    """POST /2/media/upload/{id}/finalize: all pieces are there."""
    empty(call)
    upload = _find(store, call, call.path.split("/")[4])
    if upload.picture:
        raise invalid("id", "The upload is finalized", upload.id)
    if sorted(upload.segments) != list(range(len(upload.segments))):
        raise invalid("id", f"Pieces are missing; there are {sorted(upload.segments)}", upload.id)
    data = b"".join(upload.segments[index] for index in sorted(upload.segments))
    if len(data) != upload.total_bytes:
        message = f"{upload.total_bytes} bytes were announced, {len(data)} came"
        raise invalid("total_bytes", message, upload.total_bytes)
    picture = _look(data, "media")
    if picture.mime != upload.mime:
        raise invalid("media_type", f"{upload.mime} was announced, {picture.mime} came")
    return _take(store, call, upload, data, picture)


def status(store: Store, call: Call) -> Answer:
    """GET /2/media/upload?command=STATUS: how far the processing is."""
    asked = schema.query(call.query, schema.STATUS)
    upload = _find(store, call, asked["media_id"])
    if upload.picture is None:
        raise invalid("media_id", "The upload is not finalized", upload.id)
    if store.rules.enforce_polling and store.clock() < upload.poll_at:
        raise RefusalError(too_many().because("polled before check_after_secs were over"))
    upload.polls += 1
    upload.polls_left = max(upload.polls_left - 1, 0)
    upload.poll_at = store.clock() + store.rules.check_after_secs
    return reply(200, _described(store, upload))


def metadata(store: Store, call: Call) -> Answer:
    """POST /2/media/metadata: the alt text."""
    body = fields(call, schema.METADATA)
    upload = _find(store, call, body["id"])
    alt = body["metadata"]["alt_text"]["text"]
    check_text(alt, "metadata.alt_text.text")
    if not alt.strip():
        raise invalid("metadata.alt_text.text", "The alt text is blank", alt)
    if upload.picture is None:
        raise invalid("id", "The upload is not finalized", upload.id)
    upload.alt = alt
    return reply(200, {"data": {"id": upload.id, "associated_metadata": body["metadata"]}})


def _begin(store: Store, call: Call, mime: str, category: str, size: int) -> Upload:
    """A new upload, of a kind and size that X takes."""
    if category not in _PICTURES:
        raise invalid("media_category", f"Only {' and '.join(_PICTURES)} are known here", category)
    if mime and not re.fullmatch("image/(png|jpeg|gif|webp)", mime):
        raise invalid("media_type", "Only PNG, JPEG, GIF and WEBP are known here", mime)
    most = store.rules.gif_bytes if category == "tweet_gif" else store.rules.image_bytes
    if size > most:
        raise invalid("total_bytes", f"{category} has at most {most} bytes", size)
    expires_at = store.clock() + store.rules.media_ttl
    return Upload(store.fresh_id(), call.user.username, mime, category, size, expires_at)


def _find(store: Store, call: Call, media_id: str) -> Upload:
    """An upload of this user's that has not expired; every other is not there at all."""
    upload = store.uploads.get(media_id)
    if upload is None or upload.user != call.user.username or upload.expires_at <= store.clock():
        raise RefusalError(not_found(f"media with id: [{media_id}]"))
    return upload


def _look(data: bytes, name: str) -> Picture:
    try:
        return look(data)
    except PictureError as error:
        raise invalid(name, f"Not a picture that can be read: {error}") from error


def _take(store: Store, call: Call, upload: Upload, data: bytes, picture: Picture) -> Answer:
    """Keeps a whole picture, or refuses it; a GIF goes into processing."""
    _check_kind(upload, picture)
    upload.picture, upload.sha256 = picture, hashlib.sha256(data).hexdigest()
    upload.segments.clear()
    _process(store, call, upload, picture)
    store.uploads[upload.id] = upload
    return reply(200, _described(store, upload))


def _check_kind(upload: Upload, picture: Picture) -> None:
    if upload.category == "tweet_gif" and picture.mime != "image/gif":
        raise invalid("media_category", f"{picture.mime} does not go into tweet_gif")
    if upload.category == "tweet_image" and picture.frames > 1:
        raise invalid("media_category", "An animated GIF goes into tweet_gif", "tweet_image")
    sides = (picture.width, picture.height)
    if min(sides) < _LEAST_SIDE or max(sides) > _MOST_SIDE:
        raise invalid("media", f"A side has {_LEAST_SIDE} to {_MOST_SIDE} pixels", sides)


def _process(store: Store, call: Call, upload: Upload, picture: Picture) -> None:
    slow = call.struck("slow_processing")
    upload.broken = _too_much(store, picture) if upload.category == "tweet_gif" else ""
    failure = call.struck("processing_failed")
    if failure:
        upload.broken = failure.options["detail"]
        upload.broken_title = failure.options["title"]
    if upload.category == "tweet_gif" or upload.broken:
        upload.polls_left = max(store.rules.processing_calls, 1)
    if slow:
        upload.polls_left += slow.options["calls"]
    upload.poll_at = store.clock() + store.rules.check_after_secs


def _too_much(store: Store, picture: Picture) -> str:
    """What is wrong with a GIF. X finds out late, while it works on it."""
    rules = store.rules
    if picture.width > rules.gif_width or picture.height > rules.gif_height:
        return f"{picture.width}x{picture.height} is over {rules.gif_width}x{rules.gif_height}"
    if picture.frames > rules.gif_frames:
        return f"{picture.frames} frames are over {rules.gif_frames}"
    pixels = picture.width * picture.height * picture.frames
    return f"{pixels} pixels are over {rules.gif_pixels}" if pixels > rules.gif_pixels else ""


def _named(store: Store, upload: Upload) -> dict[str, Any]:
    kind = 16 if upload.category == "tweet_gif" else 3
    left = max(int(upload.expires_at - store.clock()), 0)
    return {"id": upload.id, "media_key": f"{kind}_{upload.id}", "expires_after_secs": left}


def _described(store: Store, upload: Upload) -> dict[str, Any]:
    """What X says of a finalized upload."""
    assert upload.picture is not None
    data = _named(store, upload) | {"size": upload.total_bytes}
    data["image"] = {
        "w": upload.picture.width,
        "h": upload.picture.height,
        "image_type": upload.picture.mime,
    }
    document: dict[str, Any] = {"data": data}
    progress = _progress(store, upload)
    if progress:
        data["processing_info"] = progress
    if progress.get("state") == "failed":
        kind = PROBLEMS + "invalid-request"
        document["errors"] = [{"title": upload.broken_title, "detail": upload.broken, "type": kind}]
    return document


def _progress(store: Store, upload: Upload) -> dict[str, Any]:
    if not upload.polls and not upload.polls_left:
        return {}
    if upload.polls_left:
        state = "in_progress" if upload.polls > 1 else "pending"
        share = 100 * upload.polls // (upload.polls + upload.polls_left)
        after = {"check_after_secs": store.rules.check_after_secs}
        return {"state": state, **after, "progress_percent": share}
    if upload.broken:
        return {"state": "failed"}
    return {"state": "succeeded", "progress_percent": 100}
