"""The search spaces that go by a name."""
