"""The JSON Schemas (draft 2020-12) of the answers. Fields may be added while ``schema`` stays 1, so that
none of them forbids what it does not name.

A field is written as its type: "str", "int", "num", "bool", "time" (ISO 8601 with zone), "day", a tuple of
words (one of them), a list with the type of its items, or a table of further fields. A name with "?" at its
end may be missing; a type with "?" may be null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runwatch.domain.borders import JsonDict
from runwatch.domain.finding import SEVERITIES
from runwatch.domain.run import STATUSES
from runwatch.judge.drift.measures import measures

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_BASE = "urn:runwatch:schema:1:"
_PLAIN: dict[str, dict[str, object]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "num": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "table": {"type": "object"},
    "any": {},
}
_WORST = ("ok", "warning", "critical", "unknown")
_METRIC_VERDICT = ("better", "equivalent", "worse", "inconclusive", "unknown")
_DRIFT_VERDICT = ("stable", "warning", "drifted", "unknown")
_INTERVAL = "interval?"

PROBLEM = {"file": "str", "where": "str?", "message": "str", "hint": "str"}
FINDING = {
    "rule": "str",
    "severity": SEVERITIES,
    "subject": "str",
    "run": "str?",
    "summary": "str",
    "evidence": "table",
    "advice": "str",
    "first_seen": "time?",
    "last_seen": "time?",
    "fingerprint": "str",
    "root?": "str",
    "since?": "time?",
    "check?": "str",
    "column?": "str",
}
METRIC = {
    "last": "num?",
    "last_step": "int?",
    "best": "num?",
    "best_step": "int?",
    "min": "num?",
    "max": "num?",
    "count": "int",
    "direction": ("min", "max", None),
}
RUN = {
    "id": "str",
    "root": "str",
    "formats": ["str"],
    "status": STATUSES,
    "status_reason": "str",
    "started": "time?",
    "updated": "time?",
    "step": "int?",
    "epoch": "num?",
    "points": "int",
    "metrics": {"*": METRIC},
    "hparams": "table",
    "problems": [PROBLEM],
}
COLUMN = {
    "name": "str",
    "kind": ("numeric", "categorical", "boolean", "datetime", "text", "constant"),
    "verdict": _DRIFT_VERDICT,
    "reason": "str",
    "sentence": "str",
    "method": "str?",
    "effect": "num?",
    "p_value": "num?",
    "p_adjusted": "num?",
    "missing_reference": "num?",
    "missing_current": "num?",
    "new_categories": ["str"],
    "reference_n": "int?",
    "current_n": "int?",
    **{f"{name}?": "num?" for name in measures()},
}
SIDE = {"files": "int", "rows": "int"}
TOGETHER = {
    "method": "str",
    "auc": "num?",
    "p_value": "num?",
    "n_reference": "int",
    "n_current": "int",
    "verdict": _DRIFT_VERDICT,
    "top_features": [{"name": "str", "importance": "num"}],
}
DRIFT = {
    "verdict": _DRIFT_VERDICT,
    "share_drifted?": "num?",
    "reference?": SIDE,
    "current?": SIDE,
    "columns?": [COLUMN],
    "multivariate?": {"?": TOGETHER},
    "problems?": [PROBLEM],
    "error?": "str",
}
COMPARED = {
    "name": "str",
    "direction": ("min", "max", None),
    "baseline": "num?",
    "candidate": "num?",
    "delta": "num?",
    "ci": _INTERVAL,
    "confidence": "num",
    "p_value": "num?",
    "p_adjusted": "num?",
    "method": "str?",
    "test": "str?",
    "n": "int?",
    "tolerance": "num?",
    "reason": "str",
    "verdict": _METRIC_VERDICT,
    "primary": "bool",
    "at": "int?",
    "n_needed": "int?",
}
SLICE = {
    "slice": "str",
    "n": "int",
    "metric": "str",
    "baseline": "num?",
    "candidate": "num?",
    "delta": "num?",
    "ci": _INTERVAL,
    "p_adjusted": "num?",
    "verdict": _METRIC_VERDICT,
}
TASK = {
    "id": "str",
    "line": "str",
    "text": "str",
    "priority": "str?",
    "done": "bool",
    "created": "day?",
    "completed": "day?",
    "due": "day?",
    "threshold": "day?",
    "projects": ["str"],
    "contexts": ["str"],
    "tags": {"*": "str"},
    "source": ("manual", "rule"),
    "fingerprint": "str?",
    "state": ("open", "snoozed", "resolved", "done", "pending", "dismissed", "hidden"),
}
_COUNTS = {"critical": "int", "warning": "int", "info": "int"}

ANSWERS: Mapping[str, Mapping[str, object]] = {
    "ls": {"root": "str?", "roots?": ["str"], "runs": [RUN], "problems?": [PROBLEM]},
    "show": {"root": "str", "run": RUN},
    "drift": DRIFT,
    "quality": {
        "verdict": _WORST,
        "rows?": "int",
        "findings?": [FINDING],
        "problems?": [PROBLEM],
        "error?": "str",
    },
    "compare": {
        "verdict?": _METRIC_VERDICT,
        "candidate?": "str",
        "baseline?": "str",
        "reason?": "str",
        "metrics?": [COMPARED],
        "slices?": [SLICE],
        "comparisons?": ["table"],
        "error?": "str",
    },
    "check": {
        "worst": _WORST,
        "counts": _COUNTS,
        "findings": [FINDING],
        "problems": [PROBLEM],
        "not_judged": [{"file": "str", "message": "str", "hint": "str"}],
        "error?": "str",
    },
    "tasks": {"file": "str", "tasks": [TASK], "beyond?": "int", "older?": "int", "notice?": "str"},
    "brief": {
        "since": "time?",
        "until": "time?",
        "headline": "str",
        "runs": {name: ["str"] for name in ("finished", "crashed", "running", "stalled", "new")},
        "findings": [FINDING],
        "tasks": {"open": "int", "new": ["table"], "resolved": ["table"]},
        "old?": "str?",
        "error?": "str",
    },
    "status": {
        "at": "time?",
        "age_s": "num?",
        "old": "bool",
        "line": "str",
        "roots?": ["str"],
        "runs?": {"*": "int"},
        "findings?": _COUNTS,
        "tasks?": {"open": "int", "overdue": "int", "snoozed": "int", "critical": "int"},
    },
}

_OF_RUN = {"root": "str", "run": "str"}
RECORDS: Mapping[str, Mapping[str, object]] = {
    "point": {
        **_OF_RUN,
        "tag": "str",
        "step": "int",
        "value": "num?",
        "value_text?": ("nan", "inf", "-inf"),
        "at": "time?",
    },
    "status": {**_OF_RUN, "status": STATUSES, "reason": "str", "step": "int?", "at": "time?"},
    "rewound": {**_OF_RUN, "tag": "str", "step": "int"},
    "finding": {**FINDING, "state": ("new", "changed", "over")},
    "host": {"host": "str", "state": ("live", "lost"), "message": "str"},
}


def schema_of_record(kind: str) -> JsonDict:
    """The JSON Schema of one kind of line of ``tail --json``."""
    result = _of(RECORDS[kind])
    result["properties"] = {"type": {"const": kind}, **result["properties"]}
    result["required"] = ["type", *result["required"]]
    return {
        "$schema": _DRAFT,
        "$id": f"{_BASE}tail-{kind}",
        "title": f"runwatch tail --json: {kind}",
        **result,
    }


def schema_of_line() -> JsonDict:
    """The JSON Schema of any line of ``tail --json``."""
    kinds = {kind: schema_of_record(kind) for kind in RECORDS}
    head = {"$schema": _DRAFT, "$id": f"{_BASE}tail", "title": "runwatch tail --json: a line"}
    return {**head, "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in kinds], "$defs": kinds}


def schema_of(answer: str) -> JsonDict:
    """The JSON Schema of a command's ``--json``."""
    result = _of(ANSWERS[answer])
    result["properties"] = {"schema": {"const": 1}, **result["properties"]}
    result["required"] = ["schema", *result["required"]]
    return {"$schema": _DRAFT, "$id": f"{_BASE}{answer}", "title": f"runwatch {answer} --json", **result}


def _of(kind: Any) -> JsonDict:
    if isinstance(kind, tuple):
        return {"enum": list(kind)}
    if isinstance(kind, list):
        return {"type": "array", "items": _of(kind[0])}
    if isinstance(kind, str):
        return _word(kind)
    if "*" in kind:
        return {"type": "object", "additionalProperties": _of(kind["*"])}
    if "?" in kind:
        return {"anyOf": [_of(kind["?"]), {"type": "null"}]}
    required = [name for name in kind if not name.endswith("?")]
    properties = {name.removesuffix("?"): _of(inner) for name, inner in kind.items()}
    return {"type": "object", "properties": properties, "required": required}


def _word(kind: str) -> dict[str, object]:
    if kind == _INTERVAL:
        items = {"type": ["number", "null"]}
        return {"type": ["array", "null"], "items": items, "minItems": 2, "maxItems": 2}
    result = dict(_PLAIN[kind.removesuffix("?")])
    return {**result, "type": [result["type"], "null"]} if kind.endswith("?") else result
