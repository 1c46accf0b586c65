"""`bot preview`: exactly the coming posts, and nothing of the world is changed or asked."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Attachment, Post, Slot
from bot.ledger import open_ledger
from bot.planning import Planned
from bot.preview.terminal import card, shortened
from tests.cli.conftest import CAMPAIGN, Cli
from tests.cli.terminal import on_terminal, plain
from tests.site import bot, environment

KEYS = [
    *("id", "account", "network", "slot", "text", "length", "limit", "template", "draws"),
    *("media", "cost_usd", "approved"),
]
"""What chapter 3 of the design promises, in its order."""

DECEMBER = ("--from", "2026-12-01")

FRENCH = '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n[accounts.x]'
"""An account that has nothing to say: the tiny campaign is in English."""


def rewrite(site: Path, old: str, new: str) -> None:
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (site / CAMPAIGN).write_text(text.replace(old, new), encoding="utf-8")


# -- JSON -------------------------------------------------------------------------------------


def test_the_shape_of_the_json(cli: Cli, site: Path) -> None:
    posts = cli("preview", "--json", "--count", "2", *DECEMBER).json()
    assert [list(post) for post in posts] == [KEYS, KEYS]
    first = posts[0]
    assert first["id"] == f"x/{first['slot']}" == "x/2026-11-30T23:00:00+00:00"
    assert (first["account"], first["network"], first["limit"]) == ("x", "x", 280)
    assert "#StandWithTheHarbour" in first["text"]
    assert 0 < first["length"] <= 280
    assert first["template"] in ("quote", "position", "demand", "fact", "frame")
    assert all("/" in name for name in first["draws"])
    picture = (site / "media/square.png").read_bytes()
    assert first["media"] == [
        {
            "path": "media/square.png",
            "alt": "The words: stand with the harbour.",
            "mime": "image/png",
            "bytes": len(picture),
            "sha256": hashlib.sha256(picture).hexdigest(),
        }
    ]
    assert list(first["media"][0]) == ["path", "alt", "mime", "bytes", "sha256"]
    assert first["cost_usd"] == 0.02
    assert first["approved"] is True


def test_no_post_is_an_empty_list(cli: Cli, site: Path) -> None:
    rewrite(site, 'every = "1h"', 'every = "1h"\nends = 2020-01-01')
    assert cli("preview", "--json").json() == []
    assert cli("preview", "--json").out == "[\n]\n"


def test_a_slot_without_anything_to_say(cli: Cli, site: Path) -> None:
    rewrite(site, "[accounts.x]", FRENCH)
    which = ("--count", "1", "--account", "fr", *DECEMBER)
    post = cli("preview", "--json", *which, code=1).json()[0]
    assert list(post) == KEYS
    assert (post["text"], post["template"], post["length"]) == (None, None, 0)
    assert (post["draws"], post["media"], post["cost_usd"]) == ([], [], 0.0)
    shown = cli("preview", *which, code=1).out
    assert "Nothing is left to draw: the slot will be missed." in shown


def test_without_sign_off_nothing_is_approved(cli: Cli, site: Path) -> None:
    rewrite(site, "[schedule]", "approval = true\n[schedule]\nstarts = 2026-01-01")
    posts = cli("preview", "--json", "--count", "2", *DECEMBER).json()
    assert [post["approved"] for post in posts] == [False, False]


def test_a_link_makes_a_post_dearer(cli: Cli) -> None:
    posts = cli("preview", "--json", "--days", "1", *DECEMBER).json()
    costs = {post["template"]: post["cost_usd"] for post in posts if post["text"]}
    assert costs["frame"] == 0.205
    assert costs["quote"] == 0.02


# -- which posts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ([], 10),
        (["--count", "3"], 3),
        (["--days", "1"], 24),
        (["--days", "1", "--count", "3"], 3),
        (["--days", "1", "--count", "100"], 24),
    ],
)
def test_how_many(cli: Cli, options: list[str], number: int) -> None:
    posts = cli("preview", "--json", *options, *DECEMBER).json()
    assert len(posts) == number
    slots = [post["slot"] for post in posts]
    assert slots == sorted(slots)


@pytest.mark.parametrize(
    ("begin", "first"),
    [
        ("2026-12-01", "2026-11-30T23:00:00+00:00"),
        ("2026-12-01T12:00", "2026-12-01T11:00:00+00:00"),
        ("2026-12-01T12:00:01", "2026-12-01T12:00:00+00:00"),
        ("2026-12-01T12:00+00:00", "2026-12-01T12:00:00+00:00"),
        ("2026-12-01T12:00Z", "2026-12-01T12:00:00+00:00"),
        ("2026-12-01 12:00", "2026-12-01T11:00:00+00:00"),
    ],
)
def test_from_when(cli: Cli, begin: str, first: str) -> None:
    posts = cli("preview", "--json", "--count", "1", "--from", begin).json()
    assert posts[0]["slot"] == first


def test_without_a_time_it_begins_now_or_at_the_start(cli: Cli, site: Path) -> None:
    before = datetime.now(UTC).isoformat()
    assert cli("preview", "--json", "--count", "1").json()[0]["slot"] > before[:13]
    rewrite(site, 'every = "1h"', 'every = "1h"\nstarts = 2030-01-01')
    assert cli("preview", "--json", "--count", "1").json()[0]["slot"].startswith("2029-12-31T23:00")


def test_several_accounts_by_slot_and_name(cli: Cli, site: Path) -> None:
    rewrite(site, "[accounts.x]", FRENCH)
    shown = cli("preview", "--json", "--count", "4", *DECEMBER, code=1)
    assert "`fr` has nothing to say in `fr`" in shown.err
    names = [post["account"] for post in shown.json()]
    assert names == ["fr", "x", "fr", "x"]
    json = ("preview", "--json", "--count", "4")
    only = cli(*json, "--account", "x", *DECEMBER, code=1).json()
    assert [post["account"] for post in only] == ["x"] * 4
    both = cli(*json, "--account", "x", "--account", "fr", *DECEMBER, code=1)
    assert [post["account"] for post in both.json()] == names


def test_a_schedule_that_is_over(cli: Cli, site: Path) -> None:
    rewrite(site, 'every = "1h"', 'every = "1h"\nends = 2020-01-01')
    assert "No post is coming: the schedule has no slot there." in cli("preview").out


def test_it_begins_after_what_the_ledger_says_went_before(
    cli: Cli, live: dict[str, str], site: Path
) -> None:
    cli("post", env=live)  # the history begins
    shown = cli("preview", "--json", "--count", "4").json()
    for expected in shown[:2]:
        cli("post", "--now", env=live)
        row = cli("log", "--json", "--last", "1").json()[0]
        assert {key: row[key] for key in ("id", "text", "template", "draws", "media")} == {
            key: expected[key] for key in ("id", "text", "template", "draws", "media")
        }
    assert cli("preview", "--json", "--count", "2").json() == shown[2:]
    later = cli("preview", "--json", "--count", "1", "--from", shown[3]["slot"]).json()
    assert later == shown[3:], "a time only says from when on they are shown"


def test_it_reads_the_ledger_of_the_settings(
    cli: Cli, live: dict[str, str], tmp_path: Path
) -> None:
    other = {**live, "DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3"}
    cli("post", env=other)
    cli("post", "--now", env=other)
    empty = cli("preview", "--json", "--count", "1").json()
    assert cli("preview", "--json", "--count", "1", env=other).json() != empty


def test_a_database_that_is_away(cli: Cli) -> None:
    pytest.importorskip("psycopg")
    away = {"DATABASE_URL": "postgresql://bot:correct-horse@127.0.0.1:1/bot"}
    done = cli("preview", env=away, code=1)
    assert done.out == ""
    assert "did not answer" in done.err
    assert "DATABASE_URL" in done.err
    assert "correct-horse" not in done.err


# -- for people -------------------------------------------------------------------------------


def read_back(shown: str) -> list[str]:
    """The texts of the posts, from what is shown of them."""
    texts: list[str] = []
    inside = False
    for line in shown.split("\n"):
        if line.startswith("  │ "):
            texts[-1:] = [f"{texts[-1]}\n{line[4:]}"] if inside else [*texts[-1:], line[4:]]
            inside = True
        elif line.startswith("  ↪ "):
            texts[-1] += line[4:]
        else:
            inside = False
    return texts


def test_a_pipe_gets_every_text_whole_and_no_drawing(cli: Cli) -> None:
    texts = [post["text"] for post in cli("preview", "--json", "--count", "5", *DECEMBER).json()]
    shown = cli("preview", "--count", "5", *DECEMBER).out
    assert read_back(shown) == texts
    for drawing in ("\x1b", "█", "░", "↪"):
        assert drawing not in shown
    assert "\n5 posts, $" in shown
    assert shown.startswith("Stand with the Harbour  times in Europe/Brussels\n")
    assert "Tue 1 Dec 2026, 00:00  x on X  " in shown


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_terminal_gets_every_text_whole_within_its_width(
    cli: Cli, site: Path, columns: int
) -> None:
    texts = [post["text"] for post in cli("preview", "--json", "--count", "5", *DECEMBER).json()]
    code, said = on_terminal(
        site, "preview", "--count", "5", *DECEMBER, env=environment(), columns=columns
    )
    assert code == 0
    assert "\x1b[" in said
    shown = plain(said)
    assert read_back(shown) == texts
    assert "█" in shown
    in_cards = [line for line in shown.split("\n") if line.startswith("  ")]
    assert all(len(line) <= columns for line in in_cards)
    assert "\x1b[2m    alt text  The words" in said, "whole, and dim"


def test_what_is_explained(cli: Cli) -> None:
    plainly = cli("preview", "--count", "3", *DECEMBER).out
    explained = cli("preview", "--count", "3", "--explain", *DECEMBER).out
    assert plainly in "".join(
        line for line in explained.splitlines(keepends=True) if not is_reason(line)
    )
    reasons = [
        line.split(": ")[0].split()[-1] for line in explained.splitlines() if is_reason(line)
    ]
    assert reasons == ["passage", "statement", "kind", "speaker", "template", "picture"] * 3
    with_json = cli("preview", "--json", "--count", "3", "--explain", *DECEMBER).out
    assert with_json == cli("preview", "--json", "--count", "3", *DECEMBER).out


def is_reason(line: str) -> bool:
    return line.startswith(("    why       ", "              "))


def planned(text: str, **changes: Any) -> Planned:
    at = datetime(2026, 12, 1, 11, tzinfo=UTC)
    picture = Attachment("media/a.png", "What it shows", "image/png", 1_234_567, "a" * 64)
    whole = Planned(
        slot=Slot(at, "x", at, at),
        network="x",
        limit=280,
        post=Post(text, (picture,)),
        template="t",
        draws=("a/b", "a/c"),
        length=len(text),
        cost=0.02,
    )
    return whole._replace(**changes)


LINES = st.lists(st.text(st.sampled_from("ab é–“”🙂 \u00a0-"), max_size=60), min_size=1, max_size=5)


@given(LINES, st.integers(30, 80))
def test_no_character_is_lost_or_added_by_breaking_lines(lines: list[str], width: int) -> None:
    text = "\n".join(lines)
    shown = list(card(planned(text), ZoneInfo("UTC"), width, explain=False))
    assert read_back("\n".join(plain(line) for line in shown)) == [text]
    broken = [plain(line) for line in shown if "│" in line or "↪" in line]
    assert all(len(line.rstrip(" ")) <= width for line in broken)


def test_a_card() -> None:
    lines = [
        plain(line) for line in card(planned("One\n\ntwo"), ZoneInfo("UTC"), None, explain=True)
    ]
    assert lines == [
        "Tue 1 Dec 2026, 11:00  x on X  8/280  $0.020",
        "  │ One",
        "  │ ",
        "  │ two",
        "    picture   media/a.png (image/png, 1.2 MB)",
        "    alt text  What it shows",
        "    template  t",
        "    draws     a/b, a/c",
    ]


@pytest.mark.parametrize(
    ("length", "gauge"), [(0, "░" * 10), (140, "█" * 5 + "░" * 5), (280, "█" * 10), (999, "█" * 10)]
)
def test_the_gauge_and_what_costs_nothing(length: int, gauge: str) -> None:
    free = planned("x", length=length, cost=0.0, network="elsewhere")
    (heading, *_) = card(free, ZoneInfo("Asia/Tokyo"), 80, explain=False)
    assert plain(heading) == f"Tue 1 Dec 2026, 20:00  x on elsewhere  {gauge} {length}/280"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("one two", 10, "one two"),
        ("one\n\ntwo  three", 30, "one two three"),
        ("one two three", 9, "one two …"),
        ("one two three", 8, "one …"),
        ("", 8, ""),
    ],
)
def test_shortened(text: str, most: int, expected: str) -> None:
    assert shortened(text, most) == expected


# -- what it leaves alone ---------------------------------------------------------------------


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder with its size, mode and time of change."""
    paths = [folder, *sorted(folder.rglob("*"))]
    stats = {str(path): path.lstat() for path in paths}
    return {name: (each.st_size, each.st_mode, each.st_mtime_ns) for name, each in stats.items()}


