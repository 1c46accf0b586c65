"""Pure: how long X says a text is, and what in it X takes for an address.

X counts a *weighted* length: most letters of most alphabets weigh 1, everything else 2, an emoji 2
however many code points it is made of, and an address 23 however long it is. Addresses need no
`https://`: `example.org` is one, `example.nosuchword` is not, so the list of top-level domains is
needed, but only once a text has a dot with a letter right behind it. Texts without one cost a few
microseconds.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

URL_WEIGHT = 23
"""What any address weighs, since X replaces it by a t.co link."""

URL_LIMIT = 4096
"""X leaves longer addresses alone, counted with their protocol (twice, if it is written)."""

LABEL_LIMIT = 63
"""The longest part of a domain between two dots, in its ASCII form."""

FORBIDDEN = "\ufeff\ufffe\uffff"
"""Characters that X refuses in a text."""

_LIGHT_MARKS = frozenset(
    map(chr, (*range(0x2000, 0x200E), *range(0x2010, 0x2020), *range(0x2032, 0x2038)))
)
"""What weighs 1 though it comes after U+10FF: spaces, dashes, quotation marks, primes."""

_MAYBE_DOMAIN = re.compile(r"\.(?:[A-Za-z]{2}|[^\W\d_A-Za-z])")

_COMMON = frozenset(("com", "net", "org", "eu", "int", "info", "be", "by"))
"""Top-level domains that are not worth reading the list for."""


def weighted_length(text: str) -> int:
    """How long X says a text is, a Latin letter being 1. It posts up to 280."""
    if not _may_have_url(text):
        return len(text) if text.isascii() else _weight(unicodedata.normalize("NFC", text))
    text = unicodedata.normalize("NFC", text)
    length = begin = 0
    for start, end in find_urls(text):
        length += _weight(text[begin:start]) + URL_WEIGHT
        begin = end
    return length + _weight(text[begin:])


def valid_characters(text: str) -> bool:
    """Whether X takes every character of the text."""
    return not any(character in text for character in FORBIDDEN)


def find_urls(text: str) -> list[tuple[int, int]]:
    """Where X will see addresses: start and end of each, in order, as in `text[start:end]`."""
    if not _may_have_url(text):
        return []
    tlds = _tlds_in(text)
    if not tlds and "xn--" not in text.lower():
        return []
    found: list[tuple[int, int]] = []
    for match in _url_pattern(tlds).finditer(text):
        found += _urls_of(match, tlds)
    return found


def _weight(text: str) -> int:
    """The weight of a text without addresses: code points, the heavy ones once more, emoji 2."""
    heavy = _heavy(text)
    if not any(map(_combines, set(heavy))):
        return len(text) + len(heavy)
    rest, emoji = _emoji_pattern().subn("", text)
    return 2 * emoji + len(rest) + len(_heavy(rest))


def _heavy(text: str) -> list[str]:
    """What weighs 2. (A pattern for it takes longer to compile than ever to be made up for.)"""
    return [each for each in text if each > "\u10ff" and each not in _LIGHT_MARKS]


def _combines(character: str) -> bool:
    """Whether it may stand in an emoji of several code points (which has at least one such)."""
    return character in "\u20e3\ufe0f" or character >= "\U0001f1e6"


# --- Addresses ---------------------------------------------------------------------------------

_LATIN = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f"
    "\u0272\u0289\u028b\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_CYRILLIC = "\u0400-\u04ff"
_SPACES = "\t-\r \u0085\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_NO_DOMAIN = r"!#$%&'()*+,\-./:;<=>?@\[\\\]^_{|}~" + _SPACES + _DIRECTIONS + FORBIDDEN
_TLD_ENDS = r"(?![0-9A-Za-z@+\-])"


def _may_have_url(text: str) -> bool:
    return "." in text and _MAYBE_DOMAIN.search(text) is not None


def _tlds_in(text: str) -> tuple[str, ...]:
    """The top-level domains that follow a dot somewhere in the text, as written, longest first."""
    ascii_ones = re.findall(r"\.([A-Za-z]{2,})" + _TLD_ENDS, text)
    found = {word for word in ascii_ones if _is_tld(word)}
    for word in re.findall(r"\.([^\W\d_A-Za-z][^\s.]{0,62})", text):
        found.update(word[:end] for end in range(1, len(word) + 1) if _is_tld(word[:end]))
    return tuple(sorted(found, key=lambda tld: (-len(tld), tld)))


@functools.lru_cache(maxsize=1024)
def _is_tld(word: str) -> bool:
    name = word.lower()
    return name in _COMMON or (len(name) <= LABEL_LIMIT and _public_suffixes().is_public(name))


@functools.cache
def _public_suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(only_icann=True, accept_unknown=False, accept_encoded_idn=False)


def _tld(tlds: tuple[str, ...]) -> str:
    listed = "|".join(map(re.escape, tlds)) or r"(?!)"
    return rf"(?:(?:{listed}){_TLD_ENDS}|[xX][nN]--[\-0-9A-Za-z]+)"


@functools.lru_cache(maxsize=64)
def _url_pattern(tlds: tuple[str, ...]) -> re.Pattern[str]:
    """What may stand before an address, then protocol, domain, port, path and query."""
    letter = f"[^{_NO_DOMAIN}]"
    subdomains = rf"(?:{letter}(?:[_\-]*{letter})*\.)*"
    name = rf"{letter}(?:-*{letter})*\."
    general = rf"[A-Za-z{_CYRILLIC}{_LATIN}0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&]"
    parentheses = rf"\((?:{general}+|{general}*\({general}+\){general}*)\)"
    ending = rf"[+\-A-Za-z{_CYRILLIC}{_LATIN}0-9=_#/]"
    path = rf"(?:{general}*(?:{parentheses}{general}*)*{ending}|{parentheses}|@{general}+/)"
    return re.compile(
        rf"(?P<before>[^A-Za-z0-9@\uff20$#\uff03{FORBIDDEN}]|\A|(?=[\U00010000-\U0010ffff]))"
        rf"(?P<url>(?P<protocol>[hH][tT][tT][pP][sS]?://)?(?P<domain>{subdomains}{name}{_tld(tlds)})"
        rf"(?::[0-9]+)?(?P<path>/{path}*)?(?:{_QUERY})?)"
    )


@functools.lru_cache(maxsize=64)
def _latin_domain_pattern(tlds: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:[\-A-Za-z0-9{_LATIN}]+\.)+{_tld(tlds)}")


_QUERY = r"\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[A-Za-z0-9\-_&=#/]"
_SLUG_LIMIT = 40


@functools.cache
def _shortened_pattern() -> re.Pattern[str]:
    """X's own short addresses: they have nothing behind the slug but a query."""
    return re.compile(rf"[hH][tT][tT][pP][sS]?://[tT]\.[cC][oO]/([A-Za-z0-9]+)(?:{_QUERY})?")


