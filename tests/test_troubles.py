"""The one rule of who must hear of what: pure, so every case is a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain import Place, Problem, Slot, State
from bot.ledger.base import Beat, Halt, NewRow, Pause, PlanNote, Row, Trouble
from bot.ledger.memory import MemoryLedger
from bot.ledger.reasons import (
    HALTED,
    LATE,
    MEDIA,
    NOTHING,
    PAUSED,
    RESCHEDULED,
    TOO_OLD,
    UNAPPROVED,
    WITHDRAWN,
)
from bot.losses import SLACK
from bot.troubles import ITS_OWN, Facts, Found, Standing, all_well, gather, judge

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
GRACE = timedelta(minutes=30)


def row(state: State, hour: int, reason: str = "", **more: Any) -> Row:
    """The row of that day's slot at this hour."""
    at = NOON + (hour - 12) * HOUR
    values: dict[str, Any] = dict.fromkeys(Row._fields)
    values |= {
        "account": "x",
        "number": hour,
        "network": "x",
        "slot": at,
        "expires_at": at + GRACE,
        "state": state,
        "reason": reason,
        "attempts": 1,
        "token": "t",
        "language": "en",
        "claimed_at": at,
        "armed_at": at,
    }
    return Row(**(values | more))


def of(*newest_first: Row, now: datetime = NOON + 10 * HOUR, **facts: Any) -> list[Found]:
    halt = facts.get("halts", {}).get("x")
    standing = Standing("x", newest_first, halt, facts.pop("note", None))
    return judge(Facts(now, accounts=[standing], **facts))


def one(found: list[Found]) -> Found:
    (each,) = found
    return each


# -- the newest passed slot -------------------------------------------------------------------


def test_an_account_without_a_past_is_well() -> None:
    assert of() == []
    assert of(row("missed", 8, "birth")) == []


WELL = [
    row("posted", 9),
    row("missed", 9, PAUSED),
    row("failed", 9, "a person dropped it"),
]


@pytest.mark.parametrize("newest", WELL, ids=[f"{each.state} {each.reason}" for each in WELL])
def test_what_was_posted_or_passed_over_on_purpose_is_well(newest: Row) -> None:
    assert of(newest) == []
    assert of(newest, row("missed", 8, LATE), row("failed", 7, "refused")) == []


def test_what_never_was_a_slot_neither_is_trouble_nor_ends_any() -> None:
    never = row("missed", 9, RESCHEDULED)
    assert of(never) == of(never, row("posted", 8)) == []
    assert one(of(never, row("missed", 8, LATE))).subject == "x/2026-12-01T08:00:00+00:00"


def test_what_an_account_left_behind_that_the_campaign_has_no_more_is_over() -> None:
    beat = Beat("h:1/y", NOON, {"account": "y"})
    told = [Trouble("y", kind, NOON, NOON, "what") for kind in ("keys", "fault", "clock")]
    assert of(beats=[beat], told=told, gone=frozenset({"y"})) == []
    assert [each.trouble.kind for each in of(told=[told[0]._replace(account="x")])] == ["keys"]


@pytest.mark.parametrize("state", ["sending", "retry", "unknown"])
def test_what_a_removed_account_left_open_is_a_persons(state: State) -> None:
    left = row(state, 9, account="y")
    end = left.expires_at if state == "retry" else left.slot + TOO_OLD
    facts = Facts(end + SLACK, orphans=[left], gone=frozenset({"y"}))
    assert judge(facts) == [], "it may settle yet"
    facts = facts._replace(at=end + SLACK + MINUTE)
    found = one(judge(facts))
    assert (found.trouble.kind, found.trouble.account, found.state) == ("held", "y", state)
    assert "the campaign has no account `y` any more" in found.trouble.what
    assert f"bot resolve {left.id} --posted URL" in found.trouble.fix
    beat = Beat("h:1/y", end + SLACK + MINUTE, {"account": "y"})
    assert judge(facts._replace(beats=[beat])) == [], "another's business"


def test_what_is_open_is_gathered_of_accounts_that_the_campaign_has_not() -> None:
    ledger = MemoryLedger(clock=lambda: NOON)
    for account in ("x", "y"):
        ledger.begin(account, "x", NOON - HOUR)
        ledger.arm(NewRow(2, Slot(NOON, account, NOON, NOON + GRACE), "x"), "t")
    facts = gather(ledger, ["x"])
    assert [each.account for each in facts.orphans] == ["y"]
    assert facts.gone == frozenset({"y"})


