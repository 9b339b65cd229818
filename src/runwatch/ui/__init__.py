"""The screen. ``run.run`` opens it; nothing else in the house knows how it is drawn."""
