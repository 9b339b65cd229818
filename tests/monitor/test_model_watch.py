"""``[[models]]`` from outside: batches arrive, and the situation tells how the models do on them."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from patience import PATIENCE_S
from runwatch import config
from runwatch.domain.comparison import Comparison, PredictionsKey
from runwatch.domain.drift import DataSet
from runwatch.domain.situation import Situation, Snapshot
from runwatch.monitor.board import Board
from runwatch.monitor.live import Monitor
from runwatch.monitor.once import load
from runwatch.monitor.wanted import Wanted
from scoring.models import customers, good_model, poor_model, save_graph, save_onnx, save_skops

pytestmark = pytest.mark.usefixtures("trusting")

pytest.importorskip("onnxruntime")
pytest.importorskip("skops")
pytest.importorskip("skl2onnx")

SETTINGS = """
[[data]]
name = "customers"
reference = "data/reference.parquet"
current = "data/batches/*"
target = "churned"
key = "id"

[[models]]
name = "churn"
champion = "models/champion.onnx"
challenger = "models/challenger.skops"
data = "customers"
slices = ["region"]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a good champion, a challenger that knows the age only, and a reference."""
    root = tmp_path_factory.mktemp("trained")
    frame = customers(2000, seed=1)
    (root / "data" / "batches").mkdir(parents=True)
    frame.to_parquet(root / "data" / "reference.parquet")
    save_onnx(good_model(frame), frame[["age", "income", "region"]][:1], root / "models" / "champion.onnx")
    save_skops(poor_model(frame), root / "models" / "challenger.skops")
    (root / "runwatch.toml").write_text(SETTINGS)
    return root


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "root"))


def arrive(root: Path, day: int, rows: int = 800, **how: object) -> None:
    path = root / "data" / "batches" / f"2026-11-{day:02}.csv"
    customers(rows, seed=day, **how).to_csv(path, index=False)  # type: ignore[arg-type]


def settle(root: Path, **changes: str) -> None:
    text = (root / "runwatch.toml").read_text()
    for old, new in changes.items():
        text = text.replace(old, new)
    (root / "runwatch.toml").write_text(text)


def look(root: Path) -> Situation:
    return load((str(root),), wanted=Wanted(machine=False)).snapshot.situation


def churn(situation: Situation) -> Comparison:
    return situation.predictions[PredictionsKey(situation.roots[0], "churn")]


def predictions(situation: Situation) -> DataSet:
    return next(one for one in situation.data if one.name == "churn predictions")


def written(own_places: Path) -> dict[str, int]:
    """Predictions files in the state directory: path to inode, which a new writing changes."""
    return {
        str(path.relative_to(own_places)).partition("/m-churn/")[2]: path.stat().st_ino
        for path in own_places.rglob("*.parquet")
    }


def test_labelled_batches_are_compared_and_unlabelled_ones_watched_for_drift(root: Path) -> None:
    arrive(root, 1)
    arrive(root, 2, shift=15.0, labels=False)
    snapshot = load((str(root),), wanted=Wanted(machine=False)).snapshot
    situation = snapshot.situation
    assert not situation.problems

    comparison = churn(situation)
    assert (comparison.verdict, comparison.task) == ("worse", "binary")
    assert (comparison.baseline, comparison.candidate) == ("models/champion.onnx", "models/challenger.skops")
    assert any("2026-11-01.csv" in note for note in comparison.notes)
    assert {one.slice for one in comparison.slices} == {"region = north", "region = south"}

    watched = predictions(situation)
    assert watched.root == str(root) and watched.latest is not None
    assert {column.name: column.role for column in watched.latest.columns} == {
        "y_pred": "prediction",
        "y_score": "prediction",
    }
    assert watched.latest.verdict == "drifted"
    assert [batch.rows for batch in watched.batches] == [800, 800]
    assert {one.batch for one in watched.estimated if one.realised is None} == {watched.batches[-1].name}
    assert {"metric-regressed", "prediction-drifted"} <= {finding.rule for finding in snapshot.findings}


def test_a_champion_alone_is_watched(root: Path) -> None:
    settle(root, **{'challenger = "models/challenger.skops"\n': ""})
    arrive(root, 1, labels=False)
    situation = look(root)
    assert not situation.problems and not situation.predictions
    assert predictions(situation).latest is not None


def test_what_a_model_does_not_give_is_no_fault_of_the_settings(root: Path) -> None:
    from sklearn.linear_model import RidgeClassifier

    frame = customers(2000, seed=1)
    thirds = (frame["age"] // 10 % 3).astype(int)
    save_skops(RidgeClassifier().fit(frame[["age"]], thirds), root / "models" / "labels.skops")
    save_graph(root / "models" / "scores.onnx", [[0.1]], after="Sigmoid")
    arrive(root, 1, labels=False)
    for model, task, column in (
        ("labels.skops", "multiclass", "y_pred"),
        ("scores.onnx", "binary", "y_score"),
    ):
        entry = f'champion = "models/{model}"\nfeatures = ["age"]\ntask = "{task}"\n'
        (root / "runwatch.toml").write_text(re.sub("champion = .*\nchallenger = .*\n", entry, SETTINGS))
        situation = look(root)
        assert not situation.problems and not situation.unjudged
        watched = predictions(situation)
        assert watched.latest is not None and column in {one.name for one in watched.latest.columns}


def test_each_batch_is_scored_once_until_it_or_a_model_changes(root: Path, own_places: Path) -> None:
    arrive(root, 1, rows=300)
    look(root)
    first = written(own_places)
    assert sorted(first) == [
        "challenger/data/batches/2026-11-01.csv.parquet",
        "champion/data/batches/2026-11-01.csv.parquet",
        "champion/data/reference.parquet",
    ]
    look(root)
    assert written(own_places) == first

    shutil.copy(root / "models" / "challenger.skops", root / "models" / "new")
    os.replace(root / "models" / "new", root / "models" / "challenger.skops")
    look(root)
    second = written(own_places)
    assert {name for name in first if first[name] != second[name]} == {
        "challenger/data/batches/2026-11-01.csv.parquet"
    }

    arrive(root, 1, rows=500)
    situation = look(root)
    third = written(own_places)
    assert third["champion/data/reference.parquet"] == first["champion/data/reference.parquet"]
    assert predictions(situation).batches[0].rows == 500


def test_predictions_on_batches_that_are_gone_are_removed_in_time(root: Path, own_places: Path) -> None:
    settle(root, **{'challenger = "models/challenger.skops"\n': ""})
    arrive(root, 1, rows=100)
    arrive(root, 2, rows=100)
    look(root)
    (root / "data" / "batches" / "2026-11-01.csv").unlink()
    look(root)
    assert len(written(own_places)) == 3
    load((str(root),), wanted=Wanted(machine=False), now=time.time() + 7200)
    assert sorted(written(own_places)) == [
        "champion/data/batches/2026-11-02.csv.parquet",
        "champion/data/reference.parquet",
    ]


def test_nothing_is_written_into_the_root(root: Path) -> None:
    arrive(root, 1, rows=100)
    before = sorted(root.rglob("*"))
    look(root)
    assert sorted(root.rglob("*")) == before


def test_a_broken_challenger_does_not_stop_the_champion(root: Path) -> None:
    (root / "models" / "challenger.skops").write_bytes(b"\x80\x04pickled")
    arrive(root, 1, rows=300)
    situation = look(root)
    (problem,) = situation.problems
    assert problem.file == "models/challenger.skops" and "never opened" in problem.message
    assert predictions(situation).latest is not None and not situation.predictions


def test_a_model_that_can_not_be_loaded_is_one_problem_for_all_batches(root: Path) -> None:
    settle(root, **{'challenger = "models/challenger.skops"\n': ""})
    (root / "models" / "champion.onnx").write_bytes(b"\x08\x07rubbish")
    for day in (1, 2, 3):
        arrive(root, day, rows=50)
    (problem,) = look(root).problems
    assert problem.file == "models/champion.onnx" and "onnxruntime" in problem.message


def test_a_batch_without_a_column_is_named_and_the_others_count(root: Path) -> None:
    settle(root, **{'challenger = "models/challenger.skops"\n': ""})
    arrive(root, 1, rows=300)
    customers(300).drop(columns="income").to_csv(root / "data" / "batches" / "2026-11-02.csv", index=False)
    situation = look(root)
    (problem,) = [one for one in situation.problems if "income" in one.message]
    assert problem.file == "data/batches/2026-11-02.csv" and problem.hint
    assert [batch.rows for batch in predictions(situation).batches] == [300]


def test_outputs_that_are_no_numbers_are_told(root: Path) -> None:
    save_graph(root / "models" / "champion.onnx", [[1.0, -1.0], [1.0, 1.0]])
    settle(root, **{'challenger = "models/challenger.skops"\n': 'features = ["age", "income"]\n'})
    frame = customers(300)
    frame.loc[:4, "income"] = float("nan")
    frame.to_csv(root / "data" / "batches" / "2026-11-01.csv", index=False)
    (problem,) = look(root).problems
    assert "5 of 300 outputs" in problem.message and "not finite" in problem.message


def test_missing_packages_are_one_problem_that_says_what_to_install(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    without = ("onnxruntime", "skops")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in without else real(name))
    arrive(root, 1, rows=50)
    (problem,) = look(root).problems
    assert "onnxruntime and skops" in problem.message
    assert problem.hint == "pip install 'runwatch[models]'"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('data = "customers"', 'data = "custmers"', "did you mean 'customers'?"),
        ("models/champion.onnx", "models/absent.onnx", "check the path"),
    ],
)
def test_settings_that_lead_nowhere_are_problems(root: Path, old: str, new: str, said: str) -> None:
    settle(root, **{old: new})
    settle(root, **{'challenger = "models/challenger.skops"\n': ""})
    arrive(root, 1, rows=50)
    (problem,) = look(root).problems
    assert said in problem.hint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('task = "clasification"', "must be one of binary, multiclass, regression"),
        ('timeout = "soon"', "must be a duration"),
        ('challanger = "x"', "did you mean 'challenger'?"),
    ],
)
def test_faults_in_the_settings_name_the_key(root: Path, line: str, said: str) -> None:
    settle(root, **{'slices = ["region"]': line})
    with pytest.raises(config.ConfigError, match=re.escape(said)):
        look(root)


def test_two_models_of_one_name_are_told_apart_or_refused(root: Path) -> None:
    settle(root, **{'challenger = "models/challenger.skops"\n': ""})
    (root / "runwatch.toml").write_text(
        (root / "runwatch.toml").read_text()
        + '\n[[models]]\nname = "churn"\nchampion = "models/champion.onnx"\ndata = "customers"\n'
    )
    arrive(root, 1, rows=50)
    (problem,) = look(root).problems
    assert "'churn' is taken" in problem.message


def test_three_classes_are_compared_with_their_scores(root: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    frame = customers(1500, seed=5).drop(columns="region")
    frame["churned"] = (
        (frame["income"].rank(pct=True) * 3).astype(int).clip(0, 2).map({0: "a", 1: "b", 2: "c"})
    )
    frame[:1000].to_parquet(root / "data" / "reference.parquet")
    frame[1000:].to_csv(root / "data" / "batches" / "2026-11-01.csv", index=False)
    values = frame[["age", "income"]].to_numpy()[:1000]
    good = LogisticRegression(max_iter=500).fit(values, frame["churned"][:1000])
    save_onnx(good, values[:1], root / "models" / "champion.onnx")
    settle(root, **{"challenger.skops": "challenger.onnx"})
    weak = LogisticRegression(C=1e-4).fit(values, frame["churned"][:1000])
    save_onnx(weak, values[:1], root / "models" / "challenger.onnx")
    settle(root, **{'slices = ["region"]': ""})
    situation = look(root)
    assert not situation.problems
    comparison = churn(situation)
    assert comparison.task == "multiclass" and comparison.verdict == "worse"
    assert {"roc_auc", "log_loss", "accuracy"} <= {metric.name for metric in comparison.metrics}


def test_a_regression_is_compared_by_its_errors(root: Path) -> None:
    frame = customers(600, seed=6).drop(columns="region")
    frame["churned"] = 2 * frame["age"] - frame["income"]
    frame[:300].to_parquet(root / "data" / "reference.parquet")
    frame[300:].to_csv(root / "data" / "batches" / "2026-11-01.csv", index=False)
    save_graph(root / "models" / "champion.onnx", [[2.0], [-1.0]])
    save_graph(root / "models" / "challenger.onnx", [[2.1], [0.0]])
    settle(root, **{"challenger.skops": "challenger.onnx", 'slices = ["region"]': ""})
    situation = look(root)
    comparison = churn(situation)
    assert comparison.task == "regression" and comparison.verdict == "worse"
    assert {column.name for column in predictions(situation).latest.columns} == {"y_pred"}  # type: ignore[union-attr]


def test_the_pane_can_draw_a_predictions_distribution(root: Path) -> None:
    settle(root, **{'challenger = "models/challenger.skops"\n': ""})
    arrive(root, 1, rows=300)
    arrive(root, 2, rows=300, shift=30.0)
    board = Board((str(root),), config.load((str(root),)), Wanted(machine=False))
    board.judge_once()
    newest = board.background.distribution("churn predictions", str(root), "y_score", None)
    first = board.background.distribution("churn predictions", str(root), "y_score", 0)
    data = board.background.distribution("customers", str(root), "age", None)
    board.close(0.0)
    assert newest is not None and first is not None and data is not None
    assert newest.current != first.current


def test_a_threshold_and_a_smaller_positive_class_reach_the_judge(root: Path) -> None:
    settle(root, **{'slices = ["region"]': 'threshold = 0.9\npositive = "0"'})
    arrive(root, 1)
    situation = look(root)
    comparison = churn(situation)
    assert comparison.operating_threshold == 0.9 and comparison.verdict == "worse"
    auc = next(metric for metric in comparison.metrics if metric.name == "roc_auc")
    assert auc.baseline is not None and auc.baseline > 0.8
    assert not predictions(situation).estimated


def test_models_need_no_labels_in_the_reference_and_find_the_target_by_name(root: Path) -> None:
    settle(root, **{'target = "churned"\n': ""})
    frame = customers(1000, labels=False)
    frame.to_parquet(root / "data" / "reference.parquet")
    batch = customers(500, seed=3).rename(columns={"churned": "label"})
    batch.to_csv(root / "data" / "batches" / "2026-11-01.csv", index=False)
    snapshot = load((str(root),), wanted=Wanted(machine=False)).snapshot
    assert churn(snapshot.situation)
    assert not predictions(snapshot.situation).estimated
    assert any("target column assumed: label" in said for said in snapshot.assumptions)


class Listener:
    """Hears a monitor's snapshots as the screen does."""

    def __init__(self, root: Path) -> None:
        self._news = threading.Condition()
        self._last: Snapshot | None = None
        self.monitor = Monitor((str(root),), config.load((str(root),)))
        self.monitor.start(self._take)

    def _take(self, snapshot: Snapshot) -> None:
        with self._news:
            self._last = snapshot
            self._news.notify_all()

    def until(self, condition: Callable[[Situation], bool]) -> Situation:
        end = time.monotonic() + PATIENCE_S
        with self._news:
            while self._last is None or not condition(self._last.situation):
                left = end - time.monotonic()
                assert left > 0, self._last and self._last.situation.problems
                self._news.wait(left)
            return self._last.situation


def test_the_running_monitor_scores_what_arrives_and_a_model_that_is_replaced(root: Path) -> None:
    arrive(root, 1)
    screen = Listener(root)
    try:
        first = screen.until(lambda situation: bool(situation.predictions))
        assert churn(first).verdict == "worse"

        arrive(root, 2)
        screen.until(lambda situation: any("2026-11-02" in note for note in churn(situation).notes))

        settle_in = root / "models" / "arriving"
        save_skops(good_model(customers(2000, seed=1)), settle_in)
        os.replace(settle_in, root / "models" / "challenger.skops")
        screen.until(lambda situation: churn(situation).verdict != "worse")
    finally:
        screen.monitor.stop()


def test_labels_that_come_later_in_files_of_their_own(root: Path) -> None:
    arrive(root, 1, labels=False)
    settle(root, **{"slices =": 'labels = "labels/*.csv"\nslices ='})
    situation = look(root)
    assert not situation.predictions
    assert any("labels/*.csv: matches no data files" in f"{p.file}: {p.message}" for p in situation.unjudged)
    (root / "labels").mkdir()
    customers(800, seed=1)[["id", "churned"]].to_csv(root / "labels" / "1.csv", index=False)
    assert churn(look(root)).verdict == "worse"
