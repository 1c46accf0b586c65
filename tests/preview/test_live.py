"""The live page in a real Chromium: it follows what is saved, keeps its place, edits, signs off."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.content.builder import png
from tests.locked import lock
from tests.preview.conftest import Open
from tests.preview.served import Served
from tests.preview.test_browser import violations
from tests.site import a_site, edit

ASKED = "messages/templates/demand-asked-of.txt"
FIRST = "article.post >> nth=0"
LAST_WORD = r"\{\{ hashtag \}\}(?=\s*\Z)"


@pytest.fixture
def page(served: Served, open_page: Open) -> Page:
    """The live page, open and following."""
    found = open_page(served.address)
    expect(found.locator("#link-state")).to_contain_text("Live")
    return found


def template_of(page: Page, post: str = FIRST) -> str:
    return page.locator(post).get_attribute("data-template") or ""


# Following ---------------------------------------------------------------------------------------


def test_a_saved_template_shows_at_once(served: Served, page: Page) -> None:
    path = served.path(f"messages/templates/{template_of(page)}.txt")
    edit(path, LAST_WORD, "Told anew. {{ hashtag }}")
    expect(page.locator(f"{FIRST} >> .as-seen .text")).to_contain_text("Told anew. #StandWith")
    expect(page.locator("#link-state")).to_contain_text("changed")
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1


def test_a_picture_that_is_changed_shows_at_once(served: Served, page: Page) -> None:
    """One of the campaign's own: what the program draws is not changed by hand."""
    template = served.path(f"messages/templates/{template_of(page)}.txt")
    photo = served.path("media/photo.png")
    photo.write_bytes(png(800, 800))
    with served.path("media/media.toml").open("a", encoding="utf-8") as listed:
        listed.write('[assets.photo]\nfile = "photo.png"\nalt = "A grey square."\n')
    lock(served.root)
    edit(template, r"attach: \w+", "attach: photo")
    image = page.locator(f"{FIRST} >> .as-seen img")
    expect(image).to_have_attribute("alt", "A grey square.")
    before = image.get_attribute("src") or ""
    photo.write_bytes(png(640, 640))
    lock(served.root)
    expect(image).not_to_have_attribute("src", before)
    image.scroll_into_view_if_needed()
    image.evaluate("image => image.decode()")


def test_an_update_does_not_lose_the_readers_place(served: Served, page: Page) -> None:
    page.select_option("#f-kind", "demand")
    post = page.locator("article.post:visible").last
    name = post.get_attribute("id")
    post.locator("summary").click()
    post.locator("summary").focus()
    page.evaluate(f"scrollTo(0, document.getElementById('{name}').offsetTop - 200)")
    page.wait_for_function("() => scrollY > 0")
    top = f"document.getElementById('{name}').getBoundingClientRect().top"
    page.evaluate("window.kept = true")
    page.evaluate("document.documentElement.style.overflowAnchor = 'none'")  # as Safari has it
    page.wait_for_function(
        f"() => {{ const was = window.was; window.was = {top}; return was === window.was; }}"
    )
    before = page.evaluate(top)
    first = page.locator("article.post:visible").first.get_attribute("data-template")
    edit(
        served.path(f"messages/templates/{first}.txt"),
        LAST_WORD,
        "Much\n\nlonger\n\nnow: {{ hashtag }}",
    )
    expect(page.locator("article.post:visible").first).to_contain_text("longer")
    assert abs(page.evaluate(top) - before) < 2
    assert page.evaluate("window.kept"), "the page was not loaded again"
    expect(page.locator("#f-kind")).to_have_value("demand")
    expect(post.locator("details")).to_have_attribute("open", "")
    expect(post.locator("summary")).to_be_focused()
    said = page.locator("#count").text_content() or ""
    assert re.fullmatch(r"\d+ of 10 posts", said)


