"""`bot post` and `bot run`: what goes out, what does not, and the exit code that says so."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import worker
from bot.ledger.base import PlanNote
from bot.ledger.sqlite import SqliteLedger
from bot.publishing import Publisher
from tests.cli.conftest import CAMPAIGN, Cli, Done
from tests.content.builder import changed, png
from tests.fake_x import FakeX
from tests.listener import Listener

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

NAMES = ["X_API_KEY", "X_API_SECRET", "X_ACCESS_TOKEN", "X_ACCESS_TOKEN_SECRET"]


def schedule(site: Path, *lines: str) -> None:
    text = changed(CAMPAIGN, 'times = ["12:00"]', "\n".join(lines))
    (site / CAMPAIGN).write_text(text.replace("Europe/Brussels", "UTC"), encoding="utf-8")


def due(site: Path, ago: timedelta = MINUTE, born: timedelta = 12 * HOUR) -> str:
    """Lets a daily slot have been so long ago, and the history begin before it. The slot's id."""
    at = (datetime.now(UTC) - ago).replace(second=0, microsecond=0)
    schedule(site, f'times = ["{at:%H:%M}"]')
    ledger = SqliteLedger(f"{site}/bot.sqlite3", clock=lambda: datetime.now(UTC) - born)
    ledger.migrate()
    ledger.begin("x", "x")
    ledger.close()
    return f"x/{at.isoformat()}"


def states(cli: Cli) -> dict[str, str]:
    return {row["id"]: row["state"] for row in cli("log", "--json").json()[1:]}


def said(done: Done, name: str) -> list[dict[str, Any]]:
    return [event for event in done.events() if event["event"] == name]


# -- what is due ------------------------------------------------------------------------------


