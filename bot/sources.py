"""A source file to its text: plain text in any common encoding, HTML, Word (.docx) or PDF.

What a file is, it says itself by how it begins; its name only tells HTML from plain text. Of Word,
HTML and PDF the text is taken as a reader sees it: what only says where a line may break is left
out, and a ligature is the letters that it is drawn from. A plain text stays as it is.

The libraries for HTML, Word and PDF are an extra, `sources`, and imported when such a file comes.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from bot.errors import UsageError, in_words

if TYPE_CHECKING:
    from bs4 import Tag

MAX_BYTES = 32_000_000
"""A larger file is not read, and neither is a Word file that unpacks to more."""

MAX_CHARACTERS = 2_000_000
"""A longer text is no statement: some 600 pages."""

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig", "UTF-8"),
    (b"\xff\xfe\0\0", "utf-32", "UTF-32"),
    (b"\0\0\xfe\xff", "utf-32", "UTF-32"),
    (b"\xff\xfe", "utf-16", "UTF-16"),
    (b"\xfe\xff", "utf-16", "UTF-16"),
)
_NAMES = {"cp1252": "Windows-1252", "cp1250": "Windows-1250", "cp1251": "Windows-1251"}
_BINARY = re.compile("[\0-\x08\x0e-\x1f]")
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_BROKEN_WORD = re.compile(r"(\w[\w'’-]*)[-‐][ \t]*\n[ \t]*(\w(?:[\w'’-]*\w)?)")
_LAYOUT = re.compile("[\u00ad\u200b\u2060\ufeff]")
_LIGATURE = re.compile("[\ufb00-\ufb06]")
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_UNSEEN = ["script", "style", "template", "noscript", "head", "title"]
_BLOCKS = re.compile(
    "address|article|aside|blockquote|d[dlt]|div|fieldset|fig(caption|ure)|footer|form|h[1-6r]"
    "|header|li|main|nav|[ou]l|p|pre|section|t(able|body|[dhr]|foot|head)"
)
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Word document (.doc)"),
    (b"{\\rtf", "a document in RTF"),
    (b"PK\x03\x04", "an archive, or a document of another program"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)


class Reading(NamedTuple):
    """A source's text, and what kind of file it was read from, in words."""

    text: str
    kind: str

    @property
    def words(self) -> int:
        """How many words it has."""
        return sum(1 for _ in _WORD.finditer(self.text))


def read_source(name: str, known: Collection[str] = ()) -> Reading:
    """A source file's text. Raises UsageError, in words, where it can't be read.

    `known` are the words that are going to be looked for in it. By them it is decided where a file
    leaves it open: which of several encodings it is in, and whether a hyphen at the end of a line
    belongs to the word.
    """
    data = _bytes(name)
    for begins, what in _FOREIGN:
        if data.startswith(begins) and not _is_docx(data):
            _refuse(name, f"it is {what}")
    if data.startswith(b"%PDF"):
        text, kind = _from_pdf(name, data)
    elif data.startswith(b"PK"):
        text, kind = _from_docx(name, data), "a Word document"
    elif Path(name).suffix.lower() in (".html", ".htm", ".xhtml") or _HTML.match(data):
        text, kind = _from_html(name, data, known)
    else:
        text, encoding = _decoded(name, data, known)
        kind = f"plain text in {encoding}"
    text = _unbroken(text.replace("\r\n", "\n").replace("\r", "\n"), known)
    if len(text) > MAX_CHARACTERS:
        _refuse(name, f"its text has {len(text):,} characters, and {MAX_CHARACTERS:,} are the most")
    return Reading(text, kind)


def words_of(texts: Collection[str]) -> set[str]:
    """All words of these texts, for `known`."""
    return {word for text in texts for word in _WORD.findall(unicodedata.normalize("NFC", text))}


