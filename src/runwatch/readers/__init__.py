"""Readers: one file a format. Found by listing this package, and by the entry point ``runwatch.readers``."""
