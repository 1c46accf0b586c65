"""A simulated world around the production publishing code, and what followers saw of it.

faults    what can go wrong and how often; the classes of network
world     time, the ledger, what befalls the whole, the person who settles held posts
process   a worker: production code in a greenlet, and its way to the ledger
network   the network, whose memory is the oracle
verdict   what followers saw against what the ledger says
figures   many worlds added up
"""
