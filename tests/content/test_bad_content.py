"""Every kind of bad content with the message it must give: the rule, the place, what, what to do.

Each case breaks the tiny campaign in one place. It must be told of that, and of nothing else.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content import load, read
from bot.content.lock import PATH as LOCK
from bot.content.scanning import secret_in
from bot.domain import Problem
from bot.errors import ContentError
from tests.content.builder import FILES, NETWORKS, changed, write_campaign

CAMPAIGN = "messages/campaign.toml"
DOCKERS = "messages/statements/dockers.toml"
WATCH = "messages/statements/port-watch.toml"
QUOTE = "messages/templates/quote.txt"
POSITION = "messages/templates/position.txt"
DEMAND = "messages/templates/demand.txt"
FACT = "messages/templates/fact.txt"
FRAME = "messages/templates/frame.txt"
MEDIA = "media/media.toml"

KEY = "q8ZkT3vLxW0pYd7RmN2sB5fHc"
"""Looks like a key of an API: 25 letters and digits."""


@dataclass(frozen=True)
class Bad:
    """One bad case: how files differ from the tiny campaign's, and the one problem of that."""

    name: str
    files: dict[str, str | bytes | None]
    rule: str
    where: str
    what: str
    fix: str
    severity: str = "error"


def bad(name: str, path: str, old: str, new: str, rule: str, line: int, what: str, fix: str) -> Bad:
    """A case that replaces a piece of one file, and is told of in that file."""
    return Bad(name, {path: changed(path, old, new)}, rule, f"{path}:{line}", what, fix)


def body(name: str, text: str, rule: str, line: int, what: str, fix: str = "A body is text") -> Bad:
    """A case that adds a line to the end of the quote template; the line has number 9."""
    return bad(name, QUOTE, "{{ hashtag }}\n", f"{{{{ hashtag }}}}\n{text}", rule, line, what, fix)


FILE_CASES = [
    Bad("no folder", dict.fromkeys(FILES), "missing-folder", "messages",
        "no folder messages/", "--root"),
    Bad("no campaign.toml", {CAMPAIGN: None}, "missing-file", CAMPAIGN, "missing", "Write it"),
    Bad("no statements", {DOCKERS: None, WATCH: None}, "missing-folder",
        "messages/statements", "can't be read", "NAME.toml"),
    Bad("only a hidden statement", {DOCKERS: None, WATCH: None, "messages/statements/.x.toml": "!"},
        "nothing-there", "messages/statements", "nothing in", "NAME.toml"),
    Bad("not UTF-8", {QUOTE: b"draws: quote\nattach: \xe9\n"}, "not-utf8", f"{QUOTE}:2",
        "not UTF-8", "Save the file as UTF-8"),
    Bad("UTF-16", {QUOTE: "draws: quote".encode("utf-16")}, "not-utf8", f"{QUOTE}:1",
        "looks like UTF-16", "Save the file as UTF-8"),
    Bad("a NUL", {QUOTE: "draws: quote\nattach: square\n---\n\0"}, "control-character",
        f"{QUOTE}:4", "U+0000", "Delete it"),
    Bad("text turned round", {QUOTE: "draws: quote\nattach: square\u202e\n---\n"},
        "control-character", f"{QUOTE}:2", "U+202E", "Delete it"),
    Bad("far too large", {QUOTE: "x" * 1_000_001}, "unreadable", QUOTE, "larger than", "its size"),
    Bad("a folder for a file", {QUOTE: None, f"{QUOTE}/x": ""}, "unreadable", QUOTE,
        "not a file", "Check the file"),
    Bad("a stray file", {"messages/templates/old.md": "x"}, "stray-file",
        "messages/templates/old.md", "not read", "end in `.txt`", "warning"),
    Bad("capitals in a file's name", {"messages/templates/Two Words.txt": FILES[QUOTE]}, "bad-id",
        "messages/templates/Two Words.txt", "can't be an id", "lower-case"),
]  # fmt: skip

TOML_CASES = [
    bad("no quotes", CAMPAIGN, '"Europe/Brussels"', "Europe/Brussels", "toml-syntax", 4,
        "no value that TOML knows", "double quotes"),
    bad("a time without quotes", CAMPAIGN, '["12:00"]', "12:00", "wrong-type", 7,
        "a time without quotes", '["…", "…"]'),
    bad("two words without quotes", CAMPAIGN, '["12:00"]', "12 sharp", "toml-syntax", 7,
        "stands after the value", "double quotes"),
    bad("no closing quote", CAMPAIGN, 'Harbour"\nhash', "Harbour\nhash", "toml-syntax", 2,
        "not closed on its line", "Close it"),
    bad("text that never ends", WATCH, 'lifted."""', 'lifted.', "toml-syntax", 5,
        "never ends", "Close it"),
    bad("a list that never ends", CAMPAIGN, '["12:00"]', '["12:00"', "toml-syntax", 9,
        "never closed", "Close it with ]"),
    bad("a marker of a merge", CAMPAIGN, "[links]", "<<<<<<< HEAD\n[links]", "toml-syntax", 9,
        "mark that a merge left", "one of the two sides"),
    *(bad(f"curly quotation marks {marks}", CAMPAIGN, '"Stand with the Harbour"',
          marks.replace(" ", "Stand with the Harbour"), "toml-syntax", 2,
          "Curly quotation marks stand here", "`bot check --fix` does")
      for marks in ("“ ”", "„ “", "« »", "‘ ’", "” ”", '" ”', "' ’")),
    *(bad(f"for a space U+{ord(space):04X}", CAMPAIGN, "name = ", f"name ={space}", "toml-syntax",
          2, f"Here stands U+{ord(space):04X} (", "Type it anew on the keyboard; `bot check --fix`")
      for space in "\u00a0\u202f\u2003\u3000\u200b\u2060"),
    bad("a space that is none before a table", CAMPAIGN, "[schedule]", "\u00a0[schedule]",
        "toml-syntax", 6, "Here stands U+00A0 (no-break space)", "Type it anew"),
    bad("a wide mark", CAMPAIGN, "name = ", "name ＝ ", "toml-syntax", 2,
        "U+FF1D (fullwidth equals sign)", "Type it anew"),
    *(bad(f"a date that there isn't: {date}", CAMPAIGN, "times = ", f"starts = {date}\ntimes = ",
          "toml-syntax", 7, f"There is no date `{date}`", "year-month-day, without quotes")
      for date in ("2026-13-01", "2026-02-30", "1.12.2026", "01/12/2026", "2026-1-5",
                   "2026-12-01T25:00")),
    bad("a date that there isn't, in a list", CAMPAIGN, "times = ",
        "skip = [2026-12-25, 2026-13-01]\ntimes = ", "toml-syntax", 7,
        "There is no date `2026-13-01`", "year-month-day, without quotes"),
    bad("a backslash", CAMPAIGN, "Stand with the", "Stand \\with the", "toml-syntax", 2,
        "backslash", "Write it twice"),
    bad("a header not closed", CAMPAIGN, "[links]", "[links", "toml-syntax", 9,
        "not closed", "[table]"),
    bad("a number too long", CAMPAIGN, "[schedule]", f"seed = {'9' * 5000}\n[schedule]",
        "toml-syntax", 1, "too long", "pasted number"),
    bad("brackets too deep", CAMPAIGN, '["12:00"]', "[" * 5000 + "]" * 5000, "toml-syntax", 1,
        "too deep", "row of brackets"),
    bad("a key twice", CAMPAIGN, "[schedule]", 'name = "x"\n[schedule]', "duplicate-key", 6,
        "`campaign.name` stands twice; the first is on line 2", "Keep one"),
    bad("a key that is a table, too", CAMPAIGN, "[links]", "[links]\nx = 1\n[links.x]",
        "toml-syntax", 11, "TOML: Cannot", "toml.io"),
    bad("an id twice", DOCKERS, "[facts.fined]", '[quotes.stand]\ntext = "x"\n[facts.fined]',
        "duplicate-id", 24, "[quotes.stand] stands twice; the first is on line 7", "another name"),
    bad("an id of two kinds", DOCKERS, "[facts.fined]", "[facts.right]", "duplicate-id", 24,
        "line 12 has the name `right` already", "another name"),
]  # fmt: skip

