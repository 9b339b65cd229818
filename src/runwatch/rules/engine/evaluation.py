"""All rules over one situation: each in its own try, then inhibition and grouping, in a stable order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

from msgspec.structs import replace

from runwatch.domain.finding import Finding, Severity
from runwatch.domain.run import Problem
from runwatch.domain.situation import Situation
from runwatch.rules.engine.grouping import fold, inhibit, precedence
from runwatch.rules.engine.options import ignored, options_of
from runwatch.rules.engine.registry import Rule, Traits, traits_of
from runwatch.text.durations import seconds


class Evaluated(NamedTuple):
    """What the rules found, worst first, and the rules that failed."""

    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


def evaluate_all(situation: Situation, rules: Iterable[Rule]) -> Evaluated:
    """The active findings, ordered by severity, age and fingerprint; one of each key. A rule that
    raises is a problem; the others go on."""
    by_key: dict[tuple[str, str], Finding] = {}
    problems: list[Problem] = []
    names: dict[str, str] = {}
    traits: dict[str, Traits] = {}
    for rule in rules:
        names[rule.NAME] = rule.MANY
        traits[rule.NAME] = traits_of(rule)
        options = options_of(rule, situation.options)
        if not options["enabled"]:
            continue
        try:
            for finding in _of(rule, situation, options, traits[rule.NAME]):
                by_key.setdefault(finding.key, finding)
        except Exception as error:  # one rule's fault, a plug-in's perhaps, must not silence the others
            message = f"the rule {rule.NAME!r} failed: {error!r}"
            hint = f"report it; [rules.{rule.NAME}] enabled = false switches it off"
            problems.append(Problem(f"rules.{rule.NAME}", None, message, hint))
    findings = fold(inhibit(tuple(by_key.values()), traits), names)
    return Evaluated(tuple(sorted(findings, key=precedence)), tuple(problems))


def timing(
    rules: Iterable[Rule], options: Mapping[str, Mapping[str, object]]
) -> Mapping[str, tuple[float, float]]:
    """(hold, keep) in seconds of each rule, as tuned by its options."""
    times = {}
    for rule in rules:
        tuned = options_of(rule, options)
        hold, keep = seconds(tuned["hold"]), seconds(tuned["keep"])
        times[rule.NAME] = (rule.HOLD if hold is None else hold, rule.KEEP if keep is None else keep)
    return times


def _of(rule: Rule, situation: Situation, options: Mapping[str, object], traits: Traits) -> list[Finding]:
    findings = []
    for finding in rule.evaluate(situation, options):
        if ignored(options, finding.scope, finding.subject, finding.place):
            continue
        if options["severity"] and finding.severity != "info":
            finding = replace(finding, severity=cast(Severity, options["severity"]))
        findings.append(replace(finding, words=traits.words, topic=traits.topic, plain=traits.plain))
    return findings
