#!/usr/bin/env bash
# Dates of pandas 3 written to Parquet by fastparquet: which dates does a reader find?
# Guessed: the same; a column of whole seconds (datetime64[s], which pandas 3 makes of datetime.date) is stored in a finer unit.
# True: the column is declared to be milliseconds while its numbers stay seconds, without a word. pyarrow reads 1980-03-01 as
#   00:05:20 on 1970-01-01; fastparquet divides by 1,000 again and cannot read its own file where that leaves a remainder. The
#   same dates as datetime64[us] are right. A check of the data sees every date near 1970.
# fastparquet 2026.9.0, pandas 3.1.1, pyarrow 26.0.1, numpy 2.4.6, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1 numpy==2.4.6 2>/dev/null
v/bin/python - <<'P'
import datetime
import fastparquet, pandas
import pyarrow.parquet as pq
frame = pandas.DataFrame({"born": pandas.to_datetime([datetime.date(1980, 3, 1), datetime.date(2001, 7, 9)])})
unit = str(frame.born.dtype)
fastparquet.write("s.parquet", frame)
fastparquet.write("us.parquet", frame.astype("datetime64[us]"))
table = pq.read_table("s.parquet")
read, right = (pq.read_table(f).column("born").to_pylist() for f in ("s.parquet", "us.parquet"))
print("fastparquet", fastparquet.__version__, "pandas", pandas.__version__, unit, "->", table.schema.field("born").type, read)
assert unit == "datetime64[s]" and str(table.schema.field("born").type) == "timestamp[ms]"
assert [d.year for d in read] == [1970, 1970] and [d.year for d in right] == [1980, 2001]
P
echo "as described"
