"""A source file to its text: the real statements as each kind of file, made by real programs."""

from __future__ import annotations

import html
import io
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import docx
import pytest
import typst
from pypdf import PdfReader, PdfWriter

from bot.content import load
from bot.content.words import normalise
from bot.errors import UsageError
from bot.provenance import verify
from bot.sources import MAX_BYTES, read_source, words_of
from tests.site import ROOT

ENTITIES = {"“": "&ldquo;", "”": "&rdquo;", "’": "&rsquo;", "–": "&ndash;", "\u00a0": "&nbsp;"}


def paragraphs(text: str) -> list[str]:
    return [" ".join(each.split()) for each in re.split(r"\n\s*\n", text) if each.strip()]


def as_docx(text: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs(text):
        document.add_paragraph(paragraph)
    return saved(document)


def saved(document: docx.document.Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def as_pdf(text: str, width: str = "5cm") -> bytes:
    """A narrow column, so that words are broken at the ends of lines, and several pages."""
    head = f'#set page(width: {width}, height: 14cm, margin: 0.5cm, numbering: "1")\n'
    head += '#set text(lang: "en", hyphenate: true, size: 10pt)\n#set par(justify: true)\n'
    body = "\n\n".join(re.sub(r"([#*@_$<>\[\]])", r"\\\1", each) for each in paragraphs(text))
    return typst.compile((head + body).encode())


def as_html(text: str) -> bytes:
    """As a content management system writes it: entities, soft hyphens, and a menu around it."""
    escaped = "".join(ENTITIES.get(each, each) for each in html.escape(text, quote=False))
    escaped = escaped.replace("solidarity", "soli&shy;dar&shy;ity").replace(
        "rights", "<b>rig</b>hts"
    )
    body = "".join(f"<p class=x>{each}</p>\n" for each in paragraphs(escaped))
    return (
        "<!DOCTYPE html><html><head><meta charset=iso-8859-1><title>x</title>"
        "<style>p { color: red }</style></head><body><nav><a href=/>Home</a></nav>"
        f"{body}<script>var p = '<p>no</p>'</script></body></html>"
    ).encode("cp1252")


KINDS: dict[str, tuple[str, Callable[[str], bytes], str]] = {
    "UTF-8": (".txt", lambda text: text.encode(), "plain text in UTF-8"),
    "UTF-8 with a mark": (".txt", lambda text: text.encode("utf-8-sig"), "plain text in UTF-8"),
    "line ends of Windows": (".txt", lambda t: t.replace("\n", "\r\n").encode(), "text in UTF-8"),
    "UTF-16": (".txt", lambda text: text.encode("utf-16"), "plain text in UTF-16"),
    "UTF-16 without a mark": (".txt", lambda text: text.encode("utf-16-le"), "text in UTF-16"),
    "UTF-32": (".txt", lambda text: text.encode("utf-32"), "plain text in UTF-32"),
    "Windows-1252": (".txt", lambda text: text.encode("cp1252"), "text in Windows-1252"),
    "a Mac's": (".txt", lambda text: text.encode("mac_roman"), "plain text in MAC-ROMAN"),
    "HTML": (".html", as_html, "HTML in windows-1252"),
    "HTML by its beginning": ("", as_html, "HTML in windows-1252"),
    "Word": (".docx", as_docx, "a Word document"),
    "PDF": (".pdf", as_pdf, "a PDF of "),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_campaign_is_verified_against_every_kind(
    tmp_path: Path, statements: Mapping[str, str], kind: str
) -> None:
    suffix, made, called = KINDS[kind]
    campaign = load(ROOT, ("x",))
    known = words_of([form for p in campaign.passages.values() for form in p.forms])
    texts = {}
    for name, text in statements.items():
        file = tmp_path / f"{Path(name).stem}{suffix}"
        is_ascii = text.isascii()
        file.write_bytes(made(text))
        read = read_source(str(file), known)
        texts[file.name] = read.text
        if not is_ascii:
            assert called in read.kind
        assert abs(read.words - len(text.split())) < 25
    done = verify(campaign, texts, tmp_path)
    assert done.problems == []
    assert {*done.found} == {*campaign.statements}


def test_the_narrow_pdf_breaks_words(statements: Mapping[str, str]) -> None:
    """Or the test above would show nothing."""
    pages = PdfReader(io.BytesIO(as_pdf(next(iter(statements.values()))))).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert len(pages) > 2
    assert len(re.findall(r"\w[-‐\u00ad]\s*\n", text)) > 5, text


def read(tmp_path: Path, name: str, data: bytes, known: set[str] | None = None) -> str:
    file = tmp_path / name
    file.write_bytes(data)
    return read_source(str(file), known or ()).text


# Encodings ---------------------------------------------------------------------------------------

FRENCH = (
    "« Nous sommes solidaires de nos collègues du Bélarus, qui s’organisent pour défendre leurs "
    "droits », a déclaré la présidente. Où étaient les élus ? À Genève, près de la forêt."
)
POLISH = (
    "„Jesteśmy solidarni z pracownikami Białorusi” – powiedział przewodniczący związku. Żądamy "
    "uwolnienia więźniów politycznych."
)
RUSSIAN = (
    "«Мы солидарны с рабочими Беларуси, которые борются за свои права», — заявила председатель "
    "профсоюза. Мы требуем освобождения всех задержанных."
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "cp1252"),
        (FRENCH, "iso8859-15"),
        (FRENCH, "mac_roman"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "utf-16-be"),
    ],
)
def test_of_several_encodings_it_is_the_one_with_the_known_words(
    tmp_path: Path, text: str, encoding: str
) -> None:
    wanted = text.encode(encoding, "replace").decode(encoding)
    assert read(tmp_path, "a.txt", wanted.encode(encoding), words_of([wanted])) == wanted


@pytest.mark.parametrize("text", [FRENCH, RUSSIAN])
def test_without_known_words_the_commonest_is_taken(tmp_path: Path, text: str) -> None:
    encoding = "cp1252" if text is FRENCH else "cp1251"
    assert read(tmp_path, "a.txt", text.encode(encoding)) == text


# What stands for what ----------------------------------------------------------------------------


def test_html_is_read_as_a_reader_sees_it(tmp_path: Path) -> None:
    page = (
        "<html><body><p>&ldquo;We stand&nbsp;with&#8217;em,&rdquo; said\n she.</p><p>Soli&shy;"
        "darity<wbr>, <em>all</em>!<br>Line two</p><div>A<p>B</p>C</div><p>He said <q>no</q>.</p>"
        "<!-- <p>hidden</p> --></body></html>"
    )
    found = paragraphs(read(tmp_path, "a.html", page.encode()))
    assert found == [
        "“We stand with’em,” said she.", "Solidarity, all! Line two", "A", "B", "C",
        "He said “no”.",
    ]  # fmt: skip


def test_a_page_that_says_it_is_latin_but_is_utf_8(tmp_path: Path) -> None:
    page = "<meta charset=iso-8859-1><p>“régime”</p>".encode()
    assert read(tmp_path, "a.htm", page).strip() == "“régime”"


def test_a_word_document_as_it_stands_now(tmp_path: Path) -> None:
    """What was deleted with changes tracked is gone, and what was put in is there."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = docx.Document()
    paragraph = document.add_paragraph("We stand ")
    for tag, text, words in (("ins", "t", "with "), ("del", "delText", "against ")):
        run = f'<w:r><w:{text} xml:space="preserve">{words}</w:{text}></w:r>'
        xml = f'<w:{tag} {nsdecls("w")} w:id="1" w:author="a">{run}</w:{tag}>'
        paragraph._p.append(parse_xml(xml))
    paragraph.add_run("the multi")._r.append(parse_xml(f"<w:noBreakHyphen {nsdecls('w')}/>"))
    paragraph.add_run("lateral cre\u00adws.\tAll").add_break()
    paragraph.add_run("of them")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "One cell", "Another"
    found = paragraphs(read(tmp_path, "a.docx", saved(document)))
    assert found == ["We stand with the multi-lateral crews. All of them", "One cell", "Another"]


def test_ligatures_of_a_pdf_are_letters(tmp_path: Path) -> None:
    from bot.sources import _as_seen

    assert _as_seen("ﬁnal oﬃcial eﬀort") == "final official effort"


def test_a_word_that_a_line_breaks(tmp_path: Path) -> None:
    text = b"multi-\nlateral demo-\ncracy pre- \nand post-war non-\nviolent 26-\nyear"
    known = {"multi-lateral", "democracy", "pre", "and", "Nonviolent", "26-year"}
    assert read(tmp_path, "a.txt", text, known) == (
        "multi-lateral democracy pre- \nand post-war nonviolent 26-year"
    )
    assert read(tmp_path, "a.txt", b"demo-\ncracy, ILO-\nBelarus") == "democracy, ILO-\nBelarus"


def test_page_numbers_and_running_heads_stand_in_no_sentence(tmp_path: Path) -> None:
    head = '#set page(width: 9cm, height: 5cm, header: [Union News], numbering: "1")\n'
    text = "word " * 300
    pdf = typst.compile((head + text).encode())
    assert normalise(read(tmp_path, "a.pdf", pdf)) == text.strip()


# What can't be read ------------------------------------------------------------------------------


def refused(file: Path | str, *words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_source(str(file))
    said = str(caught.value)
    assert len(said.splitlines()) == 2
    for word in (str(file), *words):
        assert word in said, said
    for python in ("[Errno", "codec", "Error", "Traceback", "embedded"):
        assert python not in said, said


def locked() -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(as_pdf("Hello")))
    writer.encrypt("secret", algorithm="AES-256" if "cryptography" in sys.modules else "RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def blank() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def zipped() -> bytes:
    from zipfile import ZIP_DEFLATED, ZipFile

    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (MAX_BYTES + 1))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.docx", b"PK\x03\x04 word/document.xml", "broken"),
        ("a.docx", zipped(), "unpacks to more than"),
        ("a.odt", b"PK\x03\x04mimetypeapplication/vnd.oasis", "another program"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc"),
        ("a.rtf", b"{\\rtf1\\ansi Hello}", "RTF"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "a picture"),
        ("a.pdf", b"%PDF\xff\xfe", "broken PDF"),
        ("a.pdf", locked(), "password"),
        ("a.pdf", blank(), "pictures of pages"),
        ("a.txt", b"\x00\x01\x02\xff\xfe\xfd" * 20, "no text"),
        ("a.txt", b"\xff\xfea", "UTF-16, and isn't"),
        ("a.txt", b"word " * 400_001, "2,000,000"),
    ],
)
def test_what_is_no_published_text(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name, why)


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused("nowhere.txt", "No such file", f"looked for from {tmp_path}")
    refused(tmp_path, "directory")
    refused("a/b.txt", "No such file")


def test_what_never_ends_is_read_up_to_a_bound() -> None:
    refused("/dev/zero", f"more than {MAX_BYTES:,} bytes")


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """As in `bot verify <(pdftotext statement.pdf -)`."""
    reading, writing = os.pipe()
    os.write(writing, "“régime”".encode())
    os.close(writing)
    assert read_source(f"/dev/fd/{reading}").text == "“régime”"
    os.close(reading)


@pytest.mark.parametrize(
    ("name", "data", "library"),
    [("a.html", b"<p>x</p>", "bs4"), ("a.pdf", b"%PDF-1.7", "pypdf"),
     ("a.docx", b"PK\x03\x04word/document.xml", "docx")],
)  # fmt: skip
def test_without_the_extra_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes, library: str
) -> None:
    for module in [each for each in sys.modules if each.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name, "isn't installed", "pip install '.[sources]'")