KEY_CASES = [
    bad("unknown key", DOCKERS, 'text = "Twelve', 'tex = "Twelve', "unknown-key", 25,
        "Unknown key `tex`; did you mean `text`?", "`superseded_by`"),
    bad("unknown key like no other", CAMPAIGN, "[schedule]", "colour = 3\n[schedule]",
        "unknown-key", 6, "Unknown key `colour`", "`hashtag`, `language`"),
    bad("unknown table", DOCKERS, "[facts.fined]", "[fact.fined]", "unknown-key", 24,
        "Unknown key `fact`; did you mean `facts`?", "`demands`"),
    bad("unknown key of an account", CAMPAIGN, 'network = "x"', 'network = "x"\ntoken_ = 1',
        "unknown-key", 14, "Unknown key `token_`", "`network`"),
    bad("unknown key of a schedule", CAMPAIGN, "times = ", 'jiter = "5m"\ntimes = ',
        "unknown-key", 7, "did you mean `jitter`?", "`every`"),
    bad("a number for a text", CAMPAIGN, '"Stand with the Harbour"', "7", "wrong-type", 2,
        "`name` is a whole number (7)", "text in double quotes"),
    bad("a table for a text", CAMPAIGN, '"Stand with the Harbour"', "{ a = 1 }", "wrong-type", 2,
        "`name` is a table ({'a': 1})", "text in double quotes"),
    bad("a text for a list", DOCKERS, 'short = ["We stand with the crews – all of them.", '
        '"We stand with the crews …"]', 'short = "We stand …"', "wrong-type", 10,
        "`short` is text (We stand …)", "a list of texts"),
    bad("a number in a list", DOCKERS, '"We stand with the crews …"]', "\n  3]", "wrong-type", 11,
        "`short` is a whole number (3)", "text in double quotes"),
    bad("a text for true", WATCH, "sensitive = true", 'sensitive = "yes"', "wrong-type", 11,
        "`sensitive` is text (yes)", "true or false"),
    bad("true for a number", CAMPAIGN, "[schedule]", "seed = true\n[schedule]", "wrong-type", 6,
        "`seed` is true or false", "a whole number"),
    bad("a text for a table", DOCKERS, "[facts.fined]", "[facts]\nx = 1\n[facts.fined]",
        "wrong-type", 25, "`x` is a whole number (1)", "a line [x]"),
    bad("a missing key", CAMPAIGN, 'hashtag = "#StandWithTheHarbour"\n', "", "missing-key", 1,
        "`hashtag` is missing in [campaign]", "Add `hashtag`"),
    bad("no [campaign]", CAMPAIGN, str(FILES[CAMPAIGN]).partition("[schedule]")[0], "",
        "missing-key", 1, "`campaign` is missing", "a line [campaign]"),
    bad("an empty text", DOCKERS, '"Twelve crew members were fined on Monday."', '"  "', "empty",
        25, "`text` is empty", "Fill it in"),
    bad("a control character in an escape", CAMPAIGN, "Harbour\"\nhash", 'Harbour\\u0007"\nhash',
        "control-character", 2, "U+0007", "Take it out"),
    bad("a mention in a text", DOCKERS, "were fined on", "were fined by @port on", "mention", 25,
        "`text` holds an @mention", "without @"),
    bad("a mention in an attribution", DOCKERS, '"Jane Roe, Dockers\' Union"', '"@roe"', "mention",
        5, "`as` holds an @mention", "without @"),
]  # fmt: skip

