"""Breakages of how it is noticed that the ledger forgot something, and of what is done then."""

from __future__ import annotations

from tests.mutants.breakages.mutant import (
    BY_CONTRACT,
    BY_FAILOVER,
    BY_POSTGRES,
    BY_RECONCILING,
    MEMORY,
    POSTGRES,
    PUBLISHING,
    RECONCILING,
    RULES,
    SQL,
    Mutant,
)

MUTANTS = (
    # -- rows that are gone ------------------------------------------------------------------------
    Mutant(
        "the number of rows is not compared",
        RECONCILING,
        "        if rows < self._rows:\n",
        "        if False:\n",
        BY_RECONCILING + "rows_that_are_gone_are_noticed_and_what_was_under_way_may_land_first",
    ),
    Mutant(
        "the row that it has just armed is not counted",
        PUBLISHING,
        "        self._memory.wrote(row.number)\n",
        "",
        BY_RECONCILING + "rows_that_are_gone_are_noticed_and_what_was_under_way_may_land_first",
    ),
    Mutant(
        "rows are counted after settling, not before",
        PUBLISHING,
        "            self._memory.saw(self._ledger.history(self.account.name).rows)\n",
        "            pass\n",
        BY_RECONCILING + "rows_that_are_gone_are_noticed_before_a_retry_is_sent_again",
    ),
    Mutant(
        "rows are not counted while the account is read",
        RECONCILING,
        "        self.saw(history.rows)\n",
        "",
        BY_RECONCILING + "rows_that_go_while_the_account_is_read_stop_what_is_asked_for_by_hand",
    ),
    Mutant(
        "a receipt whose row is gone is not noticed",
        PUBLISHING,
        "                self._memory.lost()\n",
        "",
        BY_RECONCILING + "a_receipt_whose_row_is_gone_is_noticed",
    ),
    # -- another past ------------------------------------------------------------------------------
    Mutant(
        "another past is not noticed",
        RECONCILING,
        "if lineage and before and lineage != before:",
        "if False:",
        BY_RECONCILING + "a_database_that_goes_on_from_another_past_is_noticed",
    ),
    Mutant(
        "another past is noticed only by who saw the first",
        RECONCILING,
        "before = trust.lineage or self._lineage\n",
        "before = self._lineage\n",
        BY_RECONCILING + "a_database_that_goes_on_from_another_past_is_noticed",
    ),
    Mutant(
        "another past is noticed only where the first was noted",
        RECONCILING,
        "before = trust.lineage or self._lineage\n",
        "before = trust.lineage\n",
        BY_RECONCILING + "another_past_is_noticed_though_the_backup_is_older_than_the_note_of_it",
    ),
    Mutant(
        "reads again for a loss that another worker has mended",
        RECONCILING,
        "before = trust.lineage or self._lineage\n",
        "before = self._lineage or trust.lineage\n",
        BY_RECONCILING + "a_loss_that_another_worker_has_mended_is_not_read_for_again",
    ),
    Mutant(
        "a past that can not be asked is another one",
        RECONCILING,
        "if lineage and before and lineage != before:",
        "if before and lineage != before:",
        BY_RECONCILING + "a_database_whose_past_can_not_be_asked_goes_by_the_signs_of_life",
    ),
    Mutant(
        "no look at the past before the write",
        PUBLISHING,
        "        elif not self._memory.same_past():\n",
        "        elif False:\n",
        BY_RECONCILING + "a_database_that_changes_between_the_arming_and_the_write_stops_it",
    ),
    Mutant(
        "the past is no system's",
        POSTGRES,
        "SELECT system_identifier || '/' ||",
        "SELECT '1/' ||",
        BY_FAILOVER + "a_dump_that_was_restored_elsewhere_goes_on_from_another_past",
    ),
    Mutant(
        "the past has no timeline",
        POSTGRES,
        "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)",
        "'00000001'",
        BY_FAILOVER + "commits_that_a_failover_lost_are_noticed_and_read_before_anything_is_sent"
        "[a fresh one]",
    ),
    Mutant(
        "the past is asked by the first connection only",
        POSTGRES,
        "        self._lineage = self._ask_lineage()\n",
        "        self._lineage = self._lineage or self._ask_lineage()\n",
        BY_FAILOVER + "commits_that_a_failover_lost_are_noticed_and_read_before_anything_is_sent"
        "[a worker that stays up]",
    ),
    Mutant(
        "who may not ask for the past takes it for one",
        POSTGRES,
        '                raise\n            return ""\n',
        '                raise\n            return "unknown"\n',
        BY_FAILOVER + "a_user_who_may_not_ask_is_told_nothing",
    ),
    # -- a pause -----------------------------------------------------------------------------------
    Mutant(
        "a mere pause is not read",
        RECONCILING,
        "trust.life is not None and now - trust.life > ALIVE:",
        "False:",
        BY_RECONCILING + "posts_that_a_backup_does_not_know_are_given_back_to_their_slots",
    ),
    Mutant(
        "a restart without a pause is read",
        RECONCILING,
        "trust.life is not None and now - trust.life > ALIVE:",
        "trust.life is not None:",
        BY_RECONCILING + "a_restart_without_a_pause_reads_nothing",
    ),
    Mutant(
        "a pause is read from the last sign of life, by the second",
        RECONCILING,
        "since = max(trust.life - CLOCK_SKEW, now - COOLDOWN)",
        "since = max(trust.life, now - COOLDOWN)",
        BY_RECONCILING
        + "after_a_pause_its_time_is_read_once_and_only_when_something_is_to_be_sent",
    ),
    Mutant(
        "a pause is read however long it was",
        RECONCILING,
        "since = max(trust.life - CLOCK_SKEW, now - COOLDOWN)",
        "since = trust.life - CLOCK_SKEW",
        BY_RECONCILING + "of_a_pause_of_months_no_more_is_read_than_the_cooldown",
    ),
    Mutant(
        "a pause is waited for like a loss",
        RECONCILING,
        "            self._suspect(since)\n",
        "            self._suspect(since, now)\n",
        BY_RECONCILING + "a_mere_pause_is_no_reason_to_stop_where_nothing_can_be_read[refused]",
    ),
    Mutant(
        "what a person settled is a sign of life",
        RULES,
        "for at in (newest.claimed_at, newest.armed_at) if",
        "for at in (newest.claimed_at, newest.armed_at, newest.finished_at) if",
        BY_CONTRACT + "signs_of_life_are_the_accounts_own[memory]",
    ),
    Mutant(
        "another account's worker is a sign of life",
        RULES,
        '[beat.at for beat in beats if beat.note.get("account") == account]',
        "[beat.at for beat in beats]",
        BY_RECONCILING + "another_accounts_worker_is_no_sign_of_life",
    ),
    # -- the suspicion -----------------------------------------------------------------------------
    Mutant(
        "a suspicion is forgotten by a restart",
        RECONCILING,
        "        self._ledger.suspect(self._account.name, since, noticed=noticed)\n",
        "        if noticed is not None:\n"
        "            self._ledger.suspect(self._account.name, since, noticed=noticed)\n",
        BY_RECONCILING + "a_restart_does_not_forget_the_suspicion",
    ),
    Mutant(
        "a fresh worker does not take over what is suspected",
        RECONCILING,
        "            self._suspected, self._certain = True, trust.noticed is not None\n",
        "            pass\n",
        BY_RECONCILING + "a_loss_that_is_certain_is_mended_by_a_fresh_worker_too",
    ),
    Mutant(
        "another worker's suspicion is not taken over",
        RECONCILING,
        "        self._suspected = self._suspected or trust.suspected is not None\n"
        "        self._certain = self._certain or trust.noticed is not None\n",
        "        self._certain = self._certain and trust.noticed is not None\n",
        BY_RECONCILING + "what_one_worker_suspects_holds_for_those_that_saw_nothing",
    ),
    Mutant(
        "arms although posts may be missing",
        RULES,
        "    if trust.suspected is not None:\n",
        "    if False:\n",
        BY_CONTRACT + "nothing_is_armed_while_posts_may_be_missing[memory]",
    ),
    Mutant(
        "arms although posts may be missing, in SQL",
        SQL,
        "WHERE key IN ('pause', :halt, :trust)",
        "WHERE key IN ('pause', :halt)",
        BY_CONTRACT + "nothing_is_armed_while_posts_may_be_missing[sqlite]",
    ),
    Mutant(
        "a suspicion does not wait for armings under way",
        SQL,
        '        with self._write("pause") as now:\n            trust = rules.suspecting(',
        "        with self._write() as now:\n            trust = rules.suspecting(",
        BY_POSTGRES + "what_is_noted_of_a_loss_waits_for_armings_under_way[suspecting]",
    ),
    Mutant(
        "who clears writes over what is suspected just then",
        SQL,
        '        with self._write("pause") as now:\n            if not rules.unchanged(',
        "        with self._write() as now:\n            if not rules.unchanged(",
        BY_POSTGRES + "what_is_noted_of_a_loss_waits_for_armings_under_way[clearing]",
    ),
    Mutant(
        "who clears does not note the past",
        MEMORY,
        "        self._trust[account] = Trust(lineage)\n",
        "        self._trust[account] = Trust()\n",
        BY_CONTRACT + "a_suspicion_stays_until_it_is_cleared[memory]",
    ),
    Mutant(
        "who clears does not note the past, in SQL",
        SQL,
        "self._entrust(account, Trust(lineage), now)",
        "self._entrust(account, Trust(), now)",
        BY_CONTRACT + "a_suspicion_stays_until_it_is_cleared[sqlite]",
    ),
    Mutant(
        "a later suspicion shortens an earlier one",
        RULES,
        "earliest = since if trust.suspected is None else min(since, trust.suspected)",
        "earliest = since",
        BY_CONTRACT + "a_suspicion_stays_until_it_is_cleared[memory]",
    ),
    Mutant(
        "a loss is forgotten by a later pause",
        RULES,
        "noticed=noticed or trust.noticed)",
        "noticed=noticed)",
        BY_CONTRACT + "a_suspicion_stays_until_it_is_cleared[memory]",
    ),
    Mutant(
        "clears what was suspected meanwhile",
        RULES,
        "return (trust.suspected, trust.noticed) == (was.suspected, was.noticed)",
        "return True",
        BY_RECONCILING + "more_that_is_noticed_while_reading_is_read_too",
    ),
    # -- when the account is read ------------------------------------------------------------------
    Mutant(
        "reads at once after a certain loss",
        RECONCILING,
        "            if self._ledger.now() < over:\n                return over\n",
        "",
        BY_RECONCILING + "rows_that_are_gone_are_noticed_and_what_was_under_way_may_land_first",
    ),
    Mutant(
        "a loss is read no farther back than a pause",
        RECONCILING,
        "self._suspect(min(since or now, now - FORGOTTEN), now)",
        "self._suspect(since or now, now)",
        BY_RECONCILING + "a_database_that_goes_on_from_another_past_is_noticed",
    ),
    Mutant(
        "a loss is mended only when something is to be sent",
        PUBLISHING,
        "mended = self._mend() if self._memory.lost_some() else None",
        "mended = None",
        BY_RECONCILING + "a_loss_that_is_certain_is_mended_though_nothing_is_left_to_send",
    ),
    Mutant(
        "slots that passed are missed before the account is read",
        PUBLISHING,
        "again = None if passed else self._mend()",
        "again = None",
        BY_RECONCILING + "posts_that_a_backup_does_not_know_are_given_back_to_their_slots",
    ),
    Mutant(
        "a slot is taken early before the account is read",
        PUBLISHING,
        "while (again := self._mend()) is not None:",
        "while (again := None) is not None:",
        BY_RECONCILING + "taking_a_slot_early_reads_first_whether_the_lost_one[lives]",
    ),
    Mutant(
        "a pause that can not be read halts",
        RECONCILING,
        "if trust.noticed is None or self._network.keyed == FOREVER:",
        "if self._network.keyed == FOREVER:",
        BY_RECONCILING + "a_mere_pause_is_no_reason_to_stop_where_nothing_can_be_read[blind]",
    ),
    Mutant(
        "a loss that can not be read does not halt",
        RECONCILING,
        "if trust.noticed is None or self._network.keyed == FOREVER:",
        "if True:",
        BY_RECONCILING + "a_loss_that_can_not_be_read_is_a_persons[blind]",
    ),
    Mutant(
        "a loss halts though keys make up for it",
        RECONCILING,
        "if trust.noticed is None or self._network.keyed == FOREVER:",
        "if trust.noticed is None:",
        BY_RECONCILING + "keys_make_up_for_a_loss_that_can_not_be_read",
    ),
    # -- to whom a post is given back --------------------------------------------------------------
    Mutant(
        "a found post is given to the wrong slot",
        RECONCILING,
        "if found.same(post) and (",
        "if (",
        BY_RECONCILING + "slots_between_what_was_posted_are_missed",
    ),
    Mutant(
        "of two posts that are alike a slot gets the newer",
        RECONCILING,
        "            key=lambda each: each.created_at,\n",
        "            key=lambda each: each.created_at,\n            reverse=True,\n",
        BY_RECONCILING + "of_two_posts_that_are_alike_a_slot_gets_the_older",
    ),
    Mutant(
        "a row takes a post older than its claim",
        RECONCILING,
        "return row.claimed_at - CLOCK_SKEW if row.attempts else None",
        "return None",
        BY_RECONCILING + "a_row_does_not_take_a_post_that_is_older_than_its_claim",
    ),
    Mutant(
        "a row that was never armed takes no post older than itself",
        RECONCILING,
        "return row.claimed_at - CLOCK_SKEW if row.attempts else None",
        "return row.claimed_at - CLOCK_SKEW",
        BY_RECONCILING + "slots_pass_as_missed_meanwhile_and_are_put_right_later",
    ),
    Mutant(
        "an old row takes a newer post",
        RECONCILING,
        "if row.number > 1 and row.expires_at >= since - FORGOTTEN",
        "if row.number > 1",
        BY_RECONCILING + "an_old_row_does_not_take_a_newer_post",
    ),
    Mutant(
        "a slot takes a post from before the birth",
        RECONCILING,
        "None if planned.post is None else _take(unknown, planned.post, begin)",
        "None if planned.post is None else _take(unknown, planned.post)",
        BY_RECONCILING + "what_was_posted_before_the_history_began_is_no_slots",
    ),
    # -- what a person is asked --------------------------------------------------------------------
    Mutant(
        "nobody is asked about a post of the campaign's",
        RECONCILING,
        "        if not doubtful:\n",
        "        if True:\n",
        BY_RECONCILING + "a_post_of_the_campaigns_that_is_no_slots_is_asked_about_once",
    ),
    Mutant(
        "a person is asked twice about a post",
        RECONCILING,
        "            if each.receipt.remote_id not in asked\n            and has_tag(",
        "            if has_tag(",
        BY_RECONCILING + "a_post_of_the_campaigns_that_is_no_slots_is_asked_about_once",
    ),
    Mutant(
        "a question makes earlier ones be asked again, in SQL",
        SQL,
        "all_asked = sorted({*asked, *self._asked(account)})",
        "all_asked = sorted(asked)",
        BY_CONTRACT + "posts_that_a_person_was_asked_about_are_remembered[sqlite]",
    ),
    Mutant(
        "a person is asked about posts outside any slot's time",
        RECONCILING,
        "                begin - CLOCK_SKEW <= each.created_at <= end + over + CLOCK_SKEW\n",
        "                begin <= end + over\n",
        BY_RECONCILING + "a_persons_own_posts_are_left_alone[In no slot's time #Test-50]",
    ),
    Mutant(
        "a person's own posts are asked about",
        RECONCILING,
        "            and has_tag(each.text, self._planner.hashtag)\n",
        "",
        BY_RECONCILING + "a_persons_own_posts_are_left_alone[No hashtag-2]",
    ),
    Mutant(
        "another hashtag is taken for the campaign's",
        RECONCILING,
        r'{re.escape(tag)}(?!\w)"',
        '{re.escape(tag)}"',
        BY_RECONCILING + "a_persons_own_posts_are_left_alone[#Testing is another hashtag-2]",
    ),
    Mutant(
        "a person is asked about posts that the ledger knows",
        RECONCILING,
        "(each for each in found if each.receipt.remote_id not in known),",
        "(each for each in found if known is not None),",
        BY_RECONCILING + "a_post_that_the_ledger_knows_is_no_question_whenever_it_went_out",
    ),
    Mutant(
        "a slot that got a post can not have had another",
        RECONCILING,
        "for _, planned, _ in slots]",
        "for _, planned, found in slots if not found]",
        BY_RECONCILING + "a_slot_that_is_given_anothers_post_may_have_had_the_one_that_is_left",
    ),
    Mutant(
        "asks after giving back, not before",
        RECONCILING,
        """\
        self._ask(unknown, spans)
        for row, found in rows:
            if found is not None:
                self._told(self._ledger.receive(row, found.receipt, FOUND))
        last = max((at for at, (_, _, found) in enumerate(slots) if found), default=-1)
        for lost, group in groupby(slots[: last + 1], key=lambda each: each[2] is not None):
            self._fill(lost, list(group))
""",
        """\
        for row, found in rows:
            if found is not None:
                self._told(self._ledger.receive(row, found.receipt, FOUND))
        last = max((at for at, (_, _, found) in enumerate(slots) if found), default=-1)
        for lost, group in groupby(slots[: last + 1], key=lambda each: each[2] is not None):
            self._fill(lost, list(group))
        self._ask(unknown, spans)
""",
        BY_RECONCILING + "what_is_left_is_asked_about_though_giving_back_breaks_off",
    ),
)
