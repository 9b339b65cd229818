"""Data files for the worker: the types of all columns, then the rows of a few; truth from other files."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Sequence
from typing import IO, cast

from runwatch.domain.borders import Arrow
from runwatch.scoring.base import ScoringError, ScoringJob
from runwatch.system.files import NotRegular, open_regular
from runwatch.text.safe import safe

_BLOCK = 1 << 20
_LARGEST = 2 << 30
_LONGEST_LINE = 8 << 20
_MAX_FOOTER = 64 << 20
_TAIL = 8
_SPLIT = "split the file"
_CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_ARROW = (".arrow", ".feather", ".ipc")
_PARQUET = (".parquet", ".pq")
_JSON = (".jsonl", ".ndjson")


class InputTable:
    """One file. ``skipped``: lines of a CSV file that were no rows. Errors of pyarrow pass through, for
    the worker to put into words."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.skipped = 0
        self._kind = next(
            (ends for ends in (_PARQUET, _ARROW, _CSV, _JSON) if path.lower().endswith(ends)), None
        )
        if self._kind is None:
            raise ScoringError(
                path, "is in a format that cannot be scored", "use parquet, CSV, Arrow or JSONL"
            )

    def schema(self) -> Arrow:
        """The Arrow schema; of text formats as their first block suggests."""
        if self._kind is _PARQUET:
            with self._open() as file:
                return self._parquet(file).schema_arrow
        if self._kind is _ARROW:
            with self._open() as file:
                return _arrow(file).schema
        if self._kind is _CSV:
            with self._open() as file:
                return self._csv_reader(file).schema
        return self._json().schema

    def read(self, names: Sequence[str], most: int) -> Arrow:
        """An Arrow table of these columns, each once. ScoringError past ``most`` rows."""
        columns = list(dict.fromkeys(names))
        if self._kind is _PARQUET:
            with self._open() as file:
                opened = self._parquet(file)
                self._check(opened.metadata.num_rows, most)
                self._check_size(_unpacked(opened, columns))
                return opened.read(columns=columns, use_threads=False)
        if self._kind is _ARROW:
            with self._open() as file:
                table = _arrow(file).read_all().select(columns)
        elif self._kind is _CSV:
            table = self._csv(columns)
        else:
            table = self._json().select(columns)
        self._check(table.num_rows, most)
        return table

    def _parquet(self, file: IO[bytes]) -> Arrow:
        """A parquet file whose footer may be read: its length is said before it is."""
        import pyarrow.parquet as parquet

        file.seek(max(file.seek(0, os.SEEK_END) - _TAIL, 0))
        length = int.from_bytes(file.read(4), "little")
        if length > _MAX_FOOTER:
            raise ScoringError(self._path, f"has a footer of {length >> 20:,} MiB", "write fewer columns")
        file.seek(0)
        return parquet.ParquetFile(file)

    def _check_size(self, size: int) -> None:
        if size > _LARGEST:
            raise ScoringError(self._path, f"is more than {_LARGEST >> 30} GiB when unpacked", _SPLIT)

    def _check(self, rows: int, most: int) -> None:
        if rows > most:
            raise ScoringError(
                self._path, f"{rows:,} rows are more than the {most:,} that are scored", _SPLIT
            )

    def _open(self) -> IO[bytes]:
        try:
            file = os.fdopen(open_regular(self._path)[0], "rb")
        except NotRegular as error:
            raise ScoringError(self._path, "is not a regular file", "give a data file") from error
        packed = self._path.lower().endswith(".gz")
        if self._kind in (_CSV, _JSON):
            raw: object = gzip.GzipFile(fileobj=file) if packed else file
            return cast(IO[bytes], io.BufferedReader(_Bounded(raw, self._path), _BLOCK))
        return file

    def _csv_options(self) -> dict[str, object]:
        from pyarrow import csv

        with self._open() as file:
            line = file.readline(_BLOCK).decode("utf-8-sig", "replace")
        tabs = self._path.lower().endswith((".tsv", ".tsv.gz"))
        delimiter = "\t" if tabs else max(",;\t|", key=line.count)
        parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=self._skip)
        return {"parse_options": parse}

    def _skip(self, row: Arrow) -> str:
        self.skipped += 1
        return "skip"

    def _csv_reader(self, file: IO[bytes]) -> Arrow:
        from pyarrow import csv

        return csv.open_csv(file, csv.ReadOptions(use_threads=False), **self._csv_options())

    def _csv(self, names: list[str]) -> Arrow:
        """A column's type is guessed from the first block; where a later one disagrees, from all rows. In
        text only an empty cell is missing: "NA" and "None" are words that a model may know."""
        import pyarrow as pa
        from pyarrow import csv

        convert = csv.ConvertOptions(include_columns=names)
        options = {"convert_options": convert, **self._csv_options()}
        self.skipped = 0
        with self._open() as file:
            try:
                return _blank_is_missing(csv.read_csv(file, csv.ReadOptions(use_threads=False), **options))
            except pa.ArrowInvalid:
                pass
        self.skipped = 0
        with self._open() as file:
            whole = file.read(_LARGEST)
        if len(whole) == _LARGEST:
            raise ScoringError(
                self._path, "its columns change type, and it is too large to read whole", _SPLIT
            )
        reading = csv.ReadOptions(use_threads=False, block_size=len(whole) + 1)
        return _blank_is_missing(csv.read_csv(pa.BufferReader(whole), reading, **options))

    def _json(self) -> Arrow:
        from pyarrow import json

        with self._open() as file:
            return json.read_json(file, json.ReadOptions(use_threads=False, block_size=_BLOCK))


