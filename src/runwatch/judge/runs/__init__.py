"""A run or a group of seeds against a baseline."""
