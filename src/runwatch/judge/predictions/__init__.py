"""Two sets of predictions on the same cases: metrics with uncertainty, slices, calibration."""
