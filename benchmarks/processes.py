"""Whole processes: how long until the program says something, or the network hears of it."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import ROOT, Figure, bot, compare, environment, python, seconds
from tests.fake_x import FakeX
from tests.site import a_site, live

_FLOOR_POST = """
import os, sqlite3, sys
import click, jinja2, dotenv, tweepy, requests
from requests.adapters import HTTPAdapter
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode=WAL"); db.execute("PRAGMA synchronous=FULL")
db.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, text TEXT)")
db.execute("BEGIN IMMEDIATE"); db.execute("INSERT INTO t (text) VALUES ('x')"); db.execute("COMMIT")
key = os.environ.get
client = tweepy.Client(
    consumer_key=key("X_API_KEY"),
    consumer_secret=key("X_API_SECRET"),
    access_token=key("X_ACCESS_TOKEN"),
    access_token_secret=key("X_ACCESS_TOKEN_SECRET"),
)
class Local(HTTPAdapter):
    def send(self, request, **kw):
        request.url = request.url.replace("https://api.twitter.com", os.environ["X_API_URL"])
        return super().send(request, **kw)
client.session.mount("https://", Local()); client.session.mount("http://", Local())
client.session.trust_env = False
client.create_tweet(text="A post of " + sys.argv[2], user_auth=True)
"""


def start(quick: bool) -> list[Figure]:
    """How long `--help` takes."""
    runs, env = (7 if quick else 21), environment()
    return [
        compare(
            "bot --help, against `import click`",
            1.3,
            lambda: seconds(bot("--help"), ROOT, env),
            lambda: seconds(python("import click"), ROOT, env),
            runs,
        )
    ]


def previews(quick: bool) -> list[Figure]:
    """Ten posts, cold, without and with a ledger."""
    runs, env = (7 if quick else 21), environment()
    command, floor = bot("preview", "--count", "10"), python("import jinja2, click")
    with tempfile.TemporaryDirectory() as folder:
        empty = {**env, "DATABASE_URL": f"sqlite:///{folder}/none.sqlite3"}
        filled = {**env, "DATABASE_URL": f"sqlite:///{folder}/some.sqlite3"}
        _ledger_with_rows(Path(folder) / "some.sqlite3")
        return [
            compare(
                "bot preview, 10 posts, against `import jinja2, click`",
                2.0,
                lambda: seconds(command, ROOT, empty),
                lambda: seconds(floor, ROOT, env),
                runs,
            ),
            compare(
                "the same with a ledger",
                2.2,
                lambda: seconds(command, ROOT, filled),
                lambda: seconds(floor, ROOT, env),
                runs,
            ),
        ]


def _ledger_with_rows(path: Path) -> None:
    from benchmarks.volume import filled

    texts = [(f"t{n}", (f"ituc/p{n}",), f"Text number {n}") for n in range(60)]
    filled(path, 60, texts).close()


def first_request(quick: bool) -> list[Figure]:
    """From the start of `bot post` until the network hears the first byte of it."""
    runs = 5 if quick else 11
    # Bare tweepy signs, and calls, X by its old name.
    names = ("https://api.x.com", "https://api.twitter.com")
    with FakeX(signed_for=names) as x, tempfile.TemporaryDirectory() as folder:
        site = a_site(Path(folder), every="1h")
        env = live(x, f"sqlite:///{folder}/bench.sqlite3")
        seconds(bot("--root", str(site), "post", "--now"), ROOT, env)
        count = 0

        def until_first(command: list[str]) -> float:
            before = len(x.requests)
            begin = time.time()
            subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True)
            return float(x.requests[before].at) - begin

        def floor() -> float:
            nonlocal count
            count += 1
            database = str(Path(folder) / "floor.sqlite3")
            return until_first([*python(_FLOOR_POST), database, str(count)])

        return [
            compare(
                "bot post to its first request, against the bare parts",
                1.2,
                lambda: until_first(bot("--root", str(site), "post", "--now")),
                floor,
                runs,
            )
        ]
