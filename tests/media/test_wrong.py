"""What is wrong with media/media.toml and with the files that it lists."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import media
from bot.domain import Place
from bot.media import files, load_assets
from bot.media.inspecting import inspect_assets
from tests.media.pictures import (
    ALT,
    PNG,
    catalogue,
    encoded,
    gif,
    limits,
    png_chunk,
    png_head,
    write,
)


@dataclass(frozen=True)
class Bad:
    """A catalogue and files, and the one problem that loading them has to name."""

    catalogue: str | bytes
    rule: str
    line: int | None
    says: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    severity: str = "error"


BAD: dict[str, Bad] = {
    "no equals sign": Bad('[assets.a]\nfile "a.png"\n', "toml-syntax", 2, ("without `= value`",)),
    "text that never ends": Bad('[assets.a]\nalt = """x\n\n', "toml-syntax", 2, ("never ends",)),
    "too deep": Bad("x = " + "[" * 20_000, "toml-syntax", 1, ("TOML",)),
    "a number too long": Bad("x = " + "9" * 5_000, "toml-syntax", 1, ("TOML",)),
    "curly quotation marks": Bad(
        "[assets.a]\nfile = “a.png”\n", "toml-syntax", 2, ("Curly", "`bot check --fix` does")
    ),
    "the folder named, too": Bad(
        catalogue("media/a.png"),
        "missing-file",
        2,
        ("a.png is missing", "Leave out media/", 'file = "a.png"'),
        {"a.png": PNG},
    ),
    "capitals": Bad(
        catalogue("img.png"),
        "missing-file",
        2,
        ("img.png is missing", "There is `IMG.PNG`: capitals count"),
        {"IMG.PNG": PNG},
    ),
    "a name with its accents in pieces": Bad(
        catalogue("é.png"),
        "missing-file",
        2,
        ("é.png is missing", "its accents in other characters: rename it"),
        {"e\u0301.png": PNG},
    ),
    "a name that the catalogue has in pieces": Bad(
        catalogue("e\u0301.png"),
        "missing-file",
        2,
        ("is missing", "its accents in other characters: rename it"),
        {"é.png": PNG},
    ),
    "not UTF-8": Bad(b'[assets.a]\n# caf\xe9\nfile = "a.png"', "not-utf8", 2, ("UTF-8",)),
    "an id twice": Bad(
        catalogue("a.png") + catalogue("b.png"), "duplicate-id", 4, ("[assets.a1] stands twice",)
    ),
    "nothing in it": Bad("", "no-assets", 1, ("No picture is listed",)),
    "assets is no table": Bad("assets = 3\n", "wrong-type", 1, ("`assets` is not a table",)),
    "an asset is no table": Bad("[assets]\nb = 1\n", "wrong-type", 2, ("assets.b is not a table",)),
    "unknown table": Bad(
        catalogue("a.png") + "[asset.b]\n",
        "unknown-key",
        4,
        ("`asset`; did you mean `assets`?",),
        {"a.png": PNG},
    ),
    "the name of cards": Bad(
        '[assets.card]\nfile = "a.png"\nalt = "A"\n',
        "bad-id",
        1,
        ("`card` can't be the id", "the card of what is drawn"),
        {"a.png": PNG},
    ),
    "draw is no table": Bad(
        catalogue("a.png") + 'draw = "square"\n',
        "wrong-type",
        4,
        ("`draw` of assets.a1 is not a table", "[assets.a1.draw]"),
        {"a.png": PNG},
    ),
    "cards is no table": Bad(
        'cards = "x"\n' + catalogue("a.png"),
        "wrong-type",
        1,
        ("`cards` is not a table",),
        {"a.png": PNG},
    ),
    "an unknown key of cards": Bad(
        catalogue("a.png") + "[cards]\nalt_demnd = 'x'\n",
        "unknown-key",
        5,
        ("`alt_demnd`; did you mean `alt_demand`?",),
        {"a.png": PNG},
    ),
    "an alt text of cards that leaves something out": Bad(
        catalogue("a.png") + '[cards]\nalt = "{hashtag}: {words} {by}"\n',
        "card-alt",
        5,
        ("The `alt` of cards lacks {when}", "{hashtag}, {words}, {by}, {when}"),
        {"a.png": PNG},
    ),
    "an alt text of cards that wants too much": Bad(
        catalogue("a.png") + '[cards]\nalt = "{hashtag} {words} {by} {when} {by.__class__}"\n',
        "card-alt",
        5,
        ("has an unknown {by.__class__}",),
        {"a.png": PNG},
    ),
    "unknown key": Bad(
        f'[assets.a]\nfile = "a.png"\nalt = "{ALT}"\n\ncredits = "me"\n',
        "unknown-key",
        5,
        ("`credits`; did you mean `credit`?", "`file`, `alt`, `credit`"),
        {"a.png": PNG},
    ),
    "unknown key, far from any": Bad(
        f'[assets.a]\nfile = "a.png"\nalt = "{ALT}"\nzzz = 1\n',
        "unknown-key",
        4,
        ("Unknown key `zzz`",),
        {"a.png": PNG},
    ),
    "id with a blank": Bad(
        f'[assets."a b"]\nfile = "a.png"\nalt = "{ALT}"\n',
        "bad-id",
        1,
        ("`a b`", "letters, digits"),
        {"a.png": PNG},
    ),
    "no alt text": Bad(
        '\n[assets.a]\nfile = "a.png"\n',
        "alt-missing",
        2,
        ("assets.a has no alt text",),
        {"a.png": PNG},
    ),
    "blank alt text": Bad(
        '[assets.a]\nfile = "a.png"\nalt = " "\n',
        "alt-missing",
        3,
        ("no alt text",),
        {"a.png": PNG},
    ),
    "an alt text that is no text": Bad(
        '[assets.a]\nfile = "a.png"\nalt = 7\n', "alt-missing", 3, ("no alt text",), {"a.png": PNG}
    ),
    "no alt text in a language": Bad(
        '[assets.a]\nfile = "a.png"\nalt = {en = "Red", fr = ""}\n',
        "alt-missing",
        3,
        ("no alt text in fr",),
        {"a.png": PNG},
    ),
    "no language": Bad(
        '[assets.a]\nfile = "a.png"\nalt = {}\n', "alt-missing", 3, ("no alt text",), {"a.png": PNG}
    ),
    "credit is no text": Bad(
        f'[assets.a]\nfile = "a.png"\nalt = "{ALT}"\ncredit = 1\n',
        "wrong-type",
        4,
        ("`credit` of assets.a is not text",),
        {"a.png": PNG},
    ),
    "no file named": Bad(f'[assets.a]\nalt = "{ALT}"\n', "missing-key", 1, ("no file is named",)),
    "missing file": Bad(catalogue("a.png"), "missing-file", 2, ("assets.a1: a.png is missing",)),
    "a folder": Bad(catalogue("sub"), "unreadable", 2, ("sub can't be read",), {"sub/x.png": PNG}),
    "media/ itself": Bad(catalogue("."), "unreadable", 2, ("can't be read: it is not a file",)),
    "up and out": Bad(
        catalogue("../a.png"), "path-outside", 2, ("'../a.png' leads out of media/",)
    ),
    "out and in again": Bad(
        catalogue("../media/a.png"), "path-outside", 2, ("leads out",), {"a.png": PNG}
    ),
    "absolute": Bad(catalogue("/etc/hostname"), "path-outside", 2, ("'/etc/hostname' leads out",)),
    "a null in the name": Bad(catalogue("a\\u0000.png"), "path-outside", 2, ("leads out",)),
    "backslashes": Bad(catalogue("..\\\\a.png"), "path-outside", 2, ("leads out",)),
    "a name too long": Bad(catalogue("a" * 300 + ".png"), "unreadable", 2, ("can't be read",)),
    "a line break in the name": Bad(
        catalogue("a\\nb.png"), "missing-file", 2, ("a�b.png is missing",)
    ),
    "another type than it is named": Bad(
        catalogue("a.png"),
        "media-type",
        2,
        ("a.png is named .png, but it is image/jpeg", "Rename it to a.jpg"),
        {"a.png": encoded("JPEG")},
    ),
    "no ending": Bad(
        catalogue("a"), "media-type", 2, ("named without an ending", "a.png"), {"a": PNG}
    ),
    "an SVG": Bad(
        catalogue("a.svg"),
        "media-type",
        2,
        ("a.svg is an SVG drawing", "Export it as JPEG or PNG"),
        {"a.svg": b"<svg/>"},
    ),
    "a text": Bad(
        catalogue("a.png"),
        "media-type",
        2,
        ("a.png is not a PNG, JPEG, GIF or WebP",),
        {"a.png": b"Dear all,"},
    ),
    "a BMP named PNG": Bad(
        catalogue("a.png"), "media-type", 2, ("is a BMP picture",), {"a.png": encoded("BMP")}
    ),
    "a HEIC photo": Bad(
        catalogue("a.heic"),
        "media-type",
        2,
        ("a.heic is a HEIC picture", "Export it as JPEG: on a Mac in Preview", "Most Compatible"),
        {"a.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"},
    ),
    "a HEIC photo named JPEG": Bad(
        catalogue("a.jpg"),
        "media-type",
        2,
        ("a.jpg is a HEIC picture",),
        {"a.jpg": b"\0\0\0\x24ftypmif1\0\0\0\0mif1heic"},
    ),
    "a video": Bad(
        catalogue("a.png"), "media-type", 2, ("is a video",), {"a.png": b"\0\0\0\x18ftypmp42"}
    ),
    "an empty file": Bad(
        catalogue("a.png"),
        "media-broken",
        2,
        ("a.png is empty: 0 bytes", "Copy or export it again."),
        {"a.png": b""},
    ),
    "a PNG without a head": Bad(
        catalogue("a.png"),
        "media-broken",
        2,
        ("a.png is broken", "begin with its size"),
        {"a.png": PNG[:8] + png_chunk(b"IDAT", bytes(13))},
    ),
    "a PNG of size 0": Bad(
        catalogue("a.png"), "media-broken", 2, ("its size is 0",), {"a.png": png_head(0, 5)}
    ),
    "a PNG that ends before its data": Bad(
        catalogue("a.png"), "media-broken", 2, ("ends too soon",), {"a.png": PNG[:33]}
    ),
    "a PNG of a million parts": Bad(
        catalogue("a.png"),
        "media-broken",
        2,
        ("too many parts",),
        {"a.png": PNG[:33] + png_chunk(b"tEXt", b"") * 10_001 + PNG[33:]},
    ),
    "a JPEG of noise": Bad(
        catalogue("a.jpg"),
        "media-broken",
        2,
        ("a marker is missing",),
        {"a.jpg": b"\xff\xd8\xff\xe0\0\2oh no"},
    ),
    "a JPEG that never says its size": Bad(
        catalogue("a.jpg"),
        "media-broken",
        2,
        ("not say its size",),
        {"a.jpg": b"\xff\xd8\xff\xff\xd9"},
    ),
    "a JPEG of a million parts": Bad(
        catalogue("a.jpg"),
        "media-broken",
        2,
        ("too many parts",),
        {"a.jpg": b"\xff\xd8" + b"\xff\xfe\0\2" * 10_001 + encoded("JPEG")[2:]},
    ),
    "a WebP of a million parts": Bad(
        catalogue("a.webp"),
        "media-broken",
        2,
        ("too many parts",),
        {"a.webp": encoded("WEBP", frames=2) + b"JUNK\0\0\0\0" * 10_001},
    ),
    "a GIF without its end": Bad(
        catalogue("a.gif"), "media-broken", 2, ("ends too soon",), {"a.gif": gif(2, 2, 2)[:-1]}
    ),
    "a GIF without a frame": Bad(
        catalogue("a.gif"), "media-broken", 2, ("it has no frame",), {"a.gif": gif(2, 2, 0)}
    ),
    "a GIF with an unknown block": Bad(
        catalogue("a.gif"),
        "media-broken",
        2,
        ("unknown block after frame 2",),
        {"a.gif": gif(2, 2, 2)[:-1] + b"\x42\x3b"},
    ),
    "a WebP of another make": Bad(
        catalogue("a.webp"),
        "media-broken",
        2,
        ("not begin with a picture",),
        {"a.webp": b"RIFF\x20\0\0\0WEBPJUNK" + bytes(24)},
    ),
    "a WebP with a wrong start": Bad(
        catalogue("a.webp"),
        "media-broken",
        2,
        ("does not begin as it should",),
        {"a.webp": b"RIFF\x20\0\0\0WEBPVP8 " + bytes(24)},
    ),
    "the same picture twice": Bad(
        catalogue("a.png", "b.png"),
        "media-duplicate",
        6,
        ("assets.a2 is the same picture as assets.a1",),
        {"a.png": PNG, "b.png": PNG},
        severity="warning",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, bad: Bad) -> None:
    _, problems = load_assets(write(tmp_path, bad.catalogue, bad.files))
    assert [(p.rule, p.severity) for p in problems] == [(bad.rule, bad.severity)], problems
    [problem] = problems
    assert problem.where == Place("media/media.toml", bad.line)
    assert all(words in str(problem) for words in bad.says), str(problem)
    assert problem.fix
    assert len(str(problem).splitlines()) == 2


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = (
        '[assets.a]\nfile = "a.png"\n[assets.b]\nfile = "b.png"\nalt = "Blue"\nsize = 3\n[more]\n'
    )
    assets, problems = load_assets(write(tmp_path, text))
    assert [(p.where.line, p.rule) for p in problems] == [
        (1, "alt-missing"),
        (2, "missing-file"),
        (4, "missing-file"),
        (6, "unknown-key"),
        (7, "unknown-key"),
    ]
    assert list(assets) == ["a", "b"], "what refers to them is not to be called unknown as well"


