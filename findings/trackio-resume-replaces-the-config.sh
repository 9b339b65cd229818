#!/usr/bin/env bash
# Trackio: what is left of a run's configuration when the run is resumed.
# Guessed: trackio.init(name=..., resume="allow") without config= goes on with the run and leaves its configuration, as
#   W&B's init does, whose interface it has.
# True: the steps go on, but the row of the run in the table "configs" is replaced by one that holds only Trackio's own
#   entries (_Username, _Created, _Group): the hyperparameters are gone from the database, and so is the time at which the
#   run was first started. A resuming script must pass config= again.
# trackio 0.43.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install trackio==0.43.0 2>/dev/null
cat > part.py <<'PY'
import sys
import trackio
config = {"lr": 0.1} if sys.argv[1] == "first" else None
trackio.init(project="proj", name="a", config=config, resume="never" if sys.argv[1] == "first" else "allow")
for loss in (3.0, 2.0, 1.0):
    trackio.log({"loss": loss})
trackio.finish()
PY
cat > look.py <<'PY'
import json
import sqlite3
db = sqlite3.connect("store/proj.db")
(config,) = db.execute("SELECT config FROM configs WHERE run_name = 'a'").fetchone()
steps = [step for (step,) in db.execute("SELECT step FROM metrics WHERE run_name = 'a' ORDER BY id")]
print("lr", json.loads(config).get("lr"), "steps", steps)
PY
export TRACKIO_DIR="$work/store"
v/bin/python part.py first >/dev/null 2>&1; first=$(v/bin/python look.py)
v/bin/python part.py second >/dev/null 2>&1; second=$(v/bin/python look.py)
echo "trackio 0.43.0"; echo "first:   $first"; echo "resumed: $second"
[ "$first" = "lr 0.1 steps [0, 1, 2]" ] && [ "$second" = "lr None steps [0, 1, 2, 3, 4, 5]" ]