def _bytes(name: str) -> bytes:
    """The file's bytes, of whatever kind the file is, but never more than a bound."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        here = f" (looked for from {Path.cwd()})" if isinstance(error, FileNotFoundError) else ""
        raise UsageError(
            what=f"The source {name} can't be read: {in_words(error)}{here}.",
            fix="Give the file with the published text: .txt, .html, .docx or .pdf.",
        ) from None
    if len(data) > MAX_BYTES:
        _refuse(name, f"it has more than {MAX_BYTES:,} bytes")
    return data


def _refuse(name: str, why: str) -> NoReturn:
    raise UsageError(
        what=f"The source {name} can't be read: {why}.",
        fix="Give the published text alone, as .txt, .html, .docx or .pdf.",
    )


def _missing(name: str, error: ModuleNotFoundError) -> UsageError:
    return UsageError(
        what=f"To read {name}, {error.name} is needed, and it isn't installed.",
        fix="Run: pip install '.[sources]', or save the text as a .txt file.",
    )


# Plain text --------------------------------------------------------------------------------------


def _decoded(name: str, data: bytes, known: Collection[str]) -> tuple[str, str]:
    """The text, and its encoding's name."""
    for begins, encoding, called in _BOMS:
        if data.startswith(begins):
            try:
                return data.decode(encoding), called
            except UnicodeDecodeError:
                _refuse(name, f"it says that it is {called}, and isn't")
    plausible = [each for each in _plausible(data) if not _BINARY.search(each[0])]
    if not plausible:
        _refuse(name, "it is no text in any encoding that this program knows")
    text, encoding = max(plausible, key=lambda each: _holds(each[0], known))
    return text, _NAMES.get(encoding, encoding.replace("_", "-").upper())


def _plausible(data: bytes) -> Iterator[tuple[str, str]]:
    """The text in each encoding that it may be in, the likeliest first.

    What is UTF-8 by chance is next to nothing, so it is nothing else.
    """
    with suppress(UnicodeDecodeError):
        text = data.decode("utf-8")
        if not _BINARY.search(text):
            yield text, "utf-8"
            return
    from charset_normalizer import from_bytes

    found = [each for match in from_bytes(data) for each in match.could_be_from_charset]
    if "cp1252" in found and found[0].startswith(("cp125", "iso8859")):
        found.insert(0, "cp1252")  # by far the commonest of these, which differ in a few letters
    for encoding in dict.fromkeys([*found, "cp1252", "mac_roman"]):
        with suppress(UnicodeDecodeError):
            yield data.decode(encoding), encoding


def _holds(text: str, known: Collection[str]) -> int:
    """How many of the known words are in it."""
    return len(words_of([text]) & set(known)) if known else 0


def _unbroken(text: str, known: Collection[str]) -> str:
    """The text with words in one piece that were hyphenated at the end of a line.

    Where neither the word with its hyphen nor that without is known, it stays as it is; where no
    words are known at all, the hyphen goes.
    """

    def whole(match: re.Match[str]) -> str:
        before, after = match.groups()
        for word in (f"{before}-{after}", before + after):
            if _is_known(word):
                return word
        return match.group() if known or not after[0].islower() else before + after

    def _is_known(word: str) -> bool:
        return any(each in known for each in (word, word.lower(), word.capitalize()))

    return _BROKEN_WORD.sub(whole, text)


def _as_seen(text: str) -> str:
    """Without what only says where a line may break; ligatures as the letters they are."""
    text = _LIGATURE.sub(lambda each: unicodedata.normalize("NFKC", each.group()), text)
    return _LAYOUT.sub("", text)


# HTML --------------------------------------------------------------------------------------------


def _from_html(name: str, data: bytes, known: Collection[str]) -> tuple[str, str]:
    try:
        from bs4 import BeautifulSoup
        from bs4.dammit import EncodingDetector
    except ModuleNotFoundError as error:
        raise _missing(name, error) from None
    declared = EncodingDetector.find_declared_encoding(data, is_html=True) or ""
    if declared.lower() in ("iso-8859-1", "latin-1", "us-ascii", "ascii"):
        declared = "windows-1252"  # which is what browsers take these for
    text, encoding = _decoded(name, data, known)
    if declared and not encoding.startswith("UTF-"):
        with suppress(UnicodeDecodeError, LookupError):
            text, encoding = data.decode(declared), declared
    soup = BeautifulSoup(text, "html.parser")
    return _as_seen(_text_of(soup)), f"HTML in {encoding}"


