"""Tables and JSON lines that grow, are cut, replaced, or are garbage: any life of a file reads the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from growing import grown, summaries
from harness import Session, read_all
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwatch.readers import csv, jsonl, keras, lightning, sb3, ultralytics
from runwatch.readers.base import Reader

CELLS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.integers(-5, 300).map(str),
    st.sampled_from(
        [
            "",
            "nan",
            "NA",
            "train",
            "2026-01-05",
            "1-2",
            "1e",
            "  3",
            '"4"',
            "\xe9",
            "0x1",
            "1_0",
            '"a\nb"',
            '"c',
        ]
    ),
)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3).map(",".join), max_size=12)
LINES = st.one_of(
    ROWS.map("\n".join), st.sampled_from(["epoch,loss,a", "a,epoch,b,c\n1,2,3,4", "1,2", "\0", ""])
)
TABLES = st.lists(LINES, max_size=4).map(
    lambda parts: ("epoch,loss,a\n0,1.5,2\n" + "\n".join(parts) + "\n").encode()
)
VALUES = st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.sampled_from(["nan", "x"]))
RECORDS = st.dictionaries(st.sampled_from(["step", "epoch", "loss", "b", "time"]), VALUES, min_size=1)
LOGS = st.lists(
    st.one_of(RECORDS.map(json.dumps), st.sampled_from(["", "{", "[]", '{"n": {"m": 1}, "step": 3}']))
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(
    data=TABLES,
    cuts=st.lists(st.integers(0, 400), max_size=8),
    which=st.sampled_from([(keras, "history.csv"), (ultralytics, "results.csv")]),
)
def test_any_split_of_a_growing_table_reads_the_same(
    data: bytes, cuts: list[int], which: tuple[Reader, str]
) -> None:
    reader, name = which
    if reader is ultralytics:
        data = data.replace(b"loss", b"train/loss", 1)
    same_in_pieces(reader, name, data, cuts)


@QUICK
@given(
    data=TABLES, cuts=st.lists(st.integers(0, 400), max_size=8), file=st.sampled_from(["csv", "lightning"])
)
def test_any_split_of_a_growing_step_table_reads_the_same(data: bytes, cuts: list[int], file: str) -> None:
    data = data.replace(b"loss", b"step", 1)
    same_in_pieces(*((sb3, "progress.csv") if file == "csv" else (lightning, "metrics.csv")), data, cuts)


@QUICK
@given(lines=LOGS, cuts=st.lists(st.integers(0, 400), max_size=8), reader=st.sampled_from([jsonl, sb3]))
def test_any_split_of_growing_records_reads_the_same(
    lines: list[str], cuts: list[int], reader: Reader
) -> None:
    data = '{"step": 0, "loss": 1.0}\n' + "\n".join(lines) + '\n{"step": 9, "lo\u00e9s": 2}'
    same_in_pieces(reader, "log.jsonl" if reader is jsonl else "progress.json", data.encode(), cuts)


@QUICK
@given(values=st.lists(st.tuples(CELLS, CELLS)), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_split_of_a_plain_log_reads_the_same(values: list[tuple[str, str]], cuts: list[int]) -> None:
    rows = "".join(f"{i},{a},{b}\n" for i, (a, b) in enumerate(values))
    same_in_pieces(csv, "any.csv", f"step,loss,a\n0,1.5,2\n{rows}9,1,2".encode(), cuts)


def same_in_pieces(reader: Reader, name: str, data: bytes, cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = grown(reader, Path(folder) / "a", name, data, [])
        assert grown(reader, Path(folder) / "b", name, data, cuts) == whole


@QUICK
@given(rows=st.lists(st.tuples(st.integers(-(2**60), 2**60), st.floats(), st.floats(width=32)), min_size=1))
def test_numbers_come_back_exactly(rows: list[tuple[int, float, float]]) -> None:
    text = "step,a,b\n" + "".join(f"{s},{a!r},{b!r}\n" for s, a, b in rows)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "progress.csv").write_text(text)
        found = read_all(sb3, root).runs["."].series
    for tag, column in (("a", 1), ("b", 2)):
        wanted = {row[0]: row[column] for row in rows}
        assert found[tag].steps.tolist() == sorted(wanted)
        np.testing.assert_array_equal(found[tag].values, [wanted[step] for step in sorted(wanted)])


@QUICK
@given(
    noise=st.binary(max_size=300),
    which=st.sampled_from(
        [
            (csv, "metrics.csv", b"step,loss\n1,2\n"),
            (lightning, "metrics.csv", b"epoch,step,loss\n1,2,3\n"),
            (keras, "training.log", b"epoch,loss\n1,2\n"),
            (ultralytics, "results.csv", b"epoch,train/loss\n1,2\n"),
            (sb3, "progress.csv", b"step,loss\n1,2\n"),
            (jsonl, "log.jsonl", b'{"step": 1, "loss": 2}\n'),
        ]
    ),
)
def test_garbage_never_raises(noise: bytes, which: tuple[Reader, str, bytes]) -> None:
    reader, name, start = which
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for data in (noise, start + noise, start + b"\n".join(noise.split(b"x")), noise + b"\n" + start):
            (root / name).write_bytes(data)
            summaries(read_all(reader, root, final=True))


def test_any_history_of_a_file_ends_like_the_file_read_anew() -> None:
    rows = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=9)
    actions = st.lists(
        st.tuples(st.sampled_from(["append", "rewrite", "truncate", "remove"]), rows), max_size=8
    )

    @QUICK
    @given(actions, st.sampled_from([(csv, "log.csv"), (jsonl, "log.jsonl"), (keras, "training.log")]))
    def check(done: list[tuple[str, list[tuple[int, int]]]], which: tuple[Reader, str]) -> None:
        reader, name = which
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            watching = Session([reader], Path(folder))
            for number, (action, values) in enumerate([*done, ("append", [(1, 2)])]):
                rising = [(10 * number + s, v) for s, v in sorted(values)]
                _act(path, action, rising, f"m{number}" if action == "rewrite" else "loss")
                watching.look()
            assert summaries(watching) == summaries(read_all(reader, Path(folder)))

    check()


def _act(path: Path, action: str, values: list[tuple[int, int]], tag: str) -> None:
    if action == "remove":
        path.unlink(missing_ok=True)
        path.touch()
        return
    if action == "truncate":
        path.write_bytes(path.read_bytes()[:25] if path.exists() else b"")
        return
    old = path.read_bytes() if action == "append" and path.exists() else b""
    lines = [f'{{"epoch": {s}, "{tag}": {v}}}' for s, v in values]
    if path.suffix != ".jsonl":
        lines = ([] if old else [f"epoch,loss,{tag}2"]) + [f"{s},{v},{v / 7}" for s, v in values]
    path.write_bytes(old + "".join(f"{line}\n" for line in lines).encode())
