"""A third party's reader: the one that docs/readers.md shows, installed and used."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import stat_of

from runwatch.readers import registry
from runwatch.readers.base import Claim, Cursor, SourceFile

DOCS = Path(__file__).parents[2] / "docs" / "readers.md"
ROWS = b"10 loss=0.52 acc=0.81\nno row\n20 loss=nan acc=0.84\n"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def install(target: Path, module: str, project: str) -> None:
    """What pip would leave in ``target`` for a package of one module."""
    settings = tomllib.loads(project)["project"]
    (target / "runwatch_kv.py").write_text(module)
    info = target / f"{settings['name'].replace('-', '_')}-{settings['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {settings['name']}\nVersion: {settings['version']}\n"
    )
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
        for group, points in settings["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    target = tmp_path / "site"
    target.mkdir()
    monkeypatch.syspath_prepend(str(target))
    yield target
    sys.modules.pop("runwatch_kv", None)


def test_it_is_complete_in_under_forty_lines() -> None:
    assert len(block("python").splitlines()) < 40


def test_the_registry_finds_and_uses_it(site: Path, tmp_path: Path) -> None:
    install(site, block("python"), block("toml"))
    readers, problems = registry.plugged_in()
    assert problems == ()
    reader = readers["kv"]
    data = tmp_path / "run.kv"
    data.write_bytes(ROWS[:30])
    claim = Claim("kv", "kv", ".", ("run.kv",))
    first = reader.read(claim, SourceFile(str(tmp_path), "run.kv", stat_of(data)), None)
    data.write_bytes(ROWS)
    kept = Cursor.from_json(first.cursor.to_json())
    second = reader.read(claim, SourceFile(str(tmp_path), "run.kv", stat_of(data)), kept)
    steps = [int(step) for told in (first, second) for op in told.operations["."] for step in op.points.steps]  # type: ignore[union-attr]
    assert steps == [10, 10, 20, 20]
    assert len(first.problems + second.problems) == 1


def test_runs_of_its_format_are_listed(site: Path, tmp_path: Path) -> None:
    install(site, block("python"), block("toml"))
    run = tmp_path / "runs" / "a"
    run.mkdir(parents=True)
    (run / "metrics.kv").write_bytes(ROWS)
    environment = {**os.environ, "PYTHONPATH": str(site), "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "runwatch", "ls", str(tmp_path / "runs"), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (listed,) = json.loads(done.stdout)["runs"]
    assert (listed["id"], listed["formats"]) == ("a", ["kv"])
    assert listed["metrics"]["acc"]["last"] == 0.84
    assert listed["metrics"]["loss"]["last_text"] == "nan"
    assert len(listed["problems"]) == 1


def test_one_that_fails_to_load_is_a_problem(site: Path) -> None:
    install(site, "raise RuntimeError('too old')\n", block("toml"))
    readers, problems = registry.plugged_in()
    assert "kv" not in readers
    assert len(problems) == 1
    assert "too old" in problems[0].message
