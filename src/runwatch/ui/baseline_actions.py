"""What a person does with the baseline beyond pinning it with one key, and their notes on runs."""

from __future__ import annotations

from runwatch.domain.intents import AddNote, ClearBaseline, PinBaseline
from runwatch.domain.run import RunKey
from runwatch.text.safe import safe
from runwatch.ui.host import Host
from runwatch.ui.messages import BaselineAction, NoteAction


def perform_baseline_action(host: Host, request: BaselineAction) -> None:
    """Do it, after a question where one belongs to it."""
    if request.run is None:
        host.say("choose a run first")
    elif request.action == "clear":
        host.submit_intent(ClearBaseline(request.run.root))
    else:
        _with_reason(host, request.run)


def ask_for_note(host: Host, request: NoteAction) -> None:
    """Ask for the words of a note."""
    from runwatch.ui.dialogs import AskLine

    run = request.run

    def note(text: str | None) -> None:
        if text and text.strip():
            host.submit_intent(AddNote(run.root, "run", run.id, text))

    hint = "what is worth knowing about it? #words are tags"
    host.ask(AskLine(f"note: {safe(run.id, 50)}", hint), note)


def _with_reason(host: Host, run: RunKey) -> None:
    from runwatch.ui.dialogs import AskLine

    def pin(reason: str | None) -> None:
        if reason is not None:
            host.submit_intent(PinBaseline(run, reason.strip()))

    hint = "why this one? Optional; kept in the history"
    host.ask(AskLine(f"baseline: {safe(run.id, 50)}", hint), pin)
