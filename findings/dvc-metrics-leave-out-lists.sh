#!/usr/bin/env bash
# A comparison's JSON as a DVC metrics file.
#
# Guessed: `dvc metrics show` flattens whatever JSON a stage wrote, so that a list of metrics (one object a fold, a
# class, a metric) comes out as columns of its own or is at least complained about; and text is no metric, so that
# it is left out. True: lists are left out, of numbers as of objects, without a word and with exit code 0; a file
# whose metrics all stand in lists is a row without columns. Text, booleans and NaN are shown as metrics. Whoever
# gates on `dvc metrics diff` sees the verdict's word change, and no per-fold or per-class figure ever.
#
# dvc 3.67.1; 2026-11-30.
set -eu
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
export DVC_NO_ANALYTICS=1 HOME="$tmp"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check dvc==3.67.1
dvc="$tmp/venv/bin/dvc"
mkdir "$tmp/repo"; cd "$tmp/repo"; "$dvc" init --no-scm -q
echo '{"auc": 0.9, "folds": [0.8, 0.9], "classes": [{"f1": 0.5}], "by": {"region": 0.7}, "verdict": "worse", "ok": true}' > m.json
echo '{"metrics": [{"name": "auc", "value": 0.9}]}' > lists.json
for file in m lists; do
  "$dvc" metrics show "$file.json"
  "$dvc" metrics show --json "$file.json" > "$tmp/$file.said" || { echo "exit code $?, not 0"; exit 1; }
done
python3 - "$tmp/m.said" "$tmp/lists.said" <<'PY'
import json, sys
whole, lists = (json.load(open(file))[""]["data"] for file in sys.argv[1:])
shown = whole["m.json"]["data"]
print("shown:", sorted(shown), "and of lists alone:", lists["lists.json"]["data"])
assert shown == {"auc": 0.9, "by": {"region": 0.7}, "verdict": "worse", "ok": True}, shown
assert lists == {"lists.json": {"data": {}}}, lists
PY