REASONS = [
    (LATE, "its time passed", "log of the worker"),
    (f"{LATE}: X: not sent: no connection", "no connection", "log of the worker"),
    (f"{MEDIA}: X: not sent: uploading: 503", "uploading: 503", "network is reached"),
    (MEDIA, "its pictures were not ready", "network is reached"),
    (UNAPPROVED, "not signed off", "bot approve"),
    (NOTHING, "nothing is left to draw", "bot check"),
    (WITHDRAWN, "the content no longer makes it", "bot check"),
    (HALTED, "was halted", "next post"),
    ("something new", "something new", "bot log"),
]


@pytest.mark.parametrize(("reason", "why", "fix"), REASONS)
def test_what_was_missed_is_lost_and_says_why(reason: str, why: str, fix: str) -> None:
    found = one(of(row("missed", 9, reason), row("posted", 8)))
    assert (found.trouble.account, found.trouble.kind) == ("x", "lost")
    assert found.trouble.slot == found.trouble.since == NOON - 3 * HOUR
    assert found.subject == "x/2026-12-01T09:00:00+00:00"
    assert found.trouble.what.startswith(f"{found.subject} was not posted: ")
    assert why in found.trouble.what
    assert fix in found.trouble.fix
    assert not all_well([found])


def test_what_was_refused_is_lost_until_the_next_post() -> None:
    found = one(of(row("failed", 9, "X: refused: 400")))
    assert (found.state, found.trouble.kind) == ("failed", "lost")
    assert "X: refused: 400" in found.trouble.what
    assert of(row("posted", 10), row("failed", 9, "X: refused: 400")) == []


def test_many_lost_slots_are_one_trouble_known_by_its_first() -> None:
    lost = [row("missed", hour, MEDIA) for hour in (10, 9, 8)]
    found = one(of(*lost, row("posted", 7)))
    assert found.trouble.slot == NOON - 4 * HOUR
    assert "(3 slots since 2026-12-01 08:00 UTC)" in found.trouble.what
    two = one(of(*lost[:2], row("posted", 7))).trouble.what
    assert "(2 slots since 2026-12-01 09:00 UTC)" in two


OPENED: list[State] = ["sending", "retry", "unknown"]


@pytest.mark.parametrize("state", OPENED)
def test_what_is_being_settled_is_not_lost_and_ends_nothing(state: State) -> None:
    now = NOON - 3 * HOUR + MINUTE
    newest = row(state, 9)
    assert of(newest, row("posted", 8), now=now) == []
    found = one(of(newest, row("missed", 8, LATE), row("posted", 7), now=now))
    assert found.trouble.slot == NOON - 4 * HOUR


@pytest.mark.parametrize("state", OPENED)
def test_what_nobody_settles_is_lost(state: State) -> None:
    newest = row(state, 9)
    end = newest.expires_at if state == "retry" else newest.slot + TOO_OLD
    assert of(newest, now=end + SLACK) == []
    found = one(of(newest, now=end + SLACK + MINUTE))
    assert f"is not settled: {state} since 2026-12-01 09:00 UTC" in found.trouble.what
    assert "Start the worker" in found.trouble.fix


# -- where no process lives -------------------------------------------------------------------


def note(hour: int, **more: Any) -> PlanNote:
    at = NOON + (hour - 12) * HOUR
    return PlanNote("c", "s", NOON - 48 * HOUR, at, at + GRACE, None, at - HOUR)._replace(**more)


def test_a_slot_that_expired_without_a_row_is_lost() -> None:
    newest = row("posted", 8)
    expires = NOON - 3 * HOUR + GRACE
    assert of(newest, note=note(9), now=expires) == []
    found = one(of(newest, note=note(9), now=expires + timedelta(seconds=1)))
    assert found.trouble.slot == NOON - 3 * HOUR
    assert "nobody was there to post it" in found.trouble.what
    assert of(row("posted", 9), note=note(9)) == [], "a row tells what became of it"
    assert of(newest, note=note(9, slot=None, expires=None)) == [], "the schedule is over"


