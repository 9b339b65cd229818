"""One model on one file, through the worker process."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace

from patience import PATIENCE_S
from runwatch.domain.run import Problem
from runwatch.scoring.base import ScoringAnswer, ScoringError, ScoringJob
from runwatch.scoring.work import Scoring, missing_package, unsupported
from runwatch.scoring.writing import written_before
from scoring.models import customers, good_model, poor_model, save_endless, save_graph, save_onnx, save_skops

pytest.importorskip("onnxruntime")
pytest.importorskip("skops")
pytest.importorskip("skl2onnx")

FEATURES = ["age", "income", "region"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same pipeline as ONNX and as skops, one numbers-only model a format, and a batch."""
    folder = tmp_path_factory.mktemp("made")
    frame = customers(400)
    frame.to_parquet(folder / "batch.parquet")
    good = good_model(frame)
    save_onnx(good, frame[FEATURES][:1], folder / "good.onnx")
    save_skops(good, folder / "good.skops")
    save_skops(poor_model(frame), folder / "poor.skops")
    return folder


def job(model: Path, data: Path, out: Path, **more: Any) -> ScoringJob:
    return ScoringJob(str(model), str(data), str(out / "p.parquet"), "this", target="churned", **more)


def scored(wanted: ScoringJob) -> tuple[ScoringAnswer, pd.DataFrame]:
    answer = Scoring().score(wanted)
    assert isinstance(answer, ScoringAnswer), answer
    return answer, pd.read_parquet(wanted.output)


def refused(wanted: ScoringJob) -> Problem:
    answer = Scoring().score(wanted)
    assert isinstance(answer, Problem), answer
    assert not os.path.exists(wanted.output)
    return answer


def test_onnx_and_skops_say_what_the_model_says(made: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(made / "batch.parquet")
    model = good_model(frame)
    for name in ("good.onnx", "good.skops"):
        wanted = job(made / name, made / "batch.parquet", tmp_path, key="id", slices=("region",))
        answer, rows = scored(wanted)
        assert (answer.task, answer.scores, answer.rows, answer.labelled) == (
            "binary",
            ("y_score",),
            400,
            400,
        )
        assert rows["id"].tolist() == frame["id"].tolist()
        assert rows["region"].tolist() == frame["region"].tolist()
        assert rows["y_true"].tolist() == frame["churned"].tolist()
        assert rows["y_pred"].tolist() == model.predict(frame[FEATURES]).tolist()
        assert np.allclose(rows["y_score"], model.predict_proba(frame[FEATURES])[:, 1], atol=1e-5)


def test_every_table_format_gives_the_same_scores(made: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(made / "batch.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "b.tsv", index=False, sep="\t")
    frame.to_csv(tmp_path / "c.csv", index=False, sep=";")
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    frame.to_json(tmp_path / "e.jsonl", orient="records", lines=True)
    frame.to_feather(tmp_path / "f.feather")
    _, known = scored(job(made / "good.onnx", made / "batch.parquet", tmp_path))
    for file in sorted(tmp_path.glob("[a-f].*")):
        _, rows = scored(job(made / "good.onnx", file, tmp_path))
        assert np.allclose(rows["y_score"], known["y_score"], atol=1e-5), file.name


def test_words_like_na_in_a_csv_are_words(made: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(made / "batch.parquet").head(6)
    frame["region"] = ["NA", "None", "null", "north", "", "n/a"]
    frame.to_csv(tmp_path / "a.csv", index=False)
    _, rows = scored(job(made / "good.skops", tmp_path / "a.csv", tmp_path, slices=("region",)))
    assert [None if pd.isna(v) else v for v in rows["region"]] == ["NA", "None", "null", "north", None, "n/a"]


def test_a_batch_without_labels_is_scored_without_truth(made: Path, tmp_path: Path) -> None:
    pd.read_parquet(made / "batch.parquet").drop(columns="churned").to_csv(tmp_path / "a.csv", index=False)
    answer, rows = scored(job(made / "good.onnx", tmp_path / "a.csv", tmp_path))
    assert answer.labelled == 0 and "y_true" not in rows


def test_one_matrix_takes_the_numeric_columns_without_target_and_key(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    frame = customers(200).drop(columns="region")
    features = frame[["age", "income"]].to_numpy()
    model = LinearRegression().fit(features, frame["churned"] * 3.5)
    save_onnx(model, features[:1], tmp_path / "m.onnx")
    frame.to_csv(tmp_path / "a.csv", index=False)
    answer, rows = scored(job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path))
    assert answer.task == "regression" and not answer.scores
    assert np.allclose(rows["y_pred"], model.predict(features), atol=1e-4)


def test_an_order_that_nobody_named_is_said(made: Path, tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    save_graph(tmp_path / "m.onnx", [[1.0], [100.0]])
    save_skops(LinearRegression().fit(np.eye(2), [1.0, 100.0]), tmp_path / "m.skops")
    pd.DataFrame({"b": [3.0, 4.0], "a": [1.0, 2.0]}).to_csv(tmp_path / "a.csv", index=False)
    for model in ("m.onnx", "m.skops"):
        answer, _ = scored(job(tmp_path / model, tmp_path / "a.csv", tmp_path))
        assert any("features taken in the file's order (b, a)" in note for note in answer.notes)
        answer, _ = scored(job(tmp_path / model, tmp_path / "a.csv", tmp_path, features=("a", "b")))
        assert not any("order" in note for note in answer.notes)
    answer, _ = scored(job(made / "good.onnx", made / "batch.parquet", tmp_path))
    assert not any("order" in note for note in answer.notes)


def test_named_features_are_taken_in_their_order(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0], [100.0]])
    pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}).to_csv(tmp_path / "a.csv", index=False)
    _, rows = scored(job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path, features=("b", "a")))
    assert rows["y_pred"].tolist() == [103.0, 204.0]


