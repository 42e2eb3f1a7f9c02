"""Code that must type-check."""
