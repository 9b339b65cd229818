"""A run's story as plain JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from runwatch.domain.health import HealthSign
from runwatch.domain.operations import Evidence, Length
from runwatch.domain.run import Metric, Problem
from runwatch.runs.summary import RunSummary


def story_to_json(story: RunSummary) -> dict[str, Any]:
    """Plain values; NaN and infinities stay Python's JSON words."""
    made = {f.name: getattr(story, f.name) for f in fields(RunSummary)}
    made["metrics"] = [asdict(metric) for metric in story.metrics.values()]
    made["problems"] = [asdict(problem) for problem in story.problems]
    made["evidence"] = [asdict(evidence) for evidence in story.evidence]
    made["length"] = None if story.length is None else asdict(story.length)
    return made


def story_from_json(data: Mapping[str, Any]) -> RunSummary:
    """Raises KeyError, TypeError or ValueError for what is no story."""
    made = dict(data)
    metrics = [Metric(**{**row, "spark": tuple(row["spark"])}) for row in data["metrics"]]
    made["metrics"] = {metric.tag: metric for metric in metrics}
    made["problems"] = tuple(Problem(**row) for row in data["problems"])
    made["evidence"] = tuple(Evidence(**row) for row in data["evidence"])
    made["length"] = None if data["length"] is None else Length(**data["length"])
    made["formats"] = tuple(data["formats"])
    made["writers"] = tuple((row[0], row[1], row[2]) for row in data["writers"])
    return RunSummary(**made)


def signs_to_json(signs: tuple[HealthSign, ...]) -> list[dict[str, Any]]:
    return [asdict(sign) for sign in signs]


def signs_from_json(rows: list[dict[str, Any]]) -> tuple[HealthSign, ...]:
    return tuple(HealthSign(**row) for row in rows)
