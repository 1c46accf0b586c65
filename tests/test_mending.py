"""`bot check --fix` mends what leaves no choice, shows it, and touches nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.cli.shared import NETWORKS
from bot.content import read
from bot.content.reading import Reader
from bot.mending import Mended, mend
from tests.content.builder import FILES, changed, write_campaign

CAMPAIGN = "messages/campaign.toml"
DOCKERS = "messages/statements/dockers.toml"
QUOTE = "messages/templates/quote.txt"
DEMAND = "messages/templates/demand.txt"
FACT = "messages/templates/fact.txt"
FRAME = "messages/templates/frame.txt"
MEDIA = "media/media.toml"

Case = tuple[str, str, str, str]

MENDED: list[Case] = [
    ("unknown-key", DOCKERS, 'publisher = "The', 'publsher = "The'),
    ("unknown-key", DOCKERS, "[quotes.stand]", "[qoutes.stand]"),
    ("unknown-key", DOCKERS, 'short = ["We', 'Short = ["We'),
    ("unknown-key", DOCKERS, "superseded_by", "superseeded_by"),
    ("unknown-key", CAMPAIGN, "timezone = ", "timzone = "),
    ("unknown-key", CAMPAIGN, "[schedule]", "[shedule]"),
    ("unknown-key", CAMPAIGN, "network = ", "netwrok = "),
    ("unknown-key", QUOTE, "attach: square", "attatch: square"),
    ("template-unknown-kind", QUOTE, "draws: quote", "draws: qoute"),
    ("template-unknown-asset", QUOTE, "attach: square", "attach: sqare"),
    ("template-unknown-link", FRAME, "needs: frame", "needs: fraem"),
    ("template-unknown-name", QUOTE, "{{ quote }}", "{{ qoute }}"),
    ("template-unknown-name", QUOTE, "{{ hashtag }}", "{{ hashtg }}"),
    ("template-unknown-attribute", QUOTE, "quote.when", "quote.wehn"),
    ("template-unknown-attribute", DEMAND, "if demand.by != demand.publisher",
     "if demand.by != demand.publsher"),
    ("template-head", QUOTE, "attach: square", "attach: square, square"),
    *(("template-no-body", QUOTE, "---\n", f"{rule}\n") for rule in ("--", "—-", "–", " ---- ")),
    ("template-no-body", QUOTE, "---\n", ""),
    ("template-no-body", DEMAND, "language: en\n---\n", "language: en\n"),
    ("template-hashtag", FACT, "{{ hashtag }}\n", "{{ hashtag }}\n\n{{ hashtag }}\n"),
    ("template-hashtag", FACT, "{{ hashtag }}\n", "{{ hashtag }}\n#StandWithTheHarbour\n"),
    *(("template-hashtag", QUOTE, "{{ hashtag }}", wrong) for wrong in
      ("{{ hashtag }} #StandWithTheHarbour", "#StandWithTheHarbour {{ hashtag }}",
       "#StandWithTheHarbour\n{{ hashtag }}", "#standwiththeharbour\n\n{{ hashtag }}",
       "{{hashtag}} #StandWithTheHarbour", "Stand up! #StandWithTheHarbour\n{{ hashtag }}",
       "{{ hashtag }}\n\n#StandWithTheHarbour")),
    ("template-unknown-attribute", DEMAND, "demand.when", "demand.whn"),
    ("template-unknown-attribute", DEMAND, "{{ demand.to }}", "{{ demand.too }}"),
    ("template-unknown-attribute", QUOTE, "{{ quote.by }}", "{{ quote.bye }}"),
    ("template-unknown-link", FRAME, "{{ links.frame }}", "{{ links.fraem }}"),
    ("template-unknown-name", QUOTE, "{{ quote }}", "{{ Quote }}"),
    ("template-unknown-name", QUOTE, "{{ quote.by }}", "{{ Quote.by }}"),
    ("template-unknown-name", QUOTE, "{{ hashtag }}", "{{ Hashtag }}"),
    ("own-field", DEMAND, "{{ demand.to }}", "{ demand.to }"),
    ("own-field", DEMAND, "{{ demand.to }}", "[[ demand.to ]]"),
    ("own-field", QUOTE, "{{ quote }}", "{{ quote }}}"),
    ("own-field", QUOTE, "{{ quote.when }}", "{quote.when}"),
    ("own-field", QUOTE, "{{ quote.when }}", "{{ quote.when }"),
    ("own-field", QUOTE, "{{ hashtag }}", "$hashtag"),
    ("template-marks", QUOTE, "{{ quote }}", "“{{ quote }}”"),
    ("template-marks", QUOTE, "{{ quote }}", '"{{quote}}"'),
    ("template-marks", QUOTE, "{{ quote }}", "« {{ quote }} »"),
    ("quotation-marks", DOCKERS, '"The right to strike is a human right."',
     '"“The right to strike is a human right.”"'),
    ("quotation-marks", DOCKERS, '"sign the agreement of 2019"',
     '"\\"sign the agreement of 2019\\""'),
    ("speaker-order", DOCKERS,
     '["Jane Roe, President of the Dockers\' Union", "Jane Roe, Dockers\' Union"]',
     '["Jane Roe, Dockers\' Union", "Jane Roe, President of the Dockers\' Union"]'),
    ("speaker-order", DOCKERS,
     '["Jane Roe, President of the Dockers\' Union", "Jane Roe, Dockers\' Union"]',
     '[\n  "Jane Roe, Dockers\' Union",  # in short\n'
     '  "Jane Roe, President of the Dockers\' Union",\n]'),
    ("short-length", DOCKERS,
     '["We stand with the crews – all of them.", "We stand with the crews …"]',
     '["We stand with the crews …", "We stand with the crews – all of them."]'),
    ("short-ellipsis", DOCKERS, '"We stand with the crews …"', '"We stand with the crews..."'),
    ("short-ellipsis", DOCKERS, '"We stand with the crews …"', '"We stand with the crews…"'),
    ("bad-hashtag", CAMPAIGN, '"#StandWithTheHarbour"', '"StandWithTheHarbour"'),
    ("toml-syntax", CAMPAIGN, '"Stand with the Harbour"', "“Stand with the Harbour”"),
    ("toml-syntax", CAMPAIGN, '"Stand with the Harbour"', "« Stand with the Harbour »"),
    ("toml-syntax", CAMPAIGN, '"Stand with the Harbour"', '"Stand with the Harbour”'),
    ("toml-syntax", CAMPAIGN, '["12:00"]', "[“12:00”]"),
    ("toml-syntax", CAMPAIGN, "name = ", "name\u00a0=\u202f"),
    ("toml-syntax", CAMPAIGN, "[schedule]", "[schedule]\u200b"),
    ("toml-syntax", CAMPAIGN, 'network = "x"', "network\u3000\uff1d\u00a0“x”"),
    ("toml-syntax", DOCKERS, '"sign the agreement of 2019"', "‘sign the agreement of 2019’"),
    ("toml-syntax", DOCKERS,
     '["Jane Roe, President of the Dockers\' Union", "Jane Roe, Dockers\' Union"]',
     "[“Jane Roe, President of the Dockers' Union”, “Jane Roe, Dockers' Union”]"),
    ("toml-syntax", MEDIA, '"square.png"', "“square.png”"),
]  # fmt: skip
"""A rule, a file, how it is right, and how it was written."""


def names(cases: list[Case]) -> list[str]:
    return [f"{case[0]}: {case[3][:30]}" for case in cases]


def broken(root: Path, case: Case) -> tuple[Path, str]:
    """The tiny campaign with the case's mistake in it; and the file's text then."""
    _, path, right, wrong = case
    text = str(FILES[path]).replace(right, wrong, 1)
    assert text != FILES[path], case
    write_campaign(root, **{path: text})
    return root / path, text


def mended(root: Path) -> list[Mended]:
    done = mend(root, NETWORKS)
    assert mend(root, NETWORKS) == [], "the second time there is nothing to mend"
    return done


@pytest.mark.parametrize("case", MENDED, ids=names(MENDED))
def test_what_leaves_no_choice_is_mended(tmp_path: Path, case: Case) -> None:
    file, text = broken(tmp_path, case)
    before = read(tmp_path, known_networks=NETWORKS).problems
    assert case[0] in {problem.rule for problem in before}
    done = mended(tmp_path)
    assert [each.problem.rule for each in done] == [case[0]]
    now = file.read_text(encoding="utf-8")
    assert now != text
    assert read(tmp_path, known_networks=NETWORKS).problems == []
    for line in done[0].removed:
        assert line in text.splitlines()
    for line in done[0].added:
        assert line in now.splitlines()
    gone = len(now.splitlines()) - len(text.splitlines())
    assert len(done[0].added) - len(done[0].removed) == gone


ROUND_TRIPS = [case for case in MENDED if "[\n" not in case[3] and case[0] != "template-hashtag"]


@pytest.mark.parametrize("case", ROUND_TRIPS, ids=names(ROUND_TRIPS))
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_rest_of_the_file_stays_to_the_byte(tmp_path: Path, case: Case, end: str) -> None:
    file, text = broken(tmp_path, case)
    file.write_bytes(f"\ufeff{text.rstrip()}".replace("\n", end).encode())
    mended(tmp_path)
    right = str(FILES[case[1]]).rstrip().replace("\n", end)
    now = file.read_bytes().decode().removeprefix("\ufeff")
    if case[0] == "short-ellipsis":
        now, right = now.replace(" …", "…"), right.replace(" …", "…")
    assert re.sub(r"(?<=\{\{) | (?=\}\})", "", now) == re.sub(r"(?<=\{\{) | (?=\}\})", "", right)
    assert file.read_bytes().startswith("\ufeff".encode())


def test_a_list_keeps_what_is_between_its_texts(tmp_path: Path) -> None:
    case = next(case for case in MENDED if "# in short" in case[3])
    file, _ = broken(tmp_path, case)
    mended(tmp_path)
    assert '[\n  "Jane Roe, President of the Dockers\' Union",  # in short\n' in file.read_text()


def test_marks_in_texts_and_comments_stay(tmp_path: Path) -> None:
    wrong = changed(CAMPAIGN, '"12:00"', '“12:00”, # “noon”\u00a0\n  "= “18:00”, "')
    write_campaign(tmp_path, **{CAMPAIGN: wrong})
    assert [each.problem.rule for each in mended(tmp_path)] == ["toml-syntax"]
    right = wrong.replace("[“12:00”", '["12:00"')
    assert (tmp_path / CAMPAIGN).read_text(encoding="utf-8") == right


def test_marks_are_mended_wherever_they_stand_and_the_rest_is_told(tmp_path: Path) -> None:
    """A file that couldn't be read may have more that is wrong: that counts for nothing."""
    wrong = str(FILES[CAMPAIGN]).replace('"', "“").replace("timezone", "timezon")
    write_campaign(tmp_path, **{CAMPAIGN: wrong})
    assert [each.problem.rule for each in mended(tmp_path)] == ["toml-syntax", "unknown-key"]
    assert (tmp_path / CAMPAIGN).read_text(encoding="utf-8") == FILES[CAMPAIGN]
    write_campaign(tmp_path, **{CAMPAIGN: wrong.replace("timezon ", "tz ")})
    assert [each.problem.rule for each in mended(tmp_path)] == ["toml-syntax"]
    left = [problem.rule for problem in read(tmp_path, known_networks=NETWORKS).problems]
    assert left == ["missing-key", "unknown-key"]


