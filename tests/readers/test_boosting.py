"""XGBoost, LightGBM, CatBoost, scikit-learn, and Keras's history as JSON: real files, versions, growth."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from growing import grown, rewritten, summaries
from harness import FIXTURES, Session, claims, read_all
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tables import agrees, plain

from runwatch.config.settings import Settings
from runwatch.domain.operations import HParams, Length, Rank, Stated
from runwatch.domain.points import Points
from runwatch.monitor.reading import RootReader
from runwatch.readers import keras, sklearn
from runwatch.readers.base import Reader
from runwatch.readers.boosting import catboost
from runwatch.readers.boosting import rounds as boosting

EXPECTED = json.loads((FIXTURES / "expected_tables.json").read_text())
QUICK = settings(max_examples=60, deadline=None)


def board(root: Path, *readers: Reader) -> dict[str, dict[str, Points]]:
    reader = RootReader(str(root), Settings(), {one.NAME: one for one in readers})
    reader.scan()
    while reader.read_some(lambda: False):
        pass
    return {
        run_id: {tag: reader.points(run_id, tag) for tag in entry.memory.sources_by_tag()}
        for run_id, entry in reader.entries.items()
    }


@pytest.mark.parametrize(
    "case",
    ["xgboost-finished", "lightgbm-finished", "catboost-finished", "catboost-killed", "sklearn-finished"],
)
def test_a_real_run_reads_as_expected(case: str) -> None:
    found = board(FIXTURES / case, boosting, catboost, sklearn, keras)
    assert list(found) == ["."]
    for tag, metric in EXPECTED[case]["metrics"].items():
        agrees(found["."][tag], metric)


def test_the_model_the_parameters_the_console_and_the_sets_tell_the_library(tmp_path: Path) -> None:
    dump = json.dumps({"valid_1": {"auc": [0.5, 0.6]}})
    for i, (name, text, library) in enumerate(
        [
            ("model.ubj", "{", "xgboost"),
            ("model.json", '{"learner": {}}', "xgboost"),
            ("model.txt", "tree\nversion=v4\n", "lightgbm"),
            ("params.json", '{"num_leaves": 7}', "lightgbm"),
            ("train.log", "[LightGBM] [Info] x\n[1]\tvalid's auc: 0.5\n", "lightgbm"),
            ("b.json", '{"valid_0": {"auc": [1, 2]}}', "lightgbm"),
            ("b.json", '{"validation_0": {"auc": [1, 2]}}', "xgboost"),
            ("b.json", '{"hold out": {"binary_logloss": [1, 2]}}', "lightgbm"),
            ("b.json", '{"valid auc-mean": [1, 2], "valid auc-stdv": [0, 0]}', "lightgbm"),
        ]
    ):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / "evals.json").write_text(dump)
        (folder / name).write_text(text)
        assert {claim.format for claim in claims(boosting, folder)} == {library}, (name, text)


def test_other_json_is_no_result_of_evaluation(tmp_path: Path) -> None:
    for name, text in {
        "metrics.json": '{"loss": {"steps": [1, 2], "values": [0.5, 0.4]}}',
        "config.json": '{"model": {"layers": ["a", "b"]}}',
        "labels.json": '{"labels": [1, 2, 3]}',
        "package.json": '{"name": {"x": 3}}',
    }.items():
        (tmp_path / name).write_text(text)
    assert [c for reader in (boosting, keras, sklearn) for c in claims(reader, tmp_path)] == []


def test_console_rounds_are_live_and_the_exact_dump_speaks_once_it_is_as_far(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    log.write_text(
        "[12:00:01] WARNING: x\n[0]\tvalidation_0-logloss:0.62424\teval-set-auc:nan\n"
        "[5]\tvalidation_0-logloss:0.4"
    )
    watching = Session([boosting], tmp_path).look()
    assert plain(watching.runs["."].series)["validation_0-logloss"] == [(0, 0.62424)]
    log.write_text(log.read_text() + "57\n[6]\tvalidation_0-logloss:1e-05+0.25\n")
    watching.look()
    assert plain(watching.runs["."].series)["validation_0-logloss-std"] == [(6, 0.25)]
    assert watching.runs["."].of(Rank)[-1].value == 6.0
    same = {"validation_0": {"logloss": [0.62424, *[0.5] * 4, 0.457]}}
    (tmp_path / "evals.json").write_text(json.dumps(same))
    assert plain(board(tmp_path, boosting)["."])["validation_0-logloss"][-1] == (6, 1e-05)
    (tmp_path / "evals.json").write_text(json.dumps({"validation_0": {"logloss": [0.1] * 7}}))
    assert plain(board(tmp_path, boosting)["."])["validation_0-logloss"][-1] == (6, 0.1)


def test_lightgbm_counts_its_rounds_from_one_on_the_console(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text(
        "[1]\tcv_agg's valid auc: 0.5 + 0.125\n[2]\tcv_agg's valid auc: 0.75 + 0.25\n"
    )
    (tmp_path / "params.json").write_text('{"num_iterations": 100, "num_leaves": 31}')
    told = read_all(boosting, tmp_path).runs["."]
    assert plain(told.series) == {
        "cv_agg's valid auc": [(0, 0.5), (1, 0.75)],
        "cv_agg's valid auc-std": [(0, 0.125), (1, 0.25)],
    }
    assert told.of(Length)[-1] == Length(steps=99)


def test_a_log_of_epochs_and_batches_has_no_rounds(tmp_path: Path) -> None:
    line = "mmdet - INFO - Epoch [1][50/7330]\tlr: 1.978e-03, loss: 2.5\n"
    (tmp_path / "train.log").write_text(line + "mmdet - INFO - Epoch(val) [1][5000]\tbbox_mAP: 0.1\n")
    assert claims(boosting, tmp_path) == []


def test_several_dumps_are_told_apart(tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", 2)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"train": {"rmse": [value]}}))
    assert plain(board(tmp_path, boosting)["."]) == {"a/train-rmse": [(0, 1)], "b/train-rmse": [(0, 2)]}


def test_the_table_of_a_cross_validation_is_a_dump(tmp_path: Path) -> None:
    (tmp_path / "cv.json").write_text('{"test-auc-mean": [0.5, 0.75], "test-auc-std": [0.1, 0.2], "best": 1}')
    assert plain(board(tmp_path, boosting, keras)["."]) == {
        "test-auc-mean": [(0, 0.5), (1, 0.75)],
        "test-auc-std": [(0, 0.1), (1, 0.2)],
    }


def test_catboost_states_directions_and_its_length(tmp_path: Path) -> None:
    folder = tmp_path / "m/catboost_info"
    folder.mkdir(parents=True)
    meta = {
        "iteration_count": 5000, "test_sets": ["test", "test1"], "learn_sets": ["learn"],
        "test_metrics": [{"name": "AUC", "best_value": "Max"}, {"name": "X", "best_value": "Undefined"}],
        "learn_metrics": [{"name": "RMSE", "best_value": "Min"}, {"name": "Bias", "best_value": 0}],
    }  # fmt: skip
    (folder / "catboost_training.json").write_text(json.dumps({"meta": meta, "iterations": []}))
    (folder / "test1_error.tsv").write_text("iter\tAUC\n0\t0.5\n5\t0.75\n")
    (folder / "test_error.tsv").write_text("")
    told = read_all(catboost, tmp_path).runs["m"]
    assert plain(told.series) == {"test1/AUC": [(0, 0.5), (5, 0.75)]}
    assert told.of(Length) == [Length(steps=4999)]
    assert {(s.tag, s.direction) for s in told.of(Stated)} == {
        ("learn/RMSE", "min"), ("test/AUC", "max"), ("test1/AUC", "max"),
    }  # fmt: skip


def test_a_table_that_a_grid_search_left_is_no_curve_of_the_training_after_it(tmp_path: Path) -> None:
    """As CatBoost 1.2.10 leaves them: a row a candidate, beside the training of the best one."""
    folder = tmp_path / "catboost_info"
    folder.mkdir()
    (folder / "learn_error.tsv").write_text("iter\tRMSE\n0\t0.83\n1\t0.70\n")
    (folder / "test_error.tsv").write_text("iter\tRMSE\n0\t0.72\n1\t0.29\n2\t0.70\n3\t0.28\n")
    meta = '"test_sets":[],"test_metrics":[],'
    meta += '"learn_metrics":[{"best_value":"Min","name":"RMSE"}],"iteration_count":2'
    (folder / "catboost_training.json").write_text(
        '{\n"meta":{' + meta + ',"learn_sets":["learn"]},\n"iterations":[]}'
    )
    assert set(read_all(catboost, tmp_path).runs["."].series) == {"learn/RMSE"}
    assert {file for claim in claims(catboost, tmp_path) for file in claim.files} >= {
        "catboost_info/test_error.tsv"
    }


def test_a_search_gives_its_candidates_and_the_best_parameters() -> None:
    told = read_all(sklearn, FIXTURES / "sklearn-finished").runs["."]
    assert told.series["mean_test_roc_auc"].steps.tolist() == [0, 1, 2, 3]
    assert told.of(HParams) == [HParams({"logisticregression__C": 0.1})]


def test_a_candidate_whose_parameters_go_over_several_lines_counts(tmp_path: Path) -> None:
    head = "mean_fit_time,param_model,mean_test_score,rank_test_score\n"
    (tmp_path / "cv_results.csv").write_text(f'{head}0.1,"SVC(C=2,\n    tol=1)",0.75,1\n0.1,SVC(),0.5,2\n')
    told = read_all(sklearn, tmp_path)
    assert plain(told.runs["."].series) == {"mean_test_score": [(0, 0.75), (1, 0.5)]}
    assert told.problems == []


def test_flat_numbers_join_a_run_and_two_reports_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"auc": 0.75, "model": "x", "ok": true, "bad": NaN}')
    assert set(board(tmp_path, sklearn)["."]) == {"auc", "bad"}
    for name in ("a", "b"):
        (tmp_path / f"classification_report_{name}.json").write_text(
            '{"0": {"recall": 1.0}, "macro avg": {}}'
        )
    assert set(board(tmp_path, sklearn)["."]) == {
        "auc", "bad", "classification_report_a/0/recall", "classification_report_b/0/recall",
    }  # fmt: skip


def test_a_history_dump_counts_epochs_from_zero(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text('{"loss": [0.5, NaN, 0.25], "val_loss": [1, 2, 3], "lr": "x"}')
    told = read_all(keras, tmp_path).runs["."]
    assert told.series["loss"].steps.tolist() == [0, 1, 2]
    assert plain(told.series)["val_loss"] == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert told.epoch == 2


ROUNDS = st.lists(st.tuples(st.integers(0, 99), st.floats(-9, 9)), max_size=8)
NOISE = st.sampled_from(
    ["[LightGBM] [Info] Total", "", "[3]\tx", "[4]\ttrain-auc:abc\ttrain-mae:0x1", "\r50%\r[7]\ta-b:1"]
)


@QUICK
@given(rounds=ROUNDS, noise=st.lists(NOISE, max_size=4), cuts=st.lists(st.integers(0, 300), max_size=8))
def test_any_split_of_a_growing_log_reads_the_same(
    rounds: list[tuple[int, float]], noise: list[str], cuts: list[int]
) -> None:
    lines = [
        "[0]\ttrain-auc:0.5",
        *(f"[{i}]\ttrain-auc:{v:.5f}\tvalid's auc: {v}" for i, v in rounds),
        *noise,
    ]
    data = "\n".join(lines).encode() + b"\n[9]\tt-a:1"
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a/model.ubj", "b/model.ubj"):
            (Path(folder) / name).parent.mkdir()
            (Path(folder) / name).touch()
        whole = grown(boosting, Path(folder) / "a", "train.log", data, [])
        assert grown(boosting, Path(folder) / "b", "train.log", data, cuts) == whole
        assert whole


@QUICK
@given(
    table=st.lists(st.tuples(st.integers(0, 99), st.floats()), max_size=8), cuts=st.lists(st.integers(0, 200))
)
def test_any_split_of_a_growing_error_table_reads_the_same(
    table: list[tuple[int, float]], cuts: list[int]
) -> None:
    data = ("iter\tLogloss\tAUC\n" + "".join(f"{i}\t{v!r}\t{i}\n" for i, v in table)).encode()
    with tempfile.TemporaryDirectory() as folder:
        whole = grown(catboost, Path(folder) / "a", "catboost_info/learn_error.tsv", data, [])
        assert grown(catboost, Path(folder) / "b", "catboost_info/learn_error.tsv", data, cuts) == whole


COLUMNS = st.lists(st.floats(), min_size=1, max_size=6)
DUMPS = {
    "evals.json": (boosting, lambda column: {"train": {"auc": column}, "eval": {"auc": column, "n": ["x"]}}),
    "catboost_training.json": (catboost, lambda column: {"meta": {"iteration_count": len(column)}}),
    "history.json": (keras, lambda column: {"loss": column, "val_loss": column[:2]}),
    "metrics.json": (sklearn, lambda column: {f"m{i}": value for i, value in enumerate(column)}),
    "classification_report.json": (sklearn, lambda column: {"macro avg": {"f1-score": column[0]}}),
}


@QUICK
@given(
    st.sampled_from(sorted(DUMPS)), st.lists(COLUMNS, min_size=1, max_size=4), st.lists(st.integers(0, 99))
)
def test_any_versions_with_torn_ones_between_end_like_the_last(
    name: str, columns: list[list[float]], torn: list[int]
) -> None:
    reader, shape = DUMPS[name]
    whole = [json.dumps(shape(column)).encode() for column in columns]
    seen: list[bytes] = []
    for i, version in enumerate(whole):
        seen += [version[: min(cut, len(version) - 1)] for cut in torn[i : i + 2]] + [version]
    with tempfile.TemporaryDirectory() as folder:
        alone = rewritten(reader, Path(folder) / "a", name, [whole[-1]])
        assert rewritten(reader, Path(folder) / "b", name, seen) == alone


@QUICK
@given(
    st.sampled_from([*sorted(DUMPS), "train.log", "cv_results.csv", "learn_error.tsv"]),
    st.binary(max_size=200),
)
def test_garbage_never_raises(name: str, noise: bytes) -> None:
    starts = {
        "evals.json": b'{"a": {"b": [1, ',
        "history.json": b'{"loss": [1, ',
        "train.log": b"[0]\ttrain-auc:0.5\n[1]\t",
        "cv_results.csv": b"mean_test_a,rank_test_a,param_c\n1,1,",
        "learn_error.tsv": b"iter\ta\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for data in (noise, starts.get(name, b"{") + noise):
            (root / name).write_bytes(data)
            for reader in (boosting, catboost, sklearn, keras):
                summaries(read_all(reader, root, final=True))


def test_two_libraries_side_by_side_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "evals_result.json").write_text('{"validation_0": {"logloss": [0.6, 0.5]}}')
    (tmp_path / "lgb_evals.json").write_text('{"valid_0": {"binary_logloss": [0.7, 0.4]}}')
    (tmp_path / "model.txt").write_text("tree\nversion=v4\nfeature_infos=[0]\t[1-2]:3\n")
    (tmp_path / "params.json").write_text('{"num_leaves": 7}')
    assert {claim.format for claim in claims(boosting, tmp_path)} == {"xgboost", "lightgbm"}
    assert plain(read_all(boosting, tmp_path).runs["."].series) == {
        "evals_result/validation_0-logloss": [(0, 0.6), (1, 0.5)],
        "lgb_evals/valid_0's binary_logloss": [(0, 0.7), (1, 0.4)],
    }


@pytest.mark.parametrize("cut", [None, 1, 2, 3, 4, 5, 6])
def test_the_best_round_that_is_printed_again_is_no_new_one(tmp_path: Path, cut: int | None) -> None:
    """LightGBM 4.7 with early_stopping and log_evaluation, two folds in one log."""
    lines = [
        "[3]\tvalid_0's auc: 0.75\n",
        "[6]\tvalid_0's auc: 0.76\n",
        "Early stopping, best iteration is:\n",
        "[4]\tvalid_0's auc: 0.77\n",
        "[3]\tvalid_0's auc: 0.61\n",
        "Did not meet early stopping. Best iteration is:\n",
        "[2]\tvalid_0's auc: 0.64\n",
    ]
    log = tmp_path / "lightgbm.log"
    log.write_text("".join(lines[:cut]))
    watching = Session([boosting], tmp_path).look()
    log.write_text("".join(lines))
    told = watching.look().runs["."]
    assert plain(told.series) == {"valid_0's auc": [(2, 0.61), (5, 0.76)]}


def test_lightgbms_own_names_of_losses_have_a_direction(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("[1]\ttraining's l2: 0.5\tvalid_0's huber: 0.4\tvalid_0's map: 0.1\n")
    told = read_all(boosting, tmp_path, final=True).runs["."]
    assert {(one.tag, one.direction) for one in told.of(Stated)} == {
        ("training's l2", "min"),
        ("valid_0's huber", "min"),
    }


def test_two_libraries_in_one_log_each_count_from_their_own_first_round(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("[1]\tvalid's l2: 0.5\n[2]\tvalid's l2: 0.4\n[0]\tval-rmse:1.5\n")
    found = read_all(boosting, tmp_path, final=True).runs["."].series
    assert plain(found) == {"valid's l2": [(0, 0.5), (1, 0.4)], "val-rmse": [(0, 1.5)]}
