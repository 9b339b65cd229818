from __future__ import annotations

import json
import tempfile
from pathlib import Path

from expected import check
from growing import grown, rewritten, summaries
from harness import FIXTURES, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import Evidence, Started, Writer
from runwatch.readers import ray

CASE = FIXTURES / "ray-tune"
TRIAL = next(path for path in sorted((CASE / "exp").iterdir()) if path.is_dir())
RESULTS = (TRIAL / "result.json").read_bytes()
STATE = next((CASE / "exp").glob("experiment_state-*.json")).read_bytes()
NAME = "experiment_state-2026-11-25_03-03-30.json"


def row(step: int, **values: object) -> bytes:
    return (
        json.dumps({"training_iteration": step, "trial_id": "t", "timestamp": 1000 + step, **values}).encode()
        + b"\n"
    )


def test_the_real_trials() -> None:
    session = read_all(ray, CASE)
    check("ray-tune", session.runs)
    assert session.problems == []
    reasons = {run_id[-60:][:30]: told.of(Evidence)[-1].reason for run_id, told in session.runs.items()}
    assert sorted(reasons.values()) == [
        "Ray Tune says ERROR: RuntimeError: diverged",
        "Ray Tune says TERMINATED",
        "Ray Tune says TERMINATED",
    ]


def test_who_writes_and_since_when() -> None:
    told = next(iter(read_all(ray, CASE).runs.values()))
    (writer,), (started,) = told.of(Writer), told.of(Started)
    assert (writer.host, isinstance(writer.pid, int)) == ("vm", True)
    assert abs(started.at - 1795575814) < 2


def test_it_speaks_for_progress_csv_and_the_event_files() -> None:
    numbers, word = claims(ray, TRIAL.parent)[:2]
    assert [file.rpartition("/")[2] for file in numbers.files] == ["result.json", "progress.csv"]
    assert "tensorboard" in numbers.supersedes
    assert (word.format, word.role) == ("", "part")
    assert word.files == (NAME,)


def test_the_newest_state_counts(tmp_path: Path) -> None:
    trial = tmp_path / "exp" / "t"
    trial.mkdir(parents=True)
    (trial / "result.json").write_bytes(row(1, loss=0.5))
    for name, status in (("2026-01-02", "TERMINATED"), ("2026-01-01", "ERROR")):
        text = json.dumps({"trial_data": [[json.dumps({"status": status, "relative_logdir": "t"}), "{}"]]})
        (tmp_path / "exp" / f"experiment_state-{name}.json").write_text(text)
    (trial / "error.txt").write_text("RuntimeError: of the first try\n")
    assert read_all(ray, tmp_path).runs["exp/t"].of(Evidence)[-1].status == "finished"


def test_error_txt_speaks_where_there_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(row(1, loss=0.5))
    (tmp_path / "error.txt").write_text("Traceback\nRuntimeError: diverged\n")
    (said,) = read_all(ray, tmp_path).runs["."].of(Evidence)
    assert (said.status, said.reason) == ("crashed", "error.txt: RuntimeError: diverged")


def test_rows_that_are_none(tmp_path: Path) -> None:
    bad = b'{"loss": 1}\nnot json\n{"training_iteration": true}\n' + b'{"training_iteration": 2.5}\n'
    (tmp_path / "result.json").write_bytes(
        row(1, loss=float("nan"), ok=True, n={"f1": "inf"}) + bad + b'{"train'
    )
    session = read_all(ray, tmp_path)
    assert {tag: repr(float(p.values[0])) for tag, p in session.runs["."].series.items()} == {
        "loss": "nan",
        "n/f1": "inf",
    }
    assert [problem.where for problem in session.problems] == ["line 2", "line 3", "line 4", "line 5"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, len(RESULTS)), max_size=6))
def test_any_split_of_the_growth_gives_the_same(cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root, file = Path(name), "exp/t/result.json"
        assert grown(ray, root, file, RESULTS, cuts) == grown(ray, root, file, RESULTS, [])


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["RUNNING", "ERROR", "TERMINATED"]), st.integers(1, 20)),
        min_size=1,
        max_size=4,
    )
)
def test_torn_versions_of_the_state_change_nothing(versions: list[tuple[str, int]]) -> None:
    wholes = [
        json.dumps({"trial_data": [[json.dumps({"status": status, "relative_logdir": "t"}), "{}"]]}).encode()
        for status, _ in versions
    ]
    torn = [part for whole, (_, cut) in zip(wholes, versions, strict=True) for part in (whole[:-cut], whole)]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "exp" / "t").mkdir(parents=True)
        (root / "exp" / "t" / "result.json").write_bytes(row(1, loss=0.5))
        assert rewritten(ray, root, f"exp/{NAME}", torn) == rewritten(ray, root, f"exp/{NAME}", wholes[-1:])


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b'{"training_iteration"', STATE[:200]]))
def test_garbage_never_raises(data: bytes, start: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        trial = Path(name) / "exp" / "t"
        trial.mkdir(parents=True)
        (trial / "params.json").write_text("{}")
        (trial / "result.json").write_bytes(start + data)
        (trial.parent / NAME).write_bytes(start + data)
        summaries(read_all(ray, Path(name), final=True))
