"""Predictions files: written whole or not at all, with what they hold in their metadata."""

from __future__ import annotations

import json
from pathlib import Path

from runwatch.domain.borders import Arrow
from runwatch.domain.codec import from_plain, to_plain
from runwatch.scoring.base import (
    CLASS,
    CONFIDENCE,
    PREDICTION,
    SCORE,
    TRUTH,
    ScoringAnswer,
    ScoringError,
    ScoringJob,
)
from runwatch.scoring.outputs import Predicted, label_text
from runwatch.system.files import private_folder
from runwatch.system.saving import save
from runwatch.text.safe import safe

_META = b"runwatch"
_SEEN = 200


def write(job: ScoringJob, table: Arrow, predicted: Predicted) -> ScoringAnswer:
    """The predictions of ``table``'s rows beside key, truth, group and slices, in order. ScoringError where
    it cannot be written."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    columns: dict[str, object] = {}
    for name in _carried(job):
        if name in table.column_names:
            columns[name] = table.column(name)
    if job.target is not None and job.target in table.column_names:
        columns[TRUTH] = table.column(job.target)
    for name, values in predicted.columns.items():
        columns[name] = pa.array(values, from_pandas=False)
    answer = _answer(job, table.num_rows, predicted, columns)
    named = pa.table(columns).replace_schema_metadata({_META: json.dumps(to_plain(answer)).encode()})
    path = Path(job.output)
    try:
        private_folder(path.parent)
        save(path, lambda file: parquet.write_table(named, file), 0o600, mtime_ns=job.mtime_ns)
    except OSError as error:
        message = f"cannot be written: {safe(error.strerror or str(error))}"
        raise ScoringError(job.output, message, "make room, or check the state directory") from error
    return answer


def _carried(job: ScoringJob) -> list[str]:
    """Columns that go along. ScoringError where one would hide a prediction."""
    names = [name for name in dict.fromkeys((job.key, job.group, *job.slices)) if name is not None]
    own = (TRUTH, PREDICTION, SCORE, CONFIDENCE)
    for name in names:
        if name in own or name.startswith(CLASS):
            raise ScoringError(
                job.data,
                f"column {safe(name)} has the name of a prediction",
                "leave it out of key and slices",
            )
    return names


def _answer(job: ScoringJob, rows: int, predicted: Predicted, columns: dict[str, object]) -> ScoringAnswer:
    truth = columns.get(TRUTH)
    return ScoringAnswer(
        job.identity,
        rows=rows,
        task=predicted.task,
        predicted=PREDICTION in columns,
        scores=predicted.scores,
        classes=predicted.classes,
        labelled=0 if truth is None else rows - _missing(truth),
        truths=() if predicted.task == "regression" else _labels(truth),
        predicted_labels=() if predicted.task == "regression" else _labels(columns.get(PREDICTION)),
        bad=predicted.bad,
        notes=predicted.notes,
    )


def _missing(column: object) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(pc.is_null(column, nan_is_null=True)).as_py() or 0)


def _labels(column: Arrow) -> tuple[str, ...]:
    """The labels that occur, as text; at most 200."""
    labels = [] if column is None else column.unique().to_pylist()
    return tuple(sorted({label_text(one) for one in labels if one is not None})[:_SEEN])


def written_before(path: str, identity: str) -> ScoringAnswer | None:
    """What an earlier worker wrote, when it is of this very model and data; else None."""
    import pyarrow.parquet as parquet

    try:
        metadata = parquet.read_schema(path).metadata or {}
        answer = from_plain(ScoringAnswer, json.loads(metadata[_META]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return answer if answer.identity == identity else None
