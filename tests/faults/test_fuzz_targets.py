"""The fuzz harness outside CI still fits the code: each target takes its first seeds, whole and cut."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fuzz.py"


def _harness() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FUZZ = _harness()


@pytest.mark.parametrize("target", FUZZ.TARGETS)
def test_a_target_takes_its_seeds(target: str) -> None:
    run, corpus = FUZZ.TARGETS[target]
    seeds = corpus()
    assert seeds
    for name, data in seeds[:: max(len(seeds) // 5, 1)]:
        run(name, data)
        run(name, FUZZ.changed(data, [("cut", 7, 9, b""), ("insert", 3, 1, b"\0"), ("repeat", 5, 20, b"")]))
