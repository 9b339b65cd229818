from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from expected import check
from growing import rewritten, summaries
from harness import FIXTURES, read_all, stat_of
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import Append, Evidence, Label, Replace, Started
from runwatch.readers import hparams, sacred
from runwatch.readers.base import Claim, Cursor, Reading, SourceFile

CASE = FIXTURES / "sacred-runs"
CLAIM = Claim("sacred", "sacred", ".", ("run.json", "metrics.json"))


def read(root: Path, file: str, cursor: Cursor | None = None) -> Reading:
    return sacred.read(CLAIM, SourceFile(str(root), file, stat_of(root / file)), cursor)


def test_the_real_runs() -> None:
    session = read_all(sacred, CASE)
    check("sacred-runs", session.runs, hparams=False)
    assert session.problems == []
    failed = session.runs["runs/2"]
    assert failed.of(Evidence)[-1].reason == "Sacred says FAILED: ZeroDivisionError: mask sums to zero"
    assert Label("project", "mnist") in failed.of(Label)
    assert failed.of(Started)[-1].at == pytest.approx(1795575431.487991)
    assert read_all(hparams, CASE).runs["runs/2"].hparams.items() >= {"hidden": 32, "lr": 0.01}.items()


def test_a_killed_run_is_running_with_an_old_heartbeat() -> None:
    said = read_all(sacred, CASE).runs["runs/3"].of(Evidence)[-1]
    assert (said.status, said.at) == ("running", pytest.approx(1795575432, abs=60))


def version(values: list[float], name: str = "loss") -> bytes:
    stamps = [f"2026-01-01T00:00:{i:02d}" for i in range(len(values))]
    return json.dumps(
        {name: {"steps": list(range(len(values))), "timestamps": stamps, "values": values}}
    ).encode()


def test_a_version_that_only_goes_on_gives_its_new_points_alone(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_bytes(version([0.5, 0.4]))
    first = read(tmp_path, "metrics.json")
    (tmp_path / "metrics.json").write_bytes(version([0.5, 0.4, 0.3]))
    (grown,) = read(tmp_path, "metrics.json", first.cursor).operations["."]
    assert isinstance(grown, Append)
    assert list(grown.points.values) == [0.3]
    assert read(tmp_path, "metrics.json", Cursor.from_json(first.cursor.to_json())).operations
    (tmp_path / "metrics.json").write_bytes(version([0.9]))
    anew = read(tmp_path, "metrics.json", first.cursor).operations["."]
    assert isinstance(anew[0], Replace)


def test_lists_of_different_lengths_and_text_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"heartbeat": null, "status": "RUNNING"}')
    (tmp_path / "metrics.json").write_text(
        '{"a": {"steps": [0, 1], "values": [1.5], "timestamps": []}, "b": 7,'
        ' "c": {"steps": ["x"], "values": [1], "timestamps": [null]},'
        ' "d": {"steps": [3], "values": [NaN], "timestamps": ["bad"]}}'
    )
    session = read_all(sacred, tmp_path)
    assert set(session.runs["."].series) == {"a", "d"}
    assert [p.message for p in session.problems] == [
        "3 metrics without whole lists of steps and numbers: a, b, c"
    ]


VALUES = st.lists(st.floats(allow_nan=True), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(VALUES, st.sampled_from(["loss", "acc"]), st.integers(1, 30)), min_size=1, max_size=4)
)
def test_torn_versions_between_change_nothing(versions: list[tuple[list[float], str, int]]) -> None:
    wholes = [version(values, name) for values, name, _ in versions]
    torn = [
        part for whole, (_, _, cut) in zip(wholes, versions, strict=True) for part in (whole[:-cut], whole)
    ]

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "run.json").write_text('{"heartbeat": null, "status": "RUNNING"}')
        found = rewritten(sacred, root, "metrics.json", torn)
        assert found == rewritten(sacred, root, "metrics.json", wholes[-1:])


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b'{"heartbeat": 1, ', b'{"heartbeat": 1, "a": {"steps": '])
)
def test_garbage_never_raises(data: bytes, start: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "run.json").write_bytes(b'{"heartbeat"' + data)
        (Path(name) / "metrics.json").write_bytes(start + data)
        summaries(read_all(sacred, Path(name)))


KEYS = ["status", "heartbeat", "start_time", "stop_time", "fail_trace", "host", "experiment", "result"]
INNER = st.sampled_from(["steps", "values", "timestamps", "hostname", "name"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(INNER, inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_json_is_taken(values: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "run.json").write_text(json.dumps(values))
        (root / "metrics.json").write_text(json.dumps(values))
        read(root, "run.json")
        read(root, "metrics.json")
