"""What stands on the campaign's pictures, and how `bot check` knows that they no longer say it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import checking
from bot.content import load, pictures, read
from bot.content.pictures import Sheet, brief, check_pictures, read_record, sheets
from bot.domain import Asset, Campaign, Passage, Place, Problem, Statement
from bot.drawing import not_drawn
from bot.networks.x import LIMITS
from tests.generated import asset, campaign, passage, statement
from tests.site import ROOT

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> Campaign:
    return load(ROOT, ("x",))


# What stands on them -----------------------------------------------------------------------------

KILLED = passage("killed", "fact", text="At least two people have been killed")
FAKED = passage("faked", "fact", text="The results were faked before the eyes of all")
ELSEWHERE = passage("dark", "fact", statement("s1"), text="The internet was cut")
QUOTE = passage("stand", text="We stand with them", speaker="Jane Roe, President")
FREE = passage("free", "demand", text="free them")
HALT = passage("halt", "demand", text="halt the violence")
PASSAGES = (KILLED, FAKED, ELSEWHERE, QUOTE, FREE, HALT)

EXCERPT = {"of": "s0/killed", "words": "At least two people | have been killed"}
SQUARE = {"picture": "square", "excerpts": [EXCERPT]}
POSTER = {
    "picture": "poster",
    "reported": "What happened",
    "excerpts": [EXCERPT, {"of": "s1/dark", "words": "internet was cut"}],
    "demanded": "What is asked",
    "demands": ["s0/free", "s0/halt"],
    "act": "What to do",
    "acts": ["Say {hashtag}", "Ask"],
}
ANIMATION = {
    "picture": "animation",
    "scenes": ["s0/stand", "s0/killed", "s0/free"],
    "acts": ["Say {hashtag}"],
}
FILES = {"square": "a.png", "poster": "a.png", "animation": "a.gif"}


def drawn(
    draw: dict[str, Any], *passages: Passage, file: str = "", alt: str = "Alt"
) -> tuple[Campaign, Asset]:
    """A campaign with one asset that draws this."""
    path = f"media/{file or FILES.get(draw.get('picture', ''), 'a.png')}"
    one = asset("a")._replace(path=path, draw=draw, alt={"": alt}, where=Place("media/media.toml"))
    return campaign([*(passages or PASSAGES)], [])._replace(assets={"a": one}), one


def sheet_of(draw: dict[str, Any], *passages: Passage) -> Sheet:
    found, problems = sheets(drawn(draw, *passages)[0])
    assert problems == []
    return found[0]


def test_the_square_says_a_few_words_of_each_fact_and_whose_report_it_is() -> None:
    sheet = sheet_of(SQUARE)
    [page] = sheet.pages
    assert sheet.files == ("media/a.png",)
    assert page["excerpts"] == [
        {"open": "“", "large": "At least two people", "rest": "have been killed", "close": "”"}
    ]
    assert page["by"] == ["Publisher s0"]
    assert sheet.texts == (
        *("“At least two people have been killed”", "Publisher s0", "#Test", "August 2020"),
    )


def test_the_poster_has_reports_by_publisher_and_demands_by_whom_they_ask() -> None:
    sheet = sheet_of(POSTER)
    [page] = sheet.pages
    assert sheet.files == ("media/a.png", "media/a.pdf")
    assert [report["by"] for report in page["reports"]] == [["Publisher s0"], ["Publisher s1"]]
    [asked] = page["demands"]
    assert (asked["to"], asked["by"]) == ("Somebody", "Publisher s0")
    assert [each["words"] for each in asked["said"]] == ["free them", "halt the violence"]
    assert page["acts"] == ["Say #Test", "Ask"]
    assert {"What happened", "What is asked", "What to do", "“internet was cut”"} <= {*sheet.texts}


def test_the_animation_has_a_scene_a_passage_and_a_last_one() -> None:
    sheet = sheet_of(ANIMATION)
    assert sheet.files == ("media/a.gif", "media/a-960.gif")
    assert [page["picture"] for page in sheet.pages] == ["scene", "scene", "scene", "closing"]
    assert sheet.pages[0]["by"] == ["Jane Roe", "President, at length"]
    assert sheet.pages[2]["to"] == "Somebody"
    assert sheet.pages[3]["acts"] == ["Say #Test"]
    assert "Say #Test" in sheet.texts


@pytest.mark.parametrize(
    ("lengths", "which"), [((80,), 0), ((400, 149, 90), 1), ((400, 300), 1), ((151, 150), 1)]
)
def test_a_long_passage_is_shown_in_a_shorter_form(lengths: tuple[int, ...], which: int) -> None:
    text, *short = ("x" * length for length in lengths)
    said = passage("long", text=text, short=tuple(short))
    assert brief(said) == said.forms[which]


@pytest.mark.parametrize(
    ("hashtag", "lines"),
    [
        ("#StandWithBelarus", ["#StandWith", "Belarus"]),
        ("#StandWithTheHarbour", ["#StandWith", "TheHarbour"]),
        ("#solidarity", ["#solidarity"]),
        ("#EU2020Now", ["#EU2020", "Now"]),
        ("#СтоімРазам", ["#Стоім", "Разам"]),
    ],
)
def test_a_hashtag_is_broken_before_a_word(hashtag: str, lines: list[str]) -> None:
    assert pictures._in_two(hashtag) == lines


def cut(table: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**table, **changes}.items() if value is not None}


FRENCH = passage("fr", text="Ils ont été libérés")._replace(
    statement=statement("s0")._replace(language="fr")
)
LATER = passage("later", "fact", text="They were freed")._replace(
    statement=Statement("s0", "Publisher s0", "May 2021"),
)


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (cut(SQUARE, picture="circle"), "unknown picture 'circle'"),
        (cut(SQUARE, picture=None), "unknown picture ''"),
        (cut(SQUARE, excerpt=[]), "unknown key `excerpt`; did you mean `excerpts`?"),
        (cut(SQUARE, excerpts=None), "`excerpts` is missing"),
        (cut(SQUARE, excerpts=[]), "`excerpts` is missing"),
        (cut(SQUARE, excerpts=["s0/killed"]), "something that is no excerpt"),
        (cut(SQUARE, excerpts=POSTER["excerpts"]), "are of several statements"),
        (cut(SQUARE, excerpts=[{**EXCERPT, "of": "s0/kiled"}]), "did you mean `s0/killed`?"),
        (cut(SQUARE, excerpts=[{**EXCERPT, "of": "s0/stand"}]), "is a quote, not a fact"),
        (
            cut(SQUARE, excerpts=[{**EXCERPT, "words": "two | people were"}]),
            "“two people were” are",
        ),
        (cut(SQUARE, excerpts=[{**EXCERPT, "words": "least tw"}]), "are no words of `s0/killed`"),
        (cut(SQUARE, excerpts=[EXCERPT, {"of": "s0/later", "words": "They"}]), "same when: August"),
        (cut(POSTER, act=" "), "`act` is missing"),
        (cut(POSTER, demands=["s0/stand"]), "`s0/stand` is a quote"),
        (cut(POSTER, demands=["s0/secret"]), "`s0/secret` is sensitive"),
        (cut(ANIMATION, scenes=["s0/old"]), "`s0/old` is superseded"),
        (cut(ANIMATION, scenes=["s0/leaning"]), "`s0/leaning` may not stand alone"),
        (cut(ANIMATION, scenes=["s0/stand", "s0/fr"]), "not all the same language: en, fr"),
        (cut(ANIMATION, scenes=[1]), "there is no passage `1`"),
    ],
)
def test_a_wish_that_can_t_be_fulfilled_is_named(draw: dict[str, Any], says: str) -> None:
    extra = (
        passage("secret", "demand", sensitive=True),
        passage("old", superseded_by="s0/stand"),
        passage("leaning", with_id="s0/stand"),
    )
    found, problems = sheets(drawn(draw, *PASSAGES, *extra, FRENCH, LATER)[0])
    assert [sheet.asset for sheet in found if sheet.asset] == []
    [problem] = problems
    assert (problem.rule, problem.where.file) == ("picture-draw", "media/media.toml")
    assert says in problem.what
    assert problem.what.startswith("assets.a.draw: ")
    assert problem.fix


def test_a_picture_s_file_is_of_its_type() -> None:
    _, [problem] = sheets(drawn(ANIMATION, file="a.png")[0])
    assert "a file named media/a.png can't hold it" in problem.what


def test_sensitive_words_stay_off_pictures_whatever_the_campaign_allows() -> None:
    content, _ = drawn(cut(ANIMATION, scenes=["s0/p"]), passage("p", sensitive=True))
    found, problems = sheets(content._replace(sensitive=True))
    assert found == []
    assert [problem.rule for problem in problems] == ["picture-draw"]


# What the shipped ones say -----------------------------------------------------------------------


def test_every_shipped_alt_text_has_every_word_and_is_short_enough(shipped: Campaign) -> None:
    found, problems = sheets(shipped)
    assert problems == []
    for sheet in found:
        card = next((c for c in shipped.cards.values() if c.path == sheet.files[0]), None)
        one = sheet.asset or card
        assert one is not None
        [alt] = one.alt.values()
        assert len(alt) <= LIMITS.alt
        for text in sheet.texts:
            assert text.casefold() in alt.casefold()


def test_every_quote_position_and_demand_that_may_be_shown_has_a_card(shipped: Campaign) -> None:
    wanted = {
        passage.id
        for passage in shipped.passages.values()
        if passage.kind != "fact" and not passage.sensitive and passage.superseded_by is None
    }
    assert shipped.cards.keys() == wanted
    files = {f"media/cards/{path.name}" for path in (ROOT / "media/cards").iterdir()}
    assert files == {card.path for card in shipped.cards.values()}


def test_every_card_says_whose_words_they_are_and_when(shipped: Campaign) -> None:
    cards = [sheet for sheet in sheets(shipped)[0] if sheet.asset is None]
    for sheet in cards:
        [page] = sheet.pages
        said = " ".join(sheet.texts)
        assert "August 2020" in sheet.texts
        assert shipped.hashtag in sheet.texts
        assert page["by"][0] in said
        assert ("to" in page) == (page["picture"] == "demand")


def test_no_picture_names_a_private_person(shipped: Campaign) -> None:
    names = {"Zimin", "Sereda", "Petrikin", "Roman"}
    for sheet in sheets(shipped)[0]:
        assert not any(name in text for name in names for text in sheet.texts)


# Whether they still say it -----------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped content, to be changed."""
    for folder in ("messages", "media"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        file = root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return change


def swap(root: Path) -> None:
    shutil.copy(root / "media/infographic-square.png", root / "media/infographic-poster.png")


def lose(name: str) -> Callable[[Path], None]:
    return lambda root: (root / "media" / name).unlink()


def another_card(root: Path) -> None:
    one, other, *_ = sorted((root / "media/cards").iterdir())
    shutil.copy(one, other)


ITUC = "messages/statements/ituc.toml"


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (lambda root: None, {}),
        (swap, {"picture-stale": ["media/infographic-poster.png is not what"]}),
        (another_card, {"picture-stale": ["is not what the content gives now"]}),
        (lose("standwithbelarus-960.gif"), {"picture-stale": ["standwithbelarus-960.gif is not"]}),
        (lose("infographic-poster.pdf"), {"picture-stale": ["media/infographic-poster.pdf is"]}),
        (
            edit("media/media.toml", '"Show solidarity"', '"Do something"'),
            {"picture-stale": ["infographic-poster.png is", "infographic-poster.pdf is"]},
        ),
        (
            edit("media/media.toml", "Sharan Burrow, ITUC General Secretary. \\", "She. \\"),
            {"alt-words": ["assets.gif lacks words on it: Sharan Burrow, ITUC General Secretary"]},
        ),
        (
            edit("media/built.toml", "design = ", 'design = "x"\nformer = '),
            {"picture-design": ["drawn with another design"]},
        ),
    ],
)
def test_check_says_what_no_longer_matches(
    copy: Path, change: Callable[[Path], None], rules: dict[str, list[str]]
) -> None:
    change(copy)
    campaign = read(copy, known_networks=("x",)).to_draw
    found = [problem for _, problem in check_pictures(campaign, copy)]
    assert {problem.rule for problem in found} == rules.keys()
    for rule, says in rules.items():
        told = [problem.what for problem in found if problem.rule == rule]
        assert len(told) == len(says)
        assert all(part in what for part, what in zip(sorted(says), sorted(told), strict=True))


