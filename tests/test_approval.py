"""Sign-off is of exactly what goes out: no more, no less, and nothing in the file fools it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import approval
from bot.approval import (
    PATH,
    Approvals,
    Watched,
    approve,
    key_of,
    possible_keys,
    read_approvals,
)
from bot.content.reading import MAX_BYTES
from bot.domain import Attachment, History, Post
from bot.errors import ContentError, UsageError
from bot.planning import Planned, Planner
from tests.generated import START, campaign, limits, passage, template

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "messages").mkdir()
    return tmp_path


def a_plan(count: int = 6, **changes: str) -> list[Planned]:
    """The first posts of a small campaign; `changes` are other bodies of its templates."""
    made = campaign(
        [passage(f"p{n}") for n in range(4)],
        [template(f"t{n}", body=changes.get(f"t{n}", "")) for n in range(2)],
    )
    planner = Planner(made, {"x": limits()})
    return list(islice(planner.plan(made.accounts["x0"], History("x0"), START), count))


def lines(root: Path) -> list[str]:
    text = (root / PATH).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("  {")]


# -- the key --------------------------------------------------------------------------------------

texts = st.text(max_size=8)
pictures = st.builds(
    Attachment,
    path=texts,
    alt=texts,
    mime=st.sampled_from(["image/png", "image/gif"]),
    bytes=st.integers(0, 3),
    sha256=st.sampled_from(["aa", "ab"]),
)
posts = st.builds(
    Post,
    text=texts,
    media=st.lists(pictures, max_size=2).map(tuple),
    language=st.sampled_from(["en", "fr"]),
)
outgoing = st.tuples(st.sampled_from(["x", "x_fr"]), st.sampled_from(["x", "mastodon"]), posts)


def goes_out(account: str, network: str, post: Post) -> Any:
    """What readers or the network see of a post; a picture's path and size are not of it."""
    media = [(each.sha256, each.mime, each.alt) for each in post.media]
    return account, network, post.language, post.text, media


@given(outgoing, outgoing)
def test_the_key_differs_where_what_goes_out_does_and_only_there(
    one: tuple[str, str, Post], other: tuple[str, str, Post]
) -> None:
    assert (key_of(*one) == key_of(*other)) == (goes_out(*one) == goes_out(*other))


PICTURE = Attachment("media/a.png", "What it shows", "image/png", 100, "ab" * 32)
POST = Post("Words", (PICTURE,), "en")


@pytest.mark.parametrize(
    "other",
    [
        POST._replace(text="Words."),
        POST._replace(text="Words\n"),
        POST._replace(language="fr"),
        POST._replace(media=()),
        POST._replace(media=(PICTURE, PICTURE)),
        POST._replace(media=(PICTURE._replace(alt="What it showed"),)),
        POST._replace(media=(PICTURE._replace(sha256="ac" * 32),)),
        POST._replace(media=(PICTURE._replace(mime="image/gif"),)),
    ],
)
def test_whatever_changes_in_a_post_changes_its_key(other: Post) -> None:
    assert key_of("x", "x", other) != key_of("x", "x", POST)


def test_another_account_or_network_is_another_key() -> None:
    keys = {key_of(*where, POST) for where in (("x", "x"), ("x_fr", "x"), ("x", "mastodon"))}
    assert len(keys) == 3


def test_a_file_that_is_only_renamed_is_the_same_picture() -> None:
    renamed = POST._replace(media=(PICTURE._replace(path="media/b.png"),))
    assert key_of("x", "x", renamed) == key_of("x", "x", POST)


def test_the_key_of_one_post_is_fixed() -> None:
    """It stands in files: another key would undo every sign-off there is."""
    expected = "7344e96a0f410706b275f001d34a1a7a3b41c69268446104c72c30efe3b95249"
    assert key_of("x", "x", POST) == expected


# -- signing off ----------------------------------------------------------------------------------


def test_what_was_signed_off_is_approved_and_nothing_else(root: Path) -> None:
    plan = a_plan()
    assert approve(root, plan[:2], "Ada Example", AT) == 2
    approvals = Approvals.load(root)
    assert [approvals.approved(planned) for planned in plan] == [True, True] + [False] * 4
    signed = approvals.state(plan[0])
    assert signed is not None
    assert (signed.by, signed.at) == ("Ada Example", "2026-11-20T09:30:00+00:00")
    assert signed.slot == plan[0].slot.id
    assert plan[0].post is not None
    assert signed.says.startswith(plan[0].post.text[:20].split("\n")[0])
    assert approvals.in_words(plan[0]) == "Ada Example, 2026-11-20"
    assert approvals.in_words(plan[2]) == "not yet"


