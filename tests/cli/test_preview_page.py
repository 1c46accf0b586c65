"""`bot preview --html`, and which options go with it and with `--serve`."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def articles(page: Path) -> list[str]:
    return re.findall(r'<article [^>]*data-account="(\w+)"', page.read_text("utf-8"))


def test_the_page_has_the_posts_that_the_options_mean(site: Path, cli: Cli) -> None:
    done = cli("preview", "--html", "posts.html", "--count", "3", "--account", "x")
    assert done.out == "3 posts in posts.html: open it in a browser.\n"
    assert articles(site / "posts.html") == ["x"] * 3
    cli("preview", "--html", "posts.html", "--days", "1", "--from", "2026-12-01")
    page = (site / "posts.html").read_text("utf-8")
    assert len(articles(site / "posts.html")) == 24
    assert "Tue 1 Dec 2026, 23:00" in page
    assert '<details class="why">' in page
    assert {path.name for path in site.iterdir()} == {
        *("messages", "media", "posts.html", "posts-media")
    }


def test_explain_opens_why_each_was_drawn(site: Path, cli: Cli) -> None:
    cli("preview", "--html", "posts.html", "--count", "2", "--explain")
    assert (site / "posts.html").read_text("utf-8").count('<details class="why" open>') == 2


def test_the_page_shows_what_json_says(site: Path, cli: Cli) -> None:
    options = ("--count", "20", "--from", "2026-12-01")
    cli("preview", "--html", "posts.html", *options)
    page = (site / "posts.html").read_text("utf-8")
    said = re.sub(r"<[^>]+>", "", page).replace("&#39;", "'").replace("&#34;", '"')
    for post in cli("preview", "--json", *options).json():
        if post["text"] is not None:
            assert post["text"] in said


def test_the_page_and_every_preview_name_the_same_as_left_out(site: Path, cli: Cli) -> None:
    file = site / "messages/templates/demand.txt"
    file.write_text(file.read_text("utf-8") + "And so on. " * 25, "utf-8")
    told = cli("preview", "--count", "1", code=1).err
    assert "Left out: messages/templates/demand.txt" in told
    assert cli("preview", "--count", "1", "--json", code=1).err == told
    assert cli("preview", "--count", "1", "--html", "posts.html", code=1).err == told
    assert "The template is too long by" in (site / "posts.html").read_text("utf-8")


@pytest.mark.parametrize("file", ["none/posts.html", "messages"])
def test_a_file_that_can_not_be_written_is_told(site: Path, cli: Cli, file: str) -> None:
    done = cli("preview", "--html", file, "--count", "1", code=2)
    first, second = done.complaint()
    assert first.startswith(f"Error: {file} can't be written: ")
    assert "Name a file" in second


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (".", "it is a folder"),
        ("..", "it is a folder"),
        ("/", "it is a folder"),
        ("pages/", "it is a folder"),
        ("", "needs the name of a file"),
        ("device", "it is no ordinary file"),
        ("pipe", "it is no ordinary file"),
        ("link", "it is no ordinary file"),
    ],
)
def test_what_is_no_file_is_neither_written_nor_replaced(
    site: Path, cli: Cli, file: str, why: str
) -> None:
    os.mkfifo(site / "pipe")
    (site / "link").symlink_to("pipe")
    try:  # never the host's own /dev/null: where this fails, it would be gone
        os.mknod(site / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:  # only root may
        os.mkfifo(site / "device")
    before = {path.name: path.lstat().st_mode for path in site.iterdir()}
    done = cli("preview", "--html", file, "--count", "1", code=2)
    first, second = done.complaint()
    assert why in first
    assert second == "Name a file: --html posts.html"
    assert {path.name: path.lstat().st_mode for path in site.iterdir()} == before


def test_a_link_to_a_page_stays_a_link(site: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "there.html").write_text("old")
    (site / "posts.html").symlink_to(tmp_path / "there.html")
    cli("preview", "--html", "posts.html", "--count", "1")
    assert (site / "posts.html").is_symlink()
    assert articles(tmp_path / "there.html") == ["x"]


def test_what_has_errors_is_left_out_of_the_page_and_named(site: Path, cli: Cli) -> None:
    (site / "messages/templates/quote.txt").write_text("draws: quote\n")
    done = cli("preview", "--html", "posts.html", code=1)
    assert "Left out: messages/templates/quote.txt:1: " in done.err
    page = (site / "posts.html").read_text("utf-8")
    assert "What has an error is left out" in page
    assert page.count('<article class="post') == 10


def test_warnings_are_on_the_page(site: Path, cli: Cli) -> None:
    (site / "messages/templates/notes.md").write_text("left over")
    cli("preview", "--html", "posts.html", "--count", "1")
    assert "messages/templates/notes.md" in (site / "posts.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--json", "--html", "x.html"], "--json and --html don't go together."),
        (["--html", "x.html", "--serve"], "--html and --serve don't go together."),
        (["--port", "8000"], "--port says where to serve."),
        (["--html"], "--html"),
        (["--serve", "--port", "0"], "--port"),
    ],
)
def test_options_that_make_no_sense_together(
    site: Path,
    cli: Cli,
    options: list[str],
    said: str,
) -> None:
    assert said in cli("preview", *options, code=2).err
    assert {path.name for path in site.iterdir()} == {"messages", "media"}
