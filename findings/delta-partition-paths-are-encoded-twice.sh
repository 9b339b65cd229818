#!/usr/bin/env bash
# deltalake: where the file of a partition value with "/", "%" or a space lies, and what its log calls it.
# Guessed: "path" in _delta_log is the file's path below the table, as os.path.join wants it.
# True: the folder bears the value percent-encoded once (region=S%2FE%20x), and the log encodes that name again
#   (region=S%252FE%2520x), as the protocol's "path is a URI" asks: a reader that joins it as it stands finds no file,
#   one that decodes it twice neither. The value itself stands undisguised in partitionValues.
# deltalake 1.6.6, pyarrow 26.0.1, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install deltalake==1.6.6 pyarrow==26.0.1 2>/dev/null
v/bin/python - <<'P'
import json, os
from urllib.parse import unquote
import deltalake, pyarrow as pa
deltalake.write_deltalake("t", pa.table({"x": [1, 2], "region": ["S/E x", "S/E x"]}), partition_by=["region"])
actions = [json.loads(line) for line in open("t/_delta_log/00000000000000000000.json")]
add = next(action["add"] for action in actions if "add" in action)
print("deltalake", deltalake.__version__, "log:", add["path"].split("/")[0], "values:", add["partitionValues"])
print("folder:", [name for name in os.listdir("t") if "=" in name])
assert not os.path.exists(os.path.join("t", add["path"])), "the path is written as it is now"
assert os.path.exists(os.path.join("t", unquote(add["path"])))
assert not os.path.exists(os.path.join("t", unquote(unquote(add["path"]))))
assert add["partitionValues"] == {"region": "S/E x"}
P
echo "as described"
