"""The commands: each parses what a person typed, calls one function or two, and prints."""
