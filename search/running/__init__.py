"""Runs in a log: the loop, what it goes on from, and what is kept of its trials; comparisons of many."""
