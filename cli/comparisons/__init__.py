"""Comparisons of searchers: their searches, what follows from them, and figures."""
