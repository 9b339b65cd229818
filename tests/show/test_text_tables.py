"""``runwatch sql``: the tables hold what the commands say, and nothing can be written."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from runwatch.cli import main
from runwatch.show.sql import TABLES
from runwatch.store.state import MIGRATIONS

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()


@pytest.fixture
def root(tmp_path, monkeypatch):
    for name, losses in (("base", (0.5, 0.4)), ("exp-1", (0.6, float("nan"))), ("a'b", (1, 2))):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        rows = "".join(f"{step},{loss}\n" for step, loss in enumerate(losses, 1))
        (folder / "metrics.csv").write_text("step,loss\n" + rows)
        (folder / "config.json").write_text('{"lr": 0.1, "layers": [1, 2]}')
    (tmp_path / "runs" / "todo.txt").write_text("(A) call Ana due:2026-12-01\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def rows(capsys, sql: str, root: Path) -> list[dict[str, object]]:
    assert main(["sql", sql, str(root), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["rows"]


def test_runs_metrics_and_points(root, capsys):
    assert rows(capsys, "select run, last, count from metrics order by run", root) == [
        {"run": "a'b", "last": 2.0, "count": 2},
        {"run": "base", "last": 0.4, "count": 2},
        {"run": "exp-1", "last": None, "count": 2},
    ]
    assert rows(capsys, "select step, value from points where run = 'exp-1'", root) == [
        {"step": 1, "value": 0.6},
        {"step": 2, "value": None},
    ]
    assert rows(capsys, "select value from hparams where name = 'layers' limit 1", root) == [
        {"value": "[1, 2]"}
    ]
    assert rows(capsys, "select text, priority, due from tasks", root) == [
        {"text": "call Ana due:2026-12-01", "priority": "A", "due": "2026-12-01"}
    ]


def test_history_and_verdicts(root, capsys):
    assert main(["tasks", "add", "write", "--root", str(root)]) == 0
    assert main(["baseline", "set", "base", "--root", str(root)]) == 0
    capsys.readouterr()
    assert rows(capsys, "select what, by, text from history", root) == [
        {"what": "added", "by": "person", "text": "write"}
    ]
    assert {row["run"] for row in rows(capsys, "select run from verdicts where baseline = 'base'", root)}


@pytest.mark.parametrize(
    "sql",
    [
        "delete from runs",
        "create table x (y)",
        "attach 'x.db' as x",
        "pragma user_version = 3",
        "select nothing",
        "select 1; select 2",
        "",
    ],
)
def test_only_one_select(root, capsys, tmp_path, sql):
    before = sorted(tmp_path.rglob("*.db"))
    code = main(["sql", sql, str(root)])
    assert code == 2 or (sql == "" and code == 0)
    assert sorted(tmp_path.rglob("*.db")) == before


def test_files_for_a_notebook(root, capsys, tmp_path):
    for name, read in (("x.parquet", pd.read_parquet), ("x.csv", pd.read_csv)):
        file = tmp_path / name
        assert main(["sql", "select run, last from metrics", str(root), "--output", str(file)]) == 0
        frame = read(file)
        assert list(frame.columns) == ["run", "last"] and len(frame) == 3
    assert main(["sql", "select 1", str(root), "--output", "x.doc"]) == 2


def test_the_page_names_every_table_and_column():
    for name, columns in TABLES.items():
        line = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
        assert re.findall(r"`(\w+)`", line.rpartition("|")[0].rpartition("|")[2]) == list(columns), name
    with closing(sqlite3.connect(":memory:")) as db:
        for step in MIGRATIONS:
            db.executescript(step)
        kept = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in kept:
            kept_page = PAGE.partition("## What runwatch remembers")[2]
            line = next(line for line in kept_page.splitlines() if line.startswith(f"| `{name}` |"))
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
            assert re.findall(r"`(\w+)`", line.split("|")[3]) == columns, name
