from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwatch.data.discover import ListedFile, discover_predictions
from runwatch.data.errors import DataError
from runwatch.data.grid import guess_role
from runwatch.data.number_files import load_numbers
from runwatch.data.predictions import Chosen, choose_columns, column_names, load_columns, load_rows
from runwatch.domain.predictions import Coded, ColumnNames


def written(folder: Path, name: str, text: str | bytes) -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def loaded(path: str, *names: str) -> dict[str, object]:
    return dict(load_columns(path, names))


def test_csv_and_parquet_give_the_same_columns(tmp_path: Path) -> None:
    text = "id,y,s,t,b\n1,0,0.5,x,true\n2,1,,,false\n3,1,nan,y,true\n"
    csv = written(tmp_path, "p.csv", text)
    table = pa.table({
        "id": [1, 2, 3], "y": pa.array([0, 1, 1], pa.int8()),
        "s": pa.array([0.5, None, float("nan")], pa.float32()),
        "t": pa.array(["x", None, "y"]).dictionary_encode(), "b": [True, False, True],
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "p.parquet")
    for path in (csv, str(tmp_path / "p.parquet")):
        found = loaded(path, "y", "s", "t", "b", "id")
        assert list(found) == ["y", "s", "t", "b", "id"]
        np.testing.assert_array_equal(found["y"], [0, 1, 1])
        np.testing.assert_array_equal(found["s"], [0.5, np.nan, np.nan])
        assert isinstance(found["t"], Coded) and found["b"].dtype == bool  # type: ignore[attr-defined]
        assert [found["t"].labels[c] if c >= 0 else None for c in found["t"].codes] == ["x", None, "y"]
        assert column_names(path) == ("id", "y", "s", "t", "b")


CUT = ["id;s\n1;0,25\n2;1\n", "id;s\n1;0.25\n2;1\n", "id|s\n1|0.25\n2|1\n", "id,s\n1,0.25\n2,1\n"]


@pytest.mark.parametrize("text", CUT)
def test_predictions_are_split_as_they_were_written(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "p.csv", text)
    assert column_names(path) == ("id", "s")
    np.testing.assert_array_equal(loaded(path, "s")["s"], [0.25, 1.0])


def test_integers_with_holes_are_floats_and_dates_are_text(tmp_path: Path) -> None:
    path = written(tmp_path, "p.csv", "n,d\n1,2026-03-01\n,2026-03-02\n")
    found = loaded(path, "n", "d")
    np.testing.assert_array_equal(found["n"], [1.0, np.nan])
    assert isinstance(found["d"], Coded) and found["d"].labels == ("2026-03-01", "2026-03-02")


def test_a_column_whose_kind_shows_late_is_still_read(tmp_path: Path) -> None:
    rows = ["v"] + ["0.000000000"] * 200_000 + ["0.25", "late"]
    path = written(tmp_path, "p.csv", "\n".join(rows) + "\n")
    found = loaded(path, "v")["v"]
    assert isinstance(found, Coded) and len(found) == 200_002 and "late" in found.labels


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "no such file"),
        ("empty.csv", b"", "empty file"),
        ("notes.txt", b"a,b\n1,2\n", "not a predictions file"),
        ("bad.parquet", b"PAR1 not really", "has no parquet footer"),
        ("ragged.csv", b"a,b\n1,2\n3\n", "cannot be read: 1 line with too few or too many cells"),
        ("twice.csv", b"a,b,a\n1,2,3\n", "has several columns a"),
        ("other.csv", b"x,y\n1,2\n", "no column a"),
    ],
)
def test_what_cannot_be_read_is_a_problem(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = str(tmp_path / name) if content is None else written(tmp_path, name, content)
    with pytest.raises(DataError) as found:
        load_columns(path, ["a"])
    assert words in found.value.what and found.value.hint


def test_what_stands_above_the_header_and_bytes_of_another_encoding_are_no_obstacle(tmp_path: Path) -> None:
    path = written(tmp_path, "p.csv", b"# made by a script\na,b\ncaf\xe9,1\nth\xe9,2\n")
    assert column_names(path) == ("a", "b")
    found = loaded(path, "a", "b")
    np.testing.assert_array_equal(found["b"], [1, 2])
    assert isinstance(found["a"], Coded) and len(set(found["a"].codes)) == 2


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(DataError, match="not a regular file"):
        load_columns(str(tmp_path / "p.csv"), ["a"])


def test_columns_are_found_by_their_usual_names() -> None:
    available = ("ID", "y_true", "y_pred", "prob", "region")
    found = choose_columns("p.csv", available, ColumnNames())
    assert (found.names.target, found.names.prediction, found.names.score, found.names.key) == (
        "y_true", "y_pred", ("prob",), "ID",
    )  # fmt: skip
    assert len(found.notes) == 4 and "key column assumed: ID" in found.notes
    asked = choose_columns("p.csv", available, ColumnNames(target="region", score=("prob",), key="ID"))
    assert asked.names.prediction is None and asked.notes == ()


@pytest.mark.parametrize("target", ["labels", "truth", "ACTUAL"])
@pytest.mark.parametrize("prediction", ["predictions", "predicted_label"])
def test_a_file_that_is_found_by_itself_can_be_compared_by_name_too(target: str, prediction: str) -> None:
    chosen = choose_columns("p.csv", (target, prediction), ColumnNames()).names
    assert (chosen.target, chosen.prediction) == (target, prediction)
    assert guess_role(target, None, None, None, None) == "target"
    assert guess_role(prediction, None, None, None, None) == "prediction"
    entries = [ListedFile(f"predictions/{name}.csv", 1, 0.0) for name in ("champion", "new")]
    ((found, _),) = discover_predictions(
        "/root", entries, lambda _: [(target, "int64"), (prediction, "int64")]
    )
    assert (found.target, found.prediction) == (target, prediction)


def test_a_prefix_means_all_columns_that_begin_so_in_natural_order() -> None:
    available = ("y", *(f"p_{i}" for i in (10, 9, 0, 1)), "px")
    found = choose_columns("p.csv", available, ColumnNames(target="y", score=("p_*",)))
    assert found.names.score == ("p_0", "p_1", "p_9", "p_10")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ColumnNames(), "no target column (the file has a, b); name it with --target"),
        (ColumnNames(target="a"), "no prediction or score column"),
        (ColumnNames(target="a", prediction="c"), "no column c (the file has a, b)"),
        (ColumnNames(target="a", score=("q_*",)), "no column begins with q_"),
        (ColumnNames(target="a", prediction="b", slices=("z",)), "no column z"),
    ],
)
def test_missing_columns_are_named(asked: ColumnNames, words: str) -> None:
    with pytest.raises(DataError) as found:
        choose_columns("p.csv", ("a", "b"), asked)
    assert words in str(found.value)


