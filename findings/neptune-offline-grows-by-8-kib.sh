#!/usr/bin/env bash
# Neptune without a server: what can be watched live, what a kill leaves, and what tells the end.
# Guessed: the queue on disk is there so that nothing is lost, so operations are in data-1.log at once or within its flush
#   period; stop() adds an operation or a state.
# True: the file is a buffered Python file: it stays at 0 bytes until 8 KiB of operations are there, whatever time passes. A
#   run of 20 points that is killed after 10 s leaves an empty file beside its metadata. stop() only flushes: no operation
#   tells the end, and "sys/failed" is written once, as false, at the start.
# neptune 1.14.0.post2, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install neptune==1.14.0.post2 'setuptools<81' 2>/dev/null
cat > run.py <<'P'
import glob, os, sys, time
import neptune
run = neptune.init_run(mode="offline", project="w/p", source_files=[], git_ref=False, capture_hardware_metrics=False,
                       capture_stdout=False, capture_stderr=False)
for step in range(20):
    run["loss"].append(1 / (step + 1), step=step)
    time.sleep(0.5)
print("LIVE", os.path.getsize(glob.glob(".neptune/offline/*/data-1.log")[0]), flush=True)
if sys.argv[1] == "killed":
    os._exit(9)
run.stop()
P
for how in stopped killed; do
  mkdir "$how"; cd "$how"; ../v/bin/python ../run.py "$how" 2>/dev/null | grep LIVE > live.txt || true; cd ..
  echo "neptune 1.14.0.post2, $how: $(cat $how/live.txt) bytes after 10 s, at the end $(cat $how/.neptune/offline/*/data-1.log | wc -c)"
done
[ "$(cat stopped/live.txt)" = "LIVE 0" ] || { echo "it is flushed by time now"; exit 1; }
[ "$(cat killed/.neptune/offline/*/data-1.log | wc -c)" = 0 ] || { echo "a kill loses less now"; exit 1; }
last=$(tail -n 1 stopped/.neptune/offline/*/data-1.log | cut -c1-60); echo "the last operation of the stopped one: $last"
case "$last" in *LogFloats*) ;; *) echo "the end leaves a mark now"; exit 1;; esac
echo "as described"