def test_other_ways_to_write_a_table_have_lines_too(tmp_path: Path) -> None:
    text = '[assets]\na = {file = "a.png"}\nb.file = "b.png"\n[ assets . "c" ]\nfile = "c.png"\n'
    _, problems = load_assets(write(tmp_path, text))
    missing = [p.where.line for p in problems if p.rule == "missing-file"]
    assert missing == [2, 3, 5]


def test_no_catalogue_is_a_problem(tmp_path: Path) -> None:
    assets, [problem] = load_assets(tmp_path)
    assert assets == {}
    assert str(problem).startswith("media/media.toml: media/media.toml is missing\n")
    (tmp_path / "media" / "media.toml").mkdir(parents=True)
    assert [p.rule for p in load_assets(tmp_path)[1]] == ["unreadable"]


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, catalogue("a.png"), {"a.png": PNG})
    monkeypatch.setattr(files, "MAX_FILE_BYTES", len(PNG))
    assert load_assets(tmp_path)[1] == []
    monkeypatch.setattr(files, "MAX_FILE_BYTES", len(PNG) - 1)
    [problem] = load_assets(tmp_path)[1]
    assert (problem.rule, problem.where.line) == ("media-size", 2)
    assert f"{len(PNG):,} bytes; more than {len(PNG) - 1:,}" in problem.what
    monkeypatch.setattr(media, "MAX_CATALOGUE_BYTES", 10)
    assert [p.rule for p in load_assets(tmp_path)[1]] == ["media-size"]


