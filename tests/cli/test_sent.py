"""What a dry run shows is what is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.domain import Post
from bot.networks import x as x_module
from bot.networks._x_requests import to_post
from bot.networks.base import Request
from tests.cli.conftest import Cli
from tests.fake_x import FakeX


@pytest.fixture
def adding(monkeypatch: pytest.MonkeyPatch) -> None:
    """X's request for a post has a field more, and a header."""

    def more(api: str, post: Post) -> Request:
        request = to_post(api, post)
        return request._replace(
            body={**request.body, "made_with_ai": True}, headers={"X-Added": "yes"}
        )

    monkeypatch.setattr(x_module, "to_post", more)


@pytest.mark.usefixtures("adding")
def test_a_field_that_is_added_to_the_request_shows_in_a_dry_run_and_arrives(
    cli: Cli, live: dict[str, str], x: FakeX
) -> None:
    def shown(*arguments: str) -> Mapping[str, Any]:
        said = cli("post", "--now", *arguments, env=live).events()
        return next(event for event in said if event["event"] == "dry_run")

    dry = shown("--dry-run")
    assert dry["body"]["made_with_ai"] is True
    assert dry["headers"] == {"X-Added": "yes"}
    assert dry["url"] == f"{x.url}/2/tweets"
    assert x.requests == []
    cli("post", "--now", env=live)
    [post] = x.posts
    assert post.fields["made_with_ai"] is True
    assert post.text == dry["body"]["text"]
    [sent] = [each for each in x.requests if each.path == "/2/tweets"]
    assert sent.headers["x-added"] == "yes"
    uploads = [each for each in x.requests if "/media/" in each.path]
    urls = [each["url"] for each in dry["uploads"] if each["method"] == "POST"]
    assert [f"{x.url}{each.path}" for each in uploads] == urls
    [content, _, described] = dry["uploads"]
    assert "bytes of media/square.png from 0 on, in base64" in content["body"]["media"]
    assert described["body"]["metadata"]["alt_text"]["text"] == post.media[0].alt
