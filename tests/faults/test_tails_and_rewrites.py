"""Faults 1 to 3: torn tails, files cut in place, files replaced by smaller ones."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from looking import dashboard, messages, only_run, write

from runwatch.config.settings import Settings
from runwatch.monitor.reading import RootReader
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import archives
from runwatch.readers.registry import built_in


@pytest.mark.parametrize(
    ("name", "start", "torn", "rest"),
    [
        ("metrics.csv", "step,loss\n1,0.5\n", "2,0.7", "5\n"),
        ("metrics.jsonl", '{"step": 1, "loss": 0.5}\n', '{"step": 2, "loss": 0.7', "5}\n"),
    ],
)
async def test_a_torn_last_line_waits_until_it_is_whole(
    root: Path, name: str, start: str, torn: str, rest: str
) -> None:
    path = write(root / "a" / name, start + torn)
    loss = only_run(root)["metrics"]["loss"]
    assert (loss["last"], loss["last_step"], loss["count"]) == (0.5, 1, 1)
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        assert "0.7" not in eyes.text
        with path.open("a") as file:
            file.write(rest)
        await eyes.sees("0.7500")
    loss = only_run(root)["metrics"]["loss"]
    assert (loss["last"], loss["last_step"], loss["count"]) == (0.75, 2, 2)


async def test_a_file_cut_in_place_is_read_from_its_start(root: Path) -> None:
    """Copytruncate: the same inode, and by the next look longer than before."""
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n2,0.25\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.2500")
        rows = "".join(f"{step},{9 + step}\n" for step in range(1, 8))
        path.write_bytes(f"step,loss\n{rows}".encode())
        await eyes.sees("16")
        await eyes.opens(2)
        await eyes.until(lambda: " 16 " in eyes.text and "0.2500" not in eyes.text, "16 alone")
    loss = only_run(root)["metrics"]["loss"]
    assert (loss["last"], loss["min"], loss["count"]) == (16, 10, 7)


async def test_a_file_cut_to_less_shows_only_what_is_left(root: Path) -> None:
    path = write(root / "a" / "metrics.jsonl", "".join(f'{{"step": {i}, "loss": 0.5}}\n' for i in range(9)))
    async with dashboard(root) as eyes:
        await eyes.sees("0.5000")
        with path.open("r+b") as file:
            file.truncate(0)
            file.write(b'{"step": 0, "loss": 0.125}\n')
        await eyes.sees("0.1250")
    loss = only_run(root)["metrics"]["loss"]
    assert (loss["last"], loss["max"], loss["count"]) == (0.125, 0.125, 1)


@pytest.mark.parametrize("again", ["unlink", "rename"])
async def test_a_smaller_file_in_its_place_wins(root: Path, again: str) -> None:
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n2,0.25\n3,0.125\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.1250")
        if again == "unlink":
            path.unlink()
            write(path, "step,loss\n1,0.875\n")
        else:
            new = write(root / "a" / "metrics.csv.tmp", "step,loss\n1,0.875\n")
            os.replace(new, path)
        await eyes.sees("0.8750")
        await eyes.misses("0.1250")
    loss = only_run(root)["metrics"]["loss"]
    assert (loss["last"], loss["count"], loss["max"]) == (0.875, 1, 0.875)


async def test_a_rewrite_is_said_once(root: Path) -> None:
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n2,0.25\n")
    async with dashboard(root) as eyes:
        await eyes.sees("0.2500")
        write(path, "step,loss\n1,0.875\n")
        await eyes.sees("0.8750")
        await eyes.opens(4)
        await eyes.sees("rewritten")
        assert eyes.text.count("rewritten") == 1
        write(path, "step,loss\n1,0.0625\n")
        await eyes.press("2")
        await eyes.sees("0.0625")
        await eyes.press("4")
        await eyes.sees("rewritten")
        assert eyes.text.count("rewritten") == 1
    assert messages(only_run(root)).count("rewritten") <= 1


@pytest.mark.parametrize("number", range(1, 6))
def test_a_read_that_fails_once_is_made_up_for_though_no_file_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n2,0.25\n")
    reader = RootReader(str(root), Settings(), dict(built_in()))
    real, calls = os.pread, itertools.count(1)

    def pread(*args: int) -> bytes:
        if next(calls) == number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(*args)

    monkeypatch.setattr(os, "pread", pread)
    reader.scan()
    reader.read_some(lambda: False)
    for _ in range(2):
        reader.scan()
        reader.try_again()
        reader.read_some(lambda: False)
    assert list(reader.entries) == ["a"]
    assert reader.points("a", "loss").values.tolist() == [0.5, 0.25]
    summary = reader.summarise(reader.entries["a"])
    assert not summary.problems and not reader.problems


def test_an_archive_whose_reading_failed_once_is_made_up_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told by its time and size, which do not change when the error passes."""
    (packed,) = (Path(__file__).parents[1] / "fixtures/runs/clearml").glob("*.zip")
    root.mkdir(exist_ok=True)
    shutil.copy(packed, root)
    reader = RootReader(str(root), Settings(), dict(built_in()))
    real, calls = archives.open_regular, itertools.count(1)

    def opening(path: str) -> tuple[int, os.stat_result]:
        if next(calls) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(path)

    monkeypatch.setattr(archives, "open_regular", opening)
    reader.scan()
    reader.read_some(lambda: False)
    assert "cannot be read" in reader.summarise(reader.entries[packed.stem]).problems[0].message
    reader.try_again()
    reader.read_some(lambda: False)
    summary = reader.summarise(reader.entries[packed.stem])
    assert summary.metrics["acc"].count == 6 and not summary.problems


def test_what_was_never_written_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log cut to nothing under a writer that keeps its place; a file that says it is terabytes long."""
    path = write(root / "a" / "metrics.csv", "step,loss\n1,0.5\n2,0.25\n")
    taken = 0
    pread = os.pread

    def counted(fd: int, size: int, at: int) -> bytes:
        nonlocal taken
        taken += len(found := pread(fd, size, at))
        return found

    monkeypatch.setattr(os, "pread", counted)
    with path.open("r+b") as file:
        file.truncate(2 << 40)
    assert only_run(root)["metrics"]["loss"]["count"] == 2
    with path.open("r+b") as file:
        file.seek(1 << 40)
        file.write(b"\n3,0.75\n")
        file.truncate(3 << 40)
    assert only_run(root)["metrics"]["loss"]["last"] == 0.75
    assert taken < 100 << 20


def test_a_reader_that_gets_no_further_is_told_of_and_left(root: Path) -> None:
    class Stuck:
        NAME = "stuck"

        @staticmethod
        def claim(listing: Listing) -> Iterable[Claim]:
            return [Claim("stuck", "stuck", "a", ("a/metrics.x",))] if "metrics.x" in listing.files else []

        @staticmethod
        def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
            return Reading({}, Cursor(stat=source.stat), more=True)

    write(root / "a" / "metrics.x", "x")
    reader = RootReader(str(root), Settings(), {"stuck": Stuck})
    reader.scan()
    for _ in range(3):
        reader.read_some(lambda: True)
    assert not reader.waiting
    told = [p.message for e in reader.entries.values() for m in e.memory.sources.values() for p in m.problems]
    assert told == ["reader stuck got no further"], (told, reader.problems)
