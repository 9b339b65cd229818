"""What a plan past one machine rests on: ``python -m benchmarks.scale [--hosts 40] [--each 25 250]``.

Simulated: 40 hosts as 40 processes of this machine, each with its own runs, on one board; twice, with few
runs and with more, so that the share of a run can be told from that of a host. Measured: the CPU seconds that
a gigabyte of new batches costs against a kept reference. ``docs/scale.md`` multiplies these out."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks import drift, table
from benchmarks.fleet import crowd
from benchmarks.guard import here
from benchmarks.table import Row

ROUNDS = 3


def hosts(count: int, each: list[int]) -> list[Row]:
    rows = []
    for runs in each:
        with tempfile.TemporaryDirectory(prefix="runwatch-bench-", ignore_cleanup_errors=True) as above:
            me = Path(above) / "me"
            me.mkdir()
            rows += crowd(Path(above), {**os.environ, "HOME": str(me)}, count, runs)
    return rows


def batches(rows: int) -> list[Row]:
    """A gigabyte is one on the disk."""
    with tempfile.TemporaryDirectory(prefix="runwatch-bench-") as folder:
        reference, batch = Path(folder) / "reference.parquet", Path(folder) / "batch.parquet"
        drift.write(reference, rows, 1)
        drift.write(batch, rows, 2)
        base = drift.open_reference(drift.find_files([str(reference)]), drift.DataOptions())
        spent = min(here(lambda: drift.judged(batch, base)) for _ in range(ROUNDS))
        size = batch.stat().st_size / 1e9
    what = f"a batch of {rows:,} x 50"
    return [
        Row(f"{what}: on the disk", size * 1000, "MB"),
        Row(f"{what}: judged", spent, "CPU s"),
        Row("a gigabyte of Parquet judged", spent / size, "CPU s"),
        Row("100 GB a day", spent / size * 100 / 86400, "cores"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.scale", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=40)
    parser.add_argument("--each", type=int, nargs="+", default=[25, 250], metavar="RUNS")
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    print(table.machine(), flush=True)
    print(table.text(batches(asked.rows) + hosts(asked.hosts, asked.each)))


if __name__ == "__main__":
    main()
