"""A canary in every secret setting; all that can break is broken; no canary is ever heard.

Looked at is whatever leaves the process: its output, its log with every library at DEBUG, alerts,
the written page, the ledger's files, tracebacks, and what a crash leaves behind.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bot import logs
from bot.settings import SETTINGS
from tests.cli.conftest import Cli
from tests.cli.terminal import on_terminal, plain
from tests.fake_x import Credentials, FakeX
from tests.listener import Listener
from tests.networks.servers import Api, Seen, nobody, reply
from tests.site import environment

ODD = "/@:?#[% &="
"""What is special in an address."""

COMMANDS = [
    ["check"],
    ["preview"],
    ["preview", "--json"],
    ["preview", "--html", "page.html"],
    ["post", "--now"],
    ["post", "--now", "--dry-run"],
    ["post"],
    ["status"],
    ["status", "--json"],
    ["log", "--json"],
    ["log", "--audit"],
    ["doctor"],
    ["doctor", "--alert"],
    ["migrate"],
    ["pause"],
    ["resume"],
]


def canary(name: str) -> str:
    """A secret that is like no other: in any text, its middle alone gives it away."""
    return f"Cn{hashlib.sha256(name.encode()).hexdigest()[:20]}y"


def forms(name: str) -> set[str]:
    """What a canary's middle looks like, as it is and inside base64, wherever it stands there."""
    core = canary(name)[2:-1].encode()
    found = {core.decode()}
    for before in range(3):
        coded = base64.b64encode(bytes(before) + core).decode()
        found.add(coded[4 if before else 0 : -4])
    return found


NAMES = [item.name for item in SETTINGS if item.secret]
OTHERS = ["X_FR_API_SECRET", "HTTPS_PROXY", "PGPASSWORD", "HEARTBEAT_URL user", "ALERT_URL user"]
HEARD = {form: name for name in (*NAMES, *OTHERS) for form in forms(name)}


def look(text: str, where: object = "") -> None:
    found = [form for form in HEARD if form in text]
    heard = [(HEARD[form], text[max(text.index(form) - 200, 0) :][:400]) for form in found]
    assert heard == [], where


def password(name: str) -> str:
    """A canary among characters that have to be written as %XX."""
    return quote(f"{ODD}{canary(name)}{ODD}", safe="")


