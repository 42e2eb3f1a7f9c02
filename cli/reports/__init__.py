"""What is read from the log, and how it is shown."""
