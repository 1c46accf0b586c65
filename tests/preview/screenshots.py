"""The docs' pictures of the page; `python -m tests.preview.screenshots` writes them.

They are of the shipped campaign from a fixed day on, in the browser that the tests drive; each is
reduced to a palette, which keeps text sharp and files small.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.preview.page import write_page
from tests.needs import CHROMIUM
from tests.preview.conftest import QUIET
from tests.preview.served import Served
from tests.preview.sheets import sheet_of, signed_by_thirds
from tests.site import ROOT, a_site

IMAGES = ROOT / "docs/images"

MOST_BYTES = 300_000

Shot = Callable[[Browser, Path], bytes]


def still(page: Page) -> None:
    """Everything drawn, nothing moving."""
    hold = page.get_by_label("Hold animations still")
    if hold.is_visible():
        hold.check()
    page.evaluate("document.fonts.ready")
    page.evaluate(
        "Promise.all([...document.images].filter(i => i.checkVisibility() && "
        "i.getBoundingClientRect().top < innerHeight).map(i => i.decode()))"
    )


def opened(browser: Browser, url: str, width: int, height: int, scheme: str) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=1.5,
        reduced_motion="reduce",
    )
    page.goto(url)
    return page


def written(folder: Path) -> str:
    site = a_site(folder)
    file = folder / "posts.html"
    write_page(file, signed_by_thirds(site, sheet_of(site, 60)))
    return file.as_uri()


def calendar(browser: Browser, folder: Path) -> bytes:
    page = opened(browser, written(folder), 1120, 760, "light")
    still(page)
    return page.screenshot()


def card(browser: Browser, folder: Path) -> bytes:
    page = opened(browser, written(folder), 1120, 800, "dark")
    page.locator("#filters").evaluate("bar => bar.style.position = 'static'")
    post = page.locator("article.post").nth(2)
    post.scroll_into_view_if_needed()
    post.locator("summary").click()
    still(page)
    return post.screenshot()


def phone(browser: Browser, folder: Path) -> bytes:
    page = opened(browser, written(folder), 360, 800, "light")
    page.select_option("#f-kind", "quote")
    page.locator("article.post:visible").first.evaluate("post => post.scrollIntoView()")
    still(page)
    return page.screenshot()


def sheet(browser: Browser, folder: Path) -> bytes:
    page = opened(browser, written(folder), 1120, 800, "light")
    paper = folder / "posts.pdf"
    page.pdf(path=str(paper), prefer_css_page_size=True)
    command = ["pdftoppm", "-r", "96", "-png", "-f", "2", "-singlefile", str(paper)]
    subprocess.run([*command, str(folder / "sheet")], check=True)
    return (folder / "sheet.png").read_bytes()


def pane(browser: Browser, folder: Path) -> bytes:
    with Served(a_site(folder)) as served:
        page = opened(browser, served.address, 1120, 760, "light")
        page.get_by_role("button", name="Edit templates and short forms").click()
        page.select_option("#pane-what", "messages/templates/quote-whose-words.txt")
        text = page.locator("#pane-text")
        expect(text).to_have_value(re.compile("Who said this"))
        expect(page.locator("#tally")).to_contain_text("5 posts")
        words = "Who said this in {{ quote.when }}, and who would say it today?"
        text.fill(text.input_value().replace("Who said this in {{ quote.when }}?", words))
        expect(page.locator("#pane-made .made")).to_contain_text("who would say it today?")
        return page.screenshot()


SHOTS: dict[str, tuple[Shot, int]] = {
    "page": (calendar, 64),
    "post": (card, 200),
    "phone": (phone, 96),
    "paper": (sheet, 48),
    "pane": (pane, 48),
}
"""Each picture: how it is taken, and with how many colours it is kept."""


def reduced(data: bytes, colours: int) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        palette = image.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
        palette.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> int:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM.program, args=[*QUIET])
        for name, (take, colours) in SHOTS.items():
            with tempfile.TemporaryDirectory() as folder:
                data = reduced(take(browser, Path(folder)), colours)
            assert len(data) < MOST_BYTES, f"{name}: {len(data):,} bytes"
            (IMAGES / f"{name}.png").write_bytes(data)
            print(f"docs/images/{name}.png: {len(data):,} bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
