#!/usr/bin/env bash
# Aim: how its run table tells a run that was closed from one that was killed.
# Guessed: the column finalized_at of the table run (run_metadata.sqlite), which is made for it, is set by Run.close().
# True: it stays empty for both. What tells them apart are files: .aim/meta/progress/<hash> is there as long as the run is
#   not closed, and stays for ever after a kill.
# aim 3.29.1, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install aim==3.29.1 2>/dev/null
cat > run.py <<'P'
import os, sys, time
from aim import Run
run = Run(repo=".", experiment="e", system_tracking_interval=None, log_system_params=False, capture_terminal_logs=False)
run.name = sys.argv[1]
for step in range(5):
    run.track(1 / (step + 1), name="loss", step=step)
time.sleep(3)
if sys.argv[1] == "killed":
    os._exit(9)
run.close()
P
for how in closed killed; do v/bin/python run.py "$how" > /dev/null 2>&1 || true; done
python3 - <<'P'
import os, sqlite3
rows = sqlite3.connect(".aim/run_metadata.sqlite").execute("SELECT name, hash, finalized_at FROM run").fetchall()
told = {name: (finalized, os.path.exists(f".aim/meta/progress/{key}")) for name, key, finalized in rows}
print("aim 3.29.1: name -> (finalized_at, file of progress)", told)
assert told == {"closed": (None, False), "killed": (None, True)}, "finalized_at is set now"
P
echo "as described"
