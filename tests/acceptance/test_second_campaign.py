"""Another campaign with this engine, from an empty folder, by nothing but the editor's guide.

Its hashtag, language, people and town are made up. Every command, dialogue and file is what
docs/editors.md shows, to the letter; in the end the posts arrive at the fake X.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import bot as group
from bot.content import load
from tests.content.builder import png
from tests.fake_x import FakeX
from tests.site import ROOT, bot, edit, environment, live

GUIDE = (ROOT / "docs/editors.md").read_text(encoding="utf-8")

SOURCE = "declaration.txt"

ANSWERS: Mapping[str, tuple[str, ...]] = {
    "new campaign": ("Solidaires du Quai", "#SolidairesDuQuai", "Europe/Paris", "fr", "09:00", "y"),
    "new picture": (
        *("quai.png", "quai", "Un carré gris, sans texte.", "", "Dessin de l’Union", "y"),
    ),
    f"new statement --source {SOURCE}": (
        *("l’Union des dockers de Port-Fictif", "mai 2031", "fr", "union"),
        "quote",
        "« Nous restons à quai tant que nos collègues n'ont pas de contrat écrit »",
        *("", "exemple", "Camille Exemple, secrétaire de l’Union des dockers de Port-Fictif"),
        *("Camille Exemple, Union des dockers", "", "contrat-ecrit", "n", "y"),
        *("demand", "La Compagnie du port devrait ouvrir des négociations", ""),
        *("La Compagnie du port doit ouvrir des négociations", "", ""),
        *("la Compagnie du port", "negociations", "n", "n", "y"),
    ),
    "new template": (
        *("quote", "quai", "citation", "À faire passer. {{ hashtag }}", ""),
        *("{{ quote }}", "", "{{ quote.by }}, {{ quote.when }}", ".", "y"),
    ),
    "new template ": (
        *("demand", "quai", "demande", "Demandé à {{ demand.to }} en {{ demand.when }} :", ""),
        *("{{ demand }}", "", "— {{ demand.by }}", "", "{{ hashtag }}", ".", "y"),
    ),
}
"""What is answered to each `bot new`, in the guide's order."""


def part() -> str:
    _, _, after = GUIDE.partition("## I want to run another campaign with this bot\n")
    assert after
    return re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]


def blocks() -> list[tuple[str, str]]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", part(), re.DOTALL | re.MULTILINE)
    return [(language, body) for language, body in found]


