"""How fast runs are read, beside peers, in one run: ``python -m benchmarks.readers [--data DIR] [NAME…]``.

events   TensorBoard events: ours against EventAccumulator and the Rust data server (when installed)
tables   CSV and JSONL: reading what was appended, against polars and pandas reading the whole file anew
stores   10,000 trials of Optuna, 1,200 runs of MLflow, a CSV with a quote that is never closed
append   catching up after an append: cost by the size of the append
memory   peak memory with 1,000,000 points kept

Figures are CPU seconds, the best of three for ours; a ratio is peer / ours: above 1 is in our favour. Peers
that are not installed are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks import workloads
from runwatch.config.settings import Settings
from runwatch.domain.operations import Append
from runwatch.domain.points import Points
from runwatch.domain.tree import FileStat, Folder
from runwatch.monitor.reading import RootReader
from runwatch.readers.base import Claim, Cursor, Listing, Reader, SourceFile
from runwatch.readers.registry import built_in

ROWS, MORE_ROWS = 200_000, 1_000
APPENDS = (100, 1_000, 10_000, 100_000)


def stat_of(path: Path) -> FileStat:
    found = path.stat()
    return FileStat(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def claim_of(path: Path) -> tuple[Reader, Claim]:
    """The reader that speaks for ``path``, and its claim."""
    folder = Folder(".", files={path.name: stat_of(path)})
    listing = Listing(folder, str(path.parent))
    found = [(claim.priority, name, claim) for name, r in built_in().items() for claim in r.claim(listing)]
    _, name, claim = max(found, key=lambda one: one[:2])
    return built_in()[name], claim


class Follower:
    """Reads one file again and again, keeping all points."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader, self._claim = claim_of(path)
        self._cursor: Cursor | None = None
        self.points: dict[str, list[Points]] = {}

    def read(self) -> int:
        """The number of new points."""
        count, more = 0, True
        while more:
            source = SourceFile(str(self._path.parent), self._path.name, stat_of(self._path))
            reading = self._reader.read(self._claim, source, self._cursor, False)
            self._cursor, more = reading.cursor, reading.more
            for operations in reading.operations.values():
                for operation in operations:
                    if isinstance(operation, Append):
                        self.points.setdefault(operation.tag, []).append(operation.points)
                        count += len(operation.points)
        return count


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """CPU seconds of this process, the best of ``times``."""
    best = float("inf")
    for _ in range(times):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def event_files(folder: Path) -> list[Path]:
    return sorted(
        Path(where, name) for where, _, names in os.walk(folder) for name in names if "tfevents" in name
    )


def ours(folder: Path) -> int:
    return sum(Follower(path).read() for path in event_files(folder))


def event_accumulator(folder: Path) -> None:
    """TensorBoard's Python reader, told to keep all scalars, as we do."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for path in event_files(folder):
        EventAccumulator(str(path.parent), size_guidance={"scalars": 0}).Reload()


def rust_server(folder: Path, *options: str) -> float | None:
    """CPU seconds of TensorBoard's data server for one load; it keeps 1,000 points a tag. None: not there."""
    if find_spec("tensorboard_data_server") is None:
        return None
    import tensorboard_data_server

    return loaded_by(tensorboard_data_server.server_binary(), folder, *options)


def loaded_by(server_binary: str, folder: Path, *options: str) -> float:
    """CPU seconds of a data server until it has loaded a folder once."""
    command = [
        server_binary, "--logdir", str(folder), "--port", "0",
        "--reload", "once", "--verbose", "--die-after-stdin", *options,
    ]  # fmt: skip
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    for line in server.stderr:
        if "Finished load cycle" in line:
            break
    server.kill()
    _, _, usage = os.wait4(server.pid, 0)
    return usage.ru_utime + usage.ru_stime


def events(data: Path) -> None:
    peer = find_spec("tensorboard") is not None
    print(f"{'events':8} {'points':>9} {'ours':>7} {'M/s':>5}  peers: CPU s (ratio)")
    for name in ("c1m", "k1m", "b200", "a10", "d2000"):
        folder = workloads.make(name, data)
        count = ours(folder)
        spent = seconds(lambda folder=folder: ours(folder))
        line = f"{name:8} {count:>9,} {spent:7.3f} {count / spent / 1e6:5.1f} "
        peers: dict[str, float | None] = {
            "EventAccumulator": seconds(lambda folder=folder: event_accumulator(folder), 1) if peer else None,
            "Rust server": rust_server(folder),
            "Rust server, CRC checked": rust_server(folder, "--checksum"),
        }
        said = [f"{key} {cost:.2f} ({cost / spent:.1f}x)" for key, cost in peers.items() if cost is not None]
        print(line, ", ".join(said) or "none installed")