def test_a_post_takes_its_sign_off_to_another_slot(root: Path) -> None:
    planned = a_plan()[0]
    approve(root, [planned], "Ada", AT)
    moved = planned._replace(slot=planned.slot._replace(at=planned.slot.at + 40 * DAY))
    assert Approvals.load(root).approved(moved)
    other_account = planned._replace(slot=planned.slot._replace(account="x1"))
    assert not Approvals.load(root).approved(other_account)


def test_signing_off_twice_keeps_the_first(root: Path) -> None:
    plan = a_plan()
    approve(root, plan[:2], "Ada", AT)
    before = (root / PATH).read_bytes()
    assert approve(root, plan[:2], "Grace", AT + DAY) == 0
    assert (root / PATH).read_bytes() == before
    assert approve(root, plan[:3], "Grace", AT + DAY) == 1
    assert [each.by for each in Approvals.load(root)] == ["Ada", "Ada", "Grace"]


def test_a_slot_with_nothing_to_draw_needs_none(root: Path) -> None:
    empty = a_plan()[0]._replace(post=None)
    assert approve(root, [empty], "Ada", AT) == 0
    assert not (root / PATH).exists()
    assert not Approvals.load(root).approved(empty)
    assert Approvals.load(root).changed(empty) is None


def test_no_file_is_no_sign_off(root: Path) -> None:
    assert list(Approvals.load(root)) == []
    assert not Approvals.load(root).approved(a_plan()[0])


def test_a_change_of_one_template_undoes_just_what_it_makes(root: Path) -> None:
    plan = a_plan()
    approve(root, plan, "Ada", AT)
    edited = a_plan(t1="{{ quote.when }}, {{ quote.by }}: {{ quote }} New {{ hashtag }}")
    approvals = Approvals.load(root)
    assert [each.template for each in plan] == [each.template for each in edited]
    for planned in edited:
        assert approvals.approved(planned) == (planned.template == "t0")
    changed = [planned.slot.id for planned in edited if approvals.changed(planned)]
    assert changed == [each.slot.id for each in plan if each.template == "t1"]
    assert [each.slot for each in approvals.stale(edited, START)] == changed
    assert "another post for this slot, 2026-11-20" in approvals.in_words(
        next(each for each in edited if each.template == "t1")
    )
    assert approvals.stale(plan, START) == []
    approve(root, edited, "Grace", AT)
    assert Approvals.load(root).stale(edited, START) == [], "what followed settles it"


def test_stale_are_coming_slots_only_as_far_as_the_plan_goes(root: Path) -> None:
    plan = a_plan()
    approve(root, plan, "Ada", AT)
    others = [each._replace(network="other") for each in plan]
    approvals = Approvals.load(root)
    assert len(approvals.stale(others, START)) == 6
    assert len(approvals.stale(others[:3], START)) == 3
    assert len(approvals.stale(others[2:], START)) == 4
    assert len(approvals.stale(others, plan[3].slot.at)) == 3
    elsewhere = [each._replace(slot=each.slot._replace(account="x1")) for each in others]
    assert approvals.stale(elsewhere, START) == [], "nothing is known of the other account"
    assert approvals.stale([], START) == []


def test_what_the_content_can_not_make_is_taken_out(root: Path) -> None:
    made = campaign([passage("p0"), passage("p1")], [template("t0", attach=("a0", "a1"))])
    planner = Planner(made, {"x": limits()})
    keys = possible_keys(planner, made)
    assert len(keys) == 4, "two passages with two pictures"
    plan = list(islice(planner.plan(made.accounts["x0"], History("x0"), START), 2))
    body = "{{ quote.when }}, {{ quote.by }}: {{ quote }} Other {{ hashtag }}"
    others = a_plan(t0=body, t1=f"{body}!")
    approve(root, [*plan, *others], "Ada", AT)
    assert len(Approvals.load(root).lost(keys)) == len(others)
    assert approve(root, plan, "Ada", AT, possible=keys) == 0
    assert [each.key for each in Approvals.load(root)] == [
        key_of("x0", "x", each.post) for each in plan if each.post is not None
    ]


def test_what_is_too_long_can_not_be_made() -> None:
    made = campaign([passage("p0"), passage("p1", text="long " * 60)], [template("t0")])
    assert len(possible_keys(Planner(made, {"x": limits()}), made)) == 1


