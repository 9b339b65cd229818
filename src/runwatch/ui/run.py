"""Opening the screen, and giving the terminal back whatever happens."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from datetime import datetime
from pathlib import Path

from runwatch.system import program
from runwatch.system.files import append_private, private_folder
from runwatch.ui.app import RunwatchApp
from runwatch.ui.host import Watching
from runwatch.ui.settings import UiSettings
from runwatch.ui.terminal import agree_on_size

NO_TERMINAL = "runwatch: terminal: the dashboard needs one; try runwatch check or runwatch brief"
DUMB_TERMINAL = (
    "runwatch: TERM=dumb: the dashboard cannot be drawn there; try runwatch brief, or another TERM"
)


def run(watching: Watching, settings: UiSettings) -> int:
    """Open the dashboard; 0 when the person leaves, 2 without a usable terminal, 1 after a crash, whose
    traceback is then in the log that the message names. A board that was open while runwatch was updated
    may find new modules beside its old ones: where that ends it, the program is started again."""
    began = time.time()
    refusal = refused()
    if refusal:
        print(refusal, file=sys.stderr)
        return 2
    agree_on_size()
    app = RunwatchApp(watching, settings)
    try:
        app.run(mouse=settings.mouse)
    except Exception as error:
        app.crash = app.crash or error
    finally:
        watching.stop()
        app.bridge.stop()
    if app.crash is None:
        return app.return_code or 0
    message = _crash_message(app.crash, settings.log)
    if program.changed_since(began):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    print(message, file=sys.stderr)
    return 1


def refused() -> str:
    """Why the dashboard cannot be drawn here, in words; empty when it can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return NO_TERMINAL
    return DUMB_TERMINAL if os.environ.get("TERM") == "dumb" else ""


def _crash_message(error: BaseException, log: Path | None) -> str:
    trace = "".join(traceback.format_exception(error))
    try:
        if log is not None:
            private_folder(log.parent)
        path = log or Path(tempfile.mkstemp(prefix="runwatch-", suffix=".log")[1])
        with open(append_private(path), "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{datetime.now().isoformat(timespec='seconds')}\n{trace}\n")
    except OSError as trouble:
        return f"{trace}\nrunwatch: the screen crashed, and its log could not be written ({trouble})"
    name = type(error).__name__
    return f"runwatch: the screen crashed ({name}); the traceback is in {path}, please report it"
