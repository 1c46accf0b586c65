"""What X answers, and what becomes of the post, of the account, and of what is said."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli
from tests.fake_x import FakeX


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("automated", "might be automated"),
        ("not_permitted", "not permitted"),
        ("limited", "temporarily limited"),
        ("unsupported_auth", "Authenticating with OAuth 2.0 Application-Only is forbidden"),
        ("usage_capped", "Usage cap exceeded"),
    ],
)
def test_what_is_no_fault_of_the_post_halts_the_account_once(
    cli: Cli, live: dict[str, str], x: FakeX, fault: str, said: str
) -> None:
    x.faults.add(fault, times=2)
    halted = []
    for _ in range(2):
        done = cli("post", "--now", env=live, code=1)
        halted += [event for event in done.events() if event["event"] == "halted"]
    (halt,) = halted
    assert said in halt["why"]
    assert halt["fix"]
    assert "Each slot is tried once" in halt["outlook"]
    assert {row["state"] for row in cli("log", "--json", env=live).json()[1:]} == {"retry"}
    assert x.posts == []
    done = cli("post", "--now", env=live, code=None)
    assert "unhalted" in {event["event"] for event in done.events()}


def test_a_picture_that_x_can_t_process_is_told_of_in_x_s_words(
    cli: Cli, live: dict[str, str], x: FakeX
) -> None:
    x.faults.add("processing_failed", match="POST /2/media/upload*", times=None)
    done = cli("post", "--now", env=live, code=1)
    assert any("Gif has too many frames" in line for line in done.complaint())


def test_an_upload_that_is_refused_is_told_of_in_x_s_words(
    cli: Cli, live: dict[str, str], x: FakeX
) -> None:
    x.faults.add("media_refused", detail="The picture is upside down.", times=None)
    done = cli("post", "--now", env=live, code=1)
    (said,) = [event for event in done.events() if event["event"] == "media"]
    assert "uploading media/square.png: 400 The picture is upside down." in said["why"]
    assert "X takes PNG, JPEG and WEBP up to 5 MB" in said["why"]
    assert any("The picture is upside down." in line for line in done.complaint())
