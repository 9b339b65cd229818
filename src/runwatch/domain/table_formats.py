"""Formats of tables by the ends of their files' names, for those who load no format to ask it. JSON documents
are left out: most of them are no tables."""

from __future__ import annotations

_LINES = (".csv", ".tsv", ".jsonl", ".ndjson")
READ = (
    *(".parquet", ".pq", ".parq", ".arrow", ".arrows", ".feather", ".ipc", ".orc"),
    *(line + how for line in _LINES for how in ("", ".gz", ".bz2", ".xz", ".zst")),
)
UNREAD = (
    *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".dta", ".sav", ".sas7bdat", ".xpt", ".rds", ".rdata"),
    *(".avro", ".duckdb", ".vortex", ".lance"),
)
UNREAD_MARKS = (".manifest", "hoodie.properties")
"""Files of a Lance dataset and of a Hudi table."""
