"""Runs an advocacy campaign: draws posts from sourced words, shows them, sends each exactly once.

The modules in reading order. A module imports only modules above it (import-linter sees to it):

    errors        what can go wrong, and what is said of it
    domain        the values everything else speaks of
    secrecy       pure: what in a setting's value is a secret
    settings      environment and .env to typed settings
    logs          one line per event, text or JSON, secrets removed
    guard         whatever is written goes through one redaction
    events        what happens, in sentences
    characters    pure: characters that look like others, or like nothing
    tomltext      pure: what is wrong with the marks of a TOML text, and mended
    schedule      pure: the slots in a time span
    media         media/ to assets: type, size, frames, alt text
    content       messages/ to a Campaign, or the list of everything wrong in it
    sources       a published text's file to its text: plain, HTML, Word or PDF
    provenance    passages against their source texts, and the lock
    composing     pure: template, passages, picture and a network's limits to a Post
    judging       pure: what is wrong with one such post
    planning      pure: for each slot, draw and compose
    approval      which posts a person has signed off
    checking      everything that could go wrong with this content
    drafting      new content before it is written: its text, and the posts it would make
    mending       the safe mends of what is wrong with it
    drawing       the campaign's own pictures, set and written
    framing       the solidarity frame on a profile picture
    preview       coming posts to a terminal, to JSON, or to a page, written or served live
    networks      what a network is; then a file for each: x
    ledger        the durable log: SQLite, PostgreSQL, memory
    frozen        pure: whether a claimed post may still go out, before it is sent again
    halting       an account's own pause: what begins it, and what lifts it
    plan_notes    what an account is planned by, as the ledger notes it
    clocks        whether the ledger's clock can be believed, by the network's
    reconciling   whether the ledger remembers everything; else the account is read first
    publishing    the life of one slot: claim, send, record, settle
    losses        pure: which rows are a loss, and what became of each
    troubles      the one rule of who must hear of what
    alerts        how an alert leaves: plain JSON, or any service of Apprise
    watching      troubles kept in the ledger, alerts delivered, the heartbeat fetched
    worker        the clock and signals
    status        how the campaign stands, and what needs a person
    doctor        what stands in the way of posting from here
    cli           commands to calls, settings to concrete classes, errors to exit codes
"""

__version__ = "0.1.0"
