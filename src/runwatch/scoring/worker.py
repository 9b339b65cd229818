"""The process that runs a model: a job as JSON on stdin, the answer as JSON on stdout.

``python -m runwatch.scoring.worker``. It lends models one thread, little priority, limited memory and time,
and lets nothing but the answer onto stdout."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
from contextlib import suppress

from msgspec.structs import replace

from runwatch.domain.borders import JsonDict
from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.run import Problem
from runwatch.scoring.base import Offer, ScoringAnswer, ScoringError, ScoringJob, first_line, numeric_columns
from runwatch.scoring.formats import format_of
from runwatch.scoring.outputs import predicted
from runwatch.scoring.tables import InputTable, with_labels
from runwatch.scoring.writing import write
from runwatch.text.safe import safe
from runwatch.text.units import plural

_MOST_MEMORY = 8 << 30
_GRACE_S = 5


def main() -> int:
    """The process: limits, one job, one answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    job = from_plain(ScoringJob, json.load(sys.stdin))
    limit(job)
    try:
        result: dict[str, object] = {"answer": to_plain(do(job))}
    except Exception as error:
        problem = in_words(job, error)
        result = {"problem": [problem.file, problem.message, problem.hint]}
    json.dump(result, answers)
    answers.close()
    return 0


def limit(job: ScoringJob) -> None:
    """Less priority, bounded memory, and an end even if the parent is gone."""
    with suppress(OSError):
        os.nice(10)
    memory = job.memory or min(_MOST_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(math.ceil(job.seconds) + _GRACE_S)


def do(job: ScoringJob) -> ScoringAnswer:
    """Run the model on the file and write its predictions. Raises ScoringError for what cannot be scored, and
    what pyarrow and the file system raise."""
    model = format_of(job.model).load(job.model, job.score)
    source = InputTable(job.data)
    kinds = _kinds(job, source)
    columns = model.bind(_offer(job, kinds))
    if not columns:
        raise ScoringError(job.data, "has no numeric columns", "name them: [[models]] features = […]")
    kept_columns = (job.target, job.key, job.group, *job.slices)
    table = source.read([*columns, *(name for name in kept_columns if name in kinds)], job.rows)
    if not table.num_rows:
        raise ScoringError(job.data, "has no rows", "wait for some, or leave it out")
    made = predicted(model.run(table), job)
    if job.labels and job.target and job.target not in kinds:
        table = with_labels(job, table)
    if source.skipped:
        made = replace(made, notes=(*made.notes, f"{plural(source.skipped, 'line')} skipped: not rows"))
    if model.by_place and len(columns) > 1:
        message = ", ".join(safe(name, 30) for name in columns[:12])
        whose = "the reference's" if job.usual else "the file's"
        order = f"features taken in {whose} order ({message}): [[models]] features = […]"
        made = replace(made, notes=(*made.notes, order))
    return write(job, table, made)


def _kinds(job: ScoringJob, source: InputTable) -> JsonDict:
    """Arrow type by column name. ScoringError for a name that occurs twice."""
    schema = source.schema()
    names = schema.names
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        message = ", ".join(safe(name, 40) for name in twice[:8])
        raise ScoringError(job.data, f"columns occur twice: {message}", "give each column its own name")
    return {field.name: field.type for field in schema}


def _offer(job: ScoringJob, kinds: dict[str, object]) -> Offer:
    apart = {job.target, job.key, job.group}
    return Offer(job.data, tuple(kinds), job.usual or numeric_columns(kinds, apart), job.features)


def in_words(job: ScoringJob, error: Exception) -> Problem:
    """Any error as a problem of the file that it is about."""
    if isinstance(error, ScoringError):
        about = error.problem
        return about if os.path.isabs(about.file) else replace(about, file=job.data)
    if isinstance(error, MemoryError):
        return Problem(job.data, None, "needs more memory than scoring may use", "split the file")
    if isinstance(error, ModuleNotFoundError):
        what = f"scoring needs {safe(str(error.name))}"
        return Problem(job.model, None, what, "pip install 'runwatch[models]'")
    return Problem(job.data, None, f"cannot be scored: {first_line(error)}", "write it again")


if __name__ == "__main__":
    sys.exit(main())
