"""Lines about the watching, for the journal."""

from __future__ import annotations

from collections import Counter

from runwatch.domain.situation import Snapshot
from runwatch.text.safe import safe
from runwatch.text.units import plural


def line(snapshot: Snapshot) -> str:
    """ "live: 12 runs (2 running, 1 crashed), 3 findings; polling"."""
    runs = snapshot.situation.runs
    counts = Counter(run.status for run in runs)
    parts = ", ".join(
        f"{counts[status]} {status}" for status in ("running", "crashed", "stalled") if counts[status]
    )
    marks = "".join(f"; {safe(mark)}" for mark in snapshot.watch.marks)
    detail = f" ({parts})" if parts else ""
    worst = next(
        (f"; {f.severity}: {safe(f.summary, 120)}" for f in snapshot.findings if f.severity == "critical"), ""
    )
    findings = plural(len(snapshot.findings), "finding")
    return f"{snapshot.watch.phase}: {plural(len(runs), 'run')}{detail}, {findings}{worst}{marks}"


def troubles(snapshot: Snapshot) -> list[str]:
    """A line for each thing that keeps the watching from doing its work: a file, a rule, an alert, a to-do
    file that cannot be saved."""
    lists = {listed.file: listed.notice for listed in snapshot.tasks.values() if listed.notice}
    return [
        *(
            safe(f"problem: {problem.file}: {problem.message}; {problem.hint}")
            for problem in snapshot.situation.problems
        ),
        *(safe(f"problem: {file}: {notice}") for file, notice in lists.items()),
        *(safe(f"problem: {link.message}") for link in snapshot.watch.hosts if link.message),
    ]
