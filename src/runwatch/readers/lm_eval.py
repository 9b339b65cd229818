"""lm-evaluation-harness (and lighteval): ``results_*.json``, written once all tasks are done. The folder of a
model is the run; a task's metric is a tag, with its direction and its standard error as they are stated."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from runwatch.domain.operations import Append, Evidence, HParams, Operation, Stated
from runwatch.domain.points import Points
from runwatch.domain.run import Problem
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import bounded_json
from runwatch.readers.common.bounded_json import mapping
from runwatch.readers.common.column_names import clock
from runwatch.readers.common.documents import Parsed, read_json
from runwatch.readers.common.facts import facts

NAME = "lm-eval"
LOOKS_FOR = ("results*",)
_FILE = re.compile(r"results(?:[_-]\S{1,200})?\.json")
_RESULTS = re.compile(rb'\s{0,8}\{\s{0,8}(?:"results"\s{0,4}:\s{0,4}\{|"config_general"\s{0,4}:)')
_NO_METRICS = frozenset({"alias", "name", "sample_len", "sample_count", "samples", "n-shot"})
_STDERR = "_stderr"


def claim(listing: Listing) -> Iterable[Claim]:
    """The result files of a folder, oldest first: of a task evaluated twice the later file counts."""
    results = sorted(
        name
        for name in listing.files
        if name.startswith("results") and _FILE.fullmatch(name) and _RESULTS.match(listing.head(name, 128))
    )
    if results:
        yield Claim(NAME, NAME, listing.path, tuple(listing.join(name) for name in results))


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    return read_json(claim, source, cursor, partial(_parse, source))


def _parse(source: SourceFile, value: object) -> Parsed:
    document = mapping(value)
    at = clock(document.get("date"))
    operations = list(_metrics(mapping(document.get("results")), document.get("higher_is_better"), at))
    if not operations:
        return [Problem(source.file, None, "no results of tasks in it", "is it lm-eval's file?")]
    return [*operations, *_facts(document, at)]


def _metrics(results: Mapping[str, object], better: object, at: float) -> Iterator[Operation]:
    """``acc,none`` of a task as ``task/acc``; another filter than none stays behind the comma."""
    for task, values in list(results.items())[: limits.TAGS]:
        for key, value in mapping(values).items():
            score = bounded_json.number(value)
            metric, _, kind = key.partition(",")
            if score is None or metric in _NO_METRICS:
                continue
            tag = f"{task}/{metric}" + (f",{kind}" if kind not in ("", "none") else "")
            yield Append(tag, Points.of([0], [score], [at]))
            higher = bounded_json.dig(better, task, metric)
            if isinstance(higher, bool) and not metric.endswith(_STDERR):
                yield Stated(tag, "max" if higher else "min")


def _facts(results: Mapping[str, object], at: float) -> Iterator[Operation]:
    settings = dict(mapping(results.get("config") or results.get("config_general")))
    if shots := mapping(results.get("n-shot")):
        settings["num_fewshot"] = shots
    if settings:
        yield HParams(settings)
    yield from facts(results.get("model_name") or settings.get("model_name"), started=at)
    took = bounded_json.number(_as_number(results.get("total_evaluation_time_seconds")))
    known = took is not None and not math.isnan(at)
    yield Evidence("finished", "lm-eval wrote its results", at=at + took if known and took else None)


def _as_number(value: object) -> object:
    """A number written as text (``"16.65"``)."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None
