"""Tests of what runs in this process."""
