#!/usr/bin/env bash
# A training of XGBoost that goes on from a model (xgb_model=), read back from its console and evals_result.
# Guessed: ten rounds, then seven more from that model, print [0] to [9] and then [10] to [16]: the counter is the
# model's, which knows its rounds (num_boosted_rounds()).
# True: the second call prints [0] to [6] again, and its evals_result begins at index 0, while the model has 17
# rounds. In one log the second part can't be told from a new training (another fold); only the first value tells, which
# goes on from the last one. LightGBM (init_model=) does the opposite: it prints [11] to [17].
# Versions: xgboost 3.2.0, lightgbm 4.7.0, numpy 2.4.6. Date: 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q xgboost==3.2.0 lightgbm==4.7.0 numpy==2.4.6 scipy >/dev/null 2>&1
cat > on.py <<'PY'
import re
import sys
from contextlib import redirect_stdout
from io import StringIO

import lightgbm
import numpy
import xgboost

rng = numpy.random.default_rng(0)
x = rng.normal(size=(400, 5))
y = x @ rng.normal(size=5) + rng.normal(size=400)


def rounds(text):
    return [int(found) for found in re.findall(r"^\[(\d+)\]", text, re.MULTILINE)]


print("xgboost", xgboost.__version__, "lightgbm", lightgbm.__version__)
data = xgboost.DMatrix(x, y)
first = xgboost.train({}, data, 10, evals=[(data, "train")], verbose_eval=False)
said, told = StringIO(), {}
with redirect_stdout(said):
    second = xgboost.train({}, data, 7, evals=[(data, "train")], xgb_model=first, evals_result=told)
print("xgboost prints", rounds(said.getvalue()), "of a model with", second.num_boosted_rounds(), "rounds")
assert rounds(said.getvalue()) == list(range(7)) and second.num_boosted_rounds() == 17
assert len(told["train"]["rmse"]) == 7

table = lightgbm.Dataset(x, y, free_raw_data=False)
quiet = {"objective": "regression", "verbose": -1}
first = lightgbm.train(quiet, table, 10)
said = StringIO()


class Log:
    def info(self, text):
        said.write(text + "\n")

    warning = info


lightgbm.register_logger(Log())
lightgbm.train(
    {"objective": "regression", "verbose": 1}, table, 7, [table], ["train"], init_model=first,
    callbacks=[lightgbm.log_evaluation(1)],
)
print("lightgbm prints", rounds(said.getvalue()))
assert rounds(said.getvalue()) == list(range(11, 18))
PY
venv/bin/python on.py
echo "as written above"
