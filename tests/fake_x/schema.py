"""What X takes, written by hand: every body and every query, and how they are checked.

`tests/test_fake_x.py` holds these against X's own OpenAPI description wherever that is found. Where
X leaves something open (unknown metadata fields, optional upload fields), this is the stricter one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fake_x.messages import invalid

Type = Literal["string", "integer", "number", "boolean", "object", "array", "bytes"]

_PYTHON: dict[Type, type | tuple[type, ...]] = {
    "string": str,
    "bytes": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}


@dataclass(frozen=True)
class Field:
    """One value: its type and bounds.

    `least` and `most` bound a number, a string's code points or an array's items. Without `fields`,
    anything goes in an object.
    """

    type: Type
    required: bool = False
    choices: frozenset[str] = frozenset()
    pattern: str = ""
    least: int | None = None
    most: int | None = None
    items: Field | None = None
    fields: Mapping[str, Field] | None = field(default=None)


def check(value: Any, spec: Field, path: str = "$") -> None:
    """Raises a 400 that names the first value that is not as described."""
    for name, message, found in _faults(value, spec, path):
        raise invalid(name.removeprefix("$.") or "$", f"{name}: {message}", found)


def _faults(value: Any, spec: Field, path: str) -> Iterator[tuple[str, str, Any]]:
    if not _is_a(value, spec.type):
        yield path, f"{_named(value)} found, {spec.type} expected", value
        return
    if spec.choices and value not in spec.choices:
        yield path, f"does not have a value in the enumeration {sorted(spec.choices)}", value
    if spec.pattern and not re.fullmatch(spec.pattern, value):
        yield path, f"does not match the regex pattern {spec.pattern}", value
    yield from _bounds(value, spec, path)
    if isinstance(value, dict) and spec.fields is not None:
        yield from _members(value, spec.fields, path)
    if isinstance(value, list) and spec.items is not None:
        for index, item in enumerate(value):
            yield from _faults(item, spec.items, f"{path}[{index}]")


def _is_a(value: Any, kind: Type) -> bool:
    return isinstance(value, _PYTHON[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _bounds(value: Any, spec: Field, path: str) -> Iterator[tuple[str, str, Any]]:
    size = len(value) if isinstance(value, (str, list)) else value
    if spec.least is not None and size < spec.least:
        yield path, f"must be at least {spec.least}", size
    if spec.most is not None and size > spec.most:
        yield path, f"must be at most {spec.most}", size


def _members(
    value: Mapping[str, Any], fields: Mapping[str, Field], path: str
) -> Iterator[tuple[str, str, Any]]:
    for name in value.keys() - fields.keys():
        what = "is not defined in the schema and the schema does not allow additional properties"
        yield f"{path}.{name}", what, value[name]
    for name, spec in fields.items():
        if name in value:
            yield from _faults(value[name], spec, f"{path}.{name}")
        elif spec.required:
            yield f"{path}.{name}", "is missing but it is required", ""


def _named(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return "null" if value is None else names.get(type(value), "object")


def _object(required: bool = False, **fields: Field) -> Field:
    return Field("object", required, fields=fields)


def _array(items: Field, least: int | None = None, most: int | None = None) -> Field:
    return Field("array", least=least, most=most, items=items)


def _one_of(choices: str, required: bool = False) -> Field:
    return Field("string", required, frozenset(choices.split()))


_ID = Field("string", pattern="^[0-9]{1,19}$")
_NEEDED_ID = Field("string", True, pattern="^[0-9]{1,19}$")
_TEXT = Field("string")
_NEEDED = Field("string", True)
_FLAG = Field("boolean")
_WHO = _one_of("following mentionedUsers subscribers verified")
_LINK = _object(url=_NEEDED)

CREATE_POST = _object(
    card_uri=_TEXT,
    community_id=_ID,
    direct_message_deep_link=_TEXT,
    edit_options=_object(previous_post_id=_NEEDED_ID),
    for_super_followers_only=_FLAG,
    geo=_object(place_id=_NEEDED),
    made_with_ai=_FLAG,
    media=_object(
        call_to_actions=_object(
            app_install=_object(app_store_id=_TEXT, ipad_app_store_id=_TEXT, play_store_id=_TEXT),
            visit_site=_LINK,
            watch_now=_LINK,
        ),
        description=_TEXT,
        embeddable=_FLAG,
        media_ids=Field("array", True, least=1, most=4, items=_ID),
        preview_media_id=_ID,
        tagged_user_ids=_array(_ID, most=10),
        title=_TEXT,
    ),
    nullcast=_FLAG,
    paid_partnership=_FLAG,
    poll=_object(
        duration_minutes=Field("integer", True, least=5, most=10080),
        options=Field("array", True, least=2, most=4, items=Field("string", least=1, most=25)),
        reply_settings=_WHO,
    ),
    quote_tweet_id=_ID,
    reply=_object(
        auto_populate_reply_metadata=_FLAG,
        exclude_reply_user_ids=_array(_TEXT),
        in_reply_to_tweet_id=_NEEDED_ID,
    ),
    reply_settings=_WHO,
    share_with_followers=_FLAG,
    text=_TEXT,
)

UPLOAD = _object(
    additional_owners=_TEXT,
    media=Field("bytes", True, least=1),
    media_category=_one_of(
        "tweet_image tweet_video tweet_gif dm_image dm_video dm_gif subtitles", True
    ),
)

INITIALIZE = _object(
    additional_owners=_array(_ID),
    media_category=_one_of(
        "amplify_video tweet_gif tweet_image tweet_video dm_gif dm_image dm_video subtitles", True
    ),
    media_type=_one_of(
        "video/mp4 video/webm video/mp2t video/quicktime text/srt text/vtt image/jpeg image/gif "
        "image/bmp image/png image/webp image/pjpeg image/tiff model/gltf-binary "
        "model/vnd.usdz+zip",
        True,
    ),
    shared=_FLAG,
    total_bytes=Field("integer", True, least=1, most=17179869184),
)

APPEND = _object(
    media=Field("bytes", True, least=1),
    segment_index=Field("integer", True, least=0, most=999),
)

METADATA = _object(
    id=_NEEDED_ID,
    metadata=_object(
        True,
        allow_download_status=_object(allow_download=_FLAG),
        alt_text=_object(True, text=Field("string", True, least=1, most=1000)),
        audience_policy=Field("object"),
        content_expiration=_object(timestamp_sec=Field("number", True)),
        domain_restrictions=_object(whitelist=Field("array", True, items=_TEXT)),
        found_media_origin=_object(provider=_NEEDED, id=_NEEDED),
        geo_restrictions=Field("object"),
        management_info=_object(managed=Field("boolean", True)),
        preview_image=_object(media_key=Field("object", True)),
        sensitive_media_warning=Field("object"),
        shared_info=_object(shared=Field("boolean", True)),
        sticker_info=_object(stickers=Field("array", True, items=Field("object"))),
        upload_source=_object(upload_source=_NEEDED),
    ),
)

STATUS: Mapping[str, Field] = {"command": _one_of("STATUS", True), "media_id": _NEEDED_ID}


def _list_of(choices: str) -> Field:
    return Field("array", least=1, items=_one_of(choices))


_POST_FIELDS = _list_of(
    "article article_title attachments card_uri community_id context_annotations conversation_id "
    "created_at display_text_range edit_controls entities geo id lang matched_media_notes "
    "media_metadata non_public_metrics note_post note_request_suggestions organic_metrics "
    "paid_partnership possibly_sensitive promoted_metrics public_metrics reply_settings scopes "
    "source suggested_source_links suggested_source_links_with_counts text withheld"
)
_USER_FIELDS = _list_of(
    "confirmed_email connection_status created_at description entities id is_identity_verified "
    "location name parody profile_banner_url profile_image_url protected public_metrics "
    "receives_your_dm subscribes_to_you subscription subscription_type url username verified "
    "verified_followers_count verified_type withheld"
)

ME: Mapping[str, Field] = {
    "user.fields": _USER_FIELDS,
    "expansions": _list_of("affiliation most_recent_post_id pinned_post_id"),
    "post.fields": _POST_FIELDS,
}

TIMELINE: Mapping[str, Field] = {
    "max_results": Field("integer", least=5, most=100),
    "pagination_token": Field("string", least=1),
    "start_time": Field("string", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
    "end_time": Field("string", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"),
    "since_id": _ID,
    "until_id": _ID,
    "exclude": _list_of("replies retweets"),
    "post.fields": _POST_FIELDS,
    "expansions": _list_of(
        "article.cover_media article.media_entities attachments.media_keys "
        "attachments.media_source_tweet attachments.poll_ids author_id edit_history_post_ids "
        "entities.mentions.username geo.place_id in_reply_to_user_id referenced_posts username"
    ),
    "user.fields": _USER_FIELDS,
    "media.fields": _list_of(
        "alt_text duration_ms height media_key non_public_metrics organic_metrics "
        "preview_image_url promoted_metrics public_metrics type url variants width"
    ),
    "poll.fields": _list_of("duration_minutes end_datetime id options voting_status"),
    "place.fields": _list_of(
        "contained_within country country_code full_name geo id name place_type"
    ),
}

_ALSO = {"tweet.fields": "post.fields"}
"""The name X's guides and every SDK use for a parameter, to the one in its OpenAPI description."""


def query(pairs: list[tuple[str, str]], specs: Mapping[str, Field]) -> dict[str, Any]:
    """A query as values by name. Raises a 400 for a name X does not know, or that comes twice."""
    values: dict[str, Any] = {}
    for given, text in pairs:
        name = _ALSO.get(given, given)
        if name not in specs:
            known = ",".join(sorted(specs))
            raise invalid(given, f"The query parameter [{given}] is not one of [{known}]", text)
        if name in values:
            raise invalid(given, f"The query parameter [{given}] is there twice", text)
        values[name] = _read(text, specs[name])
        check(values[name], specs[name], given)
    for name, spec in specs.items():
        if spec.required and name not in values:
            raise invalid(name, f"The query parameter [{name}] is required")
    return values


def _read(text: str, spec: Field) -> Any:
    if spec.type == "integer" and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    return text.split(",") if spec.type == "array" else text
