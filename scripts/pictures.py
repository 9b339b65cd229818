"""Make the pictures of docs/pictures: ``.venv/bin/python scripts/pictures.py``.

The real app with the real monitor, on a copy of sample_runs/ that the demo's own writer trains on for a
minute and a half. Three things are held still, so that two makings give the same pictures: the clock (the
writer's and the monitor's), the zone, and the reading of the machine, which would be the maker's own."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
STARTS = 1772442000.0 - 90.0
LIVED_S = 90.0
NOW = STARTS + LIVED_S
PATIENCE_S = 120.0
STILL_S = 2.0
GIB = 2**30


@dataclass(frozen=True)
class Picture:
    """``keys``: what is pressed once everything is known. "until:TEXT" waits for a text on the screen,
    "on:TEXT" moves the cursor to the row whose key holds it."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 36)
    theme: str = "runwatch-dark"


RUNNING = ("on:champion-again",)
DRIFT = ("2", "on:mean texture", "enter", "until:over the batches")
COMPARISON = ("3", "on:PredictionsKey", "enter", "until:slices")
RUN = ("on:challenger-wide", "enter", "until:Console")
PLAN = (
    Picture("dashboard-dark", RUNNING, (132, 40)),
    Picture("dashboard-light", RUNNING, (132, 40), "runwatch-light"),
    Picture("drift", DRIFT),
    Picture("comparison", COMPARISON),
    Picture("scores", (*COMPARISON, "2")),
    Picture("run", RUN),
    Picture("media", ("on:champion-seed-3", "enter", "until:Console", "7", "until:72 × 54"), (100, 34)),
    Picture("80x24", RUNNING, (80, 24)),
    Picture("help", (*RUNNING, "question_mark")),
)


class Over(Exception):
    """The time that was to be lived is over."""


class Lived:
    """A clock that only sleeping moves; what was written meanwhile gets its time as mtime."""

    def __init__(self, folder: Path, start: float, end: float) -> None:
        self._folder, self._now, self._end = folder, start, end

    def time(self) -> float:
        return self._now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self._stamp()
        self._now += seconds
        if self._now >= self._end:
            raise Over

    def _stamp(self) -> None:
        for path in self._folder.rglob("*"):
            if path.is_file() and path.stat().st_mtime > self._end:
                os.utime(path, (self._now, self._now))


def prepare(folder: Path) -> None:
    """The samples, and what the demo's writer adds to them in a minute and a half."""
    from runwatch.demo import copying, living

    copying.copy(ROOT / "sample_runs", folder, STARTS)
    clock = Lived(folder, STARTS, NOW)
    trainer = SimpleNamespace(
        getppid=lambda: 2, getpid=lambda: 4242, uname=lambda: SimpleNamespace(nodename="trainer-1")
    )
    vars(living).update(time=clock, os=trainer)
    here = os.getcwd()
    os.chdir(folder)
    try:
        living.live(folder)
    except Over:
        pass
    finally:
        os.chdir(here)


def hold_still() -> None:
    """It is NOW, tasks are saved at once (a clock that stands would never come to the next time), and the
    machine is a workstation at work, whoever makes the pictures."""
    from runwatch.domain.machine import Disk, Machine
    from runwatch.machine.reading import MachineReader
    from runwatch.tasks import task_list

    disks = (Disk("/", 140 * GIB, 330 * GIB),)
    machine = Machine("trainer-1", 16, (4.1, 3.8, 3.5), 0.26, 21 * GIB, 64 * GIB, False, disks)
    MachineReader.read = lambda self, now, places, pids: machine  # type: ignore[method-assign, assignment, misc]
    time.time = lambda: NOW
    task_list.WRITE_EVERY = 0.0


def text_of(app: Any) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def complete(app: Any) -> bool:
    """Whether runs, data and predictions have been judged, and what was found has become tasks."""
    from runwatch.domain.intents import Rescan

    found = app.snapshot and app.snapshot.situation
    if not (found and found.data and found.predictions):
        return False
    if not all(data.latest and data.latest.multivariate for data in found.data):
        return False
    app.watching.submit(Rescan(), lambda answer: None)
    tasks = [task for listed in app.snapshot.tasks.values() for task in listed.tasks]
    return {f.fingerprint for f in app.snapshot.findings if f.rule == "metric-regressed"} <= {
        task.fingerprint for task in tasks if task.state == "open"
    }


async def until(holds: Callable[[], bool], what: str, shown: Callable[[], str] = str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > ends:
            raise SystemExit(f"pictures: {what} did not come{shown()}")
        await asyncio.sleep(0.1)


async def stand_still(app: Any, seconds: float) -> None:
    """Until nothing on the screen has changed for that long."""
    before, since = "", time.monotonic()

    def still() -> bool:
        nonlocal before, since
        if (now := text_of(app)) != before:
            before, since = now, time.monotonic()
        return time.monotonic() - since > seconds

    await until(still, "a screen that stands still")


async def press(app: Any, pilot: Any, key: str) -> None:
    what, _, words = key.partition(":")
    if what == "until":
        await until(lambda: words in text_of(app), key, lambda: f"\n{text_of(app)}")
    elif what == "on":
        await pilot.press("g")
        for _ in range(200):
            if words in str(app.focused.key):
                return
            await pilot.press("j")
        raise SystemExit(f"pictures: no row {words!r}")
    else:
        await pilot.press(key)
    await stand_still(app, 0.5)


async def take(picture: Picture, folder: Path) -> str:
    """One picture, as SVG."""
    from runwatch import config
    from runwatch.cli._dashboard_monitor import DashboardMonitor
    from runwatch.ui.app import RunwatchApp
    from runwatch.ui.settings import UiSettings

    root = str(folder)
    monitor = DashboardMonitor((root,), config.load((root,)))
    app = RunwatchApp(monitor, UiSettings(theme=picture.theme, clock=lambda: NOW))
    try:
        async with app.run_test(size=picture.size, notifications=True) as pilot:
            await until(lambda: complete(app), "the first complete look")
            await stand_still(app, STILL_S)
            for key in picture.keys:
                await press(app, pilot, key)
            await stand_still(app, 1.0)
            return app.export_screenshot(title="runwatch")
    finally:
        monitor.stop()
        app.bridge.stop()


def self_contained(svg: str) -> str:
    """``svg`` without fonts from elsewhere: the reader's own monospaced one is used."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "ui-monospace, DejaVu Sans Mono, Menlo, Consolas")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def settle_in(place: Path) -> None:
    """Homes of runwatch's own inside ``place``; the same zone and terminal everywhere."""
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        os.environ[name] = str(place / "home" / name.lower())
    os.environ |= {"TZ": "UTC", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)
    time.tzset()


def main() -> int:
    wanted = sys.argv[1:] or [picture.name for picture in PLAN]
    place = Path(tempfile.gettempdir()) / "runwatch-pictures"
    place.mkdir(mode=0o700)
    PICTURES.mkdir(exist_ok=True)
    try:
        settle_in(place)
        prepare(place / "lived")
        hold_still()
        for picture in PLAN:
            if picture.name in wanted:
                shutil.copytree(place / "lived", place / "clinic")
                svg = self_contained(asyncio.run(take(picture, place / "clinic")))
                file = PICTURES / f"{picture.name}.svg"
                file.write_text(svg, encoding="utf-8")
                print(file.relative_to(ROOT), flush=True)
                for used in ("clinic", "home"):
                    shutil.rmtree(place / used)
    finally:
        shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