def test_a_worker_that_lives_is_not_told_to_be_started() -> None:
    expires = NOON - 3 * HOUR + GRACE
    for late, told in ((timedelta(seconds=1), False), (ITS_OWN + timedelta(seconds=1), True)):
        beats = [Beat("h:1/x", expires + late, {"account": "x"})]
        found = of(row("posted", 8), note=note(9), beats=beats, now=expires + late)
        assert bool(found) == told, "it records it itself, and then it is known why"
    assert "its worker lives, and did not get to it" in one(found).trouble.what
    assert "Its log says" in one(found).trouble.fix
    assert "Start the worker" not in one(found).trouble.fix
    left = row("unknown", 9)
    now = left.slot + TOO_OLD + SLACK + MINUTE
    mine, others = (Beat("h:1/x", now, {"account": name}) for name in ("x", "y"))
    assert "Its log says" in one(of(left, beats=[mine], now=now)).trouble.fix
    assert "Start the worker" in one(of(left, beats=[others], now=now)).trouble.fix


def test_an_account_that_an_error_leaves_out_has_lost_its_next_slot() -> None:
    coming = note(12)
    standing = Standing("x", [row("posted", 9)], None, coming, idle=True)
    for now in (NOON - 2 * HOUR, NOON + HOUR):
        found = one(judge(Facts(now, accounts=[standing])))
        assert found.trouble.id == "x/lost/2026-12-01T12:00:00+00:00", "the same, before and after"
        assert "an error in campaign.toml leaves the account out" in found.trouble.what
        assert "`bot check` names it." in found.trouble.fix
    facts = Facts(NOON - 2 * HOUR, accounts=[standing])
    beats = [Beat("h:1/x", NOON - 2 * HOUR, {"account": "x"})]
    assert judge(facts._replace(beats=beats)) == [], "who has another content still posts there"
    for well in (standing._replace(note=None), standing._replace(idle=False)):
        assert judge(facts._replace(accounts=[well])) == []
    paused = judge(facts._replace(paused=Pause(NOON - 3 * HOUR)))
    assert [each.trouble.kind for each in paused] == ["paused"]


def test_which_accounts_are_idle_is_gathered() -> None:
    facts = gather(MemoryLedger(clock=lambda: NOON), ["x"], ["m"])
    assert [(each.account, each.idle) for each in facts.accounts] == [("x", False), ("m", True)]


def test_when_it_is_recorded_it_stays_the_same_trouble() -> None:
    before = one(of(row("posted", 8), note=note(9)))
    after = one(of(row("missed", 10, LATE), row("missed", 9, LATE), row("posted", 8)))
    assert before.trouble.id == after.trouble.id


def test_the_first_lost_slot_counts_where_some_are_recorded() -> None:
    found = one(of(row("missed", 8, LATE), row("posted", 7), note=note(9)))
    assert found.trouble.slot == NOON - 4 * HOUR


def test_a_slot_that_expired_in_a_pause_is_not_lost() -> None:
    before, after = Pause(NOON - 4 * HOUR), Pause(NOON)
    assert {each.trouble.kind for each in of(row("posted", 8), note=note(9), paused=before)} == {
        "paused"
    }
    assert {each.trouble.kind for each in of(row("posted", 8), note=note(9), paused=after)} == {
        "paused",
        "lost",
    }


# -- halts and pauses -------------------------------------------------------------------------


def test_a_halt_is_one_trouble_however_many_slots_it_costs() -> None:
    halt = Halt(NOON - 2 * HOUR, "X: 401", "Make new tokens.", token="t")
    found = one(of(row("missed", 11, HALTED), row("missed", 10, LATE), halts={"x": halt}))
    assert (found.trouble.kind, found.subject, found.state) == ("halted", "x", "halted")
    assert found.trouble.what == "X: 401"
    assert found.trouble.fix.startswith("Make new tokens. Each slot is tried once")


def test_a_halt_that_is_lifted_stays_the_same_trouble_until_a_post_goes_out() -> None:
    told = Trouble("x", "halted", NOON - 2 * HOUR, NOON - 2 * HOUR, "X: 401")
    lost = row("missed", 11, HALTED)
    assert one(of(lost, told=[told])).trouble.id == told.id
    assert of(row("posted", 12), lost, told=[told]) == []