def commands() -> list[str]:
    """Every command of the part, without the program's name, in order."""
    lines = [line for kind, body in blocks() if kind == "sh" for line in body.splitlines()]
    return [line.removeprefix("bot ") for line in lines if line.startswith("bot ")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, but for the picture and the published text that a campaign begins with."""
    home = tmp_path / "quai"
    (home / "media").mkdir(parents=True)
    (home / "media/quai.png").write_bytes(png(800, 800))
    text = next(body for kind, body in blocks() if kind == "text")
    (home / SOURCE).write_text(text, encoding="utf-8")
    monkeypatch.chdir(home)
    return home


def dialogue(command: str, answers: tuple[str, ...]) -> str:
    """What is on the terminal after a dialogue: the questions with their answers, and the rest."""
    done = CliRunner().invoke(group, command.split(), input="\n".join(answers) + "\n")
    assert done.exit_code == 0, (done.output, done.exception)
    return re.sub(r" +$", "", done.output, flags=re.MULTILINE)


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """Goes through the guide's dialogues; each command with what was on the terminal."""
    for command, answers in ANSWERS.items():
        yield command.strip(), dialogue(command, answers)


def test_the_guide_shows_every_dialogue_as_it_is(folder: Path) -> None:
    shown = [body for kind, body in blocks() if not kind]
    for command, said in written(folder):
        assert command in commands()
        assert said in shown, f"bot {command}: in docs/editors.md there should be\n{said}"
    assert len(shown) == len(ANSWERS), "no dialogue is made up"


@pytest.fixture
def campaign(folder: Path) -> Path:
    """The campaign, written, verified, and asking for sign-off from tomorrow on."""
    for _ in written(folder):
        pass
    settings = folder / "messages/campaign.toml"
    lines = next(body for kind, body in blocks() if kind == "toml").splitlines()
    approval, starts = (next(line for line in lines if line.startswith(k)) for k in ("app", "sta"))
    assert tomllib.loads(f"{approval}\n{starts}").keys() == {"approval", "starts"}
    edit(settings, r"(?m)^approval = false$", approval)
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    edit(settings, r"(?m)^# starts = .*$", f"starts = {tomorrow}")
    return folder


def run(campaign: Path, command: str, env: Mapping[str, str], code: int | None = 0) -> str:
    assert command in commands(), f"the guide has no `bot {command}`"
    return bot(campaign, *command.split(), env=env, code=code).stdout


def test_it_runs_from_the_first_word_to_the_posts_on_x(campaign: Path) -> None:
    with FakeX() as x:
        env = live(x, "sqlite:///bot.sqlite3")
        assert "union: found verbatim in declaration.txt and locked: 2 passages" in run(
            campaign, f"verify {SOURCE}", env
        )
        assert "0 errors" in run(campaign, "check", env)
        assert "#SolidairesDuQuai" in run(campaign, "preview", env)
        bot(campaign, "post", env=env, code=None)  # its history begins
        shown = json.loads(bot(campaign, "preview", "--json", "--count", "2", env=env).stdout)
        assert [post["approved"] for post in shown] == [False, False]
        refused = bot(campaign, "post", "--now", "--live", env=env, code=1)
        assert "not signed off" in refused.stderr
        assert x.posts == []
        assert "approve --days 14" in commands()
        signed = ("approve", "--days", "14", "--yes", "--by", "Camille Exemple")
        assert "Signed off 2 posts as Camille Exemple." in bot(campaign, *signed, env=env).stdout
        run(campaign, "status", env, code=None)
        for expected in shown:
            run(campaign, "post --now --live", env)
            post = x.posts[-1]
            assert post.text == expected["text"]
            assert [item.alt for item in post.media] == ["Un carré gris, sans texte."]
        assert len(x.posts) == 2
    texts = {post.template: post.text for post in map(Shown, shown)}
    assert texts["citation"] == (
        "À faire passer. #SolidairesDuQuai\n\n"
        "«\N{NO-BREAK SPACE}Nous restons à quai tant que nos collègues n’ont pas de contrat écrit"
        "\N{NO-BREAK SPACE}»\n\n"
        "Camille Exemple, secrétaire de l’Union des dockers de Port-Fictif, mai 2031"
    )
    assert texts["demande"].startswith("Demandé à la Compagnie du port en mai 2031 :\n\n«")
    assert all("“" not in text for text in texts.values())


class Shown:
    def __init__(self, post: Mapping[str, Any]) -> None:
        self.template, self.text = post["template"], post["text"]


def test_nothing_of_the_first_campaign_is_in_the_second(campaign: Path) -> None:
    loaded = load(campaign, ("x",))
    assert set(loaded.statements) == {"union"}
    assert loaded.accounts["x"].language == "fr"
    written = "".join(
        path.read_text(encoding="utf-8") for path in (campaign / "messages").rglob("*.*")
    )
    assert not FIRST.search(written)


FIRST = re.compile(
    r"belarus|lukashenko|\bITUC\b|industriall|\bBKDP\b|burrow|visentini|yarashuk", re.IGNORECASE
)
"""Words of the first campaign."""


def test_nothing_of_the_first_campaign_is_wired_into_the_engine() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "name"
    ]
    suffixes = {".py", ".html", ".css", ".js", ".j2", ".typ", ".toml", ".txt"}
    for path in (ROOT / "bot").rglob("*"):
        if path.is_file() and path.suffix in suffixes:
            text = path.read_text(encoding="utf-8").replace(project, "")
            found = FIRST.search(text)
            assert found is None, f"{path.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize("command", [["preview", "--json"], ["status"], ["check"]])
def test_in_an_empty_folder_it_says_where_to_begin(tmp_path: Path, command: list[str]) -> None:
    done = bot(tmp_path, *command, env=environment(), code=1)
    said = done.stdout + done.stderr
    assert "There is no folder messages/" in said
    assert "--root DIR" in said


def test_bot_new_in_an_empty_folder_says_where_to_begin(tmp_path: Path) -> None:
    done = bot(tmp_path, "new", "quote", env=environment(), code=2)
    assert "Begin with `bot new campaign`" in done.stderr
