"""media/: what is read of a picture without decoding it, and what decoding it finds."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import tempfile
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot import media
from bot.domain import Asset, Limits, Place, Problem
from bot.media import alt_for, fitting, inspecting, load_assets
from bot.media.inspecting import inspect_assets

ALT = "A red square"


def encoded(kind: str, size: tuple[int, int] = (40, 30), frames: int = 1) -> bytes:
    """A picture as Pillow writes it; each frame is of another colour."""
    pictures = [Image.new("RGB", size, (200, 10 * n % 256, n % 256)) for n in range(frames)]
    file = io.BytesIO()
    if frames == 1:
        pictures[0].save(file, kind)
    else:
        pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=100)
    return file.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_head(width: int, height: int) -> bytes:
    """A tiny PNG that says it is of any size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [
        png_chunk(b"IHDR", head),
        png_chunk(b"IDAT", zlib.compress(b"\0")),
        png_chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


TOO_LITTLE = b"\x02\x4c\x01\x00"
"""A frame's data, in one piece, that stands for a few pixels only."""


def frame(width: int, height: int, data: bytes = TOO_LITTLE) -> bytes:
    """One frame of a GIF."""
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02" + data


def gif(width: int, height: int, frames: int, data: bytes = TOO_LITTLE) -> bytes:
    """A GIF by hand, with any number of frames as large as its screen. Not fit to be decoded."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(3) + b"\xff\xff\xff"
    return b"GIF89a" + screen + frame(width, height, data) * frames + b"\x3b"


def write(root: Path, catalogue: str | bytes, files: Mapping[str, bytes] | None = None) -> Path:
    folder = root / "media"
    folder.mkdir(parents=True, exist_ok=True)
    raw = catalogue if isinstance(catalogue, bytes) else catalogue.encode()
    (folder / "media.toml").write_bytes(raw)
    for name, data in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return root


def catalogue(*files: str) -> str:
    """A catalogue of faultless entries: a1, a2, …"""
    return "\n".join(
        f'[assets.a{n}]\nfile = "{file}"\nalt = "{ALT}"\n' for n, file in enumerate(files, 1)
    )


def load_one(root: Path, file: str, data: bytes) -> Asset:
    assets, problems = load_assets(write(root, catalogue(file), {file: data}))
    assert problems == []
    return assets["a1"]


def limits(**changed: object) -> Limits:
    """Limits that nothing in these tests reaches, but for those given."""
    whole = Limits(
        network="x",
        text=280,
        measure=len,
        alt=1000,
        mimes=frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"}),
        image_bytes=5_000_000,
        gif_bytes=15_000_000,
        gif_width=1280,
        gif_height=1080,
        gif_frames=350,
        gif_pixels=300_000_000,
        cost=lambda text, media: 0.0,
    )
    return whole._replace(**changed)  # type: ignore[arg-type]


# What is read ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "mime", "frames"),
    [
        ("a.png", "PNG", "image/png", 1),
        ("a.jpg", "JPEG", "image/jpeg", 1),
        ("a.JPEG", "JPEG", "image/jpeg", 1),
        ("a.webp", "WEBP", "image/webp", 1),
        ("a.gif", "GIF", "image/gif", 1),
        ("a.gif", "GIF", "image/gif", 5),
        ("a.png", "PNG", "image/png", 3),
        ("a.webp", "WEBP", "image/webp", 4),
    ],
)
def test_an_asset_is_what_its_file_is(
    tmp_path: Path, name: str, kind: str, mime: str, frames: int
) -> None:
    data = encoded(kind, (123, 45), frames)
    asset = load_one(tmp_path, name, data)
    assert asset.sha256 == hashlib.sha256(data).hexdigest()
    assert asset == Asset(
        id="a1",
        path=f"media/{name}",
        mime=mime,
        bytes=len(data),
        digest=asset.digest,
        width=123,
        height=45,
        frames=frames,
        alt={"": ALT},
        credit="",
        where=Place("media/media.toml", 1),
    )


def written_over(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def touched(file: Path) -> None:
    os.utime(file, ns=(0, 1))


def put_in_its_place(file: Path) -> None:
    other = file.with_name("other.png")
    other.write_bytes(file.read_bytes())
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)


@pytest.mark.parametrize("change", [written_over, touched, put_in_its_place, Path.unlink])
def test_a_file_that_is_another_by_now_has_no_hash(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    write(tmp_path, catalogue("a.png"), {"a.png": PNG})
    os.utime(tmp_path / "media/a.png", ns=(0, 0))
    before, after = (load_assets(tmp_path)[0]["a1"] for _ in range(2))
    known = before.sha256
    change(tmp_path / "media/a.png")
    assert before.sha256 == known == hashlib.sha256(PNG).hexdigest()
    assert after.sha256 == ""
    assert after != before


@pytest.mark.parametrize("size", [(16_000, 7), (7, 16_000)])
@pytest.mark.parametrize("options", [{"lossless": True}, {"exact": True}, {"quality": 1}])
def test_every_kind_of_webp_says_its_size(
    tmp_path: Path, options: dict[str, object], size: tuple[int, int]
) -> None:
    file = io.BytesIO()
    mode = "RGBA" if "exact" in options else "RGB"
    Image.new(mode, size).save(file, "WEBP", **options)
    asset = load_one(tmp_path, "a.webp", file.getvalue())
    assert (asset.width, asset.height, asset.frames) == (*size, 1)


def test_a_webp_to_be_scaled_says_its_size_before(tmp_path: Path) -> None:
    size = struct.pack("<HH", 1 << 14 | 300, 3 << 14 | 200)
    data = b"RIFF\x20\0\0\0WEBPVP8 \x14\0\0\0\0\0\0\x9d\x01\x2a" + size + bytes(10)
    asset = load_one(tmp_path, "a.webp", data)
    assert (asset.width, asset.height) == (300, 200)


def test_parts_of_odd_length_before_a_webp_s_frames_are_padded(tmp_path: Path) -> None:
    head = b"VP8X\x0a\0\0\0\x02\0\0\0" + b"\x08\0\0" + b"\x09\0\0"
    parts = b"JUNK\x01\0\0\0!\0" + b"ANMF\x02\0\0\0ab" * 3
    asset = load_one(tmp_path, "a.webp", b"RIFF\x40\0\0\0WEBP" + head + parts)
    assert (asset.width, asset.height, asset.frames) == (9, 10, 3)


def test_tables_before_a_jpeg_s_size_are_stepped_over(tmp_path: Path) -> None:
    tables = b"".join(bytes([0xFF, kind, 0, 8]) + bytes(6) for kind in (0xC4, 0xC8, 0xCC, 0xDB))
    data = b"\xff\xd8" + tables + b"\xff\xff" + encoded("JPEG", (31, 17))[2:]
    asset = load_one(tmp_path, "a.jpg", data)
    assert (asset.width, asset.height) == (31, 17)


def test_a_progressive_jpeg_with_much_before_its_size_is_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    Image.new("RGB", (300, 200)).save(file, "JPEG", progressive=True, exif=exif)
    asset = load_one(tmp_path, "a.jpg", file.getvalue())
    assert (asset.width, asset.height) == (300, 200)


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    frames=st.integers(1, 9),
    colours=st.sampled_from([1, 2, 16, 256]),
    seed=st.integers(0, 999),
)
def test_a_gif_is_stepped_through_as_pillow_reads_it(
    size: tuple[int, int], frames: int, colours: int, seed: int
) -> None:
    random = Random(seed)
    pictures = [Image.new("P", size) for _ in range(frames)]
    for picture in pictures:
        picture.putdata([random.randrange(colours) for _ in range(size[0] * size[1])])
        picture.putpalette(bytes(range(colours)) * 3)
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=50)
    with tempfile.TemporaryDirectory() as folder:
        asset = load_one(Path(folder), "a.gif", file.getvalue())
    with Image.open(file) as seen:
        assert (asset.width, asset.height) == seen.size
        assert asset.frames == getattr(seen, "n_frames", 1)


def test_a_gif_s_blocks_may_lie_anywhere_in_the_window(tmp_path: Path) -> None:
    pieces = (b"\xff" + b"\x2c" * 255) * 255
    for rest in range(1, 255):
        data = pieces + bytes([rest]) + b"\x3b" * rest + b"\0"
        assert load_one(tmp_path, "a.gif", gif(9, 8, 3, data)).frames == 3


def test_a_large_gif_is_not_read_into_memory(tmp_path: Path) -> None:
    data = b"".join(bytes([255]) + bytes(255) for _ in range(4_000)) + b"\0"
    write(tmp_path, catalogue("a.gif"), {"a.gif": gif(900, 900, 15, data)})
    assert (tmp_path / "media" / "a.gif").stat().st_size > 15_000_000
    load_assets(tmp_path)
    tracemalloc.start()
    assets, problems = load_assets(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (assets["a1"].frames, problems) == (15, [])
    assert peak < 1_000_000


def test_assets_stand_in_the_order_of_the_catalogue(tmp_path: Path) -> None:
    files = {f"{name}.png": encoded("PNG", (n + 1, 9)) for n, name in enumerate("cab")}
    assets, _ = load_assets(write(tmp_path, catalogue(*files), files))
    assert [asset.path for asset in assets.values()] == [
        "media/c.png",
        "media/a.png",
        "media/b.png",
    ]
    assert [asset.where.line for asset in assets.values()] == [1, 5, 9]


def test_a_file_may_stand_in_a_folder_under_media(tmp_path: Path) -> None:
    assert load_one(tmp_path, "./2020/a.png", encoded("PNG")).path == "media/2020/a.png"


def test_a_catalogue_saved_by_windows_is_read(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + catalogue("a.png").replace("\n", "\r\n").encode()
    assets, problems = load_assets(write(tmp_path, text, {"a.png": encoded("PNG")}))
    assert (list(assets), problems) == (["a1"], [])


def test_an_alt_text_over_several_lines_is_one_line(tmp_path: Path) -> None:
    text = '[assets.a]\nfile = "a.png"\nalt = """\nOne\n\ttwo,\n  three\N{NO-BREAK SPACE}!\n"""\n'
    assets, _ = load_assets(write(tmp_path, text, {"a.png": encoded("PNG")}))
    assert assets["a"].alt == {"": "One two, three\N{NO-BREAK SPACE}!"}


@pytest.mark.parametrize(
    ("alt", "language", "expected"),
    [
        ({"": "plain"}, "en", "plain"),
        ({"": "plain"}, "fr", "plain"),
        ({"en": "one", "fr": "un"}, "fr", "un"),
        ({"en": "one", "fr": "un"}, "fr-BE", "un"),
        ({"pt": "um", "pt-BR": "um!"}, "pt-BR", "um!"),
        ({"": "plain", "en": "one"}, "en", "one"),
        ({"en": "one"}, "fr", ""),
        ({}, "en", ""),
    ],
)
def test_the_alt_text_of_a_language(alt: dict[str, str], language: str, expected: str) -> None:
    assert alt_for(asset(alt=alt), language) == expected


def asset(**changed: object) -> Asset:
    whole = Asset(
        id="a1",
        path="media/a.png",
        mime="image/png",
        bytes=100,
        digest=lambda: "0" * 64,
        width=40,
        height=30,
        frames=1,
        alt={"": ALT},
        where=Place("media/media.toml", 1),
    )
    return whole._replace(**changed)  # type: ignore[arg-type]


def test_a_network_that_does_not_take_an_animation_gets_the_smaller_one(tmp_path: Path) -> None:
    text = '[assets.a]\nfile = "a.gif"\nalt = "Red"\n[assets.a.draw]\npicture = "animation"\n'
    files = {"a.gif": encoded("GIF", (40, 40), 2), "a-960.gif": encoded("GIF", (20, 20), 2)}
    assets, problems = load_assets(write(tmp_path, text, files))
    assert problems == []
    asset = assets["a"]
    assert asset.smaller is not None
    assert (asset.smaller.path, asset.smaller.width) == ("media/a-960.gif", 20)
    assert asset.smaller.alt == asset.alt
    for width, path in ((40, "media/a.gif"), (20, "media/a-960.gif"), (10, "media/a.gif")):
        narrow = limits(gif_width=width)
        assert fitting(asset, narrow).path == path
        found = inspect_assets(assets, tmp_path, [narrow])
        assert [problem.rule for problem in found] == (["media-limit"] if width == 10 else [])


def test_only_an_animation_that_is_drawn_here_has_a_smaller_one(tmp_path: Path) -> None:
    files = {"a.gif": encoded("GIF", (40, 40), 2), "a-960.gif": encoded("GIF", (20, 20), 2)}
    assets, _ = load_assets(write(tmp_path, catalogue("a.gif"), files))
    assert assets["a1"].smaller is None
    assert fitting(assets["a1"], limits(gif_width=20)) is assets["a1"]


# What is wrong with media.toml -------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """A catalogue and files, and the one problem that loading them has to name."""

    catalogue: str | bytes
    rule: str
    line: int | None
    says: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    severity: str = "error"


PNG = encoded("PNG")
BAD: dict[str, Bad] = {
    "no equals sign": Bad('[assets.a]\nfile "a.png"\n', "toml-syntax", 2, ("TOML", "Expected '='")),
    "text that never ends": Bad('[assets.a]\nalt = """x\n\n', "toml-syntax", 2, ("TOML",)),
    "too deep": Bad("x = " + "[" * 20_000, "toml-syntax", 1, ("TOML",)),
    "a number too long": Bad("x = " + "9" * 5_000, "toml-syntax", 1, ("TOML",)),
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
        ("a.svg is not a PNG, JPEG, GIF or WebP",),
        {"a.svg": b"<svg/>"},
    ),
    "a BMP named PNG": Bad(
        catalogue("a.png"), "media-type", 2, ("not a PNG",), {"a.png": encoded("BMP")}
    ),
    "an empty file": Bad(catalogue("a.png"), "media-type", 2, ("not a PNG",), {"a.png": b""}),
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
    monkeypatch.setattr(media, "MAX_FILE_BYTES", len(PNG))
    assert load_assets(tmp_path)[1] == []
    monkeypatch.setattr(media, "MAX_FILE_BYTES", len(PNG) - 1)
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
        found = inspect_assets(assets, root, [limits()], ["en"])
    assert bool(assets["a1"].mime) == (problems == [])
    assert all(p.where.line for p in problems + found)