@given(st.data())
def test_all_that_can_be_planned_can_be_made(data: st.DataObject) -> None:
    kinds = data.draw(
        st.lists(st.sampled_from(["quote", "demand", "fact"]), min_size=1, max_size=5)
    )
    passages = [passage(f"p{n}", kind) for n, kind in enumerate(kinds)]  # type: ignore[arg-type]
    templates = [template(f"t-{kind}", kind, attach=("a0", "a1")) for kind in set(kinds)]  # type: ignore[arg-type]
    made = campaign(passages, templates, accounts=2)
    planner = Planner(made, {"x": limits()})
    keys = possible_keys(planner, made)
    for account in made.accounts.values():
        for planned in islice(planner.plan(account, History(account.name), START), 8):
            if planned.post is not None:
                assert key_of(account.name, "x", planned.post) in keys


@pytest.mark.parametrize(
    "name", ["", " ", "\n", "@ada", "Ada\x1b[31m", "x" * 101, "Ada\u202e"], ids=repr
)
def test_a_name_that_can_not_be_one(root: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--by NAME"):
        approve(root, a_plan(), name, AT)
    assert not (root / PATH).exists()


@pytest.mark.parametrize(
    "name", ['Ada "the" Example', "Ada\\Example", "Зоя, {ё}", "ada@example.org", "a\tb"]
)
def test_any_name_can_be_read_again(root: Path, name: str) -> None:
    approve(root, a_plan(), name, AT)
    assert {each.by for each in Approvals.load(root)} == {name.replace("\t", " ")}


# -- the file -------------------------------------------------------------------------------------


def test_the_file_is_a_line_a_post_in_the_order_of_the_slots(root: Path) -> None:
    plan = a_plan()
    approve(root, plan[3:], "Ada", AT)
    later = lines(root)
    approve(root, plan[:3], "Grace", AT + DAY)
    assert lines(root)[3:] == later, "what was there stays as it was"
    slots = [planned.slot.id for planned in plan]
    assert [each.slot for each in sorted(Approvals.load(root), key=lambda a: a.slot)] == slots
    assert all(slot in line for slot, line in zip(slots, lines(root), strict=True))
    head = (root / PATH).read_text(encoding="utf-8").splitlines()[0]
    assert head.startswith("# Written by `bot approve`; don't edit it.")


def test_lines_of_two_branches_put_together_are_read_again(root: Path) -> None:
    plan = a_plan()
    approve(root, plan[:2], "Ada", AT)
    ours = lines(root)
    (root / PATH).unlink()
    approve(root, plan[1:3], "Grace", AT - DAY)
    theirs = lines(root)
    (root / PATH).write_text("\n".join(["posts = [", *ours, *theirs, "]"]), encoding="utf-8")
    approvals = Approvals.load(root)
    assert all(map(approvals.approved, plan[:3]))
    signed = approvals.state(plan[1])
    assert signed is not None
    assert signed.by == "Grace", "she was first"
    approve(root, plan[3:4], "Ada", AT)
    assert len(lines(root)) == 4


GOOD = {
    "slot": "x/2026-12-01T11:00:00+00:00",
    "says": "Words",
    "by": "Ada",
    "at": "2026-11-20T09:00:00+00:00",
    "key": "0" * 64,
}


def entry(**changes: str | None) -> str:
    said: Mapping[str, str | None] = {**GOOD, **changes}
    return "{" + ", ".join(f'{k} = "{v}"' for k, v in said.items() if v is not None) + "}"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("posts = [\n" + entry() + ",\n" + entry(key="00") + "]", 3, "is no key"),
        ("posts = [\n" + entry(key="G" * 64) + "]", 2, "is no key"),
        ("posts = [\n" + entry(key=None) + "]", 2, "`key` is missing"),
        ("posts = [\n" + entry(by=None) + "]", 2, "`by` is missing"),
        ("posts = [\n" + entry(by="") + "]", 2, "`by` is empty"),
        ("posts = [\n" + entry(slot="x") + "]", 2, "is no slot"),
        ("posts = [\n" + entry(slot="x/2026-12-01") + "]", 2, "is no slot"),
        ("posts = [\n" + entry(at="yesterday") + "]", 2, "is no time"),
        ("posts = [\n" + entry(all="yes") + "]", 2, "Unknown key `all`"),
        ("posts = [\n" + entry()[:-1] + ", key2 = 1}]", 2, "Unknown key `key2`"),
        ("\nposts = true", 2, "`posts` is true or false"),
        ('posts = ["x"]', 1, "a list"),
        ("post = []", 1, "Unknown key `post`; did you mean `posts`?"),
        ("posts = [\n<<<<<<< HEAD\n]", 2, "A mark that a merge left"),
        ("posts = [\n" + entry() + "\n" + entry() + "]", 3, "list|value"),
        ("posts = [", 1, "no value"),
    ],
)
def test_a_file_that_was_edited_is_told_by_its_line(
    root: Path, text: str, line: int, what: str
) -> None:
    (root / PATH).write_text(text, encoding="utf-8")
    approvals, problems = read_approvals(root)
    assert list(approvals) == []
    assert str(problems[0].where) == f"{PATH}:{line}", problems
    assert any(part in problems[0].what for part in what.split("|")), problems[0]
    assert {problem.rule for problem in problems} == {"approved-unreadable"}
    assert "undo the edit" in problems[0].fix
    with pytest.raises(ContentError, match=f"{PATH}:{line}"):
        Approvals.load(root)
    with pytest.raises(ContentError):
        approve(root, a_plan(), "Ada", AT)
    assert (root / PATH).read_text(encoding="utf-8") == text, "it is not written over"


