"""Truth that lies in files of its own, joined to a batch by its key."""

from __future__ import annotations

from typing import Any

from runwatch.scoring.base import ScoringError, ScoringJob
from runwatch.scoring.tables import InputTable
from runwatch.text.safe import safe


def with_labels(job: ScoringJob, table: Any) -> Any:
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
        keys.append(_plain(part.column(job.key)))
        targets.append(part.column(str(job.target)))
    known = pa.concat_tables(
        [pa.table({"key": key, "target": target}) for key, target in zip(keys, targets, strict=True)],
        promote_options="permissive",
    )
    known = known.take(pa.array(range(known.num_rows - 1, -1, -1)))
    at = pc.index_in(_plain(table.column(job.key)), value_set=known.column("key").combine_chunks())
    return table.append_column(str(job.target), known.column("target").take(at))


def _plain(column: Any) -> Any:
    """Keys as text, so that 17 of one format is 17 (and 17.0) of another."""
    import pyarrow as pa
    import pyarrow.types as t

    if t.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if t.is_floating(column.type):
        column = column.cast(pa.int64(), safe=False)
    return column.cast(pa.string())
