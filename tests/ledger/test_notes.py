"""What every store promises: pauses, workers, halts, and what it knows of its own memory."""

from __future__ import annotations

import pytest

from bot.domain import Receipt, text_key
from bot.errors import LedgerConflict
from bot.ledger.base import Ledger, Trust
from tests.ledger.contract import DAY, RECEIPT, a_halt, everything, moved, refused
from tests.ledger.stores import HOUR, Store, a_row, armed

# Pauses and workers


def test_a_pause_is_kept_with_its_time_and_reason(store: Store, ledger: Ledger) -> None:
    before = ledger.now()
    ledger.pause("the first")
    since = ledger.paused()
    assert since is not None
    assert before <= since.since <= ledger.now()
    assert (since.why, since.who) == ("the first", "")
    store.travel(HOUR)
    store.open().pause("the second")
    assert ledger.paused() == since
    ledger.resume()
    ledger.resume()
    assert ledger.paused() is None
    ledger.pause()
    again = ledger.paused()
    assert again is not None
    assert again.since - since.since >= HOUR
    assert again.why == ""


def test_workers_that_are_alive(store: Store, ledger: Ledger) -> None:
    ledger.beat("one", {"mode": "live", "n": 1})
    store.travel(HOUR)
    ledger.beat("two", {})
    store.travel(HOUR)
    first, second = ledger.beats()
    assert (first.worker, first.note) == ("two", {})
    assert (second.worker, second.note) == ("one", {"mode": "live", "n": 1})
    assert HOUR <= first.at - second.at < 2 * HOUR
    ledger.beat("one", {"mode": "dry"})
    assert [(beat.worker, beat.note) for beat in ledger.beats()] == [
        ("one", {"mode": "dry"}),
        ("two", {}),
    ]
    ledger.unbeat("one")
    ledger.unbeat("nobody")
    assert [beat.worker for beat in ledger.beats()] == ["two"]


def test_a_worker_is_kept_until_it_ends_or_has_a_successor(store: Store, ledger: Ledger) -> None:
    began = ledger.now().isoformat()
    ledger.beat("killed", {"account": "x", "began": began})
    ledger.beat("other", {"account": "y", "began": began})
    ledger.pause("stays")
    store.travel(10 * DAY)
    ledger.beat("beside", {"account": "x", "began": began})
    assert [beat.worker for beat in ledger.beats()] == ["beside", "other", "killed"]
    ledger.beat("next", {"account": "x", "began": (ledger.now() - HOUR).isoformat()})
    assert [beat.worker for beat in ledger.beats()] == ["next", "beside", "other"]
    ledger.beat("next", {"account": "x", "began": (ledger.now() - HOUR).isoformat()})
    ledger.beat("one that says nothing of itself", {})
    assert len(ledger.beats()) == 4
    assert ledger.paused() is not None
    assert ledger.migrate() == []


# Halts


def test_nothing_of_a_halted_account_is_armed_until_it_is_lifted(
    store: Store, ledger: Ledger
) -> None:
    waiting = moved(ledger, "retry")
    new = a_row(waiting.number + 1, waiting.slot + HOUR)
    store.open().halt("x", a_halt(ledger))
    assert refused(lambda: ledger.arm(new, "token")) == "paused"
    assert refused(lambda: ledger.rearm(waiting, "fresh")) == "paused"
    assert armed(ledger, "y").state == "sending", "another account's business"
    assert waiting in everything(ledger)
    ledger.unhalt("x")
    assert ledger.rearm(waiting, "fresh").state == "sending"
    assert ledger.arm(new, "token").state == "sending"


def test_a_halt_that_lifts_itself_lets_each_slot_be_tried_but_not_too_soon(
    store: Store, ledger: Ledger
) -> None:
    waiting = moved(ledger, "retry")
    new = a_row(waiting.number + 1, waiting.slot + HOUR)
    until = ledger.now() + HOUR
    ledger.halt("x", a_halt(ledger, "429", person=False, until=until))
    assert refused(lambda: ledger.rearm(waiting, "fresh")) == "paused"
    assert refused(lambda: ledger.arm(new, "token")) == "paused"
    store.travel(2 * HOUR)
    ledger.halt("x", a_halt(ledger, "401", person=False, tried=waiting.slot))
    assert refused(lambda: ledger.rearm(waiting, "fresh")) == "paused"
    assert ledger.arm(new, "token").state == "sending"


def test_who_begins_a_halt_is_told_apart_from_who_meets_it(store: Store, ledger: Ledger) -> None:
    slot = ledger.now()
    mine = a_halt(ledger, "401", person=False, tried=slot, token="mine")
    stands = ledger.halt("x", mine)
    assert (stands.token, stands.why, stands.tried) == ("mine", "401", None)
    assert ledger.halt("x", mine) == stands, "said twice, for want of an answer"
    store.travel(HOUR)
    until = ledger.now() + HOUR
    other = a_halt(ledger, "401 again", person=False, tried=slot, until=until, token="other")
    again = store.open().halt("x", other)
    assert again == stands._replace(tried=slot, until=until)
    older = other._replace(tried=slot - HOUR, until=None, token="third")
    assert ledger.halt("x", older) == stands._replace(tried=slot)
    assert ledger.halted("x") == ledger.halts()["x"] == stands._replace(tried=slot)
    worse = ledger.halt("x", a_halt(ledger, "402", token="worse", tried=slot))
    assert (worse.why, worse.token, worse.person) == ("402", "worse", True)
    assert ledger.halt("x", other).why == "402"


