"""Tests of what budgets tell of each other."""
