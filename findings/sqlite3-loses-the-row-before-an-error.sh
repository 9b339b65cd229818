#!/usr/bin/env bash
# MLflow's SQLite store, read with Python's sqlite3 and a limit on the size of a value (setlimit, DataError).
# Guessed: rows come until the one that is too large raises, so every row before it was seen; to go on, ask for what
# comes after the last row that was seen.
# True: the cursor steps one row ahead. The error of row n is raised instead of row n-1, which is lost: a run whose
# neighbour has a giant name is in no result, and going on after "the last row seen" skips the wrong one. Asking for the
# row alone (LIMIT 1) gives it.
# Versions: mlflow-skinny 3.17.2 (its schema), CPython's sqlite3 (3.11 tried). Date: 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1 >/dev/null
PYTHONWARNINGS=ignore venv/bin/python - <<'P' 2>/dev/null
import mlflow

mlflow.set_tracking_uri("sqlite:///mlflow.db")
for i in range(3):
    with mlflow.start_run(run_name=f"run {i}"):
        mlflow.log_metric("loss", i)
P
venv/bin/python - <<'P'
import platform
import sqlite3

print("python", platform.python_version(), "sqlite", sqlite3.sqlite_version)
db = sqlite3.connect("mlflow.db")
db.execute("UPDATE runs SET name = ? WHERE name = 'run 1'", ("x" * 100_000,))
db.commit()
db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 50_000)
seen = []
try:
    for (name,) in db.execute("SELECT name FROM runs ORDER BY rowid"):
        seen.append(name)
except sqlite3.DataError as error:
    print("error:", error)
print("seen before the error:", seen)
alone = db.execute("SELECT name FROM runs ORDER BY rowid LIMIT 1").fetchall()
print("the first row alone:", alone)
assert seen == [] and alone == [("run 0",)], "the row before the error is seen now"
P