def _urls_of(match: re.Match[str], tlds: tuple[str, ...]) -> list[tuple[int, int]]:
    url, protocol, domain = match["url"], match["protocol"], match["domain"]
    if len(protocol or "https://") + len(url) > URL_LIMIT or not _valid_domain(domain, tlds):
        return []
    if not protocol:
        return _bare_domains(match, tlds)
    shortened = _shortened_pattern().match(url)
    if shortened is None:
        return [match.span("url")]
    if len(shortened[1]) > _SLUG_LIMIT:
        return []
    return [(match.start("url"), match.start("url") + shortened.end())]


def _bare_domains(match: re.Match[str], tlds: tuple[str, ...]) -> list[tuple[int, int]]:
    """Without a protocol only Latin letters make an address; the last one has the path."""
    if match["before"] and match["before"] in "-_./":
        return []
    offset = match.start("domain")
    latin = _latin_domain_pattern(tlds).finditer(match["domain"])
    spans = [(offset + domain.start(), offset + domain.end()) for domain in latin]
    if spans and match["path"]:
        spans[-1] = (spans[-1][0], match.end("url"))
    return spans


def _valid_domain(domain: str, tlds: tuple[str, ...]) -> bool:
    if domain.startswith("xn--") and not _latin_domain_pattern(tlds).search(domain):
        return False
    return all(0 < _ascii_length(label) <= LABEL_LIMIT for label in domain.split("."))


