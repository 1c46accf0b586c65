"""Passages against their source texts, and the lock."""

from __future__ import annotations

import difflib
import hashlib
import stat
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from bot import provenance
from bot.content import read
from bot.content.lock import PATH as LOCK
from bot.content.lock import (
    Lock,
    check_passages,
    left_over,
    lock_text,
    read_lock,
    write_lock,
)
from bot.content.words import normalise
from bot.domain import Campaign, Problem
from bot.provenance import Source
from tests.content.builder import FILES, NETWORKS, SOURCES, changed, write_campaign

DOCKERS = "messages/statements/dockers.toml"
WATCH = "messages/statements/port-watch.toml"


def campaign_of(root: Path, **overrides: str | bytes | None) -> Campaign:
    """The tiny campaign without a lock; what was locked before stays so."""
    files = {LOCK: (root / LOCK).read_bytes() if (root / LOCK).exists() else None, **overrides}
    return read(write_campaign(root, **files), known_networks=NETWORKS).sound


def verify(
    campaign: Campaign, sources: Mapping[str, str], root: Path, today: date | None = None
) -> tuple[Lock, list[Problem]]:
    done = provenance.verify(campaign, sources, root, today)
    return done.lock, done.problems


def check_lock(campaign: Campaign, root: Path) -> list[Problem]:
    """What is wrong with the passages by the lock, and with the lock."""
    lock, problems = read_lock(root)
    found = dict.fromkeys(check_passages(campaign.passages, lock).values())
    return problems or [*found, *left_over(campaign, lock, root)]


def locked(root: Path, **overrides: str | bytes | None) -> Campaign:
    """The tiny campaign, verified and locked."""
    campaign = campaign_of(root, **overrides)
    lock, problems = verify(campaign, SOURCES, root)
    assert problems == []
    write_lock(root, lock)
    return campaign


def told(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.rule, str(problem.where)) for problem in problems]


def sources(old: str, new: str) -> dict[str, str]:
    """The dockers' source with one piece of it replaced."""
    text = SOURCES["dockers.txt"]
    assert text.count(old) == 1
    return SOURCES | {"dockers.txt": text.replace(old, new)}


# Verifying


def test_everything_is_found(tmp_path: Path) -> None:
    lock, problems = verify(campaign_of(tmp_path), SOURCES, tmp_path)
    assert problems == []
    assert {name: entry.source for name, entry in lock.statements.items()} == {
        "dockers": "dockers.txt",
        "port-watch": "port-watch.txt",
    }
    plain = normalise(SOURCES["dockers.txt"])
    assert lock.statements["dockers"].sha256 == hashlib.sha256(plain.encode()).hexdigest()
    assert set(lock.statements["dockers"].words) == {"stand", "right", "talk", "sign", "fined"}


def test_the_lock_says_on_which_day_words_were_first_found_as_they_are(tmp_path: Path) -> None:
    first, second, third = date(2026, 1, 1), date(2026, 2, 2), date(2026, 3, 3)

    def days(campaign: Campaign, sources: Mapping[str, str], today: date) -> list[str]:
        lock, _ = verify(campaign, sources, tmp_path, today)
        write_lock(tmp_path, lock)
        assert {n: e.verified for n, e in read_lock(tmp_path)[0].statements.items()} == {
            name: entry.verified for name, entry in lock.statements.items()
        }
        return [lock.statements[name].verified for name in ("dockers", "port-watch")]

    campaign = campaign_of(tmp_path)
    assert days(campaign, SOURCES, first) == ["2026-01-01", "2026-01-01"]
    assert days(campaign, SOURCES, second) == ["2026-01-01", "2026-01-01"], "nothing is new"
    edited = campaign_of(tmp_path, **{DOCKERS: changed(DOCKERS, "May 2021", "spring 2021")})
    only = {"dockers.txt": SOURCES["dockers.txt"]}
    assert days(edited, only, third) == ["2026-03-03", "2026-01-01"]


def test_a_lock_without_days_gets_them_only_from_a_comparison(tmp_path: Path) -> None:
    campaign = locked(tmp_path)
    only = {"dockers.txt": SOURCES["dockers.txt"]}
    lock, _ = verify(campaign, only, tmp_path, date(2026, 1, 1))
    assert [lock.statements[name].verified for name in ("dockers", "port-watch")] == [
        "2026-01-01",
        "",
    ]


