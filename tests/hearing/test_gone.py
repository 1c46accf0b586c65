"""Whoever should have posted is gone, or has a clock that is wrong: it is said all the same."""

from __future__ import annotations

from datetime import timedelta

from bot.troubles import KEYS
from tests.hearing.life import HOUR, Life, all_clear, only_alert

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def test_a_cron_job_that_no_longer_runs(one: Life) -> None:
    slot = one.now.replace(minute=0) + HOUR
    one.at(slot + 29 * MINUTE)
    assert one.needs() == [], "it may still come"
    for later in (31 * MINUTE, 2 * HOUR, 10 * DAY):
        one.at(slot + later)
        (need,) = one.needs()
        assert need["id"] == f"x/{slot.isoformat()}"
        assert "nobody was there to post it" in need["reason"]
        assert "cron job" in need["fix"]
    assert one.told() == ([], 0), "nobody lives who could send an alert"
    one.at(slot + 2 * HOUR + 40 * MINUTE)
    one.process()
    one.step()
    alerts, beats = one.told()
    alert = only_alert(alerts)
    assert (alert["stage"], alert["slot"], beats) == ("begun", slot.isoformat(), 0)
    all_clear(one, alert)


def test_a_clock_that_is_a_year_ahead(one: Life) -> None:
    before, right = one.ledger.counts(), one.now
    one.now += 365 * DAY  # and the network's time is what it was
    one.process()
    for _ in range(3):
        one.step()
    assert one.ledger.counts() == before, "nothing is recorded"
    alerts, beats = one.told()
    alert = only_alert(alerts)
    assert (alert["event"], alert["stage"], beats) == ("clock", "begun", 0)
    assert "ahead of the network's" in alert["why"]
    one.at(right)
    assert [need["state"] for need in one.needs()] == ["clock"], "whoever looks is told"
    one.process()
    one.step()
    alerts, beats = one.told()
    assert (only_alert(alerts)["id"], alerts[0]["stage"]) == (alert["id"], "over")
    assert beats == 1
    one.hour()
    assert len(one.x.posts) == 2
    assert one.needs() == []


def test_a_schedule_that_was_edited_invents_no_losses(one: Life) -> None:
    """Posted hourly, then every ten minutes; the worker is restarted in the middle of an hour."""
    one.at(one.now + 20 * MINUTE)
    before = {row.slot for row in one.ledger.rows()}
    campaign = one.site / "messages/campaign.toml"
    text = campaign.read_text(encoding="utf-8")
    campaign.write_text(text.replace('every = "1h"', 'every = "10m"'), encoding="utf-8")
    one.process()
    one.step()
    new = [row for row in one.ledger.rows() if row.slot not in before and row.state == "missed"]
    assert {row.reason for row in new} == {"rescheduled"}
    assert one.needs() == []
    assert one.told()[0] == []


def test_the_keys_that_are_missing_are_nobody_elses_trouble(one: Life) -> None:
    one.watch.witness("x", KEYS, "X_API_KEY: not set", "Copy it.")
    one.step()
    alerts, beats = one.told()
    assert (only_alert(alerts)["event"], beats) == ("keys", 0)


def test_the_digest_of_what_is_posted_from_is_noted(one: Life) -> None:
    note = one.ledger.plan_note("x")
    assert note is not None
    assert note.content == one.campaign.digest != ""
