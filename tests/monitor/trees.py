"""Small run directories for tests."""

from __future__ import annotations

import json
from pathlib import Path


def write_csv(root: Path, run: str, rows: int = 3, name: str = "metrics.csv") -> Path:
    """A plain CSV run: loss falls as 1/step."""
    path = root / run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["step,train_loss,val_loss"]
    lines += [f"{step},{1 / step:.6f},{1.1 / step:.6f}" for step in range(1, rows + 1)]
    path.write_text("\n".join(lines) + "\n")
    return path


def append_csv(path: Path, step: int, loss: float) -> None:
    with path.open("a") as file:
        file.write(f"{step},{loss},{loss}\n")


def append_jsonl(path: Path, **row: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
