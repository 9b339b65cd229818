"""The samples, copied so that their Monday at 9:00 is now: times inside the files, dates of tasks, mtimes."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from runwatch.demo.make import DAY, HOUR, MONDAY_9, NIGHTS
from runwatch.demo.writers import masked_crc

_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")


def copy(samples: Path, target: Path, now: float) -> None:
    """Copy ``samples`` to ``target`` (which must not exist yet), moved in time to end at ``now``."""
    shift = now - MONDAY_9
    shutil.copytree(samples, target)
    for path in sorted(target.rglob("*")):
        if not path.is_file():
            continue
        written = MONDAY_9 - 6 * DAY
        if "tfevents" in path.name:
            path, written = _events(path, shift)
        elif path.suffix == ".jsonl":
            written = _json_lines(path, shift)
        elif path.name == "todo.txt":
            _dates(path, shift)
        else:
            written = _written(path.relative_to(target).as_posix())
        os.utime(path, (written + shift, written + shift))


def _written(file: str) -> float:
    """When a file without a clock was last written, on the samples' own Monday."""
    night = re.search(r"night-(\d+)", file)
    if night:
        return MONDAY_9 - (NIGHTS - int(night[1])) * DAY - 3 * HOUR
    ends = {
        "runs/challenger-mlp": -9 * HOUR + 1200,
        "runs/challenger-small": -7 * HOUR + 1500,
        "runs/retrain-nightly": -4 * HOUR + 360,
        "runs/warmup-try": -3 * HOUR + 1440,
        "predictions/challenger": -5 * HOUR,
    }
    return MONDAY_9 + next((hours for start, hours in ends.items() if file.startswith(start)), -6 * DAY)


def _events(path: Path, shift: float) -> tuple[Path, float]:
    """Move every event's wall time, and the start in the file's name; gives the new path and last time."""
    data = path.read_bytes()
    out, at, last = bytearray(), 0, MONDAY_9
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        event = bytearray(data[at + 12 : at + 12 + length])
        (last,) = struct.unpack_from("<d", event, 1)
        struct.pack_into("<d", event, 1, last + shift)
        out += data[at : at + 12] + event + masked_crc(bytes(event))
        at += length + 16
    path.unlink()
    started = re.sub(r"tfevents\.(\d+)\.", lambda m: f"tfevents.{int(int(m[1]) + shift)}.", path.name)
    moved = path.with_name(started)
    moved.write_bytes(out)
    return moved, last


def _json_lines(path: Path, shift: float) -> float:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    last = max(row["time"] for row in rows)
    path.write_text("".join(json.dumps(row | {"time": round(row["time"] + shift, 3)}) + "\n" for row in rows))
    return float(last)


def _dates(path: Path, shift: float) -> None:
    days = timedelta(days=round(shift / DAY))
    move: Callable[[re.Match[str]], str] = lambda m: (date.fromisoformat(m[1]) + days).isoformat()  # noqa: E731
    path.write_text(_DAY.sub(move, path.read_text()))
