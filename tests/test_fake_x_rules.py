"""What the fake X knows of X, held against X's own published files wherever those are found."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fake_x import schema
from tests.fake_x.app import ROUTES
from tests.fake_x.schema import Field
from tests.fake_x.weight import links, weigh
from tests.fake_x_hand import Hand, gif, png, serving
from tests.needs import missing

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"


def reference(name: str) -> str:
    """The text of one of X's published files. Where it is missing, skips; in CI, fails."""
    path = REFERENCE / name
    if not path.exists():
        missing(f"{path} is not there: X's own description was not compared")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reference("x-openapi.json"))
    return found


# What is taken


class Comparison:
    """Every difference between a Field and X's schema, as sentences."""

    def __init__(self, openapi: Mapping[str, Any]) -> None:
        self._schemas = openapi["components"]["schemas"]

    def differences(self, mine: Field, theirs: Mapping[str, Any], path: str) -> Iterator[str]:
        theirs = self.resolved(theirs)
        if mine.type != _type(theirs):
            yield f"{path}: {mine.type}, X: {_type(theirs)}"
        if mine.choices != frozenset(theirs.get("enum", ())):
            yield f"{path}: {sorted(mine.choices)}, X: {theirs.get('enum')}"
        if mine.pattern != theirs.get("pattern", ""):
            yield f"{path}: {mine.pattern!r}, X: {theirs.get('pattern')!r}"
        yield from _bounds(mine, theirs, path)
        if mine.items or "items" in theirs:
            assert mine.items, path
            yield from self.differences(mine.items, theirs["items"], f"{path}[]")
        yield from self._members(mine.fields or {}, theirs, path)

    def _members(
        self, mine: Mapping[str, Field], theirs: Mapping[str, Any], path: str
    ) -> Iterator[str]:
        properties = theirs.get("properties", {})
        for name in mine.keys() ^ properties.keys():
            yield f"{path}.{name}: {'not X' if name in mine else 'only X'}"
        for name in mine.keys() & properties.keys():
            needed = name in theirs.get("required", ())
            if mine[name].required != needed:
                yield f"{path}.{name}: {'optional' if needed else 'required'} here"
            yield from self.differences(mine[name], properties[name], f"{path}.{name}")

    def resolved(self, theirs: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in theirs:
            theirs = self._schemas[theirs["$ref"].rsplit("/", 1)[1]]
        return theirs


def _type(theirs: Mapping[str, Any]) -> str:
    if {option.get("format") for option in theirs.get("anyOf", ())} == {"binary", "byte"}:
        return "bytes"
    return str(theirs["type"])


def _bounds(mine: Field, theirs: Mapping[str, Any], path: str) -> Iterator[str]:
    least = next(
        (theirs[name] for name in ("minimum", "minLength", "minItems") if name in theirs), None
    )
    most = next(
        (theirs[name] for name in ("maximum", "maxLength", "maxItems") if name in theirs), None
    )
    if mine.least != least:
        yield f"{path}: at least {mine.least}, X: {least}"
    if mine.most != most:
        yield f"{path}: at most {mine.most}, X: {most}"


BODIES = [
    (schema.CREATE_POST, "CreatePostsRequest", set()),
    (schema.UPLOAD, "MediaUploadRequest", {"$.media: at least 1, X: None"}),
    (
        schema.INITIALIZE,
        "InitializeMediaUploadRequest",
        {
            "$.media_category: required here",
            "$.media_type: required here",
            "$.total_bytes: required here",
            "$.total_bytes: at least 1, X: 0",
        },
    ),
    (schema.APPEND, "AppendMediaUploadRequest", {"$.media: at least 1, X: None"}),
    (
        schema.METADATA,
        "CreateMediaMetadataRequest",
        {
            "$.metadata: required here",
            "$.metadata.alt_text: required here",
            "$.metadata.alt_text.text: at least 1, X: None",
        },
    ),
]


@pytest.mark.parametrize(("mine", "name", "stricter"), BODIES, ids=[body[1] for body in BODIES])
def test_a_body_is_checked_as_x_says_or_more_strictly(
    openapi: dict[str, Any], mine: Field, name: str, stricter: set[str]
) -> None:
    theirs = openapi["components"]["schemas"][name]
    assert set(Comparison(openapi).differences(mine, theirs, "$")) == stricter


QUERIES = [
    (schema.ME, "/2/users/me", set()),
    (
        schema.TIMELINE,
        "/2/users/{id}/tweets",
        {
            r"start_time: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$', X: None",
            r"end_time: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$', X: None",
        },
    ),
    (schema.STATUS, "/2/media/upload", {"command: required here"}),
]


@pytest.mark.parametrize(("mine", "path", "stricter"), QUERIES, ids=[query[1] for query in QUERIES])
def test_a_query_is_checked_as_x_says_or_more_strictly(
    openapi: dict[str, Any], mine: Mapping[str, Field], path: str, stricter: set[str]
) -> None:
    compare = Comparison(openapi)
    shared = openapi["components"]["parameters"]
    listed = openapi["paths"][path]["get"]["parameters"]
    found = [shared[p["$ref"].rsplit("/", 1)[1]] if "$ref" in p else p for p in listed]
    theirs = {p["name"]: p for p in found if p["in"] == "query"}
    assert mine.keys() == theirs.keys()
    differences = set()
    for name, parameter in theirs.items():
        differences |= set(compare.differences(mine[name], parameter["schema"], name))
        if mine[name].required != parameter["required"]:
            differences.add(f"{name}: required here")
    assert differences == stricter


def test_every_endpoint_is_one_of_x(openapi: dict[str, Any]) -> None:
    theirs = {
        f"{method.upper()} {path.replace('{id}', ':id')}"
        for path, methods in openapi["paths"].items()
        for method in methods
    }
    assert set(ROUTES) <= theirs
    assert "POST /2/tweets" in ROUTES


# What is answered


def strangers(
    compare: Comparison, document: Any, theirs: Mapping[str, Any], path: str = "$"
) -> Iterator[str]:
    """What an answer holds that X's own description does not know, or has with another type."""
    theirs = compare.resolved(theirs)
    python = {"string": str, "integer": int, "array": list, "object": dict, "boolean": bool}
    if "type" in theirs and not isinstance(document, python[theirs["type"]]):
        yield f"{path} is no {theirs['type']}"
    if isinstance(document, list) and "items" in theirs:
        for item in document:
            yield from strangers(compare, item, theirs["items"], f"{path}[]")
    if isinstance(document, dict) and "properties" in theirs:
        for name in set(theirs.get("required", ())) - document.keys():
            yield f"{path}.{name} is missing"
        for name, value in document.items():
            if name not in theirs["properties"]:
                yield f"{path}.{name}"
                continue
            yield from strangers(compare, value, theirs["properties"][name], f"{path}.{name}")


def flow(hand: Hand) -> Iterator[tuple[str, Any]]:
    """Every endpoint once, and what it answers."""
    yield "MediaUploadResponse", hand.upload(png()).json()
    initialized = hand.initialize(len(gif())).json()
    media_id = initialized["data"]["id"]
    yield "InitializeMediaUploadResponse", initialized
    yield "AppendMediaUploadResponse", hand.append(media_id, 0, gif()).json()
    yield "FinalizeMediaUploadResponse", hand.finalize(media_id).json()
    for _ in range(3):
        yield "GetMediaUploadStatusResponse", hand.status(media_id).json()
    yield "CreateMediaMetadataResponse", hand.describe(media_id).json()
    yield "CreatePostsResponse", hand.tweet("a #b https://example.org", media_id).json()
    me = hand.get("/2/users/me", **{"user.fields": "created_at,description,url"}).json()
    yield "GetUsersMeResponse", me
    wanted = {"tweet.fields": "created_at,entities,attachments,lang"}
    for user in (me["data"]["id"], "17"):
        yield "GetUsersPostsResponse", hand.get(f"/2/users/{user}/tweets", **wanted).json()


def test_every_answer_is_as_x_describes_it(openapi: dict[str, Any]) -> None:
    compare = Comparison(openapi)
    with serving() as hand:
        answers = list(flow(hand))
    found = {
        f"{name} {stranger}"
        for name, document in answers
        for stranger in strangers(compare, document, openapi["components"]["schemas"][name])
    }
    # X's guides and every SDK know this name; the description calls it edit_history_post_ids.
    assert found == {
        "CreatePostsResponse $.data.edit_history_tweet_ids",
        "GetUsersPostsResponse $.data[].edit_history_tweet_ids",
    }


def test_a_refusal_is_as_x_describes_it(openapi: dict[str, Any]) -> None:
    compare = Comparison(openapi)
    problem = openapi["components"]["schemas"]["InvalidRequestProblem"]
    with serving() as hand:
        refusal = hand.tweet(1).json()  # type: ignore[arg-type]
        assert list(strangers(compare, refusal, problem)) == ["$.errors"]
        assert refusal["type"] in problem["properties"]["type"]["enum"]


# How long a text is


def test_a_text_is_weighed_as_in_the_conformance_suite() -> None:
    tests = yaml.safe_load(reference("twitter-text-validate.yml"))["tests"]
    cases = [
        *tests["WeightedTweetsWithDiscountedEmojiCounterTest"],
        *tests["UnicodeDirectionalMarkerCounterTest"],
    ]
    found = {case["description"]: weigh(case["text"]) for case in cases}
    assert len(cases) == 24
    assert found == {case["description"]: case["expected"]["weightedLength"] for case in cases}
    for case in tests["urls_without_protocol"]:
        (link,) = links(case["text"])
        assert case["text"][link.start : link.end] == case["text"]


def test_the_weights_are_those_of_x() -> None:
    config = json.loads(reference("twitter-text-v3.json"))
    light = [(span["start"], span["end"]) for span in config["ranges"]]
    edges = {edge + step for span in light for edge in span for step in (-1, 0, 1)} - {-1}
    for point in edges:
        expected = 1 if any(first <= point <= last for first, last in light) else 2
        # Alone, but for what NFC makes of it.
        assert weigh(chr(point)) == expected, hex(point)


E = "https://example.org"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/a.", ["https://example.org/a"]),
        ("(https://example.org/a_(b)), and", ["https://example.org/a_(b)"]),
        ("https://example.org/?a=1&b=2#c!", ["https://example.org/?a=1&b=2#c"]),
        ("https://example.org/#!/a https://example.org#b", ["https://example.org/#!/a", E]),
        ("https://example.org/дорога/道", ["https://example.org/дорога/"]),
        ("at union.org, or ituc-csi.org/x", ["http://union.org", "http://ituc-csi.org/x"]),
        ("HTTP://EXAMPLE.ORG:8080", ["HTTP://EXAMPLE.ORG:8080"]),
        ("http://пример.рф/x", ["http://пример.рф/x"]),
        ("someone@example.org #a.org $a.org", []),
        ("e.g. this, 3.14, a.b.c, file.txt, -example.org, /example.org", []),
        ("https://-a.org https://a_.org http://nowhere", []),
        ("пример.рф", []),
    ],
)
def test_a_link_is_what_x_takes_for_one(text: str, found: list[str]) -> None:
    assert [link.target for link in links(text)] == found


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("e\u0301", 1),
        ("…", 2),
        ("“”’–—", 5),
        ("€", 2),
        ("🇧🇾", 2),
        ("👩🏽‍🏭", 2),
        ("©", 1),
        ("©\ufe0f", 2),
        ("1\ufe0f\u20e3", 2),
        ("👍👍", 4),
        ("a https://example.org/" + "b" * 500, 25),
    ],
)
def test_a_text_weighs(text: str, weight: int) -> None:
    assert weigh(text) == weight


def test_the_package_needs_nothing_but_the_standard_library() -> None:
    import sys

    package = Path(__file__).with_name("fake_x")
    imported = {
        name.split(".")[0]
        for path in package.glob("*.py")
        for name in re.findall(
            r"^\s*(?:from|import) ([\w.]+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"tests"}
    assert all(
        len(path.read_text(encoding="utf-8").splitlines()) <= 350 for path in package.glob("*.py")
    )
