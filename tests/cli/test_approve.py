"""`bot approve`, and what the other commands say and do where posts are signed off."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.approval import PATH, Approvals
from bot.ledger.sqlite import SqliteLedger
from tests.cli.conftest import CAMPAIGN, Cli
from tests.content.builder import changed
from tests.fake_x import FakeX
from tests.site import environment

HOUR = timedelta(hours=1)

QUOTE = "messages/templates/quote.txt"


def ask_for_sign_off(site: Path, every: str = "1h", ago: timedelta = 24 * HOUR) -> None:
    """Each post is to be signed off. The next is due in 20 minutes; the one before has expired."""
    start = datetime.now(UTC) - ago + timedelta(minutes=20)
    schedule = f'every = "{every}"\nstarts = {start:%Y-%m-%dT%H:%M:%SZ}'
    text = changed(CAMPAIGN, 'times = ["12:00"]', schedule)
    (site / CAMPAIGN).write_text(
        text.replace("[schedule]", "approval = true\n[schedule]"), encoding="utf-8"
    )


@pytest.fixture
def site(site: Path) -> Path:
    ask_for_sign_off(site)
    ledger = SqliteLedger(f"{site}/bot.sqlite3")
    ledger.migrate()
    ledger.begin("x", "x")
    ledger.close()
    return site


def preview(cli: Cli, *options: str) -> list[dict[str, Any]]:
    posts: list[dict[str, Any]] = cli("preview", "--json", *options).json()
    return posts


def edit(site: Path, path: str, old: str, new: str) -> None:
    text = (site / path).read_text(encoding="utf-8")
    assert old in text
    (site / path).write_text(text.replace(old, new), encoding="utf-8")


# -- which posts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "count"), [([], 7), (["--count", "3"], 3), (["--days", "1"], 7)]
)
def test_what_preview_shows_is_signed_off(
    cli: Cli, site: Path, options: list[str], count: int
) -> None:
    shown = [post for post in preview(cli, *options) if post["text"]]
    done = cli("approve", "--yes", "--by", "Ada Example", *options)
    assert f"Signed off {count} posts as Ada Example." in done.out
    assert all(post["text"].splitlines()[0] in done.out for post in shown)
    assert [post["approved"] for post in preview(cli, "--count", "10")] == [
        number < count for number in range(10)
    ]
    assert {each.slot for each in Approvals.load(site)} == {post["id"] for post in shown}
    said = cli("approve", "--yes", *options).out
    last = preview(cli, *options)[-1]["id"]
    assert f"Nothing to sign off: all that goes out up to {last} is signed off." in said
    assert "What comes after it was not looked at" in said, (
        "it does not speak of all that is coming"
    )


def test_by_id_in_whatever_way_the_time_is_written(cli: Cli, site: Path) -> None:
    shown = preview(cli, "--count", "5")
    short = shown[4]["id"].replace(":00+00:00", "Z")
    cli("approve", shown[1]["id"], short, "--yes", "--by", "Ada")
    approved = [post["approved"] for post in preview(cli, "--count", "5")]
    assert approved == [False, True, False, False, True]


def test_what_is_not_among_the_ids_is_not_called_stale(cli: Cli, site: Path) -> None:
    shown = preview(cli, "--count", "3")
    cli("approve", "--count", "2", "--yes", "--by", "Ada")
    done = cli("approve", shown[0]["id"], shown[2]["id"], "--yes", "--by", "Ada")
    assert "Signed off 1 post as Ada." in done.out
    assert "is not planned any more" not in done.out


@pytest.mark.parametrize("post", ["x", "x/", "y/2026-12-01T11:00Z", "x/2020-01-01T11:00Z"])
def test_an_id_that_is_not_planned(cli: Cli, site: Path, post: str) -> None:
    done = cli("approve", post, "--yes", code=2)
    assert done.err.splitlines() == [
        f"Error: No post `{post}` is coming.",
        "`bot preview --json` shows the ids of those that are: ACCOUNT/TIME.",
    ]
    assert not (site / PATH).exists()


def test_from_when_and_which_account(cli: Cli, site: Path) -> None:
    third = preview(cli, "--count", "3")[2]
    cli("approve", "--from", third["slot"], "--count", "1", "--account", "x", "--yes", "--by", "A")
    assert [post["approved"] for post in preview(cli, "--count", "4")] == [
        False,
        False,
        True,
        False,
    ]


# -- asking ---------------------------------------------------------------------------------------


def on_terminal(site: Path, answer: str, *arguments: str) -> tuple[int, str]:
    """Runs it with a terminal as its input; its output is piped."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=site,
        env=environment(),
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        os.close(slave)
        os.write(master, answer.encode())
        said, _ = process.communicate(timeout=120)
    os.close(master)
    return process.returncode, said


def test_it_asks_and_takes_a_no(site: Path) -> None:
    code, said = on_terminal(site, "n\n", "approve", "--count", "2", "--by", "Ada")
    assert code == 1
    assert "Sign off 2 posts as Ada? [y/N]" in said
    assert "Nothing was signed off." in said
    assert not (site / PATH).exists()


