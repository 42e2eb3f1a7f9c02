"""Searches that are run and logged: the loop, runs in a log, artifact retention, early stopping, comparisons."""
