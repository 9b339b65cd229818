"""The question whether a configuration that was found may do what it asks for."""

from __future__ import annotations

import os
from collections.abc import Callable

from runwatch.config.trust import TrustError, trust
from runwatch.monitor.trusting import Ask
from runwatch.text.safe import safe
from runwatch.ui.dialogs import Menu
from runwatch.ui.host import Host

_MOST_SHOWN, _LONGEST = 8, 400


def ask_trust(host: Host, asks: tuple[Ask, ...], restart: Callable[[], object]) -> None:
    """Ask about the first of ``asks``; ``restart`` is called after a yes. No, and leaving, change nothing."""
    ask = asks[0]

    def answered(answer: str | None) -> None:
        if answer != "trust":
            host.say(
                f"{safe(os.path.basename(ask.file))} stays within its folder; runwatch trust allows more"
            )
            return
        try:
            trust(ask.file, ask.digest)
        except TrustError as error:
            host.say(str(error), "error")
            return
        restart()

    wants = [("", f"· {safe(want, _LONGEST)}", f"want-{i}") for i, want in enumerate(ask.wants[:_MOST_SHOWN])]
    if len(ask.wants) > _MOST_SHOWN:
        wants.append(("", f"· and {len(ask.wants) - _MOST_SHOWN} more", "want-more"))
    choices = (("n", "Not now", "later"), ("t", "Trust it as it is now", "trust"))
    folder, name = os.path.split(ask.file)
    place = ("", f"  in {safe(folder, _LONGEST)}", "folder")
    host.ask(Menu(f"{safe(name)} wants to", (*choices, *wants, place), wide=True), answered)
