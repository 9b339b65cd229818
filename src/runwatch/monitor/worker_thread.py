"""One thread for work that is slow: profiles of data, predictions, the machine. The newest request wins."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from runwatch.domain.errors import UserError
from runwatch.system.threads import alive, started
from runwatch.text.safe import safe

Job = Callable[[], None]
_NO_THREAD = "thread"


class WorkerThread:
    """Runs named jobs one after the other; a job asked for again while it waits runs once."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._stopped = False
        self._busy = ""
        self._thread: threading.Thread | None = None
        self.trouble: dict[str, str] = {}

    def ask(self, name: str, job: Job) -> None:
        """Run ``job`` soon; it replaces one of the same name that has not begun."""
        with self._news:
            self._jobs[name] = job
            if not alive(self._thread) and not self._stopped:
                self._thread = started(self._run, "runwatch-background")
                self._say_if_none()
            self._news.notify_all()

    def _say_if_none(self) -> None:
        if self._thread is None:
            self.trouble[_NO_THREAD] = "no thread can be started for slow work: the process limit is reached"
        else:
            self.trouble.pop(_NO_THREAD, None)

    @property
    def busy(self) -> bool:
        with self._news:
            return bool(self._jobs or self._busy)

    def stop(self) -> None:
        """Begin no further job, and wait a moment for the one that runs."""
        with self._news:
            self._stopped = True
            self._jobs.clear()
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._jobs and not self._stopped:
                    self._news.wait()
                if self._stopped:
                    return
                name = next(iter(self._jobs))
                job = self._jobs.pop(name)
                self._busy = name
            try:
                job()
                self.trouble.pop(name, None)
            except UserError as error:
                self.trouble[name] = str(error)
            except Exception as error:  # one job's fault is told; the others go on
                logging.getLogger("runwatch").exception("background work failed: %s", safe(name))
                self.trouble[name] = f"{name}: internal error: {error!r}; please report it"
            with self._news:
                self._busy = ""