class _Bounded(io.RawIOBase):
    """Text, unpacked, as far as it may be held. ScoringError past that, and for a line that no parser should
    see."""

    def __init__(self, raw: Arrow, path: str) -> None:
        super().__init__()
        self._raw, self._path = raw, path
        self._size = self._line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Arrow) -> int:
        made = self._raw.read(min(len(buffer), _BLOCK))  # no line may hide in the middle of it
        buffer[: len(made)] = made
        self._size += len(made)
        first, last = made.find(b"\n"), made.rfind(b"\n")
        longest = self._line + (first if first >= 0 else len(made))
        self._line = len(made) - 1 - last if last >= 0 else longest
        if max(longest, self._line) > _LONGEST_LINE:
            what = f"has a line of more than {_LONGEST_LINE >> 20} MiB"
            raise ScoringError(self._path, what, "look for a missing line end or quote")
        if self._size > _LARGEST:
            raise ScoringError(self._path, f"is more than {_LARGEST >> 30} GiB when unpacked", _SPLIT)
        return len(made)


def _unpacked(parquet: Arrow, names: list[str]) -> int:
    """Bytes of these columns, by the footer."""
    groups = [parquet.metadata.row_group(at) for at in range(parquet.num_row_groups)]
    chunks = [group.column(at) for group in groups for at in range(group.num_columns)]
    known = set(names)
    selected = (c for c in chunks if {c.path_in_schema, c.path_in_schema.partition(".")[0]} & known)
    return sum(chunk.total_uncompressed_size for chunk in selected)


def _blank_is_missing(table: Arrow) -> object:
    import pyarrow as pa
    import pyarrow.compute as pc

    for index, field in enumerate(table.schema):
        if field.type == pa.string():
            column = table.column(index)
            filled = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
            table = table.set_column(index, field.name, filled)
    return table


def _arrow(file: IO[bytes]) -> Arrow:
    """A reader of an Arrow file or stream."""
    import pyarrow as pa

    try:
        return pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        return pa.ipc.open_stream(file)


def with_labels(job: ScoringJob, table: Arrow) -> Arrow:
    """The batch with the target column that the files of labels have for its keys; rows without a label have
    none, and of several labels of one key the last one counts. ScoringError where a key is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if job.key is None or job.key not in table.column_names:
        name = "a key" if job.key is None else f"the key {safe(job.key)}"
        hint = "name the column that both have: [[models]] key"
        raise ScoringError(job.data, f"labels need {name} to be joined by", hint)
    keys, targets = [], []
    for path in job.labels:
        source = InputTable(path)
        names = source.schema().names
        for column in (job.key, job.target):
            if column not in names:
                what = f"has no column {safe(str(column))}"
                raise ScoringError(path, what, "labels have the key and the target")
        part = source.read([job.key, str(job.target)], job.rows)
        keys.append(_as_text(part.column(job.key)))
        targets.append(part.column(str(job.target)))
    known = pa.concat_tables(
        [pa.table({"key": key, "target": target}) for key, target in zip(keys, targets, strict=True)],
        promote_options="permissive",
    )
    known = known.take(pa.array(range(known.num_rows - 1, -1, -1)))
    at = pc.index_in(_as_text(table.column(job.key)), value_set=known.column("key").combine_chunks())
    return table.append_column(str(job.target), known.column("target").take(at))


def _as_text(column: Arrow) -> Arrow:
    """Keys as text, so that 17 of one format is 17 (and 17.0) of another."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if t.is_floating(column.type):
        column = column.cast(pa.int64(), safe=False)
    return column.cast(pa.string())
