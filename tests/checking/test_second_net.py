"""What slipped through the checks of the content is seen in the posts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import checking
from bot.checking import check
from bot.content import Loaded
from bot.content.lock import Lock
from bot.content.reading import Findings
from bot.domain import Campaign, Kind, Problem
from bot.media import Media
from tests.checking.builder import NOW, told
from tests.generated import campaign, limits, passage, statement, template


def read_as(monkeypatch: pytest.MonkeyPatch, made_up: Campaign) -> None:
    """As if loading had found this campaign, with its pictures locked, and nothing wrong."""
    lock = Lock(pictures={path: asset.sha256 for path, asset in made_up.pictures.items()})
    loaded = Loaded(made_up, Findings(), Media({}, {}, []), lock, {}, [])
    monkeypatch.setattr(checking, "read", lambda *_, **__: loaded)
    monkeypatch.setattr(checking, "inspect_assets", lambda *_: [])


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
    read_as(monkeypatch, made_up)
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
        (WHOLE.replace("{{ hashtag }}", "#Tests"), "hashtag", "#Test is dead text"),
        (WHOLE + " #test", "hashtag", "#Test 2 times"),
        (WHOLE + " x{{ hashtag }}", "", ""),
        (WHOLE + " @jane", "mention", "an @mention"),
        (WHOLE + " ＠jane", "mention", "an @mention"),
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
    for days, rules in ((29, ["near-twins"]), (30, [])):
        made_up = campaign(both, [template("t", attach=("a0", "a1"))], every=(days, "d"))
        read_as(monkeypatch, made_up)
        problems = check(Path(), {"x": limits()}, NOW)
        assert [each.rule for each in problems if each.rule == "near-twins"] == rules
