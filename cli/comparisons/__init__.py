"""Comparisons of searchers: what follows from them, and figures."""
