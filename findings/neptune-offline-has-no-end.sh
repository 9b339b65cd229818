#!/usr/bin/env bash
# Neptune without a server: how a run that was stopped differs from one that was killed.
# Guessed: stop() writes an operation, a state or a file, as with W&B, SwanLab, MLflow; sys/failed turns true on an error.
# True: stop() writes nothing. Both leave the same files and the same operations; "sys/failed" is written once, as false, at
#   the start. Only the process can tell.
# neptune 1.14.0.post2, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install neptune==1.14.0.post2 'setuptools<81' 2>/dev/null
cat > run.py <<'P'
import os, sys, time
import neptune
run = neptune.init_run(mode="offline", project="w/p", source_files=[], git_ref=False, capture_hardware_metrics=False,
                       capture_stdout=False, capture_stderr=False)
for step in range(3):
    run["loss"].append(1 / (step + 1), step=step)
time.sleep(2)
if sys.argv[1] == "killed":
    os._exit(9)
run.stop()
P
for how in stopped killed; do mkdir "$how"; (cd "$how"; ../v/bin/python ../run.py "$how" > /dev/null 2>&1 || true); done
python3 - <<'P'
import glob, json, os
told = {}
for how in ("stopped", "killed"):
    (folder,) = glob.glob(f"{how}/.neptune/offline/run__*")
    rows = [json.loads(line)["obj"] for line in open(folder + "/data-1.log")]
    told[how] = (sorted(os.listdir(folder)), [(row["type"], row["path"]) for row in rows])
    print(how, told[how][0], len(rows), "operations, the last one", rows[-1]["type"], rows[-1]["path"])
assert told["stopped"] == told["killed"], "the end leaves a mark now"
P
echo "as described"
