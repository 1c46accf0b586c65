"""Breakages of how an account is read, and how the ledger gets back what it forgot."""

from __future__ import annotations

from tests.mutants.breakages.mutant import (
    BY_CONTRACT_NOTES,
    BY_GIVING_BACK,
    BY_NOTICING,
    BY_QUESTIONS,
    BY_UNREAD,
    PUBLISHING,
    RECONCILING,
    SQL_NOTES,
    Mutant,
)

MUTANTS = (
    # -- when the account is read ------------------------------------------------------------------
    Mutant(
        "reads at once after a certain loss",
        RECONCILING,
        "            if self._ledger.now() < over:\n                return over\n",
        "",
        BY_NOTICING + "rows_that_are_gone_are_noticed_and_what_was_under_way_may_land_first",
    ),
    Mutant(
        "a loss is read no farther back than a pause",
        RECONCILING,
        "self._suspect(min(since or now, now - FORGOTTEN), now)",
        "self._suspect(since or now, now)",
        BY_NOTICING + "a_database_that_goes_on_from_another_past_is_noticed",
    ),
    Mutant(
        "the account is read only when its slot is due",
        PUBLISHING,
        "            wait_until = self._mend() or self._ready(planned, now)\n"
        "            if wait_until is not None:\n"
        "                return min(wait_until, planned.slot.due)\n",
        "            wait_until = self._ready(planned, now)\n"
        "            if wait_until is not None:\n"
        "                return min(wait_until, planned.slot.due)\n",
        BY_NOTICING + "after_a_pause_its_time_is_read_once_and_only_when_something_is_to_be_sent",
    ),
    Mutant(
        "a loss is mended only when something is to be sent",
        PUBLISHING,
        "mended = self._mend() if self._memory.lost_some() else None",
        "mended = None",
        BY_NOTICING + "a_loss_that_is_certain_is_mended_though_nothing_is_left_to_send",
    ),
    Mutant(
        "slots that passed are missed before the account is read",
        PUBLISHING,
        "again = self._mend() if believed and not passed else None",
        "again = None",
        BY_GIVING_BACK + "posts_that_a_backup_does_not_know_are_given_back_to_their_slots",
    ),
    Mutant(
        "a slot is taken early before the account is read",
        PUBLISHING,
        "while (again := self._mend()) is not None:",
        "while (again := None) is not None:",
        BY_GIVING_BACK + "taking_a_slot_early_reads_first_whether_the_lost_one[lives]",
    ),
    Mutant(
        "a pause that can not be read halts",
        RECONCILING,
        "if trust.noticed is None or self._network.keyed == FOREVER:",
        "if self._network.keyed == FOREVER:",
        BY_UNREAD + "a_mere_pause_is_no_reason_to_stop_where_nothing_can_be_read[blind]",
    ),
    Mutant(
        "a loss that can not be read does not halt",
        RECONCILING,
        "if trust.noticed is None or self._network.keyed == FOREVER:",
        "if True:",
        BY_UNREAD + "a_loss_that_can_not_be_read_is_a_persons[blind]",
    ),
    Mutant(
        "a loss that a person has looked at halts again",
        RECONCILING,
        "why, fix, person=True, unread=True",
        "why, fix, person=True",
        BY_UNREAD + "a_loss_that_a_person_has_looked_at_is_not_asked_about_again",
    ),
    Mutant(
        "a loss halts though keys make up for it",
        RECONCILING,
        "if trust.noticed is None or self._network.keyed == FOREVER:",
        "if trust.noticed is None:",
        BY_UNREAD + "keys_make_up_for_a_loss_that_can_not_be_read",
    ),
    # -- to whom a post is given back --------------------------------------------------------------
    Mutant(
        "goes on with a plan from before posts were given back",
        PUBLISHING,
        "return now if self._memory.given_back > before or not self._memory.whole() else None",
        "return None if self._memory.whole() else now",
        BY_GIVING_BACK + "a_slot_that_still_lives_is_not_sent_again",
    ),
    Mutant(
        "slots between those that are given back get no row",
        RECONCILING,
        "if not lost and not self._miss(",
        "if False and not self._miss(",
        BY_GIVING_BACK + "slots_between_what_was_posted_are_missed",
    ),
    Mutant(
        "a slot that was taken early is not looked for",
        RECONCILING,
        "if found is None and planned.slot.due > now:",
        "if planned.slot.due > now:",
        BY_GIVING_BACK + "a_slot_that_was_taken_early_is_not_sent_again_either",
    ),
    Mutant(
        "a found post is given to the wrong slot",
        RECONCILING,
        "if found.same(post) and (",
        "if (",
        BY_GIVING_BACK + "slots_between_what_was_posted_are_missed",
    ),
    Mutant(
        "of two posts that are alike a slot gets the newer",
        RECONCILING,
        "            key=lambda each: each.created_at,\n",
        "            key=lambda each: each.created_at,\n            reverse=True,\n",
        BY_QUESTIONS + "of_two_posts_that_are_alike_a_slot_gets_the_older",
    ),
    Mutant(
        "a row takes a post older than its claim",
        RECONCILING,
        "return row.claimed_at - CLOCK_SKEW if row.attempts else None",
        "return None",
        BY_QUESTIONS + "a_row_does_not_take_a_post_that_is_older_than_its_claim",
    ),
    Mutant(
        "a row that was never armed takes no post older than itself",
        RECONCILING,
        "return row.claimed_at - CLOCK_SKEW if row.attempts else None",
        "return row.claimed_at - CLOCK_SKEW",
        BY_NOTICING + "slots_pass_as_missed_meanwhile_and_are_put_right_later",
    ),
    Mutant(
        "an old row takes a newer post",
        RECONCILING,
        "if row.number > 1 and row.expires_at >= since - FORGOTTEN",
        "if row.number > 1",
        BY_QUESTIONS + "an_old_row_does_not_take_a_newer_post",
    ),
    Mutant(
        "a slot takes a post from before the birth",
        RECONCILING,
        "None if planned.post is None else _take(unknown, planned.post, begin)",
        "None if planned.post is None else _take(unknown, planned.post)",
        BY_QUESTIONS + "what_was_posted_before_the_history_began_is_no_slots",
    ),
    # -- what a person is asked --------------------------------------------------------------------
    Mutant(
        "nobody is asked about a post of the campaign's",
        RECONCILING,
        "        if not receipts:\n",
        "        if True:\n",
        BY_QUESTIONS + "a_post_of_the_campaigns_that_is_no_slots_is_asked_about_once",
    ),
    Mutant(
        "a person is asked twice about a post",
        RECONCILING,
        "if each.receipt.remote_id not in asked and has_tag(",
        "if has_tag(",
        BY_QUESTIONS + "a_post_of_the_campaigns_that_is_no_slots_is_asked_about_once",
    ),
    Mutant(
        "a question makes earlier ones be asked again, in SQL",
        SQL_NOTES,
        "all_asked = sorted({*asked, *self._asked(account)})",
        "all_asked = sorted(asked)",
        BY_CONTRACT_NOTES + "posts_that_a_person_was_asked_about_are_remembered[sqlite]",
    ),
    Mutant(
        "a person is asked about posts outside any slot's time",
        RECONCILING,
        "return any(begin - CLOCK_SKEW <= at <= end + over for begin, end in spans)",
        "return any(at and begin <= end + over for begin, end in spans)",
        BY_QUESTIONS + "a_persons_own_posts_are_left_alone[In no slot's time #Test-50]",
    ),
    Mutant(
        "nobody is asked about the time of a slot that has a row",
        RECONCILING,
        "times = [((row.slot, row.expires_at), found) for row, found in rows]",
        "times: list[tuple[Span, Found | None]] = []",
        BY_QUESTIONS + "a_slot_that_was_missed_may_have_had_it[in time]",
    ),
    Mutant(
        "nobody is asked about what landed late",
        RECONCILING,
        "over = DEADLINE + self._network.quarantine + CLOCK_SKEW",
        "over = CLOCK_SKEW",
        BY_QUESTIONS + "a_slot_that_was_missed_may_have_had_it[late]",
    ),
    Mutant(
        "nobody is asked about what a clock that is behind says came early",
        RECONCILING,
        "begin - CLOCK_SKEW <= at <=",
        "begin <= at <=",
        BY_QUESTIONS + "a_slot_that_was_missed_may_have_had_it[skewed]",
    ),
    Mutant(
        "a person is asked about posts of the day of the birth",
        RECONCILING,
        "if row.number > 1 and row.expires_at >=",
        "if row.expires_at >=",
        BY_QUESTIONS + "what_was_posted_on_the_day_of_the_birth_is_no_question",
    ),
    Mutant(
        "a person's own posts are asked about",
        RECONCILING,
        " and has_tag(each.text, self._planner.hashtag)\n",
        "\n",
        BY_QUESTIONS + "a_persons_own_posts_are_left_alone[No hashtag-2]",
    ),
    Mutant(
        "another hashtag is taken for the campaign's",
        "content/tags.py",
        "text[tag.start + 1 : tag.end].casefold() == same",
        "text[tag.start + 1 : tag.end].casefold().startswith(same)",
        BY_QUESTIONS + "a_persons_own_posts_are_left_alone[#Testing is another hashtag-2]",
    ),
    Mutant(
        "a person is asked about posts that the ledger knows",
        RECONCILING,
        "(each for each in found if each.receipt.remote_id not in known),",
        "(each for each in found if known is not None),",
        BY_QUESTIONS + "a_post_that_the_ledger_knows_is_no_question_whenever_it_went_out",
    ),
    Mutant(
        "a slot that got a post can not have had another",
        RECONCILING,
        "spans = [span for span, _ in times] + given",
        "spans = [span for span, found in times if not found] + given",
        BY_QUESTIONS + "a_slot_that_is_given_anothers_post_may_have_had_the_one_that_is_left",
    ),
    Mutant(
        "a slot that was given a post before can not have had another",
        RECONCILING,
        "spans = [span for span, _ in times] + given",
        "spans = [span for span, _ in times]",
        BY_QUESTIONS + "a_slot_that_was_given_anothers_post_before_may_have_had_what_is_found_now",
    ),
    Mutant(
        "words decide, whenever they went out",
        RECONCILING,
        "self._within(each, empty)",
        "self._within(each, [])",
        BY_QUESTIONS
        + "a_post_of_an_older_slots_words_may_be_that_of_the_slot_in_whose_time_it_went_out",
    ),
    Mutant(
        "asks after giving back, not before",
        RECONCILING,
        """\
        self._ask(self._doubtful(unknown, times, since))
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
        self._ask(self._doubtful(unknown, times, since))
""",
        BY_QUESTIONS + "that_is_asked_about_though_giving_back_breaks_off",
    ),
)
