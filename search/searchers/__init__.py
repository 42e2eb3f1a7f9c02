"""The searchers: each a pure state machine, and what several of them share."""
