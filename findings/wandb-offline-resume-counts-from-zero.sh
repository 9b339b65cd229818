#!/usr/bin/env bash
# W&B: what step a run has that is resumed offline.
# Guessed: wandb.init(id=..., resume="allow") in the folder that holds the earlier part of the run goes on after its
#   last step, as it does online.
# True: offline nobody looks into the folder. run.resumed is False, run.step is 0, a second folder
#   offline-run-<time>-<id> is made, and its rows bear the steps 0, 1, 2, ... once more: rows of the same step of two
#   folders belong to different moments. Only the caller's own step= (or a logged epoch) tells where a row belongs.
# wandb 0.31.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install wandb==0.31.0 2>/dev/null
cat > part.py <<'PY'
import sys
import wandb
run = wandb.init(project="p", id="abc", resume="allow", mode="offline", settings=wandb.Settings(silent=True))
print("resumed", run.resumed, "first step", run.step, end=" ")
for epoch in range(int(sys.argv[1]), int(sys.argv[2])):
    run.log({"loss": 1 / (epoch + 1), "epoch": epoch})
print("next step", run.step)
run.finish()
PY
first=$(v/bin/python part.py 0 10 2>/dev/null); sleep 1.1
second=$(v/bin/python part.py 10 13 2>/dev/null)
folders=$(ls -d wandb/offline-run-*-abc | wc -l)
echo "wandb 0.31.0"; echo "first:  $first"; echo "second: $second"; echo "folders of the run: $folders"
[ "$first" = "resumed False first step 0 next step 10" ]
[ "$second" = "resumed False first step 0 next step 3" ] && [ "$folders" = 2 ]
