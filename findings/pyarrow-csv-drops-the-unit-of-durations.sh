#!/usr/bin/env bash
# One table with the same duration in two units, as CSV by pyarrow, pandas and DuckDB: is it the same duration afterwards?
# Guessed: pyarrow writes durations as it writes times of day (00:00:01.500000), or refuses them, as polars does.
# True: write_csv writes the bare whole number of the column's unit, so 1.5 seconds are 1500000 in one column and 1500 in
#   the other, and nothing in the file says which; read_csv gives int64. pandas writes "0 days 00:00:01.500000", DuckDB
#   00:00:01.5. A time of day beside it is written in words. Whoever joins such exports sees a factor of 1,000.
# pyarrow 26.0.1, pandas 3.1.1, duckdb 2.0.1, polars 2.1.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install pyarrow==26.0.1 pandas==3.1.1 duckdb==2.0.1 polars==2.1.0 2>/dev/null
v/bin/python - <<'P'
import io
import duckdb, pandas, polars, pyarrow, pyarrow.csv
table = pyarrow.table({
    "us": pyarrow.array([1_500_000], pyarrow.duration("us")),
    "ms": pyarrow.array([1500], pyarrow.duration("ms")),
    "day": pyarrow.array([1_500_000], pyarrow.time64("us")),
})
file = io.BytesIO()
pyarrow.csv.write_csv(table, file)
row = file.getvalue().decode().splitlines()[1]
back = pyarrow.csv.read_csv(io.BytesIO(file.getvalue())).schema
by_pandas = table.to_pandas()[["us", "ms"]].to_csv(index=False).splitlines()[1]
duckdb.sql("copy (select to_milliseconds(1500) as x) to 'd.csv' (header)")
by_duckdb = open("d.csv").read().splitlines()[1]
try:
    by_polars = polars.from_arrow(table.select(["us"])).write_csv()
except polars.exceptions.ComputeError as error:
    by_polars = str(error).splitlines()[0]
print("pyarrow", pyarrow.__version__, "row:", row, "read back:", back.types, "pandas:", by_pandas)
print("duckdb", duckdb.__version__, "row:", by_duckdb, "polars", polars.__version__, "says:", by_polars)
assert row == "1500000,1500,00:00:01.500000" and back.types[:2] == [pyarrow.int64()] * 2
assert by_pandas == "0 days 00:00:01.500000,0 days 00:00:01.500000"
assert by_duckdb == "00:00:01.5" and "cannot be written" in by_polars
P
echo "as described"
