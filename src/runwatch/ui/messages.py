"""What panes and screens tell the app: few, frozen."""

from __future__ import annotations

from typing import Any

from textual.message import Message

from runwatch.domain.intents import Intent


class Asked(Message):
    """Something was chosen that changes what is to be shown; ``said``: a word about it for the foot."""

    def __init__(self, said: str = "") -> None:
        super().__init__()
        self.said = said


class Intended(Message):
    """A person wants something done that outlives the screen."""

    def __init__(self, intent: Intent) -> None:
        super().__init__()
        self.intent = intent


class Requested(Message):
    """A person wants to see something in full: ``what`` names the screen, ``subject`` what of."""

    def __init__(self, what: str, subject: Any) -> None:
        super().__init__()
        self.what, self.subject = what, subject