def settings(**more: str) -> dict[str, str]:
    """Every secret setting with its canary in it."""
    hooks = "http://u:{}@{}/services/{}?token={}"
    found = {item.name: canary(item.name) for item in SETTINGS if item.secret and item.per_account}
    found["X_FR_API_SECRET"] = canary("X_FR_API_SECRET")
    found["PGPASSWORD"] = canary("PGPASSWORD")
    found["DATABASE_URL"] = f"postgresql://bot:{password('DATABASE_URL')}@127.0.0.1:1/bot"
    for name in ("ALERT_URL", "HEARTBEAT_URL"):
        host = nobody().removeprefix("http://")
        found[name] = hooks.format(password(f"{name} user"), host, canary(name), canary(name))
    return {"DRY_RUN": "false", **found, **more}


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log, with every library in it, from DEBUG up."""
    configure = logs.configure

    def loudly(*arguments: Any, **options: Any) -> None:
        configure(*arguments, **{**options, "level": logging.DEBUG})
        for name in (None, *logs.QUIET):
            logging.getLogger(name).setLevel(logging.DEBUG)

    monkeypatch.setattr(logs, "configure", loudly)


Hear = Callable[..., str]


@pytest.fixture
def hear(site: Path, cli: Cli, loud: None, capfd: pytest.CaptureFixture[str]) -> Iterator[Hear]:
    """Runs commands, each with --debug too, and listens to all that they leave behind."""

    def run(env: dict[str, str], commands: Sequence[Sequence[str]] = COMMANDS) -> str:
        said = ""
        for command in commands:
            done = cli(*command, env=env, code=None)
            said += done.out + done.err
            look(done.out + done.err, command)
            said += _with_debug(cli, command, env, capfd)
        return said

    yield run
    for path in site.rglob("*"):
        if path.is_file() and path.name != ".env":
            look(path.read_bytes().decode("latin-1"), path)


def _with_debug(
    cli: Cli, command: Sequence[str], env: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> str:
    """What it says with --debug, and what Python then makes of an exception that is not caught."""
    try:
        cli("--debug", *command, env=env, code=None)
    except Exception as error:  # noqa: BLE001 - whatever it is
        sys.excepthook(type(error), error, error.__traceback__)
    except AssertionError:
        pass
    wrote = capfd.readouterr()
    look(wrote.out + wrote.err, ["--debug", *command])
    return wrote.out + wrote.err


# -- what can be broken ---------------------------------------------------------------------------


def test_the_canaries_would_be_heard() -> None:
    for name in (*NAMES, *OTHERS):
        secret = canary(name)
        for text in (secret, f"a{secret}b", secret[2:-1], quote(f"/{secret}")):
            with pytest.raises(AssertionError):
                look(text)
        for before in ("", "a", "ab", "user:"):
            with pytest.raises(AssertionError):
                look(base64.b64encode(f"{before}{secret}".encode()).decode())


def test_the_database_is_away(hear: Hear) -> None:
    assert "127.0.0.1" in hear(settings())


BROKEN = [
    "postgres://bot:{}/x@127.0.0.1:1/bot",
    "postgres://bot:x/{}@127.0.0.1:1/bot",
    "postgres://bot:1/{}@127.0.0.1:1/bot",
    "postgres://bot:{}@x@127.0.0.1:1/bot",
    "postgres://bot:x@{}@127.0.0.1:1/bot",
    "postgres://{}@x:y@127.0.0.1:1/bot",
    "postgres://127.0.0.1:{}/bot",
    "postgres://bot:x#{}/@127.0.0.1:1/bot",
    "postgres://bot:1?{}@127.0.0.1:1/bot",
    "postgres://bot:[{}/@127.0.0.1:1/bot",
    "postgres://bot:a b{}/@127.0.0.1:1/bot",
    "postgres:/bot:{}@127.0.0.1:1/bot",
    "mysql://bot:{}@127.0.0.1:1/bot",
    "bot:{}@127.0.0.1:1/bot",
    "{}",
]


@pytest.mark.parametrize("address", BROKEN)
def test_the_address_of_the_database_can_t_be_read(hear: Hear, address: str) -> None:
    env = settings(DATABASE_URL=address.format(canary("DATABASE_URL")))
    commands = [["preview"], ["post", "--now"], ["status"], ["doctor"], ["migrate"]]
    assert "DATABASE_URL" in hear(env, commands)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 402, 403, 404, 413, 429, 500, 503])
def test_x_repeats_what_it_got(hear: Hear, status: int) -> None:
    env = settings(DATABASE_URL="sqlite:///bot.sqlite3")

    def answer(seen: Seen) -> bytes:
        keys = {name: value for name, value in env.items() if name.startswith("X_")}
        echo = f"{' '.join(keys.values())} {seen.headers}"
        body = {"title": echo, "detail": echo, "errors": [{"message": echo}], "type": echo}
        return reply(status, body, {"X-Echo": json.dumps(keys), "Location": f"/{echo[:20]}"})

    with Api(answer) as server:
        commands = [["post", "--now"], ["status"], ["log", "--json"], ["log"], ["doctor"]]
        said = hear({**env, "X_API_URL": server.url}, commands)
    assert server.seen
    assert str(status) in said or status == 200


def test_x_breaks_off(hear: Hear) -> None:
    """After a post was stored, and whenever it is asked for the account or its posts."""
    env = settings(DATABASE_URL="sqlite:///bot.sqlite3")
    parts = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
    with FakeX({"x": Credentials(*(env[f"X_{part}"] for part in parts))}) as x:
        x.faults.add("drop_after_store", times=None)
        x.faults.add("drop_before_read", match="GET /2/users/*", times=None)
        commands = [["post", "--now"], ["status"], ["log", "--json"], ["doctor"]]
        said = hear({**env, "X_API_URL": x.url}, commands)
        assert x.posts
    assert "In doubt, to be read back" in said
    assert "asking who the account is: " in said


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_the_proxy_is_away_or_none(
    hear: Hear, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    address = nobody().replace("http://", f"{scheme}://u:{password('HTTPS_PROXY')}@")
    env = settings(DATABASE_URL="sqlite:///bot.sqlite3", HTTPS_PROXY=address)
    env["X_API_URL"] = "https://x.invalid"
    said = hear(env, [["post", "--now"], ["doctor"], ["status"], ["log", "--json"]])
    assert "HTTPS_PROXY" in said or scheme == "http"


@pytest.mark.parametrize("status", [200, 302, 401, 500])
def test_the_alert_address_answers_otherwise(hear: Hear, x: FakeX, status: int) -> None:
    x.faults.add("unauthorized", times=None)
    with Listener(status, location="/elsewhere") as listener:
        env = settings(DATABASE_URL="sqlite:///bot.sqlite3", X_API_URL=x.url)
        host = listener.url.removesuffix("/hook").removeprefix("http://")
        for name in ("ALERT_URL", "HEARTBEAT_URL"):
            user = f"u:{password(f'{name} user')}@" if status == 500 else ""
            env[name] = f"http://{user}{host}/services/{canary(name)}?token={canary(name)}"
        hear(env, [["post", "--now"], ["doctor", "--alert"], ["status"]])
        bodies = []
        while not listener.got.empty():
            bodies.append(listener.got.get()[3].decode())
    look("\n".join(bodies))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X_API_SECRET", "“{}”"),
        ("X_ACCESS_TOKEN", "{} {}"),
        ("ALERT_URL", "hooks.example/{}"),
        ("ALERT_URL", "https://hooks.example:port/{}"),
        ("ALERT_URL", "nonesuch://{}"),
        ("ALERT_URL", "slack://{}, https://hooks.example/{}"),
        ("HEARTBEAT_URL", "ftp://{}"),
        ("X_API_URL", "http://u:{}@x.example"),
        ("DRY_RUN", "maybe"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_setting_that_can_t_be_read(hear: Hear, x: FakeX, name: str, value: str) -> None:
    env = settings(DATABASE_URL="sqlite:///bot.sqlite3", X_API_URL=x.url)
    env[name] = value.format(*[canary(name if name in NAMES else "X_API_KEY")] * 2)
    hear(env, [["post", "--now"], ["doctor"], ["status"], ["preview"], ["run"]])


def test_a_file_of_settings_that_can_t_be_read(hear: Hear, site: Path) -> None:
    everything = settings()
    for extra in ("nonsense {}\n", "X_API_KEY={}\nX_API_KEY=other{}\n", 'X_API_KEY="{}\n'):
        secret = canary("X_API_KEY")
        lines = [f"{name}='{value}'" for name, value in everything.items()]
        (site / ".env").write_text("\n".join([*lines, extra.format(secret, secret)]))
        (site / ".env").chmod(0o600)
        hear({}, [["preview"], ["post"], ["doctor"]])
    (site / ".env").chmod(0o644)
    hear({}, [["preview"], ["post"], ["doctor"]])


# -- crashes --------------------------------------------------------------------------------------

CRASH = """
import faulthandler, logging, os, sys, threading, warnings
from bot.__main__ import main
from bot.cli import shared

