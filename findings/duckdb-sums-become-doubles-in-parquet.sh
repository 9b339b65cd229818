#!/usr/bin/env bash
# A sum of whole numbers (tokens seen, bytes read, nanoseconds), written to Parquet by DuckDB.
# Guessed: sum() of a BIGINT column is a whole number in the file, as count() and max() are.
# True: DuckDB's sum is a HUGEINT of 128 bits, for which Parquet has no type, and COPY writes it as a double, without a word:
#   above 2^53 the last digits are others, and a reader sees a column of fractions. The same value is exact in CSV and when it
#   is fetched. sum(x)::BIGINT, or a DECIMAL, stays whole.
# duckdb 2.0.1, pyarrow 26.0.1, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install duckdb==2.0.1 pyarrow==26.0.1 2>/dev/null
v/bin/python - <<'P'
import duckdb, pyarrow, pyarrow.parquet as parquet

print("duckdb", duckdb.__version__, "pyarrow", pyarrow.__version__)
question = "select count(*) n, max(x) top, sum(x) total, sum(x)::bigint exact from (values (9007199254740992), (1)) v(x)"
fetched = duckdb.sql(question).fetchall()[0]
duckdb.sql(f"copy ({question}) to 'sums.parquet'")
duckdb.sql(f"copy ({question}) to 'sums.csv'")
table = parquet.read_table("sums.parquet")
text = open("sums.csv").read().splitlines()[1]
print("fetched", fetched, "| CSV", text, "| Parquet", {name: str(table.schema.field(name).type) for name in table.column_names})
total = int(table["total"][0].as_py())
print("total in Parquet:", total)
assert fetched[2] == 9007199254740993 and text.split(",")[2] == "9007199254740993"
assert str(table.schema.field("total").type) == "double" and total == 9007199254740992
assert str(table.schema.field("exact").type) == "int64" and table["exact"][0].as_py() == 9007199254740993
P
