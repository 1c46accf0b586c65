"""The fake X's faults: each is shown to bite, and to bite no one else."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.fake_x import KINDS, FakeX, Fault, faults
from tests.fake_x_hand import Aside, Hand, gif, raw, refused, serving, timeline


@pytest.fixture
def hand() -> Iterator[Hand]:
    with serving() as found:
        yield found


# Dropped


@pytest.mark.parametrize(
    ("kind", "read", "stored"),
    [
        ("drop_before_read", False, 0),
        ("drop_after_read", True, 0),
        ("drop_after_store", True, 1),
    ],
)
def test_a_drop_resets_the_connection(hand: Hand, kind: str, read: bool, stored: int) -> None:
    hand.fake.faults.add(kind)
    with raw(hand) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    (entry,) = hand.fake.wait_for_requests("POST /2/tweets")
    assert (entry.status, entry.fault, entry.json is not None) == (None, kind, read)
    assert len(hand.fake.posts) == stored
    assert hand.tweet("the next one").status_code == 201


def test_a_drop_is_a_connection_error_to_requests(hand: Hand) -> None:
    hand.fake.faults.add("drop_after_store")
    with pytest.raises(requests.ConnectionError):
        hand.tweet()
    assert [post.text for post in hand.fake.posts] == ["Solidarity"]
    assert hand.tweet().status_code == 403


def test_a_fault_after_storing_does_not_hide_a_refusal(hand: Hand) -> None:
    hand.fake.faults.add("drop_after_store")
    refused(hand.tweet("a" * 281), "text")
    assert hand.tweet().status_code == 201


# Waiting


def test_a_hang_ends_when_released_without_a_post(hand: Hand) -> None:
    fault = hand.fake.faults.add("hang")
    aside = Aside(hand.tweet)
    assert fault.hit.wait(60)
    assert (hand.fake.requests[0].status, hand.fake.requests[0].done) == (None, False)
    with pytest.raises(TimeoutError, match="0 of 1 requests"):
        hand.fake.wait_for_requests("*", timeout=0)
    fault.release()
    assert isinstance(aside.outcome(), requests.ConnectionError)
    assert hand.fake.posts == []


def test_a_hang_may_have_a_length(hand: Hand) -> None:
    hand.fake.faults.add("hang", seconds=0.01)
    with pytest.raises(requests.ConnectionError):
        hand.tweet()


def test_a_hang_outlasts_a_client_that_gives_up(hand: Hand) -> None:
    hand.fake.faults.add("hang")
    with pytest.raises(requests.ReadTimeout):
        hand.send(hand.prepare("POST", "/2/tweets", json={"text": "a"}), timeout=0.05)
    assert hand.get("/2/users/me").status_code == 200


def test_a_hang_after_storing_has_stored(hand: Hand) -> None:
    release = threading.Event()
    hand.fake.faults.add("hang_after_store", until=release)
    aside = Aside(hand.tweet)
    assert len(hand.fake.wait_for(1, 60)) == 1
    assert hand.fake.requests[0].done is False
    release.set()
    assert isinstance(aside.outcome(), requests.ConnectionError)


def test_a_delay_lands_late_and_is_answered(hand: Hand) -> None:
    fault = hand.fake.faults.add("delay")
    aside = Aside(hand.tweet)
    assert fault.hit.wait(60)
    assert hand.fake.posts == []
    fault.release()
    assert aside.outcome().status_code == 201
    assert len(hand.fake.posts) == 1


def test_a_delay_lands_even_if_the_client_has_gone(hand: Hand) -> None:
    fault = hand.fake.faults.add("delay")
    with raw(hand):
        assert fault.hit.wait(60)
    fault.release()
    assert hand.fake.wait_for(1, 60)[0].text == "Solidarity"


def test_closing_ends_every_wait() -> None:
    outcomes = []
    with serving() as hand:
        for kind in ("hang", "delay", "hang_after_store"):
            fault = hand.fake.faults.add(kind)
            aside = Aside(lambda: Hand(hand.fake).tweet())
            assert fault.hit.wait(60)
            outcomes.append(aside)
        hand.fake.faults.add("late_store")
        hand.tweet("late")
    assert all(isinstance(aside.outcome(), requests.ConnectionError) for aside in outcomes)
    assert "late" not in {post.text for post in hand.fake.posts}


def test_a_trickle_comes_byte_by_byte(hand: Hand) -> None:
    fault = hand.fake.faults.add("trickle", seconds=None)
    with raw(hand) as connection:
        assert connection.recv(100) == b"H"
        fault.release()
        answer = b""
        while b"Solidarity" not in answer:
            answer += connection.recv(65536)
    assert answer.startswith(b"TTP/1.1 201 Created\r\n")
    hand.fake.faults.add("trickle", seconds=0)
    assert hand.tweet("another").json()["data"]["text"] == "another"


def test_a_connection_may_end_although_the_answer_said_otherwise(hand: Hand) -> None:
    hand.fake.faults.add("close_after")
    answer = b""
    with raw(hand) as connection:
        while piece := connection.recv(65536):
            answer += piece
    assert b"\r\nconnection: keep-alive\r\n" in answer
    assert answer.endswith(b"}")
    assert len(hand.fake.posts) == 1


def test_a_late_post_is_denied_now_and_stored_later(hand: Hand) -> None:
    fault = hand.fake.faults.add("late_store")
    assert hand.tweet().status_code == 503
    assert hand.fake.posts == []
    assert hand.tweet().status_code == 201
    fault.release()
    assert [post.text for post in hand.fake.wait_for(2, 60)] == ["Solidarity", "Solidarity"]


def test_a_late_post_may_be_reset_and_may_land_by_itself(hand: Hand) -> None:
    hand.fake.faults.add("late_store", status=0, seconds=0.01)
    with pytest.raises(requests.ConnectionError):
        hand.tweet("late", hand.picture())
    (post,) = hand.fake.wait_for(1, 60)
    assert (post.text, len(post.media)) == ("late", 1)
    assert hand.fake.requests[-1].status is None


# Other answers


def test_a_status_is_whatever_it_is_told_to_be(hand: Hand) -> None:
    hand.fake.faults.add("status", code=599)
    hand.fake.faults.add("status", code=503, body={"a": 1}, headers={"retry-after": "7"})
    hand.fake.faults.add("status", code=201, body=b"\xff", store=True)
    first, second, third = (hand.tweet(text) for text in "abc")
    assert (first.status_code, first.content) == (599, b"")
    assert (second.status_code, second.json()) == (503, {"a": 1})
    assert second.headers["retry-after"] == "7"
    assert (third.status_code, third.content) == (201, b"\xff")
    assert [post.text for post in hand.fake.posts] == ["c"]


@pytest.mark.parametrize("kind", ["empty_201", "garbage_201"])
def test_a_201_that_can_not_be_read_has_stored(hand: Hand, kind: str) -> None:
    hand.fake.faults.add(kind)
    response = hand.tweet()
    assert response.status_code == 201
    with pytest.raises(requests.JSONDecodeError):
        response.json()
    assert len(hand.fake.posts) == 1


def test_a_503_may_be_html(hand: Hand) -> None:
    hand.fake.faults.add("html_503")
    response = hand.tweet()
    assert response.status_code == 503
    assert response.headers["content-type"] == "text/html"
    assert response.text.startswith("<!DOCTYPE html>")


def test_a_body_may_be_a_list(hand: Hand) -> None:
    hand.fake.faults.add("list_body", code=403)
    response = hand.tweet()
    assert (response.status_code, type(response.json())) == (403, list)


def test_a_redirect_leads_back_and_would_post_if_followed(hand: Hand) -> None:
    hand.fake.faults.add("redirect")
    response = hand.tweet()
    assert (response.status_code, response.headers["location"]) == (307, "/2/tweets")
    assert hand.fake.posts == []
    hand.fake.faults.add("redirect", code=308)
    hand.session.send(
        hand.prepare("POST", "/2/tweets", json={"text": "followed"}), allow_redirects=True
    )
    assert [post.text for post in hand.fake.posts] == ["followed"]


@pytest.mark.parametrize(
    ("kind", "status", "title", "detail"),
    [
        ("credits_depleted", 402, "CreditsDepleted", "credits"),
        ("unauthorized", 401, "Unauthorized", "Unauthorized"),
        ("suspended", 403, "Forbidden", "suspended"),
        ("automated", 403, "Forbidden", "might be automated"),
        ("not_permitted", 403, "Forbidden", "not permitted"),
        ("limited", 403, "Forbidden", "temporarily limited"),
        ("unsupported_auth", 403, "Unsupported Authentication", "OAuth 1.0a"),
        ("usage_capped", 429, "UsageCapExceeded", "Monthly product cap"),
        ("rate_limited", 429, "Too Many Requests", "Too Many Requests"),
    ],
)
def test_a_refusal_on_demand(hand: Hand, kind: str, status: int, title: str, detail: str) -> None:
    hand.fake.faults.add(kind)
    response = hand.tweet()
    assert (response.status_code, response.json()["title"]) == (status, title)
    assert response.headers["content-type"] == "application/problem+json"
    assert detail in response.json()["detail"]
    assert hand.fake.posts == []


def test_a_429_says_until_when_or_does_not(hand: Hand) -> None:
    hand.fake.faults.add("rate_limited", seconds=1000)
    hand.fake.faults.add("rate_limited", reset=False)
    told, untold = hand.tweet(), hand.tweet()
    assert int(told.headers["x-rate-limit-reset"]) > hand.fake.requests[0].at + 999
    assert told.headers["x-rate-limit-remaining"] == "0"
    assert not [name for name in untold.headers if name.startswith("x-rate-limit")]


# Uploads and timelines


def test_processing_fails_on_demand(hand: Hand) -> None:
    hand.fake.faults.add("processing_failed")
    media_id = hand.chunked(gif()).json()["data"]["id"]
    states = [hand.status(media_id).json()["data"]["processing_info"] for _ in range(3)]
    assert [state["state"] for state in states] == ["pending", "in_progress", "failed"]
    (error,) = hand.status(media_id).json()["errors"]
    assert (error["title"], error["detail"]) == ("InvalidMedia", "Gif has too many frames")


def test_an_upload_is_refused_on_demand(hand: Hand) -> None:
    hand.fake.faults.add("media_refused", code=403, detail="Not that.")
    response = hand.initialize(len(gif()))
    assert (response.status_code, response.json()["detail"]) == (403, "Not that.")


def test_processing_takes_longer_on_demand(hand: Hand) -> None:
    hand.fake.faults.add("slow_processing", calls=4)
    media_id = hand.chunked(gif()).json()["data"]["id"]
    states = [hand.status(media_id).json()["data"]["processing_info"] for _ in range(7)]
    assert [state["state"] for state in states] == ["pending"] + ["in_progress"] * 5 + ["succeeded"]


def test_even_an_image_can_be_made_to_need_processing(hand: Hand) -> None:
    hand.fake.faults.add("slow_processing", match="POST /2/media/upload", calls=1)
    media_id = hand.picture()
    refused(hand.tweet("a", media_id), "media.media_ids")
    assert hand.status(media_id).json()["data"]["processing_info"]["state"] == "succeeded"
    assert hand.tweet("a", media_id).status_code == 201


def test_media_expire_on_demand(hand: Hand) -> None:
    first, second = hand.picture(), hand.picture()
    hand.tweet("before", first)
    hand.fake.faults.add("media_expired")
    refused(hand.tweet("a", second), "media.media_ids")
    assert "expired" in hand.fake.requests[-1].reason
    assert hand.tweet("b", hand.picture()).status_code == 201


def test_a_stale_timeline_lags_behind() -> None:
    now = [1_800_000_000.0]
    with serving(clock=lambda: now[0]) as hand:
        for text in "abc":
            hand.tweet(text)
            now[0] += 10

        def found() -> str:
            return "".join(post["text"] for post in timeline(hand).get("data", ()))

        hand.fake.faults.add("stale_timeline")
        hand.fake.faults.add("stale_timeline", posts=0, seconds=20)
        hand.fake.faults.add("stale_timeline", posts=9)
        assert [found() for _ in range(4)] == ["ba", "ba", "", "cba"]
        now[0] -= 1
        hand.fake.faults.add("stale_timeline", posts=0, seconds=20)
        assert found() == "a"


# Which requests are struck


def test_a_fault_strikes_as_often_as_told_after_as_many_as_told(hand: Hand) -> None:
    fault = hand.fake.faults.add("status", code=500, times=2, after=1)
    codes = [hand.tweet(text).status_code for text in "abcd"]
    assert codes == [201, 500, 500, 201]
    assert fault.fired == 2


def test_a_fault_may_last(hand: Hand) -> None:
    hand.fake.faults.add("status", match="GET /2/users/{id}/tweets", times=None)
    assert hand.get("/2/users/me").status_code == 200
    assert [hand.get("/2/users/1/tweets").status_code for _ in range(3)] == [500] * 3
    hand.fake.faults.clear()
    assert hand.get("/2/users/1/tweets").status_code == 200


def test_of_several_faults_the_first_added_strikes(hand: Hand) -> None:
    hand.fake.faults.add("status", code=500)
    hand.fake.faults.add("status", code=502, match="*")
    assert [hand.tweet(text).status_code for text in "abc"] == [500, 502, 201]


def test_clearing_ends_the_waits_too(hand: Hand) -> None:
    fault = hand.fake.faults.add("delay", times=None)
    aside = Aside(hand.tweet)
    assert fault.hit.wait(60)
    hand.fake.faults.clear()
    assert aside.outcome().status_code == 201
    assert hand.tweet("another").status_code == 201


def test_a_fault_needs_no_signature(hand: Hand) -> None:
    hand.fake.faults.add("html_503")
    assert requests.post(f"{hand.fake.url}/2/tweets", timeout=30).status_code == 503


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("drop_after_stor", {}, "did you mean drop_after_store?"),
        ("xyzzy", {}, "use one of drop_before_read"),
        ("html_503", {"code": 502}, "html_503 has no code"),
    ],
)
def test_a_fault_that_does_not_exist_is_an_error(
    kind: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        FakeX().faults.add(kind, **options)


def test_every_fault_is_in_the_table_and_none_else() -> None:
    table = re.findall(r"^    ([a-z_0-9]+)  ", faults.__doc__ or "", re.MULTILINE)
    assert table == list(KINDS)
    assert "drop_after_store" in repr(Fault("drop_after_store", "*", 1, 0, {}))
