#!/usr/bin/env bash
# The wheel with its own bounds, resolved anew (no lock file), in bare environments outside the checkout: once
# with the newest versions (a release of a dependency that breaks us is found here), once with the lowest that
# pyproject.toml allows (a floor that is too low is).
set -euo pipefail
checkout="$(cd "$(dirname "$0")/.." && pwd)"
place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
"$checkout/.venv/bin/python" -m build --wheel --no-isolation --outdir "$place/dist" "$checkout" >/dev/null
wheel="$(ls "$place"/dist/*.whl)"
export XDG_STATE_HOME="$place/state" XDG_CACHE_HOME="$place/cache"
cd "$place"

try() {  # $1: a name, the rest: what pip is to install
  "${PYTHON:-python3}" -m venv "$1"
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}"
  runwatch="$1/bin/runwatch"
  samples="$("$1/bin/python" -c 'from runwatch.shipped import shipped; print(shipped("sample_runs"))')"
  "$runwatch" --version
  "$runwatch" ls "$samples" --json >/dev/null
  "$runwatch" drift "$samples/data/reference.parquet" "$samples/data/nights/night-01.parquet" --json >/dev/null || test $? -le 2
  "$runwatch" compare "$samples/predictions/challenger-mlp.parquet" --baseline "$samples/predictions/champion.parquet" --json >/dev/null || test $? -le 2
  "$runwatch" check "$samples" --json >/dev/null || test $? -le 2
  "$1/bin/python" -c 'import runwatch.ui.app, runwatch.ui.screens.dashboard'
  "$1/bin/python" -m pip freeze --disable-pip-version-check | grep -iE '^(textual|rich|numpy|scipy|pandas|scikit-learn|watchdog|pyarrow|psutil|pyyaml|msgspec)=='
  echo "fresh resolve, $1: ok"
}

try newest "$wheel"
"${PYTHON:-python3}" -m venv uv
uv/bin/python -m pip install --quiet --disable-pip-version-check uv
uv/bin/uv pip compile --quiet --python-version 3.11 --resolution lowest-direct -o lowest.txt "$checkout/pyproject.toml"
try lowest -r lowest.txt "$wheel"
