"""Tests of what a leaf is worth."""
