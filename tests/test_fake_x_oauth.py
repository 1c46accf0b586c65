"""The fake X's knowledge of signatures, held against the RFC and two independent signers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1 import Client

from tests.fake_x import HERE, Credentials
from tests.fake_x.messages import Call
from tests.fake_x.oauth import UnsignedError, Verifier, base_string
from tests.fake_x.store import generated
from tests.fake_x_hand import STEADY, Hand, X, serving


@pytest.fixture
def hand() -> Iterator[Hand]:
    with serving(users=["x", "y"]) as found:
        yield found


def unauthorized(hand: Hand, response: requests.Response) -> str:
    """Why a request was refused: X does not say, the log does."""
    assert response.status_code == 401
    assert response.json() == {
        "title": "Unauthorized",
        "detail": "Unauthorized",
        "type": "about:blank",
        "status": 401,
    }
    return hand.fake.requests[-1].reason


def test_the_base_string_is_the_one_of_rfc_5849() -> None:
    call = Call(
        "POST",
        "/request",
        parse_qsl("b5=%3D%253D&a3=a&c%40=&a2=r%20b", keep_blank_values=True),
        {"content-type": "application/x-www-form-urlencoded"},
        b"c2&a3=2+q",
    )
    given_ones = {
        "oauth_consumer_key": "9djdj82h48djs9d2",
        "oauth_token": "kkk9d7dh3k39sjv7",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "137131201",
        "oauth_nonce": "7d8f3e4a",
    }
    assert base_string(call, given_ones, "http://example.com").decode() == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D"
        "%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce"
        "%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26"
        "oauth_token%3Dkkk9d7dh3k39sjv7"
    )


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
PAIRS = st.lists(st.tuples(NAMES.map(lambda name: "p" + name), NAMES), max_size=4)


@STEADY
@given(PAIRS, PAIRS, st.sampled_from(["GET", "POST"]))
def test_what_oauthlib_signs_is_accepted_and_nothing_else(
    query: list[tuple[str, str]], form: list[tuple[str, str]], method: str
) -> None:
    (user,) = generated(["x"])
    keys = user.credentials
    client = Client(
        keys.api_key,
        keys.api_secret,
        keys.access_token,
        keys.access_token_secret,
        timestamp="1800000000",
    )
    url = f"{X}/2/users/me?{urlencode(query)}" if query else f"{X}/2/users/me"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(form) if form and method == "POST" else ""
    _, headers, _ = client.sign(url, method, body or None, kind if body else {})
    verifier = Verifier([user], [X], lambda: 1_800_000_000.0)

    def call(**changed: Any) -> Call:
        target = urlsplit(url)
        parts = {
            "method": method,
            "path": target.path,
            "query": parse_qsl(target.query, keep_blank_values=True),
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": body.encode(),
        }
        return Call(**(parts | changed))

    for changed in (
        {"method": "PUT"},
        {"path": "/2/users/ME"},
        {"query": [*call().query, ("more", "1")]},
        {"body": b"more=1"} if body else {"query": [("other", "1")]},
    ):
        with pytest.raises(UnsignedError, match="does not match"):
            verifier.signer(call(**changed))
    assert verifier.signer(call()) is user
    with pytest.raises(UnsignedError, match="used before"):
        verifier.signer(call())


def test_a_json_body_is_not_signed_but_a_form_is(hand: Hand) -> None:
    request = hand.prepare("POST", "/2/tweets", json={"text": "one"})
    request.prepare_body(None, None, {"text": "another"})
    assert hand.send(request).status_code == 201

    request = hand.prepare("POST", "/2/tweets", data={"text": "one"})
    assert hand.send(request).status_code == 415
    request = hand.prepare("POST", "/2/tweets", data={"text": "one"})
    request.body = "text=two"
    assert "does not match" in unauthorized(hand, hand.send(request))


def changed_header(hand: Hand, old: str, new: str) -> requests.PreparedRequest:
    request = hand.prepare("GET", "/2/users/me")
    header = request.headers["Authorization"]
    assert old in header
    request.headers["Authorization"] = header.replace(old, new)
    return request


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('oauth_version="1.0"', 'oauth_version="2.0"', "oauth_version"),
        ('"HMAC-SHA1"', '"PLAINTEXT"', "not HMAC-SHA1"),
        ("oauth_nonce=", "oauth_nonc=", "oauth_nonce missing"),
        ("oauth_token=", "oauth_tokn=", "oauth_token missing"),
        ("oauth_timestamp=", "oauth_time=", "oauth_timestamp missing"),
        ("oauth_signature=", "oauth_sig=", "oauth_signature missing"),
        ("oauth_consumer_key=", "oauth_key=", "oauth_consumer_key missing"),
        ('oauth_timestamp="', 'oauth_timestamp="-', "not a number"),
        ('oauth_signature="', 'oauth_signature="A', "does not match"),
        ('oauth_nonce="', 'oauth_nonce="1', "does not match"),
        ('oauth_version="1.0"', 'oauth_nonce="1"', "there twice"),
        ('oauth_version="1.0"', "oauth_version=1.0", "can't be read"),
        ("OAuth ", "Bearer ", "no OAuth 1.0a"),
    ],
)
def test_a_header_that_is_tampered_with_is_refused(
    hand: Hand, old: str, new: str, why: str
) -> None:
    assert why in unauthorized(hand, hand.send(changed_header(hand, old, new)))


def test_no_header_at_all_is_refused(hand: Hand) -> None:
    response = requests.get(f"{hand.fake.url}/2/users/me", timeout=30)
    assert "no OAuth 1.0a" in unauthorized(hand, response)


def test_a_realm_is_no_part_of_what_is_signed(hand: Hand) -> None:
    assert hand.send(changed_header(hand, "OAuth ", 'OAuth realm="X",')).status_code == 200


def test_a_request_can_not_be_played_again(hand: Hand) -> None:
    request = hand.prepare("POST", "/2/tweets", json={"text": "once"})
    assert hand.send(request).status_code == 201
    assert "used before" in unauthorized(hand, hand.send(request))
    assert len(hand.fake.posts) == 1


def test_a_refused_signature_does_not_use_up_its_nonce(hand: Hand) -> None:
    request = hand.prepare("GET", "/2/users/me")
    good = request.url
    request.url = f"{hand.fake.url}/2/users/you"
    assert hand.send(request).status_code == 404
    request.url = f"{hand.fake.url}/2/users/me?user.fields=id"
    unauthorized(hand, hand.send(request))
    request.url = good
    assert hand.send(request).status_code == 200


@pytest.mark.parametrize(("skew", "status"), [(290, 200), (-290, 200), (310, 401), (-310, 401)])
def test_a_timestamp_may_be_off_by_five_minutes(skew: int, status: int) -> None:
    with serving(oauth_clock=lambda: time.time() + skew) as hand:
        response = hand.get("/2/users/me")
        assert response.status_code == status
        assert status == 200 or "off by more than 300 s" in unauthorized(hand, response)


def test_each_account_has_its_own_four_secrets(hand: Hand) -> None:
    mine, other = (hand.fake.users[name].credentials for name in "xy")
    assert Hand(hand.fake, "y").get("/2/users/me").json()["data"]["username"] == "y"
    for wrong in (
        {"api_key": other.api_key},
        {"access_token": other.access_token},
        {"api_secret": other.api_secret},
        {"access_token_secret": other.access_token_secret},
    ):
        hand.keys = Credentials(**(vars(mine) | wrong))
        unauthorized(hand, hand.get("/2/users/me"))


def test_a_signature_is_for_one_address() -> None:
    with serving(signed_for=[HERE]) as hand:
        assert "signed for https://api.x.com, not for here" in unauthorized(
            hand, hand.get("/2/users/me")
        )
        hand.base = hand.fake.url
        assert hand.get("/2/users/me").status_code == 200
    with serving() as hand:
        hand.base = hand.fake.url
        assert "signed for here, not for https://api.x.com" in unauthorized(
            hand, hand.get("/2/users/me")
        )