def test_a_graph_of_fixed_rows_is_fed_in_pieces(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0], [100.0]], rows=4)
    pd.DataFrame({"a": np.arange(10.0), "b": np.ones(10)}).to_csv(tmp_path / "a.csv", index=False)
    _, rows = scored(job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path))
    assert rows["y_pred"].tolist() == [100.0 + i for i in range(10)]


def test_logits_become_probabilities_and_class_numbers_names(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0, 0.0, -1.0]])
    pd.DataFrame({"a": [9.0, 0.1, -9.0]}).to_csv(tmp_path / "a.csv", index=False)
    answer, rows = scored(
        job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path, classes=("cat", "dog", "ape"))
    )
    assert rows["y_pred"].tolist() == ["cat", "cat", "ape"]
    assert answer.scores == ("p_ape", "p_cat", "p_dog")
    assert np.allclose(rows[list(answer.scores)].sum(axis=1), 1)
    assert any("softmax" in note for note in answer.notes)


def test_three_classes_of_a_real_model(tmp_path: Path) -> None:
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    values, target = load_iris(return_X_y=True)
    words = np.array(["setosa", "versicolor", "virginica"])[target]
    values = values.astype("f4")
    model = RandomForestClassifier(20, random_state=0).fit(values, words)
    save_onnx(model, values[:1], tmp_path / "m.onnx")
    frame = pd.DataFrame(values, columns=list("abcd")).assign(churned=words)
    frame.to_parquet(tmp_path / "a.parquet")
    answer, rows = scored(job(tmp_path / "m.onnx", tmp_path / "a.parquet", tmp_path))
    assert answer.task == "multiclass" and answer.truths == ("setosa", "versicolor", "virginica")
    assert rows["y_pred"].tolist() == model.predict(values).tolist()
    assert np.allclose(rows[list(answer.scores)], model.predict_proba(values), atol=1e-5)


