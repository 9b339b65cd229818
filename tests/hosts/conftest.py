from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sshd as ssh

from patience import PATIENCE_S


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ssh.Sshd]:
    if why := ssh.reason():
        pytest.skip(why)
    made = ssh.Sshd(tmp_path_factory.mktemp("ssh"))
    yield made
    made.stop()


@pytest.fixture
def me(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This side: a home of its own, nothing of the real one."""
    home = tmp_path / "me"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def reach(server: ssh.Sshd, me: Path, monkeypatch: pytest.MonkeyPatch) -> ssh.Sshd:
    """The server, with an ssh on PATH that leads to it."""
    monkeypatch.setenv("PATH", f"{server.bin}{os.pathsep}{os.environ['PATH']}")
    return server


Runwatch = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def runwatch(me: Path) -> Runwatch:
    """The command on this side."""

    def call(*words: str, timeout: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runwatch", *words],
            cwd=me,
            env={**os.environ, "PYTHONPATH": str(ssh.SOURCE)},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    return call