def test_an_account_that_can_not_be_read_is_the_trouble_that_it_was() -> None:
    """First its slots are lost for a name that is not found, then it is halted for the same."""
    told = Trouble("x", "lost", NOON - 2 * HOUR, NOON - 2 * HOUR, "x/… was not posted")
    halt = Halt(NOON, "its posts can't be read", unread=True, token="t")
    assert one(of(row("missed", 11, LATE), told=[told], halts={"x": halt})).trouble.id == told.id


def test_a_pause_says_since_when_and_by_whom_and_leaves_the_heartbeat() -> None:
    found = one(of(row("missed", 9, PAUSED), paused=Pause(NOON, "Waiting for the board", "Ada")))
    assert found.trouble.what == "Everything is paused by Ada: Waiting for the board"
    assert found.trouble.since == NOON
    assert "bot resume" in found.trouble.fix
    assert all_well([found])


def test_an_account_that_a_person_paused_is_no_halt() -> None:
    halt = Halt(NOON, "paused by a person: On strike", person=True)
    found = one(of(row("missed", 9, HALTED), halts={"x": halt}))
    assert (found.trouble.kind, found.trouble.account) == ("paused", "x")
    assert found.trouble.what == "x is paused by a person: On strike"
    assert "bot resume --account x" in found.trouble.fix
    assert all_well([found])


# -- what needs a person's word ---------------------------------------------------------------


def test_a_held_post_is_trouble_whatever_was_posted_since() -> None:
    held = [row("held", 9, "too old"), row("held", 10, "too old")]
    found = of(row("posted", 11), *held, held=held)
    assert [each.subject for each in found] == [each.id for each in held]
    assert all("--retry" in each.trouble.fix for each in found)


# -- workers ----------------------------------------------------------------------------------


def beat(name: str, ago: timedelta, began: timedelta, account: str = "x") -> Beat:
    began_at = (NOON - began).isoformat()
    return Beat(name, NOON - ago, {"account": account, "began": began_at})


@pytest.mark.parametrize(
    "ago", [2 * MINUTE, 23 * HOUR, 26 * HOUR, timedelta(days=10)], ids=["2m", "23h", "26h", "10d"]
)
def test_a_worker_that_is_gone_is_named_for_ever(ago: timedelta) -> None:
    found = one(judge(Facts(NOON, beats=[beat("host:7/x", ago, ago + HOUR)])))
    assert (found.trouble.kind, found.trouble.account, found.subject) == ("silent", "x", "host:7/x")
    assert "not heard of since 20" in found.trouble.what
    assert found.trouble.slot == NOON - ago


def test_a_worker_that_beats_is_there() -> None:
    assert judge(Facts(NOON, beats=[beat("a", timedelta(seconds=90), HOUR)])) == []


def test_a_successor_that_lives_takes_its_place() -> None:
    dead, alive = beat("a", 5 * MINUTE, HOUR), beat("b", MINUTE, 4 * MINUTE)
    assert judge(Facts(NOON, beats=[alive, dead])) == []
    overlapping = beat("b", MINUTE, 10 * MINUTE)
    assert judge(Facts(NOON, beats=[overlapping, dead])) == [], "as at a deploy"
    older = dead._replace(note={"account": "x"})
    assert judge(Facts(NOON, beats=[alive, older])) == [], "of a version that didn't say so yet"
    for other in (
        beat("b", MINUTE, 4 * MINUTE, account="y"),
        beat("b", MINUTE, 2 * HOUR),
        Beat("b", NOON, {}),
    ):
        assert one(judge(Facts(NOON, beats=[other, dead]))).subject == "a"


def test_a_successor_that_is_gone_too_takes_nobodys_place() -> None:
    both = [beat("b", 3 * MINUTE, 4 * MINUTE), beat("a", 5 * MINUTE, HOUR)]
    assert [each.subject for each in judge(Facts(NOON, beats=both))] == ["a", "b"]


def test_a_cron_job_takes_the_place_of_a_worker_too() -> None:
    """It leaves no beat; but what it posts, long after the worker was heard of, nobody else did."""
    dead = beat("a", HOUR, 2 * HOUR)
    since = row("posted", 12)._replace(armed_at=NOON - MINUTE)
    assert of(since, now=NOON, beats=[dead]) == []
    for newest in (
        row("posted", 11)._replace(armed_at=NOON - HOUR + MINUTE),
        row("posted", 12)._replace(armed_at=None),
    ):
        assert one(of(newest, now=NOON, beats=[dead])).subject == "a"


