"""Runs an advocacy campaign: draws posts from sourced words, shows them, sends each exactly once.

The modules in reading order. A module imports only modules above it (import-linter sees to it):

    errors        what can go wrong, and what is said of it
    domain        the values everything else speaks of
    settings      environment and .env to typed settings
    logs          one line per event, text or JSON, secrets removed
    events        what happens, in sentences; what raises an alarm
    schedule      pure: the slots in a time span
    media         media/ to assets: type, size, frames, alt text
    content       messages/ to a Campaign, or the list of everything wrong in it
    provenance    passages against their source texts, and the lock
    composing     pure: template, passages, picture and a network's limits to a Post
    planning      pure: for each slot, draw and compose
    checking      everything that could go wrong with this content
    drawing       the campaign's pictures, from its own content
    preview       coming posts to a terminal or to JSON
    networks      what a network is; then a file for each: x
    ledger        the durable log: SQLite, PostgreSQL, memory
    halting       an account's own pause: what begins it, and what lifts it
    reconciling   whether the ledger remembers everything; else the account is read first
    publishing    the life of one slot: claim, send, record, settle
    worker        the clock, signals and the heartbeat
    status        how the campaign stands, and what needs a person
    doctor        what stands in the way of posting from here
    cli           commands to calls, settings to concrete classes, errors to exit codes
"""

__version__ = "0.1.0"
