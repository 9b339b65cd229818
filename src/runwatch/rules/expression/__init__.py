"""The language of ``[[rules]] when = "val/loss > 0.5 for 10m on exp/*"`` (docs/rules.md)."""
