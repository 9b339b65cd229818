"""``runwatch tail``: a real process, read line by line by a client, while a run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from patience import PATIENCE_S
from runwatch.domain.points import Points
from runwatch.domain.run import Metric, Run
from runwatch.domain.situation import Situation, Snapshot
from runwatch.show.schemas import RECORDS, schema_of_line, schema_of_record
from runwatch.show.tail import SnapshotTail, of_runs, record_text

SRC = Path(__file__).parents[2] / "src"


class Client:
    """Reads records until it has what it waits for."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runwatch", "tail", *words, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(SRC)},
        )  # fmt: skip

    def until(self, kind: str, **fields: object) -> dict[str, object]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            record = json.loads(line)
            jsonschema.validate(record, schema_of_record(record["type"]))
            jsonschema.validate(record, schema_of_line())
            if record["type"] == kind and all(record[name] == value for name, value in fields.items()):
                return record
        raise AssertionError(f"no {kind} {fields}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "runs" / "exp-1"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text("step,loss\n1,0.5\n2,0.4\n")
    yield folder


def add(run: Path, *rows: str) -> None:
    with (run / "metrics.csv").open("a") as file:
        file.write("".join(f"{row}\n" for row in rows))


def test_points_states_and_findings_as_they_come(run: Path) -> None:
    client = Client("exp-1", "--root", str(run.parent))
    client.until("status", run="exp-1", status="running")
    add(run, "3,nan", "4,0.25")
    assert client.until("point", step=3)["value_text"] == "nan"
    assert client.until("point", step=4)["value"] == 0.25
    (run / "train.log").write_text('Traceback (most recent call last):\n  File "a"\nValueError: boom\n')
    client.until("status", run="exp-1", status="crashed")
    client.until("finding", rule="run-crashed", state="new")
    assert client.end() == 0


def test_from_the_start(run: Path) -> None:
    client = Client("--root", str(run.parent), "--from-start")
    assert client.until("point")["step"] == 1
    client.end()


def test_a_run_that_is_not_there_is_said(run: Path) -> None:
    client = Client("gone", "--root", str(run.parent))
    out, err = client.process.communicate(timeout=PATIENCE_S)
    assert client.process.returncode == 2 and out == "" and "no such run" in err


def shot(version: int, steps: list[int], status: str = "running") -> tuple[Snapshot, Points]:
    points = Points.of(steps, [float(step) for step in steps])
    metric = Metric("loss", 1.0, steps[-1], None, None, None, None, None, len(steps), "min", "csv")
    made = Run(
        "/r", "a", ("csv",), status, "why", 0.0, 1.0, steps[-1], None, {"loss": metric}, version=version
    )
    return Snapshot(version, Situation(1e9, "h", ("/r",), (made,)), (), {}), points


def test_a_resumed_run_goes_back_and_on() -> None:
    now: list[Points] = [Points.empty()]
    tail = SnapshotTail(lambda key, tag: now[0], wanted=of_runs([]))
    said = []
    for version, steps in enumerate(([1, 2], [1, 2, 3], [1, 2], [1, 2, 30], [1, 2, 30])):
        snapshot, now[0] = shot(version, steps)
        said.append(
            [(r["type"], r.get("step")) for r in tail.new_records(snapshot, True) if r["type"] != "status"]
        )
    assert said == [[], [("point", 3)], [("rewound", 2)], [("point", 30)], []]


def test_every_record_has_words_and_a_schema() -> None:
    snapshot, points = shot(1, [1])
    tail = SnapshotTail(lambda key, tag: points, past=True, wanted=of_runs([]))
    assert [record_text(record) for record in tail.new_records(snapshot, True)] == [
        "a  step 1  loss 1",
        "a  running: why",
    ]
    assert set(RECORDS) == {"point", "status", "finding", "rewound", "host"}
    assert np.isnan(points.wall_times[0])