everything = " ".join(f"{name}={value}" for name, value in sorted(os.environ.items()))

class Odd:
    def __del__(self):
        raise ValueError(everything)

def crash(*_):
    def fail():
        raise ValueError(everything)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    warnings.warn(everything)
    logging.getLogger("somebody").error("%s", everything)
    Odd()
    print(everything)
    sys.stderr.writelines([everything])
    faulthandler.dump_traceback(sys.stderr.fileno())
    try:
        raise KeyError(everything)
    except KeyError as error:
        try:
            raise OSError(2, everything, everything) from error
        except OSError:
            raise RuntimeError(everything)

shared.Bot.campaign = crash
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "arguments", [["preview"], ["--debug", "preview"], ["--debug", "run"], ["run"]], ids=" ".join
)
def test_a_crash_with_all_of_them_in_its_words(site: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", CRASH, *arguments],
        cwd=site,
        env=environment(**settings(), HTTPS_PROXY=f"http://u:{password('HTTPS_PROXY')}@h:1"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    look(done.stdout + done.stderr)
    assert "RuntimeError" in done.stderr
    assert "***" in done.stderr
    assert "***" in done.stdout
    assert ("FileNotFoundError" in done.stderr) == ("--debug" in arguments)


def test_a_table_on_a_narrow_terminal_breaks_no_secret_in_two(site: Path) -> None:
    env = settings(DATABASE_URL=f"sqlite:////nonesuch/{canary('X_API_KEY')}/bot.sqlite3")
    _, said = on_terminal(site, "doctor", env=environment(**env), columns=60)
    look("".join(plain(said).split()))
    assert "***" in said


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_stream_that_is_closed_needs_no_guard(site: Path, closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -m bot check {closed}', sys.executable],
        cwd=site,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Error" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
