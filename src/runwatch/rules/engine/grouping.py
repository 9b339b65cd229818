"""One trouble, one finding: what explains another keeps it quiet, and many alike become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from runwatch.domain.finding import Finding, worst
from runwatch.domain.situation import Situation
from runwatch.text.safe import safe
from runwatch.text.units import plural

_ALONE = 3
_NAMED = 3
_OF_A_RUN = frozenset(
    [
        "run-stalled",
        "run-slow",
        "run-diverged",
        "loss-spike",
        "metric-nonfinite",
        "run-overfitting",
        "ranks-apart",
        "metric-regressed",
        "slice-regressed",
    ]
)
_EXPLAINS = {
    "run-crashed": _OF_A_RUN,
    "metric-nonfinite": frozenset({"run-diverged", "loss-spike"}),
    "run-diverged": frozenset({"loss-spike", "run-overfitting"}),
    "run-stalled": frozenset({"run-slow", "gpu-idle"}),
    "metric-regressed": frozenset({"slice-regressed"}),
}


def inhibit(findings: Sequence[Finding], situation: Situation) -> list[Finding]:
    """Those that no other finding explains. One that explains others holds their fingerprints in ``also``
    and their summaries in its evidence. An unreadable root explains all that is known below it."""
    taken: dict[str, str] = {}
    for finding in findings:
        for other in findings:
            if finding is not other and _explains(finding, other, situation):
                taken.setdefault(other.fingerprint, finding.fingerprint)
    kept = []
    for finding in findings:
        if finding.fingerprint in taken:
            continue
        below = [other for other in findings if _under(taken, other.fingerprint) == finding.fingerprint]
        kept.append(_with(finding, below) if below else finding)
    return kept


def fold(findings: Sequence[Finding], names: Mapping[str, str]) -> list[Finding]:
    """More than three findings of one rule about one scope become one; ``names`` by rule: what they are
    called together ("" are never folded)."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.root, finding.scope), []).append(finding)
    made: list[Finding] = []
    for (rule, _, _), members in groups.items():
        made += [_folded(members, names[rule])] if len(members) > _ALONE and names.get(rule) else members
    return made


def _explains(finding: Finding, other: Finding, situation: Situation) -> bool:
    if finding.rule == "source-unreadable":
        return other.rule != "source-unreadable" and _below(finding, other, situation)
    if finding.rule not in _EXPLAINS or other.rule not in _EXPLAINS[finding.rule]:
        return False
    same = (finding.root, finding.scope) == (other.root, other.scope)
    return same or (other.run is not None and other.run == finding.run)


def _below(source: Finding, other: Finding, situation: Situation) -> bool:
    root = other.run.root if other.run is not None else other.root
    if source.root != root or other.context == "host":
        return False
    return source.scope == "." or other.scope == source.scope or other.scope.startswith(source.scope + "/")


def _under(taken: Mapping[str, str], print_: str) -> str | None:
    """The finding at the head of those that explain ``print_``."""
    head, seen = taken.get(print_), {print_}
    while head is not None and head in taken and head not in seen:
        seen.add(head)
        head = taken[head]
    return head


def _with(finding: Finding, below: Sequence[Finding]) -> Finding:
    also = (*finding.also, *(other.fingerprint for other in below))
    evidence = {**finding.evidence, "also": [other.summary for other in below]}
    return replace(finding, also=also, evidence=evidence)


def _folded(members: Sequence[Finding], many: str) -> Finding:
    first = members[0]
    severity = worst(list(members)) or first.severity
    subjects = [safe(finding.subject, 40) for finding in members]
    named = ", ".join(subjects[:_NAMED]) + (
        f" and {len(members) - _NAMED} more" if len(members) > _NAMED else ""
    )
    begun = [finding.since for finding in members if finding.since is not None]
    what = many.format(scope=safe(first.scope, 60))
    return replace(
        first,
        severity=severity,
        subject="",
        summary=f"{plural(len(members), 'finding')}: {what}: {named}",
        title=f"{what[:1].upper()}{what[1:]}",
        evidence={"count": len(members), "members": [finding.summary for finding in members]},
        since=min(begun, default=None),
        actionable=any(finding.actionable for finding in members),
        confirmed=any(finding.confirmed for finding in members),
        lasting=all(finding.lasting for finding in members),
        also=tuple(print_ for finding in members for print_ in (finding.fingerprint, *finding.also)),
    )
