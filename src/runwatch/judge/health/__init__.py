"""Training health: signs in a run's curves, its rhythm, and where it is going."""