def test_a_beat_from_a_time_to_come_is_no_sign_of_life() -> None:
    """The clock was a year ahead when it was written."""
    assert judge(Facts(NOON, beats=[beat("a", -365 * timedelta(days=1), HOUR)])) != []


# -- what only a process sees -----------------------------------------------------------------


def test_what_a_process_saw_stands_in_the_ledger_for_the_others() -> None:
    seen = Trouble("x", "keys", NOON, NOON, "X_API_KEY is not set", "Copy it.")
    mine = one(judge(Facts(NOON, witnessed=[seen])))
    assert (mine.trouble, mine.subject, mine.state) == (seen, "x", "keys")
    later = seen._replace(slot=NOON + HOUR, since=NOON + HOUR, what="two are not set")
    both = one(judge(Facts(NOON, witnessed=[later], told=[seen])))
    assert both.trouble.id == seen.id
    assert both.trouble.what == "two are not set"
    assert one(judge(Facts(NOON, told=[seen]))).trouble == seen


def test_while_the_clock_is_wrong_no_slot_is_lost_by_it() -> None:
    clock = Trouble("x", "clock", NOON, NOON, "this host's clock is a year ahead")
    assert {each.trouble.kind for each in of(row("posted", 8), note=note(9), told=[clock])} == {
        "clock"
    }


def test_while_the_clock_is_wrong_nothing_is_over_by_it() -> None:
    clock = Trouble("x", "clock", NOON, NOON, "this host's clock is a year ahead")
    lost = Trouble("x", "lost", NOON - HOUR, NOON - HOUR, "x/… was not posted")
    silent = Trouble("x", "silent", NOON - HOUR, NOON - HOUR, "host:7/x: not heard of")
    found = of(row("posted", 8), told=[lost, silent], witnessed=[clock])
    assert [each.trouble for each in found] == [lost, silent, clock]
    dead = beat("a", 5 * MINUTE, HOUR)
    assert {each.trouble.kind for each in of(beats=[dead], witnessed=[clock])} == {"clock"}


def test_while_the_clock_is_wrong_silence_says_little() -> None:
    """As status sees it, which asks no network: what the worker told stands in the ledger."""
    clock = Trouble("x", "clock", NOON, NOON, "the ledger's clock is a year ahead")
    fixes = {each.trouble.fix for each in of(beats=[beat("a", 5 * MINUTE, HOUR)], told=[clock])}
    assert any("While the clock is wrong no worker says that it lives" in fix for fix in fixes)
    assert not any("It ended without saying so" in fix for fix in fixes)


def test_content_with_errors_is_said_and_leaves_the_heartbeat() -> None:
    problem = Problem("r", Place("messages/a.toml", 3), "it is not verified", "")
    found = one(judge(Facts(NOON, left_out=[problem, problem])))
    assert found.subject == "messages/a.toml:3"
    assert "2 errors leave something out" in found.trouble.what
    assert "it is not verified" in found.trouble.what
    assert all_well([found])


# -- reading the ledger -----------------------------------------------------------------------


def test_the_rows_are_read_back_to_the_one_that_ended_well() -> None:
    from bot.domain import Receipt

    now = NOON
    ledger = MemoryLedger(clock=lambda: now)
    ledger.begin("x", "x", NOON - 500 * HOUR)
    for number in range(2, 300):
        at = NOON - 500 * HOUR + number * HOUR
        new = NewRow(number, Slot(at, "x", at, at + GRACE), "x")
        if number == 120:
            now = at
            armed = ledger.arm(new, "t")
            ledger.receive(armed, Receipt("1", "https://x.com/1"))
        else:
            ledger.miss([new], LATE)
    now = NOON
    standing = gather(ledger, ["x", "y"]).accounts
    assert [each.account for each in standing] == ["x", "y"]
    assert standing[1].newest == []
    found = one(judge(gather(ledger, ["x", "y"])))
    assert found.trouble.slot == NOON - 500 * HOUR + 121 * HOUR
    assert "(179 slots since" in found.trouble.what
