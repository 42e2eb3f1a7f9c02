"""Tests of what people are shown and told."""