def test_probabilities_without_zipmap_and_the_smaller_class_as_positive(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    frame = customers(300)
    values = frame[["age", "income"]].to_numpy()
    model = LogisticRegression().fit(values, np.where(frame["churned"] == 1, "stays", "leaves"))
    save_onnx(model, values[:1], tmp_path / "m.onnx", zipmap=False)
    frame.drop(columns="region").to_csv(tmp_path / "a.csv", index=False)
    wanted = job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path)
    sure = model.predict_proba(values)
    _, rows = scored(wanted)
    assert np.allclose(rows["y_score"], sure[:, 1], atol=1e-5)
    _, rows = scored(replace(wanted, positive="leaves"))
    assert np.allclose(rows["y_score"], sure[:, 0], atol=1e-5)


def test_a_lone_probability_is_a_score_where_the_task_is_binary(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0]], after="Sigmoid")
    pd.DataFrame({"a": [-2.0, 0.5, 3.0]}).to_csv(tmp_path / "a.csv", index=False)
    wanted = job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path)
    answer, rows = scored(replace(wanted, task="binary"))
    assert answer.scores == ("y_score",) and not answer.predicted
    assert np.allclose(rows["y_score"], 1 / (1 + np.exp([2.0, -0.5, -3.0])), atol=1e-6)
    answer, _ = scored(wanted)
    assert answer.task == "regression" and any('task = "binary"' in note for note in answer.notes)


def test_outputs_that_are_no_numbers_are_counted_and_kept_missing(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0, -1.0]])
    pd.DataFrame({"a": [1.0, np.nan, -1.0]}).to_parquet(tmp_path / "a.parquet")
    answer, rows = scored(job(tmp_path / "m.onnx", tmp_path / "a.parquet", tmp_path))
    assert answer.bad == 1
    assert rows["y_pred"].isna().tolist() == [False, True, False]
    assert rows["y_score"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["good.onnx", "good.skops"])
def test_a_missing_column_is_named(made: Path, tmp_path: Path, name: str) -> None:
    pd.read_parquet(made / "batch.parquet").drop(columns="income").to_csv(tmp_path / "a.csv", index=False)
    problem = refused(job(made / name, tmp_path / "a.csv", tmp_path))
    assert problem.file == str(tmp_path / "a.csv") and "income" in problem.message
    assert "age" in problem.hint


def test_text_where_numbers_belong_is_said(made: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(made / "batch.parquet").astype({"age": str})
    frame["age"] = "n/k"
    frame.to_csv(tmp_path / "a.csv", index=False)
    problem = refused(job(made / "good.onnx", tmp_path / "a.csv", tmp_path))
    assert "age" in problem.message and problem.file == str(tmp_path / "a.csv")


def test_too_few_and_too_many_columns_are_listed(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0], [1.0]])
    pd.DataFrame({"a": [1.0], "b": [1.0], "c": [1.0]}).to_csv(tmp_path / "a.csv", index=False)
    problem = refused(job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path))
    assert "takes 2 columns" in problem.message and "a, b, c" in problem.message
    assert "features" in problem.hint


def test_a_column_that_occurs_twice_is_refused(made: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("age,age,income,region,churned\n1,2,3,north,0\n")
    assert "age" in refused(job(made / "good.onnx", tmp_path / "a.csv", tmp_path)).message


def test_lines_that_are_no_rows_are_left_out_and_counted(made: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("age,income,region,churned\n1,2,north,0\n1,2\n3,4,south,1\n")
    answer, rows = scored(job(made / "good.onnx", tmp_path / "a.csv", tmp_path))
    assert rows["y_true"].tolist() == [0, 1] and answer.notes == ("1 line skipped: not rows",)


def test_a_named_positive_class_is_never_guessed(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0, -1.0]])
    pd.DataFrame({"a": [1.0, -1.0]}).to_csv(tmp_path / "a.csv", index=False)
    wanted = job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path, positive="leaves")
    assert "classes" in refused(wanted).hint
    _, rows = scored(replace(wanted, classes=("leaves", "stays")))
    assert rows["y_pred"].tolist() == ["leaves", "stays"] and rows["y_score"][0] > 0.8


