"""Agreement with scipy, nannyml, evidently and river on their own numbers."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from drift_tables import profiled
from sklearn import datasets

from runwatch.data.workflow import find_files, open_reference
from runwatch.domain.profile import DataOptions, NamedProfile
from runwatch.judge.drift.column_pair import ColumnPair, quantile
from runwatch.judge.drift.concept import changes
from runwatch.judge.drift.measures import chi2, hellinger, js, ks, psi, total_variation, wasserstein
from runwatch.judge.drift.p_values import ks_p_value
from runwatch.judge.drift.performance import Scored, estimate_classification
from runwatch.judge.drift.report import report
from runwatch.judge.metrics.adjust import benjamini_hochberg

FIXTURES = Path(__file__).parents[2] / "fixtures" / "drift"
SPLITS = {
    "wine_by_target": (datasets.load_wine, None, 0),
    "breast_cancer_by_worst_area": (datasets.load_breast_cancer, 23, 0.7),
    "diabetes_by_age": (datasets.load_diabetes, 0, 0.5),
}


def said(name: str):
    return json.loads((FIXTURES / f"{name}.json").read_text())


@cache
def split(name: str):
    load, column, cut = SPLITS[name]
    found = load()
    x = found.data
    names = [str(n) for n in getattr(found, "feature_names", range(x.shape[1]))]
    mask = x[:, column] > np.quantile(x[:, column], cut) if column is not None else found.target > cut
    before = {n: x[~mask, j].copy() for j, n in enumerate(names)}
    now = {n: x[mask, j].copy() for j, n in enumerate(names)}
    reference = profiled(before)
    return before, now, reference, profiled(now, reference.grid)


COLUMNS = [(name, column) for name in SPLITS for column in said(f"scipy_{name}")["columns"]]


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_scipy(name: str, column: str) -> None:
    expected = said(f"scipy_{name}")["columns"][column]
    before, _, reference, current = split(name)
    index = reference.grid.index[column]
    pair = ColumnPair(reference.grid.columns[index], reference.column(index), current.column(index))
    assert (pair.n, pair.m) == (expected["n_ref"], expected["n_cur"])
    low, high = ks.measure(pair), ks.upper(pair)
    assert low <= expected["ks"] + 1e-9 <= high + 2e-9
    assert expected["ks"] - low <= 1 / 240
    if len(np.unique(before[column])) <= 120:
        assert low == pytest.approx(expected["ks"], abs=1e-9)
    assert ks_p_value(expected["ks"], pair.n, pair.m) == pytest.approx(expected["ks_p_asymp"], rel=1e-6)
    spread = quantile(pair.column, pair.reference, 0.75) - quantile(pair.column, pair.reference, 0.25)
    assert abs(wasserstein.measure(pair) - expected["wasserstein"]) <= 0.01 * spread
    assert psi.measure(pair) == pytest.approx(expected["psi_10_ref_quantile_bins_clip1e-4"], abs=1e-6)
    ours = js.measure(pair) / math.sqrt(math.log(2))
    assert ours == pytest.approx(expected["js_distance_base2_10_ref_quantile_bins"], abs=1e-6)


@pytest.mark.parametrize("name", list(SPLITS))
def test_benjamini_hochberg(name: str) -> None:
    found = said(f"scipy_{name}")
    raw = [column["ks_p_asymp"] for column in found["columns"].values()]
    assert benjamini_hochberg(raw) == pytest.approx(list(found["bh_adjusted_ks_p"].values()), abs=1e-9)


@pytest.mark.parametrize("case", said("scipy_counts")["cases"], ids=lambda case: str(len(case["ref_counts"])))
def test_count_tables(case) -> None:
    a, b = np.array(case["ref_counts"]), np.array(case["cur_counts"])
    statistic, p, dof = chi2.chi_square(a, b)
    assert statistic == pytest.approx(case["chi2"], rel=1e-9) and dof == case["dof"]
    assert p == pytest.approx(case["p"], rel=1e-8, abs=1e-300)
    assert total_variation.total_variation(a, b) == pytest.approx(case["tv"], abs=1e-9)
    assert hellinger.hellinger(a, b) == pytest.approx(case["hellinger"], abs=1e-9)
    assert js.js_distance(a, b) / math.sqrt(math.log(2)) == pytest.approx(case["js_distance_base2"], abs=1e-9)


@cache
def car_loan():
    reference = open_reference(find_files([str(FIXTURES / "car_loan_ref.parquet")]), DataOptions())
    rows = pq.read_table(FIXTURES / "car_loan_ana.parquet")
    halves = [
        profiled(
            {n: rows[n].combine_chunks().slice(start, 25_000) for n in rows.column_names}, reference.grid
        )
        for start in (0, 25_000)
    ]
    return [report(reference.profile, [NamedProfile("half", half)]) for half in halves]


def called_by_both() -> set[str]:
    """Columns that evidently and nannyml call drifted in the second half."""
    evidently = said("evidently_car_loan")["runs"]["default_second_half"]["columns"]
    alerts = said("nannyml_car_loan")["univariate"]
    return {
        name
        for name, found in evidently.items()
        if found["drifted"] and any(all(method["alert"][5:]) for method in alerts[name].values())
    }


def test_car_loan_drifts_in_its_second_half() -> None:
    both = called_by_both()
    assert len(both) == 5
    verdicts = {column.name: column.verdict for column in car_loan()[1].columns}
    assert {name for name, verdict in verdicts.items() if verdict == "drifted"} == both
    assert car_loan()[1].verdict == "drifted"


def test_car_loan_is_still_in_its_first_half() -> None:
    assert {column.verdict for column in car_loan()[0].columns} == {"stable"}
    assert car_loan()[0].share_drifted == 0


def scored(name: str, rows, start: int = 0, stop: int | None = None) -> Scored:
    score, prediction, truth = (
        rows[c].to_numpy().astype(float)[start:stop] for c in ("y_pred_proba", "y_pred", "repaid")
    )
    return Scored(name, score, prediction, truth)


def test_estimated_performance_without_labels() -> None:
    expected = said("nannyml_car_loan")
    rows = pq.read_table(FIXTURES / "car_loan_ana.parquet")
    chunks = [scored(str(i), rows, 5000 * i, 5000 * (i + 1)) for i in range(10)]
    found = estimate_classification(scored("ref", pq.read_table(FIXTURES / "car_loan_ref.parquet")), chunks)
    for metric in ("roc_auc", "f1", "accuracy"):
        ours = [one for one in found if one.metric == metric]
        assert [one.estimated for one in ours] == pytest.approx(expected["cbpe"][metric]["value"], abs=0.003)
        assert [one.realised for one in ours] == pytest.approx(
            expected["realized"][metric]["value"], abs=1e-6
        )
        assert [one.alert for one in ours][:5] == [False] * 5 and sum(one.alert for one in ours) >= 9 - 5
        assert all(one.low < one.estimated < one.high and one.by_labels for one in ours)
    alone = [chunk._replace(truth=None) for chunk in chunks]
    found = estimate_classification(scored("ref", pq.read_table(FIXTURES / "car_loan_ref.parquet")), alone)
    for metric in ("roc_auc", "f1", "accuracy"):
        alerts = [one.alert for one in found if one.metric == metric]
        assert alerts == expected["cbpe"][metric]["alert"] == [False] * 5 + [True] * 5
    assert not any(one.by_labels for one in found)


@pytest.mark.parametrize("name", list(said("river_concept_drift")["streams"]))
def test_concept_drift(name: str) -> None:
    stream = said("river_concept_drift")["streams"][name]
    rng = np.random.default_rng(stream["seed"])
    change, n = stream["true_change_at"], stream["n"]
    level = np.where(np.arange(n) < change, stream["before"], stream["after"])
    values = (
        (rng.random(n) < level).astype(int)
        if stream["kind"] == "bernoulli"
        else np.round(rng.normal(level, 1.0), 6)
    )
    assert values[:20].tolist() == stream["first_20"]
    found = changes(values.tolist())
    if change == n:
        assert found == []
    else:
        assert found and change <= found[0] <= change + 600