def tables(data: Path) -> None:
    print(f"\ntables: {ROWS:,} rows of 10 numbers, then {MORE_ROWS:,} more")
    with tempfile.TemporaryDirectory(dir=data) as made:
        for name, text in (("metrics.csv", workloads.csv_text), ("metrics.jsonl", workloads.jsonl_text)):
            path = Path(made) / name[-4:].strip(".") / name
            path.parent.mkdir()
            _table(path, text(ROWS + MORE_ROWS))


def _table(path: Path, text: str) -> None:
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:-MORE_ROWS]))
    whole = seconds(lambda: Follower(path).read())
    follower = Follower(path)
    follower.read()
    with path.open("a") as out:
        out.write("".join(lines[-MORE_ROWS:]))
    tail = seconds(follower.read, 1)
    peers = {name: seconds(lambda read=read: read(path)) for name, read in _whole_readers(path).items()}
    said = ", ".join(f"{name} {cost:.3f} ({cost / tail:.0f}x)" for name, cost in peers.items())
    anew = ", ".join(f"{whole / cost:.1f}x {name}'s" for name, cost in peers.items())
    print(f"{path.name:14} first read {whole:.3f} ({anew}), tail {tail:.4f}; whole file anew: {said}")


def _whole_readers(path: Path) -> dict[str, Callable[[Path], object]]:
    found: dict[str, Callable[[Path], object]] = {}
    lines = path.suffix == ".jsonl"
    if find_spec("polars") is not None:
        import polars

        found["polars"] = polars.read_ndjson if lines else polars.read_csv
    if find_spec("pandas") is not None:
        import pandas

        found["pandas"] = (lambda p: pandas.read_json(p, lines=True)) if lines else pandas.read_csv
    return found


def stores(data: Path) -> None:
    """A whole first look, from the folders to the runs: many small things in one place."""
    print("\nstores: CPU s of a first look")
    for name in ("d2000", "optuna10000", "mlflow1200", "quote200000", "quote400000"):
        folder = workloads.make(name, data)
        found = []
        spent = seconds(lambda folder=folder, found=found: found.append(look(folder)))
        print(f"{name:12} {found[-1]:>6,} runs {spent:7.3f}")


def look(folder: Path) -> int:
    """The number of runs below a folder, read and summarised."""
    reader = RootReader(str(folder), Settings(), built_in())
    reader.scan()
    reader.read_some(lambda: False)
    for entry in reader.entries.values():
        reader.summarise(entry)
    return len(reader.entries)


def append(data: Path) -> None:
    """Event files: what catching up costs, after 1,000,000 points were read."""
    print("\nappend to a file of 1,000,000 points")
    source = event_files(workloads.make("c1m", data))[0]
    extra = workloads.events(workloads.TEN_TAGS[:4], max(APPENDS) // 4 + 1, 9)
    ends = [0]
    while ends[-1] < len(extra):
        ends.append(ends[-1] + int.from_bytes(extra[ends[-1] : ends[-1] + 8], "little") + 16)
    with tempfile.TemporaryDirectory(dir=data) as made:
        path = Path(made) / source.name
        path.write_bytes(source.read_bytes())
        follower = Follower(path)
        follower.read()
        for count in APPENDS:
            with path.open("ab") as out:
                out.write(extra[ends[1] : ends[count + 1]])
            begun = time.process_time()
            found = follower.read()
            spent = time.process_time() - begun
            print(f"{found:>9,} points {spent * 1e3:8.2f} ms {spent / found * 1e6:7.2f} us a point")


def memory(data: Path) -> None:
    folder = workloads.make("c1m", data)
    command = [
        sys.executable,
        "-m",
        "benchmarks.readers",
        "--data",
        str(data),
        "--peak",
        str(event_files(folder)[0]),
    ]
    print("\nmemory\n" + subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def high_water() -> float:
    """The most memory that this process has held, in MB. (``getrusage`` would count its parent's as well.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def peak(path: Path) -> None:
    """In a process of its own: the peak before and after reading one file."""
    before = high_water()
    count = Follower(path).read()
    after = high_water()
    print(f"{count:,} points kept: peak {after:.0f} MB, {before:.0f} MB before reading")


PARTS = {"events": events, "tables": tables, "stores": stores, "append": append, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "runwatch-workloads")
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peak is not None:
        peak(chosen.peak)
        return
    if unknown := set(chosen.names) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    chosen.data.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or PARTS:
        PARTS[name](chosen.data)


if __name__ == "__main__":
    main()
