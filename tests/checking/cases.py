"""What is wrong with the content, case by case: the change, and what is said of it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from tests.checking.builder import (
    APPROVED,
    CAMPAIGN,
    DEMAND,
    DOCKERS,
    FACT,
    FRAME,
    LOCK,
    MEDIA,
    MONTHLY,
    POSITION,
    QUOTE,
    SOUND,
    TEMPLATES,
    WATCH,
    WEEKLY,
    Files,
    edited,
    sign_off,
)
from tests.content.builder import FILES, changed, png


@dataclass(frozen=True)
class Bad:
    """One bad case: how files differ from the sound ones, and the one problem of that.

    Passages are verified as they then are; what is edited `after` that is not.
    """

    name: str
    files: Files
    rule: str
    where: str
    what: tuple[str, ...]
    fix: str
    severity: str = "error"
    after: Files = field(default_factory=dict)


# -- posts ------------------------------------------------------------------------------------

LONG = "words " * 40
ELSE = "— {{ demand.publisher }}\n"
POSTS = [
    Bad(
        "a template that is too long",
        edited(QUOTE, ("— {{", f"{LONG}{{{{")),
        "post-too-long",
        f"{QUOTE}:4",
        ("With `dockers/stand` the post is 326 long on x, 46 over its 280", "shortest words"),
        f"Shorten the template by 46, or give the passage a shorter `short` form ({DOCKERS}:7)",
    ),
    Bad(
        "a passage that is too long",
        edited(WATCH, ("the harbour, and", f"the {LONG}and")),
        "post-too-long",
        f"{POSITION}:5",
        ("With `port-watch/watch` the post is 346 long on x, 66 over its 280",),
        f"`short` form ({WATCH}:13)",
    ),
    Bad(
        "one letter too many",
        edited(WATCH, ("never did.", f"never {'x' * 169}.")),
        "post-too-long",
        f"{POSITION}:5",
        ("281 long on x, 1 over its 280",),
        f"({WATCH}:13)",
    ),
    Bad(
        "letters that weigh two each",
        edited(WATCH, ("never did.", f"never {'港' * 85}.")),
        "post-too-long",
        f"{POSITION}:5",
        ("282 long on x, 2 over its 280",),
        f"({WATCH}:13)",
    ),
    Bad(
        "two that are too long together",
        edited(DOCKERS, ("sign the agreement of 2019", f"sign {'x' * 150}")),
        "post-too-long",
        f"{DEMAND}:5",
        ("With `dockers/talk` the post is 290 long on x, 10 over its 280",),
        f"({DOCKERS}:15, {DOCKERS}:20)",
    ),
    Bad(
        "a hashtag in the words",
        edited(WATCH, ("never did.", "never did. #StandWithTheHarbour")),
        "hashtag",
        f"{POSITION}:5",
        ("With `port-watch/watch`: the post has #StandWithTheHarbour 2 times",),
        "{{ hashtag }} once",
    ),
    Bad(
        "a hashtag in the words, in other letters",
        edited(WATCH, ("never did.", "#standwiththeharbour")),
        "hashtag",
        f"{POSITION}:5",
        ("2 times, it must be once",),
        "{{ hashtag }} once",
    ),
    Bad(
        "the hashtag in one branch of a condition",
        edited(DEMAND, ("\n{{ hashtag }}\n", ""), (ELSE, f"{ELSE}{{{{ hashtag }}}}\n")),
        "template-hashtag",
        f"{DEMAND}:5",
        ("The hashtag is only sometimes printed",),
        "whatever the conditions",
    ),
    Bad(
        "the hashtag twice in one branch of a condition",
        edited(DEMAND, (ELSE, f"{ELSE}{{{{ hashtag }}}}\n")),
        "template-hashtag",
        f"{DEMAND}:5",
        ("the hashtag more than once",),
        "Keep one",
    ),
    Bad(
        "the words in one branch of a condition",
        edited(DEMAND, ("{{ demand }}\n", "{% if demand.to == 'x' %}{{ demand }}{% endif %}\n")),
        "template-not-printed",
        f"{DEMAND}:5",
        ("The demand it draws is only sometimes printed",),
        "{{ demand }}",
    ),
    Bad(
        "the attribution in one branch of a condition",
        edited(DEMAND, (ELSE, "—\n")),
        "template-attribution",
        f"{DEMAND}:5",
        ("Who said the demand is only sometimes printed",),
        "{{ demand.by }}",
    ),
    Bad(
        "the date in one branch of a condition",
        edited(DEMAND, ("{{ demand.when }}", "{% if demand %}{{ demand.when }}{% endif %}")),
        "template-when",
        f"{DEMAND}:5",
        ("When the demand was said is only sometimes printed",),
        "{{ demand.when }}",
    ),
    Bad(
        "the publisher instead of the speaker",
        edited(QUOTE, ("{{ quote.by }}", "{{ quote.publisher }}")),
        "attribution-missing",
        f"{QUOTE}:4",
        (
            "With `dockers/stand`: the post does not say whose words they are",
            "(Jane Roe, President of the Dockers' Union)",
        ),
        "{{ quote.by }}",
    ),
    Bad(
        "a fact behind our own words",
        edited(FACT, ("{{ fact.when }}, as", "In {{ fact.when }}, as")),
        "fact-date-first",
        f"{FACT}:4",
        ("With `port-watch/cleared`: a fact's post must open with its date (June 2021)",),
        "Begin the template with {{ fact.when }}",
    ),
]


# -- links ------------------------------------------------------------------------------------

DEARER = "and a post with a link costs $0.200 instead of $0.015"
LINKS = [
    Bad(
        "an address in our own words, by accident",
        edited(POSITION, ("{{ position }}\n", "{{ position }}\nSee example.org today\n")),
        "stray-address",
        f"{POSITION}:8",
        ("On x, `example.org` is a link that nobody chose", DEARER),
        "write {{ links.NAME }}",
    ),
    Bad(
        "a full stop without its space",
        edited(POSITION, ("{{ position }}\n", "{{ position }}\nWell said.To whom?\n")),
        "stray-address",
        f"{POSITION}:8",
        ("`said.To`", DEARER),
        "a space behind the full stop",
    ),
    Bad(
        "two addresses by accident",
        edited(POSITION, ("{{ position }}\n", "{{ position }}\nexample.org/a, example.org/a\n")),
        "stray-address",
        f"{POSITION}:8",
        ("`example.org/a`", DEARER),
        "write {{ links.NAME }}",
    ),
    Bad(
        "an address of ours and another one",
        edited(FRAME, ("Put the", "From example.com: put the")),
        "stray-address",
        f"{FRAME}:9",
        ("On x, `example.com` is a link that nobody chose", DEARER),
        "write {{ links.NAME }}",
    ),
    Bad(
        "an address that a link of ours runs on to",
        edited(FRAME, ("{{ links.frame }}", "{{ links.frame }}/more")),
        "typed-address",
        f"{FRAME}:5",
        ("`https://example.org/frame/more`",),
        "under [links]",
        "warning",
    ),
    Bad(
        "an address that comes of what is printed",
        edited(DEMAND, ("{{ demand.to }}", "{{ demand.to }}.org")),
        "stray-address",
        f"{DEMAND}:5",
        ("`Authority.org`", DEARER),
        "a space",
    ),
    Bad(
        "an address in an attribution",
        edited(DOCKERS, ('"Jane Roe, President', '"Jane Roe, roe.example.org, President')),
        "stray-address",
        f"{DOCKERS}:7",
        ("`roe.example.org`", DEARER),
        "a space",
    ),
    Bad(
        "an address typed in full",
        edited(POSITION, ("{{ position }}\n", "{{ position }}\nhttps://example.org/x\n")),
        "typed-address",
        f"{POSITION}:8",
        ("`https://example.org/x`", DEARER),
        "Name it under [links]",
        "warning",
    ),
    Bad(
        "an address in a quotation",
        edited(WATCH, ("never did.", "never did, see example.org.")),
        "quoted-address",
        f"{WATCH}:13",
        ("On x, `example.org` in `port-watch/watch` is a link", DEARER),
        "Quoted words stay as they are",
        "warning",
    ),
    Bad(
        "a hashtag within an address",
        edited(POSITION, ("{{ hashtag }}", "https://example.org/ {{ hashtag }}")),
        "typed-address",
        f"{POSITION}:9",
        ("`https://example.org/`", DEARER),
        "Name it under [links]",
        "warning",
    ),
    Bad(
        "a hashtag that what is printed makes dead",
        edited(FACT, ("{{ hashtag }}", "{{ fact.when }}{% if fact %}{% endif %}{{ hashtag }}")),
        "hashtag",
        f"{FACT}:4",
        ("#StandWithTheHarbour is dead text in the post",),
        "a space",
    ),
]


# -- pictures ---------------------------------------------------------------------------------


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of so many frames that draw one dot each: small, however large it says it is."""
    head = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    dot = b"\x21\xf9\x04\x00\x0a\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0" + b"\2\2\x44\1\0"
    return head + dot * frames + b";"


