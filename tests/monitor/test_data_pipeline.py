"""A watched set and a command take the same steps and raise the same problems."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch.cli import main
from runwatch.domain.profile import DataOptions, RowFacts
from runwatch.judge.quality.arrivals import next_arrival
from runwatch.judge.quality.checks.duplicates import expected_repeats
from runwatch.monitor.data_pipeline import DataSpec
from runwatch.monitor.data_sets import data_set


def write(path: Path, n: int, seed: int, shift: float = 0.0) -> None:
    r = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": r.normal(shift, 1, n), "region": r.choice(["n", "s"], n)}), path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "ref.parquet", 3000, 0)
    write(tmp_path / "new" / "b1.parquet", 1000, 1)
    return tmp_path


def spec(root: Path, **more: object) -> DataSpec:
    return DataSpec("set", str(root), ("ref.parquet",), ("new/*.parquet",), **more)  # type: ignore[arg-type]


def test_what_cannot_be_done_is_said_by_a_set_and_by_a_command(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more, options, said in (
        ({"importance": str(root / "gone.json")}, ["--importance", str(root / "gone.json")], "gone.json"),
        ({"options": DataOptions(segments=("nosuch",))}, ["--by", "nosuch"], "nosuch"),
        ({"options": DataOptions(target="nosuch")}, ["--target", "nosuch"], "nosuch"),
        ({"options": DataOptions(key="nosuch")}, ["--key", "nosuch"], "nosuch"),
        ({"options": DataOptions(kinds={"nosuch": "text"})}, ["--kind", "nosuch=text"], "nosuch"),
    ):
        found = data_set(spec(root, **more))
        assert found.latest is not None and found.latest.verdict == "stable"
        (problem,) = found.misconfigured
        assert said in f"{problem.file} {problem.message}"
        assert main(["drift", str(root / "ref.parquet"), str(root / "new/b1.parquet"), *options]) == 3
        assert said in capsys.readouterr().err


def test_check_is_not_ok_when_a_segment_is_missing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '[[data]]\nname = "set"\nreference = "ref.parquet"\ncurrent = "new/*.parquet"\n'
    for key, code in (
        ("", 0),
        ('segments = ["nosuch"]\n', 1),
        ('prediction = "nosuch"\n', 1),
        ('columns = { include = ["nosuch*"] }\n', 1),
        ('columns = { kinds = { a = "colour" } }\n', 3),
        ('importance = "gone.json"\n', 1),
    ):
        (root / "runwatch.toml").write_text(text + key)
        assert main(["check", str(root), "--config", str(root / "runwatch.toml")]) == code
    assert "gone.json" in capsys.readouterr().out


def test_an_engine_that_is_down_is_a_problem_of_its_set(root: Path) -> None:
    found = data_set(spec(root, engine="dask://127.0.0.1:1"))
    assert found.latest is None and "dask://127.0.0.1:1" in found.problems[0].message
    assert main(["drift", str(root / "ref.parquet"), str(root / "new"), "--engine", "spark://x"]) == 3


def test_the_files_of_a_folder_that_a_pattern_names_are_one_batch(root: Path) -> None:
    for day, shift in (("2026-03-01", 0.0), ("2026-03-02", 1.0)):
        for part in range(3):
            write(root / "days" / day / f"part-0000{part}.parquet", 400, part, shift)
    found = data_set(DataSpec("set", str(root), ("ref.parquet",), ("days/*",)))
    assert [(b.name, b.rows) for b in found.batches] == [("days/2026-03-01", 1200), ("days/2026-03-02", 1200)]
    assert (
        found.latest is not None and found.latest.verdict == "drifted" and found.latest.current_rows == 1200
    )


def test_the_parts_of_one_table_are_no_days(root: Path) -> None:
    for region in "abcdefghij":
        write(root / "table" / f"region={region}" / "data_0.parquet", 300, ord(region))
    found = data_set(DataSpec("set", str(root), ("table",), ("new/*.parquet",)))
    assert found.latest is not None and found.latest.reference_rows == 3000
    assert "learning" in found.latest.note


def test_a_set_knows_when_its_next_batch_will_be_late(root: Path) -> None:
    for hour in range(6):
        write(root / "new" / f"b{hour}.parquet", 300, hour)
        os.utime(root / "new" / f"b{hour}.parquet", (3600 * hour, 3600 * hour))
    expected = next_arrival([3600.0 * hour for hour in range(6)])
    found = data_set(spec(root), now=5 * 3600 + 60)
    assert expected is not None and found.late_from == expected.late and found.late_by is None
    assert data_set(spec(root), now=expected.late + 1).late_by is not None
    fresh = spec(root, options=DataOptions(expect={"fresh_within": "10m"}))
    assert data_set(fresh, now=5 * 3600 + 500).late_by is None
    late = data_set(fresh, now=5 * 3600 + 700)
    assert late.late_by == pytest.approx(100) and not any("old" in fault.summary for fault in late.quality)


def test_repeats_are_expected_as_the_reference_has_them() -> None:
    every_row_once = RowFacts(1000, 0, occurring=((1, 1000),))
    assert expected_repeats(every_row_once, 500) == pytest.approx(0, abs=1e-6)
    ten_kinds = RowFacts(1000, 990, occurring=((100, 10),))
    assert expected_repeats(ten_kinds, 500) == pytest.approx(490, abs=0.01)
    assert expected_repeats(ten_kinds, 5000) == pytest.approx(4990, abs=0.01)
    r = np.random.default_rng(0)
    draw = lambda n: r.integers(0, 400, n)  # noqa: E731
    counts = np.unique(np.unique(draw(2000), return_counts=True)[1], return_counts=True)
    facts = RowFacts(2000, 0, occurring=tuple((int(a), int(b)) for a, b in zip(*counts, strict=True)))
    for n in (300, 1500, 4000):
        seen = np.mean([n - len(np.unique(draw(n))) for _ in range(50)])
        assert expected_repeats(facts, n) == pytest.approx(seen, rel=0.05)
