"""What a log holds, as values: logs, runs, trials and comparisons.

A value is what the log held when it was read: reading again gives a new one. Nothing here runs code that a log names,
unless the person who reads it says `trust=True`.
"""
