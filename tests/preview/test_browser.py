"""The written page in a real Chromium: read, filtered, looked at, printed, without a mouse."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from bot.preview.page import write_page
from tests.needs import PDFTOTEXT, need
from tests.preview.conftest import Open
from tests.preview.sheets import bilingual, sheet_of, signed_by_thirds
from tests.site import a_site

POSTS = "article.post"

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def visible(page: Page, what: str = POSTS) -> int:
    return page.locator(f"{what}:visible").count()


def violations(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options={"runOnly": RULES}).response
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}"
        for each in found["violations"]
    ]


# Filters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("name", ["kind", "statement", "template"])
def test_each_filter_leaves_what_it_says(
    open_page: Open, written: str, name: str, scripts: bool
) -> None:
    page = open_page(written, java_script_enabled=scripts)
    options = page.locator(f"#f-{name} option:not([value=''])")
    told = [
        (
            option.get_attribute("value") or "",
            int((option.text_content() or "").split("(")[-1][:-1]),
        )
        for option in options.all()
    ]
    for value, count in [*told[:2], told[-1]]:
        page.select_option(f"#f-{name}", value)
        assert visible(page) == count
        assert visible(page, f"{POSTS}:not([data-{name}~='{value}'])") == 0
        assert visible(page, ".days a.dot") == count
        if scripts:
            said = f"{count} of 60 posts" if count < 60 else "60 posts"
            expect(page.locator("#count")).to_have_text(said)
    page.select_option(f"#f-{name}", "")
    assert visible(page) == 60


def test_filters_narrow_each_other_down_and_are_all_taken_back(
    open_page: Open, written: str
) -> None:
    page = open_page(written)
    page.select_option("#f-kind", "quote")
    page.select_option("#f-statement", "industriall")
    assert visible(page) == 0
    expect(page.locator("#none-fits")).to_be_visible()
    expect(page.locator("#count")).to_have_text("0 of 60 posts")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#count")).to_have_text("60 posts")
    assert visible(page) == 60
    expect(page.locator("#none-fits")).to_be_hidden()


def test_the_filter_of_accounts(open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "posts.html"
    sheet = sheet_of(bilingual(tmp_path / "site"), 10)
    write_page(file, sheet)
    page = open_page(file.as_uri())
    page.select_option("#f-account", "x_ar")
    mine = sum(planned.slot.account == "x_ar" for planned in sheet.posts)
    assert visible(page) == mine == 5
    direction = "node => getComputedStyle(node).direction"
    texts = page.locator(".as-seen .text:visible")
    assert texts.first.evaluate(direction) == "rtl"
    page.select_option("#f-account", "x")
    assert texts.first.evaluate(direction) == "ltr"
    expect(page.locator("#count")).to_have_text("5 of 10 posts")


# Reading -----------------------------------------------------------------------------------------


def test_everything_can_be_read_without_scripts(open_page: Open, written: str) -> None:
    page = open_page(written, java_script_enabled=False)
    card = page.locator(POSTS).first
    for words in ("245 of 280", "$0.020", "Verified word for word", "Alt text of media/"):
        expect(card).to_contain_text(words)
    card.locator("summary").click()
    expect(card.get_by_text("passage: drawn for the first time")).to_be_visible()
    page.locator("#design-demand-asked-of summary").click()
    expect(
        page.locator("#design-demand-asked-of li.over, #design-demand-asked-of .made li").first
    ).to_be_visible()
    expect(page.locator("#count")).to_be_hidden()


def test_the_calendar_leads_to_each_post_and_a_post_to_its_template(
    open_page: Open, written: str
) -> None:
    page = open_page(written)
    link = page.get_by_role("link", name="12:00, x: demand, Sharan Burrow").first
    target = link.get_attribute("href") or ""
    link.click()
    expect(page.locator(target)).to_be_in_viewport()
    page.locator(target).get_by_role("link").first.click()
    design = page.locator(page.evaluate("location.hash"))
    expect(design).to_have_attribute("open", "")
    expect(design).to_be_in_viewport()


def test_the_pictures_are_the_real_ones(open_page: Open, written: str) -> None:
    page = open_page(written)
    page.locator(".as-seen img.moves").first.scroll_into_view_if_needed()
    image = page.locator(".as-seen img.moves").first
    expect(image).to_be_visible()
    image.evaluate("image => image.decode()")
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1080, 1080]
    alt = image.get_attribute("alt") or ""
    assert alt.startswith("Animated picture in white, red and white")
    assert page.locator("img[alt='']").count() == 0


def test_animations_can_be_held_and_start_held_for_who_wants_less_motion(
    open_page: Open, written: str
) -> None:
    page = open_page(written, reduced_motion="no-preference")
    expect(page.locator("img.moves").first).to_be_visible()
    assert visible(page, "img.still") == 0
    page.get_by_label("Hold animations still").check()
    assert visible(page, "img.moves") == 0
    expect(page.locator("img.still").first).to_be_visible()
    calm = open_page(written, reduced_motion="reduce")
    assert visible(calm, "img.moves") == 0
    calm.get_by_label("Play animations").check()
    expect(calm.locator("img.moves").first).to_be_visible()
    assert visible(calm, "img.still") == 0


# Looks -------------------------------------------------------------------------------------------


def luminance(page: Page, selector: str, what: str) -> float:
    colour = page.locator(selector).first.evaluate(f"node => getComputedStyle(node).{what}")
    red, green, blue = (int(part) for part in colour.strip("rgba()").split(",")[:3])
    return red * 0.2126 + green * 0.7152 + blue * 0.0722


def test_light_and_dark_follow_the_system(open_page: Open, written: str) -> None:
    light = open_page(written, color_scheme="light")
    assert luminance(light, "body", "backgroundColor") > 230 > luminance(light, "body", "color")
    dark = open_page(written, color_scheme="dark")
    assert luminance(dark, "body", "backgroundColor") < 40 < luminance(dark, "body", "color")
    assert luminance(dark, ".post", "backgroundColor") < 60


@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
def test_nothing_is_wider_than_the_screen(open_page: Open, written: str, width: int) -> None:
    page = open_page(written, width=width)
    page.locator("#design-demand-asked-of summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = "nodes => nodes.map(node => node.getBoundingClientRect()).filter(b => b.width)"
    for selector in (".as-seen", ".told", ".as-seen img", ".pane, .design"):
        found = page.locator(selector).evaluate_all(f"nodes => ({boxes})(nodes).map(b => b.right)")
        assert all(right <= width for right in found), selector


def test_what_is_to_be_hit_is_large_enough(open_page: Open, written: str) -> None:
    page = open_page(written, width=360)
    sizes = page.locator(
        "a.dot:visible, button:visible, select:visible, summary:visible, .motion:visible"
    ).evaluate_all(
        "nodes => nodes.map(n => n.getBoundingClientRect()).map(b => [b.width, b.height])"
    )
    assert len(sizes) > 60
    assert all(width >= 24 and height >= 24 for width, height in sizes)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three posts, one of them signed off, of few templates: axe takes its time."""
    folder = tmp_path_factory.mktemp("short")
    site = a_site(folder)
    for path in (site / "messages/templates").iterdir():
        if path.stem not in ("demand-asked-of", "fact-as-reported", "quote-introduced"):
            path.unlink()
    write_page(folder / "posts.html", signed_by_thirds(site, sheet_of(site, 3)))
    return (folder / "posts.html").as_uri()


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]
)
def test_axe_finds_nothing(open_page: Open, short: str, width: int, scheme: str) -> None:
    page = open_page(short, width=width, color_scheme=scheme)
    page.locator("#design-demand-asked-of summary").click()
    page.locator(f"{POSTS} summary").first.click()
    assert violations(page) == []


