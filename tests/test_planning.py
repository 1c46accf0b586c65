"""The draw, held against a second opinion: every option of every slot, ranked the slow way."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import CARD, COOLDOWN, Campaign, History, Kind
from bot.planning import SPACING, Planned, Planner
from tests.generated import (
    START,
    campaign,
    card,
    history_of,
    limits,
    passage,
    statement,
    template,
    volume,
)

KINDS: tuple[Kind, ...] = ("quote", "position", "demand", "fact")


def plan(of: Campaign, count: int, history: History | None = None) -> list[Planned]:
    planner = Planner(of, {"x": limits()})
    account = of.accounts["x0"]
    return list(islice(planner.plan(account, history or History("x0"), START), count))


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    statements = [statement(f"s{number}") for number in range(draw(st.integers(1, 3)))]
    passages = [
        passage(
            f"p{number}",
            draw(st.sampled_from(KINDS)),
            draw(st.sampled_from(statements)),
            speaker=draw(st.sampled_from(["", "Ann", "Bob", "Cyd"])),
        )
        for number in range(draw(st.integers(1, 12)))
    ]
    pictures = draw(st.integers(1, 3))
    names = [*(f"a{number}" for number in range(pictures)), CARD]
    kinds = sorted({each.kind for each in passages})
    templates = [
        template(
            f"t{number}",
            draw(st.sampled_from(kinds)),
            attach=tuple(draw(st.lists(st.sampled_from(names), min_size=1, unique=True))),
        )
        for number in range(draw(st.integers(1, 6)))
    ]
    ids = [each.id for each in passages if each.kind != "fact"]
    cards = draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    every = draw(st.sampled_from([(1, "d"), (7, "h"), (1, "h")]))
    return campaign(
        passages,
        templates,
        pictures=pictures,
        seed=draw(st.integers(0, 9)),
        every=every,
        cards=cards,
    )


Option = tuple[tuple[object, ...], str, str, str]


class SecondOpinion:
    """Ranks every option of a slot by the words of the rules, slowly."""

    def __init__(self, of: Campaign) -> None:
        self.of = of
        self.done: list[Planned] = []

    def options(self, at: object, texts: dict[tuple[str, str], str]) -> list[Option]:
        found: list[Option] = []
        waiting = {p.id: self._last(lambda d, p=p: p.id in (d.draws or ())) for p in self._drawn()}
        groups: dict[int, list[str]] = {}
        for name, last in waiting.items():
            groups.setdefault(last, []).append(name)
        for passage_id, last in waiting.items():
            group = [self.of.passages[name] for name in groups[last]]
            lead = self.of.passages[passage_id]
            for each in self.of.templates.values():
                pictures = self._pictures(each.attach, passage_id)
                if each.draws != (lead.kind,) or not pictures:
                    continue
                if self._cooling(texts[each.name, passage_id], at):
                    continue
                for picture in pictures:
                    rank = (
                        last,
                        self._early(group, lambda p: p.statement.id, lead.statement.id),
                        self._early(group, lambda p: p.kind, lead.kind),
                        self._speaker(lead.id) == self._previous_speaker(),
                        bool(self.drawn) and self.drawn[-1].template == each.name,
                        bool(self.drawn) and self._picture(self.drawn[-1]) == picture,
                    )
                    found.append((rank, passage_id, each.name, picture))
        return found

    def _pictures(self, names: tuple[str, ...], passage_id: str) -> list[str]:
        """What a template may attach to a passage: a card only to one that has a card."""
        own = [card(passage_id)] if passage_id in self.of.cards else []
        return [each for name in names for each in (own if name == CARD else [name])]

    @property
    def drawn(self) -> list[Planned]:
        return [each for each in self.done if each.post is not None]

    def _drawn(self) -> list:  # type: ignore[type-arg]
        return list(self.of.passages.values())

    def _last(self, matches) -> int:  # type: ignore[no-untyped-def]
        return max((n for n, each in enumerate(self.done) if matches(each)), default=-1)

    def _early(self, group, name, wanted) -> bool:  # type: ignore[no-untyped-def]
        share = sum(name(p) == wanted for p in group) / len(group)
        last = self._last(
            lambda d: any(name(self.of.passages[each]) == wanted for each in d.draws or ())
        )
        return last >= 0 and len(self.done) - last < SPACING / share

    def _speaker(self, passage_id: str) -> str:
        found = self.of.passages[passage_id]
        return found.speaker or found.statement.publisher

    def _previous_speaker(self) -> str | None:
        return self._speaker((self.drawn[-1].draws or ("",))[0]) if self.drawn else None

    def _picture(self, planned: Planned) -> str:
        assert planned.post is not None
        return planned.post.media[0].path.removeprefix("media/").removesuffix(".png")

    def _cooling(self, text: str, at) -> bool:  # type: ignore[no-untyped-def]
        return any(
            d.post is not None and d.post.text == text and at - d.slot.at < COOLDOWN
            for d in self.done
        )


@given(campaigns())
def test_every_draw_is_among_the_best_that_the_rules_allow(of: Campaign) -> None:
    planner = Planner(of, {"x": limits()})
    deck = planner.deck(of.accounts["x0"])
    texts = {(t.name, units[0].lead.id): made.text for t, units, made in deck.every()}
    second = SecondOpinion(of)
    for planned in islice(planner.plan(of.accounts["x0"], History("x0"), START), 45):
        options = second.options(planned.slot.at, texts)
        if planned.post is None:
            assert not options, "something could have been said"
        else:
            chosen = (
                (planned.draws or ("",))[0],
                planned.template,
                second._picture(planned),
            )
            ranks = {(name, tpl, picture): rank for rank, name, tpl, picture in options}
            assert chosen in ranks, "it was not allowed"
            assert ranks[chosen] == min(ranks.values())
        second.done.append(planned)


@given(campaigns(), st.integers(0, 60))
def test_a_plan_seen_on_monday_still_holds_on_tuesday(of: Campaign, cut: int) -> None:
    whole = plan(of, 70)
    rest = plan(of, 70 - cut, history_of(whole[:cut]))
    assert [(p.slot, p.post, p.draws) for p in rest] == [
        (p.slot, p.post, p.draws) for p in whole[cut:]
    ]


@given(campaigns(), st.integers(1, 1000))
def test_only_differences_of_row_numbers_count(of: Campaign, more: int) -> None:
    seen = history_of(plan(of, 20))
    later = History(
        seen.account,
        seen.rows + more,
        seen.newest,
        tuple(
            type(use)(use.number + more, use.at, use.text_key, use.template, use.draws, use.picture)
            for use in seen.uses
        ),
    )
    assert [p.post for p in plan(of, 20, seen)] == [p.post for p in plan(of, 20, later)]


@given(campaigns())
def test_no_text_twice_within_the_cooldown(of: Campaign) -> None:
    last: dict[str, Planned] = {}
    for planned in plan(of, 120):
        if planned.post is not None:
            before = last.get(planned.post.text)
            assert before is None or planned.slot.at - before.slot.at >= COOLDOWN
            last[planned.post.text] = planned


def test_every_passage_comes_before_any_comes_again() -> None:
    of = volume(quotes=9, demands=7, facts=11, templates=4, every=(1, "d"))
    drawn = [(planned.draws or ("",))[0] for planned in plan(of, 27 * 4)]
    for begin in range(0, len(drawn), 27):
        assert len(set(drawn[begin : begin + 27])) == 27


def test_kinds_and_statements_take_turns() -> None:
    of = volume(quotes=10, demands=10, facts=10, templates=4, every=(1, "d"))
    kinds = [of.passages[(p.draws or ("",))[0]].kind for p in plan(of, 30)]
    assert not any(len(set(kinds[n : n + 3])) == 1 for n in range(25))
    for third in (kinds[:15], kinds[15:]):
        assert all(third.count(kind) >= 3 for kind in ("quote", "demand", "fact"))


def test_sensitive_and_superseded_passages_are_never_drawn() -> None:
    passages = [
        passage("open"),
        passage("private", sensitive=True),
        passage("overtaken", superseded_by="s0/open"),
        passage("leaning", with_id="s0/private"),
    ]
    templates = [template(f"t{n}") for n in range(4)]
    drawn = {name for p in plan(campaign(passages, templates), 4) for name in p.draws or ()}
    assert drawn == {"s0/open"}
    opted_in = campaign(passages, templates, sensitive=True)
    drawn = {name for p in plan(opted_in, 8) for name in p.draws or ()}
    assert drawn == {"s0/open", "s0/private", "s0/leaning"}


def test_a_passage_stands_with_its_partner() -> None:
    passages = [passage("means", with_id="s0/review"), passage("review")]
    posts = plan(campaign(passages, [template(f"t{n}") for n in range(3)]), 4)
    together = [p for p in posts if p.draws == ("s0/means", "s0/review")]
    alone = [p for p in posts if p.draws == ("s0/review",)]
    assert len(together) == len(alone) == 2
    assert together[0].post is not None
    assert "“The words of means … The words of review”" in together[0].post.text


def test_a_post_has_the_card_of_what_it_says() -> None:
    passages = [passage(f"p{n}") for n in range(3)]
    of = campaign(passages, [template("t", attach=(CARD,))], cards=[p.id for p in passages])
    for planned in plan(of, 3):
        assert planned.post is not None
        assert planned.draws is not None
        assert [each.path for each in planned.post.media] == [f"media/{card(planned.draws[0])}.png"]


def test_of_two_that_stand_together_the_post_has_the_first_one_s_card() -> None:
    passages = [passage("means", with_id="s0/review"), passage("review")]
    of = campaign(passages, [template("t", attach=(CARD,))], cards=["s0/means", "s0/review"])
    seen = {p.draws: p.post.media[0].path for p in plan(of, 2) if p.post}
    assert seen == {
        ("s0/means", "s0/review"): "media/card-s0-means.png",
        ("s0/review",): "media/card-s0-review.png",
    }


def test_without_a_card_a_template_that_has_only_that_is_not_used() -> None:
    passages = [passage("seen"), passage("private", sensitive=True)]
    only = template("only", attach=(CARD,))
    of = campaign(passages, [only], cards=["s0/seen"], sensitive=True)
    assert {p.draws for p in plan(of, 4) if p.post} == {("s0/seen",)}
    both = template("both", attach=(CARD, "a0"))
    posts = plan(campaign(passages, [only, both], cards=["s0/seen"], sensitive=True), 3)
    private = [p.post.media[0].path for p in posts if p.post and p.draws == ("s0/private",)]
    assert private == ["media/a0.png"]


def test_a_template_that_draws_two_kinds_never_doubles_a_passage() -> None:
    passages = [passage("q1"), passage("q2"), passage("d1", "demand"), passage("d2", "demand")]
    posts = plan(campaign(passages, [template("both", "quote", "demand")]), 4)
    assert [len(set(p.draws or ())) for p in posts] == [2, 2, 2, 2]
    assert len({p.draws for p in posts}) == 4


def test_a_template_waits_for_the_link_it_needs() -> None:
    passages = [passage(f"p{n}") for n in range(3)]
    templates = [template("plain"), template("frame", needs=("frame",))]
    assert {p.template for p in plan(campaign(passages, templates), 9) if p.post} == {"plain"}
    linked = campaign(passages, templates, links={"frame": "https://example.org/frame"})
    assert {p.template for p in plan(linked, 6)} == {"plain", "frame"}


def test_tight_content_leaves_slots_empty_and_never_hangs() -> None:
    of = campaign([passage("only")], [template("t0"), template("t1")], every=(1, "h"))
    posts = plan(of, 24 * 61)
    said = [planned.slot.at for planned in posts if planned.post is not None]
    assert len(said) == 6
    assert said[2] - said[0] == COOLDOWN


def test_a_missed_slot_without_a_draw_counts_as_a_slot() -> None:
    of = volume(quotes=3, demands=3, facts=3, templates=2, every=(1, "d"))
    seen = history_of(plan(of, 5))
    assert plan(of, 1, seen)[0].slot.at == START + timedelta(days=6)


def test_the_seed_changes_the_plan_and_nothing_else_does() -> None:
    of = volume(quotes=5, demands=5, facts=5, templates=3, every=(1, "d"))
    again = volume(quotes=5, demands=5, facts=5, templates=3, every=(1, "d"))
    assert plan(of, 15) == plan(again, 15)
    other = of._replace(seed=2)
    assert [p.post for p in plan(of, 15)] != [p.post for p in plan(other, 15)]


def test_the_plan_is_the_same_on_every_machine() -> None:
    of = volume(quotes=5, demands=6, facts=7, templates=3, every=(1, "d"))
    posts = [[p.slot.id, p.template, p.draws, p.post and p.post.text] for p in plan(of, 60)]
    digest = hashlib.sha256(json.dumps(posts).encode()).hexdigest()
    assert digest == "7ec263bd7d33991e4039acd328c6bbb6f8d8dc14241aa387e4e2b451c253fa46"


@pytest.mark.parametrize("waited", [None, 3])
def test_the_reasons_are_told(waited: int | None) -> None:
    of = campaign([passage("p0"), passage("p1"), passage("p2")], [template(f"t{n}") for n in "abc"])
    posts = plan(of, 6)
    why = posts[0 if waited is None else 3].why
    assert why is not None
    assert why.waited == waited
    lines = why.lines()
    assert lines[0].startswith("passage: ")
    assert [line.split(":")[0] for line in lines[1:]] == [
        "statement",
        "kind",
        "speaker",
        "template",
        "picture",
    ]
