"""Formats of tables that are known and not read: files by the end of their names."""

from __future__ import annotations

ENDINGS = (
    *(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".dta", ".sav", ".sas7bdat", ".xpt", ".rds", ".rdata"),
    *(".avro", ".duckdb", ".vortex", ".lance"),
)
MARKS = (".manifest", "hoodie.properties")  # of a Lance dataset, of a Hudi table