def padded_png(size: int) -> bytes:
    """A sound PNG of exactly so many bytes."""
    whole, head = png(420, 420), 33
    padding = b"sPLT" + bytes(size - len(whole) - 12)
    chunk = struct.pack(">I", len(padding) - 4) + padding + struct.pack(">I", zlib.crc32(padding))
    return whole[:head] + chunk + whole[head:]


def as_gif(data: bytes) -> Files:
    return {**edited(MEDIA, ("banner.png", "banner.gif")), "media/banner.gif": data}


def picture(name: str, files: Files, rule: str, *what: str, fix: str) -> Bad:
    return Bad(name, files, rule, f"{MEDIA}:5", what, fix)


PICTURES = [
    picture(
        "too many bytes",
        {"media/banner.png": padded_png(5_000_001)},
        "media-limit",
        "media/banner.png of assets.banner has 5,000,001 bytes; x takes 5,000,000",
        fix="smaller",
    ),
    picture(
        "too many frames",
        as_gif(gif(400, 400, 351)),
        "media-limit",
        "media/banner.gif of assets.banner has 351 frames; x takes 350",
        fix="smaller",
    ),
    picture(
        "too wide a GIF",
        as_gif(gif(1281, 800, 2)),
        "media-limit",
        "1,281 pixels of width; x takes 1,280",
        fix="smaller",
    ),
    picture(
        "too high a GIF",
        as_gif(gif(800, 1081, 2)),
        "media-limit",
        "1,081 pixels of height; x takes 1,080",
        fix="smaller",
    ),
    picture(
        "too many pixels in all frames",
        as_gif(gif(1280, 1080, 218)),
        "media-limit",
        "301,363,200 pixels in all frames; x takes 300,000,000",
        fix="smaller",
    ),
    picture(
        "half a picture",
        {"media/banner.png": png(420, 420)[:-20]},
        "media-broken",
        "media/banner.png of assets.banner is broken",
        fix="Export it again",
    ),
    picture(
        "an alt text that is too long",
        edited(MEDIA, ("The harbour, empty.", "x" * 1001)),
        "alt-long",
        "the alt text of assets.banner has 1,001 characters; x takes 1,000",
        fix="Shorten",
    ),
    picture(
        "a file's name for an alt text",
        edited(MEDIA, ("The harbour, empty.", "banner.png")),
        "alt-filename",
        "the alt text of assets.banner is only a file's name",
        fix="Say what the picture shows",
    ),
    Bad(
        "no alt text",
        edited(MEDIA, ('\nalt = "The harbour, empty."', "")),
        "alt-missing",
        f"{MEDIA}:5",
        ("assets.banner has no alt text",),
        'alt = "…"',
    ),
    Bad(
        "a picture that no template attaches",
        {
            **{path: FILES[path] for path in TEMPLATES},
            FRAME: changed(FRAME, "attach: square", "attach: third"),
            MEDIA: f'{SOUND[MEDIA]!s}\n[assets.third]\nfile = "third.png"\nalt = "A third."\n',
            "media/third.png": png(500, 500),
        },
        "never-attached",
        f"{MEDIA}:5",
        ("No template attaches `banner`",),
        "`attach:`",
        "warning",
    ),
]
# -- the lock ---------------------------------------------------------------------------------

