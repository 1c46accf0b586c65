"""What X can say of a post without talking: limits, price, the request, and whether two are one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import Attachment, Post
from bot.networks._x_answers import read_post
from bot.networks.base import FileBytes, Request, Upload
from bot.networks.x import LIMITS, X, XCredentials, cost

PICTURE = Attachment("media/a.png", "Alt.", "image/png", 3, "ab" * 32)


def is_same(item: dict[str, Any], post: Post) -> bool:
    return read_post({"id": "1", "created_at": "2026-12-01T12:00:00Z", **item}).same(post)


def test_limits() -> None:
    assert LIMITS.network == "x"
    assert (LIMITS.text, LIMITS.alt) == (280, 1000)
    assert LIMITS.measure("…" * 140) == 280
    assert LIMITS.mimes == {"image/png", "image/jpeg", "image/gif", "image/webp"}
    assert (LIMITS.image_bytes, LIMITS.gif_bytes) == (5_000_000, 15_000_000)
    assert (LIMITS.gif_width, LIMITS.gif_height, LIMITS.gif_frames) == (1280, 1080, 350)
    assert LIMITS.gif_pixels == 300_000_000


@pytest.mark.parametrize(
    ("text", "pictures", "dollars"),
    [
        ("Strike.", 0, 0.015),
        ("Strike.", 1, 0.020),
        ("Strike.", 4, 0.035),
        ("See https://example.org/a", 1, 0.205),
        ("See example.org", 0, 0.200),
        ("See example.nosuchword", 0, 0.015),
    ],
)
def test_cost(text: str, pictures: int, dollars: float) -> None:
    assert cost(text, pictures) == dollars
    assert LIMITS.cost is cost


def test_promises() -> None:
    x = X(None, ".")
    assert x.limits is LIMITS
    assert x.keyed is None
    assert x.readable is True
    assert x.quarantine == timedelta(minutes=15)


def test_the_request_for_a_post() -> None:
    api, held = "https://api.x.com/2", "ab" * 32
    request = X(None, ".").request(Post("Text.", (PICTURE,)), "key")
    content = {"media_category": "tweet_image", "media": FileBytes("media/a.png", 0, 3)}
    alt = {"id": held, "metadata": {"alt_text": {"text": "Alt."}}}
    upload = Upload(
        PICTURE,
        sends=(Request("POST", f"{api}/media/upload", content),),
        asks=Request("GET", f"{api}/media/upload?command=STATUS&media_id={held}"),
        describes=Request("POST", f"{api}/media/metadata", alt),
    )
    assert request == Request(
        method="POST",
        url=f"{api}/tweets",
        body={"text": "Text.", "media": {"media_ids": [held]}},
        uploads=(upload,),
    )
    assert request.with_media(["7"]).body == {"text": "Text.", "media": {"media_ids": ["7"]}}


def test_the_requests_for_a_gif() -> None:
    gif = Attachment("media/a.gif", "Alt.", "image/gif", 2_500_000, "cd" * 32)
    [upload] = X(None, ".", "https://h/p").request(Post("Text.", (gif,)), "key").uploads
    api, held = "https://h/p/2/media", "cd" * 32
    alt = {"id": held, "metadata": {"alt_text": {"text": "Alt."}}}
    spans = [(0, 1_000_000), (1_000_000, 1_000_000), (2_000_000, 500_000)]
    kind = {"media_type": "image/gif", "media_category": "tweet_gif", "total_bytes": 2_500_000}
    assert upload.requests == (
        Request("POST", f"{api}/upload/initialize", kind),
        *(
            Request(
                "POST",
                f"{api}/upload/{held}/append",
                {"segment_index": index, "media": FileBytes("media/a.gif", *span)},
            )
            for index, span in enumerate(spans)
        ),
        Request("POST", f"{api}/upload/{held}/finalize"),
        Request("GET", f"{api}/upload?command=STATUS&media_id={held}"),
        Request("POST", f"{api}/metadata", alt),
    )


def test_what_holds_the_place_of_bytes_can_be_read() -> None:
    content = FileBytes("media/a.gif", 1000, 2000)
    assert str(content) == "(2000 bytes of media/a.gif from 1000 on, in base64)"
    assert content != FileBytes("media/a.gif", 1000, 2001)
    assert len({content, FileBytes("media/a.gif", 1000, 2000)}) == 1


def test_the_request_for_a_text_alone() -> None:
    request = X(None, ".", "http://127.0.0.1:1/").request(Post("Text."), "key")
    assert request == Request("POST", "http://127.0.0.1:1/2/tweets", {"text": "Text."})


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_the_same_post_gives_the_same_request(text: str, key: str, other: str) -> None:
    post = Post(text, (PICTURE,))
    assert X(None, ".").request(post, key) == X(None, "/").request(post, other)


def test_credentials_are_not_shown() -> None:
    credentials = XCredentials("s3cret-1", "s3cret-2", "s3cret-3", "s3cret-4")
    assert repr(credentials) == "XCredentials()"
    assert "%s" % credentials == "XCredentials()"  # noqa: UP031 - a tuple would be spread out
    assert json.dumps([credentials], default=str) == '["XCredentials()"]'


def test_nothing_heavy_is_imported_for_the_pure_half() -> None:
    program = """
