"""Breakages of what is made of a request's end, of tries and of doubts."""

from __future__ import annotations

from tests.mutants.breakages.mutant import (
    BY_CONTRACT_CLAIMING,
    BY_CONTRACT_SETTLING,
    BY_DOUBT,
    BY_LEDGER_AWAY,
    BY_SENDING,
    BY_X,
    MEMORY,
    PUBLISHING,
    SQL,
    Mutant,
    X,
)

MUTANTS = (
    # -- how a request ended -----------------------------------------------------------------------
    Mutant(
        "tries again after a time-out",
        PUBLISHING,
        "            self._after_doubt(row, error)\n",
        "            self._after_not_sent(row, NotSent(network=row.network, what=str(error)))\n",
        BY_SENDING + "anything_else_is_unknown[vanish]",
    ),
    Mutant(
        "tries again after a 5xx",
        X,
        "        return Refused(**facts)\n    return InDoubt(**facts)\n\n\ndef _judge_other",
        "        return Refused(**facts)\n    return NotSent(**facts)\n\n\ndef _judge_other",
        BY_X + "[500]",
    ),
    Mutant(
        "takes the duplicate 403 for a failure",
        X,
        "        return InDoubt(**facts)  # evidence",
        "        return Refused(**facts)  # evidence",
        BY_X + "[403 duplicate]",
    ),
    Mutant(
        "takes the duplicate 403 for a proof",
        X,
        '        raise judge(answer, "posting", posting=True)\n',
        '        error = judge(answer, "posting", posting=True)\n'
        '        if "duplicate" in str(error):\n'
        '            return _receipt_of("0")\n'
        "        raise error\n",
        BY_X + "[403 duplicate]",
    ),
    Mutant(
        "forgets that an arming was never sent",
        PUBLISHING,
        "            self._never_sent.add(token)\n",
        "",
        BY_LEDGER_AWAY + "a_claim_whose_commit_is_in_doubt_is_never_sent_as_such",
    ),
    Mutant(
        "sends although the arming's commit is in doubt",
        PUBLISHING,
        "            self._never_sent.add(token)\n            raise\n",
        "            row = arming()\n",
        BY_LEDGER_AWAY + "a_claim_whose_commit_is_in_doubt_is_never_sent_as_such",
    ),
    Mutant(
        "drops a receipt because the row moved on",
        MEMORY,
        '        if held.state == "posted":\n            return held\n',
        '        if held.state == "posted":\n            return held\n'
        "        if (held.state, held.token) != (row.state, row.token):\n"
        "            raise rules.conflict(row)\n",
        BY_LEDGER_AWAY + "a_receipt_counts_whatever_became_of_the_row",
    ),
    Mutant(
        "drops a receipt because the row moved on, in SQL",
        SQL,
        "WHERE account = :account AND number = :number AND slot = :slot AND state <> 'posted'",
        "WHERE account = :account AND number = :number AND slot = :slot AND state = 'sending'",
        BY_CONTRACT_SETTLING + "a_receipt_makes_it_posted_whatever_it_was[sqlite-held]",
    ),
    Mutant(
        "drops a receipt because the ledger is away",
        PUBLISHING,
        """\
            try:
                self._unrecorded[0]()
            except LedgerConflict as error:
                self._tell("overtaken", why=str(error))
            self._unrecorded.pop(0)
""",
        """\
            record = self._unrecorded.pop(0)
            try:
                record()
            except LedgerConflict as error:
                self._tell("overtaken", why=str(error))
""",
        BY_LEDGER_AWAY + "a_receipt_is_kept_until_the_ledger_is_back",
    ),
    Mutant(
        "moves a posted row",
        MEMORY,
        'if held.state == "posted" or (held.state',
        "if (held.state",
        BY_CONTRACT_SETTLING + "a_posted_row_is_never_moved[memory-retry]",
    ),
    # -- trying again ------------------------------------------------------------------------------
    Mutant(
        "a dead worker's `sending` becomes `retry`",
        PUBLISHING,
        'self._ledger.move(row, "unknown", "its worker died", next_at=now)',
        'self._ledger.move(row, "retry", "its worker died", next_at=now)',
        BY_SENDING + "a_dead_workers_row_is_unknown_after_deadline_and_quarantine_and_not_before",
    ),
    Mutant(
        "draws anew for another try",
        PUBLISHING,
        "        request = self._network.request(row.post, row.id)\n"
        "        try:\n"
        "            media_ids = self._network.upload(request)\n"
        "        except",
        "        history = self._ledger.history(row.account)\n"
        "        drawn = next(self._planner.plan(self.account, history, row.slot)).post\n"
        "        request = self._network.request(drawn or row.post, row.id)\n"
        "        try:\n"
        "            media_ids = self._network.upload(request)\n"
        "        except",
        BY_SENDING + "a_retry_never_draws_anew",
    ),
    Mutant(
        "uploads nothing again for another try",
        PUBLISHING,
        "            media_ids = self._network.upload(request)\n        except",
        "            media_ids = tuple(str(each) for each in request.uploads)\n        except",
        BY_SENDING + "not_sent_is_tried_again_with_a_new_token_and_the_same_bytes",
    ),
    Mutant(
        "tries again what has expired",
        PUBLISHING,
        'if row.state == "retry" and now >= row.expires_at:',
        "if False:",
        BY_SENDING + "a_retry_that_expires_is_missed",
    ),
    Mutant(
        "rearms what has expired",
        MEMORY,
        "        self._guard(held)\n",
        "        self._guard(held._replace(expires_at=self.now()))\n",
        BY_CONTRACT_CLAIMING + "rearming_is_guarded[memory]",
    ),
    # -- doubt: by key -----------------------------------------------------------------------------
    Mutant(
        "a fresh key for each try",
        PUBLISHING,
        "None)\n        request = self._network.request(row.post, row.id)\n",
        'None)\n        request = self._network.request(row.post, f"{row.id} {row.token}")\n',
        BY_DOUBT + "a_key_answers_the_doubt",
    ),
    Mutant(
        "forgets the doubt after a resend's 429",
        PUBLISHING,
        "            self._record(*self._halts.after(error, row.slot, again))\n",
        "            if isinstance(error, NotSent):\n"
        "                self._after_not_sent(row, error)\n",
        BY_DOUBT + "a_doubt_is_not_forgotten_after_a_resends_429",
    ),
    Mutant(
        "trusts a key for ever that is kept for an hour",
        PUBLISHING,
        "if keyed is None or keyed == FOREVER:\n            return",
        "if True:\n            return",
        BY_DOUBT + "a_key_that_is_no_longer_valid_is_not_relied_on",
    ),
    Mutant(
        "trusts a key for an hour that is kept for ever",
        PUBLISHING,
        "            return keyed is not None\n",
        "            return keyed is not None and now < row.claimed_at + timedelta(hours=1)\n",
        BY_DOUBT + "a_key_for_ever_answers_a_doubt_of_an_hour_ago",
    ),
    Mutant(
        "trusts a key to its last second",
        PUBLISHING,
        "return now + 2 * DEADLINE + self._network.quarantine < row.claimed_at + keyed",
        "return now < row.claimed_at + keyed",
        BY_DOUBT + "a_key_is_not_relied_on_that_could_expire_before_the_request_lands",
    ),
    Mutant(
        "no look before the write of a resend",
        PUBLISHING,
        "request, media_ids, lambda: self._still_mine(row, armed_at)\n",
        "request, media_ids, lambda: None\n",
        BY_DOUBT + "a_resend_that_is_held_up_for_longer_than_the_key_is_not_written",
    ),
    # -- doubt: by reading back --------------------------------------------------------------------
    Mutant(
        "any worker may send again",
        PUBLISHING,
        "if row.token not in self._sent_by and self._ledger.prove_alone():",
        "if row.token not in self._sent_by:",
        BY_DOUBT + "absent_is_not_enough_where_the_sender_may_live",
    ),
    Mutant(
        "one absent reading is enough",
        PUBLISHING,
        "READINGS = 2\n",
        "READINGS = 1\n",
        BY_DOUBT + "absent_twice_after_the_quarantine_is_sent_again_by_who_armed_it",
    ),
    Mutant(
        "no quarantine",
        PUBLISHING,
        "        if now < over:\n            again = max(again, over)\n",
        "        if now < over - self._network.quarantine:\n            again = max(again, over)\n",
        BY_DOUBT + "a_request_that_lands_late_is_not_sent_twice",
    ),
    Mutant(
        "a sender's quarantine begins at its arming",
        PUBLISHING,
        "            now = self._sent_by[row.token] = self._ledger.now()\n",
        "            now = self._ledger.now()\n",
        BY_DOUBT + "the_quarantine_of_a_stopped_sender_begins_when_it_was_woken",
    ),
    Mutant(
        "a dead sender's quarantine begins at its arming",
        PUBLISHING,
        "            self._sent_by[row.token] = now\n",
        "            self._sent_by[row.token] = row.armed_at or now\n",
        BY_DOUBT + "the_quarantine_of_a_dead_sender_begins_when_it_is_known_to_be_dead",
    ),
    Mutant(
        "no quarantine for a resend",
        PUBLISHING,
        "return over if keyed is None or keyed == FOREVER else max(over, row.claimed_at + keyed)",
        "return over",
        BY_DOUBT + "a_resend_that_lands_late_is_waited_for",
    ),
    Mutant(
        "matches loosely when it reads back",
        PUBLISHING,
        "same = [item for item in foreign if item.same(row.post)]",
        "same = list(foreign)",
        BY_DOUBT + "somebody_elses_post_is_neither_this_one_nor_nothing",
    ),
    Mutant(
        "matches loosely what X shows",
        X,
        "_plain(text) == _plain(post.text)",
        "_plain(text).casefold() == _plain(post.text).casefold()",
        "tests/networks/test_x_pure.py::test_different[Strike.-strike.]",
    ),
    Mutant(
        "takes another row's post for this one's",
        PUBLISHING,
        "foreign = [item for item in found if item.receipt.remote_id not in known]",
        "foreign = list(found) if known is not None else []",
        BY_DOUBT + "posts_that_the_ledger_knows_are_not_mistaken_for_this_one",
    ),
    Mutant(
        "sends again although somebody else posted meanwhile",
        PUBLISHING,
        "        elif foreign:\n",
        "        elif False:\n",
        BY_DOUBT + "somebody_elses_post_is_neither_this_one_nor_nothing",
    ),
    Mutant(
        "takes clocks to agree to the second",
        PUBLISHING,
        "self._network.find(row.claimed_at - CLOCK_SKEW)",
        "self._network.find(row.claimed_at)",
        BY_DOUBT + "a_network_whose_clock_is_behind_is_read_rightly",
    ),
    Mutant(
        "takes a reading that failed for an absence",
        PUBLISHING,
        "        except NetworkError as error:\n"
        '            self._ledger.move(row, "unknown", row.reason, next_at=again)\n',
        "        except NetworkError as error:\n            return self._not_found(row, now, [])\n",
        BY_DOUBT + "reading_that_fails_is_tried_again_and_too_old_is_held",
    ),
    Mutant(
        "takes a reading that was refused for an absence",
        PUBLISHING,
        'return self._hold(row, now, f"reading back was refused: {first_line(error)}")\n',
        "return self._not_found(row, now, [])\n",
        BY_DOUBT + "reading_that_is_refused_is_held",
    ),
    Mutant(
        "settles a doubt however old it is",
        PUBLISHING,
        "if now - row.armed_at >= TOO_OLD:",
        "if False:",
        BY_DOUBT + "reading_that_fails_is_tried_again_and_too_old_is_held",
    ),
    # -- telling -----------------------------------------------------------------------------------
    Mutant(
        "holds without a word",
        PUBLISHING,
        '        self._tell("held", id=row.id, why=why)\n',
        "",
        BY_DOUBT + "absent_is_not_enough_where_the_sender_may_live",
    ),
    Mutant(
        "fails without a word",
        PUBLISHING,
        '            self._tell("failed", id=row.id, why=str(error))\n',
        "",
        BY_SENDING + "refused_for_good_is_failed_and_alarms",
    ),
)
