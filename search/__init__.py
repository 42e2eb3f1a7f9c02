"""Searchers, pure state machines over nodes and outcomes, and the run loop that drives them."""
