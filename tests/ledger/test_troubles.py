"""What every store promises: the audit trail, plan notes, troubles and who is told of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain import Receipt
from bot.ledger.base import Act, Delivery, Ledger, PlanNote, Trouble
from tests.ledger.contract import DAY, a_halt, moved
from tests.ledger.puppet import BEGIN
from tests.ledger.stores import HOUR, Store

HERE, THERE = "hash of one address", "hash of another"


def a_trouble(ledger: Ledger, kind: str = "lost", account: str = "x", **more: Any) -> Trouble:
    fields: dict[str, Any] = {
        "slot": BEGIN,
        "since": ledger.now(),
        "what": "no post",
        "fix": "Look.",
        "host": "h",
    }
    return Trouble(account, kind, **(fields | more))


def lease(ledger: Ledger, address: str = HERE, holder: str = "one") -> Delivery | None:
    return ledger.lease(address, holder, 60)


def leased(ledger: Ledger, address: str = HERE, holder: str = "one") -> Delivery:
    found = lease(ledger, address, holder)
    assert found is not None
    return found


def told(ledger: Ledger, address: str = HERE) -> list[tuple[str, str]]:
    """Delivers all that is due; which trouble each was, and at which stage."""
    found = []
    while (delivery := ledger.lease(address, "teller", 60)) is not None:
        found.append((delivery.trouble.id, delivery.stage))
        assert ledger.delivered(delivery)
    return found


# What people did


def test_who_did_what_is_kept_with_what_was_done(store: Store, ledger: Ledger) -> None:
    held = moved(ledger, "held")
    other = moved(ledger, "held")
    before = ledger.now()
    ledger.pause("a meeting", who="anna")
    ledger.resume("it is over", who="ben")
    ledger.halt("x", a_halt(ledger, "paused by a person"), who="anna")
    ledger.unhalt("x", "found it", who="ben")
    ledger.move(held, "retry", "a person said: again", who="anna")
    ledger.receive(other, Receipt("9", "url"), "a person found it posted", who="ben")
    acts = list(store.open().acts())
    assert [act._replace(at=BEGIN) for act in acts] == [
        Act(BEGIN, "anna", "pause", why="a meeting"),
        Act(BEGIN, "ben", "resume", why="it is over"),
        Act(BEGIN, "anna", "halt", "x", why="paused by a person"),
        Act(BEGIN, "ben", "unhalt", "x", why="found it"),
        Act(BEGIN, "anna", "resolve", "x", held.slot, "a person said: again"),
        Act(BEGIN, "ben", "resolve", "x", other.slot, "a person found it posted"),
    ]
    assert before <= acts[0].at <= acts[-1].at <= ledger.now()
    assert list(ledger.acts(2)) == acts[-2:]
    assert list(ledger.acts(99)) == acts


def test_what_the_program_does_is_no_act(ledger: Ledger) -> None:
    row = moved(ledger, "unknown")
    ledger.pause("a test")
    ledger.resume()
    ledger.halt("x", a_halt(ledger))
    ledger.unhalt("x")
    ledger.receive(ledger.move(row, "held", "too old"), Receipt("9", "url"))
    assert list(ledger.acts()) == []


def test_what_changes_nothing_is_no_act(ledger: Ledger) -> None:
    ledger.resume(who="anna")
    ledger.unhalt("x", who="anna")
    posted = moved(ledger, "posted")
    ledger.receive(posted, Receipt("9", "url"), who="anna")
    with pytest.raises(Exception, match="Another worker"):
        ledger.move(posted, "retry", "again", who="anna")
    assert list(ledger.acts()) == []
    ledger.pause("first", who="anna")
    ledger.pause("second", who="ben")
    assert [act.why for act in ledger.acts()] == ["first"]


def test_a_pause_says_who_pulled_it(store: Store, ledger: Ledger) -> None:
    ledger.pause("a meeting", who="anna")
    store.travel(HOUR)
    ledger.pause("again", who="ben")
    pause = store.open().paused()
    assert pause is not None
    assert (pause.why, pause.who) == ("a meeting", "anna")
    ledger.resume(who="ben")
    ledger.pause()
    pause = ledger.paused()
    assert pause is not None
    assert (pause.why, pause.who) == ("", "")


# What is planned


def test_a_schedule_counts_since_it_was_first_noted(store: Store, ledger: Ledger) -> None:
    assert ledger.plan_note("x") is None
    noon = PlanNote("a", "noon", BEGIN, BEGIN + HOUR, BEGIN + 2 * HOUR)
    first = ledger.note_plan("x", noon)
    assert first == noon._replace(noted=first.noted)
    assert first.noted is not None
    assert store.open().plan_note("x") == first
    assert ledger.plan_note("y") is None
    store.travel(HOUR)
    moved_on = noon._replace(content="b", first=ledger.now(), slot=BEGIN + DAY)
    second = ledger.note_plan("x", moved_on)
    assert (second.first, second.before, second.content) == (BEGIN, None, "b")
    assert second.noted is not None
    assert second.noted - first.noted >= HOUR


def test_a_new_schedule_counts_from_now(store: Store, ledger: Ledger) -> None:
    noon = ledger.note_plan("x", PlanNote("a", "noon", BEGIN, BEGIN + HOUR, BEGIN + 2 * HOUR))
    store.travel(HOUR)
    hourly = PlanNote("a", "hourly", BEGIN, BEGIN + DAY, BEGIN + DAY + HOUR)
    first = ledger.note_plan("x", hourly)
    assert first.first == first.noted
    assert first.before == noon.slot
    store.travel(HOUR)
    again = ledger.note_plan("x", hourly._replace(slot=None, expires=None))
    assert (again.first, again.before, again.slot) == (first.first, noon.slot, None)
    assert ledger.plan_note("x") == again


# Troubles


def test_a_trouble_stands_once_until_it_is_over(store: Store, ledger: Ledger) -> None:
    trouble = a_trouble(ledger, slot=datetime.fromisoformat("2026-12-01T12:00:00+01:00"))
    assert trouble.id == "x/lost/2026-12-01T11:00:00+00:00"
    assert ledger.trouble_begun(trouble)
    assert not store.open().trouble_begun(trouble._replace(what="the same, in other words"))
    assert ledger.trouble_begun(a_trouble(ledger, slot=BEGIN + DAY))
    assert ledger.trouble_begun(a_trouble(ledger, "clock", ""))
    assert store.open().troubles()[0] == trouble
    assert ledger.troubles()[-1].id == "*/clock/2026-12-01T00:00:00+00:00"
    store.travel(HOUR)
    assert ledger.trouble_over(trouble.id)
    assert not ledger.trouble_over(trouble.id)
    assert not ledger.trouble_over("none/such")
    assert len(ledger.troubles()) == 2
    ended = ledger.troubles(open_only=False)[0]
    assert ended.over_at is not None
    assert ended == trouble._replace(over_at=ended.over_at)
    assert ended.over_at - trouble.since >= HOUR


def test_a_trouble_is_told_once_to_each_address_and_then_that_it_is_over(ledger: Ledger) -> None:
    trouble = a_trouble(ledger)
    ledger.trouble_begun(trouble, [HERE, THERE])
    assert told(ledger) == [(trouble.id, "begun")]
    assert told(ledger) == []
    ledger.trouble_over(trouble.id)
    assert told(ledger) == [(trouble.id, "over")]
    assert told(ledger) == []
    assert told(ledger, THERE) == [(trouble.id, "begun"), (trouble.id, "over")]
    assert told(ledger, "new") == [], "what was over before it was there is no news to an address"


def test_who_comes_late_hears_what_still_stands(ledger: Ledger) -> None:
    trouble = a_trouble(ledger)
    ledger.trouble_begun(trouble)
    assert told(ledger) == [(trouble.id, "begun")]
    ledger.trouble_over(trouble.id)
    assert told(ledger, THERE) == []


def test_a_trouble_that_comes_back_is_told_again(ledger: Ledger) -> None:
    trouble = a_trouble(ledger)
    ledger.trouble_begun(trouble, [HERE])
    told(ledger)
    ledger.trouble_over(trouble.id)
    told(ledger)
    again = trouble._replace(what="again")
    assert ledger.trouble_begun(again, [HERE])
    assert ledger.troubles() == [again]
    assert told(ledger) == [(trouble.id, "begun")]


def test_the_oldest_comes_first(store: Store, ledger: Ledger) -> None:
    first, second = a_trouble(ledger), a_trouble(ledger, slot=BEGIN + HOUR)
    ledger.trouble_begun(first, [HERE])
    store.travel(HOUR)
    ledger.trouble_begun(second, [HERE])
    assert told(ledger) == [(first.id, "begun"), (second.id, "begun")]


def test_what_is_leased_is_nobody_elses_until_the_lease_is_over(
    store: Store, ledger: Ledger
) -> None:
    trouble = a_trouble(ledger)
    ledger.trouble_begun(trouble, [HERE])
    other = store.open()
    first = leased(ledger)
    assert first == Delivery(trouble, "begun", HERE, 1, "one")
    assert lease(other, holder="two") is None
    store.travel(HOUR)
    second = leased(other, holder="two")
    assert (second.attempts, second.holder) == (2, "two")
    assert not ledger.delivered(first)
    assert not ledger.undelivered(first, ledger.now())
    assert other.delivered(second)
    assert not other.delivered(second)
    store.travel(HOUR)
    assert lease(ledger) is None, "delivered is final"


def test_what_could_not_be_delivered_is_due_again_at_its_time(store: Store, ledger: Ledger) -> None:
    trouble = a_trouble(ledger)
    ledger.trouble_begun(trouble, [HERE])
    assert ledger.undelivered(leased(ledger), ledger.now() + HOUR)
    assert lease(ledger) is None
    ledger.trouble_over(trouble.id)
    assert lease(ledger) is None, "that it is over comes after that it began"
    store.travel(HOUR)
    assert told(ledger) == [(trouble.id, "begun"), (trouble.id, "over")]


def test_a_pause_that_stands_is_told_of_again_each_day(store: Store, ledger: Ledger) -> None:
    begin = datetime.fromisoformat("2026-12-01T12:00:00Z")
    store.travel(begin - ledger.now())
    paused, lost = a_trouble(ledger, "paused"), a_trouble(ledger)
    ledger.trouble_begun(paused, [HERE])
    ledger.trouble_begun(lost, [HERE])
    assert len(told(ledger)) == 2
    store.travel(DAY - HOUR)
    assert told(ledger) == []
    store.travel(HOUR + HOUR)
    assert told(ledger) == [(paused.id, "reminder:2026-12-02")]
    assert told(ledger) == []
    store.travel(2 * DAY)
    assert told(ledger) == [(paused.id, "reminder:2026-12-04")], "one that was missed is missed"
    store.travel(DAY)
    assert ledger.undelivered(leased(ledger), ledger.now())
    ledger.trouble_over(paused.id)
    assert told(ledger) == [(paused.id, "over")], "and none that was left is told after its end"


@pytest.mark.parametrize("ahead", [3 * HOUR, 365 * DAY], ids=["hours", "a year"])
def test_a_time_that_a_wrong_clock_wrote_puts_off_nothing(
    store: Store, ledger: Ledger, ahead: timedelta
) -> None:
    trouble = a_trouble(ledger)
    ledger.trouble_begun(trouble, [HERE])
    assert ledger.undelivered(leased(ledger), ledger.now() + ahead)
    assert ledger.lease(HERE, "one", ahead.total_seconds()) is not None
    assert told(ledger) == [(trouble.id, "begun")]
