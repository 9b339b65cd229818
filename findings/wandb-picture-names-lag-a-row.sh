#!/usr/bin/env bash
# W&B: which step a picture under files/media/images belongs to.
# Guessed: the number in <key>_<step>_<hash>.png is the step that was given to log(), so that a folder of pictures can be
#   put in order without the run file.
# True: with log(..., step=n) it is the step of the row BEFORE (the new one is not current yet when the file is named): of
#   four pictures at 0, 10, 20, 30 two are called 0 and none 30. Only the row in run-*.wandb tells which is which; tables and
#   HTML files are named the same way.
# wandb 0.31.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install wandb==0.31.0 numpy==2.2.6 pillow==12.3.0 2>/dev/null
cat > run.py <<'P'
import glob, os

os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
import numpy as np
import wandb

run = wandb.init(dir=".", project="x")
for step in (0, 10, 20, 30):
    run.log({"a": wandb.Image(np.full((2, 2, 3), step, dtype=np.uint8))}, step=step)
run.finish()
names = glob.glob("wandb/offline-run-*/files/media/images/a_*.png")
steps = sorted(int(os.path.basename(name).split("_")[1]) for name in names)
print(f"wandb {wandb.__version__}: logged at 0, 10, 20, 30; the files say {steps}")
assert steps == [0, 0, 10, 20], "the names have changed"
P
v/bin/python run.py
