"""Text as a TOML string."""

from __future__ import annotations

import json


def toml_string(text: str) -> str:
    """``text`` as a TOML basic string with its quotes. Lone surrogates have no form in TOML and stay as they
    are (TOML 1.0, "String": JSON's escapes, and DEL escaped too)."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
