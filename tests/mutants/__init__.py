"""Deliberate breakages of the exactly-once protocol, each with the directed test that kills it.

A mutant is a small replacement in one of the program's files (`breakages`). The runner (`__main__`)
makes each in a copy of the tree and requires its test to fail there, and to pass without it.
"""
