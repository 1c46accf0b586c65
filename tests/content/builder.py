"""A tiny complete campaign, valid as it stands, for tests to use and to break."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from pathlib import Path

from bot.content.lock import PATH as LOCK
from tests.locked import NETWORKS as NETWORKS
from tests.locked import lock

CAMPAIGN = """\
[campaign]
name = "Stand with the Harbour"
hashtag = "#StandWithTheHarbour"
timezone = "Europe/Brussels"

[schedule]
times = ["12:00"]

[links]
frame = "https://example.org/frame"

[accounts.x]
network = "x"
"""

DOCKERS = """\
publisher = "The Dockers' Union"
when = "May 2021"

[speakers.roe]
as = ["Jane Roe, President of the Dockers' Union", "Jane Roe, Dockers' Union"]

[quotes.stand]
by = "roe"
text = "We stand with the crews – all of them. They will not be left alone, whatever it costs"
short = ["We stand with the crews – all of them.", "We stand with the crews …"]

[positions.right]
text = "The right to strike is a human right."

[demands.talk]
to = "the Port Authority"
text = "The Port Authority must talk with the crews"
with = "sign"

[demands.sign]
to = "the Port Authority"
text = "sign the agreement of 2019"

[facts.fined]
text = "Twelve crew members were fined on Monday."
superseded_by = "port-watch/cleared"
"""

PORT_WATCH = '''\
publisher = "Port Watch"
when = "June 2021"

[facts.cleared]
text = """
    The fines of all twelve
    crew members were lifted."""

[facts.ill]
text = "One of the twelve was taken ill."
sensitive = true

[positions.watch]
text = "Those who fined them don't understand the harbour, and never did."
'''

QUOTE = """\
draws: quote
attach: square
---
{{ quote }}

— {{ quote.by }}, {{ quote.when }}

{{ hashtag }}
"""

POSITION = """\
# for the statement's own words
draws: position
attach: square
---
{{ position.publisher }} in {{ position.when }}:

{{ position }}

{{ hashtag }}
"""

DEMAND = """\
draws:  demand
attach: square
language: en
---
Asked of {{ demand.to }} in {{ demand.when }}:

{{ demand }}

{# by is the publisher's name where nobody in particular spoke #}
{% if demand.by != demand.publisher %}
— {{ demand.by }} for {{ demand.publisher }}
{% else %}
— {{ demand.publisher }}
{% endif %}

{{ hashtag }}
"""

FACT = """\
draws: fact
attach: square
---
{{ fact.when }}, as {{ fact.by }} wrote:

{{ fact }}

{{ hashtag }}
"""

FRAME = """\
draws: quote
attach: square
needs: frame
---
{{ quote }}

{{ quote.by }}, {{ quote.when }}

Put the frame on your picture: {{ links.frame }} {{ hashtag }}
"""

MEDIA = """\
[assets.square]
file = "square.png"
alt = "The words: stand with the harbour."
"""

SOURCES = {
    "dockers.txt": """\
Statement of the Dockers’ Union

“We stand with the crews — all of them. They will not be left alone, whatever it costs,” said
Jane Roe. The right to strike is a human right.

The Port Authority must talk with the crews and sign the agreement of 2019.

Twelve crew members were fined on Monday.
""",
    "port-watch.txt": """\
The fines of all twelve crew members were lifted. One of the twelve was taken ill.

Those who fined them don’t understand the harbour, and never did.
""",
}
"""The two statements' source texts, by file name."""


@lru_cache
def png(width: int = 400, height: int = 400) -> bytes:
    """A grey picture in few bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    parts = (b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


FILES: dict[str, str | bytes] = {
    "messages/campaign.toml": CAMPAIGN,
    "messages/statements/dockers.toml": DOCKERS,
    "messages/statements/port-watch.toml": PORT_WATCH,
    "messages/templates/demand.txt": DEMAND,
    "messages/templates/fact.txt": FACT,
    "messages/templates/frame.txt": FRAME,
    "messages/templates/position.txt": POSITION,
    "messages/templates/quote.txt": QUOTE,
    "media/media.toml": MEDIA,
    "media/square.png": png(),
}
"""Every file of the campaign: its path, and what is in it."""


def write_campaign(root: Path, **overrides: str | bytes | None) -> Path:
    """Writes the campaign under a folder, locks it as it is then, and returns the folder.

    Overrides are by path, as in `write_campaign(root, **{"messages/campaign.toml": "…"})`: other
    contents, more files, or None for a file to be left out. With one for the lock it isn't locked.
    """
    for path, content in (FILES | overrides).items():
        if content is not None:
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
    return root if LOCK in overrides else lock(root)


def changed(path: str, old: str, new: str) -> str:
    """A file of the campaign with one piece of it, which must be there once, replaced."""
    text = FILES[path]
    assert isinstance(text, str)
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    return text.replace(old, new)
