"""`log`, `status`, `resolve`, `pause`, `resume` and `migrate`: what the ledger tells and takes."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.ledger.base import Halt, PlanNote, Row, Trouble
from bot.ledger.sqlite import SqliteLedger
from tests.cli.book import HOUR, Book
from tests.cli.conftest import CAMPAIGN, Cli
from tests.cli.terminal import on_terminal, plain
from tests.fake_x import FakeX
from tests.site import environment

KEYS = [
    *("id", "account", "network", "slot", "state", "reason", "attempts"),
    *("text", "template", "draws", "media", "remote_id", "url", "claimed_at", "finished_at"),
]
"""What chapter 3 of the design promises of a row, in its order."""

FRENCH = '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n[accounts.x]'


def rewrite(site: Path, old: str, new: str) -> None:
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (site / CAMPAIGN).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def book(site: Path) -> Book:
    return Book(site)


# -- log --------------------------------------------------------------------------------------


def test_the_shape_of_the_log(cli: Cli, book: Book) -> None:
    posted = book.posted()
    book.missed()
    birth, first, second = cli("log", "--json").json()
    assert [list(row) for row in (birth, first, second)] == [KEYS] * 3
    assert (birth["state"], birth["reason"], birth["attempts"]) == ("missed", "birth", 0)
    assert [birth[key] for key in ("text", "template", "draws", "media")] == [None] * 4
    assert first["id"] == posted.id == f"x/{first['slot']}"
    assert (first["state"], first["attempts"], first["remote_id"]) == ("posted", 1, "1001")
    assert first["url"] == "https://x.com/i/web/status/1001"
    assert first["text"] == posted.text
    assert isinstance(first["draws"], list)
    assert list(first["media"][0]) == ["path", "alt", "mime", "bytes", "sha256"]
    assert (second["state"], second["reason"], second["remote_id"]) == ("missed", "late", None)
    assert [row["slot"] for row in (birth, first, second)] == sorted(
        row["slot"] for row in (birth, first, second)
    )


@pytest.mark.parametrize("there", [False, True])
def test_a_log_without_rows(cli: Cli, site: Path, there: bool) -> None:
    if there:
        cli("migrate")
    assert cli("log", "--json").json() == []
    assert cli("log", "--csv").out == ",".join(f'"{key}"' for key in KEYS) + "\n"
    assert cli("log").out == "slot\taccount\tstate\ttries\twhat became of it\n"
    code, said = on_terminal(site, "log", env=environment())
    assert (code, said) == (0, "The ledger has no rows yet.\n")
    assert (site / "bot.sqlite3").exists() == there


def test_a_pipe_gets_a_line_a_row(cli: Cli, book: Book) -> None:
    posted, held, failed = book.posted(), book.held("no\tanswer"), book.failed("It is over.")
    birth, *lines = [line.split("\t") for line in cli("log").out.splitlines()[1:]]
    assert birth[1:] == ["x", "missed", "0", "birth"]
    assert [line[0] for line in lines] == [
        f"{row.slot:%Y-%m-%d %H:%M:%S}Z" for row in (posted, held, failed)
    ]
    assert [line[1:4] for line in lines] == [
        ["x", state, "1"] for state in ("posted", "held", "failed")
    ]
    assert lines[0][4] == posted.url
    assert lines[1][4].startswith("no answer: ")
    assert lines[2][4].startswith("It is over: ")
    assert lines[1][4].endswith(" …")
    assert held.text is not None
    said = lines[1][4].removeprefix("no answer: ").removesuffix(" …")
    assert " ".join(held.text.split()).startswith(said)


FORMULAS = [
    "\n=1",
    "＝1+1",
    "＠SUM(A1)",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("https://example.org")',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_is_never_taken_for_a_formula(cli: Cli, book: Book, text: str) -> None:
    book.posted(text=text)
    book.failed(text)
    _, posted, failed = csv.DictReader(io.StringIO(cli("log", "--csv").out, newline=""))
    assert posted["text"] == "'" + text
    assert failed["reason"] == "'" + text


def test_a_cell_that_begins_no_formula_stays_as_it_is(cli: Cli, book: Book) -> None:
    for text in (":1", "“=1”", "1-1", "a@b"):
        book.posted(text, text=text)
    _, *found = csv.DictReader(io.StringIO(cli("log", "--csv").out, newline=""))
    assert [row["text"] for row in found] == [":1", "“=1”", "1-1", "a@b"]


def test_a_mark_for_excel(cli: Cli, book: Book) -> None:
    book.posted(text="“régime”")
    plain, marked = cli("log", "--csv").out, cli("log", "--csv", "--bom").out
    assert not plain.startswith("\ufeff")
    assert marked == "\ufeff" + plain
    assert "Add --csv" in cli("log", "--bom", code=2).err


def test_the_log_for_spreadsheets(cli: Cli, book: Book) -> None:
    rows = [book.posted(), book.posted("1002", 'Two\nlines, “so” "to" say'), book.held()]
    found = list(csv.DictReader(io.StringIO(cli("log", "--csv").out, newline="")))
    assert list(found[0]) == KEYS
    assert found[0]["text"] == ""
    for cells, row in zip(found[1:], rows, strict=True):
        assert cells["id"] == row.id
        assert cells["text"] == row.text
        assert cells["draws"] == " ".join(row.draws or ())
        assert cells["media"] == "media/square.png"
        assert cells["attempts"] == "1"


def ids(cli: Cli, *options: str) -> list[str]:
    return [row["id"] for row in cli("log", "--json", *options).json()]


def test_the_log_of_some_accounts(cli: Cli, site: Path, book: Book) -> None:
    old = book.posted()
    ledger = book.ledger()
    birth = ledger.begin("z", "x")
    ledger.close()
    new = book.posted("1002")
    assert ids(cli) == [*ids(cli)[:1], old.id, birth.id, new.id]
    assert ids(cli, "--account", "z") == [birth.id]
    assert ids(cli, "--account", "x")[1:] == [old.id, new.id]
    both = ("--account", "z", "--account", "x")
    assert ids(cli, *both) == ids(cli)
    assert ids(cli, "--last", "1") == [new.id]
    assert ids(cli, "--last", "1", "--account", "z") == [birth.id], "its own newest"
    assert ids(cli, "--last", "2", *both) == [birth.id, new.id]
    rewrite(site, "[accounts.x]", FRENCH)
    assert ids(cli, "--account", "fr") == [], "the campaign knows it, the ledger does not yet"
    done = cli("log", "--account", "y", code=2)
    assert "There is no account `y`." in done.err
    assert "There are: fr, x, z." in done.err


def test_the_log_can_be_read_whatever_state_the_content_is_in(
    cli: Cli, site: Path, book: Book
) -> None:
    row = book.posted()
    (site / CAMPAIGN).write_text("=")
    assert ids(cli, "--account", "x")[1:] == [row.id]
    assert "There are: x." in cli("log", "--account", "y", code=2).err


def test_on_a_terminal_nothing_of_the_log_is_cut(cli: Cli, site: Path, book: Book) -> None:
    posted = book.posted("1892345678901234567")
    book.held("not found, but the worker that sent it may be alive")
    _, said = on_terminal(site, "log", env=environment(), columns=80)
    lines = plain(said).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert any(line.startswith(f"{posted.slot:%Y-%m-%d %H:%M:%S}Z   x ") for line in lines)
    assert posted.url is not None
    column = lines[0].index("what became of it")
    assert posted.url in "".join(line[column:].strip() for line in lines)
    assert "\x1b[32mposted" in said
    assert "\x1b[1;31mheld" in said


# -- status -----------------------------------------------------------------------------------


def test_before_anything_happened(cli: Cli, site: Path) -> None:
    said = cli("status").out.splitlines()
    assert said[:3] == [
        "Stand with the Harbour",
        "DRY RUN: from here nothing is posted (DRY_RUN is not false).",
        "Ledger: bot.sqlite3",
    ]
    assert "x on x: no rows yet" in said
    assert said[-2:] == ["No worker is running; `bot post` needs none.", "Nothing needs a person."]
    assert not (site / "bot.sqlite3").exists()
    found = cli("status", "--json").json()
    assert (found["mode"], found["paused"], found["workers"]) == ("dry run", None, [])
    assert found["needs_a_person"] == []


def test_live_is_said_too(cli: Cli) -> None:
    said = cli("status", env={"DRY_RUN": "false"}).out
    assert "Live: posts go out." in said
    assert "DRY RUN" not in said
    assert cli("status", "--json", env={"DRY_RUN": "false"}).json()["mode"] == "live"


def test_what_went_last_and_what_comes_next(cli: Cli, book: Book) -> None:
    posted = book.posted()
    book.missed()
    next_post = cli("preview", "--json", "--count", "1").json()[0]
    found = cli("status", "--json", code=1).json()["accounts"][0]
    assert found["last"]["id"] == posted.id
    assert found["next"] == next_post
    assert found["counts"] == {"posted": 1, "missed": 2}
    said = cli("status", code=1).out
    assert "x on x: 2 missed, 1 posted" in said
    assert f"        {posted.url}\n" in said
    (line,) = [line for line in said.splitlines() if line.startswith("  next  ")]
    assert line.endswith((" CET", " CEST"))


def test_what_is_open_is_no_persons_business_yet(cli: Cli, site: Path) -> None:
    row = Book(site, ago=HOUR).unknown()
    said = cli("status").out
    assert f"  open  {row.id}: unknown\n        X: it may have been posted\n" in said
    assert [each["id"] for each in cli("status", "--json").json()["accounts"][0]["open"]] == [
        row.id
    ]


def test_a_held_post_needs_a_person(cli: Cli, book: Book, site: Path) -> None:
    row = book.held()
    found = cli("status", "--json", code=1).json()["needs_a_person"]
    assert [(each["id"], each["state"], each["reason"]) for each in found] == [
        (row.id, "held", "the doubt is too old")
    ]
    said = cli("status", code=1).out
    assert "Needs a person (1):" in said
    for option in ("--posted URL", "--retry", "--drop"):
        assert option in said
    code, seen = on_terminal(site, "status", env=environment(), columns=80)
    assert code == 1
    shown = plain(seen).splitlines()
    assert all(len(line) <= 80 for line in shown)
    assert any(f"bot resolve {row.id}" in line for line in shown), "it can be copied as it stands"


@pytest.mark.parametrize("state", ["failed", "lost"])
def test_a_lost_post_needs_a_person_until_one_goes_out(cli: Cli, site: Path, state: str) -> None:
    book = Book(site, ago=300 * HOUR)
    if state == "failed":
        book.failed("X: refused: 400")
    else:
        book.missed("late: X: not sent: no connection")
    (need,) = cli("status", "--json", code=1).json()["needs_a_person"]
    newest = cli("log", "--json").json()[-1]
    assert (need["id"], need["state"], need["since"]) == (newest["id"], state, newest["slot"])
    assert need["reason"] == (
        f"{newest['id']} was not posted: "
        + ("X: refused: 400" if state == "failed" else "X: not sent: no connection")
    )
    assert "Nothing needs a person" not in cli("status", code=1).out
    book.posted()
    assert cli("status", "--json").json()["needs_a_person"] == []


def test_the_content_that_is_posted_from_may_be_another(cli: Cli, site: Path, book: Book) -> None:
    book.posted()
    assert cli("status", "--json").json()["accounts"][0]["other_content"] is False
    ledger = book.ledger()
    ledger.note_plan("x", PlanNote("other", "s", datetime.now(UTC)))
    ledger.close()
    assert cli("status", "--json").json()["accounts"][0]["other_content"] is True
    assert "The content here is not what x was last posted from" in cli("status").out


@pytest.mark.parametrize(
    ("seconds", "code"), [(-3600, 1), (60, 0), (120, 1), (26 * 3600, 1), (10 * 24 * 3600, 1)]
)
def test_a_worker_that_fell_silent_needs_a_person(
    cli: Cli, site: Path, seconds: int, code: int
) -> None:
    then = datetime.now(UTC) - timedelta(seconds=seconds)
    ledger = SqliteLedger(f"{site}/bot.sqlite3", clock=lambda: then)
    ledger.migrate()
    ledger.beat("host:7/x", {"mode": "live", "account": "x"})
    ledger.close()
    found = cli("status", "--json", code=code).json()
    assert [(each["worker"], each["alive"], each["mode"]) for each in found["workers"]] == [
        ("host:7/x", code == 0, "live")
    ]
    said = cli("status", code=code).out
    assert f"Worker host:7/x: {'silent' if code else 'alive'}, live, heard of 20" in said
    assert ("It ended without saying so." in said) == bool(code)


def test_a_pause_is_said_with_its_reason_and_needs_a_person(cli: Cli) -> None:
    cli("pause", "--why", "Waiting for the board", "--by", "Ada Example")
    said = cli("status", code=1).out
    assert "PAUSED since " in said
    assert said.count("Waiting for the board") == said.count("Ada Example") == 1
    assert (
        "        Everything is paused by Ada Example: Waiting for the board\n"
        "        Nothing is posted until `bot resume`.\n"
    ) in said
    found = cli("status", "--json", code=1).json()
    assert found["paused"]["why"] == "Waiting for the board"
    assert found["paused"]["who"] == "Ada Example"
    (need,) = found["needs_a_person"]
    assert (need["id"], need["state"], need["since"]) == (
        "pause",
        "paused",
        found["paused"]["since"],
    )
    cli("resume")
    assert "PAUSED" not in cli("status").out
    cli("pause")
    (line,) = [line for line in cli("status", code=1).out.splitlines() if "PAUSED" in line]
    assert re.search(r"^PAUSED since 20.* CES?T; see below\.$", line)


def test_one_account_is_paused_and_resumed(cli: Cli, site: Path) -> None:
    rewrite(site, "[accounts.x]", FRENCH)
    said = cli("pause", "--account", "fr", "--why", "On strike", "--by", "Ada").out
    assert said == "Paused. `bot resume` lifts it.\n"
    found = cli("status", "--json", code=1).json()
    assert found["paused"] is None
    halted = {each["account"]: each["halted"] for each in found["accounts"]}
    assert halted["x"] is None
    assert (halted["fr"]["why"], halted["fr"]["person"]) == ("paused by Ada: On strike", True)
    assert "PAUSED: fr, since " in cli("status", code=1).out
    cli("pause")
    said = cli("resume", "--account", "fr").out
    assert said == "Resumed. No longer halted: fr. All accounts are still paused.\n"
    assert cli("resume", "--account", "x").out == "Resumed. All accounts are still paused.\n"
    assert cli("resume").out == "Resumed.\n"
    for command in ("pause", "resume"):
        assert "There is no account `y`." in cli(command, "--account", "y", code=2).err


def test_no_word_of_a_halt_is_broken_or_said_twice_on_a_terminal(cli: Cli, site: Path) -> None:
    why = "X: not sent: posting: 403 Forbidden: You are not permitted to perform this action"
    ledger = SqliteLedger(f"{site}/bot.sqlite3")
    ledger.migrate()
    ledger.halt("x", Halt(datetime.now(UTC), why, "Log in at x.com.", token="t"))
    ledger.close()
    _, seen = on_terminal(site, "status", env=environment(), columns=80)
    lines = plain(seen).splitlines()
    assert any(line.startswith("HALTED: x, since ") for line in lines)
    assert all(len(line) <= 80 for line in lines if line[:8] in ("HALTED: ", " " * 8))
    assert " ".join(" ".join(lines).split()).count(why) == 1


def test_what_comes_next_is_still_to_come_where_the_campaign_began_long_ago(
    cli: Cli, site: Path
) -> None:
    rewrite(site, 'every = "1h"', 'every = "1h"\nstarts = 2026-01-01T00:00:00Z')
    at = cli("status", "--json").json()["accounts"][0]["next"]["slot"]
    assert datetime.fromisoformat(at) > datetime.now(UTC) - HOUR


def test_an_account_that_is_left_out_is_said_to_be(cli: Cli, site: Path) -> None:
    more = '[accounts.m]\nnetwork = "x"\nlanguage = "fr"\n[accounts.m.schedule]\ntimes = ["25:00"]'
    (site / CAMPAIGN).write_text(f"{(site / CAMPAIGN).read_text('utf-8')}\n{more}\n")
    assert "\nm: left out for an error in campaign.toml; nothing" in cli("status", code=1).out
    assert cli("status", "--json", code=1).json()["idle"] == ["m"]
    done = cli("post", code=None, env={"LOG_FORMAT": "json"})
    assert [event["account"] for event in done.events() if event["event"] == "idle"] == ["m"]
    for command in ("post", "run", "preview", "approve"):
        said = cli(command, "--account", "m", code=2).err
        assert "The account `m` is left out for an error in messages/campaign.toml." in said
        assert "`bot check` says what it is" in said


def test_while_the_clock_is_wrong_it_is_not_said_that_no_worker_runs(cli: Cli, site: Path) -> None:
    ledger = SqliteLedger(f"{site}/bot.sqlite3")
    ledger.migrate()
    now = datetime.now(UTC)
    ledger.trouble_begun(Trouble("x", "clock", now, now, "the ledger's clock is a year ahead"))
    ledger.close()
    said = cli("status", code=1).out
    assert "No worker is running" not in said
    assert "While the clock is wrong no worker says that it lives" in said


def test_the_status_of_a_schedule_that_is_over(cli: Cli, site: Path) -> None:
    rewrite(site, 'every = "1h"', 'every = "1h"\nends = 2020-01-01')
    assert "  next  none: the schedule is over" in cli("status").out
    assert cli("status", "--json").json()["accounts"][0]["next"] is None


def test_the_status_of_an_account_with_nothing_to_say(cli: Cli, site: Path) -> None:
    rewrite(site, "[accounts.x]", FRENCH)
    said = cli("status", code=1).out
    assert "nothing is left to draw" in said
    assert "`fr` has nothing to say in `fr`" in said, "so somebody has to do something"


def test_a_database_that_is_away_is_told(cli: Cli) -> None:
    away = {"DATABASE_URL": "postgresql://bot:correct-horse@127.0.0.1:1/bot"}
    for command in (["status"], ["log"], ["pause"], ["resume"], ["migrate"]):
        done = cli(*command, env=away, code=1)
        first, second = done.complaint()
        assert first.startswith("Error: The ledger at postgresql://bot@127.0.0.1:1/bot did not")
        assert "DATABASE_URL" in second


# -- resolve ----------------------------------------------------------------------------------


def state_of(cli: Cli, row_id: str) -> dict[str, str]:
    (row,) = [row for row in cli("log", "--json").json() if row["id"] == row_id]
    return {key: row[key] for key in ("state", "reason", "remote_id", "url")}


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/i/web/status/1892345678901234567",
        "https://x.com/somebody/status/1892345678901234567?s=20",
        "https://twitter.com/somebody/status/1892345678901234567/photo/1",
        "http://127.0.0.1:8000/i/status/1892345678901234567/",
    ],
)
def test_a_held_post_that_is_there(cli: Cli, book: Book, url: str) -> None:
    row = book.held()
    said = cli("resolve", row.id, "--posted", url).out
    assert said == f"{row.id} is now posted.\n"
    assert state_of(cli, row.id) == {
        "state": "posted",
        "reason": "a person found it posted",
        "remote_id": "1892345678901234567",
        "url": url,
    }
    cli("status")


def test_a_held_post_that_is_dropped(cli: Cli, book: Book) -> None:
    row = book.held()
    assert cli("resolve", row.id, "--drop").out == f"{row.id} is now failed.\n"
    assert state_of(cli, row.id)["reason"] == "a person dropped it"


def test_a_held_post_that_is_sent_again(
    cli: Cli, book: Book, live: dict[str, str], x: FakeX
) -> None:
    row = book.held()
    said = cli("resolve", row.id, "--retry").out
    assert said == f"{row.id} is now retry. The worker, or the next `bot post`, sends it.\n"
    cli("post", env=live, code=1)  # what the ledger slept through is missed, and said to be
    assert state_of(cli, row.id)["state"] == "posted"
    assert [post.text for post in x.posts] == [row.text], "as it was frozen then"


def test_a_held_post_whose_words_were_withdrawn_is_not_sent_again(
    cli: Cli, book: Book, site: Path, live: dict[str, str], x: FakeX
) -> None:
    row = book.held()
    (body,) = (site / "messages/templates").glob(f"{row.template}.txt")
    body.write_text(body.read_text(encoding="utf-8").replace("{{ hashtag }}", "Act. {{ hashtag }}"))
    done = cli("resolve", row.id, "--retry", code=2)
    assert f"`{row.id}` is not sent again: the content no longer makes this post" in done.err
    assert f"template `{row.template}`" in done.err
    assert "--posted URL or --drop" in done.err
    assert state_of(cli, row.id)["state"] == "held"
    cli("resolve", row.id, "--drop")
    assert x.posts == []


def test_the_id_may_be_written_in_any_zone(cli: Cli, book: Book) -> None:
    row = book.held()
    there = row.slot.astimezone(UTC) + timedelta(hours=5, minutes=30)
    cli("resolve", f"x/{there:%Y-%m-%dT%H:%M:%S}+05:30", "--drop")
    assert state_of(cli, row.id)["state"] == "failed"


def test_a_post_is_another_slots(cli: Cli, book: Book) -> None:
    posted, held = book.posted("1001"), book.held()
    done = cli("resolve", held.id, "--posted", "https://x.com/i/status/1001", code=2)
    assert "that post is another slot's" in done.err
    assert state_of(cli, held.id)["state"] == "held"
    assert state_of(cli, posted.id)["state"] == "posted"


@pytest.mark.parametrize("options", [[], ["--retry", "--drop"], ["--drop", "--posted", "x"]])
def test_exactly_one_way_must_be_said(cli: Cli, book: Book, options: list[str]) -> None:
    row = book.held()
    done = cli("resolve", row.id, *options, code=2)
    assert "Say one of --posted URL, --retry and --drop." in done.err
    assert state_of(cli, row.id)["state"] == "held"


@pytest.mark.parametrize(
    "url",
    ["1892345678901234567", "ftp://x.com/i/status/1", "https://x.com/home", "https://x.com", ""],
)
def test_an_address_that_is_no_posts(cli: Cli, book: Book, url: str) -> None:
    row = book.held()
    done = cli("resolve", row.id, "--posted", url, code=2)
    assert f"`{url}` is not the address of a post." in done.err
    assert "https://x.com/i/status/123" in done.err
    assert state_of(cli, row.id)["state"] == "held"


@pytest.mark.parametrize(
    ("row_id", "why"),
    [
        ("x", "The ledger has no post `x`."),
        ("x/", "The ledger has no post `x/`."),
        ("x/2020-01-01", "The ledger has no post `x/2020-01-01`."),
        ("y/2020-01-01", "The ledger has no post `y/2020-01-01`."),
        ("x/noon", "`noon` is no date or time."),
    ],
)
def test_an_id_that_is_none(cli: Cli, book: Book, row_id: str, why: str) -> None:
    book.held()
    assert why in cli("resolve", row_id, "--drop", code=2).err


def test_what_is_not_held_can_not_be_settled(cli: Cli, book: Book) -> None:
    posted, unknown = book.posted(), book.unknown()
    for row in (posted, unknown):
        done = cli("resolve", row.id, "--drop", code=2)
        assert f"`{row.id}` is not held; it is {row.state}." in done.err
    assert "The program settles it" in done.err
    held = book.held()
    cli("resolve", held.id, "--drop")
    cli("resolve", held.id, "--drop", code=2)


def orphaned(site: Path, ago: timedelta) -> Row:
    """A row in doubt of an account that was taken out of the campaign."""
    row = Book(site, ago=ago).unknown()
    rewrite(site, "[accounts.x]", "[accounts.m]")
    return row


def test_what_a_removed_account_left_open_is_settled_by_a_person(cli: Cli, site: Path) -> None:
    row = orphaned(site, 48 * HOUR)
    (need,) = cli("status", "--json", code=1).json()["needs_a_person"]
    assert (need["id"], need["state"]) == (row.id, "unknown")
    assert "the campaign has no account `x` any more" in need["reason"]
    assert f"bot resolve {row.id} --posted URL" in need["fix"]
    assert "no account `x` any more" in cli("resolve", row.id, "--retry", code=2).err
    cli("resolve", row.id, "--drop", "--by", "Ada")
    assert state_of(cli, row.id)["state"] == "failed"
    assert cli("status", "--json").json()["needs_a_person"] == []


def test_what_may_still_settle_by_itself_is_not_a_persons(cli: Cli, site: Path) -> None:
    row = orphaned(site, HOUR)
    assert "its own times are not over" in cli("resolve", row.id, "--drop", code=2).err
    assert cli("status", "--json").json()["needs_a_person"] == []


def test_what_a_worker_still_lives_for_is_not_a_persons(cli: Cli, site: Path) -> None:
    row = orphaned(site, 48 * HOUR)
    ledger = SqliteLedger(f"{site}/bot.sqlite3")
    ledger.beat("host:7/x", {"account": "x"})
    ledger.close()
    assert "a worker still lives for `x`" in cli("resolve", row.id, "--drop", code=2).err
    assert cli("status", "--json").json()["needs_a_person"] == []
    assert state_of(cli, row.id)["state"] == "unknown"


# -- pause, resume, migrate -------------------------------------------------------------------


def test_a_pause_keeps_the_time_and_reason_of_the_first(cli: Cli) -> None:
    assert cli("pause", "--why", "one").out == "Paused. `bot resume` lifts it.\n"
    before = cli("status", "--json", code=1).json()["paused"]
    cli("pause", "--why", "two")
    assert cli("status", "--json", code=1).json()["paused"] == before
    assert before["why"] == "one"
    assert cli("resume").out == "Resumed.\n"
    assert cli("resume").out == "Resumed.\n"
    assert cli("status", "--json").json()["paused"] is None


def test_a_pause_stops_what_is_asked_for_by_hand_too(
    cli: Cli, live: dict[str, str], x: FakeX
) -> None:
    cli("pause")
    done = cli("post", "--now", env=live, code=1)
    assert any("paused; `bot resume` lifts it" in line for line in done.complaint())
    assert x.posts == []
    cli("resume")
    cli("post", "--now", env=live)
    assert len(x.posts) == 1


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_migrating_twice(cli: Cli, request: pytest.FixtureRequest, store: str) -> None:
    env = {}
    if store == "postgres":
        env["DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
    first = cli("migrate", env=env).out
    assert first.startswith("schema 1: ")
    second = cli("migrate", env=env).out
    assert second.startswith("Up to date: ")
    assert "correct-horse" not in first + second
    assert cli("log", "--json", env=env).json() == []
    assert cli("status", env=env).code == 0
    cli("pause", env=env)
    assert "PAUSED" in cli("status", env=env, code=1).out


def test_a_ledger_of_a_later_version_is_left_alone(cli: Cli, site: Path) -> None:
    cli("migrate")
    with closing(sqlite3.connect(site / "bot.sqlite3")) as db, db:
        changed = db.execute("UPDATE notes SET value = '99' WHERE key = 'schema'").rowcount
    assert changed == 1
    done = cli("migrate", code=1)
    assert "99" in done.err
    assert "newer" in done.err


# -- who did what -----------------------------------------------------------------------------


def test_the_audit_trail(cli: Cli, site: Path, book: Book) -> None:
    held, other = book.held(), book.held()
    cli("pause", "--why", "a meeting", "--by", "Ada")
    cli("resume", "--by", "Ben", "--why", "it is over")
    cli("pause", "--account", "x", "--by", "Ada")
    cli("resume", "--account", "x", "--by", "Ben")
    cli("resolve", held.id, "--drop", "--by", "Ada")
    cli("resolve", other.id, "--posted", "https://x.com/i/status/77", "--by", "Ben")
    trail = cli("log", "--audit", "--json").json()
    assert [list(each) for each in trail] == [["at", "who", "what", "about", "why"]] * len(trail)
    assert [(each["who"], each["what"], each["about"]) for each in trail] == [
        ("Ada", "pause", ""),
        ("Ben", "resume", ""),
        ("Ada", "halt", "x"),
        ("Ben", "unhalt", "x"),
        ("Ada", "resolve", held.id),
        ("Ben", "resolve", other.id),
    ]
    assert [each["why"] for each in trail[:3]] == ["a meeting", "it is over", "paused by Ada"]
    assert cli("log", "--audit", "--json", "--last", "2").json() == trail[-2:]
    assert cli("log", "--audit", "--account", "x", "--json").json() == trail
    table = cli("log", "--audit").out.splitlines()
    assert table[0] == "at\twho\twhat\tabout\twhy"
    assert len(table) == len(trail) + 1
    rows = list(csv.DictReader(io.StringIO(cli("log", "--audit", "--csv").out)))
    assert rows == trail


def test_on_a_terminal_the_trail_is_read_at_any_width(cli: Cli, site: Path, book: Book) -> None:
    held, why = book.held(), "We wait for what the board says of it, and longer if need be"
    cli("resolve", held.id, "--drop", "--by", "Ada Example of the Union of All Who Work")
    cli("pause", "--why", why, "--by", "Ben")
    _, seen = on_terminal(site, "log", "--audit", env=environment(), columns=60)
    first, dropped, second, *reason = plain(seen).splitlines()
    assert re.match(r"20\S+ \S+Z  Ada Example of the Union", first)
    assert f"resolve {held.id}" in first
    assert dropped == "        a person dropped it"
    assert second.endswith("Ben: pause")
    assert [" ".join(reason).split(), max(map(len, reason)) <= 60] == [why.split(), True]


def test_sign_offs_are_shown_along_with_the_trail(cli: Cli) -> None:
    cli("approve", "--count", "2", "--yes", "--by", "Cleo")
    cli("pause", "--by", "Ada")
    trail = cli("log", "--audit", "--json").json()
    assert sorted((each["who"], each["what"]) for each in trail) == [
        ("Ada", "pause"),
        ("Cleo", "approve"),
        ("Cleo", "approve"),
    ]
    signed = [each for each in trail if each["what"] == "approve"]
    assert all(each["about"].startswith("x/20") and each["why"] for each in signed)


def test_who_it_was_is_what_git_or_the_login_says(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cli.shared.own_name", lambda: "Own Name")
    cli("pause")
    cli("resume", "--by", "=HYPERLINK()")
    first, second = cli("log", "--audit", "--json").json()
    assert (first["who"], second["who"]) == ("Own Name", "=HYPERLINK()")
    assert "'=HYPERLINK()" in cli("log", "--audit", "--csv").out
    for name in ("", "a\x00b", "@someone", "x" * 101):
        done = cli("pause", "--by", name, code=2)
        assert "can't be a person's name" in done.err
    assert cli("status").code == 0


def test_a_halt_of_the_bots_own_is_in_the_trail(
    cli: Cli, live: dict[str, str], x: FakeX, site: Path
) -> None:
    x.faults.add("credits_depleted", match="POST /2/media/*", times=None)
    cli("post", "--now", env=live, code=1)
    (halt,) = cli("log", "--audit", "--json").json()
    assert (halt["who"], halt["what"], halt["about"]) == ("the bot", "halt", "x")
    assert "402" in halt["why"]


def test_what_an_error_in_the_campaign_costs_an_account_is_told(cli: Cli, site: Path) -> None:
    campaign = site / CAMPAIGN
    more = '[accounts.m]\nnetwork = "x"\nlanguage = "fr"\n[accounts.m.schedule]\ntimes = ["25:00"]'
    campaign.write_text(f"{campaign.read_text('utf-8')}\n{more}\n")
    ledger = SqliteLedger(f"{site}/bot.sqlite3")
    ledger.migrate()
    at = datetime.now(UTC) + timedelta(hours=2)
    ledger.note_plan("m", PlanNote("c", "s", at, at, at + timedelta(hours=1)))
    ledger.close()
    told = cli("status", "--json", code=1).json()["needs_a_person"]
    assert ("lost", True) in [(each["state"], "bot check" in each["fix"]) for each in told]