def test_it_asks_and_takes_a_yes(site: Path) -> None:
    code, said = on_terminal(site, "y\n", "approve", "--count", "1", "--by", "Ada")
    assert (code, "Signed off 1 post as Ada." in said) == (0, True)
    assert len(list(Approvals.load(site))) == 1


def test_where_nobody_can_be_asked(cli: Cli, site: Path) -> None:
    done = cli("approve", "--by", "Ada", code=2)
    assert done.out == ""
    assert done.err.splitlines()[-2:] == [
        "Error: There is nobody to ask here.",
        "Say --yes to sign off all that is shown.",
    ]


def test_the_name_is_the_one_that_git_has(
    cli: Cli, site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = Zoë Exämple\n", encoding="utf-8")
    assert "as Zoë Exämple." in cli("approve", "--count", "1", "--yes").out


def test_without_git_the_name_is_the_logins(
    cli: Cli, site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "ada")
    assert "as ada." in cli("approve", "--count", "1", "--yes").out


# -- where it is not asked for, or this may not be the plan ---------------------------------------


def test_a_campaign_that_does_not_ask_for_it(cli: Cli, site: Path) -> None:
    edit(site, CAMPAIGN, "approval = true\n", "")
    done = cli("approve", "--count", "1", "--yes", "--by", "Ada")
    assert "The campaign doesn't ask for sign-off" in done.err
    assert "Signed off 1 post" in done.out
    assert all(post["approved"] for post in preview(cli))
    assert "sign-off" not in cli("preview", "--count", "1").out


def test_without_a_ledger_it_says_that_this_may_not_be_the_plan(cli: Cli, site: Path) -> None:
    (site / "bot.sqlite3").unlink()
    ask_for_sign_off(site, "6h")
    (account,) = cli("status", "--json", code=1).json()["accounts"]
    assert all(
        datetime.fromisoformat(item["slot"]) > datetime.now(UTC) - HOUR
        for item in account["unapproved"]
    ), "what is past needs no sign-off any more"
    done = cli("approve", "--count", "2", "--yes", "--by", "Ada")
    assert "`x` has no ledger here, and its schedule has begun." in done.err
    now = datetime.now(UTC)
    assert all(each.slot_at > now - HOUR for each in Approvals.load(site)), "none long past"
    ask_for_sign_off(site, ago=-24 * HOUR)
    assert cli("approve", "--count", "1", "--yes", "--by", "Ada").err == ""


def test_without_starts_nothing_is_planned(cli: Cli, site: Path) -> None:
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("starts")]
    (site / CAMPAIGN).write_text("\n".join(lines), encoding="utf-8")
    assert "has no `starts`" in cli("preview", code=1).err
    found = cli("check", "--json", code=1).json()
    assert "missing-starts" in [problem["rule"] for problem in found]


@pytest.mark.parametrize("command", ["preview", "approve --yes", "status", "post", "run"])
def test_a_file_that_was_edited_is_told_by_line(cli: Cli, site: Path, command: str) -> None:
    (site / PATH).write_text("posts = [\n  {key = 1},\n]\n", encoding="utf-8")
    done = cli(*command.split(), code=1)
    assert f"{PATH}:2: `key` is a whole number (1)" in done.err
    assert "undo the edit" in done.err or "more: " in done.err


# -- an edit --------------------------------------------------------------------------------------


def test_an_edit_undoes_the_sign_off_of_just_its_posts_and_says_which(cli: Cli, site: Path) -> None:
    cli("approve", "--count", "7", "--yes", "--by", "Ada")
    before = preview(cli, "--count", "7")
    edit(site, QUOTE, "— {{ quote.by }}", "– {{ quote.by }}")
    after = preview(cli, "--count", "7")
    assert [post["draws"] for post in after] == [post["draws"] for post in before]
    lost = [post["id"] for post in after if not post["approved"]]
    assert lost == [post["id"] for post in before if post["template"] == "quote"]
    assert lost
    told = [p for p in cli("check", "--json", code=None).json() if p["rule"] == "approval-stale"]
    assert {post for post in lost if any(post in each["what"] for each in told)} == set(lost)
    assert cli("preview", "--count", "7").out.count("as it is now: Ada signed off") == len(lost)
    done = cli("approve", "--count", "7", "--yes", "--by", "Grace")
    for post in lost:
        assert f"{post}: what Ada signed off was edited since: “" in done.out
    assert f"Signed off {len(lost)} post" in done.out
    assert "was edited since" not in cli("approve", "--count", "7", "--yes").out
    assert "approval-stale" not in cli("check", "--json", code=None).out
    by = {each.slot: each.by for each in Approvals.load(site)}
    assert {post for post, name in by.items() if name == "Grace"} == set(lost)


# -- the other commands ---------------------------------------------------------------------------


def test_the_card_says_who_signed_it_off(cli: Cli, site: Path) -> None:
    cli("approve", "--count", "1", "--yes", "--by", "Ada Example")
    shown = cli("preview", "--count", "2").out
    today = datetime.now(UTC).date()
    assert f"    sign-off  Ada Example, {today}\n" in shown
    assert "    sign-off  not yet\n" in shown
    assert "1 not signed off: without it they don't go out." in shown


