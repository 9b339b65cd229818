"""Times, counters and row numbers: what moves on by itself is no drift, what goes back or leaps is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drift_command import MOVED, verdict

START = dt.datetime(2026, 3, 1)


def times(start: dt.datetime, days: float, n: int, seed: int = 0) -> list[dt.datetime]:
    seconds = np.random.default_rng(seed).integers(0, int(86_400 * days), n)
    return [start + dt.timedelta(seconds=int(s)) for s in seconds]


def kept(path: Path, values: Any) -> Path:
    pq.write_table(pa.table({"a": np.zeros(len(values)), "at": values}), path)
    return path


BATCHES = {
    "the next day": (times(START + dt.timedelta(days=30), 1, 500), False),
    "half a year later": (times(START + dt.timedelta(days=200), 1, 500), False),
    "a year before": (times(START - dt.timedelta(days=365), 30, 500), True),
    "1970": ([dt.datetime(1970, 1, 1)] * 500, True),
    "9999": ([dt.datetime(9999, 12, 31)] * 500, True),
    "a third 1970": (times(START + dt.timedelta(days=30), 1, 300) + [dt.datetime(1970, 1, 1)] * 150, True),
    "a third 9999": (times(START + dt.timedelta(days=30), 1, 300) + [dt.datetime(9999, 12, 31)] * 150, True),
}
FORMS = {
    "timestamp": lambda values: pa.array(values, pa.timestamp("us")),
    "seconds": lambda values: pa.array([int((v - dt.datetime(1970, 1, 1)).total_seconds()) for v in values]),
    "text": lambda values: [v.isoformat() for v in values],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BATCHES)
def test_a_clock_may_move_on_and_nothing_else(tmp_path: Path, name: str, form: str) -> None:
    batch, wrong = BATCHES[name]
    ref = kept(tmp_path / "ref.parquet", FORMS[form](times(START, 30, 3000, 1)))
    cur = kept(tmp_path / "cur.parquet", FORMS[form](batch))
    assert (verdict(ref, cur, "at") in MOVED) is wrong


@pytest.mark.parametrize("form", ["date", "text", "number"])
def test_the_date_of_an_export_is_no_feature(tmp_path: Path, form: str) -> None:
    for name, day in (("ref", dt.date(2026, 3, 1)), ("cur", dt.date(2026, 3, 2))):
        value = {"date": day, "text": str(day), "number": int(day.strftime("%Y%m%d"))}[form]
        values = pa.array([value] * 3000)
        pq.write_table(pa.table({"a": np.zeros(3000), "snapshot_date": values}), tmp_path / f"{name}.parquet")
    assert verdict(tmp_path / "ref.parquet", tmp_path / "cur.parquet", "snapshot_date") not in MOVED


def test_a_time_of_day_is_no_clock(tmp_path: Path) -> None:
    r = np.random.default_rng(2)
    for name, low in (("ref", 8), ("same", 8), ("moved", 15)):
        values = pa.array(
            [
                dt.time(int(h), int(m))
                for h, m in zip(r.integers(low, low + 8, 900), r.integers(0, 60, 900), strict=True)
            ]
        )
        kept(tmp_path / f"{name}.parquet", values)
    assert verdict(tmp_path / "ref.parquet", tmp_path / "same.parquet", "at") == "stable"
    assert verdict(tmp_path / "ref.parquet", tmp_path / "moved.parquet", "at") in MOVED


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_counters_and_row_numbers_are_no_features(tmp_path: Path, ending: str) -> None:
    r = np.random.default_rng(3)
    for name, start, n in (("ref", 0, 4000), ("cur", 4000, 1000)):
        data = pd.DataFrame(
            {
                "x": r.normal(size=n).round(4),
                "order": np.cumsum(r.integers(1, 4, n)) + 2 * start,
                "updated_ms": (1_772_300_000_000 + 4000 * np.arange(start, start + n)),
            }
        )
        data = data[data.x > -0.5]
        if ending == "csv":
            data.to_csv(tmp_path / f"{name}.csv")
        else:
            data.to_parquet(tmp_path / f"{name}.parquet")
    for column in ("order", "updated_ms"):
        assert verdict(tmp_path / f"ref.{ending}", tmp_path / f"cur.{ending}", column) not in MOVED
    assert verdict(tmp_path / f"ref.{ending}", tmp_path / f"cur.{ending}", "x") == "stable"


def test_a_placeholder_for_ever_is_compared_by_its_share(tmp_path: Path) -> None:
    ever = dt.datetime(9999, 12, 31)
    ref = kept(tmp_path / "ref.parquet", pa.array(times(START, 30, 1800) + [ever] * 1200, pa.timestamp("us")))
    later = times(START + dt.timedelta(days=30), 30, 600)
    same = kept(tmp_path / "same.parquet", pa.array(later + [ever] * 400, pa.timestamp("us")))
    more = kept(tmp_path / "more.parquet", pa.array(later[:100] + [ever] * 900, pa.timestamp("us")))
    assert verdict(ref, same, "at") not in MOVED
    assert verdict(ref, more, "at") in MOVED
