#!/usr/bin/env bash
# Optuna's SQLite storage: times without a zone that mean local time up to 4.x and UTC from 5.0 on.
# Guessed: one schema (version 12, revision v3.2.0.a in both releases), so datetime_start means the same in both.
# True: 4.9.0 writes the local time, 5.0.0 writes UTC, both without a zone. A file that 4.9.0 began and 5.0.0 goes on
#   with holds both; 5.0.0 then reads the old trials as UTC and shows them hours off, and version_info keeps the
#   release that made the file, so that nothing in it tells which rows are which.
# optuna 4.9.0 and 5.0.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
for version in 4.9.0 5.0.0; do python3 -m venv "v$version"; "v$version/bin/pip" -q install "optuna==$version" 2>/dev/null; done
cat > trial.py <<'P'
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(storage="sqlite:///study.db", study_name="s", load_if_exists=True)
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
print(optuna.__version__, "sees", [str(trial.datetime_start)[:13] for trial in study.trials])
P
export TZ=Asia/Tokyo
v4.9.0/bin/python trial.py
v5.0.0/bin/python trial.py
python3 - <<'P'
import sqlite3
from datetime import datetime, timezone
db = sqlite3.connect("study.db")
rows = [datetime.fromisoformat(row[0]) for row in db.execute("SELECT datetime_start FROM trials ORDER BY trial_id")]
schema = db.execute("SELECT schema_version, library_version FROM version_info").fetchone()
utc, local = datetime.now(timezone.utc).replace(tzinfo=None), datetime.now()
print("stored", [str(row) for row in rows], "schema", schema, "now", str(local)[:16], "local,", str(utc)[:16], "UTC")
near = lambda a, b: abs((a - b).total_seconds()) < 600
assert near(rows[0], local) and near(rows[1], utc), "the zones of the stored times changed"
assert schema == (12, "4.9.0"), "the file now tells which release wrote it"
P
echo "as described"