# What decoding finds -----------------------------------------------------------------------------


def inspect(root: Path, file: str, data: bytes, **changed: object) -> list[Problem]:
    write(root, catalogue(file), {file: data})
    assets, problems = load_assets(root)
    assert problems == []
    return inspect_assets(assets, root, [limits(**changed)], ["en"])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_sound_picture_passes(tmp_path: Path, kind: str) -> None:
    name = {"PNG": "a.png", "JPEG": "a.jpg", "WEBP": "a.webp", "GIF": "a.gif"}[kind]
    assert inspect(tmp_path, name, encoded(kind)) == []


def test_a_sound_animation_passes(tmp_path: Path) -> None:
    assert inspect(tmp_path, "a.gif", encoded("GIF", (50, 40), 12)) == []


def noise(kind: str, size: tuple[int, int] = (64, 64), frames: int = 1) -> bytes:
    """A picture that does not compress, so that a cut goes through its data."""
    pictures = []
    for number in range(frames):
        pixels = Random(number).randbytes(size[0] * size[1] * 3)
        pictures.append(Image.frombytes("RGB", size, pixels))
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=frames > 1, append_images=pictures[1:])
    return file.getvalue()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", noise("PNG")),
        ("a.jpg", noise("JPEG")),
        ("a.webp", noise("WEBP")),
        ("a.gif", noise("GIF")),
        ("a.gif", noise("GIF", frames=3)),
    ],
    ids=["png", "jpeg", "webp", "gif", "animated gif"],
)
def test_a_truncated_picture_is_found(tmp_path: Path, name: str, data: bytes, share: float) -> None:
    root = write(tmp_path, catalogue(name), {name: data[: int(len(data) * share)]})
    assets, loaded = load_assets(root)
    found = loaded + inspect_assets(assets, root, [limits()], ["en"])
    assert [(p.rule, p.severity) for p in found] == [("media-broken", "error")], found
    assert name in found[0].what
    assert found[0].fix