def test_of_two_hashtags_the_typed_one_goes(tmp_path: Path) -> None:
    cases = [case for case in MENDED if case[0] == "template-hashtag" and case[1] == QUOTE]
    assert len(cases) > 5
    for number, case in enumerate(cases):
        file, _ = broken(tmp_path / str(number), case)
        mended(tmp_path / str(number))
        assert "#" not in file.read_text(encoding="utf-8"), case


@pytest.mark.parametrize("case", [case for case in MENDED if "unknown-" in case[0]], ids=str)
def test_a_misspelt_name_is_told_once(tmp_path: Path, case: Case) -> None:
    """Not a second time as something that is never printed."""
    broken(tmp_path, case)
    rules = {problem.rule for problem in read(tmp_path, known_networks=NETWORKS).problems}
    assert rules & {"template-not-printed", "template-attribution", "template-when"} == set()


LEFT: list[Case] = [
    ("template-hashtag", QUOTE, "— {{", "Say #StandWithTheHarbour with us! — {{"),
    ("toml-syntax", DOCKERS, '"sign the agreement of 2019"', "“sign the “agreement” of 2019”"),
    ("toml-syntax", CAMPAIGN, "[schedule]", "starts = 2026-13-01\n[schedule]"),
    ("unknown-key", DOCKERS, 'to = "the Port Authority"\ntext = "The',
     'too = "the Port Authority"\ntext = "The'),
    ("unknown-key", DOCKERS, 'by = "roe"', 'yb = "roe"'),
    ("unknown-key", DOCKERS, "[quotes.stand]\n", '[quotes.stand]\nnote = "seen"\n'),
    ("unknown-key", DOCKERS, 'text = "The right', 'text = "The left"\ntexts = "The right'),
    ("unknown-key", MEDIA, "alt = ", "altt = "),
    ("unknown-speaker", DOCKERS, 'by = "roe"', 'by = "rou"'),
    ("template-unknown-kind", QUOTE, "draws: quote", "draws: citation"),
    ("template-unknown-asset", QUOTE, "attach: square", "attach: poster"),
    ("template-hashtag", FACT, "{{ hashtag }}", "{{ hashtag }}, once more {{ hashtag }}"),
    ("template-not-drawn", QUOTE, "{{ quote.when }}", "{{ quote.when }} {{ demand.to }}"),
    ("short-own-words", DOCKERS, '"We stand with the crews …"', '"We stood with the crews …"'),
    ("short-ellipsis", DOCKERS, '"We stand with the crews …"', '"We stand with the crews"'),
    ("alt-missing", MEDIA, '"The words: stand with the harbour."', '""'),
    ("mention", QUOTE, "— {{", "@roe {{"),
    ("own-field", DEMAND, "{{ demand }}\n", "{{ demand }}\nIt was a demand.to them all.\n"),
    ("own-field", DOCKERS, 'to = "the Port Authority"\ntext = "The',
     'to = "{ demand.to }"\ntext = "The'),
    ("own-braces", QUOTE, "{{ quote.when }}", "{{ quote.when }} { sic }"),
    ("own-placeholder", QUOTE, "{{ quote.when }}", "{{ quote.when }} [TODO]"),
    ("bad-hashtag", CAMPAIGN, '"#StandWithTheHarbour"', '"Stand with the harbour"'),
    ("toml-syntax", DOCKERS, 'when = "May 2021"', "when = May 2021"),
    ("missing-key", DOCKERS, 'when = "May 2021"\n', ""),
]  # fmt: skip


