#!/usr/bin/env bash
# Guild AI: what it says of a run that failed and is being restarted.
#
# Guessed: while `guild run --restart ID` is at work, `guild runs` calls the run running, as it calls a new one,
#   and the exit status of the attempt before is gone.
# True (guildai 0.9.0, 2026-11-30): `.guild/attrs/exit_status` of the attempt before stays until the restarted one
#   ends, and Guild's status looks there first, so the run is an "error" all the while. Only `.guild/LOCK` tells
#   that it is at work. Whoever reads exit_status must look for LOCK before.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q guildai==0.9.0 setuptools==80.10.2
export GUILD_HOME="$work/home" PATH="$work/venv/bin:$PATH"
mkdir "$work/home" "$work/project"
cd "$work/project"
cat > train.py <<'PY'
import os, time
if os.path.exists("saved"):
    while not os.path.exists("enough"):
        time.sleep(0.2)
else:
    open("saved", "w").close()
    raise SystemExit(3)
PY
guild run -y train.py > first.log 2>&1 || true
run=$(ls "$GUILD_HOME/runs")
attrs="$GUILD_HOME/runs/$run/.guild/attrs"
guild run -y --restart "$run" > second.log 2>&1 &
for _ in $(seq 150); do [ -e "$GUILD_HOME/runs/$run/.guild/LOCK" ] && break; sleep 0.2; done
[ -e "$GUILD_HOME/runs/$run/.guild/LOCK" ]
during=$(guild runs info "$run" | sed -n 's/^status: *//p')
kept=$(cat "$attrs/exit_status")
touch "$GUILD_HOME/runs/$run/enough"
wait
after=$(guild runs info "$run" | sed -n 's/^status: *//p')
echo "guildai $(guild --version | grep -o '[0-9][0-9.]*')"
echo "while the restarted run is at work: status $during, exit_status $kept; once it ended: $after"
[ "$during" = error ] && [ "$kept" = 3 ] && [ "$after" = completed ]