def test_a_graph_that_never_ends_is_ended(tmp_path: Path) -> None:
    save_endless(tmp_path / "m.onnx")
    pd.DataFrame({"a": [1.0], "b": [2.0]}).to_csv(tmp_path / "a.csv", index=False)
    problem = refused(job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path, seconds=3.0))
    assert "longer than 3 s" in problem.message


def test_a_file_without_numbers_has_nothing_for_a_matrix(tmp_path: Path) -> None:
    save_graph(tmp_path / "m.onnx", [[1.0]])
    pd.DataFrame({"a": ["x"]}).to_csv(tmp_path / "a.csv", index=False)
    assert refused(job(tmp_path / "m.onnx", tmp_path / "a.csv", tmp_path)).hint


class Bomb:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("name", ["m.pkl", "m.onnx", "m.skops", "m.joblib", "model"])
@pytest.mark.parametrize("protocol", [2, 5])
def test_a_pickle_is_never_opened_whatever_its_name(tmp_path: Path, name: str, protocol: int) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(str(tmp_path / "mark")), protocol))
    problem = unsupported(str(tmp_path / name))
    assert problem is not None and "never opened" in problem.message and "skops.io.dump" in problem.hint
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", ["m.onnx", "m.pkl", "m.skops"])
def test_a_pickle_without_a_magic_number_harms_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(str(tmp_path / "mark")), 0))
    pd.DataFrame({"a": [1.0]}).to_csv(tmp_path / "a.csv", index=False)
    assert refused(job(tmp_path / name, tmp_path / "a.csv", tmp_path)).hint
    assert not (tmp_path / "mark").exists()


def test_a_skops_file_of_foreign_types_is_refused_with_their_names(tmp_path: Path) -> None:
    from sklearn.preprocessing import FunctionTransformer

    frame = customers(50)
    foreign = FunctionTransformer(os.system).fit(frame[["age"]])
    save_skops(foreign, tmp_path / "m.skops")
    frame.to_csv(tmp_path / "a.csv", index=False)
    problem = refused(job(tmp_path / "m.skops", tmp_path / "a.csv", tmp_path))
    assert "not trusted" in problem.message and "system" in problem.message
    assert problem.file == str(tmp_path / "m.skops")


