"""Labelled images: where they come from, their splits, and how they get to a device."""
