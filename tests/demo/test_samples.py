"""The samples are what the script makes, and the demo's copy is the same story at another time."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from runwatch.demo.copying import copy
from runwatch.demo.make import MONDAY_9, make
from runwatch.monitor.once import load
from runwatch.shipped import shipped

NOW = 1_900_000_000.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "samples"
    make(folder)
    return folder


def test_the_script_makes_the_samples_of_the_repository(made: Path) -> None:
    kept = shipped("sample_runs")
    names = sorted(str(p.relative_to(kept)) for p in kept.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(made)) for p in made.rglob("*") if p.is_file())
    for name in names:
        _same(kept / name, made / name)


def _same(a: Path, b: Path) -> None:
    if a.read_bytes() == b.read_bytes():
        return
    if a.suffix == ".parquet":
        one, two = pq.read_table(a).to_pydict(), pq.read_table(b).to_pydict()
        assert one.keys() == two.keys()
        assert all(_close(one[key], two[key]) for key in one), a.name
    elif a.suffix == ".jsonl":
        for x, y in zip(a.read_text().splitlines(), b.read_text().splitlines(), strict=True):
            one, two = json.loads(x), json.loads(y)
            assert one.keys() == two.keys() and _close(list(one.values()), list(two.values())), a.name
    else:
        words = zip(_words(a), _words(b), strict=True)
        assert all(
            x == y or math.isclose(float(x), float(y), rel_tol=1e-4, abs_tol=1e-5) for x, y in words
        ), a.name


def _words(path: Path) -> list[str]:
    return path.read_text(errors="replace").replace(",", " ").split()


def _close(one: list[object], two: list[object]) -> bool:
    return len(one) == len(two) and all(
        x == y
        or (isinstance(x, float) and isinstance(y, float) and math.isnan(x) and math.isnan(y))
        or (isinstance(x, float) and isinstance(y, float) and math.isclose(x, y, rel_tol=1e-6, abs_tol=2e-6))
        for x, y in zip(one, two, strict=True)
    )


def test_the_samples_are_small(made: Path) -> None:
    assert sum(p.stat().st_size for p in made.rglob("*") if p.is_file()) < 3_000_000


def test_the_copy_ends_now_and_tells_the_same_numbers(tmp_path: Path) -> None:
    copy(shipped("sample_runs"), tmp_path / "demo", NOW)
    moved = {run.id: run for run in load([str(tmp_path / "demo")], now=NOW).snapshot.situation.runs}
    kept = {run.id: run for run in load([str(shipped("sample_runs"))], now=NOW).snapshot.situation.runs}
    assert moved.keys() == kept.keys()
    for run_id, run in kept.items():
        assert {t: m.last for t, m in run.metrics.items()} == pytest.approx(
            {t: m.last for t, m in moved[run_id].metrics.items()}, nan_ok=True
        )
        if run.started is not None:
            assert moved[run_id].started == pytest.approx(run.started + NOW - MONDAY_9)
    ages = [NOW - (run.updated or 0.0) for run in moved.values()]
    assert min(ages) > 0 and max(ages) < 8 * 86400


def test_the_story_is_told_by_the_same_code_that_users_run(tmp_path: Path) -> None:
    copy(shipped("sample_runs"), tmp_path / "demo", time.time())
    snapshot = load([str(tmp_path / "demo")]).snapshot
    rules = {finding.rule for finding in snapshot.findings}
    assert {"run-crashed", "run-diverged", "data-drifted", "metric-regressed"} <= rules
    latest = snapshot.situation.data[0].latest
    assert latest is not None
    verdicts = {column.name: column.verdict for column in latest.columns}
    assert verdicts["mean texture"] == "drifted" and verdicts["mean radius"] == "stable"
    status = {run.id: run.status for run in snapshot.situation.runs}
    assert status["runs/retrain-nightly"] == "crashed" and status["runs/challenger-small"] == "finished"
