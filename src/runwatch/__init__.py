"""runwatch: one terminal screen for model monitoring."""

__version__ = "0.1.0"
