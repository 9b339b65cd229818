"""How a process ended, in words."""

from __future__ import annotations

import signal


def cause(code: int) -> str:
    """Of a return code as ``subprocess`` gives it: "exit code 3", "signal 9 (SIGKILL)"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"
