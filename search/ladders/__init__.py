"""Ladders of budgets: many configurations have small budgets, and the best are promoted to larger ones."""