def linked_file(root: Path) -> None:
    (root / "media" / "a.png").symlink_to(root / "secret.png")


def linked_folder(root: Path) -> None:
    (root / "outside").mkdir()
    (root / "outside" / "a.png").write_bytes(PNG)
    (root / "media" / "sub").symlink_to(root / "outside")


def linked_to_itself(root: Path) -> None:
    (root / "media" / "a.png").symlink_to(root / "media" / "a.png")


def pipe(root: Path) -> None:
    os.mkfifo(root / "media" / "a.png")


@pytest.mark.parametrize(
    ("make", "file", "rule"),
    [
        (linked_file, "a.png", "path-outside"),
        (linked_folder, "sub/a.png", "path-outside"),
        (linked_to_itself, "a.png", "unreadable"),
        (pipe, "a.png", "unreadable"),
    ],
)
def test_links_out_and_odd_files_are_refused(
    tmp_path: Path, make: Callable[[Path], None], file: str, rule: str
) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    make(write(tmp_path, catalogue(file)))
    assets, [problem] = load_assets(tmp_path)
    assert (problem.rule, problem.where.line) == (rule, 2)
    assert assets["a1"].sha256 == ""


def test_a_linked_catalogue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(catalogue("a.png"))
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "media.toml").symlink_to(tmp_path / "secret")
    assert [p.rule for p in load_assets(tmp_path)[1]] == ["path-outside"]


