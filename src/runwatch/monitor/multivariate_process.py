"""The slow second look at data sets, in another process; a newer job ends an older one."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

from runwatch.domain.codec import to_bytes
from runwatch.monitor.data_pipeline import DataSpec
from runwatch.system.deaths import cause
from runwatch.system.threads import started

COMMAND = (sys.executable, "-P", "-m", "runwatch.monitor.multivariate_worker")
LIMIT_S = 300.0


class MultivariateProcess:
    """Runs ``multivariate_worker`` on data sets; ``done`` is called when it has ended, with whether its
    answers are kept."""

    def __init__(self, done: Callable[[bool], None]) -> None:
        self._done = done
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self.trouble = ""
        """Why nothing came of the newest job, for people."""

    def ask(self, specs: tuple[DataSpec, ...]) -> None:
        """Look at these now instead of whatever is being looked at."""
        self.stop()
        self.trouble = ""
        if not specs:
            self._done(False)
            return
        try:
            with self._lock:
                self._child = child = subprocess.Popen(
                    list(COMMAND), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
                )
        except OSError as error:
            self._failed(f"cannot be started ({error.strerror})")
            return
        if started(partial(self._wait, child, to_bytes(specs)), "runwatch-deepening") is None:
            self.stop()
            self._failed("cannot be waited for (no thread is left)")

    def _failed(self, why: str) -> None:
        self.trouble = f"the comparison of all columns together {why}"
        self._done(False)

    def _wait(self, child: subprocess.Popen[bytes], job: bytes) -> None:
        late = False
        try:
            _, stderr = child.communicate(job, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            late = True
            child.kill()
            _, stderr = child.communicate()
        with self._lock:
            current = child is self._child
            if current:
                self._child = None
        if not current:
            return
        if child.returncode == 0:
            self._done(True)
            return
        logging.getLogger("runwatch").warning(
            "multivariate check failed: %s", stderr[-2000:].decode("utf-8", "replace")
        )
        self._failed(
            f"took more than {LIMIT_S / 60:.0f} minutes" if late else f"ended: {cause(child.returncode)}"
        )

    def stop(self) -> None:
        """End what is being looked at; its answer is no longer wanted."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.kill()
