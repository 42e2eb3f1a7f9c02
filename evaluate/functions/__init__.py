"""A person's own Python function as what scores an architecture."""
