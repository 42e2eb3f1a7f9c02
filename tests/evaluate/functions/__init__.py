"""A person's own functions."""
