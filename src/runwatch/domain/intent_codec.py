"""Intents as JSON: how a board on another machine asks the one that writes."""

from __future__ import annotations

import json
from typing import Any, cast, get_args

from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.intents import Intent

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Intent)}


def dump(intent: Intent) -> str:
    """One intent as JSON text."""
    return json.dumps({"intent": type(intent).__name__, "of": to_plain(intent)})


def load(text: str) -> Intent | None:
    """The intent of ``dump``'s text; None when this version knows no such intent."""
    try:
        body = json.loads(text)
        return cast(Intent, from_plain(_KINDS[body["intent"]], body["of"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
