#!/usr/bin/env bash
# LightGBM's console with log_evaluation(period) and early_stopping, read back as a curve.
# Guessed: lines "[n]<tab>set's metric: value" are the rounds in order, each n a multiple of the period, so the last
# such line is the newest round.
# True: after "Early stopping, best iteration is:" (and after "Did not meet early stopping. Best iteration is:") a line of
# the same form follows for the best round: an earlier one, that need not be a multiple of the period. A reader that takes
# it for a round sees the training go back.
# Versions: lightgbm 4.7.0, numpy 2.4.6. Date: 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q lightgbm==4.7.0 numpy==2.4.6 >/dev/null 2>&1
venv/bin/python - <<'P' > log.txt 2>/dev/null
import lightgbm as lgb
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(400, 5))
y = (x[:, 0] + rng.normal(size=400) > 0).astype(int)
train, held_out = lgb.Dataset(x[:260], y[:260]), (x[260:], y[260:])
valid = lgb.Dataset(*held_out, reference=train)
calls = [lgb.log_evaluation(4), lgb.early_stopping(5)]
asked = {"objective": "binary", "metric": "auc", "verbose": -1, "num_threads": 1}
print("version", lgb.__version__)
for rounds in (60, 9):
    lgb.train(asked, train, rounds, [valid], callbacks=calls)
P
cat log.txt
venv/bin/python - <<'P'
import re

rows = [re.match(r"\[(\d+)\]\t", line) for line in open("log.txt")]
numbers = [int(row[1]) for row in rows if row]
back = [later for earlier, later in zip(numbers, numbers[1:]) if later <= earlier]
print("rounds as printed:", numbers, "that go back:", back)
words = open("log.txt").read().lower().count("best iteration is:\n[")
assert words == 2, "the best round is no longer printed on a line of its own"
assert any(number % 4 for number in numbers), "only multiples of the period are printed"
P
