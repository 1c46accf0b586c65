"""`bot new`: what it asks, what it takes for an answer; nothing is written before the end."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from bot import content
from bot.cli import bot as group
from bot.cli.new import WORDS
from bot.cli.shared import NETWORKS
from bot.domain import KINDS
from bot.errors import BotError
from tests.cli.conftest import CAMPAIGN, Cli
from tests.content.builder import FILES, SOURCES, changed, png
from tests.site import environment

DOCKERS = "messages/statements/dockers.toml"
MEDIA = "media/media.toml"
QUOTE = "messages/templates/quote.txt"

SAID = (
    "The whole harbour stands still today – and it’s not for the last time. Nobody here works "
    "alone, nobody here is paid alone, and nobody here will sign alone, whatever they are offered "
    "and whoever offers it to them, on this day or on any other day of this long year"
)

SOURCE = f"""{SOURCES["dockers.txt"]}

“{SAID},” said Jane Roe.

The Port Authority must open its books.
"""

Ask = Callable[..., Result]


def test_it_knows_every_kind() -> None:
    assert WORDS == KINDS


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "dockers.txt"
    file.write_text(SOURCE, encoding="utf-8")
    return file


@pytest.fixture
def ask(site: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs `bot new` with these answers in the site."""
    monkeypatch.chdir(site)

    def run(command: str, *answers: str, options: tuple[str, ...] = ()) -> Result:
        words = ["new", command, *options]
        return CliRunner().invoke(group, words, input="".join(f"{each}\n" for each in answers))

    return run


def read(site: Path, path: str) -> Any:
    return tomllib.loads((site / path).read_text(encoding="utf-8"))


