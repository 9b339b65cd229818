"""What takes a change back."""

from __future__ import annotations

from runwatch.domain.intents import ClearBaseline, Intent, IntentAnswer, PinBaseline, Undo, root_of
from runwatch.domain.run import RunKey
from runwatch.domain.situation import Snapshot


def baseline_before(intent: Intent, snapshot: Snapshot | None) -> Intent | None:
    """What takes a change of the baseline back: the pin before it, else no pin."""
    if not isinstance(intent, PinBaseline | ClearBaseline):
        return None
    root = root_of(intent)
    before = snapshot.situation.baselines.get(root) if snapshot else None
    if before is not None and before.kind == "run" and before.source.startswith("pinned"):
        return PinBaseline(RunKey(root, before.name), before.reason, before.since)
    return ClearBaseline(root) if isinstance(intent, PinBaseline) else None


def undo_of(answer: IntentAnswer, back: Intent | None) -> Intent | None:
    """What takes back what was done: by the answer's own token, else ``back``."""
    if answer.undo and not isinstance(answer.intent, Undo):
        return Undo(root_of(answer.intent), answer.undo)
    return back