CAMPAIGN_CASES = [
    bad("no hashtag", CAMPAIGN, '"#StandWithTheHarbour"', '"StandWithTheHarbour"', "bad-hashtag",
        3, "no hashtag", "Write #"),
    bad("a hashtag of digits", CAMPAIGN, '"#StandWithTheHarbour"', '"#2021"', "bad-hashtag", 3,
        "'#2021'", "letters"),
    bad("an unknown time zone", CAMPAIGN, "Europe/Brussels", "Europe/Brusels", "bad-timezone", 4,
        "nknown time zone", "Europe/Brussels"),
    bad("a language that is none", CAMPAIGN, "[schedule]", 'language = "English"\n[schedule]',
        "bad-language", 6, "no language code", '"fr"'),
    bad("a bad time", CAMPAIGN, '"12:00"', '"25:00"', "bad-schedule", 7, "25:00", "HH:MM"),
    bad("two kinds of schedule", CAMPAIGN, "times = ", 'every = "3h"\ntimes = ', "bad-schedule", 7,
        "times and every", "Keep one"),
    bad("no kind of schedule", CAMPAIGN, 'times = ["12:00"]', "", "bad-schedule", 6,
        "o times, cron or every", "Set one"),
    bad("a schedule without a slot", CAMPAIGN, 'times = ["12:00"]', 'cron = "0 12 30 2 *"',
        "bad-schedule", 7, "mpossible schedule", ""),
    bad("an unknown span", CAMPAIGN, 'times = ["12:00"]', 'every = "3 fortnights"',
        "bad-schedule", 7, "'3 fortnights'", 'every = "3h"'),
    bad("an unknown jitter", CAMPAIGN, "times = ", 'jitter = "a bit"\ntimes = ', "bad-schedule", 7,
        "'a bit'", 'jitter = "10m"'),
    bad("an unknown day", CAMPAIGN, "times = ", 'days = ["mon",\n "tus"]\ntimes = ',
        "bad-schedule", 8, "Unknown day `tus`; did you mean `tue`?", "`mon`, `tue`"),
    *(bad(f"a day of another language, {day}", CAMPAIGN, "times = ", f'days = ["{day}"]\ntimes = ',
          "bad-schedule", 7, f"Unknown day `{day}`", "Days are `mon`, `tue`, `wed`, `thu`, `fri`")
      for day in ("lundi", "lun", "don", "zondag", "понедельник")),
    bad("a misspelt day", CAMPAIGN, "times = ", 'days = ["wendesday"]\ntimes = ', "bad-schedule",
        7, "Unknown day `wendesday`; did you mean `wed`?", "in English"),
    *(bad(f"a time zone that is none, {zone}", CAMPAIGN, "Europe/Brussels", zone, "bad-timezone",
          4, f"nknown time zone: {zone!r}", "Use a name of the tz database")
      for zone in ("MSK", "UTC+2")),
    bad("a short form of cron", CAMPAIGN, 'times = ["12:00"]', 'cron = "@daily"', "bad-schedule",
        7, "there is no such short form here", 'Write cron = "0 0 * * *"'),
    bad("an empty day", CAMPAIGN, "times = ", 'days = [""]\ntimes = ', "empty", 7,
        "`days` is empty", "Fill it in"),
    bad("a start in quotes", CAMPAIGN, "times = ", 'starts = "2026-01-01"\ntimes = ', "wrong-type",
        7, "`starts` is text (2026-01-01)", "without quotes"),
    bad("a skip in quotes", CAMPAIGN, "times = ", 'skip = ["2026-01-01"]\ntimes = ', "wrong-type",
        7, "`skip` is a list", "without quotes"),
    bad("an end before the start", CAMPAIGN, "times = ",
        "starts = 2026-02-01\nends = 2026-01-01\ntimes = ", "bad-schedule", 7,
        "before", ""),
    bad("no schedule at all", CAMPAIGN, '[schedule]\ntimes = ["12:00"]\n', "", "missing-schedule",
        10, "The account `x` has no schedule", "[schedule]"),
    bad("a bad schedule of an account", CAMPAIGN, 'network = "x"',
        'network = "x"\n[accounts.x.schedule]\ntimes = ["noon"]', "bad-schedule", 15,
        "noon", "HH:MM"),
    bad("an unknown network", CAMPAIGN, 'network = "x"', 'network = "mastodn"', "unknown-network",
        13, "Unknown network `mastodn`; did you mean `mastodon`?", "`bluesky`, `mastodon`, `x`"),
    bad("no network", CAMPAIGN, 'network = "x"', "", "missing-key", 12, "`network` is missing",
        "Add `network`"),
    bad("no account", CAMPAIGN, '[accounts.x]\nnetwork = "x"', "", "missing-account", 1,
        "no account", "[accounts.x]"),
    bad("an account's name", CAMPAIGN, "[accounts.x]", "[accounts.x-fr]", "bad-id", 12,
        "`x-fr` can't be the name of an account", "X_FR_API_KEY"),
    bad("near-twins", CAMPAIGN, 'network = "x"', 'network = "x"\n[accounts.y]\nnetwork = "x"',
        "account-twins", 14, "`y` and `x` post in 'en' to x", "keep one"),
    bad("a link without encryption", CAMPAIGN, "https://", "http://", "bad-link", 10,
        "`frame` is not an https address", "https://"),
    bad("a link with a password", CAMPAIGN, "https://", "https://u@", "bad-link", 10,
        "`frame` is not an https address", "https://"),
    bad("a link that is a number", CAMPAIGN, '"https://example.org/frame"', "7", "wrong-type", 10,
        "`frame` is a whole number (7)", "https://"),
    bad("a link's name", CAMPAIGN, '[links]\n', '[links]\n"my frame" = "https://example.org"\n',
        "bad-id", 10, "`my frame`", "lower-case"),
]  # fmt: skip

