"""inspect-ai: logs of evaluations, ``*.eval`` (a zip whose members are packed with Zstandard) and ``*.json``.
Each log is a run: its scores, or that it failed, stand in ``header.json`` once it is over."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from runwatch.domain.borders import JsonMapping
from runwatch.domain.operations import Append, Evidence, HParams, Label, Length, Operation, Started
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import archives, bounded_json
from runwatch.readers.common.column_names import clock
from runwatch.readers.common.documents import read_archive, read_json

NAME = "inspect"
LOOKS_FOR = ("*.eval", "*.json")
_HEADER, _START = "header.json", "_journal/start.json"
_JSON = re.compile(
    rb'\s{0,8}\{\s{0,8}"version"\s{0,4}:\s{0,4}\d{1,4},\s{0,8}"status"\s{0,4}:\s{0,4}"\w{1,20}",'
    rb'\s{0,8}"eval"\s{0,4}:\s{0,4}\{'
)
_SETTINGS = ("model", "task", "task_args", "model_args", "model_generate_config", "task_version")


def claim(listing: Listing) -> Iterable[Claim]:
    for name in listing.files:
        packed = name.endswith(".eval") and listing.head(name, 4) == archives.MAGIC
        if packed or (name.endswith(".json") and _JSON.match(listing.head(name, 256))):
            file = listing.join(name)
            yield Claim(NAME, NAME, file, (file,))


def read(claim: Claim, source: SourceFile, cursor: Cursor | None, final: bool = False) -> Reading:
    if source.file.endswith(".eval"):
        return read_archive(claim, source, cursor, _archive)
    return read_json(claim, source, cursor, _said)


def _archive(archive: archives.Archive) -> Iterable[Operation]:
    name = _HEADER if _HEADER in archive.names else _START
    if name not in archive.names:
        raise ValueError("no log of inspect-ai in it")
    return _said(bounded_json.parse(archive.read(name)))


def _said(log: object) -> Iterable[Operation]:
    if not isinstance(log, dict) or not isinstance(log.get("eval"), dict):
        raise ValueError("no log of inspect-ai")
    return [*_facts(log["eval"]), *_scores(log), _state(log)]


def _facts(log: Mapping[str, object]) -> Iterable[Operation]:
    settings = {key: log[key] for key in _SETTINGS if log.get(key) not in (None, {})}
    if settings:
        yield HParams(settings)
    task, model = log.get("task"), log.get("model")
    if isinstance(task, str):
        yield Label("name", f"{task} ({model})" if isinstance(model, str) else task)
        yield Label("group", task)
    started = clock(log.get("created"))
    if not math.isnan(started):
        yield Started(started)
    dataset = log.get("dataset")
    count = dataset.get("samples") if isinstance(dataset, dict) else None
    if type(count) is int and 0 < count < 2**53:
        yield Length(steps=count)


def _scores(log: JsonMapping) -> Iterable[Operation]:
    """Each metric of each score, at the number of samples that were completed."""
    results = log.get("results")
    if not isinstance(results, dict):
        return
    step = bounded_json.whole(results.get("completed_samples")) or 0
    at = clock(log["stats"].get("completed_at")) if isinstance(log.get("stats"), dict) else math.nan
    scores = results.get("scores")
    for score in scores[: limits.TAGS] if isinstance(scores, list) else ():
        metrics = score.get("metrics") if isinstance(score, dict) else None
        for name, metric in metrics.items() if isinstance(metrics, dict) else ():
            value = bounded_json.number(metric.get("value")) if isinstance(metric, dict) else None
            if value is not None:
                yield Append(f"{score.get('name', 'score')}/{name}", Points.of([step], [value], [at]))


def _state(log: JsonMapping) -> Operation:
    status = log.get("status", "started")
    at = clock(log["stats"].get("completed_at")) if isinstance(log.get("stats"), dict) else math.nan
    known = None if math.isnan(at) else at
    if status == "success":
        return Evidence("finished", "inspect-ai: the evaluation succeeded", at=known)
    if status == "error":
        error = log.get("error")
        words = str(error.get("message", ""))[:300] if isinstance(error, dict) else ""
        return Evidence("crashed", f"inspect-ai: {words}" if words else "inspect-ai: an error", at=known)
    if status == "cancelled":
        return Evidence("crashed", "inspect-ai: the evaluation was cancelled", at=known)
    return Evidence("running", "inspect-ai says the evaluation has started")