@pytest.mark.parametrize("at", [200, -14], ids=["in its data", "in its checksum"])
def test_damage_inside_a_picture_is_found(tmp_path: Path, at: int) -> None:
    data = bytearray(noise("PNG"))
    assert data[-20:-16] != b"IDAT"
    data[at] ^= 0xFF
    [problem] = inspect(tmp_path, "a.png", bytes(data))
    assert problem.rule == "media-broken"


def test_damage_in_the_last_frame_is_found(tmp_path: Path) -> None:
    sound = encoded("GIF", (40, 30), 3)
    [problem] = inspect(tmp_path, "a.gif", sound[:-1] + frame(40, 30) + b"\x3b")
    assert problem.rule == "media-broken"
    assert problem.where == Place("media/media.toml", 1)


def test_a_frame_that_is_announced_and_missing_is_found(tmp_path: Path) -> None:
    announced = png_chunk(b"acTL", struct.pack(">II", 5, 0))
    [moves, broken] = inspect(tmp_path, "a.png", PNG[:33] + announced + PNG[33:])
    assert (moves.rule, broken.rule) == ("media-animated", "media-broken")


def test_another_size_than_announced_is_found(tmp_path: Path) -> None:
    data = bytearray(encoded("GIF", (10, 12)))
    data[6:10] = struct.pack("<HH", 2, 3)
    [problem] = inspect(tmp_path, "a.gif", bytes(data))
    assert problem.what == "media/a.gif of assets.a1 is broken: it says 2 x 3, and is 10 x 12"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", png_head(60_000, 60_000)),
        ("a.png", png_head(5_001, 5_000)),
        ("a.gif", gif(60_000, 60_000, 1)),
        ("a.gif", gif(2_000, 2_000, 101)),
    ],
    ids=["png", "png, barely", "gif", "gif of many frames"],
)
def test_a_bomb_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    monkeypatch.setattr(inspecting, "_decode", lambda *_: pytest.fail("it was decoded"))
    found = inspect(tmp_path, name, data, gif_width=10**6, gif_height=10**6, gif_pixels=10**12)
    assert [(p.rule, p.where.line) for p in found] == [("media-bomb", 1)]
    assert "too large to look at" in found[0].what


