"""A change of the error rate is told while it is recent."""

from __future__ import annotations

from msgspec.structs import replace

from runwatch.domain.drift import Batch, DataSet
from runwatch.domain.situation import Situation
from runwatch.rules import error_rate_changed as rule

BATCHES = tuple(Batch(f"b{n}", 100, 1000.0 + n) for n in range(8))
DATA = DataSet("orders", "/r", "ref", BATCHES, (), None)


def _found(changed: str | None) -> list[str]:
    situation = Situation(now=2000.0, host="h", data=(replace(DATA, errors_changed=changed),))
    return [finding.summary for finding in rule.evaluate(situation, rule.DEFAULTS)]


def test_a_recent_change_is_told_an_old_one_and_none_are_not() -> None:
    assert _found("b6") and "b6" in _found("b6")[0]
    assert _found("b1") == [] and _found(None) == [] and _found("gone") == []


def test_fewer_errors_are_no_warning() -> None:
    for fell, expected in ((False, ("warning", "rose")), (True, ("info", "fell"))):
        data = replace(DATA, errors_changed="b6", errors_fell=fell)
        (finding,) = rule.evaluate(Situation(now=2000.0, host="h", data=(data,)), rule.DEFAULTS)
        assert finding.severity == expected[0] and expected[1] in finding.summary
