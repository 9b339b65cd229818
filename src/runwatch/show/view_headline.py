"""One line on top: what needs you first, in words."""

from __future__ import annotations

from datetime import date

from runwatch.domain.finding import SEVERITIES, Finding
from runwatch.domain.situation import Snapshot
from runwatch.show.view import SEVERITY_TONES, Span, Words, badge, join, text, words
from runwatch.show.view_tasks import is_open
from runwatch.text import units
from runwatch.text.safe import safe


def headline(snapshot: Snapshot, today: date) -> Words:
    """The worst and newest finding and how many more there are; else what is due; else that all is well."""
    if snapshot.watch.phase == "starting":
        return (Span("looking around …", "muted"),)
    troubles = [finding for finding in snapshot.findings if finding.severity != "info" and finding.confirmed]
    if troubles:
        first = max(troubles, key=_urgency)
        tone = SEVERITY_TONES[first.severity]
        return words(badge(first.severity), " ", Span(safe(first.summary), tone), _more(troubles, first))
    late = [
        t
        for listed in snapshot.tasks.values()
        for t in listed.tasks
        if is_open(t, today) and _is_late(t.due, today)
    ]
    if late:
        first_task = min(late, key=lambda task: task.due or today)
        more = f", and {len(late) - 1} more" if len(late) > 1 else ""
        return words(Span("! due: ", "warn"), text(first_task.text), Span(more, "muted"))
    return _calm(snapshot)


def _urgency(finding: Finding) -> tuple[int, float]:
    return SEVERITIES.index(finding.severity), finding.since or finding.first_seen or 0.0


def _is_late(due: date | None, today: date) -> bool:
    return due is not None and due <= today


def _more(troubles: list[Finding], first: Finding) -> Words:
    parts: list[Words] = []
    for severity in ("critical", "warning"):
        n = sum(finding.severity == severity and finding is not first for finding in troubles)
        if n:
            said = f"{n} more critical" if severity == "critical" == first.severity else f"{n} {severity}"
            parts.append((Span(said, SEVERITY_TONES[severity]),))
    return words(Span("   + ", "muted"), join(parts)) if parts else ()


def _calm(snapshot: Snapshot) -> Words:
    running = sum(run.status == "running" for run in snapshot.situation.runs)
    if running:
        return words(
            Span("✓ ", "good"), f"All is well: {units.plural(running, 'run')} running, nothing needs you"
        )
    if not snapshot.situation.runs:
        return (Span("no runs yet", "muted"),)
    return words(Span("✓ ", "good"), "Nothing is running and nothing needs you")


def watching(snapshot: Snapshot, now: float) -> Words:
    """Which roots, and how the watching itself goes."""
    roots = snapshot.situation.roots
    where = safe(roots[0]) if len(roots) == 1 else units.plural(len(roots), "root")
    parts: list[Words] = [(Span(_short(where), "muted"),)]
    parts += [text(mark, "warn") for mark in snapshot.watch.marks]
    done, total = snapshot.watch.reading
    if snapshot.watch.phase == "reading" and total:
        parts.append((Span(f"reading {done:,} of {total:,}", "info"),))
    elif snapshot.watch.phase == "live":
        parts.append((Span("● live", "good"),))
    return join(parts, "  ")


def _short(path: str) -> str:
    return path if len(path) <= 28 else "…" + path[-27:]
