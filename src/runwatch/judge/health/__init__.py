"""Training health: signs in a run's curves, its rhythm, and where it is going."""

from runwatch.judge.health.monitor import RunHealth

__all__ = ["RunHealth"]