def test_of_an_edited_quote_both_wordings_are_told_and_nothing_of_its_card(copy: Path) -> None:
    edit(ITUC, "shake off the last vestiges", "shake off the vestiges")(copy)
    problems = checking.check(copy, {"x": LIMITS}, NOW)
    assert [problem.rule for problem in problems] == ["lock-edited"]
    assert problems[0].where.file == ITUC
    assert "`ituc/in-solidarity` is no longer what was verified" in problems[0].what
    assert "“… shake off the last vestiges of the …”" in problems[0].what
    assert "“… shake off the vestiges of the …”" in problems[0].what


def test_what_is_shipped_is_what_the_content_gives(shipped: Campaign) -> None:
    assert list(check_pictures(shipped, ROOT)) == []


LACKS = "lacks what `bot media build` writes there"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (None, None, "it is missing"),
        ("", 1, LACKS),
        ("[files]", 1, LACKS),
        ("[tools]\n[files]\nx = 1", 1, LACKS),
        ("[tools]\n[files]\nx = []", 1, LACKS),
        ("[tools]\n[", 2, "no name for a key or a table"),
        (b"[tools]\n\xff", 2, "not UTF-8"),
    ],
)
def test_a_record_that_can_t_be_read_is_told_once_and_no_drawn_picture_goes_out(
    copy: Path, text: str | bytes | None, line: int | None, why: str
) -> None:
    file = copy / pictures.RECORD
    file.unlink()
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    record = read_record(copy)
    assert (record.tools, record.files) == ({}, {})
    loaded = read(copy, known_networks=("x",), lint=False)
    for told in (list(loaded.campaign.left_out), checking.check(copy, {"x": LIMITS}, NOW)):
        [problem] = told
        assert (problem.rule, problem.where) == ("record-unreadable", Place(pictures.RECORD, line))
        assert why in problem.what
        assert "bot media build" in problem.fix
    assert (loaded.campaign.assets, loaded.campaign.cards) == ({}, {})
    assert len(loaded.whole.assets) == 3, "so all of them were left out"


