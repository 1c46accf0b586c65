"""A post that was claimed is judged again before every attempt, by what holds then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.domain import Asset, Passage, Template
from bot.frozen import withdrawn
from bot.networks.base import FOREVER
from bot.planning import Planner
from bot.publishing import Publisher, resolve
from tests.generated import asset, campaign, limits, passage, template
from tests.world import MINUTE, SLOT, World, live

Edit = Callable[[World], None]


def _reworded(world: World) -> None:
    passages = [passage(f"p{n}", text=f"Altered words {n}") for n in range(6)]
    _with(world, passages=passages)


def _left_out(world: World) -> None:
    drawn = {name.partition("/")[2] for name in world.rows()[-1].draws or ()}
    _with(world, passages=[passage(f"p{n}") for n in range(6) if f"p{n}" not in drawn])


def _superseded(world: World) -> None:
    later = passage("p9", text="What came later")
    earlier = [passage(f"p{n}", superseded_by=later.id) for n in range(6)]
    _with(world, passages=[*earlier, later])


def _another_template(world: World) -> None:
    _with(world, templates=[template(f"t{n}", body="{{ quote }} {{ hashtag }}") for n in range(3)])


def _no_template(world: World) -> None:
    _with(world, templates=[template("t9")])


def _another_picture(world: World) -> None:
    _with(world, assets=[asset("a0")._replace(digest=lambda: "other bytes")])


def _another_alt(world: World) -> None:
    _with(world, assets=[asset("a0")._replace(alt={"en": "Another description."})])


def _with(
    world: World,
    passages: list[Passage] | None = None,
    templates: list[Template] | None = None,
    assets: list[Asset] | None = None,
) -> None:
    made = campaign(
        passages or [passage(f"p{n}") for n in range(6)],
        templates or [template(f"t{n}") for n in range(3)],
        schedule=world.account.schedule,
    )
    if assets:
        made = made._replace(assets={each.id: each for each in assets})
    world.campaign = made


EDITS = [
    _reworded,
    _left_out,
    _superseded,
    _another_template,
    _no_template,
    _another_picture,
    _another_alt,
]


def restarted(world: World) -> Publisher:
    """A worker that was started after the edit."""
    return world.new_worker()


@pytest.mark.parametrize("edit", EDITS)
def test_a_post_that_the_content_no_longer_makes_is_not_tried_again(edit: Edit) -> None:
    world = live(script=["not_sent"])
    world.step()
    assert world.row().state == "retry"
    edit(world)
    world.run_for(5 * MINUTE, restarted(world))
    assert (world.row().state, world.row().reason) == ("missed", "withdrawn")
    assert world.seen == []
    assert world.told("missed")[-1]["reason"] == "withdrawn"


def test_a_post_that_the_content_still_makes_is_tried_again() -> None:
    world = live(script=["not_sent"])
    world.step()
    _with(world, passages=[passage(f"p{n}") for n in range(9)])
    world.run_for(5 * MINUTE, restarted(world))
    assert world.row().state == "posted"


@pytest.mark.parametrize("edit", EDITS)
def test_a_doubt_about_such_a_post_is_not_sent_again_by_its_key(edit: Edit) -> None:
    world = live(script=["vanish"], keyed=FOREVER)
    world.step()
    assert world.row().state == "unknown"
    edit(world)
    world.run_for(timedelta(minutes=20), restarted(world))
    assert world.network.calls.count("send") == 1
    assert world.row().state == "held", "who sent it may be alive"


def test_a_doubt_about_such_a_post_is_read_back() -> None:
    world = live(script=["lost"], keyed=FOREVER)
    world.step()
    _reworded(world)
    world.run_for(timedelta(minutes=20), restarted(world))
    assert (world.row().state, len(world.seen)) == ("posted", 1)
    assert world.row().reason == "reconciled by reading back"


def test_where_nothing_can_be_read_a_person_is_asked() -> None:
    world = live(script=["vanish"], keyed=FOREVER, readable=False)
    world.step()
    _reworded(world)
    world.run_for(timedelta(minutes=20), restarted(world))
    assert world.row().state == "held"
    assert world.network.calls.count("send") == 1


def test_a_sign_off_taken_back_stops_what_was_claimed() -> None:
    world = live(script=["not_sent"])
    world.step()
    world.approved = lambda _: False
    world.run_for(5 * MINUTE)
    assert world.row().state == "retry", "it may be signed off again while its slot lives"
    assert world.row().attempts == world.network.calls.count("send") == 1, "it is not tried"
    world.run_for(30 * MINUTE)
    assert (world.rows()[0].state, world.rows()[0].reason) == ("missed", "withdrawn")
    assert world.seen == []


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_sign_off_taken_back_while_the_pictures_go_up_stops_it(attempt: int) -> None:
    """An upload may take minutes."""
    world = live(script=["not_sent"] * (attempt - 1))
    for _ in range(attempt - 1):
        world.step()

    def taken_back() -> None:
        world.approved = lambda _: False

    world.network.before_send = taken_back
    world.run_for(timedelta(minutes=40))
    assert (world.rows()[0].state, world.rows()[0].reason) == ("missed", "withdrawn")
    assert world.seen == []


def test_a_sign_off_given_again_lets_it_go() -> None:
    world = live(script=["not_sent"])
    world.step()
    world.approved = lambda _: False
    world.run_for(5 * MINUTE)
    world.approved = lambda planned: planned.post == world.row().post
    world.run_for(2 * MINUTE)
    assert world.row().state == "posted"


def test_a_doubt_is_not_sent_again_without_its_sign_off() -> None:
    world = live(script=["vanish"], keyed=FOREVER)
    world.step()
    world.approved = lambda _: False
    world.run_for(timedelta(minutes=20))
    assert world.network.calls.count("send") == 1


def test_a_worker_that_is_told_to_stop_withdraws_nothing_that_its_successor_makes() -> None:
    world = live(script=["not_sent"])
    world.step()
    _reworded(world)
    old = Publisher(
        world.account,
        Planner(world.campaign, {"x": limits()}),
        world.ledger,
        world.network,
        lambda name, **fields: None,
        stopping=lambda: True,
    )
    world.run_for(5 * MINUTE, old)
    assert world.row().state == "retry"
    world.step()
    assert world.row().state == "posted"


@pytest.mark.parametrize("edit", EDITS)
def test_what_a_person_says_again_is_judged_again(edit: Edit) -> None:
    world = live(script=["vanish"], readable=False)
    world.run_for(2 * MINUTE)
    assert world.row().state == "held"
    planner = Planner(world.campaign, {"x": limits()})
    assert withdrawn(planner, world.campaign.accounts, world.row(), lambda _: True) == ""
    edit(world)
    planner = Planner(world.campaign, {"x": limits()})
    said = withdrawn(planner, world.campaign.accounts, world.row(), lambda _: True)
    assert said.startswith("the content no longer makes this post")
    resolve(world.ledger, world.row(), grace=30 * MINUTE, posted=None, retry=True)
    world.step(restarted(world))
    assert (world.rows()[0].state, world.rows()[0].reason) == ("missed", "withdrawn")
    assert world.row().slot == SLOT


def test_why_it_may_not_go_out_again_is_said() -> None:
    world = live(script=["vanish"], readable=False)
    world.run_for(2 * MINUTE)
    planner = Planner(world.campaign, {"x": limits()})
    said = withdrawn(planner, world.campaign.accounts, world.row(), lambda _: False)
    assert said == "it is not signed off any more"
    said = withdrawn(planner, {}, world.row(), lambda _: True)
    assert said == "the campaign has no account `x0` any more"