def test_a_wrong_hash_approves_nothing(root: Path) -> None:
    plan = a_plan()
    approve(root, plan, "Ada", AT)
    text = (root / PATH).read_text(encoding="utf-8")
    for each in Approvals.load(root):
        text = text.replace(each.key, each.key[::-1])
    (root / PATH).write_text(text, encoding="utf-8")
    assert not any(map(Approvals.load(root).approved, plan))


@pytest.mark.parametrize("content", [b"posts = \xff", b"x" * (MAX_BYTES + 1)])
def test_a_file_that_is_no_text_or_too_large(root: Path, content: bytes) -> None:
    (root / PATH).write_bytes(content)
    _, problems = read_approvals(root)
    assert [problem.rule for problem in problems] == ["approved-unreadable"]


def test_where_it_is_full_those_long_past_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = a_plan(6)
    approve(root, plan[:3], "Ada", AT)
    monkeypatch.setattr(approval, "MAX_BYTES", (root / PATH).stat().st_size)
    approve(root, plan[3:5], "Ada", plan[3].slot.at)
    kept = [each.slot for each in Approvals.load(root)]
    assert kept == [planned.slot.id for planned in plan[2:5]]
    before = (root / PATH).read_bytes()
    with pytest.raises(UsageError, match="Sign off fewer"):
        approve(root, plan[:2], "Ada", AT)
    assert (root / PATH).read_bytes() == before


def test_two_who_sign_off_at_once_lose_nothing(root: Path) -> None:
    plan = a_plan(8)
    threads = [
        threading.Thread(target=approve, args=(root, [planned], f"P{n}", AT))
        for n, planned in enumerate(plan)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.key for each in Approvals.load(root)}) == len(
        {key_of("x0", "x", each.post) for each in plan if each.post is not None}
    )
    assert [path.name for path in (root / "messages").iterdir()] == ["approved.toml"]


def test_its_permissions_stay(root: Path) -> None:
    plan = a_plan()
    approve(root, plan[:1], "Ada", AT)
    (root / PATH).chmod(0o640)
    approve(root, plan, "Ada", AT)
    assert (root / PATH).stat().st_mode & 0o777 == 0o640


# -- a worker that runs while the file changes ----------------------------------------------------


class Told(list[dict[str, Any]]):
    def __call__(self, name: str, **fields: Any) -> None:
        assert name == "approvals"
        self.append(fields)


def test_a_new_sign_off_is_seen_and_one_taken_back_too(root: Path) -> None:
    plan, told = a_plan(), Told()
    watched = Watched(root, told)
    assert not watched(plan[0])
    approve(root, plan[:1], "Ada", AT)
    assert watched(plan[0])
    assert not watched(plan[1])
    approve(root, plan[:2], "Ada", AT)
    assert watched(plan[1])
    (root / PATH).unlink()
    assert not watched(plan[0])
    assert told == []


def test_a_file_that_can_not_be_read_approves_nothing_and_is_told_once(root: Path) -> None:
    plan, told = a_plan(), Told()
    approve(root, plan, "Ada", AT)
    watched = Watched(root, told)
    assert watched(plan[0])
    good = (root / PATH).read_text(encoding="utf-8")
    (root / PATH).write_text("<<<<<<< HEAD\n" + good, encoding="utf-8")
    assert not watched(plan[0])
    assert not watched(plan[1])
    (one,) = told
    assert one["why"].startswith(f"{PATH}:1: ")
    (root / PATH).write_text(good, encoding="utf-8")
    assert watched(plan[0])


def test_an_unchanged_file_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = a_plan()
    approve(root, plan, "Ada", AT)
    reads: list[Path] = []
    load = Approvals.load

    def counted(path: Path) -> Approvals:
        reads.append(path)
        return load(path)

    monkeypatch.setattr(Approvals, "load", counted)
    watched = Watched(root, Told())
    assert all(map(watched, plan))
    assert len(reads) == 1
    os.utime(root / PATH, ns=(1, 1))
    assert watched(plan[0])
    assert len(reads) == 2
