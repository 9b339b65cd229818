"""One trouble, one finding: what explains another keeps it quiet, and many alike become one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from runwatch.domain.finding import Finding, rank
from runwatch.domain.tree import is_below
from runwatch.rules.engine.registry import Traits
from runwatch.text.safe import safe
from runwatch.text.units import plural

_ALONE = 3
_Key = tuple[str, str]


def inhibit(findings: Sequence[Finding], traits: Mapping[str, Traits]) -> list[Finding]:
    """Those that no other finding explains, by what their rules say of themselves (``traits`` by rule). One
    that explains others holds their fingerprints in ``also`` and their summaries in its evidence."""
    taken: dict[_Key, _Key] = {}
    places = _by_place(findings)
    for finding in findings:
        own = traits[finding.rule]
        if own.explains_all_below:
            below = [f for f in findings if f.rule != finding.rule and _below(finding, f)]
        else:
            below = [
                f
                for place in _places(finding)
                for f in places[place]
                if _explains(finding, f, own, traits[f.rule])
            ]
        for other in below:
            if other.key not in taken and _head(taken, finding.key) != other.key:
                taken[other.key] = finding.key
    explained: dict[_Key, list[Finding]] = {}
    for finding in findings:
        explained.setdefault(_head(taken, finding.key), []).append(finding)
    shown = (finding for finding in findings if finding.key not in taken)
    return [_with(finding, [f for f in explained[finding.key] if f is not finding]) for finding in shown]


def _places(finding: Finding) -> tuple[object, ...]:
    """What two findings must share for one to explain the other: the run, or the scope in its root."""
    place = (finding.root, finding.scope)
    return (place,) if finding.run is None else (place, finding.run)


def _by_place(findings: Sequence[Finding]) -> dict[object, list[Finding]]:
    by_place: dict[object, list[Finding]] = {}
    for finding in findings:
        for place in _places(finding):
            by_place.setdefault(place, []).append(finding)
    return by_place


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


def _explains(finding: Finding, other: Finding, own: Traits, others: Traits) -> bool:
    if other.rule == finding.rule:
        return own.one_of_a_kind and precedence(finding) < precedence(other)
    if finding.rule in others.explained_by:
        return True
    return other.rule in own.explains and (own.also_asks is None or own.also_asks(finding, other))


def precedence(finding: Finding) -> tuple[int, float, str]:
    """Of several of one kind in one place the worst stands for all, then the one that began first."""
    since = finding.since if finding.since is not None else math.inf
    return -rank(finding.severity), since, finding.fingerprint


def _below(source: Finding, other: Finding) -> bool:
    root = other.run.root if other.run is not None else other.root
    if source.root != root or other.context == "host":
        return False
    return is_below(other.scope, source.scope)


def _head(taken: Mapping[_Key, _Key], key: _Key) -> _Key:
    """The finding at the head of those that explain ``key``; itself when none does."""
    while key in taken:
        key = taken[key]
    return key


def _with(finding: Finding, below: Sequence[Finding]) -> Finding:
    if not below:
        return finding
    also = (*finding.also, *(print_ for other in below for print_ in (other.fingerprint, *other.also)))
    evidence = {**finding.evidence, "also": [other.summary for other in below]}
    alike = sum(other.rule == finding.rule for other in below)
    summary = (
        f"{finding.summary}, and {plural(alike, 'more like it', 'more like it')}"
        if alike
        else finding.summary
    )
    return replace(finding, also=also, evidence=evidence, summary=summary)


def _folded(members: Sequence[Finding], many: str) -> Finding:
    first = members[0]
    named = ", ".join(safe(finding.subject, 40) for finding in members[:_ALONE])
    begun = [finding.since for finding in members if finding.since is not None]
    what = many.format(scope=safe(first.scope, 60))
    return replace(
        first,
        severity=min(members, key=precedence).severity,
        subject="",
        summary=f"{plural(len(members), 'finding')}: {what}: {named} and {len(members) - _ALONE} more",
        title=f"{what[:1].upper()}{what[1:]}",
        evidence={"count": len(members), "members": [finding.summary for finding in members]},
        since=min(begun, default=None),
        confirmed=any(finding.confirmed for finding in members),
        lasting=all(finding.lasting for finding in members),
        also=tuple(print_ for finding in members for print_ in (finding.fingerprint, *finding.also)),
    )
