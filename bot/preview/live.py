"""The page as it is now, kept up to date: what a server shows, without the serving.

`Live` remembers the last sheet that could be made. Where the content can't be loaded, or the ledger
not be read, it shows that one still, marked as such, with everything that is wrong; so a wrong file
never takes the page down.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock as Mutex
from typing import NamedTuple

from bot.approval import Approvals, key_of_planned
from bot.content.lock import Lock
from bot.domain import Asset, Campaign, Problem
from bot.errors import BotError, ContentError
from bot.planning import Planned, Planner
from bot.preview.page import Picture, Serving, picture_files, picture_in, render
from bot.preview.sheet import Sheet

MEDIA = "media"
"""Under this the server has the pictures."""

Sign = Callable[[Sequence[Planned], str], int]
"""Signs posts off in somebody's name; says how many were not before. Raises BotError."""

Problems = Callable[[], Sequence[Problem]]
MakeSheet = Callable[[Sequence[Problem]], Sheet]


class Shown(NamedTuple):
    """A page as it is served: with a place for each answer's nonce, and its version."""

    html: str
    version: str


class Live:
    """What is shown. `problems` says what is wrong; `make` makes the sheet, or raises BotError."""

    def __init__(
        self,
        root: Path,
        problems: Problems,
        make: MakeSheet,
        *,
        sign: Sign | None = None,
        explain: bool = False,
        now: Callable[[], datetime],
    ) -> None:
        self._root = root
        self._problems = problems
        self._make = make
        self._sign = sign
        self._explain = explain
        self._now = now
        self._alone = Mutex()
        self._nonce = secrets.token_hex(16)
        self._version_mark = secrets.token_hex(16)
        self._assets: dict[str, Asset] = {}
        self._good: Sheet | None = None
        self._good_since = ""
        self.sheet = _nothing(root)
        self.shown = Shown("", "")

    def refresh(self) -> bool:
        """Looks again. Whether something else is shown now."""
        with self._alone:
            self.sheet = self._look()
            shown = self._render()
            is_new = shown.version != self.shown.version
            self.shown = shown
            return is_new

    def page(self, nonce: str) -> str:
        """What is shown, with an answer's nonce."""
        return self.shown.html.replace(self._nonce, nonce)

    def picture(self, name: str) -> bytes | None:
        """What stands under a picture's name; None where no page that was shown had it."""
        asset = self._assets.get(name)
        if asset is None:
            return None
        try:
            return next((data for n, data in picture_files(self._root, asset) if n == name), None)
        except OSError:
            return None

    def sign(self, keys: Iterable[tuple[str, str]], by: str) -> int | None:
        """Signs off the posts by these ids, if each is still what was shown.

        None where one of them isn't. Raises BotError.
        """
        assert self._sign is not None, "only asked where there is a way to"
        self.refresh()
        posts = {planned.slot.id: planned for planned in self.sheet.posts}
        chosen = []
        for name, seen in keys:
            planned = posts.get(name)
            if planned is None or key_of_planned(planned) != seen or self.sheet.stale:
                return None
            chosen.append(planned)
        return self._sign(chosen, by)

    @property
    def may_sign(self) -> bool:
        return self._sign is not None

    def _look(self) -> Sheet:
        problems: Sequence[Problem] = ()
        try:
            problems = self._problems()
            self._good = self._make(problems)
            self._good_since = f"{self._now():%H:%M:%S}"
            return self._good
        except ContentError as error:
            return self._last(problems or error.problems, "The content has errors.")
        except BotError as error:
            return self._last(problems, str(error))
        except Exception as error:  # noqa: BLE001 - the page stays up, and says what happened
            fault = f"A fault of the program: {type(error).__name__}: {error}"
            return self._last(problems, fault)

    def _last(self, problems: Sequence[Problem], why: str) -> Sheet:
        last = self._good or _nothing(self._root)
        since = f" What follows is as it was at {self._good_since}." if self._good else ""
        return replace(last, problems=problems, stale=why + since)

    def _render(self) -> Shown:
        serving = Serving(self._nonce, self._version_mark, self.may_sign)
        pages = render(self.sheet, self._picture, serving, explain=self._explain)
        html = "".join(pages)
        version = hashlib.sha256(html.encode()).hexdigest()[:24]
        return Shown(html.replace(self._version_mark, version), version)

    def _picture(self, asset: Asset) -> Picture:
        found = picture_in(MEDIA, asset)
        for address in filter(None, found):
            self._assets[address.rpartition("/")[2]] = asset
        return found


def _nothing(root: Path) -> Sheet:
    """Before there is anything to show: a campaign without content."""
    campaign = Campaign(
        root=str(root),
        name="The campaign can’t be shown yet",
        hashtag="#",
        timezone="UTC",
        seed=0,
        accounts={},
        statements={},
        passages={},
        templates={},
        assets={},
    )
    return Sheet(campaign, Planner(campaign, {}), (), (), Lock(), Approvals())
