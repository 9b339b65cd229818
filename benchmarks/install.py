"""What installing costs: ``python -m benchmarks.install`` (builds a wheel, and asks the package index).

Wheels fetched, their size, the size on disk of all in a bare virtual environment, and the wall time of the
first ``--help`` there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from benchmarks import table
from benchmarks.places import fresh
from benchmarks.table import Row

PROJECT = Path(__file__).parents[1]


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="runwatch-bench-") as above, fresh() as env:
        bare, wheels = Path(above) / "venv", Path(above) / "wheels"
        venv.create(bare, with_pip=True)
        empty = _size_mb(bare)
        pip = [str(bare / "bin/pip"), "--disable-pip-version-check", "-q"]
        began = time.monotonic()
        subprocess.run([*pip, "wheel", str(PROJECT), "-w", str(wheels)], env=env, check=True)
        fetched = time.monotonic() - began
        began = time.monotonic()
        offline = ["--no-index", "--find-links", str(wheels)]
        subprocess.run([*pip, "install", *offline, "runwatch"], env=env, check=True)
        installed = time.monotonic() - began
        began = time.monotonic()
        help_ = [str(bare / "bin/runwatch"), "--help"]
        subprocess.run(help_, env=env, check=True, stdout=subprocess.DEVNULL)
        first = time.monotonic() - began
        found = sorted(wheels.glob("*.whl"))
        for wheel in sorted(found, key=lambda one: -one.stat().st_size)[:8]:
            print(f"  {wheel.stat().st_size / 2**20:6.1f} MiB  {wheel.name}", file=sys.stderr)
        return [
            Row("install: wheels, ours included", float(len(found)), ""),
            Row("install: size of the wheels", _size_mb(wheels), "MiB"),
            Row("install: on disk", _size_mb(bare) - empty, "MiB"),
            Row("install: building ours and fetching the others", fetched, "s"),
            Row("install: from the wheels", installed, "s"),
            Row("install: to the first --help", first, "s"),
        ]


def main() -> None:
    print(table.machine(), table.text(rows()), sep="\n\n")


if __name__ == "__main__":
    main()
