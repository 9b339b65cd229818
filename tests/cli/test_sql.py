"""``runwatch sql`` as a process: what is asked wrongly is said, and Ctrl-C ends what would take for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patience import PATIENCE_S

SRC = Path(__file__).parents[2] / "src"
FOR_EVER = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"


TOLD = """
import sys
from runwatch.cli import main
from runwatch.show import sql as tables
query = tables.query
def told(*given):
    print("asking", file=sys.stderr, flush=True)
    return query(*given)
tables.query = told
sys.exit(main(sys.argv[1:]))
"""


def started(root: Path, query: str, *how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *(how or ("-m", "runwatch")), "sql", query, str(root)],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # ignored where the tests are in the background
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "exp-1").mkdir()
    (tmp_path / "exp-1/metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    return tmp_path


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "no query given"),
        ("delete from runs", "not authorized"),
        ("select 1; select 2", "one statement at a time; the tables are"),
    ],
)
def test_what_is_asked_wrongly_is_said(root: Path, query: str, words: str) -> None:
    process = started(root, query)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2 and out == "" and words in err


def test_control_c_ends_a_query_that_never_would(root: Path) -> None:
    process = started(root, FOR_EVER, "-c", TOLD)
    assert process.stderr is not None and process.stderr.readline() == "asking\n"
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode in (130, -signal.SIGINT) and out == ""
