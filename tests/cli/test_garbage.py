"""A program that starts without looking for garbage looks for it afterwards, and often enough."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc
from collections import deque
from runwatch.cli._memory import collect_from_here, no_collecting

with no_collecting():
    assert not gc.isenabled()
    collect_from_here()
    assert gc.isenabled()
    opened, most = deque(maxlen=50), 0
    for i in range(600):
        screen = []
        screen.extend([screen] for _ in range(5_000))
        opened.append(screen)
        if i % 20 == 0:
            most = max(most, len(gc.get_objects()))
    print(most)
assert gc.isenabled()
"""


def test_what_old_screens_leave_is_found_before_it_is_a_large_part_of_the_memory() -> None:
    """Screens of 5,000 objects that refer to each other, each open until 50 more were opened."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1_700_000, "of 3,000,000 objects made, 250,000 in use"