def test_a_chosen_filter_stays_when_templates_come_and_go(served: Served, page: Page) -> None:
    page.select_option("#f-template", template_of(page))
    chosen = page.locator("#f-template").input_value()
    edit(served.path(ASKED), "Asked in", "Asked, in")
    served.path("messages/templates/aa-first.txt").write_text(
        served.path(ASKED).read_text("utf-8"), "utf-8"
    )
    expect(page.locator("#f-template option[value='aa-first']")).to_have_count(1)
    expect(page.locator("#f-template")).to_have_value(chosen)
    page.select_option("#f-template", "aa-first")
    served.path("messages/templates/aa-first.txt").unlink()
    expect(page.locator("#f-template option[value='aa-first']")).to_have_count(0)
    expect(page.locator("#f-template")).to_have_value("")


def test_a_wrong_file_never_takes_the_page_down(served: Served, page: Page) -> None:
    name = template_of(page)
    path = served.path(f"messages/templates/{name}.txt")
    good = path.read_text("utf-8")
    path.write_text(good.replace("{{ hashtag }}", "{{ hashtag"), "utf-8")
    problem = page.locator("#wrong .problems")
    expect(problem).to_contain_text(f"messages/templates/{name}.txt:")
    expect(page.locator("#wrong")).to_contain_text("left out")
    assert page.evaluate("scrollY") == 0, "who is at the top sees what is put there"
    expect(page.locator(f"article.post[data-template='{name}']")).to_have_count(0)
    expect(page.locator("article.post")).to_have_count(10)
    settings = served.path("messages/campaign.toml")
    whole = settings.read_text("utf-8")
    settings.write_text("=", "utf-8")
    stale = page.locator("#stale")
    expect(page.locator("#link-state")).to_contain_text("what was saved last has errors")
    expect(stale).to_contain_text("The content has errors. What follows is as it was at")
    expect(page.locator("article.post")).to_have_count(10)
    assert violations(page) == []
    settings.write_text(whole, "utf-8")
    path.write_text(good, "utf-8")
    expect(stale).to_have_count(0)
    expect(page.locator("#wrong")).to_have_count(0)


def test_it_says_so_when_the_program_has_stopped(
    tmp_path_factory: pytest.TempPathFactory, open_page: Open
) -> None:
    with Served(a_site(tmp_path_factory.mktemp("gone"))) as served:
        page = open_page(served.address)
        expect(page.locator("#link-state")).to_contain_text("Live")
    expect(page.locator("#link-state")).to_contain_text("Not live: the program")
    expect(page.locator("article.post")).to_have_count(10)


# Editing -----------------------------------------------------------------------------------------


@pytest.fixture
def pane(page: Page) -> Iterator[Page]:
    """The pane, open on the template of demands."""
    page.evaluate("document.getElementById('design-demand-asked-of').open = true")
    page.get_by_role("button", name="Edit demand-asked-of").click()
    expect(page.locator("#pane-text")).to_be_focused()
    expect(page.locator("#tally")).to_have_text("12 posts, all of them fit")
    yield page
    page.evaluate("pane.draft = null")  # leaving asks, where something is not saved


def test_typing_shows_every_post_with_its_length(pane: Page) -> None:
    made = pane.locator("#pane-made .made li")
    expect(made).to_have_count(12)
    before = made.first.text_content() or ""
    count = int(re.findall(r"(\d+) of 280", before)[0])
    pane.locator("#pane-text").press("Control+End")
    pane.keyboard.type("Ten more.!")
    expect(made.first).to_contain_text(f"{count + 11} of 280")
    expect(pane.locator("#pane-state")).to_have_text("Not saved yet.")
    pane.keyboard.type(" and on" * 12)
    expect(pane.locator("#tally")).to_contain_text("too long")
    expect(pane.locator("#pane-made .over").first).to_contain_text("over its 280")


def test_typing_shows_what_is_wrong_at_its_line(pane: Page) -> None:
    text = pane.locator("#pane-text")
    text.fill(text.input_value().replace("{{ demand }}", "{{ demand | upper }}"))
    expect(pane.locator("#tally")).to_have_text("1 error, so that this can’t be saved")
    expect(pane.locator("#pane-made .problems")).to_contain_text(f"{ASKED}:10")
    pane.get_by_role("button", name="Undo changes").click()
    expect(pane.locator("#tally")).to_have_text("12 posts, all of them fit")