def test_nothing_due(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    far_from_now = datetime.now(UTC) + 12 * HOUR
    schedule(site, f'times = ["{far_from_now:%H:%M}"]')
    done = cli("post", env=live)
    assert (done.out, done.complaint()) == ("", [])
    assert [event["event"] for event in done.events()] == ["birth"]
    assert x.signed == []
    again = cli("post", env=live)
    assert (again.out, again.err) == ("", "")


def test_what_is_due_is_posted_once(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    slot = due(site)
    shown = cli("preview", "--json", "--count", "1").json()[0]
    done = cli("post", env=live)
    assert (done.out, done.complaint()) == ("", [])
    assert [event["event"] for event in done.events()] == ["claimed", "receipt", "posted"]
    assert states(cli) == {slot: "posted"}
    (post,) = x.posts
    assert (shown["id"], shown["text"]) == (slot, post.text)
    assert [media.alt for media in post.media] == ["The words: stand with the harbour."]
    assert cli("post", env=live).err == ""
    assert len(x.posts) == 1


FAULTS: list[tuple[str, dict[str, Any], str, str, int]] = [
    ("status", {"code": 400}, "failed", "failed: X: refused", 0),
    ("drop_after_store", {}, "unknown", "unknown: X: it may or may not have been posted", 1),
    ("garbage_201", {}, "unknown", "unknown: X: it may or may not have been posted", 1),
    ("rate_limited", {}, "retry", "retry: X: not sent", 1),
]


@pytest.mark.parametrize(("fault", "options", "state", "why", "again"), FAULTS)
def test_what_did_not_go_out_is_said_by_the_exit_code(
    cli: Cli,
    live: dict[str, str],
    x: FakeX,
    site: Path,
    fault: str,
    options: dict[str, Any],
    state: str,
    why: str,
    again: int,
) -> None:
    slot = due(site)
    x.faults.add(fault, **options)
    done = cli("post", env=live, code=1)
    assert states(cli) == {slot: state}
    (line,) = done.complaint()
    assert line.startswith(f"{slot}: {why}")
    cli("post", env=live, code=again)
    assert len(x.posts) <= 1, "never sent again at once"


def test_media_that_are_not_ready(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    slot = due(site)
    x.faults.add("status", match="POST /2/media/*", code=503, times=None)
    done = cli("post", env=live, code=1)
    assert done.complaint() == [f"{slot}: due, and not sent: its media are not ready"]
    assert said(done, "media")
    assert states(cli) == {}
    x.faults.clear()
    cli("post", env=live)
    assert states(cli) == {slot: "posted"}


def test_a_pause(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    slot = due(site)
    cli("pause")
    done = cli("post", env=live, code=1)
    assert done.complaint() == [f"{slot}: due, and not sent: paused; `bot resume` lifts it"]
    assert x.signed == []
    cli("resume")
    cli("post", env=live)
    assert states(cli) == {slot: "posted"}


def test_what_is_not_signed_off(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    slot = due(site)
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    with_sign_off = "approval = true\n[schedule]\nstarts = 2020-01-01"
    (site / CAMPAIGN).write_text(text.replace("[schedule]", with_sign_off))
    done = cli("post", env=live, code=1)
    why = "it is not signed off; see `bot approve`"
    assert done.complaint() == [f"{slot}: due, and not sent: {why}"]
    assert x.signed == []
    cli("approve", slot, "--yes", "--by", "Ada")
    cli("post", env=live)
    assert states(cli) == {slot: "posted"}


def test_nothing_left_to_draw(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    slot = due(site)
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    french = text.replace('network = "x"', 'network = "x"\nlanguage = "fr"')
    (site / CAMPAIGN).write_text(french)
    done = cli("post", env=live, code=1)
    assert done.complaint() == [f"{slot}: due, and not sent: nothing is left to draw"]


def test_a_slot_that_came_too_late_is_missed_and_said(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site, ago=2 * HOUR)
    done = cli("post", env=live, code=1)
    assert done.complaint() == [f"{slot}: missed: late"]
    assert states(cli) == {slot: "missed"}
    assert {request.method for request in x.requests} == {"GET"}, "was it posted, and forgotten?"
    assert cli("post", env=live).err == "", "said once"


def test_slots_before_the_history_begins_are_nobodys_fault(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    schedule(site, 'every = "6h"', f"starts = {yesterday}")
    done = cli("post", env=live)
    missed = [row for row in cli("log", "--json").json()[1:] if row["state"] == "missed"]
    assert len(missed) >= 8
    assert done.complaint() == []


def with_french(site: Path) -> None:
    """The campaign with a second account."""
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    other = '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n[accounts.x]'
    (site / CAMPAIGN).write_text(text.replace("[accounts.x]", other))
    media = (site / "media/media.toml").read_text("utf-8")
    both = 'alt = {en = "The harbour.", fr = "Le port."}'
    (site / "media/media.toml").write_text(re.sub("alt = .*", both, media), "utf-8")


def test_one_account_of_several(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    due(site)
    with_french(site)
    cli("post", "--account", "x", env=live)
    assert len(x.posts) == 1


def test_an_account_whose_keys_are_missing_stops_itself_alone(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site)
    with_french(site)
    done = cli("post", env=live, code=1)
    assert len(x.posts) == 1
    assert states(cli)[slot] == "posted"
    (told,) = said(done, "keys")
    assert told["account"] == "fr"
    assert "FR_API_KEY" in told["why"] + told["fix"]
    assert "fr: not posted: FR_API_KEY" in done.err
    assert "X_" not in done.err
    needs = cli("status", "--json", code=1).json()["needs_a_person"]
    nothing_to_say = (f"{CAMPAIGN}:12", "content")
    assert [(each["id"], each["state"]) for each in needs] == [("fr", "keys"), nothing_to_say]
    assert "FR_API_KEY" in cli("status", code=1).out
    both = live | {name.replace("X_", "FR_", 1): live[name] for name in [*NAMES, "X_API_URL"]}
    cli("post", env=both)
    needs = cli("status", "--json", code=1).json()["needs_a_person"]
    assert [(each["id"], each["state"]) for each in needs] == [nothing_to_say]


# -- the next one, now ------------------------------------------------------------------------


def test_the_next_slot_early(cli: Cli, live: dict[str, str], x: FakeX) -> None:
    cli("post", env=live)
    shown = cli("preview", "--json", "--count", "2").json()
    for expected in shown:
        done = cli("post", "--now", env=live)
        assert done.complaint() == []
        assert x.posts[-1].text == expected["text"]
    assert list(states(cli).values()) == ["posted", "posted"]
    assert list(states(cli)) == [each["id"] for each in shown], "they are used up"


def test_no_next_slot(cli: Cli, live: dict[str, str], x: FakeX, site: Path) -> None:
    schedule(site, 'every = "1h"', "ends = 2020-01-01")
    done = cli("post", "--now", env=live, code=1)
    assert any("the schedule has no more slots" in line for line in done.complaint())
    assert cli("post", env=live).complaint() == []


def test_the_next_slot_refused(cli: Cli, live: dict[str, str], x: FakeX) -> None:
    x.faults.add("status", code=400)
    done = cli("post", "--now", env=live, code=1)
    (line,) = done.complaint()
    assert "failed: X: refused" in line


# -- dry runs ---------------------------------------------------------------------------------


def test_a_dry_run_is_what_it_is_unless_told_otherwise(cli: Cli, site: Path) -> None:
    done = cli("post", "--now")
    (shown,) = said(done, "dry_run")
    assert (shown["method"], shown["url"]) == ("POST", "https://api.x.com/2/tweets")
    assert "#StandWithTheHarbour" in shown["body"]["text"]
    assert [item["alt"] for item in shown["media"]] == ["The words: stand with the harbour."]
    messages = [event["message"] for event in done.events() if event["event"] != "birth"]
    assert all(message.startswith("Dry run") for message in messages)
    assert not list(site.glob("*.sqlite3*"))


def test_a_dry_run_of_what_is_due_uses_up_nothing(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site)
    before = (site / "bot.sqlite3").read_bytes()
    first = cli("post", "--dry-run", env=live)
    assert said(first, "dry_run")[0]["body"] == said(cli("post"), "dry_run")[0]["body"]
    assert (site / "bot.sqlite3").read_bytes() == before
    assert x.signed == []
    cli("post", "--live", env={**live, "DRY_RUN": "true"})
    assert states(cli) == {slot: "posted"}
    assert x.posts[0].text == said(first, "dry_run")[0]["body"]["text"]


def test_the_last_option_wins(cli: Cli, live: dict[str, str], x: FakeX) -> None:
    cli("post", "--now", "--live", "--dry-run", env=live)
    assert x.signed == []


# -- what it refuses to begin with ------------------------------------------------------------

COMMANDS = [["post"], ["post", "--now"], ["run"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_live_needs_credentials(cli: Cli, site: Path, command: list[str]) -> None:
    done = cli(*command, env={"DRY_RUN": "false"}, code=2)
    first = done.complaint()[0]
    assert all(name in first for name in NAMES)
    assert len(done.complaint()) <= 3
    assert "developer.x.com" in done.err
    done = cli(*command, "--live", env=dict.fromkeys(NAMES[:3], "some-value"), code=2)
    assert done.complaint()[0].startswith("Error: X_ACCESS_TOKEN_SECRET: not set")
    assert not list(site.glob("*.sqlite3"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_live_on_a_disk_that_vanishes_is_refused(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path, command: list[str]
) -> None:
    done = cli(*command, env={**live, "DYNO": "worker.1"}, code=2)
    assert done.complaint()[0].startswith("Error: DATABASE_URL: SQLite on Heroku")
    assert "ALLOW_EPHEMERAL_LEDGER=true" in done.complaint()[1]
    assert x.signed == []
    assert not list(site.glob("*.sqlite3"))


def test_a_disk_that_is_said_to_stay_will_do(cli: Cli, live: dict[str, str], x: FakeX) -> None:
    stays = {**live, "DYNO": "worker.1", "ALLOW_EPHEMERAL_LEDGER": "true"}
    cli("post", "--now", env=stays)
    assert len(x.posts) == 1
    cli("post", "--now", "--dry-run", env={**live, "DYNO": "worker.1"})


def test_a_database_that_is_away(cli: Cli, live: dict[str, str], x: FakeX) -> None:
    away = {"DATABASE_URL": "postgresql://bot:correct-horse@127.0.0.1:1/bot"}
    for env in ({**live, **away}, away):
        done = cli("post", "--now", env=env, code=1)
        assert "did not answer" in done.err
        assert "correct-horse" not in done.err
    assert x.signed == []


# -- alerts -----------------------------------------------------------------------------------


def test_what_needs_a_person_reaches_one(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site)
    x.faults.add("status", code=400)
    with Listener() as listener:
        cli("post", env={**live, "ALERT_URL": listener.url}, code=1)
        (alert,) = listener.alerts()
    assert (alert["event"], alert["id"]) == ("lost", f"x/lost/{slot.removeprefix('x/')}")
    assert alert["message"].startswith(f"{slot} was not posted: X: refused: ")


@pytest.mark.parametrize("fault", ["credits_depleted", "suspended"])
def test_what_only_a_person_can_mend_halts_the_account_with_one_alert(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path, fault: str
) -> None:
    slot = due(site)
    x.faults.add(fault, times=None)
    with Listener() as listener:
        env = {**live, "ALERT_URL": listener.url}
        first = cli("post", env=env, code=1)
        (alert,) = listener.alerts()
        asked = len(x.signed)
        cli("post", env=env, code=1)
        again = cli("post", env=env, code=1)
        assert listener.alerts() == []
    assert (alert["event"], alert["account"]) == ("halted", "x")
    assert "Nothing is posted there until `bot resume --account x`." in alert["message"]
    assert "x: halted: X: not sent: " in first.err
    assert "x: halted: X: not sent: " in again.err
    assert len(x.signed) == asked, "nothing is asked of X any more"
    assert states(cli) in ({}, {slot: "retry"}), "it is not the post's fault"
    told = cli("status", env=live, code=1).out
    assert "HALTED: x, since " in told
    found = cli("status", "--json", env=live, code=1).json()
    assert [(each["id"], each["state"]) for each in found["needs_a_person"]] == [("x", "halted")]
    assert found["accounts"][0]["halted"]["person"] is True
    x.faults.clear()
    said = cli("resume").out
    assert said == "Resumed. No longer halted: x.\n"
    later(site)
    cli("post", env=live)
    assert states(cli) == {slot: "posted"}
    assert len(x.posts) == 1
    cli("status", env=live)


def test_a_slot_whose_account_was_halted_with_its_pictures_says_so(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site)
    x.faults.add("credits_depleted", match="POST /2/media/*", times=None)
    done = cli("post", env=live, code=1)
    first, second = done.complaint()
    assert first == f"{slot}: due, and not sent: the account is halted, see below"
    assert second.startswith("x: halted: X: not sent: uploading media/square.png: 402")
    assert states(cli) == {}
    assert "halted x" in cli("doctor", env=live, code=1).out


def later(site: Path) -> None:
    """Whatever waits for another attempt need not wait any longer."""
    with sqlite3.connect(f"{site}/bot.sqlite3") as db:
        db.execute("UPDATE ledger SET next_at = claimed_at WHERE state = 'retry'")
    db.close()


def test_credentials_that_are_mended_lift_the_halt(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site)
    with Listener() as listener:
        env = {**live, "ALERT_URL": listener.url}
        wrong = {**env, "X_ACCESS_TOKEN_SECRET": "wrong"}
        cli("post", env=wrong, code=1)
        (alert,) = listener.alerts()
        done = cli("post", env=env)
        (over,) = listener.alerts()
    assert (over["id"], over["stage"]) == (alert["id"], "over")
    assert alert["event"] == "halted"
    assert "the first post that goes out lifts it" in alert["message"]
    assert [event["event"] for event in done.events()][-3:] == [
        "posted",
        "unhalted",
        "trouble_over",
    ]
    assert states(cli) == {slot: "posted"}
    assert "HALTED" not in cli("status", env=live).out


# -- the worker's start -----------------------------------------------------------------------


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> list[worker.Lane]:
    """The lanes that a worker was given, which is not run."""
    found: list[worker.Lane] = []

    def run(_: worker.Worker, lanes: list[worker.Lane]) -> int:
        found.extend(lanes)
        return 0

    monkeypatch.setattr(worker.Worker, "run", run)
    return found


def test_a_worker_says_what_it_is_about_to_do(
    cli: Cli, live: dict[str, str], site: Path, lanes: list[worker.Lane]
) -> None:
    schedule(site, 'times = ["12:00"]')
    done = cli("run", env=live)
    (started,) = said(done, "started")
    assert (started["mode"], started["accounts"]) == ("live", "x (x)")
    assert started["ledger"] == "bot.sqlite3"
    (coming,) = said(done, "next")
    assert coming["account"] == "x"
    assert coming["slot"].endswith(" 12:00:00+00:00")
    assert [lane.account for lane in lanes] == ["x"]
    assert not list(site.glob("*.sqlite3"))


def test_a_dry_worker_says_so_loudly(cli: Cli, lanes: list[worker.Lane]) -> None:
    (started,) = said(cli("run"), "started")
    assert started["message"].startswith("Started: dry run, nothing is posted.")


def test_a_worker_whose_schedule_is_over_says_so(
    cli: Cli, site: Path, lanes: list[worker.Lane]
) -> None:
    schedule(site, 'every = "1h"', "ends = 2020-01-01")
    (coming,) = said(cli("run"), "next")
    assert "the schedule is over" in coming["slot"]


@pytest.mark.parametrize(("options", "live_one"), [(["--live"], True), (["--dry-run"], False)])
def test_only_a_live_worker_is_watched(
    cli: Cli, live: dict[str, str], lanes: list[worker.Lane], options: list[str], live_one: bool
) -> None:
    with Listener() as listener:
        env = {**live, "ALERT_URL": listener.url, "HEARTBEAT_URL": listener.url}
        cli("run", *options, env=env)
        watch = lanes[0]._worker._watch
        assert (watch is not None) == live_one
        if watch is not None:
            watch.once()
            assert listener.got.get(timeout=60)[0] == "GET"


@pytest.mark.parametrize("mode", ["--live", "--dry-run"])
def test_the_heartbeat_is_fetched_by_post_while_all_is_well(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path, mode: str
) -> None:
    slot = due(site)
    with Listener() as listener:
        env = {**live, "HEARTBEAT_URL": listener.url}
        cli("post", mode, env=env)
        if mode == "--dry-run":
            assert listener.got.empty()
            return
        assert listener.got.get(timeout=60)[0] == "GET"
        assert states(cli) == {slot: "posted"}
        cli("pause")
        cli("post", mode, env=env)
        assert listener.got.get(timeout=60)[0] == "GET", "a pause is a person's own act"


def test_the_heartbeat_is_not_fetched_by_post_while_it_is_not(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    due(site)
    x.faults.add("status", code=400)
    with Listener() as listener:
        cli("post", env={**live, "HEARTBEAT_URL": listener.url}, code=1)
        assert listener.got.empty()


def test_no_heartbeat_from_a_post_that_broke_off(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(site)
    monkeypatch.setattr(Publisher, "step", lambda _: 1 // 0)
    with Listener() as listener:
        cli("post", env={**live, "HEARTBEAT_URL": listener.url}, code=1)
        assert listener.got.empty()


def test_a_ledger_that_is_away_is_told_by_post(cli: Cli, live: dict[str, str], x: FakeX) -> None:
    url = "postgresql://bot:correct-horse@127.0.0.1:1/bot"
    with Listener() as listener:
        hooks = {"ALERT_URL": listener.url, "HEARTBEAT_URL": listener.url}
        cli("post", env={**live, **hooks, "DATABASE_URL": url}, code=1)
        (alert,) = listener.alerts()
    assert (alert["event"], alert["stage"]) == ("ledger", "begun")
    assert "correct-horse" not in str(alert)


def test_an_alert_address_that_can_not_be_read_is_said_at_the_start(
    cli: Cli, live: dict[str, str], x: FakeX
) -> None:
    for command in ("post", "run"):
        done = cli(command, env={**live, "ALERT_URL": "nonesuch://token-of-somebody"}, code=2)
        assert done.complaint()[0] == (
            "Error: ALERT_URL: the address that begins with nonesuch:// can't be read"
        )
    assert x.requests == []


def touched(picture: Path) -> None:
    os.utime(picture, (1, 1))


def redrawn(picture: Path) -> None:
    picture.write_bytes(png(900, 900))


def test_a_lane_has_a_ledger_and_a_publisher_of_its_own(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path, lanes: list[worker.Lane]
) -> None:
    due(site)
    cli("run", env=live)
    (lane,) = lanes
    ledger = lane._open_ledger()
    try:
        publisher = lane._make_publisher(ledger, lambda: False)
        publisher.step()
        assert len(x.posts) == 1
    finally:
        ledger.close()
        lane.network.close()


@pytest.mark.parametrize(("change", "posts"), [(touched, 1), (redrawn, 0)])
def test_a_worker_posts_the_pictures_that_it_began_with_and_no_others(
    cli: Cli,
    live: dict[str, str],
    x: FakeX,
    site: Path,
    lanes: list[worker.Lane],
    change: Callable[[Path], None],
    posts: int,
) -> None:
    slot = due(site)
    cli("run", env=live)
    change(site / "media/square.png")
    (lane,) = lanes
    ledger = lane._open_ledger()
    try:
        lane._make_publisher(ledger, lambda: False).step()
        assert len(x.posts) == posts
    finally:
        ledger.close()
        lane.network.close()
    assert states(cli) == ({slot: "posted"} if posts else {})


# -- a ledger that was set back -----------------------------------------------------------------


def test_a_backup_in_the_ledgers_place_sends_nothing_twice(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site)
    ledger, backup = site / "bot.sqlite3", site / "backup.sqlite3"
    shutil.copy(ledger, backup)
    cli("post", env=live)
    assert len(x.posts) == 1
    shutil.copy(backup, ledger)
    assert states(cli) == {}
    done = cli("post", env=live)
    assert [event["event"] for event in done.events()] == ["log", "posted"]
    assert "read 1 posts back from X, for $0.001 to $0.005" in said(done, "log")[0]["message"]
    assert states(cli) == {slot: "posted"}
    assert cli("log", "--json").json()[-1]["reason"] == "reconciled after the ledger forgot it"
    assert len(x.posts) == 1
    cli("post", "--now", env=live)
    assert len(x.posts) == 2


def test_an_account_that_can_not_be_read_says_why_nothing_goes_out(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    slot = due(site)
    x.faults.add("status", match="GET *", code=503, times=None)
    done = cli("post", env=live, code=1)
    (line,) = done.complaint()
    assert line.startswith(f"{slot}: due, and not sent: its posts are not read back yet: X: ")
    assert x.posts == []
    x.faults.clear()
    cli("post", env=live)
    assert states(cli) == {slot: "posted"}


def test_with_no_account_left_it_ends_as_before(cli: Cli, live: dict[str, str], site: Path) -> None:
    with_french(site)
    without = {name: value for name, value in live.items() if name not in NAMES}
    for command in ("post", "run"):
        said = cli(command, env=without, code=2).err
        assert "FR_API_KEY" in said
        assert "not set, and without them account 'fr' can't post" in said


@pytest.mark.parametrize("command", ["post", "run"])
def test_where_no_account_has_its_keys_somebody_hears_of_it_once(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path, command: str
) -> None:
    """As of any other trouble, however often it is started again."""
    slot = due(site)
    with Listener() as listener:
        told = live | {"ALERT_URL": listener.url}
        without = {name: value for name, value in told.items() if name not in NAMES}
        for _ in range(2):
            cli(command, env=without, code=2)
        (alert,) = listener.alerts()
        assert (alert["event"], alert["stage"], alert["account"]) == ("keys", "begun", "x")
        cli("post", env=told)
        (over,) = listener.alerts()
        assert (over["id"], over["stage"]) == (alert["id"], "over")
    assert states(cli)[slot] == "posted"


def test_an_account_that_is_left_out_is_told_of_at_once(
    cli: Cli, live: dict[str, str], site: Path
) -> None:
    """It posted, an edit broke its schedule, and its next slot is tomorrow."""
    campaign = site / CAMPAIGN
    more = '[accounts.m]\nnetwork = "x"\nlanguage = "fr"\n[accounts.m.schedule]\ntimes = ["25:00"]'
    campaign.write_text(f"{campaign.read_text('utf-8')}\n{more}\n")
    at = datetime.now(UTC) + timedelta(days=1)
    ledger = SqliteLedger(f"{site}/bot.sqlite3")
    ledger.migrate()
    ledger.note_plan("m", PlanNote("c", "s", at, at, at + timedelta(hours=1)))
    ledger.close()
    with Listener() as listener:
        for _ in range(2):
            cli("post", env={**live, "ALERT_URL": listener.url}, code=None)
        (alert,) = listener.alerts()
    assert (alert["event"], alert["account"], alert["stage"]) == ("lost", "m", "begun")
    assert "an error in campaign.toml leaves the account out" in alert["message"]
