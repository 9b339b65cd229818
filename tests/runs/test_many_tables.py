"""A run of very many files: no source is looked for among all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from runwatch.cli import main
from runwatch.runs.source_data import SourceData


def test_sources_are_not_compared_with_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(30):
        (tmp_path / f"part-{i:02}.csv").write_text(f"step,loss\n1,0.{i + 1}\n2,0.5\n")
    compared = []

    def same(one: SourceData, other: object) -> bool:
        compared.append(one)
        return one is other

    monkeypatch.setattr(SourceData, "__eq__", same)
    assert main(["ls", str(tmp_path), "--json"]) == 0
    assert len(compared) <= 30
