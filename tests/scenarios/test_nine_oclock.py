"""9:00: one run crashed overnight, and the data drifted. What happened, what is worst and what to do are read
off within a minute."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from stage import stage

from runwatch.demo.copying import copy
from runwatch.shipped import shipped
from runwatch.store.state import State
from runwatch.system.folders import state_dir
from runwatch.system.identity import root_identity


async def test_nine_oclock(tmp_path: Path) -> None:
    root, now = tmp_path / "clinic", time.time()
    copy(shipped("sample_runs"), root, now)
    with contextlib.closing(State(state_dir())) as state:
        state.mark_seen([root_identity(os.path.realpath(root))], now - 15 * 3600)
    async with stage(root) as it:
        await it.sees("retrain-nightly", "crashed")
        await it.sees("since you last looked", "1 run crashed")
        await it.until(lambda: "● live" in it.top, "everything judged")
        assert "worse than champion" in it.top or "crashed" in it.top or "rose" in it.top
        await it.sees("drifted", "mean texture")
        it.screenshot("nine-oclock")
        await it.presses("w")
        await it.sees("What happened", "crashed", "drifted", "tasks")
        await it.presses("escape", "F")
        await it.sees("Findings", "retrain-nightly: crashed", "screening")
        await it.presses("slash", *"crashed", "enter", "enter")
        await it.sees("Input X contains NaN", "Console")
        await it.presses("5", "e")
        await it.sees("ValueError: Input X contains NaN")
