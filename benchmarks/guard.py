"""Have the costs that are felt slipped? ``python -m benchmarks.guard [--accept]`` (``make bench-guard``).

A few ratios, each of two things measured in turn in one run, so that the machine's speed and load fall out;
the least of several rounds counts. They are compared with the last accepted ones (``accepted.json`` beside
this file): one that is more than 15 % above fails. ``--accept`` keeps today's as accepted."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import drift, imports, workloads
from benchmarks.readers import Follower

ACCEPTED = Path(__file__).with_name("accepted.json")
SLACK = 0.15
ROUNDS = 5
ROWS = 100_000
UNIT = "import textual, numpy"


def child(*words: str) -> float:
    """CPU seconds of ``python WORDS``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def here(work: Callable[[], object]) -> float:
    """CPU seconds of ``work`` in this process."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def ratio(ours: Callable[[], float], peer: Callable[[], float]) -> float:
    """The least of ours over the least of the peer's, measured in turn."""
    pairs = [(ours(), peer()) for _ in range(ROUNDS)]
    return min(a for a, _ in pairs) / min(b for _, b in pairs)


def imported() -> float:
    found = imports.measured()
    own = sum(seconds for name, seconds in found.items() if name.partition(".")[0] == "runwatch")
    unit = sum(
        seconds for name, seconds in found.items() if name.partition(".")[0] in ("textual", "numpy", "rich")
    )
    return own / unit


def measured(folder: Path) -> dict[str, float]:
    """What is guarded, by name."""
    a10 = workloads.make("a10", folder)
    return {
        f"own modules of a start / those of {UNIT} and rich": imported(),
        f"ls of 10 runs / {UNIT}": ratio(
            lambda: child("-m", "runwatch", "ls", str(a10)), lambda: child("-c", UNIT)
        ),
        **tables_measured(folder, ROWS),
    }


def tables_measured(folder: Path, rows: int) -> dict[str, float]:
    """Logs of ``rows`` beside pandas, and a new batch of so many rows beside the decoding of its columns."""
    import pandas

    csv, jsonl = folder / "csv" / "metrics.csv", folder / "jsonl" / "metrics.jsonl"
    for path, text in ((csv, workloads.csv_text), (jsonl, workloads.jsonl_text)):
        path.parent.mkdir()
        path.write_text(text(rows))
    reference, batch = folder / "reference.parquet", folder / "batch.parquet"
    drift.write(reference, rows, 1)
    drift.write(batch, rows, 2)
    base = drift.open_reference(drift.find_files([str(reference)]), drift.DataOptions())
    drift.judged(batch, base)
    return {
        "CSV log read / pandas.read_csv": ratio(
            lambda: here(lambda: Follower(csv).read()), lambda: here(lambda: pandas.read_csv(csv))
        ),
        "JSON lines log read / pandas.read_json": ratio(
            lambda: here(lambda: Follower(jsonl).read()),
            lambda: here(lambda: pandas.read_json(jsonl, lines=True)),
        ),
        "a new batch judged / its columns decoded": ratio(
            lambda: here(lambda: drift.judged(batch, base)), lambda: here(lambda: drift.decode(batch))
        ),
    }


def slipped(now: Mapping[str, float], accepted: Mapping[str, float]) -> list[str]:
    """The names whose ratio is more than ``SLACK`` above the accepted one."""
    return [name for name, value in now.items() if value > accepted.get(name, value) * (1 + SLACK)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--accept", action="store_true", help="keep today's ratios as accepted")
    accept = parser.parse_args().accept
    accepted: dict[str, float] = json.loads(ACCEPTED.read_text()) if ACCEPTED.exists() else {}
    with tempfile.TemporaryDirectory(prefix="runwatch-guard-") as folder:
        for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            os.environ[variable] = str(Path(folder, variable))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        now = measured(Path(folder))
    bad = slipped(now, accepted)
    for name, value in now.items():
        print(f"{value:7.2f}  accepted {accepted.get(name, value):7.2f}  {'SLIPPED  ' * (name in bad)}{name}")
    if accept:
        ACCEPTED.write_text(
            json.dumps({name: round(value, 3) for name, value in now.items()}, indent=2) + "\n"
        )
        return 0
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
