#!/usr/bin/env bash
# Guessed: EventAccumulator, with its default purge_orphaned_data=True, drops the points past the step at which a
# run was resumed, as TensorBoard's own server shows the curve.
# True: for files of today (brain.Event:2) it purges only where a SessionLog START was written, which tensorboardX and
# PyTorch write with purge_step alone. Without it both branches come back, in the order of the files: a script that
# takes the last point by step gets a value of the dead branch. tensorboard 2.20.0, tensorboardX 2.6.4; 2026-11-30.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q "tensorboard==2.20.0" "tensorboardX==2.6.4" "setuptools==80.9.0"
cat > "$folder/resume.py" <<'PY'
import sys
import time

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboardX import SummaryWriter

folder = sys.argv[1]
first = SummaryWriter(folder)
for step in range(1, 11):
    first.add_scalar("loss", 1 / step, step)
first.close()
time.sleep(1.1)  # the name of an event file holds whole seconds
resumed = SummaryWriter(folder)
for step in (6, 7):
    resumed.add_scalar("loss", 9.0, step)
resumed.close()
read = EventAccumulator(folder)
read.Reload()
steps = [event.step for event in read.Scalars("loss")]
print("without purge_step:", steps)
assert steps == [*range(1, 11), 6, 7], steps
time.sleep(1.1)
declared = SummaryWriter(folder, purge_step=3)
declared.add_scalar("loss", 5.0, 3)
declared.close()
read = EventAccumulator(folder)
read.Reload()
steps = [event.step for event in read.Scalars("loss")]
print("with purge_step=3:", steps)
assert steps == [1, 2, 3], steps
PY
"$folder/env/bin/pip" list 2>/dev/null | grep -i tensorboard
"$folder/env/bin/python" -W ignore "$folder/resume.py" "$folder/run"
