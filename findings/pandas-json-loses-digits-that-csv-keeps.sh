#!/usr/bin/env bash
# One pandas frame of 0.1 + 0.2 and 1/3, as CSV, as JSON lines and as Parquet: are the numbers equal afterwards?
# Guessed: JSON, like CSV, writes the shortest text that gives the same float64 back.
# True: to_json writes ten decimal places unless told double_precision=15, which does not suffice for all values either:
#   0.30000000000000004 becomes 0.3, 1/3 becomes 0.3333333333, and 1.23e-11 becomes 0.0. A comparison of values by
#   equality finds none of a few-valued column's values again; small numbers vanish.
# pandas 3.1.1, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install pandas==3.1.1 2>/dev/null
v/bin/python - <<'P'
import io, json
import pandas
values = [0.1 + 0.2, 1 / 3, 1.23e-11]
frame = pandas.DataFrame({"x": values})
text = frame.to_json(orient="records", lines=True)
back = [json.loads(line)["x"] for line in text.splitlines()]
fifteen = [json.loads(line)["x"] for line in frame.to_json(orient="records", lines=True, double_precision=15).splitlines()]
csv = pandas.read_csv(io.StringIO(frame.to_csv(index=False)), float_precision="round_trip").x.tolist()
print("pandas", pandas.__version__, "csv:", csv, "json:", back, "json, 15:", fifteen)
assert csv == values and back == [0.3, 0.3333333333, 0.0] and fifteen != values
P
echo "as described"
