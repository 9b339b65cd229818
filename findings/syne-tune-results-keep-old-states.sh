#!/usr/bin/env bash
# Syne Tune: what results.csv.zip says of a trial's state, and what a training script must accept.
# Guessed: st_status tells how the trial stands, so the rows of trials that completed say Completed; and a script gets the
#   arguments of its config space.
# True: each row keeps the state at the moment it was taken in: rows of completed trials say InProgress, and which do depends
#   on timing. And every script is started with --st_checkpoint_dir too: one that parses strictly fails at once, with the
#   usage text of argparse as its only trace.
# syne-tune 0.16.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install syne-tune==0.16.0 2>/dev/null
cat > strict.py <<'P'
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.parse_args()
P
cat > open.py <<'P'
import argparse, time
from syne_tune import Reporter
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
args, _ = parser.parse_known_args()
report = Reporter()
for epoch in range(1, 4):
    report(epoch=epoch, loss=args.lr / epoch)
    time.sleep(0.7)
P
cat > tune.py <<'P'
import sys
from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.config_space import uniform
from syne_tune.optimizer.baselines import RandomSearch
scheduler = RandomSearch({"lr": uniform(0.1, 1)}, metrics=["loss"], do_minimize=True)
Tuner(trial_backend=LocalBackend(sys.argv[1]), scheduler=scheduler, n_workers=1, sleep_time=0.3,
      stop_criterion=StoppingCriterion(max_num_trials_finished=2), results_update_interval=1).run()
P
export SYNETUNE_FOLDER=$work/out PATH=$work/v/bin:$PATH
python tune.py strict.py > strict.txt 2>&1 && { echo "a strict script is fine now"; exit 1; }
grep -h "unrecognized arguments" strict.txt | sed 's| /.*||' | head -1
rm -rf out; python tune.py open.py > open.txt 2>&1
python - <<'P'
import collections, csv, glob, io, zipfile
archive = zipfile.ZipFile(glob.glob("out/*/results.csv.zip")[0])
rows = list(csv.DictReader(io.TextIOWrapper(archive.open(archive.namelist()[0]))))
states = collections.Counter((row["trial_id"], row["st_status"]) for row in rows)
print("syne-tune 0.16.0:", dict(states))
assert states[("0", "InProgress")] >= 1, "the rows of a trial that completed all say so now"
P
echo "as described"