@pytest.mark.parametrize("case", LEFT, ids=names(LEFT))
def test_what_a_person_must_decide_is_left(tmp_path: Path, case: Case) -> None:
    file, _ = broken(tmp_path, case)
    before = file.read_bytes()
    problems = read(tmp_path, known_networks=NETWORKS).problems
    assert case[0] in {problem.rule for problem in problems}
    assert all(problem.fix for problem in problems)
    assert mend(tmp_path, NETWORKS) == []
    assert file.read_bytes() == before


def test_of_two_that_are_near_none_is_taken(tmp_path: Path) -> None:
    media = f'{FILES[MEDIA]!s}\n[assets.squarf]\nfile = "squarf.png"\nalt = "Another."\n'
    write_campaign(
        tmp_path,
        **{
            MEDIA: media,
            "media/squarf.png": FILES["media/square.png"],
            QUOTE: changed(QUOTE, "attach: square", "attach: squarg"),
        },
    )
    assert mend(tmp_path, NETWORKS) == []


def test_a_table_that_is_misspelt_in_every_header(tmp_path: Path) -> None:
    text = str(FILES[DOCKERS]).replace("[demands.", "[demnads.")
    write_campaign(tmp_path, **{DOCKERS: text})
    (done,) = mended(tmp_path)
    assert len(done.added) >= 2
    assert (tmp_path / DOCKERS).read_text(encoding="utf-8") == FILES[DOCKERS]