def test_status_warns_days_ahead_and_needs_a_person_when_it_is_near(cli: Cli, site: Path) -> None:
    ask_for_sign_off(site, "24h", ago=48 * HOUR)
    cli("approve", "--days", "2", "--yes", "--by", "Ada")
    found = cli("status", "--json").json()
    (account,) = found["accounts"]
    assert found["needs_a_person"] == []
    assert account["next"]["approved"] is True
    assert len(account["unapproved"]) == 5
    assert list(account["unapproved"][0]) == ["id", "slot", "changed"]
    said = cli("status").out
    assert f"{len(account['unapproved'])} posts are not signed off within 7 days:" in said
    assert account["unapproved"][0]["id"] in said
    edit(site, QUOTE, "— {{ quote.by }}", "– {{ quote.by }}")
    edit(site, "messages/templates/frame.txt", "Put the frame", "Now put the frame")
    edit(site, "messages/templates/demand.txt", "Asked of", "Asked, of")
    edit(site, "messages/templates/position.txt", " in {{", ", {{")
    edit(site, "messages/templates/fact.txt", ", as ", " as ")
    found = cli("status", "--json", code=1).json()
    (need,) = found["needs_a_person"]
    assert need["state"] == "unapproved"
    assert need["id"] == found["accounts"][0]["next"]["id"]
    assert "2 posts of the coming 48 hours not signed off" in need["reason"]
    (account,) = found["accounts"]
    assert account["unapproved"][0]["changed"]["by"] == "Ada"
    said = cli("status", code=1).out
    assert f"{len(account['unapproved'])} posts are not signed off within 7 days:" in said
    assert "and 2 more: bot approve --days 7" in said
    assert "(edited since Ada signed it off)" in cli("status", code=1).out


def test_status_asks_for_no_sign_off_of_slots_with_nothing_to_draw(cli: Cli, site: Path) -> None:
    cli("approve", "--days", "7", "--yes", "--by", "Ada")
    found = cli("status", "--json").json()
    assert found["accounts"][0]["unapproved"] == []
    assert len(list(Approvals.load(site))) == 7, "the rest of the week's slots stay empty"


def test_only_what_was_signed_off_goes_out_and_the_rest_is_missed(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    first, second = preview(cli, "--count", "2")
    cli("approve", second["id"], "--yes", "--by", "Ada")
    refused = cli("post", "--now", env=live, code=1)
    assert "it is not signed off; see `bot approve`" in refused.err
    assert {each.path for each in x.requests} <= {"/"}, "it is only asked what time it is"
    cli("approve", first["id"], "--yes", "--by", "Ada")
    cli("post", "--now", env=live)
    cli("post", "--now", env=live)
    assert [post.text for post in x.posts] == [first["text"], second["text"]]
    assert "not signed off" in cli("post", "--now", env=live, code=1).err
    assert len(x.posts) == 2


def test_a_dry_run_keeps_to_it_too(cli: Cli, site: Path) -> None:
    assert "it is not signed off" in cli("post", "--now", code=1).err
    cli("approve", "--count", "1", "--yes", "--by", "Ada")
    (said,) = [e for e in cli("post", "--now").events() if e["event"] == "dry_run"]
    assert said["body"]["text"] == preview(cli, "--count", "1")[0]["text"]


def test_a_picture_or_alt_text_that_is_another_is_not_signed_off(cli: Cli, site: Path) -> None:
    cli("approve", "--count", "3", "--yes", "--by", "Ada")
    edit(site, "media/media.toml", "stand with", "we stand with")
    assert [post["approved"] for post in preview(cli, "--count", "3")] == [False] * 3
    edit(site, "media/media.toml", "we stand with", "stand with")
    assert [post["approved"] for post in preview(cli, "--count", "3")] == [True] * 3


def test_the_shape_of_the_file_on_one_line_a_post(cli: Cli, site: Path) -> None:
    cli("approve", "--count", "2", "--yes", "--by", "Ada")
    text = (site / PATH).read_text(encoding="utf-8")
    assert sum(line.startswith('  {slot = "x/') for line in text.splitlines()) == 2
    assert json.dumps("Ada") in text


@pytest.mark.parametrize("named", ["approve --days 7", "approve --count 3"])
def test_what_status_names_helps_where_the_campaign_began_long_ago(
    cli: Cli, site: Path, named: str
) -> None:
    """There is no ledger yet, so the plan begins at `starts`; the days count from now."""
    ask_for_sign_off(site, "72h", ago=9 * 24 * HOUR)
    (site / "bot.sqlite3").unlink()
    before = cli("status", "--json", code=1).json()["accounts"][0]["unapproved"]
    assert len(before) == 3
    assert "bot approve shows them" in cli("status", code=1).out
    done = cli(*named.split(), "--yes", "--by", "Ada")
    assert "Signed off 3 posts as Ada." in done.out
    assert cli("status", "--json").json()["accounts"][0]["unapproved"] == []
