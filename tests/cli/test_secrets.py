"""No secret is in anything a command writes, however it ends."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.cli.book import Book
from tests.cli.conftest import Cli, Done
from tests.fake_x import FakeX
from tests.listener import Listener

PASSWORD = "p4ss/w0rd+of=the%20ledger"
HOOK = "T0P-S3CRET-H00K"

COMMANDS = [
    ["check"],
    ["preview"],
    ["preview", "--json"],
    ["status"],
    ["status", "--json"],
    ["log"],
    ["log", "--json"],
    ["log", "--csv"],
    ["doctor"],
    ["migrate"],
    ["pause"],
    ["resume"],
    ["post"],
    ["post", "--now"],
    ["post", "--now", "--dry-run"],
]


def secret_forms(values: list[str]) -> set[str]:
    """The secrets, as they are and as they look on their way."""
    forms = set()
    for value in values:
        coded = base64.b64encode(value.encode()).decode().rstrip("=")
        forms |= {value, quote(value, safe=""), json.dumps(value)[1:-1], coded[:-2]}
    return forms


class Ears:
    """Runs commands and looks for secrets in all that they write."""

    def __init__(self, cli: Cli, env: dict[str, str], secrets: list[str]) -> None:
        self._cli = cli
        self._env = env
        self._forms = secret_forms(secrets)

    def run(self, *arguments: str, **env: str) -> Done:
        done = self._cli(*arguments, env={**self._env, **env}, code=None)
        self.look(done.out + done.err)
        return done

    def look(self, text: str) -> None:
        assert [form for form in self._forms if form in text] == []


@pytest.fixture
def ears(cli: Cli, live: dict[str, str], x: FakeX) -> Ears:
    keys = [value for name, value in live.items() if name.startswith("X_") and "URL" not in name]
    assert len(keys) == 4
    return Ears(cli, live, [*keys, PASSWORD, HOOK])


def test_when_all_goes_well(ears: Ears, x: FakeX) -> None:
    with Listener() as listener:
        hooks = {"ALERT_URL": f"{listener.url}/{HOOK}", "HEARTBEAT_URL": f"{listener.url}/{HOOK}"}
        for command in COMMANDS:
            done = ears.run(*command, **hooks)
            assert done.out + done.err or command == ["post"]
    assert len(x.posts) == 1


FAULTS = [
    "status",
    "suspended",
    "unauthorized",
    "drop_after_store",
    "drop_before_read",
    "list_body",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_when_the_network_answers_otherwise(ears: Ears, x: FakeX, fault: str) -> None:
    x.faults.add(fault, times=None)
    with Listener() as listener:
        done = ears.run("post", "--now", ALERT_URL=f"{listener.url}/{HOOK}")
        for alert in listener.alerts():
            ears.look(json.dumps(alert))
    assert done.code == 1
    ears.run("status")
    ears.run("log", "--json")


def test_when_the_network_sends_what_it_got_back(
    ears: Ears, x: FakeX, live: dict[str, str]
) -> None:
    """A gateway that quotes the request's headers in its error page, say."""
    body = json.dumps({"title": "Bad", "detail": f"Your token was {live['X_ACCESS_TOKEN']}."})
    x.faults.add("status", code=400, body=body, times=None)
    with Listener() as listener:
        done = ears.run("post", "--now", ALERT_URL=f"{listener.url}/{HOOK}")
        (alert,) = listener.alerts()
        ears.look(json.dumps(alert))
    assert "***" in done.err


def test_when_an_address_does_not_answer(ears: Ears, x: FakeX) -> None:
    x.faults.add("status", code=400)
    done = ears.run("post", "--now", ALERT_URL=f"http://127.0.0.1:1/hooks/{HOOK}")
    assert '"event": "alert"' in done.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_when_the_database_is_away(ears: Ears, command: list[str]) -> None:
    url = f"postgresql://bot:{quote(PASSWORD, safe='')}@127.0.0.1:1/bot"
    ears.run(*command, DATABASE_URL=url)


@pytest.mark.parametrize(
    "url", [f"mysql://bot:{HOOK}@host/db", f"postgres//bot:{HOOK}@host", f"sqlite:{HOOK}"]
)
@pytest.mark.parametrize("command", [["preview"], ["status"], ["doctor"], ["post"]])
def test_when_the_address_of_the_database_is_none(ears: Ears, command: list[str], url: str) -> None:
    done = ears.run(*command, DATABASE_URL=url)
    assert "DATABASE_URL" in done.out + done.err


def test_when_credentials_are_wrong(ears: Ears, x: FakeX) -> None:
    for wrong in (f"{HOOK}", f"“{HOOK}”", f"{HOOK} {HOOK}"):
        for command in (["doctor"], ["post", "--now"]):
            done = ears.run(*command, X_API_SECRET=wrong)
            assert done.code in (1, 2)


def test_when_they_stand_in_a_file(ears: Ears, site: Path) -> None:
    (site / ".env").write_text(f"X_API_KEY={HOOK}\nX_API_KEY={HOOK}x\nnonsense {HOOK}\n")
    (site / ".env").chmod(0o600)
    for command in (["preview"], ["doctor"], ["post"]):
        assert ".env:" in ears.run(*command).err + ears.run(*command).out
    (site / ".env").chmod(0o644)
    assert "chmod 600" in ears.run("post").err


def test_when_they_were_pasted_into_the_content(
    ears: Ears, site: Path, live: dict[str, str]
) -> None:
    with (site / "messages/campaign.toml").open("a", encoding="utf-8") as file:
        file.write(f"# {live['X_ACCESS_TOKEN_SECRET']}\n")
    for command in (["check"], ["check", "--json"], ["doctor"]):
        done = ears.run(*command)
        assert done.code == 1
        assert "Secrets belong in .env" in done.out or command == ["doctor"]


def test_in_what_is_kept(cli: Cli, site: Path, x: FakeX, live: dict[str, str]) -> None:
    """The ledger has no use for them."""
    Book(site).posted()
    x.faults.add("unauthorized", times=None)
    cli("post", "--now", env=live, code=1)
    kept = b"".join(path.read_bytes() for path in site.glob("bot.sqlite3*"))
    for name, value in live.items():
        if name.startswith("X_") and not name.endswith("URL"):
            assert value.encode() not in kept
