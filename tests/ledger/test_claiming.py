"""What every store promises: beginning, arming, arming again, missing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain import STATES, Attachment, History, Post, State
from bot.errors import LedgerConflict, LedgerGuard
from bot.ledger.base import Ledger, NewRow, Row, Trust
from tests.ledger.contract import everything, moved
from tests.ledger.stores import HOUR, PICTURE, Store, a_row, a_slot, armed

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
