"""Breakages of how a slot is claimed, and of the last look before the write."""

from __future__ import annotations

from tests.mutants.breakages.mutant import (
    BY_CLAIMING,
    BY_CONTRACT_CLAIMING,
    BY_CONTRACT_SETTLING,
    BY_LEDGER_AWAY,
    BY_RACING,
    BY_SENDING,
    MEMORY,
    POSTGRES,
    PUBLISHING,
    RULES,
    SQL,
    SQL_STORE,
    Mutant,
)

MUTANTS = (
    # -- claiming a slot ---------------------------------------------------------------------------
    Mutant(
        "inserts the row after the request",
        PUBLISHING,
        """\
            row = self._arm(lambda: self._ledger.arm(new_row(number, planned), token), token)
        except LedgerGuard:
            self._memory.look_again()
            return look
        except LedgerConflict:
            return now
        self._send(row, request, media_ids)
""",
        """\
            receipt = self._network.send(request, media_ids, lambda: None)
            row = self._arm(lambda: self._ledger.arm(new_row(number, planned), token), token)
        except LedgerGuard:
            self._memory.look_again()
            return look
        except LedgerConflict:
            return now
        self._after_receipt(row, receipt, "")
""",
        BY_CLAIMING + "a_slot_is_claimed_before_it_is_sent_and_posted_with_its_receipt",
    ),
    Mutant(
        "no unique number in the database",
        SQL_STORE,
        "                PRIMARY KEY (account, number),\n",
        "",
        BY_RACING + "the_database_itself_refuses_what_is_taken[sqlite-number]",
    ),
    Mutant(
        "no unique slot in the database",
        SQL_STORE,
        "                UNIQUE (slot, account),\n",
        "",
        BY_RACING + "the_database_itself_refuses_what_is_taken[sqlite-slot]",
    ),
    Mutant(
        "a row need not be the next number",
        RULES,
        "if row.number != number + 1 or (slot",
        "if (slot",
        BY_CONTRACT_CLAIMING + "only_the_next_row_can_be_inserted[memory-the number is taken]",
    ),
    Mutant(
        "a row need not be of a newer slot",
        RULES,
        " or (slot is not None and row.slot <= slot):",
        ":",
        BY_CONTRACT_CLAIMING + "only_the_next_row_can_be_inserted[memory-the slot is taken]",
    ),
    Mutant(
        "guards when planning, not when arming",
        MEMORY,
        "        self._guard(row)\n        self._append([row])\n",
        "        self._append([row])\n",
        BY_CONTRACT_CLAIMING + "nothing_is_armed_while_paused[memory]",
    ),
    Mutant(
        "guards when planning, not when arming, in SQL",
        SQL,
        "            self._append([row])\n            self._guard(row)\n",
        "            self._append([row])\n",
        BY_CONTRACT_CLAIMING + "an_expired_slot_is_not_armed[sqlite]",
    ),
    Mutant(
        "no birth row",
        PUBLISHING,
        "            history = self._born()\n",
        "            yesterday = self._ledger.now() - timedelta(days=1)\n"
        "            history = history._replace(newest=yesterday, born=yesterday)\n",
        BY_CLAIMING + "the_first_row_is_the_birth_and_no_slot_before_it_is_sent",
    ),
    Mutant(
        "sends slots from before the birth",
        PUBLISHING,
        "planned.slot.expires <= now or planned.slot.at <= born",
        "planned.slot.expires <= now",
        BY_CLAIMING
        + "a_late_start_counts_the_slots_since_starts_and_goes_on_as_the_preview_showed",
    ),
    Mutant(
        "writes missed rows after newer ones",
        PUBLISHING,
        """\
            if not self._miss(passed):
                return now
            passed = []
            if over:
""",
        """\
            if not over and planned.slot.due <= now:
                look = self._publish(number - len(passed), planned)
                self._miss(passed)
                return look
            if not self._miss(passed):
                return now
            passed = []
            if over:
""",
        BY_CLAIMING + "a_backlog_never_bursts",
    ),
    Mutant(
        "sends a backlog in a burst",
        PUBLISHING,
        "over = planned.slot.expires <= now or",
        "over = planned.slot.expires <= now - timedelta(days=1) or",
        BY_CLAIMING + "a_backlog_never_bursts",
    ),
    Mutant(
        "a slot may be late by more than half the way to the next",
        "schedule.py",
        "GRACE if half is None else min(GRACE, half)",
        "GRACE",
        "tests/schedule/test_rules.py::test_a_slot_expires_half_the_way_to_the_next_if_that_is_sooner",
    ),
    Mutant(
        "a token for each process, not for each arming",
        PUBLISHING,
        "        self._new_token = new_token\n",
        "        token = new_token()\n        self._new_token = lambda: token\n",
        BY_SENDING + "not_sent_is_tried_again_with_a_new_token_and_the_same_bytes",
    ),
    # -- the last look before the write ------------------------------------------------------------
    Mutant(
        "no look at the row before the write",
        PUBLISHING,
        "request, media_ids, lambda: self._still_mine(row, row.armed_at)\n",
        "request, media_ids, lambda: None\n",
        BY_SENDING + "no_row_of_mine_no_request",
    ),
    Mutant(
        "no token in the last look",
        PUBLISHING,
        "(current.state, current.token) != (row.state, row.token):\n            why",
        "current.state != row.state:\n            why",
        BY_SENDING + "a_token_tells_two_armings_apart",
    ),
    Mutant(
        "no token in an update",
        MEMORY,
        'if held.state == "posted" or (held.state, held.token) != (row.state, row.token):',
        'if held.state == "posted" or held.state != row.state:',
        BY_CONTRACT_SETTLING + "a_move_needs_the_token_that_it_saw[memory]",
    ),
    Mutant(
        "no token in an update, in SQL",
        SQL,
        "AND state = :state AND token = :token AND state <> 'posted'",
        "AND state = :state AND state <> 'posted'",
        BY_CONTRACT_SETTLING + "a_move_needs_the_token_that_it_saw[sqlite]",
    ),
    Mutant(
        "no send window",
        PUBLISHING,
        "        elif late:\n",
        "        elif False:\n",
        BY_SENDING + "nothing_is_written_outside_the_send_window",
    ),
    Mutant(
        "no pause in the last look",
        PUBLISHING,
        '        elif self._halts.stop(row.slot, now):\n            why = "paused"\n',
        "",
        BY_SENDING + "a_pause_that_comes_in_between_stops_the_write",
    ),
    Mutant(
        "the host's clock for the database's",
        PUBLISHING,
        "late = armed_at is not None and now - armed_at > SEND_WINDOW",
        "late = armed_at is not None and datetime.now(armed_at.tzinfo) - armed_at > SEND_WINDOW",
        BY_LEDGER_AWAY + "the_hosts_clock_is_never_asked",
    ),
    Mutant(
        "the host's clock for PostgreSQL's",
        POSTGRES,
        'return moment(self._db.execute(f"SELECT {text}").fetchone()[0])',
        'return moment(time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime()))',
        BY_CONTRACT_CLAIMING + "an_expired_slot_is_not_armed[postgres]",
    ),
)
