#!/usr/bin/env bash
# river's ADWIN on a stationary stream of errors whose rows come user by user.
# Guessed: delta = 0.002 bounds the false alarms of any stationary stream, so that a stream without a change seldom
#   gets one, whoever its rows belong to.
# True: the bound is for independent values. With one row a user none of five streams of 10,000 rows has a drift; with
#   the same users' rates and 50 rows each, side by side, all five do, though nothing changed.
# river 0.22.0, Python 3.11, 2026-11-30.
set -eu
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv v; v/bin/pip -q install "river==0.22.0" 2>/dev/null
cat > still.py <<'P'
import numpy as np, river
from river.drift import ADWIN

def drifts(errors):
    detector, found = ADWIN(delta=0.002), 0
    for error in errors:
        detector.update(error)
        found += detector.drift_detected
    return found > 0

own = together = 0
for seed in range(5):
    rng = np.random.default_rng(seed)
    together += drifts((rng.random(10_000) < np.repeat(rng.beta(1, 9, 200), 50)).astype(float))
    own += drifts((rng.random(10_000) < rng.beta(1, 9, 10_000)).astype(float))
print(f"river {river.__version__}: {own} of 5 streams drift with one row a user, {together} of 5 with fifty")
assert own == 0 and together == 5, "river has changed"
P
v/bin/python still.py
