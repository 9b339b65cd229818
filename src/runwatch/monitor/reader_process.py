"""Tables read in a process of their own: what ends it, a parser on a bad file or the system short of memory,
costs that file and not the watching."""

from __future__ import annotations

import json
import logging
import os
import pickle
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from runwatch.data import crash_notes
from runwatch.domain.codec import from_plain
from runwatch.domain.drift import DataSet
from runwatch.domain.errors import UserError
from runwatch.monitor.table_reader import Answer, TableJob, Tell
from runwatch.system.deaths import cause

COMMAND = (sys.executable, "-P", "-m", "runwatch.monitor.reader_worker")
LENGTH = struct.Struct("<Q")
_MOST_DEATHS = 20


class ReaderError(UserError):
    """Tables cannot be read at all; the text is the whole message, for people."""


class _Died(Exception):
    """The process ended before it had answered; the text says how."""


class ReaderProcess:
    """Runs one job at a time, in a process that the first one starts. A file that ended it is not read
    again until it changes."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._asking = threading.Lock()
        self._state = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._note: int | None = None
        self._stopped = False
        self._used = 0.0
        self.refused: dict[str, str] = {}

    def ask(self, job: TableJob[Answer], tell: Tell) -> Answer:
        """The answer; parts of it are told as they come. Raises ReaderError when no process can be had, or
        each one dies, and UserError as the job itself would."""
        with self._asking:
            nameless = 0
            for _ in range(_MOST_DEATHS):
                try:
                    return self._exchange(job, tell)
                except _Died as death:
                    nameless += not self._refuse(str(death))
                    if nameless > 1 or self._stopped:
                        raise ReaderError(f"the process that reads data ended: {death}") from None
            raise ReaderError(f"data is not read: {_MOST_DEATHS} files ended the process that read them")

    def _exchange(self, job: TableJob[Answer], tell: Tell) -> Answer:
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        body = pickle.dumps((job, self.refused))
        try:
            child.stdin.write(LENGTH.pack(len(body)) + body)
            child.stdin.flush()
            for line in child.stdout:
                message = json.loads(line)
                if "told" in message:
                    tell(from_plain(DataSet, message["told"]))
                elif "answer" in message:
                    self._used = time.monotonic()
                    answer: Answer = from_plain(job.ANSWER, message["answer"])
                    return answer
                else:
                    raise (
                        UserError(message["wrong"]) if "wrong" in message else RuntimeError(message["failed"])
                    )
        except (OSError, ValueError):  # it ended in the middle of a word
            pass
        raise _Died(self._ended(child))

    def _running(self) -> subprocess.Popen[bytes]:
        with self._state:
            if self._stopped:
                raise ReaderError("reading was stopped")
            if self._child is None or self._child.poll() is not None:
                self._note = crash_notes.new_note() if self._note is None else self._note
                self._child = self._started()
            return self._child

    def _started(self) -> subprocess.Popen[bytes]:
        noted = [] if self._note is None else [self._note]
        try:
            return subprocess.Popen(
                [*self._command, *map(str, noted)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=noted,
                start_new_session=True,
            )
        except OSError as error:
            why = error.strerror or str(error)
            raise ReaderError(f"data is not read: no process can be started for it: {why}") from error

    def _ended(self, child: subprocess.Popen[bytes]) -> str:
        with suppress(ProcessLookupError):
            child.kill()
        return cause(child.wait())

    def _refuse(self, how: str) -> bool:
        """Leave out the file that was being read; False when none was."""
        file = crash_notes.noted(self._note)
        logging.getLogger("runwatch").error("the reading process ended: %s, %s", how, file)
        if file is None:
            return False
        self.refused[file.key] = f"ended the process that read it: {how}"
        return True

    def rest(self, seconds: float) -> None:
        """End the process when it has not been used for so long; the next job starts another one."""
        idle = self._child is not None and time.monotonic() - self._used > seconds
        if idle and self._asking.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._asking.release()

    def stop(self) -> None:
        """End it, whatever it does, and start no more. From any thread."""
        self._stopped = True
        self._end()
        with self._state:
            if self._note is not None:
                os.close(self._note)
            self._note = None

    def _end(self) -> None:
        with self._state:
            child, self._child = self._child, None
        if child is not None:
            with suppress(ProcessLookupError):
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):
                    _close(pipe)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        pipe.close()
