"""One file a check: a ``NAME`` and ``check(case)``."""
