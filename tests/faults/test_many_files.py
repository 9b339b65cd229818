"""A folder of very many files costs as many times more as it has more: counted in calls, not in time."""

from __future__ import annotations

import contextlib
import cProfile
import io
import pstats
from pathlib import Path

import pytest

from runwatch.cli import main

FEW, MANY = 150, 900
CONTENTS = {
    "part-{}.csv": "step,loss\n1,0.5\n2,0.25\n",
    "part-{}.jsonl": '{{"step": 1, "loss": 0.5}}\n',
    "part-{}.log": "epoch 1 step 1 loss=0.5\n",
    "part-{}.json": '{{"step": 1, "loss": 0.5}}\n',
    "part-{}.db": "SQLite format 3\0 but no more",
    "part-{}/metrics.csv": "step,loss\n1,0.5\n2,0.25\n",
}


def _calls(root: Path) -> int:
    """How many functions are called to list the runs below ``root``."""
    profile = cProfile.Profile()
    with contextlib.redirect_stdout(io.StringIO()), profile:
        assert main(["ls", str(root), "--json"]) == 0
    found: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("name", CONTENTS)
def test_the_cost_grows_with_the_number_of_files(tmp_path: Path, name: str) -> None:
    calls = []
    for count in (1, FEW, MANY):
        root = tmp_path / str(count)
        for number in range(count):
            path = root / "many" / name.format(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(CONTENTS[name].format(number) if "{{" in CONTENTS[name] else CONTENTS[name])
        calls.append(_calls(root))
        calls[0] = calls[0] if count > 1 else _calls(root)  # the first call also imports
    one, few, many = calls
    assert many - one <= 1.3 * (few - one) * MANY / FEW