def _text_of(soup: Tag) -> str:
    """The text of a page as it is read: paragraphs apart, the rest in one."""
    from bs4.element import NavigableString

    for element in soup.find_all(_UNSEEN):
        element.decompose()
    for element in soup.find_all("q"):
        element.insert(0, "“")
        element.append("”")
    for text in soup.find_all(string=lambda _: True):
        if type(text) is NavigableString and not text.find_parent("pre"):
            text.replace_with(re.sub(r"\s+", " ", text))
    for element in soup.find_all("br"):
        element.replace_with("\n")
    for element in soup.find_all(_is_block):
        element.insert_before("\n\n")
        element.insert_after("\n\n")
    return soup.get_text()


def _is_block(element: Tag) -> bool:
    return _BLOCKS.fullmatch(element.name) is not None


# Word --------------------------------------------------------------------------------------------


def _is_docx(data: bytes) -> bool:
    return data.startswith(b"PK") and b"word/document.xml" in data


def _from_docx(name: str, data: bytes) -> str:
    try:
        import docx
        from docx.oxml.ns import qn
    except ModuleNotFoundError as error:
        raise _missing(name, error) from None
    from zipfile import BadZipFile, ZipFile

    try:
        if sum(item.file_size for item in ZipFile(io.BytesIO(data)).infolist()) > MAX_BYTES:
            _refuse(name, f"it unpacks to more than {MAX_BYTES:,} bytes")
        body = docx.Document(io.BytesIO(data)).element.body
    except UsageError:
        raise
    except BadZipFile:
        _refuse(name, "it is broken")
    except Exception as error:  # broken documents make the library raise nearly anything
        raise UsageError(
            what=f"The source {name} can't be read: it is a broken Word document.",
            fix="Save it anew from Word or LibreOffice.",
        ) from error
    marks = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
    marks[qn("w:p")] = "\n\n"
    return _as_seen("".join(_pieces(body, qn("w:t"), marks)))


def _pieces(element: Any, text: str, marks: dict[str, str]) -> Iterator[str]:
    """The text of an element and all in it, as it stands now: what was deleted has other tags."""
    if element.tag == text:
        yield element.text or ""
    elif not str(element.tag).endswith("}Fallback"):  # the same once more, for older programs
        yield marks.get(element.tag, "")
        for child in element:
            yield from _pieces(child, text, marks)


# PDF ---------------------------------------------------------------------------------------------


def _from_pdf(name: str, data: bytes) -> tuple[str, str]:
    try:
        from pypdf import PdfReader
    except ModuleNotFoundError as error:
        raise _missing(name, error) from None
    import logging

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data))
        pages = [page.extract_text() for page in reader.pages]
    except Exception as error:  # broken files make the library raise nearly anything
        raise UsageError(
            what=f"The source {name} can't be read: it is a broken PDF, or closed by a password.",
            fix="Save it anew, without a password, or give the text as a .txt file.",
        ) from error
    if not any(page.strip() for page in pages):
        _refuse(name, "this PDF holds pictures of pages, and no text")
    called = "a PDF of 1 page" if len(pages) == 1 else f"a PDF of {len(pages)} pages"
    drawn = "\n".join(_without_margins(pages)).replace("\u00ad", "-")  # it is seen, so it is one
    return _as_seen(drawn), called


def _without_margins(pages: list[str]) -> Iterator[str]:
    """The pages without their first or last line where it is a number, or on all of them alike."""
    lines = [page.strip("\n").split("\n") for page in pages]
    for edge in (0, -1):
        bare = {re.sub(r"\d+", "", page[edge]).strip() for page in lines if len(page) > 1}
        is_margin = len(pages) > 1 and len(bare) == 1
        for page in lines:
            if len(page) > 1 and (is_margin or page[edge].strip().isdigit()):
                del page[edge]
    return ("\n".join(page) for page in lines)
