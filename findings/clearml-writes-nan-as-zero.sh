#!/usr/bin/env bash
# ClearML: what becomes of a loss that turns NaN.
# Guessed: a JSON null, a text "NaN", or a bare NaN in metrics.jsonl, as with other trackers.
# True: NaN and infinity are written as 0.0 (one INFO line on the console says so): a loss that diverged reads as a perfect
#   one, in the web view as well, and nothing in the file tells it from a true zero. The values can be set with
#   Logger.set_reporting_nan_value; a single value (report_single_value) stands at iteration -2147483648.
# clearml 2.1.12, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install clearml==2.1.12 2>/dev/null
export HOME=$work CLEARML_CACHE_DIR=$work/cache
cat > run.py <<'P'
from clearml import Task
Task.set_offline(offline_mode=True)
task = Task.init("p", "t", auto_connect_frameworks=False, auto_resource_monitoring=False)
logger = task.get_logger()
for step, value in enumerate([0.5, float("nan"), float("inf"), float("-inf")]):
    logger.report_scalar("loss", "train", value, step)
logger.report_single_value("best", 0.9)
task.flush(wait_for_uploads=True)
task.close()
P
v/bin/python run.py > console.txt 2>&1
v/bin/python - <<'P'
import glob, json
events = []
for line in open(glob.glob("cache/offline/*/metrics.jsonl")[0]):
    events += json.loads(line)
print("clearml 2.1.12:", [(event["iter"], event["metric"], event["value"]) for event in events])
assert [event["value"] for event in events[:4]] == [0.5, 0.0, 0.0, 0.0], "NaN and infinity are written otherwise now"
assert events[4]["iter"] == -2147483648
P
echo "as described"
