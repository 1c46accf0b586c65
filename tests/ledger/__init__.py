"""The ledger: one contract for every store, and what each store has to stand beyond it."""
