"""The page as a text: everything there is to know of each post is in it, and nothing else."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from bot.approval import Approvals
from bot.content import load
from bot.content.lock import Lock
from bot.domain import History, Place, Problem
from bot.planning import Planner
from bot.preview.page import Picture, iso_day, render, write_page
from bot.preview.sheet import Cards, Sheet, designs, marked_up, months
from tests.content.builder import DEMAND, NETWORKS, changed, png, write_campaign
from tests.generated import START, campaign, limits, passage, template
from tests.preview.sheets import bilingual, sheet_of, signed_by_thirds
from tests.site import ROOT, a_site, edit

NO_PICTURES = {"media/square.png": png(800, 800)}


class Reading(HTMLParser):
    """What a page has: its texts by the id of the article they stand in, its tags, its links."""

    VOID = frozenset({"meta", "img", "input", "rect", "path", "use", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.articles: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.ids: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "article":
            self._inside = found["id"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.articles[self._inside] = self.articles.get(self._inside, "") + data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(sheet: Sheet) -> str:
    return "".join(render(sheet, lambda asset: Picture(f"media/{asset.id}", "")))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    site = a_site(tmp_path_factory.mktemp("shipped"))
    return signed_by_thirds(site, sheet_of(site, 60))


@pytest.fixture(scope="module")
def shipped_page(shipped: Sheet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "posts.html"
    write_page(file, shipped)
    return file


def test_every_post_is_there_to_the_letter(shipped: Sheet, shipped_page: Path) -> None:
    articles = list(Reading(shipped_page.read_text("utf-8")).articles.values())
    assert len(articles) == len(shipped.posts) == 60
    for planned, said in zip(shipped.posts, articles, strict=True):
        assert planned.post is not None
        assert planned.why is not None
        assert planned.post.text in said
        assert planned.post.media[0].alt in said
        assert f"{planned.length} of 280" in said
        assert "$0.020" in said
        assert str(planned.template) in said
        assert all(name in said for name in planned.draws or ())
        assert all(line in said for line in planned.why.lines())
        assert "Verified word for word on 25 November 2026 against 00" in said


def test_of_each_passage_the_words_that_are_used_are_marked(shipped: Sheet) -> None:
    cards = Cards(shipped)
    shortened = 0
    for planned in shipped.posts:
        assert planned.post is not None
        sources = cards.card(planned).sources
        assert [source.passage.id for source in sources] == list(planned.draws or ())
        for source in sources:
            assert "".join(part.text for part in source.parts) == source.passage.text
            used = [part.text.strip() for part in source.parts if part.role == "used"]
            assert all(words.rstrip(".") in planned.post.text for words in used)
            assert source.by in planned.post.text
            shortened += not source.whole
    assert shortened > 5


def test_words_that_stand_together_each_have_their_source(tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **NO_PICTURES)
    sheet = sheet_of(root, 12)
    demands = [c for c in map(Cards(sheet).card, sheet.posts) if c.kinds == ["demand"]]
    card = next(c for c in demands if len(c.sources) > 1)
    assert [s.passage.id for s in card.sources] == ["dockers/talk", "dockers/sign"]
    assert all(source.whole for source in card.sources)
    assert card.sources[0].file == "dockers.txt"


def test_what_was_edited_since_it_was_verified_says_so(tmp_path: Path) -> None:
    root = a_site(tmp_path)
    ituc = root / "messages/statements/ituc.toml"
    text = ituc.read_text("utf-8")
    ituc.write_text(text.replace('as = ["the ITUC"]', 'as = ["The ITUC"]'), "utf-8")
    sheet = sheet_of(root, 6)
    page = page_of(sheet)
    texts = list(Reading(page).articles.values())
    assert "to whom or when is no longer what was verified" in page
    assert len(texts) == 6
    assert all("Verified word for word" in text for text in texts), "the others go out"
    assert not any("The ITUC" in text for text in texts)


def test_the_hashtag_and_addresses_are_told_apart() -> None:
    parts = marked_up("#Tag #Tags https://example.org/#Tag #tag", "#Tag")
    assert [(part.text, part.role) for part in parts] == [
        ("#Tag", "tag"),
        (" #Tags ", ""),
        ("https://example.org/#Tag", "link"),
        (" ", ""),
        ("#tag", "tag"),
    ]


def test_the_sign_off_of_each_post_is_told(shipped: Sheet, shipped_page: Path) -> None:
    articles = list(Reading(shipped_page.read_text("utf-8")).articles.values())
    for planned, said in zip(shipped.posts, articles, strict=True):
        signed = "Signed off by A. Reader, 25 November 2026" in said
        assert signed == (planned.slot.at.day % 3 == 0)
        assert ("Not signed off" in said) != signed


def test_a_sign_off_that_an_edit_undid_is_told(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    sheet = signed_by_thirds(site, sheet_of(site, 6))
    planned = next(each for each in sheet.posts if sheet.approvals.approved(each))
    edit(site / f"messages/templates/{planned.template}.txt", r"---\n", "---\nAnew. ")
    text = page_of(sheet_of(site, 6))
    said = "as it is now; A. Reader signed off another post for this slot, 25 November 2026"
    assert said in text


def test_pictures_stand_beside_the_page_once_each_named_by_their_content(
    shipped_page: Path,
) -> None:
    folder = shipped_page.with_name("posts-media")
    names = {path.name for path in folder.iterdir()}
    stills = {name for name in names if name.endswith("-still.png")}
    assert len(stills) == 1, "the first frame of the one that moves"
    media = ROOT / "media"
    theirs = {path.read_bytes() for path in media.rglob("*") if path.is_file()}
    assert all((folder / name).read_bytes() in theirs for name in names - stills)
    sources = {tag["src"] for tag in Reading(shipped_page.read_text("utf-8")).all("img")}
    assert sources == {f"posts-media/{name}" for name in names}
    (gif,) = folder.glob("*.gif")
    assert gif.read_bytes() == (ROOT / "media/standwithbelarus.gif").read_bytes()
    with Image.open(next(folder.glob("*-still.png"))) as still:
        assert (still.size, getattr(still, "n_frames", 1)) == ((1080, 1080), 1)
    assert {path.name for path in shipped_page.parent.iterdir()} == {"posts.html", "posts-media"}


def test_the_same_content_gives_the_same_page(shipped: Sheet, shipped_page: Path) -> None:
    before = shipped_page.read_bytes()
    write_page(shipped_page, shipped)
    assert shipped_page.read_bytes() == before


def test_a_page_that_can_not_be_written_leaves_the_old_one(
    shipped: Sheet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "posts.html"
    write_page(file, shipped)
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_page(file, replace(shipped, posts=shipped.posts[:1]))
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["posts-media", "posts.html"]


def test_nothing_in_the_page_asks_for_anything(shipped_page: Path) -> None:
    text = shipped_page.read_text("utf-8")
    reading = Reading(text)
    assert [tag["href"].partition(",")[0] for tag in reading.all("link")] == ["data:image/svg+xml"]
    assert not reading.all("iframe")
    assert all("src" not in script for script in reading.all("script"))
    assert "url(" not in text
    (rules,) = [tag["content"] for tag in reading.all("meta") if "http-equiv" in tag]
    assert rules.startswith("default-src 'none'; img-src 'self' file: data:; style-src 'sha256-")
    assert "unsafe" not in rules
    assert "connect-src" not in rules
    assert not [tag for _, tag in reading.tags if "style" in tag or any(k[:2] == "on" for k in tag)]


def test_ids_are_there_once_and_links_lead_somewhere(shipped_page: Path) -> None:
    reading = Reading(shipped_page.read_text("utf-8"))
    assert len(reading.ids) == len(set(reading.ids))
    targets = {tag["href"][1:] for tag in reading.all("a")}
    assert targets <= set(reading.ids)
    assert len([name for name in targets if name.startswith("post-x-")]) == 60


def test_content_can_not_break_out_of_its_place(tmp_path: Path) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)> &amp;'
    words = "The right to strike is a {{ 7 * 7 }} human right."
    root = write_campaign(
        tmp_path,
        **NO_PICTURES,
        **{
            "messages/templates/quote.txt": f"draws: quote\nattach: square\n---\n{{{{ quote }}}} "
            f"{evil} {{{{ quote.by }}}} {{{{ quote.when }}}} "
            "{{ hashtag }}",
            "messages/statements/dockers.toml": changed(
                "messages/statements/dockers.toml", "The right to strike is a human right.", words
            ),
            "messages/campaign.toml": changed(
                "messages/campaign.toml", "Stand with the Harbour", "</title><script>x"
            ),
            "media/media.toml": f"[assets.square]\nfile = \"square.png\"\nalt = '''{evil}'''\n",
        },
    )
    text = page_of(sheet_of(root, 5))
    reading = Reading(text)
    assert len(reading.all("script")) == 1
    assert not [tag for tag in reading.all("img") if tag["src"] == "x" or "onerror" in tag]
    assert html.escape("<script>alert(1)</script>", quote=True) in text
    assert "{{ 7 * 7 }}" in text
    assert "49" not in "".join(reading.articles.values()).replace(evil, "")


# Calendar, templates, problems -------------------------------------------------------------------


def test_the_calendar_has_every_month_with_posts_and_whole_months(shipped: Sheet) -> None:
    cards = [Cards(shipped).card(planned) for planned in shipped.posts]
    december, january = months(cards)
    assert (december.first.isoformat(), december.offset, len(december.days)) == (
        "2026-12-01",
        1,
        31,
    )
    assert (january.offset, len(january.days)) == (4, 31)
    assert [len(day.cards) for day in december.days] == [1] * 31
    assert [len(day.cards) for day in january.days] == [1] * 29 + [0, 0]


def test_a_day_with_many_posts_is_folded_up(tmp_path: Path) -> None:
    every = changed("messages/campaign.toml", 'times = ["12:00"]', 'every = "2h"')
    root = write_campaign(tmp_path, **NO_PICTURES, **{"messages/campaign.toml": every})
    text = page_of(sheet_of(root, 12))
    assert re.search(r"<details><summary>12<span class=\"sr\"> posts", text)


def test_every_post_that_a_template_can_make_is_listed_once(shipped: Sheet) -> None:
    found = {design.template.name: design for design in designs(shipped)}
    assert set(found) == set(shipped.campaign.templates)
    every = list(shipped.planner.deck(shipped.campaign.accounts["x"]).every())
    assert sum(design.total for design in found.values()) == len(every)
    assert found["act-solidarity-frame"].waits == ["frame"]
    assert found["act-solidarity-frame"].total == 0
    asked = found["demand-asked-of"]
    assert asked.makes[0].longest == max(made.length for made in asked.makes[0].made) <= 280


def test_a_template_that_makes_more_than_anybody_reads_says_so() -> None:
    passages = [passage(f"q{n}") for n in range(30)] + [passage(f"f{n}", "fact") for n in range(30)]
    made_up = campaign(passages, [template("t", "quote", "fact")])
    sheet = Sheet(made_up, Planner(made_up, {"x": limits()}), (), (), Lock(), Approvals())
    (design,) = designs(sheet)
    assert (design.total, design.makes[0].more) == (300, True)
    assert "the first 300; it can make more" in page_of(sheet)


def test_a_text_that_does_not_fit_is_shown_with_its_problem(tmp_path: Path) -> None:
    long = DEMAND.replace("Asked of", "Asked, " + "and asked again, " * 20 + "of")
    root = write_campaign(tmp_path, **NO_PICTURES, **{"messages/templates/demand.txt": long})
    sheet = sheet_of(root, 5)
    (design,) = [each for each in designs(sheet) if each.template.name == "demand"]
    assert design.makes[0].too_long == design.total > 0
    text = page_of(sheet)
    assert "2 too long for X" in text
    assert "even with the shortest words and attribution" in text


@pytest.mark.parametrize(
    ("file", "line", "hits"),
    [
        ("messages/templates/quote.txt", 3, {"quote"}),
        ("messages/statements/dockers.toml", 9, {"quote", "frame"}),
        ("messages/statements/dockers.toml", 1, set()),
        ("messages/campaign.toml", 1, set()),
    ],
)
def test_a_problem_stands_beside_the_posts_that_it_breaks_and_at_the_top(
    tmp_path: Path, file: str, line: int, hits: set[str]
) -> None:
    root = write_campaign(tmp_path, **NO_PICTURES)
    problem = Problem("a-rule", Place(file, line), "Something is wrong here.", "Mend it.")
    sheet = sheet_of(root, 12, problems=[problem])
    cards = [Cards(sheet).card(planned) for planned in sheet.posts]
    assert {str(card.planned.template) for card in cards if card.problems} == hits
    text = page_of(sheet)
    assert f"<code>{file}:{line}</code>" in text
    assert text.index("What is wrong: 1 error, 0 warnings") < text.index("<article")


def test_a_problem_of_a_picture_stands_beside_its_posts(tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **NO_PICTURES)
    where = Place("media/media.toml", 1)
    problem = Problem("alt-long", where, "The alt text of `square` has 1,200 characters", "")
    sheet = sheet_of(root, 3, problems=[problem])
    assert all(Cards(sheet).card(planned).problems == [problem] for planned in sheet.posts)


# Odd campaigns -----------------------------------------------------------------------------------


def test_no_post_at_all(tmp_path: Path) -> None:
    over = changed("messages/campaign.toml", "[links]", "ends = 2020-01-01\n[links]")
    over = over.replace('times = ["12:00"]\n\nends', 'times = ["12:00"]\nends')
    root = write_campaign(tmp_path, **NO_PICTURES, **{"messages/campaign.toml": over})
    text = page_of(sheet_of(root))
    assert "No post is coming" in text
    assert 'id="calendar"' not in text


def test_a_slot_with_nothing_left_to_draw_is_shown_as_missed(tmp_path: Path) -> None:
    sheet = sheet_of(bilingual(tmp_path), 10)
    missed = [planned for planned in sheet.posts if planned.post is None]
    assert missed
    text = page_of(sheet)
    assert f"{len(missed)} slots would be missed" in text
    assert text.count("Nothing is left to draw") == len(missed)


def test_every_language_is_named_and_may_run_its_own_way(tmp_path: Path) -> None:
    reading = Reading(page_of(sheet_of(bilingual(tmp_path), 10)))
    texts = [tag for name, tag in reading.tags if tag.get("class") == "text"]
    assert {tag["lang"] for tag in texts} == {"en", "ar"}
    assert {tag["dir"] for tag in texts} == {"auto"}
    assert {"x", "x_ar"} <= {tag["data-account"] for tag in reading.all("article")}
    (chooser,) = [tag for tag in reading.all("select") if tag["id"] == "f-account"]
    assert chooser["name"] == "account"


@pytest.mark.parametrize("network", ["mastodon", "bluesky"])
def test_each_network_has_a_card_in_its_manner(network: str) -> None:
    made_up = campaign([passage("p")], [template("t")], pictures=1)
    account = made_up.accounts["x0"]._replace(network=network)
    made_up = made_up._replace(accounts={"x0": account})
    planner = Planner(made_up, {network: limits(500, network)})
    plan = planner.plan(account, History("x0"), START)
    sheet = Sheet(made_up, planner, [next(plan)], (), Lock(), Approvals())
    text = page_of(sheet)
    assert f'<article class="post open {network}"' in text
    assert f"x0 on {network.capitalize()}" in text
    assert "of 500" in text


def test_times_are_the_campaigns_own(tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **NO_PICTURES)
    text = page_of(sheet_of(root, 1, begin=datetime(2026, 7, 1, tzinfo=UTC)))
    assert '<time datetime="2026-07-01T12:00:00+02:00">Wed 1 Jul 2026, 12:00</time>' in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-05", "5 November 2026"),
        ("2026-11-05T10:00:00+00:00", "5 November 2026"),
        ("?", "?"),
    ],
)
def test_days_are_told_in_words(text: str, said: str) -> None:
    assert iso_day(text) == said


def test_the_loaded_campaign_is_what_is_shown() -> None:
    assert sheet_of(ROOT, 1).campaign.hashtag == load(ROOT, NETWORKS).hashtag