def test_other_archives_and_rubbish_are_no_models(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", b"cos\nsystem\n")
    (tmp_path / "m.zip").write_bytes(buffer.getvalue())
    (tmp_path / "torn.skops").write_bytes(buffer.getvalue()[:40])
    (tmp_path / "empty").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.onnx")
    for name in ("m.zip", "torn.skops", "empty", "pipe.onnx", "none.onnx"):
        assert unsupported(str(tmp_path / name)) is not None, name


def test_a_torn_onnx_file_is_the_models_fault(made: Path, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes((made / "good.onnx").read_bytes()[:500])
    problem = refused(job(tmp_path / "m.onnx", made / "batch.parquet", tmp_path))
    assert problem.file == str(tmp_path / "m.onnx") and str(tmp_path) not in problem.message


@pytest.mark.parametrize(
    "content", [b"", b"PAR1 nothing", b"age,income,region\n"], ids=["empty", "torn", "no rows"]
)
def test_data_that_can_not_be_read_is_the_datas_fault(made: Path, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ("a.parquet" if content.startswith(b"PAR") else "a.csv")
    file.write_bytes(content)
    problem = refused(job(made / "good.onnx", file, tmp_path))
    assert problem.file == str(file) and problem.hint


def test_a_damaged_page_is_the_datas_fault(made: Path, tmp_path: Path) -> None:
    content = bytearray((made / "batch.parquet").read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    (tmp_path / "a.parquet").write_bytes(content)
    problem = refused(job(made / "good.onnx", tmp_path / "a.parquet", tmp_path))
    assert problem.file == str(tmp_path / "a.parquet") and "cannot be scored" in problem.message


def test_a_pipe_in_place_of_data_does_not_hang(made: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    problem = refused(job(made / "good.onnx", tmp_path / "a.csv", tmp_path))
    assert "not a regular file" in problem.message


def test_a_worker_that_takes_too_long_is_ended(made: Path, tmp_path: Path) -> None:
    problem = refused(job(made / "good.onnx", made / "batch.parquet", tmp_path, seconds=0.01))
    assert "longer than 0.01 s" in problem.message and "timeout" in problem.hint


def test_a_worker_without_memory_is_a_problem_not_an_exception(made: Path, tmp_path: Path) -> None:
    problem = refused(job(made / "good.onnx", made / "batch.parquet", tmp_path, memory=4 << 20))
    assert problem.message


def test_more_rows_than_allowed_are_refused(made: Path, tmp_path: Path) -> None:
    problem = refused(job(made / "good.onnx", made / "batch.parquet", tmp_path, rows=100))
    assert "400 rows" in problem.message and "100" in problem.message


def test_stopping_ends_a_worker_that_runs(made: Path, tmp_path: Path) -> None:
    scoring, heard = Scoring(), []
    wanted = job(made / "good.skops", made / "batch.parquet", tmp_path)
    thread = threading.Thread(target=lambda: heard.append(scoring.score(wanted)))
    thread.start()
    time.sleep(0.05)
    scoring.stop()
    thread.join(PATIENCE_S)
    assert len(heard) == 1 and isinstance(heard[0], Problem)
    assert isinstance(scoring.score(wanted), Problem)


def test_a_state_directory_that_can_not_be_written_is_said(made: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    wanted = replace(
        job(made / "good.onnx", made / "batch.parquet", tmp_path), output=str(tmp_path / "file" / "p.parquet")
    )
    problem = Scoring().score(wanted)
    assert isinstance(problem, Problem) and "cannot be written" in problem.message


def test_what_was_written_is_known_again_by_its_identity(made: Path, tmp_path: Path) -> None:
    wanted = job(made / "good.onnx", made / "batch.parquet", tmp_path, mtime_ns=1_700_000_000_000_000_000)
    answer, _ = scored(wanted)
    assert written_before(wanted.output, "this") == answer
    assert written_before(wanted.output, "that") is None
    assert os.stat(wanted.output).st_mtime_ns == wanted.mtime_ns
    assert os.stat(wanted.output).st_mode & 0o077 == 0
    (tmp_path / "p.parquet").write_bytes(b"PAR1")
    assert written_before(wanted.output, "this") is None


def test_a_slice_that_bears_a_predictions_name_is_refused(made: Path, tmp_path: Path) -> None:
    pd.read_parquet(made / "batch.parquet").assign(y_score=0.5).to_csv(tmp_path / "a.csv", index=False)
    problem = refused(job(made / "good.onnx", tmp_path / "a.csv", tmp_path, slices=("y_score",)))
    assert "y_score" in problem.message


def test_the_missing_package_is_named(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "skops" else real(name))
    assert missing_package(str(made / "good.skops")) == "skops"
    assert missing_package(str(made / "good.onnx")) is None


def test_one_output_a_class_is_told_from_several_scores() -> None:
    from runwatch.scoring.formats.onnx import raw_scores

    label, p = np.array([0, 1]), np.array([0.8, 0.3], dtype="f4")
    raw = raw_scores("m.onnx", {"label": label, "i0": p, "i1": 1 - p}, 2, None)
    assert raw.scores is not None and raw.scores.shape == (2, 2)
    with pytest.raises(ScoringError, match="several outputs"):
        raw_scores("m.onnx", {"label": label, "a": p, "b": 2 * p}, 2, None)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_labels_in_files_of_their_own_are_joined_by_key(made: Path, tmp_path: Path, ending: str) -> None:
    frame = customers(400, 1)
    batch = tmp_path / "batch.parquet"
    frame.drop(columns="churned").to_parquet(batch)
    late = frame[["churned", "id"]].sample(frac=1.0, random_state=0)
    first, second = late[:200].copy(), late[150:300]
    first.loc[first.index[150:], "churned"] = 1 - first["churned"][150:]  # corrected by the second file
    paths = [tmp_path / f"{n}.{ending}" for n in (1, 2)]
    for part, path in zip((first, second), paths, strict=True):
        part.to_parquet(path) if ending == "parquet" else part.to_csv(path, index=False)
    labels = tuple(str(path) for path in paths)
    answer, written = scored(job(made / "good.onnx", batch, tmp_path, key="id", labels=labels))
    assert answer.labelled == 300
    known = set(late["id"][:300])
    truth = dict(zip(frame["id"], frame["churned"], strict=True))
    for key, label in zip(written["id"], written["y_true"], strict=True):
        assert label == truth[key] if key in known else np.isnan(label)


def test_labels_that_can_not_be_joined_say_why(made: Path, tmp_path: Path) -> None:
    frame = customers(50, 1)
    batch, labels = tmp_path / "batch.parquet", tmp_path / "labels.csv"
    frame.drop(columns="churned").to_parquet(batch)
    frame[["churned"]].to_csv(labels, index=False)
    more = {"labels": (str(labels),)}
    assert "labels need a key" in refused(job(made / "good.onnx", batch, tmp_path, **more)).message
    problem = refused(job(made / "good.onnx", batch, tmp_path, key="id", **more))
    assert problem.file == str(labels) and "has no column id" in problem.message


@pytest.mark.parametrize("zipmap", [True, False, "columns"])
def test_each_way_to_hand_out_probabilities_gives_the_same_scores(made: Path, tmp_path: Path, zipmap) -> None:
    frame = customers(400)
    model = good_model(frame)
    options = {id(model): {"zipmap": zipmap}}
    from skl2onnx import to_onnx

    path = tmp_path / "m.onnx"
    path.write_bytes(to_onnx(model, frame[FEATURES][:1], options=options).SerializeToString())
    _, written = scored(job(path, made / "batch.parquet", tmp_path))
    wanted = model.predict_proba(frame[FEATURES])[:, 1]
    assert np.allclose(written["y_score"], wanted, atol=1e-5)


def test_a_batch_in_another_order_is_scored_the_same(made: Path, tmp_path: Path) -> None:
    frame = pd.read_parquet(made / "batch.parquet")
    frame[frame.columns[::-1]].to_parquet(tmp_path / "turned.parquet")
    _, straight = scored(job(made / "good.onnx", made / "batch.parquet", tmp_path))
    _, turned = scored(job(made / "good.onnx", tmp_path / "turned.parquet", tmp_path))
    assert np.array_equal(straight["y_score"], turned["y_score"])


def test_a_graph_of_float64_takes_numbers_of_any_width(tmp_path: Path) -> None:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    frame = customers(200)
    model = LogisticRegression().fit(frame[["age", "income"]].to_numpy("f8"), frame["churned"])
    graph = to_onnx(model, frame[["age", "income"]].to_numpy("f8")[:1], options={"zipmap": False})
    (tmp_path / "m.onnx").write_bytes(graph.SerializeToString())
    frame.to_parquet(tmp_path / "b.parquet")
    wanted = job(tmp_path / "m.onnx", tmp_path / "b.parquet", tmp_path, features=("age", "income"))
    answer = Scoring().score(wanted)
    assert isinstance(answer, ScoringAnswer), answer
    shown = pd.read_parquet(wanted.output)["y_score"]
    assert np.allclose(shown, model.predict_proba(frame[["age", "income"]].to_numpy("f8"))[:, 1], atol=1e-5)


def test_skops_with_an_imputer_scores_missing_numbers(tmp_path: Path) -> None:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    frame = customers(300)
    frame.loc[::7, "age"] = np.nan
    model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(
        frame[["age", "income"]], frame["churned"]
    )
    save_skops(model, tmp_path / "m.skops")
    frame.to_parquet(tmp_path / "b.parquet")
    _, written = scored(job(tmp_path / "m.skops", tmp_path / "b.parquet", tmp_path))
    wanted = model.predict_proba(frame[["age", "income"]])[:, 1]
    assert np.allclose(written["y_score"], wanted, atol=1e-5)
