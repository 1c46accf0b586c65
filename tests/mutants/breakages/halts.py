"""Breakages of what halts an account, what a halt stops, and what lifts it."""

from __future__ import annotations

from tests.mutants.breakages.mutant import (
    BASE,
    BY_CONTRACT,
    BY_HALTING,
    BY_POSTGRES,
    BY_RECONCILING,
    HALTING,
    PUBLISHING,
    RULES,
    SQL,
    Mutant,
)

MUTANTS = (
    # -- what halts --------------------------------------------------------------------------------
    Mutant(
        "what every post would meet halts nothing",
        HALTING,
        'if until is None and not error.facts.get("account_wide"):',
        "if until is None:",
        BY_HALTING + "no_credit_is_one_alert_however_many_slots_pass",
    ),
    Mutant(
        "what only a person can mend is tried at each slot",
        HALTING,
        'person = bool(error.facts.get("person"))',
        "person = False",
        BY_HALTING + "no_credit_is_one_alert_however_many_slots_pass",
    ),
    Mutant(
        "a cap beyond the slot is no halt",
        HALTING,
        'if until is None and not error.facts.get("account_wide"):',
        'if not error.facts.get("account_wide"):',
        BY_HALTING + "a_cap_is_waited_for_however_many_slots_it_takes",
    ),
    Mutant(
        "a cap within the slot's life halts",
        HALTING,
        "if until is None or expires is None or until <= expires:",
        "if until is None or expires is None:",
        BY_HALTING + "a_cap_that_ends_within_the_slots_life_is_no_halt",
    ),
    Mutant(
        "a cap is not bounded by a day",
        HALTING,
        "end = None if until is None else min(until, now + LONGEST)",
        "end = until",
        BY_HALTING + "a_cap_beyond_all_reason_is_not_believed",
    ),
    Mutant(
        "what the pictures met halts nothing",
        PUBLISHING,
        "self._record(*self._halts.after(error, planned.slot.at, planned.slot.expires))",
        "self._record()",
        BY_HALTING + "it_may_begin_with_the_pictures_before_the_slot",
    ),
    Mutant(
        "what another try's pictures met halts nothing",
        PUBLISHING,
        "            self._record(*self._halts.after(error, row.slot, row.expires_at))\n",
        "",
        BY_HALTING + "it_may_begin_with_the_pictures_of_another_attempt",
    ),
    Mutant(
        "what reading back met halts nothing",
        PUBLISHING,
        "            self._record(*self._halts.after(error, row.slot))\n",
        "",
        BY_HALTING + "it_may_begin_while_reading_back",
    ),
    Mutant(
        "five failed readings do not halt",
        PUBLISHING,
        "        if tries != UNREAD:\n",
        "        if True:\n",
        BY_RECONCILING + "reading_that_fails_is_tried_again_and_slots_pass_as_missed",
    ),
    # -- which halt stands -------------------------------------------------------------------------
    Mutant(
        "two alerts for one halt",
        HALTING,
        "            if stands.token == token:\n",
        "            if True:\n",
        BY_HALTING + "two_workers_that_meet_it_raise_one_alert",
    ),
    Mutant(
        "a newer halt takes the place of the one that stands",
        RULES,
        "if standing is None or (halt.person and not standing.person):",
        "if True:",
        BY_CONTRACT + "who_begins_a_halt_is_told_apart_from_who_meets_it[memory]",
    ),
    Mutant(
        "a person's halt does not take the place of one that heals",
        RULES,
        "if standing is None or (halt.person and not standing.person):",
        "if standing is None:",
        BY_HALTING + "what_heals_by_itself_may_turn_into_what_does_not",
    ),
    Mutant(
        "a halt that is said twice counts as another failure",
        RULES,
        "    if standing is not None and standing.token == halt.token:\n        return standing\n",
        "",
        BY_CONTRACT + "who_begins_a_halt_is_told_apart_from_who_meets_it[memory]",
    ),
    Mutant(
        "the slot with which a halt begins gets no second try",
        RULES,
        ", fix=plain(halt.fix), tried=None)",
        ", fix=plain(halt.fix))",
        BY_HALTING + "a_passing_trouble_costs_no_slot",
    ),
    Mutant(
        "an older slot's failure has newer ones tried again",
        RULES,
        "tried = max(filter(None, (standing.tried, halt.tried)), default=None)",
        "tried = halt.tried",
        BY_CONTRACT + "who_begins_a_halt_is_told_apart_from_who_meets_it[memory]",
    ),
    # -- what a halt stops -------------------------------------------------------------------------
    Mutant(
        "a halt does not stop arming",
        RULES,
        "if paused or (halt is not None and halt.stops(row.slot, now)):",
        "if paused:",
        BY_CONTRACT + "nothing_of_a_halted_account_is_armed_until_it_is_lifted[memory]",
    ),
    Mutant(
        "a halt does not stop arming, in SQL",
        SQL,
        "WHERE key IN ('pause', :halt, :trust)",
        "WHERE key IN ('pause', :trust)",
        BY_CONTRACT + "nothing_of_a_halted_account_is_armed_until_it_is_lifted[sqlite]",
    ),
    Mutant(
        "a halt does not wait for armings under way",
        SQL,
        'no arming that it forbids is committed any more."""\n'
        '        with self._write("pause") as now:\n',
        'no arming that it forbids is committed any more."""\n        with self._write() as now:\n',
        BY_POSTGRES + "a_halt_waits_for_armings_under_way",
    ),
    Mutant(
        "uploads pictures for a slot that is halted",
        PUBLISHING,
        "        if self._halts.stop(planned.slot.at, now):\n            return look\n",
        "",
        BY_HALTING + "what_is_asked_for_by_hand_is_stopped_too",
    ),
    Mutant(
        "a halt does not stop the last look",
        PUBLISHING,
        "        elif self._halts.stop(row.slot, now):\n",
        "        elif self._ledger.paused() is not None:\n",
        BY_HALTING + "a_halt_that_comes_in_between_stops_the_write",
    ),
    Mutant(
        "a halt does not stop another try",
        PUBLISHING,
        "        if self._stopping() or self._halts.stop(row.slot, now):\n"
        "            return min(now + LOOK, row.expires_at)\n",
        "        if self._stopping():\n            return min(now + LOOK, row.expires_at)\n",
        BY_HALTING + "no_credit_is_one_alert_however_many_slots_pass",
    ),
    Mutant(
        "a halt does not stop a resend",
        PUBLISHING,
        "        if self._stopping() or self._halts.stop(row.slot, now):\n"
        "            return now + LOOK\n",
        "        if self._stopping():\n            return now + LOOK\n",
        BY_HALTING + "a_key_is_not_sent_again_while_halted",
    ),
    Mutant(
        "a cap is not waited for",
        BASE,
        "            or (self.until is not None and now < self.until)\n",
        "",
        BY_HALTING + "a_cap_is_waited_for_however_many_slots_it_takes",
    ),
    Mutant(
        "a slot is tried again and again under a halt",
        BASE,
        "            or (self.tried is not None and slot <= self.tried)\n",
        "",
        BY_HALTING + "each_slot_is_tried_once_and_in_silence_until_one_goes_out",
    ),
    Mutant(
        "a slot that a halt cost is not said to be paused",
        HALTING,
        "self._ledger.paused() is not None or self._ledger.halted(self._account) is not None",
        "self._ledger.paused() is not None",
        BY_HALTING + "no_credit_is_one_alert_however_many_slots_pass",
    ),
    # -- what lifts it -----------------------------------------------------------------------------
    Mutant(
        "a receipt lifts no halt",
        PUBLISHING,
        '            self._after_receipt(row, receipt, "", self._halts.lifting(row))\n',
        '            self._after_receipt(row, receipt, "")\n',
        BY_HALTING + "each_slot_is_tried_once_and_in_silence_until_one_goes_out",
    ),
    Mutant(
        "a receipt from before the halt lifts it",
        HALTING,
        "if halt is None or row.armed_at is None or row.armed_at < halt.since:",
        "if halt is None:",
        BY_HALTING + "a_receipt_from_before_the_halt_proves_nothing[a person's]",
    ),
    Mutant(
        "resuming does not settle what could not be read",
        HALTING,
        "    if halt is not None and halt.unread:\n",
        "    if False:\n",
        BY_RECONCILING + "a_person_may_look_where_the_program_can_not",
    ),
    Mutant(
        "resuming settles what nobody has read",
        HALTING,
        "    if halt is not None and halt.unread:\n",
        "    if halt is not None:\n",
        BY_RECONCILING + "lifting_another_halt_says_nothing_of_what_was_not_read",
    ),
)
