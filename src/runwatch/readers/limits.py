"""The limits of reading, in one table. Each has a message when it is hit."""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

LINE = 1 * MIB
COLUMNS = 5_000
TAGS = 10_000
JSON_DEPTH = 100
DOCUMENT = 32 * MIB
RECORD = 8 * MIB
SLICE = 8 * MIB
LOG_TAIL = 256 * KIB
HEAD = 4 * KIB
TAIL = 32 * KIB
PROBLEMS = 20
EARLIEST, LATEST = 0.0, 7258118400.0
"""Moments that are believed: 1970 to 2200, in seconds since the epoch."""
