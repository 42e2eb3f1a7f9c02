"""The analysis of a space without going through it: its completions counted, and its dead ends found."""