STATEMENT_CASES = [
    bad("an id with capitals", DOCKERS, "[facts.fined]", "[facts.Fined]", "bad-id", 24,
        "`Fined` can't be an id", "lower-case"),
    bad("an unknown speaker", DOCKERS, 'by = "roe"', 'by = "doe"', "unknown-speaker", 8,
        "Unknown speaker `doe`; did you mean `roe`?", "[speakers.doe]"),
    bad("a quote of nobody", DOCKERS, 'by = "roe"\n', "", "missing-key", 7,
        "`by` is missing in [quotes.stand]", "Add `by`"),
    bad("a demand of nobody", DOCKERS, '[demands.sign]\nto = "the Port Authority"',
        "[demands.sign]", "missing-key", 20, "`to` is missing in [demands.sign]", "Add `to`"),
    bad("a fact to somebody", WATCH, "sensitive = true", 'to = "the harbour"', "to-elsewhere", 11,
        "`to` stands in a fact", "Only a demand"),
    bad("attributions in no order", DOCKERS,
        '["Jane Roe, President of the Dockers\' Union", "Jane Roe, Dockers\' Union"]',
        '["Jane Roe", "Jane Roe, Dockers\' Union"]', "speaker-order", 5, "longest first", "Sort"),
    bad("no attribution", DOCKERS,
        '["Jane Roe, President of the Dockers\' Union", "Jane Roe, Dockers\' Union"]', "[]",
        "empty", 5, "`as` is empty", "Say how"),
    Bad("a statement without passages", {WATCH: 'publisher = "P"\nwhen = "2020"\n',
        DOCKERS: changed(DOCKERS, 'superseded_by = "port-watch/cleared"\n', "")}, "no-passages",
        f"{WATCH}:1", "no passage", "[quotes.NAME]"),
    bad("marks around the words", DOCKERS, '"The right to strike is a human right."',
        '"“The right to strike is a human right.”"', "quotation-marks", 13,
        "`text` has quotation marks", "the program puts the marks"),
    bad("a mark at one end", DOCKERS, '"The right to strike is a human right."',
        "'\"The right to strike is a human right.'", "quotation-marks", 13,
        "`text` has quotation marks", "the program puts the marks"),
    bad("marks around a short form", DOCKERS, '"We stand with the crews …"',
        '"«We stand with the crews …»"', "quotation-marks", 10, "`short` has quotation marks",
        "Take them out"),
    bad("with nobody", DOCKERS, 'with = "sign"', 'with = "sing"', "unknown-passage", 18,
        "`sing`; did you mean `sign`?", "STATEMENT/NAME"),
    bad("with another statement", DOCKERS, 'with = "sign"', 'with = "port-watch/watch"',
        "with-elsewhere", 18, "another statement", "stand together"),
    bad("with itself", DOCKERS, 'with = "sign"', 'with = "talk"', "ring", 18,
        "dockers/talk → dockers/talk", "Take it out"),
    bad("with each other", DOCKERS, 'text = "sign the agreement of 2019"',
        'text = "sign the agreement of 2019"\nwith = "talk"', "ring", 18,
        "dockers/talk → dockers/sign → dockers/talk", "Take it out"),
    bad("with a third", DOCKERS, 'text = "sign the agreement of 2019"',
        'text = "sign the agreement of 2019"\nwith = "right"', "with-chain", 18,
        "itself stands with another", "Only two"),
    bad("with another's words", DOCKERS, 'with = "sign"', 'with = "sign"\nby = "roe"',
        "with-other-voice", 18, "somebody else", "the same `by`"),
    bad("with what is superseded", DOCKERS, 'text = "sign the agreement of 2019"',
        'text = "sign the agreement of 2019"\nsuperseded_by = "right"', "with-superseded", 18,
        "superseded", "too"),
    bad("with what is sensitive", DOCKERS, 'text = "sign the agreement of 2019"',
        'text = "sign the agreement of 2019"\nsensitive = true', "with-sensitive", 18,
        "sensitive", "too"),
    bad("superseded by nothing", DOCKERS, '"port-watch/cleared"', '"port-watch/clear"',
        "unknown-passage", 26, "did you mean `port-watch/cleared`?", "STATEMENT/NAME"),
    bad("superseded in a ring", WATCH, "sensitive = true",
        'superseded_by = "third"\n[facts.third]\ntext = "A third."\nsuperseded_by = "third"',
        "ring", 14, "port-watch/third → port-watch/third", "Take it out"),
]  # fmt: skip

SHORT_CASES = [
    bad("a short form with a word of its own", DOCKERS, '"We stand with the crews …"',
        '"We stand with their crews …"', "short-own-words", 10, "`their`", "own words"),
    bad("a short form in another case", DOCKERS, '"We stand with the crews …"',
        '"… The crews …"', "short-own-words", 10, "`The`; the text has `the`", "own words"),
    bad("a short form in another order", DOCKERS, '"We stand with the crews …"',
        '"whatever it costs … We stand …"', "short-order", 10, "another order",
        "order of the text"),
    bad("a short form's words shuffled", DOCKERS, '"We stand with the crews …"',
        '"We stand crews with …"', "short-order", 10, "another order", "Keep the order"),
    bad("a gap without its mark", DOCKERS, '"We stand with the crews …"',
        '"We stand with all …"', "short-ellipsis", 10, "between `with` and `all`", "Put ` … `"),
    bad("an end without its mark", DOCKERS, '"We stand with the crews …"',
        '"We stand with the crews"', "short-ellipsis", 10, "in the middle of a sentence", "` …`"),
    bad("a start without its mark", DOCKERS, '"We stand with the crews …"',
        '"with the crews …"', "short-ellipsis", 10, "in the middle of a sentence", "`… `"),
    bad("three dots", DOCKERS, '"We stand with the crews …"', '"We stand with the crews ..."',
        "short-ellipsis", 10, "three dots", "one character"),
    bad("a mark that touches", DOCKERS, '"We stand with the crews …"', '"We stand with the crews…"',
        "short-ellipsis", 10, "touches", "a space on each side"),
    bad("a mark for nothing", DOCKERS, '"We stand with the crews …"', '"…"', "short-ellipsis", 10,
        "no words beside it", "own words"),
    bad("two marks for a gap", DOCKERS, '"We stand with the crews …"', '"We stand … … costs"',
        "short-ellipsis", 10, "no words beside it", "one `…`"),
    bad("punctuation of its own", DOCKERS, '"We stand with the crews …"', '"We stand, with …"',
        "short-own-words", 10, "punctuation", "Copy it"),
    bad("an empty short form", DOCKERS, '"We stand with the crews …"', '""', "empty", 10,
        "`short` is empty", "Fill it in"),
    bad("half a word", DOCKERS, '"We stand with the crews …"', '"We stand with the crew …"',
        "short-own-words", 10, "`crew`", "own words"),
    bad("not shorter than the text", DOCKERS, '["We stand with the crews – all of them.", ',
        '["We stand with the crews – all of them. They will not be left alone, whatever it costs",'
        '"We stand with the crews – all of them.", ', "short-length", 10,
        "not shorter than the text", "longest first"),
    bad("not shorter than the one before", DOCKERS, '"We stand with the crews …"',
        '"We stand with the crews – all of them."', "short-length", 10,
        "not shorter than the short form", "longest first"),
    Bad("a negation left out", {DOCKERS: changed(DOCKERS, '"We stand with the crews …"',
        '"They … be left alone …"')}, "short-negation", f"{DOCKERS}:10", "negation: `not`",
        "sense stays whole", "warning"),
    Bad("a speaker who is never named", {DOCKERS: changed(DOCKERS, "[quotes.stand]",
        '[speakers.doe]\nas = ["John Doe"]\n[quotes.stand]')}, "unused-speaker", f"{DOCKERS}:7",
        "`doe` says nothing", 'by = "doe"', "warning"),
]  # fmt: skip

