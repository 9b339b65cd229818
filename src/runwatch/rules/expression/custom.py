"""``[[rules]]`` of the configuration as rules like any other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, cast

import msgspec

from runwatch.domain.finding import SEVERITIES, Finding, Severity
from runwatch.domain.run import Problem, Run
from runwatch.domain.situation import Situation
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import began_at, run_finding
from runwatch.rules.engine.registry import Rule
from runwatch.rules.expression.parser import Expression, parse
from runwatch.rules.expression.tokens import ExpressionError
from runwatch.text.run_filter import Filter
from runwatch.text.run_filter import parse as parse_filter
from runwatch.text.safe import safe
from runwatch.text.units import number


class CustomRuleSettings(Protocol):
    """What one ``[[rules]]`` table says."""

    @property
    def when(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def advice(self) -> str: ...
    @property
    def where(self) -> str: ...


class ConditionRule(msgspec.Struct, frozen=True):
    """A rule made of an expression. It covers the runs of ``root`` alone, if one is given, and of those
    that ``filter`` lets pass."""

    NAME: str
    DESCRIPTION: str
    expression: Expression
    severity: Severity
    advice: str
    root: str | None
    HOLD: float
    KEEP: float = _KEEP
    MANY: str = ""
    DEFAULTS: Mapping[str, object] = msgspec.field(default_factory=dict)
    filter: Filter | None = None

    def evaluate(self, situation: Situation, options: Mapping[str, object]) -> Iterator[Finding]:
        """A finding for each run for which the condition is true now; ``for`` is the rule's hold."""
        for run in situation.runs:
            in_root = self.root is None or run.root == self.root
            meant = in_root and (self.filter is None or self.filter.holds(run, situation.now))
            if meant and self.expression.holds(run, situation.now):
                yield self._finding(run)

    def _finding(self, run: Run) -> Finding:
        tags = self.expression.tags
        values = {tag: run.metrics[tag].last for tag in tags if tag in run.metrics}
        shown = ", ".join(f"{safe(tag)} = {number(value)}" for tag, value in values.items())
        label = safe(self.DESCRIPTION, 120)
        return run_finding(
            run,
            self.NAME,
            self.severity,
            f"{label}: {shown}" if shown else label,
            f"{label} ({safe(run.title)})",
            self.advice or "One of your own rules fired: check whether this run still does what you want.",
            subject=", ".join(tags),
            since=began_at(run),
            evidence={"when": self.expression.source, **values},
        )


def custom_rules(
    entries: Iterable[CustomRuleSettings], root: str | None = None, taken: Iterable[str] = ()
) -> tuple[tuple[Rule, ...], tuple[Problem, ...]]:
    """The rules that ``[[rules]]`` makes, and what is wrong with the others: the column is in the message.
    ``taken``: names that are rules already."""
    result: dict[str, Rule] = {}
    problems = []
    for index, entry in enumerate(entries):
        where = f"rules[{index}]"
        try:
            rule = _rule(entry, root)
        except ExpressionError as error:
            problems.append(Problem("runwatch.toml", where, f"when: {error}", "see docs/rules.md"))
            continue
        if rule.NAME in result or rule.NAME in set(taken):
            message = f"there is already a rule named {rule.NAME!r}"
            problems.append(Problem("runwatch.toml", where, message, "give it another name"))
            continue
        result[rule.NAME] = cast(Rule, rule)
    return tuple(result.values()), tuple(problems)


def _rule(entry: CustomRuleSettings, root: str | None) -> ConditionRule:
    expression = parse(entry.when)
    severity: Severity = entry.severity if entry.severity in SEVERITIES else "warning"
    digest = hashlib.sha256(entry.when.encode("utf-8", "surrogateescape")).hexdigest()[:6]
    slug = re.sub(r"[^a-z0-9]+", "-", entry.name.lower()).strip("-")
    return ConditionRule(
        slug or f"custom-{digest}",
        DESCRIPTION=entry.name or entry.when,
        expression=expression,
        severity=severity,
        advice=entry.advice,
        root=root,
        HOLD=expression.hold,
        filter=parse_filter(entry.where) if entry.where else None,
    )
