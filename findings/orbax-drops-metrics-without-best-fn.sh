#!/usr/bin/env bash
# Orbax: where the metrics are that are given to CheckpointManager.save(step, args, metrics=...).
# Guessed: with each checkpoint, or in _CHECKPOINT_METADATA, whose fields "metrics" and "performance_metrics" are made
#   for them.
# True: they are dropped without a word unless the manager's options have a best_fn. With one they are a JSON file
#   <step>/metrics/metrics (a NaN is a bare NaN there) inside the checkpoint and go when it is pruned; the two fields of
#   the metadata stay empty either way.
# orbax-checkpoint 0.12.8, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install orbax-checkpoint==0.12.8 2>/dev/null
cat > save.py <<'P'
import glob, json
from pathlib import Path
import numpy as np
import orbax.checkpoint as ocp
told = {}
for name, best in (("plain", None), ("best", lambda metrics: metrics["loss"])):
    options = ocp.CheckpointManagerOptions(max_to_keep=2, best_fn=best, best_mode="min")
    with ocp.CheckpointManager(Path(name).resolve(), options=options) as manager:
        for step in range(1, 5):
            metrics = {"loss": 1 / step, "acc": float("nan")}
            manager.save(step, args=ocp.args.StandardSave({"w": np.zeros(1)}), metrics=metrics)
        manager.wait_until_finished()
    kept = sorted(path.split("/")[1] for path in glob.glob(name + "/*/_CHECKPOINT_METADATA"))
    rows = {path.split("/")[1]: open(path).read() for path in sorted(glob.glob(name + "/*/metrics/metrics"))}
    metadata = json.load(open(f"{name}/4/_CHECKPOINT_METADATA"))
    told[name] = (kept, rows, metadata["metrics"], metadata["performance_metrics"])
    print("orbax-checkpoint 0.12.8,", name, told[name], flush=True)
assert told["plain"] == (["3", "4"], {}, {}, {}), "metrics are kept without best_fn now"
assert told["best"][1]["4"] == '{"loss": 0.25, "acc": NaN}' and told["best"][2:] == ({}, {})
P
v/bin/python save.py 2> errors.txt || { tail -3 errors.txt; exit 1; }
echo "as described"
