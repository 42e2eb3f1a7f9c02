"""Tests of ladders of budgets."""
