"""What lm-evaluation-harness says of each sample: ``samples_<task>_<time>.jsonl`` beside its results."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import msgspec

from runwatch.domain.comparison import SampleKey, Samples
from runwatch.readers.common import bounded_json
from runwatch.system.files import read_regular

_FILE = re.compile(r"samples_(?P<task>\S{1,200})_\d{4}-\d\d-\d\dT[\d.-]{5,20}\.jsonl")
_LARGEST = 512 * 2**20
_LINE = msgspec.json.Decoder(dict[str, msgspec.Raw])


def load_samples(folder: str) -> Samples:
    """By metric (as the results name it: ``task/acc``, ``task/exact_match,strict-match``), the value of each
    sample; of a task evaluated twice the newest file. What cannot be read is left out."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    newest = {match["task"]: name for name in names if (match := _FILE.fullmatch(name))}
    made: dict[str, dict[SampleKey, float]] = {}
    for task, name in newest.items():
        try:
            data = read_regular(os.path.join(folder, name), _LARGEST)
        except OSError:
            continue
        for line in data.splitlines():
            for metric, key, value in _values(line):
                made.setdefault(f"{task}/{metric}", {})[key] = value
    return made


def _values(line: bytes) -> list[tuple[str, SampleKey, float]]:
    """(metric, sample, value) of one line; a metric that is no number has none."""
    try:
        record: Mapping[str, msgspec.Raw] = _LINE.decode(line)
        head = {key: bounded_json.parse(bytes(record[key])) for key in ("doc_id", "metrics")}
        kind = bounded_json.parse(bytes(record.get("filter", msgspec.Raw(b'"none"'))))
        document = bytes(record.get("doc_hash", msgspec.Raw(b"")))
        if not isinstance(head["metrics"], list):
            return []
        key = f"{head['doc_id']} {document.decode('ascii', 'replace')}"
        behind = "" if kind in ("", "none") else f",{kind}"
        values = {
            name: bounded_json.number(bounded_json.parse(bytes(record[name])))
            for name in head["metrics"]
            if isinstance(name, str) and name in record
        }
    except (ValueError, KeyError):
        return []
    return [(name + behind, key, value) for name, value in values.items() if value is not None]
