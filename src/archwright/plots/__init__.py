"""Pictures of searches, drawn from the log alone."""
