"""From `sending` on, and the last look before the write."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.publishing import BACKOFF, SEND_WINDOW
from bot.reconciling import DEADLINE
from tests.generated import campaign, passage, template
from tests.world import SECOND, SLOT, dead_while_sending, live

# -- from `sending` ---------------------------------------------------------------------------


def test_not_sent_is_tried_again_with_a_new_token_and_the_same_bytes() -> None:
    world = live(script=["not_sent"])
    world.step()
    first = world.row()
    assert (first.state, first.next_at) == ("retry", SLOT + BACKOFF[0])
    world.at(SLOT + BACKOFF[0]).step()
    second = world.row()
    assert (second.state, second.attempts, second.text) == ("posted", 2, first.text)
    assert second.token != first.token
    assert world.network.calls == ["upload", "send", "upload", "send"]


def test_retries_back_off_and_honour_what_the_network_says() -> None:
    world = live(script=["not_sent"] * 9)
    waits = []
    for _ in range(6):
        world.step()
        row = world.row()
        if row.state != "retry" or row.next_at is None:
            break
        waits.append((row.next_at - world.now).total_seconds())
        world.at(row.next_at)
    assert waits == [30, 60, 120, 240, 480, 480]
    world = live(script=["not_sent"], retry_at=SLOT + timedelta(minutes=11))
    world.step()
    assert world.row().next_at == SLOT + timedelta(minutes=11)


def test_a_retry_that_expires_is_missed() -> None:
    world = live(script=["not_sent"] * 99)
    world.run_for(timedelta(minutes=31))
    assert world.row().state == "missed"
    assert world.row().reason.startswith("late: ")
    assert world.seen == []


def test_a_retry_never_draws_anew() -> None:
    world = live(script=["not_sent"])
    world.step()
    frozen = world.row().text
    passages = [*world.campaign.passages.values(), passage("other", text="Other words")]
    templates = [template("t9"), *world.campaign.templates.values()]
    world.campaign = campaign(passages, templates)
    edited = world.new_worker()
    world.at(SLOT + BACKOFF[0]).step(edited)
    assert world.seen == [frozen]


def test_refused_for_good_is_failed_and_alarms() -> None:
    world = live(script=["refused"])
    world.run_for(timedelta(minutes=40))
    assert (world.row().state, world.seen) == ("failed", [])
    assert len(world.told("failed")) == 1


@pytest.mark.parametrize("word", ["lost", "vanish"])
def test_anything_else_is_unknown(word: str) -> None:
    world = live(script=[word])
    world.step()
    assert world.row().state == "unknown"


def test_a_fault_of_our_own_after_the_claim_is_unknown_too() -> None:
    world = live()

    def boom() -> None:
        raise ZeroDivisionError

    world.network.before_send = boom
    world.step()
    assert world.row().state == "unknown"


def test_a_dead_workers_row_is_unknown_after_deadline_and_quarantine_and_not_before() -> None:
    world = dead_while_sending(live(), landed=False)
    over = SLOT + DEADLINE + world.network.quarantine
    survivor = world.new_worker()
    assert world.at(over - SECOND).step(survivor) == over
    assert world.row().state == "sending"
    world.at(over).step(survivor)
    assert world.row().state in {"unknown", "held"}
    assert world.seen == []


# -- the last look before the write -----------------------------------------------------------


def test_no_row_of_mine_no_request() -> None:
    world = live()

    def taken_over() -> None:
        row = world.row()
        world.ledger.move(row, "unknown", "somebody else")

    world.network.before_send = taken_over
    world.step()
    assert world.seen == []
    assert world.row().state == "unknown"


def test_a_token_tells_two_armings_apart() -> None:
    world = live()

    def rearmed_by_another() -> None:
        row = world.ledger.move(world.row(), "retry", "somebody else")
        world.ledger.rearm(row, "another token")

    world.network.before_send = rearmed_by_another
    world.step()
    assert world.seen == []


def test_nothing_is_written_outside_the_send_window() -> None:
    world = live()
    world.network.before_send = lambda: world.at(SLOT + SEND_WINDOW + SECOND)
    world.step()
    assert (world.row().state, world.seen) == ("retry", [])


def test_a_pause_that_comes_in_between_stops_the_write() -> None:
    world = live()
    world.network.before_send = lambda: world.ledger.pause()
    world.step()
    assert (world.row().state, world.seen) == ("retry", [])
