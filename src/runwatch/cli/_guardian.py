"""Commands that read tables do so in a second process: where a file crashes the parser, the command starts
again without that file, which is a problem like any other."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from runwatch.data import crash_notes
from runwatch.domain.errors import UserError
from runwatch.system.deaths import cause, end_with_parent

_MOST_DEATHS = 20
_FAULTS = frozenset({"SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS", "SIGKILL"})
_OFTEN = "often too little memory: free some, or split the data"
_PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def guarded(run: Callable[[], int], complain: Callable[[UserError], int]) -> int:
    """The exit code of ``run``, which is called in a child of this process; ``complain``: says why there is
    none. Where processes cannot be doubled safely, or none can be had, ``run`` is called here."""
    if sys.platform != "linux":  # elsewhere the system's own libraries do not survive a fork
        return run()
    note = crash_notes.new_note()
    refused: dict[str, str] = {}
    for _ in range(_MOST_DEATHS):
        child = _doubled()
        if child is None:
            return run()
        if child == 0:
            end_with_parent()
            crash_notes.note_on(note, refused)
            _as_child(run)
        code = _waited(child)
        file = crash_notes.noted(note)
        if code >= 0:
            return code
        if signal.Signals(-code).name not in _FAULTS:
            return _ended_like(-code)
        if file is None or file.key in refused:
            return complain(UserError(f"the process that did the work ended: {cause(code)}; {_OFTEN}"))
        refused[file.key] = f"ended the process that read it: {cause(code)}"
    return complain(UserError(f"{_MOST_DEATHS} files ended the process that read them"))


def _doubled() -> int | None:
    """0 in the child, its number in the parent, None where there is no further process."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        return os.fork()
    except OSError:
        return None


def _as_child(run: Callable[[], int]) -> None:
    """Never returns."""
    try:
        code = run()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    crash_notes.done()
    sys.exit(code)


def _waited(child: int) -> int:
    """How the child ended: its exit code, or a signal's number with a minus."""
    with _passing_on(child):
        while True:
            with suppress(InterruptedError):
                return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@contextmanager
def _passing_on(child: int) -> Iterator[None]:
    """What asks this process to end asks the child; the terminal's own keys reach both."""

    def pass_on(number: int, _: FrameType | None) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)

    before = {one: signal.signal(one, pass_on) for one in _PASSED_ON}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for one, old in before.items():
            signal.signal(one, old)


def _ended_like(number: int) -> int:
    """End by the same signal, as if it had been this process."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number
