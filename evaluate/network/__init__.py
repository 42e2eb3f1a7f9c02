"""A specified term as a torch module."""
