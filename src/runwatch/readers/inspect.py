"""inspect-ai: logs of evaluations, ``*.eval`` (a zip whose members are packed with Zstandard) and ``*.json``.
Each log is a run: its scores, or that it failed, stand in ``header.json`` once it is over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runwatch.domain.borders import JsonMapping
from runwatch.domain.operations import Append, Evidence, HParams, Length, Operation
from runwatch.domain.points import Points
from runwatch.readers import limits
from runwatch.readers.base import Claim, Cursor, Listing, Reading, SourceFile
from runwatch.readers.common import archives, bounded_json
from runwatch.readers.common.bounded_json import dig, mapping, sequence
from runwatch.readers.common.column_names import clock
from runwatch.readers.common.documents import read_archive, read_json
from runwatch.readers.common.facts import facts, known

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
    return read_json(claim, source, cursor, _parse)


def _archive(archive: archives.Archive) -> Iterable[Operation]:
    name = _HEADER if _HEADER in archive.names else _START
    if name not in archive.names:
        raise ValueError("no log of inspect-ai in it")
    return _parse(bounded_json.parse(archive.read(name)))


def _parse(log: object) -> Iterable[Operation]:
    about = mapping(dig(log, "eval"))
    if not about:
        raise ValueError("no log of inspect-ai")
    at = clock(dig(log, "stats", "completed_at"))
    return [*_facts(about), *_scores(dig(log, "results"), at), _state(mapping(log), known(at))]


def _facts(log: Mapping[str, object]) -> Iterable[Operation]:
    settings = {key: log[key] for key in _SETTINGS if log.get(key) not in (None, {})}
    if settings:
        yield HParams(settings)
    task, model = log.get("task"), log.get("model")
    name = f"{task} ({model})" if isinstance(task, str) and isinstance(model, str) else task
    yield from facts(name, group=task, started=clock(log.get("created")))
    count = dig(log, "dataset", "samples")
    if type(count) is int and 0 < count < 2**53:
        yield Length(steps=count)


def _scores(results: object, at: float) -> Iterable[Operation]:
    """Each metric of each score, at the number of samples that were completed."""
    step = bounded_json.whole(dig(results, "completed_samples")) or 0
    for score in sequence(dig(results, "scores"))[: limits.TAGS]:
        for name, metric in mapping(dig(score, "metrics")).items():
            value = bounded_json.number(dig(metric, "value"))
            if value is not None:
                tag = f"{mapping(score).get('name', 'score')}/{name}"
                yield Append(tag, Points.of([step], [value], [at]))


def _state(log: JsonMapping, at: float | None) -> Operation:
    status = log.get("status", "started")
    if status == "success":
        return Evidence("finished", "inspect-ai: the evaluation succeeded", at=at)
    if status == "error":
        words = str(dig(log, "error", "message") or "an error")[:300]
        return Evidence("crashed", f"inspect-ai: {words}", at=at)
    if status == "cancelled":
        return Evidence("crashed", "inspect-ai: the evaluation was cancelled", at=at)
    return Evidence("running", "inspect-ai says the evaluation has started")