def test_a_halt_is_lifted_once(ledger: Ledger) -> None:
    assert ledger.unhalt("x") is None
    stands = ledger.halt("x", a_halt(ledger))
    ledger.halt("y", a_halt(ledger, "401"))
    assert list(ledger.halts()) == ["x", "y"]
    assert ledger.unhalt("x") == stands
    assert ledger.unhalt("x") is None
    assert list(ledger.halts()) == ["y"]
    assert ledger.paused() is None


def test_a_halts_time_is_the_databases(store: Store, ledger: Ledger) -> None:
    before = ledger.now()
    stands = ledger.halt("x", a_halt(ledger)._replace(since=before - HOUR))
    assert before <= stands.since <= ledger.now()
    store.travel(HOUR)
    assert store.open().halted("x") == stands


def test_posts_that_a_person_was_asked_about_are_remembered(ledger: Ledger) -> None:
    ledger.halt("x", a_halt(ledger), ["2", "1"])
    ledger.unhalt("x")
    ledger.halt("x", a_halt(ledger), ["3"])
    ledger.halt("x", a_halt(ledger))
    assert ledger.was_asked("x") == {"1", "2", "3"}
    assert ledger.was_asked("y") == set()
    assert ledger.knows("x", ["1"]) == set()


# What the ledger forgot


def test_a_post_that_the_ledger_forgot_is_a_row_with_its_receipt(
    store: Store, ledger: Ledger
) -> None:
    birth = ledger.begin("x", "sim")
    row = ledger.recover(a_row(2, birth.slot + HOUR, "A"), RECEIPT, "forgotten")
    assert (row.state, row.attempts, row.token) == ("posted", 0, "")
    assert (row.remote_id, row.url, row.reason) == (*RECEIPT, "forgotten")
    assert row.finished_at == row.claimed_at
    assert store.open().row("x", row.slot) == row
    assert ledger.history("x").uses[0].text_key == text_key("A")


def test_only_the_next_row_and_a_new_post_are_recovered(ledger: Ledger) -> None:
    row = ledger.receive(armed(ledger), RECEIPT)
    before = everything(ledger)
    other = Receipt("1791", "url")
    for new, receipt in (
        (a_row(row.number, row.slot + HOUR), other),
        (a_row(row.number + 2, row.slot + HOUR), other),
        (a_row(row.number + 1, row.slot), other),
        (a_row(row.number + 1, row.slot + HOUR), RECEIPT),
    ):
        with pytest.raises(LedgerConflict):
            ledger.recover(new, receipt, "forgotten")
    assert everything(ledger) == before


def test_a_suspicion_stays_until_it_is_cleared(store: Store, ledger: Ledger) -> None:
    assert ledger.trust("x") == Trust()
    now = ledger.now()
    ledger.suspect("x", now)
    ledger.suspect("x", now - HOUR, noticed=now)
    was = store.open().trust("x")
    ledger.suspect("x", now)
    assert was == ledger.trust("x") == Trust(None, now - HOUR, now)
    assert ledger.trust("y") == Trust()
    ledger.suspect("x", now, noticed=now + HOUR)
    assert not ledger.clear("x", "past", was), "somebody noticed more meanwhile"
    assert ledger.trust("x") == Trust(None, now - HOUR, now + HOUR)
    assert ledger.clear("x", "past", ledger.trust("x"))
    assert store.open().trust("x") == Trust("past")
    ledger.suspect("x", now)
    assert ledger.trust("x") == Trust("past", now)


def test_nothing_is_armed_while_posts_may_be_missing(store: Store, ledger: Ledger) -> None:
    waiting = moved(ledger, "retry")
    new = a_row(waiting.number + 1, waiting.slot + HOUR)
    store.open().suspect("x", ledger.now())
    assert refused(lambda: ledger.arm(new, "token")) == "suspected"
    assert refused(lambda: ledger.rearm(waiting, "fresh")) == "suspected"
    assert armed(ledger, "y").state == "sending", "another account's business"
    assert waiting in everything(ledger)
    ledger.clear("x", "past", ledger.trust("x"))
    assert ledger.rearm(waiting, "fresh").state == "sending"
    assert ledger.arm(new, "token").state == "sending"


def test_signs_of_life_are_the_accounts_own(store: Store, ledger: Ledger) -> None:
    row = armed(ledger)
    assert ledger.trust("x").life == row.armed_at
    store.travel(HOUR)
    ledger.beat("host:1/y", {"account": "y"})
    ledger.beat("somebody", {})
    assert ledger.trust("x").life == row.armed_at
    ledger.beat("host:1/x", {"account": "x"})
    life = ledger.trust("x").life
    assert life is not None
    assert row.armed_at is not None
    assert HOUR <= life - row.armed_at < 2 * HOUR
    store.travel(HOUR)
    assert ledger.trust("x").life == life
    ledger.receive(row, RECEIPT)
    assert ledger.trust("x").life == life, "it may have been a person"


def test_a_database_goes_on_from_one_past(store: Store, ledger: Ledger) -> None:
    assert ledger.lineage() == ledger.lineage() == store.open().lineage()