def test_another_hashtag_is_told_once_with_how_many_pictures_and_what_to_do(copy: Path) -> None:
    edit("messages/campaign.toml", "#StandWithBelarus", "#StandByBelarus")(copy)
    loaded = read(copy, known_networks=("x",), lint=False)
    for told in (list(loaded.campaign.left_out), checking.check(copy, {"x": LIMITS}, NOW)):
        [problem] = told
        assert problem.what.startswith("27 pictures do not show what the content says now: ")
        assert problem.what.endswith(" and 22 more")
        assert "media/infographic-poster.pdf" in problem.what
        assert "bot media build" in problem.fix
    assert (loaded.campaign.assets, loaded.campaign.cards) == ({}, {})
    assert not_drawn(loaded.to_draw) == [], "so what is missing can be drawn"


def test_a_campaign_without_pictures_of_its_own_needs_no_record(tmp_path: Path) -> None:
    plain = campaign([QUOTE], [])
    assert list(check_pictures(plain, tmp_path)) == []


def test_cards_are_held_against_the_networks_in_use(shipped: Campaign) -> None:
    from bot.media.inspecting import inspect_cards

    cards = shipped.cards.values()
    assert list(inspect_cards(cards, ROOT, [LIMITS])) == []
    tight = LIMITS._replace(alt=100, image_bytes=1000)
    found: list[Problem] = list(inspect_cards(cards, ROOT, [tight]))
    assert {problem.rule for problem in found} == {"alt-long", "media-limit"}
    assert all(re.search("`(ituc|industriall)/", problem.what) for problem in found)
