"""Ending sessions that are open already: a block that only refused the next request would let a held one go on (I-28).

`watch` decides which end, by asking the judge; one module a mail server lists its open sessions and ends them.
"""
