"""Benchmarks that were trained beforehand, as evaluators."""
