"""All that the rules found, in one order for headline, list and walk; and one finding in full."""

from __future__ import annotations

import re
from functools import lru_cache

from runwatch.domain.finding import Finding, urgency
from runwatch.domain.run import RunKey
from runwatch.domain.run_names import shown_names
from runwatch.domain.situation import Snapshot
from runwatch.show.screen.view import (
    SEVERITY_TONES,
    Span,
    TableView,
    ViewColumn,
    ViewRow,
    Words,
    badge,
    matches,
    text,
    words,
)
from runwatch.text import units
from runwatch.text.fitting import fit_end
from runwatch.text.safe import safe

_COLUMNS = (
    ViewColumn("severity", "", 10),
    ViewColumn("what", "what", 30, grow=5),
    ViewColumn("where", "where", 18, grow=1, keep_end=True, drop=2),
    ViewColumn("age", "since", 9, right=True),
)
FACTS = (ViewColumn("name", "", 14), ViewColumn("value", "", 30, grow=1))
_LONGEST_NAME = 24
Key = tuple[str, str]


def in_order(snapshot: Snapshot) -> list[Finding]:
    """Every finding: what needs a person first (the worst, then the newest), then what is unconfirmed, then
    what is for information."""
    return sorted(snapshot.findings, key=lambda finding: (not _needs(finding), urgency(finding)))


def troubles(snapshot: Snapshot) -> list[Finding]:
    """Those that need a person, in order."""
    return [finding for finding in in_order(snapshot) if _needs(finding)]


def _needs(finding: Finding) -> bool:
    return finding.severity != "info" and finding.confirmed


def place_of(snapshot: Snapshot, key: Key | None) -> Finding | None:
    """The finding of this key, while it holds."""
    return next((finding for finding in snapshot.findings if finding.key == key), None)


def step(snapshot: Snapshot, key: Key | None, by: int) -> Finding | None:
    """The finding ``by`` places after the one of ``key``, round the end; None when there is none."""
    every = in_order(snapshot)
    if not every:
        return None
    at = next((i for i, finding in enumerate(every) if finding.key == key), -1 if by > 0 else 0)
    return every[(at + by) % len(every)]


def about(finding: Finding, called: str = "") -> str:
    """A finding in one line that names what it is about, once and first. ``called``: its run's own name, ""
    where it has none."""
    summary, scope = safe(finding.summary), safe(finding.scope)
    subject = safe(finding.subject)
    if len(subject) > _LONGEST_NAME and subject != scope:
        summary = summary.replace(subject, shortened(subject))
    if not scope:
        return summary
    if _words_of(scope).search(summary):
        return _renamed(summary, scope, shortened(called or scope))
    leaf = called or scope.rpartition("/")[2]
    return summary if leaf in summary else f"{shortened(leaf)}: {summary}"


@lru_cache(maxsize=256)
def _words_of(scope: str) -> re.Pattern[str]:
    """Where a text names ``scope``: not in the middle of a word or a number, as an id like 1 or . may be."""
    return re.compile(rf"(?<![\w./-]){re.escape(scope)}(?![\w/-]|\.\w)")


def _renamed(summary: str, scope: str, called: str) -> str:
    return _words_of(scope).sub(lambda _: called, summary)


def shortened(path: str, longest: int = _LONGEST_NAME) -> str:
    """A long path by its end, so that what happened to it is still seen."""
    return fit_end(path, longest)


def banner(snapshot: Snapshot, key: Key | None, now: float) -> Words:
    """ "finding 2 of 7", what it is and what to do: above the screen that it led to."""
    finding = place_of(snapshot, key)
    if finding is None:
        return ()
    every = in_order(snapshot)
    return words(
        Span(f"finding {every.index(finding) + 1} of {len(every)}  ", "muted"),
        badge(finding.severity),
        " ",
        text(finding.summary, SEVERITY_TONES[finding.severity]),
        Span("  " + safe(finding.advice), "muted"),
    )


def findings(snapshot: Snapshot, filter: str, now: float) -> TableView:
    """A row a finding."""
    chosen = [f for f in in_order(snapshot) if matches(filter, f.rule, f.severity, f.place, f.summary)]
    nothing: tuple[Words, ...] = (text(f"no finding matches “{filter}”"),) if filter else (_calm(snapshot),)
    names = shown_names([run for run in snapshot.situation.runs if run.name or run.id == "."])
    rows = (_row(one, safe(names.get(RunKey(one.root, one.scope), "")), now) for one in chosen)
    return TableView(_COLUMNS, tuple(rows), nothing)


def _calm(snapshot: Snapshot) -> Words:
    if snapshot.watch.phase != "live" or snapshot.watch.waiting:
        return text("still checking …", "muted")
    return (Span("✓ ", "good"), Span("nothing was found", "strong"))


def _row(finding: Finding, called: str, now: float) -> ViewRow:
    tone = SEVERITY_TONES[finding.severity]
    began = finding.since or finding.first_seen
    return ViewRow.of(
        finding.key,
        words(badge(finding.severity), Span(f" {finding.severity}", tone)),
        words(
            text(about(finding, called)), "" if finding.confirmed else Span("  not confirmed yet", "muted")
        ),
        text(_renamed(finding.place, finding.scope, called) if called else finding.place, "muted"),
        text(units.ago(began, now), "muted"),
    )


def finding_facts(finding: Finding, now: float) -> TableView:
    """One finding as facts."""
    return TableView(FACTS, tuple(facts_of(finding, now)))


def facts_of(finding: Finding, now: float) -> list[ViewRow]:
    """What it is, where, what to do, since when, and its evidence."""
    rows = [
        fact(
            "finding",
            words(badge(finding.severity), " ", text(finding.summary, SEVERITY_TONES[finding.severity])),
        ),
        fact("about", text(finding.place)),
        fact("what to do", text(finding.advice)),
        fact("began", text(units.moment(finding.since or finding.first_seen, now))),
    ]
    for name, value in finding.evidence.items():
        shown = units.number(value) if isinstance(value, float) else str(value)
        rows.append(fact(name, text(shown, "muted", 200)))
    return rows


def fact(name: str, value: Words) -> ViewRow:
    """A name and what there is of it."""
    return ViewRow.of(name, text(name, "muted"), value)
