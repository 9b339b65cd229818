# One word a job; CI runs the same words.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check setup lock bench fresh

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup  ## the dashboard on a living copy of sample_runs/
	$(BIN)/runwatch demo

test: setup  ## all tests
	$(BIN)/python -m pytest -n auto

check: setup  ## lint, types and the layer contract
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

fresh: setup  ## the wheel with newly resolved dependencies, in a bare environment
	scripts/fresh.sh

bench: setup  ## the benchmarks, side by side with peers where installed
	$(BIN)/python -m benchmarks

lock:  ## resolve requirements.lock anew from pyproject.toml
	$(PYTHON) -m pip install --quiet uv
	$(PYTHON) -m uv pip compile --universal --python-version 3.11 --extra dev --no-emit-package runwatch -o requirements.lock pyproject.toml
