"""Runs under way in this process: their problem, their workers, their signals, and what a person sees meanwhile."""