def test_axe_finds_nothing_in_two_languages_and_with_problems(
    open_page: Open, tmp_path: Path
) -> None:
    file = tmp_path / "posts.html"
    write_page(file, sheet_of(bilingual(tmp_path / "site"), 10))
    page = open_page(file.as_uri())
    expect(page.locator("#wrong")).to_be_visible()
    assert violations(page) == []


# Without a mouse ---------------------------------------------------------------------------------


def test_the_keyboard_alone_is_enough(open_page: Open, written: str) -> None:
    page = open_page(written)
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Skip to the posts")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(focused).to_have_id("f-account")
    page.keyboard.press("Tab")
    expect(focused).to_have_id("f-kind")
    page.keyboard.press("q")
    expect(page.locator("#f-kind")).to_have_value("quote")
    outline = focused.evaluate("node => getComputedStyle(node).outlineStyle")
    assert outline == "solid"
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(focused).to_have_text("Show all")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("60 posts")


def test_the_skip_link_leads_to_the_posts(open_page: Open, written: str) -> None:
    page = open_page(written)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#posts")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("href", "#design-demand-asked-of")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Why this was drawn")
    page.keyboard.press("Enter")
    expect(page.locator(f"{POSTS} details").first).to_have_attribute("open", "")


def test_a_screen_reader_finds_its_way(open_page: Open, written: str) -> None:
    page = open_page(written)
    for role in ("banner", "search", "main"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Stand with Belarus")
    second = page.get_by_role("heading", level=2).all_text_contents()
    assert second == ["Calendar", "Posts", "What each template can make"]
    expect(page.get_by_role("article")).to_have_count(60)
    expect(page.get_by_role("article", name="Tue 1 Dec 2026, 12:00 x on X")).to_have_count(1)
    expect(page.get_by_label("Kind", exact=True)).to_have_id("f-kind")
    assert page.locator("#count").evaluate("node => node.localName") == "output"


# On paper ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paper(written: str, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The printed page's texts, sheet by sheet."""
    need(PDFTOTEXT)
    file = tmp_path_factory.mktemp("paper") / "posts.pdf"
    page = browser.new_page()
    page.goto(written)
    page.pdf(path=str(file), prefer_css_page_size=True)
    page.close()
    done = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\f")[:-1]


def test_on_paper_every_post_stands_whole_on_one_sheet_to_be_signed(paper: list[str]) -> None:
    assert sum(sheet.count(" on X") for sheet in paper) == 60
    assert len(paper) <= 24, "three posts a sheet, mostly"
    for sheet in paper:
        ends = sheet.count("Alt text of media/")
        assert sheet.count(" on X") == ends, "what begins on a sheet ends on it"
    assert sum(sheet.count("Signed off by A. Reader") for sheet in paper) == 19
    assert sum(sheet.count("as shown  ") for sheet in paper) == 41, "the others have boxes to tick"


def test_on_paper_the_sheets_are_numbered_and_nothing_is_to_be_clicked(paper: list[str]) -> None:
    for number, sheet in enumerate(paper, 1):
        assert f"{number} of {len(paper)}" in sheet
    text = "\n".join(paper)
    for gone in ("Show all", "Why this was drawn", "Calendar", "What each template can make"):
        assert gone not in text
    assert "Name" in paper[-1]
    assert "Signature" in paper[-1]
    assert "Animated picture in white, red and white" in text
