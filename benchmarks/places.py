"""Where benchmarks run: environments with state and cache of their own, copies that may be written to."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

DATA = Path(tempfile.gettempdir()) / "runwatch-benchmarks"
_COMPILED = DATA / "compiled"


def runwatch() -> str:
    """The command beside this interpreter, else the one on the path."""
    beside = Path(sys.executable).with_name("runwatch")
    return str(beside) if beside.exists() else shutil.which("runwatch") or "runwatch"


@contextmanager
def fresh() -> Iterator[dict[str, str]]:
    """An environment whose state, cache and configuration are new and empty. Compiled modules are kept, as
    they are for everybody who starts a program for the second time."""
    with tempfile.TemporaryDirectory(prefix="runwatch-bench-", ignore_cleanup_errors=True) as folder:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env |= {f"XDG_{kind}_HOME": f"{folder}/{kind.lower()}" for kind in ("STATE", "CACHE", "CONFIG")}
        env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPYCACHEPREFIX": str(_COMPILED)}
        yield env


@contextmanager
def copy(folder: Path) -> Iterator[Path]:
    """A copy that may be written to."""
    with tempfile.TemporaryDirectory(prefix="runwatch-bench-", ignore_cleanup_errors=True) as above:
        yield Path(shutil.copytree(folder, Path(above) / folder.name))


def cpu_seconds(command: Sequence[str], env: Mapping[str, str], repeat: int = 5) -> float:
    """The median of the CPU seconds of a command, after one run that does not count."""
    found = []
    for _ in range(repeat + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            command, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(found[1:])


def floor(env: Mapping[str, str]) -> float:
    """CPU seconds of what no screen can do without: ``import textual, numpy``."""
    return cpu_seconds([sys.executable, "-c", "import textual.app, textual.widgets, numpy"], env)
