"""Tables whose rows are not simply the rows of their files are refused, and say why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drift_command import drift


def part(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": np.random.default_rng(seed).normal(size=2000)}), path)
    return path


def delta(folder: Path, *actions: dict[str, Any], file: str = "p.parquet", **add: Any) -> Path:
    """A Delta table of one file, with further ``actions`` in its first commit."""
    part(folder / file)
    log = folder / "_delta_log" / f"{0:020}.json"
    log.parent.mkdir(exist_ok=True)
    first = {"add": {"path": file, "partitionValues": {}, "size": 1, "dataChange": True, **add}}
    log.write_text("".join(json.dumps(action) + "\n" for action in (*actions, first)))
    return folder


def said_of(folder: Path, tmp_path: Path) -> str:
    code, _, said = drift(part(tmp_path / "reference.parquet", 1), folder)
    assert code == 3, said
    return said


def test_a_plain_delta_table_is_read(tmp_path: Path) -> None:
    protocol = {"protocol": {"minReaderVersion": 3, "readerFeatures": ["timestampNtz", "deletionVectors"]}}
    table = delta(tmp_path / "t", protocol, {"metaData": {"configuration": {}}})
    code, report, said = drift(part(tmp_path / "reference.parquet", 1), table)
    assert code == 0 and report["current"]["rows"] == 2000, said


DELTA = {
    "deletion vectors": ({}, {"deletionVector": {"storageType": "u", "pathOrInlineDv": "x"}}),
    "column mapping": ({"metaData": {"configuration": {"delta.columnMapping.mode": "name"}}}, {}),
    "catalogManaged": ({"protocol": {"minReaderVersion": 3, "readerFeatures": ["catalogManaged"]}}, {}),
}


@pytest.mark.parametrize("what", DELTA)
def test_a_delta_table_with_more_than_files_is_refused(tmp_path: Path, what: str) -> None:
    action, add = DELTA[what]
    said = said_of(delta(tmp_path / "t", action, **add), tmp_path)
    assert "is a Delta table" in said and what in said and "export" in said


def test_a_delta_table_whose_log_has_a_gap_is_refused(tmp_path: Path) -> None:
    table = delta(tmp_path / "t")
    (table / "_delta_log" / f"{2:020}.json").write_text("{}\n")
    assert "whose log has gaps" in said_of(table, tmp_path)


def test_a_delta_table_that_names_a_file_elsewhere_is_refused(tmp_path: Path) -> None:
    table = delta(tmp_path / "t")
    log = table / "_delta_log" / f"{0:020}.json"
    log.write_text(log.read_text().replace("p.parquet", "../reference.parquet"))
    assert "outside its folder" in said_of(table, tmp_path)


def avro(path: Path, fields: dict[str, str], rows: list[list[Any]]) -> None:
    """An Avro file of int and string fields. https://avro.apache.org/docs/1.12.0/specification"""

    def whole(number: int) -> bytes:
        number = (number << 1) ^ (number >> 63)
        out = b""
        while number > 0x7F:
            out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
        return out + bytes([number])

    def text(value: str) -> bytes:
        return whole(len(value.encode())) + value.encode()

    schema = {"type": "record", "name": "r", "fields": [{"name": n, "type": t} for n, t in fields.items()]}
    head = b"Obj\x01" + whole(1) + text("avro.schema") + text(json.dumps(schema)) + whole(0) + b"s" * 16
    body = b"".join(whole(v) if isinstance(v, int) else text(v) for row in rows for v in row)
    path.write_bytes(head + whole(len(rows)) + whole(len(body)) + body + b"s" * 16)


def test_an_iceberg_table_with_delete_files_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "t"
    part(table / "data" / "a.parquet")
    metadata = table / "metadata"
    metadata.mkdir()
    paths = {"manifest_path": "string", "content": "int"}
    rows = [["file:/w/t/metadata/m0.avro", 0], ["file:/w/t/metadata/m1.avro", 1]]
    avro(metadata / "snap-1.avro", paths, rows)
    entry: dict[str, Any] = {
        "type": "record",
        "name": "f",
        "fields": [{"name": "content", "type": "int"}, {"name": "file_path", "type": "string"}],
    }
    for number, path in enumerate(("data/a.parquet", "data/deletes.parquet")):
        fields: dict[str, Any] = {"status": "int", "data_file": entry}
        avro(metadata / f"m{number}.avro", fields, [[1, number, f"file:/w/t/{path}"]])
    snapshot = {"snapshot-id": 1, "manifest-list": "file:/w/t/metadata/snap-1.avro"}
    said = {"format-version": 2, "location": "file:/w/t", "current-snapshot-id": 1, "snapshots": [snapshot]}
    (metadata / "v1.metadata.json").write_text(json.dumps(said))
    assert "is an Iceberg table with delete files" in said_of(table, tmp_path)
    avro(metadata / "snap-1.avro", paths, rows[:1])
    code, report, words = drift(tmp_path / "reference.parquet", table)
    assert code == 0 and report["current"]["rows"] == 2000, words


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("_versions/1.manifest", "data/a.lance"), "is a Lance dataset, which is not supported"),
        ((".hoodie/hoodie.properties",), "is a Hudi table, which is not supported"),
    ],
)
def test_lance_and_hudi_are_refused(tmp_path: Path, files: tuple[str, ...], said: str) -> None:
    part(tmp_path / "t" / "old.parquet")
    for name in files:
        (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / name).write_bytes(b"x")
    assert said in said_of(tmp_path / "t", tmp_path)
