"""What is heavy is imported when it is needed, and not before: looked at from a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"pandas", "scipy", "sklearn", "pyarrow"}
UNNEEDED = {"importlib.metadata", "numpy.ma", "runwatch.monitor.compare_files"}
EVENTS = next((Path(__file__).parent / "fixtures" / "runs" / "tensorboard-finished").glob("*tfevents*"))


def _modules(code: str, cwd: Path) -> set[str]:
    report = "\nimport sys; print('\\n'.join({name.split('.')[0] for name in sys.modules}))"
    out = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, cwd=cwd, check=True
    )
    return set(out.stdout.split())


def test_the_way_to_the_first_paint_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import runwatch.cli._dashboard_monitor, runwatch.ui.run, runwatch.ui.screens.dashboard"
    loaded = _modules(code, tmp_path)
    assert not loaded & HEAVY
    assert "textual" in loaded


def test_what_judges_and_rules_comes_after_the_first_paint(tmp_path: Path) -> None:
    code = (
        "import runwatch.cli._dashboard_monitor, runwatch.ui.run, runwatch.ui.screens.dashboard; import sys; "
    )
    later = ("rules", "alerts", "data", "scoring", "judge.drift", "judge.predictions", "judge.runs")
    code += f"late = {tuple(f'runwatch.{room}' for room in later)!r}; "
    code += "assert not [name for name in sys.modules if name.startswith(late)]"
    _modules(code, tmp_path)


@pytest.mark.parametrize("command", ["ls", "tasks list"])
def test_commands_about_runs_and_tasks_load_nothing_heavy(command: str, tmp_path: Path) -> None:
    words = [*command.split(), *([str(tmp_path)] if command == "ls" else [])]
    loaded = _modules(f"from runwatch.cli import main; main({words!r})", tmp_path)
    assert not loaded & (HEAVY | {"textual"})


def test_the_status_line_loads_neither_numpy_nor_the_monitor(tmp_path: Path) -> None:
    code = "from runwatch.cli import main; main(['status', '--tmux']); import sys; "
    code += "assert not any(name.startswith('runwatch.monitor') for name in sys.modules)"
    assert not _modules(code, tmp_path) & (HEAVY | {"textual", "numpy", "rich"})


def test_a_start_imports_the_readers_of_the_files_that_are_there(tmp_path: Path) -> None:
    logs = tmp_path / "runs" / "a"
    logs.mkdir(parents=True)
    shutil.copy(EVENTS, logs)
    code = f"from runwatch.cli import main; main(['ls', {str(tmp_path / 'runs')!r}]); import sys; "
    code += "names = [name for name in sys.modules if name.startswith('runwatch.readers.')]; "
    code += "families = {name.split('.')[2] for name in names}; "
    code += "others = families - {'base', 'limits', 'registry', 'common', 'tensorboard', 'orbax'}; "
    code += "assert 'tensorboard' in families and not others, others; "
    code += f"assert not {UNNEEDED!r} & {{*sys.modules}}"
    _modules(code, tmp_path)


def test_judging_runs_without_a_baseline_imports_no_comparisons(tmp_path: Path) -> None:
    logs = tmp_path / "runs" / "a"
    logs.mkdir(parents=True)
    shutil.copy(EVENTS, logs)
    code = f"from runwatch.cli import main; main(['check', {str(tmp_path / 'runs')!r}]); import sys; "
    code += f"assert not {UNNEEDED!r} & {{*sys.modules}}"
    _modules(code, tmp_path)
