"""How long X finds a text: the weighted length, and the links it is measured with.

Written from X's published rules alone, so that it checks the program instead of agreeing with it. A
code point weighs 1 in U+0000-10FF, 2000-200D, 2010-201F and 2032-2037 and 2 elsewhere, an emoji
sequence 2, a link 23, all after NFC. It errs on the side of length where X's own tables are needed.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

LONGEST = 280
LINK = 23

_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))

_KINDS = (
    "academy|agency|aero|app|art|asia|bank|biz|blog|cafe|care|cat|center|chat|city|cloud|club|com|"
    "community|company|coop|design|dev|digital|earth|edu|email|eus|events|film|foundation|fund|fyi|"
    "gal|gov|group|guide|help|info|ink|int|international|io|jobs|law|life|link|live|love|media|mil|"
    "mobi|museum|name|net|network|news|ngo|one|ong|online|org|page|photo|post|press|pro|radio|red|"
    "report|scot|shop|site|social|solutions|space|store|studio|team|tech|tel|today|tools|top|training|"
    "travel|tv|union|vote|watch|website|wiki|win|work|works|world|xyz|zone"
)
_TOP = rf"(?:(?:{_KINDS}|[a-z]{{2}})(?![a-z0-9@+-])|پاکستان|москва|рф|бел|укр|中国|日本)"
_LABEL = r"(?>[\w-]+)"
_LETTERS = r"A-Za-z0-9_\u00c0-\u024f\u0400-\u04ff"
_BRACKETS = r"\([^\s()]*\)"
_PATH = (
    rf"(?:/(?:(?:[{_LETTERS}\-./~%!$&'*+,;:=@|#]|{_BRACKETS})*"
    rf"(?:[{_LETTERS}\-/=+#]|{_BRACKETS}))?)?"
)
_QUERY = r"(?:\?[A-Za-z0-9_\-./~%!?$&'()*+,;:=@|\[\]#]*[A-Za-z0-9_\-/&=#])?"
_URL = re.compile(
    rf"(?<![A-Za-z0-9@＠$#＃])(?P<scheme>https?://)?"
    rf"(?P<host>(?:{_LABEL}\.)+{_TOP})(?::\d+)?{_PATH}{_QUERY}",
    re.IGNORECASE,
)

_PICTOGRAPH = (
    "\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
)
_ONE = (
    f"(?:[{_PICTOGRAPH}]|[\u00a9\u00ae](?=\ufe0f))\ufe0f?[\U0001f3fb-\U0001f3ff]?\ufe0f?"
    "(?:[\U000e0020-\U000e007e]+\U000e007f)?"
)
_EMOJI = re.compile(f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_ONE}(?:\u200d{_ONE})*")


class Link(NamedTuple):
    """A link: where it starts and ends (in code points, end exclusive), and where it leads."""

    start: int
    end: int
    target: str


def links(text: str) -> list[Link]:
    """The links that X sees in a text, bare domains included, left to right."""
    found = []
    for match in _URL.finditer(text):
        if not _resolvable(match["host"]) or _glued(text, match):
            continue
        target = match[0] if match["scheme"] else f"http://{match[0]}"
        found.append(Link(match.start(), match.end(), target))
    return found


def weigh(text: str) -> int:
    """The weighted length of a text, in X's units."""
    text = unicodedata.normalize("NFC", text)
    total, at = 0, 0
    for link in links(text):
        total += _plain(text[at : link.start]) + LINK
        at = link.end
    return total + _plain(text[at:])


def _plain(text: str) -> int:
    sequences = _EMOJI.findall(text)
    return 2 * len(sequences) + sum(map(_heft, _EMOJI.sub("", text)))


def _heft(character: str) -> int:
    return 1 if any(first <= ord(character) <= last for first, last in _LIGHT) else 2


def _glued(text: str, match: re.Match[str]) -> bool:
    """Whether a bare domain is no link: it hangs on a path or a hyphen, or is not all ASCII."""
    if match["scheme"]:
        return False
    before = text[match.start() - 1 : match.start()] if match.start() else " "
    return before in "-_./" or not match["host"].isascii()


def _resolvable(host: str) -> bool:
    """Whether DNS could have this host: labels of at most 63 bytes, hyphens only inside."""
    labels = host.split(".")
    return all(map(_sound, labels)) and "_" not in "".join(labels[-2:])


def _sound(label: str) -> bool:
    return label.strip("-_") == label and len(_encoded(label)) <= 63


def _encoded(label: str) -> bytes:
    return label.encode() if label.isascii() else b"xn--" + label.encode("punycode")
