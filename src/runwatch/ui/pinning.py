"""What a person does with the baseline beyond pinning it with one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runwatch.domain.intents import ClearBaseline, PinBaseline
from runwatch.domain.run import RunKey
from runwatch.text.safe import safe

if TYPE_CHECKING:
    from runwatch.ui.app import RunwatchApp


def pinning(app: RunwatchApp, what: str, run: RunKey | None) -> bool:
    """Do it; False when ``what`` is nothing that is done with a baseline."""
    if what not in ("baseline-reason", "baseline-clear"):
        return False
    if run is None:
        app.say("choose a run first")
    elif what == "baseline-clear":
        app.intend(ClearBaseline(run.root))
    else:
        _with_reason(app, run)
    return True


def _with_reason(app: RunwatchApp, run: RunKey) -> None:
    from runwatch.ui.screens.dialogs import AskLine

    def pin(reason: str | None) -> None:
        if reason is not None:
            app.intend(PinBaseline(run, reason.strip()))

    hint = "why this one? Enter with nothing is fine; the history keeps it"
    app.push_screen(AskLine(f"baseline: {safe(run.id, 50)}", hint), pin)
