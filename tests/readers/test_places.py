"""Logs whose own counter starts again with each epoch, or that tell nothing but epochs in fractions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from growing import grown
from harness import Session, read_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwatch.domain.points import Points
from runwatch.readers import console, csv, jsonl
from runwatch.readers.base import Reader
from runwatch.readers.common.epoch_steps import Epochs

Row = dict[str, object]


def written(folder: Path, rows: list[Row], reader: Reader) -> Session:
    """The rows as a log that ``reader`` reads."""
    if reader is csv:
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        (folder / "log.csv").write_text("\n".join(lines) + "\n")
    else:
        (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_all(reader, folder)


def steps(told: Session, tag: str = "loss") -> list[int]:
    points: Points = told.runs["."].series[tag]
    return [int(step) for step in points.steps]


@pytest.mark.parametrize("reader", [csv, jsonl])
@pytest.mark.parametrize(
    ("key", "counters", "wanted"),
    [
        ("iter", [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0)], [0, 1, 2, 3, 4, 5, 6]),
        ("batch", [(0, 50), (0, 100), (1, 50), (1, 100)], [50, 100, 150, 200]),
        ("step", [(0, 10), (0, 20), (1, 10), (1, 20)], [10, 20, 30, 40]),
        ("batch", [(0, 781), (1, 781), (2, 781)], [781, 1562, 2343]),
        ("step", [(0, 781), (1, 781), (2, 900)], [781, 900]),
        ("step", [(0, 9), (0, 19), (1, 19), (1, 29), (2, 39)], [9, 19, 29, 39]),
        ("step", [(0, 50), (0, 100), (1, 99), (1, 150)], [50, 99, 100, 150]),
        ("step", [(1, 10), (2, 20), (1, 15), (2, 20), (2, 30)], [10, 15, 20, 30]),
        ("iter", [(1, 0), (1, 1), (2, 0), (2, 1), (1, 1), (2, 0), (3, 0)], [0, 1, 2, 3, 4]),
    ],
    ids=[
        "from-0",
        "stride",
        "step",
        "one-an-epoch",
        "step-stays",
        "goes-on",
        "late",
        "resumed",
        "resumed-again",
    ],
)
def test_a_counter_that_starts_again_goes_on(
    tmp_path: Path, reader: Reader, key: str, counters: list[tuple[int, int]], wanted: list[int]
) -> None:
    rows: list[Row] = [{"epoch": e, key: i, "loss": 1 / (n + 1)} for n, (e, i) in enumerate(counters)]
    told = written(tmp_path, rows, reader)
    assert steps(told) == wanted
    assert told.problems == []


def test_rows_of_training_and_validation_go_on_together(tmp_path: Path) -> None:
    rows: list[Row] = []
    for epoch in (1, 2, 3):
        rows += [{"mode": "train", "epoch": epoch, "iter": i, "loss": 0.5} for i in (50, 100)]
        rows.append({"mode": "val", "epoch": epoch, "iter": 20, "bbox_mAP": epoch / 10})
    told = written(tmp_path, rows, jsonl)
    assert steps(told, "train/loss") == [50, 100, 150, 200, 250, 300]
    assert steps(told, "val/bbox_mAP") == [20, 120, 220]


@pytest.mark.parametrize("reader", [csv, jsonl])
def test_epochs_in_fractions_are_counted_when_nothing_else_tells_the_step(
    tmp_path: Path, reader: Reader
) -> None:
    rows: list[Row] = [{"epoch": e, "loss": e} for e in (0.25, 0.5, 0.5, 0.75, 1.0, 1.25)]
    told = written(tmp_path, rows, reader)
    found = told.runs["."].series["loss"]
    assert found.steps.tolist() == [0, 1, 2, 3, 4]
    assert found.values.tolist() == [0.25, 0.5, 0.75, 1.0, 1.25]
    assert [p.where for p in told.problems] == ["line 2" if reader is csv else "line 1"]
    assert told.problems[0].hint == "log a step too, to compare runs at the same place"


def test_whole_epochs_stay_themselves_until_the_first_fraction(tmp_path: Path) -> None:
    rows: list[Row] = [{"epoch": e, "loss": e} for e in (1, 2, 3, 3.5, 4, 4.5)]
    assert steps(written(tmp_path, rows, csv)) == [1, 2, 3, 4, 5, 6]


def test_records_of_one_epoch_with_other_keys_share_its_step(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"epoch": 0.5, "loss": 3},
        {"epoch": 1.0, "loss": 2},
        {"epoch": 1.0, "eval_loss": 2.5},
        {"epoch": 1.5, "loss": 1},
    ]
    told = written(tmp_path, rows, jsonl)
    assert (steps(told), steps(told, "eval_loss")) == ([0, 1, 2], [1])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["", "0", "1", "2", "2.5", "3", "nan", "1e300"]),
            st.sampled_from(["-1", "0", "1", "2", "5", "9", "9223372036854775807"]),
            st.booleans(),
        ),
        max_size=20,
    ),
    cuts=st.lists(st.integers(600, 1200), max_size=8),
    key=st.sampled_from(["step", "iter"]),
    reader=st.sampled_from([csv, jsonl]),
)
def test_any_split_gives_the_same_steps(
    tmp_path: Path, rows: list[tuple[str, str, bool]], cuts: list[int], key: str, reader: Reader
) -> None:
    rows = [*(("-1", str(i), True) for i in range(70)), *rows]  # so that the head shows a log in any case
    if reader is csv:
        text = f"epoch,{key},a,b\n" + "".join(f"{e},{i},1,{int(b)}\n" for e, i, b in rows)
    else:
        lines = [f'{{"{key}": {i}, "{"a" if b else "b"}": 1, "epoch": {e or "null"}}}' for e, i, b in rows]
        text = "\n".join(lines).replace("nan", "NaN") + "\n"
    name = "log.csv" if reader is csv else "log.jsonl"
    whole = grown(reader, tmp_path / "a", name, text.encode(), [])
    assert grown(reader, tmp_path / "b", name, text.encode(), cuts) == whole


def test_a_console_that_counts_each_epoch_anew_goes_on(tmp_path: Path) -> None:
    lines = [f"Epoch {e} Step {i} loss: {3 - e + i / 100:.2f}\n" for e in (1, 2, 3) for i in (0, 10, 20)]
    (tmp_path / "train.log").write_text("".join(lines))
    assert steps(read_all(console, tmp_path)) == [0, 10, 20, 21, 31, 41, 42, 52, 62]


def test_fractions_that_go_back_have_the_steps_that_they_had() -> None:
    counted = Epochs({})
    first, _ = counted.steps(np.array([0.25, 0.5, 0.75, 1.0, 1.25]))
    resumed, _ = Epochs(counted.state()).steps(np.array([0.75, 1.0]))
    again, _ = Epochs(counted.state()).steps(np.array([0.25, 0.5]))
    assert first.tolist() == [0, 1, 2, 3, 4]
    assert resumed.tolist() == [2, 3] and again.tolist() == [0, 1]
