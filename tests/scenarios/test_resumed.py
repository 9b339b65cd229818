"""A run is resumed under my eyes: it goes back to its checkpoint, and what is shown is the newest attempt."""

from __future__ import annotations

import json
import os
from pathlib import Path

from stage import stage


def write(path: Path, steps: range, loss: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for step in steps:
            file.write(json.dumps({"step": step, "val_loss": round(loss - step / 1000, 4)}) + "\n")
        file.flush()
        os.fsync(file.fileno())


async def test_a_run_is_resumed_under_my_eyes(tmp_path: Path) -> None:
    log = tmp_path / "exp" / "long" / "metrics.jsonl"
    write(log, range(1, 101), 0.9)
    async with stage(tmp_path, (100, 30)) as it:
        await it.sees("step 100", "0.8000", "val_loss")
        write(log, range(81, 121), 0.5)
        await it.sees("step 120", "0.3800")
        it.screenshot("resumed")
        await it.presses("enter")
        await it.sees("Curves", "step 120")
