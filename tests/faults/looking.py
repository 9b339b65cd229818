"""What a person sees of a folder: ``ls --json`` read strictly, and the real dashboard at 120 x 36."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

from textual.pilot import Pilot

from patience import PATIENCE_S
from runwatch import config
from runwatch.cli import main
from runwatch.cli._dashboard_monitor import DashboardMonitor
from runwatch.ui.app import RunwatchApp
from runwatch.ui.settings import UiSettings

SIZE = (120, 36)
PAUSE_S = 0.02


def strict(text: str) -> Any:
    """The value of a JSON text; NaN and Infinity are refused, and so is a name that comes twice."""

    def refuse(token: str) -> NoReturn:
        raise AssertionError(f"{token} is no JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), f"twice: {names}"
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)


def said(*arguments: str, code: int = 0) -> str:
    """What a command prints on stdout."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        got = main(arguments)
    assert got == code, f"exit code {got}: {err.getvalue()}"
    out.getvalue().encode()
    return out.getvalue()


def ls(root: Path | bytes) -> dict[str, Any]:
    """``runwatch ls ROOT --json``."""
    found: dict[str, Any] = strict(said("ls", os.fsdecode(root), "--json"))
    return found


def runs(root: Path) -> dict[str, dict[str, Any]]:
    """The runs of ``ls --json`` by id."""
    return {run["id"]: run for run in ls(root)["runs"]}


def only_run(root: Path) -> dict[str, Any]:
    """The one run below ``root``."""
    found = ls(root)["runs"]
    assert len(found) == 1, [run["id"] for run in found]
    run: dict[str, Any] = found[0]
    return run


def messages(run: dict[str, Any]) -> str:
    """All problems of a run in one text."""
    return "\n".join(f"{p['file']} {p['where']} {p['message']}" for p in run["problems"])


class Eyes:
    """A running dashboard: press keys, look."""

    def __init__(self, app: RunwatchApp, pilot: Pilot[None], monitor: DashboardMonitor) -> None:
        self.app, self.pilot, self.monitor = app, pilot, monitor

    @property
    def text(self) -> str:
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def until(self, holds: Callable[[], object], what: str = "it") -> None:
        """Wait until something holds."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if holds():
                return
            await self.pilot.pause(PAUSE_S)
        raise AssertionError(f"{what} did not come; the screen:\n{self.text}")

    async def sees(self, *words: str) -> None:
        for word in words:
            await self.until(lambda word=word: word in self.text, repr(word))

    async def misses(self, word: str) -> None:
        await self.until(lambda: word not in self.text, f"the end of {word!r}")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)

    async def opens(self, part: int = 1) -> None:
        """Open the run under the cursor at one of its parts: 1 curves, 2 metrics, 4 health, 5 console."""
        await self.press("enter")
        await self.sees("Curves")
        await self.press(str(part))


def _is_up(app: RunwatchApp) -> bool:
    return app.snapshot is not None and app.snapshot.watch.phase == "live"


@asynccontextmanager
async def dashboard(*roots: Path, live: bool = True) -> AsyncIterator[Eyes]:
    """The real dashboard on ``roots``; with ``live`` everything has been read once."""
    paths = tuple(os.path.realpath(root) for root in roots)
    monitor = DashboardMonitor(paths, config.load(paths))
    app = RunwatchApp(monitor, UiSettings())
    try:
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            eyes = Eyes(app, pilot, monitor)
            if live:
                await eyes.until(lambda: _is_up(app), "a state that has been read once")
            yield eyes
    finally:
        monitor.stop()
        app.bridge.stop()
    assert app.crash is None
    latest = monitor.latest
    told = [problem.message for problem in latest.situation.problems] if latest else []
    assert not [text for text in told if "internal error" in text or "failed:" in text], ascii(told)


def write(path: Path, data: str | bytes) -> Path:
    """A file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
    return path


def footprint(root: Path) -> dict[str, tuple[int, int, int, str]]:
    """Names, modes, sizes, modification times and contents of everything below ``root``."""
    found: dict[str, tuple[int, int, int, str]] = {}
    for path in sorted([root, *root.rglob("*")]):
        stat = path.lstat()
        regular = path.is_file() and not path.is_symlink()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if regular else ""
        size = stat.st_size if regular else 0
        found[str(path)] = (stat.st_mode, size, stat.st_mtime_ns, digest)
    return found
