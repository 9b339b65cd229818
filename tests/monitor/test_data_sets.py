"""A data set judged as a whole: what the monitor calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch.data.cache import PieceKey
from runwatch.domain.profile import DataOptions
from runwatch.monitor import data_pipeline
from runwatch.monitor.data_pipeline import DataSpec
from runwatch.monitor.data_sets import classify, column_distribution, data_set

FIXTURES = Path(__file__).parents[1] / "fixtures" / "drift"


class Memory(dict[PieceKey, bytes]):
    reads = 0

    def put(self, key: PieceKey, value: bytes) -> None:
        self[key] = value
        self.reads += 1


def table(n: int, seed: int, shift: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({"x": rng.normal(shift, 1, n), "region": rng.choice(["n", "s"], n)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "batches").mkdir()
    pq.write_table(table(20_000, 0), tmp_path / "reference.parquet")
    for day in range(1, 7):
        shift = 0.6 if day > 4 else 0.0
        pq.write_table(table(3000, day, shift), tmp_path / "batches" / f"2026-03-{day:02}.parquet")
    return tmp_path


def spec(root: Path, **options) -> DataSpec:
    return DataSpec(
        "features", str(root), ("reference.parquet",), ("batches/*.parquet",), DataOptions(**options)
    )


def test_verdicts_over_time(root: Path) -> None:
    found = data_set(spec(root))
    x = next(trend for trend in found.trends if trend.name == "x")
    assert x.verdicts == ("stable",) * 4 + ("drifted",) * 2 and x.first_moved == 4 and x.confirmed
    assert (
        found.latest is not None and found.latest.verdict == "drifted" and found.latest.current_rows == 3000
    )
    assert [batch.name for batch in found.batches][-1] == "batches/2026-03-06.parquet"
    assert not found.problems and found.reference == "reference.parquet"


def test_nothing_is_read_again_while_nothing_changes(root: Path) -> None:
    cache = Memory()
    first = data_set(spec(root, segments=("region",)), cache)
    assert first.segments and cache.reads
    cache.reads = 0
    data_set(spec(root, segments=("region",)), cache)
    assert cache.reads == 0
    pq.write_table(table(2500, 9), root / "batches" / "2026-03-07.parquet")
    again = data_set(spec(root), cache)
    assert len(again.batches) == 7 and again.latest is not None and again.latest.verdict == "stable"


def test_bad_files_are_problems_not_exceptions(root: Path) -> None:
    (root / "batches" / "2026-03-07.parquet").write_bytes(b"PAR1 torn")
    found = data_set(spec(root))
    assert len(found.problems) == 1 and found.batches[-1].problem is not None
    assert found.latest is not None and found.latest.current_rows == 3000
    (root / "reference.parquet").write_bytes(b"rubbish that is no parquet at all")
    broken = data_set(spec(root))
    assert broken.latest is None and broken.problems[0].hint
    nowhere = DataSpec("a", str(root), ("none.parquet",), ("batches/*.parquet",))
    assert data_set(nowhere).problems


def test_a_source_that_is_late(root: Path) -> None:
    import os

    for day in range(1, 7):
        os.utime(root / "batches" / f"2026-03-{day:02}.parquet", (day * 86400, day * 86400))
    found = data_set(spec(root), now=9 * 86400.0)
    assert found.expected_every == 86400 and found.late_by == pytest.approx(2 * 86400)
    assert not any("late" in fault.summary for fault in found.quality)


def test_estimated_performance_and_the_classifier(tmp_path: Path) -> None:
    rows = pq.read_table(FIXTURES / "car_loan_ana.parquet")
    (tmp_path / "b").mkdir()
    for i in (4, 5):
        pq.write_table(
            rows[5000 * i : 5000 * (i + 1)].drop_columns(["repaid"]), tmp_path / "b" / f"{i}.parquet"
        )
    options = DataOptions(target="repaid", multivariate=True)
    found = data_set(
        DataSpec("loans", str(tmp_path), (str(FIXTURES / "car_loan_ref.parquet"),), ("b",), options)
    )
    auc = [one for one in found.estimated if one.metric == "roc_auc"]
    assert [one.alert for one in auc] == [False, True] and auc[0].realised is None
    assert found.latest is not None and found.latest.multivariate is not None
    assert found.latest.multivariate.verdict == "drifted"


def test_what_the_other_process_kept_is_taken_along_also_by_owners(root: Path, monkeypatch) -> None:
    cache, job = Memory(), spec(root, multivariate=True, group="region")
    classify(job, cache)
    monkeypatch.setattr(data_pipeline, "domain_classifier", lambda *_, **__: pytest.fail("computed again"))
    found = data_set(job, cache)
    assert found.latest is not None and found.latest.multivariate is not None


def test_where_the_error_rate_changed(tmp_path: Path) -> None:
    def rows(seed: int, wrong: float) -> pa.Table:
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, 2000)
        return pa.table({"y_true": truth, "y_pred": np.where(rng.random(2000) < wrong, 1 - truth, truth)})

    pq.write_table(rows(0, 0.05), tmp_path / "reference.parquet")
    for i, wrong in enumerate([0.05, 0.05, 0.2, 0.2]):
        pq.write_table(rows(i + 1, wrong), tmp_path / f"b{i}.parquet")
    spec = DataSpec("p", str(tmp_path), ("reference.parquet",), ("b*.parquet",))
    assert data_set(spec).errors_changed == "b2.parquet"
    still = DataSpec("p", str(tmp_path), ("reference.parquet",), ("b0.parquet", "b1.parquet"))
    assert data_set(still).errors_changed is None


def test_distribution_of_a_column(root: Path) -> None:
    found = column_distribution(spec(root), "x")
    assert found is not None and len(found.quantiles) == 50
    earlier = column_distribution(spec(root), "x", "batches/2026-03-01.parquet")
    assert earlier is not None and earlier.current != found.current
    assert column_distribution(spec(root), "none") is None
