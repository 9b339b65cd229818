"""Whatever becomes of a tool's files, its reader returns: cut, flipped, filled with other things."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from harness import FIXTURES, read_all

from runwatch.readers import (
    clearml,
    comet,
    dvc,
    epochs,
    flaml,
    guild,
    inspect,
    lm_eval,
    neptune,
    orbax,
    ray,
    swanlab,
    syne_tune,
    unread,
)
from runwatch.readers.base import Reader
from runwatch.readers.optuna import database, journal

CASES: list[tuple[Reader, str]] = [
    (clearml, "clearml"), (comet, "comet"), (database, "optuna"), (epochs, "skorch-history"),
    (flaml, "flaml"),
    (guild, "guild"), (inspect, "inspect"), (journal, "optuna"), (lm_eval, "lm-eval"), (neptune, "neptune"),
    (orbax, "orbax"), (swanlab, "swanlab"), (syne_tune, "syne-tune"), (unread, "aim"),
]  # fmt: skip
STRANGE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"3",
    b'{"a": [1, {"b": NaN}]}\n',
    b"\x00" * 64,
    b"PK\x03\x04" + b"\xff" * 60,
]


def damaged(data: bytes, source: random.Random) -> bytes:
    kind = source.randrange(4)
    if kind == 0:
        return data[: source.randrange(len(data) + 1)]
    if kind == 1 and data:
        out = bytearray(data)
        for _ in range(source.randrange(1, 9)):
            out[source.randrange(len(out))] = source.randrange(256)
        return bytes(out)
    if kind == 2:
        at = source.randrange(len(data) + 1)
        return data[:at] + data[source.randrange(len(data) + 1) :]
    return source.choice(STRANGE)


@pytest.mark.parametrize(("reader", "case"), CASES)
def test_a_reader_returns_whatever_the_files_hold(tmp_path: Path, reader: Reader, case: str) -> None:
    source = random.Random(case)
    for i in range(12):
        root = tmp_path / str(i)
        shutil.copytree(FIXTURES / case, root)
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            if source.random() < 0.5:
                path.write_bytes(damaged(path.read_bytes(), source))
        read_all(reader, root, final=True)


def test_a_pipeline_of_strange_files(tmp_path: Path) -> None:
    for i, data in enumerate(STRANGE):
        (tmp_path / str(i)).mkdir()
        for name in ("dvc.yaml", "metrics.json", "metrics.toml", "metrics.yaml"):
            (tmp_path / str(i) / name).write_bytes(data)
        read_all(dvc, tmp_path / str(i))


@pytest.mark.parametrize(
    ("reader", "case", "log"),
    [
        (flaml, "flaml", "*.log"),
        (journal, "optuna", "journal.log"),
        (neptune, "neptune", "data-*.log"),
        (ray, "ray-tune", "result.json"),
    ],
)
def test_a_line_that_is_no_object_costs_itself_alone(
    tmp_path: Path, reader: Reader, case: str, log: str
) -> None:
    whole = read_all(reader, FIXTURES / case)
    root = tmp_path / "a"
    shutil.copytree(FIXTURES / case, root)
    logs = sorted(root.rglob(log))
    for path in logs:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:-1], b"[1, 2]\n", b'"x"\n', b"null\n", *lines[-1:]]))
    told = read_all(reader, root)
    for run, its in whole.runs.items():
        assert {tag: points.values.tolist() for tag, points in told.runs[run].series.items()} == {
            tag: points.values.tolist() for tag, points in its.series.items()
        }
    assert logs
    assert len(told.problems) - len(whole.problems) == 3 * len(logs)