def test_several_mistakes_in_several_files(tmp_path: Path) -> None:
    write_campaign(
        tmp_path,
        **{
            CAMPAIGN: changed(CAMPAIGN, "timezone", "timezon"),
            QUOTE: changed(QUOTE, "attach: square", "atach: sqare").replace("quote }}", "qoute }}"),
        },
    )
    done = mended(tmp_path)
    assert len(done) == 4
    assert read(tmp_path, known_networks=NETWORKS).problems == []
    assert (tmp_path / QUOTE).read_text(encoding="utf-8") == FILES[QUOTE]
    assert (tmp_path / CAMPAIGN).read_text(encoding="utf-8") == FILES[CAMPAIGN]


def test_what_an_editor_saved_as_unicode_becomes_utf_8(tmp_path: Path) -> None:
    text = str(FILES[DOCKERS])
    write_campaign(tmp_path, **{DOCKERS: text.encode("utf-16")})
    (done,) = mended(tmp_path)
    assert done.problem.rule == "not-utf8"
    assert (tmp_path / DOCKERS).read_text(encoding="utf-8") == text


def test_other_encodings_are_not_guessed(tmp_path: Path) -> None:
    write_campaign(tmp_path, **{DOCKERS: 'publisher = "Gewerkschaft für Häfen"'.encode("latin-1")})
    assert mend(tmp_path, NETWORKS) == []


