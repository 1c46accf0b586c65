"""Why a slot was missed or a post left, in the words that the ledger keeps of it."""

from datetime import timedelta

BIRTH = "birth"
"""Of an account's first row."""

PAUSED, HALTED = "paused", "halted"
"""It passed meanwhile: a person wanted it so, or it was trouble."""

LATE = "late"
UNAPPROVED = "unapproved"
MEDIA = "media"
NOTHING = "nothing to draw"
RESCHEDULED = "rescheduled"
WITHDRAWN = "withdrawn"

DROPPED = "a person dropped it"
"""Why a post is `failed` that no network refused."""

TOO_OLD = timedelta(minutes=90)
"""A doubt older than this is a person's to settle. The cooldown is longer."""