HEAD_CASES = [
    bad("nothing drawn", QUOTE, "draws: quote\n", "", "template-draws-nothing", 1,
        "draws on nothing", "`draws: demand`"),
    bad("an unknown kind", QUOTE, "draws: quote", "draws: quote, demnd", "template-unknown-kind",
        1, "Unknown kind `demnd`; did you mean `demand`?", "`position`"),
    bad("no picture", QUOTE, "attach: square\n", "", "template-no-picture", 1,
        "attaches no picture", "`square`"),
    bad("an unknown picture", QUOTE, "attach: square", "attach: sqare", "template-unknown-asset",
        2, "Unknown picture `sqare`; did you mean `square`?", "media/media.toml"),
    bad("a card of a fact", FACT, "attach: square", "attach: square, card", "template-fact-card",
        2, "facts have no card", "Attach another picture"),
    bad("a card misspelt", QUOTE, "attach: square", "attach: square, cards",
        "template-unknown-asset", 2, "did you mean `card`?", "`card` is the card"),
    bad("a link misspelt", FRAME, "needs: frame", "needs: frames, frame",
        "template-unknown-link", 3, "Unknown link `frames`; did you mean `frame`?", "[links]"),
    bad("an unknown key of a head", QUOTE, "attach: square", "attach: square\nlangauge: en",
        "unknown-key", 3, "Unknown key `langauge`; did you mean `language`?", "`needs`"),
    bad("a key of a head twice", QUOTE, "attach: square", "attach: square\nattach: square",
        "duplicate-key", 3, "the first is on line 2", "Keep one"),
    bad("a name twice in a head", QUOTE, "attach: square", "attach: square, square",
        "template-head", 2, "twice", "only once"),
    bad("two languages", DEMAND, "language: en", "language: en, fr", "template-head", 3,
        "several", "one language"),
    bad("a language of a head", DEMAND, "language: en", "language: English!", "bad-language", 3,
        "no language code", "pt-BR"),
    bad("a line of a head", QUOTE, "attach: square", "attach: square\nHello", "template-head", 3,
        "not `key: value`: Hello", "---"),
    bad("no body", QUOTE, str(FILES[QUOTE]).partition("square\n")[2], "", "template-no-body",
        1, "no line `---`", "then the text"),
    *(bad(f"{rule} for ---", QUOTE, "---\n", f"{rule}\n", "template-no-body", 3,
          f"This line, `{rule}`, is not the `---`", "Write `---` here")
      for rule in ("--", "—-", "–", "—", "-----", "- - -", "−−−")),
    bad("no ---", QUOTE, "---\n", "", "template-no-body", 3, "between its head and its text",
        "Write `---` here"),
    bad("an empty line for ---", DEMAND, "---\n", "\n", "template-no-body", 5,
        "between its head and its text", "Write `---` here"),
    bad("no --- above a colon", FACT, "---\n{{ fact.when }}", "{{ fact.when }}: seen",
        "template-no-body", 3, "between its head and its text", "Write `---` here"),
    bad("a --- only in the text", QUOTE, "---\n{{ quote }}\n", "{{ quote }}\n\n---\n",
        "template-no-body", 3, "between its head and its text", "Write `---` here"),
    bad("no head", QUOTE, "draws: quote\nattach: square\n---\n", "", "template-no-body", 1,
        "no head above it", "`draws: …`, `attach: …` and a line `---`"),
    Bad("no alt text in the language", {MEDIA: changed(MEDIA, 'alt = "The words: stand with the '
        'harbour."', 'alt = {fr = "Les mots."}')}, "alt-language", f"{MEDIA}:1",
        "no alt text in 'en', which messages/templates/demand.txt:1 needs", "alt = {en ="),
    Bad("a mention in an alt text", {MEDIA: changed(MEDIA, "The words", "@port")}, "mention",
        f"{MEDIA}:1", "alt text of `square`", "without @"),
]  # fmt: skip

BODY_CASES = [
    body("a tag that never ends", "{% if quote.by %}x", "template-syntax", 9, "Unexpected end"),
    body("a tag that there isn't", "{% fro %}", "template-syntax", 9,
         "Encountered unknown tag 'fro'"),
    body("a brace too few", "{{ x }", "template-syntax", 9, "unexpected '}'"),
    body("nothing in the braces", "{{ }}", "template-syntax", 9, "Expected an expression"),
    body("a name that there isn't", "{{ qoute.by }}", "template-unknown-name", 9,
         "There is no `qoute`; did you mean `quote`?", "There are `quote`, `hashtag`"),
    body("a name in a condition", "{% if quot %}x{% endif %}", "template-unknown-name", 9,
         "There is no `quot`", "There are"),
    body("a kind that is not drawn", "{{ demand.by }}", "template-not-drawn", 9,
         "doesn't draw one", "draws: quote, demand"),
    body("an attribute that there isn't", "{{ quote.whne }}", "template-unknown-attribute", 9,
         "`quote` has no `whne`; did you mean `when`?", "`publisher`"),
    body("an attribute of the hashtag", "{{ hashtag.by }}", "template-unknown-attribute", 9,
         "`hashtag` has no `by`", "nothing"),
    body("to whom, of a quote", "{{ quote.to }}", "template-unknown-attribute", 9,
         "only a demand is addressed", "Take it out"),
    body("a link that is not needed", "{{ links.frame }}", "template-unknown-link", 9,
         "the head doesn't need it", "`needs: frame`"),
    body("links as a whole", "{{ links }}", "template-unknown-attribute", 9, "which link",
         "{{ links.NAME }}"),
    body("a mention", "cc @port", "mention", 9, "@mention", "without @"),
    body("a mention of whom it is addressed to", "@{{ quote.by }}", "mention", 9, "@mention",
         "without @"),
    body("the hashtag twice", "{{ hashtag }}", "template-hashtag", 4, "more than once", "Keep one"),
    body("the hashtag spelt out", "#standwiththeharbour", "template-hashtag", 4, "more than once",
         "Keep one"),
    bad("no hashtag in a post", QUOTE, "{{ hashtag }}\n", "", "template-hashtag", 4,
        "The hashtag is never printed", "{{ hashtag }}"),
    bad("the hashtag only sometimes", QUOTE, "{{ hashtag }}\n",
        "{% if quote.by %}{{ hashtag }}{% endif %}\n", "template-hashtag", 4,
        "The hashtag is only sometimes printed", "whatever the conditions"),
    bad("the hashtag not on every way", QUOTE, "{{ hashtag }}\n",
        "{% if quote.by %}{{ hashtag }}{% elif quote.when %}x{% else %}{{ hashtag }}{% endif %}\n",
        "template-hashtag", 4, "only sometimes printed", "whatever the conditions"),
    body("a name in an elif", "{% if quote.by %}{% elif quot %}x{% endif %}",
         "template-unknown-name", 9, "There is no `quot`", "There are"),
    bad("a dead hashtag", QUOTE, "{{ hashtag }}", "x{{ hashtag }}", "template-hashtag", 8,
        "touches another word", "a space"),
    bad("a hashtag that runs on", QUOTE, "{{ hashtag }}", "{{ hashtag }}s", "template-hashtag", 8,
        "touches another word", "a space"),
    bad("words that are never printed", QUOTE, "{{ quote }}\n", "", "template-not-printed", 4,
        "The quote it draws is never printed", "{{ quote }}"),
    bad("words that are printed sometimes", QUOTE, "{{ quote }}\n",
        '{% if quote.by == "Jane" %}{{ quote }}{% endif %}\n', "template-not-printed", 4,
        "only sometimes", "{{ quote }}"),
    bad("words of nobody", QUOTE, "{{ quote.by }}", "somebody", "template-attribution", 4,
        "Who said the quote is never printed", "{{ quote.by }}"),
    bad("words of no time", QUOTE, "{{ quote.when }}", "once", "template-when", 4,
        "When the quote was said is never printed", "{{ quote.when }}"),
    bad("marks in a template", QUOTE, "{{ quote }}", "“{{ quote }}”", "template-marks", 4,
        "around drawn words", "the program puts the marks"),
    bad("words of ours in marks", QUOTE, "{{ hashtag }}", "“We demand war now” {{ hashtag }}",
        "own-quotation", 4, "“We demand war now”", "Only a statement's words are quoted"),
    bad("words of ours in guillemets", QUOTE, "{{ hashtag }}", "« Non » {{ hashtag }}",
        "own-quotation", 4, "« Non »", "Take the marks out"),
    bad("one mark in a template", QUOTE, "{{ quote }}", '{{ quote }}"', "template-marks", 4,
        "around drawn words", "the program puts the marks"),
    bad("a fact without its date first", FACT, "{{ fact.when }}, as {{ fact.by }} wrote:",
        "As {{ fact.by }} wrote\nin {{ fact.when }}:", "template-fact-date", 4,
        "open with its date", "{{ fact.when }}"),
    Bad("a link that is needed and not printed", {QUOTE: changed(QUOTE, "draws: quote",
        "draws: quote\nneeds: frame")}, "unused-link", f"{QUOTE}:5", "never printed",
        "{{ links.frame }}", "warning"),
]  # fmt: skip

