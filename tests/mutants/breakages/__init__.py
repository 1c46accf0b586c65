"""The breakages. Where a line of theirs is no longer in the program, change it along with it."""

from __future__ import annotations

from tests.mutants.breakages import claiming, giving_back, halts, judging, noticing, settling
from tests.mutants.breakages.mutant import PUBLISHING as PUBLISHING
from tests.mutants.breakages.mutant import Mutant as Mutant

MUTANTS = (
    *claiming.MUTANTS,
    *settling.MUTANTS,
    *halts.MUTANTS,
    *noticing.MUTANTS,
    *giving_back.MUTANTS,
    *judging.MUTANTS,
)
