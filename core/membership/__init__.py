"""Whether a model is in a space, and where: the inverse of choosing, also for a space that has changed."""
