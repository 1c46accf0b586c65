"""Publishing under fire, with real processes that are really killed.

    points    `kill -9` at every point of a post's life, on both databases, on each class of
              network, for each way in which a request can end
    chaos     real workers against the fake X: killed, stopped, cut off, their disk full, their
              database gone
    kills     two workers on one database, one of them killed every few seconds

`python -m tests.fire --help`. A verdict is never the program's own: it comes from what the network
remembers, outside of every process that is killed. Nothing of this is in the program: `lives` wraps
the ledger and the network from outside, `worker` is `bot` with shorter waits.
"""
