"""Logs whose step does not rise from row to row: writers that interleave are read, a table in no order is
said."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest
from harness import claims, read_all

from runwatch.readers import csv, jsonl, unplaced
from runwatch.readers.base import Reader

Rows = list[dict[str, object]]


def _rows(steps: list[int], **words: list[int]) -> Rows:
    return [
        {"step": step, **{key: its[i] for key, its in words.items()}, "loss": 2.0 / (step + 1)}
        for i, step in enumerate(steps)
    ]


def _write(folder: Path, rows: Rows, reader: Reader) -> None:
    if reader is csv:
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    else:
        (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _behind(lag: int, workers: int, steps: int) -> list[tuple[int, int]]:
    """(step, worker) in the order of writing."""
    return [
        (i - lag * worker, worker)
        for i in range(steps + lag * workers)
        for worker in range(workers)
        if 0 <= i - lag * worker < steps
    ]


@pytest.mark.parametrize("reader", [csv, jsonl])
@pytest.mark.parametrize(("lag", "workers"), [(1, 2), (3, 2), (7, 2), (20, 2), (2, 5), (1, 8)])
def test_writers_that_interleave_are_read_as_one(
    tmp_path: Path, reader: Reader, lag: int, workers: int
) -> None:
    _write(tmp_path, _rows([step for step, _ in _behind(lag, workers, 60)]), reader)
    told = read_all(reader, tmp_path)
    assert told.problems == []
    assert told.runs["."].series["loss"].steps.tolist() == list(range(60))


@pytest.mark.parametrize(
    ("key", "word"), [("rank", "rank"), ("worker_id", "worker"), ("seed", "seed"), ("trial_id", "trial")]
)
@pytest.mark.parametrize("reader", [csv, jsonl])
def test_interleaved_writers_that_say_who_they_are_stay_apart(
    tmp_path: Path, reader: Reader, key: str, word: str
) -> None:
    rows = _behind(3, 4, 40)
    random.Random(0).shuffle(rows)
    rows.sort(key=lambda row: row[0] + 9 * row[1])
    _write(tmp_path, _rows([step for step, _ in rows], **{key: [worker for _, worker in rows]}), reader)
    told = read_all(reader, tmp_path)
    assert told.problems == []
    assert {tag: len(points) for tag, points in told.runs["."].series.items()} == {
        f"{word}_{worker}/loss": 40 for worker in range(4)
    }


def _shuffled(many: int) -> list[int]:
    steps = list(range(many))
    random.Random(many).shuffle(steps)
    return steps


@pytest.mark.parametrize("reader", [csv, jsonl])
@pytest.mark.parametrize(
    "steps",
    [_shuffled(24), _shuffled(60), _shuffled(500), list(range(50, 0, -1)), list(range(5000, 0, -100))],
    ids=["24", "60", "500", "newest-first", "newest-first-strided"],
)
def test_rows_in_no_order_are_a_problem_and_no_run(tmp_path: Path, reader: Reader, steps: list[int]) -> None:
    _write(tmp_path, _rows(steps), reader)
    assert [claim.role for claim in claims(reader, tmp_path)] == ["unread"]
    told = read_all(reader, tmp_path)
    assert told.runs == {}
    assert [(p.message.partition(",")[0], p.hint) for p in told.problems] == [
        ("metrics whose step does not rise from row to row", "sort its rows by step")
    ]


def test_fractions_for_steps_beside_an_epoch_are_a_problem(tmp_path: Path) -> None:
    rows: Rows = [{"epoch": i // 5, "step": (i + 0.5) / 10, "val_loss": 1 / (i + 1)} for i in range(20)]
    _write(tmp_path, rows, csv)
    told = read_all(csv, tmp_path)
    assert told.runs == {}
    assert [p.hint for p in told.problems] == ["log an integer step"]


@pytest.mark.parametrize("reader", [csv, jsonl])
def test_data_in_no_order_is_silent(tmp_path: Path, reader: Reader) -> None:
    draw = random.Random(1)
    rows: Rows = [{"time": draw.randrange(24), "x": draw.random(), "y": draw.random()} for _ in range(60)]
    _write(tmp_path, rows, reader)
    assert claims(reader, tmp_path) == []


@pytest.mark.parametrize("reader", [csv, jsonl])
def test_a_job_that_is_started_again_and_again_is_in_order(tmp_path: Path, reader: Reader) -> None:
    _write(tmp_path, _rows([10, 20, 30] * 10 + [20, 30] * 12), reader)
    told = read_all(reader, tmp_path)
    assert told.problems == []
    assert told.runs["."].series["loss"].steps.tolist() == [10, 20, 30]


def test_numbers_with_separators_are_a_problem(tmp_path: Path) -> None:
    rows = "".join(f'"{i},000","{i},234.5"\n' for i in range(1, 9))
    (tmp_path / "metrics.csv").write_text("step,loss\n" + rows)
    told = read_all(csv, tmp_path)
    assert told.runs == {}
    assert [p.hint for p in told.problems] == ["log an integer step"]


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the name of a test holds it: no time of day in it


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("log.csv", "step,loss\n1,0.5\n".encode("utf-16"), "metrics as UTF-16, not read"),
        ("train.log.gz", _packed(b"step 1 loss 2.0\nstep 2 loss 1.0\n"), "a packed log, not read"),
        ("log.jsonl", b'{"step": "1", "loss": "0.5"}\n', "metrics that are no JSON lines, not read"),
        ("log.jsonl", b'{\n "step": 1,\n "loss": 0.5\n}\n', "metrics that are no JSON lines, not read"),
        ("orders.csv", "id,price\n1,0.5\n".encode("utf-16"), None),
        ("orders.log.gz", _packed(b"GET /index.html 200\n"), None),
        ("broken.log.gz", b"\x1f\x8b\x08not gzip", None),
        ("log.jsonl", b'{"step": 1, "loss": 0.5}\n', None),
        ("chat.jsonl", b'{"text": "the loss of a friend"}\n', None),
    ],
)
def test_what_plainly_holds_metrics_and_is_not_read_is_said(
    tmp_path: Path, name: str, data: bytes, message: str | None
) -> None:
    (tmp_path / name).write_bytes(data)
    told = read_all(unplaced, tmp_path)
    assert [problem.message for problem in told.problems] == ([message] if message else [])


@pytest.mark.parametrize("loss", ["loss", "score"])
def test_rows_between_whole_steps_cost_themselves_alone(tmp_path: Path, loss: str) -> None:
    """A log of half steps, and no epoch that counts: what stands at whole ones is read."""
    rows = "".join(f"{i / 2},{1 / (i + 1):.4f}\n" for i in range(1, 20))
    (tmp_path / "metrics.csv").write_text(f"step,{loss}\n{rows}")
    told = read_all(csv, tmp_path)
    assert told.runs["."].series[loss].steps.tolist() == list(range(1, 10))
    assert {problem.message for problem in told.problems} == {"step is not a whole number, row skipped"}