def test_a_link_within_media_is_fine(tmp_path: Path) -> None:
    write(tmp_path, catalogue("a.png"), {"real.png": PNG})
    (tmp_path / "media" / "a.png").symlink_to("real.png")
    assert load_assets(tmp_path)[1] == []


STARTS = [PNG[:8], PNG[:33], b"\xff\xd8\xff", gif(3, 3, 1)[:19], b"RIFF\0\0\0\0WEBP", b""]


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
@example(text=b"[assets]\n'' = {}")
@example(text=b'[assets.a]\nfile = "\xed\xa0\x80"')
@example(text=b'[assets."a\\nb"]\nfile = "x"\n"" = 1')
def test_no_catalogue_makes_loading_fail(text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for catalogue_text in (text, b"[assets.a]\n" + text, b"[assets]\na = {" + text + b"}"):
            assets, problems = load_assets(write(Path(folder), catalogue_text))
            assert problems
            assert all(p.where.file == "media/media.toml" for p in problems)
            assert not any(asset.sha256 for asset in assets.values())


@settings(max_examples=300, deadline=None)
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=200), name=st.sampled_from("pjgw"))
def test_no_file_makes_loading_or_inspecting_fail(start: bytes, rest: bytes, name: str) -> None:
    file = {"p": "a.png", "j": "a.jpg", "g": "a.gif", "w": "a.webp"}[name]
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), catalogue(file), {file: start + rest})
        assets, problems = load_assets(root)
        found = inspect_assets(assets, root, [limits()])
    assert bool(assets["a1"].mime) == (problems == [])
    assert all(p.where.line for p in problems + found)
