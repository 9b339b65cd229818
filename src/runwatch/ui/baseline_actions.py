"""What a person does with the baseline beyond pinning it with one key, and their notes on runs."""

from __future__ import annotations

from runwatch.domain.intents import AddNote, ClearBaseline, PinBaseline
from runwatch.domain.run import RunKey
from runwatch.text.safe import safe
from runwatch.ui.host import Host
from runwatch.ui.messages import BaselineDeed, NoteDeed


def baseline_deed(host: Host, wanted: BaselineDeed) -> None:
    """Do it, after a question where one belongs to it."""
    if wanted.run is None:
        host.say("choose a run first")
    elif wanted.deed == "clear":
        host.intend(ClearBaseline(wanted.run.root))
    else:
        _with_reason(host, wanted.run)


def note_deed(host: Host, wanted: NoteDeed) -> None:
    """Ask for the words of a note."""
    from runwatch.ui.dialogs import AskLine

    run = wanted.run

    def note(text: str | None) -> None:
        if text and text.strip():
            host.intend(AddNote(run.root, "run", run.id, text))

    hint = "what is worth knowing about it? #words are tags"
    host.ask(AskLine(f"note: {safe(run.id, 50)}", hint), note)


def _with_reason(host: Host, run: RunKey) -> None:
    from runwatch.ui.dialogs import AskLine

    def pin(reason: str | None) -> None:
        if reason is not None:
            host.intend(PinBaseline(run, reason.strip()))

    hint = "why this one? Optional; kept in the history"
    host.ask(AskLine(f"baseline: {safe(run.id, 50)}", hint), pin)
