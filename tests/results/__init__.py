"""Tests of the values that hold what a log says."""
