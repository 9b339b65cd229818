"""Types that the first block of a text file does not show, and times in several units."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from runwatch.data.workflow import find_files, open_reference, profile_batches
from runwatch.domain.profile import DataOptions

PAD = "x" * 40
EARLY, LATE = 30_000, 2_000


def opened(path: Path):
    return open_reference(find_files([str(path)]), DataOptions())


def test_numbers_after_a_first_block_of_empty_cells_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    late = "".join(f"{PAD},{i / 7}\n" for i in range(LATE))
    path.write_text("pad,late\n" + f"{PAD},\n" * EARLY + late)
    reference = opened(path)
    assert reference.grid.columns[1].kind == "numeric"
    found = reference.profile.column(1)
    assert (found.missing, found.n, found.invalid) == (EARLY, LATE, 0)


def test_words_after_a_first_block_of_empty_cells_are_words(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_text("pad,late\n" + f"{PAD},\n" * EARLY + f"{PAD},a\n{PAD},b\n" * LATE)
    assert opened(path).grid.columns[1].words == ("a", "b")


def test_times_that_get_fractions_far_into_a_csv_stay_times(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    early = "".join(f"{PAD},2026-01-01 00:00:{i % 60:02}\n" for i in range(EARLY))
    late = "".join(f"{PAD},2026-01-01 00:00:{i % 60:02}.125\n" for i in range(LATE))
    path.write_text("pad,at\n" + early + late)
    reference = opened(path)
    assert reference.grid.columns[1].kind == "datetime"
    found = reference.profile.column(1)
    assert (found.missing, found.n, found.invalid) == (0, EARLY + LATE, 0)


@pytest.mark.parametrize("zone", [None, UTC])
def test_times_with_fractions_in_json_lines_are_times(tmp_path: Path, zone) -> None:
    path = tmp_path / "log.jsonl"
    start = datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=zone)
    rows = [{"at": (start + timedelta(seconds=i)).isoformat(), "note": "1.5 or so"} for i in range(300)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    kinds = {column.name: column.kind for column in opened(path).grid.columns}
    assert kinds == {"at": "datetime", "note": "constant"}


UNITS = [
    (pa.time32("s"), pa.time64("us")),
    (pa.duration("s"), pa.duration("ns")),
    (pa.date32(), pa.timestamp("us")),
    (pa.timestamp("ms"), pa.date64()),
]


@pytest.mark.parametrize(("before", "after"), UNITS, ids=str)
def test_times_of_one_moment_count_alike_in_every_unit(tmp_path: Path, before, after) -> None:
    days = np.random.default_rng(0).integers(0, 80, 2000)
    whole = pa.array(days, pa.int64())
    step = 86_400 if pa.types.is_timestamp(after) or pa.types.is_timestamp(before) else 1
    seconds = pa.array(days * step, pa.int64())
    if step == 1:
        base = seconds.cast(pa.int32()).cast(before) if pa.types.is_time(before) else seconds.cast(before)
    else:
        base = whole.cast(pa.int32()).cast(pa.date32()).cast(before)
    feather.write_feather(pa.table({"t": base}), tmp_path / "ref.feather")
    feather.write_feather(pa.table({"t": base.cast(after)}), tmp_path / "new.feather")
    reference = opened(tmp_path / "ref.feather")
    named, _, problems = profile_batches(find_files([str(tmp_path / "new.feather")]), reference.grid)
    assert not problems
    assert np.array_equal(named[0].profile.counts, reference.profile.counts)


def test_times_that_have_nothing_in_common_are_of_another_type(tmp_path: Path) -> None:
    hours = pa.array(np.arange(1000) * 60, pa.int32()).cast(pa.time32("s"))
    pq.write_table(pa.table({"t": hours, "x": np.arange(1000.0)}), tmp_path / "ref.parquet")
    moments = pa.array(np.arange(1000), pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"t": moments, "x": np.arange(1000.0)}), tmp_path / "new.parquet")
    reference = opened(tmp_path / "ref.parquet")
    named, _, problems = profile_batches(find_files([str(tmp_path / "new.parquet")]), reference.grid)
    assert not problems
    assert (named[0].profile.column(0).invalid, named[0].profile.column(1).n) == (1000, 1000)


def counted(path: Path, reference):
    named, _, problems = profile_batches(find_files([str(path)]), reference.grid)
    assert not problems, problems
    return named[0].profile


TYPES = [pa.string_view(), pa.float16(), pa.duration("s"), pa.time32("s"), pa.date32(), pa.binary(3)]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_a_type_that_text_can_not_hold_harms_no_other_column(tmp_path: Path, type_, ending: str) -> None:
    ints = pa.array(np.arange(600) % 90, pa.int32())
    odd = pa.array([b"%03d" % (i % 90) for i in range(600)], type_) if "binary" in str(type_) else None
    if str(type_) == "string_view":
        odd = ints.cast(pa.string()).cast(type_)
    elif str(type_) == "halffloat":
        odd = ints.cast(pa.float32()).cast(type_)
    elif str(type_).startswith("duration"):
        odd = ints.cast(pa.int64()).cast(type_)
    made = pa.table({"odd": ints.cast(type_) if odd is None else odd, "x": np.arange(600.0)})
    pq.write_table(made, tmp_path / "ref.parquet")
    written = [v.decode() if isinstance(v, bytes) else v for v in made["odd"].to_pylist()]
    rows = [{"odd": v if isinstance(v, float) else str(v), "x": float(i)} for i, v in enumerate(written)]
    if ending == ".csv":
        text = "odd,x\n" + "".join(f"{row['odd']},{row['x']}\n" for row in rows)
    else:
        text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / f"new{ending}").write_text(text)
    reference = opened(tmp_path / "ref.parquet")
    found = counted(tmp_path / f"new{ending}", reference)
    assert found.column(1).n == 600
    if not pa.types.is_duration(type_):
        assert np.array_equal(found.counts, reference.profile.counts)


def test_a_bad_line_among_json_lines_leaves_times_times(tmp_path: Path) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [{"at": (start + timedelta(hours=i)).isoformat(), "k": i} for i in range(300)]
    (tmp_path / "ref.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{torn\n")
    reference = opened(tmp_path / "ref.jsonl")
    found = counted(tmp_path / "new.jsonl", reference)
    assert (found.column(0).n, found.column(0).invalid, found.skipped) == (300, 0, 1)


@pytest.mark.parametrize(("zone", "tail"), [(None, "+00:00"), ("UTC", "")])
def test_a_csv_with_and_without_zones_holds_the_same_times(tmp_path: Path, zone, tail: str) -> None:
    at = pa.array(np.arange(500) * 60, pa.int64()).cast(pa.timestamp("s", zone))
    pq.write_table(pa.table({"at": at}), tmp_path / "ref.parquet")
    moments = [datetime(1970, 1, 1) + timedelta(minutes=i) for i in range(500)]
    lines = [f"{m.isoformat(sep=' ')}{tail}\n" for m in moments]
    (tmp_path / "new.csv").write_text("at\n" + "".join(lines) + "soon\n")
    reference = opened(tmp_path / "ref.parquet")
    found = counted(tmp_path / "new.csv", reference)
    assert np.array_equal(found.counts, reference.profile.counts) and found.column(0).invalid == 1


def test_text_that_is_declared_to_be_times_is_counted_as_times(tmp_path: Path) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    text = [(start + timedelta(minutes=i)).isoformat() for i in range(400)]
    pq.write_table(pa.table({"at": text}), tmp_path / "ref.parquet")
    files = find_files([str(tmp_path / "ref.parquet")])
    reference = open_reference(files, DataOptions(kinds={"at": "datetime"}))
    assert reference.grid.columns[0].kind == "datetime"
    assert (reference.profile.column(0).n, reference.profile.column(0).invalid) == (400, 0)
