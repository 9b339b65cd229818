"""Runwatch changes nothing in what it looks at."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from looking import dashboard, footprint, write

from runwatch.cli import main
from runwatch.domain.intents import AddTask, PinBaseline
from runwatch.domain.run import RunKey

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures" / "runs"
SAMPLES = HERE.parent.parent / "sample_runs"


@pytest.fixture
def every_format(root: Path) -> Path:
    """A run of every format there is a fixture of, beside data, a configuration and a database in use."""
    shutil.copytree(FIXTURES, root / "runs", symlinks=True)
    for packed in (root / "runs").rglob("*.gz"):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    shutil.copytree(SAMPLES / "data", root / "data")
    write(root / "runwatch.toml", '[[data]]\nname = "d"\nreference = "data/reference.parquet"\n'
          'current = "data/nights/*.parquet"\n')  # fmt: skip
    write(root / "runs" / "tail" / "metrics.jsonl", '{"step": 1, "loss": 0.5}\n{"step": 2, "lo')
    (root / "runs" / "latest").symlink_to("tail")
    os.mkfifo(root / "runs" / "tail" / "pipe.csv")
    with closing(sqlite3.connect(root / "runs" / "wal.db")) as connection:
        connection.execute("PRAGMA journal_mode=wal")
        connection.execute("CREATE TABLE metrics (key TEXT)")
    return root


def _all(root: Path) -> None:
    data = str(root / "data" / "reference.parquet")
    for arguments in (
        ("ls", str(root), "--json"),
        ("show", "runs/tail", "--root", str(root)),
        ("check", str(root), "--json"),
        ("brief", str(root)),
        ("drift", data, str(root / "data" / "nights" / "night-01.parquet")),
        ("quality", data),
        ("compare", "runs/tail", "--baseline", "runs/tail", "--root", str(root)),
        ("baseline", "set", "runs/tail", "--root", str(root)),
        ("tasks", "add", "mine", "--file", str(root.parent / "mine.txt")),
        ("tasks", "list", "--root", str(root)),
        ("status",),
        ("doctor",),
    ):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
            code = main(arguments)
        assert "internal error" not in err.getvalue(), (arguments, code, err.getvalue())


def test_no_command_changes_anything(every_format: Path) -> None:
    before = footprint(every_format)
    _all(every_format)
    assert footprint(every_format) == before


async def test_the_dashboard_changes_nothing(every_format: Path) -> None:
    (every_format / "runwatch.toml").unlink()
    shutil.rmtree(every_format / "data")
    before = footprint(every_format)
    async with dashboard(every_format) as eyes:
        eyes.app.submit_intent(AddTask("mine", os.path.realpath(every_format)))
        eyes.app.submit_intent(PinBaseline(RunKey(os.path.realpath(every_format), "runs/tail")))
        await eyes.sees("mine")
        await eyes.opens(1)
        for part in "23456":
            await eyes.press(part)
        await eyes.press("escape")
    assert footprint(every_format) == before


def test_looking_changes_nothing(every_format: Path) -> None:
    (every_format / "runwatch.toml").unlink()
    shutil.rmtree(every_format / "data")
    before = footprint(every_format)
    for command in ("ls", "check", "brief"):
        with contextlib.redirect_stdout(io.StringIO()):
            main([command, str(every_format)])
    assert footprint(every_format) == before