RIGHT = '[positions.right]\ntext = "The right to strike is a human right."\n'
LOCKED = [
    Bad(
        "a text edited after it was verified",
        {},
        "lock-edited",
        f"{DOCKERS}:12",
        ("`dockers/right` is no longer what was verified", "human right", "is a right"),
        "bot verify SOURCE…",
        after=edited(DOCKERS, ("is a human right", "is a right")),
    ),
    Bad(
        "a text edited after it was verified, so that nobody sees it",
        {},
        "lock-edited",
        f"{DOCKERS}:12",
        ("looks the same", "“… human”", "has U+00A0 (no-break space)", "U+0020 (space) was"),
        "bot verify SOURCE…",
        after=edited(DOCKERS, ("a human right", "a human\u00a0right")),
    ),
    Bad(
        "a short form edited after it was verified",
        {},
        "lock-edited",
        f"{DOCKERS}:7",
        ("`dockers/stand` is no longer what was verified: verified was “We stand",),
        "bot verify SOURCE…",
        after=edited(DOCKERS, ('"We stand with the crews …"', '"… with the crews …"')),
    ),
    Bad(
        "an attribution edited after it was verified",
        {},
        "lock-attribution",
        f"{DOCKERS}:7",
        ("Who says `dockers/stand`",),
        "Compare it with the source yourself",
        after=edited(DOCKERS, ("Jane Roe, Dockers' Union", "Jane Roe")),
    ),
    Bad(
        "a passage that was never verified",
        {},
        "lock-unverified",
        f"{WATCH}:15",
        ("`port-watch/new` was never verified",),
        "bot verify SOURCE…",
        after={WATCH: f'{SOUND[WATCH]!s}[positions.new]\ntext = "The harbour is theirs."\n'},
    ),
    Bad(
        "nothing was ever verified",
        {},
        "lock-missing",
        LOCK,
        ("No passage was ever compared with its source",),
        "bot verify SOURCE…",
        after={LOCK: None},
    ),
    Bad(
        "a lock that can't be read",
        {},
        "lock-unreadable",
        f"{LOCK}:1",
        ("This line is neither `key = value`",),
        "delete it and run `bot verify SOURCE…`",
        after={LOCK: "= 1\n"},
    ),
    Bad(
        "a passage that isn't there any more",
        {},
        "lock-stale",
        f"{LOCK}:7",
        ("The lock knows `dockers/right`, which isn't there any more",),
        "bot verify SOURCE…",
        "warning",
        after=edited(DOCKERS, (RIGHT, "")),
    ),
]
# -- what never goes out, and the coming weeks ------------------------------------------------