WATCHED = """
import os, sys
seen, armed = [], True
def hook(event, args):
    if not armed:
        return
    if event == "open" and args[0] != os.devnull:
        mode, flags = args[1] or "", args[2] or 0
        if set(mode) & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            seen.append(f"{event} {args}")
    elif event == "sqlite3.connect" and args[0] != ":memory:" and "mode=ro" not in str(args[0]):
        seen.append(f"{event} {args}")
    elif event.startswith(("socket.", "subprocess.", "ftplib.", "urllib.")):
        seen.append(f"{event} {args}")
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.truncate",
                   "os.utime", "os.link", "os.symlink", "os.system", "os.exec", "os.fork"):
        seen.append(f"{event} {args}")
sys.addaudithook(hook)
sys.dont_write_bytecode = True
from bot.__main__ import main
code = main(sys.argv[1:])
armed = False
sys.stderr.write("\\n".join(seen))
sys.exit(code)
"""
"""Runs a command, and tells of every file it opens to write and every socket it makes."""


def watched(site: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        cwd=site,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr


@contextmanager
def readonly(folder: Path) -> Iterator[None]:
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


PREVIEWS = [
    ["preview"],
    ["preview", "--json", "--count", "2"],
    ["preview", "--explain", "--days", "2"],
]


@pytest.mark.parametrize("arguments", PREVIEWS, ids=" ".join)
def test_it_writes_nothing_and_opens_no_socket(
    cli: Cli, live: dict[str, str], site: Path, arguments: list[str]
) -> None:
    for step in ("no ledger", "a ledger", "a ledger in use"):
        with readonly(site):
            before = snapshot(site)
            assert watched(site, *arguments) == (0, ""), step
            assert snapshot(site) == before, step
        if step == "no ledger":
            cli("post", env=live)
            cli("post", "--now", env=live)
            continue
        in_use = open_ledger(f"sqlite:///{site}/bot.sqlite3")
        try:
            in_use.pause()
            names = set(snapshot(site))
            assert watched(site, *arguments) == (0, "")
            assert set(snapshot(site)) == names
        finally:
            in_use.close()
        break


def test_the_watch_would_see_it(cli: Cli, site: Path) -> None:
    """Or the test above proves nothing."""
    code, seen = watched(site, "migrate")
    assert code == 0
    assert "open (" in seen
    assert "sqlite3.connect" in seen


def test_it_needs_no_credentials_and_no_network(cli: Cli, live: dict[str, str], x: Any) -> None:
    without = cli("preview", "--json", "--count", "3", *DECEMBER).out
    assert cli("preview", "--json", "--count", "3", *DECEMBER, env=live).out == without
    assert x.requests == []


def test_it_is_the_same_twice_and_in_another_process(cli: Cli, site: Path) -> None:
    here = cli("preview", "--json", "--days", "3", *DECEMBER).out
    assert cli("preview", "--json", "--days", "3", *DECEMBER).out == here
    env = environment(PYTHONHASHSEED="3", TZ="Pacific/Kiritimati")
    assert bot(site, "preview", "--json", "--days", "3", *DECEMBER, env=env).stdout == here
    assert json.loads(here)
