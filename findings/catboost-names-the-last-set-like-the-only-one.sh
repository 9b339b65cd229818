#!/usr/bin/env bash
# CatBoost with several evaluation sets: three files of one training, three ways to name the sets.
# Guessed: test_error.tsv is the first set and test1_error.tsv the second, as the folders test/ and test1/ and the names in
#   catboost_training.json suggest; "best" on the console belongs to the first set.
# True: no test1_error.tsv is written. test_error.tsv holds all: "AUC:0" is the first set and the plain "AUC" the LAST, so the
#   same column means another set as soon as one is added. The JSON calls them test and test1, the event files of test/ tag
#   theirs "AUC:0", those of test1/ "AUC". "best:", bestTest and the early stop follow the last set.
# catboost 1.2.10, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install catboost==1.2.10 2>/dev/null
cat > train.py <<'P'
import json, os
import numpy as np
from catboost import CatBoostClassifier
rng = np.random.default_rng(0)
x = rng.normal(size=(400, 5))
y = (x[:, 0] + rng.normal(size=400) > 0).astype(int)
sets = [(x[200:300], y[200:300]), (x[300:], y[300:])]
for count in (1, 2):
    model = CatBoostClassifier(iterations=20, eval_metric="AUC", verbose=False, train_dir=f"info{count}")
    model.fit(x[:200], y[:200], eval_set=sets[:count])
    lines = open(f"info{count}/test_error.tsv").read().splitlines()
    table = dict(zip(lines[0].split("\t"), lines[-1].split("\t")))
    last = json.load(open(f"info{count}/catboost_training.json"))["iterations"][-1]
    named = {key: last[key][0] for key in ("test", "test1") if key in last}
    print("catboost 1.2.10:", count, "sets: table", table, "JSON", named, sorted(os.listdir(f"info{count}")), flush=True)
    close = lambda a, b: abs(float(a) - b) < 1e-6
    if count == 1:
        assert close(table["AUC"], named["test"])
    else:
        assert close(table["AUC:0"], named["test"]) and close(table["AUC"], named["test1"])
        assert "test1_error.tsv" not in os.listdir("info2")
        best = model.get_best_score()
        assert list(best)[1:] == ["validation_0", "validation_1"]
P
v/bin/python train.py
echo "as described"
