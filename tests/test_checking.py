"""What `bot check` finds that loading can't: in posts, coming weeks, pictures, and the lock.

Each case breaks a small sound campaign in one place, and must be told of that and of nothing else:
the rule, the file and line, what is wrong and what to do. The clock is the test's.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import checking
from bot.checking import check
from bot.cli.shared import NETWORKS, limits_of
from bot.content import load
from bot.domain import Kind, Problem
from bot.provenance import verify, write_lock
from tests.content.builder import FILES, changed, png, write_campaign
from tests.generated import campaign, limits, passage, statement, template
from tests.site import ROOT

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)

CAMPAIGN = "messages/campaign.toml"
DOCKERS = "messages/statements/dockers.toml"
WATCH = "messages/statements/port-watch.toml"
QUOTE = "messages/templates/quote.txt"
POSITION = "messages/templates/position.txt"
DEMAND = "messages/templates/demand.txt"
FACT = "messages/templates/fact.txt"
FRAME = "messages/templates/frame.txt"
MEDIA = "media/media.toml"
LOCK = "messages/sources.lock"
APPROVED = "messages/approved.toml"

TEMPLATES = (QUOTE, POSITION, DEMAND, FACT, FRAME)

MONTHLY = 'cron = "0 12 5 * *"'
WEEKLY = 'cron = "0 12 * * mon"'

Files = Mapping[str, str | bytes | None]

SOUND: Mapping[str, str | bytes] = {
    **FILES,
    CAMPAIGN: changed(CAMPAIGN, 'times = ["12:00"]', MONTHLY),
    MEDIA: f'{FILES[MEDIA]!s}\n[assets.banner]\nfile = "banner.png"\nalt = "The harbour, empty."\n',
    "media/banner.png": png(3, 3),
    **{path: changed(path, "attach: square", "attach: square, banner") for path in TEMPLATES},
}
"""The tiny campaign with a second picture, posting monthly: nothing is wrong with it."""


def sign_off(key: str) -> str:
    """A sign-off by this key, on line 2."""
    slot = "x/2026-12-05T11:00:00+00:00"
    at = "2026-11-20T09:00:00+00:00"
    said = f'slot = "{slot}", says = "Hear", by = "Ada", at = "{at}", key = "{key}"'
    return f"posts = [\n  {{{said}}},\n]\n"


def edited(path: str, *pairs: tuple[str, str]) -> Files:
    """One of its files with pieces of it replaced."""
    text = SOUND[path]
    assert isinstance(text, str)
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        text = text.replace(old, new)
    return {path: text}


def written(root: Path, files: Files, after: Files) -> Path:
    """The sound campaign, edited, verified, and edited once more."""
    write_campaign(root, **{**SOUND, **files})
    found, _ = load(root, known_networks=NETWORKS)
    if found is not None:
        said = {
            f"{each.id}.txt": "\n\n".join(
                f"“{words.text}”" for words in found.passages.values() if words.statement == each
            )
            for each in found.statements.values()
        }
        lock, problems = verify(found, said, root)
        assert problems == []
        write_lock(root, lock)
    for path, content in after.items():
        (root / path).unlink()
        if content is not None:
            (root / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def checked(root: Path, files: Files | None = None, after: Files | None = None) -> list[Problem]:
    return check(written(root, files or {}, after or {}), limits_of(NETWORKS), NOW)


def told(problems: list[Problem]) -> str:
    return "\n".join(f"{problem.rule}: {problem}" for problem in problems)


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
        f"`short` form ({DOCKERS}:7), or shorten the template",
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

# -- pictures ---------------------------------------------------------------------------------


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of so many frames that draw one dot each: small, however large it says it is."""
    head = struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    dot = b"\x21\xf9\x04\x00\x0a\0\0\0" + b"\x2c\0\0\0\0\1\0\1\0\0" + b"\2\2\x44\1\0"
    return head + dot * frames + b";"


