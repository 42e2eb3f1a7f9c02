"""Models of the scores: what they see of a leaf, what they expect of it, and what that is worth."""
