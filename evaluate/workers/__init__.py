"""The processes in which jobs are done, and what holds them in check."""
