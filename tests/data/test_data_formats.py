"""Every format gives the same counts; bad files and bad values never raise anything but DataError."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from runwatch.data.errors import DataError
from runwatch.data.files import natural, resolve
from runwatch.data.formats import format_of, formats
from runwatch.data.workflow import find_files, open_reference, profile_batches
from runwatch.domain.profile import DataOptions, TableProfile
from runwatch.domain.table_formats import READ


def table(n: int = 3000, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "x": pa.array(
                [None if rng.random() < 0.1 else float(v) for v in np.round(rng.normal(size=n), 4)]
            ),
            "k": rng.integers(0, 9, n),
            "c": rng.choice(["north", "south", "a,b"], n),
            "b": rng.random(n) < 0.5,
        }
    )


def write(folder: Path, name: str, data: pa.Table) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(data, path, row_group_size=700)
    elif name.endswith(".csv"):
        pacsv.write_csv(data, path)
    elif name.endswith(".csv.gz"):
        with gzip.open(path, "wb") as handle:
            pacsv.write_csv(data, handle)
    elif name.endswith(".feather"):
        feather.write_feather(data, path)
    elif name.endswith(".arrow"):
        with ipc.new_stream(str(path), data.schema) as writer:
            writer.write_table(data, max_chunksize=500)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in data.to_pylist()))
    return path


def counted(path: Path, grid) -> TableProfile:
    named, _, problems = profile_batches(find_files([str(path)]), grid)
    assert not problems, problems
    return named[0].profile


@pytest.fixture
def reference(tmp_path: Path):
    return open_reference(find_files([str(write(tmp_path, "ref.parquet", table()))]), DataOptions())


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".feather", ".arrow", ".jsonl", ".parquet"])
def test_all_formats_give_the_same_counts(tmp_path: Path, reference, ending: str) -> None:
    found = counted(write(tmp_path, "batch" + ending, table()), reference.grid)
    assert np.array_equal(found.counts, reference.profile.counts)
    assert np.array_equal(found.scalars, reference.profile.scalars)
    assert np.allclose(found.sums, reference.profile.sums)


@pytest.mark.parametrize("ending", [".csv", ".feather", ".jsonl"])
def test_any_format_can_be_the_reference(tmp_path: Path, ending: str) -> None:
    reference = open_reference(find_files([str(write(tmp_path, "ref" + ending, table()))]), DataOptions())
    kinds = {column.name: column.kind for column in reference.grid.columns}
    assert kinds == {"x": "numeric", "k": "numeric", "c": "categorical", "b": "boolean"}
    assert reference.profile.column(reference.grid.index["x"]).missing > 0


def test_a_word_among_numbers_is_counted_as_invalid(tmp_path: Path, reference) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("x,k,c,b\n" + "1.5,2,north,true\n" * 5 + "oops,3,south,false\n" + "2.5,x,north,true\n")
    profile = counted(path, reference.grid)
    x = profile.column(reference.grid.index["x"])
    assert (x.rows, x.invalid, x.n) == (7, 1, 6)
    assert profile.column(reference.grid.index["k"]).invalid == 1


def test_a_type_that_widens_far_into_a_csv_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rows = 200_000
    path.write_text("a,b\n" + "1,2\n" * rows + "1.5,2\n" + "2,word\n")
    reference = open_reference(find_files([str(path)]), DataOptions())
    assert reference.profile.rows == rows + 2
    a = reference.profile.column(reference.grid.index["a"])
    assert a.n == rows + 2 and a.high == 2.0


def test_mixed_types_in_json_lines(tmp_path: Path, reference) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text('{"x": 1.0, "k": 1}\n{"x": "two"}\nnot json\n[1]\n{"x": null, "c": "north"}\n')
    profile = counted(path, reference.grid)
    x = profile.column(reference.grid.index["x"])
    assert (profile.rows, profile.skipped) == (3, 2)
    assert (x.n, x.invalid, x.null) == (1, 1, 1)


def test_lines_with_too_many_fields_are_counted_not_fatal(tmp_path: Path, reference) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("x,k,c,b\n1,2,north,true\n1,2,3,4,5,6\n2,3,south,false\n")
    profile = counted(path, reference.grid)
    assert (profile.rows, profile.skipped) == (2, 1)


def test_bytes_that_are_no_utf8(tmp_path: Path, reference) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(b"x,k,c,b\n1,2,caf\xe9,true\n2,3,north,false\n")
    profile = counted(path, reference.grid)
    found = profile.column(reference.grid.index["c"])
    assert profile.rows == 2 and found.others == {"caf\\xe9": 1}


def test_utf16_and_broken_lines_with_broken_bytes(tmp_path: Path, reference, capfd) -> None:
    (tmp_path / "wide.csv").write_bytes("x,k,c,b\n1.5,2,north,true\n".encode("utf-16"))
    assert counted(tmp_path / "wide.csv", reference.grid).column(0).n == 1
    (tmp_path / "torn.csv").write_bytes(b"x,k,c,b\n1,2,\xff,true,9,9\n1,2,north,true\n")
    found = counted(tmp_path / "torn.csv", reference.grid)
    assert (found.rows, found.skipped) == (1, 1)
    assert "Traceback" not in capfd.readouterr().err


def test_a_name_that_occurs_twice_in_the_batch_only(tmp_path: Path, reference) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("x,k,c,x\n1,2,north,3\n")
    found = counted(path, reference.grid)
    assert ("x", "duplicate") in found.schema and found.column(reference.grid.index["x"]).rows == 0


def test_nan_alone_is_missing(tmp_path: Path) -> None:
    pq.write_table(pa.table({"v": np.full(50, np.nan)}), tmp_path / "nan.parquet")
    found = open_reference(find_files([str(tmp_path / "nan.parquet")]), DataOptions())
    assert found.grid.columns[0].kind == "constant" and found.profile.column(0).missing == 50


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.parquet", b"PAR1 half a file"),
        ("not.parquet", b"hello, this is text and long enough"),
        ("empty.csv", b""),
        ("empty.parquet", b""),
        ("bad.arrow", b"nothing of the kind"),
        ("old.feather", b"FEA1 feather version one, long ago"),
        ("empty.jsonl", b""),
        ("bad.csv.gz", b"not gzip"),
    ],
)
def test_an_unreadable_file_is_a_data_error_that_says_what_to_do(tmp_path: Path, name, content) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_reference(find_files([str(path)]), DataOptions())
    assert caught.value.hint and name in str(caught.value)


def test_a_damaged_arrow_file_is_an_error_and_no_wild_read(tmp_path: Path, reference) -> None:
    """Where a text lies is said in the file: a wrong place, followed, ends the process by a signal."""
    path = tmp_path / "damaged.feather"
    feather.write_feather(table().select(["c"]), path, compression="uncompressed")
    content = path.read_bytes()
    second = table()["c"][:2].to_pylist()
    places = np.array([0, len(second[0]), len(second[0]) + len(second[1])], dtype="<i4").tobytes()
    assert places in content
    wild = np.array([0, 2**30, 5], dtype="<i4").tobytes()
    path.write_bytes(content.replace(places, wild, 1))
    _, batches, problems = profile_batches(find_files([str(path)]), reference.grid)
    assert batches[0].problem is not None and "damaged.feather" in str(problems[0])


def test_an_unreadable_batch_leaves_the_others_judged(tmp_path: Path, reference) -> None:
    folder = tmp_path / "batches"
    folder.mkdir()
    write(folder, "b1.parquet", table(100))
    (folder / "b2.parquet").write_bytes(b"PAR1 torn")
    named, batches, problems = profile_batches(find_files([str(folder)]), reference.grid)
    assert [one.profile.rows for one in named] == [100]
    assert len(problems) == 1 and "footer" in problems[0].message
    assert [batch.problem is None for batch in batches] == [True, False]


def test_a_fifo_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="not a regular file"):
        find_files([str(tmp_path / "pipe.csv")])
    write(tmp_path, "real.csv", table(10))
    assert [file.name for file in resolve(str(tmp_path), str(tmp_path))] == ["real.csv"]


def test_folders_globs_and_partitions(tmp_path: Path) -> None:
    for day in (2, 10, 1):
        folder = tmp_path / "sales" / f"date=2026-03-{day:02}"
        folder.mkdir(parents=True)
        write(folder, "part.parquet", table(50))
    (tmp_path / "sales" / "_SUCCESS").touch()
    files = resolve(str(tmp_path / "sales"))
    assert [dict(file.partitions)["date"] for file in files] == ["2026-03-01", "2026-03-02", "2026-03-10"]
    assert [file.day for file in files] == sorted(file.day for file in files)
    assert len(resolve(str(tmp_path / "sales" / "*" / "*.parquet"))) == 3
    with pytest.raises(DataError, match="matches no data files"):
        resolve(str(tmp_path / "*.csv"))
    with pytest.raises(DataError, match="does not exist"):
        resolve(str(tmp_path / "none.parquet"))


def test_natural_order() -> None:
    assert sorted(["b10", "b2", "b1"], key=natural) == ["b1", "b2", "b10"]


def test_names_that_occur_twice_are_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("a,b,a\n1,2,3\n4,5,6\n")
    reference = open_reference(find_files([str(path)]), DataOptions())
    assert reference.grid.duplicates == ("a",)
    assert [column.name for column in reference.grid.columns] == ["b"]
    data = pa.Table.from_arrays([pa.array([1, 2]), pa.array([3, 4]), pa.array([5, 6])], names=["a", "b", "a"])
    pq.write_table(data, tmp_path / "twice.parquet")
    again = open_reference(find_files([str(tmp_path / "twice.parquet")]), DataOptions())
    assert again.grid.duplicates == ("a",) and again.profile.column(0).n == 2


def test_kinds_are_guessed_and_declared_kinds_win(tmp_path: Path) -> None:
    n = 200
    rng = np.random.default_rng(0)
    data = pa.table(
        {
            "id": np.arange(n),
            "note": [f"free text {rng.integers(10**9)} about things" for _ in range(n)],
            "fixed": np.ones(n),
            "void": pa.nulls(n),
            "gone": pa.array([None] * n, type=pa.float64()),
            "at": pa.array(np.arange(n) * 10**9, type=pa.timestamp("ns")),
            "code": rng.integers(0, 5, n),
            "nest": [[1, 2]] * n,
            "price": pa.array([None] + [1] * (n - 1), type=pa.decimal128(9, 2)),
        }
    )
    path = tmp_path / "kinds.parquet"
    pq.write_table(data, path)
    reference = open_reference(find_files([str(path)]), DataOptions(kinds={"code": "categorical"}))
    found = {column.name: column for column in reference.grid.columns}
    kinds = {name: column.kind for name, column in found.items()}
    assert kinds["note"] == "text" and kinds["fixed"] == "constant" and kinds["void"] == "constant"
    assert kinds["gone"] == "constant" and kinds["at"] == "datetime" and kinds["code"] == "categorical"
    assert found["id"].role == "key" and not found["code"].guessed and found["note"].guessed
    assert reference.profile.column(reference.grid.index["nest"]).rows == n


def test_roles_are_said_or_guessed(tmp_path: Path) -> None:
    path = tmp_path / "roles.csv"
    path.write_text("label,y_pred,uid,x\n" + "".join(f"{i % 2},{i % 2},{i},{i * i}\n" for i in range(40)))
    guessed = open_reference(find_files([str(path)]), DataOptions()).grid
    assert {c.name: c.role for c in guessed.columns} == {
        "label": "target",
        "y_pred": "prediction",
        "uid": "key",
        "x": "feature",
    }
    said = open_reference(find_files([str(path)]), DataOptions(target="x", key="uid")).grid
    assert {c.name: c.role for c in said.columns}["x"] == "target"


def test_columns_can_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "ref.parquet", table(50))
    grid = open_reference(find_files([str(path)]), DataOptions(exclude=("k*",), include=("?",))).grid
    assert [column.name for column in grid.columns] == ["x", "c", "b"]


def test_ten_thousand_columns(tmp_path: Path) -> None:
    wide = pa.table({f"c{i}": np.arange(5.0) for i in range(10_000)})
    pq.write_table(wide, tmp_path / "wide.parquet")
    reference = open_reference(find_files([str(tmp_path / "wide.parquet")]), DataOptions())
    assert len(reference.grid.columns) == 10_000 and reference.profile.rows == 5


def test_zero_rows(tmp_path: Path, reference) -> None:
    for name in ("none.parquet", "none.csv", "none.feather"):
        profile = counted(write(tmp_path, name, table(0)), reference.grid)
        assert profile.rows == 0


def test_every_format_lists_its_suffixes(tmp_path: Path) -> None:
    assert format_of(resolve(str(write(tmp_path, "a.csv", table(2))))[0]).SUFFIXES


def test_a_table_of_every_format_is_known_by_its_name() -> None:
    """JSON documents are left out: most of them are no tables."""
    assert sorted(s for s in formats() if not s.startswith(".json.") and s != ".json") == sorted(READ)