DANGER_CASES = [
    body("all memory by a power", "{{ 9**(9**7) }}", "template-not-allowed", 9, "arithmetic"),
    body("all memory by a product", '{{ "x"*10**9 }}', "template-not-allowed", 9, "arithmetic"),
    body("all time by loops", "{% for a in quote %}{% for b in quote %}x{% endfor %}{% endfor %}",
         "template-not-allowed", 9, "a loop, {% for %}"),
    body("a loop over a range", "{% for a in range(999999999) %}x{% endfor %}",
         "template-not-allowed", 9, "a loop"),
    body("words altered", "{{ quote|upper }}", "template-not-allowed", 9, "a filter, |"),
    body("the way out of the sandbox", "{{ quote.__class__ }}", "template-unknown-attribute", 9,
         "`quote` has no `__class__`", "It has `by`"),
    body("a longer way out", "{{ quote.__class__.__mro__ }}", "template-not-allowed", 9,
         "attributes of attributes"),
    body("a method of a text", "{{ ''.join }}", "template-not-allowed", 9, "a constant"),
    body("a call", "{{ quote.by.upper() }}", "template-not-allowed", 9, "a call"),
    body("a call of what there isn't", "{{ lipsum() }}", "template-not-allowed", 9, "a call"),
    body("indexing", "{{ quote['by'] }}", "template-not-allowed", 9, "indexing"),
    body("a slice", "{{ quote[:3] }}", "template-not-allowed", 9, "indexing"),
    body("joining", "{{ quote.by ~ quote.by }}", "template-not-allowed", 9, "joining, ~"),
    body("a sum", "{{ quote.by + quote.by }}", "template-not-allowed", 9, "arithmetic"),
    body("a constant", "{{ 7 }}", "template-not-allowed", 9, "a constant"),
    body("a text as a constant", "{{ 'x' }}", "template-not-allowed", 9, "a constant"),
    body("a list", "{{ [quote] }}", "template-not-allowed", 9, "a list"),
    body("a pair", "{{ quote, quote }}", "template-not-allowed", 9, "a list"),
    body("a dictionary", "{{ {'a': 'b'} }}", "template-not-allowed", 9, "a dictionary"),
    body("a comparison", "{% if quote.by < 'x' %}x{% endif %}", "template-not-allowed", 9,
         "a comparison, other than =="),
    body("a comparison with a number", "{% if quote.by == 7 %}x{% endif %}",
         "template-not-allowed", 9, "a constant, other than a text"),
    body("a condition in the braces", "{{ quote.by == 'x' }}", "template-not-allowed", 9,
         "a comparison"),
    body("a choice in the braces", "{{ quote.by if quote.by else quote.when }}",
         "template-not-allowed", 9, "a condition inside {{ }}"),
    body("a negation in the braces", "{{ not quote.by }}", "template-not-allowed", 9,
         "a condition inside {{ }}"),
    body("a test", "{% if quote is defined %}x{% endif %}", "template-not-allowed", 9, "a test"),
    body("an assignment", "{% set quote = 'x' %}", "template-not-allowed", 9, "{% set %}"),
    body("a long assignment", "{% set a %}x{% endset %}", "template-not-allowed", 9, "{% set %}"),
    body("a macro", "{% macro a() %}x{% endmacro %}", "template-not-allowed", 9, "{% macro %}"),
    body("a caller", "{% call a() %}x{% endcall %}", "template-not-allowed", 9, "{% call %}"),
    body("a filter block", "{% filter upper %}x{% endfilter %}", "template-not-allowed", 9,
         "{% filter %}"),
    body("a block", "{% block a %}x{% endblock %}", "template-not-allowed", 9, "{% block %}"),
    body("a with", "{% with a = 'x' %}x{% endwith %}", "template-not-allowed", 9, "{% with %}"),
    body("another file", "{% include '/etc/passwd' %}", "template-not-allowed", 9, "{% include %}"),
    body("an import", "{% import 'x' as y %}", "template-not-allowed", 9, "{% import %}"),
    body("an import of a name", "{% from 'x' import y %}", "template-not-allowed", 9,
         "{% import %}"),
    body("a parent", "{% extends 'x' %}", "template-not-allowed", 9, "{% extends %}"),
    body("escaping", "{% autoescape true %}x{% endautoescape %}", "template-not-allowed", 9,
         "{% autoescape %}"),
    body("raw text", "{% raw %}{{ quote }}{% endraw %}", "template-not-allowed", 9, "{% raw %}"),
    body("white space taken away", "{{- quote.by }}", "template-not-allowed", 9, "- or + inside",
         "Take it out"),
    body("a number too long", "{{ " + "9" * 5000 + " }}", "template-not-allowed", 4,
         "such numbers"),
    body("brackets too deep", "{{ " + "(" * 4000 + "quote" + ")" * 4000 + " }}",
         "template-not-allowed", 4, "nested so deep"),
    body("conditions too deep", "{% if quote %}" * 30 + "{% endif %}" * 30, "template-not-allowed",
         9, "more than 20 deep"),
    body("a condition too long", "{% if quote" + " and quote" * 900 + " %}x{% endif %}",
         "template-not-allowed", 9, "more than 20 deep"),
    body("not, too often", "{% if " + "not " * 2000 + "quote %}x{% endif %}",
         "template-not-allowed", 4, "nested so deep"),
    bad("a body too long", QUOTE, "{{ hashtag }}\n", "{{ hashtag }}\n" + "x" * 10_000,
        "template-too-long", 4, "at most 10,000", "Shorten it"),
]  # fmt: skip