@pytest.mark.parametrize("side", [6_000, 60_000])
def test_a_frame_far_larger_than_its_screen_is_a_bomb_too(tmp_path: Path, side: int) -> None:
    data = encoded("GIF", (2, 2))[:-1] + frame(side, side) + b"\x3b"
    tracemalloc.start()
    found = inspect(tmp_path, "a.gif", data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [p.rule for p in found] == ["media-broken"]
    assert "decompression bomb" in found[0].what
    assert peak < 10_000_000


def test_pillow_s_guard_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 123_456_789)
    inspect(tmp_path, "a.png", PNG)
    assert Image.MAX_IMAGE_PIXELS == 123_456_789


def test_a_picture_that_vanished_is_found(tmp_path: Path) -> None:
    assets, _ = load_assets(write(tmp_path, catalogue("a.png"), {"a.png": PNG}))
    (tmp_path / "media" / "a.png").unlink()
    assert [p.rule for p in inspect_assets(assets, tmp_path, [], ["en"])] == ["media-broken"]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_that_would_stand_still_is_warned_of(tmp_path: Path, kind: str) -> None:
    [problem] = inspect(tmp_path, f"a.{kind.lower()}", encoded(kind, frames=3))
    assert (problem.rule, problem.severity) == ("media-animated", "warning")


