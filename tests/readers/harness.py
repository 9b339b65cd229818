"""Reads runs with given readers as the monitor does, and merges what they say by the rules of the store."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from runwatch.domain.operations import (
    Append,
    Epoch,
    EpochAt,
    Evidence,
    HParams,
    Length,
    Operation,
    PurgeFrom,
    Rank,
    Replace,
)
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.domain.tree import FileStat, Folder
from runwatch.readers.base import Claim, Cursor, Listing, Reader, Reading, SourceFile, failed

FIXTURES = Path(__file__).parent.parent / "fixtures" / "runs"


def stat_of(path: str | os.PathLike[str]) -> FileStat:
    found = os.stat(path)
    return FileStat(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def tree(root: Path) -> Folder:
    """The folders and regular files below ``root``."""
    return _folder(root, ".", None)


def _folder(path: Path, name: str, parent: Folder | None) -> Folder:
    folder = Folder(name, parent)
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            folder.folders[entry.name] = _folder(Path(entry.path), folder.join(entry.name), folder)
        elif entry.is_file():
            folder.files[entry.name] = stat_of(entry.path)
    return folder


def reading_of(
    reader: Reader, claim: Claim, source: SourceFile, cursor: Cursor | None = None, final: bool = False
) -> Reading:
    """What is new; a file that cannot be opened is put into words, as the monitor does it."""
    try:
        return reader.read(claim, source, cursor, final)
    except OSError as error:
        return failed(source, cursor, error)


def claims(reader: Reader, root: Path) -> list[Claim]:
    """All claims of ``reader`` below ``root``."""
    return [claim for folder in tree(root).walk() for claim in reader.claim(Listing(folder, str(root)))]


@dataclass
class Told:
    """What one reader said of one run: points by source and tag, and all other operations in order."""

    sources: dict[tuple[str, str], dict[str, list[Points]]] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)
    said: dict[tuple[str, str], list[Operation]] = field(default_factory=dict)

    @property
    def others(self) -> list[Operation]:
        return [operation for found in self.said.values() for operation in found]

    def apply(self, source: tuple[str, str], operation: Operation) -> None:
        mine = self.sources.setdefault(source, {})
        if isinstance(operation, Append):
            mine.setdefault(operation.tag, []).append(operation.points)
        elif isinstance(operation, Replace):
            mine.clear()
            void = (HParams, Evidence, Length, Epoch, EpochAt, Rank)
            self.said[source] = [o for o in self.said.get(source, []) if not isinstance(o, void)]
        elif isinstance(operation, PurgeFrom):
            place = self.order.index(source) if source in self.order else len(self.order)
            for known in [*self.order[:place], source]:
                for parts in self.sources.get(known, {}).values():
                    parts[:] = [part.where(part.steps < operation.step) for part in parts]
        else:
            self.said.setdefault(source, []).append(operation)

    def of(self, kind: type[Any]) -> list[Any]:
        return [operation for operation in self.others if isinstance(operation, kind)]

    @property
    def epoch(self) -> float | None:
        """The greatest epoch, whether told of the file or of its rows."""
        rows = [float(said.points.values.max()) for said in self.of(EpochAt)]
        return max([*rows, *(said.value for said in self.of(Epoch))], default=None)

    @property
    def hparams(self) -> dict[str, object]:
        return {key: value for said in self.of(HParams) for key, value in said.values.items()}

    @property
    def series(self) -> dict[str, Points]:
        """By tag: in step order; of one step the later wall time stays, else the later in order."""
        parts: dict[str, list[Points]] = {}
        for source in sorted(self.sources, key=lambda s: self.order.index(s) if s in self.order else 0):
            for tag, found in self.sources[source].items():
                parts.setdefault(tag, []).extend(found)
        return {tag: merged(Points.concat(found)) for tag, found in parts.items() if sum(map(len, found))}


def merged(points: Points) -> Points:
    walls = np.where(np.isnan(points.wall_times), -np.inf, points.wall_times)
    ordered = points.where(np.lexsort((np.arange(len(points)), walls, points.steps)))
    return ordered.where(np.append(ordered.steps[1:] != ordered.steps[:-1], True))


@dataclass
class Session:
    """Readers at work on one root: keeps cursors between calls of ``look``."""

    readers: Iterable[Reader]
    root: Path
    cursors: dict[tuple[str, str], Cursor] = field(default_factory=dict)
    runs: dict[str, Told] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def look(self, final: bool = False) -> Session:
        """Read everything that is new in all files of all claims."""
        for reader in self.readers:
            for claim in claims(reader, self.root):
                for file in claim.files:
                    self._read(reader, claim, file, final)
        return self

    def _read(self, reader: Reader, claim: Claim, file: str, final: bool) -> None:
        key = (claim.identity, file)
        more = True
        while more:
            source = SourceFile(str(self.root), file, stat_of(self.root / file))
            reading = reading_of(reader, claim, source, self.cursors.get(key), final)
            self.cursors[key] = Cursor.from_json(reading.cursor.to_json())
            self.problems.extend(reading.problems)
            for run_id, operations in reading.operations.items():
                told = self.runs.setdefault(run_id, Told())
                if key not in told.order:
                    told.order.append(key)
                for operation in operations:
                    told.apply(key, operation)
            more = reading.more


def read_all(reader: Reader, root: Path, final: bool = False) -> Session:
    return Session([reader], root).look(final)
