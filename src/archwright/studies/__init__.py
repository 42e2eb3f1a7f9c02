"""The functions that begin searches, go on with them, and hold them against each other."""