@dataclass(frozen=True)
class Over:
    """A picture, a network's limits, and the figures that the message has to give."""

    name: str
    data: bytes
    changed: Mapping[str, object]
    says: str | None


GIF = gif(200, 100, 12)
OVER: dict[str, Over] = {
    "a picture's bytes": Over(
        "a.png", PNG, {"image_bytes": len(PNG) - 1}, f"{len(PNG)} bytes; x takes {len(PNG) - 1}"
    ),
    "a picture's bytes, just": Over("a.png", PNG, {"image_bytes": len(PNG)}, None),
    "a GIF's bytes": Over(
        "a.gif", GIF, {"gif_bytes": len(GIF) - 1}, f"{len(GIF)} bytes; x takes {len(GIF) - 1}"
    ),
    "a GIF's bytes, just": Over("a.gif", GIF, {"gif_bytes": len(GIF), "image_bytes": 1}, None),
    "a still GIF's bytes": Over(
        "a.gif",
        gif(9, 9, 1),
        {"image_bytes": 1, "gif_bytes": 1, "gif_width": 1},
        "bytes; x takes 1",
    ),
    "a GIF's width": Over("a.gif", GIF, {"gif_width": 199}, "200 pixels of width; x takes 199"),
    "a GIF's height": Over("a.gif", GIF, {"gif_height": 99}, "100 pixels of height; x takes 99"),
    "a GIF's frames": Over("a.gif", GIF, {"gif_frames": 11}, "12 frames; x takes 11"),
    "a GIF's pixels": Over(
        "a.gif", GIF, {"gif_pixels": 239_999}, "240,000 pixels in all frames; x takes 239,999"
    ),
    "a GIF, just": Over(
        "a.gif",
        GIF,
        {"gif_width": 200, "gif_height": 100, "gif_frames": 12, "gif_pixels": 240_000},
        None,
    ),
    "a large still picture": Over("a.png", encoded("PNG", (1300, 1100)), {}, None),
    "a type": Over(
        "a.webp",
        encoded("WEBP"),
        {"mimes": frozenset({"image/png", "image/gif"})},
        "is image/webp; x takes image/gif, image/png",
    ),
}


