"""The campaign's pictures: whose words are on them, how they are set, and what the files are."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageColor, ImageSequence

from bot import drawing
from bot.domain import Account, Campaign, Kind, Passage, Schedule, Statement
from bot.drawing import SMALLEST, Picture, draw, main, read_content
from bot.errors import BotError, ContentError
from bot.media import inspect_assets, load_assets

ROOT = Path(__file__).parents[1]

UNION = Statement("union", "The Union", "May 2021")
BYS = ("Ada Example, Secretary General of the Union", "Ada Example")


def passage(
    name: str,
    kind: Kind,
    *forms: str,
    to: str = "",
    with_id: str | None = None,
    superseded_by: str | None = None,
    sensitive: bool = False,
    statement: Statement = UNION,
    by: tuple[str, ...] = BYS,
) -> Passage:
    text, *short = forms
    return Passage(
        id=f"{statement.id}/{name}",
        kind=kind,
        statement=statement,
        text=text,
        short=tuple(short),
        by=by,
        to=to,
        with_id=with_id,
        superseded_by=superseded_by,
        sensitive=sensitive,
    )


BEST = "Nobody should be locked up for having asked for a vote that counts, or for having struck"
SECOND = "We stand with everybody who works there, and we shall go on doing so"
QUOTES = (passage("best", "quote", BEST), passage("second", "quote", SECOND))
DEMANDS = (
    passage("free", "demand", "let everybody go who was locked up for it", to="the ministry"),
    passage("vote", "demand", "count the votes again, and let others watch it", to="the ministry"),
    passage("money", "demand", "stop paying for it", to="banks"),
)


def campaign(*passages: Passage, hashtag: str = "#StandWithAda", language: str = "en") -> Campaign:
    return Campaign(
        root=".",
        name="Stand with Ada",
        hashtag=hashtag,
        timezone="UTC",
        seed=1,
        accounts={"x": Account("x", "x", Schedule(), language)},
        statements={p.statement.id: p.statement for p in passages},
        passages={p.id: p for p in passages},
        templates={},
        assets={},
    )


def texts(pictures: Iterable[Picture]) -> str:
    return "\n".join(text for picture in pictures for text in picture.texts)


def said(text: str) -> str:
    return f"“{text}”"


@pytest.fixture(scope="module")
def shipped() -> tuple[Campaign, tuple[Picture, ...]]:
    """The campaign of this checkout, and the pictures that it gives."""
    content = read_content(ROOT)
    return content, draw(content)


@pytest.fixture(scope="module")
def small() -> tuple[Campaign, tuple[Picture, ...]]:
    content = campaign(*QUOTES, *DEMANDS)
    return content, draw(content)


@pytest.fixture(params=["shipped", "small"])
def drawn(request: pytest.FixtureRequest) -> tuple[Campaign, tuple[Picture, ...]]:
    both: tuple[Campaign, tuple[Picture, ...]] = request.getfixturevalue(request.param)
    return both


# The words ---------------------------------------------------------------------------------------


def test_every_text_on_a_picture_comes_from_the_campaign(
    drawn: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    content, pictures = drawn
    passages = [p for p in content.passages.values() if p.kind in ("quote", "demand")]
    known = {content.hashtag}
    for p in passages:
        known |= {said(form) for form in p.forms} | set(p.by)
        known |= {p.to[:1].upper() + p.to[1:], p.statement.when, p.statement.publisher}
    for picture in pictures:
        assert set(picture.texts) <= known


def test_nothing_else_is_printed_but_arrows_and_dashes(
    drawn: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    _, pictures = drawn
    for picture in pictures:
        told = {word for text in picture.texts for word in text.split()}
        printed = {word for line in picture.printed for word in line.text.split()}
        assert printed - told <= {"→", "—"}
        assert told <= printed


def test_every_picture_says_whose_words_and_when(
    drawn: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    content, pictures = drawn
    signed = {said(f): p for p in content.passages.values() for f in p.forms}
    for picture in pictures:
        quoted = [signed[text] for text in picture.texts if text in signed]
        assert quoted
        assert content.hashtag in picture.texts
        for p in quoted:
            assert p.statement.when in picture.texts
            assert p.statement.publisher in picture.texts
            assert set(p.by) & set(picture.texts)
            assert p.kind == "quote" or p.to[:1].upper() + p.to[1:] in picture.texts


def test_the_square_has_the_best_quotation_and_the_gif_the_next(
    small: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    square, _, gif = small[1]
    assert square.texts == ("#StandWithAda", said(BEST), BYS[0], "May 2021", "The Union")
    assert gif.texts == (
        *("#StandWithAda", said(SECOND), BYS[0], "May 2021", "The Union"),
        *("Banks", said("stop paying for it")),
        *("The ministry", said("let everybody go who was locked up for it")),
    )


def test_the_poster_groups_the_demands_by_whom_they_address(
    small: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    _, poster, _ = small[1]
    assert poster.texts == (
        "#StandWithAda",
        "The ministry",
        said("let everybody go who was locked up for it"),
        said("count the votes again, and let others watch it"),
        "Ada Example",
        "Banks",
        said("stop paying for it"),
        "Ada Example",
        "May 2021",
        "The Union",
    )


@pytest.mark.parametrize(
    "unfit",
    [
        {"superseded_by": "union/best"},
        {"sensitive": True},
        {"with_id": "union/free"},
        {"statement": replace(UNION, id="union-fr", language="fr")},
    ],
    ids=["superseded", "sensitive", "not alone", "another language"],
)
@pytest.mark.parametrize("opted_in", [False, True])
def test_what_may_not_be_drawn_is_not(unfit: dict[str, object], opted_in: bool) -> None:
    quote = passage("bad", "quote", "Q" * 9 + BEST[9:], **unfit)  # type: ignore[arg-type]
    demand = passage("bad-too", "demand", "short", to="banks", **unfit)  # type: ignore[arg-type]
    content = replace(campaign(quote, *QUOTES, demand, *DEMANDS), sensitive=opted_in)
    words, without = drawing.Chosen(content), drawing.Chosen(campaign(*QUOTES, *DEMANDS))
    assert (words.quotes, words.demands) == (without.quotes, without.demands)


def test_what_is_fit_to_be_drawn_is() -> None:
    quote = passage("good", "quote", "Q" * 9 + BEST[9:])
    demand = passage("good-too", "demand", "short", to="banks")
    words = drawing.Chosen(campaign(quote, *QUOTES, demand, *DEMANDS))
    assert said(quote.text) in [it.text for it in words.quotes]
    assert words.demands["banks"][0].text == said("short")


def test_a_whole_sentence_is_better_than_a_cut_or_a_long_one() -> None:
    worse = (
        passage(
            "a", "quote", "A" * 150 + " " + BEST, "We stand … and shall go on " + "so " * 24 + "…"
        ),
        passage(
            "b", "quote", "of everybody who works there, which is more than can be said of others"
        ),
    )
    square = drawing.draw_square(drawing.Chosen(campaign(*worse, QUOTES[0], *DEMANDS)))
    assert said(BEST) in square.texts


def test_a_shorter_form_stands_in_for_a_long_text() -> None:
    long = " ".join(["Everybody who works knows what it is to be told to be quiet"] * 8)
    form = "Everybody who works knows what it is to be told to be quiet …"
    square = drawing.draw_square(
        drawing.Chosen(campaign(passage("long", "quote", long, form), *DEMANDS))
    )
    assert said(form) in square.texts


def test_a_demand_is_cut_only_where_it_is_long() -> None:
    listen = passage("a", "demand", "listen to everybody who works there", "listen …", to="you")
    long = passage("b", "demand", "listen to everybody " * 9 + "there", "listen …", to="all")
    words = drawing.Chosen(campaign(*QUOTES, listen, long))
    assert words.demands["you"][0].text == said("listen to everybody who works there")
    assert words.demands["all"][0].text == said("listen …")


def test_a_long_attribution_gives_way_to_a_shorter_one() -> None:
    by = ("Ada Example, " + "Secretary " * 8 + "of the Union", "Ada Example")
    square = drawing.draw_square(
        drawing.Chosen(campaign(passage("best", "quote", BEST, by=by), *DEMANDS))
    )
    assert "Ada Example" in square.texts


def test_demands_of_several_times_are_each_dated_on_the_poster() -> None:
    later = Statement("later", "The Others", "June 2022")
    demand = passage("other", "demand", "listen", to="banks", statement=later)
    poster = drawing.draw_poster(drawing.Chosen(campaign(*QUOTES, *DEMANDS, demand)))
    assert {"Ada Example, May 2021", "Ada Example, June 2022"} <= set(poster.texts)
    assert poster.texts[-2:] == ("The Union", "The Others")


@pytest.mark.parametrize("words", ["do what was asked of you, and do it now", "go"])
def test_the_poster_takes_as_many_demands_as_there_is_room_for(words: str) -> None:
    many = [
        passage(f"d{n}-{to}", "demand", f"{words}, number {n}", to=to)
        for n in range(10, 40)
        for to in ("banks", "the ministry", "everybody else")
    ]
    poster = drawing.draw_poster(drawing.Chosen(campaign(*QUOTES, *many)))
    counts = [sum(f"number {n}" in text for text in poster.texts) for n in range(10, 40)]
    assert counts[:2] == [3, 3], "each addressee gets its next demand before one gets two more"
    assert sum(counts) < 40


def test_the_poster_says_no_more_than_an_alt_text_can(monkeypatch: pytest.MonkeyPatch) -> None:
    words = drawing.Chosen(campaign(*QUOTES, *DEMANDS))
    whole = sum(map(len, drawing.draw_poster(words).texts))
    monkeypatch.setattr(drawing, "MOST_CHARACTERS", whole - 1)
    less = drawing.draw_poster(words).texts
    assert sum(map(len, less)) < whole
    assert {"Banks", "The ministry"} <= set(less)


@pytest.mark.parametrize(
    ("passages", "says"),
    [
        (DEMANDS, "need a quotation and a demand"),
        (QUOTES, "need a quotation and a demand"),
        ((passage("q", "quote", "Word " * 300), *DEMANDS), "There is no room on the picture for"),
        ((*QUOTES, passage("d", "demand", "do " * 300, to="banks")), "no room on the picture for"),
        ((passage("q", "quote", "Donaudampfschifffahrt" * 4), *DEMANDS), "There is no room"),
        ((passage("q", "quote", "A word in Chinese: 罢工"), *DEMANDS), "has no `工`"),
    ],
    ids=["no quote", "no demand", "a long quote", "a long demand", "a long word", "no such glyph"],
)
def test_what_can_t_be_drawn_is_an_error(passages: Sequence[Passage], says: str) -> None:
    with pytest.raises(BotError) as caught:
        draw(campaign(*passages))
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2
    assert caught.value.exit_code == 1


def test_a_hashtag_too_long_is_an_error() -> None:
    with pytest.raises(BotError, match="no room on the picture for: #Stand"):
        draw(campaign(*QUOTES, *DEMANDS, hashtag="#Stand" + "WithEverybody" * 6))


def test_without_the_fonts_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "FONTS", "no_such_fonts")
    drawing.load_font.cache_clear()
    with pytest.raises(BotError, match=r"pip install 'standwithbelarus-bot\[pictures\]'"):
        draw(campaign(*QUOTES, *DEMANDS))


def test_cyrillic_is_set() -> None:
    be = Statement("be", "Беларускі прафсаюз", "жнівень 2020", language="be")
    quote = passage(
        "q", "quote", "Мы разам з усімі, хто працуе ў нашай краіне", statement=be, by=("Ніна",)
    )
    demand = passage("d", "demand", "вызваліць усіх", to="урад", statement=be, by=("Ніна",))
    square, poster, _ = draw(campaign(quote, demand, language="be"))
    assert "«Мы разам з усімі, хто працуе ў нашай краіне»" in square.texts
    assert "Урад" in poster.texts


# How they are set --------------------------------------------------------------------------------


def luminance(colour: str | Sequence[int]) -> float:
    """The relative luminance of WCAG 2, 0 to 1."""
    channels = ImageColor.getrgb(colour)[:3] if isinstance(colour, str) else colour
    linear = [
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in channels
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def check_setting(picture: Picture) -> None:
    """Contrast, size and margins of every line."""
    with Image.open(io.BytesIO(picture.data)) as image:
        width, height = image.size
    for line in picture.printed:
        left, top, right, bottom = line.box
        assert contrast(line.colour, line.ground) >= 4.5, line
        assert line.size >= SMALLEST * width, line
        assert left >= 0.03 * width, line
        assert right <= 0.93 * width, line
        assert top >= 0.03 * height, line
        assert bottom <= 0.97 * height, line


def test_text_is_legible_and_keeps_its_margins(
    drawn: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    for picture in drawn[1]:
        check_setting(picture)


def test_the_quotation_survives_a_crop_to_16_by_9(
    small: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    square = small[1][0]
    edge = (1080 - 1080 * 9 / 16) / 2
    kept = {
        word
        for line in square.printed
        if edge <= line.box[1] and line.box[3] <= 1080 - edge
        for word in line.text.split()
    }
    assert {*said(BEST).split(), *BYS[0].split(), "May", "2021"} <= kept


WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.’", min_size=1, max_size=14)
WORDS = st.lists(st.one_of(WORD, st.just("…")), min_size=1, max_size=40).map(" ".join)


@settings(max_examples=25, deadline=None)
@given(quote=WORDS, demand=WORDS, to=WORDS, by=WORDS, publisher=WORDS, hashtag=WORD)
def test_whatever_the_words_they_are_set_whole_and_legibly_or_not_at_all(
    quote: str, demand: str, to: str, by: str, publisher: str, hashtag: str
) -> None:
    statement = Statement("s", publisher, "May 2021")
    content = campaign(
        passage("q", "quote", quote, statement=statement, by=(by,)),
        passage("d", "demand", demand, to=to, statement=statement, by=(by,)),
        hashtag=f"#{hashtag}",
    )
    words = drawing.Chosen(content)
    for make in (drawing.draw_square, drawing.draw_poster):
        try:
            picture = make(words)
        except BotError:
            continue
        check_setting(picture)
        printed = [word for line in picture.printed for word in line.text.split()]
        told = [word for text in picture.texts for word in text.split()]
        assert [word for word in printed if word not in "→—"] == told


def test_no_line_begins_with_what_was_left_out() -> None:
    font = drawing.load_font("Bold", 40)
    block = drawing.Block("Word … " * 30 + "word", drawing.Style("Bold"))
    for width in range(150, 600, 7):
        rows = drawing.wrap(block, font, width)
        assert " ".join(rows) == block.text
        assert not any(row.startswith("…") for row in rows)
        assert all(font.getlength(row) <= width for row in rows)


def test_rows_are_as_few_as_can_be_and_even() -> None:
    font = drawing.load_font("Bold", 40)
    block = drawing.Block("one two three four five six seven eight nine ten", drawing.Style("Bold"))
    rows = drawing.wrap(block, font, 700)
    assert rows == ["one two three four five", "six seven eight nine ten"]
    assert drawing.wrap(replace(block, whole=True), font, 700) == []
    assert drawing.wrap(block, font, 50) == []


def test_nothing_is_set_smaller_than_the_least() -> None:
    small_print = drawing.Block("small print", drawing.Style("Regular", scale=0.1))
    area = drawing.Area(0, 0, 500, 500, largest=50, smallest=40)
    assert [line.font.size for line in drawing.fit([small_print], area, 27.2)] == [28]


def test_a_word_wider_than_its_row_makes_no_empty_one() -> None:
    assert drawing._rows([10.0, 10.0], 3, 5) == [(0, 1), (1, 2)]


# The files ---------------------------------------------------------------------------------------


def test_the_same_content_gives_the_same_bytes(
    shipped: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    drawing.load_font.cache_clear()
    assert draw(read_content(ROOT)) == shipped[1]


@pytest.mark.parametrize(
    ("number", "name", "size"),
    [
        (0, "infographic-square.png", (1080, 1080)),
        (1, "infographic-poster.png", (1240, 1754)),
        (2, "standwithada.gif", (1080, 1080)),
    ],
)
def test_the_pictures_are_what_networks_take(
    small: tuple[Campaign, tuple[Picture, ...]], number: int, name: str, size: tuple[int, int]
) -> None:
    picture = small[1][number]
    assert picture.name == name
    assert len(picture.data) < (1_500_000 if name.endswith("gif") else 1_000_000)
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.size == size
        assert image.format == ("GIF" if name.endswith("gif") else "PNG")
        frames = getattr(image, "n_frames", 1)
    assert frames == (24 if name.endswith("gif") else 1)
    assert frames * size[0] * size[1] < 300_000_000


def frames_of(picture: Picture) -> Iterator[tuple[int, Image.Image]]:
    """Each frame's milliseconds and pixels."""
    with Image.open(io.BytesIO(picture.data)) as image:
        for frame in ImageSequence.Iterator(image):
            yield frame.info["duration"], frame.convert("RGB")


