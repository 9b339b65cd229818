"""Kept profiles: only what changed is read, and what is kept comes back as it was."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runwatch.data import profile_cache
from runwatch.data.cache import PieceKey, on_grid, pack, unpack, without_grid
from runwatch.data.profile_cache import profile_files
from runwatch.data.workflow import find_files, open_reference
from runwatch.domain.profile import DataOptions, ProfileGrid, TableProfile


class Memory(dict[PieceKey, bytes]):
    def put(self, key: PieceKey, value: bytes) -> None:
        self[key] = value


def write(path: Path, n: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    pq.write_table(pa.table({"x": rng.normal(size=n), "c": rng.choice(["a", "b"], n)}), path)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were really read."""
    read: list[str] = []
    whole = profile_cache.profile

    def noted(piece, grid):
        read.append(f"{os.path.basename(piece.file.uri)}:{piece.part}")
        return whole(piece, grid)

    monkeypatch.setattr(profile_cache, "profile", noted)
    return read


def test_only_new_and_changed_files_are_read(tmp_path: Path, counting: list[str]) -> None:
    for day in (1, 2, 3):
        write(tmp_path / f"{day}.parquet", 100, day)
    cache = Memory()
    reference = open_reference(find_files([str(tmp_path)]), DataOptions(), cache)
    assert counting == []  # the reference was counted while its grid was made
    again = open_reference(find_files([str(tmp_path)]), DataOptions(), cache)
    assert counting == [] and np.array_equal(again.profile.counts, reference.profile.counts)
    write(tmp_path / "2.parquet", 70, 9)
    files = find_files([str(tmp_path)])
    named, _ = profile_files(files, reference.grid, cache)
    assert [n.split(":")[0] for n in counting] == ["2.parquet"]
    assert [one.profile.rows for one in named] == [100, 70, 100]


def test_a_new_reference_never_meets_old_counts(tmp_path: Path, counting: list[str]) -> None:
    write(tmp_path / "ref.parquet", 100)
    write(tmp_path / "batch.parquet", 100, 1)
    cache = Memory()
    first = open_reference(find_files([str(tmp_path / "ref.parquet")]), DataOptions(), cache)
    profile_files(find_files([str(tmp_path / "batch.parquet")]), first.grid, cache)
    write(tmp_path / "ref.parquet", 120, 5)
    second = open_reference(find_files([str(tmp_path / "ref.parquet")]), DataOptions(), cache)
    counting.clear()
    profile_files(find_files([str(tmp_path / "batch.parquet")]), second.grid, cache)
    assert second.grid.id != first.grid.id and counting == ["batch.parquet:0-0"]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_text_file_that_grew_is_read_from_its_old_end(tmp_path, counting, ending) -> None:
    path = tmp_path / f"log.{ending}"
    line = (
        (lambda i: f"{i}.5,w{i % 3}\n")
        if ending == "csv"
        else (lambda i: f'{{"x": {i}.5, "c": "w{i % 3}"}}\n')
    )
    path.write_text(("x,c\n" if ending == "csv" else "") + "".join(line(i) for i in range(50)))
    cache = Memory()
    reference = open_reference(find_files([str(path)]), DataOptions(), cache)
    with open(path, "a") as handle:
        handle.write("".join(line(i) for i in range(50, 80)))
    counting.clear()
    named, problems = profile_files(find_files([str(path)]), reference.grid, cache)
    assert not problems and named[0].profile.rows == 80
    assert len(counting) == 1 and ":from:" in counting[0]
    whole, _ = profile_files(find_files([str(path)]), reference.grid, Memory())
    assert np.array_equal(whole[0].profile.counts, named[0].profile.counts)


def test_a_text_file_that_was_rewritten_is_read_whole(tmp_path: Path, counting: list[str]) -> None:
    path = tmp_path / "log.csv"
    path.write_text("x\n" + "1\n" * 50)
    cache = Memory()
    reference = open_reference(find_files([str(path)]), DataOptions(), cache)
    path.write_text("x\n" + "2\n" * 90)
    counting.clear()
    named, _ = profile_files(find_files([str(path)]), reference.grid, cache)
    assert counting == ["log.csv:all"] and named[0].profile.rows == 90


def test_broken_kept_bytes_are_read_again(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", 50)
    cache = Memory()
    first = open_reference(find_files([str(tmp_path)]), DataOptions(), cache)
    for key in cache:
        cache[key] = b"rubbish"
    again = open_reference(find_files([str(tmp_path)]), DataOptions(), cache)
    assert np.array_equal(first.profile.counts, again.profile.counts)


def test_packing_round_trip(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", 500)
    reference = open_reference(find_files([str(tmp_path)]), DataOptions())
    grid = unpack(ProfileGrid, pack(reference.grid))
    assert grid.id == reference.grid.id and grid.columns[1].words == reference.grid.columns[1].words
    assert grid.columns[0].edges.dtype == reference.grid.columns[0].edges.dtype
    profile = on_grid(unpack(TableProfile, pack(without_grid(reference.profile))), grid)
    for name in ("counts", "sums", "scalars", "low", "high"):
        assert np.array_equal(getattr(profile, name), getattr(reference.profile, name)), name
    assert profile.schema == reference.profile.schema and profile.others == reference.profile.others
    with pytest.raises(ValueError):
        unpack(TableProfile, b"rubbish")