def test_it_writes_nothing_by_itself(tmp_path: Path) -> None:
    verify(campaign_of(tmp_path), SOURCES, tmp_path)
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("“We stand", '"We stand'),
        ("crews — all", "crews - all"),
        ("stand with", "stand\u00a0\n\twith"),
        ("a human right.", "a human right"),
    ],
)
def test_quotes_dashes_and_white_space_may_differ(old: str, new: str, tmp_path: Path) -> None:
    files = {DOCKERS: changed(DOCKERS, "is a human right.", "is a human right")}
    _, problems = verify(campaign_of(tmp_path, **files), sources(old, new), tmp_path)
    assert problems == []


@pytest.mark.parametrize(
    ("old", "new", "line", "theirs", "ours"),
    [
        ("a human right", "a Human right", 12, "is a Human right", "is a human right"),
        ("with the crews —", "with the crew —", 7, "with the crew -", "with the crews -"),
        ("They will not be", "They will be", 7, "They will be", "They will not be"),
        ("must talk with the", "must really talk with the", 15, "must really talk", "must talk"),
        ("2019.", "2020.", 20, "of 2020.", "of 2019"),
        ("Twelve crew", "twelve crew", 24, "twelve crew", "Twelve crew"),
        ("fined on Monday", "fined  on a Monday", 24, "on a Monday", "on Monday"),
    ],
)
def test_anything_else_may_not(
    old: str, new: str, line: int, theirs: str, ours: str, tmp_path: Path
) -> None:
    lock, problems = verify(campaign_of(tmp_path), sources(old, new), tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:{line}")]
    assert "is not in dockers.txt word for word" in problems[0].what
    has, where = problems[0].fix.split(" where this has ")
    assert theirs in has
    assert ours in where
    assert set(lock.statements) == {"port-watch"}


def test_final_punctuation_may_go_and_none_may_come(tmp_path: Path) -> None:
    gone = {WATCH: changed(WATCH, "was taken ill.", "was taken ill")}
    assert verify(campaign_of(tmp_path / "gone", **gone), SOURCES, tmp_path)[1] == []
    come = {DOCKERS: changed(DOCKERS, "whatever it costs", "whatever it costs.")}
    _, problems = verify(campaign_of(tmp_path / "come", **come), SOURCES, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:7")]
    assert 'has “… it costs," said' in problems[0].fix
    assert "this has “… it costs.”" in problems[0].fix


def test_part_of_a_word_is_not_the_word(tmp_path: Path) -> None:
    files = {DOCKERS: changed(DOCKERS, "crew members were", "crew member")}
    _, problems = verify(campaign_of(tmp_path, **files), SOURCES, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:24")]


def test_a_quote_must_be_direct_speech(tmp_path: Path) -> None:
    new = sources("“We stand", "We stand") | {}
    new["dockers.txt"] = new["dockers.txt"].replace("costs,”", "costs,")
    _, problems = verify(campaign_of(tmp_path), new, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:7")]
    assert "not between quotation marks" in problems[0].what
    assert "direct speech" in problems[0].fix


def test_a_quote_may_not_reach_over_the_end_of_the_speech(tmp_path: Path) -> None:
    new = sources("all of them. They", "all of them.” She said: “They")
    _, problems = verify(campaign_of(tmp_path), new, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:7")]


def test_companions_must_follow(tmp_path: Path) -> None:
    new = sources("talk with the crews and sign the agreement of 2019", "talk with the crews")
    new["dockers.txt"] = "They must sign the agreement of 2019.\n" + new["dockers.txt"]
    _, problems = verify(campaign_of(tmp_path), new, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:15")]
    assert "don't come after the words of `dockers/talk`" in problems[0].what


def test_short_forms_are_compared_with_the_source_themselves(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path)
    stand = campaign.passages["dockers/stand"]
    for short in ("We stand with their crews …", "all of them … We stand", "The right to strike …"):
        wrong = stand._replace(short=(short,))
        passages = {**campaign.passages, stand.id: wrong}
        _, problems = verify(campaign._replace(passages=passages), SOURCES, tmp_path)
        assert told(problems) == [("verify-not-found", f"{DOCKERS}:7")]
        assert "a short form has other words" in problems[0].what


def test_words_that_differ_in_a_space_only(tmp_path: Path) -> None:
    _, problems = verify(campaign_of(tmp_path), sources("on Monday.", "on Monday ."), tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:24")]
    assert "The nearest in the source: “" in problems[0].fix
    assert "on Monday ." in problems[0].fix


def test_words_that_differ_in_nothing_but_their_ends(tmp_path: Path) -> None:
    files = {
        DOCKERS: changed(DOCKERS, '"sign the agreement of 2019"', '"ign the agreement of 201"')
    }
    _, problems = verify(campaign_of(tmp_path, **files), SOURCES, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:20")]
    assert "sign" in problems[0].fix


def test_all_of_a_statement_must_be_in_one_source(tmp_path: Path) -> None:
    text = SOURCES["dockers.txt"]
    at = text.index("The Port")
    split = SOURCES | {"dockers.txt": text[:at], "more.txt": text[at:]}
    lock, problems = verify(campaign_of(tmp_path), split, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:{line}") for line in (7, 12)]
    assert {"more.txt"} == {problem.what.split(" is not in ")[1].split()[0] for problem in problems}
    assert set(lock.statements) == {"port-watch"}


def test_a_statement_without_a_source(tmp_path: Path) -> None:
    one = {"dockers.txt": SOURCES["dockers.txt"]}
    lock, problems = verify(campaign_of(tmp_path), one, tmp_path)
    assert told(problems) == [("verify-no-source", f"{WATCH}:1")]
    assert "bot verify SOURCE" in problems[0].fix
    assert set(lock.statements) == {"dockers"}


def test_what_was_verified_before_is_kept_where_its_source_is_not_given(tmp_path: Path) -> None:
    campaign = locked(tmp_path)
    for given in ({"dockers.txt": SOURCES["dockers.txt"]}, {}):
        lock, problems = verify(campaign, given, tmp_path)
        assert problems == []
        assert lock == read_lock(tmp_path)[0]


def test_what_was_verified_before_is_not_kept_after_an_edit(tmp_path: Path) -> None:
    locked(tmp_path)
    edited = campaign_of(tmp_path, **{WATCH: changed(WATCH, "was taken ill", "was taken in")})
    given = {"dockers.txt": SOURCES["dockers.txt"]}
    assert told(verify(edited, given, tmp_path)[1]) == [("verify-no-source", f"{WATCH}:1")]


def test_what_was_verified_before_is_not_kept_where_its_source_has_changed(tmp_path: Path) -> None:
    campaign = locked(tmp_path)
    _, problems = verify(campaign, sources("a human right", "a basic right"), tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:12")]


def test_an_unreadable_lock_does_not_stand_in_the_way(tmp_path: Path) -> None:
    campaign = campaign_of(tmp_path, **{LOCK: "<<<<<<< HEAD\n"})
    assert verify(campaign, SOURCES, tmp_path)[1] == []


@pytest.mark.parametrize(
    ("text", "words", "is_speech"),
    [
        ("He said: “Yes, we do.” Then he left.", "Yes, we do", True),
        ("He said: “Yes, we do.” Then he left.", "Then he left", False),
        ('He said: "Yes." Then "No."', "No", True),
        ('He said: "Yes." Then "No."', "Then", False),
        ("Er sagte: „Ja, wir.“ Dann ging er. „Nein.“", "Ja, wir", True),
        ("Er sagte: „Ja, wir.“ Dann ging er. „Nein.“", "Dann ging er", False),
        ("Il dit : « Oui. » Puis il part. « Non. »", "Oui", True),
        ("Il dit : « Oui. » Puis il part. « Non. »", "Puis il part", False),
        ("“One.\n\n“Two.\n\n“Three,” she said. “Four.”", 'One. "Two. "Three', True),
        ("“One.\n\n“Two.\n\n“Three,” she said. “Four.”", "she said", False),
        ("“One.\n\n“Two.\n\n“Three,” she said. “Four.”", "Four", True),
        ('"One.\n\n"Two," she said. "Three."', 'One. "Two', True),
        ('"One.\n\n"Two," she said. "Three."', "she said", False),
        ('"One," she said.\n\n"Two," he said.', "he said", False),
        ("“He told me “go home” and left.” So.", "and left", True),
        ("“He told me “go home” and left.” So.", "So", False),
        ("“Never closed.\n\nAnother paragraph.", "Never closed", False),
        ("Never opened.” Another sentence.", "Never opened", False),
    ],
)
def test_what_is_direct_speech(text: str, words: str, is_speech: bool) -> None:
    source = Source(text)
    assert [source.is_speech(span) for span in source.text.find(words)] == [is_speech]


# The lock


def test_a_verified_campaign_is_clean(tmp_path: Path) -> None:
    assert check_lock(locked(tmp_path), tmp_path) == []


def test_a_campaign_that_was_never_verified(tmp_path: Path) -> None:
    problems = check_lock(campaign_of(tmp_path), tmp_path)
    assert told(problems) == [("lock-missing", LOCK)]
    assert "bot verify SOURCE" in problems[0].fix


@pytest.mark.parametrize(
    ("path", "old", "new", "rule", "lines"),
    [
        (DOCKERS, "strike is a human", "strike is a basic", "lock-edited", [12]),
        (DOCKERS, '"We stand with the crews …"', '"We stand with …"', "lock-edited", [7]),
        (DOCKERS, ', "We stand with the crews …"', "", "lock-edited", [7]),
        (DOCKERS, "[positions.right]", "[facts.right]", "lock-edited", [12]),
        (DOCKERS, 'with = "sign"', "", "lock-edited", [15]),
        (DOCKERS, '"Jane Roe, Dockers\' Union"', '"Jane Roe"', "lock-attribution", [7]),
        (DOCKERS, 'text = "The right', 'by = "roe"\ntext = "The right', "lock-attribution", [12]),
        (WATCH, '"Port Watch"', '"Port"', "lock-attribution", [4, 9, 13]),
        (WATCH, "June 2021", "July 2021", "lock-attribution", [4, 9, 13]),
        (WATCH, "[facts.cleared]", 'language = "fr"\n[facts.cleared]', "lock-attribution",
         [5, 10, 14]),
        (WATCH, "[facts.ill]", "[facts.sick]", "lock-unverified", [9]),
        (WATCH, "[facts.ill]", '[facts.new]\ntext = "New."\n[facts.ill]', "lock-unverified", [9]),
    ],
)  # fmt: skip
def test_an_edit_is_noticed(
    path: str, old: str, new: str, rule: str, lines: list[int], tmp_path: Path
) -> None:
    locked(tmp_path)
    problems = check_lock(campaign_of(tmp_path, **{path: changed(path, old, new)}), tmp_path)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert sorted(told(errors)) == sorted((rule, f"{path}:{line}") for line in lines)
    assert all("bot verify SOURCE" in problem.fix for problem in errors)


def test_another_addressee_is_noticed(tmp_path: Path) -> None:
    locked(tmp_path)
    text = str(FILES[DOCKERS]).replace("the Port Authority", "the port")
    problems = check_lock(campaign_of(tmp_path, **{DOCKERS: text}), tmp_path)
    assert told(problems) == [("lock-attribution", f"{DOCKERS}:{line}") for line in (15, 20)]
    assert "no program can" in problems[0].fix


def test_one_short_form_less_is_noticed(tmp_path: Path) -> None:
    locked(tmp_path)
    text = changed(DOCKERS, 'short = ["We stand with the crews – all of them.", ', "short = [")
    problems = check_lock(campaign_of(tmp_path, **{DOCKERS: text}), tmp_path)
    assert told(problems) == [("lock-edited", f"{DOCKERS}:7")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("strike is a human right.", "strike\\n   is a human   right."),
        ('superseded_by = "port-watch/cleared"\n', ""),
        ('text = "Twelve', 'sensitive = true\ntext = "Twelve'),
        ('text = "Twelve', '# a note\ntext = "Twelve'),
    ],
)
def test_what_is_no_edit_of_the_words(old: str, new: str, tmp_path: Path) -> None:
    locked(tmp_path)
    files = {DOCKERS: changed(DOCKERS, old, new)}
    assert check_lock(campaign_of(tmp_path, **files), tmp_path) == []


def test_a_speaker_may_get_another_id(tmp_path: Path) -> None:
    locked(tmp_path)
    text = str(FILES[DOCKERS]).replace("speakers.roe", "speakers.jane").replace('"roe"', '"jane"')
    assert check_lock(campaign_of(tmp_path, **{DOCKERS: text}), tmp_path) == []


def test_what_is_gone_is_only_a_warning(tmp_path: Path) -> None:
    locked(tmp_path)
    text = changed(DOCKERS, '[positions.right]\ntext = "The right to strike is a human right."', "")
    problems = check_lock(campaign_of(tmp_path, **{DOCKERS: text}), tmp_path)
    line = (tmp_path / LOCK).read_text().split("\n").index("[dockers]") + 1
    assert told(problems) == [("lock-stale", f"{LOCK}:{line}")]
    assert problems[0].severity == "warning"
    assert "`dockers/right`" in problems[0].what


def test_verifying_again_takes_out_what_is_gone(tmp_path: Path) -> None:
    locked(tmp_path)
    text = changed(DOCKERS, '[positions.right]\ntext = "The right to strike is a human right."', "")
    assert check_lock(locked(tmp_path, **{DOCKERS: text}), tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [
        b"<<<<<<< HEAD\n",
        b"\xff",
        b"dockers = 1\n",
        b"[dockers]\nsource = 3\n",
        b"[dockers]\nx = 1\n",
    ],
)
def test_a_lock_that_can_not_be_read(content: bytes, tmp_path: Path) -> None:
    problems = check_lock(campaign_of(tmp_path, **{LOCK: content}), tmp_path)
    assert problems
    assert {problem.rule for problem in problems} == {"lock-unreadable"}
    assert {problem.where.file for problem in problems} == {LOCK}
    assert "delete it" in problems[0].fix


def test_a_lock_that_leads_elsewhere_is_not_read(tmp_path: Path) -> None:
    campaign = locked(tmp_path / "campaign")
    (tmp_path / "campaign" / LOCK).rename(tmp_path / "outside")
    (tmp_path / "campaign" / LOCK).symlink_to(tmp_path / "outside")
    assert told(check_lock(campaign, tmp_path / "campaign")) == [("lock-unreadable", LOCK)]


def test_the_lock_is_sorted_toml_that_says_what_it_is(tmp_path: Path) -> None:
    locked(tmp_path)
    text = (tmp_path / LOCK).read_text("utf-8")
    assert text.startswith("# Written by `bot verify`")
    parsed = tomllib.loads(text)
    assert list(parsed) == ["dockers", "port-watch"]
    assert list(parsed["dockers"]) == ["source", "sha256", "words", "text", "said", "about"]
    assert list(parsed["dockers"]["words"]) == ["fined", "right", "sign", "stand", "talk"]
    assert parsed["dockers"]["text"]["right"] == ["The right to strike is a human right."]
    assert parsed["dockers"]["about"]["talk"] == (
        "The Dockers' Union; to the Port Authority; The Dockers' Union; May 2021; en"
    )


def test_the_lock_is_the_same_every_time(tmp_path: Path) -> None:
    campaign = locked(tmp_path)
    first = (tmp_path / LOCK).read_bytes()
    turned = dict(reversed(SOURCES.items()))
    lock, _ = verify(campaign, turned, tmp_path)
    other_way_round = dict(reversed(list(lock.statements.items())))
    write_lock(tmp_path, lock._replace(statements=other_way_round))
    assert (tmp_path / LOCK).read_bytes() == first


def test_the_lock_changes_only_where_the_edit_is(tmp_path: Path) -> None:
    locked(tmp_path)
    before = (tmp_path / LOCK).read_text().split("\n")
    locked(tmp_path, **{DOCKERS: changed(DOCKERS, ', "We stand with the crews …"', "")})
    after = (tmp_path / LOCK).read_text().split("\n")
    changes = [line for line in difflib.ndiff(before, after) if line.startswith(("- ", "+ "))]
    assert len(changes) == 3, changes
    assert changes[0].startswith("- stand = ")
    assert changes[1].startswith("+ stand = ")
    assert changes[2] == '-   "We stand with the crews …",'


def test_the_lock_keeps_any_file_name(tmp_path: Path) -> None:
    names = ['a "b" \\ c\x7f\t.txt', "Заявление.txt", "\udcff.txt"]
    for name in names:
        lock, _ = verify(campaign_of(tmp_path), {f"some/where/{name}": "\n".join(SOURCES.values())},
                         tmp_path)  # fmt: skip
        parsed = tomllib.loads(lock_text(lock))
        assert parsed["dockers"]["source"] == name.replace("\udcff", "?")


def test_the_lock_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    campaign = locked(tmp_path)
    before = (tmp_path / LOCK).read_bytes()
    lock, _ = verify(campaign, SOURCES, tmp_path)
    folder = tmp_path / "messages"
    (tmp_path / LOCK).unlink()
    (tmp_path / LOCK).mkdir()
    with pytest.raises(OSError, match="directory"):
        write_lock(tmp_path, lock)
    assert [file.name for file in folder.iterdir() if file.name.startswith(".")] == []
    (tmp_path / LOCK).rmdir()
    assert write_lock(tmp_path, lock) == tmp_path / LOCK
    assert (tmp_path / LOCK).read_bytes() == before
    assert stat.S_ISREG((tmp_path / LOCK).stat().st_mode)


# The two published statements

ITUC = """\
publisher = "ITUC"
when = "August 2020"
[speakers.visentini]
as = ["Luca Visentini"]
[speakers.bkdp]
as = ["BKDP"]
[quotes.review]
by = "visentini"
text = "The European trade union movement jointly urges the European Union to review EU relations \
with Belarus."
short = ["The European trade union movement … urges the European Union to review … relations …"]
[quotes.determination]
by = "bkdp"
text = "determination of workers to go to the end will now play a decisive role in resolving the \
acute political crisis in the country"
[facts.released]
text = "Nikolai Zimin, leader of the Chemical Workers' Union, was released from detention"
[facts.sanctions]
text = "A decision by the European Union to introduce 'smart sanctions' on Belarus"
"""

JOINT = """\
publisher = "IndustriALL"
when = "August 2020"
[demands.means]
to = "the international community"
text = "to use all necessary means to stop the anti-democratic and violent acts of the Belorussian \
Government"
with = "review"
[demands.review]
to = "the international community"
text = "and to review the current political and economic relationship with Belarus"
[facts.detained]
text = "Reportedly, at least one person was killed"
"""


def of_the_two(root: Path, ituc: str = ITUC, joint: str = JOINT) -> Campaign:
    return campaign_of(root, **{DOCKERS: ituc, WATCH: joint})


def test_hand_picked_passages_are_found(statements: Mapping[str, str], tmp_path: Path) -> None:
    lock, problems = verify(of_the_two(tmp_path), statements, tmp_path)
    assert problems == []
    assert {name: entry.source[:3] for name, entry in lock.statements.items()} == {
        "dockers": "000",
        "port-watch": "004",
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "fix"),
    [
        ("jointly urges", "urges", 7, "“… union movement jointly urges …”"),
        (
            "Nikolai Zimin",
            "Nikalai Zimin",
            14,
            "“… detainees. Nikolai Zimin …” where this has “Nikalai Zimin …”",
        ),
        (
            "'smart sanctions'",
            "'smart' sanctions",
            16,
            "“… 'smart sanctions' …” where this has “… 'smart' …”",
        ),
        ("the country", "this country", 11, "“… crisis in the country …”"),
    ],
)
def test_hand_picked_mistakes_are_told(
    statements: Mapping[str, str], old: str, new: str, line: int, fix: str, tmp_path: Path
) -> None:
    ituc = ITUC.replace(old, new)
    _, problems = verify(of_the_two(tmp_path, ituc), statements, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:{line}")]
    assert fix in problems[0].fix


def test_words_of_the_publisher_are_no_direct_speech(
    statements: Mapping[str, str], tmp_path: Path
) -> None:
    ituc = ITUC.replace("[facts.released]", '[quotes.released]\nby = "bkdp"')
    _, problems = verify(of_the_two(tmp_path, ituc), statements, tmp_path)
    assert told(problems) == [("verify-not-found", f"{DOCKERS}:14")]
    assert "not between quotation marks" in problems[0].what