def padded_png(size: int) -> bytes:
    """A sound PNG of exactly so many bytes."""
    whole, head = png(3, 3), 33
    padding = b"juNk" + bytes(size - len(whole) - 12)
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
        as_gif(gif(8, 8, 351)),
        "media-limit",
        "media/banner.gif of assets.banner has 351 frames; x takes 350",
        fix="smaller",
    ),
    picture(
        "too wide a GIF",
        as_gif(gif(1281, 8, 2)),
        "media-limit",
        "1,281 pixels of width; x takes 1,280",
        fix="smaller",
    ),
    picture(
        "too high a GIF",
        as_gif(gif(8, 1081, 2)),
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
        {"media/banner.png": png(3, 3)[:-20]},
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
            "media/third.png": png(5, 5),
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
        ("`dockers/right` was edited after it was verified",),
        "bot verify SOURCE…",
        after=edited(DOCKERS, ("is a human right", "is a right")),
    ),
    Bad(
        "a short form edited after it was verified",
        {},
        "lock-edited",
        f"{DOCKERS}:7",
        ("`dockers/stand` was edited after it was verified",),
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
        "delete it, and run `bot verify SOURCE…`",
        after={LOCK: "= 1\n"},
    ),
    Bad(
        "a passage that isn't there any more",
        {},
        "lock-stale",
        f"{LOCK}:6",
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
            **edited(CAMPAIGN, (MONTHLY, WEEKLY)),
        },
        "near-twins",
        f"{CAMPAIGN}:12",
        (
            "`x` would post two texts within 30 days that are 99 % alike",
            "position with dockers/right,",
            "position with dockers/rights.",
        ),
        "Make the templates more different",
        "warning",
    ),
]

