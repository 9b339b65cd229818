"""Runs every check of the package on a case."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, Protocol, cast

from runwatch.domain.drift import QualityCheck
from runwatch.domain.finding import rank
from runwatch.domain.plugins import modules_in
from runwatch.judge.quality import checks
from runwatch.judge.quality.case import QualityCase


class QualityCheckModule(Protocol):
    NAME: str

    def check(self, case: QualityCase) -> list[QualityCheck]: ...


@cache
def all_checks() -> tuple[QualityCheckModule, ...]:
    """Every check of the package, by name."""
    return tuple(cast(QualityCheckModule, module) for module in modules_in(checks.__name__))


def examine(case: QualityCase) -> tuple[QualityCheck, ...]:
    """All faults, worst first."""
    faults = [fault for one in all_checks() for fault in one.check(case)]
    return tuple(sorted(faults, key=lambda f: (-rank(f.severity), f.check, f.column)))


def verdict(faults: Sequence[QualityCheck]) -> Literal["ok", "warning", "critical"]:
    """The worst severity; information alone is ok."""
    severities = {fault.severity for fault in faults}
    return "critical" if "critical" in severities else "warning" if "warning" in severities else "ok"
