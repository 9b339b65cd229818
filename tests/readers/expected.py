"""What the real files of a case must read as (``fixtures/runs/expected_others.json``)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

import numpy as np
from harness import FIXTURES, Told

from runwatch.domain.operations import Evidence

EXPECTED = json.loads((FIXTURES / "expected_others.json").read_text())


def check(case: str, runs: dict[str, Told], hparams: bool = True) -> None:
    """Every expected run is there (by id, or an id that ends in it) and no other; its points are right."""
    wanted = EXPECTED[case]["runs"]
    assert len(runs) == len(wanted)
    for run in wanted:
        told = next(told for run_id, told in runs.items() if f"{case}/{run_id}".endswith(run["id"]))
        assert set(told.series) == set(run["metrics"])
        for tag, metric in run["metrics"].items():
            check_metric(told, tag, metric)
        if hparams:
            assert run.get("hparams", {}).items() <= told.hparams.items()
        said = [evidence.status for evidence in told.of(Evidence)]
        assert not said or said[-1] in run["status_old"] + run["status_fresh"]


def check_metric(told: Told, tag: str, metric: dict[str, object]) -> None:
    points = told.series[tag]
    finite = points.values[np.isfinite(points.values)]
    assert int(points.steps[-1]) == metric["last_step"]
    assert len(points) == metric["count"]
    assert len(points) - len(finite) == metric["nonfinite"]
    assert_close(
        [float(points.values[-1]), finite.min(), finite.max()], [metric[k] for k in ("last", "min", "max")]
    )


def assert_close(found: Iterable[float], wanted: Iterable[object]) -> None:
    for one, other in zip(found, wanted, strict=True):
        number = float(other)  # type: ignore[arg-type]
        assert math.isclose(one, number, rel_tol=1e-6) or (math.isnan(one) and math.isnan(number))