import sys
from bot.domain import Attachment, Post
from bot.networks.x import LIMITS, X
X(None, ".").request(Post("Text.", (Attachment("a", "b", "image/png", 1, "c"),)), "key")
LIMITS.measure("“Text.” — everybody, everywhere …"), LIMITS.cost("Text. More text.", 1)
heavy = "tweepy requests urllib3 http ssl publicsuffixlist PIL".split()
heavy += [f"bot.networks.{name}" for name in ("_http", "_x_calls", "_x_answers")]
print(*[name for name in heavy if name in sys.modules])
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


# --- Whether it is the same --------------------------------------------------------------------

LINK = {"start": 0, "end": 23, "url": "https://t.co/aaaaaaaaaa", "display_url": "example.org"}
MEDIA = {
    "url": "https://t.co/mmmmmmmmmm",
    "expanded_url": "https://x.com/a_bot/status/1850000000000000001/photo/1",
    "display_url": "pic.x.com/mmmmmmmmmm",
    "media_key": "3_1850000000000000001",
}
ONE = {"media_keys": ["3_1850000000000000001"]}


def link(expanded: str | None, short: str = "https://t.co/aaaaaaaaaa") -> dict[str, Any]:
    return {**LINK, "url": short, "expanded_url": expanded}


SAME: dict[str, tuple[str, dict[str, Any]]] = {
    "the text": ("Strike.", {"text": "Strike."}),
    "escaped": ("<a> & b", {"text": "&lt;a&gt; &amp; b"}),
    "escaped twice": ("Write &amp; for &", {"text": "Write &amp;amp; for &amp;"}),
    "escaped look-alike": ("&lt;", {"text": "&amp;lt;"}),
    "decomposed": ("Cafe\u0301 société", {"text": "Café socie\u0301te\u0301"}),
    "white space around": (" Strike.\n", {"text": "Strike."}),
    "line breaks inside": ("a\n\nb", {"text": "a\n\nb"}),
    "an address": (
        "See https://example.org/a?b=1&c=2 now",
        {
            "text": "See https://t.co/aaaaaaaaaa now",
            "entities": {"urls": [link("https://example.org/a?b=1&c=2")]},
        },
    ),
    "a bare address": (
        "See Example.org now",
        {
            "text": "See https://t.co/aaaaaaaaaa now",
            "entities": {"urls": [link("http://example.org/")]},
        },
    ),
    "an address that X did not link": ("See example.org", {"text": "See example.org"}),
    "two addresses": (
        "a.org b.org",
        {
            "text": "https://t.co/aaaaaaaaaa https://t.co/bbbbbbbbbb",
            "entities": {
                "urls": [link("http://b.org", "https://t.co/bbbbbbbbbb"), link("http://a.org")]
            },
        },
    ),
    "no entities": ("Strike.", {"text": "Strike.", "entities": {}, "attachments": {}}),
    "null entities": ("Strike.", {"text": "Strike.", "entities": None, "attachments": None}),
    "null links": ("Strike.", {"text": "Strike.", "entities": {"urls": None}}),
    "a long post": (
        "Strike. " * 50,
        {"text": "Strike. Strike…", "note_post": {"text": "Strike. " * 50}},
    ),
    "a long post with an address": (
        "Strike. " * 50 + "https://example.org",
        {
            "text": "Strike. Strike…",
            "note_post": {
                "text": "Strike. " * 50 + "https://t.co/aaaaaaaaaa",
                "entities": {"urls": [link("https://example.org")]},
            },
        },
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_same(case: str) -> None:
    text, item = SAME[case]
    assert is_same(item, Post(text))
    assert not is_same(item, Post(text, (PICTURE,)))
    assert not is_same(item, Post(text + "x"))
    assert not is_same(item, Post("x" + text))


@pytest.mark.parametrize("case", SAME)
@pytest.mark.parametrize("described", [True, False])
def test_same_with_a_picture(case: str, described: bool) -> None:
    text, item = SAME[case]
    links = [*((item.get("entities") or {}).get("urls") or ()), *([MEDIA] if described else ())]
    shown = {
        **item,
        "text": f"{item['text']} https://t.co/mmmmmmmmmm",
        "entities": {"urls": links},
        "attachments": ONE,
    }
    assert is_same(shown, Post(text, (PICTURE,)))
    assert not is_same(shown, Post(text))
    assert not is_same(shown, Post(text, (PICTURE, PICTURE)))
    assert not is_same(shown, Post(text + "x", (PICTURE,)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Strike.", "strike."),
        ("Strike.", "Strike"),
        ("a b", "a  b"),
        ("a\nb", "a b"),
        ("“a”", '"a"'),
        ("&", "&amp;amp;"),
        ("", "x"),
    ],
)
def test_different(text: str, shown: str) -> None:
    assert not is_same({"text": shown}, Post(text))


def test_another_address_is_another_post() -> None:
    shown = {
        "text": "See https://t.co/aaaaaaaaaa",
        "entities": {"urls": [link("https://example.org/a")]},
    }
    assert not is_same(shown, Post("See https://example.org/b"))
    assert not is_same(shown, Post("See https://example.org/a https://example.org/a"))


def test_a_link_at_the_end_of_a_text_without_a_picture_stays() -> None:
    assert not is_same({"text": "Strike. https://t.co/mmmmmmmmmm"}, Post("Strike."))


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@settings(deadline=None)
@given(st.text(), st.text())
def test_what_x_shows_of_a_text_is_that_text_and_no_other(text: str, other: str) -> None:
    shown = {"text": escaped(text.strip())}
    assert is_same(shown, Post(text))
    assert is_same(shown, Post(other)) <= (text.split() == other.split() or "." in text + other)
