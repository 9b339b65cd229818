"""Runs for other machines, and patience."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from patience import PATIENCE_S

SAMPLES = Path(__file__).resolve().parents[2] / "sample_runs"


def write_run(folder: Path, steps: int = 20, loss: float = 1.0) -> Path:
    """A run in JSON lines."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "metrics.jsonl"
    file.write_text("".join(f'{{"step": {i}, "val_loss": {loss / (i + 1)}}}\n' for i in range(steps)))
    return file


def copy_samples(home: Path) -> Path:
    shutil.copytree(SAMPLES, home / "runs")
    return home / "runs"


def until(true: Callable[[], object], timeout: float = PATIENCE_S) -> bool:
    """Whether it became true; the patience is for slow machines, not a promise."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return bool(true())
