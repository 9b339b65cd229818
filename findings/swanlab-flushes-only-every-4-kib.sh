#!/usr/bin/env bash
# SwanLab without a server: what a run that is killed leaves behind, and what can be watched live.
# Guessed: like W&B, whose record format it uses, the run file grows every few seconds, and a kill loses the last ones.
# True: the writer's flush is commented out; Python's file buffer decides. The file stays at 0 bytes (without even its
#   header) until about 4 KiB of records are there, whatever time passes, and grows by 4 KiB from then on: a run that logs
#   a loss a minute shows nothing for half an hour, and one that is killed before leaves an empty file.
# swanlab 0.10.3, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install swanlab==0.10.3 2>/dev/null
cat > run.py <<'P'
import glob, os, sys, time
import swanlab
swanlab.init(project="p", mode="offline", logdir=sys.argv[1])
path = glob.glob(sys.argv[1] + "/run-*/*.swanlab")[0]
sizes = [os.path.getsize(path)]
for step in range(int(sys.argv[2])):
    swanlab.log({"loss": 1 / (step + 1)}, step=step)
    time.sleep(float(sys.argv[3]))
    if os.path.getsize(path) != sizes[-1]:
        sizes.append(os.path.getsize(path))
print("SIZES", sizes, flush=True)
os._exit(9)
P
few=$(v/bin/python run.py few 10 1 2>/dev/null | grep SIZES || true)
many=$(v/bin/python run.py many 400 0.02 2>/dev/null | grep SIZES || true)
echo "swanlab 0.10.3, 10 points in 10 s: $few; 400 points in 8 s: $many"
[ "$few" = "SIZES [0]" ] || { echo "it is flushed by time now"; exit 1; }
python3 - "$many" <<'P'
import sys
sizes = eval(sys.argv[1].removeprefix("SIZES "))
assert len(sizes) > 3 and all(4000 < b - a < 8300 for a, b in zip(sizes, sizes[1:])), "it grows otherwise now"
P
left=$(stat -c %s few/run-*/*.swanlab); echo "left of the run with 10 points: $left bytes"; [ "$left" = 0 ]
echo "as described"
