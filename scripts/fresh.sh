#!/usr/bin/env bash
# The wheel with its own bounds, resolved anew (no lock file), in a bare environment outside the checkout:
# a major release of a dependency that breaks us is found here.
set -euo pipefail
checkout="$(cd "$(dirname "$0")/.." && pwd)"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
"${PYTHON:-python3}" -m venv "$place/venv"
"$checkout/.venv/bin/python" -m build --wheel --no-isolation --outdir "$place/dist" "$checkout" >/dev/null
"$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$place"/dist/*.whl
export XDG_STATE_HOME="$place/state" XDG_CACHE_HOME="$place/cache"
cd "$place"
runwatch="$place/venv/bin/runwatch"
samples="$("$place/venv/bin/python" -c 'from runwatch.shipped import shipped; print(shipped("sample_runs"))')"
"$runwatch" --version
"$runwatch" ls "$samples" --json >/dev/null
"$runwatch" drift "$samples/data/reference.parquet" "$samples/data/nights/night-01.parquet" --json >/dev/null
"$runwatch" compare "$samples/predictions/challenger-mlp.parquet" --baseline "$samples/predictions/champion.parquet" --json >/dev/null || test $? -le 2
"$runwatch" check "$samples" --json >/dev/null || test $? -le 2
"$place/venv/bin/python" -c 'import runwatch.ui.app, runwatch.ui.screens.dashboard'
"$place/venv/bin/python" -m pip freeze --disable-pip-version-check | grep -iE '^(textual|rich|numpy|scipy|pandas|scikit-learn|watchdog|pyarrow|psutil|pyyaml)=='
echo "fresh resolve: ok"
