"""What drift costs: ours beside the decode of the same file, the usual kernels, and whole tools, in CPU
seconds of one run. Only ratios carry over to other machines.

  python -m benchmarks.drift                       1,000,000 rows, about a minute
  python -m benchmarks.drift --rows 200000 --peers  also Evidently and NannyML, where installed (minutes)
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.false_alarms import arrow, still_table
from benchmarks.peers import PEERS, spent
from runwatch.data.cache import PieceKey
from runwatch.data.workflow import Reference, find_files, open_reference, profile_batches
from runwatch.domain.profile import DataOptions
from runwatch.judge.drift.report import report

ROW_GROUP = 250_000


class Memory(dict[PieceKey, bytes]):
    def put(self, key: PieceKey, value: bytes) -> None:
        self[key] = value


def write(path: Path, rows: int, seed: int) -> None:
    """A table of 50 mixed columns, written a row group at a time."""
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, ROW_GROUP):
        rng = np.random.default_rng((seed, start))
        made = still_table(rng, min(ROW_GROUP, rows - start))
        table = pa.table({name: arrow(name, values) for name, values in made.items()})
        table = pa.table([_plain(column) for column in table.columns], names=table.column_names)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _plain(column: Any) -> Any:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def cpu(work: Callable[[], object], repeats: int = 3) -> float:
    """The median CPU seconds of ``work``."""
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return median(spent)


def decode(path: Path, numeric: bool = False) -> None:
    """Every column chunk decoded and dropped: the floor."""
    file = pq.ParquetFile(path)
    names = [name for name in file.schema_arrow.names if not numeric or name.startswith("num")]
    for group in range(file.num_row_groups):
        for name in names:
            file.read_row_group(group, columns=[name], use_threads=False)


def usual(path: Path, reference: Reference) -> None:
    """The usual kernel on the numeric columns: searchsorted of every value, then bincount."""
    file = pq.ParquetFile(path)
    for column in reference.grid.columns:
        if column.edges is None:
            continue
        for group in range(file.num_row_groups):
            values = file.read_row_group(group, columns=[column.name], use_threads=False).column(0)
            found = np.searchsorted(column.edges, values.drop_null().to_numpy())
            np.bincount(found, minlength=column.bins)


def judged(path: Path, reference: Reference) -> None:
    named, _, _ = profile_batches(find_files([str(path)]), reference.grid)
    report(reference.profile, named)


def child_cpu(arguments: Sequence[str], repeats: int = 3) -> float:
    """CPU seconds (user + system) of a fresh process, median."""
    spent = []
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(spent)


PEAK = """
import sys
from runwatch.data.cache import on_grid, unpack
from runwatch.domain.profile import ProfileGrid, TableProfile
from runwatch.data.workflow import find_files, profile_batches
from runwatch.judge.drift.report import report
grid = unpack(ProfileGrid, open(sys.argv[1] + "/grid", "rb").read())
kept = on_grid(unpack(TableProfile, open(sys.argv[1] + "/profile", "rb").read()), grid)
named, _, _ = profile_batches(find_files([sys.argv[2]]), grid)
report(kept, named)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak(folder: Path, path: Path, reference: Reference) -> int:
    """Peak MB of a process that judges ``path`` against the kept reference."""
    from runwatch.data.cache import pack, without_grid

    (folder / "grid").write_bytes(pack(reference.grid))
    (folder / "profile").write_bytes(pack(without_grid(reference.profile)))
    command = [sys.executable, "-c", PEAK, str(folder), str(path)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) // 1024


def cold(folder: Path) -> None:
    """The whole command at 10,000 rows against importing its two libraries."""
    paths = [folder / "ref10k.parquet", folder / "new10k.parquet"]
    for seed, path in enumerate(paths):
        write(path, 10_000, seed)
    imports = child_cpu([sys.executable, "-c", "import numpy, pyarrow.parquet"], 5)
    script = "import sys; from runwatch.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "drift", *(str(path) for path in paths), "--json"]
    ours = child_cpu(command, 5)
    print(
        f"drift command, cold, 10,000 rows    {ours:7.3f} s   "
        f"{ours / imports:.2f} x importing numpy, pyarrow.parquet"
    )


def kept(folder: Path) -> None:
    """400 files that did not change."""
    data = folder / "many"
    data.mkdir()
    write(data / "f0.parquet", 200, 1)
    for i in range(1, 400):
        shutil.copy(data / "f0.parquet", data / f"f{i}.parquet")
    cache = Memory()
    open_reference(find_files([str(data)]), DataOptions(), cache)
    spent = cpu(lambda: open_reference(find_files([str(data)]), DataOptions(), cache))
    print(f"400 kept files, nothing changed     {spent:7.3f} s")


def peers(folder: Path, rows: int) -> None:
    """Whole tools: load and compute, imports left out."""
    paths = [folder / f"ref{rows}.parquet", folder / f"new{rows}.parquet"]
    for seed, path in enumerate(paths):
        write(path, rows, seed)
    files = find_files([str(paths[0])])
    reference = open_reference(files, DataOptions())
    ours = cpu(lambda: judged(paths[1], reference), 9)
    whole = cpu(lambda: judged(paths[1], open_reference(files, DataOptions())))
    print(f"{rows:,} rows x 50 columns, peers          reference kept      both tables read")
    print(f"runwatch                            {ours:7.3f} s           {whole:7.3f} s")
    for name, peer in PEERS.items():
        if peer.version is None:
            print(f"{name:<36}not installed")
            continue
        for threads, single in (("", False), (", one thread", True)):
            all_, batch = spent(name, *paths, one_thread=single)
            said = f"{batch:7.3f} s {batch / ours:4.0f} x    {all_:7.3f} s {all_ / whole:4.0f} x"
            print(f"{f'{name} {peer.version}{threads}':<36}{said}", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peers", action="store_true", help="also Evidently and NannyML, where installed")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference_path, batch = folder / "ref.parquet", folder / "new.parquet"
        write(reference_path, args.rows, 1)
        write(batch, args.rows, 2)
        reference = open_reference(find_files([str(reference_path)]), DataOptions())
        floor, numeric = cpu(lambda: decode(batch)), cpu(lambda: decode(batch, numeric=True))
        ours = cpu(lambda: judged(batch, reference))
        values = args.rows * 50
        per_core = os.path.getsize(batch) / ours
        print(
            f"{args.rows:,} rows x 50 columns, {os.path.getsize(batch) / 1e6:.0f} MB of parquet, CPU seconds"
        )
        print(f"decode of all columns               {floor:7.3f} s   {1e9 * floor / values:.1f} ns a value")
        print(f"decode of the numeric ones          {numeric:7.3f} s")
        said = f"{ours / floor:.2f} x decoding all, {ours / numeric:.2f} x the numeric ones"
        print(f"new batch against a kept reference  {ours:7.3f} s   {said}")
        usual_ = cpu(lambda: usual(batch, reference))
        print(
            f"searchsorted + bincount, numeric    {usual_:7.3f} s   {usual_ / ours:.1f} x ours, all columns"
        )
        print(f"peak memory                         {peak(folder, batch, reference):7d} MB")
        minutes = 100e9 / per_core / 60
        speed = f"{per_core / 1e6:7.0f} MB  100 GB: {minutes:.0f} min of one core"
        print(f"bytes a second and core             {speed}")
        kept(folder)
        cold(folder)
        for rows in (10_000, 100_000) if args.peers else ():
            peers(folder, rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
