"""The examples in CONTRIBUTING.md are whole files, and they work where their first line says."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from runwatch.cli import command_names
from runwatch.domain.drift import ColumnDrift, DriftReport
from runwatch.judge.drift import measures
from runwatch.judge.health import monitor as health
from runwatch.judge.predictions.methods import methods
from runwatch.judge.quality import run as quality
from runwatch.rules.engine import registry
from runwatch.rules.engine.registry import load_rules
from runwatch.show.drift import drift_json
from runwatch.ui.panes.base import panes
from runwatch.ui.themes import load_themes

PAGE = Path(__file__).parent.parent / "CONTRIBUTING.md"
EXAMPLE = re.compile(r"^```(?:python|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {match[1]: match[2] for match in EXAMPLE.finditer(PAGE.read_text(encoding="utf-8"))}
SOURCES = [name for name in FILES if name.startswith("src/")]
CACHES = (
    *(measures.measures, quality.all_checks, registry._built_in, methods),
    *(health.curve_checks, health.run_checks, health._marks, health._needing_fixed_goal),
)


@pytest.fixture(autouse=True)
def in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each example in a folder that its package looks into as well; forgotten afterwards."""
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for name in SOURCES:
        package = importlib.import_module(".".join(Path(name).parts[1:-1]))
        monkeypatch.setattr(package, "__path__", [*package.__path__, str((tmp_path / name).parent)])
    for cache in CACHES:
        cache.cache_clear()
    yield tmp_path
    for name in SOURCES:
        module = ".".join(Path(name).with_suffix("").parts[1:])
        loaded = sys.modules.pop(module, None)
        above, _, own = module.rpartition(".")
        if loaded is not None and hasattr(sys.modules[above], own):
            delattr(sys.modules[above], own)
    for cache in CACHES:
        cache.cache_clear()


def test_each_kind_of_thing_has_its_example_and_its_test() -> None:
    rooms = (
        "rules",
        "judge/drift/measures",
        "judge/quality/checks",
        "judge/health/checks",
        "judge/predictions/methods",
        "ui/panes",
        "cli",
    )
    assert [name.rpartition("/")[0] for name in SOURCES] == [f"src/runwatch/{room}" for room in rooms]
    assert len([name for name in FILES if name.startswith("tests/")]) == len(SOURCES)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("tests/")])
def test_the_example_passes_its_test(name: str) -> None:
    module = ModuleType("example")
    exec(compile(FILES[name], name, "exec"), module.__dict__)
    tests = [item for key, item in vars(module).items() if key.startswith("test_")]
    assert tests
    for test in tests:
        test()


def shown_measures() -> set[str]:
    """The measures in the JSON of a report whose column has every one of them."""
    every = dict.fromkeys(measures.measures(), 0.5)
    column = ColumnDrift("age", "numeric", "drifted", "moved", "ks", measures=every)
    (shown,) = drift_json(DriftReport("drifted", 1.0, 1, 9, 1, 9, (column,)))["columns"]
    return {name for name in every if shown.get(name) == 0.5}


def test_the_examples_are_found_by_their_place(in_place: Path) -> None:
    assert "no-checkpoint" in {rule.NAME for rule in load_rules()[0]}
    assert "overlap" in measures.measures()
    assert shown_measures() >= {"overlap", "psi"}
    assert "few-rows" in {check.NAME for check in quality.all_checks()}
    assert "formats" in {pane.ID for pane in panes()}
    assert "formats" in command_names()
    assert "dusk" in load_themes(in_place / "themes").themes
