#!/usr/bin/env bash
# The greatest loss of a training that diverged, asked of one table in memory and of the same table as Parquet.
# Guessed: one question has one answer: DuckDB orders NaN above all numbers, so max(loss) is NaN and "loss > 5" finds the row.
# True: so it is in memory, and in a Parquet file that DuckDB wrote itself. Of a file by pyarrow max(loss) alone is the greatest
#   finite value, and "where loss > 5" finds nothing (nor does it in one by Polars): Parquet's statistics leave NaN out, and DuckDB
#   answers from them without reading the column. Beside avg(step), or as a filter of count(*), the same column has its NaN again.
#   pyarrow's own datasets skip the row group in the same way for ~(loss <= 5), which holds for NaN in memory.
# pyarrow 26.0.1, duckdb 2.0.1, polars 2.1.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0 2>/dev/null
v/bin/python - <<'P'
import duckdb, polars, pyarrow, pyarrow.dataset as dataset, pyarrow.parquet as parquet
from pyarrow.compute import field

print("pyarrow", pyarrow.__version__, "duckdb", duckdb.__version__, "polars", polars.__version__)
losses = pyarrow.table({"step": [1, 2, 3, 4], "loss": [0.5, float("nan"), 0.4, 0.3]})
parquet.write_table(losses, "by_pyarrow.parquet")
polars.from_arrow(losses).write_parquet("by_polars.parquet")
duckdb.sql("copy losses to 'by_duckdb.parquet'")

found = {}
for name in ("losses", "'by_pyarrow.parquet'", "'by_polars.parquet'", "'by_duckdb.parquet'"):
    asked = ("max(loss) {}", "max(loss), avg(step) {}", "count(*) {} where loss > 5", "count(*) filter (loss > 5) {}")
    found[name] = tuple(duckdb.sql("select " + one.format(f"from {name}")).fetchall()[0][0] for one in asked)
    print(f"{name:22} max {found[name][0]}, beside avg(step) {found[name][1]}; rows by where {found[name][2]}, by filter {found[name][3]}")
not_small = ~(field("loss") <= 5)
arrow = losses.filter(not_small).num_rows, dataset.dataset("by_pyarrow.parquet").to_table(filter=not_small).num_rows
print("pyarrow, ~(loss <= 5): in memory", arrow[0], "dataset", arrow[1])
assert str(found["losses"]) == str(found["'by_duckdb.parquet'"]) == "(nan, nan, 1, 1)", found
assert str(found["'by_pyarrow.parquet'"]) == "(0.5, nan, 0, 1)", found
assert str(found["'by_polars.parquet'"]) == "(nan, nan, 0, 1)", found
assert arrow == (1, 0), arrow
P
