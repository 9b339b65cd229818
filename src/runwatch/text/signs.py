"""Signs and words for verdicts, statuses and severities: meaning never hangs on colour alone."""

from __future__ import annotations

STATUS_SIGNS = {"running": "▶", "finished": "✓", "crashed": "✗", "stalled": "‖", "unknown": "·"}
STATUS_WORDS = {
    "running": "running",
    "finished": "finished",
    "crashed": "crashed",
    "stalled": "stalled",
    "unknown": "ended?",
}
"""For people: a log that has neither an end nor a process may have ended."""

SEVERITY_SIGNS = {"critical": "✗", "warning": "!", "info": "i"}
DRIFT_SIGNS = {"stable": "✓", "warning": "!", "drifted": "✗", "unknown": "?"}
METRIC_SIGNS = {"better": "▲", "equivalent": "≈", "worse": "▼", "inconclusive": "?", "unknown": "·"}
METRIC_WORDS = {
    "better": "better",
    "equivalent": "within tolerance",
    "worse": "worse",
    "inconclusive": "cannot tell",
    "unknown": "unknown",
}
