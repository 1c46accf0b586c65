"""The coming posts, for people and machines. The parts, in reading order:

coming        which posts those are, given the ledger; and their JSON
terminal      a card each, for a terminal or a pipe
sheet         all there is to know of each, as plain values
page          that as a page of HTML, with its pictures beside it
editing       another text for a template or a passage: tried out, then saved
live          the page kept up to date, whatever is wrong
serving       the page on this machine, for its own browser alone
"""
