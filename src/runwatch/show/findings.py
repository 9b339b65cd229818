"""Findings as JSON, and the short words for what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from runwatch.domain.borders import JsonMapping
from runwatch.domain.finding import rank
from runwatch.text.units import iso

_INSIDE = ("since", "first_seen", "last_seen", "words", "topic", "plain")

Facts = JsonMapping


def finding_json(finding: Facts, now: float) -> dict[str, object]:
    """A kept finding as JSON (``store.kept.finding_facts``); what holds now and was never
    seen before is first seen now."""
    seen = finding["first_seen"] or finding["since"] or now
    public = {key: value for key, value in finding.items() if key not in _INSIDE}
    return {
        **public,
        "first_seen": iso(seen),
        "last_seen": iso(finding["last_seen"] or now),
        "since": iso(finding["since"]),
    }


def in_order(findings: Iterable[Facts]) -> list[Facts]:
    """Worst first, then oldest, then by fingerprint."""
    return sorted(findings, key=_place)


def _words(finding: Facts) -> tuple[str, str]:
    """What one and what several are called; an earlier version kept no words."""
    one, many = finding.get("words") or ("", "")
    name = str(finding["rule"]).replace("-", " ")
    return one or name, many or name


def counted(findings: Iterable[Facts]) -> str:
    """ "1 crashed, 2 regressed", worst first; "" when there are none."""
    counts = Counter(_words(finding) for finding in in_order(findings))
    return ", ".join(f"{n} {words[n != 1]}" for words, n in counts.items())


def _place(finding: Facts) -> tuple[int, float, str]:
    seen = finding["first_seen"] or finding["since"] or float("inf")
    return -rank(finding["severity"]), seen, finding["fingerprint"]
