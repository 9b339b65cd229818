"""A record of many fields is made with their names: a row of bare values tells nobody what they are."""

from __future__ import annotations

import ast
from pathlib import Path

import runwatch

MOST_BARE = 4
MADE_BY_THE_THOUSAND = {"FileStat", "RowCase", "_BuiltRow"}
SOURCES = {path: ast.parse(path.read_bytes()) for path in Path(runwatch.__file__).parent.rglob("*.py")}


def _records() -> set[str]:
    """Names of the classes that are records, and of those that derive from one."""
    bases = {
        node.name: {ast.unparse(base).split("[")[0] for base in node.bases}
        for tree in SOURCES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    records = {"msgspec.Struct", "NamedTuple"}
    while more := {name for name, above in bases.items() if above & records} - records:
        records |= more
    return records - MADE_BY_THE_THOUSAND


def test_records_of_many_fields_take_keywords() -> None:
    records = _records()
    assert len(records) > 100
    bare = [
        f"{path.name}:{node.lineno}: {node.func.id}"
        for path, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in records
        if len(node.args) > MOST_BARE and not any(isinstance(value, ast.Starred) for value in node.args)
    ]
    assert not bare, "name the fields: " + ", ".join(bare)
