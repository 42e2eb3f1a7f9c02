"""Runs of trials: beginning one, going on with one, and what a person sees of it meanwhile."""
