"""What was found as Prometheus' text format, or as OpenMetrics.

https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/specs/om/open_metrics_spec/"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from runwatch.domain.address import host_of
from runwatch.domain.finding import WORST_FIRST
from runwatch.domain.run import STATUSES
from runwatch.show.check import CODES, CheckResult, level_of, of_root
from runwatch.text.safe import safe

Sample = tuple[Mapping[str, str], float]


def prometheus(check: CheckResult, rules: Sequence[str], openmetrics: bool = False) -> str:
    """Gauges of each root, present at 0 too. ``rules``: the names of all rules. No run is named: one label
    value a run would be one time series a run."""
    lines: list[str] = []
    for name, unit, words, samples in _families(check, rules):
        lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
        if openmetrics and unit:
            lines.append(f"# UNIT {name} {unit}")
        lines += [f"{name}{{{_labels(labels)}}} {_value(value)}" for labels, value in samples]
    return "\n".join([*lines, "# EOF"] if openmetrics else lines) + "\n"


def _families(check: CheckResult, rules: Sequence[str]) -> Iterator[tuple[str, str, str, list[Sample]]]:
    situation = check.snapshot.situation
    roots = situation.roots
    base = {root: {"host": host_of(root) or situation.host, "root": root} for root in roots}
    by_root = {root: of_root(check, root) for root in roots}

    def each(label: str, values: Iterable[str], counts: Mapping[str, Counter[str]]) -> list[Sample]:
        return [({**base[root], label: value}, counts[root][value]) for root in roots for value in values]

    by_severity = {root: Counter(str(f["severity"]) for f in by_root[root]) for root in roots}
    by_rule = {root: Counter(str(f["rule"]) for f in by_root[root]) for root in roots}
    states = {root: Counter(str(run.status) for run in situation.runs if run.root == root) for root in roots}
    names = sorted({*rules, *(rule for counts in by_rule.values() for rule in counts)})
    tasks = check.snapshot.tasks
    opened = {r: sum(t.state == "open" for t in tasks[r].tasks) if r in tasks else 0 for r in roots}
    yield (
        "runwatch_findings", "", "Active findings by severity.",
        each("severity", WORST_FIRST, by_severity),
    )  # fmt: skip
    yield "runwatch_rule_findings", "", "Active findings by rule.", each("rule", names, by_rule)
    yield (
        "runwatch_state", "", "Worst result: 0 ok, 1 warning, 2 critical, 3 unknown.",
        [(base[root], CODES[level_of(check, root)]) for root in roots],
    )  # fmt: skip
    yield "runwatch_runs", "", "Runs by state.", each("state", STATUSES, states)
    yield (
        "runwatch_tasks_open", "", "Open tasks.",
        [(base[root], opened[root]) for root in roots],
    )  # fmt: skip
    yield (
        "runwatch_last_check_timestamp_seconds", "seconds", "Time of the last check.",
        [(base[root], situation.now) for root in roots],
    )  # fmt: skip


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return safe(value).replace("\\", "\\\\").replace('"', '\\"')


def _value(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"
