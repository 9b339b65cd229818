"""What a start pays for our own modules: ``python -m benchmarks.imports``, CPU milliseconds by room.

Each module's own time: that of its code, without what it imports, as the least of several processes; the
first of them compiles. The imports are those of the dashboard up to its first value. Textual and numpy of the
same runs, which any such screen pays for, are shown as well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

START = "import runwatch.cli._dashboard_monitor, runwatch.ui.run, runwatch.ui.screens.dashboard"
RUNS = 7

_PROBE = """
import gc; gc.disable()  # as a start does
import importlib.abc, importlib.machinery, json, sys, time
spent, stack = {}, []
class Timed(importlib.abc.Loader):
    def __init__(self, loader): self.loader = loader
    def __getattr__(self, name): return getattr(self.loader, name)
    def create_module(self, spec): return self.loader.create_module(spec)
    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        began = time.process_time(); stack.append(0.0)
        try: self.loader.exec_module(module)
        finally:
            whole = time.process_time() - began; inside = stack.pop()
            if stack: stack[-1] += whole
            spent[module.__name__] = whole - inside
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Timed(spec.loader)
        return spec
sys.meta_path.insert(0, Finder())
exec(sys.argv[1])
print(json.dumps(spent))
"""


def measured() -> dict[str, float]:
    """Seconds of CPU by module, the least of several runs."""
    least: dict[str, float] = {}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(RUNS):
        out = subprocess.run(
            [sys.executable, "-c", _PROBE, START], capture_output=True, text=True, check=True, env=environment
        )
        for name, seconds in json.loads(out.stdout).items():
            least[name] = min(seconds, least.get(name, seconds))
    return least


def main() -> int:
    rooms: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for name, seconds in measured().items():
        parts = name.split(".")
        room = ".".join(parts[:2]) if parts[0] == "runwatch" else parts[0]
        rooms[room] += seconds
        counts[room] += 1
    ours = {room: seconds for room, seconds in rooms.items() if room.partition(".")[0] == "runwatch"}
    for room, seconds in sorted(ours.items(), key=lambda pair: -pair[1]):
        print(f"{seconds * 1000:8.1f} ms {counts[room]:4d} modules  {room}")
    print(f"{sum(ours.values()) * 1000:8.1f} ms {sum(counts[room] for room in ours):4d} modules  runwatch")
    for peer in ("textual", "numpy", "rich", "msgspec"):
        print(f"{rooms[peer] * 1000:8.1f} ms {counts[peer]:4d} modules  {peer}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
