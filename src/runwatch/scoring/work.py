"""Starting the worker and hearing its answer."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import IO

from runwatch.domain.codec import from_plain, to_plain
from runwatch.domain.run import Problem
from runwatch.scoring.base import ScoringAnswer, ScoringError, ScoringJob
from runwatch.scoring.formats import format_of
from runwatch.system.deaths import cause
from runwatch.text.safe import safe

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_ENVIRONMENT = {**_ONE_THREAD, "ARROW_DEFAULT_MEMORY_POOL": "system"}
_TAIL = 2000


def unsupported(model: str) -> Problem | None:
    """Why a model file is never scored, as far as its name and first bytes tell."""
    try:
        format_of(model)
    except ScoringError as error:
        return error.problem
    return None


def missing_package(model: str) -> str | None:
    """The package that this model file needs and that is not installed; None where there is no model."""
    try:
        needed = format_of(model).NEEDS
    except ScoringError:
        return None
    return needed if importlib.util.find_spec(needed) is None else None


class Scoring:
    """At most one worker at a time. ``score`` blocks; ``stop``, from any thread, ends it for good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def score(self, job: ScoringJob) -> ScoringAnswer | Problem:
        """Never raises for a bad model or bad data: what went wrong is the problem."""
        with tempfile.TemporaryFile() as errors:
            with self._lock:
                if self.stopped:
                    return Problem(job.data, None, "scoring was stopped", "")
                worker = self._worker = _started(errors)
            try:
                output, _ = worker.communicate(json.dumps(to_plain(job)).encode(), timeout=job.seconds)
            except subprocess.TimeoutExpired:
                _kill(worker)
                wrong = f"scoring took longer than {job.seconds:g} s"
                return Problem(job.data, None, wrong, "a smaller batch, or [[models]] timeout")
            finally:
                _kill(worker)
                with self._lock:
                    self._worker = None
            return _answer_of(job, worker.returncode, output, _tail(errors))

    def stop(self) -> None:
        with self._lock:
            self.stopped = True
            if self._worker is not None:
                _signal(self._worker)


def _started(errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "runwatch.scoring.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **_ENVIRONMENT},
        start_new_session=True,
    )


def _kill(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        _signal(worker)
        worker.communicate()


def _signal(worker: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(worker.pid, signal.SIGKILL)


def _tail(errors: IO[bytes]) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(size - _TAIL, 0))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return safe(lines[-1], 200) if lines else ""


def _answer_of(job: ScoringJob, code: int, output: bytes, tail: str) -> ScoringAnswer | Problem:
    try:
        result = json.loads(output)
        if "answer" in result:
            return from_plain(ScoringAnswer, result["answer"])
        file, message, hint = result["problem"]
        return Problem(str(file), None, str(message), str(hint))
    except (ValueError, KeyError, TypeError):
        wrong = f"the scoring process died: {cause(code)}{': ' + tail if tail else ''}"
        return Problem(
            job.data, None, wrong, "often too little memory: split the batch, or export the model again"
        )
