"""Spaces and architectures as text and as pictures."""