def test_the_gif_loops_and_holds_its_scenes(small: tuple[Campaign, tuple[Picture, ...]]) -> None:
    gif = small[1][2]
    with Image.open(io.BytesIO(gif.data)) as image:
        assert image.info["loop"] == 0
    times = [time for time, _ in frames_of(gif)]
    assert times[0] >= 3000
    assert sum(time >= 3000 for time in times) == 4
    assert all(time >= 50 for time in times)
    assert sum(times) < 20_000


def test_the_gif_s_first_frame_is_whole_by_itself(
    small: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    content, (_, _, gif) = small
    _, first = next(frames_of(gif))
    alone = drawing._passage_page(content.hashtag, drawing.Chosen(content).quotes[1])
    assert alone.texts == ["#StandWithAda", said(SECOND), BYS[0], "May 2021", "The Union"]
    assert first.tobytes() == drawing._reduced(alone.image).convert("RGB").tobytes()


def test_the_gif_does_not_flash(drawn: tuple[Campaign, tuple[Picture, ...]]) -> None:
    """WCAG 2.3.1: no part brightens and darkens by a tenth more than three times a second."""
    gif = drawn[1][2]
    small_frames = [(t, f.resize((27, 27), Image.Resampling.BOX)) for t, f in frames_of(gif)]
    small_frames += small_frames
    for x in range(27):
        for y in range(27):
            clock, turns, last, way = 0, [], None, 0
            for time, frame in small_frames:
                light = luminance(frame.getpixel((x, y)))  # type: ignore[arg-type]
                if last is None or abs(light - last) >= 0.1:
                    now = 0 if last is None else (1 if light > last else -1)
                    if now and now != way:
                        turns.append(clock)
                        way = now
                    last = light
                clock += time
            assert all(later - first > 1000 for first, later in pairwise(turns[::2]))


def test_white_is_white_and_red_is_red(drawn: tuple[Campaign, tuple[Picture, ...]]) -> None:
    for picture in drawn[1]:
        with Image.open(io.BytesIO(picture.data)) as image:
            pixels = image.convert("RGB")
            assert pixels.getpixel((5, 5)) == (255, 255, 255)
            assert pixels.getpixel((5, image.height // 2)) == ImageColor.getrgb(drawing.RED)


# The shipped pictures, and the command -----------------------------------------------------------


def test_the_shipped_pictures_are_what_the_content_gives(
    shipped: tuple[Campaign, tuple[Picture, ...]],
) -> None:
    assert drawing.differences(shipped[1], ROOT) == []


def test_the_shipped_media_is_faultless() -> None:
    assets, problems = load_assets(ROOT)
    assert problems == []
    assert list(assets) == ["gif", "square", "poster"]
    assert inspect_assets(assets, ROOT, [], ["en"]) == []
    for asset in assets.values():
        assert 100 < len(asset.alt[""]) <= 1000
        assert asset.credit
        assert asset.bytes < 1_000_000


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped content, to be changed."""
    shutil.copytree(ROOT / "messages", tmp_path / "messages")
    shutil.copytree(ROOT / "media", tmp_path / "media")
    return tmp_path


def test_check_is_content_with_what_is_shipped(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(copy), "--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_does_not_mind_how_a_picture_is_packed(copy: Path) -> None:
    path = copy / "media" / "infographic-poster.png"
    with Image.open(path) as image:
        image.convert("RGB").save(path, compress_level=1)
    assert main(["--root", str(copy), "--check"]) == 0


def change_a_word(root: Path) -> None:
    for file in (root / "messages" / "statements").glob("*.toml"):
        file.write_text(file.read_text("utf-8").replace("halt the violence", "end the violence"))


def swap_pictures(root: Path) -> None:
    shutil.copy(
        root / "media" / "infographic-square.png", root / "media" / "infographic-poster.png"
    )


def break_picture(root: Path) -> None:
    path = root / "media" / "standwithbelarus.gif"
    path.write_bytes(path.read_bytes()[:9_000])


def change_a_time(root: Path) -> None:
    path = root / "media" / "standwithbelarus.gif"
    path.write_bytes(path.read_bytes().replace((360).to_bytes(2, "little"), b"\x20\0", 1))


def shorten_alt(root: Path) -> None:
    path = root / "media" / "media.toml"
    path.write_text(
        path.read_text("utf-8").replace("Sharan Burrow, ITUC General Secretary", "She", 1)
    )


def unlist(root: Path) -> None:
    path = root / "media" / "media.toml"
    path.write_text(path.read_text("utf-8").replace("infographic-square.png", "other.png"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (change_a_word, ["poster.png: not what", "end the violence", "gif: not what", "end the"]),
        (
            lambda root: (root / "media" / "infographic-square.png").unlink(),
            ["square.png: not what"],
        ),
        (swap_pictures, ["poster.png: not what the content gives"]),
        (break_picture, ["belarus.gif: not what the content gives"]),
        (change_a_time, ["belarus.gif: not what the content gives"]),
        (
            shorten_alt,
            ["media/media.toml:9: the alt text lacks words of media/standwithbelarus.gif: Sharan"],
        ),
        (unlist, ["square.png: not listed in media/media.toml"]),
    ],
)
def test_check_says_what_differs(
    copy: Path, capsys: pytest.CaptureFixture[str], change: object, says: list[str]
) -> None:
    assert callable(change)
    change(copy)
    assert main(["--root", str(copy), "--check"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == len(says), err
    assert all(part in line for part, line in zip(says, lines, strict=True)), err


def test_the_command_draws_pictures_where_there_are_none(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(copy / "media")
    assert main(["--root", str(copy)]) == 0
    out, _ = capsys.readouterr()
    for file in ("infographic-square.png", "infographic-poster.png", "standwithbelarus.gif"):
        drawn = (copy / "media" / file).read_bytes()
        assert f"{file}: {len(drawn):,} bytes" in out
        assert drawn == (ROOT / "media" / file).read_bytes() or main(["--check"]) == 0
    assert "    #StandWithBelarus\n" in out


def test_the_command_refuses_broken_content(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "messages" / "statements" / "broken.toml").write_text("publisher = \n")
    assert main(["--root", str(copy)]) == 1
    assert "messages/statements/broken.toml:1" in capsys.readouterr().err
    with pytest.raises(ContentError) as caught:
        read_content(copy)
    assert [p.where.file for p in caught.value.problems] == ["messages/statements/broken.toml"]


def test_the_command_does_not_mind_templates_and_networks(copy: Path) -> None:
    (copy / "messages" / "templates" / "broken.txt").write_text("{{")
    path = copy / "messages" / "campaign.toml"
    path.write_text(path.read_text("utf-8").replace('network = "x"', 'network = "none-such"'))
    assert main(["--root", str(copy), "--check"]) == 0
