"""Coming posts to a terminal (`terminal`) or to JSON; `coming` says which posts those are."""
