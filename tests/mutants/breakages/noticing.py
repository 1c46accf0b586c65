"""Breakages of how it is noticed that the ledger forgot something, and of the suspicion."""

from __future__ import annotations

from tests.mutants.breakages.mutant import (
    BY_CONTRACT_NOTES,
    BY_FAILOVER,
    BY_GIVING_BACK,
    BY_NOTICING,
    BY_POSTGRES,
    BY_UNREAD,
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
        BY_NOTICING + "rows_that_are_gone_are_noticed_and_what_was_under_way_may_land_first",
    ),
    Mutant(
        "the first look at the past does not count the rows",
        RECONCILING,
        "            self.saw(self._ledger.history(name).rows)\n",
        "            pass\n",
        BY_NOTICING
        + "rows_that_go_while_a_fresh_worker_is_stopped_in_its_first_look_are_noticed[trust]",
    ),
    Mutant(
        "the row that it has just armed is not counted",
        PUBLISHING,
        "        self._memory.wrote(row.number)\n",
        "",
        BY_NOTICING + "rows_that_are_gone_are_noticed_and_what_was_under_way_may_land_first",
    ),
    Mutant(
        "rows are counted after settling, not before",
        PUBLISHING,
        "            self._memory.saw(self._ledger.history(self.account.name).rows)\n",
        "            pass\n",
        BY_NOTICING + "rows_that_are_gone_are_noticed_before_a_retry_is_sent_again",
    ),
    Mutant(
        "rows are not counted while the account is read",
        RECONCILING,
        "        self.saw(history.rows)\n",
        "",
        BY_NOTICING
        + "rows_that_go_while_the_account_is_read_are_missed_though_others_are_given_back",
    ),
    Mutant(
        "rows are not counted when the account has been read",
        PUBLISHING,
        """\
        self._memory.saw(history.rows)
        planned = next(self._planner.plan(self.account, history, newest), None)
""",
        """\
        planned = next(self._planner.plan(self.account, history, newest), None)
""",
        BY_NOTICING + "rows_that_go_when_the_account_has_been_read_stop_what_is_asked_for_by_hand",
    ),
    Mutant(
        "a receipt whose row is gone is not noticed",
        PUBLISHING,
        "                self._memory.lost()\n",
        "",
        BY_NOTICING + "a_receipt_whose_row_is_gone_is_noticed",
    ),
    # -- another past ------------------------------------------------------------------------------
    Mutant(
        "another past is not noticed",
        RECONCILING,
        "if lineage and before and lineage != before:",
        "if False:",
        BY_NOTICING + "a_database_that_goes_on_from_another_past_is_noticed",
    ),
    Mutant(
        "another past is noticed only by who saw the first",
        RECONCILING,
        "before = trust.lineage or self._lineage\n",
        "before = self._lineage\n",
        BY_NOTICING + "a_database_that_goes_on_from_another_past_is_noticed",
    ),
    Mutant(
        "another past is noticed only where the first was noted",
        RECONCILING,
        "before = trust.lineage or self._lineage\n",
        "before = trust.lineage\n",
        BY_NOTICING + "another_past_is_noticed_though_the_backup_is_older_than_the_note_of_it",
    ),
    Mutant(
        "reads again for a loss that another worker has mended",
        RECONCILING,
        "before = trust.lineage or self._lineage\n",
        "before = self._lineage or trust.lineage\n",
        BY_NOTICING + "a_loss_that_another_worker_has_mended_is_not_read_for_again",
    ),
    Mutant(
        "a past that can not be asked is another one",
        RECONCILING,
        "if lineage and before and lineage != before:",
        "if before and lineage != before:",
        BY_NOTICING + "a_database_whose_past_can_not_be_asked_goes_by_the_signs_of_life",
    ),
    Mutant(
        "no look at the past before the write",
        PUBLISHING,
        "        elif not self._memory.same_past():\n",
        "        elif False:\n",
        BY_NOTICING + "a_database_that_changes_between_the_arming_and_the_write_stops_it",
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
        "if now - life > ALIVE else None",
        "if False else None",
        BY_GIVING_BACK + "posts_that_a_backup_does_not_know_are_given_back_to_their_slots",
    ),
    Mutant(
        "a fresh worker settles doubts before it looks at the past",
        PUBLISHING,
        "        mended = self._mend() if self._memory.lost_some() else None\n"
        "        look = min(self._settle_all(), self._claim())\n",
        "        look = min(self._settle_all(), self._claim())\n"
        "        mended = self._mend() if self._memory.lost_some() else None\n",
        BY_NOTICING + "a_fresh_worker_looks_at_the_past_before_it_settles_a_doubt[False]",
    ),
    Mutant(
        "a slot is taken early before anybody looks at the past",
        PUBLISHING,
        "        self._memory.whole()\n",
        "",
        BY_NOTICING + "a_fresh_worker_looks_at_the_past_before_it_settles_a_doubt[True]",
    ),
    Mutant(
        "a restart without a pause is read",
        RECONCILING,
        "if now - life > ALIVE else None",
        "",
        BY_NOTICING + "a_restart_without_a_pause_reads_nothing",
    ),
    Mutant(
        "a pause is read from the last sign of life, by the second",
        RECONCILING,
        "return max(life - CLOCK_SKEW, now - COOLDOWN)",
        "return max(life, now - COOLDOWN)",
        BY_NOTICING + "after_a_pause_its_time_is_read_once_and_only_when_something_is_to_be_sent",
    ),
    Mutant(
        "a pause is read however long it was",
        RECONCILING,
        "return max(life - CLOCK_SKEW, now - COOLDOWN)",
        "return life - CLOCK_SKEW",
        BY_NOTICING + "of_a_pause_of_months_no_more_is_read_than_the_cooldown",
    ),
    Mutant(
        "a pause is waited for like a loss",
        RECONCILING,
        "            self._suspect(since)\n",
        "            self._suspect(since, now)\n",
        BY_UNREAD + "a_mere_pause_is_no_reason_to_stop_where_nothing_can_be_read[refused]",
    ),
    Mutant(
        "what a person settled is a sign of life",
        RULES,
        "for at in (newest.claimed_at, newest.armed_at) if",
        "for at in (newest.claimed_at, newest.armed_at, newest.finished_at) if",
        BY_CONTRACT_NOTES + "signs_of_life_are_the_accounts_own[memory]",
    ),
    Mutant(
        "another account's worker is a sign of life",
        RULES,
        "[beat.at for beat in beats if beat.account == account]",
        "[beat.at for beat in beats]",
        BY_NOTICING + "another_accounts_worker_is_no_sign_of_life",
    ),
    # -- the suspicion -----------------------------------------------------------------------------
    Mutant(
        "a suspicion is forgotten by a restart",
        RECONCILING,
        "        self._ledger.suspect(self._account.name, since, noticed=noticed)\n",
        "        if noticed is not None:\n"
        "            self._ledger.suspect(self._account.name, since, noticed=noticed)\n",
        BY_NOTICING + "a_restart_does_not_forget_the_suspicion",
    ),
    Mutant(
        "a fresh worker does not take over what is suspected",
        RECONCILING,
        "            self._suspected, self._certain = True, trust.noticed is not None\n",
        "            pass\n",
        BY_NOTICING + "a_loss_that_is_certain_is_mended_by_a_fresh_worker_too",
    ),
    Mutant(
        "another worker's suspicion is not taken over",
        RECONCILING,
        "        self._suspected = self._suspected or trust.suspected is not None\n"
        "        self._certain = self._certain or trust.noticed is not None\n",
        "        self._certain = self._certain and trust.noticed is not None\n",
        BY_NOTICING + "what_one_worker_suspects_holds_for_those_that_saw_nothing",
    ),
    Mutant(
        "another worker's suspicion is not taken over by a retry",
        PUBLISHING,
        "            self._memory.look_again()\n            return now + LOOK\n",
        "            return now + LOOK\n",
        BY_NOTICING + "what_another_worker_suspects_is_read_for_before_a_retry",
    ),
    Mutant(
        "who takes over a suspicion does not see that it is certain",
        RECONCILING,
        "        self._certain = self._certain or trust.noticed is not None\n",
        "",
        BY_NOTICING + "who_takes_over_what_is_certain_mends_it_though_nothing_is_left_to_send",
    ),
    Mutant(
        "a pause after a loss makes a mere pause of it",
        RECONCILING,
        "True, known or noticed is not None",
        "True, noticed is not None",
        BY_NOTICING + "a_pause_that_comes_with_a_loss_makes_no_mere_pause_of_it",
    ),
    Mutant(
        "a loss is told by each who sees it",
        RECONCILING,
        "if noticed is not None and not known:",
        "if noticed is not None:",
        BY_NOTICING + "a_loss_that_two_workers_see_is_told_once",
    ),
    Mutant(
        "arms although posts may be missing",
        RULES,
        "    if trust.suspected is not None:\n",
        "    if False:\n",
        BY_CONTRACT_NOTES + "nothing_is_armed_while_posts_may_be_missing[memory]",
    ),
    Mutant(
        "arms although posts may be missing, in SQL",
        SQL,
        "WHERE key IN ('pause', :halt, :trust)",
        "WHERE key IN ('pause', :halt)",
        BY_CONTRACT_NOTES + "nothing_is_armed_while_posts_may_be_missing[sqlite]",
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
        BY_CONTRACT_NOTES + "a_suspicion_stays_until_it_is_cleared[memory]",
    ),
    Mutant(
        "who clears does not note the past, in SQL",
        SQL,
        "self._entrust(account, Trust(lineage), now)",
        "self._entrust(account, Trust(), now)",
        BY_CONTRACT_NOTES + "a_suspicion_stays_until_it_is_cleared[sqlite]",
    ),
    Mutant(
        "a later suspicion shortens an earlier one",
        RULES,
        "earliest = since if trust.suspected is None else min(since, trust.suspected)",
        "earliest = since",
        BY_CONTRACT_NOTES + "a_suspicion_stays_until_it_is_cleared[memory]",
    ),
    Mutant(
        "a loss is forgotten by a later pause",
        RULES,
        "noticed=noticed or trust.noticed)",
        "noticed=noticed)",
        BY_CONTRACT_NOTES + "a_suspicion_stays_until_it_is_cleared[memory]",
    ),
    Mutant(
        "clears what was suspected meanwhile",
        RULES,
        "return (trust.suspected, trust.noticed) == (was.suspected, was.noticed)",
        "return True",
        BY_NOTICING + "more_that_is_noticed_while_reading_is_read_too",
    ),
)