CASES = [*POSTS, *PICTURES, *LOCKED, *PLANS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_content(case: Bad, tmp_path: Path) -> None:
    problems = checked(tmp_path, case.files, case.after)
    found = [(problem.rule, str(problem.where)) for problem in problems]
    assert found == [(case.rule, case.where)], told(problems)
    (problem,) = problems
    for piece in case.what:
        assert piece in problem.what
    assert case.fix in problem.fix
    assert problem.severity == case.severity


def test_the_sound_campaign_is_sound(tmp_path: Path) -> None:
    assert checked(tmp_path) == []


@pytest.mark.parametrize("days", [0, 100, 1000])
def test_nothing_is_wrong_with_the_shipped_campaign_whenever_it_starts(days: int) -> None:
    assert check(ROOT, limits_of(NETWORKS), NOW + timedelta(days=days)) == []


def test_without_a_time_the_plan_begins_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = edited(CAMPAIGN, (MONTHLY, f"{MONTHLY}\nends = 2026-12-31"))
    root = written(tmp_path, files, {})
    assert check(root, limits_of(NETWORKS), NOW) == []

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Later:
            return cls(2027, 1, 1, tzinfo=tz)

    monkeypatch.setattr(checking, "datetime", Later)
    assert [problem.rule for problem in check(root, limits_of(NETWORKS))] == ["schedule-over"]


def test_the_coming_weeks_are_those_from_the_start_on(tmp_path: Path) -> None:
    daily = 'times = ["12:00"]\nstarts = 2028-02-28'
    problems = checked(tmp_path, edited(CAMPAIGN, (MONTHLY, daily)))
    (missed,) = [problem for problem in problems if problem.rule == "nothing-to-draw"]
    assert "Of the coming 60 slots of `x`, 46 would be missed, the first at 2028-03-" in missed.what


def test_a_post_a_year_is_not_a_schedule_that_is_over(tmp_path: Path) -> None:
    assert checked(tmp_path, edited(CAMPAIGN, (MONTHLY, 'cron = "0 12 9 8 *"'))) == []


def test_everything_is_told_at_once_each_once_and_in_order(tmp_path: Path) -> None:
    files: Files = {
        **edited(
            CAMPAIGN,
            (MONTHLY, f"{MONTHLY}\nends = 2026-12-04"),
        ),
        APPROVED: sign_off("0" * 64),
        **edited(QUOTE, ("— {{", f"{LONG}{{{{")),
        **edited(MEDIA, ("The harbour, empty.", "x" * 1001)),
    }
    problems = checked(tmp_path, files, edited(DOCKERS, ("is a human right", "is a right")))
    assert [(p.rule, str(p.where)) for p in problems] == [
        ("alt-long", f"{MEDIA}:5"),
        ("approval-stale", f"{APPROVED}:2"),
        ("schedule-over", f"{CAMPAIGN}:6"),
        ("lock-edited", f"{DOCKERS}:12"),
        ("post-too-long", f"{QUOTE}:4"),
    ]


def test_a_sign_off_for_a_slot_that_has_passed_needs_nobody(tmp_path: Path) -> None:
    past = sign_off("0" * 64).replace("2026-12-05", "2026-11-05")
    assert checked(tmp_path, {APPROVED: past}) == []


def test_every_combination_that_is_too_long_is_told(tmp_path: Path) -> None:
    problems = checked(
        tmp_path, edited(POSITION, ("{{ position }}\n", f"{{{{ position }}}}{LONG}\n"))
    )
    assert [problem.rule for problem in problems] == ["post-too-long"] * 2
    assert "`dockers/right`" in told(problems)
    assert "`port-watch/watch`" in told(problems)


def test_pictures_are_looked_at_though_the_content_can_not_be_loaded(tmp_path: Path) -> None:
    files: Files = {
        **edited(QUOTE, ("{{ quote.by }}", "{{ quote.bye }}")),
        "media/banner.png": padded_png(5_000_001),
    }
    rules = {problem.rule for problem in checked(tmp_path, files)}
    assert rules == {"media-limit", "template-unknown-attribute", "template-attribution"}


def test_a_language_that_no_account_has(tmp_path: Path) -> None:
    french = edited(WATCH, ('when = "June 2021"', 'when = "June 2021"\nlanguage = "fr"'))
    problems = checked(tmp_path, french)
    assert [(p.rule, str(p.where)) for p in problems] == [
        ("never-drawn", f"{WATCH}:5"),
        ("never-drawn", f"{WATCH}:14"),
        ("never-used", f"{FACT}:1"),
    ]
    assert "draws a position in `fr`" in problems[1].what


def test_an_account_in_each_language_has_its_own_posts(tmp_path: Path) -> None:
    french = 'network = "x"\nlanguage = "fr"'
    files: Files = {
        **edited(CAMPAIGN, ("[accounts.x]", f'[accounts.fr]\n{french}\n[accounts.x]')),
        **edited(DEMAND, ("language: en", "language: fr")),
        **edited(MEDIA, ('"The words: stand with the harbour."', '{en = "Words", fr = "Mots"}'),
                 ('"The harbour, empty."', '{en = "Empty", fr = "Vide"}')),
    }  # fmt: skip
    problems = checked(tmp_path, files)
    assert [(p.rule, str(p.where)) for p in problems] == [
        ("nothing-to-say", f"{CAMPAIGN}:12"),
        ("never-drawn", f"{DOCKERS}:15"),
        ("never-drawn", f"{DOCKERS}:20"),
        ("never-used", f"{DEMAND}:1"),
    ]
    assert problems[0].what.startswith("`fr` has nothing to say in `fr`")
    assert problems[0].severity == "error"


def test_an_alt_text_for_two_languages_names_its_own(tmp_path: Path) -> None:
    french = '[accounts.fr]\nnetwork = "x"\nlanguage = "fr"\n[accounts.x]'
    problems = checked(tmp_path, edited(CAMPAIGN, ("[accounts.x]", french)))
    missing = [problem for problem in problems if problem.rule == "alt-language"]
    assert [str(problem.where) for problem in missing] == [f"{MEDIA}:1"] * 2 + [f"{MEDIA}:5"] * 2
    assert {problem.what.rpartition(" ")[2] for problem in missing} == {"`en`", "`fr`"}


def test_a_passage_kept_back_on_purpose_is_not_called_unused(tmp_path: Path) -> None:
    """The tiny campaign has a superseded fact and a sensitive one."""
    sensitive = edited(WATCH, ("[positions.watch]", "[positions.watch]\nsensitive = true"))
    assert checked(tmp_path / "kept", sensitive) == []
    opted = edited(CAMPAIGN, ("[schedule]", "sensitive = true\n[schedule]"))
    found = [p.rule for p in checked(tmp_path / "in", {**sensitive, **opted, POSITION: None})]
    assert found == ["never-drawn", "never-drawn"]


# -- a second net -----------------------------------------------------------------------------
#
# What a template's body may hold is loading's business. Should something ever slip through there,
# it is still seen in the posts that come of it.


def composed(
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    *,
    kind: Kind = "quote",
    words: str = "",
    when: str = "August 2020",
    speaker: str = "Jane Roe",
    accounts: int = 1,
) -> list[Problem]:
    """What is told of the posts of a template that loading would have refused."""
    said = passage("said", kind, statement()._replace(when=when), text=words, speaker=speaker)
    design = template("t", kind, body=body, attach=("a0", "a1"))
    made_up = campaign([said], [design], every=(30, "d"), accounts=accounts)
    monkeypatch.setattr(checking, "load", lambda *_, **__: (made_up, []))
    monkeypatch.setattr(checking, "inspect_assets", lambda *_: [])
    monkeypatch.setattr(checking, "check_lock", lambda *_: [])
    return check(Path(), {"x": limits()}, NOW)


WHOLE = "{{ quote.when }}, {{ quote.by }}: {{ quote }} {{ hashtag }}"


@pytest.mark.parametrize(
    ("body", "rule", "what"),
    [
        (WHOLE.replace("{{ quote }}", ""), "words-missing", "the quote's words are not in the"),
        (WHOLE.replace("{{ quote }}", "“The words”"), "words-missing", "the quote's words"),
        (WHOLE.replace("{{ quote.by }}", "She"), "attribution-missing", "(Jane Roe, at length)"),
        (WHOLE.replace("{{ quote.when }}", "Once"), "date-missing", "was said (August 2020)"),
        (WHOLE.replace("{{ hashtag }}", ""), "hashtag", "#Test 0 times"),
        (WHOLE.replace("{{ hashtag }}", "#Tests"), "hashtag", "#Test 0 times"),
        (WHOLE + " #test", "hashtag", "#Test 2 times"),
        (WHOLE + " x{{ hashtag }}", "", ""),
        (WHOLE + " @jane", "mention", "an @mention"),
        (WHOLE + " ＠jane", "mention", "an @mention"),
        (WHOLE + " https://example.org/@jane", "", ""),
        (WHOLE + " jane@example.org", "", ""),
    ],
)
def test_what_slipped_through_is_seen_in_the_posts(
    monkeypatch: pytest.MonkeyPatch, body: str, rule: str, what: str
) -> None:
    problems = composed(monkeypatch, body)
    assert [problem.rule for problem in problems] == ([rule] if rule else []), told(problems)
    if rule:
        assert problems[0].what.startswith("With `s0/said`: ")
        assert what in problems[0].what


@pytest.mark.parametrize(
    ("start", "rules"), [("{{ fact.when }}", []), ("On {{ fact.when }}", ["fact-date-first"])]
)
def test_a_facts_post_opens_with_its_date(
    monkeypatch: pytest.MonkeyPatch, start: str, rules: list[str]
) -> None:
    body = f"{start}, {{{{ fact.by }}}}: {{{{ fact }}}} {{{{ hashtag }}}}"
    assert [each.rule for each in composed(monkeypatch, body, kind="fact")] == rules


def test_letters_of_two_halves_are_the_same_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A post is in NFC; the content may have been typed otherwise."""
    words, when, speaker = "Le cafe\u0301", "aou\u0302t 2020", "Rene\u0301"
    assert composed(monkeypatch, WHOLE, words=words, when=when, speaker=speaker) == []


def test_what_is_wrong_with_the_posts_of_two_accounts_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert len(composed(monkeypatch, WHOLE + " @jane", accounts=2)) == 1


def test_twins_further_apart_than_the_cooldown_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [passage("one", text="x" * 100 + " 1"), passage("two", text="x" * 100 + " 2")]
    monkeypatch.setattr(checking, "inspect_assets", lambda *_: [])
    monkeypatch.setattr(checking, "check_lock", lambda *_: [])
    for days, rules in ((29, ["near-twins"]), (30, [])):
        made_up = campaign(both, [template("t", attach=("a0", "a1"))], every=(days, "d"))
        monkeypatch.setattr(checking, "load", lambda *_, found=made_up, **__: (found, []))
        problems = check(Path(), {"x": limits()}, NOW)
        assert [each.rule for each in problems if each.rule == "near-twins"] == rules
