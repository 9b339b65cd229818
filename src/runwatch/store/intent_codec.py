"""Intents as JSON: how a process that does not write asks the one that does."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any, get_args, get_type_hints

from runwatch.domain.intents import Intent
from runwatch.domain.run import RunKey

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Intent)}


def dump(intent: Intent) -> str:
    """One intent as JSON text."""
    return json.dumps({"kind": type(intent).__name__, **asdict(intent)}, default=str)


def load(text: str) -> Intent | None:
    """The intent of ``dump``'s text; None when this version knows no such intent."""
    try:
        body = json.loads(text)
        kind = _KINDS[body.pop("kind")]
        hints = get_type_hints(kind)
        made: Intent = kind(**{name: _value(hints[name], value) for name, value in body.items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return made


def _value(hint: Any, value: Any) -> Any:
    if hint is date:
        return date.fromisoformat(value)
    return RunKey(*value) if hint is RunKey else value
