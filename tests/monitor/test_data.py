"""Data beside runs: found by name, judged when a batch arrives, the slow look in another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from patience import PATIENCE_S
from runwatch import config
from runwatch.domain.situation import Snapshot
from runwatch.monitor.live import Monitor
from runwatch.monitor.once import load

pytestmark = pytest.mark.usefixtures("trusting")


def _write(path: Path, n: int, seed: int, shift: float = 0.0) -> None:
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"age": rng.normal(40 + shift, 10, n), "income": rng.lognormal(10, 1, n)})
    pq.write_table(table, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").rename(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    _write(tmp_path / "data" / "reference.parquet", 5000, 1)
    _write(tmp_path / "data" / "batches" / "2026-01-01.parquet", 2000, 2)
    return tmp_path


@pytest.fixture
def until(root: Path) -> Iterator[Callable[[Callable[[Snapshot], bool]], Snapshot]]:
    news = threading.Condition()
    seen: list[Snapshot] = []

    def take(snapshot: Snapshot) -> None:
        with news:
            seen.append(snapshot)
            news.notify_all()

    def wait(condition: Callable[[Snapshot], bool]) -> Snapshot:
        end = time.monotonic() + PATIENCE_S
        with news:
            while not seen or not condition(seen[-1]):
                assert time.monotonic() < end, "it never came"
                news.wait(0.5)
            return seen[-1]

    monitor = Monitor((str(root),), config.load((str(root),)))
    monitor.start(take)
    yield wait
    monitor.stop()


def test_data_is_found_by_name_and_the_assumption_is_said(root: Path) -> None:
    snapshot = load([str(root)]).snapshot
    (data,) = snapshot.situation.data
    assert data.latest is not None and data.latest.verdict == "stable"
    assert any("reference.parquet" in said for said in snapshot.assumptions)


def test_a_batch_that_arrives_is_judged_and_then_looked_at_as_a_whole(root: Path, until) -> None:
    until(lambda s: bool(s.situation.data) and s.situation.data[0].latest is not None)
    _write(root / "data" / "batches" / "2026-01-02.parquet", 2000, 3, shift=15.0)
    seen = until(lambda s: len(s.situation.data[0].batches) == 2)
    verdicts = {column.name: column.verdict for column in seen.situation.data[0].latest.columns}
    assert verdicts == {"age": "drifted", "income": "stable"}
    assert any(finding.rule == "data-drifted" for finding in seen.findings)
    seen = until(lambda s: s.situation.data[0].latest.multivariate is not None)
    whole = seen.situation.data[0].latest.multivariate
    assert whole.verdict == "drifted" and whole.auc > 0.65 and whole.top_features[0][0] == "age"


def test_a_folder_beyond_the_root_is_watched(tmp_path: Path) -> None:
    root, data = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    _write(data / "reference.parquet", 3000, 1)
    _write(data / "in" / "1.parquet", 1000, 2)
    (root / "runwatch.toml").write_text(
        f'[[data]]\nname = "d"\nreference = "{data}/reference.parquet"\ncurrent = "{data}/in/*.parquet"\n'
    )
    news = threading.Event()
    last: list[Snapshot] = []
    monitor = Monitor((str(root),), config.load((str(root),)))
    monitor.start(lambda s: (last.append(s), news.set()))
    try:
        assert _until(
            lambda: last and last[-1].situation.data and len(last[-1].situation.data[0].batches) == 1
        )
        _write(data / "in" / "2.parquet", 1000, 3)
        assert _until(lambda: len(last[-1].situation.data[0].batches) == 2)
    finally:
        monitor.stop()


def _until(condition: Callable[[], object]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_an_unreadable_batch_is_a_problem_and_the_rest_is_judged(root: Path) -> None:
    (root / "data" / "batches" / "2026-01-02.parquet").write_bytes(b"PAR1 this is not parquet PAR1")
    (data,) = load([str(root)]).snapshot.situation.data
    assert data.latest is not None and data.latest.verdict == "stable"
    assert any("2026-01-02" in problem.file for problem in data.problems)


def test_data_that_comes_later_is_found_then(tmp_path: Path) -> None:
    last: list[Snapshot] = []
    monitor = Monitor((str(tmp_path),), config.load((str(tmp_path),)))
    monitor.start(last.append)
    try:
        assert _until(lambda: last and last[-1].watch.phase == "live")
        _write(tmp_path / "data" / "reference.parquet", 3000, 1)
        _write(tmp_path / "data" / "batches" / "1.parquet", 1000, 2)
        assert _until(lambda: last[-1].situation.data and last[-1].situation.data[0].latest is not None)
    finally:
        monitor.stop()
