"""The fake X's posts, timelines and manners: each strictness is shown to bite."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
import tweepy

from tests.fake_x import DUPLICATE, Credentials, FakeX, Post
from tests.fake_x_hand import Hand, X, raw, refused, serving


@pytest.fixture
def hand() -> Iterator[Hand]:
    with serving() as found:
        yield found


# Posts


def test_a_post_is_stored_as_it_came_and_answered_as_x_does(hand: Hand) -> None:
    media_id = hand.picture(alt="A flag")

    response = hand.tweet("Bread & freedom https://example.org/a\nfor all", media_id)

    data = response.json()["data"]
    assert response.status_code == 201
    assert data["text"].startswith("Bread &amp; freedom https://t.co/")
    (post,) = hand.fake.posts
    assert (post.id, post.text) == (data["id"], "Bread & freedom https://example.org/a\nfor all")
    assert (post.user, post.media[0].alt, post.media[0].mime) == ("x", "A flag", "image/png")
    assert post.created_at.microsecond == 0
    assert post.received_at == pytest.approx(post.created_at.timestamp(), abs=1)


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ({"text": "a", "status": "b"}, "status", "not defined in the schema"),
        ({"text": "a", "media": {"media_ids": ["1"], "alt": "b"}}, "media.alt", "not defined"),
        ({"text": 1}, "text", "integer found, string expected"),
        ({"text": None}, "text", "null found, string expected"),
        ({"text": "a", "made_with_ai": "no"}, "made_with_ai", "string found, boolean expected"),
        ({"text": "a", "media": {"media_ids": [17]}}, "media.media_ids[0]", "integer found"),
        ({"text": "a", "media": {"media_ids": ["x1"]}}, "media.media_ids[0]", "regex pattern"),
        ({"text": "a", "media": {"media_ids": []}}, "media.media_ids", "at least 1"),
        ({"text": "a", "media": {"media_ids": list("12345")}}, "media.media_ids", "at most 4"),
        ({"text": "a", "media": {}}, "media.media_ids", "required"),
        ({"text": "a", "reply_settings": "none"}, "reply_settings", "enumeration"),
        ({"text": "a", "poll": {"options": ["b", "c"], "duration_minutes": True}}, "", "boolean"),
        ({"text": "a", "quote_tweet_id": "1", "media": {"media_ids": ["1"]}}, "media", "exclusive"),
        (["a"], "$", "array found, object expected"),
    ],
)
def test_a_body_that_x_does_not_take_names_the_field(
    hand: Hand, body: Any, name: str, message: str
) -> None:
    assert message in refused(hand.post("/2/tweets", body), name)
    assert hand.fake.posts == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"text": "a", "text": "b"}', b'{"text": NaN}', b'{"text": "\xff"}']
)
def test_a_body_that_is_not_json_is_refused(hand: Hand, body: bytes) -> None:
    response = hand.post("/2/tweets", data=body, headers={"Content-Type": "application/json"})
    assert "not valid JSON" in refused(response, "$")


def test_a_post_as_a_form_is_refused(hand: Hand) -> None:
    assert hand.post("/2/tweets", data={"text": "a"}).status_code == 415
    assert hand.post("/2/tweets", files={"text": (None, "a")}).status_code == 415


def test_a_query_on_a_post_is_refused(hand: Hand) -> None:
    refused(hand.post("/2/tweets", {"text": "a"}, params={"dry": "1"}), "dry")


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_post_needs_a_text_or_media(hand: Hand, text: str) -> None:
    assert "needs a text or media" in refused(hand.tweet(text), "text")


def test_a_picture_alone_is_a_post(hand: Hand) -> None:
    response = hand.post("/2/tweets", {"media": {"media_ids": [hand.picture()]}})
    assert response.status_code == 201
    assert response.json()["data"]["text"].startswith("https://t.co/")


@pytest.mark.parametrize(
    "character", ["\x00", "\x1b", "\r", "\t", "\x7f", "\x85", "\ufeff", "\uffff", "\ud83d"]
)
def test_control_characters_and_halves_are_refused(hand: Hand, character: str) -> None:
    message = refused(hand.tweet(f"a{character}b"), "text")
    assert message == f"U+{ord(character):04X} is not allowed in a text"
    assert hand.fake.posts == []


@pytest.mark.parametrize("text", ["a" * 280, "…" * 140, "https://example.org/" + "a" * 3000])
def test_the_longest_texts_pass(hand: Hand, text: str) -> None:
    assert hand.tweet(text).status_code == 201


@pytest.mark.parametrize(
    "text", ["a" * 281, "…" * 140 + "a", "a" * 258 + " example.org", "https://t.co/" + "a" * 4000]
)
def test_one_more_is_too_long(hand: Hand, text: str) -> None:
    assert refused(hand.tweet(text), "text").startswith("Your Tweet text is too long.")


def test_the_same_text_again_is_a_duplicate_until_the_window_is_over() -> None:
    now = [1_800_000_000.0]
    with serving(users=["x", "y"], clock=lambda: now[0], duplicate_window=60) as hand:
        assert hand.tweet("Solidarity é").status_code == 201
        again = hand.tweet(" Solidarity  e\u0301", hand.picture())
        assert again.status_code == 403
        assert again.json() == {
            "title": "Forbidden",
            "detail": DUPLICATE,
            "type": "about:blank",
            "status": 403,
        }
        assert Hand(hand.fake, "y").tweet("Solidarity é").status_code == 201
        now[0] += 60
        assert hand.tweet("Solidarity é").status_code == 201


def test_a_window_of_nothing_lets_duplicates_through() -> None:
    with serving(duplicate_window=0) as hand:
        assert [hand.tweet().status_code for _ in range(2)] == [201, 201]


# Manners


def test_an_unknown_address_is_a_404_problem(hand: Hand) -> None:
    for method, path in (("GET", "/2/tweets"), ("POST", "/1.1/media/upload.json"), ("PUT", "/")):
        response = hand.send(hand.prepare(method, path))
        assert response.status_code == 404
        assert response.json()["title"] == "Not Found"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Transfer-Encoding: chunked", b"411 Length Required"),
        ("Content-Length: +5", b"411 Length Required"),
        ("Content-Length: 0\r\nX-A: b\r\nX-A: c", b"400 Bad Request"),
    ],
)
def test_heads_that_leave_room_for_doubt_are_refused(
    hand: Hand, header: str, status: bytes
) -> None:
    with raw(hand, head=f"POST /2/tweets HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n") as connection:
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in answer
    assert hand.fake.posts == []


def test_a_request_that_breaks_off_is_no_post(hand: Hand) -> None:
    head = "POST /2/tweets HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n"
    with raw(hand, head=head + '{"text":'):
        pass
    (entry,) = hand.fake.wait_for_requests("POST /2/tweets")
    assert (entry.status, hand.fake.posts) == (None, [])


def test_rate_limits_are_per_user_and_said_in_every_answer() -> None:
    now = [1_800_000_000.0]
    with serving(users=["x", "y"], clock=lambda: now[0], rates={"POST /2/tweets": 2}) as hand:
        answers = [hand.tweet("one"), hand.tweet("a\0"), hand.tweet("three")]
        assert [answer.status_code for answer in answers] == [201, 400, 429]
        left = [answer.headers["x-rate-limit-remaining"] for answer in answers]
        assert left == ["1", "0", "0"]
        assert {answer.headers["x-rate-limit-limit"] for answer in answers} == {"2"}
        assert {answer.headers["x-rate-limit-reset"] for answer in answers} == {"1800000900"}
        assert answers[2].json()["title"] == "Too Many Requests"
        assert Hand(hand.fake, "y").tweet("one").status_code == 201
        assert "x-rate-limit-limit" in hand.get("/2/users/me").headers
        now[0] += 900
        assert hand.tweet("three").status_code == 201


def test_the_log_holds_every_request_and_no_secret(hand: Hand) -> None:
    hand.tweet("a", status="b")
    hand.get("/2/users/me")

    first, second = hand.fake.requests
    assert (first.method, first.path, first.status, first.user) == ("POST", "/2/tweets", 400, "x")
    assert first.json == {"text": "a", "status": "b"}
    assert "not defined" in first.reason
    assert (second.path, second.status, second.reason) == ("/2/users/me", 200, "")
    keys = hand.fake.credentials
    for secret in (keys.api_secret, keys.access_token, keys.access_token_secret, keys.api_key):
        assert secret not in repr(hand.fake.requests) + repr(hand.fake.users) + repr(keys)


def test_read_only_suspended_and_revoked_accounts_may_not_post(hand: Hand) -> None:
    user = hand.fake.users["x"]
    user.read_only = True
    assert hand.tweet().json()["type"].endswith("/oauth1-permissions")
    assert hand.get("/2/users/me").status_code == 200
    user.read_only, user.suspended = False, True
    assert "suspended" in hand.tweet().json()["detail"]
    user.suspended, user.revoked = False, True
    assert hand.get("/2/users/me").status_code == 401
    assert hand.fake.posts == []


def test_many_at_once_lose_nothing_and_share_no_id() -> None:
    with serving(rates={"POST /2/tweets": 1000}) as hand:

        def work(number: int) -> None:
            one = Hand(hand.fake)
            with one.session:
                for index in range(10):
                    assert one.tweet(f"{number}/{index}").status_code == 201

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        posts = hand.fake.wait_for(80, timeout=60)
        for thread in threads:
            thread.join()
    assert len({post.text for post in posts}) == len({post.id for post in posts}) == 80


def test_waiting_says_how_far_it_came(hand: Hand) -> None:
    hand.tweet()
    assert len(hand.fake.wait_for(1)) == 1
    with pytest.raises(TimeoutError, match="1 of 2 posts"):
        hand.fake.wait_for(2, timeout=0)
    assert len(hand.fake.wait_for_requests("POST *")) == 1
    with pytest.raises(TimeoutError, match=r"0 of 1 requests GET \*"):
        hand.fake.wait_for_requests("GET *", timeout=0)


def test_accounts_may_bring_their_own_credentials_and_settings_say_them() -> None:
    keys = Credentials("k" * 25, "s" * 50, "1-t", "u" * 45)
    with serving(users={"x_fr": keys}, port=0) as hand:
        assert hand.get("/2/users/me").json()["data"]["username"] == "x_fr"
        assert hand.fake.environment("x_fr", "X_FR") == {
            "X_FR_API_URL": hand.fake.url,
            "X_FR_API_KEY": "k" * 25,
            "X_FR_API_SECRET": "s" * 50,
            "X_FR_ACCESS_TOKEN": "1-t",
            "X_FR_ACCESS_TOKEN_SECRET": "u" * 45,
        }
        assert list(hand.fake.environment()) == list(hand.fake.environment(None, "X"))


def test_following_gives_posts_and_requests_as_they_happen(hand: Hand) -> None:
    hand.tweet()
    post, request = hand.fake.follow(0)
    assert isinstance(post, Post)
    assert (request, hand.fake.follow(1)) == (hand.fake.requests[0], [request])


def test_closing_leaves_no_thread_and_nobody_listening() -> None:
    before = set(threading.enumerate())
    with serving() as hand:
        hand.tweet()
        url = hand.fake.url
        assert set(threading.enumerate()) - before
    assert set(threading.enumerate()) == before
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)
    hand.fake.close()


def test_a_broken_fake_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fake_x.weight.weigh", lambda text: 1 // 0)
    stack = ExitStack()
    hand = stack.enter_context(serving())
    with pytest.raises(requests.ConnectionError):
        hand.tweet()
    assert "ZeroDivisionError" in hand.fake.requests[0].reason
    with pytest.raises(RuntimeError, match="itself is broken"):
        stack.close()


# tweepy, an independent client


class Rewriting(requests.adapters.HTTPAdapter):
    """Sends what is meant for one address to another."""

    def __init__(self, meant: str, real: str) -> None:
        super().__init__()
        self.meant, self.real = meant, real

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> Any:
        assert request.url is not None
        request.url = request.url.replace(self.meant, self.real, 1)
        return super().send(request, *args, **options)


TWITTER = "https://api.twitter.com"


def tweepy_client(fake: FakeX) -> Any:
    keys = fake.credentials
    client = tweepy.Client(
        consumer_key=keys.api_key,
        consumer_secret=keys.api_secret,
        access_token=keys.access_token,
        access_token_secret=keys.access_token_secret,
    )
    client.session.mount(TWITTER, Rewriting(TWITTER, fake.url))
    client.session.trust_env = False
    return client


def test_bare_tweepy_posts_a_picture_and_reads_it_back() -> None:
    with serving(signed_for=[TWITTER]) as hand:
        hand.base = TWITTER
        media_id = hand.picture()
        client = tweepy_client(hand.fake)
        with client.session:
            made = client.create_tweet(text="From tweepy", media_ids=[media_id])
            me = client.get_me().data
            (found,) = client.get_users_tweets(
                me.id, user_auth=True, tweet_fields=["created_at"], max_results=5
            ).data
            with pytest.raises(tweepy.Forbidden, match="duplicate content"):
                client.create_tweet(text="From tweepy")
            with pytest.raises(tweepy.BadRequest):
                client.create_tweet(text="a" * 281)
        assert str(found.id) == made.data["id"] == hand.fake.posts[0].id
        assert found.created_at == hand.fake.posts[0].created_at


def test_bare_tweepy_signs_for_an_address_that_is_not_x() -> None:
    with serving() as hand:
        client = tweepy_client(hand.fake)
        with client.session, pytest.raises(tweepy.Unauthorized):
            client.create_tweet(text="From tweepy")
        assert hand.fake.requests[0].reason == f"signed for {TWITTER}, not for {X}"
