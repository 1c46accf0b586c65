"""What is not verified as it stands, or has an error, goes out by no command, and is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.fake_x import FakeX
from tests.site import ROOT, a_site, bot, edit, environment, live, start

ITUC = "messages/statements/ituc.toml"
TEMPLATE = "messages/templates/fact-as-reported.txt"
ALL = ("--json", "--count", "100", "--from", "2026-12-01")


def planned(site: Path, code: int = 0) -> list[dict[str, Any]]:
    posts: list[dict[str, Any]] = json.loads(bot(site, "preview", *ALL, code=code).stdout)
    return posts


@pytest.fixture
def altered(tmp_path: Path) -> Path:
    """The shipped campaign with a digit of a fact changed, after it was verified."""
    site = a_site(tmp_path, every="1s")
    edit(site / ITUC, "26-year grip", "36-year grip")
    return site


def test_an_altered_fact_is_in_no_plan_and_the_rest_is(altered: Path) -> None:
    drawn = {name for post in planned(altered, code=1) for name in post["draws"]}
    assert "ituc/grip-on-power" not in drawn
    assert len(drawn) == 34
    said = bot(altered, "preview", *ALL, code=1).stderr.splitlines()
    assert said[0].startswith(f"Left out: {ITUC}:")
    assert "`ituc/grip-on-power` is no longer what was verified" in said[0]
    assert "26-year grip" in said[0]
    assert "36-year grip" in said[0]
    assert "`bot verify SOURCE…`" in said[1]


def test_it_is_never_posted(altered: Path, tmp_path: Path) -> None:
    with FakeX() as x:
        env = live(x, f"sqlite:///{tmp_path}/bot.sqlite3")
        for _ in range(3):
            bot(altered, "post", "--now", "--live", env=env, code=None)
        worker = start(altered, "run", "--live", env=env)
        try:
            x.wait_for(12, timeout=90)
        finally:
            worker.terminate()
            _, said = worker.communicate(timeout=60)
        assert not any("6-year grip" in post.text for post in x.posts)
    assert "Left out, so it is never posted: `ituc/grip-on-power` is no longer" in said


def test_a_dry_run_leaves_out_the_same(altered: Path, tmp_path: Path) -> None:
    env = environment(DATABASE_URL=f"sqlite:///{tmp_path}/bot.sqlite3", LOG_FORMAT="json")
    done = bot(altered, "post", "--now", env=env)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert events[0]["event"] == "left_out"
    assert events[0]["where"].startswith(f"{ITUC}:")


def test_status_says_so_and_needs_a_person(altered: Path) -> None:
    done = bot(altered, "status", "--json", code=1)
    assert "26-year grip" in json.loads(done.stdout)["left_out"][0]
    assert "36-year grip" in bot(altered, "status", code=1).stdout


def test_the_first_thing_said_of_an_edited_quotation_is_that_it_was_edited(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    edit(site / ITUC, "cynical falsifications", "cynical falsification")
    for command in ("check", "preview", "media build"):
        done = bot(site, *command.split(), code=1)
        said = done.stdout if command == "check" else done.stderr
        first = said.splitlines()[0]
        assert "`ituc/falsifications` is no longer what was verified" in first, command
        assert "cynical falsifications of" in first, command
        assert "cynical falsification of" in first, command
        assert "There is no card" not in said, command


def test_a_template_with_an_error_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    edit(site / TEMPLATE, r"\{\{ hashtag \}\}", "{{ hashtga }}")
    posts = planned(site, code=1)
    assert "fact-as-reported" not in {post["template"] for post in posts}
    assert len([post for post in posts if post["text"]]) > 90


def test_a_post_that_is_too_long_is_named_wherever_something_is_left_out(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    words = "These are our own words, and they take up more of the room than they should have. "
    edit(site / "messages/templates/demand-asked-of.txt", "Asked in ", f"{words}Asked in ")
    said = "The template is too long by "
    assert said in bot(site, "check", code=1).stdout
    assert said in bot(site, "preview", "--count", "1", code=1).stderr
    assert said in bot(site, "status", code=1).stdout
    assert said in json.loads(bot(site, "status", "--json", code=1).stdout)["left_out"][0]
    env = environment(DATABASE_URL=f"sqlite:///{tmp_path}/bot.sqlite3")
    assert f"Left out, so it is never posted: {said}" in bot(site, "post", env=env).stderr


def test_another_picture_is_left_out_until_it_was_looked_at(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    card = next((site / "media/cards").glob("ituc-falsifications-*.png"))
    other = next((site / "media/cards").glob("ituc-determination-*.png"))
    shutil.copy(other, card)
    shown = {item["path"] for post in planned(site, code=1) for item in post["media"]}
    assert f"media/cards/{card.name}" not in shown
    said = bot(site, "verify", code=1).stdout
    assert f"media/cards/{card.name} is not what the content gives now" in said
    assert "Looked at and locked: 25 pictures" in said
    shutil.copy(ROOT / "media/cards" / card.name, card)
    assert "1 of them new or changed" in bot(site, "verify").stdout
    assert planned(site)


def test_a_campaign_that_was_never_verified_posts_nothing_and_says_how_to(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    (site / "messages/sources.lock").unlink()
    done = bot(site, "preview", *ALL, code=1)
    assert {post["text"] for post in json.loads(done.stdout)} == {None}
    assert "No passage was ever compared with its source, so none goes out" in done.stderr
    assert "Run `bot verify SOURCE…`" in done.stderr


@pytest.mark.parametrize("source", ["empty.txt", "README.md"])
def test_a_source_that_holds_nothing_of_any_statement(tmp_path: Path, source: str) -> None:
    site = a_site(tmp_path)
    (site / "empty.txt").write_text("")
    shutil.copy(ROOT / "README.md", site)
    before = (site / "messages/sources.lock").read_bytes()
    done = bot(site, "verify", source, code=1)
    assert f"{source} has no words of any statement" in done.stdout
    assert "verbatim" not in done.stdout
    assert (site / "messages/sources.lock").read_bytes() == before


def test_verify_says_what_it_found_and_what_it_left(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    text = (site / ITUC).read_text("utf-8")
    passages = text.partition("[quotes")[2]
    quoted = [line.partition(" = ")[2] for line in passages.splitlines() if "text = " in line]
    (site / "one.txt").write_text("\n\n".join(f"“{each[1:-1]}”" for each in quoted), "utf-8")
    said = bot(site, "verify", "one.txt", code=None).stdout
    assert "industriall: not in what was given; left as it was verified." in said