def _ascii_length(label: str) -> int:
    """How long a label is in the ASCII form in which it is looked up; other full stops split it."""
    parts = re.split("[\u3002\uff0e\uff61]", label)
    return len(".".join(part if part.isascii() else _punycode(part) for part in parts))


def _punycode(label: str) -> str:
    return "xn--" + label.encode("punycode").decode("ascii")


# --- Emoji -------------------------------------------------------------------------------------
#
# Only what is made of several code points matters here: one alone weighs 2 in any case. The
# sequences are those of Unicode 11, which X's own library counts as one; newer ones count by their
# parts, so that a text is never longer for X than it is here.

_SKIN = "[\U0001f3fb-\U0001f3ff]"
_TAKES_SKIN = (
    "\u261d\u26f7\u26f9\u270a-\u270d\U0001f385\U0001f3c2-\U0001f3c4\U0001f3c7\U0001f3ca-\U0001f3cc"
    "\U0001f442\U0001f443\U0001f446-\U0001f450\U0001f466-\U0001f469\U0001f46e\U0001f470-\U0001f478"
    "\U0001f47c\U0001f481-\U0001f483\U0001f485-\U0001f487\U0001f4aa\U0001f574\U0001f575\U0001f57a"
    "\U0001f590\U0001f595\U0001f596\U0001f645-\U0001f647\U0001f64b-\U0001f64f\U0001f6a3"
    "\U0001f6b4-\U0001f6b6\U0001f6c0\U0001f6cc\U0001f918-\U0001f91c\U0001f91e\U0001f91f\U0001f926"
    "\U0001f930-\U0001f939\U0001f93d\U0001f93e\U0001f9b5\U0001f9b6\U0001f9b8\U0001f9b9"
    "\U0001f9d1-\U0001f9dd"
)
_TEXT_OR_SKIN = (
    "\u261d\u26f7\u26f9\u270c\u270d\U0001f3cb\U0001f3cc\U0001f574\U0001f575\U0001f590"  # both
)
_TEXT_BY_DEFAULT = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf"
    "\u23ed-\u23ef\u23f1\u23f2\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604"
    "\u260e\u2611\u2614\u2615\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f\u2638-\u263a"
    "\u2640\u2642\u2648-\u2653\u265f\u2660\u2663\u2665\u2666\u2668\u267b\u267f\u2692-\u2697\u2699"
    "\u269b\u269c\u26a0\u26a1\u26aa\u26ab\u26b0\u26b1\u26bd\u26be\u26c4\u26c5\u26c8\u26cf\u26d1"
    "\u26d3\u26d4\u26e9\u26ea\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702\u2708\u2709\u270c\u270d\u270f"
    "\u2712\u2714\u2716\u271d\u2721\u2733\u2734\u2744\u2747\u2757\u2763\u2764\u27a1\u2934\u2935"
    "\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299\U0001f004\U0001f170\U0001f171"
    "\U0001f17e\U0001f17f\U0001f202\U0001f21a\U0001f22f\U0001f237\U0001f321\U0001f324-\U0001f32c"
    "\U0001f336\U0001f37d\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e\U0001f39f"
    "\U0001f3cb-\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3\U0001f3f5\U0001f3f7\U0001f43f\U0001f441"
    "\U0001f4fd\U0001f549\U0001f54a\U0001f56f\U0001f570\U0001f573-\U0001f579\U0001f587"
    "\U0001f58a-\U0001f58d\U0001f590\U0001f5a5\U0001f5a8\U0001f5b1\U0001f5b2\U0001f5bc"
    "\U0001f5c2-\U0001f5c4\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3\U0001f5e8"
    "\U0001f5ef\U0001f5f3\U0001f5fa\U0001f6cb\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5\U0001f6e9"
    "\U0001f6f0\U0001f6f3"
)
_TWO_SEXES = (
    "\U0001f3c3\U0001f3c4\U0001f3ca\U0001f46e\U0001f471\U0001f473\U0001f477\U0001f481\U0001f482"
    "\U0001f486\U0001f487\U0001f645-\U0001f647\U0001f64b\U0001f64d\U0001f64e\U0001f6a3"
    "\U0001f6b4-\U0001f6b6\U0001f926\U0001f935\U0001f937-\U0001f939\U0001f93d\U0001f93e\U0001f9b8"
    "\U0001f9b9\U0001f9d6-\U0001f9dd"
)
_TWO_SEXES_NO_SKIN = "\U0001f46f\U0001f93c\U0001f9de\U0001f9df"
_ATHLETES = "\u26f9\U0001f3cb\U0001f3cc\U0001f574\U0001f575"
_WORK = (
    "(?:[\u2695\u2696\u2708]\ufe0f|[\U0001f33e\U0001f373\U0001f393\U0001f3a4\U0001f3a8\U0001f3eb"
    "\U0001f3ed\U0001f4bb\U0001f4bc\U0001f527\U0001f52c\U0001f680\U0001f692\U0001f9b0-\U0001f9b3])"
)
_FLAGS = (
    "A[CDEFGILMOQRSTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNOPRUVWXYZ]|D[EGJKMOZ]|E[ACEGHRSTU]"
    "|F[IJKMOR]|G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[CDELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]"
    "|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]"
    "|S[ABCDEGHIJKLMNORSTVXYZ]|T[ACDFGHJKLMNORTVWZ]|U[AGMNSYZ]|V[ACEGINU]|W[FS]|XK|Y[ET]|Z[AMW]"
)


