#!/usr/bin/env bash
# CatBoost: what lies in catboost_info/ after grid_search().
# Guessed: the files of one training, that of the best parameters on all rows with which the search ends (refit=True), and in each
#   the column "iter" is the iteration.
# True: learn_error.tsv, time_left.tsv and catboost_training.json are that training's, which has no evaluation set ("test_sets":
#   []). test_error.tsv beside them is the search's: a row a candidate, its best value, "iter" the candidate's number. Read together,
#   as one run, it looks like a test curve that ended at an early iteration. The folder test/ repeats it as events.
# catboost 1.2.10, numpy 2.4.6, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install catboost==1.2.10 numpy==2.4.6 2>/dev/null
v/bin/python - <<'P' 2>/dev/null
import json
import catboost, numpy as np

print("catboost", catboost.__version__)
rng = np.random.default_rng(0)
rows = rng.normal(size=(450, 6))
model = catboost.CatBoostRegressor(iterations=12, verbose=0, loss_function="RMSE")
model.grid_search({"depth": [2, 4], "learning_rate": [0.05, 0.2]}, X=rows, y=rows[:, 0], cv=3, verbose=0)
print()
training = json.load(open("catboost_info/catboost_training.json"))
learn, test = ([line.split() for line in open(f"catboost_info/{part}_error.tsv")][1:] for part in ("learn", "test"))
print("catboost_training.json: test_sets", training["meta"]["test_sets"], "iterations", len(training["iterations"]))
print("learn_error.tsv:", len(learn), "rows; test_error.tsv:", len(test), "rows:", ", ".join(map(str, test)))
assert training["meta"]["test_sets"] == [] and len(learn) == 12 and len(test) == 2 * 2
small_steps, large_steps = [float(row[1]) for row in test[::2]], [float(row[1]) for row in test[1::2]]
assert min(small_steps) > 2 * max(large_steps), test  # by learning rate, candidate by candidate
P
