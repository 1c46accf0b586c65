"""The fake X's timelines: what X makes of a text, which posts are given, and in what pieces."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fake_x import Post
from tests.fake_x.timeline import shown
from tests.fake_x.weight import links
from tests.fake_x_hand import STEADY, Hand, refused, serving, timeline


@pytest.fixture
def hand() -> Iterator[Hand]:
    with serving() as found:
        yield found


def test_a_timeline_gives_what_x_makes_of_a_text(hand: Hand) -> None:
    hand.tweet(
        "Ça < va & bien > https://example.org/?a=1&b=2 example.com #Solidarity ", hand.picture()
    )

    (found,) = timeline(hand, **{"tweet.fields": "created_at,entities,attachments"})["data"]

    urls = found["entities"]["urls"]
    assert [url["expanded_url"] for url in urls[:2]] == [
        "https://example.org/?a=1&b=2",
        "http://example.com",
    ]
    assert found["text"] == (
        f"Ça &lt; va &amp; bien &gt; {urls[0]['url']} {urls[1]['url']} #Solidarity {urls[2]['url']}"
    )
    assert all(found["text"][url["start"] : url["end"]] == url["url"] for url in urls)
    assert urls[2]["media_key"] == found["attachments"]["media_keys"][0]
    assert urls[2]["expanded_url"].endswith(f"/x/status/{found['id']}/photo/1")
    assert [tag["tag"] for tag in found["entities"]["hashtags"]] == ["Solidarity"]
    assert found["created_at"].endswith(".000Z")


def test_a_timeline_gives_only_what_was_asked_for(hand: Hand) -> None:
    hand.tweet("#Solidarity")
    assert set(timeline(hand)["data"][0]) == {"id", "text", "edit_history_tweet_ids"}
    assert "errors" in hand.get("/2/users/17/tweets").json()
    assert refused(hand.get("/2/users/me/tweets"), "id")


def test_a_timeline_is_newest_first_in_pages_of_which_the_last_may_be_empty() -> None:
    with serving(users=["x", "y"]) as hand:
        Hand(hand.fake, "y").tweet("somebody else's")
        ids = [hand.tweet(f"number {n}").json()["data"]["id"] for n in range(10)]
        first = timeline(hand, max_results=5)
        hand.tweet("meanwhile")
        second = timeline(hand, max_results=5, pagination_token=first["meta"]["next_token"])
        third = timeline(hand, max_results=5, pagination_token=second["meta"]["next_token"])

    pages = [*first["data"], *second["data"]]
    assert [found["id"] for found in pages] == ids[::-1]
    assert (first["meta"]["newest_id"], first["meta"]["oldest_id"]) == (ids[9], ids[5])
    assert third == {"meta": {"result_count": 0}}


def test_a_timeline_is_bounded_by_time_and_id() -> None:
    now = [1_800_000_000.25]
    with serving(clock=lambda: now[0]) as hand:
        ids = []
        for number in range(4):
            ids.append(hand.tweet(f"number {number}").json()["data"]["id"])
            now[0] += 1
        stamp = datetime.fromtimestamp(1_800_000_001, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

        def found(**asked: str) -> list[int]:
            return [ids.index(post["id"]) for post in timeline(hand, **asked)["data"]]

        assert found(start_time=stamp) == [3, 2, 1]
        assert found(end_time=stamp) == [0]
        assert found(since_id=ids[1]) == [3, 2]
        assert found(until_id=ids[1]) == [0]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"max_results": "4"}, "max_results"),
        ({"max_results": "101"}, "max_results"),
        ({"max_results": "ten"}, "max_results"),
        ({"start_time": "2026-11-01T00:00:00.5Z"}, "start_time"),
        ({"start_time": "2026-11-31T00:00:00Z"}, "start_time"),
        ({"start_time": "2010-11-05T00:00:00Z"}, "start_time"),
        ({"since_id": "abc"}, "since_id"),
        ({"pagination_token": "-"}, "pagination_token"),
        ({"exclude": "quotes"}, "exclude[0]"),
        ({"tweet.fields": "created_at,full_text"}, "tweet.fields[1]"),
        ({"tweet.fields": "id", "post.fields": "id"}, "post.fields"),
        ({"count": "10"}, "count"),
    ],
)
def test_a_query_that_x_does_not_take_names_the_parameter(
    hand: Hand, asked: dict[str, str], name: str
) -> None:
    user = hand.fake.users["x"].id
    refused(hand.get(f"/2/users/{user}/tweets", **asked), name)


WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"))


@STEADY
@example(["cafe\u0301 ", " 3 < 4 &amp; https://example.org/?a=1&b=2."])
@given(st.lists(st.one_of(WORDS, st.sampled_from(["https://example.org/a?b=1&c", "a.com", "&"]))))
def test_a_text_can_be_had_back_from_what_x_shows(parts: list[str]) -> None:
    post = Post("1", " ".join(parts), (), datetime.now(UTC), "x", 0.0)
    sent = unicodedata.normalize("NFC", post.text).strip()

    text, entities = shown(post)

    for entity, link in reversed(list(zip(entities, links(sent), strict=True))):
        assert text[entity["start"] : entity["end"]] == entity["url"]
        assert entity["expanded_url"].endswith(sent[link.start : link.end])
        plain = html.escape(sent[link.start : link.end], quote=False)
        text = text[: entity["start"]] + plain + text[entity["end"] :]
    assert html.unescape(text) == sent
