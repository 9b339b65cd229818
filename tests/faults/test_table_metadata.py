"""What a table folder says of itself is a stranger's word: no shape of it ends a command, takes much
memory or goes on for ever, and what lies beside it is still judged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runwatch.cli import main
from runwatch.data.avro import AvroError, records
from runwatch.data.errors import DataError
from runwatch.data.files import resolve
from runwatch.readers.common.bounded_json import PastLimit, parse

WRITERS = Path(__file__).parents[1] / "fixtures" / "writers"
COMMIT, STATE = "_delta_log/00000000000000000000.json", "state.json"
TABLES = {COMMIT: "delta/overwritten", STATE: "hf/saved", "metadata/v9.metadata.json": "iceberg/overwritten"}
ODD = [None, 7, "x", [], [1], {}, {"x": 1}, "\0", "../../x", "file:///x", -1, True]


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [before, *(path for key, below in inner for path in _paths(below, (*before, key)))]


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:], new)
    return copy


def _table(file: str, folder: Path) -> list[Any]:
    """A copy of a real table with ``file`` in it, and what that file says, a value a line."""
    shutil.copytree(WRITERS / TABLES[file], folder)
    if file.startswith("metadata/"):
        shutil.copy(max(folder.glob("metadata/*.metadata.json")), folder / file)
    text = (folder / file).read_text()
    return [json.loads(line) for line in text.splitlines()] if file == COMMIT else [json.loads(text)]


@pytest.mark.parametrize("file", TABLES)
def test_any_value_in_any_place_is_read_or_refused_in_words(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "table"
    lines = _table(file, folder)
    for at, line in enumerate(lines):
        for number, path in enumerate(_paths(line)):
            for new in ODD[number % 4 :: 4]:
                said = [*lines[:at], _with(line, path, new), *lines[at + 1 :]]
                (folder / file).write_text("\n".join(map(json.dumps, said)))
                try:
                    assert all(one.uri.startswith(str(folder)) for one in resolve(str(folder)))
                except DataError as error:
                    assert str(folder) in str(error)


@pytest.mark.parametrize(
    "manifest", sorted((WRITERS / "iceberg").rglob("*.avro")), ids=lambda path: path.name
)
@given(at=st.integers(0, 1 << 16), new=st.binary(min_size=1, max_size=8))
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_changed_bytes_of_a_manifest_are_refused_in_words(manifest: Path, at: int, new: bytes) -> None:
    from runwatch.data.lakes import TableFolder, live_files

    folder = manifest.parent.parent
    paths = [str(path.relative_to(folder)) for path in folder.rglob("*")]

    def read(path: str) -> bytes:
        body = (folder / path).read_bytes()
        place = at % len(body)
        return body[:place] + new + body[place + len(new) :] if path.endswith(manifest.name) else body

    try:
        live_files(TableFolder("t", paths, read))
    except DataError as error:
        assert str(error).startswith("t")


def _container(schema: object, body: bytes, count: int = 1) -> bytes:
    text = json.dumps(schema).encode()
    head = b"Obj\x01" + _long(1) + _long(11) + b"avro.schema" + _long(len(text)) + text + _long(0)
    return head + b"s" * 16 + _long(count) + _long(len(body)) + body + b"s" * 16


def _long(value: int) -> bytes:
    value, out = value << 1, bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _nulls() -> bytes:
    return _container({"type": "array", "items": "null"}, _long(3000) * 1500 + _long(0))


def _records() -> bytes:
    schema: object = "null"
    for level in range(14):
        below = f"r{level - 1}" if level else "null"
        fields = [{"name": "a", "type": schema}, *({"name": name, "type": below} for name in "bc")]
        schema = {"type": "record", "name": f"r{level}", "fields": fields}
    return _container(schema, b"\0")


@pytest.mark.parametrize("bomb", [_nulls, _records])
def test_values_that_take_no_byte_are_counted(
    bomb: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runwatch.data.avro._MAX_VALUES", 20_000)
    with pytest.raises(AvroError, match="more than 20,000 values"):
        list(records(bomb()))


def test_lists_and_objects_are_counted_before_they_are_held() -> None:
    for piece in (b"[],", b'{"a":1},'):
        with pytest.raises(PastLimit, match="more lists and objects"):
            parse(b"[" + piece * 5_000_000 + b"1]")
    assert len(parse(b"[" + b'{"a":1},' * 100_000 + b"1]")) == 100_001


def test_a_table_that_makes_no_sense_costs_itself_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(WRITERS / "delta", tmp_path / "bad")
    (tmp_path / "bad" / "overwritten" / COMMIT).write_text('{"metaData": {"configuration": [1]}}\n')
    shutil.copytree(WRITERS / "delta", tmp_path / "good")
    entry = '[[data]]\nname = "{0}"\nreference = "{0}/ref.parquet"\ncurrent = "{0}/overwritten"\n'
    (tmp_path / "runwatch.toml").write_text(entry.format("bad") + entry.format("good"))
    main(["check", str(tmp_path), "--json"])
    told = json.loads(capsys.readouterr().out)
    said = json.dumps(told)
    assert "bad/overwritten: is a table whose metadata is invalid" in said, said
    assert "internal error" not in said


def test_a_fault_of_our_own_costs_one_data_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from runwatch.data import lakes

    def broken(_: object) -> None:
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(lakes, "_live_files", broken)
    shutil.copytree(WRITERS / "delta", tmp_path / "bad")
    (tmp_path / "crashed").mkdir()
    (tmp_path / "crashed" / "train.log").write_text(
        "epoch 1 loss=0.5\nTraceback (most recent call last):\n"
        '  File "a.py", line 1, in <module>\nValueError: no\n'
    )
    entry = '[[data]]\nname = "bad"\nreference = "bad/ref.parquet"\ncurrent = "bad/overwritten"\n'
    (tmp_path / "runwatch.toml").write_text(entry)
    assert main(["check", str(tmp_path), "--json"]) == 2
    said = capsys.readouterr().out
    assert "internal error: AssertionError('a fault of ours')" in said and "run-crashed" in said, said
