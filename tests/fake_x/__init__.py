"""A server for tests that is stricter and nastier than X.

    with FakeX() as fake:
        fake.faults.add("drop_after_store")
        ...                                 # a client of fake.url with fake.credentials
        assert fake.wait_for(1)[0].text == "…"

By hand: `python -m tests.fake_x --help`. Standard library only, the loopback only, and no code in
common with the program it tests. What it knows of X is in `schema` (what X takes), `weight` (how
long X finds a text), `pictures` (what X reads from a file), `oauth` (how X knows a signature),
`posts`, `uploads` and `timeline` (what X answers); what can go wrong is in `faults`.
"""

from tests.fake_x.faults import KINDS, Fault, Faults
from tests.fake_x.messages import DUPLICATE
from tests.fake_x.oauth import HERE
from tests.fake_x.server import FakeX
from tests.fake_x.store import Credentials, Logged, Media, Post, Rules, User

__all__ = [
    "DUPLICATE",
    "HERE",
    "KINDS",
    "Credentials",
    "FakeX",
    "Fault",
    "Faults",
    "Logged",
    "Media",
    "Post",
    "Rules",
    "User",
]
