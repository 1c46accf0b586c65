"""The page of coming posts: how large it is, how soon a browser has it, how soon it follows a file.

Here the floor is what was promised, not a library. Needs Chromium; without it there are no figures.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import ROOT, Figure
from tests.site import a_site

POSTS = 1000


def thousand(quick: bool) -> list[Figure]:
    """A page of a thousand posts: bytes beside its media, and seconds until it is loaded."""
    from bot.preview.page import write_page
    from tests.preview.sheets import sheet_of

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "posts.html"
        begin = time.perf_counter()
        write_page(file, sheet_of(ROOT, POSTS))
        took, size = time.perf_counter() - begin, file.stat().st_size / 1e6
        loads = list(_loads(file.as_uri(), 3 if quick else 9))
    figures = [_figure(f"a page of {POSTS:,} posts, beside its media", size, 10.0, " MB")]
    if loads:
        seconds = statistics.median(loads)
        figures.append(_figure("the same, until Chromium has loaded it", seconds, 2.0, " s"))
    return [*figures, Figure("the same, until it is written", f"{took:.2f} s", "", None, None)]


def live(quick: bool) -> list[Figure]:
    """From saving a template until the open page shows it, ten posts and sixty."""
    from tests.preview.served import Served

    figures = []
    for count in (10, 60):
        with tempfile.TemporaryDirectory() as folder, Served(a_site(Path(folder)), count) as served:
            took = list(_follows(served, 3 if quick else 9))
        if took:
            seconds = statistics.median(took)
            name = f"from saving a file to seeing it, {count} posts"
            figures.append(_figure(name, seconds, 1.0, " s"))
    return figures


def _figure(name: str, ours: float, most: float, unit: str) -> Figure:
    return Figure(name, f"{ours:.2f}{unit}", "", ours, most, unit)


@contextmanager
def _chromium() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    from tests.needs import CHROMIUM
    from tests.preview.conftest import QUIET

    if not Path(CHROMIUM.program).exists():
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM.program, args=[*QUIET])
        yield browser
        browser.close()


def _loads(url: str, runs: int) -> Iterator[float]:
    from playwright.sync_api import Browser

    with _chromium() as browser:
        if isinstance(browser, Browser):
            for _ in range(runs):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(url)
                entry = "performance.getEntriesByType('navigation')[0].loadEventEnd"
                page.wait_for_function(f"() => {entry} > 0")
                yield page.evaluate(entry) / 1000
                page.close()


def _follows(served: object, runs: int) -> Iterator[float]:
    from playwright.sync_api import Browser, expect

    from tests.preview.served import Served

    assert isinstance(served, Served)
    with _chromium() as browser:
        if isinstance(browser, Browser):
            page = browser.new_page()
            page.goto(served.address)
            expect(page.locator("#link-state")).to_contain_text("Live")
            name = page.locator("article.post").first.get_attribute("data-template")
            path = served.path(f"messages/templates/{name}.txt")
            text = path.read_text(encoding="utf-8")
            for run in range(runs):
                begin = time.perf_counter()
                path.write_text(text.replace("{{ hashtag }}", f"{run}. {{{{ hashtag }}}}"), "utf-8")
                seen = "text => document.querySelector('article.post').textContent.includes(text)"
                page.wait_for_function(seen, arg=f"{run}. #")  # looks at every frame
                yield time.perf_counter() - begin
