# One word a job; CI runs the same words.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check setup lock bench bench-guard fresh fuzz sbom audit

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
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

fresh: setup  ## the wheel with the newest and with the lowest dependencies it allows, in bare environments
	scripts/fresh.sh

bench: setup  ## the benchmarks, side by side with peers where installed
	$(BIN)/python -m benchmarks

bench-guard: setup  ## fails where a ratio slipped by 15 % since it was accepted; not part of CI
	$(BIN)/python -m benchmarks.guard

MINUTES ?= 10
fuzz: setup  ## new examples for the invariants, then changed bytes for all readers, MINUTES each; not part of CI
	$(BIN)/python -m pytest -n auto -m hypothesis --hypothesis-profile=random
	PYTHONPATH=src $(BIN)/python scripts/fuzz.py --minutes $(MINUTES)

sbom: setup  ## what is installed: licences.txt, and sbom.json in CycloneDX's form
	$(PYTHON) -m venv $(VENV)/tools
	$(VENV)/tools/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom pip-licenses
	$(VENV)/tools/bin/cyclonedx-py environment --output-reproducible --of JSON -o sbom.json $(BIN)/python
	$(VENV)/tools/bin/pip-licenses --python=$(BIN)/python --format=plain --order=license > licences.txt

audit: setup  ## known vulnerabilities of the locked packages, where the database can be reached
	$(PYTHON) -m venv $(VENV)/tools
	$(VENV)/tools/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	scripts/audit.sh $(VENV)/tools/bin/pip-audit

lock:  ## resolve requirements.lock anew from pyproject.toml
	$(PYTHON) -m pip install --quiet uv
	$(PYTHON) -m uv pip compile --universal --python-version 3.11 --extra dev --no-emit-package runwatch --generate-hashes -o requirements.lock pyproject.toml
