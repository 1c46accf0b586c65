"""What `bot/ledger/base.py` promises, of every store alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest

from bot.domain import STATES, Attachment, History, Post, Receipt, State, Use, text_key
from bot.errors import LedgerConflict, LedgerGuard
from bot.ledger.base import FINAL, OPEN, Halt, Ledger, NewRow, Row, Trust
from tests.ledger.stores import HOUR, PICTURE, Store, a_row, a_slot, armed

DAY = timedelta(days=1)
RECEIPT = Receipt("1790", "https://x.com/i/status/1790")
BEYOND: tuple[State, ...] = ("retry", "unknown", "held", "failed", "missed")
"""The states that `move` leads to."""


def moved(ledger: Ledger, state: State, account: str = "x") -> Row:
    """A row of the account, newly armed and brought into a state."""
    row = armed(ledger, account)
    if state == "sending":
        return row
    if state == "posted":
        return ledger.receive(row, Receipt(f"{account}-{row.number}", "url"))
    return ledger.move(row, state, "for a test")


def everything(ledger: Ledger) -> list[Row]:
    return list(ledger.rows())


# An empty ledger


@pytest.mark.parametrize("migrated", [False, True])
def test_an_empty_ledger_has_nothing_and_says_so(store: Store, migrated: bool) -> None:
    ledger = store.open()
    if migrated:
        ledger.migrate()
    assert ledger.history("x") == History("x")
    assert ledger.row("x", ledger.now()) is None
    assert ledger.open_rows("x") == []
    assert everything(ledger) == []
    assert list(ledger.rows("x", ("held",), newest=3)) == []
    assert ledger.counts() == {}
    assert ledger.knows("x", ["1"]) == set()
    assert ledger.paused() is None
    assert ledger.halted("x") is None
    assert ledger.halts() == {}
    assert ledger.was_asked("x") == set()
    assert ledger.trust("x") == Trust()
    assert ledger.beats() == []


def test_migrating_again_does_nothing(ledger: Ledger) -> None:
    before = armed(ledger)
    assert ledger.migrate() == []
    assert ledger.row("x", before.slot) == before


def test_the_clock_is_in_utc_and_goes_on(store: Store, ledger: Ledger) -> None:
    first = ledger.now()
    store.travel(HOUR)
    assert first.utcoffset() == timedelta(0)
    assert HOUR <= ledger.now() - first < 2 * HOUR


# Birth


def test_the_first_row_is_the_birth(ledger: Ledger) -> None:
    before = ledger.now()
    row = ledger.begin("x", "sim")
    assert before <= row.slot <= ledger.now()
    assert row == Row(
        account="x",
        number=1,
        network="sim",
        slot=row.slot,
        expires_at=row.slot,
        state="missed",
        reason="birth",
        attempts=0,
        token="",
        text=None,
        language="",
        template=None,
        draws=None,
        media=None,
        remote_id=None,
        url=None,
        claimed_at=row.slot,
        armed_at=None,
        next_at=None,
        finished_at=row.slot,
    )
    assert everything(ledger) == [row]


def test_beginning_again_gives_the_first_row(store: Store, ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    armed(ledger)
    store.travel(HOUR)
    assert ledger.begin("x", "sim") == birth
    assert ledger.history("x").rows == 2


def test_every_account_has_a_birth_of_its_own(ledger: Ledger) -> None:
    assert ledger.begin("x", "sim").number == ledger.begin("y", "sim").number == 1
    assert ledger.counts() == {("x", "missed"): 1, ("y", "missed"): 1}


# Arming


def test_an_armed_row_is_what_was_given(store: Store, ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    slot = a_slot(birth.slot + HOUR)
    before = ledger.now()
    row = ledger.arm(
        NewRow(2, slot, "sim", Post("Words", (PICTURE, PICTURE), "fr"), "plain", ("a/b", "c/d")),
        "token",
    )
    assert before <= row.claimed_at <= ledger.now()
    assert row == Row(
        account="x",
        number=2,
        network="sim",
        slot=slot.at,
        expires_at=slot.expires,
        state="sending",
        reason="",
        attempts=1,
        token="token",
        text="Words",
        language="fr",
        template="plain",
        draws=("a/b", "c/d"),
        media=(PICTURE, PICTURE),
        remote_id=None,
        url=None,
        claimed_at=row.claimed_at,
        armed_at=row.claimed_at,
        next_at=None,
        finished_at=None,
    )
    assert store.open().row("x", slot.at) == row


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\r\n",
        "é is not e\u0301",
        "“Long live Belarus” — 🇧🇾\u200d\U0010ffff\u2028",
        "'; DROP TABLE ledger; --",
        ':account %s %(account)s ? {text} \\ " $1',
        "x" * 5000,
    ],
)
def test_texts_come_back_as_they_went_in(ledger: Ledger, text: str) -> None:
    birth = ledger.begin("x", "sim")
    picture = Attachment(text, text, text, 0, text)
    new = NewRow(
        2, a_slot(birth.slot + HOUR), "sim", Post(text, (picture,), text), text, (text, text)
    )
    row = ledger.arm(new, text or "token")
    assert (row.text, row.language, row.template, row.draws) == (text, text, text, (text, text))
    assert row.media == (picture,)
    assert ledger.row("x", row.slot) == row
    assert row.post == new.post


def test_no_media_is_not_the_same_as_no_post(ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    bare = ledger.arm(a_row(2, birth.slot + HOUR, media=()), "token")
    ledger.miss([NewRow(3, a_slot(birth.slot + 2 * HOUR), "sim")], "nothing to draw")
    assert bare.media == ()
    assert [row.media for row in ledger.rows()] == [None, (), None]


@pytest.mark.parametrize(
    ("number", "hours"),
    [
        pytest.param(2, 2, id="the number is taken"),
        pytest.param(1, 2, id="the first number is taken"),
        pytest.param(0, 2, id="numbers begin at 1"),
        pytest.param(4, 2, id="the number leaves a gap"),
        pytest.param(3, 1, id="the slot is taken"),
        pytest.param(3, 0.5, id="the slot is older than the newest"),
    ],
)
def test_only_the_next_row_can_be_inserted(ledger: Ledger, number: int, hours: float) -> None:
    newest = armed(ledger)
    before = everything(ledger)
    new = a_row(number, newest.slot - HOUR + hours * HOUR)
    with pytest.raises(LedgerConflict):
        ledger.arm(new, "another")
    with pytest.raises(LedgerConflict):
        ledger.miss([new], "late")
    assert everything(ledger) == before


def test_the_first_row_has_number_one(ledger: Ledger) -> None:
    with pytest.raises(LedgerConflict):
        ledger.arm(a_row(2, ledger.now()), "token")
    assert ledger.arm(a_row(1, ledger.now()), "token").number == 1


def test_accounts_do_not_get_in_each_others_way(ledger: Ledger) -> None:
    at = ledger.now()
    for account in ("x", "y"):
        ledger.arm(a_row(1, at, "the same", account=account), "the same")
    assert [(row.account, row.slot) for row in ledger.rows()] == [("x", at), ("y", at)]


def test_an_expired_slot_is_not_armed(store: Store, ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    new = a_row(2, birth.slot + HOUR, live=HOUR)
    store.travel(2 * HOUR + timedelta(seconds=1))
    with pytest.raises(LedgerGuard) as refused:
        ledger.arm(new, "token")
    assert refused.value.reason == "late"
    assert everything(ledger) == [birth]
    assert ledger.history("x").uses == ()
    store.travel(-HOUR)
    assert ledger.arm(new, "token").state == "sending"


def test_nothing_is_armed_while_paused(store: Store, ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    store.open().pause("a person said so")
    with pytest.raises(LedgerGuard) as refused:
        ledger.arm(a_row(2, birth.slot + HOUR), "token")
    assert refused.value.reason == "paused"
    assert everything(ledger) == [birth]
    ledger.resume()
    assert ledger.arm(a_row(2, birth.slot + HOUR), "token").state == "sending"


# Rearming


def test_rearming_is_another_attempt_with_another_token(store: Store, ledger: Ledger) -> None:
    first = armed(ledger)
    waiting = ledger.move(first, "retry", "429", next_at=ledger.now() + HOUR)
    store.travel(HOUR)
    row = ledger.rearm(waiting, "fresh")
    assert row.armed_at is not None
    assert row.armed_at - first.claimed_at >= HOUR
    assert (row.state, row.attempts, row.token) == ("sending", 2, "fresh")
    assert (row.next_at, row.reason, row.claimed_at) == (None, "", first.claimed_at)
    assert (row.text, row.media, row.slot) == (first.text, first.media, first.slot)
    assert ledger.row("x", row.slot) == row


@pytest.mark.parametrize("state", [state for state in STATES if state != "retry"])
def test_only_a_retry_is_rearmed(ledger: Ledger, state: State) -> None:
    row = moved(ledger, state)
    with pytest.raises(LedgerConflict):
        ledger.rearm(row, "fresh")
    assert ledger.row("x", row.slot) == row


def test_of_two_who_rearm_the_second_comes_too_late(ledger: Ledger) -> None:
    waiting = moved(ledger, "retry")
    ledger.rearm(waiting, "one")
    with pytest.raises(LedgerConflict):
        ledger.rearm(waiting, "two")
    ledger.move(ledger.open_rows("x")[0], "retry", "again")
    with pytest.raises(LedgerConflict):
        ledger.rearm(waiting, "two")
    assert [(row.token, row.attempts) for row in ledger.open_rows("x")] == [("one", 2)]


def test_rearming_is_guarded(store: Store, ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    row = ledger.arm(a_row(2, birth.slot + HOUR, live=HOUR), "token")
    waiting = ledger.move(row, "retry", "429")
    ledger.pause()
    with pytest.raises(LedgerGuard) as paused:
        ledger.rearm(waiting, "fresh")
    ledger.resume()
    store.travel(2 * HOUR + timedelta(seconds=1))
    with pytest.raises(LedgerGuard) as late:
        ledger.rearm(waiting, "fresh")
    assert (paused.value.reason, late.value.reason) == ("paused", "late")
    assert ledger.row("x", row.slot) == waiting


def test_rearming_goes_by_the_expiry_that_the_ledger_has(store: Store, ledger: Ledger) -> None:
    held = moved(ledger, "held")
    again = ledger.move(held, "retry", "a person said so", expires_at=ledger.now() + HOUR)
    store.travel(2 * HOUR)
    for stale in (held, again):
        with pytest.raises((LedgerGuard, LedgerConflict)):
            ledger.rearm(stale, "fresh")
    extended = ledger.move(again, "retry", "and again", expires_at=ledger.now() + HOUR)
    assert ledger.rearm(again, "fresh").expires_at == extended.expires_at


# Missing


def test_missed_rows_are_final_from_the_start(ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    before = ledger.now()
    composed = a_row(2, birth.slot + HOUR)
    ledger.miss([composed, NewRow(3, a_slot(birth.slot + 2 * HOUR), "sim")], "late")
    second, third = list(ledger.rows())[1:]
    assert (second.state, second.reason, second.attempts, second.token) == ("missed", "late", 0, "")
    assert composed.post is not None
    assert (second.text, second.template) == (composed.post.text, "plain")
    assert (third.text, third.template, third.draws, third.language) == (None, None, None, "")
    assert second.finished_at is not None
    assert before <= second.claimed_at == second.finished_at <= ledger.now()
    assert second.armed_at is None


def test_missing_is_all_or_nothing(ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    good, bad = a_row(2, birth.slot + HOUR), a_row(4, birth.slot + 2 * HOUR)
    elsewhere = a_row(2, birth.slot + HOUR, account="y")
    for wrong in (bad, elsewhere):
        with pytest.raises(LedgerConflict):
            ledger.miss([good, wrong], "late")
    assert everything(ledger) == [birth]
    assert ledger.history("x").uses == ()
    ledger.miss([], "late")
    assert everything(ledger) == [birth]


def test_missing_several_accounts_at_once(ledger: Ledger) -> None:
    at = ledger.now()
    new = [a_row(1, at), a_row(1, at, account="y"), a_row(2, at + HOUR)]
    ledger.miss(new, "late")
    assert [(row.account, row.number) for row in ledger.rows()] == [("x", 1), ("y", 1), ("x", 2)]


# Moving


@pytest.mark.parametrize("state", BEYOND)
@pytest.mark.parametrize("begin", ["sending", *BEYOND])
def test_a_move_changes_what_it_says_and_no_more(
    ledger: Ledger, begin: State, state: State
) -> None:
    row = moved(ledger, begin)
    before = ledger.now()
    after = ledger.move(row, state, "a reason", next_at=before)
    assert (after.finished_at is not None) == (state in FINAL)
    if after.finished_at is not None:
        assert before <= after.finished_at <= ledger.now()
    expected = {**fields_of(row), "state": state, "reason": "a reason", "next_at": before}
    assert fields_of(after) == {**expected, "finished_at": after.finished_at}
    assert ledger.row("x", row.slot) == after


def fields_of(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in Row._fields}


def test_a_move_replaces_token_and_expiry_where_they_are_given(ledger: Ledger) -> None:
    row = ledger.move(armed(ledger), "unknown", "timed out", next_at=ledger.now())
    expires = ledger.now() + 3 * HOUR
    after = ledger.move(row, "unknown", "again", token="fresh", expires_at=expires)
    assert (after.token, after.expires_at, after.next_at) == ("fresh", expires, None)
    assert (after.armed_at, after.attempts) == (row.armed_at, row.attempts)
    with pytest.raises(LedgerConflict):
        ledger.move(row, "held", "by who has the old token")
    assert ledger.row("x", row.slot) == after


def test_a_move_needs_the_state_that_it_saw(ledger: Ledger) -> None:
    row = armed(ledger)
    after = ledger.move(row, "unknown", "timed out")
    with pytest.raises(LedgerConflict):
        ledger.move(row, "retry", "by who saw it sending")
    assert ledger.row("x", row.slot) == after


def test_a_move_needs_the_token_that_it_saw(ledger: Ledger) -> None:
    """A state alone would let a worker that was stuck move the arming of another."""
    stuck = armed(ledger)
    again = ledger.rearm(ledger.move(stuck, "retry", "429"), "another")
    with pytest.raises(LedgerConflict):
        ledger.move(stuck, "unknown", "by who armed it first")
    assert ledger.row("x", stuck.slot) == again


@pytest.mark.parametrize("state", BEYOND)
def test_a_posted_row_is_never_moved(ledger: Ledger, state: State) -> None:
    row = moved(ledger, "posted")
    with pytest.raises(LedgerConflict):
        ledger.move(row, state, "no")
    assert ledger.row("x", row.slot) == row


@pytest.mark.parametrize("state", ["sending", "posted"])
def test_a_move_gets_past_neither_guards_nor_receipts(ledger: Ledger, state: State) -> None:
    row = moved(ledger, "retry")
    with pytest.raises(ValueError, match=state):
        ledger.move(row, state, "no")
    assert ledger.row("x", row.slot) == row


def test_a_row_that_the_ledger_does_not_have_is_not_moved(ledger: Ledger) -> None:
    row = armed(ledger)
    elsewhere = ledger.begin("y", "sim")
    for stranger in (
        Row(**{**fields_of(row), "number": 7}),  # type: ignore[arg-type]
        Row(**{**fields_of(row), "account": "z"}),  # type: ignore[arg-type]
        Row(**{**fields_of(row), "slot": elsewhere.slot + DAY}),  # type: ignore[arg-type]
    ):
        with pytest.raises(LedgerConflict):
            ledger.move(stranger, "unknown", "no")
        with pytest.raises(LedgerConflict):
            ledger.receive(stranger, RECEIPT)
    assert everything(ledger)[1:] == [elsewhere, row]


# Receipts


@pytest.mark.parametrize("state", [state for state in STATES if state != "posted"])
def test_a_receipt_makes_it_posted_whatever_it_was(ledger: Ledger, state: State) -> None:
    sent = armed(ledger)
    row = sent
    if state != "sending":
        row = ledger.move(sent, state, "reason", token="another", next_at=sent.slot)
    before = ledger.now()
    after = ledger.receive(sent, RECEIPT, "read back")
    assert after.finished_at is not None
    assert before <= after.finished_at <= ledger.now()
    assert fields_of(after) == {
        **fields_of(row),
        "state": "posted",
        "reason": "read back",
        "remote_id": RECEIPT.remote_id,
        "url": RECEIPT.url,
        "next_at": None,
        "finished_at": after.finished_at,
    }
    assert ledger.row("x", row.slot) == after


@pytest.mark.parametrize("state", ["missed", "posted"])
def test_a_receipt_is_of_the_words_that_were_sent(ledger: Ledger, state: State) -> None:
    """The ledger forgot the row; another has its place, with other words."""
    birth = ledger.begin("x", "sim")
    new = a_row(2, birth.slot + HOUR, "What is planned now")
    if state == "missed":
        ledger.miss([new], "late")
    else:
        ledger.recover(new, Receipt("1791", "url"), "forgotten")
    (held,) = ledger.rows(states=[state], newest=1)
    sent = held._replace(text="What was sent", state="sending", token="its own")
    with pytest.raises(LedgerConflict):
        ledger.receive(sent, RECEIPT)
    assert ledger.row("x", held.slot) == held


def test_a_second_receipt_changes_nothing(store: Store, ledger: Ledger) -> None:
    row = armed(ledger)
    posted = ledger.receive(row, RECEIPT, "first")
    store.travel(HOUR)
    assert ledger.receive(row, RECEIPT, "second") == posted
    assert ledger.receive(posted, Receipt("other", "elsewhere")) == posted
    assert ledger.row("x", row.slot) == posted


def test_a_remote_id_belongs_to_one_row_of_an_account(ledger: Ledger) -> None:
    ledger.receive(armed(ledger), RECEIPT)
    second = armed(ledger)
    with pytest.raises(LedgerConflict):
        ledger.receive(second, RECEIPT)
    assert ledger.row("x", second.slot) == second
    assert ledger.receive(armed(ledger, "y"), RECEIPT).state == "posted"


# Reading


def test_a_row_is_found_by_its_instant_in_any_zone(ledger: Ledger) -> None:
    row = armed(ledger)
    assert ledger.row("x", row.slot.astimezone(timezone(timedelta(hours=5, minutes=30)))) == row
    assert ledger.row("x", row.slot + timedelta(microseconds=1)) is None
    assert ledger.row("y", row.slot) is None


def test_times_are_kept_to_the_microsecond_and_in_utc(ledger: Ledger) -> None:
    zone = timezone(timedelta(hours=-8))
    at = datetime(2031, 1, 2, 3, 4, 5, 678901, zone)
    ledger.arm(a_row(1, at), "token")
    (row,) = everything(ledger)
    assert row.slot == at
    assert row.slot.tzinfo == UTC
    assert row.id == "x/2031-01-02T11:04:05.678901+00:00"


def test_a_time_without_a_zone_is_refused(ledger: Ledger) -> None:
    naive = datetime(2031, 1, 1)  # noqa: DTZ001
    row = moved(ledger, "retry")
    with pytest.raises(ValueError, match="time zone"):
        ledger.arm(a_row(row.number + 1, naive), "token")
    with pytest.raises(ValueError, match="time zone"):
        ledger.move(row, "retry", "", next_at=naive)
    assert everything(ledger)[1:] == [row]


def test_open_rows_are_those_that_the_program_has_to_settle(ledger: Ledger) -> None:
    rows = [moved(ledger, state) for state in (*STATES, *reversed(STATES))]
    armed(ledger, "y")
    assert ledger.open_rows("x") == [row for row in rows if row.state in OPEN]
    assert len(ledger.open_rows("x")) == 2 * len(OPEN)


def test_rows_come_oldest_first_and_narrowed(ledger: Ledger) -> None:
    for state in STATES:
        for account in ("y", "x"):
            moved(ledger, state, account)
    rows = everything(ledger)
    assert len(rows) == 2 * (len(STATES) + 1)
    assert rows == sorted(rows, key=lambda row: (row.slot, row.account))
    only_y = [row for row in rows if row.account == "y"]
    open_y = [row for row in only_y if row.state in OPEN]
    assert list(ledger.rows("y")) == only_y
    assert list(ledger.rows("y", sorted(OPEN))) == open_y
    assert list(ledger.rows(states=("held",))) == [row for row in rows if row.state == "held"]
    assert list(ledger.rows("nobody")) == []
    for newest in (0, 1, 3, len(rows), len(rows) + 1):
        assert list(ledger.rows(newest=newest)) == rows[len(rows) - min(newest, len(rows)) :]
        assert list(ledger.rows("y", newest=newest)) == only_y[-newest:] if newest else True
    assert list(ledger.rows("y", sorted(OPEN), newest=2)) == open_y[-2:]


def test_rows_of_the_same_slot_come_by_account(ledger: Ledger) -> None:
    at = ledger.now()
    accounts = ["b", "B", "a", "é", "Z", "z", "_"]
    for account in accounts:
        ledger.arm(a_row(1, at, account=account), "token")
    assert [row.account for row in ledger.rows()] == sorted(accounts)
    assert [row.account for row in ledger.rows(newest=2)] == sorted(accounts)[-2:]


def test_rows_show_one_state_of_the_ledger_whatever_happens_meanwhile(ledger: Ledger) -> None:
    row = [armed(ledger), armed(ledger)][-1]
    before = everything(ledger)
    reading = ledger.rows()
    seen = [next(reading)]
    ledger.move(row, "unknown", "meanwhile")
    armed(ledger)
    assert seen + list(reading) == before


def test_rows_can_be_left_in_the_middle(ledger: Ledger) -> None:
    armed(ledger)
    reading = ledger.rows()
    next(reading)
    del reading
    assert armed(ledger).number == 3


def test_counts_are_by_account_and_state(ledger: Ledger) -> None:
    for state in ("posted", "posted", "held", "missed"):
        moved(ledger, state)
    armed(ledger, "y")
    assert ledger.counts() == {
        ("x", "missed"): 2,
        ("x", "posted"): 2,
        ("x", "held"): 1,
        ("y", "missed"): 1,
        ("y", "sending"): 1,
    }


def test_remote_ids_are_known_by_account(ledger: Ledger) -> None:
    for remote_id in ("1", "2"):
        ledger.receive(armed(ledger), Receipt(remote_id, ""))
    ledger.receive(armed(ledger, "y"), Receipt("3", ""))
    armed(ledger)
    assert ledger.knows("x", ["2", "3", "4", "2", "1"]) == {"1", "2"}
    assert ledger.knows("x", ["4"]) == set()
    assert ledger.knows("x", []) == set()
    assert ledger.knows("x", [str(number) for number in range(1000)]) == {"1", "2"}


# History


def test_history_has_the_latest_use_of_each_text(ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    texts = ["A", "B", "A", "C", "B", "B", None, "D"]
    for number, text in enumerate(texts, 2):
        at = birth.slot + number * HOUR
        if text is None:
            ledger.miss([NewRow(number, a_slot(at), "sim")], "nothing to draw")
        else:
            ledger.arm(a_row(number, at, text), f"token-{number}")
    armed(ledger, "y", "A")
    history = ledger.history("x")
    assert (history.account, history.rows) == ("x", 9)
    assert history.newest == birth.slot + 9 * HOUR
    assert list(history.uses) == [
        Use(
            number=number,
            at=birth.slot + number * HOUR,
            text_key=text_key(text),
            template="plain",
            draws=("ituc/democracy", "ituc/outrage"),
            picture=PICTURE.path,
        )
        for number, text in ((4, "A"), (5, "C"), (7, "B"), (9, "D"))
    ]


def test_a_missed_text_is_used_up_too(ledger: Ledger) -> None:
    birth = ledger.begin("x", "sim")
    new = a_row(2, birth.slot + HOUR, "A", media=())
    ledger.miss([new], "late")
    (use,) = ledger.history("x").uses
    assert (use.number, use.picture) == (2, None)


def test_the_same_text_in_another_unicode_form_is_the_same_text(ledger: Ledger) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    armed(ledger, text=composed)
    latest = armed(ledger, text=decomposed)
    (use,) = ledger.history("x").uses
    assert use.number == latest.number
    assert latest.text == decomposed


def test_what_becomes_of_a_row_does_not_change_history(ledger: Ledger) -> None:
    row = armed(ledger)
    before = ledger.history("x")
    ledger.receive(ledger.move(row, "unknown", "timed out"), RECEIPT)
    assert ledger.history("x") == before


# Notes


def test_a_pause_is_kept_with_its_time_and_reason(store: Store, ledger: Ledger) -> None:
    before = ledger.now()
    ledger.pause("the first")
    since = ledger.paused()
    assert since is not None
    assert before <= since[0] <= ledger.now()
    assert since[1] == "the first"
    store.travel(HOUR)
    store.open().pause("the second")
    assert ledger.paused() == since
    ledger.resume()
    ledger.resume()
    assert ledger.paused() is None
    ledger.pause()
    again = ledger.paused()
    assert again is not None
    assert again[0] - since[0] >= HOUR
    assert again[1] == ""


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


def test_a_worker_is_forgotten_after_a_day(store: Store, ledger: Ledger) -> None:
    ledger.beat("old", {})
    ledger.pause("stays")
    store.travel(DAY - HOUR)
    ledger.beat("new", {})
    assert [beat.worker for beat in ledger.beats()] == ["new", "old"]
    store.travel(2 * HOUR)
    assert [beat.worker for beat in ledger.beats()] == ["new"]
    ledger.beat("new", {})
    store.travel(-2 * HOUR)
    assert [beat.worker for beat in ledger.beats()] == ["new"]
    assert ledger.paused() is not None
    assert ledger.migrate() == []


# Halts


def a_halt(ledger: Ledger, why: str = "402", **more: Any) -> Halt:
    return Halt(ledger.now(), why, **{"fix": "Buy credit.", "person": True, "token": why, **more})


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(LedgerGuard) as error:
        call()
    return error.value.reason


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


# All of it


def test_words_that_no_database_can_hold_do_not_lose_the_record(ledger: Ledger) -> None:
    nasty, clean = "a\0b\ud800c", "a\N{REPLACEMENT CHARACTER}b?c"
    row = ledger.move(armed(ledger), "unknown", nasty)
    assert row.reason == clean
    assert ledger.receive(row, RECEIPT, nasty).reason == clean
    ledger.miss([a_row(3, row.slot + HOUR)], nasty)
    assert next(ledger.rows(newest=1)).reason == clean
    ledger.beat(nasty, {"why": nasty})
    assert [beat.worker for beat in ledger.beats()] == [clean]
    ledger.unbeat(nasty)
    assert ledger.beats() == []
    ledger.pause(nasty)
    paused = ledger.paused()
    assert paused is not None
    assert paused[1] == clean
    assert ledger.halt("x", a_halt(ledger, nasty)).why == clean


def test_what_one_handle_does_the_other_sees(store: Store, ledger: Ledger) -> None:
    other = store.open()
    row = armed(ledger)
    assert other.open_rows("x") == [row]
    assert other.history("x") == ledger.history("x")
    moved_row = other.move(row, "unknown", "seen by the other")
    assert ledger.row("x", row.slot) == moved_row


def test_rows_have_the_shape_that_is_promised_to_machines(ledger: Ledger) -> None:
    ledger.receive(armed(ledger), RECEIPT)
    born, posted = (json.loads(json.dumps(row.to_json())) for row in ledger.rows())
    assert (born["text"], born["draws"], born["media"]) == (None, None, None)
    assert posted["draws"] == ["ituc/democracy", "ituc/outrage"]
    assert posted["media"] == [PICTURE.to_json()]
    assert posted["url"] == RECEIPT.url


def test_closing_twice_does_no_harm(ledger: Ledger) -> None:
    armed(ledger)
    ledger.close()
    ledger.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger, row: ledger.begin("y", "sim"),
        lambda ledger, row: ledger.move(row, "unknown", ""),
        lambda ledger, row: ledger.receive(row, RECEIPT),
        lambda ledger, row: ledger.pause(),
        lambda ledger, row: ledger.halt("x", a_halt(ledger)),
        lambda ledger, row: ledger.beat("worker", {}),
    ],
)
def test_a_failed_call_leaves_a_ledger_that_works(
    ledger: Ledger, change: Callable[[Ledger, Row], object]
) -> None:
    row = armed(ledger)
    with pytest.raises(LedgerConflict):
        ledger.arm(a_row(row.number, row.slot + HOUR), "token")
    change(ledger, row)
    assert ledger.row("x", row.slot) is not None


def test_every_state_is_tested() -> None:
    assert set(get_args(State)) == {"sending", "posted", *BEYOND}
