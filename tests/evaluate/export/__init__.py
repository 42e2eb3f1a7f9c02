"""Models to take home."""
