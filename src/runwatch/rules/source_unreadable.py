"""A root or a source that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runwatch.domain.finding import Finding
from runwatch.domain.situation import Situation
from runwatch.domain.tree import is_below
from runwatch.rules.engine.findings import KEEP as _KEEP
from runwatch.rules.engine.findings import project_of
from runwatch.rules.engine.options import number
from runwatch.text.safe import safe
from runwatch.text.units import duration

NAME = "source-unreadable"
DESCRIPTION = "A root could not be read for ten minutes, or something configured could not be judged."
DEFAULTS: Mapping[str, object] = {"after": "10m"}
HOLD, KEEP, MANY = 0.0, _KEEP, ""
WORDS = ("source unreadable", "sources unreadable")
PLAIN = "{name} cannot be read."
EXPLAINS_ALL_BELOW = True


def evaluate(situation: Situation, options: Mapping[str, object]) -> Iterable[Finding]:
    """Critical for a whole root, a warning else. What is known below it stays as it was."""
    yield from _configured(situation)
    for source, since in situation.unreadable.items():
        lasted = situation.now - since
        if lasted < number(options, "after"):
            continue
        root, scope = _place(source, situation.roots)
        name = source.rstrip("/").rpartition("/")[2] or source
        yield Finding(
            NAME,
            severity="critical" if scope == "." else "warning",
            scope=scope,
            subject="" if scope != "." else project_of(name),
            summary=f"{safe(source)} could not be read for {duration(lasted)}",
            title=f"{safe(name if scope == '.' else scope)} cannot be read",
            advice="Check that the disk or share is mounted and that you may read it; nothing below it is "
            "judged.",
            evidence={"seconds": lasted},
            root=root,
            since=since,
            project=project_of(name),
            context="host",
        )


def _configured(situation: Situation) -> Iterator[Finding]:
    """Data, predictions or a baseline that were named and cannot be judged as it is asked for."""
    for problem in situation.unjudged:
        name = problem.file.rpartition("/")[2] or problem.file
        yield Finding(
            NAME,
            severity="warning",
            scope=problem.file,
            subject="configured",
            summary=f"{safe(problem.file)}: {safe(problem.message)}; it is not judged as configured",
            title=f"{safe(name)} is not judged as configured",
            advice=safe(problem.hint) or "Check the settings in runwatch.toml.",
            root=situation.roots[0] if situation.roots else "",
            project=project_of(name),
            context="data",
        )


def _place(source: str, roots: tuple[str, ...]) -> tuple[str, str]:
    """The root of a source and its path in it ("." for the root itself)."""
    holding = [root for root in roots if is_below(source, root)]
    if not holding:
        return (roots[0] if roots else ""), source
    root = max(holding, key=len)
    return root, source[len(root) :].strip("/") or "."
