"""Slow disasters: an account that meets trouble of its own is halted, once, and takes up again.

The oracle for "one alert" is how often `halted` is told: each telling is one POST (test_events).
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import LedgerUnavailable, NotSent
from bot.halting import LONGEST
from bot.ledger.base import Halt
from bot.networks.base import Request
from bot.publishing import BACKOFF, PREPARE
from tests.generated import START
from tests.simulated import SimulatedNetwork
from tests.world import MINUTE, SECOND, SLOT, World, live

HOUR = timedelta(hours=1)
FOR_EVER = 10_000


def halt_of(world: World) -> Halt:
    halt = world.ledger.halted("x0")
    assert halt is not None
    return halt


def tries(network: SimulatedNetwork) -> int:
    """How often anything was asked of the network that costs, or that it may hold against us."""
    return len([call for call in network.calls if call != "find"])


# -- what only a person can mend --------------------------------------------------------------


def test_no_credit_is_one_alert_however_many_slots_pass() -> None:
    world = live(script=["no_credit"] * FOR_EVER)
    world.run_for(timedelta(hours=5))
    (told,) = world.told("halted")
    assert told["account"] == "x0"
    assert "402" in told["why"]
    assert told["fix"] == "Buy credit."
    assert "until `bot resume --account x0`" in told["outlook"]
    assert halt_of(world).person
    assert tries(world.network) == 2, "after an upload and a post nothing is even tried"
    assert {(row.state, row.reason) for row in world.rows()} == {("missed", "halted")}
    assert world.told("failed") == []


def test_a_restart_raises_no_second_alert_and_arms_nothing() -> None:
    world = live(script=["no_credit"])
    world.step()
    for _ in range(3):
        world.now += HOUR
        world.run_for(40 * MINUTE, world.new_worker())
    assert len(world.told("halted")) == 1
    assert world.seen == []


def test_two_workers_that_meet_it_raise_one_alert() -> None:
    world = live(upload_script=["no_credit"] * 2)
    upload, other = world.network.upload, world.new_worker()

    def overtaken(request: Request) -> tuple[str, ...]:
        world.network.upload = upload  # type: ignore[method-assign]
        world.step(other)
        return upload(request)

    world.network.upload = overtaken  # type: ignore[method-assign]
    world.step()
    assert tries(world.network) == 2
    assert len(world.told("halted")) == 1


def test_a_post_that_was_halted_goes_out_after_the_resume_while_it_lives() -> None:
    world = live(script=["no_credit"])
    world.run_for(10 * MINUTE)
    assert world.row().state == "retry"
    world.ledger.unhalt("x0")
    world.run_for(MINUTE)
    assert (world.row().state, world.row().attempts) == ("posted", 2)
    assert len(world.seen) == 1


def test_a_backlog_never_bursts_after_a_resume() -> None:
    world = World(every=(20, "m"))
    world.network.script = ["no_credit"]
    world.run_for(timedelta(hours=3) - MINUTE)
    assert halt_of(world).person
    world.ledger.unhalt("x0")
    world.run_for(HOUR)
    assert len(world.seen) == 3, "one for each slot that came since"
    assert [row.state for row in world.rows()].count("missed") == 8


def test_it_may_begin_with_the_pictures_before_the_slot() -> None:
    world = World().at(SLOT - PREPARE)
    world.network.upload_script = ["no_credit"] * FOR_EVER
    world.step()
    assert len(world.told("halted")) == 1
    world.run_for(timedelta(minutes=33))
    assert len(world.told("halted")) == 1
    assert world.network.calls.count("upload") == 1
    assert (world.row().state, world.row().reason) == ("missed", "halted")


def test_it_may_begin_with_the_pictures_of_another_attempt() -> None:
    world = live(script=["not_sent"], upload_script=["ok", "no_credit"])
    world.run_for(timedelta(minutes=2))
    assert halt_of(world).person
    world.ledger.unhalt("x0")
    world.run_for(timedelta(minutes=9))
    assert world.row().state == "posted"


def test_it_may_begin_while_reading_back() -> None:
    world = live(script=["lost"], find_script=["no_credit"] * 2)
    world.run_for(timedelta(minutes=2))
    assert len(world.told("halted")) == 1
    assert world.row().state == "unknown"
    world.run_for(timedelta(minutes=10))
    assert world.row().state == "posted", "reading goes on, and finds it"
    assert halt_of(world).person, "that it was found proves nothing of the credit"


def test_a_halt_that_comes_in_between_stops_the_write() -> None:
    world = live()
    halt = Halt(START, "402", person=True)
    world.network.before_send = lambda: world.ledger.halt("x0", halt)
    world.step()
    assert (world.row().state, world.seen) == ("retry", [])


def test_what_is_asked_for_by_hand_is_stopped_too() -> None:
    world = World()
    world.ledger.halt("x0", Halt(START, "402", person=True))
    with pytest.raises(NotSent, match="paused"):
        world.worker.post_next()
    assert tries(world.network) == 0


def test_another_account_goes_on() -> None:
    world = live()
    world.ledger.halt("another", Halt(START, "402", person=True))
    world.step()
    assert world.row().state == "posted"


# -- what heals by itself ---------------------------------------------------------------------


def test_each_slot_is_tried_once_and_in_silence_until_one_goes_out() -> None:
    world = live(upload_script=["ok"], script=["revoked"])
    world.network.upload_script += ["revoked"] * 4
    world.run_for(timedelta(minutes=40))
    assert tries(world.network) == 3, "an upload and a post, and then one more try, for a blip"
    world.network.calls.clear()
    for _ in range(3):
        world.run_for(HOUR)
        assert tries(world.network) == 1
        world.network.calls.clear()
    assert len(world.told("halted")) == 1
    assert {(row.state, row.reason) for row in world.rows()} == {("missed", "halted")}
    assert world.told("unhalted") == []
    world.run_for(HOUR)
    assert len(world.seen) == 1
    assert len(world.told("unhalted")) == 1
    assert world.ledger.halted("x0") is None
    world.run_for(HOUR)
    assert len(world.seen) == 2


def test_a_passing_trouble_costs_no_slot() -> None:
    world = live(script=["revoked"])
    world.run_for(BACKOFF[0] + SECOND)
    assert world.row().state == "posted"
    assert [name for name, _ in world.events if "halt" in name] == ["halted", "unhalted"]


def test_a_restart_with_mended_settings_takes_up_with_the_next_slot() -> None:
    world = live(script=["revoked"] * 2, upload_script=["ok", "revoked"])
    world.run_for(timedelta(minutes=40))
    mended = world.new_worker()
    world.network.script.clear()
    world.run_for(HOUR, mended)
    assert [row.state for row in world.rows()] == ["missed", "posted"]
    assert world.ledger.halted("x0") is None


def test_a_cap_is_waited_for_however_many_slots_it_takes() -> None:
    world = live(script=["not_sent"], retry_at=SLOT + timedelta(hours=5, minutes=10))
    world.run_for(timedelta(hours=5))
    assert tries(world.network) == 2, "not even a picture is uploaded before that"
    (told,) = world.told("halted")
    assert "429" in told["why"]
    assert "after 2026-12-01 06:10 UTC" in told["outlook"]
    world.run_for(HOUR)
    assert [row.state for row in world.rows()] == ["missed"] * 5 + ["posted"]
    assert len(world.told("unhalted")) == 1


def test_a_cap_that_ends_within_the_slots_life_is_no_halt() -> None:
    world = live(script=["not_sent"], retry_at=SLOT + 11 * MINUTE)
    world.run_for(12 * MINUTE)
    assert world.row().state == "posted"
    assert world.told("halted") == []


def test_a_cap_beyond_all_reason_is_not_believed() -> None:
    world = live(script=["not_sent"], retry_at=SLOT + timedelta(days=4000))
    world.step()
    assert halt_of(world).until == SLOT + LONGEST


def test_what_heals_by_itself_may_turn_into_what_does_not() -> None:
    world = live(script=["revoked", "no_credit"])
    world.run_for(timedelta(hours=3))
    assert [told["fix"] for told in world.told("halted")] == ["Check the tokens.", "Buy credit."]
    assert halt_of(world).person
    assert tries(world.network) == 4


def test_a_receipt_from_before_the_halt_proves_nothing() -> None:
    """Another worker's post was under way as this one was told off."""
    world = live()

    def meanwhile() -> None:
        world.now += SECOND

    world.network.before_send = meanwhile
    halt = world.ledger.halt
    receive = world.ledger.receive

    def receive_late(*args: object) -> object:
        halt("x0", Halt(world.now, "401", token="another's"))
        return receive(*args)  # type: ignore[arg-type]

    world.ledger.receive = receive_late  # type: ignore[method-assign,assignment]
    world.step()
    assert world.row().state == "posted"
    assert halt_of(world).token == "another's"


