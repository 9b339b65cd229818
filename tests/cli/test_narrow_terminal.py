"""What commands print in a terminal of few columns: lines that fit, and no number cut or broken."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "sample_runs"
REFERENCE, NIGHT = "data/reference.parquet", "data/nights/night-10.parquet"
COMMANDS = (
    ("ls",),
    ("show", "retrain-nightly", "--root", "."),
    ("tasks", "--root", "."),
    ("drift", REFERENCE, NIGHT),
    ("compare", "challenger-small", "--baseline", "champion-seed-1", "--root", "."),
    ("compare", "challenger-small", "champion-seed-1", "--root", "."),
)
NUMBER = re.compile(r"[+−]?\d[\d.,]*\d")


def printed(folder: Path, command: tuple[str, ...], columns: int) -> str:
    """What the command writes into a terminal that wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {**os.environ, "NO_COLOR": "1", "TERM": "xterm", "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "runwatch", *command], cwd=folder, stdout=theirs, stdin=theirs, env=env
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # the other end is closed: all was read
        pass
    process.wait(60)
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("narrow") / "runs"
    shutil.copytree(SAMPLES, folder)
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_lines_fit_and_numbers_are_whole(samples: Path, command: tuple[str, ...]) -> None:
    wide = printed(samples, command, 400)
    for columns in (40, 60):
        narrow = printed(samples, command, columns)
        too_long = [line for line in narrow.splitlines() if len(line) > columns and " " in line.strip()]
        assert not too_long
        assert set(NUMBER.findall(narrow)) <= set(NUMBER.findall(wide))


def test_a_list_of_runs_keeps_name_metric_and_value(samples: Path) -> None:
    lines = printed(samples, ("ls",), 40).splitlines()
    assert len(lines) == len(printed(samples, ("ls",), 200).splitlines())
    assert "✗  retrain-nightly      val/auc   0.9869" in lines
