"""Metrics against a baseline: differences with uncertainty, and a verdict for each."""
