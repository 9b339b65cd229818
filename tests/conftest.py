"""What every test gets: a home of its own, and a complaint when it leaves a thread behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE_S = 5.0


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State, cache and configuration of this test alone; nothing of the user's is seen or touched."""
    home = tmp_path_factory.mktemp("home")
    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        folder = home / variable.lower()
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(variable, str(folder))
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """A test that leaves one of runwatch's (or watchdog's) threads running fails."""
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + PATIENCE_S
    while (left := _ours(set(threading.enumerate()) - before)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not left, f"threads left running: {left}"


def _ours(threads: set[threading.Thread]) -> list[str]:
    return [t.name for t in threads if t.name.startswith("runwatch") or "Emitter" in type(t).__name__]