SECRETS = [
    f'api_key = "{KEY}"',
    f"The key is {KEY}.",
    f"X_API_SECRET={KEY}{KEY}",
    f"A{'A' * 20}{KEY}",
    f"Authorization: Bearer {KEY}",
    f"1234567890-{KEY}{KEY[:15]}",
    "password = hunter2",
    "token: s3cretword",
    "-----BEGIN RSA PRIVATE KEY-----",
    "postgres://bot:hunter2@db.example.org/bot",
    "abcd-2fgh-ijkl-mnop",
    f"ghp_{KEY}",
    "Xa9-" + KEY[:18] + "_" + KEY[:20],
]
SECRET_CASES = [
    Bad(f"secret {number}", {path: str(FILES.get(path, "\n")) + f"# {secret}\n"}, "secret", where,
        "Here seems to stand", "Secrets belong in .env")
    for number, secret in enumerate(SECRETS)
    for path, where in [
        (WATCH, f"{WATCH}:15"), (MEDIA, f"{MEDIA}:4"), ("messages/notes.md", "messages/notes.md:2"),
    ]
]  # fmt: skip

CASES = [
    *FILE_CASES, *TOML_CASES, *KEY_CASES, *CAMPAIGN_CASES, *STATEMENT_CASES, *SHORT_CASES,
    *HEAD_CASES, *BODY_CASES, *DANGER_CASES, *SECRET_CASES,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_content(case: Bad, tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **case.files)
    loaded = read(root, known_networks=NETWORKS)
    problems = loaded.problems
    found = [p for p in problems if (p.rule, str(p.where)) == (case.rule, case.where)]
    assert len(found) == 1, told(problems)
    assert case.what in found[0].what
    assert case.fix in found[0].fix
    assert found[0].severity == case.severity
    assert bool(loaded.fatal or loaded.left_out) == (case.severity == "error")
    assert problems == found, told(problems)


def told(problems: list[Problem]) -> str:
    return "\n".join(f"{problem.rule}: {problem}" for problem in problems)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_without_lint_nothing_that_makes_a_wrong_post_passes(case: Bad, tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **case.files)
    loaded = read(root, known_networks=NETWORKS, lint=False)
    passes = case.severity == "warning" or case.rule == "secret"
    assert bool(loaded.fatal or loaded.left_out) != passes, told(loaded.problems)
    assert bool(loaded.problems) != passes


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    files = {
        CAMPAIGN: changed(CAMPAIGN, "hashtag =", "hashtga ="),
        DOCKERS: changed(DOCKERS, 'by = "roe"', 'by = "doe"'),
        WATCH: "publisher = ",
        QUOTE: changed(QUOTE, "{{ quote }}", "{{ qoute }}"),
        MEDIA: changed(MEDIA, 'alt = "The words: stand with the harbour."', ""),
    }
    root = write_campaign(tmp_path, **files)
    problems = read(root, known_networks=NETWORKS).problems
    assert {problem.where.file for problem in problems} == set(files)
    places = [(problem.where.file, problem.where.line or 0) for problem in problems]
    assert places == sorted(places)


def test_a_stray_file_does_not_stand_for_a_statement(tmp_path: Path) -> None:
    files = {DOCKERS: None, WATCH: None, "messages/statements/README.md": ""}
    problems = read(write_campaign(tmp_path, **files), known_networks=NETWORKS).problems
    assert [problem.rule for problem in problems] == ["nothing-there", "stray-file"]


def test_what_a_broken_file_holds_is_not_called_unknown(tmp_path: Path) -> None:
    for number, path in enumerate((CAMPAIGN, WATCH, MEDIA)):
        root = write_campaign(tmp_path / str(number), **{path: "="})
        problems = read(root, known_networks=NETWORKS).problems
        assert [problem.where.file for problem in problems] == [path], told(problems)


@pytest.mark.parametrize("path", [CAMPAIGN, DOCKERS, QUOTE])
def test_a_link_that_leaves_the_folder(path: str, tmp_path: Path) -> None:
    root = write_campaign(tmp_path / "campaign", **{path: None})
    (tmp_path / "outside").write_text(str(FILES[path]))
    (root / path).symlink_to(tmp_path / "outside")
    problems = read(root, known_networks=NETWORKS).problems
    assert ("path-outside", path) in {(p.rule, str(p.where)) for p in problems}
    assert "Put the file itself here." in {problem.fix for problem in problems}


@pytest.mark.parametrize("folder", ["messages", "messages/statements", "messages/templates"])
def test_a_folder_that_is_a_link_outside(folder: str, tmp_path: Path) -> None:
    root = write_campaign(tmp_path / "campaign")
    (root / folder).rename(tmp_path / "outside")
    (root / folder).symlink_to(tmp_path / "outside")
    problems = read(root, known_networks=NETWORKS).problems
    assert {problem.rule for problem in problems} == {"path-outside"}


def test_a_link_to_itself(tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **{QUOTE: None})
    (root / QUOTE).symlink_to("quote.txt")
    problems = read(root, known_networks=NETWORKS).problems
    assert [(p.rule, p.where.file) for p in problems] == [("unreadable", QUOTE)]


def test_a_device_is_never_read(tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **{QUOTE: None})
    os.mkfifo(root / QUOTE)
    problems = read(root, known_networks=NETWORKS).problems
    assert [(p.rule, p.where.file) for p in problems] == [("unreadable", QUOTE)]


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    root = write_campaign(tmp_path)
    os.close(os.open(os.fsencode(root / "messages/templates") + b"/\xff.txt", os.O_CREAT))
    problems = read(root, known_networks=NETWORKS).problems
    assert [(p.rule, str(p.where)) for p in problems] == [("bad-id", "messages/templates/?.txt")]


def test_media_that_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(b"")
    for number, file in enumerate(("../../outside.png", str(tmp_path / "outside.png"))):
        media = changed(MEDIA, "square.png", file)
        root = write_campaign(tmp_path / str(number), **{MEDIA: media})
        problems = read(root, known_networks=NETWORKS).problems
        assert [(p.rule, str(p.where)) for p in problems] == [("path-outside", f"{MEDIA}:2")]


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    root = write_campaign(tmp_path, **{WATCH: str(FILES[WATCH]) + f"# {KEY}\n"})
    problems = read(root, known_networks=NETWORKS).problems
    assert KEY[:8] not in told(problems)


def test_no_secret_in_what_people_write(statements: Mapping[str, str]) -> None:
    written = [
        "See https://drive.google.com/file/d/1A2bC3dE4fG5hI6jK7lM8nO9pQ0rS1tU2/view",
        "frame = 'https://www.facebook.com/profilepicframes/?selected_overlay_id=681055822754917'",
        'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'source = "000_3cb98635bb984de4.txt"',
        "#StandWithBelarus_infographic2020_square_and_poster",
        "The secret: nobody knows it. A password: they never had one.",
        "2020-2021-2022-2023 Call 0032-2224-0211",
        "BelarusStrikesAndWorkplaceProtests2020",
        "solidarity-Frame-For-The-28th-Congress-2026-Poster-A3.png",
        *(line for text in statements.values() for line in text.split("\n")),
        *(line for text in FILES.values() if isinstance(text, str) for line in text.split("\n")),
    ]
    assert [line for line in written if secret_in(line)] == []


def test_the_error_names_the_first_problems(tmp_path: Path) -> None:
    files = {
        CAMPAIGN: changed(CAMPAIGN, "hashtag =", "hashtga ="),
        QUOTE: changed(QUOTE, "{{ quote }}", "{{ qoute }}"),
        "messages/templates/a-stray-file": "",
    }
    root = write_campaign(tmp_path, **files)
    with pytest.raises(ContentError) as caught:
        load(root, NETWORKS)
    assert str(caught.value).split("\n") == [
        f"{CAMPAIGN}:3: Unknown key `hashtga`; did you mean `hashtag`?",
        f"1 more: {QUOTE}:4",
        "Run `bot check` to see each problem of the content, and what to do about it.",
    ]
    assert caught.value.exit_code == 1
    assert [problem.severity for problem in caught.value.problems] == ["error"] * 2


def test_the_error_does_not_name_all_of_many_problems(tmp_path: Path) -> None:
    files = {
        CAMPAIGN: changed(CAMPAIGN, "hashtag =", "hashtga ="),
        QUOTE: changed(QUOTE, "{{ quote }}", "{{ a }}{{ b }}{{ c }}"),
    }
    with pytest.raises(ContentError) as caught:
        load(write_campaign(tmp_path, **files), NETWORKS)
    place = f"{QUOTE}:4"
    assert str(caught.value).split("\n")[1] == f"4 more: {place}, {place}, {place}, …"


def test_the_error_for_one_problem_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="--root DIR") as caught:
        load(tmp_path / "nowhere", NETWORKS)
    assert len(str(caught.value).split("\n")) == 3


