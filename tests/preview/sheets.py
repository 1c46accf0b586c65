"""Sheets of campaigns, and a campaign in two languages, one of them written right to left."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from bot.approval import approve
from bot.checking import check
from bot.cli.shared import NETWORKS, limits_of, make_planner
from bot.content import load
from bot.domain import History, Problem
from bot.preview.coming import coming
from bot.preview.sheet import Sheet, make_sheet
from tests.content.builder import CAMPAIGN, png, write_campaign

BEGIN = datetime(2026, 12, 1, tzinfo=UTC)

ARABIC = """\
publisher = "نقابة الميناء"
when = "May 2021"
language = "ar"

[quotes.stand]
by = "roe"
text = "نحن نقف مع أطقم السفن كلها ولن يتركوا وحدهم"
short = ["نحن نقف مع أطقم السفن كلها …"]

[speakers.roe]
as = ["Jane Roe"]

[facts.fined]
text = "فرضت غرامة على 12 من أفراد الطاقم"
"""

ARABIC_QUOTE = """\
draws: quote
attach: square
language: ar
---
{{ quote }}

— {{ quote.by }}, {{ quote.when }}

{{ hashtag }}
"""

MEDIA = """\
[assets.square]
file = "square.png"
alt = {en = "The words: stand with the harbour.", ar = "الكلمات: قفوا مع الميناء."}
"""

TWO_ACCOUNTS = f"""{CAMPAIGN}
[accounts.x_ar]
network = "x"
language = "ar"
"""


def bilingual(root: Path) -> Path:
    """The tiny campaign with a second account that speaks Arabic, and has little to say."""
    files: dict[str, str | bytes] = {
        "messages/campaign.toml": TWO_ACCOUNTS,
        "messages/statements/port-ar.toml": ARABIC,
        "messages/templates/quote-ar.txt": ARABIC_QUOTE,
        "media/media.toml": MEDIA,
        "media/square.png": png(800, 800),
    }
    return write_campaign(root, **files)


_CHECKED: dict[str, Sequence[Problem]] = {}


def problems_of(root: Path, now: datetime = BEGIN) -> Sequence[Problem]:
    """What `bot check` says. It looks at the files alone, so the same ones are looked at once."""
    digest = hashlib.sha256(now.isoformat().encode())
    for path in sorted(root.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(root)}/{path.stat().st_size}/".encode())
            digest.update(path.read_bytes())
    known = digest.hexdigest()
    if known not in _CHECKED:
        _CHECKED[known] = check(root, limits_of(NETWORKS), now)
    return _CHECKED[known]


def sheet_of(
    root: Path,
    count: int = 10,
    *,
    problems: Sequence[Problem] | None = None,
    begin: datetime = BEGIN,
) -> Sheet:
    """The coming posts of a campaign without a history."""
    campaign = load(root, NETWORKS)
    planner = make_planner(campaign)
    histories = {name: History(name) for name in campaign.accounts}
    posts = islice(coming(planner, campaign, histories, now=begin, begin=begin), count)
    found = problems_of(root, begin) if problems is None else problems
    return make_sheet(campaign, planner, list(posts), found)


def signed_by_thirds(site: Path, sheet: Sheet) -> Sheet:
    """The same sheet after somebody signed off every post of a third day."""
    third = [planned for planned in sheet.posts if planned.slot.at.day % 3 == 0]
    approve(site, third, "A. Reader", datetime(2026, 11, 25, 10, tzinfo=UTC))
    return sheet_of(site, len(sheet.posts))
