#!/usr/bin/env bash
# Orbax: where the metrics are that are given to CheckpointManager.save().
# Guessed: in _CHECKPOINT_METADATA, whose fields "metrics" and "performance_metrics" are made for them, or in one file of
#   the manager, so that the history outlives the checkpoints.
# True: both fields stay empty; the metrics are a JSON file <step>/metrics/metrics (a bare NaN is written as NaN) inside
#   each checkpoint, and go with it when max_to_keep or best_fn drops it: of ten saves with two kept, two rows are left.
# orbax-checkpoint 0.12.8, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install orbax-checkpoint==0.12.8 2>/dev/null
v/bin/python - 2>/dev/null <<'P'
import glob, json
from pathlib import Path
import numpy as np
import orbax.checkpoint as ocp
options = ocp.CheckpointManagerOptions(max_to_keep=2)
with ocp.CheckpointManager(Path("ckpt").resolve(), options=options) as manager:
    for step in range(10):
        value = float("nan") if step == 9 else 1 / (step + 1)
        manager.save(step, args=ocp.args.StandardSave({"w": np.zeros(1)}), metrics={"loss": value})
    manager.wait_until_finished()
rows = {path.split("/")[1]: open(path).read() for path in sorted(glob.glob("ckpt/*/metrics/metrics"))}
metadata = json.load(open("ckpt/9/_CHECKPOINT_METADATA"))
print("orbax-checkpoint 0.12.8:", rows, {key: metadata[key] for key in ("metrics", "performance_metrics")})
assert rows == {"8": '{"loss": 0.1111111111111111}', "9": '{"loss": NaN}'}
assert metadata["metrics"] == metadata["performance_metrics"] == {}
P
echo "as described"
