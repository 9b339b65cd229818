"""Numbers that keep the books (counters, numbers of batches, dates and moments as whole numbers) go on by
themselves; a file that is sorted by what it measures does not hide a shift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from drift_command import MOVED, verdict

N, M = 6000, 1500
R = np.random.default_rng(7)


def moments(start: int, n: int) -> pd.DatetimeIndex:
    return pd.to_datetime(1_772_300_000 + 431.7 * (start + np.arange(n)), unit="s")


def as_digits(form: str) -> Any:
    return lambda start, n: moments(start, n).strftime(form).astype(np.int64)


def visits(start: int, n: int) -> Any:
    return np.repeat(np.arange(n), np.random.default_rng(start).geometric(0.2, n))[:n] + start // 5


ON = {
    "block": lambda start, n: (start + np.arange(n)) // 7,
    "batch_id": lambda start, n: 31 + (start + np.arange(n)) // 500,
    "load_nr": lambda start, n: 4 + (start + np.arange(n)) // 1500,
    "visit": visits,
    "order_no": lambda start, n: 10**6 + 2 * start + np.cumsum(R.integers(1, 4, n)),
    "gaps": lambda start, n: np.sort(R.choice(4 * n, n, replace=False)) + 4 * start,
    "newest_first": lambda start, n: (start + np.arange(n))[::-1],
    "blocks_newest_first": lambda start, n: ((start + np.arange(n)) // 7)[::-1],
    "in_no_order": lambda start, n: R.permutation(R.choice(2 * n, n, replace=False) + 2 * start),
    "with_a_gap": lambda start, n: np.where(R.random(n) < 0.02, np.nan, (start + np.arange(n)) // 3),
    "yyyymmdd": as_digits("%Y%m%d"),
    "booked": as_digits("%Y%m%d"),
    "period": as_digits("%Y%m"),
    "stand": as_digits("%Y%m%d%H%M%S"),
    "zeit": as_digits("%Y%m%d%H"),
    "epoch_s": lambda start, n: moments(start, n).astype("datetime64[s]").astype(np.int64),
    "ms": lambda start, n: moments(start, n).astype("datetime64[ms]").astype(np.int64),
    "us_in_no_order": lambda start, n: R.permutation(
        moments(start, n).astype("datetime64[us]").astype(np.int64)
    ),
    "event_ns": lambda start, n: moments(start, n).astype("datetime64[ns]").astype(np.int64),
    "unix_float": lambda start, n: moments(start, n).astype("datetime64[ms]").astype(np.int64) / 1000,
}


def write(path: Path, name: str, values: Any) -> Path:
    table = pd.DataFrame({"amount": R.lognormal(3, 1, len(values)), name: np.asarray(values)})
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path, index=False)
    return path


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("name", ON)
def test_what_goes_on_by_itself_is_no_drift(tmp_path: Path, name: str, ending: str) -> None:
    ref = write(tmp_path / f"ref.{ending}", name, ON[name](0, N))
    on = write(tmp_path / f"on.{ending}", name, ON[name](N, M))
    assert verdict(ref, on, name) not in MOVED


@pytest.mark.parametrize("name", ["yyyymmdd", "period", "stand", "zeit", "epoch_s", "event_ns"])
@pytest.mark.parametrize("start", [-60 * N, 60 * N])
def test_times_as_numbers_that_go_back_or_leap_are_called(tmp_path: Path, name: str, start: int) -> None:
    ref = write(tmp_path / "ref.parquet", name, ON[name](0, N))
    wrong = write(tmp_path / "wrong.parquet", name, ON[name](start, M))
    assert verdict(ref, wrong, name) in MOVED


def test_a_part_of_the_times_in_order_is_no_drift(tmp_path: Path) -> None:
    ref = write(tmp_path / "ref.parquet", "booked", ON["booked"](0, N))
    assert (
        verdict(ref, write(tmp_path / "last.parquet", "booked", ON["booked"](N - M, M)), "booked")
        not in MOVED
    )


@pytest.mark.parametrize("name", ["user_id", "customer", "sessionId", "account_id"])
def test_whole_numbers_that_name_users_are_no_feature(tmp_path: Path, name: str) -> None:
    users = R.permutation(np.repeat(np.arange(2000), 3)), R.permutation(np.repeat(np.arange(2000, 2500), 3))
    ref, cur = (write(tmp_path / f"{i}.parquet", name, values + 10**6) for i, values in enumerate(users))
    assert verdict(ref, cur, name) not in MOVED
    few = write(tmp_path / "few.parquet", "store_id", R.integers(1, 40, N))
    assert verdict(few, write(tmp_path / "b.parquet", "store_id", R.integers(20, 40, M)), "store_id") in MOVED


SORTED = {
    "age": (lambda n: np.sort(R.integers(18, 90, n)), lambda n: np.sort(R.integers(18, 60, n))),
    "cents": (
        lambda n: np.sort(R.lognormal(7, 1, n).astype(int)),
        lambda n: np.sort(R.lognormal(8, 1, n).astype(int)),
    ),
    "visits": (lambda n: np.sort(R.poisson(3, n)), lambda n: np.sort(R.poisson(4, n))),
    "flag": (lambda n: np.sort(R.integers(0, 2, n)), lambda n: np.ones(n, dtype=int)),
}


@pytest.mark.parametrize("name", SORTED)
def test_a_sorted_file_is_compared_as_any_other(tmp_path: Path, name: str) -> None:
    still, moved = SORTED[name]
    ref = write(tmp_path / "ref.parquet", name, still(N))
    assert verdict(ref, write(tmp_path / "same.parquet", name, still(M)), name) not in MOVED
    assert verdict(ref, write(tmp_path / "moved.parquet", name, moved(M)), name) in MOVED
