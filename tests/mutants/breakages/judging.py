"""What is withdrawn, what a wrong clock may not do, what never was, and who is told of trouble."""

from __future__ import annotations

from tests.mutants.breakages.mutant import (
    BY_CLOCKS,
    BY_CONTRACT_NOTES,
    BY_CONTRACT_TROUBLES,
    BY_HALTING,
    BY_NOTICING,
    BY_RESCHEDULED,
    BY_WITHDRAWN,
    CLOCKS,
    HALTING,
    MEMORY_NOTES,
    PLAN_NOTES,
    PUBLISHING,
    RECONCILING,
    RULES,
    SQL,
    Mutant,
)

MUTANTS = (
    # -- a frozen post is judged again -------------------------------------------------------------
    Mutant(
        "tries again what the content no longer makes",
        PUBLISHING,
        "        if not made(self._planner, self.account, row):\n"
        "            return self._missed(row, WITHDRAWN)\n",
        "",
        BY_WITHDRAWN + "a_post_that_the_content_no_longer_makes_is_not_tried_again[_reworded]",
    ),
    Mutant(
        "sends again by its key what the content no longer makes",
        PUBLISHING,
        "stands = made(self._planner, self.account, row) and self._approved(frozen(row))",
        "stands = self._approved(frozen(row))",
        BY_WITHDRAWN + "a_doubt_about_such_a_post_is_not_sent_again_by_its_key[_reworded]",
    ),
    Mutant(
        "sends again by its key what is not signed off any more",
        PUBLISHING,
        "stands = made(self._planner, self.account, row) and self._approved(frozen(row))",
        "stands = made(self._planner, self.account, row)",
        BY_WITHDRAWN + "a_doubt_is_not_sent_again_without_its_sign_off",
    ),
    Mutant(
        "tries again what is not signed off any more",
        PUBLISHING,
        "if self._halts.stop(row.slot, now) or not self._approved(frozen(row)):",
        "if self._halts.stop(row.slot, now):",
        BY_WITHDRAWN + "a_sign_off_taken_back_stops_what_was_claimed",
    ),
    Mutant(
        "judges the words, and not the picture",
        "planning.py",
        "dressed(card.composed.text, picture, account.language) == post",
        "dressed(card.composed.text, picture, account.language).text == post.text",
        BY_WITHDRAWN
        + "a_post_that_the_content_no_longer_makes_is_not_tried_again[_another_picture]",
    ),
    Mutant(
        "a worker that stops withdraws what its successor makes",
        PUBLISHING,
        "        if self._stopping():\n"
        "            return min(now + LOOK, row.expires_at)\n"
        "        if not made",
        "        if not made",
        BY_WITHDRAWN + "a_worker_that_is_told_to_stop_withdraws_nothing_that_its_successor_makes",
    ),
    # -- the clock ---------------------------------------------------------------------------------
    Mutant(
        "believes a clock that is far off",
        CLOCKS,
        "return there - here if abs(there - here) > FAR else None",
        "return None",
        BY_CLOCKS + "a_year_ahead_for_six_seconds_and_then_right",
    ),
    Mutant(
        "asks for the time only after it has recorded",
        PUBLISHING,
        "        if not self.clock.look():\n            return self._wait()\n",
        "",
        BY_CLOCKS + "by_a_clock_that_is_far_off_nothing_is_recorded_or_sent[off0]",
    ),
    Mutant(
        "arms by a clock that the last answer contradicts",
        PUBLISHING,
        "        if self.clock.far(self._ledger.now()):\n"
        '            raise LedgerGuard(reason="clock")\n',
        "",
        BY_CLOCKS + "a_clock_that_turns_out_far_when_the_network_answers_arms_nothing",
    ),
    Mutant(
        "no clock in the last look",
        PUBLISHING,
        "        elif self.clock.far(now):\n            why = self.clock.why()\n",
        "",
        BY_CLOCKS + "a_clock_that_jumps_between_the_claim_and_the_request_sends_nothing",
    ),
    Mutant(
        "an old answer is a verdict",
        CLOCKS,
        "if there is None or _apart(there, now) is not None:",
        "if there is None:",
        BY_CLOCKS + "an_answer_that_has_grown_old_is_asked_for_again",
    ),
    Mutant(
        "records all that passed though nobody says what time it is",
        CLOCKS,
        "return self.off is None and (self.until is None or slot <= self.until)",
        "return self.off is None",
        BY_CLOCKS + "without_an_answer_only_what_came_soon_after_is_recorded",
    ),
    Mutant(
        "each restart moves the bound of what is recorded unasked",
        CLOCKS,
        "row = note.noted if note is not None and note.noted is not None else newest",
        "row = newest",
        BY_CLOCKS + "without_an_answer_only_what_came_soon_after_is_recorded",
    ),
    Mutant(
        "a history begins though nobody says what time it is",
        PUBLISHING,
        "if self.clock.off is None and self._ledger.history(self.account.name).rows:",
        "if self.clock.off is None:",
        BY_CLOCKS + "without_an_answer_a_history_does_not_begin",
    ),
    Mutant(
        "a dry run waits for the time",
        CLOCKS,
        "        if not self._asks:\n            return True\n",
        "",
        BY_CLOCKS + "a_dry_run_asks_nobody_and_believes_its_clock",
    ),
    Mutant(
        "a sign of life from a time to come is one of now",
        RECONCILING,
        "    if life > now + CLOCK_SKEW:\n        return now - FORGOTTEN\n",
        "",
        BY_NOTICING + "a_sign_of_life_from_a_time_to_come_says_nothing",
    ),
    Mutant(
        "what a wrong clock recorded unread is read only before the next post",
        RECONCILING,
        "return not self.whole() and (self._certain or self._misdated)",
        "return not self.whole() and self._certain",
        BY_NOTICING + "a_sign_of_life_from_a_time_to_come_says_nothing",
    ),
    # -- what never was, and what a slot is missed for ---------------------------------------------
    Mutant(
        "an edited schedule invents losses",
        PLAN_NOTES,
        "slot.expires <= note.first and slot.at != note.before",
        "False",
        BY_RESCHEDULED + "slots_that_never_were_are_rescheduled",
    ),
    Mutant(
        "the next slot of the schedule before is no loss",
        PLAN_NOTES,
        "slot.expires <= note.first and slot.at != note.before",
        "slot.expires <= note.first",
        BY_RESCHEDULED + "the_next_slot_as_it_was_noted_is_lost_all_the_same",
    ),
    Mutant(
        "a schedule counts from its newest note",
        RULES,
        "return note._replace(first=standing.first, before=standing.before, noted=now)",
        "return note._replace(first=now, before=standing.before, noted=now)",
        BY_RESCHEDULED + "what_a_schedule_loses_later_is_lost",
    ),
    Mutant(
        "a slot that a halt cost is taken for a person's pause",
        HALTING,
        "return PAUSED if halt.pauses else HALTED",
        "return PAUSED",
        BY_HALTING + "no_credit_is_one_alert_however_many_slots_pass",
    ),
    # -- workers, acts, troubles -------------------------------------------------------------------
    Mutant(
        "a worker's successor removes who works beside it",
        RULES,
        "        and beat.at < datetime.fromisoformat(began)\n",
        "",
        BY_CONTRACT_NOTES + "a_worker_is_kept_until_it_ends_or_has_a_successor[memory]",
    ),
    Mutant(
        "what a person settles is no act",
        SQL,
        "            if changed:\n"
        '                self._act(who, "resolve", now, row.account, row.slot, reason)\n',
        "",
        BY_CONTRACT_TROUBLES + "who_did_what_is_kept_with_what_was_done[sqlite]",
    ),
    Mutant(
        "whoever lost its lease may say that it is delivered",
        MEMORY_NOTES,
        "if due is None or due.done or due.holder != delivery.holder:",
        "if due is None or due.done:",
        BY_CONTRACT_TROUBLES + "what_is_leased_is_nobody_elses_until_the_lease_is_over[memory]",
    ),
    Mutant(
        "that it is over is told before that it began",
        MEMORY_NOTES,
        'waits = stage != "begun" and begun is not None and not begun.done',
        "waits = False",
        BY_CONTRACT_TROUBLES + "what_could_not_be_delivered_is_due_again_at_its_time[memory]",
    ),
)
