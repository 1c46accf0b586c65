"""The campaign's pictures as files: what is read from them, how they are set, when drawn."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pypdf
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageSequence

from bot import content, drawing
from bot.content.cards import Page, said
from bot.content.pictures import RECORD, Sheet, read_record, sheets
from bot.domain import Campaign
from bot.drawing import animation, build, typefaces
from bot.drawing.typesetting import Press, tools
from bot.errors import BotError, ContentError
from tests.locked import lock
from tests.needs import TESSERACT, need
from tests.ocr import letters, read
from tests.site import ROOT, bot
from tests.typeface import typeface

WHITE, RED, INK = animation.WHITE, animation.RED, animation.INK


def to_draw(root: Path) -> Campaign:
    return content.read(root, known_networks=("x",), lint=False).to_draw


@pytest.fixture(scope="module")
def shipped() -> Campaign:
    return to_draw(ROOT)


@pytest.fixture(scope="module")
def found(shipped: Campaign) -> list[Sheet]:
    return sheets(shipped)[0]


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with Press(ROOT) as ready:
        yield ready


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped content, to be changed."""
    return copied(tmp_path)


def copied(folder: Path) -> Path:
    for name in ("messages", "media"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def opened(path: str) -> Image.Image:
    with Image.open(ROOT / path) as picture:
        return picture.convert("RGB")


def stills(found: Sequence[Sheet]) -> list[tuple[str, Image.Image]]:
    """Every still picture, and every scene of the animation."""
    pictures = []
    for sheet in found:
        if sheet.files[0].endswith(".gif"):
            scenes = [frame for time, frame in frames(sheet.files[0]) if time == animation.HOLD]
            pictures += [(f"scene {n}", scene) for n, scene in enumerate(scenes)]
        else:
            pictures.append((sheet.files[0], opened(sheet.files[0])))
    return pictures


def frames(path: str) -> Iterator[tuple[int, Image.Image]]:
    """Each frame's milliseconds and pixels."""
    with Image.open(ROOT / path) as picture:
        for frame in ImageSequence.Iterator(picture):
            yield frame.info["duration"], frame.convert("RGB")


GIF = "media/standwithbelarus.gif"
SMALLER = "media/standwithbelarus-960.gif"
SQUARE = "media/infographic-square.png"
POSTER = "media/infographic-poster.png"
PDF = "media/infographic-poster.pdf"


# What is read from them --------------------------------------------------------------------------


def test_every_word_is_read_from_every_card_and_the_square(found: list[Sheet]) -> None:
    """At half the size, which is not much more than a phone shows."""
    need(TESSERACT)
    for sheet in found:
        if sheet.files[0] == SQUARE or sheet.asset is None:
            seen = read(opened(sheet.files[0]).reduce(2))
            for text in sheet.texts:
                assert letters(text) in seen, sheet.files[0]


def test_every_word_is_read_from_the_scenes_of_the_animation(found: list[Sheet]) -> None:
    need(TESSERACT)
    [sheet] = [sheet for sheet in found if sheet.files[0] == GIF]
    seen = [read(scene) for name, scene in stills([sheet])]
    assert len(seen) == len(sheet.pages)
    for text in sheet.texts:
        assert any(all(letters(part) in one for part in text.split(", ")) for one in seen), text


def test_every_word_is_read_from_the_poster(found: list[Sheet]) -> None:
    need(TESSERACT)
    [sheet] = [sheet for sheet in found if sheet.files[0] == POSTER]
    poster = opened(POSTER)
    top, band, bottom = split_at_band(poster)
    width, height = top.size
    title = top.crop((0, 0, width, height // 2)).reduce(4)
    below = top.crop((0, height // 2, width, height))
    middle = width * 46 // 100
    columns = below.crop((0, 0, middle, below.height)), below.crop((middle, 0, width, below.height))
    date = top.crop((width * 6 // 10, height // 4, width, height // 2))
    parts = [read(title, 6), read(date, 6)]
    parts += [read(each) for each in (below, *columns, band, bottom)]
    assert "standwith" in parts[0]
    assert "belarus" in parts[0]
    for text in sheet.texts:
        assert any(letters(text) in part for part in parts), text


def split_at_band(picture: Image.Image) -> list[Image.Image]:
    """What is above the red band, the band, and what is below."""
    edge = picture.getchannel("G").crop((0, 0, 1, picture.height)).tobytes()
    heights = [len(list(rows)) for _, rows in groupby(edge, key=lambda value: value > 128)]
    assert len(heights) == 3, "white, red, white"
    ends = [0, heights[0], heights[0] + heights[1], picture.height]
    return [picture.crop((0, a, picture.width, b)) for a, b in pairwise(ends)]


@pytest.mark.parametrize("path", [SQUARE, GIF])
def test_what_counts_is_still_there_in_16_by_9(found: list[Sheet], path: str) -> None:
    need(TESSERACT)
    [sheet] = [sheet for sheet in found if sheet.files[0] == path]
    for name, scene in stills([sheet])[:4]:
        seen = read(scene.crop((0, 236, 1080, 844)))
        assert "august2020" in seen, name
    first = read(stills([sheet])[0][1].crop((0, 236, 1080, 844)))
    page = sheet.pages[0]
    for words in (page["said"]["words"],) if "said" in page else ("26-year", "several thousand"):
        assert letters(words) in first


def test_the_pdf_is_text_on_an_a3_sheet(found: list[Sheet]) -> None:
    reader = pypdf.PdfReader(ROOT / PDF)
    [page] = reader.pages
    assert [round(float(side)) for side in page.mediabox[2:]] == [842, 1191]
    assert list(page.images) == []
    text = letters(page.extract_text())
    [sheet] = [sheet for sheet in found if POSTER in sheet.files]
    for words in sheet.texts:
        assert letters(words) in text, words
    assert all("/FontDescriptor" in str(font) for font in fonts_of(page))


def fonts_of(page: pypdf.PageObject) -> list[Any]:
    fonts = page["/Resources"]["/Font"].values()  # type: ignore[index]
    return [font.get_object()["/DescendantFonts"][0].get_object() for font in fonts]


# How they are set --------------------------------------------------------------------------------


def luminance(colour: Sequence[int]) -> float:
    """The relative luminance of WCAG 2, 0 to 1."""
    linear = [
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4
        for c in colour
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: Sequence[int], other: Sequence[int]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _named(nine: tuple[int, ...]) -> tuple[int, ...]:
    """A colour of the theme, where it is that within a hair: so ends a soft edge."""
    near = (c for c in (WHITE, RED, INK) if max(abs(a - b) for a, b in zip(c, nine)) <= 3)  # noqa: B905
    return next(near, nine[:3])


def neighbours(picture: Image.Image) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The flat colours that meet, left and right. Between them are the steps of an edge.

    Flat is what is the same for three rows, of which the first is looked at, and three columns.
    """
    met = set()
    width = picture.width
    for y in range(0, picture.height - 2, 5):
        rows = [picture.crop((0, y + n, width, y + n + 1)).tobytes() for n in range(3)]
        columns = zip(*(row[c::3] for row in rows for c in range(3)), strict=True)
        runs = [(nine, len(list(same))) for nine, same in groupby(columns)]
        flat = [_named(n) for n, length in runs if length >= 3 and n[:3] == n[3:6] == n[6:]]
        met |= {(a, b) for a, b in pairwise(flat) if a != b}
    return met


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_whatever_meets_on_a_picture_can_be_told_apart(found: list[Sheet]) -> None:
    for name, picture in stills(found):
        pairs = neighbours(picture)
        assert pairs, name
        assert {colour for pair in pairs for colour in pair} <= {WHITE, RED, INK}, name
        assert all(contrast(*pair) >= 4.5 for pair in pairs), name


@pytest.mark.parametrize("path", [SQUARE, GIF])
def test_nothing_is_lost_in_a_circle(found: list[Sheet], path: str) -> None:
    [sheet] = [sheet for sheet in found if sheet.files[0] == path]
    for name, picture in stills([sheet]):
        ground = picture.crop((0, 0, 1, 1080)).resize((1080, 1080))
        outside = Image.new("L", (1080, 1080), 255)
        ImageDraw.Draw(outside).ellipse((0, 0, 1079, 1079), fill=0)
        printed = ImageChops.difference(picture, ground).convert("L")
        assert ImageChops.multiply(printed, outside).getbbox() is None, name


@pytest.mark.parametrize("share", [0.03])
def test_every_still_keeps_its_margins(found: list[Sheet], share: float) -> None:
    for name, picture in stills(found):
        ground = picture.crop((0, 0, 1, picture.height)).resize(picture.size)
        box = ImageChops.difference(picture, ground).convert("L").getbbox()
        assert box is not None
        left, top, right, bottom = box
        width, height = picture.size
        assert left >= share * width, name
        assert right <= (1 - share) * width, name
        assert top >= share * height, name
        assert bottom <= (1 - share) * height, name


# The animation -----------------------------------------------------------------------------------


def test_the_animation_is_what_networks_take() -> None:
    with Image.open(ROOT / GIF) as picture:
        assert picture.size == (1080, 1080)
        assert picture.info["loop"] == 0
        count = getattr(picture, "n_frames", 1)
    assert 20 < count <= 350
    assert count * 1080 * 1080 < 300_000_000
    assert (ROOT / GIF).stat().st_size < 1_000_000
    times = [time for time, _ in frames(GIF)]
    assert len(times) == count
    assert min(times) >= 40
    assert sum(times) < 30_000


def test_a_smaller_one_has_every_frame_too() -> None:
    whole, small = list(frames(GIF)), list(frames(SMALLER))
    assert [time for time, _ in small] == [time for time, _ in whole]
    assert {frame.size for _, frame in small} == {(960, 960)}
    assert 960 * 960 <= drawing.NETWORKS["Mastodon"].area < 1080 * 1080
    for (_, one), (_, other) in zip(whole[::7], small[::7], strict=True):
        difference = ImageChops.difference(one.reduce(9), other.reduce(8)).convert("L")
        assert sum(difference.tobytes()) / len(difference.tobytes()) < 2


def test_its_first_frame_is_whole_by_itself(found: list[Sheet], press: Press) -> None:
    [sheet] = [sheet for sheet in found if sheet.files[0] == GIF]
    _, first = next(frames(GIF))
    alone = animation._reduced(press.png(sheet.pages[0], 1080)).convert("RGB")
    assert first.tobytes() == alone.tobytes()


def test_it_moves_smoothly_and_in_a_ring() -> None:
    """From each frame to the next a strip changes, of a sixth of the width at most."""
    every = [frame for _, frame in frames(GIF)]
    for one, next_one in pairwise([*every, every[0]]):
        box = ImageChops.difference(one, next_one).getbbox()
        assert box is not None
        assert box[2] - box[0] <= 1080 / 6
        assert box[1] >= animation.BAND[0]
        assert box[3] <= animation.BAND[1]


def test_it_does_not_flash() -> None:
    """WCAG 2.3.1: no part brightens and darkens by a tenth more than three times a second."""
    small = [(t, f.resize((27, 27), Image.Resampling.BOX)) for t, f in frames(GIF)]
    small += small
    for x in range(27):
        for y in range(27):
            clock, last, way = 0, None, 0
            turns: list[int] = []
            for time, frame in small:
                light = luminance(frame.getpixel((x, y)))  # type: ignore[arg-type]
                if last is None or abs(light - last) >= 0.1:
                    now = 0 if last is None else (1 if light > last else -1)
                    if now and now != way:
                        turns.append(clock)
                        way = now
                    last = light
                clock += time
            flashes = turns[::2]
            assert all(b - a > 1000 for a, b in zip(flashes, flashes[3:], strict=False))


# Building ----------------------------------------------------------------------------------------


def files_in(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / "media").rglob("*"))
        if path.is_file()
    }


def test_the_same_content_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    one, other = copied(tmp_path / "one"), copied(tmp_path / "other")
    shutil.rmtree(one / "media/cards")
    for name in ("built.toml", GIF[6:], SMALLER[6:], SQUARE[6:], POSTER[6:], PDF[6:]):
        (one / "media" / name).unlink()
    (other / RECORD).unlink()
    for root in (one, other):
        assert len(build(to_draw(root), root).drawn) == 27
        assert files_in(root) == files_in(ROOT)


def test_built_again_nothing_is_done(copy: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (copy / "media").rglob("*")}
    told: list[str] = []
    built = build(to_draw(copy), copy, lambda done, total, path: told.append(path))
    assert (built.drawn, built.removed, len(built.kept), told) == ([], [], 27, [])
    assert {path: path.stat().st_mtime_ns for path in (copy / "media").rglob("*")} == before


def test_only_what_changed_is_drawn(copy: Path) -> None:
    file = copy / "messages/statements/ituc.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("to go to the end will", "to go on to the end will"), "utf-8")
    lock(copy)
    told: list[tuple[int, int, str]] = []
    built = build(to_draw(copy), copy, lambda *seen: told.append(seen))
    [new], [old] = built.drawn, built.removed
    assert re.fullmatch(r"media/cards/ituc-determination-[0-9a-f]{12}\.png", new)
    assert (ROOT / old).is_file()
    assert (copy / new).read_bytes() != (ROOT / old).read_bytes()
    assert told == [(0, 1, new)]
    assert set(read_record(copy).files) == {*built.kept, new}


@pytest.mark.parametrize("path", [GIF, PDF, POSTER])
def test_what_was_lost_or_spoilt_is_drawn_again(copy: Path, path: str) -> None:
    (copy / path).write_bytes(b"spoilt")
    built = build(to_draw(copy), copy)
    assert path in built.drawn
    assert len(built.drawn) <= 2
    assert files_in(copy) == files_in(ROOT)


def test_with_other_tools_all_is_drawn_again(copy: Path) -> None:
    file = copy / RECORD
    file.write_text(file.read_text("utf-8").replace("typst = ", "typst = '0' # "), "utf-8")
    assert len(build(to_draw(copy), copy).drawn) == 27
    assert files_in(copy) == files_in(ROOT)


def test_no_date_and_no_note_is_in_the_files() -> None:
    for path, data in files_in(ROOT).items():
        if path.endswith(".png"):
            kinds = re.findall(rb"(?:IHDR|IDAT|IEND|pHYs|tEXt|iTXt|zTXt|tIME|eXIf)", data)
            assert set(kinds) <= {b"IHDR", b"IDAT", b"IEND", b"pHYs"}, path
    about = pypdf.PdfReader(ROOT / PDF).metadata
    assert about is not None
    assert not [key for key in about if "Date" in key]


def test_the_pictures_are_small_enough_for_every_network() -> None:
    for path, data in files_in(ROOT).items():
        if not path.endswith((".pdf", ".toml")):
            assert len(data) <= min(takes.still for takes in drawing.NETWORKS.values()), path
    assert sum(map(len, files_in(ROOT).values())) < 6_000_000


def test_a_picture_too_large_for_a_network_is_refused(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / RECORD).unlink()
    tight = drawing.NETWORKS["Bluesky"]._replace(still=50_000)
    monkeypatch.setitem(drawing.NETWORKS, "Bluesky", tight)
    with pytest.raises(BotError, match=r"Bluesky would not take media/infographic-square\.png: \d"):
        build(to_draw(copy), copy)
    monkeypatch.setitem(drawing.NETWORKS, "Mastodon", tight._replace(area=900 * 900))
    with pytest.raises(BotError, match=r"Mastodon would not take .*\.gif: [\d,]+ bytes, 70 frames"):
        build(to_draw(copy), copy)
    assert not list((copy / "media").glob(".*"))


def test_wishes_that_can_t_be_fulfilled_stop_the_build(copy: Path) -> None:
    file = copy / "media/media.toml"
    file.write_text(file.read_text("utf-8").replace("ituc/two-killed", "ituc/too-killed"), "utf-8")
    with pytest.raises(ContentError, match="did you mean `ituc/two-killed`"):
        build(to_draw(copy), copy)


def test_of_words_that_are_not_verified_nothing_is_drawn_and_nothing_taken_away(
    copy: Path,
) -> None:
    """The card of what was verified stays, for whoever takes the edit back."""
    file = copy / "messages/statements/ituc.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("cynical falsifications", "cynical falsification"), "utf-8")
    before = files_in(copy)
    done = bot(copy, "media", "build", code=1)
    first, *_ = done.stderr.splitlines()
    assert first.startswith("Not drawn: messages/statements/ituc.toml:")
    assert "`ituc/falsifications` is no longer what was verified" in first
    assert "“cynical falsifications of presidential elections …”" in first
    assert "“cynical falsification of presidential elections …”" in first
    assert done.stdout.startswith("Nothing to do, ")
    assert files_in(copy) == before
    file.write_text(text, "utf-8")
    assert bot(copy, "media", "build").stdout == "Nothing to do, 27 files unchanged.\n"
    assert files_in(copy) == before


def test_a_statement_that_can_not_be_read_takes_no_card_away(copy: Path) -> None:
    (copy / "messages/templates/broken.txt").write_text("{{")
    (copy / "messages/statements/ituc.toml").write_text("publisher = \n")
    before = files_in(copy)
    done = bot(copy, "media", "build", code=1)
    assert done.stderr.startswith("Not drawn: messages/statements/ituc.toml:1")
    assert files_in(copy) == before


def test_a_new_campaign_s_pictures_are_drawn_where_there_are_none(copy: Path) -> None:
    gone = [copy / path for path in (GIF, SMALLER, SQUARE, POSTER)]
    for path in [*(copy / "media/cards").iterdir(), *gone]:
        path.unlink()
    assert "25 pictures do not show" in bot(copy, "check", code=1).stdout
    done = bot(copy, "media", "build")
    assert done.stdout.count("drawn    media/") == 27
    assert "27 files drawn" in done.stdout
    assert done.stderr == ""
    assert "Look at them, then run `bot verify`" in done.stdout
    again = bot(copy, "media", "build")
    assert again.stdout == "Nothing to do, 27 files unchanged.\n"
    assert bot(copy, "check").stdout == "Clean.\n", "the same bytes as before, which are locked"


def test_drawing_takes_less_than_256_mb(copy: Path) -> None:
    (copy / RECORD).unlink()
    code = (
        "from pathlib import Path; from bot.content import read; "
        "from bot.drawing import build; here = Path(); "
        "build(read(here, known_networks=('x',)).to_draw, here); "
        "print(Path('/proc/self/status').read_text())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=copy,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak is not None
    assert int(peak[1]) < 256 * 1024


# Setting -----------------------------------------------------------------------------------------


def page(words: str, *, language: str = "en", **more: Any) -> Page:
    return {
        "picture": "quote",
        "language": language,
        "size": (1080, 1080),
        "hashtag": "#Test",
        "said": said(words, language),
        "by": ["Somebody", "somewhere"],
        "when": "May 2021",
        **more,
    }


def printed(press: Press, of: Page) -> str:
    [one] = pypdf.PdfReader(io.BytesIO(press.pdf(of))).pages
    return letters(one.extract_text())


@pytest.mark.parametrize(
    "words",
    [
        '#panic("out") #read("/etc/passwd") #sys.version',
        "*not bold* _not slanted_ $x^2$ @nobody <label> ~ -- ---",
        "a \\ back\\slash \\u{1F600} /* no comment */ // nor this",
        '#set text(red) "quotes" and `code` = heading',
        '" }); #import "@preview/x:0.1.0": *',
    ],
)
def test_whatever_is_in_the_words_is_printed_and_not_read(press: Press, words: str) -> None:
    assert letters(words) in printed(press, page(words))


def test_cyrillic_is_set(press: Press) -> None:
    words = "Мы разам з усімі, хто працуе ў нашай краіне"
    assert letters(words) in printed(press, page(words, language="be"))


def test_what_can_t_be_set_legibly_is_not_set(press: Press) -> None:
    for words in ("many words " * 80, "Donaudampfschifffahrtsgesellschaft" * 2):
        with pytest.raises(BotError, match="There is no room on the picture for: ") as caught:
            press.png(page(words.strip()), 1080)
        assert len(str(caught.value).splitlines()) == 2
        assert caught.value.exit_code == 1


def test_a_character_that_the_type_has_not_is_named(press: Press) -> None:
    with pytest.raises(BotError, match=r"has no `工` \(Chinese\), which is in: A word in Chinese"):
        press.png(page("A word in Chinese: 罢工"), 1080)


def test_the_campaign_s_own_typeface_has_what_ours_lacks(tmp_path: Path) -> None:
    words = "Two characters: 罢工"
    typeface(tmp_path / "media/typefaces/Ours.ttf", "罢工")
    with Press(tmp_path) as ready:
        pdf = pypdf.PdfReader(io.BytesIO(ready.pdf(page(words))))
        one = ready.png(page(words), 1080)
        plain = ready.png(page("Two characters"), 1080)
    assert "罢工" in "".join(each.extract_text() for each in pdf.pages)
    with Press(ROOT) as ready:
        assert ready.png(page("Two characters"), 1080) == plain
    typeface(tmp_path / "media/typefaces/Ours.ttf", "罢工", height=500)
    with Press(tmp_path) as ready:
        assert ready.png(page(words), 1080) != one


def test_a_typeface_that_is_not_taken_is_named(tmp_path: Path) -> None:
    typeface(tmp_path / "media/typefaces/Ours.ttf", "罢工", named=False)
    with pytest.raises(BotError, match=r"media/typefaces/Ours\.ttf can't be read"):
        Press(tmp_path).__enter__()


def test_another_typeface_is_a_reason_to_draw_again(tmp_path: Path) -> None:
    assert "typefaces" not in tools(tmp_path)
    typeface(tmp_path / "media/typefaces/Ours.ttf", "罢工")
    first = tools(tmp_path)["typefaces"]
    typeface(tmp_path / "media/typefaces/Ours.ttf", "罢工", height=500)
    assert tools(tmp_path)["typefaces"] != first


def test_short_words_are_set_larger_than_long_ones(press: Press) -> None:
    def height(words: str) -> int:
        with Image.open(io.BytesIO(press.png(page(words), 1080))) as picture:
            band = picture.convert("RGB").crop((0, 150, 1080, 930)).getchannel("G")
        rows = band.resize((1, band.height), Image.Resampling.BOX).tobytes()
        return max(len(list(run)) for ink, run in groupby(rows, key=lambda v: v > 18) if ink)

    assert height("Stand together") > 1.5 * height("Stand together whatever it takes " * 9)


def test_without_the_tools_it_says_what_to_install(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typefaces, "FAMILY", "no_such_type")
    with pytest.raises(BotError, match=r"\.venv/bin/pip install '\.\[pictures\]'"):
        build(to_draw(copy), copy)


def test_check_and_preview_need_none_of_the_tools(copy: Path) -> None:
    code = (
        "import sys; sys.modules['typst'] = None; "
        "from bot.cli import bot; bot(['check'], standalone_mode=False); "
        "bot(['preview', '--count', '3'], standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=copy,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Clean.\n")


def test_the_record_can_be_read_by_people_and_by_the_program() -> None:
    record = read_record(ROOT)
    assert list(record.tools) == ["design", "typst", "font-manrope", "pillow"]
    assert {path for path in files_in(ROOT) if not path.endswith(".toml")} == set(record.files)
    assert json.dumps(sorted(record.files)) == json.dumps(list(record.files))


def test_frames_are_inverted_for_reading_only_where_they_are_red() -> None:
    """What reads the pictures back turns red bands round, and nothing else."""
    from tests.ocr import _dark_on_white

    picture = Image.new("RGB", (10, 30), WHITE)
    picture.paste(RED, (0, 10, 10, 20))
    picture.paste(WHITE, (4, 14, 6, 16))
    picture.paste(INK, (4, 4, 6, 6))
    plain = _dark_on_white(picture)
    assert ImageOps.invert(plain).getbbox() is not None
    assert [plain.getpixel(at) for at in ((0, 0), (0, 12), (5, 15), (5, 5))] == [255, 239, 0, 29]
