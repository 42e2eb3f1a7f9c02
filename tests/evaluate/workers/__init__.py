"""Processes that do jobs, and all that can go wrong with them."""
