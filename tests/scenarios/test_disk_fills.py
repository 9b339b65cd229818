"""03:00: the disk fills. It is said before it is full, with where and when, and it leads to the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stage import stage

from runwatch.domain.machine import Disk, Machine
from runwatch.machine.reading import MachineReader

GIB = 2**30
NEARLY_FULL = Disk("/data", 985 * GIB, 15 * GIB, full_in=3 * 3600.0)


async def test_the_disk_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "exp" / "metrics.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text("".join(json.dumps({"step": n, "val_loss": 1 / n}) + "\n" for n in range(1, 50)))

    def read(*_: Any) -> Machine:
        return Machine("trainer-1", 16, (4.1, 3.8, 3.5), 0.26, 21 * GIB, 64 * GIB, False, (NEARLY_FULL,))

    monkeypatch.setattr(MachineReader, "read", read)
    async with stage(tmp_path) as it:
        await it.until(lambda: "/data" in it.top, "the disk on top")
        await it.sees("full in 3 h")
        it.screenshot("disk-fills")
        await it.presses("n")
        await it.sees("finding 1 of", "Machine", "/data")
