"""Fixtures for tests of the page: a real Chromium, tabs that may ask for nothing, a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from bot.preview.page import write_page
from tests.needs import CHROMIUM, need
from tests.preview.served import Served
from tests.preview.sheets import sheet_of, signed_by_thirds
from tests.site import a_site

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""A browser that talks to nobody by itself."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all of these tests. It must be there where CI is set."""
    need(CHROMIUM)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM.program, args=[*QUIET])
        yield found
        found.close()


PATIENCE = 60_000
"""Milliseconds after which something does not come any more, however busy the machine is."""

expect.set_options(timeout=PATIENCE)


class Tab:
    """A browser's page that may ask for nothing but what is its own, and must not complain."""

    def __init__(self, context: BrowserContext, own: str) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self._own = own
        self.page.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self._own, "data:")):
            self.foreign.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        expected = re.search(r"status of (409|422|400)|ERR_(CONN|INCOMPLETE|EMPTY)", message.text)
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens an address in a tab of its own: `open_page(url, width=360, color_scheme="dark")`."""
    tabs: list[Tab] = []

    def open_it(url: str, *, width: int = 1280, height: int = 900, **context: object) -> Page:
        size = {"width": width, "height": height}
        made = browser.new_context(viewport=size, **context)  # type: ignore[arg-type]
        own = url.rpartition("/")[0] + "/"
        tabs.append(Tab(made, own))
        tabs[-1].page.goto(url)
        return tabs[-1].page

    yield open_it
    for tab in tabs:
        tab.context.close()
        assert tab.foreign == [], "no request leaves the page"
        assert tab.complaints == []


@pytest.fixture(scope="package")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the shipped campaign's page: sixty posts, every third one signed off."""
    folder = tmp_path_factory.mktemp("page")
    site = a_site(folder)
    file = folder / "posts.html"
    write_page(file, signed_by_thirds(site, sheet_of(site, 60)))
    return file.as_uri()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A copy of the shipped campaign, served live: its next ten posts."""
    with Served(a_site(tmp_path)) as found:
        yield found