def test_rows_of_one_side(tmp_path: Path) -> None:
    path = written(tmp_path, "both.csv", "y,pa,pb,s,g\n0,0,1,0.25,u\n1,1,1,0.75,v\n")
    names = ColumnNames("y", "pb", ("s",), group="g", baseline_prediction="pa")
    chosen = choose_columns(path, ("y", "pa", "pb", "s", "g"), names)
    candidate, baseline = load_rows(path, chosen), load_rows(path, chosen, baseline=True)
    np.testing.assert_array_equal(candidate.prediction, [1, 1])
    np.testing.assert_array_equal(baseline.prediction, [0, 1])
    assert list(candidate.scores) == ["s"] and baseline.scores == {} and isinstance(candidate.group, Coded)


def test_a_score_of_words_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, "p.csv", "y,s\n0,low\n1,high\n")
    with pytest.raises(DataError, match="score column s is text"):
        load_rows(path, Chosen(ColumnNames("y", None, ("s",))))


@given(st.binary(max_size=200))
def test_any_bytes_are_columns_or_a_problem(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = written(tmp_path_factory.mktemp("fuzz"), "p.csv", content)
    with suppress(DataError):
        assert isinstance(load_columns(path, column_names(path)), dict)


def test_metric_files(tmp_path: Path) -> None:
    text = '{"accuracy": 0.9, "macro avg": {"f1-score": 0.5}, "ok": true, "name": "x", "bad": NaN}'
    found = load_numbers(written(tmp_path, "m.json", text))
    assert isinstance(found, dict) and list(found) == ["accuracy", "macro avg/f1-score", "bad"]
    assert load_numbers(written(tmp_path, "m.yaml", "accuracy: 0.9\nval:\n  loss: 1\n")) == {
        "accuracy": 0.9,
        "val/loss": 1.0,
    }


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", "{", "cannot be read"),
        ("a.json", "[1, 2]", "not a mapping"),
        ("a.json", '{"a": "b"}', "no numbers"),
        ("a.yaml", "a: [1", "cannot be read"),
        ("a.yaml", "!!python/object/apply:os.system ['true']", "not a mapping of names"),
        ("a.json", b"\xff\xfe", "cannot be read"),
        ("a.json", "[" * 5000, "cannot be read"),
    ],
)
def test_metric_files_that_are_none(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    with pytest.raises(DataError) as found:
        load_numbers(written(tmp_path, name, content))
    assert words in found.value.what and found.value.hint