PLANS = [
    Bad(
        "a passage that no template draws",
        {FACT: None},
        "never-drawn",
        f"{WATCH}:4",
        ("`port-watch/cleared` never goes out", "draws a fact in `en`"),
        "`draws: fact`",
        "warning",
    ),
    Bad(
        "passages that wait for a link",
        {QUOTE: None, **edited(CAMPAIGN, ("https://example.org/frame", ""))},
        "never-drawn",
        f"{DOCKERS}:7",
        ("`dockers/stand` never goes out", "draws a quote in `en`"),
        "set the link",
        "warning",
    ),
    Bad(
        "a template with nothing to draw",
        edited(WATCH, ('lifted."""', 'lifted."""\nsensitive = true')),
        "never-used",
        f"{FACT}:1",
        ("The template is never used: no account in `en` has a fact to draw",),
        "take the file out",
        "warning",
    ),
    Bad(
        "sign-off without a beginning",
        edited(CAMPAIGN, ("[schedule]", "approval = true\n[schedule]")),
        "missing-starts",
        f"{CAMPAIGN}:7",
        ("`approval = true`", "no `starts`"),
        "Add starts = 2026-12-01",
    ),
    Bad(
        "a sign-off of what can't be made any more",
        {APPROVED: sign_off("0" * 64)},
        "approval-stale",
        f"{APPROVED}:2",
        ("What Ada signed off for x/2026-12-05T11:00:00+00:00 (“Hear”) was edited since",),
        "`bot approve` shows the post as it is now",
        "warning",
    ),
    Bad(
        "a sign-off that somebody edited",
        {APPROVED: sign_off("0" * 63 + "g")},
        "approved-unreadable",
        f"{APPROVED}:2",
        ("is no key",),
        "undo the edit",
    ),
    Bad(
        "a schedule that is over",
        edited(CAMPAIGN, (MONTHLY, f"{MONTHLY}\nends = 2026-12-04")),
        "schedule-over",
        f"{CAMPAIGN}:6",
        ("The schedule of `x` is over",),
        "`ends`",
        "warning",
    ),
    Bad(
        "a week's content for a post an hour",
        edited(CAMPAIGN, (MONTHLY, 'every = "1h"')),
        "nothing-to-draw",
        f"{CAMPAIGN}:12",
        (
            "Of the coming 500 slots of `x`, 493 would be missed",
            "the first at 2026-12-01 18:00",
            "within 30 days",
        ),
        "Post less often",
        "warning",
    ),
    Bad(
        "one picture for every post",
        {
            **{path: FILES[path] for path in (*TEMPLATES, MEDIA)},
            **edited(CAMPAIGN, (MONTHLY, WEEKLY)),
        },
        "too-little-content",
        f"{CAMPAIGN}:12",
        ("In the coming 8 posts of `x`", "picture 7 times, template once"),
        "Post less often",
        "warning",
    ),
    Bad(
        "two posts that are nearly the same",
        {
            **edited(
                DOCKERS, (RIGHT, RIGHT + RIGHT.replace("right]", "rights]").replace("a h", "h"))
            ),
            **edited(CAMPAIGN, (MONTHLY, WEEKLY), ("[schedule]", "seed = 2\n[schedule]")),
        },
        "near-twins",
        f"{CAMPAIGN}:13",
        (
            "`x` would post two texts within 30 days that are 99 % alike",
            "position with dockers/right,",
            "position with dockers/rights.",
        ),
        "Make the templates more different",
        "warning",
    ),
]
CASES = [*POSTS, *LINKS, *PICTURES, *LOCKED, *PLANS]
