from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from expected import check
from growing import grown, summaries
from harness import FIXTURES, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from runwatch.domain.operations import Evidence, HParams, Label, Started
from runwatch.readers.mlflow import files

CASE = FIXTURES / "mlflow-file"
EXPERIMENT = "mlruns/662933793172313892"
GOOD = f"{EXPERIMENT}/a469f3c3a29149e5b0536d8e6231f21c"
CHILD = f"{EXPERIMENT}/0287655f229340b6842c920c0ceb37c3"


def a_run(root: Path, meta: str = "status: 1\n") -> Path:
    run = root / "0" / ("a" * 32)
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").write_text(f"run_id: {'a' * 32}\n{meta}")
    return run


def test_the_real_store() -> None:
    session = read_all(files, CASE)
    check("mlflow-file", session.runs)
    assert session.problems == []


def test_names_parents_and_times() -> None:
    runs = read_all(files, CASE).runs
    labels = {label.key: label.value for label in runs[CHILD].of(Label)}
    assert labels == {
        "name": "child",
        "project": "churn",
        "parent": f"{EXPERIMENT}/6a6bfa81ea2c416787ccac6cd5703687",
    }
    assert runs[GOOD].of(Started)[-1].at == 1795575366.613
    assert runs[GOOD].of(Evidence)[-1].reason == "MLflow says FINISHED"
    environment = [said for said in runs[GOOD].of(HParams) if said.section == "environment"]
    assert {"team": "risk"} in [said.values for said in environment]


def test_deleted_runs_are_left_out(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    assert len(claims(files, tmp_path)) == 1
    (run / "meta.yaml").write_text(f"run_id: {'a' * 32}\nlifecycle_stage: deleted\n")
    assert claims(files, tmp_path) == []
    (run / "meta.yaml").write_text(f"run_id: {'a' * 32}\nlifecycle_stage: active\n")
    (tmp_path / "0" / "meta.yaml").write_text("name: x\nlifecycle_stage: deleted\n")
    assert claims(files, tmp_path) == []
    (tmp_path / "0" / "meta.yaml").write_text("name: x\nlifecycle_stage: active\n")
    shutil.move(tmp_path / "0", tmp_path / ".trash" / "0")
    assert claims(files, tmp_path) == []


def test_a_logged_model_is_no_run(tmp_path: Path) -> None:
    model = tmp_path / "0" / "models" / "m-1"
    model.mkdir(parents=True)
    (model / "meta.yaml").write_text("model_id: m-1\nsource_run_id: abc\n")
    assert claims(files, tmp_path) == []


def test_metric_lines(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    lines = (
        "1700000000000 0.5\n1700000001000 nan 1\n1700000002000 -inf 2 extra 5\nx y z\n1700000003000 1_0 3\n"
    )
    (run / "metrics" / "a b").write_text(lines + "1700000004000 0.25 9007199254740993\n1700000005000 0.1 ")
    session = read_all(files, tmp_path)
    (told,) = session.runs.values()
    points = told.series["a b"]
    assert list(points.steps) == [0, 1, 2, 9007199254740993]
    assert [repr(float(v)) for v in points.values] == ["0.5", "nan", "-inf", "0.25"]
    assert points.wall_times[0] == 1.7e9
    assert [problem.where for problem in session.problems] == ["line 4", "line 5"]


def test_a_run_as_the_root_itself(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    (run / "metrics" / "loss").write_text("1700000000000 0.5 0\n")
    assert list(read_all(files, run).runs["."].series) == ["loss"]


def test_a_run_that_ends(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    session = read_all(files, tmp_path)
    (told,) = session.runs.values()
    assert told.of(Evidence)[-1].status == "running"
    (run / "meta.yaml").write_text(f"run_id: {'a' * 32}\nstatus: FAI")
    session.look()
    (run / "meta.yaml").write_text(f"run_id: {'a' * 32}\nstatus: 4\nend_time: 1700000000000\n")
    session.look()
    assert (told.of(Evidence)[-1].status, told.of(Evidence)[-1].at) == ("crashed", 1.7e9)


METRIC = (CASE / GOOD / "metrics" / "train" / "loss").read_bytes()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, len(METRIC)), max_size=6))
def test_any_split_of_the_growth_gives_the_same(cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        a_run(root)
        file = f"0/{'a' * 32}/metrics/loss"
        assert grown(files, root, file, METRIC, cuts) == grown(files, root, file, METRIC, [])


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_never_raises(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        run = a_run(Path(name))
        for file in ("meta.yaml", "metrics/loss", "params/a", "tags/b"):
            (run / file).parent.mkdir(exist_ok=True)
            (run / file).write_bytes(data)
        summaries(read_all(files, Path(name), final=True))


def test_a_dataset_that_was_logged_is_no_run(tmp_path: Path) -> None:
    for place in ("mlruns/0/datasets", f"mlruns/0/{'a' * 32}/inputs"):
        folder = tmp_path / place / ("b" * 32)
        folder.mkdir(parents=True)
        (folder / "meta.yaml").write_text("digest: c0ffee\nname: train\nsource_type: local\n")
    assert not list(claims(files, tmp_path))


def test_metrics_without_meta_are_a_run_that_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "mlruns" / "0" / ("a" * 32) / "metrics"
    folder.mkdir(parents=True)
    (folder / "loss").write_text("1700000000000 0.5 0\n1700000001000 0.25 1\n")
    session = read_all(files, tmp_path)
    [told] = session.runs.values()
    assert told.series["loss"].values.tolist() == [0.5, 0.25]
    assert "without meta.yaml" in session.problems[0].message