@functools.cache
def _emoji_pattern() -> re.Pattern[str]:
    """Every emoji that is made of several code points, longest first."""
    zwj, sign, tag = "\u200d", "\u200d[\u2640\u2642]\ufe0f", "\U000e0067\U000e0062"
    boy, girl, man, woman = "\U0001f466", "\U0001f467", "\U0001f468", "\U0001f469"
    heart, kiss = "\u2764\ufe0f", f"(?:\U0001f48b{zwj})?"
    children = f"(?:{girl}{zwj}[{girl}{boy}]|{boy}{zwj}{boy}|[{girl}{boy}])"
    parents = f"(?:{man}{zwj}[{man}{woman}]|{woman}{zwj}{woman}|[{man}{woman}])"
    regional = str.maketrans({chr(65 + i): chr(0x1F1E6 + i) for i in range(26)})
    tags = str.maketrans({chr(97 + i): chr(0xE0061 + i) for i in range(26)})
    alternatives = (
        f"[{man}{woman}]{_SKIN}?{zwj}{_WORK}",
        f"[{_ATHLETES}](?:{_SKIN}|\ufe0f){sign}",
        f"[{_TWO_SEXES}]{_SKIN}?{sign}",
        f"[{_TWO_SEXES_NO_SKIN}]{sign}",
        f"{man}{zwj}{heart}{zwj}{kiss}{man}",
        f"{woman}{zwj}{heart}{zwj}{kiss}[{man}{woman}]",
        f"{parents}{zwj}{children}",
        f"\U0001f3f3\ufe0f{zwj}\U0001f308",
        f"\U0001f3f4{zwj}\u2620\ufe0f",
        f"\U0001f441{zwj}\U0001f5e8",
        f"\U0001f3f4{tag}(?:{'eng|sct|wls'.translate(tags)})\U000e007f",
        _FLAGS.translate(regional),
        "[#*0-9]\ufe0f?\u20e3",
        f"[{_TEXT_OR_SKIN}]\ufe0f{_SKIN}",
        f"[{_TAKES_SKIN}]{_SKIN}",
        f"[{_TEXT_BY_DEFAULT}]\ufe0f",
    )
    return re.compile("|".join(alternatives))
