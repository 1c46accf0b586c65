"""What a breakage is, and the names that many of them share."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """A breakage: what it is, the replacement in a file of bot/, and the test that must fail."""

    name: str
    file: str
    old: str
    new: str
    killed_by: str


PUBLISHING = "publishing.py"
HALTING = "halting.py"
RECONCILING = "reconciling.py"
X = "networks/_x_answers.py"
BASE = "ledger/base.py"
RULES = "ledger/rules.py"
CLOCKS = "clocks.py"
PLAN_NOTES = "plan_notes.py"
MEMORY_NOTES = "ledger/memory_notes.py"
MEMORY = "ledger/memory.py"
SQL = "ledger/sql.py"
SQL_NOTES = "ledger/sql_notes.py"
SQL_STORE = "ledger/sql_store.py"
POSTGRES = "ledger/postgres.py"

BY_CLAIMING = "tests/publishing/test_claiming.py::test_"
BY_DOUBT = "tests/publishing/test_doubt.py::test_"
BY_LEDGER_AWAY = "tests/publishing/test_ledger_away.py::test_"
BY_SENDING = "tests/publishing/test_sending.py::test_"
BY_HALTING = "tests/test_halting.py::test_"
BY_GIVING_BACK = "tests/reconciling/test_giving_back.py::test_"
BY_NOTICING = "tests/reconciling/test_noticing.py::test_"
BY_QUESTIONS = "tests/reconciling/test_questions.py::test_"
BY_UNREAD = "tests/reconciling/test_unread.py::test_"
BY_FAILOVER = "tests/test_failover.py::test_"
BY_CONTRACT_CLAIMING = "tests/ledger/test_claiming.py::test_"
BY_CONTRACT_NOTES = "tests/ledger/test_notes.py::test_"
BY_CONTRACT_SETTLING = "tests/ledger/test_settling.py::test_"
BY_POSTGRES = "tests/ledger/test_postgres.py::test_"
BY_RACING = "tests/ledger/test_racing.py::test_"
BY_CLOCKS = "tests/publishing/test_clocks.py::test_"
BY_RESCHEDULED = "tests/publishing/test_rescheduled.py::test_"
BY_WITHDRAWN = "tests/publishing/test_withdrawn.py::test_"
BY_CONTRACT_TROUBLES = "tests/ledger/test_troubles.py::test_"
BY_X = "tests/networks/test_x_errors.py::test_answers"
