import json
import subprocess
import sys

from runwatch.cli import main
from runwatch.store.state import State

_NO_HEAVY = """
import sys
from runwatch.cli import main
code = main(["status", "--tmux"])
heavy = {"numpy", "pandas", "scipy", "textual", "rich", "pyarrow", "psutil", "sklearn", "yaml"}
raise SystemExit(code or sorted(heavy & set(sys.modules)) or 0)
"""


def test_what_was_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["status"]) == 0 and capsys.readouterr().out == "rw ?\n"
    tasks = {"open": 2, "overdue": 0, "snoozed": 0, "critical": 0}
    facts = {
        "run_counts": {"running": 3},
        "finding_counts": {"critical": 1, "warning": 0, "info": 0},
        "tasks": tasks,
        "disks": [],
        "roots": ["/r"],
    }
    state = State(tmp_path / "runwatch")
    state.keep("k", facts, 1e10, 30.0)
    state.close()
    assert main(["status"]) == 0 and capsys.readouterr().out == "rw 3 run 1! 2 open\n"
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == {"running": 3}


def test_it_imports_nothing_heavy_and_makes_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _NO_HEAVY],
        env={"XDG_STATE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "rw ?\n", "")
    assert list(tmp_path.iterdir()) == []
