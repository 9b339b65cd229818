"""One table of 20,000,000 rows x 10 columns against another: here, and on two Dask workers; CPU seconds of
this process and of the workers.

  python -m benchmarks.cluster --rows 2000000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from runwatch.data.dask import DaskEngine
from runwatch.data.profile_cache import HERE, Engine
from runwatch.data.row_facts import row_facts
from runwatch.data.segments import segment_profiles
from runwatch.data.workflow import find_files, open_reference, profile_batches
from runwatch.domain.profile import DataOptions
from runwatch.judge.drift.report import report

FILES, COLUMNS, GROUP = 8, 10, 250_000


def write(folder: Path, rows: int, seed: int) -> list[str]:
    """Eight files of nine columns of numbers and one of words."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    for part in range(FILES):
        count = rows // FILES
        table = {f"x{i}": rng.normal(size=count) for i in range(COLUMNS - 1)}
        table["word"] = rng.choice(["a", "b", "c", "d"], count)
        pq.write_table(pa.table(table), folder / f"{part}.parquet", row_group_size=GROUP)
    return [str(folder)]


def judged(before: list[str], now: list[str], engine: Engine) -> str:
    """Drift, what whole rows tell, and segments."""
    reference = open_reference(find_files(before), DataOptions(), engine=engine)
    files = find_files(now)
    named, _, _ = profile_batches(files, reference.grid, engine=engine)
    engine.call(row_facts, files, [f"x{i}" for i in range(3)], [], {})
    engine.call(segment_profiles, files, reference.grid, "word")
    return report(reference.profile, named).verdict


def spent(work: Callable[[], str]) -> tuple[float, float, str]:
    wall, cpu = time.perf_counter(), time.process_time()
    said = work()
    return time.process_time() - cpu, time.perf_counter() - wall, said


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    args = parser.parse_args(argv)
    from distributed import LocalCluster

    with tempfile.TemporaryDirectory() as name:
        before, now = (write(Path(name, word), args.rows, seed) for seed, word in enumerate(("ref", "new")))
        here, wall, said = spent(lambda: judged(before, now, HERE))
        print(f"{args.rows:,} rows x {COLUMNS} columns: drift, row facts, segments by word ({said})")
        print(f"here                {here:7.2f} CPU s  {wall:7.2f} s", flush=True)
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            engine = DaskEngine(cluster.scheduler_address.replace("tcp://", "dask://"))
            with engine._client() as client:
                client.run(time.process_time)
                start = sum(client.run(time.process_time).values())
            client_cpu, wall, there = spent(lambda: judged(before, now, engine))
            with engine._client() as client:
                workers = sum(client.run(time.process_time).values()) - start
        assert there == said
        share = client_cpu / (client_cpu + workers)
        print(f"two workers         {workers:7.2f} CPU s  {wall:7.2f} s")
        print(f"the client          {client_cpu:7.2f} CPU s  {share:.0%} of all, scheduler included")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
