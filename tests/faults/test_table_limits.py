"""Tables, models and configurations just past our limits are refused in words, before they are held."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch import config
from runwatch.cli import main
from runwatch.config.settings import ConfigError
from runwatch.data import predictions
from runwatch.data.avro import AvroError, records
from runwatch.data.errors import DataError
from runwatch.data.files import resolve
from runwatch.domain.profile import ProfileGrid, empty_profile
from runwatch.domain.run import Problem
from runwatch.judge.quality.case import QualityCase
from runwatch.judge.quality.checks import expectations
from runwatch.scoring.base import ScoringError
from runwatch.scoring.formats import MAX_MODEL, format_of, skops
from runwatch.scoring.tables import InputTable

MIB = 1 << 20


def problem_of(path: Path, *names: str) -> Problem:
    with pytest.raises(DataError) as found:
        predictions.load_columns(str(path), names) if names else predictions.column_names(str(path))
    return found.value.problem


def test_lists_with_infinities_and_huge_numbers_are_judged_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = [[1.0, float("inf"), float("-inf")], [1e308, 1e308, -1e308], [], [float("nan")]]
    rows = [odd[i % 4] if i % 3 == 0 else [i / 7, i / 3] for i in range(900)]
    for name in ("a.parquet", "b.parquet"):
        pq.write_table(pa.table({"e": rows, "x": [float(i % 50) for i in range(900)]}), tmp_path / name)
    main(["drift", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")])
    assert not [str(one.message) for one in recwarn] and "Warning" not in capsys.readouterr().err


def test_a_pattern_of_any_folders_is_walked_few_times(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["d"] * 25)
    deep.mkdir(parents=True)
    (deep / "x.csv").write_text("a\n1\n")
    assert [file.uri for file in resolve(f"{tmp_path}/{'**/' * 12}*.csv")] == [str(deep / "x.csv")]
    assert [file.uri for file in resolve(f"{tmp_path}/**/d/**/d/*.csv")] == [str(deep / "x.csv")]
    with pytest.raises(DataError, match=r"at most 3 \*\*"):
        resolve(f"{tmp_path}/{'**/d/' * 12}*.csv")


def test_predictions_with_a_line_too_long_for_a_parser(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text('y_true,y_pred\n1,"' + "x" * (9 * MIB) + '"\n')
    assert "line of more than 8 MiB" in problem_of(path, "y_true").message


def test_predictions_with_too_many_columns(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(",".join(f"c{i}" for i in range(10_001)) + "\n")
    assert "10,001 columns" in problem_of(path).message
    wide = tmp_path / "p.parquet"
    pq.write_table(pa.table({f"c{i}": [1] for i in range(50_001)}), wide)
    assert "columns, more than" in problem_of(wide).message


def test_predictions_with_a_cell_too_large(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"y_true": ["a", "b" * (9 * MIB)], "y_pred": ["a", "b"]}), path)
    assert "8 MiB" in problem_of(path, "y_true").message
    assert predictions.load_columns(str(path), ["y_pred"])


def test_predictions_with_too_many_rows_or_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"y_true": np.zeros(1001), "y_pred": np.arange(1001.0)}), path)
    monkeypatch.setattr(predictions, "MAX_ROWS", 1000)
    assert "1,001 rows" in problem_of(path, "y_true").message
    text = tmp_path / "p.csv"
    text.write_text("y_true\n" + "1\n" * 1001)
    assert "1,001 rows" in problem_of(text, "y_true").message
    os.truncate(text, 3 << 30)
    assert "larger than 2 GiB" in problem_of(text, "y_true").message


def test_a_parquet_file_that_unpacks_to_far_more_is_refused_by_its_footer(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    long = pa.array(["x" * 60_000] * 1000).dictionary_encode()
    pq.write_table(pa.table({"y_true": long}), path, use_dictionary=False, compression="zstd")
    assert path.stat().st_size < MIB
    tracemalloc.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictions, "_LARGEST_UNPACKED", 32 * MIB)
        before = pa.total_allocated_bytes()
        assert "when unpacked" in problem_of(path, "y_true").message
        assert pa.total_allocated_bytes() - before < MIB
    tracemalloc.stop()


def test_a_model_file_past_its_limit_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.touch()
    os.truncate(path, MAX_MODEL + 1)
    with pytest.raises(ScoringError, match="larger than 4 GiB"):
        format_of(str(path))


def test_a_skops_archive_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "m.skops"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (65 * MIB))
    with pytest.raises(ScoringError, match="its schema unpacks to 65 MiB"):
        skops.load(str(path), None)


@pytest.mark.parametrize("name", ["b.csv.gz", "b.tsv"])
def test_text_to_be_scored_has_lines_that_a_parser_should_see(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    body = b"a\n" + b"1" * (9 * MIB) + b"\n"
    path.write_bytes(gzip.compress(body) if name.endswith("gz") else body)
    with pytest.raises(ScoringError, match="line of more than 8 MiB"):
        InputTable(str(path)).read(["a"], 100)


def test_a_table_to_be_scored_that_unpacks_to_too_much(tmp_path: Path) -> None:
    from runwatch.scoring import tables

    path = tmp_path / "b.csv.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"123\n" * MIB))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_LARGEST", MIB)
        with pytest.raises(ScoringError, match="when unpacked"):
            InputTable(str(path)).read(["a"], 10 * MIB)


def test_a_footer_that_says_it_is_huge(tmp_path: Path) -> None:
    path = tmp_path / "b.parquet"
    path.write_bytes(b"PAR1" + b"\0" * 64 + struct.pack("<I", 1 << 30) + b"PAR1")
    with pytest.raises(ScoringError, match="footer of 1,024 MiB"):
        InputTable(str(path)).schema()
    assert "damaged footer" in problem_of(path).message


def test_a_delta_checkpoint_that_unpacks_to_too_much(tmp_path: Path) -> None:
    from runwatch.data import lakes

    log = tmp_path / "table" / "_delta_log"
    log.mkdir(parents=True)
    add = pa.array([{"path": "x" * 1000, "size": 1}] * 5000)
    pq.write_table(pa.table({"add": add}), log / f"{10:020d}.checkpoint.parquet", use_dictionary=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lakes, "_MAX_CHECKPOINT", MIB)
        with pytest.raises(DataError, match="unpacks to more than 1 MiB"):
            resolve(str(tmp_path / "table"))


def test_an_avro_block_with_more_records_than_bytes() -> None:
    def number(value: int) -> bytes:
        value, out = value << 1, b""
        while value > 0x7F:
            out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
        return out + bytes([value])

    schema = json.dumps({"type": "record", "name": "empty", "fields": []}).encode()
    body = io.BytesIO()
    body.write(b"Obj\x01" + number(1) + number(11) + b"avro.schema" + number(len(schema)) + schema)
    body.write(number(0) + b"s" * 16 + number(1 << 40) + number(1) + b"\0" + b"s" * 16)
    with pytest.raises(AvroError, match="more records than bytes"):
        list(records(body.getvalue()))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a" + ".a" * 100_000 + " = 1\n", "more than 64 dots"),
        ("x = { " + '"a" . ' * 100 + "b = 1 }\n", "more than 64 dots"),
        ("".join(f"[[rules]]\nname = 'r{i}'\nwhen = 'loss > {i}'\n" for i in range(1001)), "1,001 entries"),
        ("x = " + "[" * 5000 + "]" * 5000, "nested too deep"),
    ],
    ids=["dots", "quoted", "rules", "lists"],
)
def test_a_configuration_past_its_limits_is_refused_at_once(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "runwatch.toml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        config.load((str(tmp_path),))


def test_a_configuration_with_many_dots_in_its_words_is_read(tmp_path: Path) -> None:
    said = "1." * 60 + " ... " * 100
    (tmp_path / "runwatch.toml").write_text(f"[[rules]]\nname = 'r'\nwhen = 'loss > 1'\nadvice = '{said}'\n")
    (settings,) = config.load((str(tmp_path),)).values()
    assert settings.rules[0].advice == said


def test_a_pattern_costs_time_by_the_length_of_the_text_alone() -> None:
    grid = ProfileGrid((), "none")
    case = QualityCase(
        empty_profile(grid),
        None,
        {"a": np.array(["a" * 40 + "!", "aaa"], dtype=object)},
        None,
        {},
        (),
        None,
        None,
        None,
    )
    (found,) = expectations._pattern(case, {"pattern": "(a+)+$"}, "a")
    assert "50.0% of the sampled values do not match" in repr(found)
    (found,) = expectations._pattern(case, {"pattern": "(?=a)(a+)+$"}, "a")
    assert "cannot be used" in repr(found) and "RE2" in repr(found)
