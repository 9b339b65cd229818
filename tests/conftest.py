"""What every test gets: a home of its own, and a complaint when it leaves a thread or an open file behind."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from patience import PATIENCE_S

_FDS = "/proc/self/fd"

_BY_CHANCE = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
# Nothing is asked of how busy the machine is, and every run tries the same examples: a test that fails does
# so because of what was changed. `make fuzz` looks for new ones, with --hypothesis-profile=random.
settings.register_profile("random", deadline=None, suppress_health_check=_BY_CHANCE)
settings.register_profile("runwatch", settings.get_profile("random"), derandomize=True, database=None)
settings.load_profile("runwatch")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run when a person asks for them by their mark (or by the file's name)."""
    asked = config.getoption("-m") or any(".py" in argument for argument in config.args)
    for item in items:
        if item.get_closest_marker("slow") and not asked:
            item.add_marker(pytest.mark.skip(reason="slow: run with -m slow"))


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


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every configuration that is found is trusted: for tests of what it can do."""
    monkeypatch.setattr("runwatch.config.is_trusted", lambda digest: True)


@pytest.fixture(autouse=True)
def brief_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look within this process takes as long as this machine needs: brief must not end it."""
    monkeypatch.setattr("runwatch.cli.brief._WAIT_S", 120.0)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """A test that leaves one of runwatch's (or watchdog's) threads running fails."""
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + PATIENCE_S
    while (left := _ours(set(threading.enumerate()) - before)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not left, f"threads left running: {left}"


@pytest.fixture(autouse=True)
def no_file_left_open(request: pytest.FixtureRequest, no_thread_left: None) -> Iterator[None]:
    """A test that leaves a file below its temporary directories open fails (where there is a /proc)."""
    before = _open_below(request)
    yield
    until = time.monotonic() + PATIENCE_S
    while (left := _open_below(request) - before) and time.monotonic() < until:
        time.sleep(0.02)
    assert not left, f"files left open: {sorted(path for _, path in left)!a}"


def _open_below(request: pytest.FixtureRequest) -> set[tuple[str, str]]:
    """Open file descriptors on paths below pytest's temporary directory."""
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    below = str(factory.getbasetemp().resolve()) + os.sep
    found = set()
    for fd in os.listdir(_FDS) if os.path.isdir(_FDS) else ():
        try:
            path = os.readlink(f"{_FDS}/{fd}")
        except OSError:
            continue
        if path.startswith(below):
            found.add((fd, path))
    return found


def _ours(threads: set[threading.Thread]) -> list[str]:
    return [t.name for t in threads if t.name.startswith("runwatch") or "Emitter" in type(t).__name__]
