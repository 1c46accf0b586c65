"""What is told again, or only in the end: a pause, a limit, the ledger's own trouble."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import LedgerUnavailable
from bot.watching import STEADY
from tests.hearing.life import HOUR, Life, all_clear, only_alert

DAYS = 3
MINUTE = timedelta(minutes=1)


def test_a_pause_is_reminded_of_each_day_until_it_is_lifted(one: Life) -> None:
    one.ledger.pause("Waiting for the board", who="Ada")
    heard: list[dict[str, Any]] = []
    for _ in range(24 * DAYS):
        one.at(one.now + HOUR)
        one.look()
        alerts, beats = one.told()
        heard += alerts
        assert beats > 0, "it is a person's own act"
    assert [each["stage"] for each in heard] == ["begun", *["reminder"] * DAYS]
    assert len({each["id"] for each in heard}) == 1
    assert all("paused by Ada: Waiting for the board" in each["message"] for each in heard)
    (need,) = one.needs()
    assert (need["state"], need["fix"]) == ("paused", "Nothing is posted until `bot resume`.")
    one.ledger.resume(who="Ada")
    one.look()
    (over,) = [each for each in one.told()[0] if each["event"] == "paused"]
    assert (over["id"], over["stage"]) == (heard[0]["id"], "over")


def test_a_limit_that_ends_after_the_slot(one: Life) -> None:
    two_hours = 2 * 3600.0
    one.x.faults.add("rate_limited", seconds=two_hours + one.x.date_skew)
    one.hour()
    alerts, beats = one.told()
    alert = only_alert(alerts)
    assert (alert["event"], alert["stage"], beats) == ("halted", "begun", 0)
    assert "429" in alert["why"]
    assert "is tried once" in alert["fix"]
    one.process()
    one.hour()
    assert one.told() == ([], 0), "it stands, and is not told again"
    assert len(one.x.posts) == 1
    all_clear(one, alert)
    assert len(one.x.posts) == 2


def test_a_limit_that_ends_within_the_slot_is_nobodys_trouble(one: Life) -> None:
    one.x.faults.add("rate_limited", seconds=600.0 + one.x.date_skew)
    one.hour()
    alerts, beats = one.told()
    assert (alerts, beats > 0) == ([], True)
    assert len(one.x.posts) == 2


def test_a_ledger_that_goes_away_and_comes_back(one: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be kept in it meanwhile: its trouble is told from memory, and so is its end."""
    now = one.ledger.now

    def away() -> Any:
        raise LedgerUnavailable(where="there", why="it does not answer")

    monkeypatch.setattr(one.ledger, "now", away)
    for _ in range(3):
        one.step_without_ledger()
        one.at(one.now + MINUTE)
    alerts, beats = one.told()
    alert = only_alert(alerts)
    assert (alert["event"], alert["stage"], alert["account"]) == ("ledger", "begun", "all accounts")
    assert "it does not answer" in alert["why"]
    assert beats == 0
    monkeypatch.setattr(one.ledger, "now", now)
    one.hour()
    one.watch.well("x")
    assert [each for each in one.told()[0] if each["event"] == "ledger"] == [], "not for good yet"
    one.at(one.now + timedelta(seconds=STEADY))
    one.step()
    alerts, beats = one.told()
    over = only_alert([each for each in alerts if each["event"] == "ledger"])
    assert (over["id"], over["stage"]) == (alert["id"], "over")
    one.step()
    assert one.told() == ([], 1)
    assert len(one.x.posts) == 2
