#!/usr/bin/env bash
# Comet without a server: where the messages of a running experiment are.
# Guessed: <id>.zip in offline_directory grows as the experiment logs, or a folder there does.
# True: the zip is made at once and stays at 22 bytes (no member) until end(); the messages lie in a temporary folder
#   elsewhere. Of an experiment that is killed there remains the empty zip, which any unzip calls valid.
# comet-ml 3.58.8, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install comet-ml==3.58.8 2>/dev/null
cat > run.py <<'P'
import os, sys, time
from comet_ml import OfflineExperiment
experiment = OfflineExperiment(project_name="p", workspace="w", offline_directory=sys.argv[1], log_code=False,
                               log_git_metadata=False, log_env_details=False, auto_output_logging=False)
for step in range(1000):
    experiment.log_metric("loss", 1 / (step + 1), step=step)
time.sleep(6)
print("LIVE", {name: os.path.getsize(f"{sys.argv[1]}/{name}") for name in os.listdir(sys.argv[1])}, flush=True)
if sys.argv[2] == "killed":
    os._exit(9)
experiment.end()
P
export HOME=$work TMPDIR=$work/tmp; mkdir tmp
for how in killed ends; do v/bin/python run.py "$how" "$how" 2>/dev/null | grep LIVE || true; done
python3 - <<'P'
import glob, os, zipfile
for how in ("killed", "ends"):
    (path,) = glob.glob(how + "/*.zip")
    print(how, os.path.getsize(path), "bytes", zipfile.ZipFile(path).namelist())
(killed,) = glob.glob("killed/*.zip")
assert os.path.getsize(killed) == 22 and zipfile.ZipFile(killed).namelist() == []
(ended,) = glob.glob("ends/*.zip")
assert "messages.json" in zipfile.ZipFile(ended).namelist()
P
echo "as described"
