"""What a person does with the baseline beyond pinning it with one key."""

from __future__ import annotations

from runwatch.domain.intents import ClearBaseline, PinBaseline
from runwatch.domain.run import RunKey
from runwatch.text.safe import safe
from runwatch.ui.host import Host
from runwatch.ui.messages import BaselineDeed


def baseline_deed(host: Host, wanted: BaselineDeed) -> None:
    """Do it, after a question where one belongs to it."""
    if wanted.run is None:
        host.say("choose a run first")
    elif wanted.deed == "clear":
        host.intend(ClearBaseline(wanted.run.root))
    else:
        _with_reason(host, wanted.run)


def _with_reason(host: Host, run: RunKey) -> None:
    from runwatch.ui.screens.dialogs import AskLine

    def pin(reason: str | None) -> None:
        if reason is not None:
            host.intend(PinBaseline(run, reason.strip()))

    hint = "why this one? Enter with nothing is fine; the history keeps it"
    host.ask(AskLine(f"baseline: {safe(run.id, 50)}", hint), pin)