def test_saving_writes_the_file_and_the_page_follows(served: Served, pane: Page) -> None:
    text = pane.locator("#pane-text")
    expect(pane.locator("#pane-save")).to_be_disabled()
    text.fill(text.input_value().replace("Asked in", "Requested in"))
    pane.locator("#pane-text").press("Control+s")
    expect(pane.locator("#pane-state")).to_have_text("Saved.")
    assert "Requested in {{ demand.when }}" in served.path(ASKED).read_text("utf-8")
    expect(pane.locator("#design-demand-asked-of .made li").first).to_contain_text("Requested in")
    expect(pane.locator("#pane-save")).to_be_disabled()
    pane.keyboard.press("Escape")
    expect(pane.locator("#pane")).to_be_hidden()


def test_a_text_with_an_error_is_not_saved(served: Served, pane: Page) -> None:
    before = served.path(ASKED).read_text("utf-8")
    pane.locator("#pane-text").fill(before.replace("{{ hashtag }}", ""))
    pane.locator("#pane-text").press("Control+s")
    expect(pane.locator("#pane-state")).to_contain_text("Not saved: messages/templates/demand")
    assert served.path(ASKED).read_text("utf-8") == before


def test_an_edit_from_elsewhere_is_shown_beside_mine(served: Served, pane: Page) -> None:
    text = pane.locator("#pane-text")
    text.fill(text.input_value().replace("Asked in", "My words in"))
    edit(served.path(ASKED), "Asked in", "Their words in")
    conflict = pane.locator("#pane-conflict")
    expect(conflict).to_be_visible()
    assert "My words in" in text.input_value()
    assert "Their words in" in pane.locator("#pane-theirs").input_value()
    pane.locator("#pane-save").click()
    expect(pane.locator("#pane-state")).to_contain_text("changed elsewhere")
    assert "Their words in" in served.path(ASKED).read_text("utf-8")
    pane.get_by_role("button", name="Go on with mine").click()
    expect(conflict).to_be_hidden()
    pane.locator("#pane-save").click()
    expect(pane.locator("#pane-state")).to_have_text("Saved.")
    assert "My words in" in served.path(ASKED).read_text("utf-8")


def test_their_text_can_be_taken_too(served: Served, pane: Page) -> None:
    text = pane.locator("#pane-text")
    text.fill(text.input_value().replace("Asked in", "My words in"))
    edit(served.path(ASKED), "Asked in", "Their words in")
    pane.get_by_role("button", name="Take the file’s text").click()
    expect(text).to_have_value(re.compile("Their words in"))
    expect(pane.locator("#pane-save")).to_be_disabled()


def test_without_changes_of_mine_the_pane_follows_the_file(served: Served, pane: Page) -> None:
    edit(served.path(ASKED), "Asked in", "Their words in")
    expect(pane.locator("#pane-text")).to_have_value(re.compile("Their words in"))
    expect(pane.locator("#pane-conflict")).to_be_hidden()


