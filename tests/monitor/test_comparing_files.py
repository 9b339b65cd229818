from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from runwatch.config.settings import Metrics, MetricSetting, Predictions, Settings
from runwatch.domain.comparison import Baseline, CompareOptions, Comparison
from runwatch.domain.main_metric import with_main_metric
from runwatch.domain.points import Points
from runwatch.domain.predictions import ColumnNames
from runwatch.domain.run import Metric, Problem, Run, RunKey
from runwatch.monitor.compare_files import (
    ROWS_SHOWN,
    PredictionsWatch,
    compare_prediction_files,
    compare_with,
    prediction_options,
    run_options,
    slice_rows,
)

SEED = np.random.default_rng(6)
N = 2_000
TRUTH = (SEED.random(N) < 0.4).astype(int)
REGION = SEED.choice(["north", "south"], N, p=[0.8, 0.2])


def predictions(path: Path, wrong: float, south: float = 0.0, ids: np.ndarray | None = None) -> str:
    """A predictions file whose share of ``wrong`` labels is greater in the south."""
    rng = np.random.default_rng(len(path.name))
    rate = wrong + south * (REGION == "south")
    labels = np.where(rng.random(N) < rate, 1 - TRUTH, TRUTH)
    ids = np.arange(N) if ids is None else ids
    rows = [f"{i},{y},{p},{r}" for i, y, p, r in zip(ids, TRUTH, labels, REGION, strict=True)]
    path.write_text("id,y_true,y_pred,region\n" + "\n".join(rows) + "\n")
    return str(path)


def settings(folder: Path, **more: object) -> Settings:
    return replace(Settings(folder=str(folder)), **more)


def test_the_newest_file_is_judged_and_only_when_something_changed(tmp_path: Path) -> None:
    predictions(tmp_path / "champion.csv", 0.1)
    older, newer = predictions(tmp_path / "batch-1.csv", 0.1), predictions(tmp_path / "batch-02.csv", 0.3)
    os.utime(older, (1_000, 1_000))
    entry = Predictions("x", "*.csv", "champion.csv", slices=("region",))
    watch = PredictionsWatch(entry, settings(tmp_path))
    first = watch.compare()
    assert isinstance(first, Comparison)
    assert (first.candidate, first.baseline, first.verdict) == ("batch-02.csv", "champion.csv", "worse")
    assert watch.compare() is first
    os.utime(newer, (2_000, 2_000))
    again = watch.compare()
    assert again is not first and isinstance(again, Comparison) and again.verdict == "worse"


def test_what_is_missing_is_a_problem(tmp_path: Path) -> None:
    predictions(tmp_path / "champion.csv", 0.1)
    nothing = PredictionsWatch(Predictions("x", "new/*.csv", "champion.csv"), settings(tmp_path)).compare()
    assert isinstance(nothing, Problem) and "no predictions file matches" in nothing.message
    predictions(tmp_path / "new.csv", 0.1)
    gone = PredictionsWatch(Predictions("x", "new.csv", "gone.csv"), settings(tmp_path)).compare()
    assert isinstance(gone, Problem) and "no such file" in gone.message
    assert PredictionsWatch(Predictions("x", "new.csv"), settings(tmp_path)).compare() is None


def test_options_come_from_the_configuration(tmp_path: Path) -> None:
    named = {"val/auc": MetricSetting("max", 0.02), "cost": MetricSetting(None, 1.0)}
    made = run_options(settings(tmp_path, metrics=Metrics("val/auc", "best", named)))
    assert made.directions == {"val/auc": "max"} and made.tolerances == {"val/auc": 0.02, "cost": 1.0}
    assert (made.primary, made.at) == ("val/auc", "best")
    entry = Predictions("x", "a.csv", score=("p_0", "p_1"), task="multiclass", primary="f1_macro")
    names, options = prediction_options(entry, settings(tmp_path))
    assert names.score == ("p_0", "p_1") and (options.task, options.primary) == ("multiclass", "f1_macro")


def test_a_key_that_was_only_assumed_is_dropped_where_it_names_no_row(tmp_path: Path) -> None:
    doubled = np.arange(N) // 2
    a = predictions(tmp_path / "a.csv", 0.1, ids=doubled)
    b = predictions(tmp_path / "bb.csv", 0.1, ids=doubled)
    assumed = compare_prediction_files(b, a, ColumnNames(), CompareOptions())
    assert isinstance(assumed, Comparison) and assumed.metrics and assumed.primary is not None
    assert not any("key column" in note for note in assumed.notes)
    assert any("id is not used as the key: its values repeat" in note for note in assumed.notes)
    asked = compare_prediction_files(b, a, ColumnNames(key="id"), CompareOptions())
    assert isinstance(asked, Comparison) and "duplicate keys" in asked.reason


def test_the_same_file_twice_is_said(tmp_path: Path) -> None:
    a = predictions(tmp_path / "a.csv", 0.1)
    found = compare_prediction_files(a, a, ColumnNames(), CompareOptions())
    assert isinstance(found, Comparison) and found.verdict == "equivalent"
    assert "candidate and baseline are the same file" in found.notes


def test_a_slice_opens_to_its_rows(tmp_path: Path) -> None:
    names = ColumnNames(slices=("region",))
    a, b = predictions(tmp_path / "a.csv", 0.1), predictions(tmp_path / "bb.csv", 0.1, south=0.3)
    found = compare_prediction_files(b, a, names, CompareOptions())
    assert isinstance(found, Comparison) and found.slices[0].verdict == "worse"
    opened = slice_rows(b, names, found.slices[0].slice)
    assert not isinstance(opened, Problem)
    header, rows = opened
    assert header == ("id", "y_true", "y_pred", "region") and len(rows) == ROWS_SHOWN
    assert {row[3] for row in rows} == {"south"} and rows[0][0] == str(
        int(np.flatnonzero(REGION == "south")[0])
    )
    assert isinstance(slice_rows(b, names, "region = west"), Problem)


def run(id: str, loss: float) -> Run:
    metric = Metric("val/loss", loss, 10, None, loss, 10, loss, loss, 10, "min", "csv")
    return with_main_metric(
        Run("/r", id, ("csv",), "finished", "", None, None, 10, None, {"val/loss": metric})
    )


def no_series(key: RunKey, tag: str) -> Points:
    return Points.empty()


@pytest.mark.parametrize(("loss", "verdict"), [(0.5, "inconclusive"), (0.9, "worse"), (0.3, "better")])
def test_a_run_against_every_kind_of_baseline(tmp_path: Path, loss: float, verdict: str) -> None:
    (tmp_path / "base.json").write_text('{"val/loss": 0.5}')
    options, candidate = CompareOptions(), run("c", loss)
    by_file = compare_with(
        candidate, Baseline("metrics", str(tmp_path / "base.json"), "x"), (), no_series, options
    )
    by_run = compare_with(candidate, Baseline("run", "b", "x"), [run("b", 0.5)], no_series, options)
    assert isinstance(by_file, Comparison) and isinstance(by_run, Comparison)
    assert by_file.verdict == by_run.verdict == verdict
    seeds = [run(f"s{i}", value) for i, value in enumerate((0.5, 0.51, 0.49))]
    by_group = compare_with(candidate, Baseline("group", "s*", "x"), seeds, no_series, options)
    assert isinstance(by_group, Comparison) and by_group.verdict == verdict
    gone = compare_with(candidate, Baseline("run", "gone", "x"), [], no_series, options)
    assert isinstance(gone, Problem) and "runwatch baseline set" in gone.hint