def test_a_persons_halt_is_not_lifted_by_a_receipt_though_the_clock_went_back() -> None:
    """Then the halt looks older than the arming that it came after."""
    world = live()
    halt = world.ledger.halt
    receive = world.ledger.receive

    def receive_late(*args: object) -> object:
        halt("x0", Halt(world.now - MINUTE, "402", person=True, token="another's"))
        return receive(*args)  # type: ignore[arg-type]

    world.ledger.receive = receive_late  # type: ignore[method-assign,assignment]
    world.step()
    assert world.row().state == "posted"
    assert halt_of(world).token == "another's"


def test_a_key_is_not_sent_again_while_halted() -> None:
    world = live(script=["lost", "no_credit"], keyed=timedelta.max)
    world.run_for(timedelta(minutes=20))
    assert world.network.calls.count("send") == 2
    assert len(world.told("halted")) == 1
    world.ledger.unhalt("x0")
    world.run_for(timedelta(minutes=20))
    assert world.row().state == "posted"
    assert len(world.seen) == 1


def test_a_receipt_by_key_lifts_it_too() -> None:
    world = live(script=["revoked", "lost"], keyed=timedelta.max)
    world.run_for(10 * MINUTE)
    assert (world.row().state, world.row().reason) == ("posted", "reconciled by key")
    assert len(world.told("unhalted")) == 1
    assert world.ledger.halted("x0") is None


# -- a ledger that goes away meanwhile --------------------------------------------------------


@pytest.mark.parametrize("committed", [False, True])
def test_the_one_alert_is_not_lost_with_the_ledgers_answer(committed: bool) -> None:
    world = live(script=["no_credit"])
    halt = world.ledger.halt

    def break_off(*args: object) -> object:
        if committed:
            halt(*args)  # type: ignore[arg-type]
        raise LedgerUnavailable(where="here", why="gone")

    world.ledger.halt = break_off  # type: ignore[method-assign,assignment]
    with pytest.raises(LedgerUnavailable):
        world.step()
    assert world.told("halted") == []
    world.ledger.halt = halt  # type: ignore[method-assign]
    world.run_for(timedelta(hours=2))
    assert len(world.told("halted")) == 1
    assert world.rows()[0].state == "missed"