def test_leaving_without_saving_asks_first(pane: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    pane.on("dialog", stay)
    pane.locator("#pane-text").press_sequentially("x")
    pane.get_by_role("button", name="Close").click()
    expect(pane.locator("#pane")).to_be_visible()
    pane.select_option("#pane-what", "messages/templates/quote-introduced.txt")
    expect(pane.locator("#pane-what")).to_have_value(ASKED)
    assert asked == ["Leave without saving? Your changes are lost."] * 2


def test_short_forms_are_edited_a_line_each(served: Served, page: Page) -> None:
    path = served.path("messages/statements/ituc.toml")
    before = path.read_text("utf-8").splitlines()
    page.get_by_role("button", name="Edit templates and short forms").click()
    page.select_option("#pane-what", "ituc/in-solidarity")
    text = page.locator("#pane-text")
    expect(text).to_have_value(re.compile("^We stand in solidarity with our affiliate"))
    expect(page.locator("#pane-words")).to_contain_text("so that democracy can finally prevail")
    text.press("Control+End")
    page.keyboard.type("\nWe sit in solidarity …")
    expect(page.locator("#pane-made .problems")).to_contain_text(
        "has a word that the text doesn't: `sit`"
    )
    text.fill(text.input_value().replace("We sit", "We stand"))
    expect(page.locator("#tally")).to_have_text("5 posts, all of them fit")
    expect(page.locator("#pane-made h3")).to_have_count(5)
    expect(page.locator("#pane-made .problems")).to_contain_text("is no longer what was verified")
    page.locator("#pane-save").click()
    expect(page.locator("#pane-state")).to_have_text("Saved.")
    after = path.read_text("utf-8").splitlines()
    assert [line for line in after if line not in before] == ['  "We stand in solidarity …",']
    assert [line for line in before if line not in after] == []


def test_the_pane_has_nothing_for_axe_and_fits_a_phone(served: Served, open_page: Open) -> None:
    served.count = 2
    for path in served.path("messages/templates").glob("fact-*"):
        path.unlink()
    assert violations(open_page(served.address)) == []
    for width, scheme in ((1280, "light"), (360, "dark")):
        page = open_page(served.address, width=width, color_scheme=scheme)
        page.get_by_role("button", name="Edit templates and short forms").click()
        expect(page.locator("#tally")).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# Signing off -------------------------------------------------------------------------------------


def test_one_post_is_signed_off_in_a_persons_name(served: Served, page: Page) -> None:
    button = page.locator(FIRST).get_by_role("button", name="Sign off")
    button.click()
    expect(page.locator("#said")).to_contain_text("Write your name first")
    expect(page.locator("#signer")).to_be_focused()
    page.locator("#signer").fill("A. Reader")
    button.click()
    expect(page.locator(f"{FIRST} >> .seal")).to_have_text(
        "Signed off by A. Reader, 1 December 2026"
    )
    expect(page.locator("#said")).to_have_text("1 post signed off by A. Reader.")
    expect(button).to_have_count(0)
    assert len(served.signed()) == 1


def test_all_shown_are_signed_off_and_no_other(served: Served, page: Page) -> None:
    page.locator("#signer").fill("A. Reader")
    page.select_option("#f-kind", "demand")
    shown = page.locator("article.post:visible").count()
    page.get_by_role("button", name="Sign off all shown").click()
    expect(page.locator("#said")).to_have_text(f"{shown} posts signed off by A. Reader.")
    assert len(served.signed()) == shown
    expect(page.locator("article.post.signed")).to_have_count(shown)


def test_what_changed_under_ones_hands_is_not_signed_off(served: Served, page: Page) -> None:
    page.locator("#signer").fill("A. Reader")
    page.locator(FIRST).evaluate("post => post.dataset.key = '0'.repeat(64)")
    page.locator(FIRST).get_by_role("button", name="Sign off").click()
    expect(page.locator("#said")).to_contain_text("Look again, then sign off")
    assert served.signed() == []


# Whose page it is --------------------------------------------------------------------------------


def test_without_the_token_it_is_only_to_be_read(served: Served, open_page: Open) -> None:
    page = open_page(f"http://127.0.0.1:{served.port}/")
    expect(page.locator("#link-state")).to_contain_text("Live")
    expect(page.get_by_text("open the address that the terminal shows")).to_be_visible()
    assert page.get_by_role("button", name="Edit").count() == 0
    assert page.get_by_role("button", name="Sign off").count() == 0


def test_the_token_leaves_the_address_and_stays_with_the_tab(page: Page) -> None:
    assert "#" not in page.url
    page.reload()
    expect(page.get_by_role("button", name="Edit templates and short forms")).to_be_visible()


def test_without_scripts_the_served_page_can_be_read(served: Served, open_page: Open) -> None:
    page = open_page(served.address, java_script_enabled=False)
    expect(page.locator("article.post")).to_have_count(10)
    page.select_option("#f-kind", "quote")
    assert page.locator("article.post:visible").count() < 10
