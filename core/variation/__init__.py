"""Leaves made of other leaves: the tree in which one was derived, and its branches redrawn or exchanged."""