PATHS = [*FILES, LOCK, "messages/templates/another.txt", "messages/statements/another.toml"]
PIECES = st.sampled_from(
    ["[", "]", "{", "}", '"', '"""', "'", "=", "\n", "\\", "…", "{{", "}}", "{%", "%}", "{#", "#",
     "---\n", "[a]\n", "a = ", "if ", "endif", "@x", "\0", "9" * 40, "[quotes.stand]\n", "🙂"]
)  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path, and arbitrary bytes for it: from nowhere, or made of what should be there."""
    path = draw(st.sampled_from(PATHS))
    content = FILES.get(path, "")
    whole = content.encode() if isinstance(content, str) else content
    if draw(st.booleans()):
        return path, draw(st.binary(max_size=80))
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 30)))
    new = draw(st.one_of(st.binary(max_size=4), st.lists(PIECES, max_size=4).map("".join)))
    put = new.encode() if isinstance(new, str) else new
    return path, whole[:start] + put + whole[end:]


@settings(max_examples=300, deadline=None)
@given(st.lists(mangled(), min_size=1, max_size=3), st.booleans())
def test_loading_never_raises(files: list[tuple[str, bytes]], lint: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = write_campaign(Path(folder), **dict(files))
        loaded = read(root, known_networks=NETWORKS, lint=lint)
        problems = [*loaded.fatal, *loaded.problems, *loaded.left_out]
        errors = [problem for problem in problems if problem.severity == "error"]
        assert bool(loaded.campaign.left_out or loaded.fatal) == bool(errors)
        for problem in problems:
            check_place(root, problem)


def check_place(root: Path, problem: Problem) -> None:
    """A problem names a file, or a folder, and a line that is there."""
    assert problem.where.file
    assert problem.what
    if problem.where.line is not None:
        lines = (root / problem.where.file).read_bytes().count(b"\n") + 1
        assert 1 <= problem.where.line <= lines, problem


def test_a_day_of_another_language_is_no_guess(tmp_path: Path) -> None:
    """`lundi` is Monday, and not `sun`."""
    for number, day in enumerate(("lundi", "lun", "don", "dim", "zondag", "domingo")):
        text = changed(CAMPAIGN, "times = ", f'days = ["{day}"]\ntimes = ')
        root = write_campaign(tmp_path / str(number), **{CAMPAIGN: text})
        (problem,) = read(root, known_networks=NETWORKS).problems
        assert "did you mean" not in str(problem)