def everything(site: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def words(*lines: str) -> tuple[str, ...]:
    return (*lines, "")


# -- words ----------------------------------------------------------------------------------------


def test_a_demand_is_added_at_the_end_and_all_else_stays(
    ask: Ask, site: Path, source: Path
) -> None:
    before = (site / DOCKERS).read_bytes()
    said = ask(
        *("demand", "dockers", *words("The Port Authority must", "open its books")),
        *("", "", "", "n", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    now = (site / DOCKERS).read_bytes()
    assert now.startswith(before)
    assert read(site, DOCKERS)["demands"]["the-port-authority"] == {
        "to": "the Port Authority",
        "text": "The Port Authority must open its books",
    }
    assert "This makes 1 post:" in said.output
    assert re.search(r"^demand  \d+/280$", said.output, re.MULTILINE)
    assert f"Next: bot verify {source}" in said.output
    assert content.read(site, known_networks=NETWORKS).problems == []


def test_words_that_are_not_there_are_asked_for_again(ask: Ask, site: Path, source: Path) -> None:
    said = ask(
        *("position", "dockers", *words("The right to strikes is a human right")),
        *(*words("The right to strike is a human right"), "", "strike", "n", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert f"{source} doesn't have this word for word" in said.output
    assert "The source has “… right to strike is …” where this has “… right to strikes is …”" in (
        said.output
    )
    position = {"text": "The right to strike is a human right"}
    assert read(site, DOCKERS)["positions"]["strike"] == position


def test_a_quote_must_be_speech_and_gets_the_marks_of_its_source(
    ask: Ask, site: Path, source: Path
) -> None:
    said = ask(
        *("quote", "dockers", *words("Twelve crew members were fined on Monday")),
        *words('"The whole harbour stands still today - and it\'s not for the last time"'),
        *("roe", "today", "n", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert "is not between quotation marks" in said.output
    assert "The quotation marks around it are left off" in said.output
    quote = read(site, DOCKERS)["quotes"]["today"]
    assert quote["text"] == "The whole harbour stands still today – and it’s not for the last time"


def test_what_is_too_long_needs_shorter_forms_until_every_post_fits(
    ask: Ask, site: Path, source: Path
) -> None:
    long = f"{SAID.partition(' on this day')[0]} …"
    short = f"{SAID.partition(', nobody here is paid')[0]} …"
    said = ask(
        *("quote", "dockers", *words(SAID), "roe", "alone", "n"),
        *words("The whole harbour stood still today …"),
        *words("The whole harbour stands still today"),
        *words(long),
        *words(long),
        *words(short),
        "y",
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert "2 of 2 posts would be too long; by `frame` it is" in said.output
    assert "a word that the text doesn't: `stood`" in said.output
    assert "ends in the middle of a sentence without saying so" in said.output
    assert "It is not shorter than the one before it" in said.output
    assert read(site, DOCKERS)["quotes"]["alone"]["short"] == [long, short]
    (warning,) = content.read(site, known_networks=NETWORKS).problems
    assert warning.what == "The `…` of a short form leaves out a negation: `nobody`"
    assert warning.what in said.output, "which only a person can judge"


def test_an_empty_short_form_leaves_it(ask: Ask, site: Path, source: Path) -> None:
    said = ask(
        *("quote", "dockers", *words(SAID), "roe", "alone", "n", "", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert "short" not in read(site, DOCKERS)["quotes"]["alone"]


def test_a_new_speaker_is_added_with_the_longest_name_first(
    ask: Ask, site: Path, source: Path
) -> None:
    said = ask(
        *("position", "dockers", *words("The right to strike is a human right"), "Pat Poe", "poe"),
        *words("Pat Poe", "Pat Poe, Treasurer"),
        *("strike", "n", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert "`Pat Poe` can't be a name" in said.output
    assert read(site, DOCKERS)["speakers"]["poe"]["as"] == ["Pat Poe, Treasurer", "Pat Poe"]
    assert read(site, DOCKERS)["positions"]["strike"]["by"] == "poe"


def test_a_name_that_is_taken_or_no_name(ask: Ask, site: Path, source: Path) -> None:
    said = ask(
        *("position", "dockers", *words("The right to strike is a human right"), ""),
        *("right", "The Right", "right-again", "n", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert "`right` is taken" in said.output
    assert "`The Right` can't be a name" in said.output
    assert "right-again" in read(site, DOCKERS)["positions"]


def test_what_is_sensitive_is_marked_and_makes_no_post(ask: Ask, site: Path, source: Path) -> None:
    said = ask(
        *("fact", "dockers", *words("Twelve crew members were fined on Monday"), "", "again"),
        *("y", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert read(site, DOCKERS)["facts"]["again"]["sensitive"] is True
    assert "No post is made of it yet" in said.output


def test_the_file_keeps_its_line_ends(ask: Ask, site: Path, source: Path) -> None:
    text = str(FILES[DOCKERS]).rstrip().replace("\n", "\r\n")
    (site / DOCKERS).write_bytes(text.encode())
    answers = ("dockers", *words("The right to strike is a human right"), "", "strike", "n", "y")
    assert ask("position", *answers, options=("--source", str(source))).exit_code == 0
    now = (site / DOCKERS).read_bytes().decode()
    assert now.startswith(text + "\r\n\r\n[positions.strike]\r\n")
    assert "\n" not in now.replace("\r\n", "")


def test_the_source_that_was_verified_is_remembered(
    ask: Ask, cli: Cli, site: Path, source: Path
) -> None:
    watch = source.with_name("port-watch.txt")
    watch.write_text(SOURCES["port-watch.txt"], encoding="utf-8")
    cli("verify", str(source), str(watch))
    (site / "sources").mkdir()
    source.rename(site / "sources/dockers.txt")
    said = ask("position", "dockers", *words("No such words"))
    assert "Its published text: sources/dockers.txt" in said.output
    assert "doesn't have this word for word" in said.output


def test_without_a_source_nothing_is_compared_and_that_is_said(ask: Ask, site: Path) -> None:
    said = ask("position", "dockers", "", *words("Whatever"), "", "whatever", "n", "y")
    assert said.exit_code == 0, said.output
    assert "Then nothing is compared now; `bot verify` will." in said.output
    assert "Next: bot verify SOURCE…" in said.output


@pytest.mark.parametrize(
    ("options", "what"), [(("--statement", "docker"), "no statement `docker`")]
)
def test_a_statement_that_is_not_there(ask: Ask, options: tuple[str, ...], what: str) -> None:
    said = ask("quote", options=options)
    assert isinstance(said.exception, BotError)
    assert what in str(said.exception)


def test_words_with_an_at_sign_or_none_at_all(ask: Ask, site: Path) -> None:
    said = ask(
        *("position", "dockers", "", *words(), *words("Ask @roe"), *words("Ask her")),
        *("", "ask", "n", "y"),
    )
    assert said.exit_code == 0, said.output
    assert "There are no words" in said.output
    assert "They hold an @mention" in said.output


# -- a statement, a template, a picture, a campaign -----------------------------------------------


def test_a_new_statement_with_two_passages(ask: Ask, site: Path, source: Path) -> None:
    said = ask(
        *("statement", "The Dockers", "June 2021", "english", "en", "dockers", "dockers-two"),
        *("position", *words("The right to strike is a human right"), "", "right", "n", "y"),
        *("demand", *words("The Port Authority must open its books"), "", "the Port", "right"),
        *("books", "n", "n", "y"),
        options=("--source", str(source)),
    )
    assert said.exit_code == 0, said.output
    assert "`english` is no code" in said.output
    assert said.output.count("is taken") == 2
    found = read(site, "messages/statements/dockers-two.toml")
    assert found == {
        "publisher": "The Dockers",
        "when": "June 2021",
        "language": "en",
        "positions": {"right": {"text": "The right to strike is a human right"}},
        "demands": {"books": {"to": "the Port", "text": "The Port Authority must open its books"}},
    }
    assert content.read(site, known_networks=NETWORKS).problems == []


def test_a_new_template_is_asked_for_until_it_is_right(ask: Ask, site: Path) -> None:
    said = ask(
        *("template", "qoute", "quote", "circle", "square", "quote", "quote-two"),
        *("{{ quote.bye }} {{ hashtag }}", "."),
        *("{{ quote }}", "", "{{ quote.by }}, {{ quote.when }} {{ hashtag }}", ".", "y"),
    )
    assert said.exit_code == 0, said.output
    assert "There is no `qoute`; did you mean `quote`?" in said.output
    assert "There is no `circle`" in said.output
    assert "`quote` has no `bye`; did you mean `by`?" in said.output
    assert re.search(r"^quote-two  \d+/280$", said.output, re.MULTILINE)
    text = (site / "messages/templates/quote-two.txt").read_text(encoding="utf-8")
    assert text == (
        "draws: quote\nattach: square\n---\n"
        "{{ quote }}\n\n{{ quote.by }}, {{ quote.when }} {{ hashtag }}\n"
    )
    assert content.read(site, known_networks=NETWORKS).problems == []


@pytest.mark.parametrize("draws", ["quote", "position", "demand", "fact", "fact, demand"])
def test_the_plain_template_is_right_for_each_kind(ask: Ask, site: Path, draws: str) -> None:
    said = ask("template", draws, "", "plain", ".", "y")
    assert said.exit_code == 0, said.output
    assert content.read(site, known_networks=NETWORKS).problems == []


def test_a_template_that_makes_too_long_posts_says_so(ask: Ask, site: Path) -> None:
    said = ask("template", "position", "", "long", "x " * 100, "{{ position }} {{ position.by }}"
               " {{ position.when }} {{ hashtag }}", ".", "n")  # fmt: skip
    assert said.exit_code == 1
    assert "2 of 2 posts would be too long" in said.output
    assert "Nothing was written." in said.output


def test_with_two_languages_the_template_has_one(ask: Ask, site: Path) -> None:
    text = (site / CAMPAIGN).read_text(encoding="utf-8")
    french = '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n[accounts.x]'
    (site / CAMPAIGN).write_text(text.replace("[accounts.x]", french), encoding="utf-8")
    said = ask("template", "quote", "", "fr", "citation", ".", "y")
    assert said.exit_code == 0, said.output
    assert "language: fr" in (site / "messages/templates/citation.txt").read_text(encoding="utf-8")
    (site / "media/round.png").write_bytes(png(900, 900))
    said = ask("picture", "round.png", "", *words("A circle."), *words("Un cercle."), "", "y")
    assert said.exit_code == 0, said.output
    assert read(site, MEDIA)["assets"]["round"]["alt"] == {"en": "A circle.", "fr": "Un cercle."}


def test_a_picture_is_described(ask: Ask, site: Path) -> None:
    (site / "media/round.png").write_bytes(png(900, 900))
    said = ask(
        *("picture", "rund.png", "round.png", "square", "round", *words(), *words("x" * 1001)),
        *(*words("A circle,", "empty."), "Drawn by us", "y"),
    )
    assert said.exit_code == 0, said.output
    assert "rund.png is missing\n    Put it into media/" in said.output
    assert "That is 1 characters over 1000" in said.output
    assert read(site, MEDIA)["assets"]["round"] == {
        "file": "round.png",
        "alt": "A circle, empty.",
        "credit": "Drawn by us",
    }
    assert (site / MEDIA).read_text(encoding="utf-8").startswith(str(FILES[MEDIA]))


def test_a_file_that_can_not_be_posted_is_refused_with_the_way_out(ask: Ask, site: Path) -> None:
    media = site / "media"
    (media / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (media / "empty.jpg").write_bytes(b"")
    Image.new("CMYK", (500, 500)).save(media / "print.jpg")
    (media / "half.png").write_bytes(png(900, 900)[:-30])
    (media / "round.png").write_bytes(png(900, 900))
    said = ask(
        *("picture", "phone.heic", "empty.jpg", "print.jpg", "half.png", "../x.png"),
        *("media/round.png", "round", *words("A circle."), "", "y"),
    )
    assert said.exit_code == 0, said.output
    for words_said in (
        "phone.heic is a HEIC picture, which networks don't take\n    Export it as JPEG",
        "empty.jpg is empty: 0 bytes\n    Copy or export it again.",
        "media/print.jpg has the colours of print (CMYK)",
        "as JPEG or PNG in RGB",
        "media/half.png is broken",
        "'../x.png' leads out of media/",
    ):
        assert words_said in said.output
    assert read(site, MEDIA)["assets"]["round"]["file"] == "round.png"


def test_a_picture_that_is_shown_badly_or_tells_much_is_taken_and_said(
    ask: Ask, site: Path
) -> None:
    noted = Image.Exif()
    noted.get_ifd(0x8825).update({1: "N", 2: (53.0, 54.0, 0.0)})
    Image.new("RGB", (60, 60)).save(site / "media/tiny.jpg", exif=noted)
    said = ask("picture", "tiny.jpg", "tiny", *words("A dot."), "", "y")
    assert said.exit_code == 0, said.output
    assert "media/tiny.jpg is small: 60 x 60 pixels; in a post it is a blur" in said.output
    assert "media/tiny.jpg tells more than it shows: the place" in said.output
    assert "Next: bot check --fix; then name it in a template's" in said.output


def test_a_campaign_is_asked_for_until_it_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers = ["Harbour", "Harbour", "Europe/Oslo", "no", "9 am", "Harbour", "#Harbour"]
    answers += ["Europe/Oslo", "no", "09:00, 18:00", "y"]
    said = CliRunner().invoke(group, ["new", "campaign"], input="\n".join(answers) + "\n")
    assert said.exit_code == 0, said.output
    assert "which is no hashtag" in said.output
    assert "Schedule:" in said.output
    found = read(tmp_path, CAMPAIGN)
    assert found["campaign"]["hashtag"] == "#Harbour"
    assert found["schedule"]["times"] == ["09:00", "18:00"]
    again = CliRunner().invoke(group, ["new", "campaign"])
    assert "There is a campaign here already" in str(again.exception)


@pytest.mark.parametrize(
    ("gone", "command", "what"),
    [
        (MEDIA, "template", "There is no picture yet."),
        (DOCKERS, "quote", "There is no statement yet."),
        (CAMPAIGN, "quote", f"There is no {CAMPAIGN} in"),
    ],
)
def test_what_must_be_there_first(ask: Ask, site: Path, gone: str, command: str, what: str) -> None:
    (site / gone).unlink()
    (site / "messages/statements/port-watch.toml").unlink()
    assert what in str(ask(command).exception)


# -- stopping -------------------------------------------------------------------------------------


QUOTING = ("quote", "dockers", "", *words("Some words"), "roe", "some", "n")


@pytest.mark.parametrize("count", range(1, len(QUOTING) + 1))
def test_whoever_stops_at_any_question_leaves_everything_as_it_was(
    ask: Ask, site: Path, count: int
) -> None:
    before = everything(site)
    said = ask(*QUOTING[:count])
    assert said.exit_code != 0
    assert everything(site) == before


def test_a_no_at_the_end_writes_nothing(ask: Ask, site: Path) -> None:
    before = everything(site)
    said = ask(*QUOTING, "n")
    assert said.exit_code == 1
    assert "Nothing was written." in said.output
    assert everything(site) == before


def test_ctrl_c_on_a_terminal(site: Path) -> None:
    before = everything(site)
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "new", "template"],
        cwd=site,
        env=environment(),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        said = b""
        while b"What does it draw" not in said:
            said += os.read(master, 1000)
        code = None
        while code is None:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):  # it came before the reading: once more
                code = process.wait(5)
    os.close(master)
    assert code == 130
    assert everything(site) == before


def test_piped_answers_that_end_too_soon(site: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "new", "position"],
        cwd=site,
        env=environment(),
        input="dockers\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (130, "Stopped.")


def test_a_file_that_was_edited_meanwhile_is_not_written_over(
    ask: Ask, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.cli import new

    text = changed(DOCKERS, "May 2021", "May 2022")
    show = new._show_posts

    def edit_first(made: Any) -> None:
        (site / DOCKERS).write_text(text, encoding="utf-8")
        show(made)

    monkeypatch.setattr(new, "_show_posts", edit_first)
    said = ask(*QUOTING, "y")
    assert f"{DOCKERS} was edited in the meantime; nothing was written." in str(said.exception)
    assert (site / DOCKERS).read_text(encoding="utf-8") == text


def test_words_that_are_no_text_are_taken_as_well_as_can_be(site: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "new", "position"],
        cwd=site,
        env=environment(LC_ALL="C.UTF-8"),
        input=b"dockers\n\nBroken \xff words\n\n\nbroken\nn\ny\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert read(site, DOCKERS)["positions"]["broken"]["text"] == "Broken ? words"
