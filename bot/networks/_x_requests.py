"""Pure: everything that is sent to X, request by request. Only `x` uses this.

`api` is X's address, or another one that stands for it, without a slash at its end.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain import Attachment, Post
from bot.networks.base import FileBytes, Request, Upload

PIECE_BYTES = 1_000_000
"""A GIF goes up in pieces of this many bytes."""

PAGE = 100
"""Posts a page, when they are read back."""


def to_post(api: str, post: Post) -> Request:
    """A post, and the pictures that go up before it."""
    uploads = tuple(_to_upload(api, attachment) for attachment in post.media)
    media = {"media_ids": [attachment.sha256 for attachment in post.media]}
    body = {"text": post.text} | ({"media": media} if post.media else {})
    return Request("POST", f"{api}/2/tweets", body, uploads)


def _to_upload(api: str, attachment: Attachment) -> Upload:
    """A picture's bytes, whether X has processed them, and its alt text."""
    send = _in_pieces if attachment.mime == "image/gif" else _whole
    media_id = attachment.sha256
    alt = {"id": media_id, "metadata": {"alt_text": {"text": attachment.alt}}}
    return Upload(
        attachment,
        send(api, attachment),
        asks=Request("GET", f"{api}/2/media/upload?command=STATUS&media_id={media_id}"),
        describes=Request("POST", f"{api}/2/media/metadata", alt),
    )


def _whole(api: str, attachment: Attachment) -> tuple[Request, ...]:
    content = FileBytes(attachment.path, 0, attachment.bytes)
    body = {"media_category": "tweet_image", "media": content}
    return (Request("POST", f"{api}/2/media/upload", body),)


def _in_pieces(api: str, attachment: Attachment) -> tuple[Request, ...]:
    total, path = attachment.bytes, attachment.path
    kind = {"media_type": attachment.mime, "media_category": "tweet_gif", "total_bytes": total}
    upload = f"{api}/2/media/upload/{attachment.sha256}"
    pieces = [
        FileBytes(path, start, min(PIECE_BYTES, total - start))
        for start in range(0, total, PIECE_BYTES)
    ]
    return (
        Request("POST", f"{api}/2/media/upload/initialize", kind),
        *(
            Request("POST", f"{upload}/append", {"segment_index": index, "media": piece})
            for index, piece in enumerate(pieces)
        ),
        Request("POST", f"{upload}/finalize"),
    )


def to_ask_who(api: str) -> Request:
    """Whose credentials these are."""
    return Request("GET", f"{api}/2/users/me")


def to_read(api: str, user: str, since: datetime, page: str = "") -> Request:
    """The account's own posts since then, newest first; `page` is which, as X named it."""
    from urllib.parse import urlencode

    query = {
        "max_results": PAGE,
        "start_time": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "exclude": "replies,retweets",
        "post.fields": "attachments,created_at,entities,note_post",
    } | ({"pagination_token": page} if page else {})
    return Request("GET", f"{api}/2/users/{user}/tweets?{urlencode(query)}")
