"""Which way of reading and splitting images a run was begun with: a number that its evaluator's JSON holds.

Whoever changes what images or splits come of the same files raises READER, and keeps the old way beside the new one.
"""

READER = 2  # of new runs; runs whose JSON names none were begun with 1
READERS = (1, 2)
FIRST = 1
