"""Drift: profiles in, verdicts out. Pure functions; one file a measure in ``measures/``."""
