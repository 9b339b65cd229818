#!/usr/bin/env bash
# ClearML without a server: what tells a task that an exception ended from one that came to its end.
# Guessed: as with a server, where the first is "failed": the status in task.json, or no zip.
# True: ClearML's hook closes and packs both sessions in the same way, "status" in task.json stays null for either, and both say
#   "Offline session stored". Only log.jsonl tells, whose last entry of level "error" is the traceback; a killed task has no zip.
# clearml 2.1.12, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install clearml==2.1.12 "setuptools==80.9.0" 2>/dev/null
cat > task.py <<'P'
import sys
from clearml import Task

Task.set_offline(offline_mode=True)
task = Task.init("demo", sys.argv[1], auto_connect_frameworks=False, auto_resource_monitoring=False)
task.get_logger().report_scalar("loss", "train", 0.5, 1)
if sys.argv[1] == "breaks":
    raise ValueError("bad batch 7")
P
export CLEARML_CACHE_DIR="$work/cache" HOME="$work"
v/bin/python task.py ends >ends.txt 2>&1
v/bin/python task.py breaks >breaks.txt 2>&1 && exit 1
v/bin/python - <<'P'
import glob, importlib.metadata, json, zipfile

print("clearml", importlib.metadata.version("clearml"))
told = {}
for path in glob.glob("cache/offline/*.zip"):
    with zipfile.ZipFile(path) as packed:
        task = json.loads(packed.read("task.json"))
        last = [event for line in packed.read("log.jsonl").splitlines() for event in json.loads(line)][-1]
    told[task["name"]] = task.get("status"), task.get("completed"), last["level"], last["msg"].splitlines()[-1][:40]
    print(task["name"], told[task["name"]])
assert told["ends"][:2] == told["breaks"][:2] == (None, None), told
assert told["breaks"][2:] == ("error", "ValueError: bad batch 7") and told["ends"][2] == "info", told
P