@pytest.mark.parametrize("over", OVER.values(), ids=OVER.keys())
def test_limits_are_named_with_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: Over
) -> None:
    monkeypatch.setattr(inspecting, "_decode", lambda *_: "")
    found = inspect(tmp_path, over.name, over.data, **over.changed)
    if over.says is None:
        assert found == []
    else:
        [problem] = found
        assert problem.rule == ("media-type" if "image/" in over.says else "media-limit")
        assert problem.where == Place("media/media.toml", 1)
        assert f"media/{over.name} of assets.a1" in problem.what
        assert problem.what.endswith(over.says), problem.what


def test_every_network_s_limits_count_once(tmp_path: Path) -> None:
    assets, _ = load_assets(write(tmp_path, catalogue("a.png"), {"a.png": PNG}))
    small, other = limits(image_bytes=1), limits(network="bluesky", image_bytes=2)
    found = inspect_assets(assets, tmp_path, [small, small, other], ["en"])
    assert [p.what.rpartition("; ")[2] for p in found] == ["x takes 1", "bluesky takes 2"]


@pytest.mark.parametrize(
    ("alt", "languages", "rules"),
    [
        ({"": ALT}, ["en"], []),
        ({"": ALT}, ["fr"], []),
        ({"": ALT}, [], []),
        ({"": ALT}, ["en", "fr"], ["alt-language", "alt-language"]),
        ({"en": ALT}, ["en", "fr", "fr"], ["alt-language"]),
        ({"en": ALT}, ["en-GB"], []),
        ({"en": ALT, "fr": "Rouge"}, ["en", "fr"], []),
        ({"en": ALT}, ["fr"], ["alt-language"]),
        ({}, ["en"], []),
        ({"": "x" * 1000}, ["en"], []),
        ({"": "x" * 1001}, ["en"], ["alt-long"]),
        ({"en": "y " * 501, "fr": "Rouge"}, ["en", "fr"], ["alt-long"]),
        ({"": "a.png"}, ["en"], ["alt-filename"]),
        ({"": "A"}, ["en"], ["alt-filename"]),
        ({"": "IMG_2020.JPG"}, ["en"], ["alt-filename"]),
        ({"": "A picture named a.png"}, ["en"], []),
    ],
)
def test_alt_texts(alt: dict[str, str], languages: list[str], rules: list[str]) -> None:
    found = inspect_assets({"a1": asset(alt=alt, mime="")}, Path(), [limits()], languages)
    assert [p.rule for p in found] == rules
    assert all(p.severity == "error" and p.fix and p.where.line == 1 for p in found)


def test_an_alt_text_s_figures_are_named() -> None:
    long = asset(alt={"fr": "x" * 1234}, mime="")
    [problem] = inspect_assets({"a1": long}, Path(), [limits()], ["fr"])
    assert problem.what == "the alt text (fr) of assets.a1 has 1,234 characters; x takes 1,000"
    [problem] = inspect_assets({"a1": asset(mime="")}, Path(), [], ["en", "fr"])[1:]
    assert problem.what == "assets.a1 has no alt text in the language `fr`"
