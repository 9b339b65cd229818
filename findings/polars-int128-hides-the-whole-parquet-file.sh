#!/usr/bin/env bash
# Polars writes an Int128 column to Parquet; pyarrow is asked for another column of the file.
# Guessed: pyarrow leaves out, or gives as bytes, the one column that it has no type for.
# True: no column can be read: opening the file fails (ArrowNotImplementedError), since 128-bit integers stand only in the
#   Arrow schema that Polars stores beside Parquet's own ("ARROW:schema"). With that entry under another name in the
#   footer (same length), every column reads, the 128-bit one as 16 bytes, little-endian.
# polars 2.1.0, pyarrow 26.0.1, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install polars==2.1.0 pyarrow==26.0.1 2>/dev/null
v/bin/python - <<'P'
import struct
import polars, pyarrow as pa, pyarrow.parquet as pq
polars.DataFrame({"x": [0.5, 1.5], "big": polars.Series([1, 2**100], dtype=polars.Int128)}).write_parquet("t.parquet")
try:
    pq.ParquetFile("t.parquet").read(columns=["x"])
    raise SystemExit("pyarrow reads it now")
except pa.ArrowNotImplementedError as error:
    print("polars", polars.__version__, "pyarrow", pa.__version__, "as written:", error)
body = open("t.parquet", "rb").read()
size = struct.unpack("<I", body[-8:-4])[0]
footer = body[-8 - size :].replace(b"ARROW:schema", b"ARROW_schema")
metadata = pq.read_metadata(pa.BufferReader(b"PAR1" + footer))
table = pq.ParquetFile("t.parquet", metadata=metadata).read()
print("without the stored schema:", table.schema.field("big").type, table.to_pydict())
assert table.column("x").to_pylist() == [0.5, 1.5]
P
echo "as described"
