"""How a process ended, in words; and an end for those whose parent has ended."""

from __future__ import annotations

import signal
import sys

_PR_SET_PDEATHSIG = 1


def cause(code: int) -> str:
    """Of a return code as ``subprocess`` gives it: "exit code 3", "signal 9 (SIGKILL)"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"


def end_with_parent() -> None:
    """Have the system end this process when the one that started it has ended, however that was (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