def test_a_sound_campaign_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_campaign(tmp_path)
    monkeypatch.setattr("bot.mending.write_whole", None)
    assert mend(tmp_path, NETWORKS) == []


def test_a_mend_that_would_change_words_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should a mend ever go wrong, what comes of it is looked at before it is written."""
    from bot import mending

    file, text = broken(tmp_path, next(case for case in MENDED if case[0] == "quotation-marks"))
    worse = {
        "quotation-marks": lambda problem, lines, at, hashtag: [
            line.replace("“The right to strike is a human right.”", "Strikes are a human right.")
            for line in lines
        ]
    }
    monkeypatch.setattr(mending, "_MENDERS", worse)
    assert mend(tmp_path, NETWORKS) == []
    assert file.read_text(encoding="utf-8") == text


def test_a_mend_of_something_else_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot import mending

    write_campaign(tmp_path, **{QUOTE: changed(QUOTE, "draws: quote", "drws: qoute\natach: x")})
    before = (tmp_path / QUOTE).read_bytes()
    elsewhere = {
        "unknown-key": lambda problem, lines, at, hashtag: [
            line for line in lines if not line.startswith("drws" if at else "atach")
        ]
    }
    monkeypatch.setattr(mending, "_MENDERS", elsewhere)
    assert mend(tmp_path, NETWORKS) == []
    assert (tmp_path / QUOTE).read_bytes() == before


def test_a_text_in_place_of_a_file_counts_like_one(tmp_path: Path) -> None:
    from bot.content.reading import Findings

    write_campaign(tmp_path, **{QUOTE: None})
    instead = {QUOTE: "draws: quote", "messages/other/new.txt": "x"}
    reader = Reader(tmp_path, Findings(), instead)
    assert reader.text(QUOTE) == "draws: quote"
    assert (QUOTE, "quote") in reader.names("messages/templates", ".txt")
    assert reader.names("messages/other", ".txt") == [("messages/other/new.txt", "new")]
