"""The durable log: one interface (`base`), and SQLite, PostgreSQL and memory behind it."""
